"""The application is made safely, hears signals, logs bugs and writes what the operator sees."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from app.errors import AppCode, AppError
from widgets import theme
from widgets.application import create_application, destroy, grab, has_display, log_exception

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a display")
def test_no_display_is_a_typed_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert not has_display()
    with pytest.raises(AppError) as caught:
        create_application()
    assert caught.value.code is AppCode.NO_DISPLAY


def test_cv2_leftovers_are_removed(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM_PLUGIN_PATH", "/cv2/qt/plugins")
    monkeypatch.setenv("QT_QPA_FONTDIR", "/cv2/qt/fonts")
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    assert create_application(offscreen=True) is qapp
    assert "QT_QPA_PLATFORM_PLUGIN_PATH" not in os.environ
    assert "QT_QPA_FONTDIR" not in os.environ


def test_bugs_are_logged_and_the_wall_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    error = ValueError("a bug")
    log_exception(type(error), error, None)
    assert "a bug" in caplog.text
    assert caplog.records[0].levelno == logging.CRITICAL


_SIGTERM_PROGRAM = """
import os, signal
from PySide6.QtCore import QTimer
from widgets.application import SignalWatch, create_application

app = create_application(offscreen=True)
before = signal.getsignal(signal.SIGTERM)
watch = SignalWatch(app, lambda: app.exit(42))
QTimer.singleShot(0, lambda: os.kill(os.getpid(), signal.SIGTERM))
code = app.exec()
watch.close()
assert signal.getsignal(signal.SIGTERM) == before
raise SystemExit(code)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent in another way there")
def test_sigterm_is_a_call_on_the_gui_thread() -> None:
    """In a process of its own: OpenVINO's kernels, used by other tests, may leave no room for a signal's frame."""
    done = subprocess.run([sys.executable, "-c", _SIGTERM_PROGRAM], cwd=ROOT, timeout=110, check=False)
    assert done.returncode == 42


def test_grab_writes_the_window(qtbot: QtBot, tmp_path: Path) -> None:
    label = QLabel("Watchfloor")
    qtbot.addWidget(label)
    label.resize(120, 40)
    grab(label, tmp_path / "wall-1.png")
    assert QImage(str(tmp_path / "wall-1.png")).width() >= 120
    with pytest.raises(AppError):
        grab(label, tmp_path / "missing" / "wall-1.png")


def test_bundled_fonts_are_found(qapp: QApplication) -> None:
    assert isinstance(theme.load_fonts(), list)


def test_the_gui_process_holds_no_inference_library() -> None:
    code = (
        "import sys, widgets.main_window, widgets.application;"
        "print([m for m in ('cv2', 'openvino', 'torch', 'ultralytics') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=110)
    assert ran.stdout.strip() == "[]"


def test_a_destroyed_window_is_gone_though_somebody_keeps_its_python_half(qapp: QApplication) -> None:
    window = QLabel("kept by a traceback")
    window.show()
    destroy(window)
    assert not shiboken6.isValid(window)
    assert not [w for w in qapp.topLevelWidgets() if isinstance(w, QLabel) and w.isVisible()]
    destroy(window)
