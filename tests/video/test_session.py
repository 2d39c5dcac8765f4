from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

import video.pyav_source
from tests.conftest import wait_until
from tests.video.conftest import Clips, FakeServer, Handler, RtspServer, answer, free_port, make_clip, say_nothing
from video.decode import DecodePool
from video.fanout import PictureTap
from video.file_source import FileSource
from video.frame import Packet, StreamInfo
from video.retry import RetryPolicy
from video.session import CameraSession, SessionState, SessionStatus
from video.source import Source, VideoCode, VideoError

FAST = RetryPolicy(first_s=0.02, most_s=0.05, probe_timeout_s=0.5)
NO_INFO = StreamInfo("", 0, 0, 0.0, live=True)
Make = Callable[..., CameraSession]


@pytest.fixture
def make() -> Iterator[Make]:
    sessions: list[CameraSession] = []

    def build(url: str, **options: object) -> CameraSession:
        options.setdefault("policy", FAST)
        session = CameraSession("7", "Gate", url, **options)  # type: ignore[arg-type]  # options are a test's own
        sessions.append(session)
        session.start()
        return session

    yield build
    for session in sessions:
        session.stop()
    assert all(session.join(30.0) for session in sessions)


@pytest.fixture
def pool() -> Iterator[DecodePool]:
    pool = DecodePool(1)
    pool.start()
    yield pool
    pool.stop()
    assert pool.join(30.0)


def test_a_file_goes_live_with_pictures_and_stops_at_once(clips: Clips, make: Make, pool: DecodePool) -> None:
    changes: list[tuple[str, SessionState]] = []
    session = make(str(clips.h264), pool=pool, on_change=lambda camera, status: changes.append((camera, status.state)))
    tap = PictureTap()
    tap.want(160, 90)
    session.add_tap(tap)
    wait_until(lambda: tap.take() is not None, 5, "a picture")
    wait_until(lambda: session.status().packets >= 5, 5, "packets")
    status = session.status()
    assert (status.state, status.attempt, status.reason, status.reconnects) == (SessionState.LIVE, 0, None, 0)
    assert status.info is not None
    assert status.info.codec == "h264"
    assert status.fps == pytest.approx(15)
    assert abs(status.last_packet_utc_s - time.time()) < 30
    assert session.ring.span() is not None
    session.stop()
    assert session.join(30.0)
    assert changes == [("7", SessionState.LIVE), ("7", SessionState.STOPPED)]
    assert session.stream is not None
    assert session.stream.taps == ()


def test_a_killed_camera_comes_back_on_the_same_port(
    rtsp: RtspServer, clips: Clips, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    states: list[SessionState] = []
    caplog.set_level(logging.WARNING)
    session = make(rtsp.url(clips.h264), on_change=lambda _, status: states.append(status.state))
    wait_until(lambda: session.status().state is SessionState.LIVE, 10, "live")
    rtsp.kill()
    wait_until(lambda: session.status().attempt >= 3, 10, "attempts")
    status = session.status()
    assert status.state is SessionState.WAITING
    assert status.reason is not None
    assert status.reason.code is VideoCode.UNREACHABLE
    lines = [record.getMessage() for record in caplog.records if record.name == "video.session"]
    assert [line[:20] for line in lines[:1]] == ["Gate: picture lost ("]
    assert all("attempt" in line and status.attempt >= 8 for line in lines[1:]), "one line tells of a short fault"
    rtsp.start()
    wait_until(lambda: session.status().reconnects == 1, 15, "a reconnect")
    assert session.status().attempt == 0
    assert session.status().generation >= 2
    wait_until(lambda: bool(session.ring.last_gop()) and session.ring.last_gop()[0].generation >= 2, 5, "packets")


def test_log_lines_thin_out_and_hold_no_password(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    session = make(f"rtsp://admin:geheim@127.0.0.1:{free_port()}/main")
    wait_until(lambda: session.status().attempt >= 18, 20, "attempts")
    session.stop()
    assert session.join(30.0)
    lines = [record.getMessage() for record in caplog.records if record.name == "video.session"]
    assert [line.partition("attempt ")[2].partition(",")[0] for line in lines] == ["1", "2", "4", "8", "16"]
    assert all(line.startswith("Gate: ") for line in lines)
    assert "geheim" not in caplog.text


def test_a_wrong_password_is_not_hammered(fake_server: Callable[[Handler], FakeServer], make: Make) -> None:
    server = fake_server(answer(401))
    session = make(f"rtsp://a:b@127.0.0.1:{server.port}/x", policy=RetryPolicy(first_s=0.2, most_s=30, jitter=0))
    wait_until(lambda: session.status().attempt == 2 and session.status().state is SessionState.WAITING, 5, "a retry")
    count = server.connections
    policy = RetryPolicy(first_s=2, most_s=30, jitter=0)
    pauses = [policy.pause_s(n, VideoCode.UNAUTHORIZED, wanted=True, network=True) for n in range(1, 7)]
    assert pauses == [2, 4, 8, 16, 30, 30]
    assert count <= 4


def test_another_address_or_login_is_used_at_once(clips: Clips, make: Make) -> None:
    """From the longest pause, and in the middle of a stream; one that only lacks its login is no news."""
    session = make("nowhere/clip.mp4", policy=RetryPolicy(first_s=600, most_s=600))
    wait_until(lambda: session.status().state is SessionState.WAITING, 10, "a failure")
    session.readdress(str(clips.h264))
    wait_until(lambda: session.status().state is SessionState.LIVE, 10, "the new address")
    generation = session.status().generation
    session.readdress(str(clips.h264))
    session.readdress(str(clips.h265))
    wait_until(lambda: (session.status().info or NO_INFO).codec == "hevc", 10, "the newest address")
    assert session.status().generation == generation + 1
    secret = CameraSession("8", "Yard", "rtsp://admin:geheim@10.0.0.5/main")
    secret.readdress("rtsp://10.0.0.5/main")
    assert "geheim" in secret._url
    secret.readdress("rtsp://admin:neu@10.0.0.5/main")
    assert "neu" in secret._url


def test_mute_cameras_do_not_keep_others_from_opening(
    fake_server: Callable[[Handler], FakeServer], make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening one holds a place until FFmpeg's patience ends: it is asked for a word first, and opened now and then."""
    monkeypatch.setattr(video.pyav_source, "OPEN_TIMEOUT_S", 0.3)
    server = fake_server(say_nothing)
    policy = RetryPolicy(first_s=0.01, most_s=0.02, probe_timeout_s=0.05)
    session = make(f"rtsp://127.0.0.1:{server.port}/mute", policy=policy)
    wait_until(lambda: session.status().attempt >= 12, 20, "attempts")
    status = session.status()
    assert status.reason is not None
    assert status.reason.code is VideoCode.SILENT
    assert 1 <= status.generation <= 1 + status.attempt // 6


def test_pauses_of_the_policy() -> None:
    policy = RetryPolicy(first_s=2, jitter=0)
    dead = VideoCode.UNREACHABLE
    assert policy.pause_s(50, dead, wanted=True, network=True) == 2
    assert policy.pause_s(1, dead, wanted=False, network=True) == 30
    assert policy.pause_s(50, VideoCode.NO_FILE, wanted=True, network=False) == 30
    spread = RetryPolicy(first_s=2, jitter=0.2, random=lambda: 1.0)
    assert spread.pause_s(1, dead, wanted=True, network=True) == pytest.approx(2.4)


def test_wanting_a_camera_ends_its_long_pause(make: Make) -> None:
    policy = RetryPolicy(first_s=0.02, most_s=600)
    session = make(f"rtsp://127.0.0.1:{free_port()}/x", policy=policy)
    session.wanted = False
    time_out = 5
    wait_until(lambda: session.status().attempt >= 1, time_out, "the first attempt")
    session.wanted = True
    wait_until(lambda: session.status().attempt >= 4, time_out, "attempts once it is wanted")


class Scripted:
    """A source that plays from a list of outcomes."""

    opening = threading.Lock()

    def __init__(self, most: list[int], gate: threading.Event) -> None:
        self._most = most
        self._gate = gate

    def open(self) -> StreamInfo:
        with self.opening:
            self._most[0] += 1
            self._most[1] = max(self._most)
        self._gate.wait(0.1)
        with self.opening:
            self._most[0] -= 1
        raise VideoError(VideoCode.NO_FILE)

    def packets(self) -> Iterator[Packet | None]:
        return iter(())

    def close(self) -> None:
        return


def test_opens_are_limited_over_all_sessions(make: Make) -> None:
    most = [0, 0]
    opens = threading.Semaphore(2)
    gate = threading.Event()
    sessions = [make("x", opens=opens, factory=lambda _url, _generation: Scripted(most, gate)) for _ in range(6)]
    wait_until(lambda: all(session.status().attempt >= 2 for session in sessions), 10, "two rounds")
    assert most[1] == 2


def test_reading_once_ends_and_begins_again(clips: Clips, make: Make, caplog: pytest.LogCaptureFixture) -> None:
    def once(url: str, generation: int) -> Source:
        return FileSource(url, generation, paced=False, loop=False)

    caplog.set_level(logging.WARNING)
    session = make(str(clips.h264), factory=once)
    wait_until(lambda: session.status().reconnects >= 2, 5, "rounds")
    assert "Gate: picture lost (video.ended)" in caplog.text
    assert "attempt 0" not in caplog.text
    wait_until(lambda: session.status().packets >= 90, 5, "all packets of each round")


def test_what_cannot_be_opened_says_why(make: Make, tmp_path: Path) -> None:
    reasons = {}
    for url in (str(tmp_path / "none.mp4"), "gopher://x/y"):
        session = make(url)
        wait_until(lambda session=session: session.status().reason is not None, 5, "a reason")  # type: ignore[misc]
        reason = session.status().reason
        assert reason is not None
        reasons[url[:6]] = reason.code
    assert list(reasons.values()) == [VideoCode.NO_FILE, VideoCode.UNKNOWN_SCHEME]


def test_stop_while_the_camera_says_nothing(
    fake_server: Callable[[Handler], FakeServer], make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video.pyav_source, "OPEN_TIMEOUT_S", 1.5)
    server = fake_server(say_nothing)
    session = make(f"rtsp://127.0.0.1:{server.port}/x")
    wait_until(lambda: server.connections > 0, 5, "a connection")
    session.stop()
    assert session.join(20), "it ends when the camera's time to answer is over"


def test_a_slow_stream_stops_quickly(make: Make, tmp_path: Path) -> None:
    session = make(str(make_clip(tmp_path / "slow.mp4", fps=1, seconds=60, gop=1)))
    wait_until(lambda: session.status().packets >= 1, 5, "a packet")
    session.stop()
    assert session.join(30.0)
    assert session.status().packets < 40, "not only when the clip is over"


def test_a_dead_camera_leaks_nothing(make: Make) -> None:
    session = make(f"rtsp://127.0.0.1:{free_port()}/x", policy=RetryPolicy(first_s=0.0, most_s=0.0), factory=_real_open)
    wait_until(lambda: session.status().attempt >= 50, 20, "warm-up")
    process = psutil.Process()
    before, files = process.memory_info().rss, process.num_fds()
    wait_until(lambda: session.status().attempt >= 250, 30, "attempts")
    assert process.memory_info().rss - before < 4_000_000
    assert process.num_fds() <= files + 3


def _real_open(url: str, generation: int) -> Source:
    from video.pyav_source import LiveSource

    return LiveSource(url, generation)


def test_status_is_a_value(clips: Clips, make: Make) -> None:
    status = make(str(clips.h264)).status()
    assert isinstance(status, SessionStatus)
    with pytest.raises(AttributeError):
        status.attempt = 3  # type: ignore[misc]  # that it fails is the test


def test_another_reason_begins_the_pauses_anew(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that starts up hangs up, and then talks nonsense once: that is no refusal to be left alone for 30 s."""
    seen: list[tuple[str, int]] = []
    codes = iter([VideoCode.ENDED] * 6 + [VideoCode.NOT_VIDEO] * 2 + [VideoCode.ENDED] * 99)

    class Noted(RetryPolicy):
        def pause_s(self, attempt: int, code: VideoCode, *, wanted: bool, network: bool) -> float:
            seen.append((code.value, attempt))
            return 0.001

    class Failing:
        def open(self) -> StreamInfo:
            raise VideoError(next(codes, VideoCode.ENDED))

        def packets(self) -> Iterator[Packet | None]:
            return iter(())

        def close(self) -> None:
            pass

    monkeypatch.setattr("video.session.knock", lambda _url, _timeout_s, **_more: None)
    session = make("rtsp://127.0.0.1:9/x", policy=Noted(), factory=lambda _url, _generation: Failing())
    wait_until(lambda: len(seen) >= 10, 10, "pauses")
    session.stop()
    ended, refused = VideoCode.ENDED.value, VideoCode.NOT_VIDEO.value
    assert seen[:9] == [*((ended, n) for n in range(1, 7)), (refused, 1), (refused, 2), (ended, 1)]
