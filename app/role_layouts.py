"""The built-in layouts with roles, beside the grids: hot-spot, alarm column, attention. Data; translated when asked."""

from __future__ import annotations

from app.i18n import _, marked
from app.layouts import Cell, CellRole, Layout

ROLE_PREFIX = "roles:"
"""Before the name of a built-in layout, where a key of a layout is wanted."""


def _plain(columns: int, rows: int, roles: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """Camera cells of one place each wherever no role cell lies, then these."""
    taken = {(c, r) for cell in roles for c in range(cell.column, cell.right) for r in range(cell.row, cell.bottom)}
    free = (Cell(c, r) for r in range(rows) for c in range(columns) if (c, r) not in taken)
    return (*free, *roles)


_HOT_SPOT = (Cell(0, 0, 2, 2, CellRole.HOT_SPOT),)
_ALARMS = tuple(Cell(3, row, 1, 1, CellRole.ALARM) for row in range(4))
_ATTENTION = (Cell(0, 0, 1, 1, CellRole.ATTENTION),)
_WATCH = (Cell(0, 0, 2, 2, CellRole.HOT_SPOT), Cell(2, 0, 1, 1, CellRole.ALARM), Cell(3, 0, 1, 1, CellRole.ALARM))
_TOUR = (Cell(0, 0, 2, 2, CellRole.TOUR),)

ROLE_LAYOUTS: tuple[Layout, ...] = (
    Layout("hot_spot", 4, 4, _plain(4, 4, _HOT_SPOT)),
    Layout("alarms", 4, 4, _plain(4, 4, _ALARMS)),
    Layout("attention", 3, 3, _plain(3, 3, _ATTENTION)),
    Layout("watch", 4, 4, _plain(4, 4, _WATCH)),
    Layout("tour", 4, 4, _plain(4, 4, _TOUR)),
)
"""As many columns as rows, so that 16:9 pictures waste nothing; camera cells first, so that the focus begins in one."""

_TITLES = {
    "hot_spot": marked("Hot-spot + 12"),
    "alarms": marked("12 + alarm column"),
    "attention": marked("Attention + 8"),
    "watch": marked("Hot-spot + 2 alarms + 10"),
    "tour": marked("Tour + 12"),
}


def role_layout(name: str) -> Layout:
    """The built-in layout of that name. Raises KeyError."""
    found = next((layout for layout in ROLE_LAYOUTS if layout.name == name), None)
    if found is None:
        raise KeyError(name)
    return found


def role_key(layout: Layout) -> str:
    """The key of a built-in layout; empty for another one."""
    return f"{ROLE_PREFIX}{layout.name}" if layout in ROLE_LAYOUTS else ""


def layout_of_key(key: str) -> Layout | None:
    """The built-in layout of a key, or of its name alone; None when there is none."""
    name = key.removeprefix(ROLE_PREFIX).replace("-", "_")
    return next((layout for layout in ROLE_LAYOUTS if layout.name == name), None)


def title_of(layout: Layout) -> str:
    """What a built-in layout is called; other layouts have their own name."""
    return _(_TITLES[layout.name]) if layout in ROLE_LAYOUTS else layout.name
