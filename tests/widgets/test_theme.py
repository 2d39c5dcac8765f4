"""Where the keyboard is can be seen in every list and table, in grey too."""

from __future__ import annotations

from itertools import product

import pytest
from PySide6.QtCore import QAbstractItemModel, QItemSelectionModel
from PySide6.QtGui import QColor, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QAbstractItemView, QLineEdit, QListView, QTableView, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from widgets import theme
from widgets.row_tables import dress_rows


def luminance(colour: QColor) -> float:
    """WCAG 2's relative luminance: what is left of a colour in grey."""
    parts = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (colour.redF(), colour.greenF(), colour.blueF())
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: QColor, other: QColor) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


class Held(QWidget):
    """A list or table beside a line that may take the keyboard."""

    def __init__(self, qtbot: QtBot, kind: type[QAbstractItemView]) -> None:
        super().__init__()
        self.view, self.line = kind(self), QLineEdit(self)
        model: QAbstractItemModel = QStandardItemModel(0, 2, self.view)
        assert isinstance(model, QStandardItemModel)
        for row in range(4):
            model.appendRow([QStandardItem(f"{row}"), QStandardItem("x")])
        self.view.setModel(model)
        if isinstance(self.view, QTableView):
            dress_rows(self.view, 24)
        column = QVBoxLayout(self)
        for widget in (self.view, self.line):
            column.addWidget(widget)
        qtbot.addWidget(self)
        self.resize(320, 240)
        self.show()
        qtbot.waitExposed(self)
        self.activateWindow()
        qtbot.waitUntil(self.isActiveWindow)

    def give(self, qtbot: QtBot, widget: QWidget) -> None:
        widget.setFocus()
        wanted = widget is self.view
        qtbot.waitUntil(lambda: widget.hasFocus() and bool(self.view.property("keys")) is wanted)

    def ground(self, row: int, column: int = 0) -> QColor:
        """What a row is painted on, at the end of a column, where there is no text."""
        rect = self.view.visualRect(self.view.model().index(row, column))
        return self.view.viewport().grab().toImage().pixelColor(rect.right() - 3, rect.center().y())


@pytest.mark.parametrize(("kind", "chosen"), [*product((QListView, QTableView), (True, False))])
def test_the_current_row_is_seen_where_the_keyboard_is(
    qtbot: QtBot, kind: type[QAbstractItemView], *, chosen: bool
) -> None:
    held = Held(qtbot, kind)
    flags = QItemSelectionModel.SelectionFlag
    how = flags.ClearAndSelect | flags.Rows if chosen else flags.NoUpdate
    held.view.selectionModel().setCurrentIndex(held.view.model().index(1, 0), how)
    held.give(qtbot, held.view)
    here, frame = held.ground(1), held.view.grab().toImage().pixelColor(0, 60)
    assert contrast(here, QColor(theme.PANEL)) >= 3.0
    assert contrast(here, held.ground(3)) >= 2.8
    if chosen and isinstance(held.view, QTableView):
        assert held.ground(1, 1) == here, "all of the row"
    assert contrast(frame, QColor(theme.PANEL)) >= 3.0
    held.give(qtbot, held.line)
    away = held.ground(1)
    assert contrast(here, away) >= 2.0
    assert (contrast(away, QColor(theme.PANEL)) > 1.3) is chosen
    assert contrast(held.view.grab().toImage().pixelColor(0, 60), QColor(theme.PANEL)) < 1.1


def test_a_table_whose_keys_are_a_lines_has_them_marked(qtbot: QtBot) -> None:
    held = Held(qtbot, QTableView)
    held.view.selectRow(1)  # type: ignore[attr-defined]  # it is a table
    held.give(qtbot, held.line)
    theme.mark(held.view, "keys", on=True)
    assert contrast(held.ground(1), QColor(theme.PANEL)) >= 3.0


def test_text_can_be_read_on_every_row() -> None:
    for text, ground in ((theme.ON_CURRENT, theme.CURRENT), (theme.TEXT, theme.CHOSEN), (theme.TEXT, theme.PANEL)):
        assert contrast(QColor(text), QColor(ground)) >= 4.5
