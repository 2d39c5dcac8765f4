"""The sentence beside the form: seen before a rule is saved; what nobody else has signed is not saved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.bus import Bus
from app.offices import Offices
from app.rule_changes import SaveAnswer
from app.rule_trial import Trial, Tried, TriedAlarm
from app.trial_desk import Said, Told, TrialAnswer
from app.trial_texts import trial_sentence
from storage.commands import PutRecord
from storage.records import RuleSpec, Zone
from storage.verdict_queries import Judged
from tests.widgets.fakes import FakeDesk
from widgets.bridge import Bridge
from widgets.main_window import MainWindow
from widgets.record_page import RecordPage
from widgets.trial_line import TrialLine

Key = Qt.Key
ZONE = Zone("z1", "c1", "Yard", ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)))
RULE = RuleSpec("r1", "c1", "z1", "Yard at night", hold_s=1.0)


def found(removed: int, false: int, lost: int, confirmed: int) -> Trial:
    def alarms(count: int, *, of: bool, kept: bool) -> list[TriedAlarm]:
        return [TriedAlarm(Judged(f"a{n}", "c1", "r1", 0.0, 1.0, false=of), kept) for n in range(count)]

    kinds = (
        (removed, True, False),
        (false - removed, True, True),
        (lost, False, False),
        (confirmed - lost, False, True),
    )
    told = tuple(one for count, of, kept in kinds for one in alarms(count, of=of, kept=kept))
    return Trial(told, added=3, looks=100, covered_s=7200.0)


class FakeTrials:
    """Answers at once; loses confirmed alarms where the rule holds for longer than 10 s, and saves only once signed."""

    def __init__(self) -> None:
        self.tried: list[Tried] = []
        self.saved: list[Tried] = []
        self.removed: list[Tried] = []
        self.cancelled = 0
        self.signed = False

    def answer(self, record: Tried) -> TrialAnswer:
        late = isinstance(record, RuleSpec) and record.hold_s > 10.0
        trial = found(37, 41, 2 if late else 0, 6)
        return TrialAnswer(record, trial_sentence(trial, 7), trial)

    def try_record(self, record: Tried, told: Told, done: object, refused: Said) -> None:
        self.tried.append(record)
        told(0.4)
        assert callable(done)
        done(self.answer(record))

    def cancel(self) -> None:
        self.cancelled += 1

    def save(self, record: Tried, told: Told, done: object, refused: Said) -> None:
        assert callable(done)
        if self.answer(record).lost and not self.signed:
            done(SaveAnswer(saved=False, sentence="Not saved: a second person was asked."))
            return
        self.saved.append(record)
        done(SaveAnswer(saved=True, sentence="Saved."))

    def save_all(self, records: Sequence[Tried], done: object, refused: Said) -> None:
        assert callable(done)
        lost = any(self.answer(record).lost for record in records) and not self.signed
        self.saved += [] if lost else records
        done(SaveAnswer(not lost, "Not saved: a second person was asked." if lost else "Saved."))

    def remove(self, record: Tried, done: object, refused: Said) -> None:
        assert callable(done)
        self.removed += [record] if self.signed else []
        done(SaveAnswer(self.signed, "Out of use." if self.signed else "Not changed: a second person was asked."))


@pytest.fixture
def trials() -> FakeTrials:
    return FakeTrials()


@pytest.fixture
def desk(trials: FakeTrials) -> FakeDesk:
    desk = FakeDesk()
    desk.extend(rules=(RULE,), zones=(ZONE,))
    desk.offices = Offices(trials=trials)
    return desk


@pytest.fixture
def page(qtbot: QtBot, desk: FakeDesk) -> RecordPage:
    window = MainWindow(desk)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    qtbot.waitUntil(window.isActiveWindow)
    QTest.keyClick(window, Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    page = window.panel.records
    page.kinds.setCurrentIndex(page.kinds.findData("rules"))
    assert page.isVisible()
    return page


def text_of(page: RecordPage) -> str:
    assert page.trial is not None
    return page.trial.text() if page.trial.isVisible() else ""


def test_the_figures_stand_beside_before_it_is_saved(qtbot: QtBot, page: RecordPage, trials: FakeTrials) -> None:
    assert text_of(page) == ""
    page.fields["hold_s"].setText("4")
    qtbot.waitUntil(lambda: "removes 37 of 41 false alarms, loses 0 of 6 confirmed, adds 3 new" in text_of(page))
    assert trials.tried == [replace(RULE, hold_s=4.0)]
    assert trials.saved == []
    QTest.keyClick(page.fields["hold_s"], Key.Key_Return)
    qtbot.waitUntil(lambda: trials.saved == [replace(RULE, hold_s=4.0)])
    qtbot.waitUntil(lambda: text_of(page) == "Saved.")


def test_what_loses_a_confirmed_one_is_not_saved_alone(qtbot: QtBot, page: RecordPage, trials: FakeTrials) -> None:
    page.fields["hold_s"].setText("15")
    qtbot.waitUntil(lambda: "loses 2 of 6 confirmed" in text_of(page))
    assert page.trial is not None
    assert page.trial.objectName() == "fault"
    QTest.mouseClick(page.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "second person was asked" in text_of(page))
    assert trials.saved == []
    trials.signed = True
    QTest.mouseClick(page.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: trials.saved == [replace(RULE, hold_s=15.0)])


def test_back_to_what_it_was_says_nothing_and_half_typed_is_not_tried(
    qtbot: QtBot, page: RecordPage, trials: FakeTrials
) -> None:
    page.fields["hold_s"].setText("4")
    qtbot.waitUntil(lambda: "37 of 41" in text_of(page))
    page.fields["hold_s"].setText("")
    assert text_of(page) == ""
    page.fields["hold_s"].setText("1")
    assert text_of(page) == ""
    assert len(trials.tried) == 1
    assert trials.cancelled == 1


def test_a_zone_is_tried_and_other_records_are_not(
    qtbot: QtBot, page: RecordPage, trials: FakeTrials, desk: FakeDesk
) -> None:
    page.kinds.setCurrentIndex(page.kinds.findData("zones"))
    page.fields["points"].setText("0.5, 0.1; 0.9, 0.1; 0.9, 0.9; 0.5, 0.9")
    qtbot.waitUntil(lambda: "37 of 41" in text_of(page))
    assert isinstance(trials.tried[-1], Zone)
    page.kinds.setCurrentIndex(page.kinds.findData("services"))
    assert text_of(page) == ""
    page.fields["name"].setText("District 5")
    page.save()
    assert isinstance(desk.commands[-1], PutRecord)
    assert len(trials.tried) == 1


def test_another_seat_takes_the_sentence_away(qtbot: QtBot, page: RecordPage) -> None:
    page.fields["hold_s"].setText("4")
    qtbot.waitUntil(lambda: "37 of 41" in text_of(page))
    page.relieve()
    assert text_of(page) == ""


class SlowTrials(FakeTrials):
    """What is taken out of use is answered when `answer_now` says so."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[Callable[[SaveAnswer], None]] = []

    def remove(self, record: Tried, done: object, refused: Said) -> None:
        assert callable(done)
        self.removed.append(record)
        self.waiting.append(done)

    def answer_now(self) -> None:
        self.waiting.pop()(SaveAnswer(saved=False, sentence="Not changed: a second person was asked."))


@pytest.fixture
def bridge(qtbot: QtBot) -> Iterator[Bridge]:
    made = Bridge(Bus())
    yield made
    made.close()


@pytest.fixture
def line(qtbot: QtBot, bridge: Bridge) -> tuple[TrialLine, SlowTrials, list[str]]:
    trials = SlowTrials()
    line = TrialLine(trials, bridge)
    qtbot.addWidget(line)
    said: list[str] = []
    line.said.connect(said.append)
    return line, trials, said


def delivered(qtbot: QtBot, bridge: Bridge) -> None:
    """Whatever was sent to the GUI thread before has arrived."""
    arrived: list[bool] = []
    bridge.call_soon(lambda: arrived.append(True))
    qtbot.waitUntil(lambda: bool(arrived))


def test_a_removal_that_is_answered_after_a_relief_tells_nobody(
    qtbot: QtBot, bridge: Bridge, line: tuple[TrialLine, SlowTrials, list[str]]
) -> None:
    trial, trials, said = line
    trial.remove(RULE)
    trial.remove(RULE)
    assert trials.removed == [RULE]
    trial.relieve()
    trials.answer_now()
    delivered(qtbot, bridge)
    assert (said, trial.isHidden()) == ([], True)
    trial.remove(RULE)
    trials.answer_now()
    delivered(qtbot, bridge)
    assert said == ["Not changed: a second person was asked."]


def test_a_removal_is_told_though_another_record_is_open_by_now(
    qtbot: QtBot, bridge: Bridge, line: tuple[TrialLine, SlowTrials, list[str]]
) -> None:
    trial, trials, said = line
    trial.remove(RULE)
    trial.offer(replace(RULE, id="r2", hold_s=4.0), None)
    trials.answer_now()
    delivered(qtbot, bridge)
    assert said == ["Not changed: a second person was asked."]
    trial.relieve()
