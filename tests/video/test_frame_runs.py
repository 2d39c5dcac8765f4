"""Runs of frames over made footage, in every order."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.video.numbered import FPS, filled, live, numbered_clip
from video.convert import Scalers
from video.footage import FilePiece, Piece, RingPiece
from video.frame_runs import backward, forward, keys_backward, keys_forward
from video.open_files import OpenFiles
from video.shots import Idle, Shot

T0 = 1_790_000_000.0
FRAME_BYTES = 320 * 180 * 3 // 2


class Reel:
    """Frames 0-89 and 90-149 in files, 300-359 in a ring."""

    def __init__(self, root: Path) -> None:
        self.paths = [numbered_clip(root / "0.mp4", 0, 90), numbered_clip(root / "90.mp4", 90, 60, bframes=2)]
        info, packets = live(numbered_clip(root / "live.mp4", 300, 60), 300, T0)
        self.ring = filled(info, packets)
        self.files = OpenFiles()

    def at(self, _utc_s: float) -> Sequence[Piece]:
        spans = [(0, 89), (90, 149)]
        files = [
            self.files.kept(FilePiece(str(path), T0 + first / FPS, T0 + last / FPS))
            for path, (first, last) in zip(self.paths, spans, strict=True)
        ]
        return [*files, RingPiece(self.ring)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Reel:
    return Reel(tmp_path_factory.mktemp("runs"))


@pytest.fixture
def reel(made: Reel) -> Iterator[Reel]:
    yield made
    made.files.close()


def numbers(run: Iterable[Shot | Idle], most: int = 1000) -> list[int]:
    """Which frames come, until nothing newer is there."""
    found: list[int] = []
    for item in run:
        if isinstance(item, Shot):
            found.append(round((item.utc_s - T0) * FPS))
        if item is Idle.EDGE or len(found) >= most:
            break
    return found


def same(shot: Shot) -> Shot:
    return shot


def test_forward_begins_at_the_key_frame_and_goes_on_through_files_and_ring(reel: Reel) -> None:
    assert numbers(forward(reel.at, T0 + 70.4 / FPS)) == [*range(60, 150), *range(300, 360)]


def test_in_a_gap_what_is_before_it_comes_first(reel: Reel) -> None:
    assert numbers(forward(reel.at, T0 + 200 / FPS)) == [*range(120, 150), *range(300, 360)]


@pytest.mark.parametrize("most_bytes", [10**9, 7 * FRAME_BYTES, 1])
def test_backward_leaves_no_frame_out_however_little_may_wait(reel: Reel, most_bytes: int) -> None:
    found = numbers(backward(reel.at, T0 + 335.4 / FPS, same, most_bytes), 60 if most_bytes == 1 else 1000)
    whole = [*range(335, 299, -1), *range(149, -1, -1)]
    assert found == whole[: len(found)]
    assert len(found) == (60 if most_bytes == 1 else len(whole))


def test_backward_keeps_no_more_than_it_may(reel: Reel) -> None:
    held: list[Shot] = []

    def noted(shot: Shot) -> Shot:
        held.append(shot)
        return shot

    run = backward(reel.at, T0 + 89 / FPS, noted, 7 * FRAME_BYTES)
    assert numbers(run, 1) == [89]
    assert len(held) == 30  # the GOP was decoded once for its last seven frames
    assert numbers(run, 28) == list(range(88, 60, -1))
    assert len(held) >= 30 + 23 + 16 + 9  # and again for those before
    run.close()


def test_key_frames_only_both_ways(reel: Reel) -> None:
    assert numbers(keys_forward(reel.at, T0 + 35 / FPS)) == [30, 60, 90, 120, 300, 330]
    assert numbers(keys_backward(reel.at, T0 + 341 / FPS)) == [330, 300, 120, 90, 60, 30, 0]


def test_a_missing_file_is_left_out_either_way(reel: Reel, tmp_path: Path) -> None:
    def at(utc_s: float) -> Sequence[Piece]:
        first, _missing, ring = reel.at(utc_s)
        return [first, FilePiece(str(tmp_path / "gone.mp4"), T0 + 90 / FPS, T0 + 149 / FPS), ring]

    assert numbers(forward(at, T0 + 80 / FPS))[-90:] == [*range(60, 90), *range(300, 360)]
    assert numbers(backward(at, T0 + 301 / FPS, same, 10**9)) == [301, 300, *range(89, -1, -1)]
    assert numbers(keys_backward(at, T0 + 301 / FPS)) == [300, 60, 30, 0]


def test_a_file_stays_open_and_one_that_grew_is_opened_again(tmp_path: Path) -> None:
    whole = numbered_clip(tmp_path / "whole.mp4", 0, 90).read_bytes()
    path, files = tmp_path / "growing.mp4", OpenFiles()
    path.write_bytes(whole[: int(len(whole) * 0.75)])

    def at(_utc_s: float) -> Sequence[Piece]:
        return [files.kept(FilePiece(str(path), T0, T0 + 89 / FPS))]

    begun = numbers(forward(at, T0))
    assert begun == list(range(len(begun)))
    assert 30 <= len(begun) < 90
    assert numbers(forward(at, T0)) == begun
    path.write_bytes(whole)
    assert numbers(forward(at, T0 + 65 / FPS)) == list(range(60, 90))
    files.close()


@pytest.mark.parametrize("kept", [False, True])
def test_a_list_of_files_in_the_place_of_a_recording_is_not_followed(reel: Reel, tmp_path: Path, kept: bool) -> None:
    (tmp_path / "other.mp4").write_bytes(reel.paths[0].read_bytes())
    path = tmp_path / "0.mp4"
    path.write_text("ffconcat version 1.0\nfile other.mp4\n")
    piece: Piece = FilePiece(str(path), T0, T0 + 6)
    if kept:
        piece = reel.files.kept(piece)
    assert numbers(forward(lambda _utc_s: [piece], T0)) == []


class _Kept(Shot):
    """One whose end can be seen."""


def _bytes(shot: Shot | None) -> int:
    return sum(plane.buffer_size for plane in shot.frame.planes) if shot is not None else 0


def test_of_a_long_gop_smaller_frames_wait_and_none_is_left_out(tmp_path: Path) -> None:
    """Of 120 frames without a key frame between, 8 whole ones may wait."""
    long = [FilePiece(str(numbered_clip(tmp_path / "long.mp4", 0, 120, gop=120)), T0, T0 + 119 / FPS)]
    scalers, waiting, decoded = Scalers(), list[weakref.ref[_Kept]](), [0]

    def noted(shot: Shot) -> Shot:
        decoded[0] += 1
        kept = _Kept(shot.frame, shot.packet)
        waiting.append(weakref.ref(kept))
        return kept

    def halved(shot: Shot) -> Shot | None:
        if shot.frame.width < 160:
            return None
        half = _Kept(
            scalers.reformat(shot.frame, shot.frame.width // 2, shot.frame.height // 2, "yuv420p"), shot.packet
        )
        waiting.append(weakref.ref(half))
        return half

    most = 12 * FRAME_BYTES
    found, widths, peak = [], set(), 0
    for item in backward(lambda _utc_s: long, T0 + 119 / FPS, noted, most, halved):
        if isinstance(item, Shot):
            found.append(round((item.utc_s - T0) * FPS))
            widths.add(item.frame.width)
        peak = max(peak, sum(_bytes(ref()) for ref in waiting))
    assert found == list(range(119, -1, -1))
    assert 320 in widths  # where it is short enough
    assert min(widths) < 320
    assert peak <= most * 1.5
    assert decoded[0] < 4 * 120
