from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.records import Box
from tests.video.demo_material import WALKER, ZONE, tiny
from video.cutouts import Cutouts, Look, picture_path
from video.demo_scenes import SCENES
from video.source import VideoCode, VideoError
from video.synthetic import (
    ActorSpec,
    Stage,
    Stay,
    TrueBox,
    TrueZone,
    Truth,
    Waypoint,
    inside,
    load_truth,
    position,
    save_truth,
    truth_of,
)

COARSE = {"width": 320, "height": 180, "fps": 5}


@pytest.fixture(scope="module")
def cutouts() -> Cutouts:
    return Cutouts()


@pytest.fixture(scope="module")
def truths(cutouts: Cutouts) -> dict[str, Truth]:
    """The demo's scenes, coarse in space and time."""
    scenes = [replace(s, **COARSE) for s in SCENES]  # type: ignore[arg-type]  # mypy cannot see through the dict
    stages = [Stage(scene, cutouts) for scene in scenes]
    return {s.scene.name: truth_of(s.scene, [s.render(i)[1] for i in range(s.scene.frames)]) for s in stages}


def _pixels(box: Box, width: int, height: int) -> tuple[slice, slice]:
    return slice(round(box.y1 * height), round(box.y2 * height)), slice(round(box.x1 * width), round(box.x2 * width))


def test_picture_changes_inside_true_boxes_and_nowhere_else(cutouts: Cutouts) -> None:
    stage = Stage(tiny(), cutouts)
    seen = 0
    for index in range(stage.scene.frames):
        pixels, boxes = stage.render(index)
        change = np.abs(pixels.astype(int) - stage.background).max(axis=2)
        for true in boxes:
            rows, columns = _pixels(true.box, 160, 90)
            assert np.mean(change[rows, columns] > 15) > 0.4
            seen += true.visible > 0.9
            # Soft edges and the shadow reach a few pixels further.
            change[max(rows.start - 3, 0) : rows.stop + 8, max(columns.start - 8, 0) : columns.stop + 8] = 0
        assert change.max() < 15
    assert seen >= 4


def test_box_is_tight(cutouts: Cutouts) -> None:
    stage = Stage(tiny(), cutouts)
    pixels, (true,) = stage.render(6)
    rows, columns = _pixels(true.box, 160, 90)
    change = np.abs(pixels.astype(int) - stage.background).max(axis=2) > 25
    assert change[rows.start : rows.start + 3, columns].any()
    assert change[rows, columns.start : columns.start + 2].any()
    assert change[rows, columns.stop - 2 : columns.stop].any()


@given(
    st.floats(-10, 10),
    st.floats(0.5, 20),
    st.floats(0, 1),
    st.integers(-3, 3),
    st.floats(-1, 21),
)
def test_position_is_periodic(first_s: float, length_s: float, y: float, loops: int, t_s: float) -> None:
    actor = ActorSpec("a", Look("dark"), 0.4, (Waypoint(first_s, -0.2, y), Waypoint(first_s + length_s, 1.2, y)))
    one, other = position(actor, t_s, 20.0), position(actor, t_s + loops * 20.0, 20.0)
    if one is None or other is None:
        # Rounding may put one of them just behind the path's end.
        assert (one or other or (1.2,))[0] == pytest.approx(1.2, abs=1e-6) or one is other
    elif abs(one[0] - other[0]) < 1.3:  # not at the path's very ends, where rounding decides
        assert one[:3] == pytest.approx(other[:3], abs=1e-6)


def test_path_across_the_end_of_the_loop_goes_on_at_its_beginning() -> None:
    actor = ActorSpec("a", Look("dark"), 0.4, (Waypoint(0.8, 0.0, 0.8), Waypoint(1.2, 0.4, 0.8)))
    assert position(actor, 0.1, 1.0) == pytest.approx((0.3, 0.8, 0.3, False))
    assert position(actor, 0.9, 1.0) == pytest.approx((0.1, 0.8, 0.1, False))
    assert position(actor, 0.5, 1.0) is None


@pytest.mark.parametrize(
    "path",
    [
        (Waypoint(0, 0, 0.8),),
        (Waypoint(1, 0, 0.8), Waypoint(0, 1, 0.8)),
        (Waypoint(0, 0, 0.8), Waypoint(1.5, 1, 0.8)),
        (Waypoint(0, 0, 0.8), Waypoint(1, 1, 0.8)),
    ],
    ids=["one point", "back in time", "longer than the loop", "jump at the loop's end"],
)
def test_a_path_that_would_jump_is_refused(cutouts: Cutouts, path: tuple[Waypoint, ...]) -> None:
    with pytest.raises(ValueError, match="path of bad"):
        Stage(tiny(actors=(ActorSpec("bad", Look("dark"), 0.4, path),)), cutouts)


def test_stays_follow_from_boxes_and_from_the_path(cutouts: Cutouts) -> None:
    stage = Stage(tiny(), cutouts)
    truth = truth_of(stage.scene, [stage.render(i)[1] for i in range(stage.scene.frames)])
    (stay,) = truth.zones[0].stays
    speed = 1.4 / 0.8
    assert stay.from_s == pytest.approx(0.45 / speed, abs=1.5 / 15)
    assert stay.to_s == pytest.approx(0.95 / speed, abs=1.5 / 15)
    for index in range(truth.frames):
        here = any(0.25 < b.box.foot[0] < 0.75 for b in truth.boxes_at(index / 15))
        assert here == (stay.from_s <= index / 15 < stay.to_s)


def test_a_rule_is_due_after_its_hold_time() -> None:
    zone = TrueZone("z", ZONE.points, ("person",), (Stay("a", 1.0, 4.0), Stay("b", 6.0, 6.5)))
    assert zone.due(1.0) == (Stay("a", 2.0, 4.0),)


@given(st.floats(-0.5, 1.5), st.floats(-0.5, 1.5))
def test_inside_a_rectangle(x: float, y: float) -> None:
    assert inside((x, y), ZONE.points) == (0.25 <= x < 0.75 and 0.6 <= y < 0.99)


def test_half_outside_is_half_visible(cutouts: Cutouts) -> None:
    edge = replace(WALKER, path=(Waypoint(0.0, 0.0, 0.85), Waypoint(0.9, 0.0, 0.85)))
    _, (true,) = Stage(tiny(actors=(edge,)), cutouts).render(0)
    assert true.box.x1 == 0.0
    assert true.visible == pytest.approx(0.5, abs=0.06)


def test_the_nearer_one_hides_the_farther_one(cutouts: Cutouts) -> None:
    still = (Waypoint(0.0, 0.5, 0.8), Waypoint(0.9, 0.5, 0.8))
    nearer = tuple(Waypoint(p.at_s, p.x, 0.85) for p in still)
    far, near = replace(WALKER, id="far", path=still), replace(WALKER, id="near", path=nearer)
    _, boxes = Stage(tiny(actors=(near, far)), cutouts).render(0)
    assert [b.actor_id for b in boxes] == ["far", "near"]
    assert boxes[0].visible < 0.2
    assert boxes[1].visible == 1.0


def test_truth_survives_its_file(tmp_path: Path) -> None:
    box = TrueBox("a", "person", Box(0.1, 0.2, 0.3, 0.4), 0.5)
    zone = TrueZone("z", ZONE.points, ("person",), (Stay("a", 0.0, 0.5),))
    truth = Truth("clip", 160, 90, 2, 1.0, "h264", ((box,), ()), (zone,))
    save_truth(truth, tmp_path / "t.json")
    again = load_truth(tmp_path / "t.json")
    assert again == truth
    assert again.boxes_at(0.49) == again.boxes_at(7.49) == (box,)
    assert again.boxes_at(0.5) == ()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 99}', '{"version": 1, "boxes": 3}'])
def test_a_damaged_truth_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(VideoError) as caught:
        load_truth(path)
    assert caught.value.code == VideoCode.DAMAGED
    assert caught.value.details == {"url": "t.json"}


def test_a_missing_truth_is_named(tmp_path: Path) -> None:
    with pytest.raises(VideoError) as caught:
        load_truth(tmp_path / "t.json")
    assert caught.value.code == VideoCode.NO_FILE


def test_a_missing_photograph_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(VideoError) as caught:
        Cutouts(tmp_path / "bus.jpg")
    assert caught.value.code == VideoCode.NO_FILE
    monkeypatch.setattr("video.cutouts.find_spec", lambda name: None)
    with pytest.raises(VideoError):
        picture_path()


@pytest.mark.parametrize(("cutout", "centre_y"), [("cream", 0.085), ("dark", 0.075)])
def test_no_sprite_shows_a_face(cutouts: Cutouts, cutout: str, centre_y: float) -> None:
    """Neighbouring pixels of a face differ little: there are no eyes, no mouth, no glasses any more."""
    height = 500
    sprite = cutouts.sprite(Look(cutout), height, 0, False, (1.0, 1.0, 1.0))
    opaque = sprite.clear[..., 0] == 0
    top = round(centre_y * height)
    face = sprite.colour[top - 20 : top + 20].astype(int) >> 8
    solid = opaque[top - 20 : top + 20]
    solid[:, : int(np.argmax(solid.sum(axis=0))) - 12] = False
    solid[:, int(np.argmax(solid.sum(axis=0))) + 24 :] = False
    steps = np.abs(np.diff(face, axis=0)).max(axis=2)
    assert solid.sum() > 600
    assert np.percentile(steps[solid[1:] & solid[:-1]], 95) < 8


def test_the_guarded_scenes_have_somebody_to_find(truths: dict[str, Truth]) -> None:
    longest = {n: max((s.to_s - s.from_s for z in t.zones for s in z.stays), default=0) for n, t in truths.items()}
    guarded = {name for name, truth in truths.items() if truth.zones}
    assert guarded == {"market-north", "school-gate", "bus-station", "depot-yard"}
    assert all(longest[name] >= 3.0 for name in guarded - {"depot-yard"})
    assert min(s.from_s for s in truths["market-north"].zones[0].stays) < 2.0


def test_the_empty_street_is_empty_and_guarded(truths: dict[str, Truth]) -> None:
    assert truths["depot-yard"].zones
    assert not any(truths["depot-yard"].boxes)


def test_people_have_the_size_that_both_detectors_find(truths: dict[str, Truth]) -> None:
    whole = [b for t in truths.values() for row in t.boxes for b in row if b.label == "person" and b.visible > 0.95]
    heights = [360 * (b.box.y2 - b.box.y1) for b in whole]
    assert min(heights) >= 110
    assert max(heights) <= 164


def test_a_bus_passes(truths: dict[str, Truth]) -> None:
    with_bus = {n for n, t in truths.items() if any(b.label == "bus" and b.visible > 0.8 for r in t.boxes for b in r)}
    assert with_bus == {"market-south", "river-quay", "bus-station"}


def test_outlines_are_data_of_the_photograph_only() -> None:
    text = Path("resources/demo/cutouts.json").read_text(encoding="utf-8")
    assert set(json.loads(text)) == {"picture", "size_px", "cutouts"}
    assert not list(Path("resources/demo").glob("*.jpg"))
