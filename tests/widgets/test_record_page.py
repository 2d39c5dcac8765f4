"""The records page in the window: chosen, changed, made, taken out of use and brought back."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.record_forms import KINDS
from storage.columns import forms
from storage.commands import PutRecord, RemoveRecord
from storage.records import District, Severity
from storage.registry_records import Deadline, Service
from tests.widgets.fakes import FakeDesk
from widgets.main_window import MainWindow
from widgets.record_page import RecordPage
from widgets.record_words import FIELD_TEXTS

Key = Qt.Key


@pytest.fixture
def desk() -> FakeDesk:
    desk = FakeDesk()
    desk.extend(services=(Service("s1", "District 3", phone="102"),))
    return desk


@pytest.fixture
def window(qtbot: QtBot, desk: FakeDesk) -> MainWindow:
    window = MainWindow(desk)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    qtbot.waitUntil(window.isActiveWindow)
    QTest.keyClick(window, Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    return window


def choose(window: MainWindow, kind: str) -> RecordPage:
    page = window.panel.records
    page.kinds.setCurrentIndex(page.kinds.findData(kind))
    return page


def test_a_service_is_changed(window: MainWindow, desk: FakeDesk) -> None:
    page = choose(window, "services")
    assert page.isVisible()
    assert window.wall.isVisible()
    assert page.fields["phone"].text() == "102"
    page.fields["phone"].setText("103")
    QTest.keyClick(page.fields["phone"], Key.Key_Return)
    assert desk.commands == [PutRecord(Service("s1", "District 3", phone="103"))]


def test_a_new_deadline(window: MainWindow, desk: FakeDesk) -> None:
    page = choose(window, "deadlines")
    QTest.mouseClick(page.new_button, Qt.MouseButton.LeftButton)
    page.fields["state"].setText("new")
    page.fields["seconds"].setText("90")
    QTest.mouseClick(page.save_button, Qt.MouseButton.LeftButton)
    command = desk.commands[-1]
    assert isinstance(command, PutRecord)
    assert isinstance(command.record, Deadline)
    assert (command.record.state, command.record.seconds, command.record.category_id) == ("new", 90.0, None)


def test_others_are_named_not_numbered(window: MainWindow, desk: FakeDesk) -> None:
    desk.extend(districts=(District("d7", "Podil"),), services=(Service("s1", "Post 3", district_id="d7"),))
    page = choose(window, "services")
    assert page.fields["district_id"].text() == "Podil"
    assert "Podil" in page.list.item(0).text()
    completer = page.fields["district_id"].completer()
    assert completer.model().data(completer.model().index(0, 0)) == "Podil"
    page.fields["phone"].setText("103")
    QTest.keyClick(page.fields["phone"], Key.Key_Return)
    assert desk.commands == [PutRecord(Service("s1", "Post 3", phone="103", district_id="d7"))]
    page.fields["district_id"].setText("Nowhere")
    QTest.keyClick(page.fields["district_id"], Key.Key_Return)
    assert len(desk.commands) == 1
    assert "Podil" in window.panel.toast.text


def test_of_a_long_value_the_beginning_is_seen(window: MainWindow) -> None:
    page = window.panel.records
    page._fill(dict.fromkeys(page.fields, "A value that is longer than its line has room for"))
    assert {line.cursorPosition() for line in page.fields.values()} == {0}


def test_a_wrong_value_is_said_and_changes_nothing(window: MainWindow, desk: FakeDesk) -> None:
    page = choose(window, "categories")
    page.fields["severity"].setText("very")
    QTest.mouseClick(page.save_button, Qt.MouseButton.LeftButton)
    assert desk.commands == []
    assert "severity" in window.panel.toast.text
    assert str(int(Severity.CRITICAL)) in window.panel.toast.text


def test_out_of_use_and_back(window: MainWindow, desk: FakeDesk) -> None:
    page = choose(window, "services")
    QTest.mouseClick(page.remove_button, Qt.MouseButton.LeftButton)
    assert desk.commands == [RemoveRecord("services", "s1")]
    QTest.keyClick(window.wall, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert desk.commands[-1] == PutRecord(Service("s1", "District 3", phone="102"))


def test_every_field_has_a_label_that_can_be_translated(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    named = {name for kind, _heading in KINDS.values() for name in forms(kind)} - {"id"}
    assert named - set(FIELD_TEXTS) == set()
    monkeypatch.setattr("widgets.record_words._", lambda text: f"«{text}»")
    page = choose(window, "deadlines")
    labels = {label.text() for label in page.findChildren(QLabel)}
    assert {"«Category»", "«Seconds»", "«State»"} <= labels


def test_the_page_is_renewed_only_while_it_is_seen(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    page = choose(window, "services")
    page.list.setFocus()
    QTest.keyClick(page.list, Key.Key_Escape)
    qtbot.waitUntil(lambda: not page.isVisible())
    desk.extend(services=(Service("s1", "District 3"), Service("s2", "Fire brigade")))
    desk.change()
    assert page.list.count() == 1
    QTest.keyClick(window.wall, Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: page.list.count() == 2)
    desk.extend(services=())
    desk.change()
    qtbot.waitUntil(lambda: page.list.count() == 0)
