"""Motion search on made clips whose truth is known; everything by fixed seeds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.video.motion_clips import FPS, GOP_S, REGION, T0, Figure, Light, motion_clip, street
from video.footage import FilePiece
from video.motion_search import LEAST_CELLS, Motion, MotionEye, Region, changed_cells, find_motion
from video.small_pictures import Pixels, SmallPicture, key_pictures

SECONDS = 125.0
LIGHTS = (
    Light(5.0, 1.5),
    Light(40.5, 0.6, over_s=8.0),
    Light(60.3, 1.3, spot=(0.3, 0.3, 0.8, 1.0)),
    Light(80.1, 0.7, spot=(0.0, 0.2, 0.6, 1.0)),
    Light(100.0, 1.4, over_s=1.0),
)
Span = tuple[float, float]


def day(root: Path, seed: int) -> tuple[FilePiece, list[Span]]:
    """Six figures, every other one through the region for longer than key frames are apart; lamps, a cloud, the sun.
    The truth is when they are inside."""
    rng = np.random.default_rng(seed)
    figures, truth = [], []
    for number in range(6):
        height = int(rng.integers(10, 40))
        inside = number % 2 == 0
        y = float(rng.uniform(0.55, 0.85) if inside else rng.uniform(0.12, 0.3))
        at_s, for_s = 10.0 + number * 19.0 + float(rng.uniform(0, 4)), float(rng.uniform(7, 12))
        ends = ((-0.05, y), (1.05, y)) if rng.random() < 0.5 else ((1.05, y), (-0.05, y))
        grey = float(rng.choice([25, 45, 205, 230]))
        figures.append(Figure(at_s, for_s, *ends, (max(height * 2 // 5, 4), height), grey))
        if inside:
            truth.append((T0 + at_s + for_s * 0.36, T0 + at_s + for_s * 0.69))
    return motion_clip(root / f"{seed}.mp4", SECONDS, seed=seed, figures=tuple(figures), lights=LIGHTS), truth


def overlaps(motion: Motion, span: Span) -> bool:
    return motion.from_utc_s <= span[1] and motion.to_utc_s >= span[0]


def found_in(piece: FilePiece, *, thorough_s: float = 0.0) -> list[Motion]:
    return list(find_motion([piece], T0, T0 + SECONDS, Region(REGION), thorough_s=thorough_s))


def test_recall_and_precision_under_changing_light(tmp_path: Path) -> None:
    true = missed = wrong = 0
    for seed in (11, 12):
        piece, truth = day(tmp_path, seed)
        found = found_in(piece)
        true += sum(any(overlaps(motion, span) for motion in found) for span in truth)
        missed += sum(not any(overlaps(motion, span) for motion in found) for span in truth)
        wrong += sum(not any(overlaps(motion, span) for span in truth) for motion in found)
    print(f"motion search: recall {true}/{true + missed}, wrong {wrong}")
    assert (true, missed, wrong) == (6, 0, 0)


def test_a_moment_is_told_when_it_was_and_how_much_moved(tmp_path: Path) -> None:
    figure = Figure(21.0, 8.0, (0.0, 0.8), (1.0, 0.8), (16, 40))  # inside from 23.8 to 26.6
    piece = motion_clip(tmp_path / "one.mp4", 40.0, seed=3, figures=(figure,))
    (motion,) = found_in(piece)
    assert motion.from_utc_s == pytest.approx(T0 + 23.8, abs=GOP_S / 2)
    assert T0 + 26.0 <= motion.to_utc_s <= T0 + 26.6 + GOP_S + 0.4
    assert motion.from_utc_s <= motion.peak_utc_s <= motion.to_utc_s + GOP_S
    assert 0.02 < motion.share < 0.4


def test_what_passes_between_two_key_frames_is_found_by_the_thorough_search_alone(tmp_path: Path) -> None:
    figure = Figure(20.2, 1.6, (0.0, 0.8), (1.0, 0.8), (16, 40))
    piece = motion_clip(tmp_path / "quick.mp4", 30.0, seed=5, figures=(figure,))
    assert found_in(piece) == []
    (motion,) = found_in(piece, thorough_s=1 / FPS)
    assert motion.from_utc_s == pytest.approx(T0 + 20.8, abs=0.6)


def test_what_stands_still_is_told_when_it_comes_and_when_it_goes(tmp_path: Path) -> None:
    comes = Figure(10.0, 3.0, (0.1, 0.8), (0.5, 0.8), (16, 40))
    stands = Figure(13.0, 30.0, (0.5, 0.8), (0.5, 0.8), (16, 40))
    goes = Figure(43.0, 3.0, (0.5, 0.8), (0.9, 0.8), (16, 40))
    piece = motion_clip(tmp_path / "stands.mp4", 55.0, seed=6, figures=(comes, stands, goes))
    times = [(motion.from_utc_s - T0, motion.to_utc_s - T0) for motion in found_in(piece)]
    assert len(times) == 2
    assert 10.0 <= times[0][0] <= 13.0 <= times[0][1] + 1.0
    assert 42.0 <= times[1][0] <= 46.0


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> FilePiece:
    """Somebody goes to and fro in the region for more than a minute."""
    ways = [((0.4, 0.8), (0.65, 0.8)), ((0.65, 0.8), (0.4, 0.8))]
    figures = tuple(Figure(2.0 + 4 * n, 3.8, *ways[n % 2], (16, 40)) for n in range(18))
    return motion_clip(tmp_path_factory.mktemp("busy") / "busy.mp4", 80.0, seed=8, figures=figures)


def test_what_goes_on_for_long_is_told_in_parts(busy: FilePiece) -> None:
    found = found_in(busy)
    assert len(found) >= 2
    assert all(motion.to_utc_s - motion.from_utc_s <= 64.0 for motion in found)


def test_it_ends_as_soon_as_it_is_told_to(busy: FilePiece) -> None:
    seen: list[float] = []

    def go_on(utc_s: float) -> bool:
        seen.append(utc_s)
        return len(seen) < 5

    assert list(find_motion([busy], T0, T0 + 80.0, Region(REGION), go_on)) == []
    assert len(seen) == 5


def test_a_mask_hides_motion_from_the_search(busy: FilePiece) -> None:
    whole = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    assert list(find_motion([busy], T0, T0 + 80.0, Region(REGION, (whole,)))) == []
    lower = ((0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0))
    assert list(find_motion([busy], T0, T0 + 80.0, Region(REGION, (lower,)))) == []


def picture(at_s: float, pixels: Pixels) -> SmallPicture:
    return SmallPicture(T0 + at_s, pixels)


def noisy(seed: int, gain: float = 1.0, offset: float = 0.0) -> Pixels:
    image = street(1) * gain + offset + np.random.default_rng(seed).normal(0, 3, (180, 320))
    return np.clip(image, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("gain", "offset"), [(1.0, 0.0), (1.3, 0.0), (0.5, 30.0), (1.0, 40.0)])
def test_noise_and_another_light_are_no_change(gain: float, offset: float) -> None:
    assert not changed_cells(noisy(1), noisy(2, gain, offset)).any()


def test_a_thing_is_a_change_and_its_shadow_is_not() -> None:
    after = noisy(2)
    after[100:140, 100:120] = 30
    shaded = noisy(2).astype(np.float64)
    shaded[100:160, 200:280] *= 0.6
    after[100:160, 200:280] = shaded[100:160, 200:280].astype(np.uint8)
    changed = changed_cells(noisy(1), after)
    assert changed[26:34, 26:29].mean() > 0.8
    assert changed[28:37, 53:67].mean() < 0.05


def test_another_scene_size_or_time_says_nothing() -> None:
    eye = MotionEye(Region(REGION))
    thing = noisy(2)
    thing[80:140, 130:150] = 20
    assert eye.moved(picture(0, noisy(1)), picture(2, thing)) > 0.02
    assert eye.moved(picture(0, noisy(1)), picture(60, thing)) == 0.0
    assert eye.moved(picture(2, noisy(1)), picture(0, thing)) == 0.0
    assert eye.moved(picture(0, noisy(1)), picture(2, thing[:160])) == 0.0
    assert eye.moved(picture(0, noisy(1)), picture(2, noisy(1)[::-1])) == 0.0


def test_a_region_smaller_than_a_cell_still_has_one() -> None:
    tiny = ((0.5, 0.5), (0.505, 0.5), (0.505, 0.505))
    assert 1 <= Region(tiny).cells(180, 320).sum() <= LEAST_CELLS + 1
    assert not Region(((0.5, 0.5), (0.6, 0.5))).cells(180, 320).any()


def test_what_changes_at_once_and_stays_is_a_lamp_and_no_motion(tmp_path: Path) -> None:
    lamp = Figure(6.3, 60.0, (0.5, 0.8), (0.5, 0.8), (30, 40), 215.0)
    piece = motion_clip(tmp_path / "lamp.mp4", 16.0, seed=7, figures=(lamp,))
    assert list(find_motion([piece], T0, T0 + 16.0, Region(REGION))) == []
    assert MotionEye(Region(REGION)).moved(*key_pictures([piece], T0 + 6.0, T0 + 8.0)) > 0.0  # the coarse pass sees it
