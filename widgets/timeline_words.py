"""What the timeline says in words: times of its axis, lengths, what lies under the pointer. Translated when called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from PySide6.QtCore import QLocale

from app.i18n import _
from app.labels import label_of
from app.site_time import offset_text
from app.timeline import MarkKind, TimelineAnswer, TimelineMark, TimelineRow
from storage.footage_records import Gap
from storage.records import Severity
from widgets.timeline_scale import Tick, TickKind

_MINUTE_S, _HOUR_S, _DAY_S = 60.0, 3600.0, 86_400.0


def tick_text(tick: Tick) -> str:
    """The time of day, with the offset in the hour that comes twice; of a day its number and the weekday."""
    if tick.kind is TickKind.DAY:
        return f"{_weekday(tick.local)} {tick.local.day}"
    text = tick.local.strftime("%H:%M:%S" if tick.kind is TickKind.SECOND else "%H:%M")
    return f"{text} {offset_text(tick.local)}" if tick.twice else text


def day_text(local: datetime) -> str:
    """`Mon 2026-11-16`."""
    return f"{_weekday(local)} {local:%Y-%m-%d}"


def month_text(local: datetime) -> str:
    """`2026-11`, for an axis whose ticks are days."""
    return f"{local:%Y-%m}"


def moment_text(utc_s: float, zone: ZoneInfo, *, fine: bool) -> str:
    """Day and time with the offset; `fine`: with tenths."""
    local = datetime.fromtimestamp(utc_s, zone)
    tenths = f".{local.microsecond // 100_000}" if fine else ""
    return f"{day_text(local)} {local:%H:%M:%S}{tenths} {offset_text(local)}"


def length_text(seconds: float) -> str:
    """In the two units that matter: `3 d 4 h`, `2 h 10 min`, `40 s`."""
    units = ((_DAY_S, _("d")), (_HOUR_S, _("h")), (_MINUTE_S, _("min")), (1.0, _("s")))
    at = next((number for number, (unit_s, _name) in enumerate(units) if seconds >= unit_s), len(units) - 1)
    unit_s, name = units[at]
    text = f"{int(seconds // unit_s)} {name}"
    if at + 1 < len(units):
        part_s, part = units[at + 1]
        rest = int(seconds % unit_s // part_s)
        text += f" {rest} {part}" if rest else ""
    return text


def gap_words(gap: Gap) -> str:
    """Why, and how long."""
    return f"{label_of(gap.reason)}, {length_text(gap.to_utc_s - gap.from_utc_s)}"


def mark_words(mark: TimelineMark) -> str:
    """`Incident 2026-000123, High`; a bookmark with its words."""
    if mark.kind is MarkKind.INCIDENT:
        severity = f", {label_of(Severity(mark.severity))}" if mark.severity else ""
        return _("Incident {number}").format(number=mark.text) + severity
    name = _("Bookmark") if mark.kind is MarkKind.BOOKMARK else _("Mark")
    return f"{name}: {mark.text}" if mark.text else name


@dataclass(frozen=True, slots=True)
class Pointed:
    """What lies under the pointer: a row, a time and how far a mark may be from it."""

    answer: TimelineAnswer
    row: TimelineRow
    utc_s: float
    reach_s: float

    @property
    def column(self) -> int | None:
        """The column of that time; None outside of the answer."""
        question = self.answer.question
        if not question.from_utc_s <= self.utc_s < question.to_utc_s:
            return None
        return min(int((self.utc_s - question.from_utc_s) / question.column_s), question.columns - 1)

    def lines(self) -> list[str]:
        """The camera, what is missing there, the worst event of the column, marks beside it."""
        found = [self.row.name]
        column = self.column
        gap = next((one for one in self.row.gaps if one.from_utc_s <= self.utc_s < one.to_utc_s), None)
        if gap is not None:
            found.append(_("No footage: {why}").format(why=gap_words(gap)))
        elif column is not None and not self.row.recorded[column]:
            found.append(_("Nothing recorded") if self.utc_s < self.answer.now_utc_s else _("Still to come"))
        if column is not None and self.row.foreign and self.row.foreign[column]:
            found.append(_("Fetched from a recorder elsewhere"))
        if column is not None and self.row.severity[column]:
            severity = Severity(self.row.severity[column])
            found.append(_("Event: {severity}").format(severity=label_of(severity)))
        near = [mark for mark in self.row.marks if abs(mark.utc_s - self.utc_s) <= self.reach_s]
        found += [mark_words(mark) for mark in sorted(near, key=lambda mark: -mark.severity)[:3]]
        return found


def _weekday(local: datetime) -> str:
    return QLocale().dayName(local.isoweekday(), QLocale.FormatType.ShortFormat)
