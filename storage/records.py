"""The vocabulary of the whole program: frozen records and enumerations. Imports nothing else of ours.

Boxes and points are 0..1 of the frame, origin top left (so that they outlive a change of resolution).
`utc_s` is float epoch seconds; `_at` is an aware UTC datetime; identifiers are UUIDv7 (RFC 9562): time-sortable,
made on any node without asking another.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import NamedTuple

from storage.ids import Ids

_NOW, _GIVEN = Ids(), Ids()


def new_id(utc_s: float | None = None) -> str:
    """A new UUIDv7 (RFC 9562, 5.7) as 32 hexadecimal digits."""
    return _NOW.next(time.time()) if utc_s is None else _GIVEN.next(utc_s)


class Box(NamedTuple):
    """Axis-aligned box, 0..1 of the frame."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def foot(self) -> tuple[float, float]:
        """Where the object stands: the middle of the lower edge."""
        return (self.x1 + self.x2) / 2, self.y2


class Severity(IntEnum):
    """1 is information, 5 is danger to life."""

    INFO = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5


class RuleKind(StrEnum):
    """Guard rules."""

    INTRUSION = "intrusion"
    LINE_CROSSING = "line_crossing"
    LOITERING = "loitering"
    CROWD = "crowd"
    DENSITY = "density"
    ABANDONED = "abandoned"
    REMOVED = "removed"
    WRONG_WAY = "wrong_way"
    STOPPED = "stopped"
    RUNNING = "running"
    SPEED = "speed"
    PERIMETER = "perimeter"
    TAMPER = "tamper"
    SIGNAL_LOSS = "signal_loss"


class AlarmState(StrEnum):
    """Life of an alarm."""

    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    JUDGED = "judged"


class Verdict(StrEnum):
    """What an operator (or a rule set to do so) made of an alarm."""

    INCIDENT = "incident"
    JOINED = "joined"
    FALSE = "false"


class IncidentState(StrEnum):
    """Life of an incident; the journal refuses every transition that `commands` does not list."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    VERIFIED = "verified"
    HANDED_OVER = "handed_over"
    ACCEPTED = "accepted"
    ON_SCENE = "on_scene"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Source(StrEnum):
    """Where an incident came from."""

    ALARM = "alarm"
    OPERATOR = "operator"
    CALL = "call"


class Outcome(StrEnum):
    """Ids of the outcomes that every journal begins with; a site adds its own (`OutcomeKind`)."""

    DETAINED = "detained"
    FOUND = "found"
    HANDED_OVER = "handed_over"
    PREVENTED = "prevented"
    FALSE = "false"
    NO_RESULT = "no_result"


class EvidenceKind(StrEnum):
    """What a piece of evidence is."""

    STILL = "still"
    CLIP = "clip"
    FILE = "file"


class Role(StrEnum):
    """A set of permissions; see `access`."""

    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    INVESTIGATOR = "investigator"
    PROTECTION_OFFICER = "protection_officer"
    ADMINISTRATOR = "administrator"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. The role is looked up in the journal, never believed: `os:<user>` on the command line,
    `service:runtime` for the program itself, an operator's id after login."""

    id: str


@dataclass(frozen=True, slots=True)
class District:
    """An administrative district."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """An address."""

    id: str
    name: str
    address: str = ""
    district_id: str | None = None
    latitude_deg: float | None = None
    longitude_deg: float | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class ProtectedObject:
    """A building or site that is guarded; has tasks of its own."""

    id: str
    name: str
    place_id: str | None = None


@dataclass(frozen=True, slots=True)
class Category:
    """Kind of incident; crimes, administrative offences and other matters apart. `letter` chooses it in the quick
    entry; its incidents stay for `keep_days` after they were closed (None: the site's rule)."""

    id: str
    name: str
    group: str
    letter: str = ""
    severity: Severity = Severity.MEDIUM
    keep_days: int | None = None


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who may act, from `valid_from_utc_s` to `valid_to_utc_s`; with groups only on their cameras."""

    id: str
    name: str
    role: Role
    valid_from_utc_s: float | None = None
    valid_to_utc_s: float | None = None
    group_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera of the registry. URLs hold no credentials: those are sealed apart (`secrets`)."""

    id: str
    number: int
    name: str
    main_url: str
    sub_url: str | None = None
    place_id: str | None = None
    object_id: str | None = None
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Which camera comes next when something leaves the picture to one side."""

    camera_id: str
    side: str
    neighbour_id: str


@dataclass(frozen=True, slots=True)
class Zone:
    """A closed polygon on a camera's picture, at least three points, 0..1; a "line" is open, at least two points, and
    "in" is from left to right for who walks along it."""

    id: str
    camera_id: str
    name: str
    points: tuple[tuple[float, float], ...]
    kind: str = "area"


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """A guard rule: something of `labels` does with its foot in the zone what `kind` says. `limit`: a count, seconds or
    km/h by kind (None: the kind's own); `direction`: "in", "out" or "" (both) of a line, degrees clockwise from "up" of
    the allowed way; `schedule`: in the site's zone ("": always); rules of one `group_id` are armed together."""

    id: str
    camera_id: str
    zone_id: str
    name: str
    kind: RuleKind = RuleKind.INTRUSION
    labels: tuple[str, ...] = ("person",)
    min_score: float = 0.35
    hold_s: float = 1.0
    cooldown_s: float = 30.0
    severity: Severity = Severity.MEDIUM
    category_id: str = "intrusion"
    opens_incident: bool = False
    enabled: bool = True
    schedule: str = ""
    sensitivity: float = 0.5
    limit: float | None = None
    direction: str = ""
    group_id: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """What a rule saw; immutable. Times are the frame's own, never the clock's; `pts_s` finds it in the footage."""

    id: str
    camera_id: str
    rule_id: str
    kind: RuleKind
    severity: Severity
    utc_s: float
    since_utc_s: float
    track_id: int
    label: str
    score: float
    box: Box
    detector: str = ""
    pts_s: float = 0.0

    @property
    def group_key(self) -> str:
        """Place and cause: events with the same key feed one open alarm."""
        return f"{self.camera_id}/{self.rule_id}"


@dataclass(frozen=True, slots=True)
class Alarm:
    """Events with one place and cause, until somebody judges them."""

    id: str
    group_key: str
    camera_id: str
    rule_id: str
    severity: Severity
    state: AlarmState
    first_utc_s: float
    last_utc_s: float
    count: int
    first_event_id: str
    version: int
    owner_id: str | None = None
    verdict: Verdict | None = None
    incident_id: str | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """A case, numbered per year and never reused. `outcome` is the id of an `OutcomeKind`; `damage_minor` counts the
    currency's smallest unit (ISO 4217); `due_utc_s` is when somebody is told that nothing happened."""

    id: str
    number: str
    category_id: str
    severity: Severity
    state: IncidentState
    camera_id: str
    opened_utc_s: float
    version: int
    place_id: str | None = None
    object_id: str | None = None
    owner_id: str | None = None
    outcome: str | None = None
    note: str = ""
    restricted: bool = False
    source: Source = Source.ALARM
    title: str = ""
    address: str = ""
    district_id: str | None = None
    happened_utc_s: float | None = None
    service_id: str | None = None
    due_utc_s: float | None = None
    escalated_utc_s: float | None = None
    damage_minor: int | None = None
    currency: str = ""
    merged_into_id: str | None = None
    acknowledged_utc_s: float | None = None
    handed_over_utc_s: float | None = None
    on_scene_utc_s: float | None = None
    closed_utc_s: float | None = None


@dataclass(frozen=True, slots=True)
class BoxMark:
    """A box to draw over an original picture."""

    box: Box
    label: str
    score: float
    track_id: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """A file of the evidence store; `path` is relative to the store, named by its SHA-256."""

    id: str
    kind: EvidenceKind
    path: str
    sha256: str
    camera_id: str
    event_id: str
    from_utc_s: float
    to_utc_s: float
    marks: tuple[BoxMark, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of the audit chain about a subject, as a reader sees it (digests verified by `verify`)."""

    seq: int
    at_utc_s: float
    actor_id: str
    action: str
    subject: str
    subject_id: str
    changes: dict[str, tuple[object, object]]
    hash: str


@dataclass(frozen=True, slots=True)
class Change:
    """One committed command, for the change feed. `seq` grows without gaps."""

    seq: int
    action: str
    subject: str
    subject_id: str
