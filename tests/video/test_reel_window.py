"""What of a reel is ready, without a decoder: which times are known to be without footage."""

from __future__ import annotations

from video.footage import FilePiece
from video.frame import Picture
from video.reel_window import Heading, ReelWindow, Way


def picture(utc_s: float) -> Picture:
    pixels = bytes(4)
    return Picture("c1", 1, 0.0, utc_s, 0.0, 1, 1, 4, "bgra", 1, 1, memoryview(pixels), pixels)


def keys_window(*waiting: float) -> ReelWindow:
    """Key frames of a file that was 58 s long when it was looked up, the frame of 59 s shown."""
    window = ReelWindow()
    window.begin(1, Way.KEYS_FORWARD)
    window.pieces = (FilePiece("a.mp4", 0.0, 58.0),)
    window.settle(picture(59.0))
    for utc_s in waiting:
        window.append(picture(utc_s))
    return window


def test_a_file_that_grew_while_it_was_played_is_no_hole_between_its_key_frames() -> None:
    window = keys_window(61.0)
    assert not window.in_hole(60.8)
    taken, _more = window.take(Heading(60.8, 1.0, 1))
    assert taken is not None
    assert taken.utc_s == 59.0


def test_what_ends_there_is_a_hole() -> None:
    assert keys_window().in_hole(60.8)
    assert keys_window(90.0).in_hole(60.8)


def test_what_was_fetched_from_elsewhere_is_told_of_as_such() -> None:
    window = keys_window()
    window.pieces = (FilePiece("a.mp4", 0.0, 58.0), FilePiece("b.mp4", 56.0, 70.0, origin="recorder h"))
    window.offset_s = 1.0
    assert [window.origin(utc_s) for utc_s in (10.0, 56.5, 60.0, 90.0)] == ["", "recorder h", "recorder h", ""]
