"""Logging: no credential in any line, no failure of the disk that stops the program."""

from __future__ import annotations

import errno
import logging
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.log import CarefulFileHandler, Logging, RedactingFormatter, cleaned, set_up

URL = "rtsp://admin:s3cr@t@10.0.0.9:554/ch1"
LINE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (INFO|WARNING|ERROR|CRITICAL|DEBUG) \S+: ")
log = logging.getLogger("camera.test")

Starter = Callable[..., Logging]


def _fail(text: str) -> None:
    raise OSError(text)


@pytest.fixture
def start() -> Iterator[Starter]:
    """`set_up`, undone at the end."""
    made: list[Logging] = []

    def begin(folder: Path | None, **options: object) -> Logging:
        made.append(set_up(folder, **options))  # type: ignore[arg-type]  # passes on what the test gives
        return made[-1]

    yield begin
    for one in reversed(made):
        one.close()


def test_every_record_is_redacted_on_stderr_and_in_the_file(
    start: Starter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start(tmp_path)
    log.info("opening %s", URL)
    log.error({"url": URL})
    log.warning("two\nlines %s", URL)
    try:
        _fail(f"cannot open {URL}: password=s3cr@t")
    except OSError:
        log.exception("no picture", stack_info=True)
    content = (tmp_path / "watchfloor.log").read_text(encoding="utf-8")
    for text in (content, capsys.readouterr().err):
        assert text.count("10.0.0.9:554/ch1") >= 4
        assert "s3cr" not in text
        assert "admin" not in text
    assert "Traceback" in content
    for line in content.splitlines():
        assert LINE.match(line) or line.startswith("    "), line


def test_stderr_has_one_line_and_the_file_has_the_traceback(
    start: Starter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start(tmp_path)
    try:
        _fail("odd")
    except OSError:
        log.exception("worker %s died", "reader")
    [line] = capsys.readouterr().err.splitlines()
    assert line.endswith("ERROR camera.test: worker reader died: OSError: odd")
    assert "Traceback" in (tmp_path / "watchfloor.log").read_text(encoding="utf-8")


def test_without_a_file_stderr_has_the_traceback(start: Starter, capsys: pytest.CaptureFixture[str]) -> None:
    assert start(None).path is None
    try:
        _fail("odd")
    except OSError:
        log.exception("worker died")
    assert "Traceback" in capsys.readouterr().err


def test_verbose_shows_debug_lines(start: Starter, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start(tmp_path, verbose=True, name="node")
    log.debug("detail")
    assert "DEBUG camera.test: detail" in capsys.readouterr().err
    assert "detail" in (tmp_path / "node.log").read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_made_is_one_warning(
    start: Starter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert start(tmp_path / "file").path is None
    log.info("goes on")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "WARNING" in lines[0]
    assert "stderr only" in lines[0]


def test_a_read_only_folder_is_one_warning(
    start: Starter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("app.log.CarefulFileHandler._open", refuse)
    assert start(tmp_path).path is None
    assert capsys.readouterr().err.count("WARNING") == 1


def test_a_full_disk_is_told_once_per_outage(
    start: Starter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    start(tmp_path)

    def full(_self: CarefulFileHandler, _record: logging.LogRecord) -> bool:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(CarefulFileHandler, "shouldRollover", full)
        for number in range(5):
            log.info("line %d", number)
    log.info("space again")
    text = capsys.readouterr().err
    assert text.count("cannot be written") == 1
    assert "No space left" in text
    assert text.count("INFO camera.test: line") == 5
    assert "Traceback" not in text
    assert "space again" in (tmp_path / "watchfloor.log").read_text(encoding="utf-8")


def test_the_file_rotates(start: Starter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.log.FILE_BYTES", 2000)
    start(tmp_path)
    for number in range(200):
        log.info("line %d", number)
    files = sorted(tmp_path.iterdir())
    assert 2 < len(files) <= 6
    assert all(file.stat().st_size <= 2000 for file in files)


def test_uncaught_exceptions_are_logged_with_redaction(
    start: Starter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sys.excepthook, threading.excepthook
    installed = start(tmp_path)
    error = RuntimeError(f"lost {URL}")
    sys.excepthook(RuntimeError, error, None)
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    threading.excepthook(threading.ExceptHookArgs((RuntimeError, error, None, threading.current_thread())))
    installed.close()
    installed.close()
    assert (sys.excepthook, threading.excepthook) == before
    text = capsys.readouterr().err
    assert text.count("unexpected failure") == 2
    assert "MainThread" in text
    assert "interrupted" in text
    assert "s3cr" not in text


def test_a_thread_that_dies_is_logged(start: Starter, tmp_path: Path) -> None:
    start(tmp_path)

    def die() -> None:
        raise RuntimeError("boom")

    thread = threading.Thread(target=die, name="doomed")
    thread.start()
    thread.join(5)
    content = (tmp_path / "watchfloor.log").read_text(encoding="utf-8")
    assert "unexpected failure of thread doomed" in content
    assert "RuntimeError: boom" in content


def test_libraries_are_quiet(start: Starter, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start(tmp_path)
    logging.getLogger("fontTools.subset").info("kern pruned")
    logging.getLogger("libav").warning("deprecated pixel format")
    logging.getLogger("libav").error("error while decoding")
    assert capsys.readouterr().err.count("\n") == 1


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Zs", "Cc", "Zl", "Zp"]), min_size=1))
def test_no_password_survives(password: str) -> None:
    text = cleaned(f"first line\nopen rtsp://user:{password}@host/path failed")
    assert text == "first line\nopen rtsp://host/path failed"
    assert cleaned("host/?password=hunter2&channel=1") == "host/?password=***&channel=1"


def test_text_without_secrets_is_kept() -> None:
    for text in ("plain", "mail me at a@b.c", "rtsp://host/path", "", "a\n\nb"):
        assert cleaned(text) == text


def test_the_formatter_does_not_change_the_record() -> None:
    record = logging.LogRecord("n", logging.INFO, __file__, 1, "to %s", (URL,), None)
    assert "s3cr" not in RedactingFormatter().format(record)
    assert record.args == (URL,)
    assert record.msg == "to %s"
