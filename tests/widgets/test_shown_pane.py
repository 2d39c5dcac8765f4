"""The pane of the walls: follows the clock, asks seldom, says why there is nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.offices import Offices
from app.shown_walls import ShownFeed, ShownMoment
from storage.blackbox import FoundWall
from storage.shown_wall import ShownTile, ShownWall
from tests.widgets.conftest import opened
from tests.widgets.fakes import FakeDesk
from tests.widgets.playback_fakes import FakePlaybackDesk
from widgets.bridge import Bridge
from widgets.main_window import MainWindow
from widgets.shown_pane import ASK_EVERY_S, ShownPane

Key = Qt.Key
AT = 1_790_000_000.0


def moment(utc_s: float, lifted: bool = False) -> ShownMoment:
    tiles = tuple(
        ShownTile((n / 2, 0.0, (n + 1) / 2, 1.0), f"c{n + 1}", f"{n + 1} Camera", "main", "live", 0, True, lifted)
        for n in range(2)
    )
    walls = (FoundWall(ShownWall(1, 1, "DP-1", 1600, 900, "anna", tiles), utc_s - 5),)
    return ShownMoment(utc_s, walls, {"anna": "Anna"})


class FakeWalls:
    """Notes wishes; `answer` and `refuse` end the newest."""

    def __init__(self) -> None:
        self.looks: list[tuple[str, str]] = []
        self.wishes: list[float] = []
        self.closed = 0
        self._shown: Callable[[ShownMoment], None] = lambda _moment: None
        self._refused: Callable[[str], None] = lambda _text: None

    def look(self, reason: str, incident_id: str = "") -> ShownFeed:
        self.looks.append((reason, incident_id))
        return self

    def want(self, utc_s: float, shown: Callable[[ShownMoment], None], refused: Callable[[str], None]) -> None:
        self.wishes.append(utc_s)
        self._shown, self._refused = shown, refused

    def close(self) -> None:
        self.closed += 1

    def answer(self, found: ShownMoment) -> None:
        self._shown(found)

    def refuse(self, text: str) -> None:
        self._refused(text)


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def walls() -> FakeWalls:
    return FakeWalls()


@pytest.fixture
def pane(qtbot: QtBot, desk: FakeDesk, walls: FakeWalls) -> Iterator[ShownPane]:
    holder = QWidget()
    qtbot.addWidget(holder)
    bridge, clock = Bridge(desk.bus, holder), Clock()
    made = ShownPane(walls, bridge, ZoneInfo("Europe/Kyiv"), holder, clock=clock)
    made.resize(300, 400)
    holder.resize(400, 420)
    holder.show()
    made.show()
    yield made
    bridge.close()


def goes_on(pane: ShownPane, seconds: float) -> None:
    clock = pane._clock
    assert isinstance(clock, Clock)
    clock.now_s += seconds


def test_it_asks_for_a_reason_only_and_seldom(pane: ShownPane, walls: FakeWalls) -> None:
    pane.show_place(AT)
    assert not walls.wishes
    assert not pane.ready
    pane.use("case 7", "i1")
    for tick in range(12):
        pane.show_place(AT + tick * 0.05)
        goes_on(pane, 0.05)
    assert walls.looks == [("case 7", "i1")]
    assert 1 <= len(walls.wishes) <= 0.6 / ASK_EVERY_S + 1
    goes_on(pane, 5.0)
    before = len(walls.wishes)
    pane.show_place(walls.wishes[-1])  # it stands
    assert len(walls.wishes) == before


def test_it_draws_what_is_known(pane: ShownPane, walls: FakeWalls, qtbot: QtBot) -> None:
    pane.use("case 7")
    pane.show_cameras(("c2",))
    pane.show_place(AT)
    empty = pane.grab().toImage()
    walls.answer(moment(AT))
    qtbot.waitUntil(lambda: pane.moment is not None)
    drawn = pane.grab().toImage()
    assert drawn != empty
    assert "1 Camera, 2 Camera" in pane.accessibleDescription()
    walls.answer(moment(AT + 30, lifted=True))
    qtbot.waitUntil(lambda: pane.moment is not None and pane.moment.utc_s == AT + 30)
    assert pane.grab().toImage() != drawn


def test_a_refusal_is_what_it_says(pane: ShownPane, walls: FakeWalls, qtbot: QtBot) -> None:
    pane.use("case 7")
    pane.show_place(AT)
    walls.refuse("Anna may not do this.")
    qtbot.waitUntil(lambda: pane.problem == "Anna may not do this.")
    pane.use("case 8")
    assert not pane.problem


def test_what_comes_after_it_went_is_not_shown(pane: ShownPane, walls: FakeWalls, qtbot: QtBot) -> None:
    pane.use("case 7")
    pane.show_place(AT)
    pane.forget()
    assert walls.closed == 1
    walls.answer(moment(AT))
    heard: list[bool] = []
    pane._answers._bridge.call_soon(lambda: heard.append(True))
    qtbot.waitUntil(lambda: bool(heard))
    assert pane.moment is None


@pytest.fixture
def window(qtbot: QtBot, desk: FakeDesk, walls: FakeWalls) -> Iterator[MainWindow]:
    desk.offices = Offices(playback=FakePlaybackDesk(desk.registry()), shown_walls=walls)
    made = opened(qtbot, desk)
    yield made
    made.close()


def test_one_key_shows_it_and_asks_why(window: MainWindow, walls: FakeWalls, qtbot: QtBot) -> None:
    QTest.keyClick(window.wall, Key.Key_F10)
    view = window.playback.view
    assert view is not None
    qtbot.waitUntil(lambda: view.has_keyboard)
    QTest.keyClick(view.wall, Key.Key_W)
    shown = view.beside.shown
    assert shown is not None
    assert shown.isVisible()
    assert not walls.looks
    qtbot.waitUntil(view.reason.field.hasFocus)
    assert any(one.text().startswith("What the walls showed") for one in view.reason.findChildren(QLabel))
    QTest.keyClicks(view.reason.field, "case 7")
    QTest.keyClick(view.reason.field, Key.Key_Return)
    assert walls.looks == [("case 7", "")]
    assert not view.beside.asks
    qtbot.waitUntil(lambda: bool(walls.wishes))
    view.wall.setFocus()
    QTest.keyClick(view.wall, Key.Key_W)
    assert shown.isHidden()
    assert walls.closed == 1
