"""Files that belong to an incident without an event: stills of hand-made entries, clips, foreign files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

from storage import schema, schema_cases, values
from storage.case_commands import AttachExhibit
from storage.errors import StorageCode, StorageError
from storage.incident_moves import named
from storage.ledger import Ledger
from storage.outcome import Done
from storage.records import Actor
from storage.rows import LAST_UTC_S, to_row

_NAME_LETTERS = 200


def attach_exhibit(ledger: Ledger, command: AttachExhibit, actor: Actor) -> Done:
    """Note the file. An exhibit that is there already changes nothing."""
    exhibit = command.exhibit
    incident = named(ledger, exhibit.incident_id, actor)
    done = Done(
        schema.incidents.name,
        exhibit.incident_id,
        incident_id=exhibit.incident_id,
        incident_number=str(incident["number"]),
        repeated=ledger.find(schema_cases.exhibits, exhibit.id) is not None,
    )
    times = [t for t in (exhibit.from_utc_s, exhibit.to_utc_s) if t is not None]
    values.sha256("sha256", exhibit.sha256)
    if not _is_in_store(exhibit.path) or len(exhibit.name) > _NAME_LETTERS:
        raise StorageError(StorageCode.BAD_VALUE, record="Exhibit")
    if any(not 0.0 <= t <= LAST_UTC_S for t in times) or times != sorted(times):
        raise StorageError(StorageCode.BAD_VALUE, record="Exhibit", field="from_utc_s")
    if not done.repeated:
        kept = replace(exhibit, at_utc_s=float(ledger.clock()), actor_id=actor.id)
        ledger.insert(schema_cases.exhibits, to_row(kept, schema_cases.exhibits))
    return done


def _is_in_store(path: str) -> bool:
    """Whether it names a file below the evidence store: whoever reads exhibits reads no other files of this machine."""
    known = PurePosixPath(path)
    return bool(known.parts) and not known.is_absolute() and ".." not in known.parts and not set(path) & set("\\:\0")
