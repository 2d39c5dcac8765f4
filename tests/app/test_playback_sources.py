"""Offsets of clocks, as they are taken out of the cameras' times, and tracks beside footage."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.playback_feed import _notice
from app.playback_feeds import ClockNote
from app.playback_sources import ARRIVAL_S, TracksBeside, clock_note
from video.reel_status import ReelStatus

NOON = 1_790_000_000.0
HOUR = 3600.0


def test_the_middle_of_that_hour_is_taken_out_with_its_spread() -> None:
    measured = [(NOON - 3 * HOUR, 1.9), (NOON - 60, 0.4), (NOON, 0.5), (NOON + 60, 0.7), (NOON + 20 * HOUR, -1.0)]
    note = clock_note(measured, NOON)
    assert note is not None
    assert (note.offset_s, note.uncertainty_s) == pytest.approx((0.5, 0.2))


def test_without_that_hour_it_is_that_day_and_without_the_day_nothing_is_known() -> None:
    measured = [(NOON - 3 * HOUR, -0.6), (NOON - 3 * HOUR + 60, -0.6)]
    assert clock_note(measured, NOON) == ClockNote(-0.6, 0.05)
    assert clock_note(measured, NOON + 20 * HOUR) is None
    assert clock_note([], NOON) is None


def test_nothing_is_taken_out_of_pictures_that_carry_the_time_of_arrival() -> None:
    assert clock_note([(NOON, 75.0)], NOON) == ClockNote(0.0, ARRIVAL_S)


def test_no_tracks_are_no_fault(tmp_path: Path) -> None:
    assert TracksBeside(tmp_path / "tracks.db").sets("c1", NOON, NOON + 60) == []


def test_a_picture_that_is_not_ours_says_so_before_anything_else() -> None:
    assert _notice(ReelStatus(coarse=True, origin="recorder 10.0.0.9")) == "Not our recording: recorder 10.0.0.9"
    assert "less detail" in _notice(ReelStatus(coarse=True))
    assert _notice(ReelStatus()) == ""
