"""Small pictures of made footage: every frame says which one it is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.video.conftest import make_clip
from tests.video.numbered import FPS, filled, live, numbered_clip
from video.footage import FilePiece, Piece, RingPiece
from video.small_pictures import Look, Pixels, SmallPicture, key_pictures, near_pictures

T0 = 1_790_000_000.0
_BITS = 10


@pytest.fixture(scope="module")
def reel(tmp_path_factory: pytest.TempPathFactory) -> list[Piece]:
    """Frames 0-149 in two files, with a key frame every 30; 300-389 in a third, with B frames."""
    root = tmp_path_factory.mktemp("reel")
    parts = [(0, 90, 0), (90, 60, 0), (300, 90, 2)]
    files = [numbered_clip(root / f"{first}.mp4", first, count, bframes=b) for first, count, b in parts]
    return [
        FilePiece(str(path), T0 + first / FPS, T0 + (first + count - 1) / FPS)
        for path, (first, count, _bframes) in zip(files, parts, strict=True)
    ]


def number_of(pixels: Pixels) -> int:
    grey = pixels if pixels.ndim == 2 else pixels[..., 1]
    line = grey[grey.shape[0] // 2]
    return sum(int(line[int((bit + 0.5) * line.size / _BITS)] > 127) << bit for bit in range(_BITS))


def numbers(pictures: Sequence[SmallPicture]) -> list[int]:
    for picture in pictures:
        assert picture.utc_s == pytest.approx(T0 + number_of(picture.pixels) / FPS, abs=0.01)
    return [number_of(picture.pixels) for picture in pictures]


def test_key_frames_alone_across_files_from_the_one_before(reel: list[Piece]) -> None:
    found = list(key_pictures(reel, T0 + 40 / FPS, T0 + 340 / FPS))
    assert numbers(found) == [30, 60, 90, 120, 300, 330]
    assert {picture.pixels.shape for picture in found} == {(180, 320)}


def test_in_colours_and_as_large_as_asked(reel: list[Piece]) -> None:
    (picture,) = key_pictures(reel, T0, T0 + 1.0, Look((64, 64), colour=True))
    assert picture.pixels.shape == (36, 64, 3)
    assert picture.pixels.flags.owndata


def test_no_nearer_to_each_other_than_asked(reel: list[Piece]) -> None:
    assert numbers(list(key_pictures(reel, T0, T0 + 149 / FPS, Look(apart_s=3.0)))) == [0, 60, 120]


def test_streams_of_key_frames_alone_are_not_looked_at_at_every_frame(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "m.avi", "mjpeg", seconds=2.0)
    times = [picture.utc_s - T0 for picture in key_pictures([FilePiece(str(clip), T0, T0 + 2)], T0, T0 + 2)]
    assert len(times) == 5
    assert all(0.39 < later - before < 0.5 for before, later in pairwise(times))


def test_near_frames_begin_at_the_asked_time(reel: list[Piece]) -> None:
    found = list(near_pictures(reel, T0 + 70 / FPS, T0 + 100 / FPS, Look(apart_s=10 / FPS)))
    assert numbers(found) == [70, 80, 90, 100]
    assert numbers(list(near_pictures(reel, T0 + 301 / FPS, T0 + 303 / FPS, Look(apart_s=0.01)))) == [301, 302, 303]


@pytest.mark.parametrize("find", [key_pictures, near_pictures])
def test_nothing_follows_once_it_is_stopped(reel: list[Piece], find: object) -> None:
    assert callable(find)
    found: list[SmallPicture] = []
    pictures = find(reel, T0, T0 + 390 / FPS, Look(), lambda: len(found) >= 2)
    while (picture := next(pictures, None)) is not None:
        found.append(picture)
    assert len(found) == 2


def test_what_the_ring_holds_is_looked_at_and_its_edge_ends_it(tmp_path: Path) -> None:
    info, packets = live(numbered_clip(tmp_path / "live.mp4", 0, 90), 0, T0)
    assert numbers(list(key_pictures([RingPiece(filled(info, packets))], T0, T0 + 3600.0))) == [0, 30, 60]
    assert len(list(near_pictures([RingPiece(filled(info, packets))], T0, T0 + 3600.0, Look(apart_s=2.0)))) == 3


def test_a_missing_and_a_damaged_file_are_left_out(
    reel: list[Piece], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0\0\0\x18ftypisom" + bytes(range(256)) * 40)
    pieces = [FilePiece(str(tmp_path / "gone.mp4"), T0 - 9, T0 - 1), FilePiece(str(broken), T0 - 1, T0), *reel[:1]]
    assert numbers(list(key_pictures(pieces, T0 - 10, T0 + 1.0))) == [0]
    assert len(caplog.records) >= 1
    assert str(tmp_path) not in caplog.text


def test_a_frame_stays_when_the_next_one_is_decoded(reel: list[Piece]) -> None:
    pictures = key_pictures(reel, T0, T0 + 90 / FPS)
    first = next(pictures).pixels
    before = first.copy()
    list(pictures)
    np.testing.assert_array_equal(first, before)
