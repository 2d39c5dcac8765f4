"""Packets into segments: byte for byte, at the right times, and what is missing is said."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest

from storage.errors import StorageCode, StorageError
from storage.footage_files import TIMESCALE, Flaw, hash_file, read_segment
from storage.footage_folders import OneFolder
from storage.footage_lock import FolderLock
from storage.footage_records import GapReason, Segment
from storage.segments import SegmentIndex
from tests.conftest import wait_until
from tests.video.conftest import Clips, make_clip
from video.camera_recorder import CameraRecorder
from video.decode import DecodePool
from video.file_source import FileSource
from video.frame import Packet, StreamInfo
from video.recorder import RecorderPool
from video.segment_file import SegmentFile
from video.session import CameraSession
from video.source import VideoCode, VideoError

UTC_S = 1_800_000_000.0  # a whole minute
FPS = 15


def packets_of(path: Path, generation: int = 1, utc_s: float = UTC_S) -> tuple[StreamInfo, list[Packet]]:
    """All packets of a clip, as if it had begun at `utc_s`."""
    source = FileSource(str(path), generation, paced=False, loop=False)
    info = source.open()
    packets: list[Packet] = []
    stream = source.packets()
    try:
        packets.extend(packet for packet in stream if packet is not None)
    except VideoError as error:
        ended = error.code
    assert ended is VideoCode.ENDED
    source.close()
    return info, [replace(p, utc_s=utc_s + p.pts_s, seq=p.seq) for p in packets]


def moved(packets: list[Packet], by_s: float, *, seq: int = 0, generation: int | None = None) -> list[Packet]:
    return [
        replace(
            p,
            utc_s=p.utc_s + by_s,
            pts_s=p.pts_s + by_s,
            seq=p.seq + seq,
            generation=p.generation if generation is None else generation,
        )
        for p in packets
    ]


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SegmentIndex]:
    opened = SegmentIndex(tmp_path / "footage" / "index.db")
    yield opened
    opened.close()


@pytest.fixture
def recorder(tmp_path: Path, index: SegmentIndex) -> CameraRecorder:
    return CameraRecorder("gate/1", OneFolder(tmp_path / "footage"), index)


def record(recorder: CameraRecorder, info: StreamInfo, packets: list[Packet], now_s: float = 0.0) -> None:
    for packet in packets:
        if recorder.queue.info(packet.generation) is None:
            recorder.queue.configure(packet.generation, info)
        recorder.queue.put(packet)
    recorder.work(now_s)


def played(path: str) -> list[bytes]:
    with av.open(path) as container:
        return [bytes(p) for p in container.demux(video=0) if p.size]


def frames(path: str) -> int:
    with av.open(path) as container:
        return sum(1 for _ in container.decode(video=0))


def all_of(index: SegmentIndex, camera_id: str = "gate/1") -> tuple[Segment, ...]:
    return index.between(camera_id, 0.0, 4e9)


@pytest.mark.parametrize("name", ["h264", "bframes", "h265", "mjpeg"])
def test_packets_come_back_byte_for_byte(
    clips: Clips, recorder: CameraRecorder, index: SegmentIndex, name: str
) -> None:
    info, packets = packets_of(getattr(clips, name))
    before = [(p.av.pts, p.av.dts, p.av.time_base) for p in packets]
    record(recorder, info, packets)
    recorder.end()
    (segment,) = all_of(index)
    assert played(segment.path) == [bytes(p.av) for p in packets]
    assert frames(segment.path) == len(packets)
    assert [(p.av.pts, p.av.dts, p.av.time_base) for p in packets] == before  # the ring and decoders share them
    assert (segment.codec, segment.width, segment.height) == (info.codec, 320, 180)
    assert segment.from_utc_s == packets[0].utc_s
    assert segment.to_utc_s == pytest.approx(UTC_S + 2.0, abs=0.15)
    assert segment.sha256 == hash_file(Path(segment.path))
    assert segment.bytes == Path(segment.path).stat().st_size


@pytest.mark.parametrize("name", ["h264", "bframes", "h265", "mjpeg"])
def test_a_file_tells_the_same_as_the_index(
    clips: Clips, recorder: CameraRecorder, index: SegmentIndex, name: str, tmp_path: Path
) -> None:
    info, packets = packets_of(getattr(clips, name))
    record(recorder, info, packets)
    recorder.end()
    (segment,) = all_of(index)
    assert read_segment(Path(segment.path)) == (replace(segment, sha256=None), None)
    assert segment.path.endswith(f"/gate%2F1/2027-01-15/08-00-00.000Z_{segment.id}.mp4")
    elsewhere = Path(segment.path).rename(tmp_path / "renamed.bin")
    found = read_segment(elsewhere).segment
    assert found == replace(segment, sha256=None, path=str(elsewhere))


def test_times_in_the_file_are_those_of_the_camera(clips: Clips, recorder: CameraRecorder, index: SegmentIndex) -> None:
    info, packets = packets_of(clips.bframes)
    record(recorder, info, packets)
    recorder.end()
    (segment,) = all_of(index)
    with av.open(segment.path) as container:
        stream = container.streams.video[0]
        times = [p.pts / TIMESCALE for p in container.demux(stream) if p.size and p.pts is not None]
    assert [segment.from_utc_s + t - times[0] for t in times] == pytest.approx([p.utc_s for p in packets], abs=2e-5)


def test_segments_begin_with_a_key_frame_at_whole_minutes(
    clips: Clips, recorder: CameraRecorder, index: SegmentIndex
) -> None:
    info, packets = packets_of(clips.h264)
    packets = [p for n in range(4) for p in moved(packets, 57.5 + 2.0 * n, seq=1000 * n)]
    record(recorder, info, packets)
    recorder.end()
    first, second = all_of(index)
    assert second.from_utc_s - UTC_S == pytest.approx(60.5, abs=0.01)  # the first key frame of the minute
    assert first.to_utc_s == pytest.approx(second.from_utc_s, abs=0.001)
    assert index.gaps("gate/1", first.from_utc_s, second.to_utc_s) == ()
    assert played(first.path) + played(second.path) == [bytes(p.av) for p in packets]
    with av.open(second.path) as container:
        assert next(iter(container.demux(video=0))).is_keyframe


def test_a_reconnect_is_a_gap_with_its_reason(clips: Clips, recorder: CameraRecorder, index: SegmentIndex) -> None:
    info, packets = packets_of(clips.h264)
    record(recorder, info, packets)
    record(recorder, info, moved(packets, 9.0, generation=2))
    recorder.end()
    first, second = all_of(index)
    (gap, stopped) = index.gaps("gate/1", UTC_S, UTC_S + 100)
    assert (gap.from_utc_s, gap.to_utc_s, gap.reason) == (first.to_utc_s, second.from_utc_s, GapReason.NO_SIGNAL)
    assert (stopped.from_utc_s, stopped.to_utc_s, stopped.reason) == (
        second.to_utc_s,
        UTC_S + 100,
        GapReason.STOPPED,
    )


def test_silence_closes_the_segment_and_opens_a_gap(
    clips: Clips, recorder: CameraRecorder, index: SegmentIndex
) -> None:
    info, packets = packets_of(clips.h264)
    record(recorder, info, packets)
    assert recorder.active
    recorder.work(recorder.queue.newest_s + 60)
    assert not recorder.active
    assert [g.reason for g in index.gaps("gate/1", UTC_S, UTC_S + 100)] == [GapReason.NO_SIGNAL]


def test_another_size_is_another_segment(clips: Clips, recorder: CameraRecorder, index: SegmentIndex) -> None:
    """One opening; the camera changes its picture without hanging up."""
    info, packets = packets_of(clips.resized)
    packets = [replace(p, pts_s=n / FPS, utc_s=UTC_S + n / FPS) for n, p in enumerate(packets)]
    record(recorder, info, packets)
    recorder.end()
    segments = all_of(index)
    assert [(s.width, s.height) for s in segments] == [(320, 180), (480, 272)]
    assert [frames(s.path) for s in segments] == [15, 15]
    assert [g.reason for g in index.gaps("gate/1", UTC_S, UTC_S + 2.1)] == [GapReason.STOPPED]


@pytest.mark.parametrize("step_s", [-3600.0, 3600.0])
def test_a_clock_step_keeps_order(clips: Clips, recorder: CameraRecorder, index: SegmentIndex, step_s: float) -> None:
    info, packets = packets_of(clips.h264)
    later = [replace(p, utc_s=p.utc_s + step_s) for p in moved(packets, 2.0, seq=1000)]
    record(recorder, info, packets + later)
    recorder.end()
    segments = sorted(all_of(index), key=lambda s: s.id if step_s > 0 else s.from_utc_s)
    assert len(segments) == 2
    assert [s.from_utc_s for s in all_of(index)] == sorted(s.from_utc_s for s in all_of(index))
    for segment in segments:
        assert segment.to_utc_s - segment.from_utc_s == pytest.approx(2.0, abs=0.1)
        assert frames(segment.path) == 30
    assert [g.reason for g in index.gaps("gate/1", 0.0, UTC_S + 3602)] == (
        [GapReason.CLOCK_STEP] if step_s > 0 else [GapReason.STOPPED]
    )


def test_a_small_step_at_the_minute_is_no_unknown_gap(
    clips: Clips, recorder: CameraRecorder, index: SegmentIndex
) -> None:
    info, packets = packets_of(clips.h264, utc_s=UTC_S + 57.5)
    later = [replace(p, utc_s=p.utc_s + 0.9) for p in moved(packets, 2.0, seq=1000)]
    record(recorder, info, packets + later)
    recorder.end()
    assert [g.reason for g in index.gaps("gate/1", 0.0, UTC_S + 62)][:1] == [GapReason.CLOCK_STEP]


def test_packets_without_a_time_are_placed_before_the_first_that_has_one(
    clips: Clips, recorder: CameraRecorder, index: SegmentIndex
) -> None:
    """An RTSP source's first key frame: no pts, no dts, and our time for it is far off."""
    info, packets = packets_of(clips.h264)
    blank: Any = av.Packet(bytes(packets[0].av))
    first = replace(packets[0], av=blank, pts_s=-7.0, utc_s=UTC_S - 7.0)
    record(recorder, info, [first, *packets[1:]])
    recorder.end()
    (segment,) = all_of(index)
    assert segment.from_utc_s == pytest.approx(UTC_S, abs=0.01)
    assert played(segment.path) == [bytes(p.av) for p in packets]


class FullFile(SegmentFile):
    """A disk that is full for some time."""

    room_bytes = 6000

    def put(self, handle: int, data: memoryview) -> int:
        if type(self).room_bytes < len(data):
            raise OSError(errno.ENOSPC, "no space left on device")
        type(self).room_bytes -= len(data)
        return super().put(handle, data)


def test_a_full_disk_is_a_gap_and_recording_goes_on_when_there_is_room(
    clips: Clips, tmp_path: Path, index: SegmentIndex
) -> None:
    recorder = CameraRecorder("gate/1", OneFolder(tmp_path / "footage"), index, open_file=FullFile, retry_s=5.0)
    info, packets = packets_of(make_clip(tmp_path / "long.mp4", seconds=4.0))
    FullFile.room_bytes = 6000
    record(recorder, info, packets, now_s=100.0)
    assert recorder.problem is not None
    assert recorder.problem.code is VideoCode.DISK_FULL
    assert not recorder.active
    kept = all_of(index)[0]
    assert kept.sha256 == hash_file(Path(kept.path))
    assert frames(kept.path) == 15  # what was whole before the disk was full
    record(recorder, info, moved(packets, 4.0, seq=1000), now_s=104.0)
    assert len(all_of(index)) == 1  # not tried yet
    FullFile.room_bytes = 10**9
    record(recorder, info, moved(packets, 8.0, seq=2000), now_s=106.0)
    assert recorder.problem is None
    recorder.end()
    second = all_of(index)[1]
    assert frames(second.path) == 60
    gap = index.gaps("gate/1", UTC_S, second.to_utc_s)[0]
    assert (gap.from_utc_s, gap.to_utc_s, gap.reason) == (kept.to_utc_s, second.from_utc_s, GapReason.DISK_FULL)


def test_a_disk_that_is_too_slow_loses_whole_gops_and_says_so(
    clips: Clips, recorder: CameraRecorder, index: SegmentIndex
) -> None:
    info, packets = packets_of(clips.h264)
    record(recorder, info, packets)
    recorder.queue.packets._most = 40
    late = moved(packets, 2.0, seq=1000) + moved(packets, 4.0, seq=2000)
    record(recorder, info, late)
    recorder.end()
    assert recorder.dropped_gops > 0
    segments = all_of(index)
    gap = index.gaps("gate/1", UTC_S, segments[-1].to_utc_s)[0]
    assert (gap.from_utc_s, gap.reason) == (segments[0].to_utc_s, GapReason.TOO_SLOW)
    assert [frames(s.path) for s in segments] == [30, 15]


def test_a_removed_folder_is_noticed_and_made_again(
    clips: Clips, recorder: CameraRecorder, index: SegmentIndex
) -> None:
    info, packets = packets_of(clips.h264)
    record(recorder, info, packets, now_s=10.0)
    folder = Path(all_of(index)[0].path).parent
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    record(recorder, info, moved(packets, 2.0, seq=1000), now_s=12.0)
    assert recorder.problem is not None
    assert recorder.problem.code is VideoCode.DISK_FAILED
    record(recorder, info, moved(packets, 9.0, seq=2000), now_s=20.0)
    recorder.end()
    assert recorder.problem is None
    assert frames(all_of(index)[-1].path) == 30
    assert index.gaps("gate/1", 0, 4e9)[0].reason is GapReason.DISK_FAILED


def test_a_session_gives_the_recorder_its_gop_from_the_beginning(
    clips: Clips, tmp_path: Path, index: SegmentIndex
) -> None:
    """Recording that begins in the middle of a GOP has its key frame from the ring."""
    pool = RecorderPool(tmp_path / "footage", index, writers=1)
    session = CameraSession("gate/1", "Gate", str(clips.h264))
    session.start()
    wait_until(lambda: session.status().packets > 20)
    recorder = pool.add("gate/1")
    session.add_taker(recorder.queue)
    pool.workers[0].start()
    wait_until(lambda: recorder.active)
    assert pool.recording("gate/1")
    wait_until(lambda: session.status().packets > 50)
    for worker in (session, pool.workers[0]):
        worker.stop()
        assert worker.join(30.0)
    first = all_of(index)[0]
    with av.open(first.path) as container:
        assert next(iter(container.demux(video=0))).is_keyframe
    assert frames(first.path) >= 20
    assert not pool.recording("gate/1")


def test_two_recorders_on_one_folder_are_refused(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    code = (
        "import sys; from pathlib import Path; from storage.footage_lock import FolderLock\n"
        "from storage.errors import StorageError\n"
        "try: FolderLock(Path(sys.argv[1])); print('held')\n"
        "except StorageError as error: print(error.code.value, error.details['pid'])"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert done.stdout.split() == [StorageCode.FOLDER_TAKEN.value, str(os.getpid())]
    with pytest.raises(StorageError):
        FolderLock(tmp_path)
    lock.release()
    FolderLock(tmp_path).release()  # a left file is no lock


KILLED = """
import sys, time
from pathlib import Path
from storage.segments import SegmentIndex
from video.recorder import RecorderPool
from video.session import CameraSession

folder = Path(sys.argv[1])
index = SegmentIndex(folder / "index.db")
pool = RecorderPool(folder, index, writers=1)
session = CameraSession("gate", "Gate", sys.argv[2])
session.add_taker(pool.add("gate").queue)
session.start()
pool.workers[0].start()
while session.status().packets < 50:
    time.sleep(0.01)
print(session.status().packets, flush=True)
time.sleep(60)
"""


def test_after_kill_9_the_segment_plays_and_at_most_one_gop_is_missing(clips: Clips, tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(clips.h264)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as child:
        assert child.stdout is not None
        seen = int(child.stdout.readline())
        os.kill(child.pid, signal.SIGKILL)
        child.wait(10)
    readings = [read_segment(path) for path in sorted(tmp_path.rglob("*.mp4"))]
    assert {r.flaw for r in readings} <= {None, Flaw.TORN}
    found = [r.segment for r in readings if r.segment is not None]
    gop = FPS
    # One more GOP may be in the writer's queue: it takes packets four times a second.
    assert sum(frames(s.path) for s in found) >= seen - gop - FPS
    assert sum(s.to_utc_s - s.from_utc_s for s in found) * FPS >= seen - gop - FPS
    index = SegmentIndex(tmp_path / "again.db")
    index.rebuild(found)
    assert [s.id for s in index.between("gate", 0, 4e9)] == [s.id for s in found]
    index.close()


def test_recording_decodes_nothing(clips: Clips, tmp_path: Path, index: SegmentIndex) -> None:
    pool, writers = DecodePool(1), RecorderPool(tmp_path / "footage", index, writers=1)
    session = CameraSession("gate/1", "Gate", str(clips.h264), pool=pool)
    session.add_taker(writers.add("gate/1").queue)
    everyone = (*pool.workers, session, writers.workers[0])
    for worker in everyone:
        worker.start()
    wait_until(lambda: session.status().packets > 20)
    for worker in everyone:
        worker.stop()
    assert all(worker.join(30.0) for worker in everyone)
    assert session.stream is not None
    assert session.stream.stats().decoded == 0
    assert hashlib.sha256(Path(all_of(index)[0].path).read_bytes()).hexdigest() == all_of(index)[0].sha256
