"""Lanes of films among those of cameras."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import date

from app.film_lanes import TimelineWithFilms
from app.playback_feeds import FilmLane, PlaybackPlace
from app.timeline import Preview, PreviewFeed, RecordedDay, Shown, TimelineAnswer, TimelineQuestion, TimelineRow
from storage.journal import Registry
from tests.widgets.film_fakes import FakeBench
from tests.widgets.playback_fakes import FakeSession


class Site:
    """A timeline that knows cameras alone."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.wanted: list[str] = []

    def ask(
        self,
        _asker: Hashable,
        question: TimelineQuestion,
        done: Callable[[TimelineAnswer], None],
        _failed: Callable[[str], None],
    ) -> None:
        self.asked.append(question.camera_ids)
        done(TimelineAnswer(question, tuple(TimelineRow(one, one) for one in question.camera_ids), 100.0))

    def days(
        self,
        camera_ids: Sequence[str],
        _first: date,
        _count: int,
        _done: Callable[[tuple[RecordedDay, ...]], None],
        _failed: Callable[[str], None],
    ) -> None:
        self.asked.append(tuple(camera_ids))

    def previews(self, _reason: str, _incident_id: str | None = None) -> PreviewFeed:
        return self

    def want(self, camera_id: str, utc_s: float, _width_px: int, _height_px: int, shown: Shown) -> None:
        self.wanted.append(camera_id)
        shown(Preview(camera_id, utc_s))

    def close(self) -> None:
        self.wanted.append("closed")


def test_a_film_has_the_row_that_was_asked_for() -> None:
    bench = FakeBench(FakeSession(Registry(), PlaybackPlace(0.0)))
    bench.shown = (FilmLane("film:1", "Foreign: Witness K.", 25.0, 60.0),)
    site, answers = Site(), list[TimelineAnswer]()
    timeline = TimelineWithFilms(site, bench)
    question = TimelineQuestion(("c1", "film:1", "film:2", "c2"), 0.0, 100.0, 10)
    timeline.ask("view", question, answers.append, lambda _text: None)
    (answer,) = answers
    assert site.asked == [("c1", "c2")]
    assert answer.question == question
    assert [row.camera_id for row in answer.rows] == list(question.camera_ids)
    assert answer.rows[1].name == "Foreign: Witness K."
    assert [share > 0 for share in answer.rows[1].recorded] == [2 <= n < 6 for n in range(10)]
    assert not any(answer.rows[2].recorded)  # it may not be seen, or not yet
    timeline.days(("c1", "film:1"), date(2026, 1, 1), 3, lambda _days: None, lambda _text: None)
    assert site.asked[-1] == ("c1",)


def test_no_preview_is_asked_of_a_film() -> None:
    site = Site()
    feed = TimelineWithFilms(site, FakeBench(FakeSession(Registry(), PlaybackPlace(0.0)))).previews("case 7")
    feed.want("film:1", 5.0, 10, 10, lambda _preview: None)
    feed.want("c1", 5.0, 10, 10, lambda _preview: None)
    feed.close()
    assert site.wanted == ["c1", "closed"]
