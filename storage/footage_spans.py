"""When cameras were recorded, as spans of time, read beside the recorder with a connection of its own.

The recorder writes down every hole between two segments (`segments.SegmentIndex.begin`), so that a month is told from
its few gaps in a millisecond: what lies between a camera's first and last segment and in no gap is recorded. Where the
asked time holds few segments these are read themselves, and always while the index is being repaired, when holes have
no name yet. Never the GUI's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from storage.driver import Connection
from storage.footage_records import Gap, GapReason
from storage.segments import TOLERANCE_S
from storage.side_file import reading

_SEGMENT_S = 60.0
_LONGEST_S = 7200.0
_FEW_SEGMENTS = 20_000
_SEGMENTS = (
    "SELECT from_utc_s, to_utc_s FROM segments WHERE camera_id = ? AND from_utc_s > ? AND from_utc_s < ?"
    " AND to_utc_s > ? ORDER BY from_utc_s"
)
_FOREIGN = (
    "SELECT from_utc_s, to_utc_s FROM segments WHERE camera_id = ? AND from_utc_s > ? AND from_utc_s < ?"
    " AND origin <> '' AND to_utc_s > ? ORDER BY from_utc_s"
)
_ENDS = (
    "SELECT (SELECT min(from_utc_s) FROM segments WHERE camera_id = ?1),"
    " (SELECT max(to_utc_s) FROM segments WHERE camera_id = ?1)"
)
_GAPS = (
    "SELECT from_utc_s, coalesce(to_utc_s, ?2), reason FROM gaps WHERE camera_id = ?1 AND from_utc_s < ?2"
    " AND (to_utc_s IS NULL OR to_utc_s > ?3) ORDER BY from_utc_s"
)

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What there is of a camera in a time, oldest first: disjoint spans, cut to that time, and gaps as long as they are
    (one that is still open ends with the asked time). `foreign`: which of the spans were fetched from elsewhere."""

    camera_id: str
    spans: tuple[Span, ...] = ()
    gaps: tuple[Gap, ...] = ()
    foreign: tuple[Span, ...] = ()


class FootageSpans:
    """The reader of one recordings index. Raises StorageError: NOT_FOUND, DAMAGED, NOT_A_JOURNAL."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(
        self,
        camera_ids: Collection[str],
        from_utc_s: float,
        to_utc_s: float,
        check: Callable[[], None] = lambda: None,
    ) -> list[Recorded]:
        """Of each camera, in the order given; `check` is called between two and may raise."""
        with reading(self.path, "segments") as connection:
            unnamed = bool(connection.execute("PRAGMA user_version").fetchone()[0])
            few = (to_utc_s - from_utc_s) / _SEGMENT_S * len(camera_ids) <= _FEW_SEGMENTS
            told = any(row[1] == "origin" for row in connection.execute("PRAGMA table_info(segments)"))
            found: list[Recorded] = []
            for camera_id in camera_ids:
                check()
                asked = from_utc_s, to_utc_s
                one = _recorded(connection, camera_id, asked, exact=few or unnamed)
                found.append(replace(one, foreign=_foreign(connection, camera_id, asked)) if told else one)
            return found


def _recorded(connection: Connection, camera_id: str, asked: Span, *, exact: bool) -> Recorded:
    first, last = connection.execute(_ENDS, (camera_id,)).fetchone()
    if first is None:
        return Recorded(camera_id, (), _gaps(connection, camera_id, asked))
    gaps = _gaps(connection, camera_id, asked)
    if exact:
        values = (camera_id, asked[0] - _LONGEST_S, asked[1], asked[0])
        return Recorded(camera_id, joined(connection.execute(_SEGMENTS, values).fetchall(), asked), gaps)
    return Recorded(camera_id, _without(gaps, (max(first, asked[0]), min(last, asked[1]))), gaps)


def _foreign(connection: Connection, camera_id: str, asked: Span) -> tuple[Span, ...]:
    values = (camera_id, asked[0] - _LONGEST_S, asked[1], asked[0])
    return joined(connection.execute(_FOREIGN, values).fetchall(), asked)


def _gaps(connection: Connection, camera_id: str, asked: Span) -> tuple[Gap, ...]:
    rows = connection.execute(_GAPS, (camera_id, asked[1], asked[0])).fetchall()
    return tuple(Gap(camera_id, begin, end, GapReason(reason)) for begin, end, reason in rows if end > begin)


def _without(gaps: Sequence[Gap], span: Span) -> tuple[Span, ...]:
    """A span but for its gaps, which may overlap (a clock that was set back)."""
    spans: list[Span] = []
    begin, end = span
    for gap in gaps:
        if gap.from_utc_s > begin:
            spans.append((begin, min(gap.from_utc_s, end)))
        begin = max(begin, gap.to_utc_s)
    spans.append((begin, end))
    return tuple(one for one in spans if one[1] > one[0])


def joined(segments: Sequence[Span], asked: Span) -> tuple[Span, ...]:
    """Segments by their beginning as disjoint spans within a time; those that touch are one."""
    spans: list[Span] = []
    for from_utc_s, to_utc_s in segments:
        begin, end = max(from_utc_s, asked[0]), min(to_utc_s, asked[1])
        if spans and begin - spans[-1][1] <= TOLERANCE_S:
            spans[-1] = (spans[-1][0], max(spans[-1][1], end))
        elif end > begin:
            spans.append((begin, end))
    return tuple(spans)
