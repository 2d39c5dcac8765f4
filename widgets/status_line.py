"""The status bar: site clock, cameras live, open alarms and incidents, page, detector. GUI thread only."""

from __future__ import annotations

import time
from dataclasses import dataclass

from PySide6.QtCore import QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from app.i18n import _, ngettext
from app.verifier import JournalVerified
from widgets.banner import TOAST_MS
from widgets.words import clock_text, time_text

_MARGIN_PX, _SPACING_PX = 10, 22


@dataclass(frozen=True, slots=True)
class Situation:
    """What the status bar counts."""

    live: int
    on_wall: int
    cameras: int
    page: int
    pages: int
    alarms: int
    waiting: int
    incidents: int
    detector: str
    looks_per_s: float = 0.0
    lookouts: int = 0
    unread: int = 0
    marks: int = 0
    approvals: int = 0
    coverage: str = ""
    operator: str = ""
    locked: bool = False
    verified: JournalVerified | None = None


class StatusLine(QFrame):
    """One line of facts in fixed places."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("status")
        line = QHBoxLayout(self)
        line.setContentsMargins(_MARGIN_PX, 4, _MARGIN_PX, 4)
        line.setSpacing(_SPACING_PX)
        self.clock, self.cameras, self.page, self.alarms, self.incidents, self.waiting = (
            QLabel(self) for _number in range(6)
        )
        self.detector, self.operator, self.verified = (QLabel(self) for _number in range(3))
        self.coverage = QLabel(self)
        for label in (self.clock, self.cameras, self.coverage, self.page, self.alarms, self.incidents, self.waiting):
            line.addWidget(label)
        self.message = QLabel(self)
        self.message.setObjectName("heading")
        self.message.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # it gives way first
        line.addWidget(self.message, 1)
        self._message_timer = QTimer(self)
        self._message_timer.setSingleShot(True)
        self._message_timer.setInterval(TOAST_MS)
        self._message_timer.timeout.connect(self.message.clear)
        for label in (self.detector, self.operator, self.verified):
            line.addWidget(label)
        hint = QLabel(_("F1 keys"), self)
        hint.setObjectName("muted")
        line.addWidget(hint)

    def say(self, text: str) -> None:
        """A passing sentence, for when the panel is off."""
        self.message.setText(text)
        self._message_timer.start()

    def clear(self) -> None:
        """Take the passing sentence away."""
        self._message_timer.stop()
        self.message.clear()

    def show_situation(self, now: Situation) -> None:
        """Renew every text; called about once a second."""
        self.clock.setText(time_text(time.time()))
        cameras = _("{live} of {shown} tiles live, {all} cameras")
        self.cameras.setText(cameras.format(live=now.live, shown=now.on_wall, all=now.cameras))
        self.coverage.setText(now.coverage)
        self.page.setText(_("Page {page} of {pages}").format(page=now.page, pages=now.pages))
        self.page.setVisible(now.pages > 1)
        alarms = ngettext("{count} alarm, {waiting} waiting", "{count} alarms, {waiting} waiting", now.alarms)
        self.alarms.setText(alarms.format(count=now.alarms, waiting=now.waiting))
        incidents = ngettext("{count} open incident", "{count} open incidents", now.incidents)
        self.incidents.setText(incidents.format(count=now.incidents))
        self.operator.setText(_("{name}, locked").format(name=now.operator) if now.locked else now.operator)
        self.operator.setVisible(bool(now.operator))
        self.verified.setText(_verified_text(now.verified))
        self.verified.setVisible(now.verified is not None)
        self.waiting.setText(_waiting_text(now))
        self.waiting.setVisible(bool(self.waiting.text()))
        self.detector.setText(_detector_text(now) if now.detector else "")
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """More room, or less."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """On a narrow monitor the least important is left out whole, never a word cut in two. Reckoned first: a label
        that is shown and hidden again squeezes the others for one picture, every second."""
        spare = (self.detector, self.coverage, self.cameras)
        kept = [label for label in spare if label.text()]
        others = [one for one in self.findChildren(QLabel) if one not in spare and not one.isHidden()]
        while kept and self._needed_px([*others, *kept]) > self.width():
            kept.pop(0)
        for label in spare:
            if label.isHidden() == (label in kept):
                label.setVisible(label in kept)

    def _needed_px(self, labels: list[QLabel]) -> int:
        """As the row is laid out; the passing sentence has what is left over."""
        row = self.contentsMargins().left() + self.contentsMargins().right() + 2 * _MARGIN_PX
        widths = (0 if one is self.message else one.minimumSizeHint().width() for one in labels)
        return row + sum(widths) + _SPACING_PX * (len(labels) - 1)


def _detector_text(now: Situation) -> str:
    return _("Detector: {name}, {rate} looks/s").format(name=now.detector, rate=f"{now.looks_per_s:.0f}")


def _waiting_text(now: Situation) -> str:
    """What waits for this operator besides alarms; empty when nothing does."""
    parts = []
    if now.lookouts:
        text = ngettext(
            "{count} lookout, {unread} not read (L)", "{count} lookouts, {unread} not read (L)", now.lookouts
        )
        parts.append(text.format(count=now.lookouts, unread=now.unread))
    if now.marks:
        text = ngettext("{count} mark without words (Shift+M)", "{count} marks without words (Shift+M)", now.marks)
        parts.append(text.format(count=now.marks))
    if now.approvals:
        text = ngettext("{count} approval waiting (F5)", "{count} approvals waiting (F5)", now.approvals)
        parts.append(text.format(count=now.approvals))
    return "  ·  ".join(parts)


def _verified_text(verified: JournalVerified | None) -> str:
    """When the journal was last proved whole; what it was, when it was not."""
    if verified is None:
        return ""
    time_of_day = clock_text(verified.at_utc_s)[:5]
    if verified.ok:
        return _("Journal verified {time}").format(time=time_of_day)
    return _("⚠ Journal NOT intact ({count}), {time}").format(count=verified.problems, time=time_of_day)
