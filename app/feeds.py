"""What views see of the runtime: tiles to draw, rows to list, one desk to ask. Made by `app.runtime` and test fakes.

Everything here may be called on the GUI thread: it returns at once, never touches disk, network or SQL.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from app.bus import Bus
from detection.detector import TrackSet
from storage.journal import IncidentFile, Registry
from storage.records import Alarm, Camera, Incident, Outcome, RuleSpec, Verdict, Zone
from video.frame import Picture
from video.playback import PlaybackStatus


class TileState(StrEnum):
    """Honest state of a tile."""

    CONNECTING = "connecting"
    LIVE = "live"
    STALE = "stale"
    NO_SIGNAL = "no_signal"


@dataclass(frozen=True, slots=True)
class TileStatus:
    """What the tile says beside its picture. `attempt` counts openings since the last picture; `reason` and `notice`
    are translated sentences (why no signal; what is degraded, e.g. "analytics paused")."""

    state: TileState
    attempt: int = 0
    reason: str = ""
    notice: str = ""
    codec: str = ""
    fps: float = 0.0
    width: int = 0
    height: int = 0
    recording: bool = False


class CameraFeed(Protocol):
    """One camera as one tile sees it."""

    camera: Camera
    zones: tuple[Zone, ...]
    rules: tuple[RuleSpec, ...]

    def want(self, width_px: int, height_px: int) -> None:
        """Device pixels of the tile's picture area; 0, 0 when hidden."""

    def take(self) -> Picture | None:
        """The newest picture once, else None."""

    def status(self) -> TileStatus:
        """Cheap; read per repaint."""

    def tracks(self) -> TrackSet | None:
        """Newest tracks, None without analytics."""

    def close(self) -> None:
        """The tile no longer shows this camera."""


class ReplayFeed(Protocol):
    """One camera's footage, played beside its live picture. All calls return at once; the player has its own thread."""

    camera: Camera

    def want(self, width_px: int, height_px: int) -> None:
        """Device pixels of the picture; 0, 0 when hidden."""

    def take(self) -> Picture | None:
        """The newest picture once, else None."""

    def status(self) -> PlaybackStatus:
        """Cheap; read per repaint."""

    def go_back(self, seconds: float) -> None:
        """Play from so many seconds before now."""

    def pause(self, *, paused: bool) -> None:
        """Stand still, or go on."""

    def step(self, frames: int) -> None:
        """Frames on, or back when negative; stands still afterwards."""

    def set_speed(self, speed: float) -> None:
        """1/4 to 4."""

    def close(self) -> None:
        """Nobody looks any more."""


@dataclass(frozen=True, slots=True)
class DeskState:
    """Published on the bus whenever facts changed: what is open, newest and most severe first."""

    alarms: tuple[Alarm, ...] = ()
    incidents: tuple[Incident, ...] = ()
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Banner:
    """One sentence over the status bar that says what is missing or degraded; empty text clears `key`."""

    key: str
    text: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class CommandRefused:
    """An operator's command failed; `text` is the sentence to show (a toast, never a modal)."""

    text: str


class Desk(Protocol):
    """What an operator can do. Commands return at once; DeskState brings the change back, CommandRefused a refusal."""

    bus: Bus

    def registry(self) -> Registry:
        """Cached registry."""

    def state(self) -> DeskState:
        """The newest DeskState."""

    def feed(self, camera_id: str) -> CameraFeed:
        """Open a camera for a tile."""

    def replay(self, camera_id: str, seconds_back: float) -> ReplayFeed | None:
        """Play the camera's footage from so many seconds ago; None when it is unknown or too many replays are open."""

    def acknowledge_alarm(self, alarm: Alarm) -> None:
        """Take it."""

    def judge_alarm(self, alarm: Alarm, verdict: Verdict, incident_id: str | None = None) -> None:
        """Incident, joined (with `incident_id`) or false."""

    def reopen_alarm(self, alarm: Alarm) -> None:
        """Undo a false verdict."""

    def acknowledge_incident(self, incident: Incident) -> None:
        """Become its owner."""

    def verify_incident(self, incident: Incident) -> None:
        """Confirm it."""

    def close_incident(self, incident: Incident, outcome: Outcome, note: str = "") -> None:
        """Close with an outcome."""

    def reopen_incident(self, incident: Incident) -> None:
        """Undo a closure."""

    def load_incident(self, incident_id: str, done: Callable[[IncidentFile, dict[str, bytes]], None]) -> None:
        """Read one incident with its stills (evidence id -> JPEG bytes); `done` is called on a worker thread."""

    def write_report(self, incident_id: str, done: Callable[[str], None]) -> None:
        """Write the PDF into the reports folder; `done(path)` on a worker thread."""
