"""Taking cameras over from another system: a page of the panel, never a dialog over the wall.

A path or an address, the table of what is in it, a picture of the selected camera. Space ticks, A ticks all or none,
Enter stores what is ticked, Ctrl+Z takes the import back, Esc stops the storing. GUI thread only; the desk's answers
come on task threads and are carried here by `call_soon` (`Bridge.call_soon`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QKeySequence, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.camera_import import ImportRow, RowState
from app.i18n import _, ngettext
from app.import_desk import ImportDesk
from app.import_preview import Preview
from app.import_store import ImportSummary
from widgets.import_table import ImportTable
from widgets.keys import latin_letter
from widgets.still_view import decoded

_PREVIEWS = 16
_PICTURE = QSize(160, 90)
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class ImportPage(QWidget):
    """Path, table, picture, store."""

    said = Signal(str)
    """A sentence to show."""

    def __init__(
        self, desk: ImportDesk, call_soon: Callable[[Callable[[], None]], None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._desk, self._call_soon = desk, call_soon
        self._previews: dict[ImportRow, tuple[Preview, QImage]] = {}
        self._looking = False
        self._storing = False
        self._reading: object = None
        self.path = QLineEdit(self)
        self.path.setPlaceholderText(
            _("cameras.csv, Frigate's config.yml, go2rtc.yaml, mediamtx.yml, http://host:9997")
        )
        self.path.setAccessibleName(_("File or address"))
        self.path.returnPressed.connect(self.read)
        self.choose_button = QPushButton(_("Choose…"), self)
        self.choose_button.clicked.connect(self.choose)
        self.table = QTableView(self)
        self.model = ImportTable(self)
        self.picture = QLabel(self)
        self.words = QLabel(self)
        self.count = QLabel(self)
        self.progress = QProgressBar(self)
        self.cancel_button = QPushButton(_("Esc  Stop"), self)
        self.cancel_button.clicked.connect(self._desk.cancel)
        self.store_button = QPushButton(self)
        self.store_button.clicked.connect(self.store)
        self._dress()
        self._lay_out()
        self._show_state()

    def _dress(self) -> None:
        self.table.setModel(self.model)
        self.table.setAccessibleName(_("Cameras found"))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setAlternatingRowColors(True)
        self.table.setTabKeyNavigation(False)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(24)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setMinimumSectionSize(24)
        header.setStretchLastSection(True)
        for column, width_px in enumerate((26, 40, 104, 150, 180, 40)):
            header.resizeSection(column, width_px)
        self.table.installEventFilter(self)
        self.table.clicked.connect(lambda index: self.model.toggle(index.row()) if index.column() == 0 else None)
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._show_selected())
        self.model.dataChanged.connect(lambda *_: self._show_state())
        for label in (self.picture, self.words, self.count):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.picture.setMinimumSize(_PICTURE)
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self.words.setObjectName("muted")
        self.count.setObjectName("muted")

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        heading = QLabel(_("Take cameras over"), self)
        heading.setObjectName("heading")
        column.addWidget(heading)
        for parts in (((self.path, 1), (self.choose_button, 0)), ((self.count, 1),)):
            row = QHBoxLayout()
            for widget, stretch in parts:
                row.addWidget(widget, stretch)
            column.addLayout(row)
        column.addWidget(self.table, 3)
        column.addWidget(self.picture, 2)
        column.addWidget(self.words)
        column.addWidget(self.progress)
        buttons = QHBoxLayout()
        buttons.addWidget(self.store_button, 2)
        buttons.addWidget(self.cancel_button, 1)
        column.addLayout(buttons)
        self.setFocusProxy(self.path)

    @property
    def selected(self) -> ImportRow | None:
        """The marked row."""
        return self.model.row_at(self.table.currentIndex().row())

    def choose(self) -> None:
        """Look for the file; the wall stays in use meanwhile."""
        dialog = QFileDialog(self, _("Choose a file with cameras"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setModal(False)
        dialog.fileSelected.connect(self._on_chosen)
        dialog.show()

    def read(self) -> None:
        """Read what the line names."""
        source = self.path.text().strip()
        if not source or self._storing:
            return
        self._reading = token = object()
        self.count.setText(_("Reading …"))
        source = source if "://" in source else str(Path(source).expanduser())
        soon = self._call_soon
        self._desk.read(
            source,
            lambda rows: soon(partial(self._on_read, token, rows)),
            lambda text: soon(partial(self._on_unread, token, text)),
        )

    def store(self) -> None:
        """Store what is ticked."""
        rows = self.model.ticked
        if self._storing or not rows:
            return
        self._storing = True
        self.progress.setRange(0, len(rows))
        self.progress.setValue(0)
        self._show_state()
        soon = self._call_soon
        self._desk.store(
            rows,
            lambda stored, _wanted: soon(partial(self.progress.setValue, stored)),
            lambda summary: soon(partial(self._on_stored, summary)),
            lambda text: soon(partial(self._on_failed, text)),
        )

    def take_back(self) -> None:
        """Undo the last import."""
        if self._storing:
            return
        self._desk.take_back(
            lambda count: self._call_soon(partial(self._on_taken_back, count)),
            lambda text: self._call_soon(partial(self.said.emit, text)),
        )

    def relieve(self) -> None:
        """Somebody else sits here: path, rows and pictures go; what is being stored is stored."""
        self._reading = None
        self.path.clear()
        self._previews.clear()
        self.model.show_rows(())
        self._show_state()
        self._show_picture()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The table's keys come before the window's shortcuts, and before the table's own."""
        if watched is self.table and isinstance(event, QKeyEvent):
            call = self._call_of(event)
            if call is not None and event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if call is not None and event.type() == QEvent.Type.KeyPress:
                call()
                return True
        return super().eventFilter(watched, event)

    def _call_of(self, event: QKeyEvent) -> Callable[[], None] | None:
        if event.matches(QKeySequence.StandardKey.Undo):
            return self.take_back
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return None
        if event.key() == Qt.Key.Key_Space:
            return partial(self.model.toggle, self.table.currentIndex().row())
        if event.key() in _ENTER:
            return self.store
        if event.key() == Qt.Key.Key_Escape and self._storing:
            return self._desk.cancel
        return self.model.toggle_all if latin_letter(event.key(), event.nativeVirtualKey()) == "A" else None

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The picture follows the page."""
        super().resizeEvent(event)
        self._show_picture()

    def _on_chosen(self, path: str) -> None:
        self.path.setText(path)
        self.read()

    def _on_read(self, token: object, rows: tuple[ImportRow, ...]) -> None:
        if token is not self._reading:
            return  # another file was asked for meanwhile
        self._previews.clear()
        self.model.show_rows(rows)
        self._show_state()
        if rows:
            self.table.selectRow(0)
            self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_unread(self, token: object, text: str) -> None:
        if token is self._reading:
            self._on_read(token, ())
            self.count.setText(text)

    def _on_stored(self, summary: ImportSummary) -> None:
        self._storing = False
        text = _("{stored} of {wanted} cameras were stored.").format(stored=summary.stored, wanted=summary.wanted)
        self.said.emit(text + " " + _("Ctrl+Z in the table takes them back."))
        self._show_state()
        self.read()

    def _on_failed(self, text: str) -> None:
        self._storing = False
        self.said.emit(text)
        self._show_state()
        self.read()

    def _on_taken_back(self, count: int) -> None:
        text = ngettext("{count} camera was taken out of use.", "{count} cameras were taken out of use.", count)
        self.said.emit(text.format(count=count))
        self.read()

    def _show_state(self) -> None:
        ticked = len(self.model.ticked)
        total = self.model.rowCount()
        text = ngettext("Enter  Store {count} camera", "Enter  Store {count} cameras", ticked)
        self.store_button.setText(text.format(count=ticked))
        self.store_button.setEnabled(bool(ticked) and not self._storing)
        self.cancel_button.setVisible(self._storing)
        self.progress.setVisible(self._storing)
        self.path.setEnabled(not self._storing)
        known = ngettext(
            "{count} entry; Space ticks, A all or none.", "{count} entries; Space ticks, A all or none.", total
        )
        self.count.setText(known.format(count=total) if total else "")

    def _show_selected(self) -> None:
        row = self.selected
        self._show_picture()
        if row is None or row.state is not RowState.NEW or row in self._previews or self._looking:
            return
        self._looking = self._desk.preview(row, self._on_looked)

    def _on_looked(self, seen: Preview) -> None:
        """On a task thread: decode there, show here."""
        image = decoded(seen.jpeg)
        self._call_soon(partial(self._on_preview, replace(seen, jpeg=b""), image))

    def _on_preview(self, seen: Preview, image: QImage) -> None:
        self._looking = False
        while len(self._previews) >= _PREVIEWS:
            self._previews.pop(next(iter(self._previews)))
        self._previews[seen.row] = seen, image
        self._show_selected()  # shows it, or looks at what was selected meanwhile

    def _show_picture(self) -> None:
        row = self.selected
        seen, image = self._previews.get(row, (None, QImage())) if row is not None else (None, QImage())
        pixmap = QPixmap()
        if not image.isNull():
            ratio = self.devicePixelRatioF()
            fitted = image.scaled(
                self.picture.size() * ratio,
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
            pixmap = QPixmap.fromImage(fitted)
            pixmap.setDevicePixelRatio(ratio)
        self.picture.setPixmap(pixmap)
        self.words.setText(self._words(row, seen))

    def _words(self, row: ImportRow | None, seen: Preview | None) -> str:
        if row is None:
            return ""
        if row.why and row.state is not RowState.NEW:
            return row.why
        streams = "  ·  ".join(filter(None, (row.found.main_url, row.found.sub_url or "")))
        if row.state is not RowState.NEW or seen is None:
            return f"{streams}\n{_('Looking …')}" if row.state is RowState.NEW else streams
        return f"{streams}\n{seen.words or seen.problem}"
