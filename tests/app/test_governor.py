"""The load ladder: rung by rung up and down, never faster than its dwell, always back when the load is gone."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.feeds import Banner
from app.governor import (
    BANNER,
    CALM_S,
    DWELL_S,
    HOT_S,
    MOST_PATIENCE,
    Governor,
    Ladder,
    Rung,
    WallLoad,
    key_frames_only,
)

CALM = WallLoad(20.0, 5.0)
LATE = WallLoad(900.0, 5.0)
STALLED = WallLoad(20.0, 400.0)
BETWEEN = WallLoad(200.0, 70.0)
UNSEEN = WallLoad()


def held(ladder: Ladder, load: WallLoad, from_s: float, seconds: float, *, lost: bool = False) -> float:
    """A sample a second; the time after the last."""
    for second in range(round(seconds)):
        ladder.take(load, from_s + second, lost=lost)
    return from_s + round(seconds)


def rung_of(ladder: Ladder) -> Rung:
    """Asked anew each time."""
    return ladder.rung


@pytest.mark.parametrize("load", [LATE, STALLED])
def test_load_that_lasts_takes_one_rung_after_the_other(load: WallLoad) -> None:
    ladder = Ladder()
    rungs = [ladder.take(load, float(second)) for second in range(60)]
    assert rungs[int(HOT_S) - 1] is Rung.NORMAL
    assert rungs[int(HOT_S)] is Rung.HALVED
    assert sorted(rungs) == rungs
    assert rungs[-1] is Rung.LOOKS, "rules keep their pictures, however busy the wall is"


def test_rules_get_key_frames_only_where_their_streams_lose_pictures_anyway() -> None:
    ladder = Ladder()
    now_s = held(ladder, LATE, 0.0, 40)
    assert rung_of(ladder) is Rung.LOOKS
    held(ladder, LATE, now_s, 10, lost=True)
    assert rung_of(ladder) is Rung.DEGRADED


def test_a_short_peak_changes_nothing() -> None:
    ladder = Ladder()
    for second in range(0, 100, 2):
        ladder.take(LATE, float(second))
        ladder.take(CALM, second + 1.0)
    assert ladder.rung is Rung.NORMAL


def test_between_hot_and_calm_the_rung_is_held() -> None:
    ladder = Ladder()
    now_s = held(ladder, LATE, 0.0, 5)
    held(ladder, BETWEEN, now_s, 500)
    assert ladder.rung is Rung.HALVED


def test_a_wall_that_nobody_sees_gives_everything_back() -> None:
    ladder = Ladder()
    now_s = held(ladder, LATE, 0.0, 40)
    held(ladder, UNSEEN, now_s, 4 * (CALM_S + DWELL_S))
    assert ladder.rung is Rung.NORMAL


def test_seconds_without_samples_count_for_nothing() -> None:
    ladder = Ladder()
    ladder.take(LATE, 0.0)
    assert ladder.take(LATE, 1000.0) is Rung.NORMAL


def test_what_comes_back_at_once_is_given_back_later_the_next_time() -> None:
    ladder, now_s = Ladder(), 0.0
    spells: list[float] = []
    for _ in range(4):
        while rung_of(ladder) is Rung.NORMAL:
            now_s = held(ladder, LATE, now_s, 1)
        begin_s = now_s
        while rung_of(ladder) is not Rung.NORMAL:
            now_s = held(ladder, CALM, now_s, 1)
        spells.append(now_s - begin_s)
    assert spells == sorted(spells)
    assert spells[-1] > 3 * spells[0]


@pytest.mark.parametrize(
    ("rung", "keyed"),
    [
        (Rung.HALVED, []),
        (Rung.SOME_KEYS, ["e", "f"]),
        (Rung.MOST_KEYS, ["c", "d", "e", "f"]),
        (Rung.KEYS, ["b", "c", "d", "e", "f"]),
        (Rung.LOOKS, ["b", "c", "d", "e", "f"]),
        (Rung.DEGRADED, ["a", "b", "c", "d", "e", "f"]),
    ],
)
def test_key_frames_come_to_a_third_first_and_to_rules_last(rung: Rung, keyed: list[str]) -> None:
    assert sorted(key_frames_only(rung, "abcdef", "a")) == keyed


Sample = tuple[WallLoad, bool, float]
loads = st.builds(WallLoad, st.none() | st.floats(0, 2000), st.none() | st.floats(0, 1000))
samples = st.lists(st.tuples(loads, st.booleans(), st.floats(0.1, 8.0)), max_size=200)


@given(samples)
def test_it_never_changes_faster_than_its_dwell_nor_by_more_than_a_rung(
    taken: list[Sample],
) -> None:
    ladder, now_s, changes = Ladder(), 0.0, [(float("-inf"), Rung.NORMAL)]
    for load, lost, step_s in taken:
        now_s += step_s
        rung = ladder.take(load, now_s, lost=lost)
        if rung is not changes[-1][1]:
            changes.append((now_s, rung))
    for (before_s, before), (after_s, after) in pairwise(changes):
        assert after_s - before_s >= DWELL_S
        assert abs(after - before) == 1


@given(samples, st.sampled_from((CALM, UNSEEN)))
def test_it_always_returns_when_the_load_is_gone(taken: list[Sample], load: WallLoad) -> None:
    ladder, now_s = Ladder(), 0.0
    for one, lost, step_s in taken:
        now_s += step_s
        ladder.take(one, now_s, lost=lost)
    held(ladder, load, now_s, Rung.DEGRADED * (CALM_S * MOST_PATIENCE + DWELL_S + 2))
    assert ladder.rung is Rung.NORMAL


class Site:
    """What a governor tells; time is the test's."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.lost = 0
        self.rungs: list[Rung] = []
        self.banners: list[Banner] = []
        self.behind_ms = 1000.0
        self.governor = Governor(
            self.rungs.append, self.banners.append, lambda: self.behind_ms, lambda: self.lost, lambda: self.now_s
        )

    def pass_time(self, seconds: int, *loads: WallLoad, losing: bool = False) -> None:
        for _ in range(seconds):
            self.now_s += 1.0
            self.lost += losing
            for load in loads:
                self.governor.take(load)


def test_each_change_is_carried_out_and_said_once() -> None:
    site = Site()
    site.pass_time(60, LATE)
    site.pass_time(20, LATE, losing=True)
    site.pass_time(200, CALM)
    assert site.rungs == [1, 2, 3, 4, 5, 6, 5, 4, 3, 2, 1, 0]
    assert [banner.key for banner in site.banners] == [BANNER] * 12
    assert "analytics are degraded" in site.banners[5].text
    assert (site.banners[-1].text, site.banners[-1].hint) == ("", "")


def test_a_late_network_is_none_of_our_load() -> None:
    site = Site()
    site.behind_ms = 20.0
    site.pass_time(60, LATE)
    assert site.rungs == []
    site.pass_time(5, STALLED)
    assert site.rungs == [Rung.HALVED]


def test_of_several_walls_the_worst_counts() -> None:
    site = Site()
    site.pass_time(10, WallLoad(900.0, 1.0, "a"), WallLoad(10.0, 1.0, "b"))
    assert site.rungs[:1] == [Rung.HALVED]
    site.pass_time(30, WallLoad(10.0, 1.0, "b"))
    assert site.governor.ladder.rung is Rung.NORMAL, "a wall that is closed no longer counts"
