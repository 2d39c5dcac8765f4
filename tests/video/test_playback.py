"""The player on made footage: every picture says which frame it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from storage.footage_folders import OneFolder
from storage.footage_records import Segment
from storage.segments import SegmentIndex
from tests.conftest import wait_until
from tests.video.numbered import FPS, filled, live, number_in, numbered_clip, segment
from video.camera_recorder import CameraRecorder
from video.fanout import PacketRing, PictureTap
from video.footage import StoredFootage
from video.frame import Picture
from video.playback import Playback, PlaybackState

T0 = 1_790_000_000.0


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine makes frames late, which are then left out, and reads late what is told for some seconds."""
    for name in ("_LATE_S", "_TELL_S"):
        monkeypatch.setattr(f"video.playback.{name}", 1e6)


class Recorder(PictureTap):
    """Keeps all pictures that it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures: list[Picture] = []
        self.want(320, 180)

    def put(self, picture: Picture) -> None:
        self.pictures.append(picture)

    @property
    def numbers(self) -> list[int]:
        return [number_in(picture) for picture in self.pictures]


class Player:
    """A playback with its tap; frame n was filmed at T0 + n / FPS."""

    def __init__(self, footage: StoredFootage, number: float, *, paused: bool) -> None:
        self.tap = Recorder()
        self.playback = Playback("c1", footage, self.tap, T0 + number / FPS)
        self.playback.pause(paused=paused)
        self.playback.start()

    def shows(self, number: int) -> None:
        wait_until(lambda: self.tap.numbers[-1:] == [number], 5, f"frame {number}, seen {self.tap.numbers[-5:]}")

    def plays_to(self, number: int) -> None:
        """It plays on meanwhile: nobody is sure to look while that very frame is the newest."""
        wait_until(lambda: number in self.tap.numbers[-200:], what=f"frame {number}")

    def to(self, number: float) -> None:
        self.playback.seek(T0 + number / FPS)

    def reaches(self, state: PlaybackState) -> None:
        wait_until(lambda: self.playback.status().state is state, 5, state)


Opener = Callable[..., Player]


@pytest.fixture
def play() -> Iterator[Opener]:
    players: list[Player] = []

    def opened(footage: StoredFootage, number: float, *, paused: bool = True) -> Player:
        players.append(Player(footage, number, paused=paused))
        return players[-1]

    yield opened
    for player in players:
        player.playback.stop()
        assert player.playback.join(30.0)
        assert player.playback.failures == 0


class Clips:
    """Frames 0-149 in two files without a gap, 300-389 in a third; 390-449 only live."""

    def __init__(self, root: Path) -> None:
        self.segments = tuple(
            segment(numbered_clip(root / f"{first}.mp4", first, count, bframes=bframes), first, count, T0)
            for first, count, bframes in ((0, 90, 0), (90, 60, 2), (300, 90, 2))
        )
        self.info, self.packets = live(numbered_clip(root / "live.mp4", 360, 90), 360, T0)

    def between(self, _camera_id: str, from_utc_s: float, to_utc_s: float) -> Sequence[Segment]:
        return [s for s in self.segments if s.to_utc_s >= from_utc_s and s.from_utc_s <= to_utc_s]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("footage"))


def recorded(clips: Clips, ring: PacketRing | None = None) -> StoredFootage:
    return StoredFootage(lambda _camera_id: ring, clips.between)


@pytest.mark.parametrize("number", [0, 1, 29, 30, 31, 89, 90, 91, 119, 149, 300, 333, 389])
def test_seek_shows_exactly_the_frame(clips: Clips, play: Opener, number: int) -> None:
    player = play(recorded(clips), 45)
    player.shows(45)
    player.to(number + 0.4)
    player.shows(number)
    assert player.tap.numbers == [45, number]
    assert player.playback.status().utc_s == pytest.approx(T0 + number / FPS, abs=0.001)
    assert player.playback.status().hole is None


def test_steps_go_both_ways_one_frame_at_a_time_also_between_files(clips: Clips, play: Opener) -> None:
    player = play(recorded(clips), 88)
    player.shows(88)
    for number in (89, 90, 91, 92):
        player.playback.step(1)
        player.shows(number)
    for number in (91, 90, 89, 88, 87):
        player.playback.step(-1)
        player.shows(number)
    assert player.playback.status().state is PlaybackState.PAUSED


def test_steps_pressed_quickly_are_all_made(clips: Clips, play: Opener) -> None:
    player = play(recorded(clips), 20)
    player.shows(20)
    for _press in range(7):
        player.playback.step(1)
    player.shows(27)
    for _press in range(9):
        player.playback.step(-1)
    player.shows(18)


@pytest.mark.parametrize(("speed", "frames"), [(1.0, 12), (4.0, 40), (0.25, 3)])
def test_plays_every_frame_in_order_at_its_speed(clips: Clips, play: Opener, speed: float, frames: int) -> None:
    player = play(recorded(clips), 60)
    player.shows(60)
    player.playback.set_speed(speed)
    begin_s = time.monotonic()
    player.playback.pause(paused=False)
    wait_until(lambda: len(player.tap.pictures) > frames)
    took_s = time.monotonic() - begin_s
    assert player.tap.numbers[:frames] == list(range(60, 60 + frames))
    # The first frame comes at once, the others at their time: early is wrong; late is a busy machine.
    assert took_s >= (frames - 1) / FPS / speed - 0.25


def test_a_gap_is_told_and_jumped(clips: Clips, play: Opener) -> None:
    player = play(recorded(clips), 146, paused=False)
    player.plays_to(302)
    assert player.tap.numbers[:7] == [146, 147, 148, 149, 300, 301, 302]
    hole = player.playback.status().hole
    assert hole is not None
    assert (hole.from_utc_s - T0) * FPS == pytest.approx(149, abs=0.01)
    assert (hole.to_utc_s - T0) * FPS == pytest.approx(300, abs=0.01)


def test_a_moment_in_a_gap_shows_what_comes_after_it(clips: Clips, play: Opener) -> None:
    player = play(recorded(clips), 200)
    player.shows(300)
    hole = player.playback.status().hole
    assert hole is not None
    assert (hole.from_utc_s - T0) * FPS == pytest.approx(149, abs=0.01)
    player.playback.step(-1)
    player.shows(149)
    assert player.playback.status().hole == hole
    player.playback.step(-1)
    player.shows(148)
    assert player.playback.status().hole is None


def test_before_the_first_footage_the_gap_begins_where_it_was_asked(clips: Clips, play: Opener) -> None:
    player = play(recorded(clips), -60)
    player.shows(0)
    hole = player.playback.status().hole
    assert hole is not None
    assert hole.from_utc_s == pytest.approx(T0 - 4)


def test_without_footage_it_says_so_and_comes_back(clips: Clips, play: Opener) -> None:
    player = play(recorded(clips), 45)
    player.to(90_000)
    player.reaches(PlaybackState.EMPTY)
    assert player.playback.status().utc_s is None
    player.to(45)
    player.shows(45)


def test_the_ring_alone_is_enough(clips: Clips, play: Opener) -> None:
    """Without recording, exact to the frame, and following what comes while it plays."""
    ring = filled(clips.info, clips.packets[:60])
    player = play(StoredFootage(lambda _camera_id: ring), 371)
    player.shows(371)
    player.playback.step(-1)
    player.shows(370)
    player.to(417)
    player.shows(417)
    player.playback.pause(paused=False)
    player.reaches(PlaybackState.CAUGHT_UP)
    for packet in clips.packets[60:75]:
        ring.add(packet)
    player.shows(434)
    assert player.tap.numbers[-15:] == list(range(420, 435))


def test_files_go_on_in_the_ring_without_a_frame_lost_or_doubled(clips: Clips, play: Opener) -> None:
    rounded = [replace(packet, utc_s=packet.utc_s + 0.002) for packet in clips.packets]
    player = play(recorded(clips, filled(clips.info, rounded)), 380, paused=False)
    player.playback.set_speed(4)
    player.shows(449)
    shown = player.tap.numbers
    assert shown == list(range(380, 450))
    assert player.playback.status().hole is None


def test_a_ring_that_ran_away_during_a_pause_is_told_as_a_gap(clips: Clips, play: Opener) -> None:
    ring = filled(clips.info, clips.packets[:31], seconds=1.0)
    player = play(StoredFootage(lambda _camera_id: ring), 385)
    player.shows(385)
    for packet in clips.packets[31:]:
        ring.add(packet)
    player.playback.set_speed(4)
    player.playback.pause(paused=False)
    player.shows(449)
    assert player.tap.numbers[-30:] == list(range(420, 450))


def test_a_torn_file_plays_what_is_there_and_a_missing_one_is_a_gap(clips: Clips, play: Opener, tmp_path: Path) -> None:
    whole = Path(clips.segments[0].path).read_bytes()
    torn, gone = tmp_path / "torn.mp4", tmp_path / "gone.mp4"
    torn.write_bytes(whole[: int(len(whole) * 0.8)])
    gone.touch()
    segments = [segment(torn, 0, 90, T0), segment(gone, 90, 60, T0), clips.segments[2]]
    gone.unlink()
    player = play(StoredFootage(lambda _camera_id: None, lambda *_range: segments), 40, paused=False)
    player.playback.set_speed(4)
    player.plays_to(305)
    shown = player.tap.numbers
    assert shown[:20] == list(range(40, 60))
    assert player.playback.status().hole is not None


def test_another_size_renews_a_paused_picture(clips: Clips, play: Opener) -> None:
    player = play(recorded(clips), 45)
    player.shows(45)
    player.tap.want(160, 90)
    wait_until(lambda: player.tap.pictures[-1].width == 160)
    assert number_in(player.tap.pictures[-1]) == 45


def test_nobody_looking_costs_no_picture(clips: Clips, play: Opener) -> None:
    player = play(recorded(clips), 45)
    player.shows(45)
    player.tap.want(0, 0)
    player.to(60)
    wait_until(lambda: player.playback.status().utc_s == pytest.approx(T0 + 60 / FPS, abs=0.001))
    assert player.tap.numbers == [45]


def test_what_the_recorder_writes_is_played_to_the_frame_while_it_writes(play: Opener, tmp_path: Path) -> None:
    """The open segment as far as it is on the disk, the rest out of the ring."""
    info, packets = live(numbered_clip(tmp_path / "live.mp4", 0, 150, bframes=2), 0, T0)
    index = SegmentIndex(tmp_path / "index.db")
    recorder = CameraRecorder("c1", OneFolder(tmp_path / "footage"), index)
    recorder.queue.configure(1, info)
    for packet in packets[:100]:
        recorder.queue.put(packet)
    progress = recorder.work(time.monotonic())
    assert progress is not None
    index.grow([progress])
    assert not index.between("c1", T0, T0 + 10)[0].closed
    ring = filled(info, packets, seconds=5.0)
    assert ring.gops()[0][1][0].utc_s > T0 + 3
    player = play(StoredFootage(lambda _camera_id: ring, index.between), 7)
    player.shows(7)
    player.to(58)
    player.shows(58)
    player.playback.set_speed(4)
    player.playback.pause(paused=False)
    player.shows(147)  # the last two wait in the decoder for what comes after them
    shown = player.tap.numbers[1:]
    assert shown == sorted(set(shown))
    assert (shown[0], shown[-1]) == (58, 147)
    assert len(shown) > 60, "at four times the speed a busy machine leaves out some, never all at the seam"
    assert {*range(95, 105)} & {*shown}
    player.playback.stop()
    recorder.end()
    index.close()
