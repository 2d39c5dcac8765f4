"""The models page by keyboard, over a desk that answers when the test says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.model_rows import ModelRow
from app.offices import Offices
from detection.model_bench import ModelSpeed
from tests.widgets.conftest import opened
from tests.widgets.fakes import FakeDesk
from widgets.models_page import ModelsPage

Key = Qt.Key
SPEED = ModelSpeed(50.0, 40.0, 2, True, "CPU", 1.0, "")
ROWS = (
    ModelRow("float", Path("float"), "YOLO11n", digest="a" * 64, in_use=True),
    ModelRow("int8", Path("int8"), "YOLO11n", True, digest="b" * 64, speed=SPEED),
    ModelRow("broken", Path("broken"), problem="It is damaged."),
)


class FakeModels:
    def __init__(self) -> None:
        self.rows = ROWS
        self.calls: list[tuple[str, object]] = []
        self.done: list[Callable[[tuple[ModelRow, ...]], None]] = []

    def read(self, done: Callable[[tuple[ModelRow, ...]], None], failed: Callable[[str], None]) -> None:
        done(self.rows)

    def choose(self, name: str, done: Callable[[str], None], failed: Callable[[str], None]) -> None:
        self.calls.append(("choose", name))
        done(name)

    def bench(
        self,
        names: Sequence[str],
        step: Callable[[str], None],
        done: Callable[[tuple[ModelRow, ...]], None],
        failed: Callable[[str], None],
    ) -> None:
        self.calls.append(("bench", tuple(names)))
        step(names[0])
        self.done.append(done)

    def take(
        self, source: str, step: Callable[[str], None], done: Callable[[str], None], failed: Callable[[str], None]
    ) -> None:
        self.calls.append(("take", source))
        failed("It is damaged.")

    def remove(self, name: str, done: Callable[[str], None], failed: Callable[[str], None]) -> None:
        self.calls.append(("remove", name))
        done(name)

    def cancel(self) -> None:
        self.calls.append(("cancel", None))


@pytest.fixture
def models() -> FakeModels:
    return FakeModels()


@pytest.fixture
def page(qtbot: QtBot, models: FakeModels) -> Iterator[ModelsPage]:
    made = ModelsPage(models, lambda call: call())
    qtbot.addWidget(made)
    made.resize(700, 500)
    made.show()
    qtbot.waitExposed(made)
    made.renew()
    made.activateWindow()
    made.table.setFocus()
    qtbot.waitUntil(made.table.hasFocus)
    yield made
    made.close()


def cells(page: ModelsPage, row: int) -> list[str]:
    items = [page.table.item(row, column) for column in range(page.table.columnCount())]
    return [item.text() for item in items if item is not None]


def test_the_list_shows_figures_and_the_one_in_use(page: ModelsPage) -> None:
    assert cells(page, 0) == ["●", "float", "YOLO11n", "float", "", ""]
    assert cells(page, 1) == ["", "int8", "YOLO11n", "int8", "50", "40.0"]
    QTest.keyClick(page.table, Key.Key_Down)
    QTest.keyClick(page.table, Key.Key_Down)
    assert page.words.text() == "It is damaged."


def test_enter_uses_what_can_be_used(page: ModelsPage, models: FakeModels) -> None:
    QTest.keyClick(page.table, Key.Key_Down)
    QTest.keyClick(page.table, Key.Key_Return)
    QTest.keyClick(page.table, Key.Key_Down)
    QTest.keyClick(page.table, Key.Key_Return)
    assert models.calls == [("choose", "int8")]


def test_measuring_is_one_at_a_time_and_esc_stops_it(page: ModelsPage, models: FakeModels) -> None:
    QTest.keyClick(page.table, Key.Key_B)
    assert "float" in page.state.text()
    QTest.keyClick(page.table, Key.Key_B, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(page.table, Key.Key_Escape)
    assert models.calls == [("bench", ("float",)), ("cancel", None)]
    models.done[0]((replace(ROWS[0], speed=replace(SPEED, looks_per_s=20.0)), *ROWS[1:]))
    assert cells(page, 0)[-1] == "20.0"
    assert page.state.text() == "int8 gives 2.00 times the looks of float."
    QTest.keyClick(page.table, Key.Key_B, Qt.KeyboardModifier.ShiftModifier)
    assert models.calls[-1] == ("bench", ("float", "int8"))


def test_delete_asks_once_more_and_forgets_on_another_row(page: ModelsPage, models: FakeModels) -> None:
    QTest.keyClick(page.table, Key.Key_Delete)
    QTest.keyClick(page.table, Key.Key_Down)
    QTest.keyClick(page.table, Key.Key_Delete)
    assert models.calls == []
    QTest.keyClick(page.table, Key.Key_Delete)
    assert models.calls == [("remove", "int8")]


def test_a_file_that_is_refused_is_told_and_the_path_stays(page: ModelsPage, models: FakeModels, qtbot: QtBot) -> None:
    page.path.setText("/tmp/bad.pt")
    with qtbot.waitSignal(page.said) as told:
        QTest.keyClick(page.path, Key.Key_Return)
    assert told.args == ["It is damaged."]
    assert (models.calls, page.path.text(), page.busy) == ([("take", "/tmp/bad.pt")], "/tmp/bad.pt", False)
    page.relieve()
    assert page.path.text() == ""


def test_the_key_opens_the_page_where_the_seat_has_it(qtbot: QtBot, models: FakeModels) -> None:
    desk = FakeDesk()
    desk.offices = Offices(models=models)
    window = opened(qtbot, desk)
    QTest.keyClick(window.wall, Key.Key_F8, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: isinstance(window.panel.offices.made("models"), ModelsPage))
    window.close()
