"""Figures by a clock that the test moves."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from widgets.figures import Samples, TileCount, WallFigures


def test_samples_forget_the_oldest() -> None:
    samples = Samples(size=4)
    for number in range(6):
        samples.add(float(number), float(number))
    assert samples.percentile(0, 0.0) == 2.0
    assert samples.percentile(100, 0.0) == 5.0
    assert samples.percentile(50, 5.0) == 5.0
    assert samples.percentile(50, 6.0) is None


def test_due_waits_for_proof_that_the_stream_was_there() -> None:
    count = TileCount()
    count.painted(10.0)
    count.due(15.0)
    count.disconnected()
    assert count.totals(0.0) == (1, 0.0)
    count.due(2.0)
    count.painted(12.0)
    count.due(0.5)
    assert count.totals(0.0) == (2, 2.5)
    assert count.totals(12.0) == (1, 2.5)


def made(times: list[float]) -> WallFigures:
    return WallFigures(clock=lambda: times[0])


def test_a_rich_tile_cannot_hide_a_poor_one(qapp: QApplication) -> None:
    times = [100.0]
    figures = made(times)
    for camera_id, painted in (("a", 20), ("b", 5)):
        figures.tile(camera_id).due(10.0)
        for _number in range(painted):
            figures.painted(camera_id, due_s=99.95)
    read = figures.read()
    assert (read.tiles, read.shown_ratio) == (2, 0.75)
    assert read.frame_age_p95_ms == pytest.approx(50, abs=0.1)
    assert figures.first_picture_s == 100.0


def test_stalls_are_lateness_of_the_ten_ms_timer(qapp: QApplication) -> None:
    times = [100.0]
    figures = made(times)
    for now in (100.0, 100.010, 100.050, 100.058):
        times[0] = now
        figures._on_stall_timer()
    assert figures.read().gui_stall_max_ms == pytest.approx(30, abs=0.1)


def test_reset_forgets(qapp: QApplication) -> None:
    figures = made([100.0])
    figures.painted("a", 99.0)
    figures.reset()
    read = figures.read()
    assert (read.tiles, read.shown_ratio, read.frame_age_p50_ms) == (0, None, None)
