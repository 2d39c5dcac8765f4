"""Numbered steps from any older journal to this one, run by sqlite-utils' migrations runner.

Before an existing file is changed it is copied (`<name>.before-<version>.bak`) and the copy is checked. All pending
steps run in one write transaction: several processes that start at once take turns. The DDL of a step that was
released is frozen as text (`tables_0001`), since the MetaData describes the newest version; only the newest step may
still make its tables from it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import sqlite_utils
from sqlite_utils.migrations import Migrations

from storage import schema, schema_cases, search_index, tables_0002
from storage.applied import MIGRATIONS_META, applied
from storage.checkpoints import JOURNAL_ID
from storage.database import copy_whole, typed
from storage.driver import Connection
from storage.errors import StorageCode, StorageError
from storage.handlers import RUNTIME
from storage.layout import LAYOUT_META, layout
from storage.ledger import Ledger
from storage.records import Category, Operator, Role, Severity, new_id
from storage.registry_records import OutcomeKind
from storage.rows import registry_row
from storage.statements import DIALECT, create_indexes_sql, create_sql
from storage.tables_0001 import TABLES

_SET = "watchfloor.journal"

CRIME, ADMINISTRATIVE, OTHER = "crime", "administrative", "other"
CATEGORIES = (
    Category("intrusion", "Intrusion", CRIME),
    Category("robbery", "Robbery", CRIME),
    Category("open_robbery", "Open robbery", CRIME),
    Category("theft", "Theft", CRIME),
    Category("fraud", "Fraud", CRIME),
    Category("murder", "Murder", CRIME),
    Category("vehicle_theft", "Vehicle theft", CRIME),
    Category("hit_and_run", "Hit and run", CRIME),
    Category("vandalism", "Vandalism", CRIME),
    Category("fight", "Fight", CRIME),
    Category("disorder", "Disorder", ADMINISTRATIVE),
    Category("illegal_parking", "Illegal parking", ADMINISTRATIVE),
    Category("fire", "Fire", OTHER),
    Category("accident", "Accident", OTHER),
    Category("lost_child", "Lost child", OTHER),
    Category("utility_failure", "Utility failure", OTHER),
)

LETTERS = {
    "intrusion": ("I", Severity.MEDIUM),
    "robbery": ("R", Severity.HIGH),
    "open_robbery": ("O", Severity.HIGH),
    "theft": ("T", Severity.MEDIUM),
    "fraud": ("F", Severity.LOW),
    "murder": ("M", Severity.CRITICAL),
    "vehicle_theft": ("W", Severity.MEDIUM),
    "hit_and_run": ("H", Severity.HIGH),
    "vandalism": ("V", Severity.LOW),
    "fight": ("G", Severity.HIGH),
    "disorder": ("D", Severity.LOW),
    "illegal_parking": ("P", Severity.INFO),
    "fire": ("B", Severity.CRITICAL),
    "accident": ("A", Severity.HIGH),
    "lost_child": ("C", Severity.HIGH),
    "utility_failure": ("U", Severity.MEDIUM),
}
OUTCOMES = (
    OutcomeKind("detained", "Detained", "D"),
    OutcomeKind("found", "Found", "F"),
    OutcomeKind("handed_over", "Handed over", "H"),
    OutcomeKind("prevented", "Prevented", "P"),
    OutcomeKind("false", "False", "X"),
    OutcomeKind("no_result", "No result", "N"),
)

steps = Migrations(_SET)


@steps(name="0001_main_job")
def main_job(db: sqlite_utils.Database) -> None:
    """Every table of the main job. (Its first rows are put by the newest step, which knows all columns.)"""
    for statement in TABLES:
        db.conn.execute(statement)
    ledger = Ledger(db.conn, time.time)
    ledger.adopt()
    ledger.insert(schema.meta, {"id": JOURNAL_ID, "value": new_id()})
    ledger.insert(schema.meta, {"id": "created_at_utc_s", "value": repr(time.time())})
    ledger.seal(RUNTIME, "create journal", schema.meta.name, JOURNAL_ID)
    ledger.flush()


@steps(name="0002_footage")
def footage(db: sqlite_utils.Database) -> None:
    """Digests of recorded footage."""
    for statement in tables_0002.TABLES:
        db.conn.execute(statement)


@steps(name="0003_journal")
def journal(db: sqlite_utils.Database) -> None:
    """Cases, people, what leaves the house; columns that older rows do not have stay NULL there."""
    for table, columns in schema.ADDED.items():
        for name in columns:
            kind = schema.FACTS[table].c[name].type.compile(dialect=DIALECT)
            db.conn.execute(f"ALTER TABLE {table} ADD COLUMN {DIALECT.identifier_preparer.quote(name)} {kind}")
    for table_of_step in schema.CASE_TABLES:
        for statement in create_sql(table_of_step):
            db.conn.execute(statement)
    for statement in create_indexes_sql(schema.incidents):
        db.conn.execute(statement)
    for statement in search_index.CREATE:
        db.conn.execute(statement)
    ledger = Ledger(db.conn, time.time)
    ledger.adopt()
    _put_first_records(ledger)
    ledger.seal(RUNTIME, "put first records", schema_cases.outcomes.name, "")
    ledger.flush()
    search_index.rebuild(db.conn)


def _put_first_records(ledger: Ledger) -> None:
    """The built-in actor, the sources' own categories with their letters, the outcomes."""
    if ledger.find(schema.operators, RUNTIME) is None:
        ledger.put(schema.operators, registry_row(Operator(RUNTIME, "Watchfloor", Role.SERVICE)))
        for category in CATEGORIES:
            ledger.put(schema.categories, registry_row(category))
    for outcome in OUTCOMES:
        ledger.put(schema_cases.outcomes, registry_row(outcome))
    for category_id, (letter, severity) in LETTERS.items():
        row = ledger.find(schema.categories, category_id)
        if row is not None:
            ledger.update(schema.categories, row, {"letter": letter, "severity": int(severity)})


def migrate(connection: Connection, path: Path, *, exists: bool, clock: Callable[[], float] = time.time) -> None:
    """Bring the file to this version. Raises DAMAGED, DISK_FULL, READ_ONLY, BUSY, NEWER_JOURNAL."""
    with typed(path):
        db = sqlite_utils.Database(connection)
        if not steps.pending(db):
            return
        if exists:
            _backup(connection, path)
        connection.execute("BEGIN IMMEDIATE")
        try:
            _apply(connection, db, clock)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _apply(connection: Connection, db: sqlite_utils.Database, clock: Callable[[], float]) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > schema.SCHEMA_VERSION:  # another process came first
        raise StorageError(StorageCode.NEWER_JOURNAL, version=version, known=schema.SCHEMA_VERSION)
    if not steps.pending(db):
        return
    steps.apply(db)
    connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {schema.SCHEMA_VERSION}")
    ledger = Ledger(connection, clock)
    ledger.adopt()
    ledger.put(schema.meta, {"id": MIGRATIONS_META, "value": applied(connection)})
    ledger.put(schema.meta, {"id": LAYOUT_META, "value": layout(connection)})
    ledger.seal(RUNTIME, "migrate", schema.meta.name, MIGRATIONS_META)
    ledger.flush()


def _backup(connection: Connection, path: Path) -> None:
    """In one read transaction: another process may be migrating the file, and its copy must not be replaced by what
    is new already."""
    connection.execute("BEGIN")
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version < schema.SCHEMA_VERSION:
            copy_whole(connection, path.with_name(f"{path.name}.before-{version + 1}.bak"))
    except StorageError as error:
        if error.code is StorageCode.DAMAGED:
            raise StorageError(StorageCode.DAMAGED, path=str(path)) from error
        raise
    finally:
        connection.execute("ROLLBACK")
