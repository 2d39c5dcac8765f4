"""Search in recordings as a page of the panel: what to look for, then what was found, as it comes. GUI thread only.

A run is asked for its news by a timer while it is on. What was found goes when somebody else sits down, when a camera
may not be seen any more, and when privacy masks are changed: its pictures have those of their time.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QProgressBar, QStackedWidget, QVBoxLayout, QWidget

from app.feeds import Desk
from app.footage_search import (
    KIND_TEXTS,
    MOST_MOMENTS,
    FootageQuery,
    FootageSearchDesk,
    FoundMoment,
    SearchNews,
    SearchRun,
    SearchState,
)
from app.i18n import _, ngettext
from app.range_entry import range_text
from storage.case_commands import AddNote
from storage.case_records import NoteKind
from storage.records import Incident
from widgets.claimed_keys import Call, ClaimedKeys, claims_escape, quiet_button
from widgets.footage_results import FootageResults
from widgets.footage_search_form import FootageSearchForm
from widgets.words import Names, clock_text

POLL_MS = 150
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class FootageSearchPage(QStackedWidget):
    """Form and results; Esc goes from these back to the form, and cancels a search that is on."""

    moment_chosen = Signal(str, float, str)
    """Camera, time, and the case or reason that it was found for."""
    range_chosen = Signal(tuple, float, float, str)
    said = Signal(str)

    def __init__(self, desk: Desk, search: FootageSearchDesk, zone: ZoneInfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk, self._search, self._zone = desk, search, zone
        self._run: SearchRun | None = None
        self._ground = ""
        self._masks = desk.registry().privacy_masks
        self.found_count = 0
        self.form = FootageSearchForm(desk, zone, parent=self)
        self.results = FootageResults(zone, self)
        self.heading, self.told, self.hint = QLabel(self), QLabel(self), QLabel(self)
        self.progress = QProgressBar(self)
        self.back = quiet_button(self, "", self.leave_results)
        self.addWidget(self.form)
        self.addWidget(self._found_page())
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._take)
        self.form.asked.connect(self.begin)
        self.results.moment_chosen.connect(lambda *found: self.moment_chosen.emit(*found, self._ground))
        self.results.range_chosen.connect(lambda *found: self.range_chosen.emit(*found, self._ground))
        self.results.bookmark_asked.connect(self._bookmark)
        self.results.letter_refused.connect(lambda: self.said.emit(self.hint.text()))
        ClaimedKeys(self.form, self._form_call_of)

    def _found_page(self) -> QWidget:
        page = QWidget(self)
        column = QVBoxLayout(page)
        column.setContentsMargins(12, 8, 12, 8)
        self.heading.setObjectName("heading")
        self.hint.setObjectName("muted")
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(6)
        self.hint.setText(_("Enter  Show     B  Bookmark     E  Export"))
        for label in (self.heading, self.told, self.hint):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        for widget in (self.heading, self.told, self.progress):
            column.addWidget(widget)
        column.addWidget(self.results, 1)
        column.addWidget(self.hint)
        column.addWidget(self.back)
        return page

    @property
    def searching(self) -> bool:
        """Whether a search is on."""
        return self._run is not None

    # From elsewhere

    def suggest(self, camera_id: str | None) -> None:
        """The camera in focus when the page is called."""
        self.form.suggest(camera_id)

    def show_incident(self, incident: Incident | None) -> None:
        """What the search is for, unless something is typed."""
        self.form.suggest_case(incident)

    def renew(self) -> None:
        """Records or rights may have changed."""
        registry = self._desk.registry()
        if registry.privacy_masks != self._masks:
            self._masks = registry.privacy_masks
            if self.searching or self.results.found.rowCount():
                self._forget(_("Privacy masks were changed: search again."))
        self.results.keep(lambda moment: self._desk.may_see(moment.camera_id))
        self.form.use_cameras()

    def relieve(self) -> None:
        """Somebody else sits here: nothing typed, drawn or found stays."""
        self._forget("")
        self.form.clear()
        self._show_form()

    # A search

    def begin(self) -> None:
        """Search for what the form says."""
        query = self.form.query()
        if query is None:
            return
        self._forget("")
        self._ground = query.ground
        self.heading.setText(self._title(query))
        self._run = self._search.begin(query)
        self.setCurrentIndex(1)
        self.results.setFocus(Qt.FocusReason.OtherFocusReason)
        self._timer.start()
        self._take()

    def leave_results(self) -> None:
        """End the search that is on; a second time, or of one that is over: back to the form."""
        if self._run is not None:
            self._run.cancel()
            self._take()
        else:
            self._show_form()
            self.form.kind.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _title(self, query: FootageQuery) -> str:
        camera = Names(self._desk.registry()).camera(query.camera_ids[0]) if query.camera_ids else _("All cameras")
        when = range_text(query.from_utc_s, query.to_utc_s, self._zone)
        return f"{_(KIND_TEXTS[query.kind])} · {camera} · {when}"

    def _take(self) -> None:
        if self._run is None:
            return
        news = self._run.take()
        names = Names(self._desk.registry())
        seen = [moment for moment in news.moments if self._desk.may_see(moment.camera_id)]
        self.found_count += len(seen)
        self.results.add(seen, names.camera)
        if news.state is not SearchState.RUNNING:
            self._run = None
            self._timer.stop()
        self._show_news(news)
        if news.state is SearchState.REFUSED and not self.found_count:
            self._show_form()
            self.form.say(news.sentence)
            self.form.ground.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_news(self, news: SearchNews) -> None:
        running = news.state is SearchState.RUNNING
        self.progress.setVisible(running)
        self.progress.setValue(round(news.share * 1000))
        self.told.setText(self._told(news))
        self.back.setText(_("Esc  Cancel the search") if running else _("Esc  Another search"))

    def _told(self, news: SearchNews) -> str:
        found = ngettext("{count} moment found", "{count} moments found", self.found_count).format(
            count=self.found_count
        )
        if news.state is SearchState.RUNNING:
            return _("{found}, {share} searched").format(found=found, share=f"{news.share:.0%}")
        if news.state is SearchState.CANCELLED:
            return _("{found} until it was cancelled at {share}").format(found=found, share=f"{news.share:.0%}")
        if news.state is SearchState.REFUSED:
            return f"{found}. {news.sentence}"
        if news.state is SearchState.FULL:
            return _("The first {count} are shown; there are more. Search a shorter time.").format(count=MOST_MOMENTS)
        return found if self.found_count else _("Nothing was found.")

    def _forget(self, text: str) -> None:
        """End the search and drop what was found."""
        run, self._run = self._run, None
        self._timer.stop()
        if run is not None:
            run.cancel()
        self.results.clear()
        self._ground = ""
        self.found_count = 0
        self.progress.hide()
        self.told.setText(text)

    def _show_form(self) -> None:
        self.setCurrentIndex(0)

    def _bookmark(self, moment: FoundMoment) -> None:
        self._desk.apply(AddNote(moment.text, NoteKind.BOOKMARK, camera_id=moment.camera_id, utc_s=moment.utc_s))
        name = Names(self._desk.registry()).camera(moment.camera_id)
        self.said.emit(_("Bookmarked {time} on {camera}.").format(time=clock_text(moment.utc_s), camera=name))

    # Qt

    def focusInEvent(self, event: QFocusEvent) -> None:
        """To what is seen. No focus proxy: Tab would end at it."""
        super().focusInEvent(event)
        (self.results if self.currentIndex() else self.form.kind).setFocus(event.reason())

    def showEvent(self, event: QShowEvent) -> None:
        """A search that is on is asked for its news again."""
        super().showEvent(event)
        if self._run is not None:
            self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks: it goes on, and its news wait."""
        super().hideEvent(event)
        self._timer.stop()

    def event(self, event: QEvent) -> bool:
        """Esc leaves the results before it leaves the panel."""
        if self.currentIndex() == 1 and claims_escape(event):
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Back, step by step."""
        if event.key() == Qt.Key.Key_Escape and self.currentIndex() == 1:
            self.leave_results()
        else:
            super().keyPressEvent(event)

    def _form_call_of(self, event: QKeyEvent) -> Call | None:
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        return (_nothing if event.isAutoRepeat() else self.begin) if plain and event.key() in _ENTER else None


def _nothing() -> None:
    """A key that is held down acts once."""
