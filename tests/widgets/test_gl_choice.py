"""Who paints the walls: by the setting, by what was kept, by what a trial finds; and back again when OpenGL fails."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QRect, Signal
from PySide6.QtGui import QRegion
from pytestqt.qtbot import QtBot

from app.tasks import Tasks
from tests.conftest import running
from tests.widgets.fakes import FakeDesk
from tests.widgets.test_gl_check import CARD, FAST
from widgets.gl_check import Choice, Driver, KeptChoice, Reason, Trial, judged
from widgets.gl_choice import AUTO, GL, RASTER, WallPainting, asked_apart
from widgets.key_sheet import AboutPage
from widgets.wall import Wall


class FakeCanvas(QObject):
    """Paints nothing, fails when it is told to."""

    failed = Signal(str)
    painted = Signal()

    def __init__(self, wall: Wall, renderer: str) -> None:
        super().__init__(wall)
        self.wall, self.renderer = wall, renderer
        self.renewed = 0

    def begin(self) -> None:
        self.wall.paint_by(self)

    def end(self) -> None:
        self.wall.paint_by(None)

    def renew(self, *area: QRect | QRegion) -> None:
        self.renewed += 1


class Seat:
    """A machine with a window system that has OpenGL."""

    def __init__(self, qtbot: QtBot, path: Path, tasks: Tasks) -> None:
        self.qtbot, self.tasks = qtbot, tasks
        self.kept = KeptChoice(path / "painting.json", "6")
        self.about = AboutPage()
        qtbot.addWidget(self.about)
        self.canvases: list[FakeCanvas] = []
        self.said: list[str] = []

    def start(self, wish: str = AUTO) -> WallPainting:
        painting = WallPainting(wish, self.kept, self.tasks, self.about.show_painting, None, self._canvas)  # type: ignore[arg-type]
        painting.say = self.said.append
        painting.begin()
        return painting

    def wall(self) -> Wall:
        wall = Wall(FakeDesk())
        self.qtbot.addWidget(wall)
        wall.show_cameras(("c1", "c2"))
        return wall

    def _canvas(self, wall: Wall, renderer: str) -> FakeCanvas:
        self.canvases.append(FakeCanvas(wall, renderer))
        return self.canvases[-1]


@pytest.fixture
def tasks() -> Iterator[Tasks]:
    made = Tasks(threads=1)
    with running(made.workers):
        yield made


@pytest.fixture
def seat(qtbot: QtBot, tmp_path: Path, tasks: Tasks, monkeypatch: pytest.MonkeyPatch) -> Seat:
    monkeypatch.setattr("widgets.gl_choice._WINDOWED", frozenset({"offscreen"}))
    return Seat(qtbot, tmp_path, tasks)


def done(tasks: Tasks) -> None:
    """All that was submitted before has ended."""
    ended = threading.Event()
    assert tasks.submit(ended.set)
    assert ended.wait(30.0)


@pytest.mark.parametrize("wish", [AUTO, GL, RASTER])
def test_without_a_window_system_nothing_is_tried(qtbot: QtBot, tmp_path: Path, tasks: Tasks, wish: str) -> None:
    seat = Seat(qtbot, tmp_path, tasks)
    painting = seat.start(wish)
    wall = seat.wall()
    painting.take(wall)
    assert (wall.canvas, painting.choice.gl) == (None, False)
    assert painting.choice.reason is (Reason.SET if wish == RASTER else Reason.NO_WINDOWS)


def test_the_first_start_paints_by_raster_and_says_so(seat: Seat) -> None:
    painting = seat.start()
    wall = seat.wall()
    painting.take(wall)
    assert wall.canvas is None
    assert "painted by the processor: it is tried" in seat.about.painting.text()


def test_a_trial_decides_for_the_next_start(seat: Seat) -> None:
    first = seat.start()
    asked = threading.Event()

    def ask(known: str, ending: Callable[[], bool]) -> Trial:
        assert not known
        assert not ending()
        asked.set()
        return FAST

    first.try_later(0, ask)
    seat.qtbot.waitUntil(asked.is_set)
    done(seat.tasks)
    assert not first.choice.gl, "nothing changes under the operator's eyes"
    second = seat.start()
    wall = seat.wall()
    second.take(wall)
    assert second.choice.reason is Reason.FASTER
    assert wall.canvas is seat.canvases[0]
    assert seat.canvases[0].renderer == CARD.renderer
    assert all(tile.planar for tile in wall.tiles)
    assert "6.0 ms, without it 20.0 ms" in seat.about.painting.text()
    second.try_later(0, ask)
    assert not second._timer.isActive(), "what is known is not tried again"


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        (Trial(Driver("Mesa", "llvmpipe (LLVM 15)", "4.5")), Reason.SOFTWARE),
        (Trial(CARD, 20.0, 30.0, 30.0), Reason.SLOWER),
        (Trial(CARD, detail="exit -11"), Reason.CRASHED),
        (Trial(), Reason.NO_OPENGL),
    ],
)
def test_what_is_refused_stays_refused_until_there_is_another_driver(seat: Seat, found: Trial, kept: Reason) -> None:
    seat.start()._learn("", lambda _known, _ending: found)
    painting = seat.start()
    assert (painting.choice.gl, painting.choice.reason) == (False, kept)
    known = found.driver.name if found.driver is not None else ""
    painting._learn(known, lambda _known, _ending: Trial(found.driver) if found.driver else None)
    assert seat.start().choice.reason is kept
    painting._learn(known, lambda _known, _ending: FAST)
    assert seat.start().choice.gl is (known != CARD.name)


def test_a_setting_forces_either(seat: Seat) -> None:
    seat.kept.keep(judged(FAST))
    wall = seat.wall()
    seat.start(RASTER).take(wall)
    assert wall.canvas is None
    forced = seat.start(GL)
    forced.take(wall)
    assert wall.canvas is seat.canvases[0]
    assert seat.canvases[0].renderer == ""


def test_opengl_that_fails_gives_every_wall_back_in_one_sentence(seat: Seat, caplog: pytest.LogCaptureFixture) -> None:
    seat.kept.keep(judged(FAST))
    painting = seat.start()
    walls = [seat.wall(), seat.wall()]
    for wall in walls:
        painting.take(wall)
    walls[0].update()
    assert seat.canvases[0].renewed > 0
    with caplog.at_level(logging.WARNING):
        for canvas in seat.canvases:
            canvas.failed.emit("the context was lost")
    assert [wall.canvas for wall in walls] == [None, None]
    assert not any(tile.planar for wall in walls for tile in wall.tiles)
    assert seat.said == ["OpenGL failed; the wall is painted by the processor from now on."]
    assert [record.message for record in caplog.records] == [
        "OpenGL failed, the wall is painted by the processor: the context was lost"
    ]
    assert "the context was lost" in seat.about.painting.text()
    done(seat.tasks)
    assert seat.start().choice.reason is Reason.FAILED
    later = seat.wall()
    painting.take(later)
    assert later.canvas is None


def test_a_program_that_ended_early_twice_paints_by_raster(seat: Seat) -> None:
    seat.kept.keep(judged(FAST))
    for _start in range(2):
        assert seat.start().choice.gl
        done(seat.tasks)
    assert seat.start().choice.reason is Reason.UNFINISHED


def test_what_painted_for_a_while_is_trusted_again(seat: Seat) -> None:
    seat.kept.keep(judged(FAST))
    for _start in range(4):
        painting = seat.start()
        assert painting.choice.gl
        painting.take(seat.wall())
        seat.canvases[-1].painted.emit()
        done(seat.tasks)


def test_a_wall_that_is_closed_ends_its_canvas(seat: Seat) -> None:
    seat.kept.keep(judged(FAST))
    painting = seat.start()
    wall = seat.wall()
    painting.take(wall)
    wall.release()
    assert wall.canvas is None
    painting.take(seat.wall())
    assert len(painting._walls) == 1


def said_by(program: str, *, ending: bool = False, deadline_s: float = 60.0) -> Trial | None:
    """What is made of such a process."""
    return asked_apart("", lambda: ending, [sys.executable, "-I", "-S", "-c", program], deadline_s)


_DRIVER = (
    '{"driver": {"vendor": "v", "renderer": "r", "version": "1"}, '
    '"raster_ms": %s, "gl_ms": 1, "wall_ms": 1, "detail": ""}'
)


def test_the_process_is_asked_and_its_last_answer_counts() -> None:
    program = f"print('noise');print('''{_DRIVER % 0}''');print('''{_DRIVER % 7.5}''');print('bye')"
    assert said_by(program) == Trial(Driver("v", "r", "1"), 7.5, 1.0, 1.0)


def test_a_driver_that_crashes_takes_only_that_process() -> None:
    found = said_by(f"import os;print('''{_DRIVER % 0}''', flush=True);os.abort()")
    assert found == Trial(Driver("v", "r", "1"), 0.0, 1.0, 1.0, "exit -6")
    assert judged(found).reason is Reason.CRASHED
    assert said_by("import sys;sys.exit(3)") == Trial(detail="exit 3")
    assert said_by("print('{}')") == Trial()


def test_a_process_that_hangs_is_ended() -> None:
    assert said_by("import time;time.sleep(600)", deadline_s=0.3) == Trial(detail="exit -9")
    assert said_by("import time;time.sleep(600)", ending=True) is None


def test_a_program_that_cannot_be_started_is_an_answer(tmp_path: Path) -> None:
    found = asked_apart("", lambda: False, [str(tmp_path / "missing")])
    assert found == Trial(detail="errno 2")
    assert judged(found) == Choice(gl=False, reason=Reason.CRASHED, trial=found)
