from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from storage.people_commands import ShiftWord
from storage.people_records import ShiftItemKind
from tests.widgets.people_fakes import ME, NOBODY, WORDS, FakePeople, shift
from widgets.bridge import Bridge
from widgets.shift_panel import ShiftPanel
from widgets.shift_text import Mode

KEY = Qt.Key
ALT = Qt.KeyboardModifier.AltModifier


@pytest.fixture
def desk() -> FakePeople:
    return FakePeople()


@pytest.fixture
def panel(qtbot: QtBot, desk: FakePeople) -> Iterator[ShiftPanel]:
    bridge = Bridge(desk.bus)
    made = ShiftPanel(desk, bridge)
    qtbot.addWidget(made)
    made.resize(420, 900)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    qtbot.waitUntil(made.hasFocus)
    assert desk.asked == [("refresh",)]
    desk.asked.clear()
    yield made
    bridge.close()


def mode_of(panel: ShiftPanel) -> Mode:
    return panel.mode


def on_shift(qtbot: QtBot, desk: FakePeople, panel: ShiftPanel, *others: str) -> None:
    colleagues = tuple(shift(f"shift-{name}", name, "s3") for name in others)
    desk.publish(mine=shift("mine", "o1", "s1", "s2"), others=colleagues)
    qtbot.waitUntil(lambda: panel.heading.text().startswith("Olena: on shift since"))


def test_briefing_and_seat_test_are_read_first(qtbot: QtBot, desk: FakePeople, panel: ShiftPanel) -> None:
    assert panel.checks.text() == "✓ 90 GB are free.\n▲ No sound device."
    assert "Open incidents: 2 (1 nobody's, 0 late); alarms: 1; lookouts: 3" in panel.briefing.text()
    QTest.keyClick(panel, KEY.Key_T, ALT)
    QTest.mouseClick(panel.buttons["test"], Qt.MouseButton.LeftButton)
    assert desk.asked == [("test",), ("test",)]


def test_a_shift_is_started_with_sectors_by_letter(qtbot: QtBot, desk: FakePeople, panel: ShiftPanel) -> None:
    for key in (KEY.Key_A, KEY.Key_C, KEY.Key_B, KEY.Key_C):
        QTest.keyClick(panel, key)
    assert [row.marked for row in panel.sectors.rows] == [True, True, False]
    assert panel.sectors.buttons["B"].text() == "☑ B   Park && river"
    QTest.keyClick(panel, KEY.Key_Return)
    assert desk.asked == [("start", "s1", "s2")]


def test_marks_and_words_of_the_one_before_are_gone(qtbot: QtBot, desk: FakePeople, panel: ShiftPanel) -> None:
    on_shift(qtbot, desk, panel, "o2")
    QTest.keyClick(panel, KEY.Key_A)
    QTest.keyClick(panel, KEY.Key_O, ALT)
    QTest.keyClicks(panel.word, "watch the tall one")
    desk.publish(seat=replace(ME, operator_id="o3", name="Aigerim"), mine=None)
    qtbot.waitUntil(lambda: mode_of(panel) is Mode.SHIFT)
    assert panel.word.text() == ""
    assert [row.marked for row in panel.sectors.rows] == [False, False, False]


def test_letters_work_under_a_cyrillic_layout(qtbot: QtBot, desk: FakePeople, panel: ShiftPanel) -> None:
    press = QKeyEvent(QEvent.Type.KeyPress, 0x424, Qt.KeyboardModifier.NoModifier, 0, ord("A"), 0, "ф")
    QApplication.sendEvent(panel, press)
    assert panel.sectors.rows[0].marked is True


def test_an_item_is_taken_by_its_number_or_a_click(qtbot: QtBot, desk: FakePeople, panel: ShiftPanel) -> None:
    assert "(1)" in panel.items_heading.text()
    QTest.keyClick(panel, KEY.Key_1)
    QTest.mouseClick(panel.items.buttons["1"], Qt.MouseButton.LeftButton)
    QTest.keyClick(panel, KEY.Key_2)
    assert desk.asked == [("take", "t1"), ("take", "t1")]
    desk.publish(items=())
    qtbot.waitUntil(panel.items.isHidden)


def test_handing_over_item_by_item(qtbot: QtBot, desk: FakePeople, panel: ShiftPanel) -> None:
    on_shift(qtbot, desk, panel)
    QTest.keyClick(panel, KEY.Key_O, ALT)
    assert mode_of(panel) is Mode.HAND_OVER
    assert [row.text for row in panel.words.rows] == [word.text for word in WORDS]
    QTest.keyClick(panel, KEY.Key_2)
    panel.word.setFocus()
    QTest.keyClicks(panel.word, "ring  the market 1")
    QTest.keyClick(panel.word, KEY.Key_Return)
    assert desk.asked == [("hand_over", WORDS[0], ShiftWord(ShiftItemKind.WORD, "", "ring the market 1"))]
    assert mode_of(panel) is Mode.SHIFT


def test_escape_leaves_the_hand_over_and_nothing_happens(qtbot: QtBot, desk: FakePeople, panel: ShiftPanel) -> None:
    on_shift(qtbot, desk, panel)
    QTest.mouseClick(panel.buttons["hand_over"], Qt.MouseButton.LeftButton)
    QTest.keyClick(panel, KEY.Key_1)
    QTest.keyClick(panel, KEY.Key_Escape)
    assert mode_of(panel) is Mode.SHIFT
    assert desk.asked == []
    QTest.keyClick(panel, KEY.Key_O, ALT)
    QTest.keyClick(panel, KEY.Key_Return)
    assert desk.asked == [("hand_over", *WORDS)]


def test_one_key_lends_all_my_sectors_to_the_only_colleague(qtbot: QtBot, desk: FakePeople, panel: ShiftPanel) -> None:
    on_shift(qtbot, desk, panel, "o2")
    assert panel.sectors.rows[2].text == "Station  ·  Taras"
    QTest.keyClick(panel, KEY.Key_L, ALT)
    assert desk.asked == [("lend", "shift-o2", "s1", "s2")]
    desk.publish(mine=shift("mine", "o1", version=2), others=(shift("shift-o2", "o2", "s3", "s1", "s2"),))
    qtbot.waitUntil(lambda: panel.sectors.rows[0].text == "Market  ·  Taras")
    QTest.keyClick(panel, KEY.Key_A)
    QTest.keyClick(panel, KEY.Key_L, ALT)
    assert desk.asked[-1] == ("back", "shift-o2", "s1")


def test_what_was_put_down_is_taken_up_the_same_way(qtbot: QtBot, desk: FakePeople, panel: ShiftPanel) -> None:
    desk.publish(mine=shift("mine", "o1", "s1"), others=(shift("shift-o2", "o2", "s1"),))
    qtbot.waitUntil(lambda: panel.heading.text().startswith("Olena: on shift since"))
    QTest.keyClick(panel, KEY.Key_B)
    QTest.keyClick(panel, KEY.Key_L, ALT)
    assert desk.asked == [("back", "mine", "s2")]
    QTest.keyClick(panel, KEY.Key_A)
    QTest.keyClick(panel, KEY.Key_L, ALT)
    assert desk.asked[-1] == ("lend", "shift-o2", "s1")


def test_with_several_colleagues_a_number_chooses(qtbot: QtBot, desk: FakePeople, panel: ShiftPanel) -> None:
    on_shift(qtbot, desk, panel, "o2", "o3")
    QTest.keyClick(panel, KEY.Key_B)
    QTest.keyClick(panel, KEY.Key_L, ALT)
    assert [row.text for row in panel.colleagues.rows] == ["Taras", "Aigerim"]
    QTest.keyClick(panel, KEY.Key_2)
    assert desk.asked == [("lend", "shift-o3", "s2")]


def test_alone_sectors_are_put_down_and_the_shift_ends(qtbot: QtBot, desk: FakePeople, panel: ShiftPanel) -> None:
    on_shift(qtbot, desk, panel)
    QTest.keyClick(panel, KEY.Key_L, ALT)
    QTest.keyClick(panel, KEY.Key_X, ALT)
    assert desk.asked == [("lend", None, "s1", "s2"), ("end",)]


def test_an_absent_colleague_is_relieved_by_who_may(qtbot: QtBot, desk: FakePeople, panel: ShiftPanel) -> None:
    QTest.keyClick(panel, KEY.Key_R, ALT)
    assert mode_of(panel) is Mode.SHIFT
    colleagues = (shift("shift-o2", "o2", "s3"), shift("shift-o3", "o3"))
    desk.publish(others=colleagues, absent={"shift-o2": (), "shift-o3": WORDS[:1]})
    qtbot.waitUntil(lambda: not panel.buttons["relieve"].isHidden())
    QTest.keyClick(panel, KEY.Key_R, ALT)
    QTest.keyClick(panel, KEY.Key_2)
    assert [row.text for row in panel.words.rows] == [WORDS[0].text]
    desk.publish()
    QApplication.processEvents()
    QTest.keyClick(panel, KEY.Key_Return)
    assert desk.asked == [("hand_over", WORDS[0], "shift-o3")]
    assert mode_of(panel) is Mode.SHIFT


def test_nobody_signed_in_sees_what_to_do(qtbot: QtBot, desk: FakePeople, panel: ShiftPanel) -> None:
    desk.publish(seat=NOBODY)
    qtbot.waitUntil(lambda: panel.heading.text() == "Shift: sign in first")
    assert not panel.buttons["enter"].isEnabled()


def test_our_letters_come_before_the_windows_shortcuts_and_no_others(panel: ShiftPanel) -> None:
    def claimed(key: Qt.Key, text: str, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> bool:
        asked = QKeyEvent(QEvent.Type.ShortcutOverride, key, modifier, text)
        asked.ignore()
        panel.event(asked)
        return asked.isAccepted()

    assert claimed(KEY.Key_A, "a")
    assert claimed(KEY.Key_L, "l", ALT)
    assert not claimed(KEY.Key_P, "p", ALT)
    assert not any(claimed(function_key, "") for function_key in (KEY.Key_F4, KEY.Key_F5, KEY.Key_F6, KEY.Key_F8))
    assert not claimed(KEY.Key_V, "v")
    assert not claimed(KEY.Key_F11, "")
    assert not claimed(KEY.Key_Escape, "")
