"""Bad input ends in one sentence with what to do, an exit code, nothing lost, no traceback and no password."""

from __future__ import annotations

import socket
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import exit_codes
from storage.errors import StorageCode, StorageError
from tests.e2e.conftest import Program
from video.source import VideoCode

PASSWORD = "p@ss-w0rd"


class _RtspServer:
    """Answers every request with one status line, or accepts and says nothing."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0.1)
        self.port: int = self._socket.getsockname()[1]
        self._stopping = threading.Event()
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                continue
            self._open.append(connection)
            if self._answer:
                self._answer_all(connection)

    def _answer_all(self, connection: socket.socket) -> None:
        connection.settimeout(0.1)
        while not self._stopping.is_set():  # however long the program takes between two requests
            try:
                request = connection.recv(4096)
                if not request:
                    return
                number = next((w for w in request.split(b"\r\n") if w.lower().startswith(b"cseq")), b"CSeq: 1")
                connection.sendall(self._answer.replace(b"{cseq}", number))
            except TimeoutError:
                continue
            except OSError:
                return

    def close(self) -> None:
        self._stopping.set()
        self._thread.join()
        for connection in self._open:
            connection.close()
        self._socket.close()


@pytest.fixture
def refusing() -> Iterator[_RtspServer]:
    server = _RtspServer(b'RTSP/1.0 401 Unauthorized\r\n{cseq}\r\nWWW-Authenticate: Basic realm="cam"\r\n\r\n')
    yield server
    server.close()


@pytest.fixture
def mute() -> Iterator[_RtspServer]:
    server = _RtspServer(b"")
    yield server
    server.close()


def test_an_unknown_scheme(program: Program) -> None:
    done = program("probe", "gopher://camera/1")
    assert done.code == exit_codes.exit_code_of(_error(VideoCode.UNKNOWN_SCHEME))
    done.assert_one_sentence()
    assert "rtsp" in done.err


def _error(code: VideoCode | StorageCode) -> StorageError:
    return StorageError(code)


def test_a_wrong_password_is_said_and_never_shown(program: Program, refusing: _RtspServer) -> None:
    done = program("probe", f"rtsp://admin:{PASSWORD}@127.0.0.1:{refusing.port}/1")
    assert done.code == exit_codes.exit_code_of(_error(VideoCode.UNAUTHORIZED))
    done.assert_one_sentence()
    assert "w0rd" not in done.err + done.out
    assert "admin" not in done.err + done.out


def test_a_text_file_is_not_video(program: Program, tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("not a video at all\n" * 50)
    done = program("probe", str(tmp_path / "notes.mp4"))
    assert done.code in {
        exit_codes.exit_code_of(_error(VideoCode.NOT_VIDEO)),
        exit_codes.exit_code_of(_error(VideoCode.DAMAGED)),
    }
    done.assert_one_sentence()


def test_a_missing_file(program: Program, tmp_path: Path) -> None:
    done = program("probe", str(tmp_path / "nothing.mp4"))
    assert done.code == exit_codes.exit_code_of(_error(VideoCode.NO_FILE))
    done.assert_one_sentence()


def test_a_camera_that_answers_and_sends_nothing(program: Program, mute: _RtspServer) -> None:
    done = program("probe", f"rtsp://127.0.0.1:{mute.port}/1")
    assert done.code in {
        exit_codes.exit_code_of(_error(VideoCode.SILENT)),
        exit_codes.exit_code_of(_error(VideoCode.UNREACHABLE)),
    }
    done.assert_one_sentence()


def test_a_dead_camera_shows_an_honest_wall_and_ends_well(program: Program, mute: _RtspServer, tmp_path: Path) -> None:
    url = f"rtsp://admin:{PASSWORD}@127.0.0.1:{mute.port}/1"
    done = program("wall", "--camera", url, "--offscreen", "--seconds", "2", "--out", str(tmp_path / "out"))
    assert done.code == 0, done.err
    assert "Traceback" not in done.err
    assert "w0rd" not in done.err + done.out
    assert (tmp_path / "out" / "wall-1.png").exists()


def test_a_zero_byte_model(program: Program, tmp_path: Path) -> None:
    (tmp_path / "empty.onnx").touch()
    done = program("node", "--demo", "--model", str(tmp_path / "empty.onnx"), "--seconds", "1")
    assert done.code == exit_codes.exit_code_of(_detection("BAD_MODEL"))
    done.assert_one_sentence()


def test_a_model_of_another_task(program: Program, tmp_path: Path) -> None:
    folder = tmp_path / "pose_openvino_model"
    folder.mkdir()
    (folder / "pose.xml").write_text('<net name="pose" version="11"></net>')
    (folder / "pose.bin").write_bytes(b"\0" * 64)
    (folder / "metadata.yaml").write_text("task: pose\nnames:\n  0: person\n")
    done = program("node", "--demo", "--model", str(folder), "--seconds", "1")
    assert done.code == exit_codes.exit_code_of(_detection("WRONG_TASK"))
    done.assert_one_sentence()


def _detection(name: str) -> StorageError:
    from detection.detector import DetectionCode

    return StorageError(DetectionCode[name])


def test_a_journal_of_a_newer_version_is_left_alone(program: Program, home: Path) -> None:
    assert program("camera", "list").code == 0
    path = next(home.rglob("journal.db"))
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 9999")
    connection.close()
    before = path.read_bytes()
    done = program("camera", "list")
    assert done.code == exit_codes.exit_code_of(_error(StorageCode.NEWER_JOURNAL))
    done.assert_one_sentence()
    assert path.read_bytes() == before


def test_a_file_that_is_no_journal(program: Program, tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("shopping list\n" * 100)
    done = program("verify", str(tmp_path / "notes.db"))
    assert done.code == exit_codes.exit_code_of(_error(StorageCode.NOT_A_JOURNAL))
    done.assert_one_sentence()


def test_a_home_that_cannot_be_written(program: Program, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = program("camera", "list", home=tmp_path / "file")
    assert done.code == exit_codes.exit_code_of(_error(StorageCode.READ_ONLY))
    done.assert_one_sentence()


def test_no_display(program: Program) -> None:
    done = program("wall", "--camera", "clip.mp4", QT_QPA_PLATFORM=None, DISPLAY=None, WAYLAND_DISPLAY=None)
    assert done.code == exit_codes.MISSING
    done.assert_one_sentence()
    assert "--offscreen" in done.err
