"""One reel, turn by turn: the clock and the heading are the test's, and no thread runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from storage.footage_records import Gap, GapReason, Segment
from tests.video.numbered import FPS, number_in, numbered_clip, segment
from video.convert import Scalers
from video.footage import StoredFootage
from video.reel_window import Heading
from video.synced_reel import Holdings, SyncedReel

T0 = 1_790_000_000.0


class Turned:
    """A reel over frames 0-299, with a key frame every 30, whose turns the test makes."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self.heading = Heading(T0, 0.0, 0)
        self.later: list[Heading] = []
        self.now_s = 100.0
        self.tick_s = 0.0
        self.segments = list(segments)
        self.stepped: list[tuple[int, float, bool]] = []
        self.reel = SyncedReel(
            "c1",
            Holdings(StoredFootage(lambda _camera_id: None, self._between), self._gaps),
            self._next_heading,
            stepped=lambda *step: self.stepped.append(step),
            clock=self._clock,
        )
        self.reel.want(320, 180)
        self._scalers = Scalers()

    def goes(self, number: float, speed: float = 0.0, *, back: bool = False, jumps: bool = True) -> None:
        """The clock is at that frame's time."""
        self.heading = Heading(T0 + number / FPS, speed, self.heading.jump + jumps, back)

    def turns(self, most: int = 40) -> None:
        """Until the reel has nothing to do now."""
        for _turn in range(most):
            due_s = self.reel.turn(self._scalers)
            if due_s is None or due_s > self.now_s:
                return

    def shown(self) -> int | None:
        """The frame that is given now."""
        picture, _wanting = self.reel.take()
        return number_in(picture) if picture is not None else None

    def _next_heading(self) -> Heading:
        if self.later:
            self.heading = self.later.pop(0)
        return self.heading

    def _clock(self) -> float:
        self.now_s += self.tick_s
        return self.now_s

    def _between(self, _camera_id: str, from_utc_s: float, to_utc_s: float) -> Sequence[Segment]:
        return [one for one in self.segments if one.to_utc_s > from_utc_s and one.from_utc_s < to_utc_s]

    def _gaps(self, camera_id: str, from_utc_s: float, to_utc_s: float) -> Sequence[Gap]:
        return [Gap(camera_id, from_utc_s, to_utc_s, GapReason.DISK_FULL)]


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> list[Segment]:
    path = numbered_clip(tmp_path_factory.mktemp("reel") / "0.mp4", 0, 300)
    return [segment(path, 0, 300, T0)]


@pytest.fixture
def turned(segments: list[Segment]) -> Iterator[Turned]:
    made = Turned(segments)
    yield made
    made.reel.close()


def test_who_cannot_keep_up_shows_key_frames_and_tries_all_of_them_again_later(turned: Turned) -> None:
    turned.goes(5, 1.0)
    turned.turns()
    assert turned.shown() == 5
    turned.goes(130, 1.0, jumps=False)  # far beyond what was decoded meanwhile
    turned.turns()
    assert turned.reel.status().late
    turned.turns()
    assert turned.shown() == 120
    turned.goes(155, 1.0, jumps=False)
    turned.turns()
    assert turned.shown() == 150
    turned.now_s += 5.0
    assert not turned.reel.status().late
    turned.goes(160, 1.0, jumps=False)
    turned.turns()
    assert turned.shown() == 160


def test_who_stands_after_being_late_sees_exactly_the_frame(turned: Turned) -> None:
    turned.goes(5, 1.0)
    turned.turns()
    assert turned.shown() == 5
    turned.goes(19, 1.0, jumps=False)  # a little late: some frames are left out
    turned.turns()
    turned.goes(17, jumps=False)
    turned.turns()
    assert turned.shown() == 17


def test_a_seek_that_is_not_wanted_any_more_shows_what_it_came_to(turned: Turned) -> None:
    turned.goes(0)
    turned.turns()
    assert turned.shown() == 0
    first = Heading(T0 + 59 / FPS, 0.0, 5)
    turned.later = [*[first] * 20, replace(first, utc_s=T0 + 200 / FPS, jump=6)]
    turned.reel.turn(Scalers())
    turned.heading = replace(turned.heading, jump=5)
    passing = turned.shown()
    assert passing is not None
    assert 30 <= passing < 59
    turned.heading = replace(turned.heading, jump=6)
    turned.turns()
    assert turned.shown() == 200


def test_no_frame_is_lost_when_a_step_comes_while_frames_are_made(turned: Turned) -> None:
    for into in range(1, 8):
        turned.goes(40)
        turned.turns()
        turned.shown()
        seen: list[int | None] = []
        for number in range(42, 57, 3):
            first = Heading(T0 + (number - 1) / FPS, 0.0, turned.heading.jump + 1)
            then = Heading(T0 + number / FPS, 0.0, turned.heading.jump + 2)
            turned.later = [*[first] * into, then]  # the second order comes at any moment of the work for the first
            while turned.later:
                turned.reel.turn(Scalers())
            turned.turns()
            seen.append(turned.shown())
            turned.goes(number + 1)
            turned.turns()
            seen.append(turned.shown())
        assert seen == [number for number in range(42, 57) if number % 3 != 2]


def test_the_reason_of_a_gap_is_told(turned: Turned) -> None:
    turned.goes(1000)
    turned.turns()
    told = turned.reel.status()
    assert told.settled
    assert told.gap is not None
    assert told.gap.reason is GapReason.DISK_FULL
    assert turned.shown() is None


def test_a_reel_that_nobody_looks_at_opens_nothing(turned: Turned) -> None:
    turned.reel.want(0, 0)
    assert turned.reel.turn(Scalers()) is None
    turned.goes(30)
    turned.reel.want(320, 180)
    turned.turns()
    assert turned.shown() == 30
