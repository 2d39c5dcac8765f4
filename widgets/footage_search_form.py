"""What to look for in recordings: the fields of the search page. By keyboard alone: Tab goes through them, Enter in any
of them searches. GUI thread only.

Knows no search desk: `query` is what is typed, or why it is none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QLineEdit,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.errors import AppError
from app.feeds import Desk
from app.footage_search import DRAWN, KIND_TEXTS, FootageQuery, SearchKind
from app.i18n import _, marked
from app.labels import label_of, object_name
from app.range_entry import parse_range
from app.texts import sentence
from app.zone_drafts import Point, Shape
from storage.class_names import OUR_CLASSES
from storage.records import Camera, Incident, RuleKind
from widgets.claimed_keys import LetterBox, quiet_button
from widgets.export_words import meant_text
from widgets.form_parts import plain_label
from widgets.region_board import RegionBoard

_LETTERS = 500
_STAY_S = 10
_LONGEST_STAY_S = 3600
_WHOLE: tuple[Point, ...] = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
_SHAPES = {SearchKind.MOTION: Shape.AREA, SearchKind.REGION: Shape.AREA, SearchKind.LINE: Shape.LINE}
_DIRECTIONS = (
    ("", marked("Both ways")),
    ("in", marked("From its left to its right")),
    ("out", marked("From its right to its left")),
)
_LIMITS = {
    SearchKind.MOTION: marked("Key frames are compared: what comes and goes between two of them is not found."),
    SearchKind.EVENTS: marked("What rules reported then. Nothing is detected anew."),
    SearchKind.LINE: marked("Where tracks were stored, up to a minute ago. Nothing is detected anew."),
    SearchKind.REGION: marked("Where tracks were stored, up to a minute ago. Nothing is detected anew."),
}
_THOROUGH = marked("Every picture is looked at: slow, about as long as playing the time several times faster.")
_DRAW = {
    Shape.AREA: marked(
        "Click or Ins: a point; arrows move it, Tab the next, Ctrl+Del anew, Esc leaves. None: all of it."
    ),
    Shape.LINE: marked("Click or Ins: a point; arrows move it, Tab the next, Ctrl+T turns it round, Esc leaves."),
}
Clock = Callable[[], float]


class FootageSearchForm(QWidget):
    """`asked`: search now."""

    asked = Signal()

    def __init__(self, desk: Desk, zone: ZoneInfo, clock: Clock = time.time, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk, self._zone, self._clock = desk, zone, clock
        self._cameras: tuple[Camera, ...] = ()
        self.kind, self.camera, self.event_kind, self.label, self.direction = (LetterBox(self) for _number in range(5))
        self.when, self.ground = QLineEdit(self), QLineEdit(self)
        self.stay = QSpinBox(self)
        self.thorough = QCheckBox(_("Look at every picture"), self)
        self.board = RegionBoard(desk, self)
        self.meant, self.limits, self.drawing, self.problem = (plain_label(self, "muted") for _number in range(4))
        self.button = quiet_button(self, _("Enter  Search"), self.asked.emit)
        self._fill()
        self._arrange()
        self._connect()
        self.use_cameras()
        self._show_kind()

    def _fill(self) -> None:
        for kind in SearchKind:
            self.kind.addItem(_(KIND_TEXTS[kind]), kind)
        self.event_kind.addItem(_("Any kind"), "")
        for rule_kind in RuleKind:
            self.event_kind.addItem(label_of(rule_kind), rule_kind)
        self.label.addItem(_("Anybody and anything"), "")
        for label in OUR_CLASSES:
            self.label.addItem(object_name(label), label)
        for direction, text in _DIRECTIONS:
            self.direction.addItem(_(text), direction)
        self.stay.setRange(1, _LONGEST_STAY_S)
        self.stay.setValue(_STAY_S)
        self.stay.setSuffix(_(" s"))
        self.when.setText(_("last 60 min"))
        self.when.setPlaceholderText(_("yesterday 18:00-18:20"))
        self.ground.setPlaceholderText(_("2026-000123, or why"))
        self.ground.setMaxLength(_LETTERS)
        self.problem.setObjectName("heading")

    def _arrange(self) -> None:
        inner = QWidget(self)
        self.rows = form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        named: Sequence[tuple[str, QWidget]] = (
            (_("Look for"), self.kind),
            (_("Camera"), self.camera),
            (_("From – to"), self.when),
            ("", self.meant),
            (_("Kind"), self.event_kind),
            (_("Class"), self.label),
            (_("Direction"), self.direction),
            (_("For at least"), self.stay),
            (_("Case or reason"), self.ground),
            ("", self.thorough),
        )
        for title, field in named:
            if title:
                field.setAccessibleName(title)
                form.addRow(title, field)
            else:
                form.addRow(field)
        column = QVBoxLayout(inner)
        column.setContentsMargins(12, 8, 12, 8)
        column.addLayout(form)
        for widget in (self.limits, self.board, self.drawing, self.problem, self.button):
            column.addWidget(widget)
        column.addStretch(1)
        scroll = QScrollArea(self)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(inner)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scroll)
        for first, second in zip(self._order, self._order[1:], strict=False):
            QWidget.setTabOrder(first, second)

    @property
    def _order(self) -> tuple[QWidget, ...]:
        return (
            self.kind,
            self.camera,
            self.when,
            self.event_kind,
            self.label,
            self.direction,
            self.stay,
            self.ground,
            self.thorough,
        )

    def _connect(self) -> None:
        self.kind.currentIndexChanged.connect(lambda _row: self._show_kind())
        self.camera.currentIndexChanged.connect(lambda _row: self._show_board())
        self.thorough.toggled.connect(lambda _on: self._show_limits())
        self.when.textChanged.connect(lambda _text: self._show_meant())
        self.board.asked.connect(self._on_board_asked)
        self.board.drawn_anew.connect(self._order_canvas)

    def _order_canvas(self) -> None:
        """Each drawing is a widget of its own: Tab comes to it last."""
        if self.board.canvas is not None:
            QWidget.setTabOrder(self.thorough, self.board.canvas)

    def _on_board_asked(self, what: str) -> None:
        if what == "save":
            self.asked.emit()
        else:
            self.ground.setFocus(Qt.FocusReason.ShortcutFocusReason)

    # What is chosen

    @property
    def chosen_kind(self) -> SearchKind:
        """What is looked for."""
        return SearchKind(self.kind.currentData())

    @property
    def camera_id(self) -> str:
        """Empty: all of them."""
        return str(self.camera.currentData() or "")

    def choose_kind(self, kind: SearchKind) -> None:
        """Another kind of search."""
        self.kind.setCurrentIndex(list(SearchKind).index(kind))

    def suggest(self, camera_id: str | None) -> None:
        """The focused camera, while nothing is drawn on another one."""
        self.use_cameras()
        row = self.camera.findData(camera_id) if camera_id else -1
        if row >= 0 and not self.board.points:
            self.camera.setCurrentIndex(row)

    def suggest_case(self, incident: Incident | None) -> None:
        """The incident in the panel is what it is for, unless something else was typed."""
        if incident is not None and not self.ground.isModified():
            self.ground.setText(incident.number)

    def use_cameras(self) -> None:
        """Those that who sits here may see now."""
        cameras = tuple(camera for camera in self._desk.registry().cameras if self._desk.may_see(camera.id))
        if cameras == self._cameras and self.camera.count():
            return
        self._cameras = cameras
        chosen = self.camera.currentData()
        self.camera.blockSignals(True)
        self.camera.clear()
        if self.chosen_kind is SearchKind.EVENTS:
            self.camera.addItem(_("All cameras"), "")
        for camera in cameras:
            self.camera.addItem(f"{camera.number} {camera.name}", camera.id)
        self.camera.setCurrentIndex(max(self.camera.findData(chosen), 0))
        self.camera.blockSignals(False)
        self._show_board()

    def clear(self) -> None:
        """Somebody else sits here: nothing typed or drawn stays."""
        self.ground.clear()
        self.ground.setModified(False)
        self.when.setText(_("last 60 min"))
        self.thorough.setChecked(False)
        self.choose_kind(SearchKind.MOTION)
        self.board.forget()
        self.say("")
        self._cameras = ()
        self.use_cameras()

    def say(self, text: str) -> None:
        """Why it cannot be searched; empty: nothing."""
        self.problem.setText(text)
        self.problem.setVisible(bool(text))

    def query(self) -> FootageQuery | None:
        """What is asked for; None after saying why it is none."""
        self.say("")
        kind, points = self.chosen_kind, self.board.points
        problem, field = self._problem(kind, points)
        try:
            span = parse_range(self.when.text(), self._zone, self._clock())
        except AppError as error:
            problem, field = sentence(error), self.when
        if problem:
            self.say(problem)
            field.setFocus(Qt.FocusReason.OtherFocusReason)
            return None
        label = str(self.label.currentData())
        event_kind = str(self.event_kind.currentData())
        return FootageQuery(
            kind,
            (self.camera_id,) if self.camera_id else (),
            span.from_utc_s,
            span.to_utc_s,
            self.ground.text().strip(),
            points=(points or _WHOLE) if kind in DRAWN else (),
            labels=(label,) if label and kind is not SearchKind.MOTION else (),
            event_kinds=(RuleKind(event_kind),) if event_kind and kind is SearchKind.EVENTS else (),
            direction=str(self.direction.currentData()) if kind is SearchKind.LINE else "",
            stay_s=float(self.stay.value()) if kind is SearchKind.REGION else 0.0,
            thorough=self.thorough.isChecked() and kind is SearchKind.MOTION,
        )

    def _problem(self, kind: SearchKind, points: tuple[Point, ...]) -> tuple[str, QWidget]:
        if not self.ground.text().strip():
            return _("Say which case it is for, or why you look."), self.ground
        if kind is SearchKind.LINE and not points:
            return _("Draw the line on the picture first."), self.board
        return (self.board.fault_text if kind in DRAWN else ""), self.board

    # What is shown

    def _show_kind(self) -> None:
        kind = self.chosen_kind
        shown = {
            self.event_kind: kind is SearchKind.EVENTS,
            self.label: kind is not SearchKind.MOTION,
            self.direction: kind is SearchKind.LINE,
            self.stay: kind is SearchKind.REGION,
            self.thorough: kind is SearchKind.MOTION,
        }
        for field, visible in shown.items():
            self.rows.setRowVisible(field, visible)
        self._cameras = ()
        self.use_cameras()
        self._show_limits()
        self._show_meant()
        self.say("")

    def _show_board(self) -> None:
        shape = _SHAPES.get(self.chosen_kind)
        self.board.show_camera(self.camera_id, shape)
        self.drawing.setVisible(shape is not None)
        self.drawing.setText(_(_DRAW[shape]) if shape is not None else "")

    def _show_limits(self) -> None:
        thorough = self.thorough.isChecked() and self.chosen_kind is SearchKind.MOTION
        self.limits.setText(_(_THOROUGH) if thorough else _(_LIMITS[self.chosen_kind]))

    def _show_meant(self) -> None:
        try:
            span = parse_range(self.when.text(), self._zone, self._clock())
        except AppError as error:
            self.meant.setText(sentence(error))
        else:
            self.meant.setText(meant_text(span, self._zone))
