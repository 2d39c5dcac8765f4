"""Proves that a journal is whole, or names what was altered. Reads only; needs no key that is secret.

Checked: the chain; every digest against its payload; every current row against its newest history; rows without
history and history without rows; the signed checkpoints inside, and those in a folder elsewhere, which alone can show
that the newest rows were cut off or an old copy was put back; on wish the evidence files. Lawfully erased history
(payload and salt gone, flag set) is counted, not reported.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from sqlalchemy import bindparam, func, select

from storage import database, schema
from storage.chain_walk import ChainWalk
from storage.checkpoints import JOURNAL_ID, OutsideCheckpoint, holds, read_outside
from storage.errors import StorageCode, StorageError
from storage.findings import Findings
from storage.journal import Verification
from storage.keys import fingerprint, key_id
from storage.layout import check_layout, present
from storage.row_walk import check_rows
from storage.statements import Row, Statement, Value, row_by_id

_CHECKPOINTS = Statement(select(schema.checkpoints).order_by(schema.checkpoints.c.seq, schema.checkpoints.c.id))
_KEYS = Statement(select(schema.signing_keys))
_EVIDENCE = Statement(select(schema.evidence.c.id, schema.evidence.c.path, schema.evidence.c.sha256))
_HASH_AT = Statement(select(schema.audit.c.hash).where(schema.audit.c.seq == bindparam("at_seq")))
_COUNTS = {name: Statement(select(func.count().label("n")).select_from(t)) for name, t in schema.FACTS.items()}
_OUTSIDE = "checkpoints elsewhere"


def verify_file(
    path: Path,
    *,
    checkpoints: Path | None = None,
    evidence: Path | None = None,
    trusted_keys: Collection[str] | None = None,
    at_home: bool = False,
) -> Verification:
    """Verify a journal file that may be a copy, open elsewhere, or on a read-only medium; changes nothing.

    `checkpoints`: the folder with the copies of checkpoints, `at_home`: which is this journal's own, so that it has to
    know it; `evidence`: the store's folder; `trusted_keys`: ids (SHA-256 of public keys) of the only acceptable
    signers. Raises NOT_FOUND, NOT_A_JOURNAL, NEWER_JOURNAL, DAMAGED."""
    if not database.inspect(path):
        raise StorageError(StorageCode.NOT_FOUND, path=str(path))
    with contextlib.closing(database.connect_for_reading(path)) as connection, database.typed(path):
        connection.execute("BEGIN")
        return verify_connection(
            connection, checkpoints=checkpoints, evidence=evidence, trusted_keys=trusted_keys, at_home=at_home
        )


def verify_connection(
    connection: sqlite3.Connection,
    *,
    checkpoints: Path | None = None,
    evidence: Path | None = None,
    trusted_keys: Collection[str] | None = None,
    at_home: bool = False,
) -> Verification:
    """Verify what a connection at the start of a read transaction sees; see `verify_file`."""
    # Before the first read fixes what the transaction sees: a checkpoint signed meanwhile is no rows cut off.
    elsewhere = {} if checkpoints is None else read_outside(checkpoints)
    for read_text in (str, _text_or_bytes):
        findings = Findings()
        connection.text_factory = read_text
        try:
            found = _verified(
                connection, findings, elsewhere, trusted_keys, at_home=at_home and checkpoints is not None
            )
            if evidence is not None and found.entries:
                _check_evidence(connection, evidence, findings)
            return replace(found, problems=findings.problems)
        except sqlite3.OperationalError as error:
            # Text that is not UTF-8 was never written by us. To read it costs a call per value: only when met.
            if read_text is _text_or_bytes or not database.undecodable(error):
                raise
        finally:
            connection.text_factory = str
    raise AssertionError


def _verified(
    connection: sqlite3.Connection,
    findings: Findings,
    elsewhere: Mapping[str, list[OutsideCheckpoint]],
    trusted_keys: Collection[str] | None,
    *,
    at_home: bool,
) -> Verification:
    walk = ChainWalk(connection, findings)
    if not check_layout(connection, findings):
        return Verification(0, 0, walk.head, None, 0, ())
    walk.run()
    tables = [name for name in schema.FACTS if name in present(connection)]
    check_rows(connection, findings, tables)
    counts = {name: int(str(_COUNTS[name].rows(connection)[0]["n"])) for name in tables}
    signed = _Signatures(connection, findings, trusted_keys, walk.seq)
    inside = _CHECKPOINTS.rows(connection)
    for row in inside:
        signed.check_inside(row, counts)
    copies = elsewhere.get(signed.journal_id, [])
    if at_home and not copies and (inside or elsewhere):
        findings.add(
            _OUTSIDE,
            signed.journal_id,
            "no checkpoint of this journal is there: they are lost, or another journal was put in its place",
        )
    for copy in copies:
        signed.check_outside(copy)
    return Verification(
        rows=sum(counts.values()),
        entries=walk.entries,
        head=walk.head,
        key_fingerprint=fingerprint(str(inside[-1]["key_id"])) if inside else None,
        checkpoints=len(inside),
        problems=(),
        erased=findings.erased,
    )


def _text_or_bytes(value: bytes) -> str | bytes:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


class _Signatures:
    """Checks checkpoints against the chain and the key register."""

    def __init__(
        self, connection: sqlite3.Connection, findings: Findings, trusted: Collection[str] | None, last_seq: int
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
            self._findings.add(_OUTSIDE, line, "not a checkpoint")
            return
        if self._keys.get(str(copy.row.get("key_id"))) != copy.public_key and not self._behind(copy.row):
            self._findings.add(_OUTSIDE, line, "its key is not in the journal's register", "key_id")
        self._check_signature(_OUTSIDE, line, copy.row, copy.public_key)
        self._check_position(_OUTSIDE, line, copy.row)

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


def _check_evidence(connection: sqlite3.Connection, folder: Path, findings: Findings) -> None:
    for row in _EVIDENCE.rows(connection):
        try:
            problem = _evidence_problem(folder, row)
        except (OSError, ValueError):  # a name that no file can have, no right to read it
            problem = ("file cannot be read", "path")
        if problem is not None:
            findings.add(schema.evidence.name, row["id"], *problem)


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
