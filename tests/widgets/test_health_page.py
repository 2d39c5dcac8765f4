"""The health page by keyboard: worst first, stable while somebody reads, the camera on the wall, quick with 200."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.health_facts import CameraHealth, HealthSnapshot, HealthState
from app.offices import Offices
from detection.scheduler import Urgency
from storage.outages import Outage
from tests.widgets.conftest import opened
from tests.widgets.fakes import FakeDesk
from widgets.health_page import HOLD_S, HealthPage
from widgets.health_table import sign
from widgets.main_window import MainWindow

Key = Qt.Key
START = 1_790_000_000.0
UTC = ZoneInfo("UTC")


class FakeHealth:
    def __init__(self, cameras: int = 9) -> None:
        self.cameras = {
            n: CameraHealth(f"c{n}", n, f"Camera {n}", HealthState.GOOD, fps=15.0, last_picture_utc_s=START)
            for n in range(1, cameras + 1)
        }
        self.at_utc_s = START
        self.asked: list[tuple[str, Callable[[bytes, float], None]]] = []
        self.known: dict[str, tuple[Outage, ...]] = {}
        self.clock: tuple[tuple[float, float], ...] = ()
        self._taken = HealthSnapshot(START, tuple(self.cameras.values()))

    def say(self, number: int, state: HealthState, **more: object) -> None:
        self.cameras[number] = replace(self.cameras[number], state=state, **more)  # type: ignore[arg-type]  # fields
        self.at_utc_s += 2
        self._taken = HealthSnapshot(self.at_utc_s, tuple(self.cameras.values()))

    def snapshot(self) -> HealthSnapshot:
        return self._taken

    def outages(self, camera_id: str) -> tuple[Outage, ...]:
        return self.known.get(camera_id, ())

    def offsets(self, camera_id: str) -> tuple[tuple[float, float], ...]:
        return self.clock

    def picture(self, camera_id: str, done: Callable[[bytes, float], None]) -> bool:
        self.asked.append((camera_id, done))
        return True


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def health() -> FakeHealth:
    return FakeHealth()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def page(qtbot: QtBot, health: FakeHealth, clock: Clock) -> Iterator[HealthPage]:
    made = HealthPage(health, lambda call: call(), UTC, None, clock)
    qtbot.addWidget(made)
    made.resize(1000, 800)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    made.setFocus()
    qtbot.waitUntil(made.table.hasFocus)
    yield made
    made.close()


def _order(page: HealthPage) -> list[int]:
    return [row.number for row in page.model.rows]


def test_the_worst_is_on_top(page: HealthPage, health: FakeHealth) -> None:
    health.say(7, HealthState.UNSTEADY, recent_losses=3)
    health.say(5, HealthState.NO_SIGNAL, since_utc_s=START, reason="video.silent")
    page.renew()
    assert _order(page)[:3] == [5, 7, 1]
    assert "No signal 1" in page.counts.text()
    assert page.model.data(page.model.index(0, 9)) == "answers, sends nothing"


def test_the_order_stays_while_somebody_reads(page: HealthPage, health: FakeHealth, clock: Clock) -> None:
    QTest.keyClick(page.table, Key.Key_Down)
    QTest.keyClick(page.table, Key.Key_Down)
    assert page.selected is not None
    assert page.selected.number == 3
    health.say(9, HealthState.NO_SIGNAL, since_utc_s=START)
    health.say(3, HealthState.GOOD, fps=7.0)
    page.renew()
    assert _order(page) == list(range(1, 10))
    assert page.model.data(page.model.index(2, 2)) == "7", "values change in place"
    assert page.model.data(page.model.index(8, 0)).startswith("No signal")
    clock.now_s += HOLD_S + 1
    page.renew()
    assert _order(page)[:2] == [9, 1]
    assert page.selected.number == 3, "what was selected stays selected"
    health.say(8, HealthState.STALE, since_utc_s=START)
    QTest.keyClick(page.table, Key.Key_Up)
    page.renew()
    assert _order(page)[:2] == [9, 1]
    QTest.keyClick(page.table, Key.Key_Home)
    assert _order(page)[:3] == [9, 8, 1]
    assert page.table.currentIndex().row() == 0


def test_the_detail_tells_outages_clock_and_picture(page: HealthPage, health: FakeHealth, clock: Clock) -> None:
    health.known["c5"] = (
        Outage("o2", "c5", START - 30, None, "video.silent"),
        *(
            Outage(f"o{n}", "c5", START - 90000 - n * 100, START - 89990 - n * 100, "video.unreachable")
            for n in range(8)
        ),
    )
    health.clock = tuple((START + n * 60, -0.2 + n * 0.01) for n in range(30))
    health.say(
        5,
        HealthState.NO_SIGNAL,
        since_utc_s=START - 30,
        clock_offset_s=-75.0,
        reason="video.silent",
        looks_per_s=4.8,
        latency_s=0.083,
        looked_for=Urgency.TRACKS,
    )
    clock.now_s += 60
    page.sort_now()
    assert page.detail.name.text() == "5 Camera 5  ·  No signal 32 s"
    lines = page.detail.outages.text().splitlines()
    assert len(lines) == 7
    assert "now" in lines[0]
    assert lines[0].endswith("answers, sends nothing")
    assert lines[-1] == "and 3 more"
    assert "clock -1 min" in page.detail.figures.text()
    assert "looks 4.8/s, 83 ms (somebody is tracked)" in page.detail.figures.text()
    assert page.detail.offsets.accessibleDescription().startswith("Clock -0.20 to +0.09 s")
    health.asked[0][1](b"", 0.0)  # of the one that was selected before
    camera_id, done = health.asked[-1]
    assert camera_id == "c5"
    out = io.BytesIO()
    Image.new("RGB", (320, 180), (70, 110, 80)).save(out, "JPEG")
    done(out.getvalue(), START)
    assert page.detail.picture.pixmap().width() == 160
    assert page.detail.picture_time.text().startswith("Picture of ")


def test_pictures_are_asked_for_one_at_a_time(page: HealthPage, health: FakeHealth) -> None:
    assert [camera for camera, _done in health.asked] == ["c1"]
    for _ in range(3):
        QTest.keyClick(page.table, Key.Key_Down)
    assert len(health.asked) == 1
    health.asked[0][1](b"", 0.0)
    assert [camera for camera, _done in health.asked] == ["c1", "c4"]
    health.asked[1][1](b"", 0.0)
    assert page.detail.picture.text() == "No picture"
    for _ in range(5):
        page.renew()
    assert len(health.asked) == 2


def test_states_are_told_apart_by_shape(qtbot: QtBot) -> None:
    shapes = set()
    for state in HealthState:
        image = sign(state).pixmap(14, 14).toImage()
        shapes.add(
            tuple(image.pixelColor(x, y).alpha() > 128 for y in range(image.height()) for x in range(image.width()))
        )
    assert len(shapes) == len(HealthState)


def test_two_hundred_cameras_open_quickly_and_sort_without_a_stall(qtbot: QtBot) -> None:
    health = FakeHealth(200)
    for n in range(1, 101):
        health.say(n, HealthState.NO_SIGNAL, since_utc_s=START - n)
    begin_s = time.thread_time()  # this thread's own: other tests run beside this one
    page = HealthPage(health, lambda call: call(), UTC)
    qtbot.addWidget(page)
    page.resize(460, 900)
    page.show()
    page.grab()
    opened_s = time.thread_time() - begin_s
    assert _order(page)[0] == 1
    assert len(_order(page)) == 200
    assert opened_s < 1.0, "50 ms on a quiet machine"
    health.say(150, HealthState.NO_SIGNAL, since_utc_s=START + 9)
    begin_s = time.thread_time()
    page.renew()
    assert time.thread_time() - begin_s < 1.0
    assert _order(page)[0] == 150


@pytest.fixture
def window(qtbot: QtBot, health: FakeHealth) -> Iterator[MainWindow]:
    desk = FakeDesk()
    desk.offices = Offices(health=health)
    made = opened(qtbot, desk)
    yield made
    made.close()


def test_from_the_wall_and_back_by_keys(qtbot: QtBot, window: MainWindow, health: FakeHealth) -> None:
    health.say(5, HealthState.NO_SIGNAL, since_utc_s=START)
    QTest.keyClick(window, Key.Key_F8)
    page = window.panel.pages.currentWidget()
    assert isinstance(page, HealthPage)
    qtbot.waitUntil(page.table.hasFocus)
    assert _order(page)[0] == 5
    QTest.keyClick(page.table, Key.Key_Return)
    assert window.wall.arrangement.focused == "c5"
    assert page.table.hasFocus()
    before = window.wall.arrangement
    QTest.keyClick(page.table, Key.Key_PageDown)
    assert window.wall.arrangement == before, "the page's key, not the wall's"
    QTest.keyClick(page.table, Key.Key_Escape)
    assert window.panel.pages.currentWidget() is window.panel.work


def test_a_camera_that_is_not_on_the_wall_comes_onto_it(window: MainWindow, health: FakeHealth) -> None:
    window.wall.show_cameras(("c1", "c2"))
    health.say(9, HealthState.STALE, since_utc_s=START)
    QTest.keyClick(window, Key.Key_F8)
    page = window.panel.pages.currentWidget()
    assert isinstance(page, HealthPage)
    QTest.keyClick(page.table, Key.Key_Return)
    assert window.wall.arrangement.focused == "c9"
