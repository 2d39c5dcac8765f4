"""Two persons for one act, and the packages that need it: asked, decided, glass broken and reviewed, packages made.

`ApprovalDesk` is what the page asks; `SiteApprovalDesk` does it on task threads. Who acts is asked when the key is
pressed. The journal holds the rule (never the one who asked); this only brings the second person's word to it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from app.acting import Acting, Said, seldom
from app.approval_facts import ApprovalFacts, ApprovalLine, ApprovalsWaiting, PackagePlan
from app.archive import Archive
from app.bus import Bus
from app.feeds import DeskState
from app.i18n import _
from app.package_shelf import PackageShelf
from app.sign_in import Seat
from app.tasks import Tasks
from storage.commands import Command
from storage.errors import StorageCode, StorageError
from storage.people_commands import BreakGlass, DecideApproval, RequestApproval, ReviewApproval
from storage.people_records import ApprovalKind
from storage.records import Actor

if TYPE_CHECKING:
    from app.package_desk import PackageOrder
    from app.package_films import Progress
    from app.packages import PackageResult

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SecondPerson:
    """Name and password that somebody else typed at this seat; an argument only, never kept."""

    name: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PackageWish:
    """What is wanted of an incident's package."""

    incident_id: str
    reason: str
    recipient: str = ""
    legal_basis: str = ""
    master: bool = False


class ApprovalDesk(Protocol):
    """Every call returns at once. The last callback gets the sentence of a refusal."""

    bus: Bus

    def waiting(self) -> ApprovalsWaiting:
        """The newest count, also a fact on the bus."""

    def load(self, done: Callable[[tuple[ApprovalLine, ...]], None], refused: Said) -> None:
        """Read what is open."""

    def plan(self, incident_id: str, done: Callable[[PackagePlan], None], refused: Said) -> None:
        """Read what a package would hold."""

    def look_up_key(self, recipient: str, done: Callable[[bool], None], refused: Said) -> None:
        """Whether the recipient's public key is known here, so that originals go sealed."""

    def ask(self, wish: PackageWish, done: Said, refused: Said) -> None:
        """Ask a second person for the originals."""

    def decide(
        self, line: ApprovalLine, words: str, second: SecondPerson | None, done: Said, refused: Said, *, approved: bool
    ) -> None:
        """Yes or no, of the second person, else of who sits here."""

    def break_glass(self, line: ApprovalLine, words: str, done: Said, refused: Said) -> None:
        """Danger to life: used at once, reviewed the next day."""

    def review(self, line: ApprovalLine, words: str, second: SecondPerson | None, done: Said, refused: Said) -> None:
        """Broken glass was looked at by somebody else."""

    def build(self, wish: PackageWish, told: Progress, done: Callable[[PackageResult], None], refused: Said) -> None:
        """Make the package and write it down; `told` comes at most once a per cent. One at a time."""

    def cancel(self) -> None:
        """Stop making it; what is finished is taken over when the same is wanted again."""


class PackageMaker(Protocol):
    """`app.package_desk.PackageDesk` is one."""

    def of_incident(
        self,
        incident: str,
        target: Path,
        order: PackageOrder,
        actor: Actor,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> PackageResult:
        """Make it and write it down."""


class SiteApprovalDesk:
    """Of one archive and one seat. `package_desk_factory` is called on a task thread for every package, which comes
    onto the `shelf`; `changed` wakes the change feed."""

    def __init__(
        self,
        archive: Archive,
        seat: Seat,
        tasks: Tasks,
        bus: Bus,
        package_desk_factory: Callable[[], PackageMaker],
        *,
        shelf: PackageShelf | None = None,
        changed: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.bus = bus
        self._archive, self._seat, self._tasks = archive, seat, tasks
        self._maker, self._changed, self._clock = package_desk_factory, changed, clock
        self._facts = ApprovalFacts(archive.journal)
        self._acting = Acting(tasks, lambda: seat.actor, "a step of the approvals")
        self._shelf = shelf or PackageShelf(archive.folders.data / "packages")
        self._cancelled = threading.Event()
        self._waiting, self._counting, self._stale = ApprovalsWaiting(), False, False
        self._count_lock = threading.Lock()
        bus.subscribe(DeskState, lambda _state: self._count_soon())

    def waiting(self) -> ApprovalsWaiting:
        """See `ApprovalDesk.waiting`."""
        return self._waiting

    def _count_soon(self) -> None:
        """Facts have changed; changes that come before the count are one, and one count runs at a time."""
        with self._count_lock:
            self._stale = True
            begin = not self._counting and not self._tasks.ending
            self._counting = self._counting or begin
        if begin and not self._tasks.submit(self._count, failed=self._count_failed):
            self._count_over()

    def _count(self) -> None:
        while self._count_begins():
            found = self._facts.waiting(self._clock())
            if found != self._waiting:
                self._waiting = found
                self.bus.publish(found)

    def _count_begins(self) -> bool:
        with self._count_lock:
            self._counting, self._stale = self._stale, False
            return self._counting

    def _count_over(self) -> None:
        with self._count_lock:
            self._counting = False

    def _count_failed(self, error: Exception) -> None:
        self._count_over()
        log.error("the approvals could not be counted", exc_info=error)

    def load(self, done: Callable[[tuple[ApprovalLine, ...]], None], refused: Said) -> None:
        """See `ApprovalDesk.load`."""
        sitting_id = self._seat.state.operator_id
        self._acting.run(lambda: done(self._facts.lines(sitting_id, self._clock())), refused)

    def plan(self, incident_id: str, done: Callable[[PackagePlan], None], refused: Said) -> None:
        """See `ApprovalDesk.plan`."""
        self._acting.act(lambda actor: done(self._facts.plan(incident_id, actor.id)), refused)

    def look_up_key(self, recipient: str, done: Callable[[bool], None], refused: Said) -> None:
        """See `ApprovalDesk.look_up_key`."""
        self._acting.run(lambda: done(self._key_is_known(recipient)), refused)

    def ask(self, wish: PackageWish, done: Said, refused: Said) -> None:
        """See `ApprovalDesk.ask`. What the second person must know stands in the reason."""

        def work(actor: Actor) -> None:
            command = RequestApproval(ApprovalKind.MASTER_EXPORT, wish.incident_id, self._reason(wish))
            self._apply(command, actor)
            done(_("A second person was asked for the originals."))

        self._acting.act(work, refused)

    def decide(
        self, line: ApprovalLine, words: str, second: SecondPerson | None, done: Said, refused: Said, *, approved: bool
    ) -> None:
        """See `ApprovalDesk.decide`."""
        approval = line.approval
        command = DecideApproval(approval.id, approval.version, approved=approved, words=words)
        text = _("{subject}: approved.") if approved else _("{subject}: refused.")
        self._said_by(command, second, lambda: done(text.format(subject=line.subject)), refused)

    def break_glass(self, line: ApprovalLine, words: str, done: Said, refused: Said) -> None:
        """See `ApprovalDesk.break_glass`."""
        command = BreakGlass(line.approval.id, line.approval.version, words)
        text = _("{subject}: used because of danger to life. Somebody else reviews it tomorrow.")
        self._said_by(command, None, lambda: done(text.format(subject=line.subject)), refused)

    def review(self, line: ApprovalLine, words: str, second: SecondPerson | None, done: Said, refused: Said) -> None:
        """See `ApprovalDesk.review`."""
        command = ReviewApproval(line.approval.id, line.approval.version, words)
        text = _("{subject}: reviewed.")
        self._said_by(command, second, lambda: done(text.format(subject=line.subject)), refused)

    def build(self, wish: PackageWish, told: Progress, done: Callable[[PackageResult], None], refused: Said) -> None:
        """See `ApprovalDesk.build`."""
        if not self._shelf.claim():
            refused(_("A package is being made already. Wait for it, or cancel it."))
            return
        self._cancelled.clear()

        def work(actor: Actor) -> None:
            try:
                result = self._built(wish, actor, told)
            finally:
                self._shelf.hand_back()
            self._changed()
            done(result)

        if not self._acting.act(work, refused, long=True):
            self._shelf.hand_back()

    def cancel(self) -> None:
        """See `ApprovalDesk.cancel`."""
        self._cancelled.set()

    def _built(self, wish: PackageWish, actor: Actor, told: Progress) -> PackageResult:
        plan = self._facts.plan(wish.incident_id, actor.id)  # refuses who may not see it
        if wish.master and not plan.granted:  # one word of a second person is for one package
            kind = ApprovalKind.MASTER_EXPORT.value
            raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, permission=kind, reason="no approval")
        from app.package_desk import PackageOrder, known_recipient  # with what draws packages: not at start

        order = PackageOrder(
            reason=wish.reason,
            master=wish.master,
            recipient=known_recipient(self._archive.folders, wish.recipient),
            recipient_name=wish.recipient,
            legal_basis=wish.legal_basis,
        )
        return self._maker().of_incident(
            plan.incident_id,
            self._shelf.free(plan.number),
            order,
            actor,
            seldom(told),
            lambda: self._cancelled.is_set() or self._tasks.ending,
        )

    def _key_is_known(self, recipient: str) -> bool:
        from app.package_desk import known_recipient

        return known_recipient(self._archive.folders, recipient) is not None

    def _reason(self, wish: PackageWish) -> str:
        """Raises StorageError: NO_REASON, BAD_KEY."""
        if not wish.reason.strip():
            raise StorageError(StorageCode.NO_REASON)
        if not wish.recipient:
            return wish.reason
        sealed = self._key_is_known(wish.recipient)
        how = _("sealed with the recipient's key") if sealed else _("NOT sealed: no key of the recipient is known")
        parts = [wish.reason, _("For: {recipient}").format(recipient=wish.recipient), wish.legal_basis, how]
        return "; ".join(part for part in parts if part)

    def _said_by(self, command: Command, second: SecondPerson | None, done: Callable[[], None], refused: Said) -> None:
        """Apply it as who sits here, or as the second person whose password is given."""

        def step(actor: Actor) -> None:
            self._apply(command, actor)
            done()

        if second is None:
            self._acting.act(step, refused)
        elif self._may_act(refused):
            failed = self._acting.failing(refused)
            self._seat.second_person(second.name, second.password, step, failed)

    def _apply(self, command: Command, actor: Actor) -> None:
        self._archive.journal.apply(command, actor)
        self._changed()

    def _may_act(self, refused: Said) -> bool:
        return self._acting.sitting(refused) is not None
