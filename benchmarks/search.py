"""The journal's list queries at one and at five million incidents, warm, one by one by name.

Each filter and each pair of filters over 90 days (newest page of 200), the newest and a middle page, words, beginnings
and phrases in four languages. `ours.worst_query_ms` is the highest median of them at five million rows. The reference
reads as many whole incidents by their ids straight from SQLite and makes the same records. The files are made once
(`search_data`, about fifteen minutes and 8 GB for the larger one); `beyond` lists what may take longer, can be called
off, and is not in the worst. `cpu_ms` is the asking thread's own time: on a busy
machine the rest is waiting.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sqlite3
import statistics
import time
from collections.abc import Callable

from benchmarks.harness import machine
from benchmarks.search_data import END_UTC_S, SPAN_S, made_journal
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.records import Incident, IncidentState, Severity
from storage.rows import from_row
from storage.search import IncidentQuery, Page

SIZES = tuple(int(n) for n in os.environ.get("WATCHFLOOR_BENCH_ROWS", "1000000,5000000").split(","))
RUNS = 7
ROWS = 200
_DAYS_90 = {"from_utc_s": END_UTC_S - 90 * 86400.0, "to_utc_s": END_UTC_S + 1.0}
_FILTERS: dict[str, dict[str, object]] = {
    "place": {"place_id": "place-00100"},
    "district": {"district_id": "district-3"},
    "category": {"category_ids": ("theft",)},
    "group": {"group": "crime"},
    "camera": {"camera_id": "camera-00100"},
    "closed": {"states": (IncidentState.CLOSED,)},
    "new": {"states": (IncidentState.NEW,)},
    "open": {"open_only": True},
    "operator": {"operator_id": "operator-5"},
    "medium and above": {"min_severity": Severity.MEDIUM},
    "critical": {"min_severity": Severity.CRITICAL},
    "outcome": {"outcome": "prevented"},
    "service": {"service_id": "service-4"},
}
_ALIKE = ({"closed", "new", "open"}, {"category", "group"}, {"medium and above", "critical"})
_WORDS = (
    *("bicycle", "patrol informed", "patr*", '"red jacket"'),
    *("велосипед", "мужчина нож", "патру*", '"красная куртка"'),
    *("п'ять", "жінка ніж", "вік*", '"червона куртка"'),
    *("қызыл", "әйел пышақ", "кір*", '"қызыл күрте"'),
    *("zzz", "велос*"),
)
_BEYOND: dict[str, dict[str, object]] = {
    "two common words never together, five years": {"text": "man әйел"},
    "long beginning and a place, five years": {"text": "велос*", "place_id": "place-00100"},
    "word and camera, 90 days": {"text": "велосипед", "camera_id": "camera-00100", **_DAYS_90},
    "word and group, 90 days": {"text": "велосипед", "group": "crime", **_DAYS_90},
}
Question = Callable[[EmbeddedJournal], object]


def run() -> dict[str, object]:
    """Both sizes; the ratio is that of the larger one."""
    sizes = {rows: _measured(rows) for rows in SIZES}
    worst = sizes[SIZES[-1]]
    return {
        "name": "search",
        "machine": machine(),
        "better": "lower",
        "runs": RUNS,
        "ours": {
            "worst_query_ms": worst["worst_query_ms"],
            "worst_query": worst["worst_query"],
            "worst_cpu_ms": worst["worst_cpu_ms"],
        },
        "sizes": {str(rows): found for rows, found in sizes.items()},
        "references": {"rows by id": {"page_ms": worst["reference_ms"]}},
        "reference": "rows by id",
        "ratio": worst["ratio"],
    }


def _measured(rows: int) -> dict[str, object]:
    path = made_journal(rows)
    with contextlib.closing(open_journal(path)) as journal, contextlib.closing(sqlite3.connect(path)) as raw:
        listed = {name: _timed(journal, ask) for name, ask in _questions(journal).items()}
        beyond = {name: _timed(journal, _page(_query(**given))) for name, given in _BEYOND.items()}
        beyond["histogram of five years"] = _timed(journal, _histogram(IncidentQuery()))
        beyond["histogram of a word, five years"] = _timed(journal, _histogram(IncidentQuery(text="велосипед")))
        beyond["count of a word and a severity"] = _timed(
            journal, lambda j: j.count_incidents(IncidentQuery(text="велосипед", min_severity=Severity.HIGH))
        )
        reference_ms = _by_id(raw)
    worst = max(listed, key=lambda name: listed[name]["p50_ms"])
    return {
        "worst_query": worst,
        "worst_query_ms": listed[worst]["p50_ms"],
        "worst_cpu_ms": max(found["cpu_ms"] for found in listed.values()),
        "newest_page_ms": listed["newest page"]["p50_ms"],
        "reference_ms": round(reference_ms, 2),
        "ratio": round(listed["newest page"]["p50_ms"] / reference_ms, 3),
        "queries": listed,
        "beyond": beyond,
    }


def _query(**given: object) -> IncidentQuery:
    return IncidentQuery(**given)  # type: ignore[arg-type]  # the tables above are its fields


def _page(query: IncidentQuery, before_id: str | None = None) -> Question:
    return lambda journal: journal.find_incidents(query, limit=ROWS, before_id=before_id)


def _histogram(query: IncidentQuery) -> Question:
    return lambda journal: journal.histogram(query, END_UTC_S - SPAN_S, END_UTC_S, 90)


def _questions(journal: EmbeddedJournal) -> dict[str, Question]:
    """Every list query by name."""
    middle: Page = journal.find_incidents(IncidentQuery(to_utc_s=END_UTC_S - SPAN_S / 2), limit=1)
    middle_id = middle.incidents[0].id
    found = {"newest page": _page(IncidentQuery()), "middle page": _page(IncidentQuery(), middle_id)}
    for name, given in _FILTERS.items():
        found[name] = _page(_query(**given))
        found[f"{name}, middle page"] = _page(_query(**given), middle_id)
        found[f"{name}, 90 days"] = _page(_query(**given, **_DAYS_90))
    for one, other in itertools.combinations(_FILTERS, 2):
        if not any({one, other} <= alike for alike in _ALIKE):
            found[f"{one} and {other}, 90 days"] = _page(_query(**_FILTERS[one], **_FILTERS[other], **_DAYS_90))
    for words in _WORDS:
        found[f"text {words}"] = _page(IncidentQuery(text=words))
        found[f"text {words}, middle page"] = _page(IncidentQuery(text=words), middle_id)
    found["count, 90 days"] = lambda j: j.count_incidents(_query(**_DAYS_90))
    found["histogram, 90 days"] = lambda j: j.histogram(IncidentQuery(), _DAYS_90["from_utc_s"], END_UTC_S, 90)
    return found


def _timed(journal: EmbeddedJournal, ask: Question) -> dict[str, float]:
    """Milliseconds of `RUNS` runs after a first one that warms what it reads."""
    ask(journal)
    found, busy = [], []
    for _ in range(RUNS):
        before, before_busy = time.perf_counter(), time.thread_time()
        ask(journal)
        found.append((time.perf_counter() - before) * 1000)
        busy.append((time.thread_time() - before_busy) * 1000)
    return {
        "p50_ms": round(statistics.median(found), 2),
        "p95_ms": round(sorted(found)[int(RUNS * 0.95)], 2),
        "cpu_ms": round(statistics.median(busy), 2),
    }


def _by_id(raw: sqlite3.Connection) -> float:
    """The newest page as a scan of the id's index, with the records made."""
    found = []
    for _ in range(RUNS + 1):
        before = time.perf_counter()
        cursor = raw.execute("SELECT * FROM incidents ORDER BY id DESC LIMIT ?", (ROWS,))
        names = [d[0] for d in cursor.description]
        assert len([from_row(Incident, dict(zip(names, row, strict=True))) for row in cursor]) == ROWS
        found.append((time.perf_counter() - before) * 1000)
    return statistics.median(found[1:])
