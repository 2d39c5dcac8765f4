"""What the approvals page shows: who waits for a second person's word, and what an incident's package would hold.

Read out of the journal: a task thread's. Nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from storage.access import Permission, may
from storage.errors import StorageCode, StorageError
from storage.journal import Journal, Registry
from storage.people_records import Approval, ApprovalKind, ApprovalState
from storage.release_records import Package

if TYPE_CHECKING:
    from app.package_content import CameraScope

REVIEW_S = 86_400.0
"""Broken glass is looked at the next day."""
GRANTED = (ApprovalState.APPROVED, ApprovalState.BROKEN_GLASS)
_MOST = 500


@dataclass(frozen=True, slots=True)
class ApprovalLine:
    """One approval in words. `alone`: who sits here may say it without anybody else's password; `due`: glass was
    broken longer ago than it may wait for its review."""

    approval: Approval
    subject: str
    asked_by: str
    decided_by: str = ""
    alone: bool = False
    due: bool = False


@dataclass(frozen=True, slots=True)
class ApprovalsWaiting:
    """How many approvals wait for somebody's word, and how many of these are reviews that are due; on the bus."""

    count: int = 0
    due: int = 0


@dataclass(frozen=True, slots=True)
class PackagePlan:
    """What a package of an incident would hold, and how far its originals are: `approval` is the newest one that is
    asked for, granted and not used yet, or refused. `cameras` are names by id."""

    incident_id: str
    number: str
    scopes: tuple[CameraScope, ...]
    cameras: dict[str, str] = field(default_factory=dict)
    approval: Approval | None = None
    packages: tuple[Package, ...] = ()

    @property
    def granted(self) -> bool:
        """Whether the originals may go into the next package."""
        return self.approval is not None and self.approval.state in GRANTED

    @property
    def asked(self) -> bool:
        """Whether a second person was asked and has not answered."""
        return self.approval is not None and self.approval.state is ApprovalState.REQUESTED


class ApprovalFacts:
    """Reads one journal. Numbers of incidents and disclosures never change: they are kept."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._numbers: dict[str, str] = {}

    def lines(self, sitting_id: str, now_utc_s: float) -> tuple[ApprovalLine, ...]:
        """What is open: reviews that are due, then what was asked, the oldest first, then other broken glass."""
        registry = self._journal.registry()
        found = [self._line(one, registry, sitting_id, now_utc_s) for one in self._journal.approvals(limit=_MOST)]
        return tuple(sorted(found, key=_urgency))

    def waiting(self, now_utc_s: float) -> ApprovalsWaiting:
        """Only the numbers."""
        found = self._journal.approvals(limit=_MOST)
        return ApprovalsWaiting(len(found), sum(_is_due(approval, now_utc_s) for approval in found))

    def plan(self, incident: str, viewer_id: str) -> PackagePlan:
        """Raises StorageError: NOT_FOUND, NOT_PERMITTED (need to know)."""
        from app.package_content import scopes_of  # with what draws packages: not at start

        file = self._journal.incident_file(incident, viewer_id=viewer_id)
        packages = tuple(self._journal.packages(file.incident.id))
        registry = self._journal.registry()
        return PackagePlan(
            file.incident.id,
            file.incident.number,
            scopes_of(file),
            {camera.id: f"{camera.number} {camera.name}" for camera in registry.cameras},
            self._approval(file.incident.id, packages),
            packages,
        )

    def _approval(self, incident_id: str, packages: tuple[Package, ...]) -> Approval | None:
        found = approvals_of(self._journal, ApprovalKind.MASTER_EXPORT, incident_id)
        unused = granted_unused(found, packages)
        if unused is not None or not found:
            return unused
        return found[0] if found[0].state in (ApprovalState.REQUESTED, ApprovalState.REFUSED) else None

    def _line(self, approval: Approval, registry: Registry, sitting_id: str, now_utc_s: float) -> ApprovalLine:
        people = {operator.id: operator for operator in registry.operators}
        names = {operator_id: operator.name for operator_id, operator in people.items()}
        sitting = people.get(sitting_id)
        approves = sitting is not None and may(sitting.role, Permission.APPROVE)
        decided_by_id = approval.decided_by_id or ""
        return ApprovalLine(
            approval,
            self._subject(approval, registry),
            names.get(approval.asked_by_id, approval.asked_by_id),
            names.get(decided_by_id, decided_by_id),
            alone=approves and sitting_id not in (approval.asked_by_id, decided_by_id),
            due=_is_due(approval, now_utc_s),
        )

    def _subject(self, approval: Approval, registry: Registry) -> str:
        subject_id = approval.subject_id
        if subject_id not in self._numbers:
            number = self._number(subject_id)
            if not number:
                names = [(c.id, f"{c.number} {c.name}") for c in registry.cameras]
                names += [(r.id, r.name) for r in registry.rules] + [(z.id, z.name) for z in registry.zones]
                changed, _slash, _digest = subject_id.partition("/")  # a change of a rule: `tried_rules.change_id`
                return dict(names).get(changed, subject_id)
            self._numbers[subject_id] = number
        return self._numbers[subject_id]

    def _number(self, subject_id: str) -> str:
        """Of an incident or a disclosure; empty when it is neither."""
        for disclosure in self._journal.disclosures(open_only=False):
            self._numbers[disclosure.id] = disclosure.number
        if subject_id in self._numbers:
            return self._numbers[subject_id]
        try:
            return self._journal.incident_file(subject_id).incident.number
        except StorageError as error:
            if error.code is not StorageCode.NOT_FOUND:
                raise
            return ""


def approvals_of(journal: Journal, kind: ApprovalKind, subject_id: str) -> list[Approval]:
    """What was asked for one act on one subject, the newest first."""
    found = journal.approvals(open_only=False, limit=_MOST)
    return [approval for approval in found if (approval.kind, approval.subject_id) == (kind, subject_id)]


def granted_unused(approvals: Iterable[Approval], packages: Iterable[Package]) -> Approval | None:
    """The first one that was granted and let no package out yet: one word of a second person is for one package."""
    used = {package.approval_id for package in packages}
    return next((one for one in approvals if one.state in GRANTED and one.id not in used), None)


def _urgency(line: ApprovalLine) -> tuple[int, float]:
    waits = line.approval.state is ApprovalState.REQUESTED
    return 0 if line.due else 1 if waits else 2, line.approval.asked_utc_s


def _is_due(approval: Approval, now_utc_s: float) -> bool:
    broken = approval.state is ApprovalState.BROKEN_GLASS
    return broken and now_utc_s - (approval.decided_utc_s or approval.asked_utc_s) >= REVIEW_S
