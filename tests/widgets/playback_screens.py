"""A child process of `test_playback_place`: two monitors, playback opened on the free one, moved, unplugged, closed.

Prints one JSON object. Every step waits for what it needs, up to a deadline.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SCREENS = (
    {"name": "LEFT", "x": 0, "y": 0, "width": 1600, "height": 900},
    {"name": "RIGHT", "x": 1600, "y": 0, "width": 1280, "height": 720},
)
_PATIENCE_S = 30.0


def main(folder: Path) -> dict[str, Any]:
    """Everything in order, as an operator would see it."""
    screens = [{"logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1, **screen} for screen in SCREENS]
    (folder / "screens.json").write_text(json.dumps({"screens": screens}), encoding="utf-8")
    os.environ["QT_QPA_PLATFORM"] = f"offscreen:configfile={folder / 'screens.json'}"

    from PySide6.QtCore import Qt
    from PySide6.QtGui import QGuiApplication
    from PySide6.QtTest import QTest

    from app.offices import Offices
    from tests.widgets.fakes import FakeDesk
    from tests.widgets.playback_fakes import FakePlaybackDesk
    from widgets.application import create_application, destroy
    from widgets.main_window import MainWindow

    app = create_application(offscreen=True)
    desk = FakeDesk(9)
    played = FakePlaybackDesk(desk.registry())
    desk.offices = Offices(playback=played)
    window = MainWindow(desk)
    dock = window.playback
    window.setGeometry(QGuiApplication.screens()[0].geometry())
    window.show()

    def until(condition: Callable[[], bool]) -> None:
        end = time.monotonic() + _PATIENCE_S
        while not condition():
            assert time.monotonic() < end, "it did not come true"
            app.processEvents()

    def told() -> dict[str, Any]:
        view = dock.view
        return {
            "screen": view.screen().name() if view is not None else "",
            "docked": view is not None and view.window() is window,
            "full": view is not None and view.window().isFullScreen(),
            "keyboard": view is not None and view.has_keyboard,
            "live_height": window.wall.height(),
        }

    window.activateWindow()
    window.wall.setFocus()
    until(window.wall.hasFocus)
    found: dict[str, Any] = {"before": told()}
    QTest.keyClick(window.wall, Qt.Key.Key_F10)
    until(lambda: dock.view is not None and dock.view.has_keyboard)
    found["opened"] = told()
    assert dock.window is not None
    assert dock.view is not None
    QTest.keyClick(dock.view.wall, Qt.Key.Key_F1)
    until(lambda: window.panel.pages.currentWidget() is window.panel.keys and window.isActiveWindow())
    found["keys"] = True
    dock.enter()
    until(lambda: dock.view is not None and dock.view.has_keyboard)
    QTest.keyClick(dock.view.wall, Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
    until(lambda: told()["docked"] and told()["keyboard"])
    found["docked"] = told()
    dock.move_on()
    until(lambda: not told()["docked"] and told()["keyboard"])
    found["again"] = told()
    app.screenRemoved.emit(QGuiApplication.screens()[1])
    until(lambda: bool(told()["docked"]))
    found["unplugged"] = told()
    dock.close()
    window.walls.open_next()
    dock.toggle()
    found["taken"] = told()
    dock.close()
    window.walls.windows[0].close()
    dock.toggle()
    until(lambda: dock.window is not None and dock.window.isVisible())
    assert dock.window is not None
    dock.window.close()
    found["closed"] = [dock.view is None, played.sessions[-1].closed]
    window.close()
    destroy(window)
    return found


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
