"""Changes of a rule, zone or scale: what could lose a confirmed alarm is tried first, or signed by a second person.

Runs on the writer thread. Whether a rule has found confirmed alarms lately is looked up here, for every command that
changes one, whoever gives it; what a trial on stored tracks found is the application's word. A signature is for exactly
one change, and is spent with it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from sqlalchemy import Table, bindparam, func, select

from storage import registry_use, schema, schema_cases
from storage.approvals import spend_approval
from storage.commands import PutRecord, RegistryRecord, RemoveRecord
from storage.disclosures import require_approval
from storage.errors import StorageCode, StorageError
from storage.ledger import Ledger
from storage.outcome import Done
from storage.people_records import ApprovalKind
from storage.records import Actor, RuleSpec, Zone
from storage.registry_records import CameraScale
from storage.rows import REGISTRY, registry_row
from storage.statements import Row, Statement
from storage.values import bad
from storage.verdict_queries import has_confirmed, has_overturned

LOOKBACK_S = 7 * 86_400.0
"""So far back confirmed alarms count."""

TRIED = (RuleSpec, Zone, CameraScale)
CHANGED_SINCE = "changed since it was signed"
_DIGITS = 16
_REMOVED = "out of use"
_rules = schema.rules
_TABLES: dict[str, Table] = {str(REGISTRY[kind].name): REGISTRY[kind] for kind in TRIED}
_FINDS_THE_SAME: dict[Table, frozenset[str]] = {
    _rules: frozenset({"name", "severity", "category_id", "opens_incident", "group_id", "revision"}),
    schema.zones: frozenset({"name", "revision"}),
    schema_cases.camera_scales: frozenset({"revision"}),
}
"""Columns that do not say when a rule raises an alarm."""

_IN_USE = (_rules.c.retired == 0) & (_rules.c.enabled == 1)
_NEEDING: dict[Table, Statement] = {
    table: Statement(select(_rules).where(column == bindparam("record_id"), _IN_USE))
    for table, column in (
        (_rules, _rules.c.id),
        (schema.zones, _rules.c.zone_id),
        (schema_cases.camera_scales, _rules.c.camera_id),
    )
}
"""The rules that a record of a table decides about."""


_VERSIONS = Statement(
    select(func.min(schema.history.c.seq).label("oldest"), func.max(schema.history.c.seq).label("newest")).where(
        schema.history.c.table_name == bindparam("table_name"), schema.history.c.row_id == bindparam("row_id")
    )
)


class Stake(IntEnum):
    """What a change may lose. OVERTURNED: the one who changes it has called false what somebody else had confirmed, so
    that a trial, which believes the newest verdict, cannot speak for it."""

    NOTHING = 0
    CONFIRMED = 1
    OVERTURNED = 2


@dataclass(frozen=True, slots=True)
class PutTriedRecord(PutRecord):
    """As PutRecord, of a rule, a zone or a scale after a trial: `lost` confirmed alarms would not have come. With any,
    `approval_id` names somebody else's signature for exactly this record (`change_id`)."""

    action: ClassVar[str] = "put tried"
    lost: int = 0
    approval_id: str | None = None


def change_id(record: RegistryRecord) -> str:
    """What a second person signs for: the record's id and a digest of all that it says."""
    row = registry_row(record)
    text = json.dumps(row, sort_keys=True, ensure_ascii=False, default=str)
    return f"{row['id']}/{hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]}"


def removal_id(record_id: str) -> str:
    """The same for a record that is taken out of use."""
    return f"{record_id}/{_REMOVED}"


def put_tried_record(ledger: Ledger, command: PutTriedRecord, actor: Actor) -> Done:
    """Raises NOT_PERMITTED when a confirmed alarm is lost and nobody else has signed. That a rule which found some is
    switched off, or guards another camera, needs no trial to be known."""
    if not isinstance(command.record, TRIED):
        raise bad("record", "nothing that can be tried")
    row, table = registry_row(command.record), REGISTRY[type(command.record)]
    at_stake = _at_stake(ledger, table, str(row["id"]), actor)
    overturned = at_stake is Stake.OVERTURNED and not _finds_the_same(table, ledger.find(table, str(row["id"])), row)
    if command.lost or overturned or (at_stake and _blinds(ledger, table, row)):
        _signed(ledger, command.approval_id, change_id(command.record), actor, table)
    registry_use.check(ledger, command.record)
    ledger.put(table, row)
    return Done(table.name, str(row["id"]))


def require_trial(ledger: Ledger, record: RegistryRecord, actor: Actor) -> None:
    """Raise NEEDS_TRIAL for an untried change of what decides about a rule that found a confirmed alarm lately."""
    if not isinstance(record, TRIED):
        return
    row, table = registry_row(record), REGISTRY[type(record)]
    if _finds_the_same(table, ledger.find(table, str(row["id"])), row):
        return
    if _at_stake(ledger, table, str(row["id"]), actor):
        raise StorageError(StorageCode.NEEDS_TRIAL, table=table.name, id=str(row["id"]))


def require_signed_removal(ledger: Ledger, command: RemoveRecord, actor: Actor) -> None:
    """Raise NEEDS_TRIAL when the record decides about a rule that found a confirmed alarm lately, and nobody else has
    signed; their signature is spent."""
    table = _TABLES.get(command.table)
    if table is None or not _at_stake(ledger, table, command.record_id, actor):
        return
    if command.approval_id is None:
        raise StorageError(StorageCode.NEEDS_TRIAL, table=table.name, id=command.record_id)
    _signed(ledger, command.approval_id, removal_id(command.record_id), actor, table)


def _signed(ledger: Ledger, approval_id: str | None, subject_id: str, actor: Actor, table: Table) -> None:
    """Who signed does not change it, whoever asked; and what was signed began from what stands there now."""
    require_approval(ledger, approval_id, ApprovalKind.RULE_CHANGE, subject_id)
    asked, _decided = _seqs(ledger, schema_cases.approvals, str(approval_id))
    _made, changed = _seqs(ledger, table, subject_id.rpartition("/")[0])
    if changed > asked:
        raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, reason=CHANGED_SINCE)
    if ledger.get(schema_cases.approvals, str(approval_id))["decided_by_id"] == actor.id:
        raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, reason="the one who signed")
    spend_approval(ledger, str(approval_id))


def _seqs(ledger: Ledger, table: Table, row_id: str) -> tuple[int, int]:
    """The audit entries of a row's first and newest version; 0 for a row that never was."""
    values = {"table_name": table.name, "row_id": row_id}
    (row,) = _VERSIONS.rows(ledger.connection, values)
    return int(row["oldest"] or 0), int(row["newest"] or 0)


def _finds_the_same(table: Table, before: Row | None, row: Row) -> bool:
    """Whether no rule can tell the difference. A first scale is one; a first rule or zone finds nothing yet."""
    if before is None or before["retired"]:
        return table is not schema_cases.camera_scales
    return all(before[name] == row[name] for name in row if name not in _FINDS_THE_SAME[table])


def _blinds(ledger: Ledger, table: Table, row: Row) -> bool:
    before = ledger.find(table, str(row["id"]))
    if table is schema_cases.camera_scales or before is None:
        return False
    return not row.get("enabled", 1) or before["camera_id"] != row["camera_id"]


def _at_stake(ledger: Ledger, table: Table, record_id: str, actor: Actor) -> Stake:
    since_utc_s = float(ledger.clock()) - LOOKBACK_S
    needing: Iterable[Row] = _NEEDING[table].rows(ledger.connection, {"record_id": record_id})
    rules = [(ledger.connection, str(row["camera_id"]), str(row["id"]), since_utc_s) for row in needing]
    if any(has_overturned(*rule, actor.id) for rule in rules):
        return Stake.OVERTURNED
    return Stake.CONFIRMED if any(has_confirmed(*rule) for rule in rules) else Stake.NOTHING
