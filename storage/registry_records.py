"""Registry records around incidents and recordings: what a site edits, besides cameras, rules and places. Frozen."""

from __future__ import annotations

from dataclasses import dataclass

from storage.records import IncidentState, Severity


@dataclass(frozen=True, slots=True)
class OutcomeKind:
    """How an incident may end; `letter` chooses it."""

    id: str
    name: str
    letter: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """A duty office or service that takes incidents over, with its card for the telephone and the radio."""

    id: str
    name: str
    kind: str = ""
    phone: str = ""
    radio: str = ""
    email: str = ""
    district_id: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class AlertRoute:
    """How a service is told: `channel` is a `release_records.Channel`; without an answer in `answer_s` the next
    service is told. `target` holds no credentials."""

    id: str
    service_id: str
    channel: str
    target: str
    category_id: str | None = None
    district_id: str | None = None
    min_severity: Severity = Severity.INFO
    answer_s: float = 300.0
    escalate_to_id: str | None = None
    stills: bool = False
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Sector:
    """What one seat watches."""

    id: str
    name: str
    camera_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CameraGroup:
    """Cameras that share rights and retention."""

    id: str
    name: str
    camera_ids: tuple[str, ...] = ()
    keep_days: int | None = None


@dataclass(frozen=True, slots=True)
class Procedure:
    """What is to be done for incidents of a category, step by step."""

    id: str
    category_id: str
    name: str
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Deadline:
    """How long an incident of a category (None: any) may stay in a state before somebody is told."""

    id: str
    state: IncidentState
    seconds: float
    category_id: str | None = None
    service_id: str | None = None


@dataclass(frozen=True, slots=True)
class RecordingPlan:
    """How a camera (`id` is its id) is recorded: `mode` continuous, scheduled, event or off; `stream` main or sub;
    5 is the most important; `schedule` is like "Mon-Fri 08:00-18:00" in the site's zone."""

    id: str
    mode: str = "continuous"
    stream: str = "main"
    audio: bool = False
    importance: int = 3
    keep_days: int | None = None
    schedule: str = ""


@dataclass(frozen=True, slots=True)
class LegalHold:
    """Nothing of this camera's time, or of this incident, is deleted until the hold is taken out of use."""

    id: str
    reason: str
    camera_id: str | None = None
    incident_id: str | None = None
    from_utc_s: float | None = None
    to_utc_s: float | None = None


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A filter of the journal view that an operator named; `query` is `search.IncidentQuery` as JSON."""

    id: str
    operator_id: str
    name: str
    query: str


@dataclass(frozen=True, slots=True)
class WallLayout:
    """How a wall is cut: `cells` of a grid as (column, row, columns, rows), which cover it without overlapping; `roles`
    (`CELL_ROLES`) say cell by cell what fills it, none: cameras. Of one operator, or (None) of the site."""

    id: str
    name: str
    columns: int
    rows: int
    cells: tuple[tuple[int, int, int, int], ...]
    roles: tuple[str, ...] = ()
    operator_id: str | None = None


@dataclass(frozen=True, slots=True)
class SavedView:
    """A wall as an operator left it: `layout` is a `WallLayout`'s id or "grid:N"; `camera_ids` cell by cell, empty
    texts for empty cells."""

    id: str
    name: str
    layout: str
    camera_ids: tuple[str, ...] = ()
    operator_id: str | None = None


@dataclass(frozen=True, slots=True)
class Tour:
    """Views, or cameras, one after the other."""

    id: str
    name: str
    view_ids: tuple[str, ...] = ()
    camera_ids: tuple[str, ...] = ()
    dwell_s: float = 10.0
    operator_id: str | None = None


CELL_ROLES = ("camera", "hot_spot", "alarm", "tour", "attention")
GRID = "grid:"
"""Before the number of tiles, in place of a layout's id."""
MOST_TILES = 64


@dataclass(frozen=True, slots=True)
class PrivacyMask:
    """A closed polygon of a camera's picture (0..1) that nobody sees unless their role lifts it."""

    id: str
    camera_id: str
    name: str
    points: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class CameraScale:
    """How large people are on a camera's picture (`id` is the camera's): foot x, foot y and height (0..1) of a standing
    person at two or more places, far and near. Enough for a warning about speed, not for a measurement."""

    id: str
    people: tuple[tuple[float, float, float], ...] = ()
