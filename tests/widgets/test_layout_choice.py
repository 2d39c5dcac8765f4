"""Grids, layouts and views by sign; saved by name, removed and brought back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from storage.commands import PutRecord, RemoveRecord
from storage.records import Role
from storage.registry_records import SavedView, WallLayout
from tests.widgets.fakes import FakeDesk
from widgets.main_window import MainWindow

Key, Modifier = Qt.Key, Qt.KeyboardModifier
BIG = WallLayout("big", "One big", 3, 2, ((0, 0, 2, 2), (2, 0, 1, 1), (2, 1, 1, 1)))
NIGHT = SavedView("v1", "Night", "big", ("c3", "", "c1"), "anna")
SITE = SavedView("v2", "Harbour", "grid:4", ("c5", "c6"))


@pytest.fixture
def saved(desk: FakeDesk, window: MainWindow) -> MainWindow:
    desk.extend(wall_layouts=(BIG,), saved_views=(NIGHT, SITE, SavedView("v3", "Secret", "grid:4", (), "boris")))
    return window


def press(*keys: Qt.Key, modifier: Qt.KeyboardModifier = Modifier.NoModifier) -> None:
    for key in keys:
        focused = QApplication.focusWidget()
        assert focused is not None
        QTest.keyClick(focused, key, modifier)
        QApplication.processEvents()


def letter(window: MainWindow, name: str) -> Qt.Key:
    question = window.panel.choice.question
    assert question is not None
    option = next(option for option in question.options if option.text == name)
    return Qt.Key(ord(option.letter))


def may_configure(desk: FakeDesk) -> None:
    operators = tuple(replace(one, role=Role.ADMINISTRATOR) for one in desk.registry().operators)
    desk.extend(operators=operators)


@pytest.mark.parametrize(("key", "tiles"), [(Key.Key_5, 25), (Key.Key_6, 36), (Key.Key_7, 49), (Key.Key_8, 64)])
def test_two_keys_for_more_tiles(window: MainWindow, key: Qt.Key, tiles: int) -> None:
    press(Key.Key_Y, key)
    assert len(window.wall.arrangement.layout) == tiles
    assert window.wall.hasFocus()


def test_a_view_is_called_up_with_its_gaps(saved: MainWindow) -> None:
    press(Key.Key_Y)
    press(letter(saved, "Night"))
    assert saved.wall.arrangement.on_page == ("c3", "", "c1")
    assert saved.wall.arrangement.layout.cells[0].columns == 2
    assert saved.wall.hasFocus()
    press(Key.Key_3, modifier=Modifier.AltModifier)  # another grid has no gaps
    assert len(saved.wall.arrangement.on_page) == 9


def test_a_layout_keeps_the_cameras(saved: MainWindow) -> None:
    press(Key.Key_Y)
    press(letter(saved, "One big"))
    assert saved.wall.arrangement.on_page == ("c1", "c2", "c3")


def test_nobody_sees_anothers_views(saved: MainWindow) -> None:
    press(Key.Key_Y)
    assert "Secret" not in [button.text()[4:] for button in saved.panel.choice.buttons.values()]


def test_the_wall_is_saved_under_a_name(saved: MainWindow, desk: FakeDesk, qtbot: QtBot) -> None:
    press(Key.Key_2, modifier=Modifier.AltModifier)
    press(Key.Key_Y, modifier=Modifier.ShiftModifier)
    QTest.keyClicks(saved.panel.choice.note, "Gates")
    press(Key.Key_Return)
    command = desk.commands[-1]
    assert isinstance(command, PutRecord)
    assert isinstance(command.record, SavedView)
    assert replace(command.record, id="") == SavedView("", "Gates", "grid:4", ("c1", "c2", "c3", "c4"), "anna")


def test_a_wall_of_free_cells_is_saved_with_its_layout(saved: MainWindow, desk: FakeDesk) -> None:
    press(Key.Key_Down, modifier=Modifier.ShiftModifier | Modifier.AltModifier)
    press(Key.Key_Y, modifier=Modifier.ShiftModifier)
    QTest.keyClicks(saved.panel.choice.note, "Tall")
    press(Key.Key_Return)
    layout, view = (command.record for command in desk.commands if isinstance(command, PutRecord))
    assert isinstance(layout, WallLayout)
    assert isinstance(view, SavedView)
    assert (layout.name, layout.cells[0], layout.operator_id, view.layout) == ("Tall", (0, 0, 1, 2), "anna", layout.id)


def test_the_same_name_replaces_and_undo_brings_the_old_one_back(saved: MainWindow, desk: FakeDesk) -> None:
    press(Key.Key_Y, modifier=Modifier.ShiftModifier)
    QTest.keyClicks(saved.panel.choice.note, "Night")
    press(Key.Key_Return)
    command = desk.commands[-1]
    assert isinstance(command, PutRecord)
    assert isinstance(command.record, SavedView)
    assert command.record.id == "v1"
    press(Key.Key_Z, modifier=Modifier.ControlModifier)
    assert desk.commands[-1] == PutRecord(NIGHT)


def test_who_may_configure_saves_for_the_site(saved: MainWindow, desk: FakeDesk) -> None:
    may_configure(desk)
    press(Key.Key_Y, modifier=Modifier.ShiftModifier)
    press(Key.Key_S)
    QTest.keyClicks(saved.panel.choice.note, "All")
    press(Key.Key_Return)
    command = desk.commands[-1]
    assert isinstance(command, PutRecord)
    assert isinstance(command.record, SavedView)
    assert command.record.operator_id is None


def test_an_own_view_is_removed_and_brought_back(saved: MainWindow, desk: FakeDesk) -> None:
    press(Key.Key_Y, Key.Key_X)
    question = saved.panel.choice.question
    assert question is not None
    assert [option.text for option in question.options] == ["Night"]
    press(letter(saved, "Night"))
    assert desk.commands == [RemoveRecord("saved_views", "v1")]
    press(Key.Key_Z, modifier=Modifier.ControlModifier)
    assert desk.commands[-1] == PutRecord(NIGHT)


def test_who_may_configure_removes_the_sites_but_no_layout_in_use(saved: MainWindow, desk: FakeDesk) -> None:
    may_configure(desk)
    press(Key.Key_Y, Key.Key_X)
    question = saved.panel.choice.question
    assert question is not None
    assert [option.text for option in question.options] == ["Harbour", "Night"]


def test_a_name_is_needed(saved: MainWindow, desk: FakeDesk) -> None:
    press(Key.Key_Y, modifier=Modifier.ShiftModifier)
    press(Key.Key_Return)
    assert desk.commands == []
    press(Key.Key_Escape)
    assert saved.wall.hasFocus()
