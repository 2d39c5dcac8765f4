"""The journal's reads about how much the alarms ask of an operator: what was raised, what is shelved, what is noisy.

Functions of a connection; each exhausts its cursor. Alarms are found by their ids, which grow with the time at which
they were written: no index is needed for the newest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import BindParameter, ColumnElement, bindparam, case, func, select

from storage import schema, schema_cases
from storage.case_records import Shelf
from storage.driver import Connection
from storage.records import AlarmState, Severity, Verdict
from storage.rows import from_row
from storage.statements import Row, Statement, constant

_alarms, _shelves, _shifts = schema.alarms, schema_cases.shelves, schema_cases.shifts
_LIMIT: BindParameter[int] = bindparam("row_limit")
_FROM: BindParameter[str] = bindparam("first_id")
_TO: BindParameter[str] = bindparam("end_id")


@dataclass(frozen=True, slots=True)
class Raised:
    """An alarm as far as its coming is counted."""

    id: str
    camera_id: str
    rule_id: str
    severity: Severity
    first_utc_s: float


@dataclass(frozen=True, slots=True)
class NoiseFigure:
    """What a camera or a rule raised: alarms, the events in them, how many were judged and how many of these false."""

    id: str
    alarms: int
    events: int
    judged: int
    false: int

    @property
    def false_share(self) -> float | None:
        """False ones of those that were judged, 0..1; None: nobody judged one."""
        return self.false / self.judged if self.judged else None


@dataclass(frozen=True, slots=True)
class Noise:
    """All cameras and rules that raised something, most alarms first."""

    cameras: tuple[NoiseFigure, ...] = ()
    rules: tuple[NoiseFigure, ...] = ()


_RAISED = Statement(
    select(_alarms.c.id, _alarms.c.camera_id, _alarms.c.rule_id, _alarms.c.severity, _alarms.c.first_utc_s)
    .where(_alarms.c.id >= _FROM)
    .order_by(_alarms.c.id.desc())
    .limit(_LIMIT)
)
_SHELVES = Statement(
    select(_shelves, _shifts.c.to_utc_s.label("shift_to_utc_s"))
    .outerjoin(_shifts, _shifts.c.id == _shelves.c.shift_id)
    .where(_shelves.c.until_utc_s > bindparam("since_utc_s"))
    .order_by(_shelves.c.id)
)


def _figures(column: ColumnElement[str]) -> Statement:
    false = case((_alarms.c.verdict == constant(Verdict.FALSE), 1), else_=0)
    judged = case((_alarms.c.state == constant(AlarmState.JUDGED), 1), else_=0)
    number = func.count()
    return Statement(
        select(
            column.label("id"),
            number.label("alarms"),
            func.sum(_alarms.c["count"]).label("events"),
            func.sum(judged).label("judged"),
            func.sum(false).label("false"),
        )
        .where(_alarms.c.id >= _FROM, _alarms.c.id < _TO)
        .group_by(column)
        .order_by(number.desc(), column)
    )


_BY_CAMERA, _BY_RULE = _figures(_alarms.c.camera_id), _figures(_alarms.c.rule_id)


def raised(connection: Connection, since_utc_s: float, limit: int) -> list[Raised]:
    """What was written since then, newest first."""
    rows = _RAISED.rows(connection, {"first_id": _id_at(since_utc_s), "row_limit": limit})
    return [
        Raised(row["id"], row["camera_id"], row["rule_id"], Severity(row["severity"]), row["first_utc_s"])
        for row in rows  # twice as fast as `from_row`: the desk asks at every change
    ]


def shelves(connection: Connection, since_utc_s: float) -> list[Shelf]:
    """Those whose time was not over then, with the time at which they really ended."""
    return [_ended(row) for row in _SHELVES.rows(connection, {"since_utc_s": since_utc_s})]


def noise(connection: Connection, since_utc_s: float, until_utc_s: float) -> Noise:
    """Counted per camera and per rule."""
    span = {"first_id": _id_at(since_utc_s), "end_id": _id_at(until_utc_s)}
    cameras, rules = _BY_CAMERA.rows(connection, span), _BY_RULE.rows(connection, span)
    return Noise(
        tuple(from_row(NoiseFigure, row) for row in cameras), tuple(from_row(NoiseFigure, row) for row in rules)
    )


def _ended(row: Row) -> Shelf:
    shelf = from_row(Shelf, row)
    ends = [shelf.until_utc_s, shelf.closed_utc_s, row["shift_to_utc_s"]]
    return replace(shelf, until_utc_s=min(float(end) for end in ends if end is not None))


def _id_at(utc_s: float) -> str:
    """Where the ids of that time begin (UUIDv7)."""
    return f"{max(int(utc_s * 1000), 0):012x}"
