"""Sound beside the pictures: packet for packet where the plan says so, and never at the pictures' cost."""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest

from storage.errors import StorageCode
from storage.footage_files import hash_file, read_segment
from storage.footage_folders import OneFolder
from storage.segments import SegmentIndex
from tests.conftest import wait_until
from tests.video.conftest import FakeServer, Handler
from tests.video.test_recorder import all_of, frames, played
from video.audio import AudioInfo, AudioPacket
from video.camera_recorder import CameraRecorder
from video.file_source import FileSource
from video.frame import Packet
from video.pyav_source import LiveSource
from video.session import CameraSession
from video.source import Source, VideoError

RATE_HZ = 16000
ADTS = b"\xff\xf1" + bytes(40)
"""The beginning of an ADTS header (ISO/IEC 14496-3), and nothing behind it."""
LONG_S = 1e7
"""Segments that no test crosses the end of."""


def make_sounding_clip(path: Path, codec: str, *, seconds: float = 2.0, fps: int = 15) -> Path:
    """A grey picture and a tone, interleaved as a camera's are."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=fps)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt, video.gop_size = 320, 180, "yuv420p", fps
        video.codec_context.thread_count = 1
        video.options = {"preset": "ultrafast", "bf": "0"}
        audio = container.add_stream(codec, rate=RATE_HZ if codec == "aac" else 8000, layout="mono")
        assert isinstance(audio, av.AudioStream)
        for number in range(round(seconds * fps)):
            grey = np.full((180, 320, 3), 30 + number, np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
            samples = audio.codec_context.sample_rate // fps
            tone = (np.sin(np.arange(samples) / 6) * 9000).astype(np.int16)[None, :]
            frame = av.AudioFrame.from_ndarray(tone, format="s16", layout="mono")
            frame.sample_rate, frame.pts = audio.codec_context.sample_rate, number * samples
            container.mux(audio.encode(frame))
        container.mux(video.encode())
        container.mux(audio.encode())
    return path


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SegmentIndex]:
    opened = SegmentIndex(tmp_path / "footage" / "index.db")
    yield opened
    opened.close()


class Watched(OneFolder):
    """Notes who was blamed."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.blamed: list[StorageCode] = []

    def failed(self, folder: Path, code: StorageCode) -> bool:
        self.blamed.append(code)
        return super().failed(folder, code)


@dataclass
class Heard:
    info: AudioInfo | None
    packets: list[AudioPacket]


def until_the_end(source: Source) -> Iterator[Packet]:
    with contextlib.suppress(VideoError):
        yield from (packet for packet in source.packets() if packet is not None)


def record(recorder: CameraRecorder, clip: Path, *, listening: bool = True, each: bool = False) -> Heard:
    """All of a clip into the recorder, sound too; `each` packet gets its turn at once."""
    source = FileSource(str(clip), 1, paced=False, loop=False)
    info = source.open()
    heard = Heard(None, [])

    def ear(packet: AudioPacket) -> None:
        heard.packets.append(packet)
        recorder.queue.put_audio(packet)

    recorder.queue.configure(1, info)
    if listening:
        heard.info = source.listen(ear)
        if heard.info is not None:
            recorder.queue.configure_audio(1, heard.info)
    for packet in until_the_end(source):
        recorder.queue.put(packet)
        if each:
            recorder.work(0.0)
    source.close()
    recorder.work(10.0)
    return heard


def sound_of(path: str) -> list[tuple[float, bytes]]:
    with av.open(path) as container:
        if not container.streams.audio:
            return []
        stream = container.streams.audio[0]
        assert stream.time_base is not None
        return [(float((p.pts or 0) * stream.time_base), bytes(p)) for p in container.demux(stream) if p.size]


@pytest.mark.parametrize("each", [True, False])
def test_aac_passes_through_in_time_with_the_pictures(tmp_path: Path, index: SegmentIndex, each: bool) -> None:
    clip = make_sounding_clip(tmp_path / "clip.mp4", "aac")
    recorder = CameraRecorder("gate/1", OneFolder(tmp_path / "footage"), index, segment_s=LONG_S)
    heard = record(recorder, clip, each=each)
    recorder.end()
    (segment,) = all_of(index)
    assert frames(segment.path) == 30
    assert played(segment.path) == played(str(clip))
    sound = sound_of(segment.path)
    assert len(sound) > 20
    assert [data for _, data in sound] == [p.data for p in heard.packets if p.pts_s >= 0][: len(sound)]
    wanted = [p.pts_s for p in heard.packets if p.pts_s >= 0][: len(sound)]
    assert [at for at, _ in sound] == pytest.approx(wanted, abs=0.001)
    with av.open(segment.path) as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) > RATE_HZ
    assert segment.sha256 == hash_file(Path(segment.path))
    told = read_segment(Path(segment.path))
    assert told.flaw is None
    assert told.segment is not None
    assert told.segment.to_utc_s == pytest.approx(segment.to_utc_s, abs=0.001)


def test_what_mp4_refuses_is_dropped_with_one_warning(
    tmp_path: Path, index: SegmentIndex, caplog: pytest.LogCaptureFixture
) -> None:
    clip = make_sounding_clip(tmp_path / "clip.mov", "pcm_alaw")
    recorder = CameraRecorder("gate/1", OneFolder(tmp_path / "footage"), index, segment_s=1.0)
    with caplog.at_level(logging.WARNING):
        heard = record(recorder, clip)
        recorder.end()
    assert heard.info is not None
    assert heard.info.codec == "pcm_alaw"
    assert heard.packets
    assert len(all_of(index)) >= 2
    assert sum(frames(s.path) for s in all_of(index)) == 30
    assert all(sound_of(s.path) == [] for s in all_of(index))
    assert [r.message for r in caplog.records if "without its sound" in r.message] == [caplog.records[0].message]
    assert recorder.problem is None


@pytest.mark.parametrize("data", [b"\x12" * 40, ADTS], ids=["no AAC", "a lying header"])
def test_sound_that_cannot_be_read_costs_no_picture(tmp_path: Path, index: SegmentIndex, data: bytes) -> None:
    """A camera that says AAC and sends something else; FFmpeg says "not permitted" to a header that lies."""
    clip = make_sounding_clip(tmp_path / "clip.mp4", "aac", seconds=4.0)
    shelf = Watched(tmp_path / "footage")
    recorder = CameraRecorder("gate/1", shelf, index)
    recorder.queue.configure_audio(1, AudioInfo("aac", 16000, 1, None))
    for n in range(50):
        recorder.queue.put_audio(AudioPacket(data, 0.05 * n, 0.05, 1))
    record(recorder, clip, listening=False)
    recorder.end()
    assert sum(frames(s.path) for s in all_of(index)) >= 45  # at most a GOP
    assert recorder.problem is None
    assert shelf.blamed == []


def test_sound_that_spoils_the_end_of_a_file_blames_no_folder(
    tmp_path: Path, index: SegmentIndex, caplog: pytest.LogCaptureFixture
) -> None:
    """The muxer hears of it only when the segment is closed: what is whole stays."""
    clip = make_sounding_clip(tmp_path / "clip.mp4", "aac", seconds=4.0)
    shelf = Watched(tmp_path / "footage")
    recorder = CameraRecorder("gate/1", shelf, index, segment_s=LONG_S)
    recorder.queue.configure_audio(1, AudioInfo("aac", 16000, 1, None))
    recorder.queue.put_audio(AudioPacket(ADTS, 3.98, 0.05, 1))
    with caplog.at_level(logging.WARNING):
        record(recorder, clip, listening=False)
        recorder.end()
    assert len([r for r in caplog.records if "without its sound" in r.message]) == 1
    assert shelf.blamed == []
    assert recorder.failures == 0
    assert recorder.problem is None
    assert sum(frames(s.path) for s in all_of(index)) >= 45  # at most a GOP
    assert all(s.sha256 == hash_file(Path(s.path)) for s in all_of(index))


def test_without_the_plan_nobody_listens(tmp_path: Path, index: SegmentIndex) -> None:
    clip = make_sounding_clip(tmp_path / "clip.mp4", "aac")
    recorder = CameraRecorder("gate/1", OneFolder(tmp_path / "footage"), index, segment_s=LONG_S)
    assert record(recorder, clip, listening=False).packets == []
    recorder.end()
    assert sound_of(all_of(index)[0].path) == []


def test_sound_that_stops_holds_no_picture_back(tmp_path: Path, index: SegmentIndex) -> None:
    clip = make_sounding_clip(tmp_path / "clip.mp4", "aac", seconds=6.0)
    recorder = CameraRecorder("gate/1", OneFolder(tmp_path / "footage"), index, segment_s=LONG_S)
    recorder.queue.configure_audio(1, AudioInfo("aac", 16000, 1, bytes.fromhex("1408")))
    record(recorder, clip, listening=False)  # a sound track, and never a packet for it
    (segment,) = all_of(index)
    assert recorder.active
    told = read_segment(Path(segment.path)).segment
    assert told is not None
    assert told.to_utc_s - told.from_utc_s >= 3.9  # all but the GOP at work and half a second
    recorder.end()
    assert frames(all_of(index)[0].path) == 90


def test_a_network_stream_is_heard_on_the_pictures_time(
    tmp_path: Path, fake_server: Callable[[Handler], FakeServer]
) -> None:
    data = make_sounding_clip(tmp_path / "clip.ts", "aac").read_bytes()

    def serve(client: socket.socket) -> None:
        client.recv(4096)
        client.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: video/mp2t\r\n\r\n" + data)

    source = LiveSource(f"http://127.0.0.1:{fake_server(serve).port}/clip.ts", 3)
    source.open()
    heard: list[AudioPacket] = []
    info = source.listen(heard.append)
    pictures = [packet.pts_s for packet in until_the_end(source)]
    source.close()
    assert info is not None
    assert info.codec == "aac"
    assert len(pictures) == 30
    assert len(heard) > 20
    assert {p.generation for p in heard} == {3}
    assert pictures[0] - 1 < heard[0].pts_s <= heard[-1].pts_s < pictures[-1] + 1


def test_a_camera_is_heard_when_somebody_begins_to_listen(tmp_path: Path) -> None:
    """The stream that is open without sound is opened again, once."""
    source = make_sounding_clip(tmp_path / "clip.mp4", "aac")
    session = CameraSession("gate/1", "Gate", str(source))
    session.start()
    wait_until(lambda: session.status().packets > 3)
    index = SegmentIndex(tmp_path / "footage" / "index.db")
    recorder = CameraRecorder("gate/1", OneFolder(tmp_path / "footage"), index)
    session.add_ear(recorder.queue)
    wait_until(lambda: len(recorder.queue.audio) > 5)
    assert session.status().generation == 2
    assert recorder.queue.audio_info(2) is not None
    session.remove_ear(recorder.queue)
    session.stop()
    assert session.join(30.0)
    index.close()
