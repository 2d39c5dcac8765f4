"""The timeline without its mouse and keys: which cameras and which time are shown, asked for and painted. GUI thread.

What stands still (`timeline_sheet`) is painted once and kept; playhead, pointer and a range that is being chosen are
painted over it. The desk is asked for a wider time than is seen; until the answer is there the last one is moved and
stretched.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from PySide6.QtCore import QRectF, QSize, QTimer
from PySide6.QtGui import QHideEvent, QImage, QPainter, QPaintEvent, QPixmap, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.i18n import _
from app.timeline import MOST_CAMERAS, MOST_COLUMNS, TimelineAnswer, TimelineDesk, TimelineQuestion
from widgets.bridge import Bridge
from widgets.timeline_lanes import RowShape, lanes_image
from widgets.timeline_legend import LEGEND_PX
from widgets.timeline_pointer import Pointer, paint_moving
from widgets.timeline_questions import Questions
from widgets.timeline_scale import TimeScale
from widgets.timeline_sheet import AXIS_PX, GUTTER_PX, Scene, paint_sheet, rows_px

_DAY_S = 86_400.0
_REFRESH_MS = 10_000
_WIDER = 0.5
"""So much of the seen time is asked for before and after it."""
_ROW_PX = (11, 30)
_PLATE_PX = 80
_FINENESS = (0.8, 1.25)
"""How many px a column of the answer may be wide."""
_FOLLOWED, _TO_COME = 0.1, 0.1
"""Where a playhead that is followed stands, of what is seen; and how much of that may be still to come."""


class TimelineBoard(QWidget):
    """Shown, it asks; hidden, it does not. A newer answer comes every ten seconds, so that it grows while one looks."""

    def __init__(self, desk: TimelineDesk, bridge: Bridge, zone: ZoneInfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.answer: TimelineAnswer | None = None
        self.problem = ""
        now = time.time()
        self.scale = TimeScale(now - _DAY_S, now, 1.0)
        self.pointer = Pointer(self, bridge, zone)
        self.questions = Questions(desk, bridge, self, self._on_answer, self._on_failed, self._ask_if_needed)
        self.chosen: tuple[float, float] | None = None
        self.held = False
        self._range: tuple[float, float] | None = None
        self._desk, self._zone = desk, zone
        self._ids: tuple[str, ...] = ()
        self._names: dict[str, str] = {}
        self._place: float | None = None
        self._focused: int | None = None
        self._scrolled_px = 0
        self._image: QImage | None = None
        self._image_row_px = 0
        self._sheet: QPixmap | None = None
        self._refresh = QTimer(self)
        self._refresh.setInterval(_REFRESH_MS)
        self._refresh.timeout.connect(self._ask)
        self.setMinimumHeight(AXIS_PX + LEGEND_PX + 3 * _ROW_PX[0])
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(_("Timeline of recordings"))

    def show_cameras(self, ids: Sequence[str]) -> None:
        """Rows for these cameras, in this order; nothing of others is asked for."""
        focused = self.focused_camera
        self._ids = tuple(dict.fromkeys(ids))[:MOST_CAMERAS]
        self._focused = self._ids.index(focused) if focused in self._ids else (0 if self._ids else None)
        self._scrolled_px = 0
        self._forget()
        self.pointer.leave()
        self.renew()

    def show_place(self, utc_s: float) -> None:
        """The playhead: where playback stands. Cheap; may be called at every frame. It is followed over the edge."""
        before, self._place = self._place, utc_s
        scale = self.scale
        seen = before is not None and scale.from_utc_s <= before <= scale.to_utc_s
        if seen and not scale.from_utc_s <= utc_s <= scale.to_utc_s and not self.held:
            self._follow(utc_s)
            return
        for at in (before, utc_s):
            if at is not None and scale.from_utc_s <= at <= scale.to_utc_s:
                self.update(self.x_of(at) - _PLATE_PX, 0, 2 * _PLATE_PX, self.height())

    def _follow(self, utc_s: float) -> None:
        """What comes after the playhead is seen, but not a time that has nothing in it yet."""
        scale = self.scale
        now = self.answer.now_utc_s if self.answer is not None else time.time()
        wanted = min(utc_s - _FOLLOWED * scale.span_s, now - (1.0 - _TO_COME) * scale.span_s)
        least = utc_s - (1.0 - _TO_COME) * scale.span_s
        self.show_scale(scale.panned(max(wanted, least) - scale.from_utc_s))

    def show_range(self, chosen: tuple[float, float] | None) -> None:
        """The time that was chosen, until another one is."""
        self._range = chosen
        self.update()

    def show_span(self, from_utc_s: float, to_utc_s: float) -> None:
        """The time from the left edge to the right one, as far as it can be shown."""
        scale = replace(self.scale, from_utc_s=from_utc_s, to_utc_s=max(to_utc_s, from_utc_s + 1.0))
        self.show_scale(scale.zoomed(1.0, self.scale.width_px / 2))

    def show_scale(self, scale: TimeScale) -> None:
        """Another time, of the same width in px."""
        self.scale = scale
        self.renew()

    def show_previews(self, reason: str, incident_id: str | None = None) -> None:
        """From now on hovering shows small pictures, looked at for this reason; until then it shows none."""
        self.pointer.use(self._desk.previews(reason, incident_id))

    def hide_previews(self) -> None:
        """No pictures any more."""
        self.pointer.use(None)

    def next_event(self, utc_s: float, forward: bool) -> float | None:
        """When the next event after (or the last before) a time was, of what is known here."""
        if self.answer is None:
            return None
        times = [at for row in self.answer.rows for at in row.event_utc_s]
        times = [at for at in times if (at > utc_s if forward else at < utc_s)]
        return (min if forward else max)(times, default=None)

    @property
    def span(self) -> tuple[float, float]:
        """The times of both edges."""
        return self.scale.from_utc_s, self.scale.to_utc_s

    @property
    def place(self) -> float | None:
        """Where the playhead stands."""
        return self._place

    @property
    def camera_ids(self) -> tuple[str, ...]:
        """The cameras of the rows."""
        return self._ids

    @property
    def focused_camera(self) -> str | None:
        """The camera of the chosen row."""
        return self._ids[self._focused] if self._focused is not None and self._focused < len(self._ids) else None

    def x_of(self, utc_s: float) -> int:
        """The pixel of the widget where a time is drawn."""
        return round(GUTTER_PX + self.scale.x_of(utc_s))

    def y_of(self, camera_id: str) -> int:
        """The pixel of the widget in the middle of a camera's row."""
        scene = self.scene()
        return int(scene.top_of(self._ids.index(camera_id)) + scene.shape.row / 2)

    def focus_row(self, by: int = 0, *, row: int | None = None) -> None:
        """Choose a row, or the one so many below; it is scrolled to."""
        if not self._ids:
            return
        wanted = (self._focused or 0) + by if row is None else row
        self._focused = min(max(wanted, 0), len(self._ids) - 1)
        scene = self.scene()
        top, lanes = scene.top_of(self._focused), scene.lanes
        if top < lanes.top():
            self.scroll_rows(int(top - lanes.top()))
        elif top + scene.shape.row > lanes.bottom():
            self.scroll_rows(int(top + scene.shape.row - lanes.bottom()))
        self.renew(ask=False)

    def focus_camera(self, camera_id: str) -> None:
        """Choose the row of a camera, if it has one."""
        if camera_id in self._ids:
            self.focus_row(row=self._ids.index(camera_id))

    def scroll_rows(self, by_px: int) -> None:
        """Rows that have no room."""
        scene = self.scene()
        most_px = max(len(self._ids) * scene.shape.row - int(scene.lanes.height()), 0)
        self._scrolled_px = min(max(self._scrolled_px + by_px, 0), most_px)
        self.renew(ask=False)

    def close_down(self) -> None:
        """Ask for nothing more; before the view that holds it is closed, or when somebody else sits down."""
        self._refresh.stop()
        self._forget()
        self.pointer.use(None)
        self._ids, self._names = (), {}
        self._place = self.chosen = self._range = None
        self.renew(ask=False)

    def renew(self, *, ask: bool = True) -> None:
        """Paint anew, and ask where the newest answer does not do."""
        self._sheet = None
        self.update()
        if ask:
            self._ask_if_needed()

    def scene(self) -> Scene:
        """What the sheet is painted from."""
        shape = self._shape()
        if self.answer is not None and self._image_row_px != shape.row:
            self._image, self._image_row_px = lanes_image(self.answer, shape), shape.row
        return Scene(
            self.scale,
            self._zone,
            self.width(),
            self.height(),
            shape,
            self._scrolled_px,
            tuple(self._names.get(one, one) for one in self._ids),
            self._focused,
            self.answer,
            self._image,
            self.devicePixelRatioF(),
        )

    def _shape(self) -> RowShape:
        room_px = rows_px(self.height())
        return RowShape(min(max(room_px // max(len(self._ids), 1), _ROW_PX[0]), _ROW_PX[1]))

    def _ask_if_needed(self) -> None:
        """Where what is seen is not in the newest answer, or too coarse or too fine in it."""
        answer, scale, ratio = self.answer, self.scale, self.devicePixelRatioF()
        if answer is not None:
            question = answer.question
            held = question.from_utc_s <= scale.from_utc_s and scale.to_utc_s <= question.to_utc_s
            least = max(1.0, self._columns / MOST_COLUMNS)  # a wide screen's columns are wider than a px
            if held and _FINENESS[0] <= question.column_s * scale.px_per_s * ratio / least <= _FINENESS[1]:
                return
        self._ask()

    @property
    def _columns(self) -> int:
        """As many as have a px each."""
        return round(self.scale.width_px * self.devicePixelRatioF() * (1 + 2 * _WIDER))

    def _ask(self) -> None:
        if self._ids and self.isVisible():
            self.questions.ask(self._question(), self._shape().row)

    def _question(self) -> TimelineQuestion:
        scale = self.scale
        begin, end = scale.from_utc_s - scale.span_s * _WIDER, scale.to_utc_s + scale.span_s * _WIDER
        return TimelineQuestion(self._ids, begin, end, max(min(self._columns, MOST_COLUMNS), 1))

    def _on_answer(self, answer: TimelineAnswer, image: QImage, row_px: int) -> None:
        if answer.question.camera_ids != self._ids:
            return
        self.answer, self.problem = answer, ""
        self._names.update((row.camera_id, row.name) for row in answer.rows)
        shown = tuple(row.camera_id for row in answer.rows)
        if shown != self._ids:  # who sits here may not see the others
            focused = self.focused_camera
            self._ids = shown
            self._focused = shown.index(focused) if focused in shown else (0 if shown else None)
        self._image, self._image_row_px = image, row_px
        self.renew()

    def _on_failed(self, text: str) -> None:
        self.problem = text
        self.renew(ask=False)

    def _forget(self) -> None:
        self.questions.forget()
        self.answer, self._image, self.problem = None, None, ""

    def paintEvent(self, event: QPaintEvent) -> None:
        """The sheet, and what moves over it."""
        ratio = self.devicePixelRatioF()
        if self._sheet is None or self._sheet.size() != self.size() * ratio:
            self._sheet = QPixmap(self.size() * ratio)
            self._sheet.setDevicePixelRatio(ratio)
            made = QPainter(self._sheet)
            paint_sheet(made, self.scene())
            made.end()
        painter = QPainter(self)
        part = QRectF(event.rect())
        scaled = QRectF(part.x() * ratio, part.y() * ratio, part.width() * ratio, part.height() * ratio)
        painter.drawPixmap(part, self._sheet, scaled)
        scene = self.scene()
        paint_moving(painter, scene, self._place, self.chosen or self._range, self.problem, focused=self.hasFocus())
        self.pointer.paint(painter, scene)
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The same time in another width."""
        super().resizeEvent(event)
        self.scale = replace(self.scale, width_px=float(max(self.width() - GUTTER_PX, 1)))
        self.scroll_rows(0)
        self.renew()

    def showEvent(self, event: QShowEvent) -> None:
        """Begin to ask."""
        super().showEvent(event)
        self._refresh.start()
        self._ask_if_needed()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks: nothing is asked."""
        super().hideEvent(event)
        self._refresh.stop()
        self.questions.forget()
        self.pointer.leave()

    def sizeHint(self) -> QSize:
        """Room for nine cameras."""
        return QSize(1200, AXIS_PX + LEGEND_PX + 9 * 20)
