"""A surface paints what is asked of it, and many tiles in two turns of the event loop."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter, QRegion
from pytestqt.qtbot import QtBot

from widgets.tile import Look
from widgets.wall_surface import WallSurface


class Surface(WallSurface):
    """Notes the regions that it paints."""

    def __init__(self) -> None:
        super().__init__()
        self.painted: list[QRegion] = []

    def paint_on(self, painter: QPainter, region: QRegion, look: Look) -> None:
        painter.fillRect(self.rect(), 0xFF101214)
        self.painted.append(QRegion(region))


@pytest.fixture
def surface(qtbot: QtBot) -> Surface:
    made = Surface()
    qtbot.addWidget(made)
    made.resize(400, 100)
    made.show()
    qtbot.waitExposed(made)
    qtbot.waitUntil(lambda: bool(made.painted))
    return made


def squares(count: int) -> list[QRect]:
    return [QRect(20 * place, 0, 20, 20) for place in range(count)]


def painted_by(surface: Surface, areas: list[QRect], qtbot: QtBot) -> list[int]:
    """How many of the squares each painting held, until all are painted."""
    surface.painted.clear()
    surface.update_in_turns(areas)

    def whole() -> bool:
        region = QRegion()
        for part in surface.painted:
            region |= part
        return all(QRegion(area).subtracted(region).isEmpty() for area in areas)

    qtbot.waitUntil(whole)
    return [sum(region.contains(area) for area in areas) for region in surface.painted]


def test_many_tiles_are_painted_in_two_turns(surface: Surface, qtbot: QtBot) -> None:
    assert painted_by(surface, squares(16), qtbot) == [8, 8]


def test_few_tiles_are_painted_at_once_and_what_is_empty_counts_for_nothing(surface: Surface, qtbot: QtBot) -> None:
    assert painted_by(surface, [*squares(8), *[QRect()] * 20], qtbot)[0] == 8
