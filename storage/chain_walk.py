"""Walks the audit chain with its history beside it, in the order of change numbers, in constant memory."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import and_, select

from storage import chain, schema
from storage.errors import StorageError
from storage.findings import Findings
from storage.statements import Row, Statement

_AUDIT = Statement(select(schema.audit).order_by(schema.audit.c.seq))
_INLINE = "inline_"


def _history_with_inline_rows() -> Statement:
    joined: Any = schema.history
    columns: list[Any] = list(schema.history.c)
    for name in sorted(schema.INLINE):
        table, h = schema.FACTS[name], schema.history.c
        joined = joined.outerjoin(table, and_(h.table_name == name, table.c.id == h.row_id, h.payload.is_(None)))
        columns += [c.label(f"{_INLINE}{name}.{c.name}") for c in table.columns]
    source = select(*columns).select_from(joined).order_by(schema.history.c.seq, schema.history.c.position)
    return Statement(source)


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

    def run(self) -> None:
        """Walk."""
        groups = groupby(_HISTORY.stream(self._connection), key=lambda row: row["seq"])
        group = next(groups, None)
        for entry in _AUDIT.stream(self._connection):
            while group is not None and _before(group[0], entry["seq"]):
                self._orphans(group[1])
                group = next(groups, None)
            rows: list[Row] = []
            if group is not None and group[0] == entry["seq"]:
                rows = list(group[1])
                group = next(groups, None)
            self._entry(entry)
            self._rows(entry, rows)
        while group is not None:
            self._orphans(group[1])
            group = next(groups, None)

    def _entry(self, entry: Row) -> None:
        seq = int(entry["seq"])
        if seq != self.seq + 1:
            self._findings.add("audit", self.seq + 1, f"entries missing before {seq}", "seq")
        if entry["previous_hash"] != self.head:
            if entry["previous_hash"] == self._recomputed:
                self._findings.add("audit", self.seq, "hash altered", "hash")
            else:
                self._findings.add("audit", seq, "does not follow the entry before it", "previous_hash")
        self._recomputed = _entry_hash(entry)
        if self._recomputed != entry["hash"]:
            self._findings.add("audit", seq, "entry altered")
        self.entries += 1
        self.seq, self.head = seq, str(entry["hash"])

    def _rows(self, entry: Row, rows: list[Row]) -> None:
        expected = _digests(entry["digests"])
        for position, row in enumerate(rows):
            self._digest(row)
            if position >= len(expected):
                self._findings.add("history", _name(row), "no audit entry covers it")
                continue
            sealed = {"position": position, **dict(zip(_SEALED, expected[position], strict=True))}
            for field, value in sealed.items():
                if row[field] != value:
                    self._findings.add("history", _name(row), "differs from the audit entry", field)
        for table, row_id, version, _digest in expected[len(rows) :]:
            self._findings.add("history", f"{table}/{row_id}/{version}", f"missing (audit entry {entry['seq']})")

    def _orphans(self, rows: Iterator[Row]) -> None:
        for row in rows:
            self._findings.add("history", _name(row), "audit entry missing", "seq")
            self._digest(row)

    def _digest(self, row: Row) -> None:
        """The payload (or the immutable row itself) must give the digest; an erased one has neither it nor a salt."""
        if row["erased"]:
            if row["payload"] is None and row["salt"] is None:
                self._findings.erased += 1
            else:
                self._findings.add("history", _name(row), "flagged as erased but is not", "erased")
            return
        inline = row["payload"] is None and row["table_name"] in schema.INLINE
        payload = _inline_payload(row) if inline else row["payload"]
        table, row_id = (row["table_name"], row["row_id"]) if inline else ("history", _name(row))
        salt = row["salt"]
        if payload is None:
            self._findings.add(table, row_id, "row missing" if inline else "payload missing")
        elif not isinstance(salt, bytes) or len(salt) != chain.SALT_BYTES:
            self._findings.add("history", _name(row), "salt altered", "salt")
        elif not isinstance(payload, str) or chain.digest(salt, payload) != row["digest"]:
            self._findings.add(table, row_id, "row altered" if inline else "payload or digest altered")


_SEALED = ("table_name", "row_id", "version", "digest")


def _name(row: Row) -> str:
    return f"{row['seq']}/{row['position']}"


def _before(seq: object, other: object) -> bool:
    return isinstance(seq, int) and isinstance(other, int) and seq < other


def _entry_hash(entry: Row) -> str:
    try:
        return chain.entry_hash(entry)
    except StorageError:  # a value without canonical form (a blob) was never written by us
        return ""


def _digests(text: object) -> list[tuple[str, str, int, str]]:
    try:
        found = [tuple(item) for item in json.loads(str(text))]
    except (ValueError, TypeError):
        return []
    return found if all(len(item) == len(_SEALED) for item in found) else []


def _inline_payload(row: Row) -> str | None:
    prefix = f"{_INLINE}{row['table_name']}."
    values = {k.removeprefix(prefix): v for k, v in row.items() if k.startswith(prefix) and v is not None}
    if "id" not in values:
        return None
    try:
        return chain.payload(values)
    except StorageError:
        return ""
