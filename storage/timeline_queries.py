"""The journal's reads for a timeline: when something happened at which camera, and how severe it was.

Functions of a connection; each exhausts its cursor. Events are read once for a time and afterwards only those that were
written since (`after`), so that a month of them is counted in memory. They never change; what the law takes out shows
in `EventMark.erasures`, and all is read again.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, func, literal_column, or_, select

from storage import need_to_know, schema, schema_cases
from storage.case_records import NoteKind
from storage.driver import Connection
from storage.statements import Statement, Value, constant

MOST_MARKS = 5000

_events, _alarms, _incidents, _notes = schema.events, schema.alarms, schema.incidents, schema_cases.notes
_rowid: ColumnElement[int] = literal_column("events.rowid", Integer)
_IN_TIME = (_events.c.utc_s >= bindparam("from_utc_s"), _events.c.utc_s < bindparam("to_utc_s"))
_EVENT = select(_events.c.camera_id, _events.c.utc_s, _events.c.severity)
_EVENTS = Statement(_EVENT.where(*_IN_TIME, _rowid <= bindparam("newest")).order_by(_events.c.utc_s))
_LATER = Statement(_EVENT.where(_rowid > bindparam("after"), *_IN_TIME))
_NEWEST = Statement(select(func.max(_rowid).label("newest")).select_from(_events))
_ERASURES = Statement(select(func.count().label("erasures")).select_from(schema_cases.erasures))
_happened = func.coalesce(_incidents.c.happened_utc_s, _incidents.c.opened_utc_s)
_CAMERAS = select(func.json_each(bindparam("cameras")).table_valued("value").c.value).scalar_subquery()
_OPENED_AHEAD_S = 7 * 86_400.0
"""An incident by hand may be opened so long after it happened, and is still found by its opening."""


def _incidents_of(*viewer: bool) -> Statement:
    return Statement(
        select(_incidents.c.id, _incidents.c.number, _incidents.c.severity, _incidents.c.camera_id)
        .add_columns(_happened.label("utc_s"))
        .where(
            _incidents.c.opened_utc_s >= bindparam("from_utc_s"),
            _incidents.c.opened_utc_s < bindparam("until_utc_s"),
            _happened >= bindparam("from_utc_s"),
            _happened < bindparam("to_utc_s"),
            _incidents.c.camera_id.in_(_CAMERAS),
            *([need_to_know.CLAUSE] if viewer else []),
        )
        .order_by(_incidents.c.opened_utc_s.desc())
        .limit(bindparam("row_limit"))
    )


_INCIDENTS = {True: _incidents_of(), False: _incidents_of(True)}
"""By whether the viewer sees all."""


def _notes_of(*viewer: bool) -> Statement:
    chosen: Select[tuple[str, str, str, str, float]] = (
        select(_notes.c.id, _notes.c.kind, _notes.c.text, _notes.c.camera_id, _notes.c.utc_s)
        .outerjoin(_incidents, _incidents.c.id == _notes.c.incident_id)
        .where(
            _notes.c.camera_id.in_(_CAMERAS),
            _notes.c.utc_s >= bindparam("from_utc_s"),
            _notes.c.utc_s < bindparam("to_utc_s"),
            _notes.c.kind.in_([constant(NoteKind.MARK), constant(NoteKind.BOOKMARK)]),
            or_(
                _notes.c.actor_id == bindparam("viewer_id"),
                and_(_notes.c.incident_id.is_not(None), *([need_to_know.CLAUSE] if viewer else [])),
            ),
        )
    )
    return Statement(chosen.order_by(_notes.c.utc_s).limit(bindparam("row_limit")))


_MARKS = {True: _notes_of(), False: _notes_of(True)}
_HIDDEN = Statement(
    _EVENT.where(
        *_IN_TIME,
        _events.c.camera_id.in_(_CAMERAS),
        _events.c.alarm_id.in_(
            select(_alarms.c.id)
            .join(_incidents, _incidents.c.id == _alarms.c.incident_id)
            .where(_incidents.c.restricted == 1, func.coalesce(need_to_know.CLAUSE, 0) == 0)
            .scalar_subquery()
        ),
    )
)


class EventRow(NamedTuple):
    """An event as far as a timeline knows it."""

    camera_id: str
    utc_s: float
    severity: int


@dataclass(frozen=True, slots=True)
class EventMark:
    """Up to where events were read."""

    newest: int = 0
    erasures: int = 0


@dataclass(frozen=True, slots=True)
class CaseMark:
    """An incident (`kind` None), or a mark or bookmark, at a moment of a camera."""

    id: str
    camera_id: str
    utc_s: float
    text: str
    severity: int = 0
    kind: NoteKind | None = None


def event_mark(connection: Connection) -> EventMark:
    """Up to where there are events now."""
    newest = (_NEWEST.row(connection) or {})["newest"]
    return EventMark(int(newest or 0), int((_ERASURES.row(connection) or {})["erasures"]))


def events(connection: Connection, from_utc_s: float, to_utc_s: float, mark: EventMark) -> list[EventRow]:
    """All events of a time that were there at `mark`, in the order of their times."""
    span: dict[str, Value] = {"from_utc_s": from_utc_s, "to_utc_s": to_utc_s, "newest": mark.newest}
    return _rows(_EVENTS, connection, span)


def later_events(connection: Connection, from_utc_s: float, to_utc_s: float, after: EventMark) -> list[EventRow]:
    """Those of a time that were written after `after`."""
    return _rows(_LATER, connection, {"from_utc_s": from_utc_s, "to_utc_s": to_utc_s, "after": after.newest})


def hidden_events(
    connection: Connection, cameras: Collection[str], from_utc_s: float, to_utc_s: float, viewer_id: str
) -> list[EventRow]:
    """Events of restricted incidents that the viewer must not know of; in no order."""
    if need_to_know.sees_all(connection, viewer_id):
        return []
    span: dict[str, Value] = {"from_utc_s": from_utc_s, "to_utc_s": to_utc_s, "cameras": json.dumps(sorted(cameras))}
    return _rows(_HIDDEN, connection, span | need_to_know.clause_values(connection, viewer_id))


def _rows(statement: Statement, connection: Connection, params: dict[str, Value]) -> list[EventRow]:
    cursor = statement.run(connection, params)  # a month of a big site: no dict a row
    return list(map(EventRow._make, cursor))


def case_marks(
    connection: Connection, cameras: Collection[str], from_utc_s: float, to_utc_s: float, viewer_id: str
) -> list[CaseMark]:
    """Incidents that the viewer may know of, their marks and bookmarks, and the viewer's own; in no order."""
    everything = need_to_know.sees_all(connection, viewer_id)
    params: dict[str, Value] = {
        "cameras": json.dumps(sorted(cameras)),
        "from_utc_s": from_utc_s,
        "to_utc_s": to_utc_s,
        "until_utc_s": to_utc_s + _OPENED_AHEAD_S,
        "row_limit": MOST_MARKS,
        "viewer_id": viewer_id,
        **({} if everything else need_to_know.clause_values(connection, viewer_id)),
    }
    found = [
        CaseMark(str(row["id"]), str(row["camera_id"]), float(row["utc_s"]), str(row["number"]), int(row["severity"]))
        for row in _INCIDENTS[everything].rows(connection, params)
    ]
    found += [
        CaseMark(
            str(row["id"]), str(row["camera_id"]), float(row["utc_s"]), str(row["text"]), kind=NoteKind(row["kind"])
        )
        for row in _MARKS[everything].rows(connection, params)
    ]
    return found
