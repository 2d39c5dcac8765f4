"""Commands about people: passwords, logins, shifts, approvals by a second person, accesses to footage and journal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from storage.access import Permission
from storage.commands import Command
from storage.people_records import AccessKind, ApprovalKind, ApprovalState, ShiftItemKind, ShiftState
from storage.records import new_id


@dataclass(frozen=True, slots=True)
class SetPassword(Command):
    """An operator's own, or (ADMINISTER) another's as a temporary one. `phc` is argon2id's text."""

    permission: ClassVar[Permission] = Permission.READ_JOURNAL
    action: ClassVar[str] = "set password"
    operator_id: str
    phc: str


@dataclass(frozen=True, slots=True)
class LogIn(Command):
    """The actor sat down; the password was checked before (`storage.passwords`)."""

    permission: ClassVar[Permission] = Permission.READ_JOURNAL
    action: ClassVar[str] = "log in"
    workstation: str
    new_login_id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class LogOut(Command):
    """The actor's login ends; the runtime goes on."""

    permission: ClassVar[Permission] = Permission.READ_JOURNAL
    action: ClassVar[str] = "log out"
    login_id: str


@dataclass(frozen=True, slots=True)
class RecordFailedLogin(Command):
    """Somebody was refused; by the program itself."""

    permission: ClassVar[Permission] = Permission.RECORD
    action: ClassVar[str] = "failed login"
    name: str
    workstation: str


@dataclass(frozen=True, slots=True)
class StartShift(Command):
    """The actor's watch over these sectors begins; `checks` is the seat test as JSON text."""

    permission: ClassVar[Permission] = Permission.HANDLE_ALARM
    action: ClassVar[str] = "start shift"
    workstation: str
    sector_ids: tuple[str, ...] = ()
    checks: str = "{}"
    new_shift_id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class ShiftWord:
    """One thing to hand over."""

    kind: ShiftItemKind
    subject_id: str
    text: str


@dataclass(frozen=True, slots=True)
class HandOverShift(Command):
    """Put the items down, taken one by one by the next shift; also for an absent colleague (a supervisor: forced)."""

    permission: ClassVar[Permission] = Permission.HANDLE_ALARM
    action: ClassVar[str] = "hand over shift"
    sources: ClassVar[frozenset[ShiftState]] = frozenset({ShiftState.ON})
    target: ClassVar[ShiftState] = ShiftState.HANDING_OVER
    shift_id: str
    version: int
    items: tuple[ShiftWord, ...] = ()


@dataclass(frozen=True, slots=True)
class TakeShiftItem(Command):
    """The actor has it now; an incident gets the actor as its owner; the last item ends the shift."""

    permission: ClassVar[Permission] = Permission.HANDLE_ALARM
    action: ClassVar[str] = "take shift item"
    item_id: str


@dataclass(frozen=True, slots=True)
class EndShift(Command):
    """Over, though items are left: they stay to be taken."""

    permission: ClassVar[Permission] = Permission.HANDLE_ALARM
    action: ClassVar[str] = "end shift"
    sources: ClassVar[frozenset[ShiftState]] = frozenset({ShiftState.ON, ShiftState.HANDING_OVER})
    target: ClassVar[ShiftState] = ShiftState.OVER
    shift_id: str
    version: int


@dataclass(frozen=True, slots=True)
class LendSectors(Command):
    """My sectors go to another shift that is on; taken back the same way. None: they are only put down."""

    permission: ClassVar[Permission] = Permission.HANDLE_ALARM
    action: ClassVar[str] = "lend sectors"
    shift_id: str
    version: int
    sector_ids: tuple[str, ...]
    to_shift_id: str | None = None


@dataclass(frozen=True, slots=True)
class RequestApproval(Command):
    """Ask for a second person."""

    permission: ClassVar[Permission] = Permission.READ_JOURNAL
    action: ClassVar[str] = "request approval"
    kind: ApprovalKind
    subject_id: str
    reason: str
    new_approval_id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class DecideApproval(Command):
    """The second person's word, by their own password; never the one who asked."""

    permission: ClassVar[Permission] = Permission.APPROVE
    action: ClassVar[str] = "decide approval"
    sources: ClassVar[frozenset[ApprovalState]] = frozenset({ApprovalState.REQUESTED})
    approval_id: str
    version: int
    approved: bool
    words: str = ""


@dataclass(frozen=True, slots=True)
class BreakGlass(Command):
    """Danger to life and nobody to ask: used at once with a reason, reviewed the next day."""

    permission: ClassVar[Permission] = Permission.EXPORT
    action: ClassVar[str] = "break glass"
    sources: ClassVar[frozenset[ApprovalState]] = frozenset({ApprovalState.REQUESTED})
    target: ClassVar[ApprovalState] = ApprovalState.BROKEN_GLASS
    approval_id: str
    version: int
    words: str


@dataclass(frozen=True, slots=True)
class ReviewApproval(Command):
    """Broken glass was looked at, by somebody else."""

    permission: ClassVar[Permission] = Permission.APPROVE
    action: ClassVar[str] = "review approval"
    sources: ClassVar[frozenset[ApprovalState]] = frozenset({ApprovalState.BROKEN_GLASS})
    target: ClassVar[ApprovalState] = ApprovalState.REVIEWED
    approval_id: str
    version: int
    words: str


@dataclass(frozen=True, slots=True)
class RecordAccess(Command):
    """The actor looked at footage, searched, moved a camera, lifted a mask; refused without a case or a reason."""

    permission: ClassVar[Permission] = Permission.READ_JOURNAL
    action: ClassVar[str] = "record access"
    kind: AccessKind
    reason: str = ""
    camera_id: str | None = None
    incident_id: str | None = None
    from_utc_s: float | None = None
    to_utc_s: float | None = None
    detail: str = ""
