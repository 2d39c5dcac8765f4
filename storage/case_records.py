"""What belongs to a case besides the incident itself: notes, hand-overs, procedures, links, lookouts. Frozen records.

`at_utc_s` is when it was written down; `utc_s` the time that it speaks of (a frame's, where there was a picture).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from storage.records import EvidenceKind, Severity


class NoteKind(StrEnum):
    """Why a note was made."""

    NOTE = "note"
    MARK = "mark"
    BOOKMARK = "bookmark"
    HOP = "hop"
    ANSWER = "answer"
    CLOCK = "clock"
    """When a film from elsewhere really begins (`storage.film_clocks`)."""


class HandoverState(StrEnum):
    """What the service that was asked has said."""

    SENT = "sent"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    ON_SCENE = "on_scene"
    DONE = "done"
    WITHDRAWN = "withdrawn"


class LinkKind(StrEnum):
    """How two incidents belong together."""

    RELATED = "related"
    FOLLOWS = "follows"


class LookoutState(StrEnum):
    """Whether everybody still looks."""

    ACTIVE = "active"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Note:
    """Words about an incident, or about a moment of a camera (a mark or bookmark: its words may come later)."""

    id: str
    kind: NoteKind
    at_utc_s: float
    actor_id: str
    text: str
    version: int
    incident_id: str | None = None
    camera_id: str | None = None
    utc_s: float | None = None


@dataclass(frozen=True, slots=True)
class Handover:
    """An incident given to a duty office or service, and its answer."""

    id: str
    incident_id: str
    service_id: str
    at_utc_s: float
    actor_id: str
    text: str
    state: HandoverState
    version: int
    answer: str = ""
    answered_utc_s: float | None = None


@dataclass(frozen=True, slots=True)
class Participant:
    """A patrol, service or auxiliary that took part in an incident, and how (never a suspect or victim)."""

    id: str
    incident_id: str
    name: str
    part: str
    at_utc_s: float
    actor_id: str
    removed: bool = False


@dataclass(frozen=True, slots=True)
class ProcedureStep:
    """One step of a procedure for an incident: done, or skipped with the reason."""

    id: str
    incident_id: str
    procedure_id: str
    position: int
    text: str
    done: bool
    reason: str
    at_utc_s: float
    actor_id: str


@dataclass(frozen=True, slots=True)
class IncidentLink:
    """Two incidents that belong together."""

    id: str
    incident_id: str
    other_id: str
    kind: LinkKind
    at_utc_s: float
    actor_id: str
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """Who else may see a restricted incident (need to know)."""

    id: str
    incident_id: str
    operator_id: str
    at_utc_s: float
    actor_id: str
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Lookout:
    """A bulletin at every seat until it expires or is closed for all: what to look for, never a face to match."""

    id: str
    title: str
    text: str
    severity: Severity
    state: LookoutState
    from_utc_s: float
    expires_utc_s: float
    actor_id: str
    version: int
    incident_id: str | None = None
    closed_utc_s: float | None = None
    closed_by_id: str | None = None


@dataclass(frozen=True, slots=True)
class LookoutReceipt:
    """An operator has read a lookout."""

    id: str
    lookout_id: str
    operator_id: str
    at_utc_s: float


class ShelfState(StrEnum):
    """Whether somebody took it down before its time; that the time is over is judged by the clock."""

    PUT_UP = "put_up"
    TAKEN_DOWN = "taken_down"


@dataclass(frozen=True, slots=True)
class Shelf:
    """Alarms of one cause at some cameras that do not stand in the queue for a while (ISA-18.2: shelving). They are
    raised and counted as ever. `cause` is `app.alarm_rows.cause_of`'s; with `shift_id` it ends with that shift too."""

    id: str
    name: str
    camera_ids: tuple[str, ...]
    cause: str
    reason: str
    from_utc_s: float
    until_utc_s: float
    actor_id: str
    state: ShelfState
    version: int
    shift_id: str | None = None
    closed_utc_s: float | None = None
    closed_by_id: str | None = None


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A file of the evidence store that belongs to an incident: a still of a hand-made entry, a clip, a witness's file.

    `path` is relative to the store; `origin` says where a foreign file came from, `clock_offset_s` what is to be added
    to its own clock (None: not compared yet)."""

    id: str
    incident_id: str
    kind: EvidenceKind
    path: str
    sha256: str
    name: str
    at_utc_s: float
    actor_id: str
    camera_id: str | None = None
    from_utc_s: float | None = None
    to_utc_s: float | None = None
    origin: str = ""
    clock_offset_s: float | None = None
