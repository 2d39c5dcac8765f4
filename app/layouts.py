"""How tiles share a wall: layouts as data, and which camera is in which cell. Grid maths only; no Qt, no pixels.

A wall is 16:9 and so are the cameras: a grid with as many columns as rows wastes nothing, other shapes are chosen by
how much picture they leave. Everything is immutable and lives on no thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache
from math import ceil

MAX_CELLS = 64


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a grid: where it begins and how many columns and rows it spans."""

    column: int
    row: int
    columns: int = 1
    rows: int = 1

    @property
    def right(self) -> int:
        """First column after the cell."""
        return self.column + self.columns

    @property
    def bottom(self) -> int:
        """First row after the cell."""
        return self.row + self.rows


class Side(Enum):
    """Where an arrow key points: (columns, rows)."""

    LEFT = (-1, 0)
    RIGHT = (1, 0)
    UP = (0, -1)
    DOWN = (0, 1)


@dataclass(frozen=True, slots=True)
class Layout:
    """A named grid. Its cells must cover the grid and must not overlap (ValueError)."""

    name: str
    columns: int
    rows: int
    cells: tuple[Cell, ...]

    def __post_init__(self) -> None:
        taken = [spot for cell in self.cells for spot in _spots(cell)]
        grid_spots = {(column, row) for column in range(self.columns) for row in range(self.rows)}
        if len(taken) != len(set(taken)) or set(taken) != grid_spots:
            raise ValueError(f"the cells of layout {self.name} overlap or leave the wall uncovered")

    def __len__(self) -> int:
        return len(self.cells)

    def rect(self, index: int) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of a cell, 0..1 of the wall."""
        cell = self.cells[index]
        return cell.column / self.columns, cell.row / self.rows, cell.right / self.columns, cell.bottom / self.rows

    def neighbour(self, index: int, side: Side) -> int:
        """The nearest cell to that side, with the widest common edge; the same cell at the wall's border."""
        here = self.cells[index]
        steps = {i: _step(here, cell, side) for i, cell in enumerate(self.cells) if i != index}
        near = {i: step for i, step in steps.items() if step is not None}
        return min(near, key=lambda i: (near[i], i), default=index)


def _spots(cell: Cell) -> list[tuple[int, int]]:
    return [(c, r) for c in range(cell.column, cell.right) for r in range(cell.row, cell.bottom)]


def _step(here: Cell, there: Cell, side: Side) -> tuple[int, int] | None:
    """(distance, minus common edge) from one cell to another, None when it is not on that side."""
    common_rows = min(here.bottom, there.bottom) - max(here.row, there.row)
    common_columns = min(here.right, there.right) - max(here.column, there.column)
    gap, common = {
        Side.LEFT: (here.column - there.right, common_rows),
        Side.RIGHT: (there.column - here.right, common_rows),
        Side.UP: (here.row - there.bottom, common_columns),
        Side.DOWN: (there.row - here.bottom, common_columns),
    }[side]
    return (gap, -common) if gap >= 0 and common > 0 else None


@lru_cache(maxsize=MAX_CELLS)
def grid(count: int) -> Layout:
    """The grid that leaves the largest 16:9 pictures for `count` tiles (1..64) on a 16:9 wall, fewest cells first."""
    if not 1 <= count <= MAX_CELLS:
        raise ValueError(f"a wall has 1 to {MAX_CELLS} tiles, not {count}")
    shapes = [(columns, ceil(count / columns)) for columns in range(1, count + 1)]
    columns, rows = min(shapes, key=lambda s: (max(s), s[0] * s[1], s[1]))
    cells = tuple(Cell(column, row) for row in range(rows) for column in range(columns))
    return Layout(f"{columns}x{rows}", columns, rows, cells)


_AROUND = {
    Side.LEFT: Cell(0, 1, 1, 2),
    Side.RIGHT: Cell(3, 1, 1, 2),
    Side.UP: Cell(1, 0, 2, 1),
    Side.DOWN: Cell(1, 3, 2, 1),
}
_CORNERS = (Cell(0, 0), Cell(3, 0), Cell(0, 3), Cell(3, 3))
PURSUIT = Layout("pursuit", 4, 4, (Cell(1, 1, 2, 2), *_AROUND.values(), *_CORNERS))
"""One camera large, what lies around it on its sides, four others in the corners."""


def pursuit_order(
    camera_id: str, around: Mapping[Side, str], others: Sequence[str], nothing: str = ""
) -> tuple[str, ...]:
    """Cameras in the cells of PURSUIT; `nothing` where no neighbour is known and no other camera is left."""
    sides = [around.get(side, nothing) for side in _AROUND]
    taken = {camera_id, *sides}
    corners = [other for other in others if other not in taken][: len(_CORNERS)]
    return (camera_id, *sides, *corners)


STANDARD = (1, 4, 9, 16)
"""Tiles of the layouts that have a key of their own."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Which camera is in which cell: an order of all cameras, cut into pages of the layout's size.

    `focus` is a cell of the page. `enlarged` shows the focused camera alone; the page stays as it is behind it."""

    order: tuple[str, ...]
    layout: Layout
    page: int = 0
    focus: int = 0
    enlarged: bool = False

    @property
    def pages(self) -> int:
        """How many pages all cameras need, at least one."""
        return max(1, ceil(len(self.order) / len(self.layout)))

    @property
    def on_page(self) -> tuple[str, ...]:
        """Cameras of the page, cell by cell; shorter than the layout on the last page."""
        size = len(self.layout)
        return self.order[self.page * size : (self.page + 1) * size]

    @property
    def focused(self) -> str | None:
        """The camera that has the focus; None over an empty cell."""
        return (self.on_page[self.focus] or None) if self.focus < len(self.on_page) else None

    @property
    def shown(self) -> tuple[tuple[str, tuple[float, float, float, float]], ...]:
        """What is seen now: cameras with their rectangles, 0..1 of the wall."""
        if self.enlarged and self.focused is not None:
            return ((self.focused, (0.0, 0.0, 1.0, 1.0)),)
        return tuple((camera, self.layout.rect(i)) for i, camera in enumerate(self.on_page) if camera)

    def with_cameras(self, order: tuple[str, ...]) -> Arrangement:
        """Other cameras; the focus stays with its camera when it is still there."""
        return _focused_on(replace(self, order=order), self.focused)

    def with_layout(self, layout: Layout) -> Arrangement:
        """Another layout; the page is the one that holds the focused camera."""
        return _focused_on(replace(self, layout=layout, enlarged=False), self.focused)

    def turned(self, pages: int) -> Arrangement:
        """So many pages on, around the end."""
        return replace(self, page=(self.page + pages) % self.pages, focus=0, enlarged=False)

    def moved(self, side: Side) -> Arrangement:
        """Focus one cell on; enlarged, the next camera is shown. Empty cells are not entered."""
        focus = self.layout.neighbour(self.focus, side)
        return replace(self, focus=focus) if focus < len(self.on_page) else self

    def focused_on(self, camera_id: str) -> Arrangement:
        """Focus on a camera, on its page; unchanged when it is not on the wall."""
        return _focused_on(self, camera_id) if camera_id in self.order else self

    def called_up(self, camera_id: str) -> Arrangement:
        """Bring a camera into the focused cell; it changes places with the one there, so none is lost or doubled."""
        spot = self.page * len(self.layout) + self.focus
        if camera_id not in self.order or spot >= len(self.order):
            return self
        order, other = list(self.order), self.order.index(camera_id)
        order[spot], order[other] = order[other], order[spot]
        return replace(self, order=tuple(order))

    def toggled(self) -> Arrangement:
        """Enlarge the focused camera, or go back."""
        return replace(self, enlarged=not self.enlarged and self.focused is not None)


def _focused_on(arrangement: Arrangement, camera_id: str | None) -> Arrangement:
    spot = arrangement.order.index(camera_id) if camera_id in arrangement.order else 0
    size = len(arrangement.layout)
    return replace(arrangement, page=spot // size, focus=spot % size)
