"""A tick with words that go on in the next line where there is little room; Qt's own cuts them off. GUI thread only."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QCheckBox, QSizePolicy, QStyle, QWidget

_LEAST_PX = 120
_SPARE_PX = 6


class WrappedCheck(QCheckBox):
    """`words` are what it says, in one line; `text()` has them as they are shown."""

    def __init__(self, words: str = "", parent: QWidget | None = None) -> None:
        super().__init__(words, parent)
        self.words = words
        self.setAccessibleName(words)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)  # Qt's own is never less than a line

    def say(self, words: str) -> None:
        """Other words."""
        self.words = words
        self.setAccessibleName(words)
        self._wrap()

    def minimumSizeHint(self) -> QSize:
        """Little width; the height is that of its lines."""
        hint = super().minimumSizeHint()
        return QSize(min(hint.width(), _LEAST_PX), hint.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As many lines as it needs now."""
        super().resizeEvent(event)
        self._wrap()

    def _wrap(self) -> None:
        style, metrics = self.style(), self.fontMetrics()
        box_px = style.pixelMetric(QStyle.PixelMetric.PM_IndicatorWidth, None, self)
        box_px += style.pixelMetric(QStyle.PixelMetric.PM_CheckBoxLabelSpacing, None, self)
        room_px, lines = self.width() - box_px - _SPARE_PX, [""]
        for word in self.words.split():
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and metrics.horizontalAdvance(longer) > room_px:
                lines.append(word)
            else:
                lines[-1] = longer
        text = "\n".join(lines)
        if text != self.text():
            self.setText(text)
