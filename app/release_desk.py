"""The disclosure desk's work: from an authority's letter to the label on the medium.

`ReleaseDesk` is what views ask; `SiteReleaseDesk` does it on task threads. The journal holds the states and decides
what is possible; this only puts its steps together with the files that belong to them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from app.approval_facts import GRANTED
from app.archive import Archive
from app.bus import Bus
from app.feeds import CommandRefused
from app.i18n import _, spoken
from app.package_shelf import PackageShelf
from app.reports import write_whole
from app.site_time import zone_of
from app.subject_choice import SubjectChoice
from app.tasks import Tasks
from app.texts import sentence
from storage.commands import Command
from storage.durable import make_folder
from storage.errors import StorageError, WatchfloorError
from storage.journal import Journal
from storage.people_commands import RequestApproval
from storage.people_records import Approval, ApprovalKind
from storage.records import Actor, Camera
from storage.release_commands import MoveDisclosure, OpenDisclosure, RecordPackage
from storage.release_records import Disclosure, DisclosureState, Package

log = logging.getLogger(__name__)

Done = Callable[[str], None]
"""Gets the sentence to show, on a task thread."""
_APPROVALS = 500


@dataclass(frozen=True, slots=True)
class DisclosureFile:
    """A request with the newest approval that was asked for it and its newest package. `choice`: what is a person's own
    who asked about themselves; nothing of it is stored, it is for packing."""

    disclosure: Disclosure
    approval: Approval | None = None
    package: Package | None = None
    choice: SubjectChoice = field(default_factory=SubjectChoice)

    @property
    def granted(self) -> bool:
        """Whether a second person said yes."""
        return self.approval is not None and self.approval.state in GRANTED


@dataclass(frozen=True, slots=True)
class MadePackage:
    """What came out of packing; `package_id` stands in its manifest."""

    path: Path
    package_id: str
    sha256: str
    fingerprint: str
    complete: bool
    master: bool


PackageMaker = Callable[[DisclosureFile, Path, Actor], MadePackage]
"""Makes the package of an approved request at that path, for who asked. Raises WatchfloorError."""


class ReleaseDesk(Protocol):
    """What a view of the disclosure desk can ask. Every call returns at once; refusals come over the bus."""

    def cameras(self) -> tuple[Camera, ...]:
        """Those that may be asked for, by number."""

    def load(self, done: Callable[[tuple[DisclosureFile, ...]], None], *, open_only: bool = True) -> None:
        """Read the requests, the nearest deadline first; `done` on a task thread."""

    def open(self, command: OpenDisclosure, done: Done) -> None:
        """Write a request down: its footage is held from now on."""

    def ask_approval(self, file: DisclosureFile, reason: str, done: Done) -> None:
        """Ask a second person."""

    def approve(self, file: DisclosureFile, done: Done) -> None:
        """Note that the second person said yes."""

    def pack(self, file: DisclosureFile, given: str, done: Done) -> None:
        """Make the package; `given` says what goes when it is not all."""

    def write_papers(self, file: DisclosureFile, done: Done) -> None:
        """The reply letter, and the label when there is a package."""

    def give(self, file: DisclosureFile, receipt: str, done: Done) -> None:
        """It was handed over; who signed for it."""

    def refuse(self, file: DisclosureFile, reason: str, done: Done) -> None:
        """It is not given, and why."""


class SiteReleaseDesk:
    """The desk of one archive. `pack` makes packages, which come onto the `shelf`; `actor` says who sits here now."""

    def __init__(
        self,
        archive: Archive,
        bus: Bus,
        tasks: Tasks,
        pack: PackageMaker,
        actor: Callable[[], Actor] | None = None,
        clock: Callable[[], float] = time.time,
        shelf: PackageShelf | None = None,
    ) -> None:
        self._archive, self._bus, self._tasks, self._pack, self._clock = archive, bus, tasks, pack, clock
        self._actor = actor or (lambda: archive.actor)
        self._shelf = shelf or PackageShelf(archive.folders.data / "packages")

    def cameras(self) -> tuple[Camera, ...]:
        """As read at start."""
        return tuple(sorted(self._archive.registry.cameras, key=lambda camera: camera.number))

    def load(self, done: Callable[[tuple[DisclosureFile, ...]], None], *, open_only: bool = True) -> None:
        """Read on a task thread."""
        self._run(lambda: done(self.files(open_only=open_only)))

    def files(self, *, open_only: bool = True) -> tuple[DisclosureFile, ...]:
        """Read now. Not on the GUI thread."""
        return disclosure_files(self._archive.journal, open_only=open_only)

    def open(self, command: OpenDisclosure, done: Done) -> None:
        """Write it down."""
        self._apply(command, done, _("The request is written down, and its footage is held."))

    def ask_approval(self, file: DisclosureFile, reason: str, done: Done) -> None:
        """Ask."""
        command = RequestApproval(ApprovalKind.DISCLOSURE, file.disclosure.id, reason)
        self._apply(command, done, _("A second person was asked."))

    def approve(self, file: DisclosureFile, done: Done) -> None:
        """Note it."""
        approval_id = None if file.approval is None else file.approval.id
        command = _moved(file, DisclosureState.APPROVED, approval_id=approval_id)
        self._apply(command, done, _("The request is approved."))

    def pack(self, file: DisclosureFile, given: str, done: Done) -> None:
        """Build the package, write it and the step down, as who sat here when it was asked for."""
        if not self._shelf.claim():
            self._bus.publish(CommandRefused(_("A package is being made already. Wait for it, or cancel it.")))
            return

        def work(actor: Actor) -> None:
            try:
                path = self._packed(file, given, actor)
            finally:
                self._shelf.hand_back()
            done(_("The package is made: {path}").format(path=path))

        if not self._act(work, long=True):
            self._shelf.hand_back()

    def _packed(self, file: DisclosureFile, given: str, actor: Actor) -> Path:
        return packed(self._archive.journal, self._pack, file, self._shelf.free(file.disclosure.number), given, actor)

    def write_papers(self, file: DisclosureFile, done: Done) -> None:
        """Write both into the reports folder, as who sat here when they were asked for."""

        def work(actor: Actor) -> None:
            paths = self.papers(file, actor)
            done(_("Written: {path}").format(path=", ".join(str(path) for path in paths)))

        self._act(work)

    def papers(self, file: DisclosureFile, actor: Actor) -> list[Path]:
        """Write now. Not on the GUI thread."""
        from app.disclosure_letter import LetterContext, medium_label, reply_letter  # fpdf2: 0.4 s, not at start

        folder = make_folder(self._archive.folders.reports)
        settings = self._archive.settings
        context = LetterContext(
            settings.site.name or "Watchfloor",
            zone_of(settings),
            settings.site.language or "en",
            actor.id,
            self._clock(),
            self._archive.registry.cameras,
        )
        number, written = file.disclosure.number, []
        with spoken(context.language):
            papers = {"letter": reply_letter(file.disclosure, file.package, context)}
            if file.package is not None:
                papers["label"] = medium_label(file.disclosure, file.package, context)
        for name, content in papers.items():
            path = folder / f"{number}-{name}.pdf"
            write_whole(path, content)
            written.append(path)
        return written

    def give(self, file: DisclosureFile, receipt: str, done: Done) -> None:
        """Note it."""
        self._apply(_moved(file, DisclosureState.GIVEN, receipt=receipt), done, _("It was handed over."))

    def refuse(self, file: DisclosureFile, reason: str, done: Done) -> None:
        """Note it."""
        self._apply(_moved(file, DisclosureState.REFUSED, refused=reason), done, _("The request is refused."))

    def _apply(self, command: Command, done: Done, text: str) -> None:
        def work(actor: Actor) -> None:
            self._archive.journal.apply(command, actor)
            done(text)

        self._act(work)

    def _act(self, work: Callable[[Actor], None], *, long: bool = False) -> bool:
        """For who sits here now: minutes later it may be somebody else, or nobody. False when it was not begun."""
        try:
            actor = self._actor()
        except WatchfloorError as error:
            self._refused(error)
            return False
        return self._run(lambda: work(actor), long=long)

    def _run(self, work: Callable[[], None], *, long: bool = False) -> bool:
        begun = self._tasks.submit(work, failed=self._refused, long=long)
        if not begun:
            self._bus.publish(CommandRefused(_("Too much is waiting; nothing was done. Try again in a moment.")))
        return begun

    def _refused(self, error: Exception) -> None:
        if isinstance(error, WatchfloorError):
            self._bus.publish(CommandRefused(sentence(error)))
        else:
            log.error("a step of the disclosure desk failed", exc_info=error)
            self._bus.publish(CommandRefused(_("This did not work: a fault in the program, noted in the log.")))


def disclosure_files(journal: Journal, *, open_only: bool = True) -> tuple[DisclosureFile, ...]:
    """The requests, the nearest deadline first. Blocking."""
    approvals: dict[str, Approval] = {}
    for approval in journal.approvals(open_only=False, limit=_APPROVALS):  # newest first
        if approval.kind is ApprovalKind.DISCLOSURE:
            approvals.setdefault(approval.subject_id, approval)
    found = []
    for disclosure in journal.disclosures(open_only=open_only):
        packages = journal.packages(disclosure.id)
        found.append(DisclosureFile(disclosure, approvals.get(disclosure.id), packages[-1] if packages else None))
    return tuple(found)


def packed(journal: Journal, pack: PackageMaker, file: DisclosureFile, target: Path, given: str, actor: Actor) -> Path:
    """Make the package of an approved request, write it and the step down. Blocking. Raises as `pack`, StorageError."""
    disclosure = file.disclosure
    made = pack(file, target, actor)
    record = RecordPackage(
        disclosure.id,
        str(made.path),
        made.sha256,
        made.fingerprint,
        made.complete,
        made.master,
        disclosure.approval_id,
        disclosure.recipient,
        new_package_id=made.package_id,
    )
    try:
        journal.apply(record, actor)
    except StorageError:
        made.path.unlink(missing_ok=True)  # what was not written down does not exist
        raise
    journal.apply(_moved(file, DisclosureState.PACKED, package_id=made.package_id, given=given), actor)
    return made.path


def _moved(file: DisclosureFile, state: DisclosureState, **changes: str | None) -> MoveDisclosure:
    disclosure = file.disclosure
    return MoveDisclosure(disclosure.id, disclosure.version, state, **changes)  # type: ignore[arg-type]  # its own texts
