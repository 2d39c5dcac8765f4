"""Composes the offices of a seat over one archive. Starts nothing; `workers` are for the supervisor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.approval_desk import SiteApprovalDesk
from app.archive import Archive
from app.backups import backup_folder
from app.blackbox import BlackBoxRecorder
from app.bus import Bus
from app.errors import AppCode, AppError
from app.exhibit_sizes import ExhibitSizes
from app.export_desk import SiteExportDesk
from app.fetch_desk import SiteFetchDesk
from app.footage_searcher import FootageSearcher
from app.foreign_files import SiteForeignDesk
from app.health_desk import HealthDesk
from app.import_desk import SiteImportDesk
from app.journal_pages import JournalPager
from app.model_desk import ModelDesk
from app.noise import SiteNoiseDesk
from app.offices import Offices
from app.package_shelf import PackageShelf
from app.people import People, people_of
from app.playback_feeds import PlaybackDesk
from app.recording import Recording
from app.release_desk import DisclosureFile, MadePackage, SiteReleaseDesk
from app.report_desk import SiteReportDesk
from app.seat_test import SeatFacts
from app.shown_walls import SiteShownWalls
from app.site_time import zone_of
from app.subject_desk import SiteSubjectDesk
from app.tasks import Tasks
from app.texts import sentence
from app.timeline_desk import SiteTimelineDesk
from app.trial_desk import SiteTrialDesk
from app.verifier import JournalVerified
from storage.backups import backups
from storage.class_names import class_map
from storage.records import Actor, Camera
from storage.worker import Worker

if TYPE_CHECKING:
    from app.package_desk import PackageDesk


class SeatOffices:
    """`offices` is what the desk shows; `people` who sits here. `verified` is the newest verification."""

    def __init__(
        self,
        archive: Archive,
        recording: Recording,
        bus: Bus,
        tasks: Tasks,
        *,
        changed: Callable[[], None],
        dead_cameras: Callable[[], Sequence[Camera]],
        health: HealthDesk | None = None,
        models: ModelDesk | None = None,
        playback: Callable[[People], PlaybackDesk] | None = None,
        timeline: Callable[[People], SiteTimelineDesk] | None = None,
        search: Callable[[People], FootageSearcher] | None = None,
    ) -> None:
        self.verified: JournalVerified | None = None
        self._archive, self._recording, self._tasks = archive, recording, tasks
        bus.subscribe(JournalVerified, self._note)
        facts = SeatFacts(
            archive.folders.data,
            recorder=self._recorder,
            last_backup_utc_s=self._last_backup,
            last_verified=lambda: (self.verified.at_utc_s, self.verified.ok) if self.verified is not None else None,
        )
        self.people: People = people_of(archive, bus, tasks, facts, changed=changed, dead_cameras=dead_cameras)
        pager = JournalPager(archive.journal, self._actor, lambda: archive.registry)
        shelf = PackageShelf(archive.folders.data / "packages")
        box = archive.settings.black_box
        black_box = BlackBoxRecorder(archive.folders.black_box, box) if box.enabled else None
        self.workers: tuple[Worker, ...] = (*pager.workers, *((black_box,) if black_box is not None else ()))
        seat, maker = self.people.seat, self._package_desk
        approvals = SiteApprovalDesk(archive, seat, tasks, bus, maker, shelf=shelf, changed=changed)
        timeline_of_site = timeline(self.people) if timeline is not None else None
        self.workers += timeline_of_site.workers if timeline_of_site is not None else ()
        searcher = search(self.people) if search is not None else None
        self.workers += (searcher,) if searcher is not None else ()
        offices = Offices(
            people=self.people.desk,
            pages=pager,
            reports=SiteReportDesk(archive, bus, tasks, self._actor),
            approvals=approvals,
            imports=SiteImportDesk(archive, tasks, self._actor),
            foreign=SiteForeignDesk(archive, tasks, self._actor, changed=changed),
            zone=zone_of(archive.settings),
            health=health,
            black_box=black_box,
            wall=archive.settings.wall,
            alarms=archive.settings.alarms,
            models=models,
            noise=SiteNoiseDesk(archive, tasks, self._actor),
            trials=SiteTrialDesk(archive, tasks, self._actor, changed=changed),
            words=class_map(archive.settings.detection.classes),
            playback=playback(self.people) if playback is not None else None,
            timeline=timeline_of_site,
            search=searcher,
            exhibit_sizes=ExhibitSizes(archive.folders.evidence),
            shown_walls=SiteShownWalls(archive, tasks, self._actor) if box.enabled else None,
        )
        self.offices = self._with_footage(offices, bus, shelf, changed)

    def _with_footage(self, offices: Offices, bus: Bus, shelf: PackageShelf, changed: Callable[[], None]) -> Offices:
        """And what needs recordings, where there are any."""
        archive, tasks, index = self._archive, self._tasks, self._recording.index
        if index is None:
            return offices
        return replace(
            offices,
            releases=SiteReleaseDesk(archive, bus, tasks, self._packed, self._actor, shelf=shelf),
            subjects=SiteSubjectDesk(archive, index, bus, tasks, self._actor),
            exports=SiteExportDesk(archive, index, tasks, self._actor, changed=changed),
            fetch=SiteFetchDesk(archive, index, self._recording.folder_of, tasks, self._actor, changed=changed),
        )

    def _actor(self) -> Actor:
        """Who sits here at the moment at which a key is pressed."""
        return self.people.seat.actor

    def _note(self, verified: JournalVerified) -> None:
        self.verified = verified

    def _recorder(self) -> str | None:
        if self._recording.index is None:
            return None
        problem = self._recording.problem
        return sentence(problem) if problem is not None else ""

    def _last_backup(self) -> float | None:
        found = list(backups(backup_folder(self._archive.folders, self._archive.settings.backup)))
        return found[0].at_utc_s if found else None

    def _package_desk(self) -> PackageDesk:
        """Made when it is needed: what draws packages is not imported at start. A task's thread."""
        from app.package_desk import PackageDesk

        if self._recording.index is None:
            raise AppError(AppCode.NO_RECORDINGS)
        return PackageDesk(self._archive, self._recording.index)

    def _packed(self, file: DisclosureFile, target: Path, actor: Actor) -> MadePackage:
        """Ends early, and leaves nothing, when the program is to end."""
        return self._package_desk().of_disclosure(file, target, actor, cancelled=lambda: self._tasks.ending)
