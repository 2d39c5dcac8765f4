"""Full text: incidents whose words match, newest first in the order of writing. Functions of a connection.

FTS5 gives documents by number, newest first, and stops when the page is full; ranking would read all of them. Where a
filter leaves few incidents over, their numbers are found first: then the index alone says which of them match.
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Iterator

from storage.driver import Connection
from storage.search import LONGEST_TEXT, IncidentQuery, Page, Watch
from storage.search_index import folded
from storage.search_queries import LONGEST_PAGE, Params, Plan, made_plan, newest, page_of

FIRST_SLICE_DOCS = 250_000
SLACK_S = 86400.0
"""Numbers follow the order of writing, times the clock: where the clock was set back by less, nothing is missed."""

_MOST_WORDS = 16
_SINGLY = 20
_FEW = 5000
_LAST_DOC = (1 << 62) - 1
_TOKENS = re.compile(r'"([^"]*)"?|([^\s"]+)')
_LONG_BEGINNING = re.compile(r'[^"]{4,}"\*')
"""Beginnings longer than the index has ready: FTS5 gathers all their documents anew each time that it is asked."""
_JOINED = (
    "SELECT {} FROM search CROSS JOIN search_docs ON search_docs.doc = search.rowid"
    " CROSS JOIN incidents ON incidents.id = search_docs.incident_id WHERE search MATCH :match AND {}"
)
_ALONE = "SELECT {} FROM search WHERE search MATCH :match AND {}"
_DOCS_OF = (
    "SELECT doc FROM incidents CROSS JOIN search_docs ON search_docs.incident_id = incidents.id"
    " WHERE incidents.rowid IN ({})"
)
_SPAN = "+incidents.opened_utc_s >= :low AND +incidents.opened_utc_s < :high"
_DOCS = "search.rowid >= :low_doc AND search.rowid < :high_doc"
_AT_OR_AFTER = "opened_utc_s >= ? ORDER BY opened_utc_s, incidents.rowid"
_BEFORE = "opened_utc_s < ? ORDER BY opened_utc_s DESC, incidents.rowid DESC"


def expression(text: str) -> str:
    """FTS5's expression for what somebody typed: all words, phrases in quotes, beginnings with *; every token is
    quoted, so that nothing typed is syntax. Empty when there is no letter or digit in it."""
    tokens = []
    for phrase, word in _TOKENS.findall(folded(text[:LONGEST_TEXT])):
        bare = phrase or word.rstrip("*")
        if any(c.isalnum() for c in bare):
            tokens.append(f'"{bare}"{"*" if word.endswith("*") else ""}')
    return " AND ".join(tokens[:_MOST_WORDS])


def find(
    connection: Connection,
    query: IncidentQuery,
    *,
    limit: int,
    before_id: str | None,
    viewer_id: str | None,
    watch: Watch,
) -> Page:
    """One page of a query whose text has an `expression`."""
    limit = max(1, min(limit, LONGEST_PAGE))
    plan = made_plan(connection, query, viewer_id)
    before = _LAST_DOC if before_id is None else _doc_of(connection, before_id)
    found: list[int] = []
    for where, params in _parts(connection, plan, expression(query.text), before, watch):
        sql = f"{_JOINED.format('incidents.rowid', where)} ORDER BY search.rowid DESC LIMIT :row_limit"
        found += [row[0] for row in connection.execute(sql, {**params, "row_limit": limit + 1 - len(found)})]
        if len(found) > limit:
            break
    watch.done = 1.0
    return page_of(connection, found, limit)


def count(connection: Connection, query: IncidentQuery, *, at_most: int, viewer_id: str | None, watch: Watch) -> int:
    """How many, counted up to `at_most`."""
    plan = made_plan(connection, query, viewer_id)
    found = 0
    for where, params in _parts(connection, plan, expression(query.text), _LAST_DOC, watch):
        sql = f"SELECT count(*) FROM ({_source(plan).format('1', where)} LIMIT :row_limit)"  # noqa: S608 - texts of ours
        found += connection.execute(sql, {**params, "row_limit": at_most - found}).fetchone()[0]
        if found >= at_most:
            break
    watch.done = 1.0
    return found


def histogram(
    connection: Connection, query: IncidentQuery, bounds: list[float], *, viewer_id: str | None, watch: Watch
) -> tuple[int, ...]:
    """How many between each two neighbours of `bounds`."""
    plan = made_plan(connection, query, viewer_id)
    counts = [0] * (len(bounds) - 1)
    match = expression(query.text)
    if plan is not None and not plan.filters and not plan.clause and not _LONG_BEGINNING.search(match):
        return _counts_by_number(connection, plan, match, bounds, watch)
    for where, params in _parts(connection, plan, match, _LAST_DOC, watch):
        sql = _JOINED.format("incidents.opened_utc_s", where)
        for (utc_s,) in connection.execute(sql, params):
            n = bisect.bisect_right(bounds, utc_s) - 1
            if 0 <= n < len(counts):
                counts[n] += 1
    watch.done = 1.0
    return tuple(counts)


def _counts_by_number(
    connection: Connection, plan: Plan, match: str, bounds: list[float], watch: Watch
) -> tuple[int, ...]:
    """From the index alone: the first document at or after each bound stands for the bound."""
    low, high = _span_of_docs(connection, plan, slack_s=0.0)
    docs = [min(max(_doc_at(connection, _AT_OR_AFTER, b) or high, low), high) for b in bounds]
    sql = _ALONE.format("count(*)", _DOCS)
    counts = []
    for n, (first, end) in enumerate(itertools.pairwise(docs)):
        watch.check()
        row = connection.execute(sql, {"match": match, "low_doc": first, "high_doc": end}).fetchone()
        counts.append(int(row[0]))
        watch.done = (n + 1) / len(bounds)
    watch.done = 1.0
    return tuple(counts)


def _source(plan: Plan | None) -> str:
    """The index alone knows the words; everything else needs the incidents."""
    bounded = plan is None or plan.low > -1e17 or plan.high.opened_utc_s < 1e17
    return _JOINED if bounded or plan is None or plan.filters or plan.clause else _ALONE


def _parts(
    connection: Connection, plan: Plan | None, match: str, before_doc: int, watch: Watch
) -> Iterator[tuple[str, Params]]:
    """Conditions for one slice of documents after another, newest first."""
    if plan is None:
        return
    params: Params = {**plan.params, "match": match, "low": plan.low, "high": plan.high.opened_utc_s}
    conditions = [f.condition(drives=False) for f in plan.filters]
    if _source(plan) is _JOINED:
        conditions += [_SPAN, f"({plan.clause})"] if plan.clause else [_SPAN]
    low, high = _span_of_docs(connection, plan)
    high = min(high, before_doc)
    few, costly = _few(connection, plan), _LONG_BEGINNING.search(match) is not None
    if few is not None:
        docs = [doc for doc in few if low <= doc < high]
        singly = not costly and len(docs) <= _SINGLY
        conditions.insert(0, f"{'' if singly else '+'}search.rowid IN ({','.join(map(str, docs))})")
        low, high = min(docs, default=0), max(docs, default=-1) + 1
    size, top = high - low if costly or few is not None else FIRST_SLICE_DOCS, high
    while high > low:
        watch.check()
        start = max(low, high - size)
        yield " AND ".join([_DOCS, *conditions]), {**params, "low_doc": start, "high_doc": high}
        watch.done = (top - start) / (top - low)
        high, size = start, size * 2


def _few(connection: Connection, plan: Plan) -> list[int] | None:
    """Documents that the filters leave over, when they are few."""
    if not plan.filters:
        return None
    keys = newest(connection, plan.driver_alone(), _FEW + 1)
    if len(keys) > _FEW:
        return None
    rowids = ",".join(str(key.rowid) for key in keys)
    return [row[0] for row in connection.execute(_DOCS_OF.format(rowids))]


def _span_of_docs(connection: Connection, plan: Plan, slack_s: float = SLACK_S) -> tuple[int, int]:
    """Numbers of the span of time: from the first to behind the last."""
    last = connection.execute("SELECT max(doc) FROM search_docs").fetchone()[0] or 0
    low, high = 0, last + 1
    if plan.low > -1e17:
        low = _doc_at(connection, _AT_OR_AFTER, plan.low - slack_s) or high
    if plan.high.opened_utc_s < 1e17:
        high = (_doc_at(connection, _BEFORE, plan.high.opened_utc_s + slack_s) or 0) + 1
    return low, high


def _doc_at(connection: Connection, where: str, utc_s: float) -> int | None:
    sql = f"SELECT id FROM incidents WHERE {where} LIMIT 1"  # noqa: S608 - a text of ours
    row = connection.execute(sql, (utc_s,)).fetchone()
    return _doc_of(connection, row[0]) if row else None


def _doc_of(connection: Connection, incident_id: str) -> int:
    """0 for an incident that is not there."""
    row = connection.execute("SELECT doc FROM search_docs WHERE incident_id = ?", (incident_id,)).fetchone()
    return int(row[0]) if row else 0
