"""The bench's own scenes and measures, and the bar that the tracker has to pass."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import track
from benchmarks.track_scenes import LOOKS_PER_S, SECONDS, TrueLook, scenes
from detection.detector import Detections


@pytest.fixture(scope="module")
def made() -> dict[str, list[TrueLook]]:
    return scenes(0)


def test_the_scenes_follow_from_the_seed_and_are_not_empty(made: dict[str, list[TrueLook]]) -> None:
    again, other = scenes(0), scenes(1)
    for name, looks in made.items():
        assert len(looks) == int(SECONDS * LOOKS_PER_S)
        assert all(np.array_equal(a.boxes, b.boxes) for a, b in zip(looks, again[name], strict=True))
        assert any(len(a.boxes) != len(b.boxes) for a, b in zip(looks, other[name], strict=True))
        assert np.mean([len(look.numbers) for look in looks]) > 3


def test_a_tracker_that_knows_the_truth_is_perfect_and_one_that_knows_nothing_is_not(
    made: dict[str, list[TrueLook]],
) -> None:
    one = {"street": made["street"]}
    truth = iter(made["street"])

    def knowing() -> track.Step:
        def step(_seen: Detections, _utc_s: float) -> track.Found:
            look = next(truth)
            return look.numbers.tolist(), look.boxes

        return step

    def blind() -> track.Step:
        return lambda _seen, _utc_s: ([], np.zeros((0, 4)))

    perfect, nothing = track.judged(one, knowing), track.judged(one, blind)
    assert [perfect["hota"], perfect["idf1"]] == pytest.approx([1.0, 1.0])
    assert (nothing["hota"], nothing["idf1"]) == (0.0, 0.0)


@pytest.mark.timeout(300)
def test_the_tracker_is_as_good_as_the_oracle() -> None:
    """One seed more or less is luck (0.03 either way): the mean of four, where the bench takes the median of five."""
    seeds = [scenes(seed) for seed in range(4)]
    ours = [track.judged(one, track.our_tracker)["hota"] for one in seeds]
    oracle = [track.judged(one, track.oracle_as_ours)["hota"] for one in seeds]
    assert np.mean(oracle) > 0.6, "or it was asked wrongly"
    assert np.mean(ours) >= np.mean(oracle) - 0.02
    assert track.update_ms(track.our_tracker(), looks=60) < 2.5
