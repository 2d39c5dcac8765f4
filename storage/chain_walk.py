"""Walks a part of the audit chain with its history beside it, in the order of change numbers, in constant memory.

A part is a range of change numbers; parts may be walked by several processes. The first entry of a part is compared
with the one before it, which belongs to another part.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, select

from storage import chain, schema
from storage.driver import Connection
from storage.errors import StorageError
from storage.findings import Findings
from storage.inline_rows import InlineRows
from storage.statements import Statement

ERASURE = "erase"
"""Action of the audit entry that every lawfully erased row leaves; its subject is that row."""

FIRST, LAST = -(2**63), 2**63 - 1

_SALT_BYTES = chain.SALT_BYTES

_Row = tuple[Any, ...]
"""As the driver gives it: a dict for each of millions of rows would cost as much as its digest."""

_COLUMNS = ("seq", "position", "table_name", "row_id", "version", "digest", "payload", "salt", "erased")
_SEQ, _POSITION, _TABLE, _ROW_ID, _VERSION, _DIGEST, _PAYLOAD, _SALT, _ERASED = range(len(_COLUMNS))
_SEALED = _COLUMNS[_TABLE:_PAYLOAD]

_BODY = sorted(str(c.name) for c in schema.audit.columns if c.name not in ("previous_hash", "hash"))
_AUDIT_COLUMNS = (*_BODY, "previous_hash", "hash")
_AT, _ACTION, _DIGESTS, _SUBJECT, _SUBJECT_ID = (
    _AUDIT_COLUMNS.index(n) for n in ("seq", "action", "digests", "subject", "subject_id")
)
_PREVIOUS, _HASH = len(_BODY), len(_BODY) + 1

_a, _h = schema.audit.c, schema.history.c
_ENTRIES = select(*(_a[n] for n in _AUDIT_COLUMNS))
_AUDIT = Statement(_ENTRIES.where(_a.seq >= bindparam("low"), _a.seq <= bindparam("high")).order_by(_a.seq))
_BEFORE = Statement(_ENTRIES.where(_a.seq < bindparam("low")).order_by(_a.seq.desc()).limit(1))
_PAST = select(*(_h[n] for n in _COLUMNS)).where(_h.seq >= bindparam("low")).order_by(_h.seq, _h.position)
_HISTORY = Statement(_PAST.where(_h.seq < bindparam("end")))
_HISTORY_TO_THE_END = Statement(_PAST)
"""Text and blobs come behind all numbers: whatever was put into the column is walked."""

_sha256 = hashlib.sha256


@dataclass(slots=True)
class Walked:
    """What a part saw; `erasures` are the newest entry of each erased row, `erased` those that wait for one of them."""

    entries: int = 0
    seq: int = 0
    head: str = chain.GENESIS
    inline: Counter[str] = field(default_factory=Counter)
    """Rows of each immutable table that gave their digest's payload."""
    history: Counter[str] = field(default_factory=Counter)
    """History rows of each table."""
    erasures: dict[tuple[str, str], int] = field(default_factory=dict)
    erased: list[tuple[int, int, str, str]] = field(default_factory=list)


class ChainWalk:
    """One pass over the entries from `low` to `high`."""

    def __init__(self, connection: Connection, findings: Findings, low: int = FIRST, high: int = LAST) -> None:
        self._connection = connection
        self._findings = findings
        self._low, self._high = low, high
        self._inline = {name: InlineRows(connection, schema.FACTS[name]) for name in sorted(schema.INLINE)}
        self._known = frozenset(schema.FACTS)
        self._recomputed = chain.GENESIS
        self.walked = Walked()

    def run(self) -> Walked:
        """Walk."""
        walked = self.walked
        self._begin()
        history = self._history()
        row = next(history, None)
        for entry in _AUDIT.run(self._connection, {"low": self._low, "high": self._high}):
            seq = entry[_AT]
            rows: list[_Row] = []
            while row is not None:
                if row[_SEQ] == seq:
                    rows.append(row)
                elif rows or not _before(row[_SEQ], seq):
                    break
                else:
                    self._orphan(row)
                row = next(history, None)
            self._entry(entry)
            self._rows(entry, rows)
        while row is not None:
            self._orphan(row)
            row = next(history, None)
        for inline in self._inline.values():
            inline.close()
        self._settle()
        return walked

    def _begin(self) -> None:
        entry = next(iter(_BEFORE.run(self._connection, {"low": self._low}).fetchall()), None)
        if entry is not None:
            self.walked.seq, self.walked.head = int(entry[_AT]), str(entry[_HASH])
            self._recomputed = _entry_hash(entry)

    def _history(self) -> Iterator[_Row]:
        if self._high == LAST:
            return _HISTORY_TO_THE_END.run(self._connection, {"low": self._low})
        return _HISTORY.run(self._connection, {"low": self._low, "end": self._high + 1})

    def _entry(self, entry: _Row) -> None:
        walked, seq = self.walked, entry[_AT]
        if seq != walked.seq + 1:
            self._findings.add("audit", walked.seq + 1, f"entries missing before {seq}", "seq")
        if entry[_PREVIOUS] != walked.head:
            if entry[_PREVIOUS] == self._recomputed:
                self._findings.add("audit", walked.seq, "hash altered", "hash")
            else:
                self._findings.add("audit", seq, "does not follow the entry before it", "previous_hash")
        self._recomputed = _entry_hash(entry)
        if self._recomputed != entry[_HASH]:
            self._findings.add("audit", seq, "entry altered")
        walked.entries += 1
        walked.seq, walked.head = seq, str(entry[_HASH])
        if entry[_ACTION] == ERASURE:
            walked.erasures[str(entry[_SUBJECT]), str(entry[_SUBJECT_ID])] = seq

    def _rows(self, entry: _Row, rows: list[_Row]) -> None:
        """The list as it must have been, made of sound rows, is compared as text; only another one is read."""
        listed = [row[_TABLE:_PAYLOAD] for at, row in enumerate(rows) if self._digest(row) and row[_POSITION] == at]
        text = chain.quick(listed).decode() if len(listed) == len(rows) else ""
        if text and text == entry[_DIGESTS]:
            return
        expected = _digests(entry[_DIGESTS])
        for position, row in enumerate(rows):
            if position >= len(expected):
                self._findings.add("history", _name(row), "no audit entry covers it")
                continue
            sealed = {"position": position, **dict(zip(_SEALED, expected[position], strict=True))}
            for name, value in sealed.items():
                if row[_COLUMNS.index(name)] != value:
                    self._findings.add("history", _name(row), "differs from the audit entry", name)
        for table, row_id, version, _ in expected[len(rows) :]:
            self._findings.add("history", f"{table}/{row_id}/{version}", f"missing (audit entry {entry[_AT]})")

    def _orphan(self, row: _Row) -> None:
        self._findings.add("history", _name(row), "audit entry missing", "seq")
        self._digest(row)

    def _digest(self, row: _Row) -> bool:
        """The payload (or the immutable row itself) must give the digest; an erased one has neither it nor a salt.
        True: it does, and the row is of a table of ours."""
        _, _, table, row_id, _version, digest, payload, salt, erased = row
        self.walked.history[table] += 1
        if erased:
            self._erasure(row)
        elif table in self._inline:
            return self._inline_digest(row, self._inline[table])
        elif payload is None:
            self._findings.add("history", _name(row), "payload missing")
        elif not isinstance(salt, bytes) or len(salt) != _SALT_BYTES:
            self._findings.add("history", _name(row), "salt altered", "salt")
        elif not isinstance(payload, str) or _sha256(salt + payload.encode()).hexdigest() != digest:
            self._findings.add("history", _name(row), "payload or digest altered")
        else:
            return table in self._known and isinstance(row_id, str)
        return False

    def _inline_digest(self, row: _Row, inline: InlineRows) -> bool:
        _, _, table, row_id, version, digest, payload, salt, _ = row
        if payload is not None:
            self._findings.add("history", _name(row), "a payload where the row itself is it", "payload")
        found = inline.take(row_id)
        if found is None:
            self._findings.add(table, row_id, "row missing")
            return False
        if version == 1:
            self.walked.inline[table] += 1
        if not isinstance(salt, bytes) or len(salt) != _SALT_BYTES:
            self._findings.add("history", _name(row), "salt altered", "salt")
        elif not inline.gives(found, salt, digest):
            self._findings.add(table, row_id or _name(row), "row altered")
        else:
            return isinstance(row_id, str)
        return False

    def _erasure(self, row: _Row) -> None:
        table, row_id = row[_TABLE], row[_ROW_ID]
        if row[_PAYLOAD] is not None or row[_SALT] is not None:
            self._findings.add("history", _name(row), "flagged as erased but is not", "erased")
        elif table in self._inline and self._inline[table].take(row_id) is not None:
            self._findings.add(table, row_id, "still there though its history is erased")
        if isinstance(row[_SEQ], int) and isinstance(table, str) and isinstance(row_id, str):
            self.walked.erased.append((row[_SEQ], row[_POSITION], table, row_id))
        else:
            self._findings.add("history", _name(row), "erased, but no entry of the chain says so", "erased")

    def _settle(self) -> None:
        """Erasures that a later entry of this part speaks of; the others may be spoken of in a later part."""
        walked = self.walked
        count = len(walked.erased)
        walked.erased = [e for e in walked.erased if walked.erasures.get((e[2], e[3]), FIRST) <= e[0]]
        self._findings.erased += count - len(walked.erased)


def _name(row: _Row) -> str:
    return f"{row[_SEQ]}/{row[_POSITION]}"


def _before(seq: object, other: int) -> bool:
    return isinstance(seq, int | float) and seq < other


def _entry_hash(entry: _Row) -> str:
    """The hash of an audit row. What the quick form does not fit goes the long way."""
    action, actor, at_utc_s, digests, row_id, seq, subject, subject_id, previous, hashed = entry
    body = {
        "action": action,
        "actor_id": actor,
        "at_utc_s": at_utc_s,
        "digests": digests,
        "id": row_id,
        "seq": seq,
        "subject": subject,
        "subject_id": subject_id,
    }
    if isinstance(previous, str) and chain.quickly_gives(previous.encode(), body, hashed):
        return str(hashed)
    try:
        return chain.hash_after(previous, body)
    except StorageError:  # a value without canonical form (a blob) was never written by us
        return ""


def _digests(text: object) -> list[tuple[str, str, int, str]]:
    try:
        found = [tuple(item) for item in json.loads(str(text))]
    except (ValueError, TypeError, RecursionError):
        return []
    return found if all(len(item) == len(_SEALED) for item in found) else []


def settle_erasures(parts: Iterable[Walked], findings: Findings) -> None:
    """What was erased in one part must be spoken of by a later entry in any."""
    said: dict[tuple[str, str], int] = {}
    waiting: list[tuple[int, int, str, str]] = []
    for part in parts:
        waiting += part.erased
        for row, seq in part.erasures.items():
            said[row] = max(seq, said.get(row, FIRST))
    for seq, position, table, row_id in waiting:
        if said.get((table, row_id), FIRST) > seq:
            findings.erased += 1
        else:
            findings.add("history", f"{seq}/{position}", "erased, but no entry of the chain says so", "erased")
