"""Role cells in the window by real keys: what they show and why, what is never taken, tours, own viewing figures."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.alarm_tiles import DWELL_S
from app.attention import DWELL_S as ATTENTION_S
from app.layouts import CellRole
from app.offices import Offices
from app.sign_in import SeatChanged
from app.wall_tours import DWELL_S as TOUR_S
from storage.records import Alarm, IncidentState, Role, Severity
from storage.registry_records import SavedView, Tour
from storage.settings import WallSettings
from tests.widgets import fakes
from tests.widgets.conftest import opened
from tests.widgets.fakes import FakeDesk
from widgets.main_window import MainWindow
from widgets.role_tiles import RoleTiles

Key = Qt.Key
ALT, SHIFT, CTRL = (
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk(cameras=30)


@pytest.fixture
def now() -> list[float]:
    """The clock of the roles."""
    return [time.monotonic()]


@pytest.fixture
def window(qtbot: QtBot, desk: FakeDesk, now: list[float]) -> Iterator[MainWindow]:
    made = opened(qtbot, desk)
    now[0] = time.monotonic()  # never before what the roles have seen already
    made.roles.clock = lambda: now[0]
    yield made
    made.close()


def roles(window: MainWindow) -> RoleTiles:
    return window.roles.of(window.wall)


def press(window: MainWindow, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(window.focusWidget(), key, modifier)


def passed(window: MainWindow, now: list[float], seconds: float) -> None:
    """So much time, in the steps that the timer makes."""
    end_s = now[0] + seconds
    while now[0] < end_s:
        now[0] = min(now[0] + 2.0, end_s)
        roles(window).step()


def in_role(window: MainWindow, role: CellRole) -> list[str]:
    arrangement = window.wall.arrangement
    cells = arrangement.layout.cells_of(role)
    return [camera for index, camera in arrangement.filled if index in cells]


def on_page(window: MainWindow) -> list[str]:
    return list(window.wall.arrangement.on_page)


def captions(window: MainWindow) -> list[str]:
    return [text for _index, text in sorted(window.wall.board.captions.items())]


def alarm(number: int, severity: Severity = Severity.HIGH) -> Alarm:
    return fakes.alarm(number, severity=severity)


def test_the_hot_spot_follows_the_arrows(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    press(window, Key.Key_H, ALT)
    assert in_role(window, CellRole.HOT_SPOT) == ["c1"]
    assert window.wall.arrangement.on_page == tuple(f"c{n}" for n in range(1, 13))
    press(window, Key.Key_Right)
    qtbot.waitUntil(lambda: in_role(window, CellRole.HOT_SPOT) == ["c2"])
    large = max(window.wall.tiles, key=lambda tile: tile.area.width())
    assert large.feed.camera.id == "c2"
    assert not large.focused, "the focus stays in the camera's own cell"
    own = next(t for t in window.wall.tiles if t.feed.camera.id == "c2" and t is not large)
    assert own.focused
    press(window, Key.Key_3)
    press(window, Key.Key_0)
    press(window, Key.Key_Return)
    qtbot.waitUntil(lambda: in_role(window, CellRole.HOT_SPOT) == ["c30"])


def test_a_camera_keeps_its_picture_while_role_cells_change(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    feeds = dict(desk.feeds)
    press(window, Key.Key_A, ALT)
    desk.change(alarms=(alarm(20),))
    qtbot.waitUntil(lambda: in_role(window, CellRole.ALARM) == ["c20"])
    assert all(not feeds[f"c{n}"].closed for n in range(1, 13))
    desk.change()
    assert not feeds["c1"].closed


def test_alarm_tiles_say_why_and_give_back(qtbot: QtBot, window: MainWindow, desk: FakeDesk, now: list[float]) -> None:
    press(window, Key.Key_A, ALT)
    assert captions(window) == ["Alarm tile: nothing fires"] * 4
    desk.change(alarms=(alarm(20, Severity.LOW), alarm(21, Severity.CRITICAL)))
    qtbot.waitUntil(lambda: in_role(window, CellRole.ALARM) == ["c21", "c20"])
    at = time.strftime("%H:%M:%S", time.localtime(alarm(21).last_utc_s))
    assert captions(window)[0] == f"Alarm {at} Person in zone"
    shown = [tile.feed.camera.id for tile in window.wall.tiles]
    assert shown.count("c21") == 1
    assert next(tile for tile in window.wall.tiles if tile.feed.camera.id == "c21").alarmed
    passed(window, now, DWELL_S + 1)
    assert in_role(window, CellRole.ALARM) == []


def test_plain_grids_stay_as_they_are_whatever_fires(window: MainWindow, desk: FakeDesk, now: list[float]) -> None:
    press(window, Key.Key_3, ALT)
    before = window.wall.arrangement
    desk.change(alarms=tuple(alarm(n, Severity.CRITICAL) for n in range(20, 25)))
    passed(window, now, 300)
    assert window.wall.arrangement is before


def test_what_is_worked_with_is_never_taken(qtbot: QtBot, window: MainWindow, desk: FakeDesk, now: list[float]) -> None:
    press(window, Key.Key_A, ALT)
    first = tuple(alarm(n, Severity.LOW) for n in (20, 21, 22, 23))
    desk.change(alarms=first)
    qtbot.waitUntil(lambda: len(in_role(window, CellRole.ALARM)) == 4)
    for _step in range(4):
        press(window, Key.Key_Right)
    focused = window.wall.arrangement.focused
    assert focused in in_role(window, CellRole.ALARM)
    moved, in_hand = [c for c in in_role(window, CellRole.ALARM) if c != focused][:2]
    roles(window).under_control = frozenset({moved})
    mine = replace(fakes.incident(1, IncidentState.VERIFIED), camera_id=in_hand, owner_id="anna")
    worse = tuple(alarm(n, Severity.CRITICAL) for n in (24, 25, 26, 27))
    before = {c: i for i, c in window.wall.arrangement.filled}
    desk.change(alarms=(*first, *worse), incidents=(mine,))
    passed(window, now, 5 * DWELL_S)
    after = {c: i for i, c in window.wall.arrangement.filled}
    for camera in (focused, moved, in_hand):
        assert camera is not None
        assert after.get(camera) == before[camera]
    assert window.wall.arrangement.focused == focused


def test_the_hot_key_stops_everything_and_escape_gives_it_back(
    qtbot: QtBot, window: MainWindow, desk: FakeDesk, now: list[float]
) -> None:
    press(window, Key.Key_A, ALT)
    press(window, Key.Key_G, SHIFT)
    desk.change(alarms=(alarm(20),))
    qtbot.waitUntil(lambda: in_role(window, CellRole.ALARM) == ["c20"])
    before = window.wall.arrangement
    press(window, Key.Key_Insert)
    pinned = window.wall.arrangement
    desk.change(alarms=(alarm(20), alarm(21, Severity.CRITICAL)))
    passed(window, now, 10 * TOUR_S)
    assert window.wall.arrangement is pinned
    press(window, Key.Key_Escape)
    window.wall.setFocus()
    press(window, Key.Key_Escape)
    assert (window.wall.pursued, window.wall.arrangement.page) == ("", before.page)
    assert window.wall.arrangement.filled == before.filled
    passed(window, now, TOUR_S + 3)
    assert window.wall.arrangement.page != before.page, "the tour goes on"


def test_a_tour_of_pages_by_key(window: MainWindow, now: list[float]) -> None:
    press(window, Key.Key_3, ALT)
    passed(window, now, 60)
    assert window.wall.arrangement.page == 0, "nothing moves by itself"
    press(window, Key.Key_G, SHIFT)
    passed(window, now, TOUR_S + 2)
    assert window.wall.arrangement.page == 1
    press(window, Key.Key_G, SHIFT)
    passed(window, now, 60)
    assert window.wall.arrangement.page == 1
    press(window, Key.Key_N, SHIFT)
    assert window.wall.arrangement.page == 2
    press(window, Key.Key_G, SHIFT)
    press(window, Key.Key_Escape)
    passed(window, now, 60)
    assert window.wall.arrangement.page == 2


def test_a_saved_tour_turns_views_and_escape_gives_the_wall_back(
    window: MainWindow, desk: FakeDesk, now: list[float]
) -> None:
    desk.extend(
        saved_views=(SavedView("v1", "Gates", "grid:1", ("c28",)), SavedView("v2", "Quay", "grid:4", ("c8", "c9"))),
        tours=(Tour("t1", "Night", ("v1", "v2"), dwell_s=20), Tour("t2", "Of Bohdan", ("v2",), operator_id="bohdan")),
    )
    before = window.wall.arrangement
    press(window, Key.Key_G, CTRL)
    assert [option.text for option in window.panel.choice.question.options] == ["Pages of the wall", "Night"]  # type: ignore[union-attr]  # it is asked
    press(window, Key.Key_2)
    assert on_page(window)[:2] == ["c28"]
    passed(window, now, 21)
    assert on_page(window)[:2] == ["c8", "c9"]
    window.wall.setFocus()
    press(window, Key.Key_Escape)
    assert window.wall.arrangement == before


def test_an_alarm_calls_its_view_up_only_where_it_is_set_and_hands_are_off(
    qtbot: QtBot, desk: FakeDesk, now: list[float]
) -> None:
    desk.extend(saved_views=(SavedView("v1", "Gates", "grid:4", ("c28", "c29")),))
    desk.offices = Offices(wall=WallSettings(alarm_view="Gates", alarm_view_severity=4, alarm_view_s=30))
    window = opened(qtbot, desk)
    now[0] = time.monotonic()
    window.roles.clock = lambda: now[0]
    roles(window).step()
    before = window.wall.arrangement
    press(window, Key.Key_Right)
    desk.change(alarms=(alarm(20, Severity.CRITICAL),))
    passed(window, now, 4)
    assert window.wall.arrangement.on_page == before.on_page, "the operator has touched the wall just now"
    window.wall.touched_s = float("-inf")
    desk.change(alarms=(alarm(20, Severity.CRITICAL), alarm(21, Severity.MEDIUM)))
    passed(window, now, 4)
    assert window.wall.arrangement.on_page == before.on_page, "mild ones call nothing up, old ones not again"
    desk.change(alarms=(alarm(22, Severity.CRITICAL),))
    qtbot.waitUntil(lambda: window.wall.arrangement.on_page[:2] == ("c28", "c29"))
    passed(window, now, 31)
    assert window.wall.arrangement.on_page == before.on_page
    window.close()


def test_the_attention_tile_and_the_coverage_of_the_shift(
    qtbot: QtBot, window: MainWindow, desk: FakeDesk, now: list[float]
) -> None:
    press(window, Key.Key_V, ALT)
    shown = set()
    for _turn in range(60):
        for camera_id, feed in desk.feeds.items():
            if feed.wanted[0] and not feed.closed:
                feed.push()
                shown.add(camera_id)
        window.wall._on_tick()
        passed(window, now, ATTENTION_S / 2)
    assert shown >= {f"c{n}" for n in range(1, 29)}
    assert " of 30 cameras looked at, worst " in window.roles.coverage()
    assert window.roles.attention.coverage(now[0]).looked > 20
    window._renew_status()
    assert window.status.coverage.text() == window.roles.coverage()
    press(window, Key.Key_A, SHIFT)
    assert "cameras looked at" in window.panel.toast.text
    assert any(text.startswith("Was not looked at for") for text in captions(window))


def test_the_figures_are_the_operators_own_and_begin_anew(window: MainWindow, desk: FakeDesk, now: list[float]) -> None:
    passed(window, now, 100)
    assert window.roles.attention.coverage(now[0]).worst_s >= 90
    desk.bus.publish(SeatChanged("bohdan", "Bohdan", Role.OPERATOR))
    window.bridge.seat_changed.emit(SeatChanged("bohdan", "Bohdan", Role.OPERATOR))
    assert window.roles.attention.coverage(now[0]).worst_s == 0
    assert desk.commands == [], "nothing of it is written down"
    window.bridge.seat_changed.emit(SeatChanged("bohdan", "Bohdan", Role.OPERATOR, locked=True))
    assert not window.roles.is_somebody_there()


def test_each_wall_has_its_own_roles_and_all_count_for_one_operator(
    qtbot: QtBot, window: MainWindow, desk: FakeDesk
) -> None:
    before = window.wall.arrangement
    further = window.walls.open_next()
    assert further is not None
    further.actions_by_name["alarm_layout"].trigger()
    desk.change(alarms=(alarm(2),))
    cells = further.wall.arrangement.layout.cells_of(CellRole.ALARM)
    qtbot.waitUntil(lambda: further.wall.arrangement.camera_in(cells[0]) == "c2")
    assert window.wall.arrangement is before
    assert window.roles.of(further.wall).attention is window.roles.of(window.wall).attention
    further.close()


def test_what_the_wall_does_by_itself_is_nothing_to_undo(window: MainWindow, desk: FakeDesk, now: list[float]) -> None:
    desk.extend(saved_views=(SavedView("v1", "Gates", "grid:1", ("c28",)),), tours=(Tour("t1", "Night", ("v1",)),))
    press(window, Key.Key_3, ALT)
    press(window, Key.Key_G, CTRL)
    press(window, Key.Key_2)
    assert on_page(window) == ["c28"]
    window.wall.setFocus()
    press(window, Key.Key_Escape)
    press(window, Key.Key_Backspace)
    assert len(window.wall.arrangement.layout) == 16, "the grid before the 9 tiles"
