"""Recorders over several folders and over a disk that is slow: what is lost, and that it is said."""

from __future__ import annotations

import errno
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.errors import StorageCode
from storage.footage_files import Flaw, hash_file
from storage.footage_folders import FootageFolders, OneFolder
from storage.footage_records import GapReason
from storage.footage_scan import rebuild
from storage.segments import SegmentIndex
from tests.conftest import wait_until
from tests.video.conftest import make_clip
from tests.video.test_recorder import UTC_S, all_of, frames, moved, packets_of, record
from video.camera_recorder import CameraRecorder
from video.footage import FilePiece
from video.recorder import RecorderPool
from video.segment_file import SegmentFile

CAMERA = "gate/1"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SegmentIndex]:
    opened = SegmentIndex(tmp_path / "index.db")
    yield opened
    opened.close()


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[FootageFolders]:
    opened = FootageFolders([tmp_path / "one", tmp_path / "two"], free_bytes=lambda _: 10**12)
    yield opened
    opened.release()


class Ailing(SegmentFile):
    """A file on a disk that refuses while it is ill."""

    ill: Path | None = None
    errno = errno.EROFS

    def __init__(self, path: Path) -> None:
        self._check(path)
        super().__init__(path)

    def put(self, handle: int, data: memoryview) -> int:
        self._check(self.path)
        return super().put(handle, data)

    def _check(self, path: Path) -> None:
        if self.ill is not None and path.is_relative_to(self.ill):
            raise OSError(self.errno, "refused", str(path))


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC, errno.EIO])
def test_a_folder_that_fails_is_left_within_a_gop_and_used_again_when_it_is_well(
    tmp_path: Path, index: SegmentIndex, folders: FootageFolders, number: int
) -> None:
    Ailing.errno, Ailing.ill = number, None
    recorder = CameraRecorder(CAMERA, folders, index, segment_s=10.0, open_file=Ailing)
    info, packets = packets_of(make_clip(tmp_path / "clip.mp4"))
    at = iter(range(100))

    def two_seconds() -> None:
        n = next(at)
        record(recorder, info, moved(packets, 2.0 * n, seq=1000 * n), now_s=100.0 + 2 * n)

    two_seconds()
    assert Path(all_of(index)[0].path).is_relative_to(tmp_path / "one")
    Ailing.ill = tmp_path / "one"
    two_seconds()
    two_seconds()
    assert recorder.problem is None
    first, second = all_of(index)
    assert Path(second.path).is_relative_to(tmp_path / "two")
    assert folders.problem is not None
    assert folders.problem.code is (StorageCode.DISK_FULL if number == errno.ENOSPC else StorageCode.DISK_FAILED)
    assert first.sha256 == hash_file(Path(first.path))
    (gap,) = index.gaps(CAMERA, UTC_S, UTC_S + 6)
    assert gap.reason is (GapReason.DISK_FULL if number == errno.ENOSPC else GapReason.DISK_FAILED)
    assert gap.to_utc_s - gap.from_utc_s <= 2.01  # the GOP at work, and that of the packet that was refused
    Ailing.ill = None
    folders.look()
    assert folders.problem is None
    folders.failed(tmp_path / "two", StorageCode.DISK_FAILED)
    for _ in range(4):
        two_seconds()
    recorder.end()
    assert Path(all_of(index)[-1].path).is_relative_to(tmp_path / "one")
    assert all(frames(s.path) for s in all_of(index))


def test_a_removed_folder_is_left_for_the_other(tmp_path: Path, index: SegmentIndex, folders: FootageFolders) -> None:
    recorder = CameraRecorder(CAMERA, folders, index)
    info, packets = packets_of(make_clip(tmp_path / "clip.mp4"))
    record(recorder, info, packets, now_s=10.0)
    shutil.rmtree(tmp_path / "one")
    folders.look()
    record(recorder, info, moved(packets, 2.0, seq=1000), now_s=12.0)
    record(recorder, info, moved(packets, 4.0, seq=2000), now_s=14.0)
    recorder.end()
    assert recorder.problem is None
    last = all_of(index)[-1]
    assert Path(last.path).is_relative_to(tmp_path / "two")
    assert frames(last.path) == 30
    assert not (tmp_path / "one").exists()


class Slow(SegmentFile):
    """A disk that takes nothing while it is busy."""

    free = threading.Event()

    def put(self, handle: int, data: memoryview) -> int:
        self.free.wait(10)
        return super().put(handle, data)


def test_a_slow_disk_loses_whole_gops_that_are_counted_and_named(tmp_path: Path, index: SegmentIndex) -> None:
    """Ten seconds of packets while the disk takes none: the queue holds four."""
    Slow.free.set()
    pool = RecorderPool(OneFolder(tmp_path / "footage"), index, writers=1, open_file=Slow)
    recorder = pool.add(CAMERA)
    recorder.queue.packets._most = 60
    info, packets = packets_of(make_clip(tmp_path / "clip.mp4"))
    recorder.queue.configure(1, info)
    pool.workers[0].start()

    def two_seconds(n: int) -> None:
        for packet in moved(packets, 2.0 * n, seq=1000 * n):
            recorder.queue.put(packet)

    two_seconds(0)
    wait_until(lambda: recorder._written == (1, packets[-1].seq))
    Slow.free.clear()
    for n in range(1, 6):
        two_seconds(n)
    Slow.free.set()
    wait_until(lambda: len(recorder.queue.packets) == 0)
    two_seconds(6)
    pool.workers[0].stop()
    assert pool.workers[0].join(30.0)
    segments = all_of(index)
    whole = sum(frames(s.path) for s in segments)
    assert recorder.dropped_gops > 0
    assert whole % 15 == 0  # a GOP has 15 frames
    assert whole == 14 * 15 - recorder.dropped_gops * 15
    assert [s.closed for s in segments] == [True] * len(segments)
    gaps = [gap for gap in index.gaps(CAMERA, UTC_S, UTC_S + 14.0) if gap.reason is GapReason.TOO_SLOW]
    lost_s = sum(gap.to_utc_s - gap.from_utc_s for gap in gaps)
    assert lost_s == pytest.approx(recorder.dropped_gops, abs=0.2)  # a GOP lasts a second


def test_a_truncated_file_counts_up_to_its_last_whole_fragment(tmp_path: Path, index: SegmentIndex) -> None:
    recorder = CameraRecorder(CAMERA, OneFolder(tmp_path / "footage"), index)
    info, packets = packets_of(make_clip(tmp_path / "six.mp4", seconds=6.0))
    record(recorder, info, packets)
    recorder.end()
    (segment,) = all_of(index)
    path = Path(segment.path)
    path.write_bytes(path.read_bytes()[: int(segment.bytes * 0.6)])
    checked = rebuild(index, [path.parent])
    assert checked.segments == 1
    assert [(finding.path, finding.flaw) for finding in checked.findings] == [(segment.path, Flaw.TORN)]
    (left,) = all_of(index)
    whole_s = left.to_utc_s - left.from_utc_s
    assert 1.9 < whole_s < 5.1
    pieces = FilePiece(left.path, left.from_utc_s, left.to_utc_s).play(left.from_utc_s)
    assert sum(item is not None for item in pieces) >= round(whole_s * 15)
