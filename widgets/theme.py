"""How Watchfloor looks: a dark, calm theme for a twelve-hour shift, and the font that it brings along.

Nothing blinks. Meaning is never carried by colour alone; the colours that mean something are those of Okabe and Ito,
which people with colour-blindness tell apart (Okabe & Ito, Color Universal Design, 2008). GUI thread only.
"""

from __future__ import annotations

from importlib.resources import files

from PySide6.QtCore import QByteArray, QObject, QTimer
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QAbstractItemView, QApplication, QWidget
from shiboken6 import isValid

FONT_PX = 13

WALL = "#0b0c0e"
WINDOW = "#15171a"
PANEL = "#1b1e22"
RAISED = "#24282d"
LINE = "#33383f"
TEXT = "#e4e7eb"
MUTED = "#9aa3ad"
ACCENT = "#4c9be8"
CHOSEN, CURRENT, ON_CURRENT = "#363c44", "#2c6daf", "#ffffff"
"""A row that is chosen; the same where the keyboard is, 3:1 against the panel also in grey; text on it (5:1)."""

SKY = "#56b4e9"
GREEN = "#009e73"
LIGHT_GREEN = "#2cc39a"
YELLOW = "#f0e442"
ORANGE = "#e69f00"
VERMILLION = "#d55e00"
LIGHT_VERMILLION = "#ff8a3c"
PURPLE = "#cc79a7"

_STYLE = f"""
QWidget {{ color: {TEXT}; font-size: {FONT_PX}px; }}
QMainWindow, QDialog {{ background: {WINDOW}; }}
QMenuBar {{ background: {WINDOW}; border-bottom: 1px solid {LINE}; padding: 1px 4px; }}
QMenuBar::item {{ padding: 4px 10px; background: transparent; border-radius: 3px; }}
QMenuBar::item:selected, QMenu::item:selected {{ background: {RAISED}; }}
QMenu {{ background: {PANEL}; border: 1px solid {LINE}; padding: 4px; }}
QMenu::item {{ padding: 5px 24px 5px 12px; border-radius: 3px; }}
QMenu::separator {{ height: 1px; background: {LINE}; margin: 4px 6px; }}
QSplitter::handle {{ background: {LINE}; }}
QSplitter::handle:hover {{ background: {ACCENT}; }}
#panel {{ background: {PANEL}; }}
#status, #banner {{ background: {WINDOW}; border-top: 1px solid {LINE}; }}
#banner[standing="true"] {{ background: #2b2718; }}
#replay {{ background: {WINDOW}; border-top: 1px solid {PURPLE}; }}
#replay QPushButton {{ padding: 4px 2px; font-size: 12px; }}
#playback {{ background: {WINDOW}; border: 3px solid {PURPLE}; }}
#playback_head, #playback_transport {{ background: {WINDOW}; }}
#playback_head {{ border-bottom: 1px solid {LINE}; }}
#playback_transport {{ border-top: 1px solid {LINE}; }}
#playback_transport QPushButton {{ padding: 4px 2px; font-size: 12px; }}
#playback_popup {{ background: {PANEL}; border: 1px solid {PURPLE}; border-radius: 3px; }}
#plate {{ color: {PURPLE}; border: 2px solid {PURPLE}; border-radius: 2px; padding: 2px 8px; font-weight: bold; }}
#plate[here="true"] {{ color: #14101a; background: {PURPLE}; }}
#clock {{ font-size: 20px; font-weight: bold; }}
#playback_date {{ font-size: 14px; }}
#playback_range {{ color: {ACCENT}; }}
QPushButton#narrow {{ padding: 5px 2px; font-size: 12px; }}
#choice QPushButton, QPushButton#step {{ padding: 4px 6px; text-align: left; }}
#toast {{ background: {RAISED}; border-left: 3px solid {ACCENT}; }}
#toast[refused="true"] {{ border-left: 3px solid {LIGHT_VERMILLION}; }}
#heading {{ font-weight: bold; }}
#muted {{ color: {MUTED}; }}
#number {{ font-size: 17px; font-weight: bold; }}
#key {{ background: {RAISED}; border: 1px solid {LINE}; border-radius: 3px; padding: 1px 6px; }}
QTableView, QListView {{ background: {PANEL}; alternate-background-color: #1f2226; border: 1px solid {PANEL};
    gridline-color: transparent; selection-background-color: {CHOSEN}; selection-color: {TEXT}; outline: none; }}
QTableView::item {{ padding: 0 4px; border: none; }}
QTableView[keys="true"], QListView[keys="true"] {{ border-color: {ACCENT};
    selection-background-color: {CURRENT}; selection-color: {ON_CURRENT}; }}
QTableView::item:focus, QListView::item:focus {{ background: {CURRENT}; color: {ON_CURRENT}; }}
QHeaderView {{ background: {PANEL}; }}
QHeaderView::section {{ background: {PANEL}; color: {MUTED}; border: none; border-bottom: 1px solid {LINE};
    padding: 3px 4px; font-size: 12px; }}
QLineEdit {{ background: {WALL}; border: 1px solid {LINE}; border-radius: 3px; padding: 5px 6px;
    selection-background-color: #27496b; }}
QLineEdit:focus {{ border-color: {ACCENT}; }}
QPushButton {{ background: {RAISED}; border: 1px solid {LINE}; border-radius: 3px; padding: 5px 10px; }}
QPushButton:hover, QPushButton:focus {{ border-color: {ACCENT}; }}
QPushButton:pressed {{ background: {LINE}; }}
QPushButton:disabled {{ color: #626a73; border-color: #2a2e33; background: {PANEL}; }}
QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
QScrollBar::handle {{ background: #3d434b; border-radius: 4px; min-height: 24px; min-width: 24px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QScrollArea {{ border: none; background: transparent; }}
QToolTip {{ background: {RAISED}; color: {TEXT}; border: 1px solid {LINE}; padding: 3px; }}
"""


def apply(app: QApplication) -> None:
    """Dress the application: style, palette, style sheet, font."""
    app.setStyle("Fusion")
    app.setPalette(_palette())
    app.setFont(_font())
    app.setStyleSheet(_STYLE)
    if app.findChild(KeysMark) is None:
        KeysMark(app)


class KeysMark(QObject):
    """Tells the style sheet which list has the keyboard: it knows the focus, but not in the colours of rows."""

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._marked: QAbstractItemView | None = None
        app.focusChanged.connect(self._on_focus_changed)

    def _on_focus_changed(self, _old: object, _now: object) -> None:
        """Afterwards: who loses the keyboard may be about to go."""
        QTimer.singleShot(0, self, self._renew)

    def _renew(self) -> None:
        now, before = QApplication.focusWidget(), self._marked
        if before is not None and before is not now and isValid(before):
            mark(before, "keys", on=False)
        self._marked = now if isinstance(now, QAbstractItemView) else None
        if self._marked is not None:
            mark(self._marked, "keys", on=True)


def mark(widget: QWidget, name: str, *, on: bool) -> None:
    """Let the style sheet know of a state of this widget."""
    if widget.property(name) is not on:
        widget.setProperty(name, on)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def _font() -> QFont:
    families = load_fonts()
    font = QFont(families[0]) if families else QFont()
    font.setPixelSize(FONT_PX)
    return font


def load_fonts() -> list[str]:
    """Load the fonts that the program carries, so that a machine without fonts shows text; their family names."""
    folder = files("resources").joinpath("fonts")
    if not folder.is_dir():
        return []
    families: list[str] = []
    for file in sorted(folder.iterdir(), key=lambda f: (len(f.name), f.name)):
        if file.name.endswith(".ttf"):
            number = QFontDatabase.addApplicationFontFromData(QByteArray(file.read_bytes()))
            families += QFontDatabase.applicationFontFamilies(number)
    return list(dict.fromkeys(sorted(families, key=lambda family: family != "Noto Sans")))


def _palette() -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    colours = {
        role.Window: WINDOW,
        role.WindowText: TEXT,
        role.Base: PANEL,
        role.AlternateBase: RAISED,
        role.Text: TEXT,
        role.PlaceholderText: MUTED,
        role.Button: RAISED,
        role.ButtonText: TEXT,
        role.ToolTipBase: RAISED,
        role.ToolTipText: TEXT,
        role.Highlight: ACCENT,
        role.HighlightedText: "#ffffff",
        role.Link: ACCENT,
    }
    for name, colour in colours.items():
        palette.setColor(name, QColor(colour))
    return palette
