"""The QApplication, made safely: no abort without a display, foreign Qt plug-in paths removed, signals heard, and
exceptions of slots logged. GUI thread only.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType

import shiboken6
from PySide6.QtCore import QLibraryInfo, QObject, QSocketNotifier
from PySide6.QtWidgets import QApplication, QWidget

from app.errors import AppCode, AppError
from app.signals import hear
from widgets import theme

log = logging.getLogger(__name__)

_CV2_LEFTOVERS = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR")
_DISPLAYLESS = ("offscreen", "minimal", "vnc", "linuxfb", "eglfs")


def create_application(*, offscreen: bool = False) -> QApplication:
    """The one QApplication, dressed. Raises AppError(NO_DISPLAY) where Qt itself would abort the process."""
    for name in _CV2_LEFTOVERS:
        os.environ.pop(name, None)
    if offscreen:
        if os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0] != "offscreen":  # it may name screens already
            os.environ["QT_QPA_PLATFORM"] = "offscreen"
    elif not has_display():
        raise AppError(AppCode.NO_DISPLAY)
    elif not has_platform_libraries():
        raise AppError(AppCode.NO_QT)
    running = QApplication.instance()
    app = running if isinstance(running, QApplication) else QApplication(sys.argv[:1])
    app.setApplicationName("Watchfloor")
    app.setDesktopFileName("watchfloor")
    theme.apply(app)
    sys.excepthook = log_exception
    return app


def has_display() -> bool:
    """Whether Qt will find a screen: always on Windows and macOS; on Linux X11, Wayland or a platform without one."""
    if not sys.platform.startswith("linux"):
        return True
    platform = os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0]
    return platform in _DISPLAYLESS or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def has_platform_libraries() -> bool:
    """Whether Qt's X11 plug-in finds the system's libraries; Qt aborts the process where it does not."""
    platform = os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0]
    if not sys.platform.startswith("linux") or platform not in ("", "xcb") or os.environ.get("WAYLAND_DISPLAY"):
        return True
    plugin = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath)) / "platforms" / "libqxcb.so"
    try:
        ctypes.CDLL(str(plugin))
    except OSError as error:
        log.warning("Qt's window plug-in cannot be loaded: %s", error)
        return False
    return True


def log_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A bug in a slot is logged with its stack; the wall goes on."""
    if issubclass(kind, KeyboardInterrupt):
        QApplication.quit()
        return
    log.critical("unexpected error on the GUI thread", exc_info=(kind, error, trace))


class SignalWatch:
    """SIGTERM, SIGINT and SIGHUP as a call on the GUI thread: Python runs no handler while Qt waits, a socket wakes it.

    The main thread only. `close()` gives the old handlers back. `heard` is the newest signal's number."""

    def __init__(self, app: QObject, call: Callable[[], None]) -> None:
        self.heard = 0
        self._call = call
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read, app)
        self._notifier.activated.connect(self._on_woken)
        self._old_fd = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._old = hear(self._note)

    def close(self) -> None:
        """Stop listening."""
        signal.set_wakeup_fd(self._old_fd)
        for number, handler in self._old.items():
            signal.signal(number, handler)
        self._notifier.setEnabled(False)
        self._notifier.deleteLater()
        self._reader.close()
        self._writer.close()

    def _note(self, number: int, _frame: FrameType | None) -> None:
        """The wake-up socket carries the signal to the loop; this is for a run whose loop has not begun."""
        self.heard = number

    def _on_woken(self) -> None:
        numbers = self._reader.recv(64)
        if any(number in self._old for number in numbers):
            log.info("asked to stop by signal %s", sorted(set(numbers)))
            self._call()


def destroy(window: QWidget) -> None:
    """Close a window and delete it now, while Python is whole: an error's traceback may keep the Python half alive
    until the interpreter ends, and Qt then calls `event` of an object that is half gone (seen: SIGSEGV)."""
    if shiboken6.isValid(window):
        window.close()
        shiboken6.delete(window)


def grab(window: QWidget, path: Path) -> None:
    """Write a window as the operator sees it. Raises AppError(NOT_WRITTEN)."""
    if not window.grab().save(str(path), "PNG"):
        raise AppError(AppCode.NOT_WRITTEN, path=str(path))
