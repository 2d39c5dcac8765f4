"""Signed checkpoints: what the chain's end was at a time, inside the journal and as JSON lines in a folder elsewhere.

Only the copy elsewhere can show that the newest rows were cut off or an old journal was put back. One file per
journal, `<journal id>.jsonl`, appended and synced after the checkpoint's own commit.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from storage import schema
from storage.chain import canonical
from storage.durable import make_folder, replace, typed_errors, write_new
from storage.errors import StorageCode, StorageError
from storage.keys import SigningKey, signature_holds
from storage.ledger import Ledger
from storage.records import new_id
from storage.row_counts import count_rows
from storage.statements import Row, Value

log = logging.getLogger(__name__)

JOURNAL_ID = "journal_id"
_SUFFIX = ".jsonl"


@dataclass(frozen=True, slots=True)
class OutsideCheckpoint:
    """A line of the outside file: the checkpoint's row, the public key's own text and the line number."""

    row: Mapping[str, Value]
    public_key: str
    line: int


def message(journal_id: str, row: Mapping[str, Value]) -> bytes:
    """What is signed."""
    signed = {k: row[k] for k in ("id", "seq", "head", "at_utc_s", "rows", "key_id")}
    return canonical({"journal": journal_id, **signed}).encode()


def sign(ledger: Ledger) -> Row:
    """Write a signed checkpoint of the chain's end before it. Raises BAD_KEY without a key."""
    key = ledger.key
    if key is None:
        raise StorageError(StorageCode.BAD_KEY, reason="no signing key")
    register(ledger, key)
    at_utc_s = float(ledger.clock())
    row: Row = {
        "id": new_id(at_utc_s),
        "seq": ledger.seq,
        "head": ledger.head,
        "at_utc_s": at_utc_s,
        "rows": canonical(count_rows(ledger.connection)),
        "key_id": key.id,
    }
    journal_id = str(ledger.get(schema.meta, JOURNAL_ID)["value"])
    row["signature"] = key.sign(message(journal_id, row))
    ledger.insert(schema.checkpoints, row)
    ledger.signed.append(row)
    return row


def register(ledger: Ledger, key: SigningKey) -> None:
    """Put the public half into the key register once; a rotation is one more row."""
    if ledger.find(schema.signing_keys, key.id) is None:
        at_utc_s = float(ledger.clock())
        ledger.insert(
            schema.signing_keys, {"id": key.id, "public_key": key.public_key, "registered_at_utc_s": at_utc_s}
        )


def append_outside(folder: Path, journal_id: str, public_key: str, row: Mapping[str, Value]) -> None:
    """Append one line, synced. Raises READ_ONLY, DISK_FULL."""
    line = canonical({**row, "journal": journal_id, "public_key": public_key}) + "\n"
    path = make_folder(folder) / f"{journal_id}{_SUFFIX}"
    with typed_errors(path), path.open("a", encoding="utf-8") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def read_outside(folder: Path) -> dict[str, list[OutsideCheckpoint]]:
    """All checkpoints of the folder by journal, oldest first; a torn last line (power cut) is left out with a
    warning. Raises READ_ONLY when they may not be read."""
    with typed_errors(folder):
        return {path.stem: _read_lines(path) for path in sorted(folder.glob(f"*{_SUFFIX}")) if path.is_file()}


def set_aside(folder: Path, journal_id: str, seq: int) -> Path | None:
    """After an older copy was put back: lines that speak of changes behind `seq` go to `<journal>.superseded-<id>.txt`
    beside, whole, so that the journal is measured by what it can still hold. None when there were none."""
    path = folder / f"{journal_id}{_SUFFIX}"
    with typed_errors(path):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    going = {copy.line for copy in (_read_lines(path) if lines else []) if _behind(copy.row.get("seq"), seq)}
    if not going:
        return None
    aside = folder / f"{journal_id}.superseded-{new_id()}.txt"
    numbered = list(enumerate(lines, start=1))
    write_new(aside, "".join(f"{line}\n" for n, line in numbered if n in going).encode(), 0o644)
    replace(path, "".join(f"{line}\n" for n, line in numbered if n not in going).encode())
    return aside


def _behind(found: Value, seq: int) -> bool:
    return isinstance(found, int) and found > seq


def _read_lines(path: Path) -> list[OutsideCheckpoint]:
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").split("\n"), start=1):
        if not line:
            continue
        try:
            row = json.loads(line)
            found.append(OutsideCheckpoint(row, str(row["public_key"]), number))
        except (ValueError, KeyError, TypeError):
            log.warning("unreadable line %d in %s", number, path)
    return found


def holds(journal_id: str, public_key: str, row: Mapping[str, Value]) -> bool:
    """Whether a checkpoint's signature is good."""
    return signature_holds(public_key, str(row["signature"]), message(journal_id, row))
