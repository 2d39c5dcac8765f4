"""Recording and gaps of one camera counted into columns. Pure, any thread."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from app.timeline import REASONS, TimelineQuestion
from storage.footage_records import Gap, GapReason
from storage.footage_spans import Span
from storage.track_activity import Activity

FULL = 255
_SMALLEST_SHARE = 0.0005
"""A gap below this part of a column is not told at this zoom: at a month that is a second."""
_MOST_GAPS = 500
_BUSY_TRACKS = 4.0
"""So many at once are as much as motion is drawn for."""
_CODE = {reason: code for code, reason in enumerate(REASONS, 1)}

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]


def edges(question: TimelineQuestion) -> Floats:
    """Begin of each column, and the end of the last."""
    return np.linspace(question.from_utc_s, question.to_utc_s, question.columns + 1)


def recorded_bytes(spans: Sequence[Span], at: Floats) -> bytes:
    """The share of each column that is in one of the disjoint spans. What is begun is not nothing, and what lacks a
    moment is not whole."""
    share = covered_s(spans, at) / np.maximum(np.diff(at), 1e-9)
    whole = np.where(share >= 1.0 - _SMALLEST_SHARE, FULL, np.clip(share * FULL, 1.0, FULL - 1.0))
    found: Bytes = np.where(share > 1e-6, whole, 0.0).astype(np.uint8)
    return found.tobytes()


def covered_s(spans: Sequence[Span], at: Floats) -> Floats:
    """How many seconds of each column are in one of the disjoint spans."""
    if not spans:
        return np.zeros(len(at) - 1)
    table = np.array(spans, np.float64)
    begins, ends = table[:, 0], table[:, 1]
    before = np.concatenate(([0.0], np.cumsum(ends - begins)))
    number = np.searchsorted(begins, at, side="right")
    inside = np.minimum(at, ends[number - 1]) - begins[number - 1]
    reached: Floats = np.where(number > 0, before[number - 1] + inside, 0.0)
    return np.diff(reached)


def missing_bytes(gaps: Sequence[Gap], question: TimelineQuestion) -> bytes:
    """Why something of a column is missing: the reason that matters most of its gaps."""
    found: Bytes = np.zeros(question.columns, np.uint8)
    column_s = question.column_s
    told = [gap for gap in gaps if gap.to_utc_s - gap.from_utc_s >= column_s * _SMALLEST_SHARE]
    by_reason: dict[GapReason, list[Gap]] = {}
    for gap in told:
        by_reason.setdefault(gap.reason, []).append(gap)
    for reason in sorted(by_reason, key=_CODE.__getitem__):
        times = np.array([(gap.from_utc_s, gap.to_utc_s) for gap in by_reason[reason]])
        places = (times - question.from_utc_s) / column_s
        change = np.zeros(question.columns + 1, np.int64)
        np.add.at(change, np.clip(np.floor(places[:, 0] + 1e-6), 0, question.columns).astype(np.int64), 1)
        np.add.at(change, np.clip(np.ceil(places[:, 1] - 1e-6), 0, question.columns).astype(np.int64), -1)
        found[np.cumsum(change[:-1]) > 0] = _CODE[reason]
    return found.tobytes()


def long_gaps(gaps: Sequence[Gap], question: TimelineQuestion) -> tuple[Gap, ...]:
    """Those that can be seen for themselves, at most some hundreds: the longest."""
    seen = [gap for gap in gaps if gap.to_utc_s - gap.from_utc_s >= question.column_s]
    if len(seen) > _MOST_GAPS:
        seen = sorted(seen, key=lambda gap: gap.from_utc_s - gap.to_utc_s)[:_MOST_GAPS]
    return tuple(sorted(seen, key=lambda gap: gap.from_utc_s))


def motion_bytes(minutes: Sequence[Activity], question: TimelineQuestion, at: Floats) -> bytes:
    """How much moved in each column, 0..255; nothing at all when nobody looked in this time. The root, so that one
    person in an hour can be seen beside a street."""
    if not minutes:
        return b""
    table = np.array(minutes, np.float64)
    begins, ends, tracks = table[:, 0], np.maximum(table[:, 1], table[:, 0]), table[:, 2]
    before = np.concatenate(([0.0], np.cumsum((ends - begins) * tracks)))
    number = np.searchsorted(begins, at, side="right")
    inside = (np.minimum(at, ends[number - 1]) - begins[number - 1]) * tracks[number - 1]
    reached = np.where(number > 0, before[number - 1] + inside, 0.0)
    mean = np.clip(np.diff(reached), 0.0, None) / (question.column_s * _BUSY_TRACKS)
    found: Bytes = np.where(mean > 0.0, np.clip(np.sqrt(mean) * FULL, 1.0, FULL), 0.0).astype(np.uint8)
    return found.tobytes()
