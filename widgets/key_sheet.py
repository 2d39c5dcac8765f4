"""Pages of the panel that are read, not worked with: the keys, and what this program is. GUI thread only."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib import metadata
from pathlib import Path
from textwrap import wrap

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QAbstractSlider, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from app.i18n import _
from widgets.claimed_keys import Call, ClaimedKeys
from widgets.keys import KEYS, KeyGroup

SOURCE = Path(__file__).resolve().parents[1]
_Scroll = QAbstractSlider.SliderAction
_SCROLLS = {
    Qt.Key.Key_Up: _Scroll.SliderSingleStepSub,
    Qt.Key.Key_Down: _Scroll.SliderSingleStepAdd,
    Qt.Key.Key_PageUp: _Scroll.SliderPageStepSub,
    Qt.Key.Key_PageDown: _Scroll.SliderPageStepAdd,
    Qt.Key.Key_Home: _Scroll.SliderToMinimum,
    Qt.Key.Key_End: _Scroll.SliderToMaximum,
}
_PLAIN = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
_KEY_LETTERS = 20
"""A row of many keys is broken after so many: else the meanings of all of them have no room in a narrow panel."""


class KeySheet(QScrollArea):
    """All keys, by group, beside the wall."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        ClaimedKeys(self, self._scrolling)
        self._steps = self._built()

    def showEvent(self, event: QShowEvent) -> None:
        """Lay the keys out when they are first asked for: about a hundred labels, which no start should wait for."""
        super().showEvent(event)
        for _group in self._steps:
            pass  # those that were not laid out ahead

    def prepare(self) -> Iterator[str]:
        """Lay them out ahead, a group a step."""
        for group in self._steps:
            yield f"keys of {group}"

    def _scrolling(self, event: QKeyEvent) -> Call | None:
        action = _SCROLLS.get(Qt.Key(event.key())) if event.modifiers() in _PLAIN else None
        return partial(self.verticalScrollBar().triggerAction, action) if action is not None else None

    def _built(self) -> Iterator[KeyGroup]:
        page = QWidget(self)
        page.setObjectName("panel")
        grid = QGridLayout(page)
        grid.setContentsMargins(12, 10, 12, 10)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        row = 0
        for group in KeyGroup:
            row = _add_group(grid, row, group)
            yield group
        grid.setRowStretch(row, 1)
        self.setWidget(page)


def _add_group(grid: QGridLayout, row: int, group: KeyGroup) -> int:
    heading = QLabel(_(group.value))
    heading.setObjectName("heading")
    heading.setContentsMargins(0, 8 if row else 0, 0, 2)
    grid.addWidget(heading, row, 0, 1, 2)
    for key in (k for k in KEYS if k.group is group):
        row += 1
        label, meaning = QLabel("\n".join(wrap(key.label, _KEY_LETTERS))), QLabel(key.meaning)
        label.setObjectName("key")
        meaning.setWordWrap(True)
        grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(meaning, row, 1)
    return row + 1


class AboutPage(QWidget):
    """Name, version, licence, offer of the source."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(8)
        heading = QLabel("Watchfloor " + _version())
        heading.setObjectName("number")
        column.addWidget(heading)
        self.text = QLabel(_about_text())
        self.text.setWordWrap(True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        column.addWidget(self.text)
        self.painting = QLabel(self)
        self.painting.setWordWrap(True)
        self.painting.setTextFormat(Qt.TextFormat.PlainText)
        column.addWidget(self.painting)
        column.addStretch(1)

    def show_painting(self, text: str) -> None:
        """Who paints the wall, and why."""
        self.painting.setText(text)


def _about_text() -> str:
    return "\n\n".join(
        (
            _("Operator workstation of a city situation centre."),
            _("Licence: AGPL-3.0-or-later, without any warranty. You may use, study, share and change it."),
            _("The complete source of this version is offered to everybody who uses it. It is here: {folder}").format(
                folder=SOURCE
            ),
            _("Watchfloor never identifies people by face or body and stores nothing that would allow it."),
        )
    )


def _version() -> str:
    try:
        return metadata.version("watchfloor")
    except metadata.PackageNotFoundError:
        return ""
