"""What a changed rule, zone or scale would have done, as one sentence beside the form, before it is saved. No dialog.

It tries by itself a moment after the last change, says how far it is, and saves what may be saved. GUI thread only; the
desk's answers come through the bridge.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QWidget

from app.i18n import _
from app.rule_changes import SaveAnswer
from app.rule_trial import Tried
from app.trial_desk import TrialAnswer, TrialDesk
from widgets.bridge import Answers, Bridge

AFTER_MS = 400


class TrialLine(QLabel):
    """`offer` what the form says; `save` it. Hidden while there is nothing to say."""

    said = Signal(str)
    saved = Signal(object)
    """The record is durable."""
    removed = Signal(object)
    """The record is out of use."""

    def __init__(self, desk: TrialDesk, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._answers, self._removals, self._lasting = Answers(bridge), Answers(bridge), Answers(bridge)
        self._record: Tried | None = None
        self._saving = self._removing = self._waiting = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(AFTER_MS)
        self._timer.timeout.connect(self._try)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAccessibleName(_("What the change would have done"))
        self.hide()

    def offer(self, record: Tried | None, before: Tried | None) -> None:
        """What the form says now; None, or the same as `before`: nothing to try."""
        if record is not None and record == self._record:
            return
        self._leave()
        if record is not None and record != before:
            self._record, self._waiting = record, True
            self._say(_("Trying it on the tracks of the last days ..."))
            self._timer.start()

    def save(self, record: Tried) -> None:
        """Save it when its trial allows that; a second press while one is under way does nothing."""
        if self._saving or self._removing:
            return
        self._timer.stop()
        self._answers.forget()
        self._record, self._saving, self._waiting = record, True, False
        here = self._answers.here
        self._desk.save(record, here(self._on_share), here(self._on_saved), here(self._on_refused))

    def remove(self, record: Tried) -> None:
        """Take it out of use, where that may be; a second press while one is under way does nothing."""
        if self._saving or self._removing:
            return
        self._leave()
        self._removing = True
        here = self._removals.here
        self._desk.remove(record, here(partial(self._on_removed, record)), here(self._on_not_removed))

    def save_all(self, records: Sequence[Tried], refused: Callable[[], None] = lambda: None) -> None:
        """Several that nobody has open here: copies, and what an undo brings back. `refused`: not all were saved."""
        answers = self._lasting

        def done(answer: SaveAnswer) -> None:
            if not answer.saved:
                self.said.emit(answer.sentence)
                refused()

        def failed(text: str) -> None:
            self.said.emit(text)
            refused()

        self._desk.save_all(records, answers.here(done), answers.here(failed))

    def relieve(self) -> None:
        """Somebody else sits here: whatever was asked, its answer is none of theirs."""
        self._removals.forget()
        self._removing = False
        self._leave()

    def _leave(self) -> None:
        """Another record: nobody waits for the trial any more. What is taken out of use is still told."""
        self._timer.stop()
        if self._record is not None:
            self._answers.forget()
            self._desk.cancel()
        self._record, self._saving, self._waiting = None, False, False
        self.hide()

    def hideEvent(self, event: QHideEvent) -> None:
        """The page goes: nothing begins that nobody sees."""
        super().hideEvent(event)
        self._timer.stop()

    def showEvent(self, event: QShowEvent) -> None:
        """The page is back: what was not tried is tried now."""
        super().showEvent(event)
        if self._waiting:
            self._timer.start()

    def _try(self) -> None:
        record, here = self._record, self._answers.here
        if record is not None and self._waiting:
            self._waiting = False
            self._desk.try_record(record, here(self._on_share), here(self._on_tried), here(self._on_refused))

    def _on_share(self, share: float) -> None:
        self._say(_("Trying it on the tracks of the last days: {share} %").format(share=int(share * 100)))

    def _on_tried(self, answer: TrialAnswer) -> None:
        self._say(answer.sentence, warn=answer.lost > 0)

    def _on_saved(self, answer: SaveAnswer) -> None:
        record, self._saving = self._record, False
        self._say(answer.sentence, warn=not answer.saved)
        self.said.emit(answer.sentence)
        if answer.saved and record is not None:
            self.saved.emit(record)

    def _on_not_removed(self, text: str) -> None:
        self._removing = False
        self.said.emit(text)
        self._say(text, warn=True)

    def _on_removed(self, record: Tried, answer: SaveAnswer) -> None:
        self._removing = False
        if answer.saved:
            self.hide()
            self.removed.emit(record)
        else:
            self._say(answer.sentence, warn=True)
            self.said.emit(answer.sentence)

    def _on_refused(self, text: str) -> None:
        if self._saving:
            self.said.emit(text)
        self._saving = False
        self._say(text, warn=True)

    def _say(self, text: str, *, warn: bool = False) -> None:
        self.setObjectName("fault" if warn else "")
        self.style().unpolish(self)
        self.style().polish(self)
        self.setText(text)
        self.show()
