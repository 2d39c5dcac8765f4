"""The wall: ONE opaque widget that paints every tile with QPainter, driven by a precise timer. GUI thread only.

Each tick pulls the newest picture of every visible tile, reads some tiles' states in their turn, and repaints only what
changed. Each tile is clipped to its own rectangle: with the complex clip of many, Qt paints span by span, in threads of
its own (measured at 64 tiles: 0.064 against 0.034 ms a picture). No signal and no bus message is sent per frame.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from PySide6.QtCore import QEvent, QRect, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QFocusEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QRegion,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QWidget

from app.feeds import CameraDesk, CameraFeed, TileState
from app.i18n import _
from app.layouts import PURSUIT, Arrangement, Layout, Side, grid, grid_for, pursuit_order
from app.mask_lifts import MaskLifts
from widgets.call_up import CallUp
from widgets.figures import WallFigures
from widgets.tile import Look, Tile
from widgets.tile_board import TileBoard
from widgets.tile_view import TileView
from widgets.wall_surface import Canvas, WallSurface

FAST_MS = 16
NORMAL_MS = 33
FAST_TILES = 4
REFRESH_MS = 500
_ARROWS = {
    Qt.Key.Key_Left: Side.LEFT,
    Qt.Key.Key_Right: Side.RIGHT,
    Qt.Key.Key_Up: Side.UP,
    Qt.Key.Key_Down: Side.DOWN,
}


class Wall(WallSurface):
    """Tiles of the desk's cameras. `arrangement` says which; change it through the methods. `tile_of` makes a feed's
    tile; every tile's state and header are read again once in `refresh_ms`."""

    arrangement_changed = Signal()
    """Focus, layout, page, order or enlargement are other than before."""
    entered = Signal()
    """The keyboard was brought here on purpose: not because its window, or what had it, came or went."""

    def __init__(
        self,
        desk: CameraDesk,
        parent: QWidget | None = None,
        *,
        tile_of: Callable[[CameraFeed], Tile] = Tile,
        refresh_ms: int = REFRESH_MS,
    ) -> None:
        super().__init__(parent)
        self.figures = WallFigures()
        self.arrangement = Arrangement((), grid(1))
        self._desk = desk
        self.lifts = MaskLifts()
        self.board = TileBoard(desk, self, self.figures, lambda camera_id: self.lifts.left_s(camera_id), tile_of)
        self.follow: Callable[[Side], bool] = lambda _side: False
        self.leave: Callable[[], bool] = lambda: False
        self.touched_s = float("-inf")
        self.giving = False
        """While `arrangement_changed` tells of what nobody did by hand."""
        self._before_pursuit: Arrangement | None = None
        self._call_up = CallUp(self)
        self._call_up.changed.connect(self.update)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(_("Video wall"))
        self.setMinimumSize(320, 180)
        self._timer = self._made_timer(NORMAL_MS, self._on_tick, precise=True)
        self._refresh_ms = refresh_ms
        self._refresh_timer = self._made_timer(refresh_ms, self.renew_masks)

    def _made_timer(self, interval_ms: int, call: Callable[[], None], *, precise: bool = False) -> QTimer:
        timer = QTimer(self)
        timer.setTimerType(Qt.TimerType.PreciseTimer if precise else Qt.TimerType.CoarseTimer)
        timer.setInterval(interval_ms)
        timer.timeout.connect(call)
        return timer

    # What is shown

    def show_cameras(self, camera_ids: tuple[str, ...], layout: Layout | None = None) -> None:
        """Put these cameras on the wall, in this order; without a layout the smallest standard grid for them."""
        before = self._without_pursuit()
        self._arrange(before.with_cameras(camera_ids).with_layout(layout or grid_for(len(camera_ids))))

    def arrange(self, arrangement: Arrangement) -> None:
        """Another arrangement, chosen by hand: a pursuit ends with that."""
        self._without_pursuit()
        self._arrange(arrangement)

    def show_layout(self, layout: Layout) -> None:
        """Another layout, with roles or without; the page is the one of the focused camera."""
        self._arrange(self._without_pursuit().with_layout(layout))

    def choose_layout(self, tiles: int) -> None:
        """Another grid; the page is the one of the focused camera."""
        self.show_layout(grid(tiles))

    def turn_page(self, pages: int) -> None:
        """Other cameras."""
        self._arrange(self._without_pursuit().turned(pages))

    def show_camera(self, camera_id: str) -> None:
        """Focus a camera, turning to its page. One that a pursuit does not show ends it."""
        seen = camera_id in self.arrangement.on_page
        self._arrange((self.arrangement if seen else self._without_pursuit()).focused_on(camera_id))

    def call_up(self, camera_id: str) -> None:
        """Bring a camera into the focused cell; one that the wall did not know becomes the last of its order."""
        self.arrangement = self._without_pursuit()
        if camera_id not in self.arrangement.order:
            self.arrangement = self.arrangement.with_cameras((*self.arrangement.order, camera_id))
        self._arrange(self.arrangement.called_up(camera_id))

    def toggle_enlarged(self) -> None:
        """The focused camera alone, or back."""
        self._arrange(self.arrangement.toggled())

    def toggle_overlay(self) -> None:
        """Boxes and zones on or off."""
        self.look = Look(not self.look.overlay, self.look.smooth)
        self.update()

    def show_alarms(self, camera_ids: frozenset[str], quiet: frozenset[str] = frozenset()) -> None:
        """Mark the cameras that have an alarm nobody took yet; `quiet` ones less, so that the others stand out."""
        self.board.mark_alarms(camera_ids, quiet)
        self._on_refresh()

    def pursue(self, camera_id: str, around: Mapping[Side, str]) -> None:
        """One camera large in the middle, what lies around it on its sides; `end_pursuit` gives the wall back."""
        if self._before_pursuit is None:
            self._before_pursuit = self.arrangement
        others = [c for c in self._before_pursuit.on_page if c]
        self._arrange(Arrangement(pursuit_order(camera_id, around, others), PURSUIT))

    @property
    def pursued(self) -> str:
        """The camera in the middle of a pursuit; empty when there is none."""
        return self.arrangement.order[0] if self._before_pursuit is not None else ""

    def end_pursuit(self) -> None:
        """The wall as it was before."""
        self._arrange(self._without_pursuit())

    def _without_pursuit(self) -> Arrangement:
        """The arrangement to go on from when another one is chosen by hand: a pursuit ends with that."""
        before, self._before_pursuit = self._before_pursuit, None
        return before or self.arrangement

    @property
    def settled(self) -> Arrangement:
        """The arrangement without a pursuit: what another layout by hand goes on from."""
        return self._before_pursuit or self.arrangement

    def moment(self) -> tuple[str, float] | None:
        """The focused camera and the time of its painted frame; the present time where there is no picture."""
        focused = self.arrangement.focused
        if focused is None:
            return None
        tile = self.board.focused
        picture = tile.picture if tile is not None else None
        return focused, picture.utc_s if picture is not None else time.time()

    @property
    def entry(self) -> str:
        """Digits typed so far."""
        return self._call_up.text

    @property
    def tiles(self) -> tuple[Tile, ...]:
        """The tiles that are seen now."""
        return tuple(self.board)

    @property
    def focused_tile(self) -> Tile | None:
        """The focused tile while it is seen."""
        tile = self.board.focused
        return tile if tile is not None and tile.placed else None

    def look_through(self, tile: Tile, view: TileView) -> None:
        """Show a tile's picture another way; turned, mirrored and filled are remembered for its camera."""
        if view != tile.view:
            tile.show_as(view)
            self.update(tile.cell)

    def renew_masks(self) -> None:
        """Take the registry's masks as they are now, and which are lifted; also done twice a second."""
        for cell in self.board.renew_masks():
            self.update(cell)

    def renew_rights(self) -> None:
        """Somebody else may see other cameras from now on."""
        self.board.renew_rights()
        self.update()

    def live_count(self) -> int:
        """How many visible tiles are live."""
        return sum(1 for tile in self.tiles if tile.state is TileState.LIVE)

    @property
    def timer_hz(self) -> float:
        """Ticks a second."""
        return 1000.0 / self._timer.interval()

    def give(self, arrangement: Arrangement, captions: Mapping[int, str]) -> None:
        """Not the operator but the wall's roles want another arrangement; `captions` say why, by role cell."""
        if self.board.tell(captions):
            self.update()
        if arrangement != self.arrangement:
            self.giving = True
            self._show(arrangement)
            self.giving = False

    def _arrange(self, arrangement: Arrangement) -> None:
        self.touched_s = time.monotonic()
        self._show(arrangement)

    def _show(self, arrangement: Arrangement) -> None:
        self.arrangement = arrangement
        self.board.open(arrangement)
        self.renew_masks()
        self._place_tiles()
        self.arrangement_changed.emit()

    def _place_tiles(self) -> None:
        few = self.board.place(self.arrangement) <= FAST_TILES
        self._timer.setInterval(FAST_MS if few else NORMAL_MS)
        self.look = Look(self.look.overlay, smooth=few)
        self.update()

    # Time

    def _on_tick(self) -> None:
        pulled = self.board.pull(self.timer_hz / 1.5)
        self.update_in_turns((*pulled, *self.board.refresh(self._timer.interval() / self._refresh_ms)))

    def _on_refresh(self) -> None:
        self.renew_masks()
        for changed in self.board.refresh():
            if not changed.isEmpty():
                self.update(changed)

    # Painting

    def paint_by(self, canvas: Canvas | None) -> None:
        """A canvas gets pictures of planes."""
        super().paint_by(canvas)
        self.board.planar = canvas is not None
        self._place_tiles()

    def paint_on(self, painter: QPainter, region: QRegion, look: Look) -> None:
        """The tiles that lie in the region, and the number that is typed."""
        self.board.paint(painter, region, look)
        self._call_up.paint(painter, self._focused_area(), self._desk.registry(), self.devicePixelRatioF())

    def _focused_area(self) -> QRect:
        return self.focused_tile.area if self.focused_tile is not None else self.rect()

    # Keys and mouse

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Digits, arrows, Enter, Esc; everything else is the window's."""
        if not self.take_key(Qt.Key(event.key()), event.text(), event.modifiers()):
            super().keyPressEvent(event)

    def take_key(self, pressed: Qt.Key, text: str, modifiers: Qt.KeyboardModifier) -> bool:
        """Act on a key of the wall; False when it is none (also called for keys that the panel leaves over)."""
        if modifiers & ~Qt.KeyboardModifier.KeypadModifier:
            return False
        self.touched_s = time.monotonic()
        if text.isascii() and text.isdigit():
            self._call_up.add(text)
        elif pressed in _ARROWS:
            if not self.follow(_ARROWS[pressed]):
                self._arrange(self.arrangement.moved(_ARROWS[pressed]))
        elif pressed in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._confirm()
        elif pressed == Qt.Key.Key_Backspace and self.entry:
            self._call_up.remove_last()
        elif pressed == Qt.Key.Key_Escape:
            return self._go_back()
        else:
            return False
        return True

    def _confirm(self) -> None:
        if not self.entry:
            self.toggle_enlarged()
            return
        camera = self._call_up.camera(self._desk.registry())
        if camera is not None:
            self._call_up.clear()
            self.call_up(camera.id)

    def _go_back(self) -> bool:
        if self.entry:
            self._call_up.clear()
        elif self.focused_tile is not None and self.focused_tile.view.enlarged:
            self.look_through(self.focused_tile, self.focused_tile.view.whole())
        elif self.arrangement.enlarged:
            self.toggle_enlarged()
        elif self._before_pursuit is not None:
            self.end_pursuit()
        else:
            return self.leave()
        return True

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click focuses the tile."""
        index = self.board.cell_at(event.position().toPoint())
        if index is not None:
            self._arrange(self.arrangement.focused_at(index))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A double click enlarges, or goes back."""
        if self.board.cell_at(event.position().toPoint()) is not None:
            self.toggle_enlarged()

    # Life

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Ask for pictures of the new size."""
        super().resizeEvent(event)
        self._place_tiles()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The frame of the focused tile says that the keys act here."""
        super().focusInEvent(event)
        self.update()
        if event.reason() in (Qt.FocusReason.MouseFocusReason, Qt.FocusReason.OtherFocusReason):
            self.entered.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """It says that they act elsewhere."""
        super().focusOutEvent(event)
        self.update()

    def showEvent(self, event: QShowEvent) -> None:
        """Begin to pull pictures."""
        super().showEvent(event)
        self._place_tiles()
        self._timer.start()
        self._refresh_timer.start()
        self.figures.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """A wall that nobody sees asks for no pictures."""
        super().hideEvent(event)
        self._timer.stop()
        self._refresh_timer.stop()
        self.figures.stop()
        self.board.hide()

    def event(self, event: QEvent) -> bool:
        """Another screen with another pixel ratio asks for pictures of another size."""
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._place_tiles()
        return super().event(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Give the feeds back."""
        self.release()
        super().closeEvent(event)

    def release(self) -> None:
        """Close every feed and stop every timer; the wall is empty afterwards."""
        for timer in (self._timer, self._refresh_timer):
            timer.stop()
        self._call_up.stop()
        self.figures.stop()
        if self.canvas is not None:
            self.canvas.end()
        self.board.close()
