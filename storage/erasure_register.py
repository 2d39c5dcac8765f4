"""A list of what was erased, kept outside the journal: after an old backup is put back, it is erased there again.

One JSON line an erasure, `<journal id>.erased` beside the copies of checkpoints: ids and tables, no names. Appended
and synced after the erasure's commit; what a crash left out is caught up at the next opening. Lines are signed with the
site's key: who can only write into that folder must not be able to have rows erased. Only a journal that knows no key
takes unsigned ones.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, select

from storage import database, erasure, numbers, schema, schema_cases
from storage.applied import is_current
from storage.chain import canonical
from storage.checkpoints import JOURNAL_ID
from storage.driver import Connection
from storage.durable import make_folder, typed_errors
from storage.erasure import RowName
from storage.errors import StorageError
from storage.journal_keys import JournalKeys
from storage.keys import SigningKey, signature_holds
from storage.ledger import Ledger
from storage.release_records import Erasure
from storage.rows import to_row
from storage.scrubbing import scrub
from storage.statements import Row, Statement, row_by_id

log = logging.getLogger(__name__)

SUFFIX = ".erased"
AGAIN = "restored backup"
_ERASE_AGAIN = "erase again"
_RUNTIME = "service:runtime"
_a, _h, _erasures = schema.audit.c, schema.history.c, schema_cases.erasures
_DONE = Statement(select(_erasures.c.id, _erasures.c.subject, _erasures.c.subject_id, _erasures.c.rows))
_SEALED_AT = Statement(
    select(_h.seq, _a.action)
    .join(schema.audit, _a.seq == _h.seq)
    .where(_h.table_name == str(_erasures.name), _h.row_id == bindparam("erasure_id"), _h.version == 1)
)
_KEYS = Statement(select(schema.signing_keys.c.id, schema.signing_keys.c.public_key))
_ENTRIES = Statement(
    select(_a.subject, _a.subject_id)
    .where(_a.seq > bindparam("after"), _a.seq <= bindparam("last"), _a.action == erasure.ERASE)
    .order_by(_a.seq)
)


@dataclass(frozen=True, slots=True)
class Registered:
    """One erasure: its id, its subject, and all rows that went."""

    id: str
    subject: RowName
    rows: tuple[RowName, ...]


class Register:
    """The file of one journal. Every line is read and held against its signature once: what was sound stays known as
    long as the file only grows. Any thread; `key` signs what is appended."""

    def __init__(self, folder: Path, journal_id: str, key: SigningKey | None = None) -> None:
        self.path = folder / f"{journal_id}{SUFFIX}"
        self.journal_id = journal_id
        self.key = key
        self._lock = threading.Lock()
        self._found: dict[str, Registered] = {}
        self._bytes = 0
        self._lines = 0

    def read(self, keys: Mapping[str, str] | None = None) -> list[Registered]:
        """All lines; an unreadable one (power cut) is left out with a warning, and so is one that none of `keys` (id to
        public key) signed, when there are any. Raises READ_ONLY."""
        with self._lock:
            lines = self._unread().split(b"\n")
            for number, line in enumerate(lines, start=self._lines + 1):
                item = self._parsed(line, number, keys) if line else None
                if item is not None:
                    self._found[item.id] = item
            # What stands behind the last end of a line may be torn: it is read again.
            self._bytes += sum(len(line) + 1 for line in lines[:-1])
            self._lines += len(lines) - 1
            return list(self._found.values())

    def append(self, lines: Sequence[dict[str, Any]]) -> None:
        """Sign and write, synced. Raises READ_ONLY, DISK_FULL."""
        signed = [line if self.key is None else line | self._signature(self.key, line) for line in lines]
        make_folder(self.path.parent)
        with self._lock:
            _append(self.path, [canonical(line) for line in signed])

    def _signature(self, key: SigningKey, line: Mapping[str, Any]) -> dict[str, str]:
        return {"key_id": key.id, "signature": key.sign(_message(self.journal_id, line))}

    def _unread(self) -> bytes:
        with typed_errors(self.path):
            size = self.path.stat().st_size if self.path.is_file() else 0
            if size < self._bytes:  # somebody emptied it
                self._found, self._bytes, self._lines = {}, 0, 0
            if size == self._bytes:
                return b""
            with self.path.open("rb") as file:
                file.seek(self._bytes)
                return file.read()

    def _parsed(self, line: bytes, number: int, keys: Mapping[str, str] | None) -> Registered | None:
        try:
            item = json.loads(line.decode(errors="replace"))
            rows = tuple((str(table), str(row_id)) for table, row_id in item["rows"])
            subject = (str(item["subject"][0]), str(item["subject"][1]))
            if keys and not _signed(self.journal_id, item, keys):
                log.warning("line %d in %s was not signed by this site: it is not obeyed", number, self.path)
                return None
            return Registered(str(item["id"]), subject, rows)
        except (ValueError, KeyError, TypeError, IndexError):
            log.warning("unreadable line %d in %s", number, self.path)
            return None


def register_of(connection: Connection, folder: Path, key: SigningKey | None = None) -> Register:
    """The register of the journal that is open here."""
    return Register(folder, journal_id_of(connection), key)


def catch_up(connection: Connection, register: Register) -> int:
    """Append the journal's erasures that the register lacks; how many. Raises READ_ONLY, DISK_FULL."""
    done = _DONE.rows(connection)
    if not done:
        return 0
    known = {item.id for item in _known(connection, register)}
    lines = [
        {"id": row["id"], "subject": [row["subject"], row["subject_id"]], "rows": _rows_of(connection, row)}
        for row in done
        if row["id"] not in known
    ]
    if lines:
        register.append(lines)
    return len(lines)


def _rows_of(connection: Connection, erasure_row: Row) -> list[list[str]]:
    """What went with an erasure: the entries that end with its own, which is the subject's; one made again has its own
    behind those of all rows."""
    sealed = _SEALED_AT.row(connection, {"erasure_id": erasure_row["id"]}) or {"seq": 0, "action": ""}
    last = int(sealed["seq"])
    after = last - int(erasure_row["rows"]) - int(sealed["action"] == _ERASE_AGAIN)
    entries = _ENTRIES.rows(connection, {"after": after, "last": last})
    return [[str(entry["subject"]), str(entry["subject_id"])] for entry in entries]


def reapply(connection: Connection, lines: Sequence[Registered], clock: Callable[[], float]) -> int:
    """Erase again, in a journal that was put back and that nobody has open, what was erased since it was copied; how
    many erasures that were. `connection` is one of `database.connect`."""
    known = {str(row["id"]) for row in _DONE.rows(connection)}
    waiting = [item for item in lines if item.id not in known]
    for item in waiting:
        ledger = Ledger(connection, clock)
        ledger.begin()
        try:
            _erase_again(ledger, item)
            ledger.flush()
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
    return len(waiting)


def settle(connection: Connection, register: Register, clock: Callable[[], float]) -> int:
    """At every opening, before anybody reads: an old copy may have been put in the journal's place by hand, or a crash
    may have come between an erasure and its line. Raises what the journal itself refuses; a folder that cannot be read
    or written is only logged. How many erasures were made again."""
    try:
        catch_up(connection, register)
        lines = _known(connection, register)
    except StorageError:
        log.exception("the register of erasures cannot be used")
        return 0
    done = reapply(connection, lines, clock)
    if done:
        log.warning("%d erasures were made again: the journal is an older copy", done)
    return done


def journal_id_of(connection: Connection) -> str:
    """The journal's own id."""
    return str((row_by_id(schema.meta).row(connection, {"row_key": JOURNAL_ID}) or {})["value"])


def _known(connection: Connection, register: Register) -> list[Registered]:
    """What is signed with a key that the journal registered, or with the site's own."""
    own = {} if register.key is None else {register.key.id: register.key.public_key}
    return register.read({str(row["id"]): str(row["public_key"]) for row in _KEYS.rows(connection)} | own)


def _message(journal_id: str, line: Mapping[str, Any]) -> bytes:
    return canonical({"journal": journal_id, **{name: line[name] for name in ("id", "subject", "rows")}}).encode()


def _signed(journal_id: str, line: Mapping[str, Any], keys: Mapping[str, str]) -> bool:
    public_key, signature = keys.get(str(line.get("key_id"))), str(line.get("signature"))
    return public_key is not None and signature_holds(public_key, signature, _message(journal_id, line))


def _erase_again(ledger: Ledger, item: Registered) -> None:
    """The rows that were there already when the copy was made. What pointed at them only then is let loose, or goes
    with them where it cannot stand alone."""
    listed = {name for name in item.rows if name[0] in schema.FACTS and erasure.has_past(ledger, name)}
    going = listed | _let_loose(ledger, listed)
    given = numbers.of_rows(ledger, going)
    erasure.erase_rows(ledger, _RUNTIME, erasure.in_order(going))
    numbers.remember(ledger, given)
    now_utc_s = float(ledger.clock())
    again = Erasure(item.id, *item.subject, AGAIN, AGAIN, len(going), now_utc_s, _RUNTIME)
    ledger.insert(_erasures, to_row(again, _erasures))
    ledger.seal(_RUNTIME, _ERASE_AGAIN, str(_erasures.name), item.id)


def _let_loose(ledger: Ledger, listed: set[RowName]) -> set[RowName]:
    more: set[RowName] = set()
    waiting = list(listed)
    while waiting:
        table_name, row_id = waiting.pop()
        for child, column, nullable in erasure.children(schema.FACTS[table_name]):
            for found in erasure.ids_by(child, column).rows(ledger.connection, {"row_key": row_id}):
                name = (str(child.name), str(found["id"]))
                if name in listed or name in more:
                    continue
                if nullable and "revision" in child.c:
                    ledger.update(child, ledger.get(child, name[1]), {column: None})
                    ledger.seal(_RUNTIME, erasure.DETACH, *name)
                else:
                    more.add(name)
                    waiting.append(name)
    return more


def _append(path: Path, lines: list[str]) -> None:
    with typed_errors(path), path.open("a+b") as file:
        file.seek(0, os.SEEK_END)
        if file.tell():
            file.seek(-1, os.SEEK_END)
            torn = file.read(1) != b"\n"
        else:
            torn = False
        file.write((("\n" if torn else "") + "\n".join(lines) + "\n").encode())
        file.flush()
        os.fsync(file.fileno())


def reapply_to_file(
    path: Path,
    folder: Path,
    clock: Callable[[], float],
    key: SigningKey | None = None,
    keys: JournalKeys | None = None,
) -> int:
    """`reapply` to a journal file that nobody has open, and take what was erased off the disk; for `backups.restore`.
    An older file gets its migration steps first."""
    file_key = database.key_for(path, keys)
    with contextlib.closing(database.connect(path, file_key)) as connection, database.typed(path):
        connection.execute("PRAGMA secure_delete = ON").fetchone()
        if not is_current(connection):
            from storage.migrations import migrate

            migrate(connection, path, exists=False, clock=clock)
        done = reapply(connection, _known(connection, register_of(connection, folder, key)), clock)
    if done:
        scrub(path, whole=True, key=file_key)
    return done
