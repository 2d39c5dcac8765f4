"""The hot key in the window: one camera large, neighbours around it, arrows follow, the wall comes back."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from storage.case_commands import AddNote, OpenIncident
from storage.case_records import NoteKind
from storage.records import Category, Neighbour
from tests.widgets.conftest import opened
from tests.widgets.fakes import FakeDesk
from widgets.main_window import MainWindow

Key = Qt.Key


@pytest.fixture
def desk() -> FakeDesk:
    desk = FakeDesk()
    desk.extend(
        categories=(Category("theft", "Theft", "crime", "T"),),
        neighbours=(Neighbour("c1", "right", "c5"), Neighbour("c5", "down", "c7"), Neighbour("c5", "left", "c1")),
    )
    return desk


def _press(window: MainWindow, key: Qt.Key) -> None:
    QTest.keyClick(window.focusWidget(), key)


def _shown(window: MainWindow) -> dict[str, float]:
    """Camera to its share of the wall."""
    return {c: (r[2] - r[0]) * (r[3] - r[1]) for c, r in window.wall.arrangement.shown}


def test_this_is_it_and_where_it_went(qtbot: QtBot, desk: FakeDesk) -> None:
    window = opened(qtbot, desk)
    before = window.wall.arrangement
    _press(window, Key.Key_Insert)
    assert window.wall.pursued == "c1"
    assert _shown(window)["c1"] == 0.25
    assert "c5" in _shown(window)
    assert ("record_now", "c1", 600.0) in desk.asked
    assert ("record_now", "c5", 600.0) in desk.asked
    assert window.panel.choice.isVisible()
    _press(window, Key.Key_T)
    QTest.keyClicks(window.panel.choice.note, "runs towards the bridge")
    QTest.keyClick(window.panel.choice.note, Key.Key_Return)
    entered = desk.commands[-1]
    assert isinstance(entered, OpenIncident)
    assert window.wall.hasFocus()
    assert window.wall.pursued == "c1", "Enter of the line is not the wall's"
    _press(window, Key.Key_Right)
    assert window.wall.pursued == "c5"
    _press(window, Key.Key_Down)
    assert window.wall.pursued == "c7"
    hops = [c for c in desk.commands if isinstance(c, AddNote)]
    assert [(h.kind, h.incident_id, h.camera_id) for h in hops] == [
        (NoteKind.HOP, entered.new_incident_id, "c5"),
        (NoteKind.HOP, entered.new_incident_id, "c7"),
    ]
    _press(window, Key.Key_Up)
    assert window.wall.pursued == "c7", "nothing is known there"
    _press(window, Key.Key_Escape)
    assert window.wall.pursued == ""
    assert window.wall.arrangement == before
    window.close()


def test_without_neighbours_the_others_stay_in_the_corners(qtbot: QtBot, desk: FakeDesk) -> None:
    window = opened(qtbot, desk)
    _press(window, Key.Key_Left)
    window.wall.show_camera("c9")
    _press(window, Key.Key_Insert)
    assert window.wall.pursued == "c9"
    assert len(_shown(window)) == 5
    _press(window, Key.Key_Escape)
    _press(window, Key.Key_Right)
    assert not [c for c in desk.commands if isinstance(c, AddNote)]
    window.close()


def test_hops_before_the_entry_is_written_are_kept_for_it(qtbot: QtBot, desk: FakeDesk) -> None:
    window = opened(qtbot, desk)
    _press(window, Key.Key_Insert)
    _press(window, Key.Key_Escape)
    window.wall.setFocus()
    _press(window, Key.Key_Right)
    assert not [c for c in desk.commands if isinstance(c, AddNote)]
    window.panel.entry.entered.emit("i77")
    assert [c.incident_id for c in desk.commands if isinstance(c, AddNote)] == ["i77"]
    window.close()


def pursuing(qtbot: QtBot, desk: FakeDesk) -> MainWindow:
    """A window in pursuit of c1, the keyboard at the wall."""
    window = opened(qtbot, desk)
    _press(window, Key.Key_Insert)
    _press(window, Key.Key_Escape)
    window.wall.setFocus()
    assert window.wall.pursued == "c1"
    return window


def test_another_layout_ends_the_pursuit(qtbot: QtBot, desk: FakeDesk) -> None:
    window = pursuing(qtbot, desk)
    QTest.keyClick(window.wall, Key.Key_2, Qt.KeyboardModifier.AltModifier)
    assert window.wall.pursued == ""
    assert list(_shown(window)) == ["c1", "c2", "c3", "c4"], "of the cameras that were on the wall before"
    _press(window, Key.Key_Right)
    assert window.wall.arrangement.focused == "c2", "the arrow is the wall's again"
    assert window.wall.take_key(Key.Key_Escape, "", Qt.KeyboardModifier.NoModifier) is False
    assert not [c for c in desk.commands if isinstance(c, AddNote)]
    window.close()


def test_another_camera_by_hand_ends_the_pursuit(qtbot: QtBot, desk: FakeDesk) -> None:
    window = pursuing(qtbot, desk)
    before = len(desk.asked)
    QTest.keyClicks(window.wall, "9")
    _press(window, Key.Key_Return)
    assert window.wall.pursued == ""
    assert window.wall.arrangement.focused == "c9"
    assert len(_shown(window)) == 9
    _press(window, Key.Key_Right)
    assert desk.asked[before:] == [], "nothing is followed, nothing recorded"
    window.close()


def test_the_next_page_ends_the_pursuit(qtbot: QtBot) -> None:
    desk = FakeDesk(40)
    window = pursuing(qtbot, desk)
    _press(window, Key.Key_PageDown)
    assert window.wall.pursued == ""
    assert next(iter(_shown(window))) == "c17"
    window.close()


def test_a_camera_brought_forward_ends_the_pursuit_unless_it_is_shown(qtbot: QtBot, desk: FakeDesk) -> None:
    window = pursuing(qtbot, desk)
    window.wall.show_camera("c5")
    assert window.wall.pursued == "c1"
    assert window.wall.arrangement.focused == "c5"
    window.wall.show_camera("c9")
    assert window.wall.pursued == ""
    assert window.wall.arrangement.focused == "c9"
    assert len(_shown(window)) == 9
    window.close()
