"""Which stream a tile shows: by its pixels, with hysteresis, and by what can be opened."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.stream_choice import BARRED_S, DOWN_AFTER_S, DOWN_PX, UP_PX, Stream, StreamChoice, Wish

HIDDEN = Wish()


def wide(width_px: int, *, high: bool = False) -> Wish:
    return Wish(width_px, width_px * 9 // 16 + 1, high)


@pytest.mark.parametrize(("width_px", "expected"), [(320, "sub"), (639, "sub"), (641, "main"), (1920, "main")])
def test_the_first_stream_is_that_of_the_size(width_px: int, expected: str) -> None:
    choice = StreamChoice(has_sub=True)
    assert choice.target(HIDDEN, 0.0) is None
    assert choice.target(wide(width_px), 0.0) == expected


def test_a_camera_with_one_stream_has_no_choice() -> None:
    choice = StreamChoice(has_sub=False)
    assert choice.target(HIDDEN, 0.0) is choice.target(wide(100), 1.0) is Stream.MAIN


def test_a_low_wide_tile_counts_by_the_picture_that_it_can_hold() -> None:
    assert StreamChoice(has_sub=True).target(Wish(1200, 200), 0.0) is Stream.SUB


def test_larger_at_once_smaller_after_a_while() -> None:
    choice = StreamChoice(has_sub=True)
    assert choice.target(wide(320), 0.0) is Stream.SUB
    assert choice.target(wide(UP_PX), 1.0) is Stream.MAIN
    assert choice.target(wide(320), 2.0) is Stream.MAIN
    assert choice.target(wide(320), 2.0 + DOWN_AFTER_S - 0.1) is Stream.MAIN
    assert choice.target(wide(320), 2.0 + DOWN_AFTER_S) is Stream.SUB


def test_enlarged_zoomed_or_forced_is_main_however_small() -> None:
    choice = StreamChoice(has_sub=True)
    choice.target(wide(320), 0.0)
    assert choice.target(wide(320, high=True), 1.0) is Stream.MAIN
    assert choice.target(wide(320), 2.0 + DOWN_AFTER_S) is Stream.MAIN, "only now it begins to be small"
    assert choice.target(wide(320), 2.0 + 2 * DOWN_AFTER_S) is Stream.SUB


def test_a_hidden_tile_keeps_its_stream() -> None:
    choice = StreamChoice(has_sub=True)
    choice.target(wide(320), 0.0)
    assert choice.target(HIDDEN, 100.0) is Stream.SUB


def test_a_stream_that_does_not_open_is_left_alone_for_a_while() -> None:
    choice = StreamChoice(has_sub=True)
    choice.target(wide(320), 0.0)
    choice.bar(Stream.SUB, 1.0)
    assert choice.target(wide(320), 1.0) is Stream.MAIN
    assert choice.by_size is Stream.SUB
    choice.bar(Stream.MAIN, 2.0)
    assert choice.target(wide(320), 2.0) is Stream.SUB, "neither opens: the one for the size is waited for"
    assert choice.target(wide(320), 1.0 + BARRED_S) is Stream.SUB


@given(st.lists(st.integers(DOWN_PX, UP_PX - 1), min_size=1), st.sampled_from((300, 1000)))
def test_within_the_band_nothing_ever_changes(widths_px: list[int], first_px: int) -> None:
    choice = StreamChoice(has_sub=True)
    kept = choice.target(wide(first_px), 0.0)
    assert {choice.target(wide(width_px), 10.0 * n) for n, width_px in enumerate(widths_px, 1)} == {kept}


@given(st.lists(st.integers(100, 2000), min_size=2, max_size=60), st.floats(0.01, 0.5))
def test_dragging_an_edge_never_closes_main_sooner_than_after_a_while(widths_px: list[int], step_s: float) -> None:
    choice, up_s, before = StreamChoice(has_sub=True), 0.0, None
    for n, width_px in enumerate(widths_px):
        now = choice.target(wide(width_px), n * step_s)
        if now is Stream.MAIN and width_px >= DOWN_PX:
            up_s = n * step_s
        if before is Stream.MAIN and now is Stream.SUB:
            assert n * step_s - up_s >= DOWN_AFTER_S
        before = now
