from __future__ import annotations

import math
import random
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detection.detector import Detections, Track, TrackState
from detection.geometry import iou_matrix
from detection.motion_model import extrapolate
from detection.tracker import PATH_POINTS, Tracker
from tests.detection.scenes import START_S, person_at, seen

UNIT = st.floats(-0.25, 1.25, width=32)
LOOK = st.lists(
    st.tuples(
        UNIT, UNIT, st.sampled_from([0.05, 0.1, 0.3]), st.floats(0, 1, width=32), st.sampled_from(["person", "car"])
    ),
    max_size=6,
)


def as_detections(look: list[tuple[float, float, float, float, str]]) -> Detections:
    boxes = [(x, y, x + size, y + 2 * size) for x, y, size, _, _ in look]
    return seen(*boxes, scores=[score for *_, score, _ in look], labels=[label for *_, label in look])


def walk(tracker: Tracker, looks_per_s: float, speed: float, seconds: float) -> list[tuple[Track, ...]]:
    count = int(seconds * looks_per_s)
    return [
        tracker.update(seen(person_at(0.1 + speed * i / looks_per_s)), START_S + i / looks_per_s) for i in range(count)
    ]


def test_a_track_is_shown_from_its_second_look_on() -> None:
    tracker = Tracker()
    assert tracker.update(seen(person_at(0.3)), START_S) == ()
    (track,) = tracker.update(seen(person_at(0.31)), START_S + 0.2)
    assert (track.id, track.label, track.state) == (1, "person", TrackState.LIVE)
    assert (track.first_utc_s, track.last_utc_s) == (START_S, START_S + 0.2)
    assert [value for point in track.path for value in point] == pytest.approx([0.3, 0.8, 0.31, 0.8])


@pytest.mark.parametrize("looks_per_s", [1.3, 3.0, 5.0, 15.0])
def test_one_walker_is_one_track_at_every_rate(looks_per_s: float) -> None:
    looks = walk(Tracker(), looks_per_s, speed=0.1, seconds=8)
    assert {track.id for tracks in looks for track in tracks} == {1}
    assert all(tracks for tracks in looks[1:])
    assert looks[-1][0].velocity == pytest.approx((0.1, 0.0), abs=0.01)


def test_a_clock_with_uneven_steps_gives_the_same_velocity() -> None:
    tracker, utc_s, x = Tracker(), START_S, 0.1
    random_ = random.Random(3)
    for _ in range(20):
        dt_s = random_.choice([0.07, 0.2, 0.4])
        utc_s, x = utc_s + dt_s, x + 0.08 * dt_s
        tracks = tracker.update(seen(person_at(x)), utc_s)
    assert tracks[0].velocity == pytest.approx((0.08, 0.0), abs=0.005)


def test_two_who_cross_keep_their_identities() -> None:
    tracker = Tracker()
    for i in range(30):
        t = i / 5
        tracks = tracker.update(seen(person_at(0.1 + 0.13 * t, 0.8), person_at(0.9 - 0.13 * t, 0.7)), START_S + t)
    by_id = {track.id: track for track in tracks}
    assert set(by_id) == {1, 2}
    assert by_id[1].box.foot[1] == pytest.approx(0.8)
    assert by_id[2].box.foot[1] == pytest.approx(0.7)


def test_a_weak_detection_keeps_a_track_but_begins_none() -> None:
    tracker = Tracker()
    walk(tracker, 5, 0.0, 1)
    weak = seen(person_at(0.1), person_at(0.8), scores=[0.2, 0.2])
    tracks = [tracker.update(weak, START_S + 1 + i / 5) for i in range(4)]
    assert [[(t.id, t.state) for t in look] for look in tracks] == [[(1, TrackState.LIVE)]] * 4


def test_a_lost_track_is_kept_and_found_again() -> None:
    tracker = Tracker()
    walk(tracker, 5, 0.1, 2)
    (lost,) = tracker.update(seen(), START_S + 2.4)
    assert lost.state is TrackState.LOST
    assert lost.last_utc_s == pytest.approx(START_S + 1.8)
    (found,) = tracker.update(seen(person_at(0.1 + 0.1 * 2.8)), START_S + 2.8)
    assert (found.id, found.state) == (1, TrackState.LIVE)


def test_a_track_ends_when_it_stays_lost() -> None:
    tracker = Tracker()
    walk(tracker, 5, 0.0, 1)
    assert len(tracker.update(seen(), START_S + 2.0)) == 1
    assert tracker.update(seen(), START_S + 2.4) == ()
    tracker.update(seen(person_at(0.1)), START_S + 2.6)
    assert [t.id for t in tracker.update(seen(person_at(0.1)), START_S + 2.8)] == [2]


@pytest.mark.parametrize("jump_s", [-0.5, -3600.0, 10.0])
def test_a_jump_of_the_clock_begins_anew(jump_s: float) -> None:
    tracker = Tracker()
    walk(tracker, 5, 0.0, 1)
    assert tracker.update(seen(person_at(0.1)), START_S + 0.8 + jump_s) == ()
    assert [t.id for t in tracker.update(seen(person_at(0.1)), START_S + 1.0 + jump_s)] == [2]


def test_a_repeated_frame_changes_no_velocity() -> None:
    tracker = Tracker()
    before = walk(tracker, 5, 0.1, 2)[-1][0]
    (after,) = tracker.update(seen(person_at(0.1 + 0.1 * 1.8)), before.last_utc_s)
    assert after.velocity == before.velocity


def test_a_bus_that_is_called_a_truck_once_is_the_same_vehicle() -> None:
    tracker, box = Tracker(), (0.2, 0.2, 0.6, 0.6)
    for i, (label, score) in enumerate((("bus", 0.8), ("truck", 0.5), ("bus", 0.8))):
        tracks = tracker.update(seen(box, labels=[label], scores=[score]), START_S + i / 5)
    assert [(t.id, t.label) for t in tracks] == [(1, "bus")]


def test_a_person_before_a_car_is_not_the_car() -> None:
    tracker, box = Tracker(), (0.2, 0.2, 0.6, 0.6)
    for i in range(3):
        tracks = tracker.update(seen(box, box, labels=["person", "car"]), START_S + i / 5)
    assert sorted(t.label for t in tracks) == ["car", "person"]


def test_unusable_detections_are_dropped() -> None:
    tracker = Tracker()
    bad = seen(
        (math.nan, 0, 1, 1), (0, 0, math.inf, 1), (0.5, 0.5, 0.4, 0.9), person_at(0.3), scores=[0.9] * 3 + [math.nan]
    )
    for i in range(3):
        assert tracker.update(bad, START_S + i / 5) == ()


def test_numbers_go_on_after_a_restart() -> None:
    assert walk(Tracker(first_id=41), 5, 0.0, 1)[-1][0].id == 41


def test_a_path_is_bounded() -> None:
    tracks = walk(Tracker(), 15, 0.05, 6)[-1]
    assert len(tracks[0].path) == PATH_POINTS


@given(st.lists(LOOK, max_size=8), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_order_of_input_never_matters_and_ids_are_unique(
    looks: list[list[tuple[float, float, float, float, str]]], shuffle: random.Random
) -> None:
    one, other = Tracker(), Tracker()
    highest = 0
    for i, look in enumerate(looks):
        shuffled = list(look)
        shuffle.shuffle(shuffled)
        tracks = one.update(as_detections(look), START_S + i / 4)
        assert tracks == other.update(as_detections(shuffled), START_S + i / 4)
        ids = [track.id for track in tracks]
        assert ids == sorted(set(ids))
        assert all(math.isfinite(value) for t in tracks for value in (*t.box, *t.velocity, t.score))
        newborn = [t.id for t in tracks if len(t.path) == 2]
        assert all(track_id > 0 for track_id in newborn)
        highest = max([highest, *ids])


def test_extrapolated_boxes_beat_held_ones_between_looks() -> None:
    tracker = Tracker()
    held, ahead = [], []
    for i in range(24):
        utc_s = i / 3
        tracks = tracker.update(seen(person_at(0.1 + 0.1 * utc_s)), START_S + utc_s)
        if i > 4:
            truth = person_at(0.1 + 0.1 * (utc_s + 0.3))
            held.append(iou_matrix([tracks[0].box], [truth])[0, 0])
            ahead.append(iou_matrix([extrapolate(tracks[0], START_S + utc_s + 0.3)], [truth])[0, 0])
    assert min(ahead) > 0.9
    assert max(held) < 0.6


def test_twelve_objects_cost_little() -> None:
    """0.25 ms a look are asked for; the fastest of many may take four times that: the machine is shared."""
    tracker = Tracker()
    costs = []
    for i in range(120):
        look = seen(*(person_at(0.05 + 0.075 * k + 0.001 * i) for k in range(12)))
        started = time.perf_counter()
        tracks = tracker.update(look, START_S + i / 5)
        costs.append(time.perf_counter() - started)
    assert len(tracks) == 12
    assert min(costs[1:]) < 1e-3


@given(st.lists(LOOK, max_size=12), st.lists(st.floats(-3, 6, allow_nan=False), min_size=12, max_size=12))
@settings(max_examples=60, deadline=None)
def test_no_number_is_given_twice_whatever_the_clock_does(
    looks: list[list[tuple[float, float, float, float, str]]], steps_s: list[float]
) -> None:
    tracker, utc_s = Tracker(first_id=7), START_S
    beginnings: dict[int, float] = {}
    for look, step_s in zip(looks, steps_s, strict=False):
        utc_s += step_s
        for track in tracker.update(as_detections(look), utc_s):
            assert track.id >= 7
            assert beginnings.setdefault(track.id, track.first_utc_s) == track.first_utc_s, "one number, one object"
            assert 0 <= track.still_s <= utc_s - track.first_utc_s + 1e-6


@given(LOOK, st.lists(st.sampled_from([math.nan, math.inf, -math.inf]), min_size=4, max_size=4), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_a_box_that_is_no_number_changes_nothing(
    look: list[tuple[float, float, float, float, str]], bad: list[float], at: int
) -> None:
    box = [0.1, 0.1, 0.3, 0.4]
    box[at] = bad[at]
    clean, dirty = Tracker(), Tracker()
    for i in range(3):
        sound = as_detections(look)
        spoiled = Detections(
            np.vstack((np.array([box], np.float32), sound.boxes)),
            np.concatenate((np.array([0.9], np.float32), sound.scores)),
            ("person", *sound.labels),
        )
        assert clean.update(sound, START_S + i / 5) == dirty.update(spoiled, START_S + i / 5)


def stand(tracker: Tracker, seconds: float, begin_s: float = 0.0, shake: float = 0.01) -> tuple[Track, ...]:
    random_ = random.Random(5)
    tracks: tuple[Track, ...] = ()
    for i in range(int(seconds * 5)):
        x, y = 0.4 + random_.uniform(-shake, shake), 0.8 + random_.uniform(-shake, shake)
        tracks = tracker.update(seen(person_at(x, y), labels=["car"]), START_S + begin_s + i / 5)
    return tracks


def test_what_stands_for_ten_seconds_is_stationary_though_its_box_shakes() -> None:
    tracker = Tracker()
    (waits,) = stand(tracker, 9)
    assert not waits.stationary
    (parked,) = stand(tracker, 3, begin_s=9.0)
    assert (parked.id, parked.stationary) == (waits.id, True)
    assert parked.still_s == pytest.approx(11.8, abs=0.3)


def test_one_box_elsewhere_is_no_step_but_going_away_is() -> None:
    tracker = Tracker()
    stand(tracker, 12)
    (jumped,) = tracker.update(seen(person_at(0.43, 0.8), labels=["car"]), START_S + 12.0)
    assert jumped.stationary
    (back,) = stand(tracker, 1, begin_s=12.2)
    assert back.stationary
    looks = [
        tracker.update(seen(person_at(0.4 + 0.02 * i, 0.8), labels=["car"]), START_S + 13.2 + i / 5) for i in range(12)
    ]
    assert not looks[-1][0].stationary
    assert looks[-1][0].still_s < 2.0
    assert {track.id for tracks in looks for track in tracks} == {back.id}


def test_a_walker_is_never_stationary() -> None:
    tracks = [track for look in walk(Tracker(), 5, speed=0.03, seconds=25) for track in look]
    assert tracks
    assert not any(track.stationary for track in tracks)


def test_a_parked_car_that_was_not_seen_for_a_while_is_the_same_car() -> None:
    tracker = Tracker()
    (parked,) = stand(tracker, 12)
    for i in range(100):
        hidden = tracker.update(seen(), START_S + 12 + i / 5)
    assert hidden == ()
    (again,) = tracker.update(seen(person_at(0.4, 0.8), labels=["car"]), START_S + 32)
    assert (again.id, again.stationary) == (parked.id, True)


def test_who_comes_beside_where_a_car_stood_is_somebody_else() -> None:
    tracker = Tracker()
    (parked,) = stand(tracker, 12)
    for i in range(25):
        tracker.update(seen(), START_S + 12 + i / 5)
    for i in range(2):
        tracks = tracker.update(seen(person_at(0.45, 0.8), labels=["car"]), START_S + 17 + i / 5)
    assert parked.id not in [track.id for track in tracks]


def test_a_vehicle_that_is_told_as_two_kinds_at_one_place_is_one() -> None:
    tracker, one, other = Tracker(), (0.2, 0.2, 0.6, 0.6), (0.2, 0.21, 0.6, 0.6)
    for look in range(5):
        found = seen(one, other, scores=[0.5, 0.7], labels=["truck", "bus"])
        tracks = tracker.update(found, START_S + look * 0.2)
    assert [(track.label, track.id) for track in tracks] == [("bus", 1)]
    beside = seen(one, (0.35, 0.2, 0.75, 0.6), scores=[0.5, 0.7], labels=["truck", "bus"])
    for look in range(5, 10):
        tracks = tracker.update(beside, START_S + look * 0.2)
    assert len(tracks) == 2
