"""What the export page consists of, arranged: the form, what there is, progress, what came out. Asks nobody anything.

GUI thread only.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QScrollArea, QVBoxLayout, QWidget

from app.i18n import _, marked
from app.package_films import PackageStep
from widgets.claimed_keys import quiet_button
from widgets.export_form import ExportForm
from widgets.form_parts import plain_label
from widgets.second_person import ENTER

_STEPS = {
    PackageStep.COPY: marked("copying the recordings"),
    PackageStep.VIEW: marked("making the view copies"),
    PackageStep.PACK: marked("packing"),
    PackageStep.VERIFY: marked("verifying"),
}
_PLAIN = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier


class ExportSheet(QWidget):
    """The signals are those of its buttons."""

    export_asked = Signal()
    cancel_asked = Signal()
    again_asked = Signal()

    def __init__(self, form: ExportForm, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.form = form
        self.heading, self.hint = QLabel(_("Export of recordings"), self), QLabel(self)
        self.summary, self.problem, self.outcome, self.again = (plain_label(self) for _number in range(4))
        self.progress = QProgressBar(self)
        self.area = QScrollArea(self)
        self.export_button = quiet_button(self, "", self.export_asked.emit)
        self.cancel_button = quiet_button(self, _("C  Cancel"), self.cancel_asked.emit)
        self.again_button = quiet_button(self, _("Ctrl+G  Go on"), self.again_asked.emit)
        self._dress()
        self._arrange()

    def say(self, text: str) -> None:
        """What is wrong; empty for nothing."""
        self.problem.setText(f"✕ {text}" if text else "")
        self.problem.setVisible(bool(text))

    def complain(self, text: str, field: QWidget) -> None:
        """Say what is wrong with a field, with the keyboard there."""
        self.say(text)
        field.setFocus(Qt.FocusReason.OtherFocusReason)
        self.area.ensureWidgetVisible(field)

    def show_progress(self, step: PackageStep, share: float) -> None:
        """What is being done, and the share of everything that is done."""
        self.progress.setValue(round(share * 100))
        self.progress.setFormat(f"%p %  {_(_STEPS[step])}")

    def _dress(self) -> None:
        self.heading.setObjectName("heading")
        self.summary.setObjectName("muted")
        self.hint.setObjectName("muted")
        self.outcome.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setWidget(self.form)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def _arrange(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.addWidget(self.heading)
        row = QHBoxLayout()
        row.addWidget(self.again, 1)
        row.addWidget(self.again_button)
        column.addLayout(row)
        column.addWidget(self.area, 1)
        for widget in (self.outcome, self.summary, self.problem, self.progress):
            column.addWidget(widget)
        buttons = QHBoxLayout()
        buttons.addWidget(self.export_button, 1)
        buttons.addWidget(self.cancel_button, 1)
        column.addLayout(buttons)
        column.addWidget(self.hint)
        column.addStretch(0)


def is_ours(asked: QKeyEvent, *, again: bool) -> bool:
    """Whether a key is the page's, before the window's: all that is typed, Ctrl+Enter, Ctrl+G where something waits."""
    others = asked.modifiers() & ~_PLAIN
    if others == Qt.KeyboardModifier.ControlModifier:
        return asked.key() in ENTER or (again and asked.key() == Qt.Key.Key_G)
    return not others and asked.key() < Qt.Key.Key_F1
