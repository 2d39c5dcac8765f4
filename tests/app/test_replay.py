"""Replay as the desk offers it, over a ring and over recorded files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.replay import MOST_REPLAYS, Replay, Replays
from storage.footage_records import Segment
from storage.journal import Registry
from storage.records import Camera
from storage.worker import Supervisor
from tests.conftest import wait_until
from tests.video.numbered import FPS, filled, live, number_in, numbered_clip, segment
from video.fanout import PacketRing
from video.footage import StoredFootage
from video.frame import Picture
from video.playback import PlaybackState

T0 = 1_790_000_000.0
CAMERA = Camera("c1", 1, "Main gate", "test://1")


class Site:
    """Frames 0-89 recorded, 60-209 in the ring; now is the time of frame 210."""

    def __init__(self, root: Path) -> None:
        self.viewed: list[tuple[str, float]] = []
        recorded = segment(numbered_clip(root / "0.mp4", 0, 90), 0, 90, T0)
        info, packets = live(numbered_clip(root / "live.mp4", 60, 150), 60, T0)
        self.ring: PacketRing | None = filled(info, packets)
        self.segments: tuple[Segment, ...] = (recorded,)
        self.supervisor = Supervisor()
        self.supervisor.start()
        self.replays = Replays(
            StoredFootage(lambda _camera_id: self.ring, lambda *_range: self.segments),
            self.supervisor,
            lambda: Registry(cameras=(CAMERA,)),
            viewed=lambda camera, utc_s: self.viewed.append((camera.id, utc_s)),
            clock=lambda: T0 + 210 / FPS,
        )

    def open(self, seconds_back: float) -> Replay:
        replay = self.replays.open("c1", seconds_back)
        assert replay is not None
        replay.want(320, 180)
        return replay


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    assert not made.supervisor.shutdown(2.0)


def shown(replay: Replay, number: int, *, playing: bool = False) -> None:
    """The replay's newest picture is that frame; while it plays, one of the second after it (the mailbox holds one)."""
    fitting = range(number, number + (FPS if playing else 1))
    seen: list[int] = []

    def look() -> bool:
        picture = replay.take()
        if picture is not None:
            seen.append(number_in(picture))
        return any(frame in fitting for frame in seen)

    wait_until(look, 15, f"frame {number}")


def standing(replay: Replay) -> int:
    """The frame at which a paused replay stands: its picture is the one that the status speaks of."""
    newest: list[Picture] = []

    def look() -> bool:
        picture = replay.take()
        newest[:] = [picture] if picture is not None else newest
        status = replay.status()
        stands = status.state is PlaybackState.PAUSED and status.utc_s is not None
        return stands and bool(newest) and abs(newest[0].utc_s - (status.utc_s or 0.0)) < 0.5 / FPS

    wait_until(look, 20, "a standing picture")
    return number_in(newest[0])


def test_ten_seconds_back_plays_and_goes_further_back(site: Site) -> None:
    replay = site.open(10)
    shown(replay, 61, playing=True)
    assert replay.status().state is PlaybackState.PLAYING
    replay.pause(paused=True)
    replay.go_back(13)
    shown(replay, 16, playing=True)
    assert replay.status().state is PlaybackState.PLAYING
    replay.close()


def test_step_and_speed_reach_the_player(site: Site) -> None:
    replay = site.open(10)
    replay.pause(paused=True)
    number = standing(replay)
    assert number >= 60
    replay.step(-1)
    shown(replay, number - 1)
    replay.set_speed(2)
    assert replay.status().speed == 2
    assert replay.status().state is PlaybackState.PAUSED
    replay.close()


def test_without_recording_the_ring_is_enough(site: Site) -> None:
    site.segments = ()
    replay = site.open(6)
    shown(replay, 120, playing=True)
    replay.close()


def test_without_any_footage_it_is_empty(site: Site) -> None:
    site.segments, site.ring = (), None
    replay = site.open(10)
    wait_until(lambda: replay.status().state is PlaybackState.EMPTY)
    replay.close()


def test_every_look_at_the_past_is_told(site: Site) -> None:
    replay = site.open(10)
    replay.go_back(13)
    replay.close()
    assert site.viewed == [("c1", T0 + 210 / FPS - 10), ("c1", T0 + 210 / FPS - 13)]


def test_unknown_cameras_and_too_many_replays_are_refused(site: Site) -> None:
    assert site.replays.open("nobody", 10) is None
    replays = [site.open(10) for _number in range(MOST_REPLAYS)]
    assert site.replays.open("c1", 10) is None
    for replay in replays:
        replay.close()
        replay.close()
    site.open(10).close()
