"""What a timeline reads: recorded spans of the index, events and cases of the journal, how much moved."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import footage_spans
from storage.case_commands import AddNote, RestrictIncident
from storage.case_records import NoteKind
from storage.commands import AcknowledgeIncident, RecordEvent
from storage.embedded_journal import EmbeddedJournal
from storage.errors import StorageCode, StorageError
from storage.footage_records import Gap, GapReason, Segment
from storage.footage_spans import FootageSpans, Recorded
from storage.records import Actor, Box, Severity
from storage.search import Watch
from storage.segments import SegmentIndex
from storage.timeline_queries import EventMark
from storage.track_activity import Activity, TrackActivity
from storage.track_chunks import SeenLook, SeenTrack, pack, sightings
from storage.tracks import Chunk, TrackStore
from tests.storage.case_site import SECOND, SUPERVISOR, case_journal, opened
from tests.storage.named_case import OFFICER, closed_named, erasing
from tests.storage.site import OPERATOR, RUNTIME, START_UTC_S, SteppedClock, event
from tests.storage.test_segments import START, segment

DAY_S = 86_400.0
EVER = (0.0, 4e9)


@pytest.fixture
def cases(tmp_path: Path) -> Iterator[EmbeddedJournal]:
    with case_journal(tmp_path, SteppedClock()) as found:
        yield found


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SegmentIndex]:
    opened_index = SegmentIndex(tmp_path / "index.db")
    yield opened_index
    opened_index.close()


def spans(index: SegmentIndex, from_s: float, to_s: float) -> Recorded:
    (found,) = FootageSpans(index.path).read(["c1"], START + from_s, START + to_s)
    return Recorded("c1", tuple((a - START, b - START) for a, b in found.spans), found.gaps)


def test_spans_are_cut_to_the_time_and_gaps_keep_their_length_and_reason(index: SegmentIndex) -> None:
    index.begin(segment(0))
    index.begin(segment(60))
    index.begin(segment(300), GapReason.NO_SIGNAL)
    found = spans(index, 30, 330)
    assert found.spans == ((30.0, 120.0), (300.0, 330.0))
    assert found.gaps == (Gap("c1", START + 120, START + 300, GapReason.NO_SIGNAL),)
    assert spans(index, 200, 250).spans == ()
    assert spans(index, 200, 250).gaps == found.gaps


def test_a_gap_that_is_still_open_lasts_as_long_as_one_looks(index: SegmentIndex) -> None:
    index.begin(segment(0))
    index.open_gap("c1", START + 60, GapReason.DISK_FULL)
    assert spans(index, 0, 500).gaps == (Gap("c1", START + 60, START + 500, GapReason.DISK_FULL),)
    assert spans(index, 0, 500).spans == ((0.0, 60.0),)


def test_what_retention_deleted_is_not_recorded(index: SegmentIndex) -> None:
    for at_s in (0, 60, 120):
        index.begin(segment(at_s))
    index.delete(segment(0))
    for long_s in (500, 400 * DAY_S):
        found = spans(index, 0, long_s)
        assert found.spans == ((60.0, 180.0),)
        assert [gap.reason for gap in found.gaps] == [GapReason.DELETED]


def test_a_camera_without_footage_has_nothing(index: SegmentIndex) -> None:
    assert FootageSpans(index.path).read(["c9"], *EVER) == [Recorded("c9")]


def test_while_holes_have_no_name_segments_are_believed(index: SegmentIndex) -> None:
    """An index under repair knows the files and no gaps yet: what lies between two files is not called recorded."""
    index.adopt([segment(0), segment(600)])
    index.incomplete = True
    assert spans(index, 0, 400 * DAY_S).spans == ((0.0, 60.0), (600.0, 660.0))


def test_reading_ends_when_nobody_waits(index: SegmentIndex) -> None:
    index.begin(segment(0))
    watch = Watch()
    watch.cancel()
    with pytest.raises(StorageError) as caught:
        FootageSpans(index.path).read(["c1"], *EVER, watch.check)
    assert caught.value.code is StorageCode.CANCELLED


def test_no_index_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        FootageSpans(tmp_path / "nothing.db").read(["c1"], *EVER)
    assert caught.value.code is StorageCode.NOT_FOUND


Step = tuple[str, float]
steps = st.lists(
    st.tuples(st.sampled_from(("segment", "late", "gap", "turn", "delete")), st.floats(1.0, 4000.0)), max_size=14
)


@settings(max_examples=20)
@given(steps)
def test_gaps_tell_of_a_long_time_what_segments_tell_of_a_short_one(told: list[Step]) -> None:
    """The recorder writes down every hole: so a month can be told without its segments."""
    with tempfile.TemporaryDirectory() as name:
        index = SegmentIndex(Path(name) / "index.db")
        kept = _recorded(index, told)
        reader = FootageSpans(index.path)
        end = START + 200_000.0
        (exact,) = reader.read(["c1"], START, end)
        few, footage_spans._FEW_SEGMENTS = footage_spans._FEW_SEGMENTS, 0
        try:
            (by_gaps,) = reader.read(["c1"], START, end)
        finally:
            footage_spans._FEW_SEGMENTS = few
        index.close()
    assert [pytest.approx(span, abs=1e-3) for span in exact.spans] == list(by_gaps.spans)
    assert sum(b - a for a, b in exact.spans) == pytest.approx(sum(one.to_utc_s - one.from_utc_s for one in kept))


def _recorded(index: SegmentIndex, told: list[Step]) -> list[Segment]:
    """Carry out the steps as a recorder and its retention would; the segments that are left."""
    at_s, kept = 0.0, list[Segment]()
    for what, seconds in told:
        if what in ("segment", "late"):
            at_s += seconds if what == "late" else 0.0
            kept.append(segment(at_s, length_s=60.0))
            index.begin(kept[-1], GapReason.TOO_SLOW)
            at_s += 60.0
        elif what == "delete" and kept:
            index.delete(kept.pop(0))
        elif what in ("gap", "turn") and kept:
            (index.open_gap if what == "gap" else index.turn_gap)("c1", START + at_s, GapReason.NO_SIGNAL)
            at_s += seconds
    return kept


def test_events_are_read_once_and_then_only_new_ones(cases: EmbeddedJournal) -> None:
    first = event(10, "c2", Severity.HIGH)
    cases.apply(RecordEvent(first), RUNTIME)
    span = START_UTC_S, START_UTC_S + 100
    rows, mark, everything = cases.timeline_events(*span, None, Watch())
    assert rows == [("c2", START_UTC_S + 10, 4)]
    assert everything
    assert cases.timeline_events(*span, mark, Watch()) == ([], mark, False)
    cases.apply(RecordEvent(event(5, "c2", Severity.LOW)), RUNTIME)
    cases.apply(RecordEvent(event(500, "c2")), RUNTIME)
    rows, later, everything = cases.timeline_events(*span, mark, Watch())
    assert rows == [("c2", START_UTC_S + 5, 2)]
    assert not everything
    assert later.newest > mark.newest


def test_after_an_erasure_all_is_read_again(journal: EmbeddedJournal) -> None:
    incident_id = closed_named(journal)
    rows, mark, _everything = journal.timeline_events(*EVER, None, Watch())
    assert len(rows) == 1
    journal.erase(erasing(journal, incident_id), OFFICER)
    rows, after, everything = journal.timeline_events(*EVER, mark, Watch())
    assert everything
    assert rows == []
    assert after.erasures > mark.erasures


def test_a_journal_that_was_put_back_is_read_again(cases: EmbeddedJournal) -> None:
    cases.apply(RecordEvent(event()), RUNTIME)
    rows, _mark, everything = cases.timeline_events(*EVER, EventMark(99, 0), Watch())
    assert everything
    assert len(rows) == 1


def test_reading_events_is_called_off(cases: EmbeddedJournal) -> None:
    watch = Watch()
    watch.cancel()
    with pytest.raises(StorageError) as caught:
        cases.timeline_events(*EVER, None, watch)
    assert caught.value.code is StorageCode.CANCELLED


def marks(journal: EmbeddedJournal, viewer: Actor, cameras: tuple[str, ...] = ("c1", "c2")) -> set[str]:
    return {one.text for one in journal.case_marks(cameras, *EVER, viewer.id, Watch())}


def test_incidents_and_bookmarks_stand_where_they_happened(cases: EmbeddedJournal) -> None:
    incident_id = opened(cases)
    cases.apply(AddNote("white van", NoteKind.BOOKMARK, camera_id="c2", utc_s=START_UTC_S + 7), OPERATOR)
    found = {one.text: one for one in cases.case_marks(("c2",), *EVER, OPERATOR.id, Watch())}
    number = cases.incident_file(incident_id).incident.number
    assert set(found) == {number, "white van"}
    assert found[number].utc_s == START_UTC_S
    assert found[number].severity == Severity.MEDIUM
    assert found["white van"].kind is NoteKind.BOOKMARK
    assert found["white van"].utc_s == START_UTC_S + 7
    assert cases.case_marks(("c1",), *EVER, OPERATOR.id, Watch()) == []
    assert cases.case_marks(("c2",), START_UTC_S + 8, START_UTC_S + 9, OPERATOR.id, Watch()) == []


def test_marks_of_others_and_of_restricted_incidents_are_not_told(cases: EmbeddedJournal) -> None:
    incident_id = opened(cases)
    number = cases.incident_file(incident_id).incident.number
    cases.apply(AddNote("mine", NoteKind.MARK, camera_id="c2", utc_s=START_UTC_S), OPERATOR)
    cases.apply(AddNote("of it", NoteKind.BOOKMARK, incident_id, "c2", START_UTC_S), OPERATOR)
    cases.apply(AddNote("just words", NoteKind.NOTE, incident_id, "c2", START_UTC_S), OPERATOR)
    assert marks(cases, OPERATOR) == {number, "mine", "of it"}
    assert marks(cases, SECOND) == {number, "of it"}
    cases.apply(RestrictIncident(incident_id, 1, restricted=True), SUPERVISOR)
    assert marks(cases, SECOND) == set()
    assert marks(cases, SUPERVISOR) == {number, "of it"}


def test_events_of_restricted_incidents_are_named_to_be_left_out(cases: EmbeddedJournal) -> None:
    incident_id = str(cases.apply(RecordEvent(event(10, "c2"), opens_incident=True), RUNTIME).incident_id)
    cases.apply(AcknowledgeIncident(incident_id, 1), OPERATOR)

    def hidden(viewer: Actor, *cameras: str) -> list[tuple[str, float]]:
        return [(one.camera_id, one.utc_s) for one in cases.hidden_events(cameras, *EVER, viewer.id, Watch())]

    assert hidden(SECOND, "c2") == []
    cases.apply(RestrictIncident(incident_id, 2, restricted=True), SUPERVISOR)
    assert hidden(SECOND, "c1", "c2") == [("c2", START_UTC_S + 10)]
    assert hidden(SECOND, "c1") == []
    assert hidden(OPERATOR, "c2") == hidden(SUPERVISOR, "c2") == []


def test_how_much_moved_is_told_without_unpacking(tmp_path: Path) -> None:
    store = TrackStore(tmp_path / "tracks.db")
    seen = SeenTrack(1, Box(0.1, 0.1, 0.2, 0.2), "person", 0.9, START, START)
    busy = [SeenLook(START + n, (seen,) * 2 if n % 2 else ()) for n in range(60)]
    still = [SeenLook(START + 60 + n) for n in range(60)]
    chunks = [Chunk("c1", looks[0].utc_s, looks[-1].utc_s, 60, pack(looks)) for looks in (busy, still)]
    store.write([*chunks, Chunk("c1", START + 120, START + 130, 1, b"not a chunk")])
    store.close()
    found = TrackActivity(tmp_path / "tracks.db").read(["c1", "c2"], START, START + 1000)
    assert found == {
        "c1": [
            Activity(START, START + 59, 1.0),
            Activity(START + 60, START + 119, 0.0),
            Activity(START + 120, START + 130, 0.0),
        ]
    }


@given(st.integers(0, 300), st.integers(0, 5), st.sampled_from(("person", "мужчина", "x" * 400)))
def test_a_chunks_beginning_says_how_much_it_holds(looks: int, tracks: int, label: str) -> None:
    box = Box(0.1, 0.2, 0.3, 0.4)
    seen = tuple(SeenTrack(1 << n, box, f"{label}{n}", 0.5, START, START) for n in range(tracks))
    packed = pack([SeenLook(START + n, seen) for n in range(looks)])
    assert sightings(packed[:512]) == (looks, looks * tracks)
