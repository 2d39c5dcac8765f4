"""The recorder: looks become minutes, the queue is bounded, empty looks are few, a broken file is set aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from app import stored_tracks
from app.stored_tracks import TrackRecorder, held_spans, look_of, stored_sets, track_set_of
from detection.detector import Track, TrackSet, TrackState
from storage.errors import StorageCode, StorageError
from storage.records import Box
from storage.settings import TrackSettings
from storage.tracks import StoredTracks
from storage.verdict_queries import Judged
from tests.conftest import wait_until

START = 1_800_000_000.0  # a full minute
SETTINGS = TrackSettings(keep_days=1, most_mb=1)


def seen(at_s: float, *ids: int, camera_id: str = "c1", lost: bool = False) -> TrackSet:
    at = START + at_s
    state, last = (TrackState.LOST, at - 0.4) if lost else (TrackState.LIVE, at)
    box = Box(0.25, 0.25, 0.5, 0.75)
    tracks = tuple(Track(i, box, "person", 0.6, (0.1, 0.0), START, last, state, (box.foot,)) for i in ids)
    return TrackSet(camera_id, at, tracks)


def recorder(path: Path, verdicts: Sequence[Judged] = (), now_s: float = 0.0) -> TrackRecorder:
    return TrackRecorder(path, SETTINGS, lambda _since: verdicts, lambda: START + now_s)


def back(path: Path, camera_id: str = "c1") -> list[TrackSet]:
    return [one for _, sets in stored_sets(StoredTracks(path), camera_id, 0.0, START * 2) for one in sets]


def test_looks_come_back_as_track_sets(tmp_path: Path) -> None:
    path = tmp_path / "tracks.db"
    worker = recorder(path)
    for one in (seen(0.0, 1), seen(0.2, 1, 2), seen(0.4, 1, lost=True), seen(0.5, 3, camera_id="c2")):
        worker.take(one)
    worker.finish(0.0)
    worker._close()
    found = back(path)
    assert [round(one.utc_s - START, 3) for one in found] == [0.0, 0.2, 0.4]
    assert [[t.id for t in one.tracks] for one in found] == [[1], [1, 2], [1]]
    assert [one.tracks[0].state for one in found] == [TrackState.LIVE, TrackState.LIVE, TrackState.LOST]
    assert found[0].tracks[0].box == pytest.approx((0.25, 0.25, 0.5, 0.75), abs=1e-4)
    assert [one.tracks[0].id for one in back(path, "c2")] == [3]
    bush = replace(seen(0.0, 1).tracks[0], doubt=0.2)
    assert track_set_of("c1", look_of(TrackSet("c1", START, (bush,)))).tracks[0].doubt == 0.2


def test_a_chunk_a_minute_and_a_clock_that_jumps(tmp_path: Path) -> None:
    path = tmp_path / "tracks.db"
    worker = recorder(path)
    for at_s in (58.0, 59.0, 60.0, 61.0, 30.0, 31.0):
        worker.take(seen(at_s, 1))
    worker.take(seen(float("nan"), 1))
    worker.finish(0.0)
    worker._close()
    assert worker.chunks == 3
    assert [one.utc_s - START for one in back(path)] == [58, 59, 60, 61, 30, 31]


def test_looks_that_saw_nothing_are_kept_once_a_second(tmp_path: Path) -> None:
    path = tmp_path / "tracks.db"
    worker = recorder(path)
    worker.take(seen(0.0, 1))
    for n in range(1, 50):
        worker.take(seen(n / 5))
    worker.take(seen(10.0, 2))
    worker.finish(0.0)
    worker._close()
    times = [one.utc_s - START for one in back(path)]
    assert len(times) == 2 + 10
    assert times[1] == pytest.approx(0.2)  # that it went is known at once
    assert max(b - a for a, b in pairwise(times)) <= 1.01


def test_the_queue_drops_the_oldest_and_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_tracks, "QUEUE", 3)
    path = tmp_path / "tracks.db"
    worker = recorder(path)
    for n in range(5):
        worker.take(seen(float(n), 1))
    worker.finish(0.0)
    worker._close()
    assert worker.dropped == 2
    assert [one.utc_s - START for one in back(path)] == [2, 3, 4]


def test_a_camera_that_ends_leaves_its_last_minute(tmp_path: Path) -> None:
    path = tmp_path / "tracks.db"
    worker = recorder(path)
    worker.take(seen(0.0, 1))
    worker.work(0.0)
    assert not path.exists()
    worker.work(100.0)
    worker._close()
    assert len(back(path)) == 1


def test_minutes_of_judged_alarms_stay(tmp_path: Path) -> None:
    path = tmp_path / "tracks.db"
    verdict = Judged("a1", "c1", "r1", START + 130.0, START + 140.0, false=True)
    worker = recorder(path, [verdict], now_s=10 * 86_400.0)
    for minute in range(6):
        worker.take(seen(minute * 60.0 + 1, 1))
        worker.take(seen(minute * 60.0 + 59, 1))
    worker.finish(0.0)
    worker.work(4000.0)  # an hour later
    worker._close()
    assert {int((one.utc_s - START) // 60) for one in back(path)} == {1, 2}  # 30 s before reach into minute 1
    assert worker.pruned.held == 2
    assert held_spans([verdict])[0].from_utc_s == START + 100.0


def test_nothing_goes_while_the_journal_cannot_say_what_is_held(tmp_path: Path) -> None:
    def fails(_since: float) -> Sequence[Judged]:
        raise StorageError(StorageCode.BUSY)

    path = tmp_path / "tracks.db"
    worker = TrackRecorder(path, SETTINGS, fails, lambda: START + 100 * 86_400.0)
    worker.take(seen(0.0, 1))
    worker.finish(0.0)
    worker._close()
    assert len(back(path)) == 1


def test_a_file_that_cannot_be_read_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "tracks.db"
    path.write_bytes(b"no database, but long enough to be looked at " * 50)
    worker = recorder(path)
    worker.take(seen(0.0, 1))
    worker.finish(0.0)
    worker._close()
    assert len(back(path)) == 1
    assert (tmp_path / "tracks-damaged.db").exists()


def test_it_runs_and_ends_as_a_worker(tmp_path: Path) -> None:
    path = tmp_path / "tracks.db"
    worker = recorder(path)
    worker.start()
    worker.take(seen(0.0, 1))
    wait_until(lambda: not worker._queue, what="the look is taken")
    worker.stop()
    assert worker.join(30.0)
    assert len(back(path)) == 1
