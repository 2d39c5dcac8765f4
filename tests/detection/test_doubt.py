"""What rules leave out: scenery that a detector takes for somebody; and what they must not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import pytest

from detection.detector import Track
from detection.doubt import CONVINCING, ODD_CONVINCING, STATUE_S
from detection.pipeline import Pipeline
from storage.records import Box, Event, RuleKind, Zone
from storage.registry_records import CameraScale
from tests.detection.scenes import CAMERA, START_S, person_at, rule, seen
from tests.detection.tamper_scenes import street

WHOLE = Zone("zone-1", CAMERA, "yard", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
BUSH = Box(0.30, 0.21, 0.42, 0.38)
UNSURE = 0.5
STEP_S = 0.2
Where = Callable[[float], Box | None]


class Yard:
    """A camera's pipeline with one rule, and what was seen of it."""

    def __init__(self, label: str = "person", scale: CameraScale | None = None, **changes: object) -> None:
        self.pipeline, self.label, self.at_s = Pipeline(CAMERA), label, 0.0
        self.pipeline.change_rules((replace(rule(labels=(label,)), **changes),), (WHOLE,), (), scale=scale)  # type: ignore[arg-type] # RuleSpec's fields
        self.tracks: tuple[Track, ...] = ()
        self.events: list[Event] = []
        self._random = np.random.default_rng(7)

    def go(
        self, seconds: float, *places: Where | Box, score: float = UNSURE, picture: str = "", step_s: float = STEP_S
    ) -> list[Event]:
        """Look on; the events of this time."""
        began, end_s = len(self.events), self.at_s + seconds
        while self.at_s < end_s - 1e-9:
            now_s = START_S + self.at_s
            boxes = list(self._boxes(places))
            if picture:
                self.pipeline.see(_PICTURES[picture], now_s)
            look = self.pipeline.look(
                seen(*boxes, scores=[score] * len(boxes), labels=[self.label] * len(boxes)), now_s
            )
            self.tracks, self.at_s = look.tracks.tracks, round(self.at_s + step_s, 6)
            self.events += look.events
        return self.events[began:]

    def _boxes(self, places: Iterable[Where | Box]) -> Iterable[Box]:
        for place in places:
            box = place if isinstance(place, Box) else place(self.at_s)
            if box is not None:
                width, height = box.x2 - box.x1, box.y2 - box.y1
                noise = self._random.normal(0.0, 0.015, 4) * (width, height, width, height)
                yield Box(*(np.array(box) + noise).tolist())


def _with_somebody() -> np.ndarray:
    picture = street(0).copy()
    picture[165:285, 300:340] = 40
    picture[180:215, 305:335] = 200
    return picture


_PICTURES = {"empty": street(0), "somebody": _with_somebody()}
SPOT = person_at(0.5)


def test_a_bush_that_a_detector_takes_for_somebody_says_nothing_however_long() -> None:
    yard = Yard()
    assert yard.go(150.0, BUSH, score=0.58, picture="empty", step_s=0.5) == []
    assert [track.doubt > 0.0 for track in yard.tracks] == [True]


@pytest.mark.parametrize("speed", [0.01, 0.03, 0.15, 0.6])
def test_who_moves_counts_though_no_detector_is_sure(speed: float) -> None:
    def walks(at_s: float) -> Box:
        return person_at(0.2 + speed * at_s)

    yard = Yard(hold_s=0.4)
    assert len(yard.go(min(0.7 / speed, 20.0), walks)) == 1


@pytest.mark.parametrize("x", [0.02, 0.98])
def test_who_comes_in_at_the_edge_counts(x: float) -> None:
    def enters(at_s: float) -> Box:
        box = person_at(x + (0.02 - 0.04 * (x > 0.5)) * min(at_s, 4.0))
        return Box(max(box.x1, 0.0), box.y1, min(box.x2, 1.0), box.y2)

    assert len(Yard().go(5.0, enters)) == 1


def test_who_comes_straight_closer_counts() -> None:
    def comes(at_s: float) -> Box:
        high = 0.2 * 1.1**at_s
        return Box(0.5 - high / 8, 0.6 - high, 0.5 + high / 8, 0.6)

    assert len(Yard().go(8.0, comes)) == 1


def test_a_box_that_joins_two_bushes_now_and_then_has_not_moved() -> None:
    def flickers(at_s: float) -> Box:
        return replace_right(BUSH, 0.52) if int(at_s / 2) % 2 else BUSH

    assert Yard().go(60.0, flickers) == []


def replace_right(box: Box, x2: float) -> Box:
    return Box(box.x1, box.y1, x2, box.y2)


def test_conviction_counts_at_once_and_a_little_of_it_after_a_second() -> None:
    assert Yard().go(2.0, SPOT, score=0.8)[0].utc_s - START_S == pytest.approx(1.0)
    (late,) = Yard().go(4.0, SPOT, score=CONVINCING + 0.03)
    assert late.utc_s - START_S == pytest.approx(2.2, abs=0.3)
    assert Yard().go(20.0, SPOT, score=CONVINCING - 0.03) == []


def test_a_shape_that_no_person_has_asks_for_more_and_silences_nobody() -> None:
    lying = Box(0.4, 0.7, 0.6, 0.8)
    assert Yard().go(10.0, lying, score=ODD_CONVINCING - 0.05) == []
    assert len(Yard().go(10.0, lying, score=ODD_CONVINCING + 0.06)) == 1

    def falls(at_s: float) -> Box:
        return person_at(0.1 + 0.1 * at_s) if at_s < 4.0 else Box(0.42, 0.7, 0.62, 0.8)

    assert len(Yard(kind=RuleKind.LOITERING, limit=10.0).go(20.0, falls, score=UNSURE)) == 1


def test_a_size_that_nobody_has_there_asks_for_more() -> None:
    scale = CameraScale(CAMERA, ((0.5, 0.4, 0.1), (0.5, 0.9, 0.3)))
    giant = Box(0.4, 0.05, 0.55, 0.7)
    assert Yard(scale=scale).go(10.0, giant, score=0.7) == []
    assert len(Yard().go(10.0, giant, score=0.7)) == 1


def test_who_is_there_all_at_once_counts_when_the_place_looks_otherwise() -> None:
    yard = Yard()
    yard.go(15.0, picture="empty")
    (event,) = yard.go(5.0, SPOT, picture="somebody")
    assert 16.0 <= event.utc_s - START_S <= 18.0
    known = Yard()
    known.go(15.0, picture="somebody")
    assert known.go(5.0, SPOT, picture="somebody") == []


def test_who_passes_before_a_bush_does_not_make_it_somebody() -> None:
    def passes(at_s: float) -> Box | None:
        return person_at(0.05 + 0.2 * (at_s - 20.0), 0.5) if 20.0 <= at_s < 24.0 else None

    yard = Yard(hold_s=0.4)
    events = yard.go(60.0, BUSH, passes)
    assert len(events) == 1
    assert 20.0 <= events[0].utc_s - START_S <= 24.0


def test_who_stands_still_and_is_lost_and_found_still_counts() -> None:
    def stands(at_s: float) -> Box | None:
        return None if 8.0 <= at_s < 12.0 else person_at(min(0.2 + 0.1 * at_s, 0.6))

    (event,) = Yard(kind=RuleKind.LOITERING, limit=15.0).go(30.0, stands)
    assert event.label == "person"


def test_a_statue_is_told_once_and_no_more() -> None:
    def flickers(at_s: float) -> Box | None:
        return None if at_s % 200.0 > 160.0 else SPOT

    yard = Yard(cooldown_s=1.0)
    events = yard.go(550.0, flickers, score=0.85, picture="somebody", step_s=1.0)
    assert len(events) == 1
    assert events[0].utc_s - START_S < STATUE_S


def test_who_stands_before_a_statue_counts() -> None:
    yard = Yard(cooldown_s=1.0)
    yard.go(STATUE_S + 60.0, SPOT, score=0.85, picture="empty", step_s=0.5)
    assert len(yard.events) == 1
    assert len(yard.go(5.0, SPOT, score=0.85, picture="somebody")) == 1


def test_a_board_is_no_stopped_truck_and_a_truck_is() -> None:
    board = Yard("truck", kind=RuleKind.STOPPED, limit=5.0)
    assert board.go(60.0, BUSH, score=0.45) == []
    there_at_the_start = Yard("truck", kind=RuleKind.STOPPED, limit=150.0)
    assert len(there_at_the_start.go(300.0, BUSH, score=0.8, step_s=0.5)) == 1

    def stops(at_s: float) -> Box:
        x = min(at_s, 4.0) * 0.1
        return Box(x, 0.4, x + 0.15, 0.6)

    assert len(Yard("truck", kind=RuleKind.STOPPED, limit=5.0).go(20.0, stops, score=0.45)) == 1


def test_a_thing_that_was_put_down_by_somebody_is_abandoned_and_one_of_the_scenery_is_not() -> None:
    spec = replace(rule(labels=("bag",)), kind=RuleKind.ABANDONED, limit=5.0)

    def abandoned(*, carried: bool) -> int:
        pipeline, bag, events = Pipeline(CAMERA, (spec,), (WHOLE,)), Box(0.48, 0.74, 0.52, 0.8), 0
        for look in range(150):
            at_s = look * STEP_S
            boxes, labels, scores = [bag] if at_s >= 5.0 or not carried else [], ["bag"], [0.45]
            labels = labels[: len(boxes)]
            if carried and at_s < 12.0:
                boxes.append(person_at(min(0.1 + 0.1 * at_s, 0.5) + max(at_s - 7.0, 0.0) * 0.1))
                labels.append("person")
                scores = [*scores[: len(boxes) - 1], 0.5]
            found = pipeline.look(seen(*boxes, scores=scores, labels=labels), START_S + at_s)
            events += len(found.events)
        return events

    assert abandoned(carried=True) == 1
    assert abandoned(carried=False) == 0


def test_more_sensitivity_takes_more_for_real() -> None:
    assert len(Yard(sensitivity=1.0).go(10.0, SPOT)) == 1
    assert Yard(sensitivity=0.6).go(10.0, SPOT) == []


def test_the_same_looks_give_the_same_doubts() -> None:
    def played() -> list[float]:
        yard = Yard()
        yard.go(15.0, BUSH, picture="empty")
        yard.go(5.0, BUSH, SPOT, picture="somebody")
        return [track.doubt for track in yard.tracks]

    assert played() == played()
