"""Ways between playback, the pages of the panel and the export: where Esc leads, what is handed on, what is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.export_orders import ExportOrder, ExportResult
from app.offices import Offices
from app.playback_feeds import ClockNote
from storage.records import Camera, Incident
from tests.widgets.conftest import opened
from tests.widgets.fakes import FakeDesk, alarm, incident
from tests.widgets.playback_fakes import FakePlaybackDesk, FakeSession
from widgets.export_page import ExportPage
from widgets.main_window import MainWindow
from widgets.playback_view import PlaybackView
from widgets.tile_board import TileBoard

Key, Modifier = Qt.Key, Qt.KeyboardModifier
ZONE = ZoneInfo("Europe/Kyiv")
NOW = incident(1).opened_utc_s + 86_400


class FakeExports:
    """Notes the stills that are asked for; answers when the test says so."""

    def __init__(self) -> None:
        self.orders: list[ExportOrder] = []
        self.done: list[Callable[[ExportResult], None]] = []

    def cameras(self) -> tuple[Camera, ...]:
        return ()

    def plan(self, *_asked: object) -> None:
        """Never answered."""

    tracks = ask = export = unfinished = plan

    def cancel(self) -> None:
        """Nothing is made."""

    def still(self, order: ExportOrder, done: Callable[[ExportResult], None], _refused: Callable[[str], None]) -> None:
        self.orders.append(order)
        self.done.append(done)


@pytest.fixture
def exports() -> FakeExports:
    return FakeExports()


@pytest.fixture
def played(desk: FakeDesk, exports: FakeExports) -> FakePlaybackDesk:
    made = FakePlaybackDesk(desk.registry())
    desk.offices = Offices(playback=made, exports=exports, zone=ZONE)
    return made


@pytest.fixture
def window(qtbot: QtBot, desk: FakeDesk, played: FakePlaybackDesk) -> Iterator[MainWindow]:
    made = opened(qtbot, desk)
    made.playback._now = lambda: NOW
    QTest.keyClick(made.wall, Key.Key_2, Modifier.AltModifier)
    yield made
    made.close()


@pytest.fixture
def view(window: MainWindow, qtbot: QtBot) -> PlaybackView:
    """Opened by F10; it has the keyboard, and pictures."""
    QTest.keyClick(window.wall, Key.Key_F10)
    made = window.playback.view
    assert made is not None
    qtbot.waitUntil(made.wall.hasFocus)
    qtbot.waitUntil(lambda: all(tile.picture is not None for tile in made.wall.tiles))
    return made


def press(window: MainWindow, pressed: Qt.Key, modifier: Qt.KeyboardModifier = Modifier.NoModifier) -> None:
    focused = window.focusWidget()
    assert focused is not None
    QTest.keyClick(focused, pressed, modifier)


def session_of(view: PlaybackView) -> FakeSession:
    assert isinstance(view.session, FakeSession)
    return view.session


def select(qtbot: QtBot, window: MainWindow, desk: FakeDesk, chosen: Incident) -> None:
    desk.change(incidents=(chosen,))
    qtbot.waitUntil(lambda: window.panel.incident.incident is not None)


def test_every_tile_is_placed_once_when_playback_opens(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed: list[str] = []
    place = TileBoard.place

    def counted(board: TileBoard, *values: object) -> int:
        placed.append(type(board._surface).__name__)
        return place(board, *values)  # type: ignore[arg-type]  # what place is called with

    monkeypatch.setattr(TileBoard, "place", counted)
    QTest.keyClick(window.wall, Key.Key_F10)
    opened_view = window.playback.view
    assert opened_view is not None
    qtbot.waitUntil(opened_view.wall.hasFocus)
    assert sorted(placed) == ["PlaybackWall", "Wall"]
    assert len(opened_view.wall.tiles) == 4
    assert opened_view.wall.height() > 200


@pytest.mark.parametrize(
    ("pressed", "modifier"),
    [
        (Key.Key_F1, Modifier.NoModifier),
        (Key.Key_A, Modifier.NoModifier),
        (Key.Key_I, Modifier.NoModifier),
        (Key.Key_R, Modifier.ControlModifier),
    ],
)
def test_escape_from_what_was_opened_from_playback_comes_back_to_it(
    view: PlaybackView,
    window: MainWindow,
    desk: FakeDesk,
    qtbot: QtBot,
    pressed: Qt.Key,
    modifier: Qt.KeyboardModifier,
) -> None:
    desk.change(alarms=(alarm(1),), incidents=(incident(1),))
    qtbot.waitUntil(lambda: len(window.panel.board.view.standing) == 1)
    press(window, pressed, modifier)
    qtbot.waitUntil(lambda: window.panel.isAncestorOf(window.focusWidget()))
    press(window, Key.Key_Escape)
    qtbot.waitUntil(view.wall.hasFocus)


def test_a_page_is_left_by_its_own_key_as_by_escape(view: PlaybackView, window: MainWindow, qtbot: QtBot) -> None:
    press(window, Key.Key_F1)
    qtbot.waitUntil(lambda: window.panel.isAncestorOf(window.focusWidget()))
    press(window, Key.Key_F1)
    qtbot.waitUntil(view.wall.hasFocus)
    assert window.panel.pages.currentWidget() is window.panel.work


def test_who_goes_to_the_live_wall_meanwhile_stays_there(view: PlaybackView, window: MainWindow, qtbot: QtBot) -> None:
    press(window, Key.Key_F1)
    qtbot.waitUntil(lambda: not view.has_keyboard)
    window.wall.setFocus()
    qtbot.waitUntil(window.wall.hasFocus)
    press(window, Key.Key_F1)
    assert window.panel.pages.currentWidget() is window.panel.work
    qtbot.waitUntil(window.wall.hasFocus)


@pytest.mark.parametrize(
    ("pressed", "modifier", "label"),
    [
        (Key.Key_Backspace, Modifier.NoModifier, "Backspace"),
        (Key.Key_Return, Modifier.ShiftModifier, "Shift+Enter"),
        (Key.Key_Left, Modifier.ShiftModifier, "Shift+←"),
        (Key.Key_Up, Modifier.ShiftModifier | Modifier.AltModifier, "Alt+Shift+←"),
    ],
)
def test_keys_that_move_live_tiles_say_so(
    view: PlaybackView, window: MainWindow, pressed: Qt.Key, modifier: Qt.KeyboardModifier, label: str
) -> None:
    before = view.wall.arrangement
    press(window, pressed, modifier)
    assert label in window.panel.toast.text
    assert "is for the live wall" in window.panel.toast.text
    assert view.wall.arrangement == before


def test_backspace_takes_back_a_digit_that_was_typed(view: PlaybackView, window: MainWindow) -> None:
    press(window, Key.Key_1)
    press(window, Key.Key_2)
    press(window, Key.Key_Backspace)
    assert view.wall.entry == "1"


def test_the_reason_that_something_was_found_for_is_not_asked_again(
    window: MainWindow, played: FakePlaybackDesk, qtbot: QtBot
) -> None:
    played.free_from_s = NOW - 600
    window.panel.offices.moment_chosen.emit("c2", NOW - 5000, "theft 7")
    made = window.playback.view
    assert made is not None
    qtbot.waitUntil(made.wall.hasFocus)
    assert played.opened[0][1:] == (NOW - 5005, "theft 7", "")
    assert made.reason.isHidden()
    window.panel.offices.moment_chosen.emit("c3", NOW - 9000, "theft 8")
    assert made.reason.isHidden()
    assert ("because", "theft 8", "") in session_of(made).asked
    assert ("seek", NOW - 9005) in session_of(made).asked


def test_what_it_was_looked_at_for_is_what_it_is_exported_for(
    view: PlaybackView, window: MainWindow, desk: FakeDesk, qtbot: QtBot
) -> None:
    select(qtbot, window, desk, incident(7))
    view.because("theft 7")
    view._choose(NOW - 300, NOW - 200)
    press(window, Key.Key_E, Modifier.ControlModifier)
    page = window.panel.pages.currentWidget()
    assert isinstance(page, ExportPage)
    qtbot.waitUntil(page.form.reason.hasFocus)
    assert (page.form.reason.text(), page.form.reason.selectedText()) == ("theft 7", "theft 7")
    assert not page.form.case.isChecked()
    view.because("", "i7")
    view.take_keyboard()
    qtbot.waitUntil(view.wall.hasFocus)
    press(window, Key.Key_E, Modifier.ControlModifier)
    assert (page.form.reason.text(), page.form.case.isChecked()) == ("", True)


def test_a_still_of_the_recorded_frame_is_saved_for_a_reason(
    view: PlaybackView, window: MainWindow, exports: FakeExports, qtbot: QtBot
) -> None:
    view.because("theft 7")
    session_of(view).notes["c1"] = ClockNote(1.5, 0.1)
    at = view.wall.tiles[0].picture
    assert at is not None
    press(window, Key.Key_S, Modifier.ShiftModifier)
    qtbot.waitUntil(window.panel.choice.note.hasFocus)
    assert window.panel.choice.note.text() == "theft 7"
    session_of(view).arrive(NOW - 20)  # it goes on; the picture of the key is meant
    press(window, Key.Key_Return)
    (order,) = exports.orders
    assert (order.camera_ids, order.reason, order.incident_id) == (("c1",), "theft 7", None)
    assert order.from_utc_s == order.to_utc_s == pytest.approx(at.utc_s + 1.5, abs=0.01)
    assert (order.still, order.view, order.masked, order.to_incident) == (True, False, True, False)
    qtbot.waitUntil(view.wall.hasFocus)
    exports.done[0](ExportResult(Path("/somewhere/still"), (), (), "", ""))
    qtbot.waitUntil(lambda: "/somewhere/still" in window.panel.toast.text)


def test_a_still_becomes_an_exhibit_of_the_incident(
    view: PlaybackView, window: MainWindow, desk: FakeDesk, exports: FakeExports, qtbot: QtBot
) -> None:
    select(qtbot, window, desk, incident(7))
    press(window, Key.Key_S, Modifier.ShiftModifier)
    qtbot.waitUntil(window.panel.choice.hasFocus)
    press(window, Key.Key_I)
    qtbot.waitUntil(window.panel.choice.note.hasFocus)
    asked = window.panel.choice.heading.text()  # it may stand below another page: it says what it is
    assert asked.startswith("Picture of 1 ")
    assert desk.state().incidents[0].number in asked
    press(window, Key.Key_Return)
    (order,) = exports.orders
    assert (order.incident_id, order.to_incident, order.still) == ("i7", True, True)
    qtbot.waitUntil(view.wall.hasFocus)


def test_ctrl_w_closes_the_playback_below_the_wall_from_the_wall_too(
    view: PlaybackView, window: MainWindow, qtbot: QtBot
) -> None:
    press(window, Key.Key_Escape)
    qtbot.waitUntil(window.wall.hasFocus)
    assert "Ctrl+W" in view.head.close_button.text()
    press(window, Key.Key_W, Modifier.ControlModifier)
    assert window.playback.view is None
    press(window, Key.Key_W, Modifier.ControlModifier)
    assert "Ctrl+Q" in window.panel.toast.text


def test_offices_that_are_not_here_cannot_be_chosen_in_the_menu(window: MainWindow) -> None:
    items = {
        item.text(): item.isEnabled()
        for menu in window.menuBar().actions()
        for item in menu.menu().actions()  # type: ignore[attr-defined]  # a menu's own action
    }
    absent = [text for text, enabled in items.items() if not enabled and text]
    assert any(text.startswith("Health of the cameras") for text in absent)
    assert all(text.endswith("(not at this seat)") for text in absent)
    assert items["Export recordings: a time, cameras, films and stills"]
