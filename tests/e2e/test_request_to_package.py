"""`Yesterday 18:00-18:20 of three cameras`, from the request to the labelled package, by keyboard alone.

The window, the runtime, the journal and the recordings are real; the recordings are short, so that the machine's time
is not what is measured. Keystrokes and steps are held to; what they take an operator at 0.3 s a key, with the machine's
time, is printed (`pytest -s`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from pytestqt.qtbot import QtBot

from app.export_verifier import verify_export
from app.release_desk import DisclosureFile
from app.runtime import Runtime, RuntimePlan
from storage.commands import PutOperator
from storage.folders import Folders
from storage.people_commands import DecideApproval
from storage.records import Actor, Camera, Operator, Role
from storage.release_records import DisclosureState
from storage.segments import SegmentIndex
from storage.settings import RecordingSettings, Settings, SiteSettings
from tests.app.test_packages import put_segments
from tests.e2e.open_window import opened, running
from widgets.disclosure_desk import DisclosureDesk
from widgets.export_page import ExportPage
from widgets.main_window import MainWindow

Key, Modifier = Qt.Key, Qt.KeyboardModifier
ZONE = ZoneInfo("Europe/Kyiv")
KEY_S = 0.3
MOST_S = 180.0
SECOND = Actor("second")


def yesterday() -> datetime:
    """18:00 of the day before, in the site's zone."""
    return datetime.now(ZONE).replace(hour=18, minute=0, second=0, microsecond=0) - timedelta(days=1)


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    """Four cameras, of which nothing is seen any more; 12 s of each are recorded from yesterday 18:00 on."""
    cameras = tuple(Camera(f"c{n}", n, f"Street {n}", str(tmp_path / "none.mp4")) for n in range(1, 5))
    folders = Folders.under(tmp_path / "home").ensure()
    index = SegmentIndex(folders.footage_index)
    for camera in cameras:
        put_segments(index, tmp_path / "recorded", camera.id, yesterday().timestamp())
    index.close()
    settings = Settings(site=SiteSettings(name="Site", timezone=str(ZONE)), recording=RecordingSettings(enabled=True))
    made = Runtime(RuntimePlan(folders, settings, cameras))
    made.archive.journal.apply(PutOperator(Operator(SECOND.id, "Olena", Role.SUPERVISOR)), made.archive.actor)
    with running(made):
        yield made


@pytest.fixture
def window(qtbot: QtBot, runtime: Runtime) -> Iterator[MainWindow]:
    with opened(qtbot, runtime, lambda made: made.wall.hasFocus()) as made:
        yield made


class Hands:
    """Presses keys where the keyboard is, counts them, and the steps that they make up."""

    def __init__(self, qtbot: QtBot, window: MainWindow) -> None:
        self._qtbot, self.window = qtbot, window
        self.keys = 0
        self.machine_s = 0.0
        self.steps: list[tuple[str, int, float]] = []

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Modifier.NoModifier) -> None:
        self.keys += 1
        QTest.keyClick(self._focused(), key, modifier)
        assert not any(isinstance(w, QDialog) and w.isVisible() for w in QApplication.topLevelWidgets())

    def type(self, text: str) -> None:
        self.keys += len(text)
        QTest.keyClicks(self._focused(), text)

    def step(self, name: str, work: Callable[[], None], there: Callable[[], bool]) -> None:
        """Something that an operator would call one thing to do, and waits for."""
        before, begun_s = self.keys, time.perf_counter()
        work()
        self._qtbot.waitUntil(there)
        took_s = time.perf_counter() - begun_s
        self.machine_s += took_s
        self.steps.append((name, self.keys - before, took_s))

    @property
    def seconds(self) -> float:
        """What it takes: a key 0.3 s, and the machine's time."""
        return self.keys * KEY_S + self.machine_s

    def table(self, title: str) -> str:
        lines = [f"{name:<52}{keys:>6}{keys * KEY_S:>9.1f}{machine_s:>9.1f}" for name, keys, machine_s in self.steps]
        total = f"{'in all':<52}{self.keys:>6}{self.keys * KEY_S:>9.1f}{self.machine_s:>9.1f} = {self.seconds:.0f} s"
        return "\n".join([f"\n{title:<52}{'keys':>6}{'hand s':>9}{'wait s':>9}", *lines, total])

    def _focused(self) -> QWidget:
        focused = self.window.focusWidget()
        assert focused is not None
        return focused


@pytest.fixture
def hands(qtbot: QtBot, window: MainWindow) -> Hands:
    return Hands(qtbot, window)


def test_an_export_of_three_cameras(hands: Hands, runtime: Runtime) -> None:
    window = hands.window

    def page() -> ExportPage | None:
        shown = window.panel.pages.currentWidget()
        return shown if isinstance(shown, ExportPage) else None

    def form_is_there() -> bool:
        shown = page()
        return shown is not None and shown.form.range.hasFocus()

    hands.step("open the export", lambda: hands.press(Key.Key_E, Modifier.ControlModifier), form_is_there)
    made = page()
    assert made is not None

    def say_when() -> None:
        hands.type("yesterday 18:00-18:20")
        hands.press(Key.Key_Return)

    hands.step("when", say_when, made.form.cameras.line.hasFocus)

    def say_which() -> None:
        hands.type("2,3")
        hands.press(Key.Key_Return)
        hands.press(Key.Key_Return)

    def planned() -> bool:
        plan = made.plan
        three = made.form.cameras.camera_ids == ("c1", "c2", "c3")
        return three and made.form.reason.hasFocus() and plan is not None and plan.held_s > 30

    hands.step("which cameras; the plan says what there is", say_which, planned)

    def why() -> None:
        hands.type("Police 12-345/2026")
        hands.press(Key.Key_Return, Modifier.ControlModifier)

    hands.step("why; export, sign, verify", why, lambda: made.result is not None)
    print(hands.table("Ctrl+E, three cameras, 20 min"))
    result = made.result
    assert result is not None
    assert result.folder is not None
    assert [piece.kind.value for piece in result.pieces] == ["view"] * 3
    assert verify_export(result.folder).fingerprint == runtime.archive.key.fingerprint
    assert not result.complete, "of 20 minutes 12 s are there: it says so"
    assert hands.keys <= 50
    assert len(hands.steps) <= 4
    assert hands.seconds < MOST_S


class Requests:
    """The desk of authorities' requests, and where the marked one stands."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        hands.step("open the requests", lambda: hands.press(Key.Key_F4), lambda: self._desk() is not None)
        found = self._desk()
        assert found is not None
        self.page = found

    def _desk(self) -> DisclosureDesk | None:
        shown = self._hands.window.panel.pages.currentWidget()
        return shown if isinstance(shown, DisclosureDesk) and shown.list.hasFocus() else None

    @property
    def file(self) -> DisclosureFile:
        assert self.page.selected is not None
        return self.page.selected

    def stands(self, state: DisclosureState) -> bool:
        """Whether it is that far, and the keyboard is where the next key is taken."""
        selected = self.page.selected
        return selected is not None and selected.disclosure.state is state and self.page.list.hasFocus()

    def write_letter(self) -> None:
        self._hands.press(Key.Key_N)
        for words in ("Police 3", "12-345/2026", "CPC 93", "Theft at the kiosk", "1-3", "yesterday 18:00-18:20"):
            self._hands.type(words)
            self._hands.press(Key.Key_Return)
        self._hands.press(Key.Key_Return)  # the days are there
        self._hands.press(Key.Key_Return)  # who fetches it is the authority

    def ask(self) -> None:
        self._hands.press(Key.Key_A)
        self._hands.type("Court order checked")
        self._hands.press(Key.Key_Return)

    def pack(self) -> None:
        self._hands.press(Key.Key_P)
        self._hands.press(Key.Key_Return)


def test_a_request_of_an_authority_to_its_labelled_package(hands: Hands, runtime: Runtime) -> None:
    journal, requests = runtime.archive.journal, Requests(hands)
    received, approved, packed = DisclosureState.RECEIVED, DisclosureState.APPROVED, DisclosureState.PACKED
    hands.step("write the letter down", requests.write_letter, lambda: requests.stands(received))
    asked = requests.file.disclosure
    assert asked.from_utc_s == yesterday().timestamp()
    assert asked.to_utc_s - asked.from_utc_s == 1200
    assert asked.camera_ids == ("c1", "c2", "c3")
    hands.step(
        "ask the second person",
        requests.ask,
        lambda: requests.stands(received) and requests.file.approval is not None,
    )
    (approval,) = journal.approvals()
    journal.apply(DecideApproval(approval.id, approval.version, approved=True, words="yes"), SECOND)
    requests.page.refresh()  # what the change feed brings while the operator waits
    hands.step("(the second person signs elsewhere)", lambda: None, lambda: requests.file.granted)
    hands.step("go on", lambda: hands.press(Key.Key_A), lambda: requests.stands(approved))
    hands.step("make the package", requests.pack, lambda: requests.stands(packed) and requests.file.package is not None)
    labels = runtime.plan.folders.reports
    hands.step("letter and label", lambda: hands.press(Key.Key_L), lambda: bool(list(labels.glob("*-label.pdf"))))
    print(hands.table("F4, letter to label, three cameras, 20 min"))
    assert hands.keys <= 110
    assert len(hands.steps) <= 7
    assert hands.seconds < MOST_S
