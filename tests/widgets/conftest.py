"""Widgets are tested on real widgets without a screen, dressed as the operator sees them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from tests.widgets.fakes import FakeDesk
from widgets import theme
from widgets.main_window import MainWindow


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


@pytest.fixture
def window(qtbot: QtBot, desk: FakeDesk) -> Iterator[MainWindow]:
    """The whole window over the fake desk, nine cameras."""
    made = opened(qtbot, desk)
    yield made
    made.close()


def opened(qtbot: QtBot, desk: FakeDesk) -> MainWindow:
    """A shown window that has the keyboard."""
    made = MainWindow(desk)
    qtbot.addWidget(made)
    made.resize(1600, 900)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    made.wall.setFocus()
    qtbot.waitUntil(made.wall.hasFocus)
    return made


@pytest.fixture(autouse=True, scope="session")
def dressed(qapp: object) -> None:
    """The product's theme, once."""
    from PySide6.QtWidgets import QApplication

    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme.apply(app)
