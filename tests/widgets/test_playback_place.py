"""Where playback lives: below the live wall, or on a monitor of its own; opened, left, closed; who sits there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QSplitter
from pytestqt.qtbot import QtBot

from app.offices import Offices
from app.sign_in import SeatChanged
from storage.records import Role
from tests.widgets.conftest import opened
from tests.widgets.fakes import FakeDesk, alarm, incident
from tests.widgets.playback_fakes import FakePlaybackDesk
from widgets.main_window import MainWindow
from widgets.playback_view import PlaybackView

Key, Modifier = Qt.Key, Qt.KeyboardModifier
ROOT = Path(__file__).resolve().parents[2]
NOW = incident(1).opened_utc_s + 86_400


@pytest.fixture
def played(desk: FakeDesk) -> FakePlaybackDesk:
    made = FakePlaybackDesk(desk.registry())
    desk.offices = Offices(playback=made, zone=ZoneInfo("Europe/Kyiv"))
    return made


@pytest.fixture
def window(qtbot: QtBot, desk: FakeDesk, played: FakePlaybackDesk) -> Iterator[MainWindow]:
    made = opened(qtbot, desk)
    made.playback._now = lambda: NOW
    QTest.keyClick(made.wall, Key.Key_2, Modifier.AltModifier)
    yield made
    made.close()


def press(window: MainWindow, pressed: Qt.Key, modifier: Qt.KeyboardModifier = Modifier.NoModifier) -> None:
    QTest.keyClick(window.focusWidget(), pressed, modifier)


def view_of(window: MainWindow, qtbot: QtBot) -> PlaybackView:
    view = window.playback.view
    assert view is not None
    qtbot.waitUntil(view.wall.hasFocus)
    return view


def test_f10_opens_it_below_the_live_wall_a_minute_ago(
    window: MainWindow, played: FakePlaybackDesk, qtbot: QtBot
) -> None:
    press(window, Key.Key_Right)
    press(window, Key.Key_F10)
    view = view_of(window, qtbot)
    ((cameras, utc_s, _reason, _case),) = played.opened
    assert cameras == ("c1", "c2", "c3", "c4")
    assert utc_s == NOW - 60
    assert view.wall.arrangement.focused == "c2"
    assert view.isVisible()
    assert window.wall.isVisible()
    live, past = (w.mapToGlobal(w.rect().topLeft()).y() for w in (window.wall, view))
    assert past >= live + window.wall.height()
    assert window.wall.height() >= 180
    assert len(window.wall.tiles) == 4
    assert played.sessions[0].asked[-1] == ("play", 1.0)


def test_f10_moves_the_keyboard_there_and_back(window: MainWindow, played: FakePlaybackDesk, qtbot: QtBot) -> None:
    press(window, Key.Key_F10)
    view = view_of(window, qtbot)
    press(window, Key.Key_F10)
    qtbot.waitUntil(window.wall.hasFocus)
    press(window, Key.Key_F10)
    qtbot.waitUntil(view.wall.hasFocus)
    assert len(played.opened) == 1


def test_escape_leaves_step_by_step_and_keeps_it_open(
    window: MainWindow, qtbot: QtBot, played: FakePlaybackDesk
) -> None:
    press(window, Key.Key_F10)
    view = view_of(window, qtbot)
    press(window, Key.Key_Return)
    assert view.wall.arrangement.enlarged
    press(window, Key.Key_Escape)
    assert not view.wall.arrangement.enlarged
    assert view.wall.hasFocus()
    press(window, Key.Key_Escape)
    qtbot.waitUntil(window.wall.hasFocus)
    assert window.playback.view is view
    assert not played.sessions[0].closed


@pytest.mark.parametrize(
    ("pressed", "modifier"), [(Key.Key_W, Modifier.ControlModifier), (Key.Key_Escape, Modifier.ShiftModifier)]
)
def test_it_is_closed_and_gives_everything_back(
    window: MainWindow, played: FakePlaybackDesk, qtbot: QtBot, pressed: Qt.Key, modifier: Qt.KeyboardModifier
) -> None:
    height = window.wall.height()
    press(window, Key.Key_F10)
    view_of(window, qtbot)
    press(window, pressed, modifier)
    qtbot.waitUntil(window.wall.hasFocus)
    session = played.sessions[0]
    assert (window.playback.view, session.closed) == (None, True)
    assert all(feed.closed for feed in session.feeds.values())
    qtbot.waitUntil(lambda: window.wall.height() == height)
    press(window, Key.Key_F10)
    assert len(played.sessions) == 2


def test_escape_goes_back_to_the_page_where_a_moment_was_chosen(window: MainWindow, qtbot: QtBot) -> None:
    page = window.panel.keys
    window.page_keys.enter_page(page)
    window.playback.show_moment("c2", NOW - 30)
    view = view_of(window, qtbot)
    press(window, Key.Key_Escape)
    qtbot.waitUntil(lambda: page.hasFocus() or page.isAncestorOf(window.focusWidget()))
    press(window, Key.Key_F10)
    qtbot.waitUntil(view.wall.hasFocus)
    press(window, Key.Key_Escape)  # called from there, not sent from there
    qtbot.waitUntil(window.wall.hasFocus)


def test_the_line_between_live_and_playback_stays_where_it_was_drawn(
    window: MainWindow, played: FakePlaybackDesk, qtbot: QtBot
) -> None:
    press(window, Key.Key_F10)
    view_of(window, qtbot)
    before = window.wall.height()
    column = window.wall.parentWidget()
    assert isinstance(column, QSplitter)
    column.setSizes([before + 60, column.height() - before - 60])
    drawn = window.wall.height()
    assert drawn > before
    window.playback.close()
    window.playback.toggle()
    qtbot.waitUntil(lambda: abs(window.wall.height() - drawn) <= 5)


def test_nobody_who_may_not_sees_what_another_looked_back_at(
    window: MainWindow, played: FakePlaybackDesk, qtbot: QtBot
) -> None:
    window.playback.show_seat(SeatChanged("anna", "Anna", Role.OPERATOR))
    press(window, Key.Key_F10)
    view_of(window, qtbot)
    window.playback.show_seat(SeatChanged("anna", "Anna", Role.OPERATOR))
    assert window.playback.view is not None
    window.playback.show_seat(SeatChanged("boris", "Boris", Role.OPERATOR))
    assert window.playback.view is None
    assert played.sessions[0].closed
    press(window, Key.Key_F10)
    view_of(window, qtbot)
    window.playback.show_seat(SeatChanged("boris", "Boris", Role.OPERATOR, locked=True))
    assert window.playback.view is None


def test_shift_f10_goes_to_the_incident_with_its_case(
    window: MainWindow, desk: FakeDesk, played: FakePlaybackDesk, qtbot: QtBot
) -> None:
    desk.change(incidents=(incident(7),))
    qtbot.waitUntil(lambda: window.panel.incident.incident is not None)
    played.free_from_s = 1e12  # everything needs a reason: the case is one
    press(window, Key.Key_F10, Modifier.ShiftModifier)
    view = view_of(window, qtbot)
    opened_utc_s = incident(7).opened_utc_s
    assert played.opened == [(("c7", "c1", "c2", "c3", "c4"), opened_utc_s - 5, "", "i7")]
    assert view.wall.arrangement.focused == "c7"


def test_shift_f10_goes_to_the_alarm_that_is_selected(
    window: MainWindow, desk: FakeDesk, played: FakePlaybackDesk, qtbot: QtBot
) -> None:
    desk.change(alarms=(alarm(3),))
    qtbot.waitUntil(lambda: len(window.panel.board.view.standing) == 1)
    press(window, Key.Key_F10)
    view = view_of(window, qtbot)
    window.panel.alarms.enter()
    qtbot.waitUntil(lambda: window.panel.alarms.selected is not None and window.panel.alarms.hasFocus())
    press(window, Key.Key_F10, Modifier.ShiftModifier)
    qtbot.waitUntil(view.wall.hasFocus)
    assert ("seek", alarm(3).first_utc_s - 5) in played.sessions[0].asked
    assert view.wall.arrangement.focused == "c3"


def test_an_old_alarm_is_played_once_a_reason_is_given(
    window: MainWindow, desk: FakeDesk, played: FakePlaybackDesk, qtbot: QtBot
) -> None:
    desk.change(alarms=(alarm(3),))
    qtbot.waitUntil(lambda: len(window.panel.board.view.standing) == 1)
    played.free_from_s = NOW - 600
    window.panel.alarms.enter()
    qtbot.waitUntil(lambda: window.panel.alarms.selected is not None and window.panel.alarms.hasFocus())
    press(window, Key.Key_F10, Modifier.ShiftModifier)
    view = window.playback.view
    assert view is not None
    qtbot.waitUntil(view.reason.field.hasFocus)
    assert not [order for order in played.sessions[0].asked if order[0] == "seek"]
    QTest.keyClicks(view.reason.field, "theft")
    QTest.keyClick(view.reason.field, Key.Key_Return)
    assert played.sessions[0].asked[-2:] == [("because", "theft", ""), ("seek", alarm(3).first_utc_s - 5)]


def test_what_cannot_be_played_is_said(window: MainWindow, desk: FakeDesk, played: FakePlaybackDesk) -> None:
    press(window, Key.Key_F10, Modifier.ShiftModifier)
    assert "Neither an alarm nor an incident" in window.panel.toast.text
    played.full = True
    press(window, Key.Key_F10)
    assert "Nothing can be played" in window.panel.toast.text
    desk.offices = Offices()
    press(window, Key.Key_F10)
    assert "not available" in window.panel.toast.text
    assert window.playback.view is None


def test_from_a_wall_window_it_plays_that_windows_cameras_and_gives_the_keyboard_back(
    window: MainWindow, played: FakePlaybackDesk, qtbot: QtBot
) -> None:
    press(window, Key.Key_F6)
    second = window.walls.windows[0]
    qtbot.waitUntil(second.wall.hasFocus)
    QTest.keyClick(second.wall, Key.Key_F10)
    view = window.playback.view
    assert view is not None
    qtbot.waitUntil(lambda: view.has_keyboard)
    assert played.opened[0][0] == ("c5", "c6", "c7", "c8")
    QTest.keyClick(view.wall, Key.Key_Escape)
    qtbot.waitUntil(second.wall.hasFocus)


def test_the_window_may_close_while_it_plays(qtbot: QtBot, desk: FakeDesk, played: FakePlaybackDesk) -> None:
    made = opened(qtbot, desk)
    press(made, Key.Key_F10)
    view_of(made, qtbot)
    made.close()
    assert played.sessions[0].closed


@pytest.fixture(scope="module")
def monitors(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `playback_screens` saw, in a process of its own: the screens are given before Qt begins."""
    folder = tmp_path_factory.mktemp("monitors")
    command = [sys.executable, "-m", "tests.widgets.playback_screens", str(folder)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_a_free_monitor_is_its_own(monitors: dict[str, Any]) -> None:
    told = monitors["opened"]
    assert (told["screen"], told["full"], told["keyboard"]) == ("RIGHT", True, True)
    assert told["live_height"] == monitors["before"]["live_height"]


def test_it_moves_below_the_live_wall_and_back(monitors: dict[str, Any]) -> None:
    assert (monitors["docked"]["screen"], monitors["docked"]["docked"]) == ("LEFT", True)
    assert (monitors["again"]["screen"], monitors["again"]["docked"]) == ("RIGHT", False)


def test_keys_of_the_window_act_from_its_monitor_too(monitors: dict[str, Any]) -> None:
    assert monitors["keys"] is True


def test_it_comes_below_the_live_wall_when_its_monitor_goes(monitors: dict[str, Any]) -> None:
    assert (monitors["unplugged"]["screen"], monitors["unplugged"]["docked"]) == ("LEFT", True)


def test_a_monitor_with_live_pictures_is_never_taken(monitors: dict[str, Any]) -> None:
    assert monitors["taken"]["docked"] is True


def test_closing_its_window_closes_the_playback(monitors: dict[str, Any]) -> None:
    assert monitors["closed"] == [True, True]
