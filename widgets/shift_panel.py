"""The shift: seat test, briefing, sectors by letter, hand-over item by item with a key each. A page of the panel beside
the wall, never modal, by keyboard alone. GUI thread only; the journal decides what is allowed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from app.i18n import _
from app.people_desk import PeopleDesk, PeopleState
from storage.people_commands import ShiftWord
from storage.people_records import Shift, ShiftItemKind
from widgets.bridge import Bridge
from widgets.claimed_keys import quiet_button
from widgets.key_rows import DIGITS, LETTERS, KeyRows, key_of
from widgets.keys import latin_letter
from widgets.shift_text import (
    Mode,
    briefing,
    check_line,
    colleague_rows,
    heading,
    item_rows,
    list_heading,
    sector_rows,
    word_rows,
)

_WORD_LENGTH = 300
_PLAIN = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier


_ALT = {"R": "relieve", "T": "test", "L": "lend", "O": "hand_over", "X": "end"}
"""With Alt: letters alone mark sectors, and function keys are the window's, here as anywhere."""
_ACTIONS = {
    Qt.Key.Key_Return: "enter",
    Qt.Key.Key_Enter: "enter",
    Qt.Key.Key_Escape: "back",
}
_BUTTONS = ("enter", "relieve", "test", "hand_over", "lend", "end")


class ShiftPanel(QScrollArea):
    """Letters mark sectors, digits take or mark items, Alt with a letter and Enter act; buttons do the same."""

    def __init__(self, desk: PeopleDesk, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._desk = desk
        self._state = PeopleState()
        self.mode = Mode.SHIFT
        self._marked: set[str] = set()
        self._absent: Shift | None = None
        self._left_out: set[tuple[ShiftItemKind, str]] = set()
        self._do = self._actions()
        self._build()
        renewed = bridge.on_gui_thread(lambda _told: self.show_state(desk.state()))  # the newest, whichever came last
        unsubscribe = desk.bus.subscribe(PeopleState, renewed)
        self.destroyed.connect(lambda: unsubscribe())
        self.show_state(desk.state())

    def _actions(self) -> dict[str, Callable[[], None]]:
        return {
            "test": self._desk.test_seat,
            "lend": self._on_lend,
            "hand_over": self._on_hand_over,
            "end": self._on_end,
            "relieve": self._on_relieve,
            "enter": self._on_enter,
            "back": self._leave,
        }

    def _build(self) -> None:
        page = QWidget(self)
        page.setObjectName("panel")
        column = QVBoxLayout(page)
        column.setContentsMargins(12, 10, 12, 10)
        self.heading, self.checks, self.briefing, self.items_heading = (self._label(page) for _number in range(4))
        self.heading.setObjectName("heading")
        self.items_heading.setObjectName("heading")
        self.sectors, self.items, self.words, self.colleagues = (KeyRows(page) for _number in range(4))
        self.word = QLineEdit(page)
        self.word.setMaxLength(_WORD_LENGTH)
        self.word.setPlaceholderText(_("What else the next one must know"))
        self.buttons = {name: quiet_button(page, "", partial(self._press, name)) for name in _BUTTONS}
        grid = QGridLayout()
        for number, button in enumerate(self.buttons.values()):
            grid.addWidget(button, number // 2, number % 2)
        for widget in (self.heading, self.checks, self.briefing, self.sectors, self.items_heading, self.items):
            column.addWidget(widget)
        column.addWidget(self.words)
        column.addWidget(self.word)
        column.addWidget(self.colleagues)
        column.addLayout(grid)
        column.addStretch(1)
        self.setWidget(page)
        self.sectors.chosen.connect(self._on_sector)
        self.items.chosen.connect(self._on_item)
        self.words.chosen.connect(self._on_word)
        self.colleagues.chosen.connect(self._on_colleague)

    def _label(self, parent: QWidget) -> QLabel:
        label = QLabel(parent)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        return label

    def _press(self, name: str) -> None:
        """The button's action as it is now."""
        self._do[name]()

    def show_state(self, state: PeopleState) -> None:
        """Renew everything; marks of what is gone are forgotten."""
        relieving = self._absent is not None and any(s.id == self._absent.id for s in state.others)
        alone = state.mine is None and not relieving and self.mode is not Mode.RELIEVE
        relieved = state.seat.operator_id != self._state.seat.operator_id
        if relieved or alone:
            self.mode, self._absent = Mode.SHIFT, None
        if relieved:
            self._marked.clear()
            self._left_out.clear()
            self.word.clear()
        self._state = state
        self._marked &= {sector.id for sector in state.sectors}
        self._renew()

    def showEvent(self, event: QShowEvent) -> None:
        """Look afresh, and take the keyboard."""
        super().showEvent(event)
        self._desk.refresh()
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _renew(self) -> None:
        state, mine = self._state, self._state.mine
        plain, handing = self.mode is Mode.SHIFT, self.mode is Mode.HAND_OVER
        self.heading.setText(heading(state))
        self.checks.setText("\n".join(check_line(check) for check in state.checks))
        self.checks.setVisible(bool(state.checks))
        self.briefing.setText(briefing(state))
        self.sectors.show_rows(sector_rows(self._state, self._marked) if plain else [])
        self.items.show_rows(item_rows(state) if plain else [])
        self.items_heading.setText(list_heading(state, self.mode))
        self.items_heading.setVisible(bool(self.items_heading.text()))
        self.words.show_rows(word_rows(self._offered, self._left_out) if handing else [])
        self.word.setVisible(handing)
        self.colleagues.show_rows(colleague_rows(state) if self.mode in (Mode.LEND, Mode.RELIEVE) else [])
        self._renew_buttons(on=mine is not None, plain=plain)

    def _renew_buttons(self, *, on: bool, plain: bool) -> None:
        texts = {
            "enter": _("Enter  Hand over") if self.mode is Mode.HAND_OVER else _("Enter  Start shift"),
            "test": _("Alt+T  Test the seat"),
            "lend": _("Alt+L  Lend sectors"),
            "hand_over": _("Alt+O  Hand over"),
            "end": _("Alt+X  End"),
            "relieve": _("Alt+R  Relieve an absent colleague"),
        }
        shown = {
            "enter": self.mode is Mode.HAND_OVER or (plain and not on),
            "test": plain,
            "lend": plain and on,
            "hand_over": plain and on,
            "end": plain and on,
            "relieve": plain and bool(self._state.absent),
        }
        for name, button in self.buttons.items():
            button.setText(texts[name])
            button.setVisible(shown[name])
            button.setEnabled(self._state.seat.may_act or name == "test")

    # Keys

    def event(self, event: QEvent) -> bool:
        """Claim our keys before the window's shortcuts get them."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._is_ours(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Letters, digits, Alt and a letter, Enter, Esc."""
        if not self._is_ours(event):
            super().keyPressEvent(event)
            return
        event.accept()
        action = _action_of(event)
        if action:
            self._do[action]()
            return
        key = key_of(event)
        for rows in (self.words, self.colleagues, self.items, self.sectors):
            if rows.take(key):
                return

    def _is_ours(self, event: QKeyEvent) -> bool:
        action = _action_of(event)
        if action == "back":
            return self.mode is not Mode.SHIFT
        if action:
            return True
        if event.modifiers() & ~_PLAIN:
            return False
        key = key_of(event)
        return any(key in rows.buttons and not rows.isHidden() for rows in self._all_rows()) if key else False

    def _all_rows(self) -> tuple[KeyRows, ...]:
        return self.words, self.colleagues, self.items, self.sectors

    # What they do

    def _on_sector(self, letter: str) -> None:
        self._marked ^= {self._state.sectors[LETTERS.index(letter)].id}
        self._renew()

    def _on_item(self, digit: str) -> None:
        self._desk.take_item(self._state.items[DIGITS.index(digit)])

    def _on_word(self, key: str) -> None:
        word = self._offered[(DIGITS + LETTERS).index(key)]
        self._left_out ^= {(word.kind, word.subject_id)}
        self._renew()

    def _on_colleague(self, digit: str) -> None:
        colleague = self._state.others[DIGITS.index(digit)]
        if self.mode is Mode.RELIEVE:
            self._offer(colleague)
        else:
            self._lend(colleague)

    @property
    def _offered(self) -> tuple[ShiftWord, ...]:
        """What can be put down now: mine, or the absent colleague's."""
        if self._absent is None:
            return self._state.candidates
        return self._state.absent.get(self._absent.id, ())

    def _on_enter(self) -> None:
        if self.mode is Mode.HAND_OVER:
            self._hand_over()
        elif self._state.mine is None and self.mode is Mode.SHIFT:
            self._desk.start_shift([s.id for s in self._state.sectors if s.id in self._marked])
            self._marked.clear()

    def _on_hand_over(self) -> None:
        if self._state.mine is not None and self.mode is Mode.SHIFT:
            self._offer(None)

    def _on_relieve(self) -> None:
        if self._state.absent and self.mode is Mode.SHIFT:
            self.mode = Mode.RELIEVE
            self._renew()

    def _offer(self, absent: Shift | None) -> None:
        """Let the items of my shift, or of an absent colleague's, be chosen."""
        self._absent = absent
        self.mode = Mode.HAND_OVER
        self._left_out.clear()
        self.word.clear()
        self._renew()
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _hand_over(self) -> None:
        absent = self._absent
        words = [w for w in self._offered if (w.kind, w.subject_id) not in self._left_out]
        if text := " ".join(self.word.text().split()):
            words.append(ShiftWord(ShiftItemKind.WORD, "", text))
        self._leave()
        self._desk.hand_over(words, absent)

    def _on_end(self) -> None:
        if self._state.mine is not None and self.mode is Mode.SHIFT:
            self._desk.end_shift()

    def _on_lend(self) -> None:
        """Marked sectors of mine (none marked: all) to a colleague; marked ones that are not mine come back."""
        mine, others = self._state.mine, self._state.others
        if mine is None or self.mode is not Mode.SHIFT:
            return
        back = self._wanted_back(mine)
        for shift, sector_ids in back:
            self._desk.take_sectors_back(sector_ids, shift)
        if back:
            self._marked.clear()
            self._renew()
        elif len(others) > 1:
            self.mode = Mode.LEND
            self._renew()
        else:
            self._lend(others[0] if others else None)

    def _wanted_back(self, mine: Shift) -> list[tuple[Shift, list[str]]]:
        """Marked sectors that are not mine now, by the shift that has them; those that nobody has, from mine."""
        wanted = self._marked.difference(mine.sector_ids)
        found = [(s, sorted(wanted.intersection(s.sector_ids))) for s in self._state.others]
        free = sorted(wanted.difference(*(s.sector_ids for s in self._state.others)))
        return [pair for pair in (*found, (mine, free)) if pair[1]]

    def _lend(self, to_shift: Shift | None) -> None:
        mine = self._state.mine
        held = () if mine is None else mine.sector_ids
        wanted = [sector_id for sector_id in held if not self._marked or sector_id in self._marked]
        self._marked.clear()
        self._leave()
        if wanted:
            self._desk.lend_sectors(wanted, to_shift)

    def _leave(self) -> None:
        self.mode = Mode.SHIFT
        self._absent = None
        self._renew()
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)


def _action_of(event: QKeyEvent) -> str:
    """What a key that marks and takes nothing does; empty for all others."""
    if event.modifiers() == Qt.KeyboardModifier.AltModifier:
        return _ALT.get(latin_letter(event.key(), event.nativeVirtualKey()), "")
    return "" if event.modifiers() & ~_PLAIN else _ACTIONS.get(Qt.Key(event.key()), "")
