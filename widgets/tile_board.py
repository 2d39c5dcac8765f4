"""The tiles of one wall: opened, placed, pulled, refreshed and painted in one pass. GUI thread only; not a widget.

A tile belongs to a slot: the camera's own cell, whichever that is, or one role cell that shows the camera besides. So a
camera may be seen twice, and turning a page or moving a camera never costs a picture that is still shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from PySide6.QtCore import QMargins, QPoint, QRect, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen, QRegion
from PySide6.QtWidgets import QWidget

from app.feeds import CameraDesk, CameraFeed
from app.i18n import _
from app.layouts import Arrangement
from app.masks import masks_of
from storage.journal import Registry
from widgets import theme
from widgets.chrome import font, label_pixmap
from widgets.figures import WallFigures
from widgets.tile import GUTTER_PX, Look, Tile
from widgets.tile_view import TileView

_WIDE_PX = 320
_LARGE_PX, _SMALL_PX = 14, 11
_MARGIN_PX = 8
_PAPER = "#d02b2f36"


class TileBoard:
    """Tiles for `surface`, the widget that is painted on; `lifted_s` says how long a camera's masks are still lifted.
    `tile_of` makes a feed's tile. Methods that return rectangles say what to repaint."""

    def __init__(
        self,
        desk: CameraDesk,
        surface: QWidget,
        figures: WallFigures,
        lifted_s: Callable[[str], float],
        tile_of: Callable[[CameraFeed], Tile] = Tile,
    ) -> None:
        self._desk, self._surface, self._figures, self._lifted_s = desk, surface, figures, lifted_s
        self._tile_of = tile_of
        self._tiles: dict[str, Tile] = {}
        self._views: dict[str, TileView] = {}
        self._alarmed: frozenset[str] = frozenset()
        self._quiet: frozenset[str] = frozenset()
        self._focused = ""
        self._shown = 0
        self._cells: dict[str, int] = {}
        self._empty: dict[int, QRect] = {}
        self.captions: Mapping[int, str] = {}
        self.planar = False
        self._background = QRegion()
        self._registry: Registry | None = None
        self._turn, self._owed = 0, 0.0

    def __iter__(self) -> Iterator[Tile]:
        """The tiles that are seen now."""
        return iter([tile for tile in self._tiles.values() if tile.placed])

    @property
    def focused(self) -> Tile | None:
        """The tile of the focused cell, seen or not."""
        return self._tiles.get(self._focused)

    def cell_at(self, spot: QPoint) -> int | None:
        """The cell of the tile under a point of the surface; None where no tile is."""
        slots = (slot for slot, tile in self._tiles.items() if tile.placed and tile.cell.contains(spot))
        return next((self._cells[slot] for slot in slots), None)

    def open(self, arrangement: Arrangement) -> None:
        """Tiles for every cell of the page; those of other pages are closed, their views remembered."""
        wanted = {_slot(arrangement, index, camera_id): camera_id for index, camera_id in arrangement.taken}
        self._cells = {_slot(arrangement, index, camera_id): index for index, camera_id in arrangement.taken}
        for slot in [s for s in self._tiles if s not in wanted]:
            tile = self._tiles.pop(slot)
            self._views[tile.feed.camera.id] = tile.view.whole()
            tile.close()
        for slot, camera_id in wanted.items():
            if slot not in self._tiles:
                tile = self._tiles[slot] = self._tile_of(self._desk.feed(camera_id))
                tile.alarmed, tile.quiet = camera_id in self._alarmed, camera_id in self._quiet
                tile.view = self._views.get(camera_id, TileView())
        self._focused = _slot(arrangement, arrangement.focus, arrangement.focused or "")

    def place(self, arrangement: Arrangement) -> int:
        """Give every seen tile its rectangle of the surface; how many are seen."""
        seen = {_slot(arrangement, cell.index, cell.camera_id): cell.rect for cell in arrangement.seen}
        background = QRegion(self._surface.rect())
        gutter = QMargins(GUTTER_PX, GUTTER_PX, GUTTER_PX, GUTTER_PX)
        for slot, tile in self._tiles.items():
            cell = self._cell(seen[slot]) if slot in seen else QRect()
            tile.focused = slot == self._focused
            tile.alone = arrangement.enlarged and slot in seen
            tile.planar = self.planar
            tile.place(cell, self._surface.devicePixelRatioF())
            tile.want(visible=self._surface.isVisible())
            tile.refresh(self._figures.tile(tile.feed.camera.id))
            background = background.subtracted(QRegion(cell.marginsRemoved(gutter)))
        self._background, self._shown = background, len(seen)
        self._empty = {} if arrangement.enlarged else self._empty_roles(arrangement)
        return self._shown

    def _empty_roles(self, arrangement: Arrangement) -> dict[int, QRect]:
        layout, taken = arrangement.layout, dict(arrangement.taken)
        roles = [index for index in range(len(layout)) if not layout.is_camera(index) and index not in taken]
        return {index: self._cell(layout.rect(index)) for index in roles}

    def tell(self, captions: Mapping[int, str]) -> bool:
        """Why each role cell shows what it shows; whether that is other than before."""
        before, self.captions = self.captions, dict(captions)
        return before != self.captions

    def _cell(self, rect: tuple[float, float, float, float]) -> QRect:
        """A cell in whole pixels; neighbours share their edges."""
        width, height = self._surface.width(), self._surface.height()
        left, right = round(rect[0] * width), round(rect[2] * width)
        top, bottom = round(rect[1] * height), round(rect[3] * height)
        return QRect(left, top, right - left, bottom - top)

    def mark_alarms(self, camera_ids: frozenset[str], quiet: frozenset[str] = frozenset()) -> None:
        """Cameras that have an alarm nobody took yet, `quiet` ones with a thin frame; seen at the next refresh."""
        self._alarmed, self._quiet = camera_ids, quiet
        for tile in self._tiles.values():
            camera_id = tile.feed.camera.id
            tile.alarmed, tile.quiet = camera_id in camera_ids, camera_id in quiet

    def renew_masks(self) -> list[QRect]:
        """Take the registry's masks as they are now, and which are lifted; zones and rules when it has changed."""
        registry = self._desk.registry()
        changed = self._renew_zones(registry) if registry is not self._registry else []
        self._registry = registry
        for tile in self._tiles.values():
            camera_id = tile.feed.camera.id
            if tile.masking.show(masks_of(registry, camera_id), self._lifted_s(camera_id)):
                changed.append(tile.cell)
        return changed

    def _renew_zones(self, registry: Registry) -> list[QRect]:
        """What was drawn while the tiles are open."""
        changed = []
        for tile in self._tiles.values():
            feed = tile.feed
            zones = tuple(zone for zone in registry.zones if zone.camera_id == feed.camera.id)
            rules = tuple(rule for rule in registry.rules if rule.camera_id == feed.camera.id)
            if (zones, rules) != (feed.zones, feed.rules):
                feed.zones, feed.rules = zones, rules
                changed.append(tile.cell)
        return changed

    def renew_rights(self) -> None:
        """Read every state now, also of tiles that are not seen: no picture stays that may not be seen any more."""
        for tile in self._tiles.values():
            tile.refresh(self._figures.tile(tile.feed.camera.id))

    def pull(self, max_hz: float) -> list[QRect]:
        """Take the newest picture of every seen tile."""
        count = self._figures.tile
        seen = self._tiles.values()
        return [t.fresh_area for t in seen if t.placed and t.pull(count(t.feed.camera.id), max_hz)]

    def refresh(self, share: float = 1.0) -> list[QRect]:
        """Read the states of so many of the seen tiles again, each in its turn.

        All headers of a wall drawn at once are its longest stall: 64 take 20 ms."""
        tiles = list(self)
        self._owed = min(self._owed % 1.0 + share * len(tiles), len(tiles))
        begin, count = self._turn % max(len(tiles), 1), int(self._owed)
        self._turn = begin + count
        due = [*tiles, *tiles][begin : begin + count]
        return [tile.refresh(self._figures.tile(tile.feed.camera.id)) for tile in due]

    def hide(self) -> None:
        """Ask for no pictures."""
        for tile in self._tiles.values():
            tile.want(visible=False)

    def close(self) -> None:
        """Give every feed back."""
        for tile in self._tiles.values():
            tile.close()
        self._tiles.clear()

    def paint(self, painter: QPainter, region: QRegion, look: Look) -> None:
        """Paint the tiles, and the bare wall between them, that lie in the region."""
        self._paint_background(painter, region)
        for slot, tile in self._tiles.items():
            if tile.placed and region.intersects(tile.cell):
                due_s = tile.paint(painter, region, look)
                painter.setClipping(False)
                if due_s is not None:
                    self._figures.painted(tile.feed.camera.id, due_s)
                caption = self.captions.get(self._cells[slot], "") if "@" in slot else ""
                if caption:
                    self._paint_caption(painter, tile.area, caption)
                if tile.focused and self._shown > 1 and region.intersects(_rim(tile.cell)):
                    _draw_frame(painter, tile.cell, has_keys=self._surface.hasFocus())
        if not self._tiles:
            painter.setPen(QColor(theme.MUTED))
            text = _("No camera yet. Add one: main.py camera add URL")
            painter.drawText(self._surface.rect(), Qt.AlignmentFlag.AlignCenter, text)

    def _paint_background(self, painter: QPainter, region: QRegion) -> None:
        bare = self._background.intersected(region)
        if not bare.isEmpty():
            painter.setClipRegion(bare)
            painter.fillRect(self._surface.rect(), QColor(theme.WALL))
            painter.setClipping(False)
        painter.setPen(QColor(theme.MUTED))
        wrap = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        for index, cell in self._empty.items():
            if region.intersects(cell):
                room = cell.adjusted(_MARGIN_PX, _MARGIN_PX, -_MARGIN_PX, -_MARGIN_PX)
                painter.drawText(room, int(wrap), self.captions.get(index, ""))

    def _paint_caption(self, painter: QPainter, area: QRect, caption: str) -> None:
        """Under the header, so that it covers neither the clock nor what is degraded."""
        size_px = _LARGE_PX if area.width() >= _WIDE_PX else _SMALL_PX
        metrics = QFontMetrics(font(size_px, bold=True))
        text = metrics.elidedText(caption, Qt.TextElideMode.ElideRight, area.width() - 2 * _MARGIN_PX)
        ratio = self._surface.devicePixelRatioF()
        painter.drawPixmap(area.topLeft(), label_pixmap(text, theme.TEXT, _PAPER, size_px, True, ratio))


def _rim(cell: QRect) -> QRegion:
    """Where the frame is drawn. A new picture never touches it, and a broken line takes 0.3 ms."""
    return QRegion(cell).subtracted(QRegion(cell.adjusted(GUTTER_PX, GUTTER_PX, -GUTTER_PX, -GUTTER_PX)))


def _draw_frame(painter: QPainter, cell: QRect, *, has_keys: bool) -> None:
    """Where the keys act; grey and broken while they act on something else: another wall, the panel."""
    pen = QPen(QColor(theme.ACCENT if has_keys else theme.MUTED), GUTTER_PX)
    if not has_keys:
        pen.setStyle(Qt.PenStyle.DashLine)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(cell.adjusted(1, 1, -1, -1))


def _slot(arrangement: Arrangement, index: int, camera_id: str) -> str:
    """Where a tile belongs; a camera's own cells share one, so that it may move without losing its picture."""
    return camera_id if arrangement.layout.is_camera(index) else f"{camera_id}@{index}"
