"""A start as a kiosk: the wall full screen on a given monitor, without panel, with a given view. GUI thread only."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication, QScreen

from app.errors import AppCode, AppError
from app.layouts import Arrangement
from app.wall_plans import WallStart, start_of
from storage.journal import Registry
from widgets.main_window import MainWindow


def monitor_of(start: WallStart) -> QScreen | None:
    """The monitor that is meant, None without one. Raises AppError(UNKNOWN_MONITOR)."""
    if start.monitor is None:
        return None
    screens = QGuiApplication.screens()
    if not 1 <= start.monitor <= len(screens):
        known = ", ".join(f"{number}: {_described(screen)}" for number, screen in enumerate(screens, 1))
        raise AppError(AppCode.UNKNOWN_MONITOR, name=start.monitor, known=known)
    return screens[start.monitor - 1]


def arrangement_of(start: WallStart, registry: Registry) -> Arrangement | None:
    """What the wall begins with, None without a wish. Raises AppError(UNKNOWN_LAYOUT)."""
    if not start.layout:
        return None
    cameras = sorted(registry.cameras, key=lambda camera: camera.number)
    return start_of(registry, start.layout, tuple(camera.id for camera in cameras))


def put(window: MainWindow, arrangement: Arrangement | None, screen: QScreen | None) -> None:
    """Before the window is shown. On a monitor it is all picture; F9 brings the panel."""
    if arrangement is not None:
        window.wall.arrange(arrangement)
        window.moves.begin()
    if screen is not None:
        window.panel.hide()
        window.setScreen(screen)
        window.setGeometry(screen.geometry())
        window.toggle_full_screen()


def _described(screen: QScreen) -> str:
    """Name and size in pixels of the monitor."""
    size, ratio = screen.size(), screen.devicePixelRatio()
    return f"{screen.name()} {round(size.width() * ratio)}x{round(size.height() * ratio)}"
