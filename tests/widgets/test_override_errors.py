"""What an override of Qt's raises is told, and the process lives: in a process of its own, which died before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
import widgets.bridge
import shiboken6
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication, QWidget

class Pane(QWidget):
    def resizeEvent(self, event):
        int("a")

class Filter(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Show:
            gone = QTimer()
            shiboken6.delete(gone)
            gone.stop()
        return False

app = QApplication(["-platform", "offscreen"])
told = []
sys.excepthook = lambda kind, error, trace: told.append(str(error))
pane, plain, watching = Pane(), QWidget(), Filter()
plain.installEventFilter(watching)
QTimer.singleShot(0, pane.show)
QTimer.singleShot(0, plain.show)
QTimer.singleShot(0, app.quit)
app.exec()
print(told)
"""


def test_an_override_that_fails_is_told_and_ends_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "invalid literal" in done.stdout
    assert "already deleted" in done.stdout
