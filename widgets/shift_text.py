"""What the shift page says: headings, the briefing, rows with their keys. Pure functions of the state; GUI thread."""

from __future__ import annotations

import time
from collections.abc import Set as AbstractSet
from enum import Enum

from app.i18n import _
from app.people_desk import PeopleState
from app.seat_test import Check
from storage.people_commands import ShiftWord
from storage.people_records import ShiftItemKind
from widgets.key_rows import DIGITS, LETTERS, KeyRow

_SIGNS = {True: "✓", False: "▲", None: "?"}


class Mode(Enum):
    """What the keys mean now."""

    SHIFT = 1
    HAND_OVER = 2
    LEND = 3
    RELIEVE = 4


def sector_rows(state: PeopleState, marked: AbstractSet[str]) -> list[KeyRow]:
    """Sectors by letter, with who watches them."""
    rows = []
    for letter, sector in zip(LETTERS, state.sectors, strict=False):
        holders = [s for s in (state.mine, *state.others) if s and sector.id in s.sector_ids]
        names = ", ".join(name_of(state, shift.operator_id) for shift in holders)
        rows.append(KeyRow(letter, f"{sector.name}  ·  {names}" if names else sector.name, sector.id in marked))
    return rows


def item_rows(state: PeopleState) -> list[KeyRow]:
    """What is left to take, by digit."""
    return [KeyRow(digit, item.text) for digit, item in zip(DIGITS, state.items, strict=False)]


def word_rows(words: tuple[ShiftWord, ...], left_out: AbstractSet[tuple[ShiftItemKind, str]]) -> list[KeyRow]:
    """What is handed over, each to be left out."""
    pairs = zip(DIGITS + LETTERS, words, strict=False)
    return [KeyRow(key, word.text, (word.kind, word.subject_id) not in left_out) for key, word in pairs]


def colleague_rows(state: PeopleState) -> list[KeyRow]:
    """Who else is on shift, by digit."""
    return [KeyRow(digit, name_of(state, s.operator_id)) for digit, s in zip(DIGITS, state.others, strict=False)]


def name_of(state: PeopleState, operator_id: str) -> str:
    """An operator's name."""
    return state.names.get(operator_id, operator_id)


def list_heading(state: PeopleState, mode: Mode) -> str:
    """What the list below is, and which keys work."""
    if mode is Mode.HAND_OVER:
        return _("Hand over: the key leaves an item out or in, Tab to add words, Enter hands over, Esc goes back")
    if mode is Mode.LEND:
        return _("Lend to: press the number, Esc goes back")
    if mode is Mode.RELIEVE:
        return _("Whose shift is handed over without them? Press the number, Esc goes back")
    count = len(state.items)
    return _("To be taken over ({count}): press the number").format(count=count) if count else ""


def heading(state: PeopleState) -> str:
    """Whose shift, since when."""
    if not state.seat.operator_id:
        return _("Shift: sign in first")
    if state.mine is None:
        return _("{name}: no shift yet. Mark your sectors by their letters, Enter starts").format(name=state.seat.name)
    since = time.strftime("%H:%M", time.localtime(state.mine.from_utc_s))
    return _("{name}: on shift since {time}").format(name=state.seat.name, time=since)


def briefing(state: PeopleState) -> str:
    """What is open, in numbers."""
    found = state.briefing
    text = _(
        "Open incidents: {incidents} ({unowned} nobody's, {overdue} late); alarms: {alarms}; lookouts: {lookouts}."
    )
    return text.format(
        incidents=found.incidents,
        unowned=found.unowned,
        overdue=found.overdue,
        alarms=found.alarms,
        lookouts=found.lookouts,
    )


def check_line(check: Check) -> str:
    """One line of the seat test."""
    return f"{_SIGNS[check.ok]} {check.sentence}"
