"""Bulletins: at every seat until they expire, read by each operator, closed for all at once. On the writer thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from storage import schema_cases, values
from storage.case_commands import AcknowledgeLookout, CloseLookout, PublishLookout
from storage.case_records import Lookout, LookoutReceipt, LookoutState
from storage.commands import Command
from storage.incident_moves import check_version, illegal, named
from storage.ledger import Ledger
from storage.outcome import Done
from storage.records import Actor
from storage.rows import to_row

_lookouts, _receipts = schema_cases.lookouts, schema_cases.lookout_receipts


def publish_lookout(ledger: Ledger, command: PublishLookout, actor: Actor) -> Done:
    """Put a bulletin up; it must still be good for a while."""
    if command.incident_id is not None:
        named(ledger, command.incident_id, actor)
    now_utc_s = float(ledger.clock())
    expires_utc_s = values.utc_s("expires_utc_s", command.expires_utc_s)
    if expires_utc_s <= now_utc_s:
        raise values.bad("expires_utc_s", "over already")
    lookout = Lookout(
        id=values.new(ledger, _lookouts, command.new_lookout_id),
        title=values.title("title", command.title, needed=True),
        text=values.text("text", command.text),
        severity=values.severity("severity", command.severity),
        state=LookoutState.ACTIVE,
        from_utc_s=now_utc_s,
        expires_utc_s=expires_utc_s,
        actor_id=actor.id,
        version=1,
        incident_id=command.incident_id,
    )
    ledger.insert(_lookouts, to_row(lookout, _lookouts))
    return Done(_lookouts.name, lookout.id, incident_id=command.incident_id)


def acknowledge_lookout(ledger: Ledger, command: AcknowledgeLookout, actor: Actor) -> Done:
    """The actor has read it, though it may have been closed at that moment."""
    ledger.get(_lookouts, command.lookout_id)
    receipt = LookoutReceipt(f"{command.lookout_id}/{actor.id}", command.lookout_id, actor.id, float(ledger.clock()))
    new = ledger.insert_new(_receipts, to_row(receipt, _receipts))
    return Done(_lookouts.name, command.lookout_id, repeated=not new)


def close_lookout(ledger: Ledger, command: CloseLookout, actor: Actor) -> Done:
    """Nobody looks any more."""
    row = ledger.get(_lookouts, command.lookout_id)
    check_version(_lookouts.name, row, command.version)
    if row["state"] != LookoutState.ACTIVE.value:
        raise illegal(_lookouts.name, row)
    changes = {
        "state": LookoutState.CLOSED.value,
        "closed_utc_s": float(ledger.clock()),
        "closed_by_id": actor.id,
        "version": int(row["version"]) + 1,
    }
    ledger.update(_lookouts, row, changes)
    return Done(_lookouts.name, command.lookout_id, incident_id=row["incident_id"])


HANDLERS: dict[type[Command], Callable[[Ledger, Any, Actor], Done]] = {
    PublishLookout: publish_lookout,
    AcknowledgeLookout: acknowledge_lookout,
    CloseLookout: close_lookout,
}
"""Command to what executes it."""
