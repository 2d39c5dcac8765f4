"""The site's vocabulary on one page of the panel: categories, outcomes, services, deadlines, procedures and the like.

The form is made from the record's fields. Taking a record out of use can be undone by Ctrl+Z, so nobody is asked
"are you sure". GUI thread only; the desk brings changes back.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.errors import AppError
from app.feeds import Desk
from app.i18n import _
from app.record_forms import KINDS, made, texts_of
from app.texts import sentence
from storage.columns import forms
from storage.commands import PutRecord, RegistryRecord, RemoveRecord
from storage.records import new_id


class RecordPage(QWidget):
    """Kinds above, their records, the form of the chosen one."""

    said = Signal(str)
    removed = Signal(object)
    """A record was taken out of use (for undo)."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._records: list[RegistryRecord] = []
        self.kinds = QComboBox(self)
        self.kinds.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.kinds.setMinimumContentsLength(12)
        for name, (_kind, heading) in KINDS.items():
            self.kinds.addItem(_(heading), name)
        self.list = QListWidget(self)
        self.list.setAccessibleName(_("Records"))
        self.fields: dict[str, QLineEdit] = {}
        self._form = QFormLayout()
        self.save_button, self.new_button, self.remove_button = (
            QPushButton(text, self) for text in (_("Save"), _("New"), _("Out of use"))
        )
        self._build()
        self.kinds.currentIndexChanged.connect(self._on_kind)
        self.list.currentRowChanged.connect(self._on_row)
        self.save_button.clicked.connect(self.save)
        self.new_button.clicked.connect(self.begin)
        self.remove_button.clicked.connect(self.remove)
        self._on_kind()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        heading = QLabel(_("Records of the site"), self)
        heading.setObjectName("heading")
        column.addWidget(heading)
        column.addWidget(self.kinds)
        column.addWidget(self.list, 2)
        page = QWidget(self)
        page.setLayout(self._form)
        area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setWidget(page)
        column.addWidget(area, 3)
        buttons = QHBoxLayout()
        for button in (self.save_button, self.new_button, self.remove_button):
            buttons.addWidget(button, 1)
        column.addLayout(buttons)
        self.setFocusProxy(self.kinds)

    @property
    def kind(self) -> str:
        """The table that is shown."""
        return str(self.kinds.currentData())

    @property
    def selected(self) -> RegistryRecord | None:
        """The record whose form is shown; None for a new one."""
        row = self.list.currentRow()
        return self._records[row] if 0 <= row < len(self._records) else None

    def renew(self) -> None:
        """The registry may have changed: list it again, unless somebody is typing."""
        records = list(getattr(self._desk.registry(), self.kind))
        if records == self._records or any(line.hasFocus() for line in self.fields.values()):
            return
        self._show_records(records)

    def save(self) -> None:
        """Put what the form says."""
        texts = {name: line.text() for name, line in self.fields.items()}
        selected = self.selected
        if "id" in forms(KINDS[self.kind][0]):
            texts["id"] = getattr(selected, "id", "") or new_id()
        try:
            record = made(KINDS[self.kind][0], texts)
        except AppError as error:
            self.said.emit(sentence(error))
            return
        self._desk.apply(PutRecord(record))

    def begin(self) -> None:
        """An empty form."""
        self.list.setCurrentRow(-1)
        self._fill({})
        first = next(iter(self.fields.values()), None)
        if first is not None:
            first.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def remove(self) -> None:
        """Take the chosen record out of use."""
        selected = self.selected
        record_id = getattr(selected, "id", None)
        if selected is not None and record_id is not None:
            self._desk.apply(RemoveRecord(self.kind, str(record_id)))
            self.removed.emit(selected)

    def _on_kind(self, _index: int = 0) -> None:
        while self._form.rowCount():
            self._form.removeRow(0)
        self.fields = {}
        for name in forms(KINDS[self.kind][0]):
            if name == "id":
                continue
            self.fields[name] = QLineEdit(self)
            self.fields[name].returnPressed.connect(self.save)
            self._form.addRow(name.replace("_", " "), self.fields[name])
        self._show_records(list(getattr(self._desk.registry(), self.kind)))

    def _show_records(self, records: list[RegistryRecord]) -> None:
        row = self.list.currentRow()
        self._records = records
        self.list.blockSignals(True)
        self.list.clear()
        for record in records:
            self.list.addItem(_title(record))
        self.list.setCurrentRow(min(max(row, 0), len(records) - 1))
        self.list.blockSignals(False)
        self._on_row(self.list.currentRow())

    def _on_row(self, _row: int) -> None:
        selected = self.selected
        self._fill(texts_of(selected) if selected is not None else {})
        self.remove_button.setEnabled(selected is not None and hasattr(selected, "id"))

    def _fill(self, texts: dict[str, str]) -> None:
        for name, line in self.fields.items():
            line.setText(texts.get(name, ""))


def _title(record: RegistryRecord) -> str:
    texts = texts_of(record)
    name = texts.get("name") or texts.get("reason") or ""
    rest = [text for key, text in texts.items() if key not in ("id", "name", "reason") and text]
    return "  ·  ".join([name, *rest[:3]]) if name else "  ·  ".join(list(texts.values())[:4])
