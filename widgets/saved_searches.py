"""Searches that an operator keeps under a name: list, keep, take out with undo. Nothing modal. GUI thread only."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from app.i18n import _
from app.journal_pages import JournalPages
from storage.errors import StorageError
from storage.records import new_id
from storage.registry_records import SavedSearch
from storage.search import IncidentQuery
from widgets.claimed_keys import LetterBox

LONGEST_NAME = 80


class SavedSearches(QWidget):
    """`chosen` carries the query; `failed` a sentence. `here` carries an answer to the GUI thread."""

    chosen = Signal(object)
    failed = Signal(str)

    def __init__(
        self, pages: JournalPages, here: Callable[[Callable[..., None]], Callable[..., None]], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.query_wanted: Callable[[], IncidentQuery] = IncidentQuery
        self._pages, self._here = pages, here
        self._searches: tuple[SavedSearch, ...] = ()
        self._removed: SavedSearch | None = None
        self._asked: object = None
        self.box = LetterBox(self)
        self.box.setAccessibleName(_("Saved searches"))
        self.box.setMinimumContentsLength(8)
        self.box.setSizeAdjustPolicy(LetterBox.SizeAdjustPolicy.AdjustToContents)
        self.box.activated.connect(self._on_activated)
        self.keep_button = QPushButton(_("Save search"), self)
        self.keep_button.setToolTip(_("Keep this filter under a name (Ctrl+S)"))
        self.keep_button.clicked.connect(self.begin)
        self.remove_button = QPushButton(_("Delete"), self)
        self.remove_button.setToolTip(_("Delete the chosen saved search"))
        self.remove_button.clicked.connect(self.remove)
        self.name = QLineEdit(self)
        self.name.setPlaceholderText(_("Name of the search, then Enter"))
        self.name.setMaxLength(LONGEST_NAME)
        self.name.setMinimumWidth(120)
        self.name.returnPressed.connect(self._on_named)
        self.name.installEventFilter(self)
        self.name.hide()
        self.removed_text = QLabel("", self)
        self.undo_button = QPushButton(_("Undo"), self)
        self.undo_button.clicked.connect(self.undo)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.removed_text, self.undo_button, self.box, self.name, self.keep_button, self.remove_button):
            layout.addWidget(widget)
        self._show_undo(None)
        self._show(())

    def reload(self) -> None:
        """Read the list anew."""
        self._asked = token = object()

        def show(searches: tuple[SavedSearch, ...]) -> None:
            if token is self._asked:
                self._show(searches)

        self._pages.saved(self._here(show), self._here(self.failed.emit))

    def relieve(self) -> None:
        """Somebody else sits here, with searches of their own: `reload` reads them."""
        self._asked = None
        self.name.hide()
        self.name.clear()
        self._show_undo(None)
        self._show(())

    def begin(self) -> None:
        """Ask for a name, in the line."""
        self.name.setText(self.box.currentText() if self.box.currentIndex() > 0 else "")
        self.name.show()
        self.name.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.name.selectAll()

    def remove(self) -> None:
        """Take the chosen one out of use; it can be brought back."""
        search = self._current()
        if search is not None:
            self._pages.remove(search.id, self._here(self.reload), self._here(self.failed.emit))
            self._show_undo(search)

    def undo(self) -> None:
        """Bring back what was deleted last."""
        search = self._removed
        self._show_undo(None)
        query = None if search is None else self._query_of(search)
        if search is not None and query is not None:
            self._pages.save(search.id, search.name, query, self._here(self.reload), self._here(self.failed.emit))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Escape in the name: not kept."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            self.name.hide()
            return True
        return super().eventFilter(watched, event)

    def _current(self) -> SavedSearch | None:
        index = self.box.currentIndex() - 1
        return self._searches[index] if 0 <= index < len(self._searches) else None

    def _show(self, searches: tuple[SavedSearch, ...]) -> None:
        before = self._current()
        self._searches = searches
        self.box.clear()
        self.box.addItems([_("Saved searches"), *(s.name for s in searches)])
        ids = [s.id for s in searches]
        self.box.setCurrentIndex(ids.index(before.id) + 1 if before is not None and before.id in ids else 0)
        self.remove_button.setEnabled(self.box.currentIndex() > 0)

    def _show_undo(self, search: SavedSearch | None) -> None:
        self._removed = search
        self.removed_text.setText(_("Deleted: {name}").format(name=search.name) if search else "")
        self.removed_text.setVisible(search is not None)
        self.undo_button.setVisible(search is not None)

    def _query_of(self, search: SavedSearch) -> IncidentQuery | None:
        try:
            return IncidentQuery.from_json(search.query)
        except StorageError:
            self.failed.emit(_("The saved search {name} cannot be read.").format(name=search.name))
            return None

    def _on_activated(self) -> None:
        search = self._current()
        self.remove_button.setEnabled(search is not None)
        query = None if search is None else self._query_of(search)
        if query is not None:
            self.chosen.emit(query)

    def _on_named(self) -> None:
        """A name that is there already is replaced."""
        name = self.name.text().strip()
        if not name:
            return
        self.name.hide()
        known = next((s.id for s in self._searches if s.name.casefold() == name.casefold()), None)
        query = self.query_wanted()
        self._pages.save(known or new_id(), name, query, self._here(self.reload), self._here(self.failed.emit))
