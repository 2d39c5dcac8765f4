"""Lawful erasure: the payload and salt of a subject's rows go, everywhere; a tombstone with its digest stays.

The rows themselves are deleted, children first, and each leaves one audit entry `erase`, so that the chain still
verifies and a silent deletion does not pass for a lawful one. Names of actors in the audit chain are ids and stay: who
did what is not erased, only about whom. Runs on the writer thread; `scrub` then takes what is left in free pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache

from sqlalchemy import Table, bindparam, delete, null, select, update

from storage import numbers, schema, schema_cases, search_index, values
from storage.columns import metadata
from storage.disclosures import require_approval
from storage.errors import StorageCode, StorageError
from storage.holds import POST_ROLL_S, PRE_ROLL_S, Holds, Window
from storage.ledger import Ledger
from storage.outcome import Done
from storage.people_records import ApprovalKind
from storage.records import Actor, AlarmState, IncidentState, Role, new_id
from storage.release_commands import EraseSubject
from storage.release_records import DisclosureState, Erasure
from storage.rows import to_row
from storage.statements import Row, Statement

RowName = tuple[str, str]
"""Table and id."""

ERASE, DETACH = EraseSubject.action, "detach"
_MOST_MERGED = 1000

_c, _h = schema_cases, schema.history
_EMPTIED = Statement(
    update(_h)
    .where(_h.c.table_name == bindparam("name"), _h.c.row_id == bindparam("row_key"))
    .values(payload=null(), salt=null(), erased=1)
)
_HAS_PAST = Statement(
    select(_h.c.seq)
    .where(_h.c.table_name == bindparam("name"), _h.c.row_id == bindparam("row_key"), _h.c.erased == 0)
    .limit(1)
)
_MERGED = Statement(
    select(schema.incidents.c.id).where(schema.incidents.c.merged_into_id == bindparam("row_key")).limit(_MOST_MERGED)
)
_NAMED: Mapping[str, Sequence[tuple[Table, str]]] = {
    schema.incidents.name: (
        (_c.packages, "subject_id"),
        (_c.approvals, "subject_id"),
        (_c.shift_items, "subject_id"),
        (_c.legal_holds, "incident_id"),
    ),
    _c.disclosures.name: ((_c.packages, "subject_id"), (_c.approvals, "subject_id")),
    schema.operators.name: (
        (_c.passwords, "id"),
        (_c.logins, "operator_id"),
        (_c.saved_searches, "operator_id"),
        (_c.wall_layouts, "operator_id"),
        (_c.saved_views, "operator_id"),
        (_c.tours, "operator_id"),
    ),
}
"""What belongs to a subject without a foreign key. Accesses stay: who looked must be answered for afterwards too."""

_ORDER = {table: place for place, table in enumerate(reversed(metadata.sorted_tables))}


def _finished_incident(_ledger: Ledger, row: Row) -> bool:
    return bool(row["state"] == IncidentState.CLOSED.value)


def _finished_alarm(_ledger: Ledger, row: Row) -> bool:
    return row["state"] == AlarmState.JUDGED.value and row["incident_id"] is None


def _finished_disclosure(_ledger: Ledger, row: Row) -> bool:
    return row["state"] in (DisclosureState.GIVEN.value, DisclosureState.REFUSED.value)


def _finished_lookout(ledger: Ledger, row: Row) -> bool:
    return row["state"] == "closed" or float(row["expires_utc_s"]) <= ledger.clock()


def _left(_ledger: Ledger, row: Row) -> bool:
    return bool(row["retired"])


def _loose(_ledger: Ledger, row: Row) -> bool:
    return row["incident_id"] is None


_SUBJECTS: dict[str, tuple[Table, Callable[[Ledger, Row], bool]]] = {
    schema.incidents.name: (schema.incidents, _finished_incident),
    schema.alarms.name: (schema.alarms, _finished_alarm),
    schema.operators.name: (schema.operators, _left),
    _c.disclosures.name: (_c.disclosures, _finished_disclosure),
    _c.lookouts.name: (_c.lookouts, _finished_lookout),
    _c.notes.name: (_c.notes, _loose),
}


def erase_subject(ledger: Ledger, command: EraseSubject, actor: Actor) -> Done:
    """Erase a finished subject with what hangs on it, and note which, why and by whom."""
    if command.subject not in _SUBJECTS:
        raise values.bad("subject", "not to be erased", table=command.subject)
    table, finished = _SUBJECTS[command.subject]
    row = ledger.get(table, command.subject_id)
    legal_basis = values.title("legal_basis", command.legal_basis, needed=True)
    reason = values.text("reason", command.reason, needed=True)
    _require_right(ledger, command, actor)
    if not finished(ledger, row):
        raise StorageError(
            StorageCode.ILLEGAL_TRANSITION, table=table.name, id=command.subject_id, reason="not finished"
        )
    _refuse_held(ledger, command, row)
    going = belongings(ledger, [(command.subject, command.subject_id)], merged=not command.by_rule)
    going = [name for name in going if name != (_c.approvals.name, command.approval_id)]
    given = numbers.of_rows(ledger, going)
    now_utc_s = float(ledger.clock())
    erasure = Erasure(
        new_id(now_utc_s),
        command.subject,
        command.subject_id,
        legal_basis,
        reason,
        len(going),
        now_utc_s,
        actor.id,
    )
    erase_rows(ledger, actor.id, going, last=(command.subject, command.subject_id))
    numbers.remember(ledger, given)
    ledger.insert(_c.erasures, to_row(erasure, _c.erasures))
    return Done(command.subject, command.subject_id)


def belongings(ledger: Ledger, subjects: Iterable[RowName], *, merged: bool = False) -> list[RowName]:
    """The subjects and all rows that hang on them, in the order in which they can be deleted."""
    found: dict[RowName, None] = {}
    waiting = list(subjects)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = None
            waiting += _hanging_on(ledger, name, merged=merged)
    return in_order(found)


def in_order(names: Iterable[RowName]) -> list[RowName]:
    """Rows that point at others before those."""
    return sorted(names, key=lambda name: _ORDER[schema.FACTS[name[0]]])


def erase_rows(ledger: Ledger, actor_id: str, names: Sequence[RowName], *, last: RowName | None = None) -> None:
    """Empty their history, delete them, and seal one entry for each but `last`, whose entry the caller seals."""
    ledger.flush()  # the history of this group's earlier commands must be in the table
    for name, row_id in names:
        key: Row = {"name": name, "row_key": row_id}
        _EMPTIED.run(ledger.connection, key).close()
        _deletion(schema.FACTS[name]).run(ledger.connection, {"row_key": row_id}).close()
        if (name, row_id) != last:
            ledger.seal(actor_id, ERASE, name, row_id)
    incidents = [row_id for name, row_id in names if name == schema.incidents.name]
    search_index.update(ledger.connection, *incidents)  # what is gone from the facts goes from the index
    ledger.forget()  # roles and open alarms may have been among them


def has_past(ledger: Ledger, name: RowName) -> bool:
    """Whether there is something of this row that was not erased."""
    return _HAS_PAST.row(ledger.connection, {"name": name[0], "row_key": name[1]}) is not None


@cache
def children(table: Table) -> tuple[tuple[Table, str, bool], ...]:
    """Tables that point at this one by a foreign key: the column, and whether it may be NULL."""
    return tuple(
        (child, str(column.name), bool(column.nullable))
        for child in schema.FACTS.values()
        for column in child.columns
        for key in column.foreign_keys
        if key.column.table is table
    )


def named_without_key(subject: str) -> Sequence[tuple[Table, str]]:
    """Tables, and their columns, that name a subject of this table without a foreign key."""
    return _NAMED.get(subject, ())


@cache
def ids_by(table: Table, column: str) -> Statement:
    """Ids of the rows of `table` whose `column` is the parameter `row_key`."""
    return Statement(select(table.c.id).where(table.c[column] == bindparam("row_key")))


def _hanging_on(ledger: Ledger, name: RowName, *, merged: bool) -> list[RowName]:
    table_name, row_id = name
    looks = [(child, column) for child, column, _ in children(schema.FACTS[table_name])]
    looks += named_without_key(table_name)
    found = [
        (str(child.name), str(row["id"]))
        for child, column in looks
        for row in ids_by(child, column).rows(ledger.connection, {"row_key": row_id})
    ]
    if merged and table_name == schema.incidents.name:
        rows = _MERGED.rows(ledger.connection, {"row_key": row_id})
        found += [(table_name, str(row["id"])) for row in rows]
    return found


@cache
def _deletion(table: Table) -> Statement:
    return Statement(delete(table).where(table.c.id == bindparam("row_key")))


def _require_right(ledger: Ledger, command: EraseSubject, actor: Actor) -> None:
    """The program itself by a rule; anybody else with a second person's word."""
    if not command.by_rule:
        require_approval(ledger, command.approval_id, ApprovalKind.ERASURE, command.subject_id)
    elif ledger.role(actor) is not Role.SERVICE:
        raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, reason="not by rule")


def _refuse_held(ledger: Ledger, command: EraseSubject, row: Row) -> None:
    holds, of_incident = Holds(ledger.connection), command.subject == schema.incidents.name
    incident = row if of_incident else ledger.find(schema.incidents, str(row.get("incident_id") or ""))
    own = _window(command.subject, row)
    if (incident is not None and holds.keeps(incident, by_rule=command.by_rule)) or (
        own is not None and holds.keeps_time(own, by_rule=command.by_rule)
    ):
        raise StorageError(StorageCode.HELD, table=command.subject, id=command.subject_id)


def _window(subject: str, row: Row) -> Window | None:
    """The camera's time that an alarm or a loose note is about."""
    if subject == schema.alarms.name:
        begin, end = float(row["first_utc_s"]), float(row["last_utc_s"])
    elif subject == _c.notes.name:
        begin = end = float(row["at_utc_s"] if row["utc_s"] is None else row["utc_s"])
    else:
        return None
    return Window(row["camera_id"], begin - PRE_ROLL_S, end + POST_ROLL_S)
