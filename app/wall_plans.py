"""Layouts and views of the registry as arrangements of a wall, and back; changes of an arrangement by hand.

Pure, on no thread. What has no place in the registry any more (a camera, a layout) is left out, never an error.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from app.errors import AppCode, AppError
from app.layouts import Arrangement, Cell, CellRole, Layout, Side, grid
from app.role_layouts import ROLE_LAYOUTS, ROLE_PREFIX, layout_of_key, role_key
from app.wall_store import MainPlace
from storage.journal import Registry
from storage.records import new_id
from storage.registry_records import GRID, MOST_TILES, SavedView, WallLayout

_SPELLED = "cells:"
GRIDS = (1, 4, 9, 16, 25, 36, 49, 64)
"""Tiles of the square grids."""


@dataclass(frozen=True, slots=True)
class WallStart:
    """How a wall is to begin: on which monitor, counted from 1, full screen; with which view, layout or grid."""

    monitor: int | None = None
    layout: str = ""


def layout_of(record: WallLayout) -> Layout:
    """A layout as the registry has it."""
    roles = record.roles or ("",) * len(record.cells)
    cells = (
        Cell(*cell, CellRole(role) if role else CellRole.CAMERA) for cell, role in zip(record.cells, roles, strict=True)
    )
    return Layout(record.name, record.columns, record.rows, tuple(cells))


def record_of(layout: Layout, name: str, operator_id: str | None, layout_id: str | None = None) -> WallLayout:
    """A layout as the registry keeps it."""
    cells = tuple((cell.column, cell.row, cell.columns, cell.rows) for cell in layout.cells)
    roles = tuple(cell.role.value for cell in layout.cells)
    plain = set(roles) == {CellRole.CAMERA.value}
    return WallLayout(
        layout_id or new_id(), name, layout.columns, layout.rows, cells, () if plain else roles, operator_id
    )


def layout_named(registry: Registry, key: str) -> Layout | None:
    """The layout of a key ("grid:16", "roles:alarms" or a layout's id); None when there is none of that id any more."""
    if key.startswith(ROLE_PREFIX):
        return layout_of_key(key)
    if key.startswith(_SPELLED):
        return _layout_spelled(key)
    tiles = key.removeprefix(GRID)
    if tiles != key:
        return grid(int(tiles)) if tiles.isdigit() and 1 <= int(tiles) <= MOST_TILES else None
    return next((layout_of(record) for record in registry.wall_layouts if record.id == key), None)


def key_of(registry: Registry, layout: Layout, operator_id: str | None = None) -> str:
    """The key of a layout, for somebody who may use it; empty when neither a grid nor a saved one is like it."""
    if layout.cells == grid(len(layout)).cells:
        return f"{GRID}{len(layout)}"
    usable = (r for r in registry.wall_layouts if r.operator_id in (None, operator_id))
    return next((r.id for r in usable if layout_of(r).cells == layout.cells), "")


def spelled(registry: Registry, layout: Layout, operator_id: str | None = None) -> str:
    """The key of any layout: one that nobody saved is spelled out cell by cell. For this machine's memory, not for the
    journal."""
    key = role_key(layout) or key_of(registry, layout, operator_id)
    if key:
        return key
    cells = (f"{c.column} {c.row} {c.columns} {c.rows} {c.role.value}" for c in layout.cells)
    return f"{_SPELLED}{layout.columns} {layout.rows};{';'.join(cells)}"


def _layout_spelled(key: str) -> Layout | None:
    """None for what is no layout: the file may have been edited by hand."""
    size, *cells = key.removeprefix(_SPELLED).split(";")
    try:
        columns, rows = (int(number) for number in size.split())
        if min(columns, rows) < 1 or max(columns, rows, len(cells)) > MOST_TILES:
            return None
        return Layout("", columns, rows, tuple(_cell_spelled(*cell.split()) for cell in cells))
    except (TypeError, ValueError):
        return None


def _cell_spelled(column: str, row: str, columns: str, rows: str, role: str) -> Cell:
    if max(int(columns), int(rows)) > MOST_TILES:
        raise ValueError(columns)
    return Cell(int(column), int(row), int(columns), int(rows), CellRole(role))


def arranged(registry: Registry, key: str, camera_ids: Iterable[str], order: Iterable[str]) -> Arrangement:
    """These cameras cell by cell, then the others of `order`, so that paging still reaches every camera."""
    known = {camera.id for camera in registry.cameras}
    shown = [camera_id if camera_id in known else "" for camera_id in camera_ids]
    layout = layout_named(registry, key) or grid(min(max(len(shown), 1), MOST_TILES))
    room = len(layout.camera_cells)
    if shown:
        shown += [""] * (room - len(shown))
    rest = [camera_id for camera_id in order if camera_id and camera_id not in shown]
    return Arrangement((*shown, *rest), layout)


def resumed(registry: Registry, place: MainPlace, order: Iterable[str]) -> Arrangement:
    """The main wall as it was left: cameras that are gone close up, new ones come last."""
    known = {camera.id for camera in registry.cameras}
    left = [camera for camera in place.camera_ids if not camera or camera in known]
    shown = set(left)
    cameras = (*left, *(camera for camera in order if camera not in shown))
    made = Arrangement(cameras, layout_named(registry, place.layout) or grid(min(max(len(cameras), 1), 16)))
    return made.turned(min(place.page, made.pages - 1)).focused_at(min(place.focus, len(made.layout) - 1))


def start_of(registry: Registry, name: str, order: Iterable[str]) -> Arrangement:
    """The view, layout or grid of that name (letters' case does not matter; "16" and "grid:16" are grids), the site's
    before an operator's. Raises AppError(UNKNOWN_LAYOUT)."""
    wished = name.strip().casefold()
    views = sorted(registry.saved_views, key=lambda view: view.operator_id is not None)
    for view in views:
        if view.name.casefold() == wished:
            return arranged(registry, view.layout, view.camera_ids, order)
    layouts = sorted(registry.wall_layouts, key=lambda layout: layout.operator_id is not None)
    built_in = layout_of_key(wished)
    other = role_key(built_in) if built_in is not None else f"{GRID}{wished.removeprefix(GRID)}"
    key = next((one.id for one in layouts if one.name.casefold() == wished), other)
    if layout_named(registry, key) is None:
        known = sorted({view.name for view in views} | {layout.name for layout in layouts})
        known += [layout.name for layout in ROLE_LAYOUTS]
        raise AppError(AppCode.UNKNOWN_LAYOUT, name=name, known=", ".join([*known, f"1 - {MOST_TILES}"]))
    return arranged(registry, key, (), order)


def visible_to(registry: Registry, operator_id: str) -> tuple[tuple[WallLayout, ...], tuple[SavedView, ...]]:
    """Layouts and views of the site and of this operator, by name."""
    layouts = (one for one in registry.wall_layouts if one.operator_id in (None, operator_id))
    views = (one for one in registry.saved_views if one.operator_id in (None, operator_id))
    return (
        tuple(sorted(layouts, key=lambda one: one.name.casefold())),
        tuple(sorted(views, key=lambda one: one.name.casefold())),
    )


def without_gaps(arrangement: Arrangement) -> Arrangement:
    """The cameras without the empty cells of a view, for another grid."""
    return arrangement.with_cameras(tuple(camera for camera in arrangement.order if camera))


# Changes by hand


def exchanged(arrangement: Arrangement, index: int, other: int) -> Arrangement:
    """Two cells change cameras, the focus goes along; unchanged when one of them holds no camera of the order."""
    spots = [_spot(arrangement, one) for one in (index, other)]
    if None in spots or index == other:
        return arrangement
    first, second = (spot for spot in spots if spot is not None)
    order = [*arrangement.order, *[""] * (max(first, second) + 1 - len(arrangement.order))]
    order[first], order[second] = order[second], order[first]
    while order and not order[-1]:
        order.pop()
    return replace(arrangement, order=tuple(order), focus=other, enlarged=False)


def placed(arrangement: Arrangement, index: int, camera_id: str) -> Arrangement:
    """A camera from elsewhere into a cell; it changes places with the one there."""
    spot = _spot(arrangement, index)
    if spot is None or not camera_id:
        return arrangement
    order = [*arrangement.order, *[""] * (spot + 1 - len(arrangement.order))]
    if camera_id in order:
        order[order.index(camera_id)] = order[spot]
    elif order[spot]:
        order.append(order[spot])
    order[spot] = camera_id
    return replace(arrangement, order=tuple(order), focus=index, enlarged=False)


def beside(arrangement: Arrangement, camera_id: str, kept: Collection[int] = ()) -> tuple[Arrangement, int | None]:
    """A camera beside the focused one, which keeps the focus: into the next empty cell, else into the next one that is
    not in `kept`; and into which. A wall of one tile gets four. None: no cell is left."""
    if arrangement.size <= 1:
        arrangement = arrangement.with_layout(grid(4))
    cells, focus = arrangement.layout.camera_cells, arrangement.focus
    turn = sorted((index for index in cells if index != focus), key=lambda index: (index < focus, index))
    empty = [index for index in turn if arrangement.camera_in(index) is None]
    index = next(iter([*empty, *(index for index in turn if index not in kept)]), None)
    if index is None:
        return arrangement, None
    return replace(placed(arrangement, index, camera_id), focus=focus), index


def _spot(arrangement: Arrangement, index: int) -> int | None:
    """Where a cell's camera stands in the order; None for a role cell."""
    cells = arrangement.layout.camera_cells
    return arrangement.page * arrangement.size + cells.index(index) if index in cells else None


def merged(arrangement: Arrangement, side: Side) -> Arrangement:
    """The focused cell grows to that side over its neighbour, and over what both together enclose; their cameras move
    to the next cells. Unchanged at the wall's edge, and where a cell would be cut in two."""
    layout, focus = arrangement.layout, arrangement.focus
    other = layout.neighbour(focus, side)
    if other == focus:
        return arrangement
    area = _around(layout.cells[focus], layout.cells[other])
    inside = [cell for cell in layout.cells if _within(cell, area)]
    if sum(cell.columns * cell.rows for cell in inside) != area.columns * area.rows:
        return arrangement
    kept = [cell for cell in layout.cells if cell not in inside]
    large = replace(area, role=layout.cells[focus].role)
    return _recut(arrangement, (*kept, large), large)


def split(arrangement: Arrangement) -> Arrangement:
    """The focused cell falls into cells of one place each; unchanged when it is one."""
    cell = arrangement.layout.cells[arrangement.focus]
    if cell.columns * cell.rows == 1:
        return arrangement
    parts = [Cell(c, r) for r in range(cell.row, cell.bottom) for c in range(cell.column, cell.right)]
    kept = [one for one in arrangement.layout.cells if one is not cell]
    if len(kept) + len(parts) > MOST_TILES:
        return arrangement
    return _recut(arrangement, (*kept, *parts), parts[0])


def _recut(arrangement: Arrangement, cells: Iterable[Cell], focus: Cell) -> Arrangement:
    """Other cells, from the top left. What was in a cell stays there; new ones get what lost its own, then the rest."""
    ordered = tuple(sorted(cells, key=lambda cell: (cell.row, cell.column)))
    index = ordered.index(focus)
    before = {cell: arrangement.camera_in(number) or "" for number, cell in enumerate(arrangement.layout.cells)}
    wanted = {cell: before.get(cell) for cell in ordered if cell.role is CellRole.CAMERA}
    if focus in wanted:
        wanted[focus] = arrangement.focused or ""
    kept = {camera for camera in wanted.values() if camera}
    rest = [c for c in (*arrangement.on_page, *arrangement.order) if c and c not in kept]
    others = iter(dict.fromkeys(rest))
    shown = [next(others, "") if camera is None else camera for camera in wanted.values()]
    layout = Layout("", arrangement.layout.columns, arrangement.layout.rows, ordered)
    return Arrangement((*shown, *others), layout, focus=index)


def _around(one: Cell, other: Cell) -> Cell:
    left, top = min(one.column, other.column), min(one.row, other.row)
    right, bottom = max(one.right, other.right), max(one.bottom, other.bottom)
    return Cell(left, top, right - left, bottom - top)


def _within(cell: Cell, area: Cell) -> bool:
    return (
        area.column <= cell.column and cell.right <= area.right and area.row <= cell.row and cell.bottom <= area.bottom
    )
