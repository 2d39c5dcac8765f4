"""A desk without a runtime: cameras whose pictures move, facts that the test changes, commands that are noted."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from zlib import crc32

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QCoreApplication

from app.bus import Bus
from app.feeds import DeskState, TileState, TileStatus
from app.labels import LABELS
from app.offices import Offices
from app.snapshots import PictureOrder
from detection.detector import Track, TrackSet
from storage.case_commands import OpenIncident
from storage.case_records import Handover, Lookout, Note, Shelf
from storage.commands import Command
from storage.journal import IncidentFile, Receipt, Registry
from storage.noise_queries import Raised
from storage.records import (
    Alarm,
    AlarmState,
    Box,
    BoxMark,
    Camera,
    Category,
    Evidence,
    EvidenceKind,
    HistoryEntry,
    Incident,
    IncidentState,
    Operator,
    Outcome,
    Place,
    Role,
    RuleSpec,
    Severity,
    Verdict,
    Zone,
)
from storage.registry_records import OutcomeKind
from video.frame import Picture
from video.playback import Hole, PlaybackState, PlaybackStatus

NAMES = (
    "Main gate",
    "Central station / buses",
    "Park entrance north",
    "Bridge, west",
    "School yard",
    "Market",
    "Depot",
    "Quay",
)
_UTC_S = 1_790_000_000.0
_YOUNG_S = 60.0
"""So much later than now a picture is due: it is live while a test looks at it, however busy the machine is."""


def picture(camera_id: str, seq: int, width: int = 320, height: int = 180, due_s: float | None = None) -> Picture:
    """A drawn street with something that moves; BGRA. Young for a minute and more unless `due_s` says otherwise."""
    image: npt.NDArray[np.uint8] = np.zeros((height, width, 4), np.uint8)
    image[: height // 2] = (120, 96, 78, 255)
    image[height // 2 :] = (74, 72, 70, 255)
    image[height // 2 + height // 5 : height // 2 + height // 4, ::2] = (150, 160, 165, 255)
    shift = (crc32(camera_id.encode()) % 97) / 97
    left = int((shift + seq * 0.004) % 0.9 * width)
    image[height // 2 - height // 10 : height // 2 + height // 4, left : left + width // 12] = (60, 110, 190, 255)
    due = time.monotonic() + _YOUNG_S if due_s is None else due_s
    return Picture(
        camera_id, seq, seq / 15, _UTC_S + seq / 15, due, width, height, width * 4, "bgra", 640, 360,
        image.data.cast("B"), image,
    )  # fmt: skip


@dataclass
class FakeFeed:
    """One camera: `say` what it is, `push` pictures into it."""

    camera: Camera
    zones: tuple[Zone, ...] = ()
    rules: tuple[RuleSpec, ...] = ()
    tile_status: TileStatus = field(default_factory=lambda: TileStatus(TileState.LIVE, fps=15.0))
    track_set: TrackSet | None = None
    wanted: tuple[int, int] = (0, 0)
    closed: bool = False
    attended: bool = False
    high: bool = False
    seq: int = 0
    running: bool = False
    _picture: Picture | None = None

    def want(self, width_px: int, height_px: int) -> None:
        self.wanted = (width_px, height_px)

    def attend(self, *, attended: bool, high: bool) -> None:
        self.attended, self.high = attended, high

    def take(self) -> Picture | None:
        if self.running and self.wanted[0]:
            self.push()
        taken, self._picture = self._picture, None
        return taken

    def status(self) -> TileStatus:
        return self.tile_status

    def tracks(self) -> TrackSet | None:
        return self.track_set

    def close(self) -> None:
        self.closed = True

    def push(self, due_s: float | None = None) -> None:
        """A next picture, as large as the tile wants it."""
        self.seq += 1
        width, height = self.wanted if self.wanted[0] else (320, 180)
        scale = min(width / 640, height / 360)
        self._picture = picture(self.camera.id, self.seq, round(640 * scale), round(360 * scale), due_s)
        self.track_set = self._tracks() if self.track_set is not None else None

    def show_tracks(self, alarmed: frozenset[int] = frozenset()) -> None:
        """From now on two tracks are seen, some of them alarmed."""
        self.track_set = TrackSet(self.camera.id, _UTC_S, (), alarmed)
        self.track_set = self._tracks()

    def _tracks(self) -> TrackSet:
        utc_s = _UTC_S + self.seq / 15
        person = Track(
            7, Box(0.2, 0.35, 0.3, 0.8), "person", 0.8, (0.0, 0.0), utc_s, utc_s, path=((0.1, 0.8), (0.25, 0.8))
        )
        car = Track(12, Box(0.6, 0.5, 0.85, 0.75), "car", 0.7, (0.0, 0.0), utc_s, utc_s)
        alarmed = self.track_set.alarmed if self.track_set is not None else frozenset()
        return TrackSet(self.camera.id, utc_s, (person, car), alarmed)


@dataclass
class FakeReplay:
    """A replay that notes its orders; `show` gives it a picture of a time."""

    camera: Camera
    asked: list[tuple[str, float]]
    player: PlaybackStatus = field(default_factory=lambda: PlaybackStatus(PlaybackState.SEEKING, None, 1.0))
    wanted: tuple[int, int] = (0, 0)
    closed: bool = False
    tracked: TrackSet | None = None
    _picture: Picture | None = None

    def want(self, width_px: int, height_px: int) -> None:
        self.wanted = (width_px, height_px)

    def take(self) -> Picture | None:
        taken, self._picture = self._picture, None
        return taken

    def status(self) -> PlaybackStatus:
        return self.player

    def tracks(self, utc_s: float) -> TrackSet | None:
        return replace(self.tracked, utc_s=utc_s) if self.tracked is not None else None

    def go_back(self, seconds: float) -> None:
        self.asked.append(("go_back", seconds))

    def pause(self, *, paused: bool) -> None:
        self.asked.append(("pause", paused))
        state = PlaybackState.PAUSED if paused else PlaybackState.PLAYING
        self.player = replace(self.player, state=state)

    def step(self, frames: int) -> None:
        self.asked.append(("step", frames))

    def set_speed(self, speed: float) -> None:
        self.asked.append(("speed", speed))
        self.player = replace(self.player, speed=speed)

    def close(self) -> None:
        self.closed = True

    def show(self, seconds_back: float, hole: Hole | None = None) -> None:
        """Play a frame that is so old."""
        utc_s = time.time() - seconds_back
        self.player = PlaybackStatus(PlaybackState.PLAYING, utc_s, self.player.speed, hole)
        width, height = self.wanted
        scale = min(width / 640, height / 360)
        self._picture = picture(self.camera.id, 40, round(640 * scale), round(360 * scale))


@dataclass
class FakeShot:
    """A held frame; who lets it go gets `jpeg`."""

    asked: list[tuple[object, ...]]
    jpeg: bytes

    def let_go(self, order: PictureOrder, done: Callable[[str, bytes], None]) -> None:
        self.asked.append(("let_go", order))
        done("/reports/pictures/1.jpg" if order.to_file else "", self.jpeg)


class FakeDesk:
    """Notes what it is asked; `change` publishes a new state as the runtime would."""

    def __init__(self, cameras: int = 9) -> None:
        self.bus = Bus()
        self.offices = Offices()
        self.asked: list[tuple[object, ...]] = []
        self.commands: list[Command] = []
        self.refusals: list[Callable[[], None] | None] = []
        self.feeds: dict[str, FakeFeed] = {}
        self.replays: list[FakeReplay] = []
        self.replay_refused = False
        self.hidden: frozenset[str] = frozenset()
        self.still = b""
        self._state = DeskState()
        self._registry = made_registry(cameras)

    def registry(self) -> Registry:
        return self._registry

    def may_see(self, camera_id: str) -> bool:
        return camera_id not in self.hidden

    def state(self) -> DeskState:
        return self._state

    def feed(self, camera_id: str) -> FakeFeed:
        camera = next(c for c in self._registry.cameras if c.id == camera_id)
        zones = tuple(z for z in self._registry.zones if z.camera_id == camera_id)
        self.feeds[camera_id] = FakeFeed(camera, zones)
        return self.feeds[camera_id]

    def replay(self, camera_id: str, seconds_back: float) -> FakeReplay | None:
        if self.replay_refused:
            return None
        camera = next(c for c in self._registry.cameras if c.id == camera_id)
        self.replays.append(FakeReplay(camera, [("open", seconds_back)]))
        return self.replays[-1]

    def change(
        self,
        alarms: tuple[Alarm, ...] = (),
        incidents: tuple[Incident, ...] = (),
        lookouts: tuple[Lookout, ...] = (),
        marks: tuple[Note, ...] = (),
        handovers: tuple[Handover, ...] = (),
        read_lookouts: frozenset[str] = frozenset(),
        shelves: tuple[Shelf, ...] = (),
        raised: tuple[Raised, ...] = (),
    ) -> None:
        seq = self._state.seq + 1
        self._state = DeskState(alarms, incidents, seq, lookouts, marks, handovers, read_lookouts, raised, shelves)
        self.bus.publish(self._state)
        QCoreApplication.processEvents()

    def extend(self, **records: tuple[object, ...]) -> None:
        """Other registry records."""
        self._registry = replace(self._registry, **records)  # type: ignore[arg-type]  # the test names the fields

    def actor_id(self) -> str:
        return "anna"

    def apply(
        self,
        command: Command,
        done: Callable[[Receipt], None] | None = None,
        refused: Callable[[], None] | None = None,
    ) -> None:
        self.commands.append(command)

    def apply_all(self, commands: Sequence[Command], refused: Callable[[], None] | None = None) -> None:
        self.commands += commands

    def enter_incident(self, command: OpenIncident, done: Callable[[Receipt], None] | None = None) -> None:
        self.commands.append(command)

    def record_now(self, camera_id: str, seconds: float) -> bool:
        self.asked.append(("record_now", camera_id, seconds))
        return True

    def shoot(self, camera_id: str, utc_s: float) -> FakeShot | None:
        self.asked.append(("shoot", camera_id, utc_s))
        return FakeShot(self.asked, self.still)

    def acknowledge_alarm(self, alarm: Alarm) -> None:
        self.asked.append(("acknowledge_alarm", alarm.id))

    def judge_alarm(self, alarm: Alarm, verdict: Verdict, incident_id: str | None = None) -> None:
        self.asked.append(("judge_alarm", alarm.id, verdict, incident_id))

    def reopen_alarm(self, alarm: Alarm, refused: Callable[[], None] | None = None) -> None:
        self.asked.append(("reopen_alarm", alarm.id, alarm.version))
        self.refusals.append(refused)

    def acknowledge_incident(self, incident: Incident) -> None:
        self.asked.append(("acknowledge_incident", incident.id))

    def verify_incident(self, incident: Incident) -> None:
        self.asked.append(("verify_incident", incident.id))

    def close_incident(self, incident: Incident, outcome: str, note: str = "") -> None:
        self.asked.append(("close_incident", incident.id, outcome, note))

    def reopen_incident(self, incident: Incident, refused: Callable[[], None] | None = None) -> None:
        self.asked.append(("reopen_incident", incident.id, incident.version))

    def load_incident(self, incident_id: str, done: Callable[[IncidentFile, dict[str, bytes]], None]) -> None:
        incident = next(i for i in self._state.incidents if i.id == incident_id)
        stills = {"still-1": self.still} if self.still else {}
        done(incident_file(incident), stills)

    def write_report(self, incident_id: str, done: Callable[[str], None]) -> None:
        self.asked.append(("write_report", incident_id))
        done(f"/reports/{incident_id}.pdf")


def made_registry(cameras: int) -> Registry:
    numbers = range(1, cameras + 1)
    zone = Zone("z1", "c1", "Loading bay", ((0.1, 0.5), (0.5, 0.45), (0.6, 0.95), (0.05, 0.95)))
    return Registry(
        cameras=tuple(Camera(f"c{n}", n, NAMES[(n - 1) % len(NAMES)], f"test://{n}") for n in numbers),
        zones=(zone,),
        rules=tuple(RuleSpec(f"r{n}", f"c{n}", "z1", "Person in zone") for n in numbers),
        places=(Place("p1", "River port", "Quay street 4"),),
        categories=(Category("intrusion", "Intrusion", "security"),),
        operators=(Operator("anna", "Anna Koval", Role.OPERATOR),),
        outcomes=tuple(OutcomeKind(o.value, LABELS[Outcome][o.name], "DFHPXN"[n]) for n, o in enumerate(Outcome)),
    )


def alarm(number: int, state: AlarmState = AlarmState.RAISED, severity: Severity = Severity.HIGH) -> Alarm:
    owner = "anna" if state is AlarmState.ACKNOWLEDGED else None
    at = _UTC_S + number * 60
    return Alarm(
        f"a{number}",
        f"c{number}/r{number}",
        f"c{number}",
        f"r{number}",
        severity,
        state,
        at,
        at + 5,
        number,
        "e1",
        3,
        owner,
    )


def incident(number: int, state: IncidentState = IncidentState.NEW) -> Incident:
    return Incident(
        f"i{number}", f"2026-{number:06d}", "intrusion", Severity.HIGH, state, f"c{number}", _UTC_S, 5, place_id="p1",
        owner_id="anna" if state is not IncidentState.NEW else None,
    )  # fmt: skip


def closed(of: Incident, outcome: Outcome) -> Incident:
    return replace(of, state=IncidentState.CLOSED, outcome=outcome, version=of.version + 1)


def incident_file(of: Incident) -> IncidentFile:
    marks = (BoxMark(Box(0.2, 0.35, 0.3, 0.8), "person", 0.81, 7),)
    still = Evidence("still-1", EvidenceKind.STILL, "ab/cd.jpg", "00", of.camera_id, "e1", _UTC_S, _UTC_S, marks)
    steps = (("record event", "service:runtime"), ("judge alarm", "service:runtime"), ("acknowledge incident", "anna"))
    changes: tuple[dict[str, tuple[object, object]], ...] = (
        {"alarms.id": (None, "a1"), "alarms.state": (None, "raised")},
        {"id": (None, of.id), "state": (None, "new"), "alarms.count": (1, 2)},
        {"state": ("new", "acknowledged"), "owner_id": (None, "anna")},
    )
    history = tuple(
        HistoryEntry(n, _UTC_S + n * 20, actor, action, "incident", of.id, changes[n], "00")
        for n, (action, actor) in enumerate(steps)
    )
    return IncidentFile(of, (), (), (still,), history)
