"""Zones, masks and people drawn by keyboard alone in the real program: kept by the journal, obeyed at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from app.runtime import Runtime, RuntimePlan
from storage.folders import Folders
from storage.journal import Registry
from storage.records import Camera
from storage.settings import RecordingSettings, Settings
from tests.e2e.open_window import opened, running
from tests.video.conftest import make_clip
from widgets.main_window import MainWindow

Key = Qt.Key
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    camera = Camera("c1", 1, "Gate", str(make_clip(tmp_path / "clip.mp4")))
    folders = Folders.under(tmp_path / "home").ensure()
    settings = Settings(recording=RecordingSettings(enabled=False))
    made = Runtime(RuntimePlan(folders, settings, (camera,)))
    with running(made):
        yield made


@pytest.fixture
def window(qtbot: QtBot, runtime: Runtime) -> Iterator[MainWindow]:
    with opened(qtbot, runtime, lambda made: made.wall.live_count() == 1) as made:
        yield made


def test_what_is_drawn_is_kept_obeyed_and_undone(qtbot: QtBot, window: MainWindow, runtime: Runtime) -> None:
    def draw(letter: Qt.Key) -> None:
        window.wall.setFocus()
        QTest.keyClick(window.wall, Key.Key_O, SHIFT)
        QTest.keyClick(window.panel.choice, letter)
        canvas = window.zones.canvas
        assert canvas is not None
        for _press in range(3):
            QTest.keyClick(canvas, Key.Key_Insert)
        QTest.keyClick(canvas, Key.Key_Down, SHIFT)
        assert not any(isinstance(one, QDialog) and one.isVisible() for one in QApplication.topLevelWidgets())
        QTest.keyClick(canvas, Key.Key_Return)
        qtbot.waitUntil(lambda: window.zones.canvas is None)

    def known() -> Registry:
        return runtime.desk.registry()

    for letter in (Key.Key_L, Key.Key_P, Key.Key_M):
        draw(letter)
    qtbot.waitUntil(lambda: len(known().privacy_masks) == 1)
    (line,), (scale,) = known().zones, known().camera_scales
    assert (line.camera_id, line.kind, len(line.points)) == ("c1", "line", 3)
    assert (scale.id, len(scale.people)) == ("c1", 3)
    tile = window.wall.tiles[0]
    qtbot.waitUntil(lambda: tile.masking.word == "MASKED" and tile.feed.zones == (line,))
    QTest.keyClick(window.wall, Key.Key_Z, CTRL)
    qtbot.waitUntil(lambda: known().privacy_masks == ())
    qtbot.waitUntil(lambda: tile.masking.word == "")
    assert runtime.archive.journal.verify().ok
