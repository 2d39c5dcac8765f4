"""The playback wall's sessions on made footage and made clocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.feeds import TileState
from app.playback_feed import FeedSources
from app.playback_feeds import ClockNote
from app.playback_wall import MOST_SESSIONS, WallPlayback
from detection.detector import TrackSet
from storage.people_records import AccessKind
from tests.app.playback_site import T0, PlaybackHouse, Tapes, at, comes_to, shown, stands
from tests.conftest import wait_until
from tests.video.numbered import FPS, filled, live, numbered_clip


@pytest.fixture(scope="module")
def tapes(tmp_path_factory: pytest.TempPathFactory) -> Tapes:
    return Tapes(tmp_path_factory.mktemp("tapes"))


@pytest.fixture
def house(tapes: Tapes) -> Iterator[PlaybackHouse]:
    made = PlaybackHouse({"c1": tapes.segments, "c2": tapes.segments})
    yield made
    assert not made.supervisor.shutdown(5.0)


def test_seek_shows_exactly_the_frame(house: PlaybackHouse) -> None:
    session = house.open(at(45.4))
    feed = house.feed(session)
    comes_to(feed, 45)
    for number in (0, 1, 29, 30, 31, 89, 90, 91, 119, 149, 300, 333, 389):
        session.seek(at(number + 0.4))
        stands(session)
        assert shown(feed) == number
        assert feed.status().state is TileState.LIVE
    session.close()


def test_playing_shows_every_frame_at_its_time(house: PlaybackHouse) -> None:
    session = house.open(at(20))
    feed = house.feed(session)
    comes_to(feed, 20)
    session.play(1.0)
    for number in range(21, 45):
        house.time.pass_by(1 / 15)
        comes_to(feed, number)
    session.pause()
    house.time.pass_by(5.0)
    assert shown(feed) is None
    assert session.place().utc_s == pytest.approx(at(44), abs=0.001)
    session.close()


def test_stepping_counts_single_frames_both_ways_also_between_files(house: PlaybackHouse) -> None:
    session = house.open(at(88.4))
    feed, other = house.feed(session, "c1"), house.feed(session, "c2")
    session.focus("c1")
    comes_to(feed, 88)
    for number in (89, 90, 91, 92):
        session.step(1)
        comes_to(feed, number)
        comes_to(other, number)
    for number in (91, 90, 89, 88, 87, 86):
        session.step(-1)
        comes_to(feed, number)
        comes_to(other, number)
    session.step(1)
    comes_to(feed, 87)
    assert not session.place().playing
    session.close()


def test_steps_that_are_pressed_quickly_are_all_made(house: PlaybackHouse) -> None:
    session = house.open(at(20))
    feed = house.feed(session)
    comes_to(feed, 20)
    for _press in range(7):
        session.step(1)
    comes_to(feed, 27)
    for _press in range(9):
        session.step(-1)
    comes_to(feed, 18)
    session.close()


def test_backwards_shows_every_frame_at_its_time_across_files(house: PlaybackHouse) -> None:
    session = house.open(at(125))
    feed = house.feed(session)
    comes_to(feed, 125)
    session.play(-1.0)
    for number in range(124, 55, -1):
        house.time.pass_by(1 / 15)
        comes_to(feed, number)
    session.close()


def test_fast_shows_key_frames_only(house: PlaybackHouse) -> None:
    session = house.open(at(5))
    feed = house.feed(session)
    comes_to(feed, 5)
    session.play(8.0)
    for number in (0, 30, 60, 90, 120):
        house.time.utc_s = max(house.time.utc_s, at(number))
        wait_at(house, session, number + 6)
        comes_to(feed, number)
    session.play(-8.0)
    for number in (90, 60, 30, 0):
        wait_at(house, session, number + 6)
        comes_to(feed, number)
    session.play(1.0)
    comes_to(feed, 6)
    session.close()


def wait_at(house: PlaybackHouse, session: WallPlayback, number: float) -> None:
    """Let as much time pass as brings the session to that frame's time."""
    place = session.place()
    house.time.pass_by((at(number) - place.utc_s) / place.speed)


def test_a_gap_is_told_with_its_reason_and_the_clock_goes_on_through_it(house: PlaybackHouse) -> None:
    session = house.open(at(148))
    feed = house.feed(session)
    comes_to(feed, 148)
    session.play(1.0)
    house.time.pass_by(60 / FPS)
    wait_until(lambda: feed.status().state is TileState.NO_SIGNAL)
    assert "No signal" in feed.status().reason
    assert shown(feed) is None
    assert session.place().utc_s == pytest.approx(at(208))
    wait_at(house, session, 300.2)
    comes_to(feed, 300)
    assert feed.status().state is TileState.LIVE
    session.seek(at(200))
    wait_until(lambda: feed.status().state is TileState.NO_SIGNAL)
    assert not session.place().seeking
    session.play(-1.0)
    wait_at(house, session, 148.4)
    comes_to(feed, 148)
    session.pause()
    session.seek(at(-50))
    wait_until(lambda: feed.status().reason == "Recording had not begun yet")
    session.close()


def test_without_any_footage_it_says_so_and_comes_back(house: PlaybackHouse) -> None:
    session = house.open(at(-9000))
    feed = house.feed(session)
    wait_until(lambda: feed.status().state is TileState.NO_SIGNAL)
    session.seek(at(45))
    comes_to(feed, 45)
    session.close()


def test_nothing_is_shown_before_the_look_is_written_down(house: PlaybackHouse) -> None:
    house.waiting = []
    session = house.open(at(45))
    feed = house.feed(session)
    assert [access.camera_id for access in house.asked] == ["c1"]
    assert house.asked[0].kind is AccessKind.PLAYBACK
    assert feed.take() is None
    assert session.place().seeking
    house.waiting.pop()()
    house.waiting.pop()()
    comes_to(feed, 45)
    assert [access.camera_id for access in house.asked] == ["c1", "c2"]
    session.close()


def test_an_older_time_is_asked_for_with_its_reason_and_a_refusal_shows_nothing(house: PlaybackHouse) -> None:
    session = house.open(at(45))
    feed = house.feed(session)
    comes_to(feed, 45)
    house.time.pass_by(3600.0)
    assert session.needs_reason(at(10))
    house.refuses = True
    session.seek(at(10))
    assert feed.take() is None
    assert session.place().seeking
    session.because("theft at gate 3")
    assert not session.needs_reason(at(10))
    house.refuses = False
    session.seek(at(10))
    comes_to(feed, 10)
    assert house.asked[-1].reason == "theft at gate 3"
    session.close()


def test_a_camera_that_may_not_be_seen_any_more_shows_nothing(house: PlaybackHouse) -> None:
    session = house.open(at(45))
    feed = house.feed(session)
    comes_to(feed, 45)
    house.hidden.add("c1")
    session.seek(at(60))
    assert feed.status().state is TileState.NO_RIGHTS
    assert feed.take() is None
    assert feed.tracks() is None
    house.hidden.clear()
    comes_to(feed, 60)
    session.close()


def test_who_sits_down_next_is_asked_for_anew(house: PlaybackHouse) -> None:
    session = house.open(at(45))
    feed = house.feed(session)
    comes_to(feed, 45)
    house.asked.clear()
    house.waiting, house.sits = [], "ben"
    session.seek(at(50))
    assert feed.take() is None
    assert [access.camera_id for access in house.asked] == ["c1"]
    while house.waiting:
        house.waiting.pop()()
    comes_to(feed, 50)
    session.close()


def test_sessions_are_few_and_need_a_camera_that_may_be_seen(house: PlaybackHouse) -> None:
    assert house.desk.open(["nobody"], at(0)) is None
    sessions = [house.open(at(0)) for _number in range(MOST_SESSIONS)]
    assert house.desk.open(["c1"], at(0)) is None
    for session in sessions:
        session.close()
        session.close()
    house.hidden.add("c1")
    assert house.desk.open(["c1"], at(0)) is None
    only = house.desk.open(["c1", "c2"], at(0))
    assert only is not None
    only.close()


def test_another_size_renews_a_standing_picture(house: PlaybackHouse) -> None:
    session = house.open(at(45))
    feed = house.feed(session)
    comes_to(feed, 45)
    feed.want(160, 90)
    widths: list[int] = []

    def look() -> bool:
        picture = feed.take()
        widths.extend([picture.width] if picture is not None else [])
        return widths[-1:] == [160]

    wait_until(look)
    feed.want(0, 0)
    assert not session.place().seeking
    session.close()


def test_the_present_is_the_newest_frame_of_the_ring_and_stays_so(tapes: Tapes, tmp_path: Path) -> None:
    info, packets = live(numbered_clip(tmp_path / "live.mp4", 360, 90), 360, T0)
    ring = filled(info, packets[:60])
    house = PlaybackHouse({"c1": tapes.segments}, {"c1": ring})
    house.time.utc_s = at(420.5)
    session = house.open(at(45))
    feed = house.feed(session)
    comes_to(feed, 45)
    assert not session.place().live
    session.seek(house.time.utc_s)
    session.play(1.0)
    assert session.place().live
    comes_to(feed, 419)
    for packet in packets[60:75]:
        ring.add(packet)
    house.time.pass_by(15 / FPS)
    assert session.place().live
    comes_to(feed, 434)
    session.play(16.0)
    house.time.pass_by(1 / FPS)
    assert session.place().utc_s == house.time.utc_s
    session.close()
    assert not house.supervisor.shutdown(5.0)


def test_tracks_are_those_of_the_moment_that_is_shown(tapes: Tapes) -> None:
    stored = [TrackSet("c1", at(number) + 3.0, (), pts_s=number) for number in range(0, 150, 5)]
    sources = FeedSources(lambda *_range: stored, lambda *_when: ClockNote(3.0, 0.1))
    shifted = [replace(one, from_utc_s=one.from_utc_s + 3.0, to_utc_s=one.to_utc_s + 3.0) for one in tapes.segments]
    house = PlaybackHouse({"c1": shifted}, sources=sources)
    session = house.open(at(47.4))
    feed = house.feed(session)
    comes_to(feed, 47)
    wait_until(lambda: feed.tracks() is not None)
    tracks = feed.tracks()
    assert tracks is not None
    assert (tracks.pts_s, tracks.utc_s) == pytest.approx((45, at(45)))
    session.seek(at(149 + 2 * FPS))
    assert feed.tracks() is None
    session.close()
    assert not house.supervisor.shutdown(5.0)


def test_a_look_that_is_written_down_after_the_relief_gives_the_relieved_nothing(house: PlaybackHouse) -> None:
    house.waiting = []
    session = house.open(at(45))
    feed = house.feed(session)
    granted = house.waiting.pop()
    house.sits = "ben"
    granted()
    assert house.waiting == []  # the second camera would stand under Ben's name
    house.sits = "ada"
    assert not session.leaves.covers("c1", at(45))
    assert feed.take() is None
    session.close()
