"""Commands of a case's life beyond the first steps: entry by hand, hand-over, notes, merge, procedures, lookouts.

As in `storage.commands`: one dataclass per change, with its permission and transitions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from storage.access import Permission
from storage.case_records import Exhibit, HandoverState, LinkKind, NoteKind
from storage.commands import Command
from storage.records import IncidentState, Severity, Source, new_id

_OPEN = frozenset(IncidentState) - {IncidentState.CLOSED}
_WORKED_ON = _OPEN - {IncidentState.NEW}


@dataclass(frozen=True, slots=True)
class OpenIncident(Command):
    """An incident by hand or from a call; the actor owns it at once. `happened_utc_s` is the frame's time."""

    permission: ClassVar[Permission] = Permission.HANDLE_INCIDENT
    action: ClassVar[str] = "open incident"
    category_id: str
    severity: Severity
    happened_utc_s: float
    camera_id: str = ""
    source: Source = Source.OPERATOR
    title: str = ""
    note: str = ""
    address: str = ""
    place_id: str | None = None
    district_id: str | None = None
    object_id: str | None = None
    new_incident_id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class EditIncident(Command):
    """Correct what is known; None leaves a field as it is."""

    permission: ClassVar[Permission] = Permission.HANDLE_INCIDENT
    action: ClassVar[str] = "edit incident"
    sources: ClassVar[frozenset[IncidentState]] = frozenset(IncidentState)
    incident_id: str
    version: int
    category_id: str | None = None
    severity: Severity | None = None
    title: str | None = None
    address: str | None = None
    place_id: str | None = None
    district_id: str | None = None
    happened_utc_s: float | None = None
    damage_minor: int | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class AssignIncident(Command):
    """Give it to another operator, or take it from one (forced relief)."""

    permission: ClassVar[Permission] = Permission.HANDLE_INCIDENT
    action: ClassVar[str] = "assign incident"
    sources: ClassVar[frozenset[IncidentState]] = _OPEN
    incident_id: str
    version: int
    operator_id: str


@dataclass(frozen=True, slots=True)
class HandOverIncident(Command):
    """Give it to a service; its alert routes get messages in the same transaction."""

    permission: ClassVar[Permission] = Permission.HANDLE_INCIDENT
    action: ClassVar[str] = "hand over incident"
    sources: ClassVar[frozenset[IncidentState]] = _WORKED_ON - {IncidentState.RESOLVED}
    target: ClassVar[IncidentState] = IncidentState.HANDED_OVER
    incident_id: str
    version: int
    service_id: str
    text: str = ""
    new_handover_id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class AnswerHandover(Command):
    """What the service said: moves the incident to accepted, on scene, resolved, or back to verified."""

    permission: ClassVar[Permission] = Permission.HANDLE_INCIDENT
    action: ClassVar[str] = "answer hand-over"
    sources: ClassVar[frozenset[HandoverState]] = frozenset(
        {HandoverState.SENT, HandoverState.ACCEPTED, HandoverState.ON_SCENE}
    )
    handover_id: str
    version: int
    state: HandoverState
    answer: str = ""


@dataclass(frozen=True, slots=True)
class ResolveIncident(Command):
    """The matter itself is over; the paperwork may follow."""

    permission: ClassVar[Permission] = Permission.HANDLE_INCIDENT
    action: ClassVar[str] = "resolve incident"
    sources: ClassVar[frozenset[IncidentState]] = _WORKED_ON - {IncidentState.RESOLVED}
    target: ClassVar[IncidentState] = IncidentState.RESOLVED
    incident_id: str
    version: int


@dataclass(frozen=True, slots=True)
class StepBackIncident(Command):
    """Undo of the last step: back to the state before it, as the history has it."""

    permission: ClassVar[Permission] = Permission.HANDLE_INCIDENT
    action: ClassVar[str] = "step back"
    sources: ClassVar[frozenset[IncidentState]] = _WORKED_ON
    incident_id: str
    version: int


@dataclass(frozen=True, slots=True)
class MergeIncident(Command):
    """The same thing was entered twice: closes this one into the other; alarms go along, notes stay
    here and are found by the link."""

    permission: ClassVar[Permission] = Permission.HANDLE_INCIDENT
    action: ClassVar[str] = "merge incident"
    sources: ClassVar[frozenset[IncidentState]] = _OPEN
    target: ClassVar[IncidentState] = IncidentState.CLOSED
    incident_id: str
    version: int
    into_id: str


@dataclass(frozen=True, slots=True)
class LinkIncidents(Command):
    """Two incidents belong together."""

    permission: ClassVar[Permission] = Permission.HANDLE_INCIDENT
    action: ClassVar[str] = "link incidents"
    incident_id: str
    other_id: str
    kind: LinkKind = LinkKind.RELATED
    new_link_id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class UnlinkIncidents(Command):
    """Undo of a link."""

    permission: ClassVar[Permission] = Permission.HANDLE_INCIDENT
    action: ClassVar[str] = "unlink incidents"
    link_id: str


@dataclass(frozen=True, slots=True)
class EscalateIncident(Command):
    """A deadline passed and nobody acted: note it once per deadline and tell the deadline's service."""

    permission: ClassVar[Permission] = Permission.RECORD
    action: ClassVar[str] = "escalate incident"
    incident_id: str
    version: int


@dataclass(frozen=True, slots=True)
class RestrictIncident(Command):
    """Need to know: only its owner, supervisors and those named may see it; False lifts that."""

    permission: ClassVar[Permission] = Permission.RESTRICT
    action: ClassVar[str] = "restrict incident"
    incident_id: str
    version: int
    restricted: bool
    operator_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AddNote(Command):
    """A note, a mark (words may come later), a bookmark, or a hop of the hot key."""

    permission: ClassVar[Permission] = Permission.HANDLE_INCIDENT
    action: ClassVar[str] = "add note"
    text: str
    kind: NoteKind = NoteKind.NOTE
    incident_id: str | None = None
    camera_id: str | None = None
    utc_s: float | None = None
    new_note_id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class EditNote(Command):
    """Words for a mark, or the incident that it belongs to. Only its author's; the history keeps what was there."""

    permission: ClassVar[Permission] = Permission.HANDLE_INCIDENT
    action: ClassVar[str] = "edit note"
    note_id: str
    version: int
    text: str
    incident_id: str | None = None


@dataclass(frozen=True, slots=True)
class AttachExhibit(Command):
    """Add a file of the evidence store to an incident; the actor and the time are the journal's own."""

    permission: ClassVar[Permission] = Permission.HANDLE_INCIDENT
    action: ClassVar[str] = "attach exhibit"
    exhibit: Exhibit


@dataclass(frozen=True, slots=True)
class AddParticipant(Command):
    """Who took part (a patrol, a service)."""

    permission: ClassVar[Permission] = Permission.HANDLE_INCIDENT
    action: ClassVar[str] = "add participant"
    incident_id: str
    name: str
    part: str = ""
    new_participant_id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class RemoveParticipant(Command):
    """Undo of AddParticipant."""

    permission: ClassVar[Permission] = Permission.HANDLE_INCIDENT
    action: ClassVar[str] = "remove participant"
    participant_id: str


@dataclass(frozen=True, slots=True)
class DoStep(Command):
    """A step of the procedure was done, or is skipped and why (`reason` must then say something)."""

    permission: ClassVar[Permission] = Permission.HANDLE_INCIDENT
    action: ClassVar[str] = "do step"
    incident_id: str
    procedure_id: str
    position: int
    done: bool = True
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PublishLookout(Command):
    """A bulletin at every seat until it expires."""

    permission: ClassVar[Permission] = Permission.HANDLE_INCIDENT
    action: ClassVar[str] = "publish lookout"
    title: str
    text: str
    severity: Severity
    expires_utc_s: float
    incident_id: str | None = None
    new_lookout_id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class AcknowledgeLookout(Command):
    """The actor has read it; a second time changes nothing."""

    permission: ClassVar[Permission] = Permission.READ_JOURNAL
    action: ClassVar[str] = "acknowledge lookout"
    lookout_id: str


@dataclass(frozen=True, slots=True)
class CloseLookout(Command):
    """Nobody has to look any more, at any seat."""

    permission: ClassVar[Permission] = Permission.HANDLE_INCIDENT
    action: ClassVar[str] = "close lookout"
    lookout_id: str
    version: int


@dataclass(frozen=True, slots=True)
class ShelveAlarms(Command):
    """Keep alarms of one cause at these cameras out of the queue, with a reason, for 8 hours at most; with
    `to_shift_end` no longer than the actor's shift."""

    permission: ClassVar[Permission] = Permission.HANDLE_ALARM
    action: ClassVar[str] = "shelve alarms"
    name: str
    camera_ids: tuple[str, ...]
    cause: str
    reason: str
    until_utc_s: float
    to_shift_end: bool = False
    new_shelf_id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class UnshelveAlarms(Command):
    """They stand in the queue again."""

    permission: ClassVar[Permission] = Permission.HANDLE_ALARM
    action: ClassVar[str] = "unshelve alarms"
    shelf_id: str
    version: int
