"""The noise page: read when it is shown, by keyboard, with what would help."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.noise import NoiseReport, report
from app.offices import Offices
from storage.noise_queries import NoiseFigure
from tests.widgets.conftest import opened
from tests.widgets.fakes import FakeDesk
from tests.widgets.test_trial_line import FakeTrials
from widgets.noise_page import NoisePage


class FakeNoise:
    """Answers when the test says so."""

    def __init__(self, desk: FakeDesk) -> None:
        self.asked: list[tuple[Callable[[NoiseReport], None], Callable[[Exception], None]]] = []
        self.full = False
        self._desk = desk

    def read(self, done: Callable[[NoiseReport], None], failed: Callable[[Exception], None]) -> bool:
        self.asked.append((done, failed))
        return not self.full

    def answer(self, number: int = -1, alarms: int = 50) -> None:
        cameras = [NoiseFigure(f"c{n}", alarms - n, 200, 10, 9 - n) for n in range(1, 8)]
        rules = [NoiseFigure(f"r{n}", alarms - n, 900, 10, 9 - n) for n in range(1, 8)]
        self.asked[number][0](report(self._desk.registry(), cameras, rules, None, 1.8e9))


@pytest.fixture
def noise(desk: FakeDesk) -> FakeNoise:
    made = FakeNoise(desk)
    desk.offices = Offices(noise=made)
    return made


def test_cameras_rules_and_what_would_help_by_keyboard(qtbot: QtBot, desk: FakeDesk, noise: FakeNoise) -> None:
    window = opened(qtbot, desk)
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_F12)
    page = window.panel.pages.currentWidget()
    assert isinstance(page, NoisePage)
    assert len(noise.asked) == 1
    noise.answer()
    qtbot.waitUntil(lambda: page.cameras.rowCount() == 7)
    assert "alarms in 7 days" in page.total.text()
    assert [page.cameras.item(0, n).text() for n in range(3)] == ["1 Main gate", "49", "80%"]  # type: ignore[union-attr]
    assert page.cameras.hasFocus()
    QTest.keyClick(page.cameras, Qt.Key.Key_Down)
    assert "Person in zone: Raise the hold time" in page.help.text()
    QTest.keyClick(page.cameras, Qt.Key.Key_Tab)
    assert page.rules.hasFocus()
    for _step in range(4):
        QTest.keyClick(page.rules, Qt.Key.Key_Down)
    assert "cooldown" in page.help.text()
    assert page.mend.isHidden()  # nothing is tried here
    QTest.keyClick(page.rules, Qt.Key.Key_Return)
    assert window.wall.arrangement.focused == "c5"
    desk.change()
    assert len(noise.asked) == 1  # not at every change of the journal
    window.close()


def test_an_old_answer_is_not_shown_and_a_failure_is_told(qtbot: QtBot, desk: FakeDesk, noise: FakeNoise) -> None:
    window = opened(qtbot, desk)
    page = window.panel.offices.page("noise")
    assert isinstance(page, NoisePage)
    window.panel.show_page(page)
    page.renew()
    noise.answer(-1, alarms=90)
    noise.answer(0, alarms=20)
    qtbot.waitUntil(lambda: page.report is not None)
    assert page.report is not None
    assert page.report.cameras[0].figure.alarms == 89
    page.renew()
    noise.asked[-1][1](OSError())
    qtbot.waitUntil(lambda: "could not be read" in page.total.text())
    noise.full = True
    page.relieve()
    assert page.cameras.rowCount() == 0
    window.close()


def test_a_prepared_mend_is_tried_and_saved_by_keyboard(qtbot: QtBot, desk: FakeDesk, noise: FakeNoise) -> None:
    trials = FakeTrials()
    desk.offices = Offices(noise=noise, trials=trials)
    window = opened(qtbot, desk)
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_F12)
    page = window.panel.pages.currentWidget()
    assert isinstance(page, NoisePage)
    trial = page.trial
    assert trial is not None
    noise.answer()
    qtbot.waitUntil(lambda: page.cameras.rowCount() == 7)
    page.cameras.selectRow(0)
    row = page.marked
    assert row is not None
    assert row.rule is not None
    assert page.mend.isVisible()
    assert trials.tried == []  # asked for, not by itself
    QTest.keyClick(page.cameras, Qt.Key.Key_T)
    qtbot.waitUntil(lambda: "37 of 41" in trial.text())
    assert trials.tried == [row.mend]
    QTest.keyClick(page.cameras, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: trials.saved == [row.mend])
    qtbot.waitUntil(lambda: len(noise.asked) == 2)
    desk.extend(rules=(replace(row.rule, hold_s=9.0),))
    said: list[str] = []
    page.said.connect(said.append)
    QTest.keyClick(page.cameras, Qt.Key.Key_T)
    assert trials.tried == [row.mend]
    assert any("changed meanwhile" in text for text in said)
    page.relieve()
    assert page.marked is None
    for pressed, modifier in (
        (Qt.Key.Key_T, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier),
    ):
        said.clear()
        QTest.keyClick(page.cameras, pressed, modifier)
        assert any(text.startswith("No change is prepared here") for text in said)
    assert trials.tried == trials.saved
    window.close()
