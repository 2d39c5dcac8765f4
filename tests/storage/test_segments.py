"""The recording index and the plan of what may go."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import footage_scan
from storage.errors import StorageCode, StorageError
from storage.footage_files import Card, Flaw, read_segment, segment_path
from storage.footage_records import Gap, GapReason, Segment
from storage.footage_retention import Allowance, plan_deletion
from storage.journal import FootageDigest, FootageLock
from storage.segments import SegmentIndex, footage_digest

START = 1_800_000_000.0


def segment(
    at_s: float, camera: str = "c1", *, length_s: float = 60.0, size: int = 100, closed: bool = True
) -> Segment:
    begin = START + at_s
    name = f"{camera}-{at_s:09.1f}"
    sha256 = "ab" * 32 if closed else None
    return Segment(name, camera, f"/footage/{name}.mp4", begin, begin + length_s, size, "h264", 640, 360, sha256)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SegmentIndex]:
    opened = SegmentIndex(tmp_path / "index" / "index.db")
    yield opened
    opened.close()


def put(index: SegmentIndex, *segments: Segment) -> None:
    for one in segments:
        index.begin(one)


def test_what_was_put_is_found_by_its_time(index: SegmentIndex) -> None:
    a, b, c = segment(0), segment(60), segment(120)
    put(index, a, b, c, segment(60, "c2"))
    assert index.between("c1", START + 60, START + 61) == (b,)
    assert index.between("c1", START + 59, START + 61) == (a, b)
    assert index.between("c1", START - 10, START + 1000) == (a, b, c)
    assert index.between("c3", 0, 4e9) == ()
    assert index.oldest("c1") == a
    assert index.oldest("c9") is None
    assert index.newest_utc_s("c1") == START + 180
    assert index.newest_utc_s("c9") is None
    assert index.newest_before(math.inf) == START + 180
    assert index.newest_before(START) is None
    assert index.total_bytes() == 400
    assert index.segment(b.id) == b
    assert index.camera_ids() == ("c1", "c2")


def test_a_segment_grows_and_is_closed(index: SegmentIndex) -> None:
    opened = replace(segment(0, closed=False), to_utc_s=START, bytes=0)
    put(index, opened)
    assert index.unfinished() == (opened,)
    index.grow([(opened.id, START + 10, 50)])
    assert index.between("c1", START + 9, START + 20)[0].bytes == 50
    index.close_segment(opened.id, START + 60, 99, "cd" * 32)
    found = index.segment(opened.id)
    assert found is not None
    assert (found.to_utc_s, found.bytes, found.sha256, found.closed) == (START + 60, 99, "cd" * 32, True)
    assert index.unfinished() == ()


def test_what_is_missing_between_two_segments_is_a_gap(index: SegmentIndex) -> None:
    put(index, segment(0))
    index.begin(segment(60.3), GapReason.NO_SIGNAL)  # within the tolerance
    index.begin(segment(200), GapReason.DISK_FULL)
    assert index.gaps("c1", 0, 4e9) == (Gap("c1", START + 120.3, START + 200, GapReason.DISK_FULL),)


def test_an_open_gap_lasts_until_recording_goes_on(index: SegmentIndex) -> None:
    put(index, segment(0))
    index.open_gap("c1", START + 60, GapReason.STOPPED)
    index.open_gap("c1", START + 70, GapReason.NO_SIGNAL)  # the first reason stays
    assert index.gaps("c1", START, START + 99) == (Gap("c1", START + 60, START + 99, GapReason.STOPPED),)
    index.begin(segment(120), GapReason.NO_SIGNAL)
    assert index.gaps("c1", START, START + 999) == (Gap("c1", START + 60, START + 120, GapReason.STOPPED),)
    index.open_gap("c1", START + 180, GapReason.NO_SIGNAL)
    index.begin(segment(180.1))  # it came back at once
    assert len(index.gaps("c1", START, START + 999)) == 1


def test_before_the_first_and_after_the_newest_recording_there_is_a_reason(index: SegmentIndex) -> None:
    before, camera, after = (Gap("c1", START - 10, START, GapReason.NOT_BEGUN), "c1", START + 70)
    assert [gap.reason for gap in index.reasons(camera, START, after)] == [GapReason.NOT_BEGUN]
    index.begin(segment(0))
    assert index.reasons(camera, START - 10, START + 50) == (before,)
    away = Gap(camera, START + 60, after, GapReason.NOT_YET)
    assert index.reasons(camera, START - 10, after) == (before, away)
    index.open_gap(camera, START + 60, GapReason.NO_SIGNAL)
    assert index.reasons(camera, START + 61, after) == (replace(away, reason=GapReason.NO_SIGNAL),)
    index.delete(segment(0))
    assert [gap.reason for gap in index.reasons(camera, START - 10, START + 50)] == [
        GapReason.NOT_BEGUN,
        GapReason.DELETED,
    ]


def test_deleted_footage_is_one_gap(index: SegmentIndex) -> None:
    many = [segment(60.0 * n) for n in range(5)]
    put(index, *many)
    for one in many[:3]:
        index.delete(one)
    assert index.gaps("c1", 0, 4e9) == (Gap("c1", START, START + 180, GapReason.DELETED),)
    assert index.between("c1", 0, 4e9) == tuple(many[3:])
    assert index.deleted_between(START, START + 10)
    assert not index.deleted_between(START + 200, START + 300)


def test_pages_of_the_oldest_are_complete(index: SegmentIndex) -> None:
    many = [segment(float(n), f"c{n % 3}") for n in range(2500)]
    index.rebuild(many)
    assert list(index.oldest_first()) == many


def test_rebuilding_makes_gaps_of_unknown_reason(index: SegmentIndex) -> None:
    put(index, segment(5000))
    index.open_gap("c1", START + 9000, GapReason.STOPPED)
    index.rebuild([segment(300), segment(0), segment(60), segment(0, "c2")])
    assert index.gaps("c1", 0, 4e9) == (Gap("c1", START + 120, START + 300, GapReason.UNKNOWN),)
    assert index.gaps("c2", 0, 4e9) == ()
    assert len(list(index.oldest_first())) == 4


def test_many_threads_may_ask_and_write(index: SegmentIndex) -> None:
    def write(camera: str) -> None:
        for n in range(30):
            index.begin(segment(60.0 * n, camera))
            index.between(camera, START, START + 9999)

    threads = [threading.Thread(target=write, args=(f"c{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert index.total_bytes() == 4 * 30 * 100


def test_another_process_may_read_while_one_writes(index: SegmentIndex) -> None:
    put(index, segment(0))
    other = SegmentIndex(index.path)
    put(index, segment(60))
    assert len(other.between("c1", 0, 4e9)) == 2
    other.close()


def test_a_file_that_is_no_index_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(StorageError) as caught:
        SegmentIndex(path)
    assert caught.value.code is StorageCode.NOT_A_JOURNAL
    assert path.read_bytes().startswith(b"this is no database")


def test_names_are_utc_with_milliseconds(tmp_path: Path) -> None:
    card = Card("0123", "../x", START + 0.0625, "h264", 640, 360)
    path = segment_path(tmp_path, card)
    assert path.relative_to(tmp_path).parts[0] == "..%2Fx"
    assert path.name == "08-00-00.062Z_0123.mp4"
    assert path.parent.name == "2027-01-15"
    assert Card.parse(card.text()) == card


@given(st.text(max_size=60) | st.just('{"format":"watchfloor-footage-1","id":1}') | st.just("[]") | st.just("5"))
def test_any_comment_is_read_or_refused(text: str) -> None:
    assert Card.parse(text) is None


@given(st.binary(max_size=400))
def test_any_bytes_are_read_as_foreign(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.mp4"
    path.write_bytes(data)
    assert read_segment(path) == (None, Flaw.FOREIGN if data else Flaw.EMPTY)


def test_foreign_and_empty_files_are_named_and_stay(index: SegmentIndex, tmp_path: Path) -> None:
    folder = tmp_path / "recordings" / "c1"
    folder.mkdir(parents=True)
    (folder / "empty.mp4").touch()
    (folder / "holiday.mp4").write_bytes(b"\0\0\0\x18ftypisom" + bytes(300))
    checked = footage_scan.rebuild(index, [folder.parent])
    assert checked.segments == 0
    assert [(Path(f.path).name, f.flaw) for f in checked.findings] == [
        ("empty.mp4", Flaw.EMPTY),
        ("holiday.mp4", Flaw.FOREIGN),
    ]
    assert len(list(folder.iterdir())) == 2
    assert read_segment(folder / "gone.mp4").flaw is Flaw.MISSING
    assert read_segment(folder).flaw is Flaw.UNREADABLE


def test_the_chain_notices_a_hash_that_was_altered_in_the_index(index: SegmentIndex) -> None:
    put(index, segment(0), segment(60))
    hour = FootageDigest(START, START + 3600, 2, footage_digest(index.ended_between(START, START + 3600)))

    def flaws() -> set[Flaw]:
        return {f.flaw for f in footage_scan.verify(index, [hour]).findings}

    assert flaws() == {Flaw.MISSING}  # the files, which were never there
    found = segment(60)
    index.close_segment(found.id, found.to_utc_s, 100, "ee" * 32)
    assert flaws() == {Flaw.MISSING, Flaw.ALTERED}


def test_an_hour_with_fewer_segments_is_missing_unless_retention_did_it(index: SegmentIndex) -> None:
    put(index, segment(0), segment(60))
    hour = FootageDigest(START, START + 3600, 2, footage_digest(index.ended_between(START, START + 3600)))
    index.discard(segment(60).id)
    assert [f.path for f in footage_scan.verify(index, [hour]).findings][-1] == f"{START:.0f}-{START + 3600:.0f}"
    index.delete(segment(0))
    assert footage_scan.verify(index, [hour]).findings == ()


def lock(camera: str, begin: float, end: float, until: float | None = None) -> FootageLock:
    return FootageLock(camera, START + begin, START + end, until, None, "a1")


def test_the_oldest_go_until_the_quota_holds() -> None:
    many = [segment(60.0 * n) for n in range(10)]
    going = plan_deletion(many, [], Allowance(quota_bytes=650), total_bytes=1000, now_utc_s=START + 600)
    assert going == many[:4]


def test_what_is_too_old_goes_and_no_more_is_read() -> None:
    def lazily() -> Iterator[Segment]:
        yield segment(0)
        yield segment(60)
        yield segment(5000)
        raise AssertionError("read on")

    going = plan_deletion(lazily(), [], Allowance(keep_s=1000), total_bytes=0, now_utc_s=START + 1100)
    assert going == [segment(0)]


def test_no_limit_deletes_nothing() -> None:
    assert plan_deletion([segment(0)], [], Allowance(), total_bytes=10**15, now_utc_s=START + 1e9) == []


def test_an_expired_lock_holds_nothing() -> None:
    locks = [lock("c1", -30, 90, until=START + 1000)]
    plan = Allowance(missing_bytes=1)
    assert plan_deletion([segment(0)], locks, plan, total_bytes=100, now_utc_s=START + 999) == []
    assert plan_deletion([segment(0)], locks, plan, total_bytes=100, now_utc_s=START + 1001) == [segment(0)]


SEGMENTS = st.lists(
    st.builds(
        segment,
        st.floats(0, 5000),
        st.sampled_from(["c1", "c2"]),
        length_s=st.floats(0, 300),
        size=st.integers(0, 1000),
        closed=st.booleans(),
    ),
    max_size=25,
    unique_by=lambda s: (s.camera_id, s.from_utc_s),
)
LOCKS = st.lists(
    st.builds(
        lock,
        st.sampled_from(["c1", "c2"]),
        st.floats(-100, 5000),
        st.floats(-100, 5000),
        st.none() | st.floats(START, START + 9000),
    ),
    max_size=4,
)
ALLOWANCES = st.builds(Allowance, st.floats(0, 6000), st.integers(0, 9000), st.integers(0, 9000))


@given(SEGMENTS, LOCKS, ALLOWANCES, st.floats(0, 9000))
def test_a_plan_never_takes_what_is_locked_or_open_and_never_more_than_needed(
    segments: list[Segment], locks: list[FootageLock], allowance: Allowance, now_s: float
) -> None:
    segments.sort(key=lambda s: s.from_utc_s)
    total, now = sum(s.bytes for s in segments), START + now_s
    going = plan_deletion(segments, locks, allowance, total_bytes=total, now_utc_s=now)
    for one in going:
        assert one.closed
        for held in locks:
            if held.camera_id == one.camera_id and (held.until_utc_s is None or held.until_utc_s > now):
                assert one.to_utc_s < held.from_utc_s or one.from_utc_s > held.to_utc_s
    assert going == [s for s in segments if s in going]  # oldest first
    old = [s for s in going if allowance.keep_s and s.to_utc_s < now - allowance.keep_s]
    needed = max(total - allowance.quota_bytes if allowance.quota_bytes else 0, allowance.missing_bytes)
    young = [s for s in going if s not in old]
    assert sum(s.bytes for s in young[:-1]) < needed or not young
