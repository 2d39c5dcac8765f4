"""What a seat can do besides wall, alarms and incidents, each behind its own small contract; None: not here.

A node and a trial wall have fewer of them; a view leaves out the page of what is missing. Made by `app.seat_offices`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from app.approval_desk import ApprovalDesk
from app.blackbox import BlackBoxRecorder
from app.exhibit_sizes import ExhibitSizes
from app.export_desk import ExportDesk
from app.fetch_desk import FetchDesk
from app.footage_search import FootageSearchDesk
from app.foreign_files import ForeignDesk
from app.health_desk import HealthDesk
from app.import_desk import ImportDesk
from app.journal_pages import JournalPages
from app.model_desk import ModelDesk
from app.noise import NoiseDesk
from app.people_desk import PeopleDesk
from app.playback_feeds import PlaybackDesk
from app.release_desk import ReleaseDesk
from app.report_desk import ReportDesk
from app.shown_walls import ShownWalls
from app.subject_desk import SubjectDesk
from app.timeline import TimelineDesk
from app.trial_desk import TrialDesk
from storage.class_names import DEFAULT_CLASSES, class_map
from storage.settings import AlarmSettings, WallSettings

UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Offices:
    """People at this seat, the journal to search, requests of authorities, approvals and packages,
    cameras of other systems, health of the cameras, who notes what the walls show,
    which cameras and rules are noisy, detection models, changed rules tried on stored tracks, what models call our
    classes (`words`), the timeline of recordings, several cameras' recordings in step, search in recordings,
    footage of recorders elsewhere."""

    people: PeopleDesk | None = None
    pages: JournalPages | None = None
    releases: ReleaseDesk | None = None
    subjects: SubjectDesk | None = None
    reports: ReportDesk | None = None
    approvals: ApprovalDesk | None = None
    imports: ImportDesk | None = None
    zone: ZoneInfo = UTC
    health: HealthDesk | None = None
    black_box: BlackBoxRecorder | None = None
    wall: WallSettings = field(default_factory=WallSettings)
    alarms: AlarmSettings = field(default_factory=AlarmSettings)
    noise: NoiseDesk | None = None
    models: ModelDesk | None = None
    trials: TrialDesk | None = None
    words: Mapping[str, str] = field(default_factory=lambda: class_map(DEFAULT_CLASSES))
    timeline: TimelineDesk | None = None
    playback: PlaybackDesk | None = None
    exports: ExportDesk | None = None
    foreign: ForeignDesk | None = None
    search: FootageSearchDesk | None = None
    fetch: FetchDesk | None = None
    exhibit_sizes: ExhibitSizes | None = None
    shown_walls: ShownWalls | None = None
