"""Recorded and recent tracks for an overlay: boxes that go on between looks, alarms of the journal, bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from app.archive import RUNTIME, Archive
from app.playback_sources import EventsBeside
from app.recent_tracks import HOLD_S, KEPT_S, TRAIL_LOOKS, RecentTracks
from app.recorded_tracks import SHOWN_S, RecordedTracks, in_motion, with_alarms
from detection.detector import Track, TrackSet, TrackState
from detection.motion_model import extrapolate
from storage.commands import PutRecord, RecordEvent
from storage.errors import StorageCode, StorageError
from storage.folders import Folders
from storage.records import Box, Camera, Event, RuleKind, RuleSpec, Severity, Zone, new_id
from storage.settings import Settings

START_S = 1_700_000_000.0


def track(x: float, at_s: float, number: int = 1, seen_s: float | None = None) -> Track:
    last_s = START_S + (at_s if seen_s is None else seen_s)
    state = TrackState.LIVE if seen_s is None else TrackState.LOST
    return Track(number, Box(x, 0.4, x + 0.1, 0.8), "person", 0.8, (0.0, 0.0), START_S, last_s, state)


def look(at_s: float, *tracks: Track) -> TrackSet:
    return TrackSet("c1", START_S + at_s, tracks)


WALK = [look(n * 0.2, track(0.1 + 0.02 * n, n * 0.2)) for n in range(20)]


def event(at_s: float, track_id: int = 1) -> Event:
    at, box = START_S + at_s, Box(0.1, 0.1, 0.2, 0.2)
    return Event("e", "c1", "r", RuleKind.INTRUSION, Severity.HIGH, at, at, track_id, "person", 0.8, box)


def test_a_box_is_where_the_thing_was_between_two_looks() -> None:
    moving = in_motion(WALK)
    for number, found in enumerate(moving):
        box = extrapolate(found.tracks[0], found.utc_s + 0.1)
        assert box.x1 == pytest.approx(0.1 + 0.02 * number + 0.01)
    assert [one.utc_s for one in moving] == [one.utc_s for one in WALK]


def test_a_lost_track_goes_on_as_it_went_and_one_that_stands_stands() -> None:
    lost = look(4.0, track(0.48, 4.0, seen_s=3.8))
    assert in_motion([*WALK, lost])[-1].tracks[0].velocity == pytest.approx((0.1, 0.0))
    stands = [look(0.2 * n, track(0.5 if n else 0.4, 0.2 * n)) for n in range(4)]
    assert [one.tracks[0].velocity[0] for one in in_motion(stands)][1:3] == pytest.approx([0.0, 0.0])
    again = [WALK[0], look(9.0, track(0.9, 9.0))]
    assert in_motion(again)[0].tracks[0].velocity == (0.0, 0.0)


def test_who_had_an_event_is_marked_from_then_on_for_a_while() -> None:
    long = [look(float(n), track(0.5, float(n))) for n in range(30)]
    marked = [one.utc_s - START_S for one in with_alarms(long, [event(5.0), event(6.0, 9)]) if one.alarmed]
    assert marked == [float(n) for n in range(5, 6 + int(SHOWN_S))]


def test_a_journal_that_cannot_be_read_takes_no_boxes_away() -> None:
    def broken(camera_id: str, from_utc_s: float, to_utc_s: float) -> Sequence[Event]:
        raise StorageError(StorageCode.BUSY)

    found = RecordedTracks(lambda *_range: WALK, broken).sets("c1", START_S, START_S + 4)
    assert len(found) == len(WALK)
    assert not any(one.alarmed for one in found)


def test_recent_tracks_have_their_trails_and_end() -> None:
    recent = RecentTracks()
    for one in WALK:
        recent.take(one)
    found = recent.at("c1", START_S + 2.09)
    assert found is not None
    assert (found.utc_s, len(found.tracks[0].path)) == (START_S + 2.0, 11)
    last = recent.at("c1", START_S + 3.8 + HOLD_S)
    assert last is not None
    assert len(last.tracks[0].path) == TRAIL_LOOKS
    assert recent.at("c1", START_S + 3.9 + HOLD_S) is None
    assert recent.at("c1", START_S - 0.1) is None
    assert recent.at("c2", START_S) is None


def test_recent_tracks_are_bounded_and_a_clock_that_jumps_back_begins_anew() -> None:
    recent = RecentTracks()
    told: list[TrackSet] = []
    both = recent.before(told.append)
    for number in range(400):
        both(replace(WALK[0], utc_s=START_S + number))
    assert len(told) == 400
    assert recent.at("c1", START_S + 399 - KEPT_S) is not None
    assert recent.at("c1", START_S + 398 - KEPT_S) is None
    recent.take(replace(WALK[0], utc_s=START_S))
    assert recent.at("c1", START_S + 399) is None
    assert recent.at("c1", START_S) is not None


@dataclass
class State:
    """Who sits here."""

    operator_id: str = ""


@dataclass
class Seat:
    """Of one person."""

    state: State = field(default_factory=State)


@dataclass
class House:
    """What `EventsBeside` asks of `People`."""

    seat: Seat = field(default_factory=Seat)


def test_events_are_the_journals_and_only_for_who_sits_here(tmp_path: Path) -> None:
    archive = Archive(Folders.under(tmp_path / "home").ensure(), Settings())
    rule, zone = RuleSpec("r", "c1", "z", "In zone"), Zone("z", "c1", "Zone", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)))
    for record in (Camera("c1", 1, "Gate", "rtsp://10.0.0.5/1"), zone, rule):
        archive.journal.apply(PutRecord(record), archive.actor)
    archive.journal.apply(RecordEvent(replace(event(2.0), id=new_id(START_S + 2.0))), RUNTIME)
    house = House()
    beside = EventsBeside(archive, house)  # type: ignore[arg-type]  # all that it asks of people
    assert beside.of("c1", START_S, START_S + 9.0) == ()
    house.seat.state.operator_id = archive.actor.id
    marked = RecordedTracks(lambda *_range: WALK, beside.of).sets("c1", START_S, START_S + 4.0)
    assert [one.utc_s - START_S >= 2.0 for one in marked] == [bool(one.alarmed) for one in marked]
    assert any(one.alarmed for one in marked)
    archive.close()
