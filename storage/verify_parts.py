"""What verification consists of, in parts that do not depend on each other, so that several processes can share them.

A part is planned once (`plan`), done anywhere on a connection that sees the same state (`run_part`), and its result
travels as JSON. Pure of processes: `verify_team` hands parts out.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from storage import database, driver, schema
from storage.chain_walk import FIRST, LAST, ChainWalk, Walked
from storage.driver import Connection
from storage.findings import Findings
from storage.journal import Problem
from storage.layout import present
from storage.row_walk import check_rows, check_unnamed

PAGES, WALK, ROWS, UNNAMED = "pages", "walk", "rows", "unnamed"
BIG_ENTRIES = 50_000
"""A journal of fewer entries is verified sooner than a process starts."""
_WALKS_A_PROCESS = 6
_DAMAGES = 20
_LARGE = ("events", "history", "audit")

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Part:
    """`kind` says what is to be done with the tables `names` or the entries from `low` to `high`."""

    kind: str
    names: tuple[str, ...] = ()
    low: int = FIRST
    high: int = LAST


@dataclass(slots=True)
class PartResult:
    """What was found; `walked` of a walk, `counted` history rows by table of a comparison of rows."""

    problems: tuple[Problem, ...] = ()
    erased: int = 0
    walked: Walked | None = None
    counted: dict[str, int] = field(default_factory=dict)


def plan(connection: Connection, processes: int) -> list[Part]:
    """All parts but `unnamed`, which needs the results of the walks; the longest first."""
    there, tables = present(connection), _tables(connection)
    facts = tuple(name for name in schema.FACTS if name in there and name not in schema.INLINE)
    parts = [Part(PAGES, (name,)) for name in _LARGE if name in tables]
    parts += [Part(WALK, low=low, high=high) for low, high in _ranges(last_seq(connection), processes)]
    if processes == 1:
        return [*parts, Part(ROWS, facts), Part(PAGES, tuple(n for n in tables if n not in _LARGE))]
    parts += [Part(ROWS, (name,)) for name in facts]
    return [*parts, Part(PAGES, tuple(n for n in tables if n not in _LARGE))]


def last_seq(connection: Connection) -> int:
    """The number of the last entry, which every change moves; 0 where there is no such table, which the check of the
    layout names."""
    try:
        (found,) = connection.execute("SELECT max(seq) FROM audit").fetchone()
    except driver.OPERATIONAL_ERRORS as error:
        if driver.result_of(error) != driver.Result.ERROR:
            raise
        return 0
    return found if isinstance(found, int) else 0


def run_part(connection: Connection, part: Part) -> PartResult:
    """Do one part on a connection in a read transaction. Raises `driver.ERRORS` for what cannot be read."""
    (result, findings) = decoded(connection, lambda findings: _run(connection, part, findings))
    result.problems, result.erased = findings.problems, findings.erased
    return result


def decoded(connection: Connection, work: Callable[[Findings], Found]) -> tuple[Found, Findings]:
    """`work` with fresh findings. Text that is not UTF-8 was never written by us, and to read it costs a call per
    value: only when some is met, all is done again that way."""
    findings = Findings()
    try:
        return work(findings), findings
    except driver.OPERATIONAL_ERRORS as error:
        if not database.undecodable(error):
            raise
    with _bytes_too(connection):
        findings = Findings()
        return work(findings), findings


def to_json(result: PartResult) -> dict[str, Any]:
    """For the way between processes."""
    walked = result.walked
    return {
        "problems": [[p.table, p.row_id, p.what, p.field] for p in result.problems],
        "erased": result.erased,
        "counted": result.counted,
        "walked": None
        if walked is None
        else {
            "entries": walked.entries,
            "seq": walked.seq,
            "head": walked.head,
            "inline": _named(walked.inline),
            "history": _named(walked.history),
            "erasures": [[*row, seq] for row, seq in walked.erasures.items()],
            "erased": walked.erased,
        },
    }


def from_json(found: dict[str, Any]) -> PartResult:
    """The other end of `to_json`."""
    walked = found["walked"]
    return PartResult(
        tuple(Problem(*item) for item in found["problems"]),
        found["erased"],
        None
        if walked is None
        else Walked(
            walked["entries"],
            walked["seq"],
            walked["head"],
            Counter(walked["inline"]),
            Counter(walked["history"]),
            {(table, row_id): seq for table, row_id, seq in walked["erasures"]},
            [(seq, position, table, row_id) for seq, position, table, row_id in walked["erased"]],
        ),
        found["counted"],
    )


def _run(connection: Connection, part: Part, findings: Findings) -> PartResult:
    if part.kind == WALK:
        return PartResult(walked=ChainWalk(connection, findings, part.low, part.high).run())
    if part.kind == ROWS:
        return PartResult(counted=check_rows(connection, findings, part.names))
    if part.kind == UNNAMED:
        check_unnamed(connection, findings, part.names)
    else:
        _check_pages(connection, findings, part.names)
    return PartResult()


def _check_pages(connection: Connection, findings: Findings, names: Iterable[str]) -> None:
    """SQLite's own check of these tables' pages and of every index against its table."""
    for name in names:
        quoted = name.replace('"', '""')
        for (damage,) in connection.execute(f'PRAGMA integrity_check("{quoted}")').fetchmany(_DAMAGES):
            if damage != "ok":
                findings.add("sqlite_master", "integrity_check", database.readable(damage))


def _tables(connection: Connection) -> list[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    return [name for (name,) in rows if isinstance(name, str)]


def _ranges(last_seq: int, processes: int) -> Iterator[tuple[int, int]]:
    count = 1 if processes == 1 or last_seq < BIG_ENTRIES else processes * _WALKS_A_PROCESS
    size = last_seq // count + 1
    for number in range(count):
        low = FIRST if number == 0 else number * size
        yield low, LAST if number == count - 1 else (number + 1) * size - 1


@contextlib.contextmanager
def _bytes_too(connection: Connection) -> Iterator[None]:
    connection.text_factory = _text_or_bytes
    try:
        yield
    finally:
        connection.text_factory = str


def _text_or_bytes(value: bytes) -> str | bytes:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def _named(counts: Counter[Any]) -> dict[str, int]:
    """Without what is no name: a table's name that was altered may be anything."""
    return {name: n for name, n in counts.items() if isinstance(name, str)}
