"""Commands about what leaves the house, and what the law holds or takes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from storage.access import Permission
from storage.commands import Command
from storage.records import new_id
from storage.release_records import DisclosureKind, DisclosureState, OutboxState


@dataclass(frozen=True, slots=True)
class MarkAlert(Command):
    """What became of an attempt to send."""

    permission: ClassVar[Permission] = Permission.RECORD
    action: ClassVar[str] = "mark alert"
    sources: ClassVar[frozenset[OutboxState]] = frozenset({OutboxState.WAITING, OutboxState.SENT})
    message_id: str
    version: int
    state: OutboxState
    next_utc_s: float
    error: str = ""


@dataclass(frozen=True, slots=True)
class AnswerAlert(Command):
    """A service answered: moves its hand-over (accepted or refused) as by hand. `route_id`: whose secret vouches for
    it; that one answers its own alerts only."""

    permission: ClassVar[Permission] = Permission.ANSWER
    action: ClassVar[str] = "answer alert"
    sources: ClassVar[frozenset[OutboxState]] = frozenset(OutboxState) - {OutboxState.ANSWERED}
    message_id: str
    accepted: bool
    answer: str = ""
    route_id: str | None = None


@dataclass(frozen=True, slots=True)
class EscalateAlert(Command):
    """No answer in time: the route's next service gets a hand-over and messages of its own."""

    permission: ClassVar[Permission] = Permission.RECORD
    action: ClassVar[str] = "escalate alert"
    sources: ClassVar[frozenset[OutboxState]] = frozenset({OutboxState.WAITING, OutboxState.SENT, OutboxState.FAILED})
    target: ClassVar[OutboxState] = OutboxState.ESCALATED
    message_id: str
    version: int


@dataclass(frozen=True, slots=True)
class RecordPackage(Command):
    """An evidence package left; with masters only after an approval (or broken glass)."""

    permission: ClassVar[Permission] = Permission.EXPORT
    action: ClassVar[str] = "record package"
    subject_id: str
    path: str
    sha256: str
    fingerprint: str
    complete: bool
    master: bool = False
    approval_id: str | None = None
    recipient: str = ""
    new_package_id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class OpenDisclosure(Command):
    """The request of an authority, or of a person about themselves; its cameras' footage of that time is held from now
    on."""

    permission: ClassVar[Permission] = Permission.DISCLOSE
    action: ClassVar[str] = "open disclosure"
    authority: str
    legal_basis: str
    reference: str
    asked: str
    camera_ids: tuple[str, ...]
    from_utc_s: float
    to_utc_s: float
    due_utc_s: float
    recipient: str = ""
    kind: DisclosureKind = DisclosureKind.AUTHORITY
    new_disclosure_id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class MoveDisclosure(Command):
    """The next step: approved (with the approval), packed (with the package), given (with the receipt), or refused."""

    permission: ClassVar[Permission] = Permission.DISCLOSE
    action: ClassVar[str] = "move disclosure"
    disclosure_id: str
    version: int
    state: DisclosureState
    approval_id: str | None = None
    package_id: str | None = None
    given: str = ""
    refused: str = ""
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class EraseSubject(Command):
    """Take the payload and salt of a subject's rows out everywhere; tombstones stay. Needs an approval, or `by_rule`
    (retention, by the program itself). `subject` is a fact table: incidents take what hangs on them along."""

    permission: ClassVar[Permission] = Permission.ERASE
    action: ClassVar[str] = "erase"
    subject: str
    subject_id: str
    legal_basis: str
    reason: str
    approval_id: str | None = None
    by_rule: bool = False
