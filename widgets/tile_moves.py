"""Tiles moved about on a wall by hand: exchanged, grown, split, dragged to another cell or wall; and taken back.

An event filter before the wall's own keys: Shift and an arrow exchange, Alt+Shift and an arrow grow, Shift+Enter
splits, Backspace takes the last change back. A page turned or a tile focused is no change. GUI thread only.
"""

from __future__ import annotations

from collections import deque

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication

from app import wall_plans
from app.i18n import _
from app.layouts import Arrangement, Side
from widgets.wall import Wall

_STEPS = 50
_ARROWS = {
    Qt.Key.Key_Left: Side.LEFT,
    Qt.Key.Key_Right: Side.RIGHT,
    Qt.Key.Key_Up: Side.UP,
    Qt.Key.Key_Down: Side.DOWN,
}
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_SHIFT = Qt.KeyboardModifier.ShiftModifier
_GROW = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.AltModifier


class TileMoves(QObject):
    """For one wall, which it belongs to."""

    said = Signal(str)

    def __init__(self, wall: Wall) -> None:
        super().__init__(wall)
        self._wall = wall
        self._now = wall.arrangement
        self._steps: deque[Arrangement] = deque(maxlen=_STEPS)
        self._pressed: tuple[int, QPoint] | None = None
        self._dragged = False
        wall.arrangement_changed.connect(self._on_changed)
        wall.installEventFilter(self)

    def begin(self) -> None:
        """What the wall shows now is where it begins: nothing before it can be taken back."""
        self._steps.clear()
        self._now = self._wall.arrangement

    def take_back(self) -> bool:
        """The arrangement before the last change; False when nothing was changed."""
        if not self._steps:
            return False
        before = self._steps.pop()
        self._now = before
        self._wall.arrange(before)
        return True

    def exchange(self, side: Side) -> None:
        """The focused tile and the one on that side change places; the focus goes along."""
        now = self._wall.arrangement
        if not now.enlarged:
            self._wall.arrange(wall_plans.exchanged(now, now.focus, now.layout.neighbour(now.focus, side)))

    def grow(self, side: Side) -> None:
        """The focused tile takes the place of the one on that side too."""
        self._recut(wall_plans.merged(self._wall.arrangement, side), _("A tile cannot grow there."))

    def split(self) -> None:
        """The focused tile falls into its places."""
        self._recut(wall_plans.split(self._wall.arrangement), _("This tile is one place already."))

    def take(self, camera_id: str, index: int) -> None:
        """A camera from another wall into a cell."""
        self._wall.arrange(wall_plans.placed(self._wall.arrangement, index, camera_id))
        self._wall.setFocus()

    def _recut(self, changed: Arrangement, else_say: str) -> None:
        if self._wall.pursued or changed is self._wall.arrangement:
            self.said.emit(else_say)
        else:
            self._wall.arrange(changed)

    def _on_changed(self) -> None:
        """Keep what was before, when it is another order or layout. What a pursuit, a tour or an alarm shows is given
        back by Esc."""
        now = self._wall.arrangement
        if self._wall.pursued or self._wall.giving:
            return
        if (now.order, now.layout) != (self._now.order, self._now.layout):
            self._steps.append(self._now)
        self._now = now

    # Keys and mouse, before the wall's own

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the keys of this module, and what a drag needs."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._take_key(event)
        if isinstance(event, QMouseEvent):
            return self._take_mouse(event)
        return super().eventFilter(watched, event)

    def _take_key(self, event: QKeyEvent) -> bool:
        pressed = Qt.Key(event.key())
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        side = _ARROWS.get(pressed)
        if side is not None and modifiers == _SHIFT:
            self.exchange(side)
        elif side is not None and modifiers == _GROW:
            self.grow(side)
        elif pressed in _ENTER and modifiers == _SHIFT:
            self.split()
        elif pressed == Qt.Key.Key_Backspace and not modifiers and not self._wall.entry:
            if not self.take_back():
                self.said.emit(_("Nothing of the wall to undo."))
        else:
            return False
        return True

    def _take_mouse(self, event: QMouseEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton:
            spot = event.position().toPoint()
            index = self._wall.board.cell_at(spot)
            held = index is not None and not self._wall.arrangement.enlarged
            self._pressed = (index, spot) if held and index is not None else None
        elif kind == QEvent.Type.MouseMove and self._pressed is not None and not self._dragged:
            far = (event.position().toPoint() - self._pressed[1]).manhattanLength()
            if far >= QApplication.startDragDistance():
                self._dragged = True
                self._wall.setCursor(Qt.CursorShape.ClosedHandCursor)
        elif kind == QEvent.Type.MouseButtonRelease and self._pressed is not None:
            index, dragged = self._pressed[0], self._dragged
            self._pressed, self._dragged = None, False
            if dragged:
                self._wall.unsetCursor()
                self._drop(index, event.globalPosition().toPoint())
                return True
        return False

    def _drop(self, index: int, spot: QPoint) -> None:
        target = QApplication.widgetAt(spot)
        if self._wall.rect().contains(self._wall.mapFromGlobal(spot)):
            target = self._wall
        if not isinstance(target, Wall):
            return
        there = _cell_at(target, spot)
        camera_id = self._wall.arrangement.camera_in(index)
        if there is None:
            return
        if target is self._wall:
            self._wall.arrange(wall_plans.exchanged(self._wall.arrangement, index, there))
            return
        moves = target.findChild(TileMoves)
        if isinstance(moves, TileMoves) and camera_id:
            moves.take(camera_id, there)


def drop_camera(camera_id: str, spot: QPoint) -> bool:
    """A camera from a list onto the tile under a point of the screen; False where no tile is."""
    target = QApplication.widgetAt(spot)
    there = _cell_at(target, spot) if isinstance(target, Wall) else None
    moves = target.findChild(TileMoves) if target is not None else None
    if there is None or not isinstance(moves, TileMoves):
        return False
    moves.take(camera_id, there)
    return True


def _cell_at(wall: Wall, spot: QPoint) -> int | None:
    """The cell under a point of the screen, with a camera or without."""
    here = wall.mapFromGlobal(spot)
    x, y = here.x() / max(wall.width(), 1), here.y() / max(wall.height(), 1)
    layout = wall.arrangement.layout
    rects = (layout.rect(index) for index in range(len(layout)))
    inside = (i for i, (left, top, right, bottom) in enumerate(rects) if left <= x < right and top <= y < bottom)
    return next(inside, None)
