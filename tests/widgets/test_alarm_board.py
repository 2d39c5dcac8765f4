"""Rows, shelves, floods and the list to clear, by keyboard on the real window."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.feeds import DeskState
from app.offices import Offices
from storage.case_commands import ShelveAlarms, UnshelveAlarms
from storage.case_records import Shelf, ShelfState
from storage.commands import AcknowledgeAlarm, JudgeAlarm, ReopenAlarm
from storage.noise_queries import Raised
from storage.records import (
    Alarm,
    AlarmState,
    District,
    Incident,
    Place,
    RuleKind,
    RuleSpec,
    Severity,
    Verdict,
)
from storage.settings import AlarmSettings
from tests.widgets.conftest import opened
from tests.widgets.fakes import FakeDesk, incident, made_registry
from widgets import theme
from widgets.alarm_sound import AlarmSound
from widgets.alarm_words import narrow_text
from widgets.main_window import MainWindow
from widgets.shelf_board import ShelfBoard
from widgets.words import Names

Key = Qt.Key
NOW_S = 1_795_000_000.0
CAMERAS = 30


class Clock:
    """The board's clock."""

    def __init__(self) -> None:
        self.utc_s = NOW_S

    def __call__(self) -> float:
        return self.utc_s


def city() -> FakeDesk:
    """Thirty cameras at ten places of two districts, each with twelve rules of six causes."""
    desk = FakeDesk(CAMERAS)
    numbers = range(1, CAMERAS + 1)
    kinds = (
        RuleKind.INTRUSION,
        RuleKind.LOITERING,
        RuleKind.CROWD,
        RuleKind.STOPPED,
        RuleKind.RUNNING,
        RuleKind.TAMPER,
    )
    named = {c.id: c for c in made_registry(CAMERAS).cameras}
    desk.extend(
        districts=(District("d0", "Centre"), District("d1", "Harbour")),
        places=tuple(Place(f"p{n}", f"Place {n}", "", f"d{n % 2}") for n in range(10)),
        cameras=tuple(replace(named[f"c{n}"], place_id=f"p{n % 10}") for n in numbers),
        rules=tuple(
            RuleSpec(f"r{n}-{m}", f"c{n}", "z1", kinds[m % 6].value.title(), kinds[m % 6])
            for n in numbers
            for m in range(12)
        )
        + tuple(
            RuleSpec(f"rob{n}", f"c{n}", "z1", "Robbery", RuleKind.RUNNING, category_id="robbery") for n in numbers
        ),
    )
    return desk


def raised(camera: int, rule: int, utc_s: float = NOW_S, severity: Severity = Severity.MEDIUM) -> Alarm:
    rule_id = f"r{camera}-{rule}"
    return Alarm(
        f"a{camera}-{rule}", f"c{camera}/{rule_id}", f"c{camera}", rule_id, severity, AlarmState.RAISED, utc_s, utc_s,
        1, "e", 3,
    )  # fmt: skip


def robbery(camera: int, utc_s: float = NOW_S) -> Alarm:
    rule_id = f"rob{camera}"
    return Alarm(
        f"robbery{camera}", f"c{camera}/{rule_id}", f"c{camera}", rule_id, Severity.CRITICAL, AlarmState.RAISED, utc_s,
        utc_s, 1, "e", 3,
    )  # fmt: skip


def put_up(camera: int, cause: str = "intrusion/intrusion", until_s: float = 600.0) -> Shelf:
    return Shelf(
        "s1", "Place 1: Intrusion", (f"c{camera}",), cause, "wind in the trees", NOW_S - 60, NOW_S + until_s, "anna",
        ShelfState.PUT_UP, 4,
    )  # fmt: skip


@pytest.fixture
def desk() -> FakeDesk:
    return city()


@pytest.fixture
def clock(window: MainWindow) -> Clock:
    window.panel.board.clock = made = Clock()
    return made


@pytest.fixture
def tell(qtbot: QtBot, window: MainWindow, desk: FakeDesk, clock: Clock) -> Callable[..., None]:
    """The desk says this, and the board has it."""

    ever: dict[str, Raised] = {}

    def told(*alarms: Alarm, shelves: tuple[Shelf, ...] = (), incidents: tuple[Incident, ...] = ()) -> None:
        """As in the journal, alarms that were judged are still known to have come."""
        ever.update((a.id, Raised(a.id, a.camera_id, a.rule_id, a.severity, a.first_utc_s)) for a in alarms)
        desk.change(alarms, incidents, shelves=shelves, raised=tuple(ever.values()))
        qtbot.waitUntil(lambda: window.panel.board._state is desk.state())

    return told


def press(window: MainWindow, key: Qt.Key, *, shift: bool = False, ctrl: bool = False) -> None:
    modifier = Qt.KeyboardModifier.NoModifier
    modifier = Qt.KeyboardModifier.ShiftModifier if shift else modifier
    modifier = Qt.KeyboardModifier.ControlModifier if ctrl else modifier
    QTest.keyClick(window.focusWidget(), key, modifier)


def rows(window: MainWindow) -> list[list[str]]:
    return [[alarm.id for alarm in row.alarms] for row in window.panel.alarms.facts.rows]


def test_one_decision_for_a_row_and_one_step_back(
    window: MainWindow, desk: FakeDesk, tell: Callable[..., None]
) -> None:
    tell(raised(1, 0, NOW_S - 30), raised(11, 0, NOW_S - 20), raised(2, 0, NOW_S - 900, Severity.LOW))
    assert rows(window) == [["a1-0", "a11-0"], ["a2-0"]]
    press(window, Key.Key_Space)
    assert desk.commands == [AcknowledgeAlarm("a1-0", 3), AcknowledgeAlarm("a11-0", 3)]
    desk.commands.clear()
    press(window, Key.Key_X)
    assert [(c.alarm_id, c.verdict) for c in desk.commands if isinstance(c, JudgeAlarm)] == [
        ("a1-0", Verdict.FALSE),
        ("a11-0", Verdict.FALSE),
    ]
    desk.commands.clear()
    press(window, Key.Key_Z, ctrl=True)
    assert desk.commands == [ReopenAlarm("a1-0", 4), ReopenAlarm("a11-0", 4)]


def test_the_first_out_opens_the_incident_and_the_others_join_it(
    window: MainWindow, desk: FakeDesk, tell: Callable[..., None]
) -> None:
    tell(raised(1, 0, NOW_S - 30), raised(11, 0, NOW_S - 40))
    press(window, Key.Key_N)
    first, second = desk.commands
    assert isinstance(first, JudgeAlarm)
    assert isinstance(second, JudgeAlarm)
    assert (first.alarm_id, first.verdict, first.category_id) == ("a11-0", Verdict.INCIDENT, "intrusion")
    assert (second.alarm_id, second.verdict, second.incident_id) == ("a1-0", Verdict.JOINED, first.new_incident_id)


def test_a_row_joins_the_incident_of_the_panel(window: MainWindow, desk: FakeDesk, tell: Callable[..., None]) -> None:
    tell(raised(1, 0), raised(11, 0), incidents=(incident(5),))
    press(window, Key.Key_J)
    assert {(c.alarm_id, c.incident_id) for c in desk.commands if isinstance(c, JudgeAlarm)} == {
        ("a1-0", "i5"),
        ("a11-0", "i5"),
    }


def test_what_was_taken_stays_what_the_next_key_is_about(
    window: MainWindow, desk: FakeDesk, tell: Callable[..., None]
) -> None:
    mine = raised(1, 0, NOW_S - 30)
    tell(mine)
    press(window, Key.Key_Space)
    tell(replace(mine, state=AlarmState.ACKNOWLEDGED, owner_id="anna"), robbery(7))
    press(window, Key.Key_X)
    assert desk.asked[-1] == ("judge_alarm", "a1-0", Verdict.FALSE, None)


def test_shelving_asks_for_a_limit_and_a_reason(window: MainWindow, desk: FakeDesk, tell: Callable[..., None]) -> None:
    tell(raised(1, 0))
    press(window, Key.Key_X, shift=True)
    press(window, Key.Key_2)
    press(window, Key.Key_Return)
    assert desk.commands == []  # no reason, no shelf
    QTest.keyClicks(window.focusWidget(), "wind in the trees")
    press(window, Key.Key_Return)
    (command,) = desk.commands
    assert isinstance(command, ShelveAlarms)
    assert (set(command.camera_ids), command.cause) == ({"c1", "c11", "c21"}, "intrusion/intrusion")
    assert (command.name, command.reason) == ("Place 1: Person in a guarded zone", "wind in the trees")
    assert command.until_utc_s - time.time() == pytest.approx(3600.0, abs=60.0)
    assert not command.to_shift_end
    press(window, Key.Key_Z, ctrl=True)
    assert desk.commands[1:] == [UnshelveAlarms(command.new_shelf_id, 1)]


def test_severity_5_cannot_be_shelved(window: MainWindow, desk: FakeDesk, tell: Callable[..., None]) -> None:
    tell(robbery(1))
    press(window, Key.Key_X, shift=True)
    assert window.panel.choice.question is None
    assert "Severity 5" in window.panel.toast.text


def test_a_shelf_gives_itself_back_and_says_so(
    window: MainWindow, desk: FakeDesk, tell: Callable[..., None], clock: Clock
) -> None:
    tell(raised(1, 0), robbery(1), shelves=(put_up(1),))
    assert rows(window) == [["robbery1"]]
    assert "1 shelved" in window.panel._alarm_heading.text()
    press(window, Key.Key_L, shift=True)
    board = window.panel.pages.currentWidget()
    assert isinstance(board, ShelfBoard)
    text = board.text.text()
    assert "wind in the trees" in text
    assert "Anna Koval" in text
    assert board.list.item(0).text().endswith("1 alarm")
    press(window, Key.Key_X)
    assert desk.commands == [UnshelveAlarms("s1", 4)]
    clock.utc_s += 600.0
    window.panel.board.look()
    assert rows(window) == [["robbery1"], ["a1-0"]]
    assert "In the queue again: Place 1: Intrusion (1 alarm)." in window.panel.toast.text
    assert board.list.count() == 0


def test_a_shelved_alarm_marks_no_tile(window: MainWindow, desk: FakeDesk, tell: Callable[..., None]) -> None:
    tell(raised(1, 0), raised(2, 0), shelves=(put_up(1),))
    assert [tile.feed.camera.id for tile in window.wall.tiles if tile.alarmed] == ["c2"]
    assert "1 alarm, 1 waiting" in window.status.alarms.text()


def test_300_alarms_in_5_minutes_hide_no_robbery(
    qtbot: QtBot, window: MainWindow, desk: FakeDesk, tell: Callable[..., None], clock: Clock
) -> None:
    """Two robberies among them: in the top three rows within 5 s, nothing lost, the focused tile untouched."""
    window.wall.show_camera("c3")
    window.wall.setFocus()
    order, focused = window.wall.arrangement.order, window.wall.arrangement.focused
    alarms: list[Alarm] = []
    robberies: list[Alarm] = []
    for number in range(300):
        at = NOW_S + number
        alarms.append(raised(number % CAMERAS + 1, number // CAMERAS, at, Severity(1 + number % 4)))
        clock.utc_s = at
        if number in (140, 260):
            robberies.append(robbery(number // 20, at))
            began_s = time.thread_time()  # this thread's own: other tests run beside this one
            tell(*alarms, *robberies)
            assert [row.first.id for row in window.panel.alarms.facts.rows[: len(robberies)]] == [
                one.id for one in reversed(robberies)
            ]
            assert time.thread_time() - began_s < 5.0
        elif number % 10 == 0:
            tell(*alarms, *robberies)
    tell(*alarms, *robberies)
    shown = rows(window)
    assert sorted(one for row in shown for one in row) == sorted(a.id for a in (*alarms, *robberies))
    assert len(alarms) == len({a.id for a in alarms}) == 300
    assert len(shown) == 2 + 12  # six causes in two districts
    assert {shown[0][0], shown[1][0]} == {one.id for one in robberies}
    assert (window.wall.arrangement.order, window.wall.arrangement.focused) == (order, focused)
    assert window.wall.hasFocus()
    qtbot.waitUntil(lambda: "Alarm flood" in window.banner.text)
    assert "302 in 10 min, target 2" in window.panel._alarm_heading.whole


def test_in_a_flood_a_robbery_s_tile_stands_out_on_the_wall(
    qtbot: QtBot, window: MainWindow, desk: FakeDesk, tell: Callable[..., None], clock: Clock
) -> None:
    def marks() -> dict[str, bool]:
        """Marked tiles, and whether fully."""
        tiles = [tile for tile in window.wall.tiles if tile.alarmed]
        return {tile.feed.camera.id: not tile.quiet and not tile.header.quiet for tile in tiles}

    opened_one = replace(raised(1, 1), state=AlarmState.ACKNOWLEDGED, owner_id="anna")
    flood = [raised(n + 1, 0, NOW_S + n) for n in range(12)]
    clock.utc_s = NOW_S + 3
    tell(*flood[:3])
    assert marks() == dict.fromkeys(("c1", "c2", "c3"), True)
    clock.utc_s = NOW_S + 12
    tell(*flood, robbery(3, NOW_S + 12), opened_one)
    loud = {camera for camera, full in marks().items() if full}
    assert loud == {"c1", "c3"}
    assert len(marks()) == 12
    for camera in ("c2", "c3"):
        tile = next(tile for tile in window.wall.tiles if tile.feed.camera.id == camera)
        image = window.wall.grab(tile.area).toImage()
        assert image.pixelColor(0, 40).name() == theme.LIGHT_VERMILLION
        assert (image.pixelColor(2, 40).name() == theme.LIGHT_VERMILLION) is (camera == "c3")
    clock.utc_s = NOW_S + 3600.0
    window.panel.board.look()
    assert all(marks().values())


def test_what_a_flood_left_is_cleared_one_after_the_other(
    qtbot: QtBot, window: MainWindow, desk: FakeDesk, tell: Callable[..., None], clock: Clock
) -> None:
    flood = [raised(n + 1, 0, NOW_S + n) for n in range(12)]
    clock.utc_s = NOW_S + 12
    tell(*flood)
    qtbot.waitUntil(lambda: "Alarm flood" in window.banner.text)
    clock.utc_s = NOW_S + 3600.0
    window.panel.board.look()
    qtbot.waitUntil(lambda: "Alarm flood" not in window.banner.text)
    assert "12 alarms to clear" in window.panel.toast.text
    press(window, Key.Key_C, shift=True)
    assert rows(window) == [[one.id] for one in flood]
    assert window.panel.alarms.hasFocus()
    for number, one in enumerate(flood):
        press(window, Key.Key_X)
        assert desk.asked[-1] == ("judge_alarm", one.id, Verdict.FALSE, None)
        tell(*flood[number + 1 :])
    assert "The list is cleared" in window.panel.toast.text
    assert not window.panel.board.clearing


def test_a_robbery_is_on_top_of_the_list_to_clear_and_takes_no_key_meant_for_another(
    window: MainWindow, desk: FakeDesk, tell: Callable[..., None], clock: Clock
) -> None:
    flood = [raised(n + 1, 0, NOW_S + n) for n in range(12)]
    clock.utc_s = NOW_S + 12
    tell(*flood)
    press(window, Key.Key_C, shift=True)
    tell(*flood, robbery(3, NOW_S + 12))
    assert rows(window)[0] == ["robbery3"]
    press(window, Key.Key_X)
    assert desk.asked[-1][1] == flood[0].id
    press(window, Key.Key_C, shift=True)
    assert len(rows(window)) == 1 + 2


@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080)])
def test_the_worst_is_seen_on_a_small_screen_too(
    window: MainWindow, tell: Callable[..., None], clock: Clock, size: tuple[int, int]
) -> None:
    window.resize(*size)
    flood = [raised(n + 1, m, NOW_S + n) for n in range(12) for m in range(6)]
    clock.utc_s = NOW_S + 12
    tell(*flood)
    table = window.panel.alarms
    table.selectRow(len(table.facts.rows) - 1)
    tell(*flood, robbery(3, NOW_S + 12), robbery(4, NOW_S + 11))
    QApplication.processEvents()
    seen = table.viewport().visibleRegion().boundingRect()  # what nothing lies over
    assert table.rowAt(1) == 0
    assert table.rowAt(min(seen.bottom() - 4, table.viewport().height() - 4)) >= 2
    box = table.parentWidget()
    assert box is not None
    assert box.rect().contains(table.geometry())
    assert "target 2" in window.panel._alarm_heading.text()
    assert (window.width(), window.height()) == size


def test_without_a_flood_there_is_nothing_to_clear(window: MainWindow, tell: Callable[..., None]) -> None:
    tell(raised(1, 0))
    press(window, Key.Key_C, shift=True)
    assert "Nothing of a flood" in window.panel.toast.text


def test_a_board_of_nothing_rests(window: MainWindow, clock: Clock) -> None:
    shown: list[object] = []
    window.panel.board.view_changed.connect(lambda: shown.append(1))
    window.panel.board.look()
    assert shown == []
    assert window.panel.board._state == DeskState()


def heard(enabled: bool = True) -> tuple[AlarmSound, list[int]]:
    beeps: list[int] = []
    return AlarmSound(enabled=enabled, beep=lambda: beeps.append(1)), beeps


def test_a_sound_by_severity_once(qtbot: QtBot) -> None:
    sound, beeps = heard()
    old = raised(1, 0, severity=Severity.HIGH)
    sound.hear([old])
    assert beeps == []  # it was there before
    sound.hear([old, raised(2, 0, severity=Severity.LOW)])
    assert beeps == []
    new = [old, raised(3, 0)]
    sound.hear(new)
    sound.hear(new)
    assert len(beeps) == 1
    sound.hear([*new, robbery(1)])
    qtbot.waitUntil(lambda: len(beeps) == 4)
    sound.hear([old, replace(new[1], severity=Severity.HIGH), robbery(1)])
    qtbot.waitUntil(lambda: len(beeps) == 6)


def test_silence_until_severity_5_and_in_a_flood_and_where_it_is_off() -> None:
    sound, beeps = heard()
    sound.hear([])
    sound.mute()
    sound.hear([raised(1, 0, severity=Severity.HIGH)])
    assert beeps == []
    sound.hear([robbery(1)])
    assert len(beeps) == 1
    assert not sound.muted
    sound.stop()
    sound.hear([robbery(1), raised(2, 0)], flood=True)
    sound.hear([robbery(1), raised(2, 0), raised(3, 0)], {"a3-0"})
    sound.hear([robbery(1), raised(2, 0), raised(3, 0)])  # back from its shelf
    assert len(beeps) == 1
    off, none = heard(enabled=False)
    off.hear([])
    off.hear([robbery(1)])
    assert none == []


def test_the_mute_key_says_what_it_did(qtbot: QtBot, desk: FakeDesk) -> None:
    desk.offices = Offices(alarms=AlarmSettings(sound=True))
    window = opened(qtbot, desk)
    press(window, Key.Key_M, ctrl=True)
    assert window.panel.board.sound.muted
    assert "Silent until" in window.panel.toast.text
    window.close()


def test_the_heading_is_one_line_and_tells_the_rest_on_demand(window: MainWindow, tell: Callable[..., None]) -> None:
    window.resize(1280, 720)
    tell(*(raised(n + 1, m, NOW_S - n) for n in range(12) for m in range(6)), shelves=(put_up(30),))
    heading = window.panel._alarm_heading
    assert heading.height() < 2 * heading.fontMetrics().height()
    assert heading.text().startswith("FLOOD")
    assert heading.text().endswith("…")
    assert "1 shelved" not in heading.text()
    assert "1 shelved (Shift+L)" in heading.toolTip()
    assert heading.accessibleName() == heading.toolTip()
    window.resize(3800, 900)
    QApplication.processEvents()
    heading.resize(1200, heading.height())
    assert "1 shelved (Shift+L)" in heading.text()
    assert heading.toolTip() == ""


def test_the_heading_says_how_many_are_not_listed(qtbot: QtBot, window: MainWindow) -> None:
    desk = window._desk
    window.panel.board.show_state(replace(desk.state(), unlisted_alarms=1234))
    assert "1234 more, oldest of the least severe, are not listed" in window.panel._alarm_heading.whole
    window.panel.board.show_state(desk.state())
    assert "not listed" not in window.panel._alarm_heading.whole


def test_in_a_flood_the_queue_has_more_room_and_groups_say_their_cause(
    window: MainWindow, tell: Callable[..., None]
) -> None:
    tell(*(raised(n, 0, NOW_S - 3000.0 - 400.0 * n) for n in range(1, 9)))
    calm_px = window.panel.alarms.minimumHeight()
    window.resize(1500, 1000)
    tell(*(raised(n % CAMERAS + 1, n // CAMERAS, NOW_S + n / 10) for n in range(90)))
    assert window.panel.alarms.minimumHeight() > calm_px
    names = Names(window.panel.board._desk.registry())
    texts = [narrow_text(row, names) for row in window.panel.alarms.facts.rows]
    assert len(texts) == len(set(texts)) == 6
    assert texts[0].endswith(("Centre ×15", "Harbour ×15"))
