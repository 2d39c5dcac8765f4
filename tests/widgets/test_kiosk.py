"""A start on a monitor, with a view: what cannot be is one sentence before anything is shown."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.errors import AppCode, AppError
from app.texts import sentence
from app.wall_plans import WallStart
from storage.registry_records import SavedView
from tests.widgets.fakes import FakeDesk
from widgets import kiosk
from widgets.main_window import MainWindow

ROOT = Path(__file__).resolve().parents[2]


def test_a_kiosk_is_all_picture_on_its_monitor(qtbot: QtBot, desk: FakeDesk) -> None:
    desk.extend(saved_views=(SavedView("v1", "Gates", "grid:4", ("c3", "c1")),))
    start = WallStart(1, "gates")
    window = MainWindow(desk)
    qtbot.addWidget(window)
    kiosk.put(window, kiosk.arrangement_of(start, desk.registry()), kiosk.monitor_of(start))
    window.show()
    qtbot.waitExposed(window)
    assert window.isFullScreen()
    assert window.panel.isHidden()
    assert window.wall.arrangement.on_page == ("c3", "c1", "", "")
    assert not window.moves.take_back()
    window.close()


def test_no_wish_changes_nothing(qtbot: QtBot, desk: FakeDesk) -> None:
    start = WallStart()
    window = MainWindow(desk)
    qtbot.addWidget(window)
    kiosk.put(window, kiosk.arrangement_of(start, desk.registry()), kiosk.monitor_of(start))
    assert not window.panel.isHidden()
    assert len(window.wall.arrangement.layout) == 9
    window.close()


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("number", [0, -1, 7])
def test_a_monitor_that_is_not_there_is_refused_with_those_that_are(number: int) -> None:
    with pytest.raises(AppError) as refused:
        kiosk.monitor_of(WallStart(number))
    assert refused.value.code is AppCode.UNKNOWN_MONITOR
    assert "1: " in sentence(refused.value)


@pytest.mark.parametrize(
    ("arguments", "word"), [(["--monitor", "7"], "monitor 7"), (["--layout", "Nowhere"], "“Nowhere”")]
)
def test_the_command_line_says_it_in_one_sentence(tmp_path: Path, arguments: list[str], word: str) -> None:
    environment = {**os.environ, "WATCHFLOOR_HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "main.py", "--offscreen", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2, done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("There is no ")]
    assert len(said) == 1
    assert word in said[0]
