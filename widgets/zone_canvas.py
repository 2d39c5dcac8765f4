"""The live picture as a sheet to draw on: a clear widget over the wall, there only while something is drawn.

Mouse and keys change the `ZoneDraft`; everything that needs the journal or a question is asked for by `asked`. Points
are the source picture's, so zooming, turning and mirroring meanwhile is harmless. GUI thread only.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QHideEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPolygonF, QTransform
from PySide6.QtWidgets import QWidget

from app.zone_drafts import Point, Shape, ZoneDraft
from app.zone_preview import Foot
from widgets.claimed_keys import ClaimedKeys
from widgets.keys import latin_letter
from widgets.tile import Tile
from widgets.wall import Wall
from widgets.zone_drawing import Sight, draw_draft, draw_feet

_HIT_PX, _EDGE_PX = 10.0, 7.0
_FAR_PX = 10.0
_ARROWS = {
    Qt.Key.Key_Left: (-1.0, 0.0),
    Qt.Key.Key_Right: (1.0, 0.0),
    Qt.Key.Key_Up: (0.0, -1.0),
    Qt.Key.Key_Down: (0.0, 1.0),
}
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_NONE = Qt.KeyboardModifier.NoModifier
_SHIFT, _ALT, _CTRL = (
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ControlModifier,
)
_ASKS = {"Z": "undo", "Y": "redo", "C": "copy", "N": "name", "T": "turn"}
Drag = Callable[[QPointF], None]


class ZoneCanvas(QWidget):
    """Draws `draft` over `tile` of `wall`; `feet` says who stands where at the painted picture's time."""

    changed = Signal()
    asked = Signal(str)
    """save, leave, undo, redo, copy, name, turn, remove."""
    entered = Signal()
    gone = Signal()
    """The window went, and this with it."""

    def __init__(self, wall: Wall, tile: Tile, draft: ZoneDraft, feet: Callable[[], tuple[Foot, ...]]) -> None:
        super().__init__(wall)
        self.tile, self.draft, self._feet = tile, draft, feet
        self._wall = wall
        self._drag: Drag | None = None
        self._presses = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setGeometry(wall.rect())
        ClaimedKeys(self, self._call_of)
        wall.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """As large as the wall."""
        if watched is self._wall and event.type() == QEvent.Type.Resize:
            self.setGeometry(self._wall.rect())
        return super().eventFilter(watched, event)

    # Where things are

    @property
    def sight(self) -> Sight:
        """From the picture to this widget, as the tile shows it now."""
        return Sight(self.tile.unit, self.devicePixelRatioF())

    def point_at(self, spot: QPointF) -> Point:
        """The picture's point under a spot of the wall."""
        inverse, _possible = self.tile.unit.inverted()
        point = inverse.map(spot)
        return point.x(), point.y()

    def place_at(self, spot: QPointF) -> int:
        """The drawing's point under a spot, or -1; the nearest, and of equal ones the chosen."""
        spots = [self.sight.spot(point) for point in self.draft.now.points]
        near = [(_apart(spot, there), place != self.draft.now.chosen, place) for place, there in enumerate(spots)]
        distance, _other, place = min(near, default=(math.inf, False, -1))
        return place if distance <= _HIT_PX else -1

    def edge_at(self, spot: QPointF) -> int:
        """The edge under a spot by its first point, or -1."""
        spots = [self.sight.spot(point) for point in self.draft.now.points]
        near = [(_off_edge(spot, spots[first], spots[last]), first) for first, last in self.draft.edges]
        distance, first = min(near, default=(math.inf, -1))
        return first if distance <= _EDGE_PX and self.draft.shape is not Shape.PEOPLE else -1

    def _step(self, right: float, down: float) -> Point:
        """So many pixels as they are seen, in the picture's measure, whichever way it is turned."""
        inverse, _possible = self.tile.unit.inverted()
        only_turn = QTransform(inverse.m11(), inverse.m12(), inverse.m21(), inverse.m22(), 0.0, 0.0)
        moved = only_turn.map(QPointF(right, down))
        return moved.x(), moved.y()

    # Painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Only over the picture of its tile."""
        painter = QPainter(self)
        painter.setClipRect(self.tile.area)
        draw_draft(painter, self.sight, self.draft)
        if self.draft.shape in (Shape.AREA, Shape.LINE):
            picture = self.sight.unit.mapRect(QRectF(0.0, 0.0, 1.0, 1.0)).toAlignedRect()
            painter.setClipRect(picture.intersected(self.tile.area))  # who walks out of it has the feet below it
            draw_feet(painter, self.sight, self._feet())
        painter.end()

    def renew(self) -> None:
        """The draft is other than before."""
        self.update(self.tile.area)
        self.changed.emit()

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A point, an edge, the inside; else a new point while drawing. The right button takes a point out."""
        spot = event.position()
        if not self.tile.area.contains(spot.toPoint()):
            event.ignore()  # a header, or another tile: the wall's
            return
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._presses += 1
        if event.button() == Qt.MouseButton.RightButton:
            self.draft.remove(self.place_at(spot))
        elif event.button() == Qt.MouseButton.LeftButton:
            self._drag = self._begun_drag(spot, f"drag {self._presses}")
        self.renew()

    def _begun_drag(self, spot: QPointF, step: str) -> Drag | None:
        draft = self.draft
        place, edge = self.place_at(spot), self.edge_at(spot)
        if place >= 0:
            draft.choose(place)
            if place == 0 and draft.closed and len(draft.now.points) > 2:
                draft.finish()
        elif edge >= 0:
            draft.insert(edge, self.point_at(spot), step)
        elif draft.now.drawing or draft.shape is Shape.PEOPLE:
            draft.add(self.point_at(spot), step)
        elif self._inside(spot):
            return self._whole_drag(spot, step)
        else:
            draft.choose(-1)
            return None
        return self._point_drag(draft.now.chosen, step)

    def _point_drag(self, place: int, step: str) -> Drag:
        return lambda spot: self.draft.move(place, self.point_at(spot), step)

    def _whole_drag(self, spot: QPointF, step: str) -> Drag:
        last = [spot]

        def drag(there: QPointF) -> None:
            away, last[0] = there - last[0], there
            self.draft.shift(*self._step(away.x(), away.y()), step)

        return drag

    def _inside(self, spot: QPointF) -> bool:
        if not self.draft.closed:
            return False
        outline = QPolygonF([self.sight.spot(point) for point in self.draft.now.points])
        return outline.containsPoint(spot, Qt.FillRule.OddEvenFill)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Take along what was pressed."""
        if self._drag is not None:
            self._drag(event.position())
            self.renew()

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """What was dragged stays."""
        self._drag = None
        self.draft.settle()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """The last point is where the first click put it."""
        if not self.tile.area.contains(event.position().toPoint()):
            event.ignore()
            return
        self.draft.finish()
        self.renew()

    # Keys

    def _call_of(self, event: QKeyEvent) -> Callable[[], None] | None:
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        pressed = Qt.Key(event.key())
        if pressed in _ARROWS and not modifiers & _CTRL:
            return partial(self._move, *_ARROWS[pressed], far=bool(modifiers & _SHIFT), whole=bool(modifiers & _ALT))
        if modifiers & _CTRL:
            return self._ctrl_call_of(event, again=bool(modifiers & _SHIFT))
        if pressed in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
            backwards = pressed == Qt.Key.Key_Backtab or bool(modifiers & _SHIFT)
            return self._changing(partial(self.draft.choose_next, -1 if backwards else 1))
        if modifiers != _NONE:
            return None
        return self._plain_call_of(pressed, held=event.isAutoRepeat())

    def _plain_call_of(self, pressed: Qt.Key, *, held: bool) -> Callable[[], None] | None:
        if pressed in _ENTER:
            return _nothing if held else partial(self.asked.emit, "save")
        if pressed == Qt.Key.Key_Escape:
            return _nothing if held else partial(self.asked.emit, "leave")
        if pressed == Qt.Key.Key_Insert:
            return self._changing(self.draft.extend)
        if pressed in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            return self._changing(lambda: self.draft.remove(self.draft.now.chosen))
        return None

    def _ctrl_call_of(self, event: QKeyEvent, *, again: bool) -> Callable[[], None] | None:
        if event.key() == Qt.Key.Key_Delete:
            return partial(self.asked.emit, "remove")
        asks = _ASKS.get(latin_letter(event.key(), event.nativeVirtualKey()))
        if asks is None or (again and asks != "undo"):
            return None
        return partial(self.asked.emit, "redo" if again else asks)

    def _changing(self, change: Callable[[], None]) -> Callable[[], None]:
        def called() -> None:
            change()
            self.renew()

        return called

    def _move(self, right: float, down: float, *, far: bool, whole: bool) -> None:
        """The chosen point, or the whole drawing, by a pixel as it is seen, or ten."""
        reach = _FAR_PX if far else 1.0
        dx, dy = self._step(right * reach, down * reach)
        place = self.draft.now.chosen
        if whole:
            self.draft.shift(dx, dy, "keys whole")
        elif place >= 0:
            x, y = self.draft.now.points[place]
            self.draft.move(place, (x + dx, y + dy), f"keys {place}")
        self.renew()

    # Life

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The facts beside it come to the front again."""
        super().focusInEvent(event)
        self.entered.emit()

    def hideEvent(self, event: QHideEvent) -> None:
        """Not when the window is only minimised."""
        super().hideEvent(event)
        if not event.spontaneous():
            self.gone.emit()


def _apart(first: QPointF, second: QPointF) -> float:
    return math.hypot(first.x() - second.x(), first.y() - second.y())


def _off_edge(spot: QPointF, first: QPointF, last: QPointF) -> float:
    """How far a spot is from the edge, not counting the ends' own reach."""
    along, away = last - first, spot - first
    length = QPointF.dotProduct(along, along)
    if length <= 0:
        return math.inf
    share = QPointF.dotProduct(away, along) / length
    return _apart(spot, first + along * share) if 0.0 < share < 1.0 else math.inf


def _nothing() -> None:
    """A key that is held down acts once."""
