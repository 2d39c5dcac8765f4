"""One dataclass per change of a fact: its permission and its transitions. `Journal.apply` is the only entrance."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from storage.access import Permission
from storage.records import (
    AlarmState,
    Camera,
    Category,
    District,
    Event,
    Evidence,
    IncidentState,
    Neighbour,
    Operator,
    Place,
    ProtectedObject,
    RuleSpec,
    Verdict,
    Zone,
    new_id,
)
from storage.registry_records import (
    AlertRoute,
    CameraGroup,
    CameraScale,
    Deadline,
    LegalHold,
    OutcomeKind,
    PrivacyMask,
    Procedure,
    RecordingPlan,
    SavedSearch,
    SavedView,
    Sector,
    Service,
    Tour,
    WallLayout,
)


@dataclass(frozen=True, slots=True)
class Command:
    """A wish to change facts."""

    permission: ClassVar[Permission]
    action: ClassVar[str]


RegistryRecord = (
    AlertRoute
    | Camera
    | CameraGroup
    | CameraScale
    | Category
    | Deadline
    | District
    | LegalHold
    | Neighbour
    | Operator
    | OutcomeKind
    | Place
    | PrivacyMask
    | Procedure
    | ProtectedObject
    | RecordingPlan
    | RuleSpec
    | SavedSearch
    | SavedView
    | Sector
    | Service
    | Tour
    | WallLayout
    | Zone
)


@dataclass(frozen=True, slots=True)
class PutRecord(Command):
    """Add or replace a registry record (camera, zone, rule, place, ...)."""

    permission: ClassVar[Permission] = Permission.CONFIGURE
    action: ClassVar[str] = "put"
    record: RegistryRecord


@dataclass(frozen=True, slots=True)
class PutOperator(Command):
    """Give somebody a role."""

    permission: ClassVar[Permission] = Permission.ADMINISTER
    action: ClassVar[str] = "put operator"
    operator: Operator


@dataclass(frozen=True, slots=True)
class PutFirstOperator(Command):
    """At first start: make somebody administrator when there is none; otherwise nothing happens."""

    permission: ClassVar[Permission] = Permission.RECORD
    action: ClassVar[str] = "put first operator"
    operator_id: str
    name: str


@dataclass(frozen=True, slots=True)
class PutCredential(Command):
    """Store a camera's login as sealed by `sealed.Sealer`."""

    permission: ClassVar[Permission] = Permission.CONFIGURE
    action: ClassVar[str] = "put credential"
    camera_id: str
    sealed: str


@dataclass(frozen=True, slots=True)
class RemoveRecord(Command):
    """Take a registry record out of use; its history stays. A rule, zone or scale without which confirmed alarms of
    the last days would not have come needs somebody else's signature (`tried_rules.removal_id`)."""

    permission: ClassVar[Permission] = Permission.CONFIGURE
    action: ClassVar[str] = "remove"
    table: str
    record_id: str
    approval_id: str | None = None


@dataclass(frozen=True, slots=True)
class RecordEvent(Command):
    """Write a rule's event; atomically feed the open alarm of the same group key or raise one.

    With `opens_incident` a newly raised alarm is judged and numbered in the same transaction."""

    permission: ClassVar[Permission] = Permission.RECORD
    action: ClassVar[str] = "record event"
    event: Event
    opens_incident: bool = False
    category_id: str = "intrusion"


@dataclass(frozen=True, slots=True)
class AttachEvidence(Command):
    """Add a stored file to the event's alarm and, through it, to its incident."""

    permission: ClassVar[Permission] = Permission.RECORD
    action: ClassVar[str] = "attach evidence"
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class AcknowledgeAlarm(Command):
    """The actor takes the alarm."""

    permission: ClassVar[Permission] = Permission.HANDLE_ALARM
    action: ClassVar[str] = "acknowledge alarm"
    sources: ClassVar[frozenset[AlarmState]] = frozenset({AlarmState.RAISED})
    alarm_id: str
    version: int


@dataclass(frozen=True, slots=True)
class JudgeAlarm(Command):
    """Incident (opens one), joined (to `incident_id`), or false."""

    permission: ClassVar[Permission] = Permission.HANDLE_ALARM
    action: ClassVar[str] = "judge alarm"
    sources: ClassVar[frozenset[AlarmState]] = frozenset({AlarmState.RAISED, AlarmState.ACKNOWLEDGED})
    alarm_id: str
    version: int
    verdict: Verdict
    category_id: str = "intrusion"
    incident_id: str | None = None
    new_incident_id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class ReopenAlarm(Command):
    """Undo of a false verdict: back to acknowledged."""

    permission: ClassVar[Permission] = Permission.HANDLE_ALARM
    action: ClassVar[str] = "reopen alarm"
    sources: ClassVar[frozenset[AlarmState]] = frozenset({AlarmState.JUDGED})
    alarm_id: str
    version: int


@dataclass(frozen=True, slots=True)
class AcknowledgeIncident(Command):
    """The actor becomes the owner."""

    permission: ClassVar[Permission] = Permission.HANDLE_INCIDENT
    action: ClassVar[str] = "acknowledge incident"
    sources: ClassVar[frozenset[IncidentState]] = frozenset({IncidentState.NEW})
    target: ClassVar[IncidentState] = IncidentState.ACKNOWLEDGED
    incident_id: str
    version: int


@dataclass(frozen=True, slots=True)
class VerifyIncident(Command):
    """Somebody looked and it is so."""

    permission: ClassVar[Permission] = Permission.HANDLE_INCIDENT
    action: ClassVar[str] = "verify incident"
    sources: ClassVar[frozenset[IncidentState]] = frozenset({IncidentState.NEW, IncidentState.ACKNOWLEDGED})
    target: ClassVar[IncidentState] = IncidentState.VERIFIED
    incident_id: str
    version: int


@dataclass(frozen=True, slots=True)
class CloseIncident(Command):
    """Ended, with an outcome."""

    permission: ClassVar[Permission] = Permission.CLOSE_INCIDENT
    action: ClassVar[str] = "close incident"
    sources: ClassVar[frozenset[IncidentState]] = frozenset(IncidentState) - {IncidentState.NEW, IncidentState.CLOSED}
    target: ClassVar[IncidentState] = IncidentState.CLOSED
    incident_id: str
    version: int
    outcome: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReopenIncident(Command):
    """Undo of a closure: back to acknowledged, outcome cleared; the history keeps both."""

    permission: ClassVar[Permission] = Permission.CLOSE_INCIDENT
    action: ClassVar[str] = "reopen incident"
    sources: ClassVar[frozenset[IncidentState]] = frozenset({IncidentState.CLOSED})
    target: ClassVar[IncidentState] = IncidentState.ACKNOWLEDGED
    incident_id: str
    version: int


@dataclass(frozen=True, slots=True)
class RecordExport(Command):
    """A report or file about the subject left the system."""

    permission: ClassVar[Permission] = Permission.EXPORT
    action: ClassVar[str] = "export"
    incident_id: str
    format: str
    sha256: str


@dataclass(frozen=True, slots=True)
class RecordFootageDigest(Command):
    """The hashes of the segments that were closed in a time, so that altered footage is noticed by the chain."""

    permission: ClassVar[Permission] = Permission.RECORD
    action: ClassVar[str] = "record footage digest"
    from_utc_s: float
    to_utc_s: float
    count: int
    digest: str


@dataclass(frozen=True, slots=True)
class SignCheckpoint(Command):
    """Sign the head of the chain (Ed25519) so that a cut or replaced journal is noticed."""

    permission: ClassVar[Permission] = Permission.SIGN
    action: ClassVar[str] = "sign checkpoint"
