"""The wall that one writes first, as a reference: a QThread with cv2.VideoCapture per camera, a QLabel per tile.

A queued signal carries every frame. Prints one JSON line: the largest count of streams of which over 99 % of the
pictures were painted.

Run as a process of its own (`python -m benchmarks.naive_wall CLIP...`): cv2 brings its own Qt.
"""

from __future__ import annotations

import json
import os
import sys
import time

from PySide6.QtCore import QEventLoop, Qt, QThread, QTimer, Signal
from PySide6.QtGui import QImage, QPaintEvent, QPixmap
from PySide6.QtWidgets import QApplication, QGridLayout, QLabel, QWidget

COUNTS = (4, 9, 16, 25, 36, 49, 64)
SECONDS = 6
ENOUGH = 0.99
_FPS = 15


class _Reader(QThread):
    """Reads one file at its own pace, again and again."""

    frame_read = Signal(QImage)

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path
        self.running = True

    def run(self) -> None:
        """Read, convert, send."""
        import cv2

        start_s, number = time.monotonic(), 0
        while self.running:
            capture = cv2.VideoCapture(self._path)
            while self.running:
                found, frame = capture.read()
                if not found:
                    break
                rgb = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
                height, width = rgb.shape[:2]
                self.frame_read.emit(QImage(rgb.data, width, height, width * 3, QImage.Format.Format_RGB888).copy())
                number += 1
                time.sleep(max(0.0, start_s + number / _FPS - time.monotonic()))
            capture.release()


class _Tile(QLabel):
    """Shows the last frame; counts what was painted."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.painted = 0
        self._fresh = False

    def show_frame(self, image: QImage) -> None:
        """Scale and set, as the tutorials do."""
        pixmap = QPixmap.fromImage(image)
        self.setPixmap(pixmap.scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio))
        self._fresh = True

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint and count."""
        super().paintEvent(event)
        self.painted += self._fresh
        self._fresh = False


def shown(paths: list[str], count: int) -> float:
    """Pictures painted / pictures due of `count` streams in six seconds, after one second to settle."""
    window = QWidget()
    window.resize(1920, 1080)
    grid = QGridLayout(window)
    side = round(count**0.5)
    tiles = [_Tile(window) for _number in range(count)]
    readers = [_Reader(paths[number % len(paths)]) for number in range(count)]
    for number, (tile, reader) in enumerate(zip(tiles, readers, strict=True)):
        tile.setMinimumSize(40, 24)
        grid.addWidget(tile, number // side, number % side)
        reader.frame_read.connect(tile.show_frame)
    window.show()
    for reader in readers:
        reader.start()
    _spin(1.0)
    before, start_s = sum(t.painted for t in tiles), time.monotonic()
    _spin(SECONDS)
    painted, elapsed_s = sum(t.painted for t in tiles) - before, time.monotonic() - start_s
    for reader in readers:
        reader.running = False
    for reader in readers:
        reader.wait()
    window.close()
    _spin(0.2)
    return painted / (count * _FPS * elapsed_s)


def _spin(seconds: float) -> None:
    loop = QEventLoop()
    QTimer.singleShot(int(seconds * 1000), loop.quit)
    loop.exec()


def main(paths: list[str]) -> None:
    """Try the counts until one fails."""
    application = QApplication(["naive"])
    import cv2  # noqa: F401 - loaded before the clock runs, and after Qt has found its plug-ins

    for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
        os.environ.pop(name, None)
    ratios: dict[str, float] = {}
    capacity = 0
    for count in COUNTS:
        ratios[f"shown_ratio_{count}"] = round(shown(paths, count), 4)
        if ratios[f"shown_ratio_{count}"] <= ENOUGH:
            break
        capacity = count
    application.quit()
    print(json.dumps({"streams": capacity, **ratios}))


if __name__ == "__main__":
    main(sys.argv[1:])
