"""Footage from elsewhere in the recordings index: it closes gaps, keeps its origin, and is in no digest of ours."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.footage_files import Card
from storage.footage_records import GapReason, Segment
from storage.footage_spans import FootageSpans
from storage.segments import SegmentIndex
from tests.storage.test_segments import START, segment

ORIGIN = "ONVIF recorder nvr, its clock was +2.3 s (± 0.1 s)"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SegmentIndex]:
    opened = SegmentIndex(tmp_path / "index.db")
    yield opened
    opened.close()


def fetched(begin: float, length_s: float, name: str = "f") -> Segment:
    one = segment(0)
    return replace(
        one,
        id=name,
        path=f"/footage/{name}.mp4",
        from_utc_s=START + begin,
        to_utc_s=START + begin + length_s,
        sha256="ab" * 32,
        origin=ORIGIN,
    )


def holes(index: SegmentIndex) -> list[tuple[float, float, GapReason]]:
    return [(g.from_utc_s - START, g.to_utc_s - START, g.reason) for g in index.gaps("c1", START - 99, START + 999)]


def test_a_gap_is_closed_or_what_is_left_of_it_keeps_its_reason(index: SegmentIndex) -> None:
    index.begin(segment(0))
    index.begin(segment(180), GapReason.DISK_FULL)
    index.fill(fetched(100, 30, "a"))
    assert holes(index) == [(60, 100, GapReason.DISK_FULL), (130, 180, GapReason.DISK_FULL)]
    index.fill(fetched(59.8, 40.1, "b"))
    index.fill(fetched(130, 52, "c"))
    index.fill(fetched(130, 52, "c"))
    assert holes(index) == []
    held = index.between("c1", START, START + 240)
    assert [one.origin for one in held] == ["", ORIGIN, ORIGIN, ORIGIN, ""]


def test_an_open_gap_stays_open_and_ends_with_the_next_recording(index: SegmentIndex) -> None:
    index.begin(segment(0))
    index.open_gap("c1", START + 60, GapReason.NO_SIGNAL)
    index.fill(fetched(60, 40))
    assert holes(index) == [(100, 999, GapReason.NO_SIGNAL)]
    index.begin(segment(120))
    assert holes(index) == [(100, 120, GapReason.NO_SIGNAL)]


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 90)), max_size=6))
def test_whatever_is_filled_gaps_are_what_nothing_covers(spans: list[tuple[int, int]]) -> None:
    path = Path(":memory:")
    made = SegmentIndex(path)
    made.begin(segment(0))
    made.begin(segment(300), GapReason.NO_SIGNAL)
    for number, (begin, length) in enumerate(spans):
        made.fill(fetched(begin, length, f"f{number}"))
    found = made.gaps("c1", START, START + 360)
    made.close()
    covered = {second for begin, length in [*spans, (0, 60), (300, 60)] for second in range(begin, begin + length)}
    bare = {second for second in range(60, 300) if second not in covered}
    told = {int(at) for gap in found for at in range(round(gap.from_utc_s - START), round(gap.to_utc_s - START))}
    assert told == bare
    assert all(gap.reason is GapReason.NO_SIGNAL for gap in found)


def test_it_is_in_no_digest_of_ours_and_apart_in_the_spans(index: SegmentIndex) -> None:
    ours = replace(segment(0), sha256="cd" * 32)
    index.begin(ours)
    index.fill(fetched(60, 60))
    assert index.ended_between(START, START + 3600) == (ours,)
    (found,) = FootageSpans(index.path).read(["c1"], START, START + 120)
    assert found.spans == ((START, START + 120),)
    assert found.foreign == ((START + 60, START + 120),)


def test_an_index_of_an_older_version_is_taken_over_and_may_go_back(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    old = "id, camera_id, path, from_utc_s, to_utc_s, bytes, codec, width, height, sha256"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE TABLE segments ({old.replace('id,', 'id TEXT PRIMARY KEY,', 1)})")
        connection.execute(f"INSERT INTO segments ({old}) VALUES ('a','c1','/a',1,2,3,'h264',1,1,NULL)")
        connection.commit()
    made = SegmentIndex(path)
    assert made.segment("a") == Segment("a", "c1", "/a", 1.0, 2.0, 3, "h264", 1, 1, None)
    made.fill(fetched(0, 5))
    made.close()
    with closing(sqlite3.connect(path)) as connection:  # the older program writes on
        connection.execute(f"INSERT INTO segments ({old}) VALUES ('b','c1','/b',5,6,3,'h264',1,1,NULL)")
        connection.commit()
    again = SegmentIndex(path)
    second = again.segment("b")
    assert second is not None
    assert second.origin == ""
    again.close()


def test_a_file_says_where_it_is_from_and_ours_say_nothing_new() -> None:
    card = Card("a", "c1", 1.0, "h264", 2, 3)
    assert "origin" not in card.text()
    assert Card.parse(card.text()) == card
    foreign = replace(card, origin=ORIGIN)
    assert Card.parse(foreign.text()) == foreign
