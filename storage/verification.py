"""Proves that a journal is whole, or names what was altered. Reads only; needs no key that is secret.

Checked: the file's schema and pages; the chain; every digest against its payload; every current row against its newest
history; rows without history and history without rows; the signed checkpoints inside, and those in a folder elsewhere,
which alone can show that the newest rows were cut off or an old copy was put back; on wish the evidence files. Lawfully
erased history (payload and salt gone, flag set) is counted, not reported. A large file is shared by several processes.
"""

from __future__ import annotations

import contextlib
import hashlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from storage import database, schema, schema_cases
from storage.chain import GENESIS
from storage.chain_walk import Walked, settle_erasures
from storage.checkpoint_check import ELSEWHERE, Signatures
from storage.checkpoints import OutsideCheckpoint, read_outside
from storage.driver import Connection
from storage.errors import StorageCode, StorageError
from storage.findings import LIMIT, Findings
from storage.journal import Problem, Verification
from storage.journal_keys import JournalKeys
from storage.keys import fingerprint
from storage.layout import check_layout, present
from storage.row_counts import count_rows
from storage.statements import Row, Statement
from storage.verify_parts import BIG_ENTRIES, UNNAMED, Part, PartResult, decoded, last_seq, plan, run_part
from storage.verify_team import Mate, agree, processors, share, team

_CHECKPOINTS = Statement(select(schema.checkpoints).order_by(schema.checkpoints.c.seq, schema.checkpoints.c.id))
_STORED = {
    str(table.name): Statement(select(table.c.id, table.c.path, table.c.sha256))
    for table in (schema.evidence, schema_cases.exhibits)
}
"""Rows that name a file of the evidence store."""
_ERASURES = Statement(
    select(schema.history.c.seq, schema_cases.erasures.c.rows)
    .select_from(schema_cases.erasures)
    .join(schema.history, schema.history.c.row_id == schema_cases.erasures.c.id)
    .where(schema.history.c.table_name == str(schema_cases.erasures.name), schema.history.c.version == 1)
)


@dataclass(frozen=True, slots=True)
class Scope:
    """What is looked at beside the file. `elsewhere`: the copies of checkpoints by journal, None without a folder;
    `at_home`: it is this journal's own, so that it has to know it; `home_key`: id of the key that signs there;
    `evidence`: the store's folder; `trusted_keys`: ids (SHA-256 of public keys) of the only acceptable signers;
    `checkpoints`: the folder that `elsewhere` was read from."""

    elsewhere: Mapping[str, list[OutsideCheckpoint]] | None = None
    at_home: bool = False
    evidence: Path | None = None
    trusted_keys: Collection[str] | None = None
    home_key: str | None = None
    checkpoints: Path | None = None


def verify_file(
    path: Path,
    *,
    checkpoints: Path | None = None,
    evidence: Path | None = None,
    trusted_keys: Collection[str] | None = None,
    at_home: bool = False,
    home_key: str | None = None,
    processes: int | None = None,
    keys: JournalKeys | None = None,
) -> Verification:
    """Verify a journal file that may be a copy, open elsewhere, or on a read-only medium; changes nothing.

    `checkpoints`: the folder with the copies of checkpoints; `processes`: None chooses by size and machine; for the
    others see `Scope`; `keys`: for an encrypted file. Raises NOT_FOUND, NOT_A_JOURNAL, NEWER_JOURNAL, DAMAGED,
    KEY_MISSING, NO_CIPHER."""
    if not database.inspect(path, keys):
        raise StorageError(StorageCode.NOT_FOUND, path=str(path))
    file_key = database.key_for(path, keys)
    with contextlib.closing(database.connect_for_reading(path, file_key)) as connection, database.typed(path):
        scope = Scope(_elsewhere(checkpoints), at_home, evidence, trusted_keys, home_key, checkpoints)
        if processes is None:
            processes = processors() if last_seq(connection) >= BIG_ENTRIES else 1
        with team(path, processes - 1, keys) as mates:
            return _verified(connection, scope, agree(connection, mates))


def verify_connection(
    connection: Connection,
    *,
    checkpoints: Path | None = None,
    evidence: Path | None = None,
    trusted_keys: Collection[str] | None = None,
    at_home: bool = False,
    home_key: str | None = None,
) -> Verification:
    """Verify what a connection at the start of a read transaction sees, in this thread; see `verify_file`."""
    return _verified(
        connection, Scope(_elsewhere(checkpoints), at_home, evidence, trusted_keys, home_key, checkpoints), []
    )


def _elsewhere(folder: Path | None) -> dict[str, list[OutsideCheckpoint]] | None:
    """Before the first read fixes what the transaction sees: a checkpoint signed meanwhile is no rows cut off."""
    return None if folder is None else read_outside(folder)


@dataclass(slots=True)
class _Collected:
    """Findings of all parts, in their order."""

    problems: dict[Problem, None] = field(default_factory=dict)
    erased: int = 0

    def add(self, problems: Iterable[Problem], erased: int = 0) -> None:
        """What one part found."""
        self.problems |= dict.fromkeys(problems)
        self.erased += erased


def _verified(connection: Connection, scope: Scope, mates: Sequence[Mate]) -> Verification:
    collected = _Collected()
    readable, findings = decoded(connection, lambda f: check_layout(connection, f))
    collected.add(findings.problems)
    if not readable:
        return Verification(0, 0, GENESIS, None, 0, _limited(collected))
    results = share(connection, plan(connection, len(mates) + 1), mates)
    for result in results:
        collected.add(result.problems, result.erased)
    walks = [result.walked for result in results if result.walked is not None]
    counts = count_rows(connection)
    findings = Findings()
    settle_erasures(walks, findings)
    _check_erasures(connection, walks, findings)
    _check_index(results, walks, findings)
    collected.add(findings.problems, findings.erased)
    collected.add(_unnamed(connection, walks, counts).problems)
    end = next((w for w in reversed(walks) if w.entries), Walked())
    were = _with_erased(counts, walks)
    (key, checkpoints), findings = decoded(connection, lambda f: _check_signatures(connection, f, scope, end, were))
    collected.add(findings.problems)
    entries = sum(walked.entries for walked in walks)
    if scope.evidence is not None and entries:
        folder = scope.evidence
        _, findings = decoded(connection, lambda f: _check_evidence(connection, folder, f))
        collected.add(findings.problems)
    return Verification(
        rows=sum(counts.values()),
        entries=entries,
        head=end.head,
        key_fingerprint=key,
        checkpoints=checkpoints,
        problems=_limited(collected),
        erased=collected.erased,
    )


def _limited(collected: _Collected) -> tuple[Problem, ...]:
    return tuple(collected.problems)[:LIMIT]


def _with_erased(counts: Mapping[str, int], walks: Iterable[Walked]) -> dict[str, int]:
    """Rows that were there or were lawfully erased since: a checkpoint counted them when it was signed."""
    erased = Counter(table for table, _ in {name for walk in walks for name in walk.erasures})
    return {name: count + erased[name] for name, count in counts.items()}


def _check_erasures(connection: Connection, walks: Iterable[Walked], findings: Findings) -> None:
    """Entries of an erasure stand together, the last one with the record of the law: others are no lawful ones."""
    newest = {name: seq for walk in walks for name, seq in walk.erasures.items()}
    if not newest:
        return
    laws = _ERASURES.rows(connection) if schema_cases.erasures.name in present(connection) else []
    ends = {row["seq"]: row["rows"] for row in laws if isinstance(row["seq"], int) and isinstance(row["rows"], int)}
    lasts = sorted(ends)
    for (table, row_id), seq in newest.items():
        place = bisect_left(lasts, seq)
        if place == len(lasts) or seq < lasts[place] - ends[lasts[place]]:
            findings.add(table, row_id, "erased, but no record says by which law")


def _check_index(results: Iterable[PartResult], walks: Iterable[Walked], findings: Findings) -> None:
    """Rows are compared with their newest history by an index: it must not have left any out."""
    walked: Counter[str] = Counter()
    for walk in walks:
        walked.update(walk.history)
    for result in results:
        for name, counted in result.counted.items():
            if counted != walked[name]:
                findings.add("history", name, f"its index has {counted} rows of this table instead of {walked[name]}")


def _unnamed(connection: Connection, walks: Iterable[Walked], counts: Mapping[str, int]) -> PartResult:
    """Immutable rows are as many as those that history named: then there is no other one."""
    named: Counter[str] = Counter()
    for walk in walks:
        named.update(walk.inline)
    doubtful = tuple(name for name in sorted(schema.INLINE) if name in counts and counts[name] != named[name])
    return run_part(connection, Part(UNNAMED, doubtful))


def _check_signatures(
    connection: Connection, findings: Findings, scope: Scope, end: Walked, counts: dict[str, int]
) -> tuple[str | None, int]:
    """The newest signer's fingerprint and the number of checkpoints inside."""
    signed = Signatures(connection, findings, scope.trusted_keys, end.seq)
    inside = _CHECKPOINTS.rows(connection)
    for row in inside:
        signed.check_inside(row, counts)
    copies = (scope.elsewhere or {}).get(signed.journal_id, [])
    if scope.at_home and scope.elsewhere is not None:
        _check_home(signed.journal_id, inside, copies, scope, findings)
    for copy in copies:
        signed.check_outside(copy)
    return fingerprint(str(inside[-1]["key_id"])) if inside else None, len(inside)


def _check_home(
    journal_id: str, inside: Sequence[Row], copies: Sequence[OutsideCheckpoint], scope: Scope, findings: Findings
) -> None:
    """The folder of this home knows its journal, and from the first checkpoint that was signed here. What another key
    signed came with the journal from another machine; a folder that was emptied stays named when new copies come."""
    if not copies and any((scope.elsewhere or {}).values()):
        what = "no checkpoint of this journal is there: they are lost, or another journal was put in its place"
        findings.add(ELSEWHERE, journal_id, what)
        return
    ours = [row["seq"] for row in inside if scope.home_key in (None, row["key_id"]) and isinstance(row["seq"], int)]
    if not ours or not _lost(min(ours), copies, scope.home_key):
        return
    # The very first one may have been signed since the folder was read.
    again = read_outside(scope.checkpoints).get(journal_id, []) if scope.checkpoints is not None else copies
    if _lost(min(ours), again, scope.home_key):
        what = f"the checkpoints from {min(ours)} on that were signed here are not there: the folder was emptied"
        findings.add(ELSEWHERE, journal_id, what)


def _lost(first: int, copies: Sequence[OutsideCheckpoint], home_key: str | None) -> bool:
    known = [seq for copy in copies if isinstance(seq := copy.row.get("seq"), int)]
    return not known or (home_key is not None and first < min(known))


def _check_evidence(connection: Connection, folder: Path, findings: Findings) -> None:
    there = present(connection)
    for name, row in ((n, row) for n, s in _STORED.items() if n in there for row in s.rows(connection)):
        try:
            problem = _evidence_problem(folder, row)
        except (OSError, ValueError):  # a name that no file can have, no right to read it
            problem = ("file cannot be read", "path")
        if problem is not None:
            findings.add(name, row["id"], *problem)


def _evidence_problem(folder: Path, row: Row) -> tuple[str, str] | None:
    path = folder / str(row["path"])
    if not path.resolve().is_relative_to(folder.resolve()):
        return "file outside the store", "path"
    if not path.is_file():
        return "file missing", "path"
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != row["sha256"]:
            return "file altered", "sha256"
    return None
