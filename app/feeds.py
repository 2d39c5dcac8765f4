"""What views see of the runtime: tiles to draw, rows to list, one desk to ask. Made by `app.runtime` and test fakes.

Everything here may be called on the GUI thread: it returns at once, never touches disk, network or SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from app.bus import Bus
from app.stream_choice import Stream
from detection.detector import TrackSet
from storage.case_commands import OpenIncident
from storage.case_records import Handover, Lookout, Note, Shelf
from storage.commands import Command
from storage.journal import IncidentFile, Receipt, Registry
from storage.noise_queries import Raised
from storage.records import Alarm, Camera, Incident, RuleSpec, Verdict, Zone
from video.frame import Picture
from video.playback import PlaybackStatus

if TYPE_CHECKING:
    from app.offices import Offices
    from app.snapshots import PictureOrder


class TileState(StrEnum):
    """Honest state of a tile."""

    CONNECTING = "connecting"
    LIVE = "live"
    STALE = "stale"
    NO_SIGNAL = "no_signal"
    NO_RIGHTS = "no_rights"


class Lowered(StrEnum):
    """What a tile gives up while this computer cannot keep up."""

    NO = ""
    HALVED = "halved"
    KEYS = "keys"


@dataclass(frozen=True, slots=True)
class Quality:
    """What a tile's picture is made from. `bitrate_bps` 0: not known yet. `refused` is a translated sentence: why the
    stream that the tile's size asks for is not the one that is shown. `forced`: the main stream by key. `fault` is
    translated too: which device was to decode it, and why it does not."""

    stream: Stream = Stream.MAIN
    decoder: str = ""
    bitrate_bps: float = 0.0
    lowered: Lowered = Lowered.NO
    refused: str = ""
    forced: bool = False
    fault: str = ""


@dataclass(frozen=True, slots=True)
class TileStatus:
    """What the tile says beside its picture. `attempt` counts openings since the last picture; `reason` and `notice`
    are translated sentences (why no signal; what is degraded, e.g. "analytics paused"), `brief` is the reason in a few
    words, for a tile without room for the sentence. `fps` is the source's; `pictures_per_s` what may come of it while
    it is lowered (0: all)."""

    state: TileState
    attempt: int = 0
    reason: str = ""
    notice: str = ""
    codec: str = ""
    fps: float = 0.0
    width: int = 0
    height: int = 0
    recording: bool = False
    quality: Quality = Quality()
    pictures_per_s: float = 0.0
    brief: str = ""


class CameraFeed(Protocol):
    """One camera as one tile sees it."""

    camera: Camera
    zones: tuple[Zone, ...]
    rules: tuple[RuleSpec, ...]

    def want(self, width_px: int, height_px: int) -> None:
        """Device pixels of the tile's picture area; 0, 0 when hidden."""

    def attend(self, *, attended: bool, high: bool) -> None:
        """Whether the operator looks at it (nothing of it is lowered then), and whether it shall be the main stream
        whatever its size. Holds from the next `want` on."""

    def take(self) -> Picture | None:
        """The newest picture once, else None."""

    def status(self) -> TileStatus:
        """Cheap; read per repaint."""

    def tracks(self) -> TrackSet | None:
        """Newest tracks, None without analytics."""

    def close(self) -> None:
        """The tile no longer shows this camera."""


@runtime_checkable
class PlanarFeed(Protocol):
    """A feed that can give its pictures as the decoder's planes (`video.planes`), for a painter that takes them."""

    def give_planes(self, *, planes: bool) -> None:
        """Planes, or pixels. Holds from the next `want` on."""


class ReplayFeed(Protocol):
    """One camera's footage, played beside its live picture. All calls return at once; the player has its own thread."""

    camera: Camera

    def want(self, width_px: int, height_px: int) -> None:
        """Device pixels of the picture; 0, 0 when hidden."""

    def take(self) -> Picture | None:
        """The newest picture once, else None."""

    def status(self) -> PlaybackStatus:
        """Cheap; read per repaint."""

    def tracks(self, utc_s: float) -> TrackSet | None:
        """What was tracked when a picture was taken; None: not known (any more)."""

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


class PictureShot(Protocol):
    """One frame that waits for the reason why it is wanted; forgotten when nobody lets it go."""

    def let_go(self, order: PictureOrder, done: Callable[[str, bytes], None]) -> None:
        """Written down as an export first; then `done(path, jpeg)` on a worker thread, the path empty without a
        file."""


@dataclass(frozen=True, slots=True)
class DeskState:
    """Published on the bus whenever facts changed: what is open, newest and most severe first; `marks` are this
    operator's marks and bookmarks that belong to no incident yet; `raised` and `shelves` are of the last hours
    (`app.alarm_rows.LOOKBACK_S`); `seen_cameras` are those that the operator may see (None: all). More open alarms than
    a list can hold are not in `alarms`, the least severe and oldest of them: `unlisted_alarms` says how many."""

    alarms: tuple[Alarm, ...] = ()
    incidents: tuple[Incident, ...] = ()
    seq: int = 0
    lookouts: tuple[Lookout, ...] = ()
    marks: tuple[Note, ...] = ()
    handovers: tuple[Handover, ...] = ()
    read_lookouts: frozenset[str] = frozenset()
    raised: tuple[Raised, ...] = ()
    shelves: tuple[Shelf, ...] = ()
    seen_cameras: frozenset[str] | None = None
    unlisted_alarms: int = 0


@dataclass(frozen=True, slots=True)
class RegistryChanged:
    """Records were changed, here or by another process; `Desk.registry` gives the new ones already."""

    registry: Registry


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


class CameraDesk(Protocol):
    """What a wall needs of a desk: `Desk` has it, a bench brings its own."""

    def registry(self) -> Registry:
        """Cameras with their numbers, and privacy masks."""

    def feed(self, camera_id: str) -> CameraFeed:
        """Open a camera for a tile."""


class Desk(Protocol):
    """What an operator can do. Commands return at once; DeskState brings the change back, CommandRefused a refusal."""

    bus: Bus
    offices: Offices

    def registry(self) -> Registry:
        """Cached registry."""

    def may_see(self, camera_id: str) -> bool:
        """Whether who sits here may see this camera; of others no picture is given."""

    def state(self) -> DeskState:
        """The newest DeskState."""

    def feed(self, camera_id: str) -> CameraFeed:
        """Open a camera for a tile."""

    def replay(self, camera_id: str, seconds_back: float) -> ReplayFeed | None:
        """Play the camera's footage from so many seconds ago; None when it is unknown or too many replays are open."""

    def actor_id(self) -> str:
        """Who sits here."""

    def apply(
        self,
        command: Command,
        done: Callable[[Receipt], None] | None = None,
        refused: Callable[[], None] | None = None,
    ) -> None:
        """Any command of the journal; `done` is called on a worker thread once it is durable, `refused` (there, or at
        once) when it will not be."""

    def apply_all(self, commands: Sequence[Command], refused: Callable[[], None] | None = None) -> None:
        """Several commands as one wish, one after the other; what one of them is refused does not stop the others, and
        only the first refusal is told."""

    def enter_incident(self, command: OpenIncident, done: Callable[[Receipt], None] | None = None) -> None:
        """An incident by hand, with a still of its camera at `happened_utc_s` when there is one."""

    def record_now(self, camera_id: str, seconds: float) -> bool:
        """Record for so long, whatever the camera's plan says; False where nothing can be recorded."""

    def shoot(self, camera_id: str, utc_s: float) -> PictureShot | None:
        """Hold the frame that is painted now, at full size; None for an unknown camera."""

    def acknowledge_alarm(self, alarm: Alarm) -> None:
        """Take it."""

    def judge_alarm(self, alarm: Alarm, verdict: Verdict, incident_id: str | None = None) -> None:
        """Incident, joined (with `incident_id`) or false."""

    def reopen_alarm(self, alarm: Alarm, refused: Callable[[], None] | None = None) -> None:
        """Undo a false verdict."""

    def acknowledge_incident(self, incident: Incident) -> None:
        """Become its owner."""

    def verify_incident(self, incident: Incident) -> None:
        """Confirm it."""

    def close_incident(self, incident: Incident, outcome: str, note: str = "") -> None:
        """Close with an outcome."""

    def reopen_incident(self, incident: Incident, refused: Callable[[], None] | None = None) -> None:
        """Undo a closure."""

    def load_incident(self, incident_id: str, done: Callable[[IncidentFile, dict[str, bytes]], None]) -> None:
        """Read one incident with its stills (evidence id -> JPEG bytes); `done` is called on a worker thread."""

    def write_report(self, incident_id: str, done: Callable[[str], None]) -> None:
        """Write the PDF into the reports folder; `done(path)` on a worker thread."""
