from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import psutil
import pytest

from tests.conftest import wait_until
from tests.video.demo_material import tiny
from video.demo_clips import make_clips
from video.demo_server import HOST, DemoServer, MuteListener, free_ports

OPTIONS = {"rtsp_transport": "tcp", "analyzeduration": "100000"}
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One-second clips, so that the loop comes round soon."""
    scenes = (tiny("one"), tiny("two", "hevc"))
    made = make_clips(scenes, tmp_path_factory.mktemp("clips"), lambda done, total: None)
    return {name: clip.path for name, clip in made.items()}


@pytest.fixture
def server(clips: dict[str, Path]) -> Iterator[DemoServer]:
    port, control_port = free_ports(2)
    worker = DemoServer("test-server", clips, port, control_port)
    worker.start()
    assert worker.ready.wait(30)
    yield worker
    worker.stop()
    assert worker.join(30.0)
    assert worker.pid is None


def _seen(url: str, pictures: int) -> list[tuple[float, np.ndarray]]:
    """Decoded pictures with their time stamps."""
    found: list[tuple[float, np.ndarray]] = []
    with av.open(url, options=OPTIONS, timeout=(30, 30)) as container:
        for frame in container.decode(video=0):
            if frame.pts is not None and frame.time_base is not None:
                found.append((float(frame.pts * frame.time_base), frame.to_ndarray(format="gray").astype(int)))
            if len(found) == pictures:
                break
    return found


def _gone(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


@pytest.mark.parametrize("name", ["one", "two"])
def test_pictures_go_on_over_the_loop_with_their_own_times(
    server: DemoServer, clips: dict[str, Path], name: str
) -> None:
    with av.open(str(clips[name])) as container:
        stored = [f.to_ndarray(format="gray").astype(int) for f in container.decode(video=0)]
    # A decoder of a stream that it did not see from the beginning needs three pictures to sort out its times.
    seen = _seen(server.url(name), 33)[3:]
    times = [t for t, _ in seen]
    assert np.diff(times) == pytest.approx(1 / 15, abs=1e-3)
    assert times[-1] > 1.5, "beyond the loop's end"
    for t, picture in seen:
        differences = [np.abs(picture - other).mean() for other in stored]
        assert differences[round(t * 15) % 15] == pytest.approx(min(differences), abs=0.3)


def test_the_sender_says_when_it_sent(server: DemoServer) -> None:
    with av.open(server.url("one"), options=OPTIONS, timeout=(30, 30)) as container:
        assert container.start_time_realtime is not None


def test_an_unknown_name_is_not_found(server: DemoServer) -> None:
    with pytest.raises(av.HTTPNotFoundError):
        av.open(f"rtsp://{HOST}:{server.port}/three", options=OPTIONS, timeout=(30, 30))
    with pytest.raises(KeyError):
        server.url("three")


def test_it_listens_on_loopback_only(server: DemoServer) -> None:
    assert server.pid is not None
    listening = [c for c in psutil.Process(server.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    assert {c.laddr.ip for c in listening} == {HOST}
    assert server.port in {c.laddr.port for c in listening}


def test_killed_it_stays_dead_until_revived_on_the_same_port(server: DemoServer) -> None:
    first = server.pid
    server.kill()
    wait_until(lambda: server.pid is None, what="death")
    assert not server.ready.wait(0.3)
    assert not _connects(server.port)
    server.revive()
    assert server.ready.wait(30)
    assert server.pid not in (None, first)
    assert len(_seen(server.url("one"), 3)) == 3


def test_a_client_sees_the_end_when_the_server_dies(server: DemoServer) -> None:
    packets = 0
    with av.open(server.url("one"), options=OPTIONS, timeout=(30, 5)) as container:
        server.kill()
        # An error is as honest an end as none.
        with contextlib.suppress(av.FFmpegError):
            for packet in container.demux(video=0):
                packets += packet.size > 0
    assert packets < 60


def test_a_crashed_server_comes_back_by_itself(server: DemoServer) -> None:
    assert server.pid is not None
    psutil.Process(server.pid).kill()
    wait_until(lambda: server.starts == 2 and server.ready.is_set(), what="restart")


def test_the_child_ends_with_its_parent(clips: dict[str, Path]) -> None:
    port, control_port = free_ports(2)
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from video.demo_server import DemoServer\n"
        f"server = DemoServer('s', {{'one': Path({str(clips['one'])!r})}}, {port}, {control_port})\n"
        "server.start()\n"
        "assert server.ready.wait(30)\n"
        "print(server.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=ROOT) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert not _gone(child)
        parent.send_signal(signal.SIGKILL)
        parent.wait(5)
        wait_until(lambda: _gone(child), what="the child's end")


def test_the_child_says_when_it_is_ready(clips: dict[str, Path]) -> None:
    port, control_port = free_ports(2)
    command = [sys.executable, "-m", "video.demo_server", "--port", str(port), "--control-port", str(control_port)]
    command += ["--clip", f"one={clips['one']}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        assert child.stdout.readline() == f"ready {port}\n".encode()
        child.stdin.close()
        assert child.wait(30) == 0


def test_stopping_an_unstarted_server_is_harmless(clips: dict[str, Path]) -> None:
    worker = DemoServer("never", clips, *free_ports(2))
    worker.kill()
    worker.stop()
    assert worker.join(0)


def test_mute_listener_takes_calls_and_says_nothing() -> None:
    (port,) = free_ports(1)
    listener = MuteListener(port)
    listener.start()
    try:
        assert listener.ready.wait(30)
        with socket.create_connection((HOST, port), timeout=20) as caller:
            caller.settimeout(0.2)
            caller.sendall(b"OPTIONS * RTSP/1.0\r\n\r\n")
            with pytest.raises(TimeoutError):
                caller.recv(1)
        for _ in range(100):
            assert _connects(port), "the newest caller is always taken"
        wait_until(lambda: listener.calls >= 101, what="calls")
    finally:
        listener.stop()
        assert listener.join(30.0)
    assert not _connects(port)


def _connects(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=20):
            return True
    except OSError:
        return False


def test_free_ports_are_different_and_below_the_ephemeral_range() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert max(ports) < 32_768
