"""Detection models as a page of the panel: which there are, how fast each is here, which one looks.

By keyboard alone: arrows choose a row, Enter uses it, C gives it to single cameras, B measures it, Shift+B all, Q makes
an int8 model of it, Delete twice removes it, Esc ends what runs; a path in the line takes a model in. GUI thread only:
the work is done by processes that task threads wait for, and answers are carried here by `call_soon`. No inference
library is loaded here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.i18n import _, marked
from app.model_desk import ModelDesk
from app.model_rows import ModelRow, agreement_words, doubt_words, ratio_words
from widgets.claimed_keys import Call, ClaimedKeys, quiet_button
from widgets.int8_form import Int8Form
from widgets.keys import latin_letter

_HEADINGS = ("", marked("Name"), marked("Model"), marked("Precision"), marked("ms"), marked("Looks/s"))
_WIDTHS_PX = (24, 0, 76, 68, 30, 58)
"""The name has what is left over: all figures are seen in a panel of 360 pixels."""
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class ModelsPage(QWidget):
    """Table, one line about the selected model, a line for a path."""

    said = Signal(str)

    def __init__(
        self, desk: ModelDesk, call_soon: Callable[[Callable[[], None]], None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._desk, self._call_soon = desk, call_soon
        self.rows: tuple[ModelRow, ...] = ()
        self._doomed = self._doubted = self._given = ""
        self.busy = False
        self.table = QTableWidget(0, len(_HEADINGS), self)
        self.words, self.state, self.hint = QLabel(self), QLabel(self), QLabel(self)
        self.path = QLineEdit(self)
        self.path.setPlaceholderText(_("OpenVINO folder, .onnx, or weights of ultralytics (.pt)"))
        self.path.setAccessibleName(_("Model to take in"))
        self.path.returnPressed.connect(self.take)
        self.cameras = QLineEdit(self)
        self.cameras.setPlaceholderText(_("C: numbers of the cameras that have this model of their own, like 3, 7"))
        self.cameras.setAccessibleName(_("Cameras that have the marked model of their own"))
        self.cameras.returnPressed.connect(self.give)
        self.int8 = Int8Form(self._quantize, self.table.setFocus, self)
        self.file_button = quiet_button(self, _("Choose…"), self.ask_file)
        self.bench_button = quiet_button(self, _("Shift+B  Measure all"), self.bench_all)
        self._dress()
        self._lay_out()
        ClaimedKeys(self.table, self._call_of)
        ClaimedKeys(self.cameras, lambda event: self._leave_cameras if event.key() == Qt.Key.Key_Escape else None)

    def _dress(self) -> None:
        table, header = self.table, self.table.horizontalHeader()
        table.setHorizontalHeaderLabels([_(text) if text else "" for text in _HEADINGS])
        table.setAccessibleName(_("Detection models"))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setTabKeyNavigation(False)
        table.setShowGrid(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(24)
        header.setMinimumSectionSize(min(width_px for width_px in _WIDTHS_PX if width_px))
        for column, width_px in enumerate(_WIDTHS_PX):
            mode = QHeaderView.ResizeMode.Interactive if width_px else QHeaderView.ResizeMode.Stretch
            header.setSectionResizeMode(column, mode)
            if width_px:
                table.setColumnWidth(column, width_px)
        table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        table.itemSelectionChanged.connect(self._show_selected)
        for label in (self.words, self.state, self.hint):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setObjectName("muted")
        self.hint.setText(
            _("Enter  Use     C  For cameras     B  Measure     Q  Make int8     Delete  Remove     Esc  Stop")
        )

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        heading = QLabel(_("Detection models"), self)
        heading.setObjectName("heading")
        for widget in (heading, self.state):
            column.addWidget(widget)
        column.addWidget(self.table, 1)
        for widget in (self.words, self.hint):
            column.addWidget(widget)
        column.addWidget(self.cameras)
        column.addWidget(self.int8)
        line = QHBoxLayout()
        line.addWidget(self.path, 1)
        line.addWidget(self.file_button)
        line.addWidget(self.bench_button)
        column.addLayout(line)
        self.setFocusProxy(self.table)

    @property
    def selected(self) -> ModelRow | None:
        """The marked model."""
        at = self.table.currentRow()
        return self.rows[at] if 0 <= at < len(self.rows) else None

    def renew(self) -> None:
        """Read the list."""
        self._desk.read(self._soon_rows, self._soon_failed)

    def relieve(self) -> None:
        """Somebody else sits here: half typed paths and numbers go."""
        self.path.clear()
        self.int8.close_up()
        self._doomed = self._doubted = ""
        self._show_selected()
        self._show_cameras(self.selected)

    def choose(self) -> None:
        """Use the marked model from now on; one that finds too little of what its float model finds asks once more."""
        row = self._usable()
        doubt = doubt_words(row.agreement) if row is not None else ""
        if row is None:
            return
        if doubt and self._doubted != row.name:
            self._doubted = row.name
            self.said.emit(" ".join((doubt, _("Press Enter again to use it."))))
        else:
            self._doubted = ""
            self._desk.choose(row.name, self._soon(self._on_chosen), self._soon_failed)

    def ask_cameras(self) -> None:
        """Write down for which cameras the marked model is."""
        row = self._usable()
        if row is not None:
            self._show_cameras(row)
            self.cameras.setFocus()
            self.cameras.selectAll()

    def ask_pictures(self) -> None:
        """Write down with which pictures an int8 model of the marked one shall be made."""
        row = self._usable()
        if row is not None and row.int8:
            self.said.emit(_("{name} is an int8 model already.").format(name=row.name))
        elif row is not None and not self.busy:
            self.int8.open(row.name)

    def _quantize(self, name: str, pictures: str, reason: str) -> None:
        if self._begin(_("Making an int8 model of {name} …").format(name=name)):
            told = self._soon(self._on_step), self._soon(self._on_made), self._soon_failed
            self._desk.quantize(name, pictures, reason, *told)

    def _usable(self) -> ModelRow | None:
        """The marked model, if it can be used; why not is said."""
        row = self.selected
        if row is None or (row.listed and not row.problem):
            return row
        self.said.emit(row.problem or _outside(row))
        return None

    def give(self) -> None:
        """These cameras, and no others, are looked at by the model that was marked when they were written down."""
        if self._given:
            self._desk.give(self._given, self.cameras.text(), self._soon(self._on_given), self._soon_failed)
            self.table.setFocus()

    def _leave_cameras(self) -> None:
        self.table.setFocus()
        self._show_selected()

    def bench(self) -> None:
        """Measure the marked model."""
        if self.selected is not None:
            self._bench((self.selected,))

    def bench_all(self) -> None:
        """Measure every model that can be used."""
        self._bench(self.rows)

    def take(self) -> None:
        """Import what the line names."""
        source = self.path.text().strip()
        if source and self._begin(_("Taking in {name} …").format(name=Path(source).name)):
            self._desk.take(source, self._soon(self._on_step), self._soon(self._on_taken), self._soon_failed)

    def remove(self) -> None:
        """Delete the marked model; the key has to be pressed twice."""
        row = self.selected
        if row is None:
            return
        if not row.listed:
            self.said.emit(_outside(row))
            return
        if self._doomed != row.name:
            self._doomed = row.name
            self.said.emit(_("Press Delete again to remove the model {name}.").format(name=row.name))
            return
        self._doomed = ""
        self._desk.remove(row.name, self._soon(self._on_removed), self._soon_failed)

    def ask_file(self) -> None:
        """Look for the file; the wall stays in use meanwhile."""
        dialog = QFileDialog(self, _("Choose a model"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter(_("Models") + " (*.xml *.onnx *.pt)")
        dialog.setModal(False)
        dialog.fileSelected.connect(self.path.setText)
        dialog.fileSelected.connect(lambda _path: self.take())
        dialog.show()

    def _bench(self, rows: tuple[ModelRow, ...]) -> None:
        names = [row.name for row in rows if not row.problem]
        if names and self._begin(_("Measuring …")):
            self._desk.bench(names, self._soon(self._on_measuring), self._soon_rows, self._soon_failed)

    def _begin(self, text: str) -> bool:
        if self.busy:
            return False
        self.busy = True
        self.state.setText(text)
        return True

    def _call_of(self, event: QKeyEvent) -> Call | None:
        shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.modifiers() & ~(Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier):
            return None
        letter = latin_letter(event.key(), event.nativeVirtualKey())
        if letter == "C" and not shifted:
            return self.ask_cameras
        if letter == "Q" and not shifted:
            return self.ask_pictures
        if letter == "B":
            return self.bench_all if shifted else self.bench
        if event.key() == Qt.Key.Key_Escape:
            return self._desk.cancel if self.busy else None
        if event.key() == Qt.Key.Key_Delete:
            return self.remove
        return self.choose if event.key() in _ENTER else None

    def _soon(self, call: Callable[[str], None]) -> Callable[[str], None]:
        """From a task thread to here."""
        return lambda text: self._call_soon(partial(call, text))

    def _soon_rows(self, rows: tuple[ModelRow, ...]) -> None:
        self._call_soon(partial(self._show_rows, rows))

    def _soon_failed(self, text: str) -> None:
        self._call_soon(partial(self._on_failed, text))

    def _on_failed(self, text: str) -> None:
        self.said.emit(text)
        self._on_changed()

    def _on_chosen(self, name: str) -> None:
        self.said.emit(_("The model {name} is loaded now; the old one looks until then.").format(name=name))
        self._on_changed()

    def _on_given(self, name: str) -> None:
        self.said.emit(_("The cameras of the model {name} were changed.").format(name=name))
        self._on_changed()

    def _on_taken(self, name: str) -> None:
        self.path.clear()
        self.said.emit(_("The model {name} was taken in. Enter uses it.").format(name=name))
        self._on_changed()

    def _on_made(self, compared: str) -> None:
        self.said.emit(compared)
        self._on_changed()

    def _on_removed(self, name: str) -> None:
        self.said.emit(_("The model {name} was removed.").format(name=name))
        self._on_changed()

    def _on_step(self, text: str) -> None:
        self.state.setText(text)

    def _on_measuring(self, name: str) -> None:
        self.state.setText(_("Measuring {name} for 3 s …").format(name=name))

    def _on_changed(self) -> None:
        self.busy = False
        self.renew()

    def _show_rows(self, rows: tuple[ModelRow, ...]) -> None:
        chosen, self.rows = self.selected, rows
        self.busy = False
        self.table.setRowCount(len(rows))
        for at, row in enumerate(rows):
            for column, text in enumerate(_cells(row)):
                self.table.setItem(at, column, QTableWidgetItem(text))
        names = [row.name for row in rows]
        if rows:
            self.table.selectRow(names.index(chosen.name) if chosen is not None and chosen.name in names else 0)
        told = ratio_words(rows)
        self.state.setText(" ".join(told) if rows else _("There is no model yet: the built-in people detector works."))
        self._show_selected()

    def _show_selected(self) -> None:
        row = self.selected
        if row is not None and self._doomed != row.name:
            self._doomed = ""
        if row is not None and self._doubted != row.name:
            self._doubted = ""
        self.words.setText(_about(row) if row is not None else "")
        if not self.cameras.hasFocus():
            self._show_cameras(row)

    def _show_cameras(self, row: ModelRow | None) -> None:
        usable = row is not None and row.listed and not row.problem
        self._given = row.name if row is not None and usable else ""
        self.cameras.setEnabled(usable)
        self.cameras.setText(", ".join(map(str, row.cameras)) if row is not None else "")


def _cells(row: ModelRow) -> tuple[str, ...]:
    speed = row.speed
    figures = (f"{speed.ms:.0f}", f"{speed.looks_per_s:.1f}") if speed is not None else ("", "")
    return ("●" if row.in_use else "", row.name, row.title, row.precision, *figures)


def _outside(row: ModelRow) -> str:
    text = _("{name} does not lie in the models folder: take it in first, in the line below.")
    return text.format(name=row.name)


def _about(row: ModelRow) -> str:
    """All of its name too, of one that can be used: the column may be narrow."""
    if row.problem:
        return row.problem
    parts = [
        row.unnamed,
        row.name,
        _("in use") if row.in_use else "",
        _("{count} classes").format(count=row.classes) if row.classes else "",
    ]
    numbers = ", ".join(map(str, row.cameras))
    parts.append(_("cameras {numbers}").format(numbers=numbers) if numbers else "")
    parts += [_("from {source}").format(source=row.source) if row.source else "", f"SHA-256 {row.digest[:16]}…"]
    if row.agreement is not None:
        parts += [agreement_words(row.agreement), doubt_words(row.agreement)]
    if row.speed is None:
        parts.append(_("not measured here yet"))
    elif row.speed.pictures > 1:
        parts.append(_("{count} pictures an input").format(count=row.speed.pictures))
    return "  ·  ".join(filter(None, parts))
