"""The journal as everybody sees it: one entrance for changes, typed queries, a change feed.

Two implementations are planned (embedded SQLite now, shared PostgreSQL later); `tests/contracts` runs them all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from storage.case_records import (
    Exhibit,
    Handover,
    IncidentLink,
    Lookout,
    LookoutReceipt,
    Note,
    Participant,
    ProcedureStep,
    Shelf,
)
from storage.commands import Command
from storage.noise_queries import Noise, Raised
from storage.people_queries import AccessFilter, Briefing
from storage.people_records import Access, Approval, FailedLogin, Login, Password, Shift, ShiftItem
from storage.records import (
    Actor,
    Alarm,
    Camera,
    Category,
    Change,
    District,
    Event,
    Evidence,
    HistoryEntry,
    Incident,
    Neighbour,
    Operator,
    Place,
    ProtectedObject,
    RuleSpec,
    Zone,
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
from storage.release_records import Disclosure, Erasure, OutboxMessage, Package
from storage.search import IncidentQuery, Page, Watch
from storage.verdict_queries import Judged


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an accepted command did, after it is durable."""

    seq: int
    alarm_id: str | None = None
    alarm_raised: bool = False
    incident_id: str | None = None
    incident_number: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that `verify` found; `table` and `row_id` name it, `field` where a single one can be named."""

    table: str
    row_id: str
    what: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """Result of verifying a journal."""

    rows: int
    entries: int
    head: str
    key_fingerprint: str | None
    checkpoints: int
    problems: tuple[Problem, ...]
    erased: int = 0

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class Registry:
    """All registry records in use, read in one go (they are few next to facts)."""

    cameras: tuple[Camera, ...] = ()
    zones: tuple[Zone, ...] = ()
    rules: tuple[RuleSpec, ...] = ()
    places: tuple[Place, ...] = ()
    districts: tuple[District, ...] = ()
    objects: tuple[ProtectedObject, ...] = ()
    categories: tuple[Category, ...] = ()
    operators: tuple[Operator, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    outcomes: tuple[OutcomeKind, ...] = ()
    services: tuple[Service, ...] = ()
    alert_routes: tuple[AlertRoute, ...] = ()
    sectors: tuple[Sector, ...] = ()
    camera_groups: tuple[CameraGroup, ...] = ()
    procedures: tuple[Procedure, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    recording_plans: tuple[RecordingPlan, ...] = ()
    legal_holds: tuple[LegalHold, ...] = ()
    privacy_masks: tuple[PrivacyMask, ...] = ()
    camera_scales: tuple[CameraScale, ...] = ()
    saved_searches: tuple[SavedSearch, ...] = ()
    wall_layouts: tuple[WallLayout, ...] = ()
    saved_views: tuple[SavedView, ...] = ()
    tours: tuple[Tour, ...] = ()


@dataclass(frozen=True, slots=True)
class IncidentFile:
    """Everything about one incident, for the panel and the report."""

    incident: Incident
    alarms: tuple[Alarm, ...]
    events: tuple[Event, ...]
    evidence: tuple[Evidence, ...]
    history: tuple[HistoryEntry, ...]
    notes: tuple[Note, ...] = ()
    handovers: tuple[Handover, ...] = ()
    participants: tuple[Participant, ...] = ()
    steps: tuple[ProcedureStep, ...] = ()
    links: tuple[IncidentLink, ...] = ()
    alerts: tuple[OutboxMessage, ...] = ()
    packages: tuple[Package, ...] = ()
    exhibits: tuple[Exhibit, ...] = ()


@dataclass(frozen=True, slots=True)
class FootageLock:
    """Footage that must not be deleted: of an alarm until `until_utc_s`, of an incident (None) until it is released;
    `held_by` is the legal hold or disclosure that holds it instead."""

    camera_id: str
    from_utc_s: float
    to_utc_s: float
    until_utc_s: float | None
    incident_id: str | None
    alarm_id: str
    held_by: str = ""


@dataclass(frozen=True, slots=True)
class FootageDigest:
    """What the chain says of the segments that ended in a time: how many, and `segments.footage_digest` of them."""

    from_utc_s: float
    to_utc_s: float
    count: int
    digest: str


@dataclass(frozen=True, slots=True)
class RetentionCandidate:
    """A closed incident whose time is over at `due_utc_s`; `held`: a legal hold or an open request keeps it."""

    incident: Incident
    due_utc_s: float
    held: bool


class Journal(Protocol):
    """Queries may be called from any thread but the GUI's; `apply` blocks until the change is durable."""

    def apply(self, command: Command, actor: Actor) -> Receipt:
        """Check permission, version and workflow; write rows, history, audit and change number in one transaction.

        Raises StorageError: NOT_PERMITTED, UNKNOWN_ACTOR, NOT_FOUND, STALE_VERSION, ILLEGAL_TRANSITION, BAD_VALUE,
        DISK_FULL, READ_ONLY, BUSY, CLOSED."""

    def apply_soon(
        self, command: Command, actor: Actor, done: Callable[[Receipt | Exception], None] | None = None
    ) -> None:
        """Queue a command for the writer thread (bounded; blocks for at most a second, then BUSY)."""

    def registry(self) -> Registry:
        """All registry records in use."""

    def alarms(
        self, *, open_only: bool = True, limit: int = 200, cameras: Collection[str] | None = None
    ) -> Sequence[Alarm]:
        """Alarms, most severe and newest first; `cameras`: of these alone, so that others do not use up the limit."""

    def open_alarm_count(self, cameras: Collection[str] | None = None) -> int:
        """How many alarms (of these cameras) nobody has judged."""

    def incidents(
        self, *, open_only: bool = False, limit: int = 200, before_id: str | None = None, viewer_id: str | None = None
    ) -> Sequence[Incident]:
        """Incidents, newest first; `before_id` pages. Without those that the viewer must not know of
        (`need_to_know`; None is the program itself)."""

    def find_incidents(
        self,
        query: IncidentQuery,
        *,
        limit: int = 200,
        before_id: str | None = None,
        viewer_id: str | None = None,
        watch: Watch | None = None,
    ) -> Page:
        """Incidents that the filter lets pass and the viewer may know of (None: the program), newest first by opening,
        with a text in the order of writing; `before_id` is the last page's `next_id`. Raises CANCELLED, BAD_VALUE."""

    def count_incidents(
        self,
        query: IncidentQuery,
        at_most: int = 20_000,
        *,
        viewer_id: str | None = None,
        watch: Watch | None = None,
    ) -> int:
        """How many there are, counted up to `at_most`. Raises CANCELLED."""

    def histogram(
        self,
        query: IncidentQuery,
        from_utc_s: float,
        to_utc_s: float,
        buckets: int,
        *,
        viewer_id: str | None = None,
        watch: Watch | None = None,
    ) -> tuple[int, ...]:
        """How many were opened in each of so many equal parts of a time. Raises CANCELLED."""

    def incident_span(self) -> tuple[float, float] | None:
        """When the first and the last incident were opened; None: there is none."""

    def incident_file(self, incident: str, *, viewer_id: str | None = None) -> IncidentFile:
        """By id or number. Raises NOT_FOUND; NOT_PERMITTED when the viewer must not know of it."""

    def overdue(self, now_utc_s: float, limit: int = 100) -> Sequence[Incident]:
        """Incidents whose deadline has passed and that nobody was told of, the longest ago first."""

    def open_handovers(self, viewer_id: str | None = None) -> Sequence[Handover]:
        """Hand-overs of open incidents that a service has or is to have, oldest first; only of incidents that the
        viewer may know of (None: the program itself)."""

    def lookouts(self, now_utc_s: float) -> Sequence[Lookout]:
        """Bulletins in force, most severe and newest first."""

    def lookout_receipts(self, lookout_id: str) -> Sequence[LookoutReceipt]:
        """Who has read a bulletin."""

    def shelves(self, since_utc_s: float) -> Sequence[Shelf]:
        """Shelved alarms, also those whose time ended since then; `until_utc_s` is when it ended, where that was sooner
        than was asked. Oldest first."""

    def raised(self, since_utc_s: float, limit: int = 2000) -> Sequence[Raised]:
        """Alarms that were raised since then, judged ones too, newest first."""

    def noise(self, since_utc_s: float, until_utc_s: float) -> Noise:
        """What cameras and rules raised in a time, most alarms first."""

    def judged(self, since_utc_s: float, camera_id: str | None = None) -> Sequence[Judged]:
        """Alarms that have a verdict and had events since then, oldest first; of one camera or of all."""

    def open_notes(self, actor_id: str, limit: int = 100) -> Sequence[Note]:
        """The actor's marks and bookmarks that belong to no incident yet, newest first."""

    def events(self, *, limit: int = 100_000) -> Sequence[Event]:
        """Events, oldest first."""

    def footage_locks(self, now_utc_s: float) -> Sequence[FootageLock]:
        """Footage that alarms and incidents hold now. Derived from them: nothing to set, nothing to forget."""

    def footage_digests(self, limit: int = 100_000) -> Sequence[FootageDigest]:
        """Digests of closed segments, newest first."""

    def logins_open(self) -> Sequence[Login]:
        """Who sits where now, oldest first."""

    def failed_logins(self, since_utc_s: float, limit: int = 500) -> Sequence[FailedLogin]:
        """Refusals since then, newest first."""

    def password(self, operator_id: str) -> Password | None:
        """For `app.sign_in` only."""

    def has_passwords(self) -> bool:
        """Whether anybody has a password: until then whoever starts the program sits at the seat."""

    def shifts(self, *, open_only: bool = True, limit: int = 200) -> Sequence[Shift]:
        """Newest first; open: on, or not all items taken yet."""

    def shift_items(self, shift_id: str | None = None, viewer_id: str | None = None) -> Sequence[ShiftItem]:
        """All items of a shift; of None: what is left to take of any shift. Oldest first. Without incidents that the
        viewer must not know of (None: the program itself)."""

    def approvals(self, *, open_only: bool = True, limit: int = 200) -> Sequence[Approval]:
        """Newest first; open: to be decided or reviewed."""

    def accesses(self, wanted: AccessFilter, limit: int = 200) -> Sequence[Access]:
        """Who looked at what, newest first."""

    def cameras_of(self, operator_id: str) -> frozenset[str] | None:
        """Ids of the cameras that the operator may see (None: all); lists are to be filtered by them."""

    def briefing(self, now_utc_s: float) -> Briefing:
        """What a shift begins with, in numbers."""

    def outbox(self, due_utc_s: float, limit: int) -> Sequence[OutboxMessage]:
        """Waiting alerts that are due, and sent ones whose answer is overdue; the longest due first."""

    def messages_of(self, incident_id: str) -> Sequence[OutboxMessage]:
        """All alerts about an incident, oldest first."""

    def disclosures(self, *, open_only: bool = True) -> Sequence[Disclosure]:
        """Authorities' requests, the nearest deadline first."""

    def packages(self, subject_id: str) -> Sequence[Package]:
        """Evidence packages about an incident or a disclosure, oldest first."""

    def erasures(self, limit: int = 200) -> Sequence[Erasure]:
        """What the law took out, newest first."""

    def retention_candidates(
        self, until_utc_s: float, limit: int, *, default_days: int = 0
    ) -> Sequence[RetentionCandidate]:
        """Closed incidents whose time is over by then: their category's days, else `default_days` (0: kept)."""

    def counts(self) -> dict[str, int]:
        """Rows of each fact table."""

    def changes(self, after: int, limit: int = 500) -> Sequence[Change]:
        """The change feed after change number `after`, including other processes' changes."""

    def verify(self) -> Verification:
        """Check chain, digests, rows against history, and checkpoints."""

    def head(self) -> tuple[int, str]:
        """Last change number and chain hash."""

    def backup(self, path: str, stopped: Callable[[], bool] = lambda: False) -> None:
        """Write a consistent copy of the journal file. Raises CANCELLED soon after `stopped` says so."""

    def close(self) -> None:
        """Flush, checkpoint the WAL, release the file."""
