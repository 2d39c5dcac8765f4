"""The site's vocabulary on one page of the panel: categories, outcomes, services, deadlines, procedures and the like.

The form is made from the record's fields. Taking a record out of use can be undone by Ctrl+Z, so nobody is asked
"are you sure". GUI thread only; the desk brings changes back.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QCompleter,
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

from app.feeds import Desk
from app.i18n import _
from app.record_forms import BY_CAMERA, KINDS, made, texts_of
from app.record_names import RecordNames
from app.rule_texts import meaning
from app.texts import sentence
from storage.columns import forms
from storage.commands import PutRecord, RegistryRecord, RemoveRecord
from storage.errors import WatchfloorError
from storage.journal import Registry
from storage.records import new_id
from storage.tried_rules import TRIED
from widgets.bridge import Bridge
from widgets.claimed_keys import LetterBox
from widgets.record_words import field_text
from widgets.trial_line import TrialLine


class RecordPage(QWidget):
    """Kinds above, their records, the form of the chosen one."""

    said = Signal(str)
    removed = Signal(object)
    """A record was taken out of use (for undo)."""

    def __init__(self, desk: Desk, parent: QWidget | None = None, bridge: Bridge | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._new_id = new_id()
        self._records: list[RegistryRecord] = []
        self._names: tuple[Registry, RecordNames] | None = None
        self.kinds = LetterBox(self)
        self.kinds.setSizeAdjustPolicy(LetterBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.kinds.setMinimumContentsLength(12)
        for name, (_kind, heading) in KINDS.items():
            self.kinds.addItem(_(heading), name)
        self.list = QListWidget(self)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName(_("Records"))
        self.fields: dict[str, QLineEdit] = {}
        self._form = QFormLayout()
        self.meaning = QLabel(self)
        self.meaning.setWordWrap(True)
        self.meaning.setAccessibleName(_("What it will do"))
        trials = desk.offices.trials
        self.trial = TrialLine(trials, bridge, self) if trials is not None and bridge is not None else None
        self.save_button, self.new_button, self.remove_button = (
            QPushButton(text, self) for text in (_("Save"), _("New"), _("Out of use"))
        )
        self._build()
        self.kinds.currentIndexChanged.connect(self._on_kind)
        self.list.currentRowChanged.connect(self._on_row)
        self.save_button.clicked.connect(self.save)
        self.new_button.clicked.connect(self.begin)
        if self.trial is not None:
            self.trial.said.connect(self.said)
            self.trial.removed.connect(self.removed)
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
        column.addWidget(self.meaning)
        if self.trial is not None:
            column.addWidget(self.trial)
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
        """The registry may have changed: list it again while it is seen, unless somebody is typing."""
        if not self.isVisible():
            return
        records = list(getattr(self._desk.registry(), self.kind))
        if records == self._records or any(line.hasFocus() for line in self.fields.values()):
            return
        self._show_records(records)

    def showEvent(self, event: QShowEvent) -> None:
        """What changed meanwhile."""
        super().showEvent(event)
        self.renew()

    def relieve(self) -> None:
        """Somebody else sits here: what was half typed goes."""
        if self.trial is not None:
            self.trial.relieve()
        self._show_records(list(getattr(self._desk.registry(), self.kind)))

    def save(self) -> None:
        """Put what the form says; what can be tried on stored tracks is tried first."""
        try:
            record = self._drafted()
        except WatchfloorError as error:
            self.said.emit(sentence(error))
            return
        if self.trial is not None and isinstance(record, TRIED):
            self.trial.save(record)
        else:
            self._desk.apply(PutRecord(record))

    def _drafted(self) -> RegistryRecord:
        """What the form says. Raises AppError and DetectionError, as `record_forms.made` and `RecordNames.read`."""
        texts = self._typed()
        if "id" in forms(KINDS[self.kind][0]):
            texts["id"] = texts.get("id") or getattr(self.selected, "id", "") or self._new_id
        return made(KINDS[self.kind][0], texts)

    def begin(self) -> None:
        """An empty form."""
        self.list.setCurrentRow(-1)
        self._new_id = new_id()
        self._fill({})
        first = next(iter(self.fields.values()), None)
        if first is not None:
            first.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def remove(self) -> None:
        """Take the chosen record out of use."""
        selected = self.selected
        record_id = getattr(selected, "id", None)
        if self.trial is not None and isinstance(selected, TRIED):
            self.trial.remove(selected)
        elif selected is not None and record_id is not None:
            self._desk.apply(RemoveRecord(self.kind, str(record_id)))
            self.removed.emit(selected)

    def _on_kind(self, _index: int = 0) -> None:
        while self._form.rowCount():
            self._form.removeRow(0)
        self.fields = {}
        for name in forms(KINDS[self.kind][0]):
            if name == "id" and self.kind not in BY_CAMERA:
                continue
            line = self.fields[name] = QLineEdit(self)
            line.returnPressed.connect(self.save)
            line.textChanged.connect(self._say_meaning)
            self._help(name, line)
            self._form.addRow(field_text("camera_id" if name == "id" else name), line)
        self._show_records(list(getattr(self._desk.registry(), self.kind)))

    def _help(self, name: str, line: QLineEdit) -> None:
        """Names are offered while they are typed; fields of several are parted by ";" and left to the placeholder."""
        choices = self.names.choices(self.kind, name)
        if name.endswith("_ids"):
            line.setPlaceholderText("; ".join(choices[:3]))
        elif choices:
            completer = QCompleter(choices, line)
            completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
            line.setCompleter(completer)

    @property
    def names(self) -> RecordNames:
        """Names of the registry as it is now."""
        registry = self._desk.registry()
        if self._names is None or self._names[0] is not registry:
            self._names = registry, RecordNames(registry, self._desk.offices.zone)
        return self._names[1]

    def _typed(self) -> dict[str, str]:
        return self.names.read(self.kind, {name: line.text() for name, line in self.fields.items()})

    def _show_records(self, records: list[RegistryRecord]) -> None:
        row = self.list.currentRow()
        self._records = records
        self.list.blockSignals(True)
        self.list.clear()
        for record in records:
            self.list.addItem(_title(self.names.shown(self.kind, texts_of(record))))
        self.list.setCurrentRow(min(max(row, 0), len(records) - 1))
        self.list.blockSignals(False)
        self._on_row(self.list.currentRow())

    def _on_row(self, _row: int) -> None:
        selected = self.selected
        self._new_id = new_id()
        self._fill(self.names.shown(self.kind, texts_of(selected)) if selected is not None else {})
        self.remove_button.setEnabled(selected is not None and hasattr(selected, "id"))

    def _fill(self, texts: dict[str, str]) -> None:
        for name, line in self.fields.items():
            line.setText(texts.get(name, ""))
            line.setCursorPosition(0)  # of what has no room the beginning is seen
        self._say_meaning()

    def _say_meaning(self, _text: str = "") -> None:
        """What a guard rule will do, before it is saved; nothing for other records."""
        try:
            text = meaning(self.kind, self._typed(), self._desk.registry())
        except WatchfloorError:  # half typed
            text = ""
        self.meaning.setText(text)
        self.meaning.setVisible(bool(text))
        self._offer()

    def _offer(self) -> None:
        """What would change is tried, and its figures stand beside the form."""
        if self.trial is None:
            return
        selected = self.selected
        try:
            record = self._drafted() if self.fields and KINDS[self.kind][0] in TRIED else None
        except WatchfloorError:  # half typed
            record = None
        before = selected if isinstance(selected, TRIED) else None
        self.trial.offer(record if isinstance(record, TRIED) else None, before)


def _title(texts: dict[str, str]) -> str:
    name = texts.get("name") or texts.get("reason") or ""
    rest = [text for key, text in texts.items() if key not in ("id", "name", "reason") and text]
    return "  ·  ".join([name, *rest[:3]]) if name else "  ·  ".join(list(texts.values())[:4])
