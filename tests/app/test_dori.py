"""Pixels per metre and their classes: the numbers of IEC 62676-4, from a calibration by people's height."""

from __future__ import annotations

from itertools import pairwise

import pytest

from app.dori import DoriClass, band_text, bands, class_of, level_text
from storage.journal import Registry
from storage.registry_records import CameraScale


@pytest.mark.parametrize(
    ("density", "level"),
    [
        (0.0, DoriClass.NONE),
        (24.9, DoriClass.NONE),
        (25.0, DoriClass.DETECT),
        (62.4, DoriClass.DETECT),
        (62.5, DoriClass.OBSERVE),
        (125.0, DoriClass.RECOGNISE),
        (249.9, DoriClass.RECOGNISE),
        (250.0, DoriClass.IDENTIFY),
    ],
)
def test_the_classes(density: float, level: DoriClass) -> None:
    assert class_of(density) is level


def registry(*people: tuple[float, float, float]) -> Registry:
    return Registry(camera_scales=(CameraScale("c1", people),))


def test_the_picture_is_cut_into_bands_from_top_to_bottom() -> None:
    found = bands(registry((0.5, 0.4, 0.1), (0.5, 0.9, 0.6)), "c1", 1080)
    assert [band.level for band in found][-1] is DoriClass.IDENTIFY
    assert (found[0].top, found[-1].bottom) == (0.0, 1.0)
    assert all(upper.bottom == lower.top for upper, lower in pairwise(found))
    assert all(class_of(b.least_px_per_m) is class_of(b.most_px_per_m) is b.level for b in found)
    at_half = next(b for b in found if b.top <= 0.5 < b.bottom)
    assert at_half.least_px_per_m <= 0.2 * 1080 / 1.7 <= at_half.most_px_per_m
    assert "px/m" in band_text(at_half)
    assert level_text(DoriClass.RECOGNISE) == "recognise (125 px/m)"


def test_a_camera_without_a_calibration_that_fits_has_none() -> None:
    assert bands(Registry(), "c1", 1080) == ()
    assert bands(registry((0.5, 0.4, 0.6), (0.5, 0.9, 0.1)), "c1", 1080) == ()
