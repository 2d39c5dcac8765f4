"""A typed time: what it means stands beside it while it is typed, Enter goes there. GUI thread only."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.i18n import _
from app.time_entry import TimeEntry, TimeFlaw, read_time
from widgets.playback_words import entry_text
from widgets.prompt_line import PromptLine


class TimeField(PromptLine):
    """Hidden until `begin`. `now` is the present, epoch seconds."""

    chosen = Signal(float)

    def __init__(self, zone: ZoneInfo, now: Callable[[], float], parent: QWidget | None = None) -> None:
        super().__init__(_("To time"), parent)
        self._zone, self._now, self._shown_utc_s = zone, now, 0.0
        self.field.setPlaceholderText(_("yesterday 18:00"))
        self.field.textChanged.connect(self._on_typed)
        self.entered.connect(self._on_entered)

    @property
    def read(self) -> TimeEntry:
        """What is typed so far, read."""
        return read_time(self.field.text(), self._zone, self._shown_utc_s, self._now())

    def begin(self, shown_utc_s: float) -> None:
        """Ask; `shown_utc_s` is what a time without a day belongs to."""
        self._shown_utc_s = shown_utc_s
        self.ask()
        self._on_typed()

    def _on_entered(self, _text: str) -> None:
        read = self.read
        if read.moments:
            self.leave()
            self.chosen.emit(read.moments[0])

    def _on_typed(self, _text: str = "") -> None:
        read = self.read
        self.tell(entry_text(read, self._zone), quiet=read.flaw is TimeFlaw.UNREADABLE)
