"""What is recorded when: plans, events with what was before them, demands, and a hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from storage.footage_folders import OneFolder
from storage.footage_records import Gap, GapReason
from storage.segments import SegmentIndex
from tests.video.conftest import make_clip
from tests.video.test_recorder import UTC_S, all_of, frames, moved, packets_of, record
from video.camera_recorder import CameraRecorder
from video.fanout import PacketRing
from video.frame import Packet, StreamInfo
from video.recording_gate import RecordingGate, RecordingMode

CAMERA = "gate/1"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SegmentIndex]:
    opened = SegmentIndex(tmp_path / "footage" / "index.db")
    yield opened
    opened.close()


class Stream:
    """A minute of a camera (GOP 1 s), handed to the ring and the recorder's queue as a session does."""

    def __init__(self, clip: Path, recorder: CameraRecorder) -> None:
        self.info, two_seconds = packets_of(clip)
        self.packets: list[Packet] = [p for n in range(30) for p in moved(two_seconds, 2.0 * n, seq=1000 * n)]
        self.packets = [replace(p, due_s=p.pts_s) for p in self.packets]
        self.recorder = recorder
        recorder.ring = self.ring = PacketRing()
        self.ring.configure(1, self.info)

    def until(self, second: float) -> None:
        """Let time pass."""
        while self.packets and self.packets[0].pts_s < second - 0.001:
            packet = self.packets.pop(0)
            self.ring.add(packet)
            record(self.recorder, self.info, [packet])


def stream(tmp_path: Path, index: SegmentIndex, gate: RecordingGate) -> Stream:
    recorder = CameraRecorder(CAMERA, OneFolder(tmp_path / "footage"), index, gate=gate, clock=lambda: UTC_S + 90)
    return Stream(make_clip(tmp_path / "clip.mp4"), recorder)


def spans(index: SegmentIndex) -> list[tuple[float, float]]:
    return [(round(s.from_utc_s - UTC_S, 1), round(s.to_utc_s - UTC_S, 1)) for s in all_of(index)]


def gaps(index: SegmentIndex, to_s: float = 100.0) -> list[tuple[float, float, GapReason]]:
    def span(gap: Gap) -> tuple[float, float, GapReason]:
        return round(gap.from_utc_s - UTC_S, 1), round(gap.to_utc_s - UTC_S, 1), gap.reason

    return [span(gap) for gap in index.gaps(CAMERA, 0.0, UTC_S + to_s)]


def test_an_event_is_recorded_from_before_it_to_after_the_last_one(tmp_path: Path, index: SegmentIndex) -> None:
    gate = RecordingGate(RecordingMode.EVENT)
    camera = stream(tmp_path, index, gate)
    camera.until(15)
    assert spans(index) == []
    assert gaps(index, 15) == [(0.0, 15.0, GapReason.NOT_PLANNED)]
    gate.event(UTC_S + 14.5)
    camera.until(20)
    gate.event(UTC_S + 18)
    camera.until(60)
    camera.recorder.end()
    assert spans(index) == [(4.0, 49.0)]  # the GOP of second 4.5, and that of second 48
    assert frames(all_of(index)[0].path) == 45 * 15
    assert gaps(index) == [
        (0.0, 4.0, GapReason.NOT_PLANNED),
        (49.0, 90.0, GapReason.NOT_PLANNED),
        (90.0, 100.0, GapReason.STOPPED),
    ]


def test_a_second_event_does_not_record_anything_twice(tmp_path: Path, index: SegmentIndex) -> None:
    gate = RecordingGate(RecordingMode.EVENT)
    camera = stream(tmp_path, index, gate)
    camera.until(5)
    gate.event(UTC_S + 4)
    camera.until(37)
    assert [s.closed for s in all_of(index)] == [True]
    gate.event(UTC_S + 36)
    camera.until(45)
    camera.recorder.end()
    assert spans(index) == [(0.0, 35.0), (35.0, 45.0)]
    assert GapReason.NOT_PLANNED not in [reason for _, _, reason in gaps(index)]


def test_a_camera_that_is_not_planned_is_recorded_on_demand(tmp_path: Path, index: SegmentIndex) -> None:
    gate = RecordingGate(RecordingMode.OFF)
    camera = stream(tmp_path, index, gate)
    gate.event(UTC_S)  # means nothing to it
    camera.until(10)
    gate.want(UTC_S + 10, UTC_S + 20)
    camera.until(40)
    camera.recorder.end()
    assert spans(index) == [(10.0, 21.0)]


def test_a_scheduled_camera_is_recorded_when_it_is_planned(tmp_path: Path, index: SegmentIndex) -> None:
    gate = RecordingGate(RecordingMode.SCHEDULED, lambda utc_s: 10 <= utc_s - UTC_S < 20)
    camera = stream(tmp_path, index, gate)
    index.open_gap(CAMERA, UTC_S - 500, GapReason.STOPPED)  # of the last run
    camera.until(40)
    camera.recorder.end()
    assert spans(index) == [(10.0, 20.0)]
    assert gaps(index) == [
        (-500.0, 0.0, GapReason.STOPPED),
        (0.0, 10.0, GapReason.NOT_PLANNED),
        (20.0, 90.0, GapReason.NOT_PLANNED),
        (90.0, 100.0, GapReason.STOPPED),
    ]


def test_a_planned_time_without_signal_is_not_called_unplanned(tmp_path: Path, index: SegmentIndex) -> None:
    gate = RecordingGate(RecordingMode.SCHEDULED, lambda utc_s: utc_s - UTC_S >= 50)
    camera = stream(tmp_path, index, gate)
    now = [UTC_S + 20]
    camera.recorder._clock = lambda: now[0]
    camera.until(20)
    silent_s = camera.recorder.queue.newest_s + 60
    camera.recorder.work(silent_s)
    assert [reason for _, _, reason in gaps(index)] == [GapReason.NOT_PLANNED]
    now[0] = UTC_S + 51
    camera.recorder.work(silent_s)
    assert gaps(index) == [(0.0, 51.0, GapReason.NOT_PLANNED), (51.0, 100.0, GapReason.NO_SIGNAL)]


def test_a_hold_stops_everything_and_lets_it_go_on(tmp_path: Path, index: SegmentIndex) -> None:
    gate = RecordingGate()
    camera = stream(tmp_path, index, gate)
    camera.until(10)
    gate.hold(GapReason.DISK_FULL)
    camera.until(20)
    assert not camera.recorder.active
    gate.hold(None)
    camera.until(30)
    camera.recorder.end()
    assert spans(index) == [(0.0, 10.0), (20.0, 30.0)]
    assert gaps(index)[0] == (10.0, 20.0, GapReason.DISK_FULL)


def test_another_plan_holds_from_the_next_key_frame_on(tmp_path: Path, index: SegmentIndex) -> None:
    gate = RecordingGate()
    camera = stream(tmp_path, index, gate)
    camera.until(5.5)
    gate.replan(RecordingMode.OFF, lambda _utc_s: True)
    camera.until(15)
    camera.recorder.end()
    assert spans(index) == [(0.0, 6.0)]


def test_the_stream_info_of_the_ring_serves_where_the_queue_has_forgotten_it(
    tmp_path: Path, index: SegmentIndex
) -> None:
    gate = RecordingGate(RecordingMode.EVENT)
    camera = stream(tmp_path, index, gate)
    camera.until(5)
    for generation in range(2, 9):
        camera.recorder.queue.configure(generation, StreamInfo("h264", 1, 1, 15.0, True))
    gate.event(UTC_S + 4)
    camera.until(6)
    camera.recorder.end()
    assert spans(index) == [(0.0, 6.0)]
