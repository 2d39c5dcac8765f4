"""What is shelved: which alarms, by whom, why, until when, and how many came meanwhile; and the key that gives it back.

A page of the panel. GUI thread only; the desk brings changes back.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app.alarm_rows import ShelvedGroup
from app.feeds import Desk
from app.i18n import _, ngettext
from storage.case_commands import UnshelveAlarms
from widgets.claimed_keys import ClaimedKeys, quiet_button
from widgets.keys import latin_letter
from widgets.words import Names, clock_text, time_text


class ShelfBoard(QWidget):
    """Lists what is shelved now; Enter or X gives the marked one back."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._groups: tuple[ShelvedGroup, ...] = ()
        self.list = QListWidget(self)
        self.list.setAccessibleName(_("Shelved alarms"))
        ClaimedKeys(self.list, self._call_of)
        self.list.currentRowChanged.connect(lambda _row: self._show_selected())
        self.text = QLabel(self)
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.back_button = quiet_button(self, _("X  Back into the queue"), self.unshelve)
        self._build()
        self._show_selected()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        heading = QLabel(_("Shelved alarms"), self)
        heading.setObjectName("heading")
        column.addWidget(heading)
        column.addWidget(self.list, 2)
        column.addWidget(self.text, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self.back_button)
        buttons.addStretch(1)
        column.addLayout(buttons)
        self.setFocusProxy(self.list)

    def show_shelves(self, groups: tuple[ShelvedGroup, ...]) -> None:
        """Renew the list; the marked one stays marked."""
        if groups == self._groups:
            return
        marked, self._groups = self.selected, groups
        self.list.clear()
        for group in groups:
            until = _("until {time}").format(time=clock_text(group.shelf.until_utc_s)[:5])
            count = ngettext("{count} alarm", "{count} alarms", len(group.alarms)).format(count=len(group.alarms))
            self.list.addItem(QListWidgetItem(f"{group.shelf.name}  ·  {until}  ·  {count}"))
        ids = [group.shelf.id for group in groups]
        self.list.setCurrentRow(ids.index(marked.shelf.id) if marked is not None and marked.shelf.id in ids else 0)
        self._show_selected()

    @property
    def selected(self) -> ShelvedGroup | None:
        """The marked one."""
        row = self.list.currentRow()
        return self._groups[row] if 0 <= row < len(self._groups) else None

    def unshelve(self) -> None:
        """Give it back before its time."""
        group = self.selected
        if group is not None:
            self._desk.apply(UnshelveAlarms(group.shelf.id, group.shelf.version))

    def _call_of(self, event: QKeyEvent) -> Callable[[], None] | None:
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return None
        entered = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        return self.unshelve if entered or latin_letter(event.key(), event.nativeVirtualKey()) == "X" else None

    def _show_selected(self) -> None:
        group = self.selected
        self.back_button.setEnabled(group is not None)
        if group is None:
            self.text.setText(_("Nothing is shelved."))
            return
        shelf, names = group.shelf, Names(self._desk.registry())
        until = _("Until {time} at the latest").format(time=time_text(shelf.until_utc_s))
        if shelf.shift_id is not None:
            until += "  ·  " + _("ends with the shift")
        lines = [
            shelf.reason,
            _("{name}, {time}").format(name=names.actor(shelf.actor_id), time=time_text(shelf.from_utc_s)),
            until,
            _("Cameras: {cameras}").format(cameras=", ".join(names.camera(one) for one in shelf.camera_ids)),
        ]
        self.text.setText("\n".join(lines))
