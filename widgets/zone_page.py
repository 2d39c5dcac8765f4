"""The facts beside a drawing: what is wrong with it, the chosen point, what its rules do and see, the keys. GUI thread.

A page of the panel; the drawing itself is on the picture (`zone_canvas`), which keeps the keyboard.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from app.i18n import _, marked, ngettext
from app.labels import object_name
from app.rule_texts import rule_sentence
from app.zone_drafts import SHAPE_TEXTS, Shape, ZoneDraft
from app.zone_preview import Foot
from storage.records import RuleSpec
from widgets import theme
from widgets.claimed_keys import quiet_button
from widgets.keys import KEYS, KeyGroup
from widgets.trial_line import TrialLine

_BUTTONS = (
    ("save", marked("Enter  Save")),
    ("leave", marked("Esc  Leave")),
    ("undo", marked("Ctrl+Z  Undo")),
    ("redo", marked("Ctrl+Y  Redo")),
    ("extend", marked("Ins  Point")),
    ("cut", marked("Del  Point out")),
    ("name", marked("Ctrl+N  Name")),
    ("copy", marked("Ctrl+C  To cameras")),
    ("turn", marked("Ctrl+T  Turn round")),
    ("remove", marked("Ctrl+Del  Out of use")),
)
_COLUMNS = 2
_MOST_NAMED = 6
_MOST_RULES = 4
_HINTS = {
    Shape.AREA: marked("A click adds a corner; a click on the first one closes. Drag points, edges, the inside."),
    Shape.MASK: marked("Nobody sees what lies inside, now and in the past, unless their role lifts the mask."),
    Shape.FAR: marked("What lies inside is looked at larger, from the main stream: people who are far away are found."),
    Shape.LINE: marked("The arrow shows what counts as “in”. A double click ends the line."),
    Shape.PEOPLE: marked("Press at a person's foot, drag to the head; far away and near. Dotted: others' height."),
}


class ZonePage(QWidget):
    """Shows a draft; its buttons ask for what its keys ask for. `trial`: what saving it would change, where there are
    stored tracks."""

    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None, trial: TrialLine | None = None) -> None:
        super().__init__(parent)
        self.trial = trial
        self.heading = self._label("heading")
        self.state = self._label()
        self.hint = self._label("muted")
        self.point = self._label()
        self.rules = self._label()
        self.seen = self._label()
        self.keys = self._label("muted")
        self.buttons = {name: quiet_button(self, _(text), self._asking(name), "narrow") for name, text in _BUTTONS}
        self._build()

    def _label(self, look: str = "") -> QLabel:
        label = QLabel(self)
        label.setObjectName(look)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        return label

    def _asking(self, name: str) -> Callable[[], None]:
        return lambda: self.asked.emit(name)

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(8)
        for label in (self.heading, self.state, self.point, self.hint, self.rules, self.seen):
            column.addWidget(label)
        if self.trial is not None:
            column.addWidget(self.trial)
        grid = QGridLayout()
        grid.setSpacing(4)
        for number, button in enumerate(self.buttons.values()):
            grid.addWidget(button, number // _COLUMNS, number % _COLUMNS)
        column.addLayout(grid)
        column.addWidget(self.keys)
        column.addStretch(1)
        self.keys.setText("\n".join(f"{key.label}:  {key.meaning}" for key in KEYS if key.group is KeyGroup.ZONES))

    def show_draft(self, draft: ZoneDraft, camera: str) -> None:
        """What is drawn, and whether it can be saved."""
        shape = _(SHAPE_TEXTS[draft.shape])
        named = f"{shape}: {draft.now.name}" if draft.now.name else shape
        self.heading.setText(f"{named}  ·  {camera}")
        fault = draft.fault_text()
        count = len(draft.now.points) // 2 if draft.shape is Shape.PEOPLE else len(draft.now.points)
        if draft.shape is Shape.PEOPLE:
            words = ngettext("{count} person.", "{count} people.", count)
        else:
            words = ngettext("{count} point.", "{count} points.", count)
        self.state.setText(f"{words.format(count=count)} {fault or _('It can be saved.')}")
        self.state.setStyleSheet(f"color: {theme.LIGHT_VERMILLION}; font-weight: bold" if fault else "")
        self.hint.setText(_(_HINTS[draft.shape]))
        self.point.setText(_point_text(draft))
        self.buttons["save"].setEnabled(not fault)
        self.buttons["copy"].setEnabled(not fault)
        self.buttons["turn"].setVisible(draft.shape is Shape.LINE)
        self.buttons["name"].setVisible(draft.shape is not Shape.PEOPLE)
        self.buttons["remove"].setEnabled(draft.record is not None)

    def show_rules(self, draft: ZoneDraft, rules: tuple[RuleSpec, ...], feet: tuple[Foot, ...]) -> None:
        """What its rules will do, in words, and whom they would see now."""
        zone = draft.shape in (Shape.AREA, Shape.LINE)
        self.rules.setVisible(zone)
        self.seen.setVisible(zone)
        told = list(dict.fromkeys(rule_sentence(rule, draft.now.name) for rule in rules))
        told = [*told[:_MOST_RULES], "…"] if len(told) > _MOST_RULES else told
        self.rules.setText("\n".join(told) or _("No rule uses it yet: every track is marked as if it counted."))
        self.seen.setText(_seen_text(draft.shape, feet))


def _point_text(draft: ZoneDraft) -> str:
    place, points = draft.now.chosen, draft.now.points
    if not 0 <= place < len(points):
        return _("No point is chosen (Tab).")
    x, y = points[place]
    where = f"{x * 100:.1f} % → · {y * 100:.1f} % ↓"
    if draft.shape is Shape.PEOPLE:
        part = _("Head") if place % 2 else _("Foot")
        height = draft.people[place // 2][2] * 100
        tall = _("{height:.1f} % of the picture tall").format(height=height)
        return f"{part} {place // 2 + 1} / {len(points) // 2}: {where}; {tall}"
    return _("Point {number} of {count}: {where}").format(number=place + 1, count=len(points), where=where)


def _seen_text(shape: Shape, feet: tuple[Foot, ...]) -> str:
    counted = [foot for foot in feet if foot.counted]
    caught = [foot for foot in counted if foot.caught]
    names = ", ".join(f"{object_name(foot.label)} {foot.track_id}" for foot in caught[:_MOST_NAMED])
    many = " …" if len(caught) > _MOST_NAMED else ""
    if shape is Shape.LINE:
        text = _("Now: {caught} of {counted} went over it lately")
    else:
        text = _("Now: {caught} of {counted} stand in it")
    told = text.format(caught=len(caught), counted=len(counted))
    others = len(feet) - len(counted)
    rest = _("{count} more do not count (×)").format(count=others) if others else ""
    return "; ".join(filter(None, (f"{told}: {names}{many}" if names else told, rest))) + "."
