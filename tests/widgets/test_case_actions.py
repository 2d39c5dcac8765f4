"""What an operator does with a case, by keyboard alone, in the real window."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from storage.case_commands import (
    AddNote,
    AddParticipant,
    AnswerHandover,
    AssignIncident,
    DoStep,
    EditIncident,
    EditNote,
    HandOverIncident,
    LinkIncidents,
    MergeIncident,
    OpenIncident,
    ResolveIncident,
    StepBackIncident,
)
from storage.case_records import Handover, HandoverState, Note, NoteKind
from storage.records import Category, IncidentState, Severity
from storage.registry_records import Procedure, Service
from tests.widgets.fakes import FakeDesk, incident
from widgets.case_actions import minor_units
from widgets.main_window import MainWindow

Key = Qt.Key
Shift = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def desk() -> FakeDesk:
    desk = FakeDesk()
    desk.extend(
        categories=(
            Category("intrusion", "Intrusion", "crime", "I"),
            Category("theft", "Theft", "crime", "T", Severity.LOW),
            Category("fire", "Fire", "other", "B", Severity.HIGH),
        ),
        services=(Service("s1", "District 3", phone="102"), Service("s2", "Fire brigade", radio="CH 4")),
        procedures=(Procedure("p1", "intrusion", "Intrusion", ("Watch the exits", "Call the guard")),),
    )
    return desk


@pytest.fixture
def window(qtbot: QtBot, desk: FakeDesk) -> MainWindow:
    window = MainWindow(desk)
    qtbot.addWidget(window)
    window.resize(1600, 900)
    window.show()
    qtbot.waitExposed(window)
    return window


def press(window: MainWindow, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(window.focusWidget(), key, modifier)


def write(window: MainWindow, text: str) -> None:
    QTest.keyClicks(window.panel.choice.note, text)
    QTest.keyClick(window.panel.choice.note, Key.Key_Return)


def open_case(window: MainWindow, desk: FakeDesk, state: IncidentState = IncidentState.ACKNOWLEDGED) -> None:
    desk.change(incidents=(incident(1, state), incident(2, IncidentState.ACKNOWLEDGED)))
    window.panel.incidents.select("i1")
    current = window.panel.incident.incident
    assert current is not None
    assert current.id == "i1"


def test_three_keys_and_a_word_enter_an_incident(window: MainWindow, desk: FakeDesk, qtbot: QtBot) -> None:
    desk.feeds["c1"].push()
    qtbot.waitUntil(lambda: window.wall.tiles[0].picture is not None)
    moment = window.wall.moment()
    press(window, Key.Key_E)
    wall = window.wall.geometry()
    press(window, Key.Key_B)
    press(window, Key.Key_Up)
    write(window, "a bin burns")
    command = desk.commands[-1]
    assert isinstance(command, OpenIncident)
    assert (command.camera_id, command.happened_utc_s) == moment
    assert (command.category_id, command.severity, command.note) == ("fire", Severity.CRITICAL, "a bin burns")
    assert window.wall.hasFocus()
    assert window.wall.isVisible()
    assert window.wall.geometry().size() == wall.size()


def test_the_incident_that_was_entered_comes_into_the_panel(window: MainWindow, desk: FakeDesk) -> None:
    desk.change(incidents=(incident(1),))
    press(window, Key.Key_E)
    press(window, Key.Key_T)
    write(window, "")
    command = desk.commands[-1]
    assert isinstance(command, OpenIncident)
    desk.change(incidents=(incident(1), replace(incident(7), id=command.new_incident_id)))
    shown = window.panel.incident.incident
    assert shown is not None
    assert shown.id == command.new_incident_id


def test_escape_leaves_the_entry_and_nothing_was_sent(window: MainWindow, desk: FakeDesk) -> None:
    press(window, Key.Key_E)
    press(window, Key.Key_Escape)
    assert desk.commands == []
    assert not window.panel.choice.isVisible()
    assert window.wall.hasFocus()


def test_a_mark_is_stamped_at_once_and_gets_its_words_later(window: MainWindow, desk: FakeDesk) -> None:
    press(window, Key.Key_M)
    command = desk.commands[-1]
    assert isinstance(command, AddNote)
    assert (command.kind, command.text, command.camera_id) == (NoteKind.MARK, "", "c1")
    assert not window.panel.choice.isVisible()
    mark = Note("n1", NoteKind.MARK, 1.0, "anna", "", 1, camera_id="c1", utc_s=1.0)
    desk.change(incidents=(incident(1, IncidentState.ACKNOWLEDGED),), marks=(mark,))
    press(window, Key.Key_M, Shift)
    press(window, Key.Key_I)
    write(window, "red van without plates")
    assert desk.commands[-1] == EditNote("n1", 1, "red van without plates", "i1")


def test_hand_over_and_the_answer(window: MainWindow, desk: FakeDesk) -> None:
    open_case(window, desk)
    press(window, Key.Key_H)
    press(window, Key.Key_1)
    assert "102" in window.panel.choice.heading.text()
    write(window, "two men, north gate")
    command = desk.commands[-1]
    assert isinstance(command, HandOverIncident)
    assert (command.incident_id, command.service_id, command.text) == ("i1", "s1", "two men, north gate")
    handover = Handover("h1", "i1", "s1", 1.0, "anna", "", HandoverState.SENT, 4)
    desk.change(incidents=(incident(1, IncidentState.HANDED_OVER),), handovers=(handover,))
    press(window, Key.Key_H, Shift)
    press(window, Key.Key_A)
    write(window, "on their way")
    assert desk.commands[-1] == AnswerHandover("h1", 4, HandoverState.ACCEPTED, "on their way")
    press(window, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    undone: object = desk.commands[-1]
    assert undone == StepBackIncident("i1", 6), "the version that the hand-over made"


def hand_over(window: MainWindow, desk: FakeDesk, state: IncidentState = IncidentState.ACKNOWLEDGED) -> None:
    """To the service s1."""
    open_case(window, desk, state)
    press(window, Key.Key_H)
    press(window, Key.Key_1)
    write(window, "")
    assert isinstance(desk.commands[-1], HandOverIncident)


@pytest.mark.parametrize(
    ("version", "state", "service", "undone"),
    [
        (6, IncidentState.HANDED_OVER, "s1", 6),
        (8, IncidentState.HANDED_OVER, "s1", 8),  # somebody wrote the damage down since
        (7, IncidentState.RESOLVED, "s1", None),
        (7, IncidentState.ACCEPTED, "s1", None),
        (8, IncidentState.HANDED_OVER, "s2", None),
        (7, IncidentState.ACKNOWLEDGED, None, None),  # somebody else has stepped back already
    ],
)
def test_a_hand_over_is_undone_only_while_it_is_the_newest_step(
    window: MainWindow, desk: FakeDesk, version: int, state: IncidentState, service: str | None, undone: int | None
) -> None:
    hand_over(window, desk)
    desk.change(incidents=(replace(incident(1, state), version=version, service_id=service),))
    before = len(desk.commands)
    press(window, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert desk.commands[before:] == ([StepBackIncident("i1", undone)] if undone else [])
    assert ("moved on" in window.panel.toast.text) == (undone is None)


def test_a_second_service_is_not_undone_by_a_step_back(window: MainWindow, desk: FakeDesk) -> None:
    """It was no step: going back would take back that the first one is on scene."""
    hand_over(window, desk, IncidentState.ON_SCENE)
    desk.change(incidents=(replace(incident(1, IncidentState.ON_SCENE), version=6, service_id="s1"),))
    before = len(desk.commands)
    press(window, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert desk.commands[before:] == []


def test_a_resolved_case_steps_back(window: MainWindow, desk: FakeDesk) -> None:
    open_case(window, desk)
    press(window, Key.Key_S)
    desk.change(incidents=(replace(incident(1, IncidentState.RESOLVED), version=6),))
    press(window, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert desk.commands[-1] == StepBackIncident("i1", 6)


def test_nothing_is_handed_over_twice_or_too_early(window: MainWindow, desk: FakeDesk) -> None:
    open_case(window, desk, IncidentState.NEW)
    press(window, Key.Key_H)
    assert not window.panel.choice.isVisible()
    assert "2026-000001" in window.panel.toast.text
    assert desk.commands == []


@pytest.mark.parametrize(
    ("keys", "words", "expected"),
    [
        ([(Key.Key_S, None)], None, ResolveIncident("i1", 5)),
        ([(Key.Key_T, Shift)], None, AssignIncident("i1", 5, "anna")),
        ([(Key.Key_W, None)], "ran to the bridge", "note"),
        ([(Key.Key_D, None), (Key.Key_1, None)], "", DoStep("i1", "p1", 0)),
        (
            [(Key.Key_D, None), (Key.Key_2, None)],
            "guard is ill",
            DoStep("i1", "p1", 1, done=False, reason="guard is ill"),
        ),
        ([(Key.Key_E, Shift), (Key.Key_T, None)], None, EditIncident("i1", 5, category_id="theft")),
        ([(Key.Key_D, Shift)], "1 200.50 uah", EditIncident("i1", 5, damage_minor=120050, currency="UAH")),
        ([(Key.Key_P, Shift)], "Patrol 12, first on scene", "participant"),
        ([(Key.Key_J, Shift), (Key.Key_1, None)], None, MergeIncident("i1", 5, "i2")),
        ([(Key.Key_I, Shift), (Key.Key_1, None)], None, "link"),
    ],
)
def test_every_case_key_sends_its_command(
    window: MainWindow,
    desk: FakeDesk,
    keys: list[tuple[Qt.Key, Qt.KeyboardModifier | None]],
    words: str | None,
    expected: object,
) -> None:
    open_case(window, desk)
    for key, modifier in keys:
        press(window, key, modifier or Qt.KeyboardModifier.NoModifier)
    if words is not None:
        write(window, words)
    command = desk.commands[-1]
    if expected == "note":
        assert isinstance(command, AddNote)
        assert (command.text, command.incident_id) == (words, "i1")
    elif expected == "participant":
        assert isinstance(command, AddParticipant)
        assert (command.name, command.part) == ("Patrol 12", "first on scene")
    elif expected == "link":
        assert isinstance(command, LinkIncidents)
        assert (command.incident_id, command.other_id) == ("i1", "i2")
    else:
        assert command == expected


def test_an_amount_that_is_none_changes_nothing(window: MainWindow, desk: FakeDesk) -> None:
    open_case(window, desk)
    press(window, Key.Key_D, Shift)
    write(window, "a lot")
    assert desk.commands == []


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("1200.50 UAH", (120050, "UAH")),
        ("1 200,5 kzt", (120050, "KZT")),
        ("1,200.50 USD", (120050, "USD")),
        ("7EUR", (700, "EUR")),
        ("0.001 EUR", None),
        ("1.2.3 EUR", None),
        ("EUR", None),
        ("12", None),
        ("-5 EUR", None),
    ],
)
def test_amounts(text: str, minor: tuple[int, str] | None) -> None:
    assert minor_units(text) == minor
