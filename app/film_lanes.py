"""The timeline of a playback with films: their lanes stand among the cameras' (`timeline.TimelineDesk`).

What is recorded is asked of the site's timeline; a film's lane is when it runs, as its clock was set last.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from datetime import date

from app.playback_feeds import FilmBench, FilmLane, is_film
from app.timeline import (
    Failed,
    PreviewFeed,
    RecordedDay,
    Shown,
    TimelineAnswer,
    TimelineDesk,
    TimelineQuestion,
    TimelineRow,
)
from app.timeline_rows import edges, recorded_bytes


class TimelineWithFilms:
    """`films` are those of one session."""

    def __init__(self, desk: TimelineDesk, films: FilmBench) -> None:
        self._desk, self._films = desk, films

    def ask(
        self, asker: Hashable, question: TimelineQuestion, done: Callable[[TimelineAnswer], None], failed: Failed
    ) -> None:
        """See `TimelineDesk.ask`."""
        cameras = _cameras(question.camera_ids)

        def told(answer: TimelineAnswer) -> None:
            rows = {row.camera_id: row for row in answer.rows}
            lanes = {lane.camera_id: lane for lane in self._films.lanes()}
            asked = replace(answer.question, camera_ids=question.camera_ids)
            rows |= {one: _row(one, lanes.get(one), asked) for one in question.camera_ids if is_film(one)}
            ordered = tuple(rows[one] for one in question.camera_ids if one in rows)
            done(TimelineAnswer(asked, ordered, answer.now_utc_s))

        self._desk.ask(asker, replace(question, camera_ids=cameras), told, failed)

    def days(
        self,
        camera_ids: Sequence[str],
        first: date,
        count: int,
        done: Callable[[tuple[RecordedDay, ...]], None],
        failed: Failed,
    ) -> None:
        """See `TimelineDesk.days`."""
        self._desk.days(_cameras(camera_ids), first, count, done, failed)

    def previews(self, reason: str, incident_id: str | None = None) -> PreviewFeed:
        """See `TimelineDesk.previews`; of a film there are none."""
        return _CameraPreviews(self._desk.previews(reason, incident_id))


class _CameraPreviews:
    """Small pictures of recordings alone (`timeline.PreviewFeed`)."""

    def __init__(self, feed: PreviewFeed) -> None:
        self._feed = feed

    def want(self, camera_id: str, utc_s: float, width_px: int, height_px: int, shown: Shown) -> None:
        """See `PreviewFeed.want`."""
        if not is_film(camera_id):
            self._feed.want(camera_id, utc_s, width_px, height_px, shown)

    def close(self) -> None:
        """See `PreviewFeed.close`."""
        self._feed.close()


def _cameras(camera_ids: Sequence[str]) -> tuple[str, ...]:
    return tuple(one for one in camera_ids if not is_film(one))


def _row(camera_id: str, lane: FilmLane | None, question: TimelineQuestion) -> TimelineRow:
    """When it runs; nothing of a film that may not be seen, or not yet."""
    nothing = bytes(question.columns)
    if lane is None:
        return TimelineRow(camera_id, "–", nothing, nothing, nothing)
    shown = recorded_bytes([(lane.from_utc_s, lane.to_utc_s)], edges(question))
    return TimelineRow(camera_id, lane.name, shown, nothing, nothing)
