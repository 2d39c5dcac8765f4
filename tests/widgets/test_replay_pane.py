"""Instant replay by real keys and clicks, on the real window over fake players."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from detection.detector import Track, TrackSet
from storage.records import Box, IncidentState
from tests.widgets.fakes import FakeDesk, FakeReplay, incident
from video.playback import Hole, PlaybackState, PlaybackStatus
from widgets import theme
from widgets.main_window import MainWindow
from widgets.replay_pane import ReplayPane
from widgets.words import replay_text, speed_text

Key = Qt.Key


def press(window: MainWindow, pressed: Qt.Key) -> None:
    QTest.keyClick(window.focusWidget(), pressed)


def opened(window: MainWindow, desk: FakeDesk) -> tuple[ReplayPane, FakeReplay]:
    press(window, Key.Key_R)
    return window.panel.replay, desk.replays[-1]


def test_r_opens_a_replay_of_the_focused_camera_beside_its_live_picture(
    qtbot: QtBot, window: MainWindow, desk: FakeDesk
) -> None:
    press(window, Key.Key_Right)
    pane, replay = opened(window, desk)
    assert replay.camera.id == window.wall.arrangement.focused == "c2"
    assert replay.asked == [("open", 10)]
    assert pane.isVisible()
    assert pane.title.text() == "2 Central station / buses"
    assert len(window.wall.tiles) == 9
    assert not pane.geometry().intersects(window.panel.pages.geometry())
    assert replay.wanted == pane.view.box
    assert replay.wanted[1] >= 150
    assert window.wall.hasFocus()


def test_r_again_goes_further_back_and_round(window: MainWindow, desk: FakeDesk) -> None:
    _pane, replay = opened(window, desk)
    for _press in range(3):
        press(window, Key.Key_R)
    steps = [step for step in replay.asked if step[0] != "speed"]
    assert steps == [("open", 10), ("go_back", 30), ("go_back", 60), ("go_back", 10)]
    assert len(desk.replays) == 1


def test_r_on_another_camera_replaces_the_replay(window: MainWindow, desk: FakeDesk) -> None:
    _pane, first = opened(window, desk)
    press(window, Key.Key_Right)
    press(window, Key.Key_R)
    assert first.closed
    assert [replay.camera.id for replay in desk.replays] == ["c1", "c2"]
    assert desk.replays[1].asked == [("open", 10)]


def test_keys_pause_step_and_change_the_speed(window: MainWindow, desk: FakeDesk) -> None:
    _pane, replay = opened(window, desk)
    replay.show(10)
    replay.asked.clear()
    for key in (Key.Key_K, Key.Key_Comma, Key.Key_Period, Key.Key_K):
        press(window, key)
    for _press in range(4):
        press(window, Key.Key_BracketLeft)
    for _press in range(6):
        press(window, Key.Key_BracketRight)
    speeds = [0.5, 0.25, 0.5, 1.0, 2.0, 4.0]
    assert replay.asked == [
        ("pause", True), ("step", -1), ("step", 1), ("pause", False), *(("speed", speed) for speed in speeds)
    ]  # fmt: skip


def test_keys_do_nothing_without_a_replay(window: MainWindow, desk: FakeDesk) -> None:
    for key in (Key.Key_K, Key.Key_Comma, Key.Key_Period, Key.Key_BracketLeft, Key.Key_BracketRight):
        press(window, key)
    assert not window.panel.replay.isVisible()
    assert desk.replays == []


def test_escape_closes_the_replay_before_it_goes_back_further(window: MainWindow, desk: FakeDesk) -> None:
    press(window, Key.Key_Return)
    pane, replay = opened(window, desk)
    press(window, Key.Key_7)
    press(window, Key.Key_Escape)
    assert (window.wall.entry, pane.isVisible()) == ("", True)
    press(window, Key.Key_Escape)
    assert (replay.closed, pane.isVisible(), window.wall.arrangement.enlarged) == (True, False, True)
    press(window, Key.Key_Escape)
    assert not window.wall.arrangement.enlarged


def test_escape_in_an_outcome_leaves_the_replay_alone(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    desk.change((), (incident(1, IncidentState.VERIFIED),))
    qtbot.waitUntil(window.panel.incident.close_button.isEnabled)
    pane, _replay = opened(window, desk)
    for key in (Key.Key_C, Key.Key_Escape):
        press(window, key)
    assert pane.isVisible()
    for key in (Key.Key_C, Key.Key_H, Key.Key_Escape):
        press(window, key)
    assert pane.isVisible()
    assert not window.panel.incident.choice.isVisible()


def test_it_always_says_that_it_is_not_live(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    pane, replay = opened(window, desk)
    assert pane.view.plate == "REPLAY …"
    replay.show(12)
    qtbot.waitUntil(lambda: pane.view.plate in {f"REPLAY −{s} s" for s in range(12, 90)})
    assert pane.clock.text().endswith("1x")
    assert time.strftime("%H:%M", time.localtime(replay.player.utc_s)) in pane.clock.text()
    press(window, Key.Key_K)
    qtbot.waitUntil(lambda: pane.view.plate.endswith("PAUSED"))
    image = pane.view.grab().toImage()
    assert image.pixelColor(1, 1).name() == theme.PURPLE
    assert image.pixelColor(image.width() // 2, image.height() // 4).name() != theme.WALL


def test_gaps_and_missing_footage_are_told(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    pane, replay = opened(window, desk)
    now_utc_s = time.time()
    replay.show(20, Hole(now_utc_s - 40, now_utc_s - 24))
    qtbot.waitUntil(lambda: "No footage" in pane.view.line)
    assert "(16 s)" in pane.view.line
    replay.player = PlaybackStatus(PlaybackState.EMPTY, None, 1.0)
    qtbot.waitUntil(lambda: pane.view.line == "No footage of this time.")
    assert pane.view.plate == "REPLAY"


def test_buttons_do_what_their_keys_do(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    pane, replay = opened(window, desk)
    replay.show(10)
    buttons = {button.text().split("  ")[0]: button for button in pane.findChildren(QPushButton)}
    for sign in ("R", "K", ",", ".", "[", "Esc"):
        QTest.mouseClick(buttons[sign], Qt.MouseButton.LeftButton)
    assert [name for name, _value in replay.asked[1:]] == ["speed", "go_back", "pause", "step", "step", "speed"]
    assert replay.closed


def test_a_refused_replay_is_a_sentence(window: MainWindow, desk: FakeDesk) -> None:
    desk.replay_refused = True
    press(window, Key.Key_R)
    assert not window.panel.replay.isVisible()
    assert "replay" in window.panel.toast.text


def test_the_panel_comes_back_for_a_replay(window: MainWindow, desk: FakeDesk) -> None:
    press(window, Key.Key_F9)
    opened(window, desk)
    assert window.panel.isVisible()


def test_a_held_key_opens_one_replay(window: MainWindow, desk: FakeDesk) -> None:
    assert not window.actions_by_name["replay"].autoRepeat()
    assert not window.actions_by_name["acknowledge"].autoRepeat()
    assert window.actions_by_name["replay_back"].autoRepeat()


def test_r_begins_at_normal_speed(window: MainWindow, desk: FakeDesk) -> None:
    _pane, replay = opened(window, desk)
    press(window, Key.Key_BracketRight)
    press(window, Key.Key_R)
    assert replay.asked[-2:] == [("speed", 1.0), ("go_back", 30)]


def test_an_open_replay_shrinks_with_the_window(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    desk.change((), (incident(1, IncidentState.VERIFIED),))
    qtbot.waitUntil(window.panel.incident.close_button.isEnabled)
    window.resize(1920, 1080)
    opened(window, desk)
    assert window.panel.incident.still.isVisible()
    qtbot.waitUntil(lambda: window.minimumSizeHint().height() <= 720)
    window.resize(1280, 720)
    QApplication.processEvents()
    assert (window.width(), window.height()) == (1280, 720)
    assert not window.panel.incident.still.isVisible()
    press(window, Key.Key_Escape)
    assert window.panel.incident.still.isVisible()


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (2560, 1440)])
def test_it_has_room_at_every_size(qtbot: QtBot, window: MainWindow, desk: FakeDesk, size: tuple[int, int]) -> None:
    desk.change((), (incident(1, IncidentState.VERIFIED),))
    qtbot.waitUntil(window.panel.incident.close_button.isEnabled)
    window.resize(*size)
    pane, replay = opened(window, desk)
    qtbot.waitUntil(lambda: pane.view.height() >= 150)
    assert (window.width(), window.height()) == size
    assert replay.wanted == pane.view.box
    for button in pane.findChildren(QPushButton):
        assert button.fontMetrics().horizontalAdvance(button.text()) <= button.width() - 4, button.text()
    press(window, Key.Key_C)
    press(window, Key.Key_H)
    QApplication.processEvents()
    assert (window.width(), window.height()) == size


def test_signs_work_under_a_cyrillic_layout(window: MainWindow, desk: FakeDesk) -> None:
    """As Windows sends the key that has a comma printed on it."""
    _pane, replay = opened(window, desk)
    pressed = QKeyEvent(QEvent.Type.KeyPress, 0x0411, Qt.KeyboardModifier.NoModifier, 0, 0xBC, 0, "Б")
    QApplication.sendEvent(window.wall, pressed)
    assert replay.asked[-1] == ("step", -1)


def test_closing_the_window_ends_the_replay(window: MainWindow, desk: FakeDesk) -> None:
    _pane, replay = opened(window, desk)
    window.close()
    assert replay.closed


def test_words() -> None:
    assert [speed_text(speed) for speed in (0.25, 0.5, 1, 2, 4)] == ["1/4x", "1/2x", "1x", "2x", "4x"]
    assert replay_text(PlaybackStatus(PlaybackState.PLAYING, 100.0, 1.0), 133.4) == "REPLAY −33 s"


def test_boxes_are_drawn_over_it_and_go_with_the_key_of_the_wall(
    qtbot: QtBot, window: MainWindow, desk: FakeDesk
) -> None:
    pane, replay = opened(window, desk)
    replay.show(10)
    qtbot.waitUntil(lambda: pane.view.picture is not None)
    plain = pane.view.grab().toImage()
    track = Track(1, Box(0.3, 0.3, 0.5, 0.9), "person", 0.8, (0.0, 0.0), 0.0, 0.0)
    picture = pane.view.picture
    assert picture is not None
    replay.tracked = TrackSet("c1", 0.0, (replace(track, last_utc_s=picture.utc_s),))
    qtbot.waitUntil(lambda: pane.view.grab().toImage() != plain)
    press(window, Key.Key_O)
    qtbot.waitUntil(lambda: pane.view.scene is None)
    press(window, Key.Key_O)
    qtbot.waitUntil(lambda: pane.view.scene is not None)
