"""How tiles share a wall: layouts as data, and which camera is in which cell. Grid maths only; no Qt, no pixels.

A wall is 16:9 and so are the cameras: a grid with as many columns as rows wastes nothing, other shapes are chosen by
how much picture they leave. Everything is immutable and lives on no thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, StrEnum
from functools import lru_cache
from math import ceil

MAX_CELLS = 64


class CellRole(StrEnum):
    """What fills a cell: its own camera, the camera that has the focus elsewhere, what fires, a tour, or the camera
    that was looked at least."""

    CAMERA = "camera"
    HOT_SPOT = "hot_spot"
    ALARM = "alarm"
    TOUR = "tour"
    ATTENTION = "attention"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a grid: where it begins, how many columns and rows it spans, and what fills it."""

    column: int
    row: int
    columns: int = 1
    rows: int = 1
    role: CellRole = CellRole.CAMERA

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

    @property
    def camera_cells(self) -> tuple[int, ...]:
        """Cells that hold cameras of the wall's order."""
        return self.cells_of(CellRole.CAMERA)

    def cells_of(self, role: CellRole) -> tuple[int, ...]:
        """Cells with this role, in their order."""
        return tuple(index for index, cell in enumerate(self.cells) if cell.role is role)

    def is_camera(self, index: int) -> bool:
        """Whether a cell holds a camera of the wall's order; false outside the layout."""
        return index < len(self.cells) and self.cells[index].role is CellRole.CAMERA

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


def grid_for(cameras: int) -> Layout:
    """1, 4, 9 or 16 tiles: the smallest that holds all cameras, at most 16."""
    return grid(next((tiles for tiles in (1, 4, 9, 16) if tiles >= cameras), 16))


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
class Seen:
    """One camera in one cell, with its rectangle, 0..1 of the wall."""

    index: int
    camera_id: str
    rect: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Which camera is in which cell: an order of all cameras, cut into pages of the layout's camera cells.

    `focus` is a cell of the layout. `enlarged` shows the focused camera alone; the page stays as it is behind it.
    `filled` says what the role cells show besides; it never changes the order."""

    order: tuple[str, ...]
    layout: Layout
    page: int = 0
    focus: int = 0
    enlarged: bool = False
    filled: tuple[tuple[int, str], ...] = ()

    @property
    def size(self) -> int:
        """Cameras of a page."""
        return len(self.layout.camera_cells)

    @property
    def pages(self) -> int:
        """How many pages all cameras need, at least one."""
        return max(1, ceil(len(self.order) / self.size)) if self.size else 1

    @property
    def on_page(self) -> tuple[str, ...]:
        """Cameras of the page, camera cell by camera cell; shorter than these on the last page."""
        return self.order[self.page * self.size : (self.page + 1) * self.size]

    @property
    def taken(self) -> tuple[tuple[int, str], ...]:
        """Every cell of the page that shows a camera, with the camera."""
        own = zip(self.layout.camera_cells, self.on_page, strict=False)
        return tuple((index, camera) for index, camera in sorted((*own, *self.filled)) if camera)

    def camera_in(self, index: int) -> str | None:
        """The camera in a cell; None in an empty one."""
        return dict(self.taken).get(index)

    @property
    def focused(self) -> str | None:
        """The camera that has the focus; None over an empty cell."""
        return self.camera_in(self.focus)

    @property
    def seen(self) -> tuple[Seen, ...]:
        """What is seen now, cell by cell; a camera may be seen in a role cell besides its own."""
        focused = self.focused
        if self.enlarged and focused is not None:
            return (Seen(self.focus, focused, (0.0, 0.0, 1.0, 1.0)),)
        return tuple(Seen(index, camera, self.layout.rect(index)) for index, camera in self.taken)

    @property
    def shown(self) -> tuple[tuple[str, tuple[float, float, float, float]], ...]:
        """What is seen now: cameras with their rectangles, 0..1 of the wall."""
        return tuple((cell.camera_id, cell.rect) for cell in self.seen)

    def with_cameras(self, order: tuple[str, ...]) -> Arrangement:
        """Other cameras; the focus stays with its camera when it is still there, and in a role cell."""
        changed = replace(self, order=order)
        if not self.layout.is_camera(self.focus):
            return replace(changed, page=min(self.page, changed.pages - 1))
        return _focused_on(changed, self.focused)

    def with_layout(self, layout: Layout) -> Arrangement:
        """Another layout; the page is the one that holds the focused camera. Its role cells are empty at first."""
        kept = self.filled if layout == self.layout else ()
        return _focused_on(replace(self, layout=layout, enlarged=False, filled=kept), self.focused)

    def filled_with(self, filled: Mapping[int, str]) -> Arrangement:
        """Other cameras in the role cells; cells that hold a camera of their own are left alone. An enlarged role cell
        that becomes empty gives the wall back."""
        roles = {i: camera for i, camera in filled.items() if i < len(self.layout) and not self.layout.is_camera(i)}
        changed = replace(self, filled=tuple(sorted((i, camera) for i, camera in roles.items() if camera)))
        return replace(changed, enlarged=False) if changed.focused is None else changed

    def turned(self, pages: int) -> Arrangement:
        """So many pages on, around the end."""
        first = next(iter(self.layout.camera_cells), 0)
        return replace(self, page=(self.page + pages) % self.pages, focus=first, enlarged=False)

    def moved(self, side: Side) -> Arrangement:
        """Focus one cell on; enlarged, the next camera is shown. Cells that nothing fills are passed over."""
        here, there = self.focus, self.layout.neighbour(self.focus, side)
        while there != here:
            if self._has_place(there):
                return replace(self, focus=there)
            here, there = there, self.layout.neighbour(there, side)
        return self

    def _has_place(self, index: int) -> bool:
        own = self.layout.camera_cells[: len(self.on_page)]
        return index in own or any(index == filled for filled, _camera in self.filled)

    def focused_at(self, index: int) -> Arrangement:
        """Focus on a cell; unchanged when nothing fills it."""
        return replace(self, focus=index) if self._has_place(index) else self

    def focused_on(self, camera_id: str) -> Arrangement:
        """Focus on a camera where it is seen, else on its page; unchanged when it is not on the wall."""
        here = sorted((not self.layout.is_camera(i), i) for i, camera in self.taken if camera == camera_id)
        if here:
            return replace(self, focus=here[0][1])
        return _focused_on(self, camera_id) if camera_id in self.order else self

    def called_up(self, camera_id: str) -> Arrangement:
        """Bring a camera into the focused cell; it changes places with the one there, so none is lost or doubled. A
        role cell shows it besides."""
        if not self.layout.is_camera(self.focus):
            return self.filled_with({**dict(self.filled), self.focus: camera_id})
        spot = self.page * self.size + self.layout.camera_cells.index(self.focus)
        if camera_id not in self.order or spot >= len(self.order):
            return self
        order, other = list(self.order), self.order.index(camera_id)
        order[spot], order[other] = order[other], order[spot]
        return replace(self, order=tuple(order))

    def toggled(self) -> Arrangement:
        """Enlarge the focused camera, or go back."""
        return replace(self, enlarged=not self.enlarged and self.focused is not None)


def _focused_on(arrangement: Arrangement, camera_id: str | None) -> Arrangement:
    cells = arrangement.layout.camera_cells
    if not cells:
        return replace(arrangement, page=0, focus=0)
    spot = arrangement.order.index(camera_id) if camera_id in arrangement.order else 0
    return replace(arrangement, page=spot // len(cells), focus=cells[spot % len(cells)])
