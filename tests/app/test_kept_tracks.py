"""Stored tracks of a time: numbered by their appearance, told apart over restarts, holes covered."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from app.errors import AppCode, AppError
from app.kept_tracks import EVERYBODY, blurred_boxes, track_lines
from storage.records import Box
from storage.track_chunks import SeenLook, SeenTrack, pack
from storage.tracks import Chunk, StoredTracks, TrackStore

BEGIN = 1_800_000_000.0
BOX = Box(0.1, 0.2, 0.3, 0.8)


def stored(folder: Path, looks: list[SeenLook]) -> StoredTracks:
    store = TrackStore(folder / "tracks.db")
    store.write([Chunk("c1", looks[0].utc_s, looks[-1].utc_s, len(looks), pack(looks))])
    store.close()
    return StoredTracks(folder / "tracks.db")


def look(at_s: float, *seen: tuple[int, str]) -> SeenLook:
    at = BEGIN + at_s
    return SeenLook(at, tuple(SeenTrack(number, BOX, label, 0.9, at, at) for number, label in seen))


def test_each_track_has_its_class_and_times(tmp_path: Path) -> None:
    looks = [look(n / 4, (7, "person"), *([(3, "car")] if n > 8 else [])) for n in range(40)]
    lines = track_lines(stored(tmp_path, looks), "c1", BEGIN, BEGIN + 10)
    assert [(line.label, line.from_utc_s - BEGIN, line.to_utc_s - BEGIN) for line in lines] == [
        ("person", 0.0, 9.75),
        ("car", 2.25, 9.75),
    ]
    assert lines[0].key == f"7@{BEGIN:.3f}"


def test_a_number_that_comes_back_after_a_restart_is_somebody_else(tmp_path: Path) -> None:
    looks = [look(n / 4, (1, "person")) for n in range(8)] + [look(10 + n / 4, (1, "person")) for n in range(8)]
    kept = stored(tmp_path, looks)
    first, second = track_lines(kept, "c1", BEGIN, BEGIN + 12)
    found = blurred_boxes(kept, "c1", BEGIN, BEGIN + 12, second.key)
    assert first.key != second.key
    numbers = {box.track_id for box in found.boxes if box.box != Box(0, 0, 1, 1)}
    assert numbers == {0, 1}
    assert found.keep == 1


def test_where_nobody_looked_the_whole_picture_is_covered(tmp_path: Path) -> None:
    looks = [look(n / 4, (1, "person")) for n in range(8)] + [look(6 + n / 4, (2, "person")) for n in range(8)]
    found = blurred_boxes(stored(tmp_path, looks), "c1", BEGIN, BEGIN + 7.5)
    assert found.keep == EVERYBODY
    whole = sorted(box.utc_s - BEGIN for box in found.boxes if box.box == Box(0, 0, 1, 1))
    assert (whole[0], whole[-1]) == pytest.approx((1.75, 6.0))
    assert all(after - before <= 0.5 for before, after in pairwise(whole))
    assert found.unseen_s == pytest.approx(4.25)


def test_looks_that_saw_nothing_once_a_second_are_looks(tmp_path: Path) -> None:
    found = blurred_boxes(stored(tmp_path, [look(n) for n in range(-2, 14)]), "c1", BEGIN, BEGIN + 10)
    assert (found.boxes, found.unseen_s) == ((), 0.0)


def test_without_stored_tracks_all_is_covered_and_none_can_be_kept(tmp_path: Path) -> None:
    nothing = StoredTracks(tmp_path / "none.db")
    assert track_lines(nothing, "c1", BEGIN, BEGIN + 4) == ()
    assert blurred_boxes(nothing, "c1", BEGIN, BEGIN + 4).unseen_s == pytest.approx(4)
    with pytest.raises(AppError) as caught:
        blurred_boxes(nothing, "c1", BEGIN, BEGIN + 4, "1@2.000")
    assert caught.value.code is AppCode.NO_SUCH_TRACK


def test_who_is_seen_seldom_is_covered_all_the_time(tmp_path: Path) -> None:
    """A film covers a box for 0.6 s around its look."""
    looks = [look(n * 1.4, (1, "person")) for n in range(-1, 8)]
    found = blurred_boxes(stored(tmp_path, looks), "c1", BEGIN, BEGIN + 8)
    for tenth in range(81):
        assert any(abs(box.utc_s - BEGIN - tenth / 10) <= 0.6 for box in found.boxes), tenth


def test_the_way_between_two_looks_is_covered_but_for_who_is_kept(tmp_path: Path) -> None:
    def at(at_s: float, x: float) -> SeenLook:
        box = Box(x, 0.2, x + 0.1, 0.8)
        return SeenLook(BEGIN + at_s, (SeenTrack(1, box, "person", 0.9, BEGIN, BEGIN),))

    kept = stored(tmp_path, [at(n, 0.1 + n * 0.2) for n in range(-1, 4)])
    way = pytest.approx((0.3, 0.2, 0.6, 0.8), abs=0.001)
    (line,) = track_lines(kept, "c1", BEGIN, BEGIN + 2)
    assert [b.box for b in blurred_boxes(kept, "c1", BEGIN, BEGIN + 2).boxes if b.utc_s == BEGIN + 1.5] == [way]
    shown = blurred_boxes(kept, "c1", BEGIN, BEGIN + 2, line.key)
    assert all(box.box[2] - box.box[0] < 0.11 for box in shown.boxes if box.track_id == shown.keep)
