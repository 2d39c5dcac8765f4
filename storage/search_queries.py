"""Lists of incidents by filters, newest first, at millions of rows. Functions of a connection in a read transaction.

Every filter has an index (column, opened_utc_s), which SQLite ends with the rowid, so that each of its values is a
stream in the order of the answer: no sort, pages by key. Of several filters the one with the fewest rows drives and the
others are checked row by row (a `+` keeps SQLite from choosing otherwise); several values are several streams, merged.
What may take long is done in slices of time, newest first, so that a `Watch` sees how far it is. Full text is in
`text_queries`.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, fields
from enum import IntEnum, StrEnum
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy.dialects import sqlite

from storage import need_to_know, schema
from storage.columns import forms
from storage.driver import Connection
from storage.records import Incident, IncidentState, Severity
from storage.search import IncidentQuery, Page, Watch
from storage.statements import Value

LONGEST_PAGE = 1000
SLICE_S = 90 * 86400.0
_EVER = 1e18
_LAST_ROWID = (1 << 63) - 1
_PROBES = (500, 5_000, 50_000)
_OPEN = "incidents.state != 'closed'"
_CLAUSE = str(need_to_know.CLAUSE.compile(dialect=sqlite.dialect(paramstyle="named")))
_CLAUSE_CONSTANTS = dict(need_to_know.CLAUSE.compile(dialect=sqlite.dialect(paramstyle="named")).params)

Params = dict[str, Value]


class Key(NamedTuple):
    """Where an incident stands in the order; the rowid is good for one transaction only."""

    opened_utc_s: float
    rowid: int


FIRST = Key(_EVER, _LAST_ROWID)


@dataclass(frozen=True, slots=True)
class Filter:
    """A column and the values that pass; no values with `only` (a condition of its own, with an index of its own)."""

    column: str
    values: tuple[Value, ...] = ()
    only: str = ""

    def condition(self, *, drives: bool, value: str | None = None) -> str:
        """SQL; as the driver for one value (a parameter's name), else for all of them."""
        if self.only:
            return self.only
        if drives:
            return f"incidents.{self.column} = :{value}"
        return f"+incidents.{self.column} IN ({', '.join(f':{self.column}_{n}' for n in range(len(self.values)))})"

    @property
    def params(self) -> Params:
        """What `condition` names."""
        return {f"{self.column}_{n}": value for n, value in enumerate(self.values)}


_TIME = Filter("opened_utc_s", only="1")


@dataclass(frozen=True, slots=True)
class Plan:
    """A query taken apart: its filters with the driver first, the span of time, who looks."""

    driver: Filter
    others: tuple[Filter, ...]
    low: float
    high: Key
    clause: str
    params: Params

    @property
    def filters(self) -> tuple[Filter, ...]:
        """All of them; time is none."""
        return self.others if self.driver is _TIME else (self.driver, *self.others)

    def driver_alone(self) -> Plan:
        """Without the other filters and without the viewer."""
        return Plan(self.driver, (), self.low, self.high, "", {})

    def conditions(self) -> list[str]:
        """All but the driver's and the span's."""
        found = [f.condition(drives=False) for f in self.others]
        return [*found, f"({self.clause})"] if self.clause else found

    def streams(self) -> Iterator[tuple[str, Params]]:
        """The driver's condition for each of its values."""
        if self.driver.only:
            yield self.driver.only, {}
        for value in self.driver.values:
            yield self.driver.condition(drives=True, value="driving"), {"driving": value}


def find(
    connection: Connection,
    query: IncidentQuery,
    *,
    limit: int,
    before_id: str | None,
    viewer_id: str | None,
    watch: Watch,
) -> Page:
    """One page."""
    limit = max(1, min(limit, LONGEST_PAGE))
    before = FIRST if before_id is None else key_of(connection, before_id)
    plan = made_plan(connection, query, viewer_id, before)
    found: list[Key] = []
    if plan is not None:
        for low, high in _slices(connection, plan, watch):
            found += _newest(connection, plan, low, high, limit + 1 - len(found))
            if len(found) > limit:
                break
    watch.done = 1.0
    return page_of(connection, [key.rowid for key in found], limit)


def count(connection: Connection, query: IncidentQuery, *, at_most: int, viewer_id: str | None, watch: Watch) -> int:
    """How many, counted up to `at_most`."""
    plan = made_plan(connection, query, viewer_id, FIRST)
    found = 0
    if plan is not None:
        for low, high in _slices(connection, plan, watch):
            found += _count(connection, plan, low, high, at_most - found)
            if found >= at_most:
                break
    watch.done = 1.0
    return found


def histogram(
    connection: Connection, query: IncidentQuery, bounds: list[float], *, viewer_id: str | None, watch: Watch
) -> tuple[int, ...]:
    """How many between each two neighbours of `bounds`."""
    plan = made_plan(connection, query, viewer_id, FIRST)
    counts = [0] * (len(bounds) - 1)
    if plan is None:
        return tuple(counts)
    for n, (low, high) in enumerate(itertools.pairwise(bounds)):
        watch.check()
        low, end = max(low, plan.low), min(Key(high, -1), plan.high)
        counts[n] = _count(connection, plan, low, end, _LAST_ROWID) if end.opened_utc_s > low else 0
        watch.done = (n + 1) / len(counts)
    return tuple(counts)


def span(connection: Connection) -> tuple[float, float] | None:
    """Opening of the first and of the last incident."""
    # Two statements: each is one step at an end of the index, min and max in one would read all of it.
    oldest = connection.execute("SELECT min(opened_utc_s) FROM incidents").fetchone()[0]
    newest_of_all = connection.execute("SELECT max(opened_utc_s) FROM incidents").fetchone()[0]
    return None if oldest is None else (oldest, newest_of_all)


def key_of(connection: Connection, incident_id: str) -> Key:
    """Where a page goes on; an id that is not there is taken for the end."""
    sql = "SELECT opened_utc_s, rowid FROM incidents WHERE id = ?"
    row = connection.execute(sql, (incident_id,)).fetchone()
    return Key(*row) if row else Key(-_EVER, 0)


def page_of(connection: Connection, rowids: list[int], limit: int) -> Page:
    """Records of the first `limit`; one more says that there is a following page."""
    sql = f"SELECT rowid, {_COLUMNS} FROM incidents WHERE rowid IN ({','.join(map(str, rowids[:limit]))})"  # noqa: S608
    by_rowid = {row[0]: _incident(row) for row in connection.execute(sql)}
    incidents = tuple(by_rowid[rowid] for rowid in rowids[:limit])
    return Page(incidents, incidents[-1].id if len(rowids) > limit else None)


def _incident(row: tuple[Any, ...]) -> Incident:
    """`rows.from_row`, five times as fast: only what differs from its stored form is made anew."""
    values = list(row[1:])
    for position, made in _MADE:
        values[position] = made(values[position])
    return Incident(*values)


def _makers() -> Iterator[tuple[int, Callable[[Any], Any]]]:
    for position, (item, (form, null)) in enumerate(zip(fields(Incident), forms(Incident).values(), strict=True)):
        if form is bool:
            yield position, bool
        elif issubclass(form, StrEnum | IntEnum):
            members: dict[Any, Any] = {member.value: member for member in form}
            if item.default is not MISSING:
                members[None] = item.default
            yield position, members.__getitem__
        elif not null and item.default is not MISSING:
            yield position, partial(_or_default, item.default)


def _or_default(default: Any, value: Any) -> Any:
    return default if value is None else value


_COLUMNS = ", ".join(f.name for f in fields(Incident))
_MADE = tuple(_makers())


def made_plan(connection: Connection, query: IncidentQuery, viewer_id: str | None, before: Key = FIRST) -> Plan | None:
    """How to go about it; None when a filter lets nothing pass. Text is not looked at."""
    found = _filters(connection, query)
    if found is None:
        return None
    clause, params = "", {k: v for f in found for k, v in f.params.items()}
    if not need_to_know.sees_all(connection, viewer_id):
        clause = _CLAUSE
        params |= _CLAUSE_CONSTANTS | need_to_know.clause_values(connection, str(viewer_id))
    high = min(before, FIRST if query.to_utc_s is None else Key(query.to_utc_s, -1))
    low = -_EVER if query.from_utc_s is None else query.from_utc_s
    driver = _driver(connection, found, low, high)
    others = tuple(f for f in found if f is not driver)
    return Plan(driver, others, low, high, clause, params)


def _filters(connection: Connection, query: IncidentQuery) -> list[Filter] | None:
    categories = _categories(connection, query)
    if categories == ():
        return None
    plain = {
        "camera_id": query.camera_id,
        "place_id": query.place_id,
        "owner_id": query.operator_id,
        "service_id": query.service_id,
        "district_id": query.district_id,
        "outcome": query.outcome,
    }
    found = [Filter(column, (value,)) for column, value in plain.items() if value is not None]
    if categories is not None:
        found.append(Filter("category_id", categories))
    if query.min_severity is not None and query.min_severity > Severity.INFO:
        found.append(Filter("severity", tuple(int(s) for s in Severity if s >= query.min_severity)))
    states = [s for s in query.states if not (query.open_only and s is IncidentState.CLOSED)]
    if query.states and not states:
        return None
    if states:
        found.append(Filter("state", tuple(dict.fromkeys(s.value for s in states))))
    elif query.open_only:
        found.append(Filter("open", only=_OPEN))
    return found


def _categories(connection: Connection, query: IncidentQuery) -> tuple[str, ...] | None:
    """Categories that pass, a group's also when they are out of use; None: all."""
    asked = dict.fromkeys(query.category_ids)
    if query.group is None:
        return tuple(asked) or None
    sql = f'SELECT id FROM {schema.categories.name} WHERE "group" = ? ORDER BY id'  # noqa: S608 - a name of ours
    of_group = [str(row[0]) for row in connection.execute(sql, (query.group,))]
    return tuple(c for c in of_group if not asked or c in asked)


def _driver(connection: Connection, filters: list[Filter], low: float, high: Key) -> Filter:
    """The filter with the fewest rows in the span, as far as a short count tells."""
    if len(filters) < 2:
        return filters[0] if filters else _TIME
    rows: dict[Filter, int] = {}
    for most in _PROBES:
        for item in filters:
            rows[item] = _rows(connection, item, low, high, most)
            if rows[item] < most // 4:
                return item
        if min(rows.values()) < most:
            break
    return min(filters, key=lambda item: rows[item])


def _rows(connection: Connection, item: Filter, low: float, high: Key, most: int) -> int:
    return _count(connection, Plan(item, (), low, high, "", {}), low, high, most)


def newest(connection: Connection, plan: Plan, limit: int) -> list[Key]:
    """The newest keys of the whole span."""
    return _newest(connection, plan, plan.low, plan.high, limit)


def _slices(connection: Connection, plan: Plan, watch: Watch) -> Iterator[tuple[float, Key]]:
    """Spans of time, newest first; one when the driver alone decides."""
    if not plan.others:
        yield plan.low, plan.high
        return
    ends = span(connection)
    if ends is None:
        return
    low, high = max(plan.low, ends[0]), min(plan.high, Key(ends[1], _LAST_ROWID))
    end = high
    while end.opened_utc_s >= low:
        watch.check()
        start = max(low, end.opened_utc_s - SLICE_S)
        yield start, end
        watch.done = (high.opened_utc_s - start) / max(high.opened_utc_s - low, 1.0)
        end = Key(start, -1)
        if start == low:
            return


def _newest(connection: Connection, plan: Plan, low: float, high: Key, limit: int) -> list[Key]:
    """The first keys of the merged streams; each is read only as far as it is needed."""
    sql = f"SELECT opened_utc_s, incidents.rowid FROM incidents WHERE {{}} {_ORDER}"  # noqa: S608 - parts of ours
    streams = [
        connection.execute(sql.format(where), {**params, "row_limit": limit})
        for where, params in _each(plan, low, high)
    ]
    try:
        return list(map(Key._make, itertools.islice(heapq.merge(*streams, reverse=True), limit)))
    finally:
        for stream in streams:
            stream.close()


def _count(connection: Connection, plan: Plan, low: float, high: Key, most: int) -> int:
    sql = "SELECT count(*) FROM (SELECT 1 FROM incidents WHERE {} LIMIT :row_limit)"
    found = 0
    for where, params in _each(plan, low, high):
        found += connection.execute(sql.format(where), {**params, "row_limit": most - found}).fetchone()[0]
        if found >= most:
            break
    return found


def _each(plan: Plan, low: float, high: Key) -> Iterator[tuple[str, Params]]:
    span = "opened_utc_s >= :low AND opened_utc_s <= :high AND (opened_utc_s < :high OR incidents.rowid < :high_rowid)"
    ends: Params = {"low": low, "high": high.opened_utc_s, "high_rowid": high.rowid}
    for condition, params in plan.streams():
        yield " AND ".join([condition, span, *plan.conditions()]), {**plan.params, **params, **ends}


_ORDER = "ORDER BY opened_utc_s DESC, incidents.rowid DESC LIMIT :row_limit"
