"""Registry records that are an operator's own: saved searches, layouts, views and tours of the wall. Writer thread.

Everybody who may read the journal may put and remove their own. What belongs to nobody is the site's: that needs the
right to configure. Nobody touches somebody else's.
"""

from __future__ import annotations

from sqlalchemy import Table

from storage import schema_cases
from storage.access import Permission, may
from storage.commands import Command, PutRecord, RemoveRecord
from storage.errors import StorageCode, StorageError
from storage.ledger import Ledger
from storage.records import Actor
from storage.registry_records import SavedSearch, SavedView, Tour, WallLayout
from storage.rows import REGISTRY

_OWN = (SavedSearch, SavedView, Tour, WallLayout)
_TABLES = {str(REGISTRY[kind].name): REGISTRY[kind] for kind in _OWN}


def own_record_of(command: Command) -> tuple[Table, str] | None:
    """Table and id of the record that the command is about, when it is of a kind that operators have of their own."""
    if isinstance(command, PutRecord) and isinstance(command.record, _OWN):
        return REGISTRY[type(command.record)], command.record.id
    if isinstance(command, RemoveRecord) and command.table in _TABLES:
        return _TABLES[command.table], command.record_id
    return None


def require_own(ledger: Ledger, command: PutRecord | RemoveRecord, actor: Actor) -> None:
    """Raise NOT_PERMITTED for somebody else's record, and for the site's without the right to configure."""
    found = own_record_of(command)
    if found is None:
        return
    table, record_id = found
    row = ledger.find(table, record_id)
    owners = {row["operator_id"]} if row is not None else set()
    if isinstance(command, PutRecord) and isinstance(command.record, _OWN):
        owners.add(command.record.operator_id)
    if owners - {actor.id, None}:
        searching = table is schema_cases.saved_searches
        reason = "somebody else's saved search" if searching else "somebody else's record"
        raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, reason=reason)
    if None in owners and not may(ledger.role(actor), Permission.CONFIGURE):
        raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, permission=Permission.CONFIGURE.value)
