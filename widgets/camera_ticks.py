"""Cameras chosen by keyboard: a line for numbers and names, below it a list with check marks. GUI thread only.

Typing filters; Enter (`take`) ticks what fits ("1, 4, yard") and empties the line, an empty line's Enter goes on. In
the list Space ticks. Ticked ones stand first, in the order of their numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QSizePolicy, QVBoxLayout, QWidget

from app.i18n import _
from storage.records import Camera

_MOST_ROWS = 200
_LIST_PX = 112
_ID = Qt.ItemDataRole.UserRole


class CameraTicks(QWidget):
    """`changed`: another set of cameras is ticked."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cameras: Sequence[Camera] = ()
        self._ticked: set[str] = set()
        self.line = QLineEdit(self)
        self.line.setAccessibleName(_("Cameras"))
        self.line.setPlaceholderText(_("Numbers or names: 1, 4, yard — Enter ticks them"))
        self.list = QListWidget(self)
        self.list.setAccessibleName(_("Cameras, Space ticks"))
        self.list.setFixedHeight(_LIST_PX)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.line)
        column.addWidget(self.list)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setFocusProxy(self.line)
        self.line.textChanged.connect(lambda _text: self._fill())
        self.list.itemChanged.connect(self._on_item_changed)

    @property
    def camera_ids(self) -> tuple[str, ...]:
        """Those that are ticked, by number."""
        return tuple(camera.id for camera in self._cameras if camera.id in self._ticked)

    def show_cameras(self, cameras: Sequence[Camera], ticked: Iterable[str] | None = None) -> None:
        """What may be chosen; `ticked` replaces what was."""
        self._cameras = cameras
        known = {camera.id for camera in cameras}
        self._ticked = (self._ticked if ticked is None else set(ticked)) & known
        self.line.clear()
        self._fill()

    def take(self) -> bool:
        """The line's Enter: tick what is named; False when nothing is."""
        words = [word.strip() for word in self.line.text().split(",") if word.strip()]
        if not words:
            return False
        found = [camera for word in words for camera in self._meant(word)]
        if found:
            self._ticked |= {camera.id for camera in found}
            self.line.clear()
            self._fill()
            self.changed.emit()
        else:
            self.line.selectAll()
        return True

    def _meant(self, word: str) -> list[Camera]:
        """A number is that camera; a name all that have it, if it is not a mere letter."""
        if word.isdecimal():
            return [camera for camera in self._cameras if camera.number == int(word)]
        found = [camera for camera in self._cameras if word.casefold() in camera.name.casefold()]
        exact = [camera for camera in found if camera.name.casefold() == word.casefold()]
        return exact or (found if len(word) > 1 else [])

    def _fits(self, camera: Camera, words: Sequence[str]) -> bool:
        names = camera.name.casefold()
        return any(str(camera.number).startswith(word) or word in names for word in words)

    def _fill(self) -> None:
        words = [word.strip().casefold() for word in self.line.text().split(",") if word.strip()]
        first = [camera for camera in self._cameras if camera.id in self._ticked]
        rest = [c for c in self._cameras if c.id not in self._ticked and (not words or self._fits(c, words))]
        row = self.list.currentRow()
        current_id = self.list.item(row).data(_ID) if row >= 0 else None
        self.list.blockSignals(True)
        self.list.clear()
        for camera in (*first, *rest[:_MOST_ROWS]):
            item = QListWidgetItem(f"{camera.number}  {camera.name}")
            item.setData(_ID, camera.id)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            checked = camera.id in self._ticked
            item.setCheckState(Qt.CheckState.Checked if checked else Qt.CheckState.Unchecked)
            self.list.addItem(item)
            if camera.id == current_id:
                self.list.setCurrentItem(item)
        if self.list.currentRow() < 0 and self.list.count():
            self.list.setCurrentRow(0)
        self.list.blockSignals(False)

    def _on_item_changed(self, item: QListWidgetItem) -> None:
        camera_id = str(item.data(_ID))
        if item.checkState() is Qt.CheckState.Checked:
            self._ticked.add(camera_id)
        else:
            self._ticked.discard(camera_id)
        self.changed.emit()

    def event(self, event: QEvent) -> bool:
        """Down goes from the line into the list."""
        down = event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Down
        if down and self.line.hasFocus() and self.list.count():
            self.list.setFocus(Qt.FocusReason.TabFocusReason)
            return True
        return super().event(event)
