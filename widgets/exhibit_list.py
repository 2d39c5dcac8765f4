"""The files of the incident in the panel, by keyboard alone: what each is, from whom, its hash, its size.

Enter plays a film beside the cameras and shows a still; what else there is leaves with the incident's package. GUI
thread only; it draws what the panel has read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QSizePolicy, QWidget

from app.film_words import signed
from app.i18n import _
from app.labels import label_of
from storage.case_records import Exhibit
from widgets.amounts import size_text
from widgets.second_person import ENTER

_MOST_ROWS = 3
_HASH_LETTERS = 8


class ExhibitList(QListWidget):
    """Hidden while there is nothing. `chosen` carries the exhibit of the row on which Enter was pressed."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._exhibits: tuple[Exhibit, ...] = ()
        self._sizes: Mapping[str, int] = {}
        self.setAccessibleName(_("Files of the incident"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setUniformItemSizes(True)
        self.itemDoubleClicked.connect(lambda _item: self._choose())
        self.hide()

    def show_exhibits(self, exhibits: Sequence[Exhibit], sizes: Mapping[str, int]) -> None:
        """Renew the rows; the chosen one stays chosen."""
        if (tuple(exhibits), sizes) == (self._exhibits, self._sizes):
            return
        current = self.current
        self._exhibits, self._sizes = tuple(exhibits), dict(sizes)
        self.clear()
        for exhibit in self._exhibits:
            item = QListWidgetItem(row_text(exhibit, self._sizes.get(exhibit.id)), self)
            item.setToolTip(f"{item.text()}\nSHA-256 {exhibit.sha256}")
        wanted = current.id if current is not None else ""
        row = next((n for n, one in enumerate(self._exhibits) if one.id == wanted), 0)
        self.setCurrentRow(row if self._exhibits else -1)
        self.setVisible(bool(self._exhibits))
        self.updateGeometry()

    @property
    def current(self) -> Exhibit | None:
        """The exhibit of the chosen row."""
        row = self.currentRow()
        return self._exhibits[row] if 0 <= row < len(self._exhibits) else None

    def enter(self) -> bool:
        """The keyboard comes here; False: there is nothing."""
        if not self._exhibits:
            return False
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter chooses; Esc is the window's."""
        if event.key() in ENTER:
            self._choose()
            event.accept()
        elif event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End):
            super().keyPressEvent(event)
        else:
            event.ignore()  # no search by letters: they are keys of the window

    def focusInEvent(self, event: QFocusEvent) -> None:
        """A row is chosen as long as there is one."""
        super().focusInEvent(event)
        if self.currentRow() < 0:
            self.setCurrentRow(0)

    def sizeHint(self) -> QSize:
        """A few rows; more are scrolled."""
        rows = min(max(len(self._exhibits), 1), _MOST_ROWS)
        row_px = max(self.sizeHintForRow(0), self.fontMetrics().height() + 2)
        return QSize(200, rows * row_px + 2 * self.frameWidth())

    def minimumSizeHint(self) -> QSize:
        """One row."""
        return QSize(120, self.fontMetrics().height() + 4)

    def _choose(self) -> None:
        exhibit = self.current
        if exhibit is not None:
            self.chosen.emit(exhibit)


def row_text(exhibit: Exhibit, size: int | None) -> str:
    """Kind, name, from whom, its clock where it has one of its own, its hash's beginning, its size."""
    clock = exhibit.clock_offset_s
    parts = (
        label_of(exhibit.kind),
        exhibit.name,
        exhibit.origin,
        _("clock {offset} s").format(offset=signed(clock)) if clock is not None else "",
        exhibit.sha256[:_HASH_LETTERS],
        size_text(size) if size is not None else _("file missing"),
    )
    return "  ·  ".join(filter(None, parts))
