"""The journal's read that finds events by camera, time, kind and class, as a viewer may know of them.

A function of a connection; exhausts its cursor. Keyset pages in the order of time: no page costs more than another.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, func, or_, select

from storage import need_to_know, schema
from storage.driver import Connection
from storage.records import Event, RuleKind
from storage.rows import event_from_row
from storage.statements import Statement, Value

_events, _alarms, _incidents = schema.events, schema.alarms, schema.incidents


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events; times are of the events, `from_utc_s <= t <= to_utc_s`. No kinds, no labels: any of them."""

    camera_ids: tuple[str, ...]
    from_utc_s: float
    to_utc_s: float
    kinds: tuple[RuleKind, ...] = ()
    labels: tuple[str, ...] = ()


def _among(column: ColumnElement[str], name: str) -> ColumnElement[bool]:
    """No list given: any."""
    wanted: BindParameter[str | None] = bindparam(name)
    return or_(wanted.is_(None), column.in_(_listed(name)))


def _listed(name: str) -> ColumnElement[str]:
    listed: ColumnElement[str] = select(func.json_each(bindparam(name)).table_valued("value").c.value).scalar_subquery()
    return listed


def _found(*viewer: bool) -> Statement:
    at: BindParameter[float] = bindparam("after_utc_s")
    event_id: BindParameter[str] = bindparam("after_id")
    return Statement(
        select(_events)
        .join(_alarms, _alarms.c.id == _events.c.alarm_id)
        .outerjoin(_incidents, _incidents.c.id == _alarms.c.incident_id)
        .where(
            _events.c.utc_s >= bindparam("from_utc_s"),
            _events.c.utc_s <= bindparam("to_utc_s"),
            or_(_events.c.utc_s > at, and_(_events.c.utc_s == at, _events.c.id > event_id)),
            _events.c.camera_id.in_(_listed("cameras")),
            _among(_events.c.kind, "kinds"),
            _among(_events.c.label, "labels"),
            *([or_(_incidents.c.id.is_(None), need_to_know.CLAUSE)] if viewer else []),
        )
        .order_by(_events.c.utc_s, _events.c.id)
        .limit(bindparam("row_limit"))
    )


_FOUND = {True: _found(), False: _found(True)}
"""By whether the viewer sees all."""


def found_events(
    connection: Connection, query: EventQuery, after: Event | None, limit: int, viewer_id: str | None
) -> list[Event]:
    """Oldest first, those behind `after`; none of an incident that the viewer must not know of (None: the program)."""
    everything = need_to_know.sees_all(connection, viewer_id)
    params: dict[str, Value] = {
        "cameras": json.dumps(query.camera_ids),
        "kinds": _json(query.kinds),
        "labels": _json(query.labels),
        "from_utc_s": max(query.from_utc_s, after.utc_s) if after is not None else query.from_utc_s,
        "to_utc_s": query.to_utc_s,
        "after_utc_s": after.utc_s if after is not None else float("-inf"),
        "after_id": after.id if after is not None else "",
        "row_limit": limit,
    }
    if viewer_id is not None and not everything:
        params |= need_to_know.clause_values(connection, viewer_id)
    return [event_from_row(row) for row in _FOUND[everything].rows(connection, params)]


def _json(values: Sequence[str]) -> str | None:
    return json.dumps(list(values)) if values else None
