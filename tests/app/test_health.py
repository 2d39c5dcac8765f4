"""Health: states, rates, losses over several sessions, clock history, outages with their reasons, the page's desk."""

from __future__ import annotations

import contextlib
import io
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from PIL import Image

from app.archive import Archive
from app.cameras import CameraHub
from app.decoder_words import decoding_words
from app.health import OFFSETS, PERIOD_S, HealthMonitor
from app.health_desk import SiteHealthDesk
from app.health_facts import STALE, CameraHealth, HealthState, Looking, looked_for_words, reason_words, state_word
from app.outage_log import OutageLog
from app.runtime import Runtime, RuntimePlan
from app.tasks import Tasks
from detection.scheduler import Urgency
from storage.commands import PutRecord
from storage.errors import StorageCode, StorageError
from storage.folders import Folders
from storage.outages import OutageFile
from storage.records import Camera
from storage.registry_records import PrivacyMask
from storage.settings import BlackBoxSettings, HealthSettings, Settings
from tests.conftest import running, wait_until
from tests.video.numbered import filled, live, numbered_clip
from video.frame import StreamInfo
from video.hardware import Fault, Refusal
from video.session import CameraSession, SessionState, SessionStatus
from video.source import VideoCode, VideoError

CAMERA = Camera("c1", 7, "Gate", "rtsp://host/main", "rtsp://host/sub")
START = 1_800_000_000.0


@dataclass
class FakeStream:
    newest_due_s: float = 0.0
    dropped_gops: int = 0
    dropped_frames: int = 0
    errors: int = 0
    damaged: int = 0
    key_every_s: float = 0.0
    taps: tuple[int, ...] = (1,)
    keys_only: bool = False
    device: str = ""
    fault: Fault | None = None

    def stats(self) -> FakeStream:
        return self


@dataclass(eq=False)
class FakeSession:
    """A session that says what the test wants."""

    camera_id: str = "c1"
    told: SessionStatus = field(default_factory=lambda: SessionStatus(SessionState.LIVE, fps=25.0))
    stream: FakeStream | None = field(default_factory=FakeStream)

    def status(self) -> SessionStatus:
        return self.told

    def say(self, **changes: object) -> None:
        self.told = replace(self.told, **changes)  # type: ignore[arg-type]  # the test names the fields


class Site:
    """A monitor over fake sessions, and its clock."""

    def __init__(self, path: Path | None = None) -> None:
        self.cameras: tuple[Camera, ...] = (CAMERA,)
        self.sessions: list[FakeSession] = [FakeSession()]
        self.looking = Looking()
        self.now_s = 1000.0
        self.monitor = HealthMonitor(
            lambda: self.cameras,
            lambda: cast("Sequence[CameraSession]", list(self.sessions)),
            lambda _camera_id: self.looking,
            path,
        )

    @property
    def utc_s(self) -> float:
        return START + self.now_s

    def live(self, session: FakeSession, packets: int = 50, size: int = 500_000) -> None:
        assert session.stream is not None
        session.stream.newest_due_s = self.now_s
        told = session.told
        session.say(
            state=SessionState.LIVE,
            reason=None,
            packets=told.packets + packets,
            bytes=told.bytes + size,
            last_packet_utc_s=self.utc_s,
        )

    def look(self, seconds: float = PERIOD_S) -> CameraHealth:
        self.now_s += seconds
        self.monitor.sample(self.now_s, self.utc_s)
        return self.monitor.snapshot.cameras[0]

    def dead(self, code: VideoCode = VideoCode.SILENT) -> None:
        self.sessions[0].say(state=SessionState.WAITING, reason=VideoError(code, url="rtsp://host"), attempt=3)


@pytest.fixture
def site() -> Site:
    return Site()


def test_a_good_camera_is_measured(site: Site) -> None:
    for _ in range(4):
        site.live(site.sessions[0])
        site.looking = Looking(site.looking.looks + 10, 0.12, Urgency.MOTION)
        health = site.look()
    assert health.state is HealthState.GOOD
    assert health.bitrate_bps == pytest.approx(500_000 * 8 / PERIOD_S)
    assert health.looks_per_s == pytest.approx(5.0)
    assert looked_for_words(health.looked_for) == "something moves"
    assert (health.fps, health.latency_s, health.losses, health.reason) == (25.0, 0.12, 0, "")
    assert health.last_picture_utc_s == pytest.approx(site.utc_s - PERIOD_S)


def test_losses_add_up_over_sessions_and_streams_and_are_forgiven_after_five_minutes(site: Site) -> None:
    sub = FakeSession("c1/sub", stream=None)
    site.sessions.append(sub)
    stream = site.sessions[0].stream
    assert stream is not None
    stream.dropped_frames, stream.dropped_gops = 10, 1
    site.live(site.sessions[0])
    assert site.look().state is HealthState.UNSTEADY
    sub.say(reconnects=2)
    # Closed and opened anew: its counters begin at 0.
    site.sessions[0] = FakeSession(stream=FakeStream(errors=3, damaged=5))
    site.live(site.sessions[0])
    health = site.look()
    assert (health.dropped_frames, health.dropped_gops, health.decode_errors, health.reconnects) == (10, 1, 3, 2)
    assert health.damaged_frames == 5
    for _ in range(160):
        site.live(site.sessions[0])
        health = site.look()
    assert health.state is HealthState.GOOD
    assert health.losses == 19


def test_an_outage_begins_with_the_last_picture_and_ends_with_the_next(site: Site) -> None:
    site.live(site.sessions[0])
    last_utc_s = site.utc_s
    site.look()
    site.dead(VideoCode.SILENT)
    assert site.look(60).state is HealthState.NO_SIGNAL
    site.dead(VideoCode.UNREACHABLE)
    health = site.look()
    assert health.since_utc_s == last_utc_s
    assert health.reason == VideoCode.UNREACHABLE
    site.live(site.sessions[0])
    health = site.look()
    assert health.since_utc_s is None
    (outage,) = site.monitor.outages("c1")
    assert (outage.from_utc_s, outage.to_utc_s, outage.reason) == (last_utc_s, site.utc_s, VideoCode.UNREACHABLE)
    assert health.outages == 1


def test_a_stream_that_stands_still_is_stale_from_the_second_look_on(site: Site) -> None:
    site.live(site.sessions[0])
    site.look(0.1)
    assert site.look(3).state is HealthState.GOOD, "a decoder that was just put to work has an old picture too"
    health = site.look()
    assert (health.state, health.reason) == (HealthState.STALE, STALE)


def test_a_camera_that_is_only_recorded_is_judged_by_its_packets(site: Site) -> None:
    site.live(site.sessions[0])
    site.look()
    assert site.sessions[0].stream is not None
    site.sessions[0].stream.taps = ()
    for _ in range(5):
        assert site.look(10).state is HealthState.GOOD


def test_key_frames_only_are_not_stale_between_them(site: Site) -> None:
    site.live(site.sessions[0])
    site.look()
    stream = site.sessions[0].stream
    assert stream is not None
    stream.keys_only, stream.key_every_s = True, 4.0
    assert [site.look(3).state for _ in range(3)] == [HealthState.GOOD] * 3


def test_the_better_stream_counts(site: Site) -> None:
    site.dead()
    sub = FakeSession("c1/sub", stream=None)
    site.sessions.append(sub)
    assert site.look().state is HealthState.GOOD


def test_each_open_stream_tells_its_decoder(site: Site) -> None:
    fault = Fault("cuda", Refusal.FAILED, "Input/output error")
    sub = FakeSession("c1/sub", stream=FakeStream(fault=fault))
    recorded = FakeSession("c1/second", stream=FakeStream(taps=()))
    site.sessions = [FakeSession(stream=FakeStream(device="cuda")), sub, recorded]
    for session in site.sessions:
        site.live(session)
        session.say(info=StreamInfo("h264", 640, 360, 25.0, True))
    assert [decoding_words(decoding) for decoding in site.look().decoders] == [
        "h264, NVDEC",
        "h264, software (NVDEC: failed (Input/output error))",
    ]
    sub.say(info=None)
    assert len(site.look().decoders) == 1


def test_nobody_wants_it_and_the_first_seconds_are_no_outage(site: Site) -> None:
    site.sessions[0].say(state=SessionState.CONNECTING, attempt=1)
    assert site.look().state is HealthState.CONNECTING
    site.sessions.clear()
    assert site.look().state is HealthState.CLOSED
    assert site.monitor.outages("c1") == ()


def test_the_clock_has_a_bounded_history(site: Site) -> None:
    for n in range(OFFSETS + 50):
        site.sessions[0].say(clock_offset_s=0.001 * n)
        site.now_s += 58
        site.live(site.sessions[0])
        site.look()
    points = site.monitor.offsets("c1")
    assert len(points) == OFFSETS
    assert points[-1][0] == pytest.approx(site.utc_s)
    assert points[-1][1] == pytest.approx(0.001 * (OFFSETS + 49))
    assert site.monitor.snapshot.cameras[0].clock_offset_s == points[-1][1]
    site.sessions[0].say(clock_offset_s=None)
    site.look(60)
    assert len(site.monitor.offsets("c1")) == OFFSETS


def test_a_camera_that_was_taken_out_of_use_is_forgotten(site: Site) -> None:
    site.dead()
    site.look(60)
    site.cameras = ()
    site.now_s += 2
    site.monitor.sample(site.now_s, site.utc_s)
    assert site.monitor.snapshot.cameras == ()
    assert site.monitor.outages("c1")[0].to_utc_s == site.utc_s


def test_trouble_is_sorted_worst_first_and_the_newest_failure_on_top() -> None:
    def camera(number: int, state: HealthState, **more: Any) -> CameraHealth:
        return CameraHealth(f"c{number}", number, "x", state, **more)

    order = [
        camera(4, HealthState.NO_SIGNAL, since_utc_s=START),
        camera(3, HealthState.NO_SIGNAL, since_utc_s=START - 86400),
        camera(9, HealthState.STALE, since_utc_s=START),
        camera(8, HealthState.UNSTEADY, recent_losses=9),
        camera(2, HealthState.UNSTEADY, recent_losses=1),
        camera(1, HealthState.GOOD),
        camera(5, HealthState.GOOD),
        camera(6, HealthState.CLOSED),
    ]
    by_number = sorted(order, key=lambda c: c.number)
    assert sorted(by_number, key=lambda c: c.trouble) == order


def test_outages_outlive_the_program(tmp_path: Path) -> None:
    path = tmp_path / "health" / "outages.db"
    first = Site(path)
    first.dead()
    first.monitor.start()
    wait_until(lambda: bool(first.monitor.outages("c1")))
    first.monitor.stop()
    assert first.monitor.join(30.0)
    file = OutageFile(path)
    (kept,) = file.load()
    file.close()
    second = Site(path)
    second.monitor.start()
    wait_until(lambda: bool(second.monitor.snapshot.cameras))
    second.monitor.stop()
    assert second.monitor.join(30.0)
    (known,) = second.monitor.outages("c1")
    assert (known.id, known.reason) == (kept.id, VideoCode.SILENT)
    assert known.to_utc_s is not None


def test_a_log_that_is_opened_again_counts_no_outage_twice(tmp_path: Path) -> None:
    """The monitor's worker is started anew after a fault, with the same log."""
    outages = OutageLog(tmp_path / "outages.db")
    outages.open(START)
    outages.see("c1", "video.unreachable", 0.0, START)
    outages.see("c1", None, START + 10, START + 10)
    outages.see("c1", "video.unreachable", 0.0, START + 20)
    outages.close(START + 30)
    outages.open(START + 31)
    outages.see("c1", "video.unreachable", 0.0, START + 32)
    assert outages.since("c1", START) == 3
    assert [one.to_utc_s for one in outages.of("c1")] == [None, START + 30, START + 10]
    outages.close(START + 40)


def test_what_a_busy_file_does_not_take_is_written_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outages = OutageLog(tmp_path / "outages.db")
    outages.open(START)
    outages.see("c1", "video.unreachable", 0.0, START)
    with monkeypatch.context() as patched:
        patched.setattr(OutageFile, "put", _busy)
        outages.flush(START)
        outages.see("c1", None, START + 10, START + 10)
        outages.flush(START + 10)
    outages.flush(START + 11)
    outages.close(START + 12)
    with contextlib.closing(OutageFile(tmp_path / "outages.db")) as file:
        assert [(one.camera_id, one.to_utc_s) for one in file.load()] == [("c1", START + 10)]


def _busy(*_values: object) -> None:
    raise StorageError(StorageCode.BUSY)


def test_without_a_file_the_outages_are_in_memory(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "taken").write_text("a file where a folder should be")
    site = Site(tmp_path / "taken" / "outages.db")
    site.dead()
    site.monitor.start()
    wait_until(lambda: bool(site.monitor.outages("c1")))
    site.monitor.stop()
    assert site.monitor.join(30.0)
    assert "kept in memory only" in caplog.text


def test_every_reason_of_a_camera_and_every_state_has_words() -> None:
    recording = {VideoCode.DISK_FULL, VideoCode.DISK_FAILED, VideoCode.NOT_BUFFERED}
    recording |= {VideoCode.NO_REPLAY, VideoCode.NO_RECORDING, VideoCode.ELSEWHERE, VideoCode.BAD_ANSWER}
    assert all(reason_words(code.value) for code in VideoCode if code not in recording)
    assert reason_words(STALE)
    assert len({state_word(state) for state in HealthState}) == len(HealthState)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    opened = Archive(Folders.under(tmp_path / "home").ensure(), Settings(), [CAMERA])
    yield opened
    opened.close()


@pytest.fixture
def tasks() -> Iterator[Tasks]:
    pool = Tasks(1)
    with running(pool.workers):
        yield pool


def _asked(ask: Callable[[str, Callable[[bytes, float], None]], bool], camera_id: str) -> tuple[bytes, float]:
    answers: list[tuple[bytes, float]] = []
    told = threading.Event()

    def done(jpeg: bytes, utc_s: float) -> None:
        answers.append((jpeg, utc_s))
        told.set()

    assert ask(camera_id, done)
    assert told.wait(20)
    return answers[0]


def test_the_last_picture_is_small_and_masked(archive: Archive, tasks: Tasks, tmp_path: Path) -> None:
    info, packets = live(numbered_clip(tmp_path / "clip.mp4", 341, 60), 0, START)
    ring = filled(info, packets)
    session = SimpleNamespace(camera_id="c1", ring=ring, status=lambda: SessionStatus(SessionState.WAITING))
    hub = cast("CameraHub", SimpleNamespace(sessions=lambda: [session]))
    mask = PrivacyMask("m1", "c1", "Window", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
    desk = SiteHealthDesk(HealthMonitor(tuple, tuple), hub, archive, tasks)
    jpeg, utc_s = _asked(desk.picture, "c1")
    assert utc_s in [packet.utc_s for packet in packets if packet.key]
    with Image.open(io.BytesIO(jpeg)) as picture:
        assert picture.width <= 480
        assert max(picture.convert("L").tobytes()) > 200
    archive.journal.apply(PutRecord(mask), archive.actor)
    archive.reload()
    with Image.open(io.BytesIO(_asked(desk.picture, "c1")[0])) as picture:
        levels = picture.convert("L").tobytes()
    assert max(levels) - min(levels) < 12, "all of it is covered"
    assert not desk.picture("unknown", lambda _jpeg, _utc_s: None)


def test_without_a_picture_the_desk_says_so(archive: Archive, tasks: Tasks) -> None:
    hub = cast("CameraHub", SimpleNamespace(sessions=list))
    desk = SiteHealthDesk(HealthMonitor(tuple, tuple), hub, archive, tasks)
    assert _asked(desk.picture, "c1") == (b"", 0.0)


def test_a_site_has_it_all_wired(tmp_path: Path) -> None:
    """A seat's health and black box, the metrics only where a port is set."""
    folders = Folders.under(tmp_path / "wired").ensure()
    for port, box in ((0, True), (9555, False)):
        settings = Settings(health=HealthSettings(port), black_box=BlackBoxSettings(enabled=box))
        runtime = Runtime(RuntimePlan(folders, settings, (CAMERA,), lasting=False, alerts=False))
        try:
            runtime.health.sample(1.0, START)
            assert runtime.seat.offices.health is not None
            assert [c.state for c in runtime.seat.offices.health.snapshot().cameras] == [HealthState.CLOSED]
            assert (runtime.seat.offices.black_box is not None) is box
            assert any(worker.name == "black box" for worker in runtime.seat.workers) is box
            assert [worker.name for worker in runtime._metrics_server()] == (["prometheus"] if port else [])
        finally:
            runtime.stop()
            runtime.close()
