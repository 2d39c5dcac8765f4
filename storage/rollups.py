"""Counts of incidents, kept so that a report over years does not read millions of rows. Not a fact, not in the chain: a
side file that can be thrown away and is made again from the journal.

Few-valued things are counted a day (the site's own), cameras and places a month: they are so many that a day's counts
would be as many as its incidents. `renew` counts anew the months of incidents that were changed since the last time,
found in the history; after an erasure, another zone or another journal all of it. So what was erased leaves the counts
too, and nothing of a person is in them. Restricted incidents and those merged into others are not counted. Any thread.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlite_utils
from sqlalchemy import bindparam, func, select

from storage import schema
from storage.database import connect_for_reading, typed
from storage.driver import Connection
from storage.errors import StorageError
from storage.journal_keys import JournalKey
from storage.side_file import BROKEN, SideFile, set_aside
from storage.statements import Row, Statement

DAILY = ("all", "category_id", "district_id", "operator_id", "outcome", "state", "currency")
MONTHLY = ("place_id", "camera_id")
STEPS = ("acknowledged", "handed_over", "on_scene", "closed")
_VERSION = "1"
_BUCKETS = 8
"""A doubling of the time has so many: a time that is told is at most 9 % too long."""
_ERASED = "erase"
_NONE = (0, 0)
_RENEWING = threading.Lock()

_i, _h, _a = schema.incidents, schema.history, schema.audit
_OF_DAY = Statement(
    select(
        _i.c.category_id,
        _i.c.place_id,
        _i.c.district_id,
        _i.c.owner_id,
        _i.c.camera_id,
        _i.c.outcome,
        _i.c.state,
        _i.c.currency,
        _i.c.damage_minor,
        _i.c.opened_utc_s,
        _i.c.acknowledged_utc_s,
        _i.c.handed_over_utc_s,
        _i.c.on_scene_utc_s,
        _i.c.closed_utc_s,
    ).where(
        _i.c.opened_utc_s >= bindparam("from_utc_s"),
        _i.c.opened_utc_s < bindparam("to_utc_s"),
        _i.c.restricted == 0,
        _i.c.merged_into_id.is_(None),
    )
)
_SPAN = Statement(select(func.min(_i.c.opened_utc_s).label("first_s"), func.max(_i.c.opened_utc_s).label("last_s")))
_CHANGED = Statement(
    select(_i.c.opened_utc_s)
    .distinct()
    .join(_h, _h.c.row_id == _i.c.id)
    .where(_h.c.seq > bindparam("after"), _h.c.table_name == str(_i.name))
)
_GONE = Statement(
    select(_a.c.seq).where(_a.c.seq > bindparam("after"), _a.c.action == _ERASED, _a.c.subject == str(_i.name)).limit(1)
)
_HEAD = Statement(select(_a.c.seq, _a.c.hash).order_by(_a.c.seq.desc()).limit(1))
_HASH = Statement(select(_a.c.hash).where(_a.c.seq == bindparam("seq")))

_FORGET = "DELETE FROM counts WHERE dimension = ? AND start BETWEEN ? AND ?"
_INSERT_COUNT = "INSERT INTO counts VALUES (?, ?, ?, ?, ?)"
_INSERT_STEP = "INSERT INTO steps VALUES (?, ?, ?, ?)"
_BY = (
    "SELECT key, sum(count), sum(damage_minor) FROM counts WHERE dimension = ? AND start BETWEEN ? AND ?"
    " GROUP BY key ORDER BY 2 DESC, 1"
)
_BY_DAY = "SELECT start, count FROM counts WHERE dimension = 'all' AND start BETWEEN ? AND ? ORDER BY start"
_OF_MONTH = "SELECT key, count FROM counts WHERE dimension = ? AND start = ?"
_TIMES = "SELECT bucket, sum(count) FROM steps WHERE step = ? AND day BETWEEN ? AND ? GROUP BY bucket ORDER BY bucket"


@dataclass(frozen=True, slots=True)
class Renewed:
    """What a renewal did: months that were counted, and whether it began from nothing."""

    months: int
    rebuilt: bool


@dataclass(frozen=True, slots=True)
class RollupRow:
    """So many incidents (and their damage in the smallest unit) with the same value; "" where there is none."""

    key: str
    count: int
    damage_minor: int = 0


class Rollups:
    """Open once, close once; what cannot be read is set aside and made anew. `key`: the journal's.

    Raises StorageError as `SideFile`."""

    def __init__(self, path: Path, journal: Path, zone: ZoneInfo, key: JournalKey | None = None) -> None:
        self._journal, self._zone, self._key = journal, zone, key
        try:
            self._file = SideFile(path, _create)
        except StorageError as error:
            if error.code not in BROKEN:
                raise
            set_aside(path)
            self._file = SideFile(path, _create)

    def renew(self, stopped: Callable[[], bool] = lambda: False) -> Renewed:
        """Bring the counts to the journal's present state, all at once: who reads meanwhile reads the old ones, and
        where it is stopped nothing was done. Blocking: seconds for a million incidents, the first time.

        Raises StorageError (BUSY: another program does it)."""
        try:
            with _RENEWING, self._reading() as connection:
                connection.execute("BEGIN")  # one state of the journal
                return self._renew(connection, stopped)
        except _StoppedError:
            return Renewed(0, rebuilt=False)

    def _renew(self, connection: Connection, stopped: Callable[[], bool]) -> Renewed:
        head: Row | None = _HEAD.row(connection)
        if head is None:
            return Renewed(0, rebuilt=False)
        after = self._known(connection)
        months = self._every_month(connection) if after is None else self._changed_months(connection, after)
        with self._file.writing():
            if after is None:
                self._clear()
            for month in months:
                if stopped():
                    raise _StoppedError
                self._count(connection, month)
            self._note(int(head["seq"]), str(head["hash"]))
        return Renewed(len(months), rebuilt=after is None)

    def by(self, dimension: str, first: date, last: date) -> list[RollupRow]:
        """Counts by one of `DAILY` or `MONTHLY`, from the first day to the last; the most first."""
        if dimension in DAILY:
            rows = self._file.rows(_BY, (dimension, first.toordinal(), last.toordinal()))
            return [RollupRow(*row) for row in rows]
        found: Counter[str] = Counter()
        edges: list[date] = []
        for month in _months(first, last):
            days = _days(month)
            if first <= days[0] and days[-1] <= last:
                found.update(dict(self._file.rows(_OF_MONTH, (dimension, month.toordinal()))))
            else:
                edges += [day for day in days if first <= day <= last]
        found += self._edge(dimension, edges)
        return [RollupRow(key, count) for key, count in sorted(found.items(), key=lambda one: (-one[1], one[0]))]

    def by_day(self, first: date, last: date) -> list[tuple[date, int]]:
        """Days with incidents."""
        rows = self._file.rows(_BY_DAY, (first.toordinal(), last.toordinal()))
        return [(date.fromordinal(start), count) for start, count in rows]

    def times(self, step: str, first: date, last: date) -> list[tuple[float, int]]:
        """Of one of `STEPS`: how long it took (s, at most 9 % too long) and how often, the shortest first."""
        rows = self._file.rows(_TIMES, (step, first.toordinal(), last.toordinal()))
        return [(2.0 ** (bucket / _BUCKETS) - 1.0, count) for bucket, count in rows]

    def close(self) -> None:
        """Release the file."""
        self._file.close()

    def _known(self, connection: Connection) -> int | None:
        """The last entry that is counted, None when all must be counted anew."""
        noted = {str(key): str(value) for key, value in self._file.rows("SELECT key, value FROM noted")}
        if (noted.get("version"), noted.get("zone")) != (_VERSION, self._zone.key) or "seq" not in noted:
            return None
        after = int(noted["seq"])
        found = _HASH.row(connection, {"seq": after})
        if found is None or found["hash"] != noted["hash"] or _GONE.row(connection, {"after": after}) is not None:
            return None
        return after

    def _changed_months(self, connection: Connection, after: int) -> list[date]:
        rows = _CHANGED.run(connection, {"after": after}).fetchall()
        return sorted({self._day(row[0]).replace(day=1) for row in rows})

    def _every_month(self, connection: Connection) -> list[date]:
        span = _SPAN.row(connection)
        if span is None or span["first_s"] is None:
            return []
        return list(_months(self._day(span["first_s"]), self._day(span["last_s"])))

    def _day(self, utc_s: float) -> date:
        return datetime.fromtimestamp(utc_s, self._zone).date()

    def _clear(self) -> None:
        for table in ("noted", "counts", "steps"):
            self._file.run(f"DELETE FROM {table}")  # noqa: S608 - our own names

    def _count(self, connection: Connection, month: date) -> None:
        """One month, in place of what is kept of it."""
        days = _days(month)
        counts: Counts = {}
        steps: Counter[tuple[int, str, int]] = Counter()
        for day in days:
            _add(self._rows(connection, day), day.toordinal(), month.toordinal(), counts, steps)
        span = days[0].toordinal(), days[-1].toordinal()
        self._file.run_many(_FORGET, ((dimension, *span) for dimension in (*DAILY, *MONTHLY)))
        self._file.run("DELETE FROM steps WHERE day BETWEEN ? AND ?", span)
        self._file.run_many(_INSERT_COUNT, ((*key, *value) for key, value in counts.items()))
        self._file.run_many(_INSERT_STEP, ((*key, count) for key, count in steps.items()))

    def _edge(self, dimension: str, days: Sequence[date]) -> Counter[str]:
        """Days of months that are not asked for as a whole, out of the journal itself."""
        found: Counter[str] = Counter()
        if days:
            with self._reading() as connection:
                place = 1 if dimension == "place_id" else 4
                for day in days:
                    found.update(str(row[place] or "") for row in self._rows(connection, day))
        return found

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        opened = contextlib.closing(connect_for_reading(self._journal, self._key))
        with typed(self._journal), opened as connection:
            yield connection

    def _rows(self, connection: Connection, day: date) -> list[tuple[Any, ...]]:
        ends = (datetime.combine(of, time(), self._zone) for of in (day, day + timedelta(days=1)))
        begin, end = (moment.astimezone(UTC).timestamp() for moment in ends)
        return _OF_DAY.run(connection, {"from_utc_s": begin, "to_utc_s": end}).fetchall()

    def _note(self, seq: int, chain_hash: str) -> None:
        values = {"version": _VERSION, "zone": self._zone.key, "seq": str(seq), "hash": chain_hash}
        self._file.run("DELETE FROM noted")
        self._file.run_many("INSERT INTO noted VALUES (?, ?)", values.items())


class _StoppedError(Exception):
    """Somebody does not wait for it any more."""


Counts = dict[tuple[str, int, str], tuple[int, int]]


def _add(
    rows: Iterable[tuple[Any, ...]], day: int, month: int, counts: Counts, steps: Counter[tuple[int, str, int]]
) -> None:
    """One day's incidents, by each dimension, and how long each step took."""
    for row in rows:
        category, place, district, owner, camera, outcome, state, currency, damage, opened, *reached = row
        daily = ("", category, district or "", owner or "", outcome or "", state)
        keys = [(dimension, day, key) for dimension, key in zip(DAILY, daily, strict=False)]
        keys += [("place_id", month, place or ""), ("camera_id", month, camera)]
        for key in keys:
            counts[key] = (counts.get(key, _NONE)[0] + 1, 0)
        if damage is not None:
            count, minor = counts.get(("currency", day, currency or ""), _NONE)
            counts["currency", day, currency or ""] = (count + 1, minor + damage)
        for step, at_s in zip(STEPS, reached, strict=True):
            if at_s is not None and at_s >= opened:
                steps[day, step, math.ceil(math.log2(at_s - opened + 1.0) * _BUCKETS)] += 1


def _months(first: date, last: date) -> Iterator[date]:
    """The first days of the months between."""
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = (month + timedelta(days=32)).replace(day=1)


def _days(month: date) -> list[date]:
    after = (month + timedelta(days=32)).replace(day=1)
    return [month + timedelta(days=n) for n in range((after - month).days)]


def _create(db: sqlite_utils.Database) -> None:
    db.conn.execute("CREATE TABLE IF NOT EXISTS noted (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
    db.conn.execute(
        "CREATE TABLE IF NOT EXISTS counts (dimension TEXT NOT NULL, start INTEGER NOT NULL, key TEXT NOT NULL,"
        " count INTEGER NOT NULL, damage_minor INTEGER NOT NULL, PRIMARY KEY (dimension, start, key)) WITHOUT ROWID"
    )
    db.conn.execute(
        "CREATE TABLE IF NOT EXISTS steps (day INTEGER NOT NULL, step TEXT NOT NULL, bucket INTEGER NOT NULL,"
        " count INTEGER NOT NULL, PRIMARY KEY (day, step, bucket)) WITHOUT ROWID"
    )
