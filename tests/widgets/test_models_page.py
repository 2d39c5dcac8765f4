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
from detection.agreement import Agreement
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
        self.rows: tuple[ModelRow, ...] = ROWS
        self.calls: list[tuple[str, object]] = []
        self.done: list[Callable[[tuple[ModelRow, ...]], None]] = []
        self.compared: Callable[[str], None] = lambda _text: None

    def read(self, done: Callable[[tuple[ModelRow, ...]], None], failed: Callable[[str], None]) -> None:
        done(self.rows)

    def choose(self, name: str, done: Callable[[str], None], failed: Callable[[str], None]) -> None:
        self.calls.append(("choose", name))
        done(name)

    def give(self, name: str, cameras: str, done: Callable[[str], None], failed: Callable[[str], None]) -> None:
        self.calls.append(("give", (name, cameras)))
        self.rows = tuple(replace(row, cameras=(3, 7) if row.name == name else ()) for row in self.rows)
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

    def quantize(
        self,
        name: str,
        pictures: str,
        reason: str,
        step: Callable[[str], None],
        done: Callable[[str], None],
        failed: Callable[[str], None],
    ) -> None:
        self.calls.append(("quantize", (name, pictures, reason)))
        step("Gathering")
        self.compared = done

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


def test_a_model_is_given_to_single_cameras_by_their_numbers(
    qtbot: QtBot, page: ModelsPage, models: FakeModels
) -> None:
    QTest.keyClick(page.table, Key.Key_Down)
    QTest.keyClick(page.table, Key.Key_C)
    qtbot.waitUntil(page.cameras.hasFocus)
    QTest.keyClicks(page.cameras, "3, 7")
    QTest.keyClick(page.cameras, Key.Key_Return)
    assert models.calls == [("give", ("int8", "3, 7"))]
    qtbot.waitUntil(page.table.hasFocus)
    assert "cameras 3, 7" in page.words.text()
    assert page.cameras.text() == "3, 7"


def test_esc_leaves_the_cameras_as_they_were_and_a_broken_model_is_given_to_nobody(
    qtbot: QtBot, page: ModelsPage, models: FakeModels
) -> None:
    QTest.keyClick(page.table, Key.Key_C)
    qtbot.waitUntil(page.cameras.hasFocus)
    QTest.keyClicks(page.cameras, "12")
    QTest.keyClick(page.cameras, Key.Key_Escape)
    qtbot.waitUntil(page.table.hasFocus)
    assert page.cameras.text() == ""
    for _ in range(2):
        QTest.keyClick(page.table, Key.Key_Down)
    QTest.keyClick(page.table, Key.Key_C)
    assert page.table.hasFocus()
    assert not page.cameras.isEnabled()
    assert models.calls == []


def test_an_int8_model_is_asked_for_with_cameras_and_a_reason(
    qtbot: QtBot, page: ModelsPage, models: FakeModels
) -> None:
    assert page.int8.isHidden()
    QTest.keyClick(page.table, Key.Key_Q)
    qtbot.waitUntil(page.int8.pictures.hasFocus)
    QTest.keyClicks(page.int8.pictures, "3, 7 / 600")
    QTest.keyClick(page.int8.pictures, Key.Key_Return)
    qtbot.waitUntil(page.int8.reason.hasFocus)
    assert models.calls == [], "recordings are looked into for a reason"
    QTest.keyClicks(page.int8.reason, "night")
    QTest.keyClick(page.int8.reason, Key.Key_Return)
    qtbot.waitUntil(page.table.hasFocus)
    assert models.calls == [("quantize", ("float", "3, 7 / 600", "night"))]
    assert (page.state.text(), page.busy, page.int8.isHidden()) == ("Gathering", True, True)
    QTest.keyClick(page.table, Key.Key_Q)
    assert page.int8.isHidden(), "one work at a time"
    QTest.keyClick(page.table, Key.Key_Escape)
    assert models.calls[-1] == ("cancel", None)
    with qtbot.waitSignal(page.said) as told:
        models.compared("It finds 0.97.")
    assert (told.args, page.busy) == (["It finds 0.97."], False)


def test_a_folder_of_pictures_needs_no_reason_and_esc_asks_nothing(
    qtbot: QtBot, page: ModelsPage, models: FakeModels
) -> None:
    for pressed in (Key.Key_Escape, Key.Key_Return):
        QTest.keyClick(page.table, Key.Key_Q)
        qtbot.waitUntil(page.int8.pictures.hasFocus)
        QTest.keyClick(page.int8.pictures, Key.Key_Return)
        assert page.int8.pictures.hasFocus(), "nothing is asked with nothing"
        QTest.keyClicks(page.int8.pictures, "/srv/pictures")
        QTest.keyClick(page.int8.pictures, pressed)
        qtbot.waitUntil(page.table.hasFocus)
        assert page.int8.pictures.text() == ""
    assert models.calls == [("quantize", ("float", "/srv/pictures", ""))]
    models.compared("")
    QTest.keyClick(page.table, Key.Key_Down)
    with qtbot.waitSignal(page.said) as told:
        QTest.keyClick(page.table, Key.Key_Q)
    assert (told.args, page.int8.isHidden()) == (["int8 is an int8 model already."], True)


def test_what_was_typed_for_an_int8_model_goes_with_who_typed_it(qtbot: QtBot, page: ModelsPage) -> None:
    QTest.keyClick(page.table, Key.Key_Q)
    qtbot.waitUntil(page.int8.pictures.hasFocus)
    QTest.keyClicks(page.int8.pictures, "3")
    page.relieve()
    assert (page.int8.pictures.text(), page.int8.isHidden()) == ("", True)


def test_an_int8_model_that_agrees_too_little_is_used_at_the_second_enter(
    qtbot: QtBot, page: ModelsPage, models: FakeModels
) -> None:
    models.rows = (ROWS[0], replace(ROWS[1], agreement=Agreement(100, 80, 5, 20, "float")))
    page.renew()
    QTest.keyClick(page.table, Key.Key_Down)
    assert "finds 0.80 of the 100 boxes of float" in page.words.text()
    with qtbot.waitSignal(page.said) as told:
        QTest.keyClick(page.table, Key.Key_Return)
    assert "0.9 at least" in str(told.args)
    assert models.calls == []
    QTest.keyClick(page.table, Key.Key_Up)
    QTest.keyClick(page.table, Key.Key_Down)
    QTest.keyClick(page.table, Key.Key_Return)
    assert models.calls == [], "asked again after another row"
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


def test_a_key_that_can_do_nothing_says_why(qtbot: QtBot, page: ModelsPage, models: FakeModels) -> None:
    models.rows = (replace(ROWS[0], listed=False), ROWS[2])
    page.renew()
    for pressed in (Key.Key_Return, Key.Key_C, Key.Key_Delete):
        with qtbot.waitSignal(page.said) as told:
            QTest.keyClick(page.table, pressed)
        assert told.args == ["float does not lie in the models folder: take it in first, in the line below."]
    QTest.keyClick(page.table, Key.Key_Down)
    with qtbot.waitSignal(page.said) as told:
        QTest.keyClick(page.table, Key.Key_C)
    assert told.args == ["It is damaged."]
    assert models.calls == []


def test_numbers_that_one_operator_typed_are_gone_before_the_next(qtbot: QtBot, page: ModelsPage) -> None:
    QTest.keyClick(page.table, Key.Key_C)
    qtbot.waitUntil(page.cameras.hasFocus)
    QTest.keyClicks(page.cameras, "3, 9")
    page.relieve()
    assert page.cameras.text() == ""


def test_all_columns_are_seen_in_a_narrow_panel(qtbot: QtBot, page: ModelsPage) -> None:
    page.resize(380, 600)
    qtbot.waitUntil(lambda: page.table.viewport().width() < 380)
    header = page.table.horizontalHeader()
    qtbot.waitUntil(lambda: header.length() <= page.table.viewport().width())
    assert header.sectionSize(1) > 60
