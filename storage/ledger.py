"""One write transaction's pen: rows, their history and the audit entry that chains them.

Lives on the writer thread inside BEGIN IMMEDIATE, where chain head and revisions are read; other processes wait.
A command's rows are noted first (`insert`, `update`), then `seal` makes the audit entry over their digests; `flush`
writes the group's history and audit in one go (a third of the time that a statement each would take).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy import Table, select

from storage import chain, schema, schema_cases
from storage.driver import Connection
from storage.errors import StorageCode, StorageError
from storage.records import Actor, Role, new_id
from storage.statements import Row, Statement, Value, insert_into, insert_new_into, row_by_id, update_of

if TYPE_CHECKING:
    from storage.keys import SigningKey

_HEAD = Statement(select(schema.audit.c.seq, schema.audit.c.hash).order_by(schema.audit.c.seq.desc()).limit(1))
_ADD_HISTORY = insert_into(schema.history)
_ADD_AUDIT = insert_into(schema.audit)
_SEARCHED = {"incidents": "id", "notes": "incident_id"}
"""Tables of the full-text index, and their column that names the incident."""

_INLINE_TABLES = frozenset(schema.FACTS[name] for name in schema.INLINE)
# Plain texts: SQLAlchemy's quoted names are a subclass of str, which the driver tries to adapt (4 microseconds each).
_NAMES = {table: name for name, table in schema.FACTS.items()}
_WITH_REVISION = frozenset(table for table in schema.FACTS.values() if "revision" in table.c)


_FORMS = {
    name: tuple((str(c.name), c.type.python_type, bool(c.nullable)) for c in table.columns)
    for name, table in schema.FACTS.items()
}


def read_head(connection: Connection) -> tuple[int, str]:
    """Last change number and chain hash; (0, GENESIS) of an empty journal."""
    row = _HEAD.row(connection)
    return (int(row["seq"]), str(row["hash"])) if row else (0, chain.GENESIS)


class Ledger:
    """The rows of the commands of one transaction; `seq` and `head` are the chain's end as far as written here."""

    def __init__(self, connection: Connection, clock: Callable[[], float], key: SigningKey | None = None) -> None:
        self.connection = connection
        self.clock = clock
        self.key = key
        self.seq = 0
        self.head = chain.GENESIS
        self.signed: list[Row] = []  # checkpoints of this transaction, for the folder elsewhere
        self.touched: set[str] = set()  # incidents whose words may have changed in the command at work
        self._noted: list[chain.Digested] = []  # digests of the command at work
        self._unsealed: list[tuple[Value, ...]] = []  # its history rows
        self._history: list[tuple[Value, ...]] = []  # those of the commands sealed before it, not yet written
        self._entries: list[Row] = []
        self._roles: dict[str, Role | None] = {}
        self.known: dict[str, Row] = {}  # open alarms by group key, as long as nobody else wrote

    def begin(self) -> None:
        """Take the write lock and read the chain's end."""
        self.connection.execute("BEGIN IMMEDIATE")
        self.adopt()

    def adopt(self) -> None:
        """Read the chain's end in a transaction that is already open."""
        left = (self.seq, self.head)
        self.seq, self.head = read_head(self.connection)
        self._history, self._entries, self.signed = [], [], []
        if (self.seq, self.head) != left:  # another process wrote, or our last group was rolled back
            self.forget()

    def forget(self) -> None:
        """Drop what a refused command noted (the caller undoes its rows)."""
        self._noted = []
        self._unsealed = []
        self.touched.clear()
        self._roles.clear()
        self.known.clear()

    def flush(self) -> None:
        """Write history and audit of all sealed commands; to be called before COMMIT."""
        self.connection.executemany(_ADD_HISTORY.sql, self._history)
        _ADD_AUDIT.run_many(self.connection, self._entries)
        self._history, self._entries = [], []

    def role(self, actor: Actor) -> Role | None:
        """The actor's role as the journal knows it; None for a stranger or somebody who left."""
        if actor.id not in self._roles:
            row = row_by_id(schema.operators).row(self.connection, {"row_key": actor.id})
            self._roles[actor.id] = Role(str(row["role"])) if row is not None and not row["retired"] else None
        return self._roles[actor.id]

    def find(self, table: Table, row_id: str) -> Row | None:
        """A row by id."""
        return row_by_id(table).row(self.connection, {"row_key": row_id})

    def get(self, table: Table, row_id: str) -> Row:
        """A row by id. Raises NOT_FOUND."""
        row = self.find(table, row_id)
        if row is None:
            raise StorageError(StorageCode.NOT_FOUND, table=table.name, id=row_id)
        return row

    def insert(self, table: Table, row: Row) -> None:
        """Add a row with its first history entry."""
        if table in _WITH_REVISION:
            row = {**row, "revision": 1}
        insert_into(table).run(self.connection, row)
        self._note(table, row, 1)

    def insert_new(self, table: Table, row: Row) -> bool:
        """Add an immutable row; False, and nothing is written, when its id is there already."""
        if not insert_new_into(table).run(self.connection, row).rowcount:
            return False
        self._note(table, row, 1)
        return True

    def update(self, table: Table, row: Row, changes: Row) -> Row:
        """Change a row that was read here, note its next history, and return it as it is now."""
        revision = int(row["revision"]) + 1
        differing = {k: v for k, v in changes.items() if row.get(k) != v}
        differing["revision"] = revision
        update_of(table, tuple(differing)).run(self.connection, {**differing, "row_key": row["id"]})
        changed = {**row, **differing}
        if table is schema_cases.notes and row["incident_id"]:  # it may leave this incident
            self.touched.add(row["incident_id"])
        self._note(table, changed, revision)
        return changed

    def put(self, table: Table, row: Row) -> None:
        """Insert, or update the row that has this id."""
        found = self.find(table, str(row["id"]))
        if found is None:
            self.insert(table, row)
        else:
            self.update(table, found, row)

    def seal(self, actor_id: str, action: str, subject: str, subject_id: str) -> int:
        """Write the audit entry over everything noted since the last one; returns its change number."""
        at_utc_s = float(self.clock())
        entry: Row = {
            "seq": self.seq + 1,
            "id": new_id(at_utc_s),
            "at_utc_s": at_utc_s,
            "actor_id": actor_id,
            "action": action,
            "subject": str(subject),
            "subject_id": subject_id,
            "digests": chain.digest_list(self._noted),
            "previous_hash": self.head,
        }
        entry["hash"] = hashed = chain.entry_hash(entry)
        self._entries.append(entry)
        self._history += self._unsealed
        self._unsealed = []
        self._noted = []
        self.seq += 1
        self.head = hashed
        return self.seq

    def _note(self, table: Table, row: Row, version: int) -> None:
        row_id, name = row["id"], _NAMES[table]
        for column, kind, nullable in _FORMS[name]:
            # SQLite would keep 5 in a text column as '5': the digest must be that of what comes back.
            value = row[column]
            if type(value) is not kind and not (value is None and nullable):
                raise StorageError(StorageCode.BAD_VALUE, table=name, column=column)
        payload, salt = chain.payload(row), chain.new_salt()
        digest = chain.digest(salt, payload)
        stored = None if table in _INLINE_TABLES else payload
        position = len(self._noted)
        self._unsealed.append((self.seq + 1, position, name, row_id, version, stored, salt, digest, 0))
        self._noted.append((name, row_id, version, digest))
        naming = _SEARCHED.get(name)
        if naming is not None and row[naming]:
            self.touched.add(row[naming])
        if table is schema.operators:
            self._roles.clear()
