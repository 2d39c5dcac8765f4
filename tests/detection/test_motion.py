from __future__ import annotations

import numpy as np
import pytest

from detection.detector import Image
from detection.motion import MotionGate, cell_means

RANDOM = np.random.default_rng(11)
GROUND = np.clip(np.kron(RANDOM.integers(40, 200, (45, 80, 3)), np.ones((8, 8, 1))), 0, 255).astype(np.uint8)
NOISE = RANDOM.normal(0, 1, (GROUND.shape[0] + 97, GROUND.shape[1] + 89, 3)).astype(np.float32)
"""Frames take random windows of it: making it anew for each was most of what these tests took."""


def frame(noise: float = 3.0, person_x: int | None = None, light: float = 1.0, height: int = 40) -> Image:
    picture = GROUND.astype(np.float32) * light
    if person_x is not None:
        picture[200 : 200 + height, person_x : person_x + height // 3] = 20
    top, left = (int(RANDOM.integers(0, spare)) for spare in (97, 89))
    grain = NOISE[top : top + GROUND.shape[0], left : left + GROUND.shape[1]] * np.float32(
        RANDOM.choice((-noise, noise))
    )
    noisy: Image = np.clip(picture + grain, 0, 255).astype(np.uint8)
    return noisy


def settled(noise: float = 3.0) -> tuple[MotionGate, float]:
    gate, utc_s = MotionGate(), 1_700_000_000.0
    for _ in range(60):
        gate.moved(frame(noise), utc_s)
        utc_s += 0.2
    return gate, utc_s


@pytest.mark.parametrize("noise", [0.0, 3.0, 12.0])
def test_noise_is_not_motion(noise: float) -> None:
    gate, utc_s = settled(noise)
    assert not any(gate.moved(frame(noise), utc_s + i * 0.2) for i in range(50))


@pytest.mark.parametrize(("noise", "height"), [(3.0, 24), (3.0, 40), (12.0, 40), (3.0, 200)])
def test_somebody_who_walks_is_motion_at_once(noise: float, height: int) -> None:
    gate, utc_s = settled(noise)
    seen = [gate.moved(frame(noise, person_x=100 + 6 * i, height=min(height, 150)), utc_s + i * 0.2) for i in range(10)]
    assert seen[0]
    assert sum(seen) >= 9


def test_the_first_picture_and_the_one_after_a_pause_or_another_size_are_motion() -> None:
    gate = MotionGate()
    assert gate.moved(frame(), 100.0)
    assert not gate.moved(frame(), 100.2)
    assert gate.moved(frame(), 200.0)
    assert gate.moved(frame()[:180, :320].copy(), 200.2)
    assert gate.moved(frame()[:180, :320].copy(), 100.0)


def test_a_cloud_is_not_motion_and_a_light_switched_on_is_learned() -> None:
    gate, utc_s = settled()
    seen = [gate.moved(frame(light=1.0 - 0.002 * i), utc_s + i * 0.2) for i in range(100)]
    assert sum(seen) <= 5
    utc_s += 20.0
    flashes = [gate.moved(frame(light=1.2), utc_s + i * 0.2) for i in range(300)]
    assert flashes[0]
    assert not any(flashes[-50:])


def test_leaves_in_the_wind_grow_quiet_and_a_person_elsewhere_is_still_seen() -> None:
    gate, utc_s = settled()

    def windy(person_x: int | None = None) -> Image:
        picture = frame(person_x=person_x)
        picture[20:84, 400:500] = RANDOM.integers(60, 120, (8, 25, 3)).repeat(8, 0).repeat(4, 1)
        return picture

    seen = [gate.moved(windy(), utc_s + i * 0.2) for i in range(400)]
    assert seen[0]
    assert sum(seen[-100:]) < 50
    assert gate.moved(windy(person_x=100), utc_s + 80.0)


@pytest.mark.parametrize("size", [(1, 1), (7, 640), (361, 643), (360, 640), (8, 8)])
def test_cells_of_any_size(size: tuple[int, int]) -> None:
    means = cell_means(np.full((*size, 3), 90, np.uint8))
    assert len(means) == max((size[0] // 8) * (size[1] // 8), 1)
    assert means == pytest.approx(90, abs=0.01)
