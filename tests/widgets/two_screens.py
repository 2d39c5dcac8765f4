"""A child process of `test_wall_windows`: two monitors of different pixel ratio, windows opened, lost and restored.

Prints one JSON object; pictures go to the folder that is given.
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
    {"name": "LEFT", "x": 0, "y": 0, "width": 1600, "height": 900, "logicalDpi": 96},
    {"name": "RIGHT", "x": 1600, "y": 0, "width": 2560, "height": 1440, "logicalDpi": 192},
)
"""In device pixels. The platform's own `dpr` reaches its screens but not the windows on them; the DPI does."""


_TURNS, _TURN_S = 40, 0.015
"""Of the event loop, and the pause after each: so many come on a busy machine too."""


def main(folder: Path) -> dict[str, Any]:
    """Everything in order, as an operator would see it."""
    screens = [{"logicalBaseDpi": 96, "dpr": 1, **screen} for screen in SCREENS]
    (folder / "screens.json").write_text(json.dumps({"screens": screens}), encoding="utf-8")
    os.environ["QT_QPA_PLATFORM"] = f"offscreen:configfile={folder / 'screens.json'}"

    from PySide6.QtGui import QGuiApplication, QScreen

    from app.wall_plans import WallStart
    from app.wall_store import WallStore
    from tests.widgets.fakes import FakeDesk, FakeFeed
    from widgets import kiosk
    from widgets.application import create_application, destroy, grab
    from widgets.main_window import MainWindow

    class MovingDesk(FakeDesk):
        """Every feed has pictures, also the second of a camera."""

        def feed(self, camera_id: str) -> FakeFeed:
            made = super().feed(camera_id)
            made.running = True
            return made

    app = create_application(offscreen=True)
    desk, store = MovingDesk(16), WallStore(folder / "wall_windows.toml", _at_once)

    def settle() -> None:
        for _turn in range(_TURNS):
            app.processEvents()
            time.sleep(_TURN_S)

    def right() -> QScreen:
        """Asked for anew each time: PySide drops a QScreen's Python half with a window that was asked for it."""
        return QGuiApplication.screens()[1]

    window = MainWindow(desk)
    window.setGeometry(QGuiApplication.screens()[0].geometry())
    window.show()
    window.walls.restore(store)
    window.walls.open_next()
    window.layouts.choose_grid(window.walls.windows[0].wall, 4)
    settle()
    found: dict[str, Any] = {"opened": _told(window)}
    for number, one in enumerate((window, *window.walls.windows), 1):
        grab(one, folder / f"wall-{number}.png")
    window.walls.move_on(window.walls.windows[0])
    settle()
    found["moved"] = _told(window)
    window.walls.move_on(window.walls.windows[0])
    window.walls.windows[0].toggle_full_screen()
    settle()
    found["part"] = _told(window)
    window.walls.windows[0].toggle_full_screen()
    settle()
    app.screenRemoved.emit(right())
    settle()
    found["unplugged"] = _told(window)
    app.screenAdded.emit(right())
    settle()
    found["back"] = _told(window)
    window.close()
    destroy(window)
    again = MainWindow(desk)
    again.show()
    again.walls.restore(store)
    settle()
    found["restored"] = _told(again)
    again.close()
    destroy(again)
    filling = MainWindow(desk)
    start = WallStart(2, "4")
    kiosk.put(filling, kiosk.arrangement_of(start, desk.registry()), kiosk.monitor_of(start))
    filling.show()
    filling.walls.restore(store)
    settle()
    found["kiosk"] = _told(filling)
    filling.close()
    destroy(filling)
    last = MainWindow(desk)
    last.show()
    last.walls.restore(store)
    last.walls.windows[0].close()
    settle()
    last.close()
    destroy(last)
    found["remembered"] = len(store.load())
    return found


def _told(window: Any) -> list[dict[str, Any]]:
    return [
        {
            "screen": one.screen().name(),
            "full": one.isFullScreen(),
            "ratio": one.devicePixelRatioF(),
            "size": [one.width(), one.height()],
            "tiles": [tile.feed.camera.id for tile in one.wall.tiles],
            "wanted": list(one.wall.tiles[0].feed.wanted) if one.wall.tiles else [],
        }
        for one in (window, *window.walls.windows)
    ]


def _at_once(work: Callable[[], None]) -> bool:
    work()
    return True


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
