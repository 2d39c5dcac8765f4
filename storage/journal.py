"""The journal as everybody sees it: one entrance for changes, typed queries, a change feed.

Two implementations are planned (embedded SQLite now, shared PostgreSQL later); `tests/contracts` runs them all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from storage.commands import Command
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


@dataclass(frozen=True, slots=True)
class IncidentFile:
    """Everything about one incident, for the panel and the report."""

    incident: Incident
    alarms: tuple[Alarm, ...]
    events: tuple[Event, ...]
    evidence: tuple[Evidence, ...]
    history: tuple[HistoryEntry, ...]


@dataclass(frozen=True, slots=True)
class FootageLock:
    """Footage that must not be deleted: of an alarm until `until_utc_s`, of an incident (None) until it is released."""

    camera_id: str
    from_utc_s: float
    to_utc_s: float
    until_utc_s: float | None
    incident_id: str | None
    alarm_id: str


@dataclass(frozen=True, slots=True)
class FootageDigest:
    """What the chain says of the segments that ended in a time: how many, and `segments.footage_digest` of them."""

    from_utc_s: float
    to_utc_s: float
    count: int
    digest: str


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

    def alarms(self, *, open_only: bool = True, limit: int = 200) -> Sequence[Alarm]:
        """Alarms, most severe and newest first."""

    def incidents(
        self, *, open_only: bool = False, limit: int = 200, before_id: str | None = None
    ) -> Sequence[Incident]:
        """Incidents, newest first; `before_id` pages."""

    def incident_file(self, incident: str) -> IncidentFile:
        """By id or number. Raises NOT_FOUND."""

    def events(self, *, limit: int = 100_000) -> Sequence[Event]:
        """Events, oldest first."""

    def footage_locks(self, now_utc_s: float) -> Sequence[FootageLock]:
        """Footage that alarms and incidents hold now. Derived from them: nothing to set, nothing to forget."""

    def footage_digests(self, limit: int = 100_000) -> Sequence[FootageDigest]:
        """Digests of closed segments, newest first."""

    def counts(self) -> dict[str, int]:
        """Rows of each fact table."""

    def changes(self, after: int, limit: int = 500) -> Sequence[Change]:
        """The change feed after change number `after`, including other processes' changes."""

    def verify(self) -> Verification:
        """Check chain, digests, rows against history, and checkpoints."""

    def head(self) -> tuple[int, str]:
        """Last change number and chain hash."""

    def backup(self, path: str) -> None:
        """Write a consistent copy of the journal file."""

    def close(self) -> None:
        """Flush, checkpoint the WAL, release the file."""
