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
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, select

from storage import database, erasure, numbers, schema, schema_cases
from storage.applied import is_current
from storage.chain import canonical
from storage.checkpoints import JOURNAL_ID
from storage.durable import make_folder, typed_errors
from storage.erasure import RowName
from storage.errors import StorageError
from storage.keys import SigningKey, signature_holds
from storage.ledger import Ledger
from storage.release_records import Erasure
from storage.rows import to_row
from storage.scrubbing import scrub
from storage.statements import Statement, row_by_id

log = logging.getLogger(__name__)

SUFFIX = ".erased"
AGAIN = "restored backup"
_RUNTIME = "service:runtime"
_a, _h, _erasures = schema.audit.c, schema.history.c, schema_cases.erasures
_DONE = Statement(select(_erasures.c.id, _erasures.c.subject, _erasures.c.subject_id, _erasures.c.rows))
_SEALED_AT = Statement(
    select(_h.seq).where(_h.table_name == str(_erasures.name), _h.row_id == bindparam("erasure_id"), _h.version == 1)
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


def read(folder: Path, journal_id: str, keys: Mapping[str, str] | None = None) -> list[Registered]:
    """All lines; an unreadable one (power cut) is left out with a warning, and so is one that none of `keys` (id to
    public key) signed, when there are any. Raises READ_ONLY."""
    path = folder / f"{journal_id}{SUFFIX}"
    with typed_errors(path):
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    found: dict[str, Registered] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line:
            continue
        try:
            item = json.loads(line)
            rows = tuple((str(table), str(row_id)) for table, row_id in item["rows"])
            subject = (str(item["subject"][0]), str(item["subject"][1]))
            if keys and not _signed(journal_id, item, keys):
                log.warning("line %d in %s was not signed by this site: it is not obeyed", number, path)
                continue
            found[str(item["id"])] = Registered(str(item["id"]), subject, rows)
        except (ValueError, KeyError, TypeError, IndexError):
            log.warning("unreadable line %d in %s", number, path)
    return list(found.values())


def catch_up(connection: sqlite3.Connection, folder: Path, key: SigningKey | None) -> int:
    """Append the journal's erasures that the register lacks; how many. Raises READ_ONLY, DISK_FULL."""
    done = _DONE.rows(connection)
    if not done:
        return 0
    journal_id = journal_id_of(connection)
    known = {item.id for item in read(folder, journal_id, _keys(connection, key))}
    missing = [row for row in done if row["id"] not in known]
    lines = []
    for row in missing:
        last = int((_SEALED_AT.row(connection, {"erasure_id": row["id"]}) or {"seq": 0})["seq"])
        entries = _ENTRIES.rows(connection, {"after": last - int(row["rows"]), "last": last})
        rows = [[entry["subject"], entry["subject_id"]] for entry in entries]
        line = {"id": row["id"], "subject": [row["subject"], row["subject_id"]], "rows": rows}
        if key is not None:
            line |= {"key_id": key.id, "signature": key.sign(_message(journal_id, line))}
        lines.append(canonical(line))
    if lines:
        _append(make_folder(folder) / f"{journal_id}{SUFFIX}", lines)
    return len(lines)


def reapply(
    connection: sqlite3.Connection, folder: Path, clock: Callable[[], float], key: SigningKey | None = None
) -> int:
    """Erase again, in a journal that was put back and that nobody has open, what was erased since it was copied; how
    many erasures that were. `connection` is one of `database.connect`."""
    known = {str(row["id"]) for row in _DONE.rows(connection)}
    lines = read(folder, journal_id_of(connection), _keys(connection, key))
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


def settle(
    connection: sqlite3.Connection, folder: Path, clock: Callable[[], float], key: SigningKey | None = None
) -> int:
    """At every opening, before anybody reads: an old copy may have been put in the journal's place by hand, or a crash
    may have come between an erasure and its line. Raises what the journal itself refuses; a folder that cannot be read
    or written is only logged. How many erasures were made again."""
    try:
        catch_up(connection, folder, key)
        known = read(folder, journal_id_of(connection), _keys(connection, key))
    except StorageError:
        log.exception("the register of erasures cannot be used")
        return 0
    done = reapply(connection, folder, clock, key) if known else 0
    if done:
        log.warning("%d erasures were made again: the journal is an older copy", done)
    return done


def journal_id_of(connection: sqlite3.Connection) -> str:
    """The journal's own id."""
    return str((row_by_id(schema.meta).row(connection, {"row_key": JOURNAL_ID}) or {})["value"])


def _keys(connection: sqlite3.Connection, key: SigningKey | None) -> dict[str, str]:
    """Those that the journal registered and the site's own."""
    own = {} if key is None else {key.id: key.public_key}
    return {str(row["id"]): str(row["public_key"]) for row in _KEYS.rows(connection)} | own


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
    for name in going:
        row = ledger.find(schema.FACTS[name[0]], name[1])
        if row is not None and "number" in row:
            numbers.remember(ledger, str(row["number"]))
            ledger.seal(_RUNTIME, erasure.DETACH, *name)
    erasure.erase_rows(ledger, _RUNTIME, erasure.in_order(going))
    now_utc_s = float(ledger.clock())
    again = Erasure(item.id, *item.subject, AGAIN, AGAIN, len(going), now_utc_s, _RUNTIME)
    ledger.insert(_erasures, to_row(again, _erasures))
    ledger.seal(_RUNTIME, "erase again", str(_erasures.name), item.id)


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


def reapply_to_file(path: Path, folder: Path, clock: Callable[[], float], key: SigningKey | None = None) -> int:
    """`reapply` to a journal file that nobody has open, and take what was erased off the disk; for `backups.restore`.
    An older file gets its migration steps first."""
    with contextlib.closing(database.connect(path)) as connection, database.typed(path):
        connection.execute("PRAGMA secure_delete = ON").fetchone()
        if not is_current(connection):
            from storage.migrations import migrate

            migrate(connection, path, exists=False, clock=clock)
        done = reapply(connection, folder, clock, key)
    if done:
        scrub(path, whole=True)
    return done
