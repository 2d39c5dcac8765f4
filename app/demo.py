"""What the demo site consists of: ten cameras with their places, zones and rules, and the workers behind their streams.

Nine cameras show a picture (four over RTSP from two server processes, five are files, one of them H.265, one 1280x720,
one an empty street); number ten is an address that never says a word. Names are data of the site, not texts of the
program, and therefore not translated. Nothing here draws or decides; `app.runtime` treats it as any other site.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.demo_records import demo_vocabulary
from storage.commands import RegistryRecord
from storage.records import Camera, District, Neighbour, Place, ProtectedObject, RuleSpec, Severity, Zone
from storage.worker import Worker
from video.demo_clips import Clip, Progress, make_clips
from video.demo_scenes import SCENES
from video.demo_server import DemoServer, MuteListener, free_ports
from video.synthetic import SceneSpec

HOLD_S = 1.0
COOLDOWN_S = 10.0
"""Shorter than a clip's loop, so that every passage is an event of its own."""


@dataclass(frozen=True, slots=True)
class _Post:
    """One camera's entry in the plan: which scene, where, by which server (None: a file)."""

    number: int
    scene: str
    name: str
    place_id: str
    server: int | None = None
    object_id: str | None = None
    zone: str = ""
    rule: str = ""
    severity: Severity = Severity.MEDIUM


_DISTRICTS = (District("demo-centre", "Centre"), District("demo-harbour", "Harbour"))
_PLACES = (
    Place("demo-market", "Market street", "Market street 4", "demo-centre"),
    Place("demo-station", "Central station", "Station avenue 1", "demo-centre"),
    Place("demo-town-hall", "Town hall square", "Town hall square 1", "demo-centre"),
    Place("demo-school", "School No. 12", "Garden street 20", "demo-centre"),
    Place("demo-quay", "River quay", "River quay 7", "demo-harbour"),
    Place("demo-depot", "Bus depot", "Dock road 3", "demo-harbour"),
)
_OBJECTS = (
    ProtectedObject("demo-object-school", "School No. 12", "demo-school"),
    ProtectedObject("demo-object-depot", "Bus depot", "demo-depot"),
)
_POSTS = (
    _Post(1, "market-north", "Market street / north", "demo-market", 0, None, "Loading bay", "Person in loading bay"),
    _Post(2, "market-south", "Market street / south", "demo-market", 0),
    _Post(3, "station-avenue", "Station avenue / crossing", "demo-station", 1),
    _Post(4, "town-hall", "Town hall square", "demo-town-hall", 1),
    _Post(
        5,
        "school-gate",
        "School No. 12 / gate",
        "demo-school",
        None,
        "demo-object-school",
        "Gate",
        "Person at the gate",
        Severity.HIGH,
    ),
    _Post(6, "river-quay", "River quay / stop", "demo-quay"),
    _Post(
        7, "bus-station", "Central station / buses", "demo-station", None, None, "Platform", "Person on the platform"
    ),
    _Post(8, "library", "Library / avenue", "demo-station"),
    _Post(
        9,
        "depot-yard",
        "Bus depot / yard",
        "demo-depot",
        None,
        "demo-object-depot",
        "Yard",
        "Person in the yard",
        Severity.HIGH,
    ),
)
_DEAD = _Post(10, "", "Old bridge", "demo-quay")
_NEIGHBOURS = (
    Neighbour("demo-camera-1", "left", "demo-camera-2"),
    Neighbour("demo-camera-2", "right", "demo-camera-1"),
    Neighbour("demo-camera-3", "right", "demo-camera-7"),
    Neighbour("demo-camera-7", "left", "demo-camera-3"),
)


@dataclass(frozen=True, slots=True)
class DemoTimes:
    """When one of the servers dies and comes back, counted from the start of the workers."""

    dies_s: float = 8.0
    back_s: float = 10.0


class Outage(Worker):
    """Kills a server once and starts it again, so that everybody sees a reconnect; idle before and after."""

    def __init__(self, server: DemoServer, times: DemoTimes) -> None:
        super().__init__("demo-outage")
        self.over = threading.Event()
        self._server = server
        self._times = times

    def run(self) -> None:
        """Wait, kill, wait, revive, wait for the end."""
        if not self.over.is_set():
            if self._pause(self._times.dies_s):
                self._server.kill()
                self._pause(self._times.back_s - self._times.dies_s)
            self._server.revive()
            self.over.set()
        while self._pause(1.0):
            pass

    def _pause(self, seconds: float) -> bool:
        """Wait, showing life; False when asked to stop."""
        left_s = seconds
        while left_s > 0 and not self.stopping.is_set():
            self.beat()
            self.stopping.wait(min(left_s, 0.5))
            left_s -= 0.5
        return not self.stopping.is_set()


class DemoSite:
    """The records of the demo site, the truth behind its pictures, and its workers. Made by `prepare`."""

    def __init__(
        self, clips: Mapping[str, Clip], scenes: tuple[SceneSpec, ...] = SCENES, times: DemoTimes | None = None
    ) -> None:
        ports = free_ports(5)
        self.servers = tuple(
            DemoServer(f"demo-server-{index + 1}", _served(clips, index), ports[2 * index], ports[2 * index + 1])
            for index in range(2)
        )
        self.mute = MuteListener(ports[4])
        self.outage = Outage(self.servers[1], times or DemoTimes())
        self.districts = _DISTRICTS
        self.places = _PLACES
        self.objects = _OBJECTS
        self.neighbours = _NEIGHBOURS
        self.cameras = (*(self._camera(post, clips) for post in _POSTS), _record(_DEAD, self.mute.url))
        self.zones = tuple(_zones(scenes))
        self.rules = tuple(_rules(self.zones))
        self.truth_paths = {_camera_id(post): clips[post.scene].truth_path for post in _POSTS}
        self.empty_camera_ids = tuple(_camera_id(p) for p in _POSTS if not _scene(scenes, p.scene).actors)

    @classmethod
    def prepare(cls, cache: Path, progress: Progress, times: DemoTimes | None = None) -> DemoSite:
        """Make the clips that `cache` lacks (5 to 15 s on two cores; progress in pictures) and choose ports.

        Raises VideoError and StorageError as `make_clips` does; OSError when there is no free port."""
        return cls(make_clips(SCENES, cache, progress), times=times)

    def workers(self) -> list[Worker]:
        """Everything that must run while the demo is open."""
        return [*self.servers, self.mute, self.outage]

    def records(self) -> Iterator[RegistryRecord]:
        """All registry records, what is referred to before what refers to it."""
        yield from self.districts
        yield from self.places
        yield from self.objects
        yield from self.cameras
        yield from self.zones
        yield from self.rules
        yield from self.neighbours
        yield from demo_vocabulary(self.districts, self.cameras)

    def _camera(self, post: _Post, clips: Mapping[str, Clip]) -> Camera:
        if post.server is None:
            return _record(post, str(clips[post.scene].path))
        return _record(post, self.servers[post.server].url(post.scene))


def _served(clips: Mapping[str, Clip], server: int) -> dict[str, Path]:
    return {post.scene: clips[post.scene].path for post in _POSTS if post.server == server}


def _camera_id(post: _Post) -> str:
    return f"demo-camera-{post.number}"


def _record(post: _Post, url: str) -> Camera:
    return Camera(_camera_id(post), post.number, post.name, url, place_id=post.place_id, object_id=post.object_id)


def _scene(scenes: tuple[SceneSpec, ...], name: str) -> SceneSpec:
    return next(scene for scene in scenes if scene.name == name)


def _zones(scenes: tuple[SceneSpec, ...]) -> Iterator[Zone]:
    for post in _POSTS:
        for zone in _scene(scenes, post.scene).zones:
            yield Zone(zone.id, _camera_id(post), post.zone, zone.points)


def _rules(zones: tuple[Zone, ...]) -> Iterator[RuleSpec]:
    posts = {_camera_id(post): post for post in _POSTS}
    for zone in zones:
        post = posts[zone.camera_id]
        yield RuleSpec(
            id=f"demo-rule-{post.number}",
            camera_id=zone.camera_id,
            zone_id=zone.id,
            name=post.rule,
            hold_s=HOLD_S,
            cooldown_s=COOLDOWN_S,
            severity=post.severity,
            opens_incident=True,
        )
