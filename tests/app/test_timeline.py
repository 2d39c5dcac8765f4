"""The timeline's answers: counted right, only of what who sits here may know, the newest question first."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import AppCode, AppError
from app.newest_lane import NewestLane
from app.previews import Previews
from app.texts import sentence
from app.timeline import REASONS, MarkKind, RecordedDay, TimelineAnswer, TimelineQuestion
from app.timeline_desk import SiteTimelineDesk
from app.timeline_events import EventColumns
from app.timeline_rows import edges, missing_bytes, motion_bytes, recorded_bytes
from storage.case_commands import AddNote
from storage.case_records import NoteKind
from storage.commands import PutOperator, PutRecord, RecordEvent
from storage.embedded_journal import EmbeddedJournal
from storage.errors import StorageCode, StorageError
from storage.footage_records import Gap, GapReason
from storage.footage_spans import FootageSpans
from storage.journal import Registry
from storage.records import Actor, Box, Operator, Role, Severity
from storage.registry_records import CameraGroup
from storage.search import Watch
from storage.segments import SegmentIndex
from storage.timeline_queries import EventMark, EventRow
from storage.track_activity import Activity, TrackActivity
from storage.track_chunks import SeenLook, SeenTrack, pack
from storage.tracks import Chunk, TrackStore
from tests.storage.case_site import SECOND, case_journal, opened
from tests.storage.site import ADMIN, OPERATOR, RUNTIME, START_UTC_S, SteppedClock, event
from tests.storage.test_segments import START, segment
from video.footage import StoredFootage

KYIV = ZoneInfo("Europe/Kyiv")
WAIT_S = 60.0
assert START == START_UTC_S


@dataclass
class Said:
    """What came of one question."""

    answers: list[TimelineAnswer] = field(default_factory=list)
    days: tuple[RecordedDay, ...] = ()
    failures: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def done(self, answer: TimelineAnswer) -> None:
        self.answers.append(answer)
        self.over.set()

    def shown(self, days: tuple[RecordedDay, ...]) -> None:
        self.days = days
        self.over.set()

    def failed(self, text: str) -> None:
        self.failures.append(text)
        self.over.set()


class Site:
    """A journal, an index with a hole, and a desk at which `who` sits."""

    def __init__(self, folder: Path, journal: EmbeddedJournal) -> None:
        self.journal = journal
        self.index = SegmentIndex(folder / "index.db")
        self.tracks = folder / "tracks.db"
        self.who: Callable[[], Actor] = lambda: OPERATOR
        self.registry: Registry = journal.registry()
        for camera in ("c1", "c2"):
            self.index.begin(segment(0, camera))
            self.index.begin(segment(180, camera), GapReason.NO_SIGNAL)
        footage = StoredFootage(lambda _camera: None, self.index.between)
        previews = Previews(footage, lambda: self.registry, lambda: self.who(), lambda _camera: True, _NoAudit())
        self.desk = SiteTimelineDesk(
            journal,
            lambda: self.registry,
            lambda: self.who(),
            KYIV,
            spans=FootageSpans(self.index.path),
            activity=TrackActivity(self.tracks),
            previews=previews,
            clock=lambda: START + 1000,
        )

    def ask(self, from_s: float = 0.0, to_s: float = 240.0, columns: int = 4, *cameras: str) -> TimelineAnswer:
        said = Said()
        question = TimelineQuestion(cameras or ("c1", "c2"), START + from_s, START + to_s, columns)
        self.desk.ask("view", question, said.done, said.failed)
        assert said.over.wait(WAIT_S)
        assert said.failures == []
        return said.answers[0]

    def days(self, first: date, count: int) -> tuple[RecordedDay, ...]:
        said = Said()
        self.desk.days(("c1", "c2"), first, count, said.shown, said.failed)
        assert said.over.wait(WAIT_S)
        return said.days


class _NoAudit:
    def ask(self, access: object, granted: Callable[[], None]) -> None:
        raise AssertionError(access, granted)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedJournal]:
    """One journal for all: only one test writes events into it, only one a camera group."""
    with case_journal(tmp_path_factory.mktemp("house"), SteppedClock()) as journal:
        yield journal


@pytest.fixture
def site(tmp_path: Path, house: EmbeddedJournal) -> Iterator[Site]:
    made = Site(tmp_path, house)
    for worker in made.desk.workers:
        worker.start()
    yield made
    for worker in made.desk.workers:
        worker.stop()
    for worker in made.desk.workers:
        assert worker.join(WAIT_S)
    made.index.close()


def test_recording_gaps_events_and_marks_are_counted_into_columns(site: Site) -> None:
    site.journal.apply(RecordEvent(event(70, "c2", Severity.LOW)), RUNTIME)
    site.journal.apply(RecordEvent(event(75, "c2", Severity.HIGH)), RUNTIME)
    site.journal.apply(RecordEvent(event(200, "c2", Severity.MEDIUM)), RUNTIME)
    number = site.journal.incident_file(opened(site.journal)).incident.number
    site.journal.apply(AddNote("van", NoteKind.BOOKMARK, camera_id="c2", utc_s=START + 90), OPERATOR)
    first, second = site.ask().rows
    assert (first.camera_id, first.name) == ("c1", "1 Gate")
    assert second.recorded == bytes((255, 0, 0, 255))
    no_signal = 1 + REASONS.index(GapReason.NO_SIGNAL)
    assert second.missing == bytes((0, no_signal, no_signal, 0))
    assert second.gaps == (Gap("c2", START + 60, START + 180, GapReason.NO_SIGNAL),)
    assert second.severity == bytes((0, 4, 0, 3))
    assert second.event_utc_s == (START + 70, START + 200)
    assert [(mark.kind, mark.text) for mark in second.marks] == [
        (MarkKind.INCIDENT, number),
        (MarkKind.BOOKMARK, "van"),
    ]
    assert first.severity == bytes(4)
    assert first.marks == ()


def test_columns_that_are_partly_recorded_are_neither_full_nor_empty(site: Site) -> None:
    (row, _other) = site.ask(0, 120, 4).rows
    assert row.recorded == bytes((255, 255, 0, 0))
    (row, _other) = site.ask(45, 75, 1).rows
    assert 120 <= row.recorded[0] <= 135


def test_what_is_still_to_come_is_not_recorded_and_not_missing(site: Site) -> None:
    site.index.open_gap("c1", START + 240, GapReason.STOPPED)
    row = site.ask(0, 2000, 2, "c1").rows[0]
    assert row.missing[1] == 0
    assert row.recorded[1] == 0


def test_cameras_of_another_group_are_not_told(site: Site) -> None:
    site.journal.apply(PutRecord(CameraGroup("yard", "Yard", ("c2",))), ADMIN)
    site.journal.apply(PutOperator(Operator(SECOND.id, "Second", Role.OPERATOR, group_ids=("yard",))), ADMIN)
    site.who = lambda: SECOND
    answer = site.ask()
    assert [row.camera_id for row in answer.rows] == ["c2"]
    assert answer.question.camera_ids == ("c1", "c2")
    site.who = lambda: OPERATOR
    assert len(site.ask().rows) == 2


def test_an_empty_seat_gets_a_sentence(site: Site) -> None:
    def nobody() -> Actor:
        raise AppError(AppCode.SEAT_EMPTY)

    site.who = nobody
    said = Said()
    site.desk.ask("view", TimelineQuestion(("c1",), START, START + 60, 4), said.done, said.failed)
    assert said.over.wait(WAIT_S)
    assert said.failures == [sentence(AppError(AppCode.SEAT_EMPTY))]
    assert said.answers == []


def test_who_sat_down_meanwhile_does_not_get_the_others_answer(site: Site) -> None:
    sat: list[Actor] = [OPERATOR]
    site.who = lambda: sat[0]
    held, go_on, theirs = threading.Event(), threading.Event(), Said()

    def hold() -> None:
        held.set()
        assert go_on.wait(WAIT_S)

    site.desk._lane.put("hold", Watch(), hold)
    assert held.wait(WAIT_S)
    site.desk.ask("first", TimelineQuestion(("c1",), START, START + 60, 4), theirs.done, theirs.failed)
    sat[0] = SECOND
    go_on.set()
    site.ask()  # asked later, so that the first one is over
    assert theirs.answers == []
    assert theirs.failures == []


@pytest.mark.parametrize("span", [(5.0, 5.0), (5.0, 4.0), (float("nan"), 4.0), (0.0, float("inf"))])
def test_a_time_that_is_none_is_refused(site: Site, span: tuple[float, float]) -> None:
    said = Said()
    site.desk.ask("view", TimelineQuestion(("c1",), *span, 4), said.done, said.failed)
    assert said.over.wait(WAIT_S)
    assert said.failures == [sentence(StorageError(StorageCode.BAD_VALUE, field="time"))]


def test_motion_is_told_where_there_are_facts(site: Site) -> None:
    assert [row.motion for row in site.ask().rows] == [b"", b""]  # no file
    store = TrackStore(site.tracks)
    seen = SeenTrack(1, Box(0.1, 0.1, 0.2, 0.2), "person", 0.9, START, START)
    looks = [SeenLook(START + n, (seen,) if n >= 30 else ()) for n in range(61)]
    store.write([Chunk("c2", START, START + 60, len(looks), pack(looks))])
    store.close()
    first, second = site.ask().rows
    assert first.motion == b""
    assert second.motion[0] > 0
    assert second.motion[1:] == bytes(3)
    assert [row.motion for row in site.ask(-40_000_000.0, 0.0).rows] == [b"", b""]  # too long to be read


def test_a_track_file_that_cannot_be_read_leaves_the_motion_out(site: Site) -> None:
    site.tracks.write_bytes(b"no database" * 100)
    assert [row.motion for row in site.ask().rows] == [b"", b""]


def test_days_are_those_of_the_sites_calendar(site: Site) -> None:
    """Two minutes of each camera, of a day of 24 hours, and of one that has 25."""
    day = datetime.fromtimestamp(START, KYIV).date()
    before, recorded = site.days(date.fromordinal(day.toordinal() - 1), 2)
    assert before == RecordedDay(date.fromordinal(day.toordinal() - 1), 0.0)
    assert recorded.day == day
    assert recorded.share == pytest.approx(120 / 86_400)


def test_days_that_are_asked_for_at_once_are_all_answered(site: Site) -> None:
    said = [Said(), Said()]
    held, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        held.set()
        assert go_on.wait(WAIT_S)

    site.desk._lane.put("hold", Watch(), hold)
    assert held.wait(WAIT_S)
    for one in said:
        site.desk.days(("c1",), date(2026, 1, 1), 1, one.shown, one.failed)
    go_on.set()
    assert all(one.over.wait(WAIT_S) for one in said)


def test_a_day_of_25_hours_is_full_when_25_hours_are_recorded(site: Site) -> None:
    begin = datetime(2025, 10, 26, tzinfo=KYIV).timestamp() - START
    for camera in ("c1", "c2"):
        site.index.adopt([segment(begin, camera, length_s=7200.0 * 12 + 3600.0)])
    (day,) = site.days(date(2025, 10, 26), 1)
    assert day.share == pytest.approx(1.0)


def test_without_recording_there_is_still_an_answer(site: Site) -> None:
    site.desk._spans = None
    assert site.ask(0, 240, 4, "c2").rows[0].recorded == bytes(4)


# The lane


def test_only_the_newest_question_of_an_asker_is_answered() -> None:
    lane, done, last = NewestLane("test"), list[str](), threading.Event()
    first, other, second = Watch(), Watch(), Watch()
    lane.put("a", first, lambda: done.append("first"))
    lane.put("b", other, lambda: done.append("other"))
    lane.put("a", second, lambda: done.append("second"))
    lane.put("end", Watch(), last.set)
    lane.start()
    assert last.wait(WAIT_S)
    lane.stop()
    assert lane.join(WAIT_S)
    assert done == ["other", "second"]
    assert (first.cancelled, other.cancelled, second.cancelled) == (True, False, False)
    assert lane.replaced == 1


def test_a_question_at_work_is_called_off_by_the_askers_next_one_and_by_the_end() -> None:
    lane, watches = NewestLane("test"), [Watch(), Watch()]
    at_work = [threading.Event(), threading.Event()]

    def work(number: int) -> None:
        at_work[number].set()
        while not watches[number].cancelled:
            lane.stopping.wait(0.001)

    lane.start()
    lane.put("a", watches[0], lambda: work(0))
    assert at_work[0].wait(WAIT_S)
    lane.put("b", Watch(), lambda: None)
    assert not watches[0].cancelled
    lane.put("a", watches[1], lambda: work(1))
    assert at_work[1].wait(WAIT_S)
    lane.stop()
    assert lane.join(WAIT_S)
    assert watches[1].cancelled


# Counting


def question(columns: int = 10, seconds: float = 100.0) -> TimelineQuestion:
    return TimelineQuestion(("c1",), START, START + seconds, columns)


pieces = st.lists(st.tuples(st.floats(-50, 150), st.floats(0.1, 60)), max_size=6)


@given(pieces)
def test_recorded_shares_add_up(told: list[tuple[float, float]]) -> None:
    spans: list[tuple[float, float]] = []
    for begin, length in sorted(told):
        if not spans or START + begin > spans[-1][1]:
            spans.append((START + begin, START + begin + length))
    asked = question()
    counted = recorded_bytes(spans, edges(asked))
    for column, share in enumerate(counted):
        low, high = START + 10 * column, START + 10 * column + 10
        true = sum(max(min(b, high) - max(a, low), 0.0) for a, b in spans) / 10
        assert abs(share / 255 - true) <= 0.005
        assert (share == 0) == (true <= 1e-6)
        assert share < 255 or true >= 0.999


@given(st.lists(st.tuples(st.floats(-50, 150), st.floats(0.1, 60), st.sampled_from(REASONS)), max_size=8))
def test_the_reason_that_matters_most_is_told(told: list[tuple[float, float, GapReason]]) -> None:
    gaps = [Gap("c1", START + begin, START + begin + length, reason) for begin, length, reason in told]
    counted = missing_bytes(gaps, question())
    for column, code in enumerate(counted):
        low, high = START + 10 * column, START + 10 * column + 10
        there = [REASONS.index(g.reason) + 1 for g in gaps if g.from_utc_s < high - 1e-4 and g.to_utc_s > low + 1e-4]
        near = [REASONS.index(g.reason) + 1 for g in gaps if g.from_utc_s < high + 1e-4 and g.to_utc_s > low - 1e-4]
        assert max(there, default=0) <= code <= max(near, default=0)


def test_a_reconnect_of_a_moment_does_not_colour_a_months_column() -> None:
    month = TimelineQuestion(("c1",), START, START + 30 * 86_400, 1000)
    gaps = [Gap("c1", START + 5000, START + 5001, GapReason.NO_SIGNAL)]
    assert missing_bytes(gaps, month) == bytes(1000)
    assert any(missing_bytes(gaps, question(10, 10_000.0)))


def test_motion_is_nothing_where_nobody_looked() -> None:
    asked = question()
    assert motion_bytes([], asked, edges(asked)) == b""
    counted = motion_bytes([Activity(START + 20, START + 40, 1.0)], asked, edges(asked))
    assert counted[:2] == bytes(2)
    assert counted[2] == counted[3] > 100
    assert counted[4:] == bytes(6)


# Events in memory


class Source:
    """A journal's events that grow."""

    def __init__(self) -> None:
        self.rows: list[EventRow] = []
        self.asked = 0
        self.erasures = 0

    def timeline_events(
        self, from_utc_s: float, to_utc_s: float, after: EventMark | None, watch: Watch
    ) -> tuple[list[EventRow], EventMark, bool]:
        watch.check()
        mark = EventMark(len(self.rows), self.erasures)
        everything = after is None or after.erasures != self.erasures
        new = self.rows if everything or after is None else self.rows[after.newest :]
        found = [row for row in new if from_utc_s <= row.utc_s < to_utc_s]
        self.asked += len(found)
        return sorted(found, key=lambda row: row.utc_s) if everything else found, mark, everything


made_events = st.lists(
    st.builds(
        EventRow,
        st.sampled_from(("c1", "c2", "c3")),
        st.floats(START - 200_000, START + 200_000),
        st.integers(1, 5),
    ),
    max_size=30,
)
windows = st.lists(st.tuples(st.floats(-150_000, 100_000), st.floats(100, 250_000)), min_size=1, max_size=4)


@given(made_events, made_events, windows)
def test_events_are_counted_whatever_was_asked_before(
    old: list[EventRow], new: list[EventRow], asked: list[tuple[float, float]]
) -> None:
    source, columns = Source(), 7
    source.rows += old
    counter = EventColumns(source)
    for number, (begin_s, length_s) in enumerate(asked):
        if number == len(asked) - 1:
            source.rows += new
        begin, end = START + begin_s, START + begin_s + length_s
        worst, times = counter.counted({"c3": 0, "c1": 1}, begin, end, columns, Watch())
        cells: dict[tuple[int, int], list[EventRow]] = {}
        for row in source.rows:
            if row.camera_id != "c2" and begin <= row.utc_s < end:
                place = 0 if row.camera_id == "c3" else 1
                column = min(int((row.utc_s - begin) * (columns / (end - begin))), columns - 1)
                cells.setdefault((place, column), []).append(row)
        for place in (0, 1):
            for column in range(columns):
                there = cells.get((place, column), [])
                assert worst[place, column] == max((row.severity for row in there), default=0)
            first = sorted(min(row.utc_s for row in rows) for (at, _c), rows in cells.items() if at == place)
            assert list(times[place]) == first


def test_what_was_read_is_not_read_again_but_after_an_erasure() -> None:
    source = Source()
    source.rows = [EventRow("c1", START + n, 3) for n in range(10)]
    counter = EventColumns(source)
    for _ in range(3):
        counter.counted({"c1": 0}, START, START + 60, 4, Watch())
    assert source.asked == 10
    source.erasures, source.rows = 1, source.rows[:4]
    worst, _times = counter.counted({"c1": 0}, START, START + 10, 10, Watch())
    assert worst.tolist() == [[3] * 4 + [0] * 6]


def test_events_that_must_not_be_known_are_not_counted() -> None:
    source = Source()
    source.rows = [EventRow("c1", START + 1, 5), EventRow("c1", START + 1, 2), EventRow("c2", START + 1, 3)]
    source.rows += [EventRow("c1", START + 2, 4)]
    hidden = [EventRow("c1", START + 2, 4), EventRow("c9", START + 1, 4), EventRow("c2", START + 1, 3)]
    counter = EventColumns(source)
    worst, times = counter.counted({"c1": 0, "c2": 1}, START, START + 4, 4, Watch(), hidden)
    assert worst.tolist() == [[0, 5, 0, 0], [0, 0, 0, 0]]
    assert times == [(START + 1,), ()]
    worst, _times = counter.counted({"c1": 0, "c2": 1}, START, START + 4, 4, Watch())
    assert worst.tolist() == [[0, 5, 4, 0], [0, 3, 0, 0]]


def test_a_question_that_was_called_off_leaves_nothing_half_read() -> None:
    source = Source()
    source.rows = [EventRow("c1", START, 3)]
    counter = EventColumns(source)
    watch = Watch()
    watch.cancel()
    with pytest.raises(StorageError):
        counter.counted({"c1": 0}, START, START + 10, 1, watch)
    worst, _times = counter.counted({"c1": 0}, START, START + 10, 1, Watch())
    assert worst.tolist() == [[3]]
