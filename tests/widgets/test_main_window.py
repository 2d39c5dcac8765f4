"""Alarms and incidents by keyboard alone, on the real window."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest
from PySide6.QtCore import QByteArray, QEvent, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from app.approval_desk import ApprovalDesk
from app.approval_facts import ApprovalsWaiting
from app.feeds import Banner, CommandRefused, TileState
from app.offices import Offices
from app.sign_in import SeatChanged
from storage.records import AlarmState, IncidentState, Outcome, Role, Severity, Verdict
from tests.widgets.fakes import FakeDesk, alarm, closed, incident
from widgets.choice import Question, lettered
from widgets.chrome import header_pixmap
from widgets.keys import KEYS, KeyGroup, key, markdown
from widgets.main_window import MainWindow

Key = Qt.Key


def changed(qtbot: QtBot, window: MainWindow, desk: FakeDesk, *facts: tuple[object, ...]) -> None:
    """The desk's state has arrived in the tables."""
    desk.change(*facts)  # type: ignore[arg-type]
    state = desk.state()
    qtbot.waitUntil(
        lambda: (
            {a for row in window.panel.alarms.facts.rows for a in row.alarms} == set(state.alarms)
            and set(window.panel.incidents.facts.rows) == set(state.incidents)
        )
    )


def press(window: MainWindow, pressed: Qt.Key) -> None:
    """A key as the operator presses it: at the widget that has the keyboard."""
    QTest.keyClick(window.focusWidget(), pressed)


def test_space_acknowledges_the_newest_alarm(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    changed(qtbot, window, desk, (alarm(1), alarm(4), alarm(6, AlarmState.ACKNOWLEDGED)), ())
    press(window, Key.Key_Space)
    assert desk.asked == [("acknowledge_alarm", "a4")]


def test_space_prefers_the_selected_alarm(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    changed(qtbot, window, desk, (alarm(1), alarm(4)), ())
    press(window, Key.Key_A)
    assert window.panel.alarms.hasFocus()
    press(window, Key.Key_Down)
    press(window, Key.Key_Space)
    assert desk.asked == [("acknowledge_alarm", "a1")]


def test_space_takes_a_new_incident_when_no_alarm_waits(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    changed(qtbot, window, desk, (), (incident(1, IncidentState.VERIFIED), incident(2)))
    assert [tile.feed.camera.id for tile in window.wall.tiles if tile.alarmed] == ["c2"]
    press(window, Key.Key_Space)
    assert desk.asked == [("acknowledge_incident", "i2")]


def test_selection_survives_new_alarms(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    changed(qtbot, window, desk, (alarm(1), alarm(2)), ())
    press(window, Key.Key_A)
    press(window, Key.Key_Down)
    changed(qtbot, window, desk, (alarm(9), alarm(1), alarm(2)), ())
    selected = window.panel.alarms.selected
    assert selected is not None
    assert selected.first.id == "a1"


def test_enter_on_an_alarm_shows_its_camera(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    changed(qtbot, window, desk, (alarm(5),), ())
    press(window, Key.Key_A)
    press(window, Key.Key_Return)
    assert window.wall.arrangement.focused == "c5"
    assert window.wall.hasFocus()


def test_digits_reach_the_wall_from_the_queue(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    changed(qtbot, window, desk, (alarm(5),), ())
    press(window, Key.Key_A)
    press(window, Key.Key_7)
    assert window.wall.entry == "7"
    assert window.wall.hasFocus()


def test_alarmed_cameras_are_marked_until_somebody_takes_them(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    changed(qtbot, window, desk, (alarm(2), alarm(3, AlarmState.ACKNOWLEDGED)), ())
    assert [tile.feed.camera.id for tile in window.wall.tiles if tile.alarmed] == ["c2"]
    changed(qtbot, window, desk, (), ())
    assert not any(tile.alarmed for tile in window.wall.tiles)


@pytest.mark.parametrize(("pressed", "verdict"), [(Key.Key_N, Verdict.INCIDENT), (Key.Key_X, Verdict.FALSE)])
def test_verdict_keys(qtbot: QtBot, window: MainWindow, desk: FakeDesk, pressed: Qt.Key, verdict: Verdict) -> None:
    changed(qtbot, window, desk, (alarm(2),), ())
    press(window, pressed)
    assert desk.asked == [("judge_alarm", "a2", verdict, None)]


def test_join_needs_an_incident(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    changed(qtbot, window, desk, (alarm(2),), ())
    press(window, Key.Key_J)
    assert desk.asked == []
    changed(qtbot, window, desk, (alarm(2),), (incident(1),))
    press(window, Key.Key_J)
    assert desk.asked == [("judge_alarm", "a2", Verdict.JOINED, "i1")]


def test_false_verdict_is_undone_with_the_next_version(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    changed(qtbot, window, desk, (alarm(2),), ())
    press(window, Key.Key_X)
    QTest.keyClick(window.wall, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert desk.asked[-1] == ("reopen_alarm", "a2", alarm(2).version + 1)
    QTest.keyClick(window.wall, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert len(desk.asked) == 2
    assert "Nothing" in window.panel.toast.text


def test_a_step_that_was_refused_is_kept(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    changed(qtbot, window, desk, (alarm(2),), ())
    press(window, Key.Key_X)
    for times in (1, 2):
        QTest.keyClick(window.wall, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert [call[0] for call in desk.asked[1:]] == ["reopen_alarm"] * times
        refused = desk.refusals[-1]
        assert refused is not None
        refused()
        seen: list[bool] = []
        window.bridge.call_soon(lambda seen=seen: seen.append(True))  # type: ignore[misc]  # bound where it is made
        qtbot.waitUntil(lambda seen=seen: bool(seen))  # type: ignore[misc]  # as above


def test_a_step_that_was_refused_is_not_the_next_operators(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    desk.bus.publish(SeatChanged("anna", "Anna", Role.OPERATOR, by_password=True))
    changed(qtbot, window, desk, (alarm(2),), ())
    press(window, Key.Key_X)
    QTest.keyClick(window.wall, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    desk.bus.publish(SeatChanged("boris", "Boris", Role.OPERATOR, by_password=True))
    qtbot.waitUntil(lambda: window.status.operator.text() == "Boris")
    refused = desk.refusals[-1]
    assert refused is not None
    refused()
    seen: list[bool] = []
    window.bridge.call_soon(lambda: seen.append(True))
    qtbot.waitUntil(lambda: bool(seen))
    QTest.keyClick(window.wall, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert len(desk.asked) == 2


def test_incident_is_taken_verified_and_closed_by_keyboard_alone(
    qtbot: QtBot, window: MainWindow, desk: FakeDesk
) -> None:
    changed(qtbot, window, desk, (), (incident(1),))
    press(window, Key.Key_T)
    changed(qtbot, window, desk, (), (incident(1, IncidentState.ACKNOWLEDGED),))
    qtbot.waitUntil(window.panel.incident.verify_button.isEnabled)
    press(window, Key.Key_V)
    press(window, Key.Key_C)
    assert window.panel.incident.choice.hasFocus()
    press(window, Key.Key_N)
    press(window, Key.Key_Return)
    assert desk.asked == [
        ("acknowledge_incident", "i1"),
        ("verify_incident", "i1"),
        ("close_incident", "i1", Outcome.NO_RESULT, ""),
    ]
    assert window.wall.hasFocus()


def test_closure_is_undone(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    verified = incident(1, IncidentState.VERIFIED)
    changed(qtbot, window, desk, (), (verified,))
    press(window, Key.Key_C)
    press(window, Key.Key_D)
    press(window, Key.Key_Return)
    changed(qtbot, window, desk, (), (closed(verified, Outcome.DETAINED),))
    QTest.keyClick(window.wall, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert desk.asked[-1] == ("reopen_incident", "i1", verified.version + 1)


def test_a_closure_of_somebody_else_is_not_undone(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    verified = incident(1, IncidentState.VERIFIED)
    changed(qtbot, window, desk, (), (verified,))
    press(window, Key.Key_C)
    press(window, Key.Key_D)
    press(window, Key.Key_Return)
    others = closed(replace(verified, version=verified.version + 2), Outcome.NO_RESULT)
    changed(qtbot, window, desk, (), (others,))
    before = len(desk.asked)
    QTest.keyClick(window.wall, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert desk.asked[before:] == []
    assert "moved on" in window.panel.toast.text


def test_escape_leaves_the_incident_open(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    changed(qtbot, window, desk, (), (incident(1, IncidentState.VERIFIED),))
    press(window, Key.Key_C)
    press(window, Key.Key_Escape)
    assert not window.panel.incident.choice.isVisible()
    assert desk.asked == []
    assert window.wall.hasFocus()


def test_the_workflow_is_explained_not_refused(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    changed(qtbot, window, desk, (), (incident(1),))
    press(window, Key.Key_C)
    assert not window.panel.incident.choice.isVisible()
    assert "Acknowledged" in window.panel.toast.text
    assert not window.panel.incident.close_button.isEnabled()


def test_buttons_do_what_their_keys_do(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    changed(qtbot, window, desk, (), (incident(1, IncidentState.ACKNOWLEDGED),))
    panel = window.panel.incident
    QTest.mouseClick(panel.verify_button, Qt.MouseButton.LeftButton)
    QTest.mouseClick(panel.report_button, Qt.MouseButton.LeftButton)
    assert desk.asked == [("verify_incident", "i1"), ("write_report", "i1")]
    qtbot.waitUntil(lambda: "/reports/i1.pdf" in window.panel.toast.text)


def test_incident_panel_shows_facts_still_and_history(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    desk.still = jpeg()
    changed(qtbot, window, desk, (), (incident(3),))
    panel = window.panel.incident
    qtbot.waitUntil(lambda: not panel.still.image.isNull())
    assert panel.still.marks[0].track_id == 7
    assert panel.facts["camera"].text() == "3 Park entrance north"
    assert panel.facts["place"].text() == "River port, Quay street 4"
    assert "UTC" in panel.facts["opened"].text()
    assert "alarm judged" in panel.history.text()
    assert panel.still.grab().toImage().pixelColor(3, 3).isValid()


def jpeg() -> bytes:
    from PySide6.QtCore import QBuffer
    from PySide6.QtGui import QColor, QImage

    image = QImage(64, 36, QImage.Format.Format_RGB32)
    image.fill(QColor("#335577"))
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    image.save(buffer, "JPG")  # type: ignore[call-overload]  # the stub wants bytes, Qt a text
    return bytes(data.data())


def test_broken_still_is_no_crash(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    desk.still = b"no picture"
    changed(qtbot, window, desk, (), (incident(3),))
    qtbot.waitUntil(lambda: window.panel.incident.history.text() != "")
    assert window.panel.incident.still.image.isNull()


def test_refusal_is_a_toast_and_banner_a_line(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    desk.bus.publish(CommandRefused("Somebody else was faster."))
    desk.bus.publish(Banner("model", "No model.", "Fetch one."))
    qtbot.waitUntil(lambda: window.panel.toast.text == "✕ Somebody else was faster.")
    assert window.banner.text == "▲ No model.  Fetch one."
    desk.bus.publish(Banner("model", ""))
    qtbot.waitUntil(lambda: not window.banner.text)


def test_no_tile_moves_when_a_banner_comes_or_goes(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    seen, wall = window.wall.geometry(), window.wall
    for number in range(1, 6):
        desk.bus.publish(Banner(f"rules {number}", f"Camera {number}: " + "its rules are not looked at. " * 3))
    qtbot.waitUntil(lambda: window.banner.text.count("\n") == 4)
    QApplication.processEvents()
    assert wall.geometry() == seen
    assert window.banner.shown.startswith("+2    ▲ Camera 3: ")
    assert "▲ Camera 5: " in window.banner.shown
    assert window.banner.shown.count("…") == 3
    for number in range(1, 6):
        desk.bus.publish(Banner(f"rules {number}", ""))
    qtbot.waitUntil(lambda: not window.banner.text)
    QApplication.processEvents()
    assert wall.geometry() == seen


def test_refusal_is_seen_without_the_panel(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    press(window, Key.Key_F9)
    assert window.panel.isHidden()
    desk.bus.publish(CommandRefused("Not permitted."))
    qtbot.waitUntil(lambda: window.status.message.text() == "Not permitted.")


def test_status_line_counts(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    changed(qtbot, window, desk, (alarm(2), alarm(3, AlarmState.ACKNOWLEDGED)), (incident(1),))
    window.show_detector("yolo11n")
    assert "2 alarms, 1 waiting" in window.status.alarms.text()
    assert "1 open" in window.status.incidents.text()
    assert "0 of 9" in window.status.cameras.text()
    assert "yolo11n" in window.status.detector.text()
    assert "UTC" in window.status.clock.text()


def test_severity_is_a_number_too(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    changed(qtbot, window, desk, (alarm(1, severity=Severity.CRITICAL),), ())
    model = window.panel.alarms.facts
    tip = model.data(model.index(0, 0), Qt.ItemDataRole.ToolTipRole)
    assert (tip, model.data(model.index(0, 0), Qt.ItemDataRole.DecorationRole) is not None) == ("Critical", True)
    texts = [model.data(model.index(0, column)) for column in range(model.columnCount())]
    assert (texts[1], texts[3]) == ("1 Main gate", "Person in zone")


def test_key_sheet_beside_the_wall_and_back(qtbot: QtBot, window: MainWindow) -> None:
    press(window, Key.Key_F1)
    assert window.panel.pages.currentWidget() is window.panel.keys
    texts = [" ".join(label.text().split()) for label in window.panel.keys.findChildren(QLabel)]  # long ones are broken
    assert all(k.meaning in texts and k.label in texts for k in KEYS)
    press(window, Key.Key_Escape)
    assert window.panel.pages.currentWidget() is window.panel.work


def test_the_key_sheet_is_read_to_its_end_by_keyboard(qtbot: QtBot, window: MainWindow) -> None:
    window.resize(1366, 768)
    focused = window.wall.arrangement.focus
    press(window, Key.Key_F1)
    line = window.panel.keys.verticalScrollBar()
    qtbot.waitUntil(lambda: line.maximum() > 0)
    for pressed, at in ((Key.Key_End, line.maximum), (Key.Key_Home, line.minimum)):
        press(window, pressed)
        assert line.value() == at()
    press(window, Key.Key_Down)
    assert line.value() > 0
    assert window.wall.arrangement.focus == focused
    press(window, Key.Key_Escape)
    assert window.wall.hasFocus()


def test_escape_leads_from_a_page_to_the_wall_at_once(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    changed(qtbot, window, desk, (alarm(1), alarm(2)))
    for pressed in (Key.Key_L, Key.Key_F2, Key.Key_A):
        press(window, pressed)
        press(window, Key.Key_Escape)
        assert window.wall.hasFocus()
        assert window.panel.pages.currentWidget() is window.panel.work


def test_a_key_that_has_nothing_to_act_on_says_so(qtbot: QtBot, window: MainWindow) -> None:
    for pressed, told in (
        (Key.Key_K, "No replay"),
        (Key.Key_Comma, "No replay"),
        (Key.Key_BracketLeft, "No replay"),
        (Key.Key_T, "No incident"),
        (Key.Key_V, "No incident"),
        (Key.Key_P, "No incident"),
    ):
        window.panel.toast.clear()
        press(window, pressed)
        assert told in window.panel.toast.text


def test_full_screen_and_back(qtbot: QtBot, window: MainWindow) -> None:
    press(window, Key.Key_F11)
    assert window.isFullScreen()
    press(window, Key.Key_Escape)
    assert not window.isFullScreen()
    assert window.menuBar().isVisible()


def test_every_key_is_unique_and_connected(window: MainWindow) -> None:
    for inside in (False, True):  # where playback has the keyboard its keys are its own
        keys = [k for k in KEYS if (k.group is KeyGroup.PLAYBACK and k.wall_only) is inside]
        sequences = [QKeySequence(s).toString() for k in keys for s in k.sequences]
        assert all(sequences)
        assert len(sequences) == len(set(sequences))
    assert set(window.actions_by_name) == {k.name for k in KEYS if not k.wall_only}


def test_letters_work_under_a_cyrillic_layout(window: MainWindow, desk: FakeDesk) -> None:
    """As Windows sends the key that has an O printed on it."""
    assert window.wall.look.overlay
    pressed = QKeyEvent(QEvent.Type.KeyPress, 0x0429, Qt.KeyboardModifier.NoModifier, 0, ord("O"), 0, "Щ")
    QApplication.sendEvent(window.wall, pressed)
    assert not window.wall.look.overlay


def test_shifted_letters_work_under_a_cyrillic_layout_too(window: MainWindow) -> None:
    """As Windows sends Shift and the key that has an R printed on it."""
    asked: list[str] = []
    window.actions_by_name["record_now"].triggered.connect(lambda: asked.append("record_now"))
    shift = Qt.KeyboardModifier.ShiftModifier
    QApplication.sendEvent(window.wall, QKeyEvent(QEvent.Type.KeyPress, 0x041A, shift, 0, ord("R"), 0, "К"))
    assert asked == ["record_now"]
    for control in (Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier):
        QApplication.sendEvent(window.wall, QKeyEvent(QEvent.Type.KeyPress, 0x041A, control, 0, ord("R"), 0, "К"))
    assert asked == ["record_now"]


def test_space_presses_the_button_that_has_the_keyboard(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    changed(qtbot, window, desk, (alarm(1),), ())
    window.panel.show_page(window.panel.records)
    window.panel.records.new_button.setFocus()
    window.panel.records.list.setCurrentRow(0)
    press(window, Key.Key_Space)
    assert desk.asked == []
    assert window.panel.records.selected is None  # an empty form


def test_enter_in_a_pages_line_does_not_reach_the_wall(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    window.panel.show_page(window.panel.records)
    line = next(iter(window.panel.records.fields.values()))
    line.setFocus()
    layout = window.wall.arrangement
    press(window, Key.Key_Return)
    assert line.hasFocus()
    assert window.wall.arrangement == layout


def test_what_one_operator_left_half_done_is_not_the_next_ones(
    qtbot: QtBot, window: MainWindow, desk: FakeDesk
) -> None:
    anna = SeatChanged("anna", "Anna", Role.OPERATOR, by_password=True)
    desk.bus.publish(anna)
    changed(qtbot, window, desk, (alarm(1),), (incident(1, IncidentState.VERIFIED),))
    press(window, Key.Key_X)
    press(window, Key.Key_C)
    assert window.panel.choice.isVisible()
    desk.bus.publish(replace(anna, locked=True))
    qtbot.waitUntil(lambda: not window.panel.choice.isVisible())
    assert desk.asked == [("judge_alarm", "a1", Verdict.FALSE, None)]
    desk.bus.publish(anna)
    desk.bus.publish(replace(anna, operator_id="boris", name="Boris"))
    qtbot.waitUntil(lambda: window.status.operator.text() == "Boris")
    window.wall.setFocus()
    QTest.keyClick(window.wall, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert len(desk.asked) == 1


def test_the_same_operator_keeps_the_steps_over_a_lock(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    anna = SeatChanged("anna", "Anna", Role.OPERATOR, by_password=True)
    desk.bus.publish(anna)
    changed(qtbot, window, desk, (alarm(1),), ())
    press(window, Key.Key_X)
    desk.bus.publish(replace(anna, locked=True))
    desk.bus.publish(anna)
    qtbot.waitUntil(lambda: window.status.operator.text() == "Anna")
    QTest.keyClick(window.wall, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert [call[0] for call in desk.asked] == ["judge_alarm", "reopen_alarm"]


def test_approvals_that_wait_stand_in_the_status_line(window: MainWindow, desk: FakeDesk) -> None:
    waiting = ApprovalsWaiting(3, 1)
    desk.offices = Offices(approvals=cast(ApprovalDesk, SimpleNamespace(waiting=lambda: waiting)))
    window.show_detector("none")
    assert "3 approvals waiting" in window.status.waiting.text()
    waiting = ApprovalsWaiting()
    window.show_detector("none")
    assert "approvals" not in window.status.waiting.text()


def test_a_question_of_many_letters_does_not_grow_a_small_window(
    qtbot: QtBot, window: MainWindow, desk: FakeDesk
) -> None:
    window.resize(1280, 720)
    for number in range(3):
        desk.bus.publish(Banner(f"b{number}", "A sentence for the operator"))
    options = lettered((n, f"Category {n}", "") for n in range(24))
    window.panel.choice.ask(Question("Which?", lambda _value, _words: None, options))
    for _turn in range(5):
        QApplication.processEvents()
    assert (window.width(), window.height()) == (1280, 720)
    for letter, button in window.panel.choice.buttons.items():
        assert button.text().startswith(letter)
    window.panel.choice.leave()
    assert window.panel.pages.isVisible()


def test_keys_make_the_readme_table() -> None:
    assert f"| Alt+3 | {key('layout_9').meaning} |" in markdown()
    assert len(markdown().splitlines()) == len(KEYS) + 2


def test_a_note_goes_with_the_outcome_by_keyboard_alone(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    changed(qtbot, window, desk, (), (incident(1, IncidentState.VERIFIED),))
    press(window, Key.Key_C)
    press(window, Key.Key_H)
    assert desk.asked == []
    assert window.panel.incident.choice.note.hasFocus()
    QTest.keyClicks(window.focusWidget(), "Given to the police: 2 X, R")
    press(window, Key.Key_Return)
    assert desk.asked == [("close_incident", "i1", Outcome.HANDED_OVER, "Given to the police: 2 X, R")]
    assert window.wall.hasFocus()


def test_escape_in_the_note_leaves_the_incident_open(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    changed(qtbot, window, desk, (), (incident(1, IncidentState.VERIFIED),))
    press(window, Key.Key_C)
    press(window, Key.Key_H)
    press(window, Key.Key_Escape)
    assert desk.asked == []
    assert not window.panel.incident.choice.isVisible()


def test_history_tells_what_changed_newest_last(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    changed(qtbot, window, desk, (), (incident(3),))
    qtbot.waitUntil(lambda: window.panel.incident.history.text() != "")
    lines = window.panel.incident.history.text().splitlines()
    assert "event recorded" in lines[0]
    assert "incident acknowledged" in lines[-2]
    assert "New → Acknowledged" in lines[-1]
    assert "Anna Koval" in lines[-1]
    assert not any("Alarm" in line for line in lines)


def test_tables_name_the_camera_in_full_at_every_width(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    changed(qtbot, window, desk, (alarm(2),), (incident(2, IncidentState.VERIFIED),))
    for width_px in (380, 400, 500, 640):
        window.panel.setFixedWidth(width_px)
        QApplication.processEvents()
        assert window.panel.incidents.width() == width_px
        for table in (window.panel.alarms, window.panel.incidents):
            model, metrics = table.model(), table.fontMetrics()
            shown = [column for column in range(1, model.columnCount()) if not table.isColumnHidden(column)]
            texts = [str(model.index(0, column).data()) for column in shown]
            assert "2 Central station / buses" in texts
            for column, text in zip(shown, texts, strict=True):
                assert metrics.horizontalAdvance(text) <= table.columnWidth(column) - 14, text
            assert "2 Central station" in str(model.index(0, 1).data(Qt.ItemDataRole.ToolTipRole))


def test_an_empty_queue_is_one_calm_line(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    assert not window.panel.alarms.horizontalHeader().isVisible()
    changed(qtbot, window, desk, (alarm(2),), ())
    assert window.panel.alarms.horizontalHeader().isVisible()


def test_the_recording_mark_is_part_of_the_header(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    tile = window.wall.tiles[0]
    before = tile.header
    desk.feeds["c1"].tile_status = replace(desk.feeds["c1"].tile_status, recording=True)
    qtbot.waitUntil(lambda: tile.header.recording)
    assert not before.recording
    without, marked = header_pixmap(before, 400, 1.0), header_pixmap(before._replace(recording=True), 400, 1.0)
    assert without.toImage() != marked.toImage()


@pytest.mark.parametrize("width_px", [60, 120, 180])
def test_an_alarm_is_a_word_or_a_sign_on_the_smallest_tile_too(window: MainWindow, width_px: int) -> None:
    calm = window.wall.tiles[0].header._replace(state=TileState.LIVE, age="", clock="", name="", quality="")

    def number_at(*, alarmed: bool) -> int:
        """Where the number ends: the word or the sign stands before it."""
        picture = header_pixmap(calm._replace(alarmed=alarmed), width_px, 1.0).toImage()
        spots = ((x, y) for x in range(width_px) for y in range(picture.height()))
        return max(x for x, y in spots if picture.pixelColor(x, y).blue() > 160)

    assert number_at(alarmed=True) > number_at(alarmed=False) + 3


def test_a_small_screen_stays_as_small_as_it_is(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    desk.still = jpeg()
    changed(qtbot, window, desk, (alarm(2),), (incident(1, IncidentState.VERIFIED),))
    window.resize(1280, 720)
    press(window, Key.Key_C)
    press(window, Key.Key_H)
    qtbot.waitUntil(window.panel.incident.choice.note.hasFocus)
    QApplication.processEvents()
    assert (window.width(), window.height()) == (1280, 720)
    assert window.panel.width() == 380
    window.resize(2560, 1440)
    assert window.panel.width() == 520
