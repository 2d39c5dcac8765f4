"""The alarm queue in time: rows, shelves that end, the rate in the heading, flood mode and the list to clear after it.

It looks again each second, since rates fall and shelves end while the journal is quiet. GUI thread only; what is shown
is decided in `app.alarm_rows`.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from app.alarm_rows import TARGET, AlarmRow, AlarmView, ShelvedGroup, Site, view_of
from app.feeds import Banner, Desk, DeskState
from app.i18n import _, ngettext
from storage.journal import Registry
from storage.records import AlarmState, Severity
from widgets.alarm_queue import ROW_PX, FactTable
from widgets.alarm_sound import AlarmSound

LOOK_MS = 1000
_BANNER = "alarm_flood"
_HEAD_PX = 26
_SEEN_ROWS = 3
"""So many rows are seen however small the panel is: in a flood the worst are there."""
_FLOOD_SHARE = 0.3
"""Of the window's height, for the rows of a flood."""


class ElidedHeading(QLabel):
    """A heading of one line; what has no room is left out at its end, the whole text is the tooltip."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.whole = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def say(self, text: str) -> None:
        """Show this."""
        self.whole = text
        self.setAccessibleName(text)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width, another end."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        shown = self.fontMetrics().elidedText(self.whole, Qt.TextElideMode.ElideRight, self.contentsRect().width())
        self.setText(shown)
        self.setToolTip(self.whole if shown != self.whole else "")


class AlarmBoard(QObject):
    """`view` is what is shown; `clearing` while the table lists what a flood left."""

    said = Signal(str)
    view_changed = Signal()

    def __init__(
        self,
        desk: Desk,
        table: FactTable[AlarmRow],
        heading: ElidedHeading,
        parent: QWidget,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(parent)
        self.clock = clock
        self.view, self.clearing = AlarmView(), False
        self.sound = AlarmSound(enabled=desk.offices.alarms.sound, parent=self)
        self._desk, self._table, self._heading = desk, table, heading
        self._state = DeskState()
        self._registry: Registry | None = None
        self._site = Site(desk.registry())
        table.follow = self._successor
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    @property
    def site(self) -> Site:
        """Where cameras stand, as the registry has it now."""
        return self._site

    def show_state(self, state: DeskState) -> None:
        """The desk's newest facts."""
        self._state = state
        self._show()

    def look(self) -> None:
        """Time has passed."""
        view = self.view
        if view.rate or view.shelved or view.to_clear or view.flood is not None:
            self._show()

    def toggle_clearing(self) -> None:
        """List what came in a flood and nobody has judged, oldest first; or everything again."""
        if not self.clearing and not self.view.to_clear:
            self.said.emit(_("Nothing of a flood is left to clear."))
            return
        self.clearing = not self.clearing
        self._show_rows()
        if self.clearing and self._table.facts.rows:
            self._table.selectRow(0)

    def relieve(self) -> None:
        """Somebody else sits here."""
        self.clearing = False

    def close(self) -> None:
        """The window goes."""
        self._timer.stop()
        self.sound.stop()

    def _show(self) -> None:
        registry = self._desk.registry()
        if registry is not self._registry:
            self._registry, self._site = registry, Site(registry)
        state, before = self._state, self.view
        self.view = view_of(self._site, state.alarms, state.raised, state.shelves, self.clock(), before)
        if self.clearing and not self.view.to_clear:
            self.clearing = False
            self.said.emit(_("The list is cleared: everything of the flood is judged."))
        self._show_rows()
        self._tell_flood(before)
        self._tell_shelves(before.shelved)
        shelved = {alarm.id for group in self.view.shelved for alarm in group.alarms}
        self.sound.hear(state.alarms, shelved, flood=self.view.flood is not None)
        if _marked(self.view) != _marked(before):
            self.view_changed.emit()

    def _show_rows(self) -> None:
        rows = self._rows_to_clear() if self.clearing else self.view.rows
        known = {row.id for row in self._table.facts.rows}
        self._table.show_rows(rows, self._desk.registry())
        self._table.setMinimumHeight(_HEAD_PX + ROW_PX * min(max(len(rows), 1), self._seen_rows()))
        new_worst = any(row.severity >= Severity.CRITICAL and row.id not in known for row in rows)
        if new_worst or not self._table.hasFocus():
            self._table.scrollToTop()  # a selected row further down must not push the worst out of sight
        self._heading.say(self._heading_text())

    def _seen_rows(self) -> int:
        """In a flood, and while its list is cleared, the queue takes room from what is below it."""
        if self.view.flood is None and not self.clearing:
            return _SEEN_ROWS
        return max(int(self._table.window().height() * _FLOOD_SHARE) // ROW_PX, _SEEN_ROWS)

    def _rows_to_clear(self) -> tuple[AlarmRow, ...]:
        """Severity 5 is on top of this list too, wherever it came from."""
        worst = [row for row in self.view.rows if row.severity >= Severity.CRITICAL]
        return (*worst, *(row for row in self.view.to_clear if row.severity < Severity.CRITICAL))

    def _heading_text(self) -> str:
        view = self.view
        if self.clearing:
            text = _("To clear after the flood  ·  {count} left  ·  Shift+C: all alarms")
            return text.format(count=len(view.to_clear))
        standing = view.standing
        waiting = sum(1 for alarm in standing if alarm.state is AlarmState.RAISED)
        open_now = _("{count} open, {waiting} waiting").format(count=len(standing), waiting=waiting)
        if self._state.unlisted_alarms:
            unlisted = _("{count} more, oldest of the least severe, are not listed")
            open_now = f"{open_now}, {unlisted.format(count=self._state.unlisted_alarms)}"
        rate = _("{rate} in 10 min, target {target}").format(rate=view.rate, target=TARGET)
        shelved = _("{count} shelved (Shift+L)").format(count=len(view.shelved)) if view.shelved else ""
        to_clear = _("{count} to clear (Shift+C)").format(count=len(view.to_clear)) if view.to_clear else ""
        if view.flood is None:
            parts = [_("Alarms"), open_now, to_clear, shelved, rate]
        else:  # what is at the end may have no room: the banner tells of the list to clear
            parts = [_("FLOOD"), open_now, rate, to_clear, shelved]
        return "  ·  ".join(filter(None, parts))

    def _tell_flood(self, before: AlarmView) -> None:
        if (self.view.flood is None) is (before.flood is None):
            return
        if self.view.flood is not None:
            text = _(
                "Alarm flood: grouped by cause and district; severity 5 stays on top, each alone. Nothing is lost."
            )
            self._desk.bus.publish(Banner(_BANNER, text, _("Shift+C lists what is left to clear.")))
            return
        self._desk.bus.publish(Banner(_BANNER, ""))
        count = len(self.view.to_clear)
        text = ngettext(
            "The flood is over; {count} alarm to clear (Shift+C).",
            "The flood is over; {count} alarms to clear (Shift+C).",
            count,
        )
        self.said.emit(text.format(count=count))

    def _tell_shelves(self, before: tuple[ShelvedGroup, ...]) -> None:
        """What came back says so, also when nothing had come meanwhile."""
        still = {group.shelf.id for group in self.view.shelved}
        for group in before:
            if group.shelf.id not in still:
                count = len(group.alarms)
                text = ngettext(
                    "In the queue again: {name} ({count} alarm).", "In the queue again: {name} ({count} alarms).", count
                )
                self.said.emit(text.format(name=group.shelf.name, count=count))

    def _successor(self, gone: AlarmRow, before: tuple[AlarmRow, ...]) -> str:
        """The row that has the alarms of one that is gone: groups change when a flood begins. In the list to clear the
        next one, so that one key after the other goes through it."""
        ids = {alarm.id for alarm in gone.alarms}
        rows = self._table.facts.rows
        same = next((row.id for row in rows if any(alarm.id in ids for alarm in row.alarms)), "")
        if same or not self.clearing:
            return same
        left = {row.id for row in rows}
        after = before[next((n for n, row in enumerate(before) if row.id == gone.id), 0) :]
        return next((row.id for row in (*after, *reversed(before)) if row.id in left), "")


def _marked(view: AlarmView) -> tuple[object, ...]:
    """What other views show of it."""
    return view.standing, view.shelved, view.flood is None, view.opened
