"""Walks the audit chain with its history beside it, in the order of change numbers, in constant memory."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Text, and_, literal_column, select

from storage import chain, schema
from storage.errors import StorageError
from storage.findings import Findings
from storage.statements import Statement

ERASURE = "erase"
"""Action of the audit entry that every lawfully erased row leaves; its subject is that row."""

_Row = tuple[Any, ...]
"""As the driver gives it: a dict for each of millions of rows would cost as much as its digest."""

_SEQ, _POSITION, _TABLE, _ROW_ID, _VERSION, _DIGEST, _PAYLOAD, _SALT, _ERASED, _REST = range(10)
_SEALED = ("table_name", "row_id", "version", "digest")
_HISTORY_COLUMNS = ("seq", "position", *_SEALED, "payload", "salt", "erased")

_BODY = sorted(str(c.name) for c in schema.audit.columns if c.name not in ("previous_hash", "hash"))
_AUDIT_COLUMNS = (*_BODY, "previous_hash", "hash")
_AUDIT = Statement(select(*(schema.audit.c[n] for n in _AUDIT_COLUMNS)).order_by(schema.audit.c.seq))
_AT, _ACTION, _DIGESTS, _SUBJECT, _SUBJECT_ID = (
    _AUDIT_COLUMNS.index(n) for n in ("seq", "action", "digests", "subject", "subject_id")
)
_PREVIOUS, _HASH = len(_BODY), len(_BODY) + 1


def _inline_columns() -> dict[str, tuple[slice, tuple[str, ...]]]:
    found, start = {}, _REST
    for name in sorted(schema.INLINE):
        names = tuple(sorted(str(c.name) for c in schema.FACTS[name].columns))
        found[name] = (slice(start, start + len(names)), names)
        start += len(names)
    return found


_INLINE = _inline_columns()


def _history_with_inline_rows() -> Statement:
    h: Any = schema.history.c
    joined: Any = schema.history
    columns: list[Any] = [h[name] for name in _HISTORY_COLUMNS]
    for name, (_, names) in _INLINE.items():
        table = schema.FACTS[name]
        joined = joined.outerjoin(
            table, and_(h.table_name == literal_column(f"'{name}'", Text), table.c.id == h.row_id)
        )
        columns += [table.c[n] for n in names]
    return Statement(select(*columns).select_from(joined).order_by(h.seq, h.position))


_HISTORY = _history_with_inline_rows()


class ChainWalk:
    """One pass over the whole chain; afterwards `entries`, `seq` and `head` describe its end."""

    def __init__(self, connection: sqlite3.Connection, findings: Findings) -> None:
        self._connection = connection
        self._findings = findings
        self.entries = 0
        self.seq = 0
        self.head = chain.GENESIS
        self._recomputed = chain.GENESIS
        self._erased: list[_Row] = []
        self._erasures: dict[tuple[object, object], int] = {}

    def run(self) -> None:
        """Walk."""
        groups = groupby(_HISTORY.run(self._connection), key=itemgetter(_SEQ))
        group = next(groups, None)
        for entry in _AUDIT.run(self._connection):
            seq = entry[_AT]
            while group is not None and _before(group[0], seq):
                self._orphans(group[1])
                group = next(groups, None)
            rows: list[_Row] = []
            if group is not None and group[0] == seq:
                rows = list(group[1])
                group = next(groups, None)
            self._entry(entry)
            self._rows(entry, rows)
        while group is not None:
            self._orphans(group[1])
            group = next(groups, None)
        self._check_erasures()

    def _entry(self, entry: _Row) -> None:
        seq = int(entry[_AT])
        if seq != self.seq + 1:
            self._findings.add("audit", self.seq + 1, f"entries missing before {seq}", "seq")
        if entry[_PREVIOUS] != self.head:
            if entry[_PREVIOUS] == self._recomputed:
                self._findings.add("audit", self.seq, "hash altered", "hash")
            else:
                self._findings.add("audit", seq, "does not follow the entry before it", "previous_hash")
        self._recomputed = _entry_hash(entry)
        if self._recomputed != entry[_HASH]:
            self._findings.add("audit", seq, "entry altered")
        self.entries += 1
        self.seq, self.head = seq, str(entry[_HASH])
        if entry[_ACTION] == ERASURE:
            self._erasures[entry[_SUBJECT], entry[_SUBJECT_ID]] = seq

    def _rows(self, entry: _Row, rows: list[_Row]) -> None:
        """The list as it must have been, made of sound rows, is compared as text; only another one is read."""
        sound = True
        for position, row in enumerate(rows):
            if not self._digest(row) or row[_POSITION] != position or type(row[_VERSION]) is not int:
                sound = False
        if sound and chain.digest_list([row[_TABLE:_PAYLOAD] for row in rows]) == entry[_DIGESTS]:
            return
        expected = _digests(entry[_DIGESTS])
        for position, row in enumerate(rows):
            if position >= len(expected):
                self._findings.add("history", _name(row), "no audit entry covers it")
                continue
            sealed = {"position": position, **dict(zip(_SEALED, expected[position], strict=True))}
            for field, value in sealed.items():
                if row[_HISTORY_COLUMNS.index(field)] != value:
                    self._findings.add("history", _name(row), "differs from the audit entry", field)
        for table, row_id, version, _ in expected[len(rows) :]:
            self._findings.add("history", f"{table}/{row_id}/{version}", f"missing (audit entry {entry[_AT]})")

    def _orphans(self, rows: Iterable[_Row]) -> None:
        for row in rows:
            self._findings.add("history", _name(row), "audit entry missing", "seq")
            self._digest(row)

    def _digest(self, row: _Row) -> bool:
        """The payload (or the immutable row itself) must give the digest; an erased one has neither it nor a salt.
        True: it does, and the row is of a table of ours."""
        if row[_ERASED]:
            self._erasure(row)
            return False
        inline = _INLINE.get(row[_TABLE])
        payload, salt = row[_PAYLOAD], row[_SALT]
        table, row_id = "history", ""
        if inline is not None:
            if payload is not None:
                self._findings.add("history", _name(row), "a payload where the row itself is it", "payload")
            table, row_id = row[_TABLE], row[_ROW_ID]
            payload = _inline_payload(row, *inline)
        if payload is None:
            self._findings.add(table, row_id or _name(row), "row missing" if inline else "payload missing")
        elif not isinstance(salt, bytes) or len(salt) != chain.SALT_BYTES:
            self._findings.add("history", _name(row), "salt altered", "salt")
        elif not isinstance(payload, str) or chain.digest(salt, payload) != row[_DIGEST]:
            what = "row altered" if inline else "payload or digest altered"
            self._findings.add(table, row_id or _name(row), what)
        else:
            return row[_TABLE] in schema.FACTS and isinstance(row[_ROW_ID], str)
        return False

    def _erasure(self, row: _Row) -> None:
        if row[_PAYLOAD] is not None or row[_SALT] is not None:
            self._findings.add("history", _name(row), "flagged as erased but is not", "erased")
        elif row[_TABLE] in _INLINE and any(value is not None for value in row[_INLINE[row[_TABLE]][0]]):
            self._findings.add(row[_TABLE], row[_ROW_ID], "still there though its history is erased")
        self._erased.append(row[: _VERSION + 1])

    def _check_erasures(self) -> None:
        for row in self._erased:
            if self._erasures.get((row[_TABLE], row[_ROW_ID]), 0) > row[_SEQ]:
                self._findings.erased += 1
            else:
                self._findings.add("history", _name(row), "erased, but no entry of the chain says so", "erased")


def _name(row: _Row) -> str:
    return f"{row[_SEQ]}/{row[_POSITION]}"


def _before(seq: object, other: int) -> bool:
    return isinstance(seq, int | float) and seq < other


def _entry_hash(entry: _Row) -> str:
    try:
        return chain.hash_after(entry[_PREVIOUS], dict(zip(_BODY, entry, strict=False)))
    except StorageError:  # a value without canonical form (a blob) was never written by us
        return ""


def _digests(text: object) -> list[tuple[str, str, int, str]]:
    try:
        found = [tuple(item) for item in json.loads(str(text))]
    except (ValueError, TypeError, RecursionError):
        return []
    return found if all(len(item) == len(_SEALED) for item in found) else []


def _inline_payload(row: _Row, columns: slice, names: Iterable[str]) -> str | None:
    values = dict(zip(names, row[columns], strict=True))
    if values["id"] is None:
        return None
    try:
        return chain.payload(values)
    except StorageError:
        return ""
