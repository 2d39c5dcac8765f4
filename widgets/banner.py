"""Sentences that must be seen but never cover the wall: standing banners, passing toasts. GUI thread only."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from app.feeds import Banner
from widgets import theme

TOAST_MS = 6000
_LINE_PX = 19
_BETWEEN = "    "
_MOST = 3


class BannerLine(QFrame):
    """What is missing or degraded, in a line above the status bar that is always there: no tile moves when something
    comes or goes. Several stand side by side; one that has no room is cut, and whole under the pointer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self._banners: dict[str, Banner] = {}
        self._lines: list[str] = []
        self._label = QLabel(self)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._label.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._label.setFixedHeight(_LINE_PX)
        line = QHBoxLayout(self)
        line.setContentsMargins(10, 2, 10, 2)
        line.addWidget(self._label, 1)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    @property
    def text(self) -> str:
        """All that stands, whole, a line each."""
        return "\n".join(self._lines)

    @property
    def shown(self) -> str:
        """What is read: cut where it has no room."""
        return self._label.text()

    def show_banner(self, banner: Banner) -> None:
        """Add, change or (empty text) clear the banner of that key."""
        if banner.text:
            self._banners[banner.key] = banner
        else:
            self._banners.pop(banner.key, None)
        self._lines = [f"▲ {b.text}  {b.hint}".rstrip() for b in self._banners.values()]
        self._label.setToolTip(self.text)
        self._label.setAccessibleName(self.text)
        theme.mark(self, "standing", on=bool(self._lines))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """There is other room."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """The newest few, each with a share; what a short one leaves over is for the others."""
        texts, more = self._lines[-_MOST:], len(self._lines) - _MOST
        first = [f"+{more}"] if more > 0 else []
        metrics = self._label.fontMetrics()
        between = metrics.horizontalAdvance(_BETWEEN)
        left = self.width() - 20 - sum(metrics.horizontalAdvance(text) + between for text in first)
        rooms: dict[int, int] = {}
        order = sorted(range(len(texts)), key=lambda n: metrics.horizontalAdvance(texts[n]))
        for done, number in enumerate(order):
            share = left // (len(order) - done) - between
            rooms[number] = min(share, metrics.horizontalAdvance(texts[number]) + 2)
            left -= rooms[number] + between
        cut = [metrics.elidedText(text, Qt.TextElideMode.ElideRight, rooms[n]) for n, text in enumerate(texts)]
        self._label.setText(_BETWEEN.join([*first, *cut]))


class Toast(QFrame):
    """A passing sentence at the foot of the panel: a refusal, a written report, an undo that is possible."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("toast")
        self._label = QLabel(self)
        self._label.setWordWrap(True)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        line = QHBoxLayout(self)
        line.setContentsMargins(10, 8, 10, 8)
        line.addWidget(self._label, 1)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(TOAST_MS)
        self._timer.timeout.connect(self.hide)
        self.hide()

    @property
    def text(self) -> str:
        """The last sentence."""
        return self._label.text()

    def say(self, text: str, *, refused: bool = False) -> None:
        """Show a sentence for six seconds."""
        self._label.setText(f"✕ {text}" if refused else text)
        self.setProperty("refused", refused)
        self.style().unpolish(self)
        self.style().polish(self)
        self.show()
        self._timer.start()

    def clear(self) -> None:
        """Say nothing any more."""
        self._timer.stop()
        self.hide()
