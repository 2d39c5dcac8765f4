"""Twelve tasks of an operator by keyboard alone on a wall of 16 live cameras: keystrokes, and time until it is there.

The window, the runtime and the journal are real; the cameras are made clips with a main and a sub-stream. Keystrokes
are held to; times are printed (`pytest -s`), they are this machine's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from app.archive import RUNTIME
from app.feeds import TileState
from app.runtime import Runtime, RuntimePlan
from storage.commands import RecordEvent
from storage.folders import Folders
from storage.records import AlarmState, Box, Camera, Event, IncidentState, RuleKind, RuleSpec, Severity, Zone, new_id
from storage.settings import RecordingSettings, Settings
from tests.e2e.open_window import opened, running
from tests.video.conftest import make_clip
from widgets.main_window import MainWindow
from widgets.tile import Tile

Key = Qt.Key
Modifier = Qt.KeyboardModifier
PLAIN = Modifier.NoModifier
CAMERAS = 16
MAIN_PX = (640, 360)
AREA = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
_BUSY_MS = 5
_MOST_S = 60


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    sub, main = make_clip(tmp_path / "sub.mp4"), make_clip(tmp_path / "main.mp4", size=MAIN_PX)
    cameras = [Camera(f"c{n}", n, f"Street {n}", str(main), str(sub)) for n in range(1, CAMERAS + 1)]
    rules = [RuleSpec(f"r{n}", f"c{n}", f"z{n}", "Yard", enabled=False) for n in (1, 2)]
    zones = [Zone(f"z{n}", f"c{n}", "Yard", AREA) for n in (1, 2)]
    folders = Folders.under(tmp_path / "home").ensure()
    settings = Settings(recording=RecordingSettings(enabled=False))
    made = Runtime(RuntimePlan(folders, settings, (*cameras, *zones, *rules)))
    with running(made):
        yield made


@pytest.fixture
def window(qtbot: QtBot, runtime: Runtime) -> Iterator[MainWindow]:
    with opened(qtbot, runtime, lambda made: made.wall.live_count() == CAMERAS) as made:
        yield made


class Hands:
    """Presses keys, counts them, and waits for what they were pressed for."""

    def __init__(self, qtbot: QtBot, window: MainWindow, runtime: Runtime) -> None:
        self._qtbot, self.window, self.runtime = qtbot, window, runtime
        self.keys = 0
        self.table: list[tuple[str, int, float]] = []

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = PLAIN) -> None:
        self.keys += 1
        QTest.keyClick(self.window.focusWidget(), key, modifier)
        assert not self.window.wall.visibleRegion().isEmpty(), "the wall is never covered"
        assert not any(isinstance(w, QDialog) and w.isVisible() for w in QApplication.topLevelWidgets())

    def type(self, text: str) -> None:
        self.keys += len(text)
        QTest.keyClicks(self.window.focusWidget(), text)

    def until(self, holds: Callable[[], bool]) -> None:
        self._qtbot.waitUntil(holds)

    def task(self, name: str, most_keys: int, work: Callable[[], None], there: Callable[[], bool]) -> None:
        """One task: pressed, waited for, written into the table."""
        self.keys, begun_s = 0, time.perf_counter()
        work()
        while not there():
            self._qtbot.wait(_BUSY_MS)
            assert time.perf_counter() - begun_s < _MOST_S, f"{name}: it did not come"
        self.table.append((name, self.keys, (time.perf_counter() - begun_s) * 1000))
        assert self.keys <= most_keys, name

    def option(self, text: str) -> Qt.Key:
        """The sign of an option of the question that is open."""
        question = self.window.panel.choice.question
        assert question is not None
        return Qt.Key(ord(next(option.letter for option in question.options if option.text == text)))

    def raise_alarm(self, number: int, utc_s: float) -> None:
        """A rule saw something on this camera; the alarm stands in the queue."""
        before = len(self.window.panel.alarms.facts.rows)
        box = Box(0.1, 0.1, 0.3, 0.6)
        kind, high, person = RuleKind.INTRUSION, Severity.HIGH, "person"
        seen = Event(new_id(), f"c{number}", f"r{number}", kind, high, utc_s, utc_s - 1, 1, person, 0.8, box)
        self.runtime.archive.journal.apply(RecordEvent(seen), RUNTIME)
        self.runtime.changes.nudge()
        self.until(lambda: len(self.window.panel.alarms.facts.rows) > before)


@pytest.fixture
def hands(qtbot: QtBot, window: MainWindow, runtime: Runtime) -> Hands:
    return Hands(qtbot, window, runtime)


def _tile(window: MainWindow, camera_id: str) -> Tile | None:
    return next((tile for tile in window.wall.tiles if tile.feed.camera.id == camera_id), None)


def _is_live(window: MainWindow, camera_id: str) -> bool:
    """A young picture of it is on the wall; not only the word."""
    tile = _tile(window, camera_id)
    return tile is not None and tile.picture is not None and tile.state is TileState.LIVE


def _shown(window: MainWindow) -> list[str]:
    return [camera_id for camera_id in window.wall.arrangement.on_page if camera_id]


def _table(rows: list[tuple[str, int, float]]) -> str:
    lines = [f"{name:<46}{keys:>6}{ms:>10.0f}" for name, keys, ms in rows]
    return "\n".join([f"\n{'task':<46}{'keys':>6}{'ms':>10}", *lines])


def test_twelve_tasks(hands: Hands) -> None:
    _look(hands)
    _find(hands)
    _keep_pictures(hands)
    _work_alarms(hands)
    _pursue(hands)
    _arrange(hands)
    print(_table(hands.table))
    assert len(hands.table) >= 12
    assert hands.runtime.archive.journal.verify().problems == ()


def _look(hands: Hands) -> None:
    window, wall = hands.window, hands.window.wall

    def is_large() -> bool:
        picture = wall.focused_tile.picture if wall.focused_tile is not None else None
        return wall.arrangement.enlarged and picture is not None and picture.source_width == MAIN_PX[0]

    hands.task("enlarge a tile: its main stream", 1, lambda: hands.press(Key.Key_Return), is_large)
    hands.press(Key.Key_Escape)
    nine = lambda: len(wall.tiles) == 9 and wall.live_count() == 9  # noqa: E731  # read where it is used
    hands.task("16 to 9 tiles", 1, lambda: hands.press(Key.Key_3, Modifier.AltModifier), nine)
    seven = lambda: wall.arrangement.page == 1 and wall.live_count() == 7  # noqa: E731
    hands.task("next page: 7 cameras", 1, lambda: hands.press(Key.Key_PageDown), seven)
    assert not _is_live(window, "c2")


def _find(hands: Hands) -> None:
    window, wall = hands.window, hands.window.wall

    def call_up() -> None:
        hands.press(Key.Key_2)
        hands.press(Key.Key_Return)

    there = lambda: wall.arrangement.focused == "c2" and _is_live(window, "c2")  # noqa: E731
    hands.task("call up a camera by its number", 4, call_up, there)

    def put_beside() -> None:
        hands.press(Key.Key_F, Modifier.ControlModifier)
        hands.type("3 ")

    both = lambda: _is_live(window, "c2") and _is_live(window, "c3")  # noqa: E731
    hands.task("put a camera beside it", 4, put_beside, both)
    hands.press(Key.Key_Escape)
    assert wall.hasFocus()
    assert wall.arrangement.focused == "c2"


def _keep_pictures(hands: Hands) -> None:
    window, folder = hands.window, hands.runtime.plan.folders.pictures
    replay = window.panel.replay
    seen = lambda: replay.view.picture is not None  # noqa: E731
    hands.task("replay from 10 s ago", 1, lambda: hands.press(Key.Key_R), seen)
    hands.press(Key.Key_Escape)
    hands.until(replay.isHidden)
    window.wall.setFocus()

    def snapshot() -> None:
        hands.press(Key.Key_S, Modifier.ShiftModifier)
        hands.type("case 7")
        hands.press(Key.Key_Return)

    hands.task("snapshot with its reason (6 letters)", 8, snapshot, lambda: bool(list(folder.glob("*.jpg"))))
    assert window.wall.hasFocus()


def _work_alarms(hands: Hands) -> None:
    rows, desk = hands.window.panel.alarms.facts, hands.runtime.desk
    hands.raise_alarm(1, time.time())
    taken = lambda: [a.state for a in desk.state().alarms] == [AlarmState.ACKNOWLEDGED]  # noqa: E731
    hands.task("acknowledge an alarm", 1, lambda: hands.press(Key.Key_Space), taken)
    hands.until(lambda: all(not row.in_states(frozenset({AlarmState.RAISED})) for row in rows.rows))
    hands.task("false alarm", 1, lambda: hands.press(Key.Key_X), lambda: not rows.rows)
    undo = lambda: hands.press(Key.Key_Z, Modifier.ControlModifier)  # noqa: E731
    hands.task("take the verdict back", 1, undo, lambda: len(rows.rows) == 1)
    hands.press(Key.Key_X)
    hands.until(lambda: not rows.rows)


def _pursue(hands: Hands) -> None:
    window, desk, wall = hands.window, hands.runtime.desk, hands.window.wall

    def hot_key() -> None:
        hands.press(Key.Key_Insert)
        question = window.panel.choice.question
        assert question is not None
        hands.press(Qt.Key(ord(question.options[0].letter)))
        hands.press(Key.Key_Return)

    def journalled() -> bool:
        return any(one.camera_id == "c2" and one.state is IncidentState.ACKNOWLEDGED for one in desk.state().incidents)

    hands.task("hot key: an incident in the journal", 3, hot_key, journalled)
    assert wall.pursued == "c2"
    wall.setFocus()
    hands.press(Key.Key_Escape)
    assert wall.pursued == ""


def _arrange(hands: Hands) -> None:
    window, wall, registry = hands.window, hands.window.wall, hands.runtime.desk.registry
    kept = _shown(window)

    def save() -> None:
        hands.press(Key.Key_Y, Modifier.ShiftModifier)
        hands.press(hands.option("Mine"))
        hands.type("Gate")
        hands.press(Key.Key_Return)

    named = lambda: [view.name for view in registry().saved_views] == ["Gate"]  # noqa: E731
    hands.task("save the wall as a view (4 letters)", 7, save, named)
    hands.press(Key.Key_1, Modifier.AltModifier)
    assert _shown(window) != kept

    def recall() -> None:
        hands.press(Key.Key_Y)
        hands.press(hands.option("Gate"))

    back = lambda: _shown(window) == kept and wall.live_count() == len(kept)  # noqa: E731
    hands.task("recall the view", 2, recall, back)
    roles = window.roles.of(wall).roles

    def running() -> bool:
        return roles.is_touring(wall.arrangement)

    hands.task("start a tour", 1, lambda: hands.press(Key.Key_G, Modifier.ShiftModifier), running)
    stopped = lambda: not running() and _shown(window) == kept  # noqa: E731
    hands.task("end the tour", 1, lambda: hands.press(Key.Key_Escape), stopped)
