"""Stored tracks: found by camera and time, bounded by age and bytes, held by verdicts, and honest when broken."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.errors import StorageCode, StorageError
from storage.records import Box
from storage.track_chunks import SeenLook, SeenTrack, pack
from storage.tracks import Chunk, HeldSpan, StoredTracks, TrackStore
from tests.storage.test_track_chunks import crowd

START = 1_800_000_000.0
DAY_S, MB = 86_400.0, 1_000_000


def chunk(minute: int, camera_id: str = "c1", tracks: int = 0) -> Chunk:
    at_s = START + minute * 60.0
    if tracks:
        looks = [SeenLook(at_s + look.utc_s - START + 0.1, look.tracks) for look in crowd(tracks, 59)]
    else:
        box = Box(0.1, 0.1, 0.2, 0.2)
        looks = [SeenLook(at_s + n, (SeenTrack(minute, box, "person", 0.5, at_s, at_s + n),)) for n in range(0, 60, 5)]
    return Chunk(camera_id, looks[0].utc_s, looks[-1].utc_s, len(looks), pack(looks))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tracks" / "tracks.db"


@pytest.fixture
def store(path: Path) -> Iterator[TrackStore]:
    opened = TrackStore(path)
    yield opened
    opened.close()


def minutes(path: Path, camera_id: str = "c1") -> list[int]:
    found = StoredTracks(path).looks(camera_id, 0.0, START * 2)
    return [looks[0].tracks[0].id for _share, looks in found]


def test_found_by_camera_and_time(path: Path, store: TrackStore) -> None:
    store.write([chunk(n) for n in range(5)] + [chunk(9, "c2")])
    assert minutes(path) == [0, 1, 2, 3, 4]
    assert minutes(path, "c2") == [9]
    found = list(StoredTracks(path).looks("c1", START + 90, START + 130))
    assert [share for share, _looks in found] == [0.5, 1.0]
    assert [look.utc_s - START for _share, looks in found for look in looks] == [
        90,
        95,
        100,
        105,
        110,
        115,
        120,
        125,
        130,
    ]
    coverage = StoredTracks(path).coverage("c1", START, START + 10 * 60)
    assert coverage is not None
    assert (coverage.chunks, coverage.looks, coverage.from_utc_s) == (5, 60, START)
    assert StoredTracks(path).coverage("c3", START, START + 600) is None


def test_what_is_too_old_goes_but_what_a_verdict_holds_stays(path: Path, store: TrackStore) -> None:
    store.write(chunk(n) for n in range(10))
    held = [HeldSpan("c1", START + 3.5 * 60, START + 4.2 * 60), HeldSpan("c2", START, START + 600)]
    pruned = store.prune(START + 8 * 60 + DAY_S, DAY_S, 500 * MB, held)
    assert minutes(path) == [3, 4, 8, 9]
    assert (pruned.held, pruned.gone, pruned.held_gone) == (2, 6, 0)
    pruned = store.prune(START + 8 * 60 + DAY_S, DAY_S, 500 * MB, [])  # the alarm was erased
    assert minutes(path) == [8, 9]
    assert pruned.held == 0


def test_nothing_is_too_old_while_nobody_can_say_what_is_held(path: Path, store: TrackStore) -> None:
    store.write(chunk(n) for n in range(3))
    assert store.prune(START + 100 * DAY_S, DAY_S, 500 * MB, None).gone == 0
    assert minutes(path) == [0, 1, 2]


def test_too_much_goes_oldest_first_and_held_ones_last_and_counted(path: Path, store: TrackStore) -> None:
    store.write(chunk(n, tracks=8) for n in range(60))
    most = store.used_bytes() // 2
    held = [HeldSpan("c1", START, START + 9.9 * 60)]
    pruned = store.prune(START + 3600, DAY_S, most, held)
    assert store.used_bytes() <= most
    assert (pruned.held, pruned.held_gone) == (10, 0)
    first = next(iter(StoredTracks(path).looks("c1", 0.0, START * 2)))[1][0]
    assert first.utc_s == pytest.approx(START, abs=1)
    pruned = store.prune(START + 3600, DAY_S, most // 12, held)
    assert store.used_bytes() <= most // 12
    assert pruned.held_gone > 0


def test_a_damaged_chunk_and_a_foreign_file_are_said(path: Path, store: TrackStore, tmp_path: Path) -> None:
    store.write([chunk(0)])
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE chunks SET what = x'00'")
    connection.close()
    with pytest.raises(StorageError) as caught:
        minutes(path)
    assert caught.value.code is StorageCode.DAMAGED
    other = tmp_path / "other.db"
    other.write_bytes(b"no database at all, but long enough to be looked at" * 50)
    with pytest.raises(StorageError):
        StoredTracks(other).coverage("c1", 0, 1)
    with pytest.raises(StorageError) as caught:
        StoredTracks(tmp_path / "none.db").coverage("c1", 0, 1)
    assert caught.value.code is StorageCode.NOT_FOUND
