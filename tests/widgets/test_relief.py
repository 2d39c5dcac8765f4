"""Another operator sits down: nothing is seen of what the one before chose, found or left half typed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.feeds import TileState, TileStatus
from app.offices import Offices
from app.sign_in import SeatChanged
from storage.journal import IncidentFile
from storage.records import IncidentState, Role
from storage.registry_records import SavedSearch, Service
from storage.search import IncidentQuery
from tests.widgets.conftest import opened
from tests.widgets.fakes import FakeDesk, incident, incident_file
from tests.widgets.people_fakes import NOBODY, FakePeople
from tests.widgets.test_journal_view import FakePages
from tests.widgets.test_journal_view import incident as journal_incident
from widgets.journal_view import JournalView
from widgets.login_panel import LoginPanel
from widgets.main_window import MainWindow

Key = Qt.Key
ANNA = SeatChanged("anna", "Anna", Role.OPERATOR, by_password=True)
BORIS = SeatChanged("boris", "Boris", Role.OPERATOR, by_password=True)


class LaggingPeople(FakePeople):
    """Its state never hears who sits here: a desk whose reading takes long."""

    def publish_seat(self, seat: SeatChanged) -> None:
        self.bus.publish(seat)


@pytest.fixture
def pages() -> FakePages:
    return FakePages()


@pytest.fixture
def desk(pages: FakePages) -> FakeDesk:
    desk = FakeDesk()
    people = LaggingPeople(NOBODY)
    people.bus = desk.bus
    desk.offices = Offices(people=people, pages=pages)
    desk.extend(services=(Service("s1", "District 3", phone="102"),))
    return desk


@pytest.fixture
def window(qtbot: QtBot, desk: FakeDesk) -> Iterator[MainWindow]:
    made = opened(qtbot, desk)
    sit(qtbot, made, desk, ANNA)
    yield made
    made.close()


def sit(qtbot: QtBot, window: MainWindow, desk: FakeDesk, seat: SeatChanged) -> None:
    desk.bus.publish(seat)
    qtbot.waitUntil(lambda: window.page_keys.seat == seat)


def relieved(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    """Anna locks, Boris sits down."""
    sit(qtbot, window, desk, replace(ANNA, locked=True))
    sit(qtbot, window, desk, BORIS)


def focused() -> QWidget:
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


def login(window: MainWindow) -> LoginPanel:
    page = window.panel.pages.currentWidget()
    assert isinstance(page, LoginPanel)
    return page


def test_the_incident_of_the_one_before_is_not_shown(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    desk.change(incidents=(incident(1), incident(2)))
    window.panel.incidents.select("i2")
    qtbot.waitUntil(lambda: bool(window.panel.incident.history.text()))
    sit(qtbot, window, desk, replace(ANNA, locked=True))
    assert window.panel.incident.incident is not None, "whoever unlocks goes on"
    sit(qtbot, window, desk, BORIS)
    assert window.panel.incident.incident is None
    assert window.panel.incident.history.text() == ""
    assert window.panel.incidents.selected is None
    desk.change(incidents=(incident(3),))
    shown = window.panel.incident.incident
    assert shown is not None
    assert shown.id == "i3"


def test_what_the_last_state_of_the_one_before_brought_goes_again(
    qtbot: QtBot, window: MainWindow, desk: FakeDesk
) -> None:
    """A reading for the one before was on its way when the next one sat down."""
    relieved(qtbot, window, desk)
    desk.change(incidents=(incident(1),))
    desk.change(incidents=(incident(2),))
    shown = window.panel.incident.incident
    assert shown is not None
    assert shown.id == "i2"
    desk.change()
    assert window.panel.incident.incident is None


def test_an_incident_that_was_asked_for_by_the_one_before_does_not_come(
    qtbot: QtBot, window: MainWindow, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def load(_incident_id: str, done: object) -> None:
        asked.append(done)

    monkeypatch.setattr(desk, "load_incident", load)
    window.page_keys.show_found("i9")
    relieved(qtbot, window, desk)
    file: IncidentFile = incident_file(incident(9, IncidentState.CLOSED))
    asked[0](file, {})  # type: ignore[operator]  # the callback of the call above
    QCoreApplication.processEvents()
    assert window.panel.incident.incident is None


def test_rows_filters_and_saved_searches_are_the_next_ones_own(
    qtbot: QtBot, window: MainWindow, desk: FakeDesk, pages: FakePages
) -> None:
    pages.searches["s"] = SavedSearch("s", "anna", "My thefts", IncidentQuery(text="theft").to_json())
    QTest.keyClick(window.wall, Key.Key_F)
    view = window.panel.pages.currentWidget()
    assert isinstance(view, JournalView)
    qtbot.waitUntil(lambda: view.saved.box.count() == 2)
    QTest.keyClicks(view.filters.words, "knife")
    QTest.keyClick(view.filters.words, Key.Key_Return)
    pages.answer(journal_incident(1), journal_incident(2))
    qtbot.waitUntil(lambda: len(view.table.incidents.rows) == 2)
    view.saved.begin()
    QTest.keyClicks(view.saved.name, "secret plan")
    pages.searches.clear()
    late = len(pages.asked)
    view._count_again()
    relieved(qtbot, window, desk)
    assert view.table.incidents.rows == []
    assert view.saved.box.count() == 1
    assert view.saved.name.isHidden()
    assert view.saved.name.text() == ""
    assert view.filters.words.text() == ""
    assert view.filters.query == IncidentQuery()
    pages.asked[late].done(99)
    QCoreApplication.processEvents()
    assert "99" not in view.count_text.text(), "an answer for the one before"
    count = len(pages.asked)
    pages.searches["t"] = SavedSearch("t", "boris", "Boats", IncidentQuery(text="boat").to_json())
    QTest.keyClick(window.wall, Key.Key_F)
    qtbot.waitUntil(lambda: len(pages.asked) > count)
    assert [(a.kind, a.query) for a in pages.asked[count:]] == [
        (kind, IncidentQuery()) for kind in ("page", "count", "histogram")
    ]
    qtbot.waitUntil(lambda: view.saved.box.itemText(1) == "Boats")


def test_a_half_filled_record_is_as_it_is_known_again(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    page = window.panel.records
    QTest.keyClick(window.wall, Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    page.kinds.setCurrentIndex(page.kinds.findData("services"))
    QTest.keyClicks(page.fields["phone"], "999")
    relieved(qtbot, window, desk)
    assert page.fields["phone"].text() == "102"


def test_a_locked_seat_asks_for_the_password_whatever_was_going_on(
    qtbot: QtBot, window: MainWindow, desk: FakeDesk
) -> None:
    """First page made because of the lock, over a desk whose state still says that nobody sits here."""
    sit(qtbot, window, desk, replace(ANNA, locked=True))
    page = login(window)
    qtbot.waitUntil(page.password.hasFocus)
    assert page.name.text() == "Anna"
    assert page.heading.text().startswith("Locked: Anna")


@pytest.mark.parametrize("where", ["wall", "panel off", "its buttons", "half a change", "another name"])
def test_a_locked_seat_has_the_caret_in_the_password(
    qtbot: QtBot, window: MainWindow, desk: FakeDesk, where: str
) -> None:
    if where != "wall":
        QTest.keyClick(window.wall, Key.Key_F2)
        page = login(window)
        qtbot.waitUntil(page.lock_button.hasFocus)
    if where == "panel off":
        QTest.keyClick(window.focusWidget(), Key.Key_F9)
        qtbot.waitUntil(lambda: not window.panel.isVisible())
    elif where == "half a change":
        QTest.mouseClick(page.change_button, Qt.MouseButton.LeftButton)
        QTest.keyClicks(page.new, "half a")
        page.new.setFocus()
    elif where == "another name":
        sit(qtbot, window, desk, NOBODY)
        QTest.keyClicks(page.name, "Bor")
        QTest.keyClicks(page.password, "x")
    sit(qtbot, window, desk, replace(ANNA, locked=True))
    page = login(window)
    qtbot.waitUntil(page.password.hasFocus)
    assert page.isVisible()
    assert (page.name.text(), page.password.text(), page.new.text()) == ("Anna", "", "")
    QTest.keyClicks(focused(), "secret")
    assert page.password.text() == "secret"


def test_who_is_typing_is_not_disturbed_by_being_told_the_same(
    qtbot: QtBot, window: MainWindow, desk: FakeDesk
) -> None:
    locked = replace(ANNA, locked=True)
    sit(qtbot, window, desk, locked)
    page = login(window)
    qtbot.waitUntil(page.password.hasFocus)
    page.name.setFocus()
    page.name.selectAll()
    QTest.keyClicks(page.name, "Bori")
    desk.bus.publish(replace(ANNA, locked=True))
    desk.bus.publish(replace(ANNA, locked=True))
    QCoreApplication.processEvents()
    QTest.keyClicks(focused(), "s")
    assert page.name.text() == "Boris"


def test_the_answer_of_a_sign_in_that_comes_after_the_next_lock_changes_nothing(
    qtbot: QtBot, window: MainWindow, desk: FakeDesk
) -> None:
    sit(qtbot, window, desk, replace(ANNA, locked=True))
    page = login(window)
    qtbot.waitUntil(page.password.hasFocus)
    page._on_answer("")
    assert page.name.text() == "Anna"
    assert page.password.hasFocus()


def test_who_signs_out_leaves_an_empty_name(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    sit(qtbot, window, desk, replace(ANNA, locked=True))
    sit(qtbot, window, desk, NOBODY)
    page = login(window)
    qtbot.waitUntil(page.name.hasFocus)
    assert page.name.text() == ""


def test_the_wall_has_the_keyboard_again(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    sit(qtbot, window, desk, replace(ANNA, locked=True))
    sit(qtbot, window, desk, ANNA)
    qtbot.waitUntil(window.wall.hasFocus)
    assert window.panel.pages.currentWidget() is window.panel.work


def test_a_pursuit_ends_with_who_began_it(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    """Its next hops would be written down in the name of who sits here now."""
    before = window.wall.arrangement
    QTest.keyClick(window.wall, Key.Key_Insert)
    assert window.wall.pursued == "c1"
    relieved(qtbot, window, desk)
    assert window.wall.pursued == ""
    assert window.wall.arrangement == before
    window.panel.entry.entered.emit("i77")
    QTest.keyClick(window.wall, Key.Key_Right)
    assert not desk.commands


def test_a_picture_that_the_next_one_may_not_see_goes_at_once(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    tile, feed = window.wall.tiles[0], desk.feeds["c1"]
    feed.push()
    qtbot.waitUntil(lambda: tile.picture is not None)
    feed.tile_status = TileStatus(TileState.NO_RIGHTS)
    relieved(qtbot, window, desk)
    assert tile.picture is None
    assert tile.header.state is TileState.NO_RIGHTS


def test_a_replay_ends_when_its_camera_may_not_be_seen_any_more(
    qtbot: QtBot, window: MainWindow, desk: FakeDesk
) -> None:
    window.panel.replay.replay("c1")
    assert window.panel.replay.isVisible()
    desk.hidden = frozenset({"c1"})
    qtbot.waitUntil(window.panel.replay.isHidden)
    assert desk.replays[-1].closed


def test_an_incident_goes_with_the_right_to_its_camera(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    desk.change(incidents=(incident(1), incident(2)))
    qtbot.waitUntil(lambda: len(window.panel.incidents.facts.rows) == 2)
    window.panel.incident.show_incident(incident(1))
    desk.hidden = frozenset({"c1"})
    desk.change(incidents=(incident(2),))
    qtbot.waitUntil(lambda: len(window.panel.incidents.facts.rows) == 1)
    shown = window.panel.incident.incident
    assert shown is not None
    assert shown.id == "i2"
