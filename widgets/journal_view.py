"""The journal: filter, histogram, table, saved searches. A page or an own window, never over the wall, never modal.

Asks `JournalPages`, whose answers come on other threads and are carried here by `call_soon` (`Bridge.call_soon`). A
question that nobody waits for any more is cancelled. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from zoneinfo import ZoneInfo

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from app.feeds import DeskState
from app.i18n import _, ngettext
from app.journal_pages import COUNTED, Failed, Histogram, JournalPages
from storage.journal import Registry
from storage.search import IncidentQuery, Page, Watch
from widgets.histogram import PARTS, HistogramView
from widgets.journal_filters import JournalFilters
from widgets.journal_table import JournalTable
from widgets.saved_searches import SavedSearches

PATIENCE_MS = 200
"""A question that takes longer shows how far it is."""

LIVE_MS = 500
"""Changes within this time are one look."""

FIGURES_MS = 5000
"""Counts and bars follow changes more slowly: over years they cost far more than a page."""

_POLL_MS = 100
_Done = Callable[..., None]


class JournalView(QWidget):
    """Connect `on_desk_changed` to the bridge's `desk_changed`; call `close_down` before the bridge closes."""

    incident_opened = Signal(str)

    def __init__(
        self,
        pages: JournalPages,
        call_soon: Callable[[Callable[[], None]], None],
        zone: ZoneInfo,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._pages, self._call_soon = pages, call_soon
        self._watches: dict[str, Watch] = {}
        self._tokens: dict[str, object] = {}
        self._seq = -1
        self._fresh: Page | None = None
        self._closed = self._failed = False
        self._empty = True
        registry = pages.registry()
        self.filters = JournalFilters(registry, zone, self)
        self.histogram = HistogramView(zone, self)
        self.table = JournalTable(registry, zone, self)
        self.saved = SavedSearches(pages, self._here, self)
        self.count_text = QLabel("", self)
        self.count_text.setObjectName("muted")
        self.message = QLabel("", self)
        self.message.setWordWrap(True)
        self.message.hide()
        self.new_button = QPushButton(self)
        self.new_button.hide()
        self.progress = QProgressBar(self)
        self.cancel_button = QPushButton(_("Cancel"), self)
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._poll = QTimer(self, interval=_POLL_MS)
        self._live = QTimer(self, singleShot=True, interval=LIVE_MS)
        self._figures = QTimer(self, singleShot=True, interval=FIGURES_MS)
        self._lay_out()
        self._connect()
        self.setFocusProxy(self.filters.words)

    def _lay_out(self) -> None:
        self.progress.setRange(0, 100)
        self.progress.setTextVisible(False)
        self.progress.setFixedSize(120, 10)
        self.progress.setAccessibleName(_("How far the search is"))
        self._show_progress(shown=False)
        line = QHBoxLayout()
        for widget in (self.count_text, self.new_button, self.progress, self.cancel_button):
            line.addWidget(widget)
        line.addStretch(1)
        line.addWidget(self.saved)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(6)
        layout.addWidget(self.filters)
        layout.addWidget(self.histogram)
        layout.addLayout(line)
        layout.addWidget(self.message)
        layout.addWidget(self.table, 1)

    def _connect(self) -> None:
        self.filters.changed.connect(lambda _query: self.ask())
        self.filters.left.connect(self.table.enter)
        self.histogram.range_chosen.connect(self.filters.choose_time)
        self.histogram.range_cleared.connect(lambda: self.filters.choose_time(None, None))
        self.table.incident_opened.connect(self.incident_opened)
        self.table.incidents.more_wanted.connect(self._ask_more)
        self.table.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self.new_button.clicked.connect(self.show_new)
        self.cancel_button.clicked.connect(self.cancel)
        self.saved.chosen.connect(self.filters.show_query)
        self.saved.failed.connect(self._say)
        self.saved.query_wanted = lambda: self.filters.query
        self._patience.timeout.connect(self._on_patience_over)
        self._poll.timeout.connect(self._on_poll)
        self._live.timeout.connect(self._look_again)
        self._figures.timeout.connect(self._count_again)
        slash = QShortcut(QKeySequence("/"), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
        slash.activated.connect(self.filters.enter)
        keep = QShortcut(QKeySequence("Ctrl+S"), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
        keep.activated.connect(self.saved.begin)
        self.filters.words.installEventFilter(self)

    def showEvent(self, event: QShowEvent) -> None:
        """Asked when it is first seen, and not before: it may be made ahead."""
        super().showEvent(event)
        self._begin()

    def _begin(self) -> None:
        if self._empty and not self._closed:
            self._empty = False
            self.saved.reload()
            self.ask()

    def ask(self) -> None:
        """Begin anew with the filter as it is."""
        self.cancel()
        self._failed = False
        self._figures.stop()
        self._fresh = None
        self.new_button.hide()
        self.message.hide()
        self.table.incidents.clear()
        query = self.filters.query
        self.count_text.setText(_("Searching …"))
        self._patience.start()
        self._question("page", partial(self._pages.page, query, None), self._on_page)
        self._ask_figures(query)

    def cancel(self) -> None:
        """Call off whatever is still asked."""
        for watch in self._watches.values():
            watch.cancel()
        if self._watches:
            self.count_text.setText(_("The search was cancelled."))
            self.table.incidents.page_failed()
        self._watches.clear()
        self._tokens.clear()
        self._rest()

    def close_down(self) -> None:
        """Nothing more is asked or shown."""
        self._closed = True
        self.cancel()
        self._live.stop()
        self._figures.stop()

    def relieve(self) -> None:
        """Somebody else sits here: nothing that was asked, found or typed stays. Asked again when it is next seen."""
        self._empty = True
        self.cancel()
        self._live.stop()
        self._figures.stop()
        self._fresh = None
        self.new_button.hide()
        self.message.hide()
        with QSignalBlocker(self.filters):
            self.filters.clear()
        self.table.incidents.clear()
        self.histogram.show_counts(Histogram())
        self.count_text.setText("")
        self.saved.relieve()

    def on_desk_changed(self, state: DeskState) -> None:
        """Facts changed: look at the newest page again, soon."""
        if self._empty and not self._closed:
            self._seq = state.seq
            self._begin()
        elif (state.seq != self._seq or self._failed) and not self._closed:
            self._seq = state.seq
            if not self._live.isActive():
                self._live.start()

    def use_registry(self, registry: Registry) -> None:
        """Names changed."""
        self.filters.use_registry(registry)
        self.table.incidents.use_registry(registry)

    def show_new(self) -> None:
        """Go to the top, with what is new there."""
        page, self._fresh = self._fresh, None
        self.new_button.hide()
        self.table.to_top()
        if page is not None:
            self.table.replace_top(page.incidents, page.next_id)
            self.table.to_top()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Escape and the arrow down lead from the words to the table."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            leaves = event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_Down)
            if leaves and watched is self.filters.words:
                self.table.enter()
                return True
        return super().eventFilter(watched, event)

    def _ask_more(self) -> None:
        incidents = self.table.incidents
        self._patience.start()
        self._question("page", partial(self._pages.page, self.filters.query, incidents.next_id), self._on_page)

    def _ask_figures(self, query: IncidentQuery) -> None:
        self._question("count", partial(self._pages.count, query), self._on_count)
        self._question("histogram", partial(self._pages.histogram, query, PARTS), self._on_histogram)

    def _look_again(self) -> None:
        """The newest page anew, the figures later; nothing is cleared meanwhile."""
        if "page" in self._watches:  # an older question goes first
            self._live.start()
            return
        if self._failed:  # what was refused before may be allowed by now: somebody signed in
            self.ask()
            return
        query = self.filters.query
        self._question("page", partial(self._pages.page, query, None), self._on_fresh)
        if not self._figures.isActive():
            self._figures.start()

    def _count_again(self) -> None:
        for name in ("count", "histogram"):
            if name in self._watches:
                self._watches.pop(name).cancel()
        self._ask_figures(self.filters.query)

    def _question(self, name: str, start: Callable[[_Done, Failed], Watch], show: _Done) -> None:
        """Ask; the answer is shown unless the question was called off or asked anew meanwhile."""
        token = self._tokens[name] = object()

        def carried(deliver: _Done) -> _Done:
            return lambda *values: self._call_soon(partial(self._deliver, name, token, deliver, *values))

        self._watches[name] = start(carried(show), carried(partial(self._on_failed, name)))

    def _deliver(self, name: str, token: object, show: _Done, *values: object) -> None:
        if self._closed or self._tokens.get(name) is not token:
            return
        del self._tokens[name]
        self._watches.pop(name, None)
        self._rest()
        show(*values)

    def _here(self, show: _Done) -> _Done:
        """`show` on the GUI thread while the view is there."""

        def deliver(*values: object) -> None:
            if not self._closed:
                show(*values)

        return lambda *values: self._call_soon(partial(deliver, *values))

    def _on_failed(self, name: str, text: str) -> None:
        """Nothing is found, and nothing is searched for any more."""
        self._failed = self._failed or name == "page"
        self.table.incidents.page_failed()
        self.count_text.setText("")
        self._say(text)

    def _say(self, text: str) -> None:
        self.message.setText(text)
        self.message.show()

    def _on_page(self, page: Page) -> None:
        incidents = self.table.incidents
        incidents.append_page(page.incidents, page.next_id)
        if incidents.full:
            text = _("Only the newest {count} are listed: narrow the filter to see others.")
            self._say(text.format(count=COUNTED))

    def _on_fresh(self, page: Page) -> None:
        if self.table.at_top:
            self.table.replace_top(page.incidents, page.next_id)
            return
        count = self.table.incidents.update_known(page.incidents)
        if count:
            self._fresh = page
            self.new_button.setText(ngettext("{count} new", "{count} new", count).format(count=count))
            self.new_button.show()

    def _on_count(self, count: int) -> None:
        if count >= COUNTED:
            self.count_text.setText(_("More than {count} incidents").format(count=COUNTED))
        else:
            self.count_text.setText(ngettext("{count} incident", "{count} incidents", count).format(count=count))

    def _on_histogram(self, histogram: Histogram) -> None:
        self.histogram.show_counts(histogram)

    def _on_scrolled(self) -> None:
        if self._fresh is not None and self.table.at_top:
            self.show_new()

    def _on_patience_over(self) -> None:
        if self._watches:
            self._show_progress(shown=True)
            self._poll.start()

    def _on_poll(self) -> None:
        watches = self._watches.values()
        self.progress.setValue(round(100 * min((w.done for w in watches), default=1.0)))

    def _rest(self) -> None:
        """Nothing is asked: no timer runs."""
        if not self._watches:
            self._patience.stop()
            self._poll.stop()
            self._show_progress(shown=False)

    def _show_progress(self, *, shown: bool) -> None:
        self.progress.setVisible(shown)
        self.cancel_button.setVisible(shown)
