"""Sentences that must be seen but never cover the wall: standing banners, passing toasts. GUI thread only."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from app.feeds import Banner

TOAST_MS = 6000


class BannerLine(QFrame):
    """What is missing or degraded, one line above the status bar; it disappears when nothing is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self._banners: dict[str, Banner] = {}
        self._label = QLabel(self)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._label.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._label.setMinimumWidth(80)
        line = QHBoxLayout(self)
        line.setContentsMargins(10, 4, 10, 4)
        line.addWidget(self._label, 1)
        self.hide()

    @property
    def text(self) -> str:
        """What is shown."""
        return self._label.text()

    def show_banner(self, banner: Banner) -> None:
        """Add, change or (empty text) clear the banner of that key."""
        if banner.text:
            self._banners[banner.key] = banner
        else:
            self._banners.pop(banner.key, None)
        lines = [f"▲ {b.text}  {b.hint}".rstrip() for b in self._banners.values()]
        self._label.setText("\n".join(lines))
        self._label.setToolTip("\n".join(lines))
        self.setVisible(bool(lines))


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
