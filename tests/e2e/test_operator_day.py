"""An operator's work by keyboard alone in the real program: three incidents at once, from alarm to closure.

The window, the runtime and the journal are real; the cameras are made clips; the wall is never covered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit
from pytestqt.qtbot import QtBot

from app.archive import RUNTIME
from app.runtime import Runtime, RuntimePlan
from storage.case_commands import OpenIncident
from storage.commands import PutRecord, RecordEvent
from storage.folders import Folders
from storage.passwords import sealed
from storage.people_commands import SetPassword
from storage.records import (
    Actor,
    Box,
    Camera,
    Event,
    Incident,
    IncidentState,
    Place,
    Role,
    RuleKind,
    RuleSpec,
    Severity,
    Verdict,
    Zone,
    new_id,
)
from storage.records import (
    Operator as Person,
)
from storage.registry_records import Procedure, Service
from storage.settings import RecordingSettings, Settings
from tests.e2e.open_window import opened, running
from tests.video.conftest import make_clip
from widgets.history_text import history_text
from widgets.journal_view import JournalView
from widgets.main_window import MainWindow

Key = Qt.Key
Shift = Qt.KeyboardModifier.ShiftModifier
_RECORDS = (
    Place("p1", "Market", "Square 1"),
    Service("d3", "District 3", phone="102"),
    Procedure("pr1", "theft", "Theft", ("Watch the exits", "Call the guard")),
)


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    clip = str(make_clip(tmp_path / "clip.mp4"))
    cameras = [Camera(f"c{n}", n, name, clip) for n, name in ((2, "Market"), (3, "Quay"))]
    cameras.insert(0, Camera("c1", 1, "Gate", clip, place_id="p1"))
    zones = [Zone(f"z{c.id}", c.id, "Yard", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))) for c in cameras]
    rules = [RuleSpec(f"r{c.id}", c.id, f"z{c.id}", "Yard", category_id="theft") for c in cameras]
    folders = Folders.under(tmp_path / "home").ensure()
    settings = Settings(recording=RecordingSettings(enabled=False))
    made = Runtime(RuntimePlan(folders, settings, (*_RECORDS, *cameras, *zones, *rules)))
    with running(made):
        yield made


@pytest.fixture
def window(qtbot: QtBot, runtime: Runtime) -> Iterator[MainWindow]:
    with opened(qtbot, runtime, lambda made: made.wall.live_count() == 3) as made:
        yield made


class Operator:
    """Presses keys and waits for what the journal says."""

    def __init__(self, qtbot: QtBot, window: MainWindow, runtime: Runtime) -> None:
        self._qtbot, self._window, self._runtime = qtbot, window, runtime

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(self._window.focusWidget(), key, modifier)
        assert self._window.wall.isVisible()
        assert not self._window.wall.visibleRegion().isEmpty()
        assert not any(isinstance(w, QDialog) and w.isVisible() for w in QApplication.topLevelWidgets())

    def write(self, text: str) -> None:
        QTest.keyClicks(self._window.focusWidget(), text)
        self.press(Key.Key_Return)

    def until(self, holds: Callable[[], bool]) -> None:
        self._qtbot.waitUntil(holds)

    def incident(self, camera_id: str) -> Incident:
        return next(i for i in self._runtime.desk.state().incidents if i.camera_id == camera_id)

    def choose(self, camera_id: str) -> None:
        """Go to the incidents and select with the arrow keys."""
        wanted = self.incident(camera_id).id
        table = self._window.panel.incidents
        self.until(lambda: wanted in [row.id for row in table.facts.rows])
        self.press(Key.Key_I)
        ids = [row.id for row in table.facts.rows]
        selected = table.selected
        assert selected is not None
        steps = ids.index(wanted) - ids.index(selected.id)
        for _step in range(abs(steps)):
            self.press(Key.Key_Down if steps > 0 else Key.Key_Up)
        self.until(lambda: self.shown_id() == wanted)

    def shown(self) -> Incident | None:
        return self._window.panel.incident.incident

    def shown_id(self) -> str:
        shown = self.shown()
        return shown.id if shown is not None else ""

    def state(self, camera_id: str) -> IncidentState:
        return self.incident(camera_id).state

    def until_state(self, camera_id: str, state: IncidentState) -> None:
        self.until(lambda: self.state(camera_id) is state)
        self.until(lambda: self._is_told(self.incident(camera_id)))

    def _is_told(self, incident: Incident) -> bool:
        """The panel shows another one, or this one as it is."""
        return self.shown_id() != incident.id or self.shown() == incident


@pytest.fixture
def operator(qtbot: QtBot, window: MainWindow, runtime: Runtime) -> Operator:
    return Operator(qtbot, window, runtime)


def _raise_alarm(runtime: Runtime, camera_id: str, utc_s: float) -> None:
    event = Event(
        id=new_id(),
        camera_id=camera_id,
        rule_id=f"r{camera_id}",
        kind=RuleKind.INTRUSION,
        severity=Severity.HIGH,
        utc_s=utc_s,
        since_utc_s=utc_s - 1.0,
        track_id=1,
        label="person",
        score=0.8,
        box=Box(0.1, 0.1, 0.3, 0.6),
    )
    runtime.archive.journal.apply(RecordEvent(event), RUNTIME)
    runtime.changes.nudge()


def test_one_thing_seen_by_two_cameras_is_one_decision(
    operator: Operator, window: MainWindow, runtime: Runtime
) -> None:
    """Two cameras of one place: shelved and given back as one, then one incident with both alarms."""
    market = next(c for c in runtime.desk.registry().cameras if c.id == "c2")
    runtime.desk.apply(PutRecord(replace(market, place_id="p1")))
    operator.until(lambda: window.panel.board.site.place_of("c2") == window.panel.board.site.place_of("c1"))
    _raise_alarm(runtime, "c1", 1_790_000_000.0)
    _raise_alarm(runtime, "c2", 1_790_000_001.0)
    rows = window.panel.alarms.facts
    operator.until(lambda: [len(row.alarms) for row in rows.rows] == [2])
    operator.press(Key.Key_X, Qt.KeyboardModifier.ShiftModifier)
    operator.press(Key.Key_1)
    operator.write("wind in the trees")
    operator.until(lambda: not rows.rows and [len(g.alarms) for g in window.panel.board.view.shelved] == [2])
    operator.press(Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    operator.until(lambda: [len(row.alarms) for row in rows.rows] == [2])
    operator.press(Key.Key_N)
    operator.until(lambda: not rows.rows and len(runtime.desk.state().incidents) == 1)
    file = runtime.archive.journal.incident_file(runtime.desk.state().incidents[0].id)
    assert [(alarm.camera_id, alarm.verdict) for alarm in file.alarms] == [
        ("c1", Verdict.INCIDENT),
        ("c2", Verdict.JOINED),
    ]


def test_three_overlapping_incidents_by_keyboard(
    operator: Operator, window: MainWindow, runtime: Runtime, qtbot: QtBot
) -> None:
    for number, camera_id in enumerate(("c1", "c2", "c3")):
        _raise_alarm(runtime, camera_id, 1_790_000_000.0 + number)
        operator.until(lambda count=number + 1: len(runtime.desk.state().alarms) == count)  # type: ignore[misc]
        operator.until(lambda count=number + 1: len(window.panel.alarms.facts.rows) == count)  # type: ignore[misc]
    for count in (1, 2, 3):
        operator.press(Key.Key_Space)
        operator.press(Key.Key_N)
        operator.until(lambda count=count: len(runtime.desk.state().incidents) == count)  # type: ignore[misc]
        operator.until(lambda count=count: len(window.panel.alarms.facts.rows) == 3 - count)  # type: ignore[misc]
    assert {i.category_id for i in runtime.desk.state().incidents} == {"theft"}
    for camera_id in ("c1", "c2", "c3"):
        operator.choose(camera_id)
        operator.press(Key.Key_T)
        operator.until_state(camera_id, IncidentState.ACKNOWLEDGED)
    operator.choose("c2")
    operator.press(Key.Key_V)
    operator.until_state("c2", IncidentState.VERIFIED)
    operator.press(Key.Key_H)
    operator.press(Key.Key_1)
    operator.write("two men, red van")
    operator.until_state("c2", IncidentState.HANDED_OVER)
    operator.choose("c1")
    operator.press(Key.Key_W)
    operator.write("a dog, nothing else")
    operator.press(Key.Key_C)
    operator.press(Key.Key_X)
    operator.write("dog")
    operator.until_state("c1", IncidentState.CLOSED)
    operator.choose("c2")
    for letter, state in ((Key.Key_A, IncidentState.ACCEPTED), (Key.Key_O, IncidentState.ON_SCENE)):
        operator.press(Key.Key_H, Shift)
        operator.press(letter)
        operator.write("")
        operator.until_state("c2", state)
    operator.press(Key.Key_S)
    operator.until_state("c2", IncidentState.RESOLVED)
    operator.press(Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    operator.until_state("c2", IncidentState.ON_SCENE)
    operator.press(Key.Key_S)
    operator.until_state("c2", IncidentState.RESOLVED)
    operator.press(Key.Key_C)
    operator.press(Key.Key_D)
    operator.write("both detained")
    operator.until_state("c2", IncidentState.CLOSED)
    operator.choose("c3")
    operator.press(Key.Key_D)
    operator.press(Key.Key_1)
    operator.write("")
    operator.press(Key.Key_C)
    operator.press(Key.Key_N)
    operator.write("")
    operator.until_state("c3", IncidentState.CLOSED)
    file = runtime.archive.journal.incident_file(operator.incident("c2").id)
    assert file.incident.outcome == "detained"
    assert [h.state for h in file.handovers] == ["on_scene"]
    assert runtime.archive.journal.verify().problems == ()


def test_a_hand_made_incident_in_a_few_keys_has_its_still(
    operator: Operator, window: MainWindow, runtime: Runtime
) -> None:
    operator.press(Key.Key_2)
    operator.press(Key.Key_Return)
    operator.press(Key.Key_E)
    operator.press(Key.Key_T)
    operator.write("bag taken at the fountain")
    operator.until(lambda: bool(runtime.desk.state().incidents))
    incident = operator.incident("c2")
    assert (incident.category_id, incident.state) == ("theft", IncidentState.ACKNOWLEDGED)
    assert incident.owner_id == runtime.desk.actor_id()
    assert incident.happened_utc_s is not None
    journal = runtime.archive.journal
    operator.until(lambda: bool(journal.incident_file(incident.id).exhibits))
    exhibit = journal.incident_file(incident.id).exhibits[0]
    assert runtime.archive.store.read(exhibit.path, exhibit.sha256).startswith(b"\xff\xd8")
    operator.until(lambda: operator.shown_id() == incident.id)


def _people(runtime: Runtime) -> None:
    """Two who have passwords of their own; nobody sits here yet."""
    journal = runtime.archive.journal
    for operator, password in (
        (Person("anna", "Anna", Role.OPERATOR), "anna's own words"),
        (Person("boris", "Boris", Role.SUPERVISOR), "boris' own words"),
    ):
        journal.apply(PutRecord(operator), runtime.archive.actor)
        journal.apply(SetPassword(operator.id, sealed(password)), Actor(operator.id))
    runtime.seat.people.seat.open()


def _sits(runtime: Runtime) -> str:
    return runtime.seat.people.seat.state.operator_id


def test_a_forced_relief_in_the_middle_of_an_incident(operator: Operator, window: MainWindow, runtime: Runtime) -> None:
    """Anna hands an incident over and has to go at once: Boris sits down at her locked seat and closes it."""
    _people(runtime)
    login = window.panel.offices.made
    operator.until(lambda: window.panel.pages.currentWidget() is not None and login("login") is not None)
    operator.until(lambda: isinstance(window.focusWidget(), QLineEdit))
    operator.write("anna")
    operator.write("anna's own words")
    operator.until(lambda: _sits(runtime) == "anna" and window.wall.hasFocus())
    _raise_alarm(runtime, "c2", 1_790_000_000.0)
    operator.until(lambda: len(window.panel.alarms.facts.rows) == 1)
    operator.press(Key.Key_Space)
    operator.press(Key.Key_N)
    operator.until(lambda: bool(runtime.desk.state().incidents) and operator.shown_id() == operator.incident("c2").id)
    operator.press(Key.Key_T)
    operator.until_state("c2", IncidentState.ACKNOWLEDGED)
    operator.press(Key.Key_V)
    operator.until_state("c2", IncidentState.VERIFIED)
    operator.press(Key.Key_H)
    operator.press(Key.Key_1)
    operator.write("two men, red van")
    operator.until_state("c2", IncidentState.HANDED_OVER)
    operator.press(Key.Key_C)  # a question of hers is open when she goes
    assert window.panel.choice.isVisible()
    operator.press(Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    operator.until(lambda: not window.panel.choice.isVisible() and isinstance(window.focusWidget(), QLineEdit))
    operator.press(Key.Key_Backtab, Shift)
    operator.write("boris")
    operator.write("boris' own words")
    operator.until(lambda: _sits(runtime) == "boris" and window.wall.hasFocus())
    assert window.panel.pages.currentWidget() is window.panel.work
    operator.press(Key.Key_Z, Qt.KeyboardModifier.ControlModifier)  # Anna's step is not his to take back by a key
    operator.choose("c2")
    operator.press(Key.Key_T, Shift)
    operator.until(lambda: operator.incident("c2").owner_id == "boris")
    operator.until_state("c2", IncidentState.HANDED_OVER)
    operator.press(Key.Key_C)
    operator.press(Key.Key_D)
    operator.write("both detained")
    operator.until_state("c2", IncidentState.CLOSED)
    file = runtime.archive.journal.incident_file(operator.incident("c2").id)
    by = [entry.actor_id for entry in file.history]
    assert by.index("anna") < by.index("boris")
    assert set(by) >= {"anna", "boris"}
    told = history_text(file.history, runtime.desk.registry())
    assert "Anna" in told
    assert "Boris" in told
    assert runtime.archive.journal.verify().problems == ()


def test_the_journal_is_walked_by_arrows_and_left_by_enter(
    operator: Operator, window: MainWindow, runtime: Runtime
) -> None:
    for camera_id in ("c1", "c2", "c3"):
        command = OpenIncident("theft", Severity.HIGH, 1_790_000_000.0, camera_id)
        runtime.archive.journal.apply(command, runtime.seat.people.seat.actor)
    runtime.changes.nudge()
    operator.until(lambda: len(window.panel.incidents.facts.rows) == 3)
    operator.press(Key.Key_F)
    journal = window.panel.pages.currentWidget()
    assert isinstance(journal, JournalView)
    assert isinstance(window.focusWidget(), QLineEdit)  # words are typed at once
    operator.until(lambda: len(journal.table.incidents.rows) == 3)
    operator.press(Key.Key_Escape)
    operator.press(Key.Key_Down)
    operator.press(Key.Key_Down)
    assert window.panel.pages.currentWidget() is journal
    wanted = journal.table.selected_id
    assert wanted is not None
    operator.press(Key.Key_Return)
    operator.until(lambda: window.panel.pages.currentWidget() is window.panel.work and operator.shown_id() == wanted)
