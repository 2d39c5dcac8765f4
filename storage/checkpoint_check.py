"""Checks signed checkpoints, inside the journal and elsewhere, against the chain and the register of keys."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from sqlalchemy import bindparam, select

from storage import schema
from storage.checkpoints import JOURNAL_ID, OutsideCheckpoint, holds
from storage.driver import Connection
from storage.errors import StorageError
from storage.findings import Findings
from storage.keys import key_id
from storage.statements import Row, Statement, Value, row_by_id

ELSEWHERE = "checkpoints elsewhere"
"""What findings call the folder with the copies."""

_KEYS = Statement(select(schema.signing_keys))
_HASH_AT = Statement(select(schema.audit.c.hash).where(schema.audit.c.seq == bindparam("at_seq")))


class Signatures:
    """The register as the connection sees it; `last_seq` is the end of the chain, `trusted` the only good signers."""

    def __init__(
        self, connection: Connection, findings: Findings, trusted: Collection[str] | None, last_seq: int
    ) -> None:
        self._connection = connection
        self._findings = findings
        self._trusted = trusted
        self._last_seq = last_seq
        self._keys = {str(row["id"]): str(row["public_key"]) for row in _KEYS.rows(connection)}
        self.journal_id = str((row_by_id(schema.meta).row(connection, {"row_key": JOURNAL_ID}) or {}).get("value"))

    def check_inside(self, row: Row, counts: dict[str, int]) -> None:
        """A row of the checkpoints table."""
        name = schema.checkpoints.name
        public_key = self._keys.get(str(row["key_id"]), "")
        self._check_signature(name, row["id"], row, public_key)
        self._check_position(name, row["id"], row)
        for table, n in _counted(row["rows"]).items():
            if counts.get(table, 0) < n:
                self._findings.add(table, row["id"], f"{n - counts.get(table, 0)} rows fewer than at this checkpoint")

    def check_outside(self, copy: OutsideCheckpoint) -> None:
        """A line of the file elsewhere; its key must be one that the journal registered."""
        line = f"line {copy.line}"
        if not isinstance(copy.row.get("seq"), int) or not isinstance(copy.row.get("signature"), str):
            self._findings.add(ELSEWHERE, line, "not a checkpoint")
            return
        if self._keys.get(str(copy.row.get("key_id"))) != copy.public_key and not self._behind(copy.row):
            self._findings.add(ELSEWHERE, line, "its key is not in the journal's register", "key_id")
        self._check_signature(ELSEWHERE, line, copy.row, copy.public_key)
        self._check_position(ELSEWHERE, line, copy.row)

    def _behind(self, row: Mapping[str, Value]) -> bool:
        return isinstance(row["seq"], int) and row["seq"] > self._last_seq

    def _check_signature(self, table: str, row_id: object, row: Mapping[str, Value], public_key: str) -> None:
        try:
            good = key_id(public_key) == row["key_id"] and holds(self.journal_id, public_key, row)
        except (KeyError, ValueError, StorageError):
            good = False
        if not good:
            self._findings.add(table, row_id, "signature does not hold", "signature")
        elif self._trusted is not None and row["key_id"] not in self._trusted:
            self._findings.add(table, row_id, "signer unknown", "key_id")

    def _check_position(self, table: str, row_id: object, row: Mapping[str, Value]) -> None:
        if self._behind(row):
            what = f"the journal ends at {self._last_seq}, before this checkpoint: rows cut off or an old copy put back"
            self._findings.add(table, row_id, what, "seq")
            return
        found = _HASH_AT.row(self._connection, {"at_seq": row["seq"]})
        if found is None or found["hash"] != row["head"]:
            self._findings.add(table, row_id, "the chain is not the one that was signed", "head")


def _counted(text: Value) -> dict[str, int]:
    try:
        found = json.loads(str(text))
    except (ValueError, RecursionError):
        return {}
    return {k: v for k, v in found.items() if isinstance(v, int)} if isinstance(found, dict) else {}
