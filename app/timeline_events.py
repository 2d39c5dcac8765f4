"""Events of some days held in memory as three columns, so that any zoom over them is counted in a millisecond.

One thread at a time (the timeline's worker). Read once for whole days around the asked time, afterwards only what was
written since; bounded, so that a year does not stay because somebody looked at it once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt

from storage.search import Watch
from storage.timeline_queries import EventMark, EventRow

_DAY_S = 86_400.0
_LONGEST_S = 100 * _DAY_S
_MOST_KEPT = 3_000_000
_NEVER = (0.0, 0.0)

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class EventSource(Protocol):
    """What is asked of the journal."""

    def timeline_events(
        self, from_utc_s: float, to_utc_s: float, after: EventMark | None, watch: Watch
    ) -> tuple[list[EventRow], EventMark, bool]:
        """See `timeline_reads.TimelineReads`."""


class EventColumns:
    """Events in the order of their times: `camera` is a number of `numbers`."""

    def __init__(self, journal: EventSource) -> None:
        self._journal = journal
        self._span = _NEVER
        self._mark: EventMark | None = None
        self._forget()

    def counted(
        self,
        rows: Mapping[str, int],
        from_utc_s: float,
        to_utc_s: float,
        columns: int,
        watch: Watch,
        hidden: Iterable[EventRow] = (),
    ) -> tuple[Bytes, list[tuple[float, ...]]]:
        """By row (a camera's place in `rows`) and column: the highest severity, and the times of the row's events, of
        those in one column the first; as if the `hidden` ones were not. Raises CANCELLED and what the journal
        raises."""
        self._refresh(from_utc_s, to_utc_s, watch)
        low, high = np.searchsorted(self._utc_s, (from_utc_s, to_utc_s))
        row_of = np.full(len(self._numbers) + 1, -1, np.int64)
        for camera_id, place in rows.items():
            if camera_id in self._numbers:
                row_of[self._numbers[camera_id]] = place
        row = row_of[self._camera[low:high]]
        for one in hidden:
            begin, end = np.searchsorted(self._utc_s[low:high], (one.utc_s, np.nextafter(one.utc_s, np.inf)))
            row[begin:end][self._camera[low:high][begin:end] == self._numbers.get(one.camera_id, -1)] = -1
        shown = row >= 0
        row, utc_s, severity = row[shown], self._utc_s[low:high][shown], self._severity[low:high][shown]
        column = ((utc_s - from_utc_s) * (columns / (to_utc_s - from_utc_s))).astype(np.int64).clip(0, columns - 1)
        cells = row * columns + column
        worst = np.zeros(len(rows) * columns, np.uint8)
        for level in range(1, 6):
            worst[cells[severity == level]] = level
        return worst.reshape(len(rows), columns), _times(cells, utc_s, len(rows), columns)

    def _refresh(self, from_utc_s: float, to_utc_s: float, watch: Watch) -> None:
        span = _whole_days(from_utc_s, to_utc_s)
        known = self._span[0] <= span[0] and span[1] <= self._span[1]
        if not known:
            self._mark = None
            span = self._wider(span)
        else:
            span = self._span
        found, mark, everything = self._journal.timeline_events(*span, self._mark, watch)
        if everything:
            self._forget()
        if found:
            self._add(found)
        self._mark, self._span = (mark, span) if len(self._utc_s) <= _MOST_KEPT else (None, _NEVER)

    def _wider(self, span: tuple[float, float]) -> tuple[float, float]:
        """With what is held already, where both are near each other: who pans comes back."""
        if self._span == _NEVER:
            return span
        hull = min(span[0], self._span[0]), max(span[1], self._span[1])
        return hull if hull[1] - hull[0] <= min(_LONGEST_S, 2 * (span[1] - span[0]) + _DAY_S) else span

    def _forget(self) -> None:
        self._numbers: dict[str, int] = {}
        self._camera: Ints = np.zeros(0, np.int64)
        self._utc_s: Floats = np.zeros(0, np.float64)
        self._severity: Bytes = np.zeros(0, np.uint8)

    def _add(self, found: list[EventRow]) -> None:
        cameras, times, severities = zip(*found, strict=True)
        for camera_id in dict.fromkeys(cameras):
            self._numbers.setdefault(camera_id, len(self._numbers))
        numbers = np.fromiter(map(self._numbers.__getitem__, cameras), np.int64, len(found))
        utc_s = np.concatenate((self._utc_s, np.array(times, np.float64)))
        order = np.argsort(utc_s, kind="stable")
        self._utc_s = utc_s[order]
        self._camera = np.concatenate((self._camera, numbers))[order]
        self._severity = np.concatenate((self._severity, np.array(severities, np.uint8)))[order]


def _whole_days(from_utc_s: float, to_utc_s: float) -> tuple[float, float]:
    return math.floor(from_utc_s / _DAY_S) * _DAY_S, math.ceil(to_utc_s / _DAY_S) * _DAY_S


def _times(cells: Ints, utc_s: Floats, rows: int, columns: int) -> list[tuple[float, ...]]:
    """Of each row, the first event of each column."""
    first = np.full(rows * columns, np.nan)
    first[cells[::-1]] = utc_s[::-1]
    table = first.reshape(rows, columns)
    return [tuple(row[~np.isnan(row)].tolist()) for row in table]
