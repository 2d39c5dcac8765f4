"""The journal's reads, as functions of a connection. Each exhausts its cursor: none keeps the WAL from shrinking."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, get_args

from sqlalchemy import BindParameter, and_, bindparam, func, or_, select

from storage import case_queries, need_to_know, schema
from storage.columns import forms
from storage.driver import Connection
from storage.errors import StorageCode, StorageError
from storage.journal import IncidentFile, Registry
from storage.records import (
    Alarm,
    AlarmState,
    Change,
    Event,
    HistoryEntry,
    Incident,
    IncidentState,
)
from storage.rows import REGISTRY, RecordT, event_from_row, evidence_from_row, from_row
from storage.statements import Row, Statement, Value, constant

_alarms, _incidents, _events, _evidence = schema.alarms, schema.incidents, schema.events, schema.evidence
_history, _audit = schema.history, schema.audit
_before = _history.alias("before")
_LIMIT: BindParameter[int] = bindparam("row_limit")

_IN_USE = {k: Statement(select(t).where(t.c.retired == 0).order_by(t.c.id)) for k, t in REGISTRY.items()}
_NEWEST_ALARMS = select(_alarms).order_by(_alarms.c.severity.desc(), _alarms.c.id.desc()).limit(_LIMIT)
_ALARMS = {
    False: Statement(_NEWEST_ALARMS),
    True: Statement(_NEWEST_ALARMS.where(_alarms.c.state != constant(AlarmState.JUDGED))),
}
_OF_CAMERAS = _NEWEST_ALARMS.where(
    _alarms.c.camera_id.in_(
        select(func.json_each(bindparam("cameras")).table_valued("value").c.value).scalar_subquery()
    )
)
_ALARMS_OF = {
    False: Statement(_OF_CAMERAS),
    True: Statement(_OF_CAMERAS.where(_alarms.c.state != constant(AlarmState.JUDGED))),
}
_COUNT_OPEN = select(func.count().label("n")).where(_alarms.c.state != constant(AlarmState.JUDGED))
_OPEN_ALARMS = Statement(_COUNT_OPEN)
_OPEN_ALARMS_OF = Statement(
    _COUNT_OPEN.where(
        _alarms.c.camera_id.in_(
            select(func.json_each(bindparam("cameras")).table_valued("value").c.value).scalar_subquery()
        )
    )
)
_NEWEST = (
    select(_incidents).where(_incidents.c.id < bindparam("before_id")).order_by(_incidents.c.id.desc()).limit(_LIMIT)
)
_STILL_OPEN = _incidents.c.state != constant(IncidentState.CLOSED)
_INCIDENTS = {
    (False, True): Statement(_NEWEST),
    (True, True): Statement(_NEWEST.where(_STILL_OPEN)),
    (False, False): Statement(_NEWEST.where(need_to_know.CLAUSE)),
    (True, False): Statement(_NEWEST.where(_STILL_OPEN, need_to_know.CLAUSE)),
}
"""By (only open ones, viewer sees all)."""
_INCIDENT = Statement(
    select(_incidents).where(
        or_(_incidents.c.id == bindparam("incident"), _incidents.c.number == bindparam("incident"))
    )
)
_INCIDENT_ALARMS = Statement(
    select(_alarms)
    .where(_alarms.c.incident_id == bindparam("incident_id"))
    .order_by(_alarms.c.first_utc_s, _alarms.c.id)
)
_INCIDENT_EVENTS = Statement(
    select(_events)
    .join(_alarms, _alarms.c.id == _events.c.alarm_id)
    .where(_alarms.c.incident_id == bindparam("incident_id"))
    .order_by(_events.c.utc_s, _events.c.id)
)
_INCIDENT_EVIDENCE = Statement(
    select(_evidence)
    .join(_alarms, _alarms.c.id == _evidence.c.alarm_id)
    .where(_alarms.c.incident_id == bindparam("incident_id"))
    .order_by(_evidence.c.from_utc_s, _evidence.c.id)
)
_INCIDENT_EXPORTS = Statement(
    select(schema.exports.c.id).where(schema.exports.c.incident_id == bindparam("incident_id"))
)
_EVENTS = Statement(select(_events).order_by(_events.c.utc_s, _events.c.id).limit(_LIMIT))
_CHANGES = Statement(
    select(_audit.c.seq, _audit.c.action, _audit.c.subject, _audit.c.subject_id)
    .where(_audit.c.seq > bindparam("after"))
    .order_by(_audit.c.seq)
    .limit(_LIMIT)
)
_SEALED = Statement(
    select(schema.credentials.c.sealed).where(
        schema.credentials.c.id == bindparam("camera_id"), schema.credentials.c.retired == 0
    )
)
_ROW_HISTORY = Statement(
    select(
        _audit.c.seq,
        _audit.c.at_utc_s,
        _audit.c.actor_id,
        _audit.c.action,
        _audit.c.subject,
        _audit.c.subject_id,
        _audit.c.hash,
        _history.c.payload,
        _before.c.payload.label("payload_before"),
    )
    .select_from(_history)
    .join(_audit, _audit.c.seq == _history.c.seq)
    .outerjoin(
        _before,
        and_(
            _before.c.table_name == _history.c.table_name,
            _before.c.row_id == _history.c.row_id,
            _before.c.version == _history.c.version - 1,
        ),
    )
    # An alarm fed a thousand times has a thousand rows that say only "one more": the count says it.
    .where(
        _history.c.table_name == bindparam("table_name"),
        _history.c.row_id == bindparam("row_id"),
        or_(_history.c.version == 1, _audit.c.action != "record event"),
    )
)
_LAST_ID = "~"
_UNTOLD = frozenset({"revision"})


def registry(connection: Connection) -> Registry:
    """All registry records in use: a field of `Registry` says by its type which."""
    kinds: dict[str, type[Any]] = {name: get_args(form)[0] for name, (form, _null) in forms(Registry).items()}
    return Registry(**{name: _in_use(connection, kind) for name, kind in kinds.items()})


def _in_use(connection: Connection, kind: type[RecordT]) -> tuple[RecordT, ...]:
    return tuple(from_row(kind, row) for row in _IN_USE[kind].rows(connection))


def alarms(
    connection: Connection, *, open_only: bool, limit: int, cameras: Collection[str] | None = None
) -> list[Alarm]:
    """Alarms (of these cameras), most severe and newest first."""
    if cameras is None:
        return [from_row(Alarm, row) for row in _ALARMS[open_only].rows(connection, {"row_limit": limit})]
    params: dict[str, Value] = {"row_limit": limit, "cameras": json.dumps(sorted(cameras))}
    return [from_row(Alarm, row) for row in _ALARMS_OF[open_only].rows(connection, params)]


def open_alarm_count(connection: Connection, cameras: Collection[str] | None = None) -> int:
    """How many alarms (of these cameras) nobody has judged."""
    if cameras is None:
        row = _OPEN_ALARMS.row(connection)
    else:
        row = _OPEN_ALARMS_OF.row(connection, {"cameras": json.dumps(sorted(cameras))})
    return int((row or {"n": 0})["n"])


def incidents(
    connection: Connection, *, open_only: bool, limit: int, before_id: str | None, viewer_id: str | None = None
) -> list[Incident]:
    """Incidents that the viewer may know of, newest first."""
    params: dict[str, Value] = {"row_limit": limit, "before_id": before_id or _LAST_ID}
    sees_all = need_to_know.sees_all(connection, viewer_id)
    if viewer_id is not None and not sees_all:
        params |= need_to_know.clause_values(connection, viewer_id)
    return [from_row(Incident, row) for row in _INCIDENTS[open_only, sees_all].rows(connection, params)]


def events(connection: Connection, limit: int) -> list[Event]:
    """Events, oldest first."""
    return [event_from_row(row) for row in _EVENTS.rows(connection, {"row_limit": limit})]


def changes(connection: Connection, after: int, limit: int) -> list[Change]:
    """The change feed after `after`."""
    rows: list[Any] = _CHANGES.rows(connection, {"after": after, "row_limit": limit})
    return [Change(**row) for row in rows]


def sealed_credential(connection: Connection, camera_id: str) -> str | None:
    """The camera's login as it was sealed."""
    row = _SEALED.row(connection, {"camera_id": camera_id})
    return None if row is None else str(row["sealed"])


def incident_file(connection: Connection, incident: str, viewer_id: str | None = None) -> IncidentFile:
    """Everything about one incident. Raises NOT_FOUND, NOT_PERMITTED. To be called in a read transaction."""
    row = _INCIDENT.row(connection, {"incident": incident})
    if row is None:
        raise StorageError(StorageCode.NOT_FOUND, table=_incidents.name, id=incident)
    if viewer_id is not None and not need_to_know.visible(connection, row, viewer_id):
        raise need_to_know.not_visible(row, viewer_id)
    key: dict[str, Value] = {"incident_id": row["id"]}
    its_alarms = _INCIDENT_ALARMS.rows(connection, key)
    its_evidence = _INCIDENT_EVIDENCE.rows(connection, key)
    exports = _INCIDENT_EXPORTS.rows(connection, key)
    parts, its_parts = case_queries.parts(connection, str(row["id"]))
    subjects = [(_incidents.name, row)]
    subjects += [(_alarms.name, r) for r in its_alarms]
    subjects += [(_evidence.name, r) for r in its_evidence]
    subjects += [(schema.exports.name, r) for r in exports]
    return IncidentFile(
        incident=from_row(Incident, row),
        alarms=tuple(from_row(Alarm, r) for r in its_alarms),
        events=tuple(event_from_row(r) for r in _INCIDENT_EVENTS.rows(connection, key)),
        evidence=tuple(evidence_from_row(r) for r in its_evidence),
        history=_histories(connection, [*((table, str(r["id"])) for table, r in subjects), *its_parts]),
        **parts,
    )


def _histories(connection: Connection, subjects: list[tuple[str, str]]) -> tuple[HistoryEntry, ...]:
    """Audit entries that touched any of the rows, oldest first; an incident's fields are named plainly, those of
    other rows with their table (`alarms.state`)."""
    entries: dict[int, HistoryEntry] = {}
    for table, row_id in subjects:
        prefix = "" if table == _incidents.name else f"{table}."
        for row in _ROW_HISTORY.rows(connection, {"table_name": table, "row_id": row_id}):
            entry = _entry(row)
            entry = entries.setdefault(entry.seq, entry)
            entry.changes.update({prefix + k: v for k, v in _differences(row).items()})
    return tuple(entries[seq] for seq in sorted(entries))


def _entry(row: Any) -> HistoryEntry:
    return HistoryEntry(
        seq=row["seq"],
        at_utc_s=row["at_utc_s"],
        actor_id=row["actor_id"],
        action=row["action"],
        subject=row["subject"],
        subject_id=row["subject_id"],
        changes={},
        hash=row["hash"],
    )


def _differences(row: Row) -> dict[str, tuple[object, object]]:
    after: dict[str, object] = json.loads(str(row["payload"] or "{}"))
    before: dict[str, object] = json.loads(str(row["payload_before"] or "{}"))
    names = [k for k in sorted({*before, *after} - _UNTOLD) if before.get(k) != after.get(k)]
    return {k: (before.get(k), after.get(k)) for k in names}
