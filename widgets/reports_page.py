"""Reports: what, of which time, in which form; a look at the pages before anything is written. A page of the panel.

Enter goes on from line to line and shows the pages; there PgUp and PgDown turn them, W writes, Esc goes back. GUI
thread only; answers of the desk come from task threads through the bridge.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from app.i18n import _
from app.report_desk import KIND_NAMES, PagePicture, Preview, ReportDesk, ReportKind, ReportOrder, formats_of
from storage.records import Incident
from widgets import theme
from widgets.bridge import Answers, Bridge
from widgets.claimed_keys import ClaimedKeys, LetterBox, quiet_button
from widgets.keys import latin_letter

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_DRAWN_PX = 1100
_LETTERS = 200
_USED = {
    ReportKind.DAY: ("first",),
    ReportKind.SHIFT: (),
    ReportKind.PERIOD: ("first", "last"),
    ReportKind.INCIDENT: ("incident",),
}


class PageView(QWidget):
    """One page, fitted, with a thin edge."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.image = QImage()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(_("Preview of the report"))

    def sizeHint(self) -> QSize:
        """A page of the panel's usual width."""
        return QSize(440, 620)

    def show_page(self, image: QImage) -> None:
        """Replace it; a null image shows none."""
        self.image = image
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The page."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), QColor(theme.WALL))
        if self.image.isNull():
            painter.setPen(QColor(theme.MUTED))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, _("No page yet: Enter shows it"))
        else:
            size = self.image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
            left, top = (self.width() - size.width()) / 2, (self.height() - size.height()) / 2
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(QRectF(left, top, size.width(), size.height()), self.image)
        if self.hasFocus():
            painter.setPen(QColor(theme.ACCENT))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()


class ReportsPage(QWidget):
    """Kind, time or incident, form, reason; the page; what is said about it."""

    said = Signal(str)
    """A sentence to show."""

    def __init__(self, desk: ReportDesk, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._answers = Answers(bridge)
        self._preview: Preview | None = None
        self._number = 0
        self.kind, self.form = LetterBox(self), LetterBox(self)
        for kind in ReportKind:
            self.kind.addItem(_(KIND_NAMES[kind]), kind)
        self.lines = {name: self._line(title, hint) for name, (title, hint) in _lines().items()}
        self.words = QLabel(self)
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.view = PageView(self)
        ClaimedKeys(self.view, self._call_of_view)
        for box in (self.kind, self.form):
            ClaimedKeys(box, self._call_of_box)
        self._titles: dict[str, QLabel] = {}
        self._build()
        self.kind.currentIndexChanged.connect(self._on_kind)
        self._on_kind()
        self.setFocusProxy(self.kind)

    def show_incident(self, incident: Incident | None) -> None:
        """The incident that the panel shows is what a report is about, where none was typed."""
        if incident is not None and not self.lines["incident"].text():
            self.lines["incident"].setText(incident.number)

    def relieve(self) -> None:
        """Somebody else sits here: what was typed and seen goes, and so do answers that are on their way."""
        self._forget()
        for line in self.lines.values():
            line.clear()
        self.words.clear()

    def preview(self) -> None:
        """Show how it will look."""
        self._forget()
        self.words.setText(_("Making the report …"))
        self._desk.preview(self._order(), self._answers.here(self._on_preview), self._answers.here(self.words.setText))
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def write(self) -> None:
        """Write it into the reports folder."""
        self._desk.write(self._order(), self._answers.here(self.said.emit))

    def turn(self, by: int) -> None:
        """Another page."""
        if self._preview is not None:
            self._ask(min(max(self._number + by, 0), self._preview.pages - 1))

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        heading = QLabel(_("Reports"), self)
        heading.setObjectName("heading")
        column.addWidget(heading)
        grid = QGridLayout()
        fields: list[tuple[str, str, QWidget]] = [("kind", _("Report"), self.kind)]
        fields += [(name, line.accessibleName(), line) for name, line in self.lines.items()]
        fields.insert(4, ("form", _("Form"), self.form))
        for row, (name, title, field) in enumerate(fields):
            self._titles[name] = QLabel(title, self)
            field.setAccessibleName(title)
            grid.addWidget(self._titles[name], row, 0)
            grid.addWidget(field, row, 1)
        column.addLayout(grid)
        column.addWidget(self.words)
        column.addWidget(self.view, 1)
        row_of_buttons = QHBoxLayout()
        for text, call in (
            ("Enter  " + _("Preview"), self.preview),
            ("PgUp", partial(self.turn, -1)),
            ("PgDown", partial(self.turn, 1)),
            (_("W  Write"), self.write),
        ):
            row_of_buttons.addWidget(quiet_button(self, text, call, "step"))
        column.addLayout(row_of_buttons)

    def _line(self, title: str, hint: str) -> QLineEdit:
        line = QLineEdit(self)
        line.setMaxLength(_LETTERS)
        line.setPlaceholderText(hint)
        line.setAccessibleName(title)
        line.returnPressed.connect(self._on_return)
        return line

    def _order(self) -> ReportOrder:
        texts = {name: " ".join(line.text().split()) for name, line in self.lines.items()}
        return ReportOrder(self._kind(), str(self.form.currentText()).lower(), **texts)

    def _kind(self) -> ReportKind:
        return ReportKind(self.kind.currentData())

    def _on_kind(self) -> None:
        kind = self._kind()
        for name in ("incident", "first", "last"):
            for part in (self.lines[name], self._titles[name]):
                part.setVisible(name in _USED[kind])
        chosen = self.form.currentText()
        self.form.clear()
        self.form.addItems([form.upper() for form in formats_of(kind)])
        self.form.setCurrentIndex(max(self.form.findText(chosen), 0))
        self._forget()

    def _forget(self) -> None:
        self._answers.forget()
        self._preview, self._number = None, 0
        self.view.show_page(QImage())
        self.words.clear()

    def _order_of_fields(self) -> list[QWidget]:
        return [self.kind, *(self.lines[name] for name in _USED[self._kind()]), self.form, self.lines["reason"]]

    def _on_return(self) -> None:
        fields = self._order_of_fields()
        at = next((n for n, field in enumerate(fields) if field.hasFocus()), len(fields) - 1)
        if at + 1 < len(fields):
            fields[at + 1].setFocus(Qt.FocusReason.TabFocusReason)
        else:
            self.preview()

    def _call_of_box(self, event: QKeyEvent) -> Callable[[], None] | None:
        box = self.kind if self.kind.hasFocus() else self.form
        return self._on_return if event.key() in _ENTER and not _is_open(box) else None

    def _call_of_view(self, event: QKeyEvent) -> Callable[[], None] | None:
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return None
        calls: dict[int, Callable[[], None]] = {
            Qt.Key.Key_PageDown: partial(self.turn, 1),
            Qt.Key.Key_PageUp: partial(self.turn, -1),
            Qt.Key.Key_Escape: partial(self.kind.setFocus, Qt.FocusReason.OtherFocusReason),
            **dict.fromkeys(_ENTER, self.preview),
        }
        if event.key() in calls:
            return calls[event.key()]
        return self.write if latin_letter(event.key(), event.nativeVirtualKey()) == "W" else None

    def _on_preview(self, preview: Preview) -> None:
        self._preview = preview
        self._ask(0)

    def _ask(self, number: int) -> None:
        """The page; one that was asked for before and comes late does not show."""
        if self._preview is not None:
            self._number = number
            self._say()
            self._desk.page(self._preview, number, _DRAWN_PX, self._answers.here(self._on_page))

    def _on_page(self, page: PagePicture) -> None:
        if self._preview is not None and page.number == self._number:
            image = QImage(page.rgb, page.width, page.height, 3 * page.width, QImage.Format.Format_RGB888)
            self.view.show_page(image.copy())

    def _say(self) -> None:
        if self._preview is not None:
            pages = _("Page {page} of {pages}").format(page=self._number + 1, pages=self._preview.pages)
            hint = _("W writes it as {form}.").format(form=self.form.currentText())
            self.words.setText("  ·  ".join(filter(None, (pages, hint, self._preview.warning))))


def _lines() -> dict[str, tuple[str, str]]:
    return {
        "incident": (_("Incident"), "2026-000001"),
        "first": (_("First day"), "2026-11-01"),
        "last": (_("Last day"), "2026-11-30"),
        "reason": (_("Case or reason"), _("For the audit")),
    }


def _is_open(box: QComboBox) -> bool:
    return box.view().isVisible()
