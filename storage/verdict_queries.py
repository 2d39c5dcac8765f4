"""The journal's read about what operators made of alarms: what a changed rule is measured by.

Functions of a connection; each exhausts its cursor. Alarms are found by their ids, which grow with the time at which
they were written.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import BindParameter, ColumnElement, Table, bindparam, literal_column, select

from storage import schema
from storage.commands import CloseIncident, JudgeAlarm
from storage.driver import Connection
from storage.records import AlarmState, Outcome, Verdict
from storage.statements import Statement, Value, constant

_alarms, _events, _incidents = schema.alarms, schema.events, schema.incidents
_LONGEST_S = 86_400.0
"""An alarm that has been open for longer is not looked for."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An alarm with a verdict; `since_utc_s` is where its first event began, `track_ids` are those of its events.
    `false`: called so, or the incident that it became ended so."""

    alarm_id: str
    camera_id: str
    rule_id: str
    since_utc_s: float
    last_utc_s: float
    false: bool
    track_ids: frozenset[int] = frozenset()


_CAMERA: BindParameter[str | None] = bindparam("camera_id")
_JUDGED = Statement(
    select(
        _alarms.c.id,
        _alarms.c.camera_id,
        _alarms.c.rule_id,
        _alarms.c.first_utc_s,
        _alarms.c.last_utc_s,
        _alarms.c.verdict,
        _incidents.c.outcome,
    )
    .outerjoin(_incidents, _incidents.c.id == _alarms.c.incident_id)
    .where(
        _alarms.c.id >= bindparam("first_id"),
        _alarms.c.state == constant(AlarmState.JUDGED),
        _alarms.c.last_utc_s >= bindparam("since_utc_s"),
        _CAMERA.is_(None) | (_alarms.c.camera_id == _CAMERA),
    )
    .order_by(_alarms.c.id)
)
_TRACKS = Statement(
    select(_events.c.alarm_id, _events.c.track_id, _events.c.since_utc_s)
    .select_from(_alarms.join(_events, _events.c.alarm_id == _alarms.c.id))
    .where(
        _alarms.c.id >= bindparam("first_id"),
        _alarms.c.state == constant(AlarmState.JUDGED),
        _CAMERA.is_(None) | (_alarms.c.camera_id == _CAMERA),
    )
)


def judged(connection: Connection, since_utc_s: float, camera_id: str | None) -> list[Judged]:
    """Alarms that had events since then and have a verdict now, oldest first."""
    wanted: dict[str, Value] = {"first_id": _id_at(since_utc_s), "since_utc_s": since_utc_s, "camera_id": camera_id}
    tracks: dict[str, set[int]] = defaultdict(set)
    begun: dict[str, float] = {}
    for row in _TRACKS.rows(connection, wanted):
        alarm_id = str(row["alarm_id"])
        tracks[alarm_id].add(int(row["track_id"]))
        begun[alarm_id] = min(begun.get(alarm_id, float(row["since_utc_s"])), float(row["since_utc_s"]))
    return [
        Judged(
            alarm_id=row["id"],
            camera_id=row["camera_id"],
            rule_id=row["rule_id"],
            since_utc_s=begun.get(str(row["id"]), float(row["first_utc_s"])),
            last_utc_s=row["last_utc_s"],
            false=Verdict.FALSE.value == row["verdict"] or Outcome.FALSE.value == row["outcome"],
            track_ids=frozenset(tracks[row["id"]]),
        )
        for row in _JUDGED.rows(connection, wanted)
    ]


_CONFIRMED = Statement(
    select(_alarms.c.id)
    .outerjoin(_incidents, _incidents.c.id == _alarms.c.incident_id)
    .where(
        _alarms.c.group_key == bindparam("group_key"),
        _alarms.c.id >= bindparam("first_id"),
        _alarms.c.state == constant(AlarmState.JUDGED),
        _alarms.c.last_utc_s >= bindparam("since_utc_s"),
        _alarms.c.verdict != constant(Verdict.FALSE),
        _incidents.c.outcome.is_(None) | (_incidents.c.outcome != constant(Outcome.FALSE)),
    )
    .limit(1)
)


def has_confirmed(connection: Connection, camera_id: str, rule_id: str, since_utc_s: float) -> bool:
    """Whether an alarm of this rule on this camera that had events since then stands as a true one."""
    wanted: dict[str, Value] = {
        "group_key": f"{camera_id}/{rule_id}",  # as `Event.group_key`
        "first_id": _id_at(since_utc_s),
        "since_utc_s": since_utc_s,
    }
    return _CONFIRMED.row(connection, wanted) is not None


def _done_by(table: Table, action: str, whose: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether one of those people did this to the row."""
    of_row = (schema.history.c.table_name == literal_column(f"'{table.name}'")) & (
        schema.history.c.row_id == table.c.id
    )
    entry = schema.history.join(schema.audit, schema.audit.c.seq == schema.history.c.seq)
    done = select(schema.history.c.seq).select_from(entry)
    return done.where(of_row, schema.audit.c.action == literal_column(f"'{action}'"), whose).exists()


_ACTOR: BindParameter[str] = bindparam("actor_id")
_OVERTURNED = Statement(
    select(_alarms.c.id)
    .join(_incidents, _incidents.c.id == _alarms.c.incident_id)
    .where(
        _alarms.c.group_key == bindparam("group_key"),
        _alarms.c.id >= bindparam("first_id"),
        _alarms.c.last_utc_s >= bindparam("since_utc_s"),
        _incidents.c.outcome == constant(Outcome.FALSE),
        _done_by(_incidents, CloseIncident.action, schema.audit.c.actor_id == _ACTOR),
        _done_by(_alarms, JudgeAlarm.action, schema.audit.c.actor_id != _ACTOR),
    )
    .limit(1)
)


def has_overturned(connection: Connection, camera_id: str, rule_id: str, since_utc_s: float, actor_id: str) -> bool:
    """Whether the actor has called an alarm of this rule false that somebody else had confirmed."""
    wanted: dict[str, Value] = {
        "group_key": f"{camera_id}/{rule_id}",
        "first_id": _id_at(since_utc_s),
        "since_utc_s": since_utc_s,
        "actor_id": actor_id,
    }
    return _OVERTURNED.row(connection, wanted) is not None


def _id_at(utc_s: float) -> str:
    """Where the ids of alarms begin that may have lasted until then (UUIDv7)."""
    return f"{max(int((utc_s - _LONGEST_S) * 1000), 0):012x}"
