"""What came into a picture, told from what was always there, in another light, in noise and in wind."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pytest

from detection.usual_view import SETTLE_S, UsualView, quarter
from storage.records import Box
from tests.detection.scenes import START_S
from tests.detection.tamper_scenes import street

Image8 = npt.NDArray[np.uint8]
PLACE = Box(0.45, 0.4, 0.55, 0.8)
STEP_S = 0.5


@pytest.fixture(scope="module")
def yard() -> Image8:
    return street(0)


@lru_cache(maxsize=1)
def noises() -> npt.NDArray[np.int16]:
    return np.random.default_rng(0).normal(0.0, 4.0, (5, 360, 640, 1)).astype(np.int16)


def noisy(picture: Image8, random: np.random.Generator) -> Image8:
    noise = noises()[int(random.integers(0, 5))]
    return np.asarray(np.clip(picture.astype(np.int16) + noise, 0, 255), np.uint8)


def watched(view: UsualView, picture: Image8, seconds: float, begin_s: float = START_S) -> float:
    """The time after it."""
    random = np.random.default_rng(1)
    for look in range(round(seconds / STEP_S)):
        view.see(noisy(picture, random), begin_s + look * STEP_S)
        view.learn(begin_s + look * STEP_S, ())
    return begin_s + seconds


def somebody(picture: Image8) -> Image8:
    """Dark clothes with a light shirt, where `PLACE` is."""
    changed = picture.copy()
    changed[150:285, 300:340] = 40
    changed[170:210, 305:335] = 190
    return changed


def has_changed(view: UsualView, picture: Image8, utc_s: float, place: Box = PLACE) -> bool:
    view.see(noisy(picture, np.random.default_rng(9)), utc_s)
    return view.has_changed(place, utc_s)


def test_somebody_who_came_is_a_change_and_what_was_there_is_none(yard: Image8) -> None:
    view = UsualView()
    now_s = watched(view, yard, 12.0)
    assert not has_changed(view, yard, now_s)
    assert has_changed(view, somebody(yard), now_s)
    statue = UsualView()
    watched(statue, somebody(yard), 12.0)
    assert not has_changed(statue, somebody(yard), now_s)


@pytest.mark.parametrize(("gain", "lift"), [(0.6, 0.0), (1.0, 30.0), (1.2, -20.0)])
def test_another_light_is_no_change(yard: Image8, gain: float, lift: float) -> None:
    view = UsualView()
    now_s = watched(view, yard, 12.0)
    lit = np.clip(yard * gain + lift, 0, 255).astype(np.uint8)
    assert not has_changed(view, lit, now_s)
    assert has_changed(view, somebody(lit), now_s)


def test_nobody_can_tell_before_the_view_is_known(yard: Image8) -> None:
    view = UsualView()
    now_s = watched(view, yard, SETTLE_S - 2.0)
    assert not has_changed(view, somebody(yard), now_s)
    assert not view.has_changed(PLACE, now_s + 1.0)  # no picture of that time


def test_another_view_is_learned_anew(yard: Image8) -> None:
    """As when a camera goes over to infrared, or turns: what stands there is not what came."""
    view = UsualView()
    now_s = watched(view, yard, 12.0)
    other = np.ascontiguousarray(street(1)[:, ::-1])
    now_s = watched(view, other, 4.0, now_s)
    assert not has_changed(view, somebody(other), now_s)
    now_s = watched(view, other, 8.0, now_s)
    assert not has_changed(view, other, now_s)
    assert has_changed(view, somebody(other), now_s)


def test_what_is_guarded_is_not_learned(yard: Image8) -> None:
    guarded, forgotten = UsualView(), UsualView()
    for view, boxes in ((guarded, (PLACE,)), (forgotten, ())):
        now_s = watched(view, yard, 12.0)
        for look in range(50):
            view.see(somebody(yard), now_s + look * 4.0)
            view.learn(now_s + look * 4.0, boxes)
    assert has_changed(guarded, somebody(yard), now_s + 200.0)
    assert not has_changed(forgotten, somebody(yard), now_s + 200.0)


def test_what_always_moves_is_no_change(yard: Image8) -> None:
    view, random = UsualView(), np.random.default_rng(3)
    leaves = np.ascontiguousarray(np.kron(random.integers(20, 200, (17, 8, 1)), np.ones((8, 8, 3)))).astype(np.uint8)
    for look in range(120):
        windy = yard.copy()
        shift = (0, 5, 9, 4, -3, -8)[look % 6]
        windy[150:286, 300 + shift : 364 + shift] = leaves
        now_s = START_S + look * STEP_S
        view.see(windy, now_s)
        changed = view.has_changed(PLACE, now_s)
        view.learn(now_s, ())
    assert not changed


@pytest.mark.parametrize("shape", [(8, 8, 3), (360, 20, 3), (33, 35, 3)])
def test_small_and_changing_pictures_harm_nothing(yard: Image8, shape: tuple[int, int, int]) -> None:
    view = UsualView()
    now_s = watched(view, yard, 12.0)
    view.see(np.zeros(shape, np.uint8), now_s)
    assert not view.has_changed(PLACE, now_s)
    view.learn(now_s, (PLACE, Box(-1.0, -1.0, 2.0, 2.0), Box(0.999, 0.999, 1.0, 1.0)))
    view.see(yard, float("nan"))
    view.learn(float("nan"), ())
    view.see(yard, now_s - 3600.0)
    view.learn(now_s - 3600.0, ())
    assert not view.has_changed(PLACE, now_s - 3600.0)


def test_a_quarter_is_of_two_green_values() -> None:
    picture = np.zeros((8, 12, 3), np.uint8)
    picture[::4, ::4, 1], picture[2::4, 2::4, 1] = 100, 50
    assert quarter(picture).tolist() == [[75.0] * 3] * 2
