"""When the recordings of some cameras begin, asked of the timeline: day, minute, second. GUI thread only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from app.timeline import RecordedDay, TimelineAnswer, TimelineDesk, TimelineQuestion
from widgets.bridge import Answers, Bridge

_DAYS = 366
_MINUTE_S = 60.0
_MINUTES = 1500
"""Of the longest day of a year, which has 25 hours."""

Found = Callable[[float | None], None]


class OldestFootage:
    """One question at a time; `forget` drops it."""

    def __init__(self, desk: TimelineDesk, bridge: Bridge, zone: ZoneInfo) -> None:
        self._desk, self._answers, self._zone = desk, Answers(bridge), zone

    def find(self, camera_ids: tuple[str, ...], today: date, found: Found) -> None:
        """`found` gets the first recorded second of the last year, None where nothing is."""
        self._answers.forget()
        first = today - timedelta(days=_DAYS - 1)
        done = self._answers.here(partial(self._on_days, camera_ids, found))
        self._desk.days(camera_ids, first, _DAYS, done, self._answers.here(lambda _text: found(None)))

    def forget(self) -> None:
        """Nobody waits any more."""
        self._answers.forget()

    def _on_days(self, camera_ids: tuple[str, ...], found: Found, days: tuple[RecordedDay, ...]) -> None:
        begin = min((one.day for one in days if one.share > 0), default=None)
        if begin is None:
            found(None)
            return
        midnight = datetime.combine(begin, time(), self._zone).timestamp()
        day = TimelineQuestion(camera_ids, midnight, midnight + _MINUTES * _MINUTE_S, _MINUTES)
        self._ask(day, partial(self._on_minutes, found), found)

    def _on_minutes(self, found: Found, answer: TimelineAnswer) -> None:
        begin = _first_recorded(answer)
        minute = TimelineQuestion(answer.question.camera_ids, begin, begin + _MINUTE_S, round(_MINUTE_S))
        self._ask(minute, lambda seconds: found(_first_recorded(seconds)), found)

    def _ask(self, question: TimelineQuestion, done: Callable[[TimelineAnswer], None], found: Found) -> None:
        begin = question.from_utc_s
        self._desk.ask(self, question, self._answers.here(done), self._answers.here(lambda _text: found(begin)))


def _first_recorded(answer: TimelineAnswer) -> float:
    asked = answer.question
    recorded = (next((n for n, share in enumerate(row.recorded) if share), None) for row in answer.rows)
    return asked.from_utc_s + min((n for n in recorded if n is not None), default=0) * asked.column_s
