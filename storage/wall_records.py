"""What a wall's layouts, views and tours must be like, so that every wall can show them. On the writer thread."""

from __future__ import annotations

from sqlalchemy import Table

from storage import schema_cases, values
from storage.commands import RegistryRecord
from storage.errors import StorageCode, StorageError
from storage.ledger import Ledger
from storage.registry_records import CELL_ROLES, GRID, MOST_TILES, SavedView, Tour, WallLayout

_SHORTEST_DWELL_S, _LONGEST_DWELL_S = 1.0, 3600.0
_MOST_NAMED = 10_000
_DIGITS = len(str(MOST_TILES))


def check(ledger: Ledger, record: RegistryRecord) -> None:
    """Raises BAD_LAYOUT for cells that do not cover their grid, BAD_VALUE for what else no wall could show."""
    if isinstance(record, WallLayout):
        values.title("name", record.name, needed=True)
        check_cells(record)
    elif isinstance(record, SavedView):
        values.title("name", record.name, needed=True)
        _check_view(ledger, record)
    elif isinstance(record, Tour):
        values.title("name", record.name, needed=True)
        _check_tour(ledger, record)


def check_cells(layout: WallLayout) -> None:
    """Raises BAD_LAYOUT unless the cells cover the grid once, and BAD_VALUE for unknown roles."""
    sides = (layout.columns, layout.rows)
    inside = 1 <= len(layout.cells) <= MOST_TILES and all(1 <= side <= MOST_TILES for side in sides)
    if not inside or not all(_fits(cell, *sides) for cell in layout.cells):
        raise StorageError(StorageCode.BAD_LAYOUT, name=layout.name)
    taken = [
        (column, row)
        for left, top, columns, rows in layout.cells
        for column in range(left, left + columns)
        for row in range(top, top + rows)
    ]
    if len(taken) != len(set(taken)) or len(taken) != layout.columns * layout.rows:
        raise StorageError(StorageCode.BAD_LAYOUT, name=layout.name)
    if layout.roles and (len(layout.roles) != len(layout.cells) or not set(layout.roles) <= set(CELL_ROLES)):
        raise values.bad("roles", "not a role for each cell")


def _fits(cell: tuple[int, int, int, int], columns: int, rows: int) -> bool:
    left, top, wide, high = cell
    return wide >= 1 and high >= 1 and left >= 0 and top >= 0 and left + wide <= columns and top + high <= rows


def _check_view(ledger: Ledger, view: SavedView) -> None:
    tiles = view.layout.removeprefix(GRID)
    if tiles != view.layout:
        if not (tiles.isascii() and tiles.isdigit() and len(tiles) <= _DIGITS and 1 <= int(tiles) <= MOST_TILES):
            raise values.bad("layout", "not a number of tiles")
    else:
        _require_reachable(ledger, "layout", schema_cases.wall_layouts, view.layout, view.operator_id)
    if len(view.camera_ids) > _MOST_NAMED:
        raise values.bad("camera_ids", "too many")


def _check_tour(ledger: Ledger, tour: Tour) -> None:
    if not _SHORTEST_DWELL_S <= tour.dwell_s <= _LONGEST_DWELL_S:
        raise values.bad("dwell_s", "not a time span")
    if len(tour.view_ids) + len(tour.camera_ids) > _MOST_NAMED:
        raise values.bad("camera_ids", "too many")
    for view_id in tour.view_ids:
        _require_reachable(ledger, "view_ids", schema_cases.saved_views, view_id, tour.operator_id)


def _require_reachable(ledger: Ledger, field: str, table: Table, record_id: str, operator_id: str | None) -> None:
    """What the site shows cannot hang on what is one operator's own."""
    row = ledger.find(table, record_id)
    if row is None or row["retired"] or row["operator_id"] not in (None, operator_id):
        raise values.bad(field, "not in use")
