"""A changed rule, zone or scale that was tried on stored tracks: what loses a confirmed alarm needs a second person.

Runs on the writer thread. What the trial found is the application's word; that somebody else signed for exactly this
record is checked here.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import ClassVar

from storage import registry_use
from storage.commands import PutRecord, RegistryRecord
from storage.disclosures import require_approval
from storage.ledger import Ledger
from storage.outcome import Done
from storage.people_records import ApprovalKind
from storage.records import Actor, RuleSpec, Zone
from storage.registry_records import CameraScale
from storage.rows import REGISTRY, registry_row
from storage.values import bad

_DIGITS = 16
TRIED = (RuleSpec, Zone, CameraScale)


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


def put_tried_record(ledger: Ledger, command: PutTriedRecord, _actor: Actor) -> Done:
    """Raises NOT_PERMITTED when a confirmed alarm is lost and nobody else has signed."""
    if not isinstance(command.record, TRIED):
        raise bad("record", "nothing that can be tried")
    if command.lost:
        require_approval(ledger, command.approval_id, ApprovalKind.RULE_CHANGE, change_id(command.record))
    row, table = registry_row(command.record), REGISTRY[type(command.record)]
    registry_use.check(ledger, command.record)
    ledger.put(table, row)
    return Done(table.name, str(row["id"]))
