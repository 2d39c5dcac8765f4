"""The footage keeper: retention that asks the journal, cameras that stop for want of room, digests, banners."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from app.age_clock import AgeClock
from app.footage_keeper import HOUR_S, FootageKeeper
from app.footage_space import FootageSpace
from storage.commands import RecordEvent
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.errors import StorageCode, StorageError
from storage.footage_files import hash_file
from storage.footage_folders import FootageFolders
from storage.footage_records import GapReason, Segment
from storage.journal import FootageLock
from storage.records import new_id
from storage.segments import SegmentIndex, footage_digest
from storage.settings import RecordingSettings
from tests.storage.site import RUNTIME, START_UTC_S, event
from video.source import VideoCode, VideoError

HOUR = START_UTC_S // HOUR_S * HOUR_S


class Silent:
    """A journal that cannot be asked."""

    def footage_locks(self, now_utc_s: float) -> Sequence[FootageLock]:
        raise StorageError(StorageCode.BUSY)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[EmbeddedJournal]:
    with contextlib.closing(open_journal(tmp_path / "journal" / "journal.db")) as opened:
        yield opened


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SegmentIndex]:
    opened = SegmentIndex(tmp_path / "index.db")
    yield opened
    opened.close()


def put(index: SegmentIndex, folder: Path, at_utc_s: float, camera: str = "c1", size: int = 1000) -> Segment:
    """A closed segment with a file behind it."""
    path = folder / camera / f"{at_utc_s:.0f}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(size))
    one = Segment(new_id(at_utc_s), camera, str(path), at_utc_s, at_utc_s + 60, size, "h264", 640, 360, hash_file(path))
    index.begin(one)
    return one


class Cameras:
    """What a keeper wants to know of the recorded cameras."""

    def __init__(self) -> None:
        self.keep_days: dict[str, int] = {}
        self.open_segments: frozenset[str] = frozenset()
        self.trouble: VideoError | None = None
        self.importances = [1, 2, 2, 3, 5]
        self.below = 0

    def hold_below(self, importance: int, reason: GapReason) -> int:
        assert reason is GapReason.DISK_FULL
        self.below = importance
        return sum(one < importance for one in self.importances)

    def tidy(self) -> None:
        """Nothing is open."""


class Keeping:
    """A keeper with everything that it needs; the clock and the disk are ours."""

    def __init__(
        self, folder: Path, index: SegmentIndex, journal: EmbeddedJournal, *, leaps: bool = False, **settings: Any
    ) -> None:
        self.now_utc_s, self.free, self.passed_s = START_UTC_S, 10**12, 0.0
        ages = AgeClock(START_UTC_S, clock=lambda: self.now_utc_s, monotonic=lambda: self.passed_s)
        self.said: list[str] = []
        self.cameras = Cameras()
        self.folders = FootageFolders([folder], free_bytes=lambda _: self.free)
        self.keeper = FootageKeeper(
            self.folders,
            index,
            journal,
            RecordingSettings(**{"keep_days": 0, "reserve_gb": 0, **settings}),
            lambda banner: self.said.append(banner.text),
            self.cameras,
            clock=lambda: self.now_utc_s,
            ages=ages if leaps else None,
        )


Keep = Callable[..., Keeping]


@pytest.fixture
def keep(tmp_path: Path, index: SegmentIndex, journal: EmbeddedJournal) -> Iterator[Keep]:
    made: list[Keeping] = []

    def make(**settings: Any) -> Keeping:
        made.append(Keeping(tmp_path, index, journal, **settings))
        return made[-1]

    yield make
    for keeping in made:
        keeping.folders.release()


def test_old_footage_goes_and_what_an_alarm_holds_stays(
    tmp_path: Path, index: SegmentIndex, journal: EmbeddedJournal, keep: Keep
) -> None:
    journal.apply(RecordEvent(event(0.0, "c1"), opens_incident=True), RUNTIME)
    held = put(index, tmp_path, START_UTC_S - 10)
    free = put(index, tmp_path, START_UTC_S + 200)
    other = put(index, tmp_path, START_UTC_S, "c2")
    keeping = keep(keep_days=30)
    keeping.now_utc_s = START_UTC_S + 400 * 86400
    keeping.keeper.round()
    assert [Path(s.path).exists() for s in (held, free, other)] == [True, False, False]
    assert index.between("c1", 0, 4e9) == (held,)
    assert index.gaps("c1", 0, 4e9)[-1].reason is GapReason.DELETED
    assert keeping.keeper.deleted == 2


def test_a_clock_that_leaps_a_year_ahead_takes_nothing_for_a_day(
    tmp_path: Path, index: SegmentIndex, keep: Keep
) -> None:
    keeping = keep(keep_days=30, leaps=True)
    recorded = put(index, tmp_path, START_UTC_S - 86_400)
    keeping.now_utc_s += 365 * 86_400.0
    keeping.keeper.round()
    assert Path(recorded.path).exists()
    assert "Check the clock" in keeping.said[-1]
    for moved in ("now_utc_s", "passed_s"):
        setattr(keeping, moved, getattr(keeping, moved) + 86_401.0)
    keeping.keeper.round()
    assert not Path(recorded.path).exists()


def test_nothing_is_deleted_while_the_journal_cannot_be_asked(
    tmp_path: Path, index: SegmentIndex, journal: EmbeddedJournal, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = put(index, tmp_path, START_UTC_S)
    keeping = keep(keep_days=1)
    keeping.now_utc_s = START_UTC_S + 400 * 86400
    with monkeypatch.context() as patched:
        patched.setattr(journal, "footage_locks", Silent().footage_locks)
        keeping.keeper.round()
    assert Path(old.path).exists()
    assert index.between("c1", 0, 4e9) == (old,)
    assert keeping.said[-1]
    keeping.keeper.round()
    assert not Path(old.path).exists()
    assert keeping.said[-1] == ""


def test_before_the_disk_is_full_the_oldest_go_and_if_that_is_not_enough_it_is_said(
    tmp_path: Path, index: SegmentIndex, journal: EmbeddedJournal, keep: Keep
) -> None:
    first = put(index, tmp_path, START_UTC_S - 5000)
    journal.apply(RecordEvent(event(0.0, "c1")), RUNTIME)
    held = put(index, tmp_path, START_UTC_S)
    keeping = keep(reserve_gb=5)
    keeping.free = 4 * 10**9
    keeping.keeper.round()
    assert not Path(first.path).exists()
    assert Path(held.path).exists()
    assert "almost full" in keeping.said[-1]
    keeping.free = 6 * 10**9
    keeping.keeper.round()
    assert keeping.said[-1] == ""


def test_what_the_writers_suffer_from_is_said(
    tmp_path: Path, index: SegmentIndex, journal: EmbeddedJournal, keep: Keep
) -> None:
    keeping = keep()
    keeping.cameras.trouble = VideoError(VideoCode.DISK_FULL, path="/x")
    keeping.keeper.round()
    keeping.keeper.round()
    assert len(keeping.said) == 1
    assert keeping.said[0].startswith("The disk is full")


def test_each_camera_keeps_its_own_time(tmp_path: Path, index: SegmentIndex, keep: Keep) -> None:
    segments = [put(index, tmp_path, START_UTC_S, camera) for camera in ("c1", "c2", "c3")]
    keeping = keep(keep_days=10)
    keeping.cameras.keep_days = {"c1": 1, "c2": 0}
    for days, left in ((0.9, "123"), (2.0, "23"), (11.0, "2"), (90.0, "2")):
        keeping.now_utc_s = START_UTC_S + days * 86400
        keeping.keeper.round()
        assert "".join(s.camera_id[1] for s in segments if Path(s.path).exists()) == left, days


def test_a_full_disk_stops_the_least_important_first_and_they_go_on_by_themselves(keep: Keep) -> None:
    """Nothing there may be deleted. 10 GB are to be left free; cameras of importance 1, 2, 2, 3 and 5."""
    keeping = keep(reserve_gb=10)
    course = [(9.0, 0), (7.9, 1), (6.1, 1), (5.9, 3), (3.5, 4), (0.1, 4), (4.5, 4), (5.5, 3), (6.5, 3), (7.5, 1)]
    for free_gb, held in (*course, (8.5, 1), (9.1, 0)):
        keeping.free = int(free_gb * 10**9)
        keeping.keeper.look()
        assert sum(one < keeping.cameras.below for one in keeping.cameras.importances) == held, free_gb
        if held:
            assert f" {held} camera" in keeping.said[-1]
    assert "almost full" in keeping.said[-1]
    keeping.free = 11 * 10**9
    keeping.keeper.look()
    assert keeping.said[-1] == ""


def test_a_disk_that_runs_full_is_freed_at_once_and_not_searched_again_and_again_in_vain(
    tmp_path: Path, index: SegmentIndex, keep: Keep
) -> None:
    keeping = keep(reserve_gb=10)
    assert not keeping.keeper._is_urgent()
    keeping.free = 5 * 10**9
    assert keeping.keeper._is_urgent()
    keeping.keeper.round()
    assert not keeping.keeper._is_urgent()  # nothing may be deleted: at the next round
    put(index, tmp_path, START_UTC_S)
    keeping.keeper.round()
    assert keeping.keeper.deleted == 1
    assert keeping.keeper._is_urgent()  # that helped, more may


def test_a_storm_of_false_alarms_holds_72_hours_and_no_more(
    tmp_path: Path, index: SegmentIndex, journal: EmbeddedJournal, keep: Keep
) -> None:
    """One alarm that nobody judges, fed every hour for ten days, and a disk that is full all the time."""
    hours = 240
    segments = [put(index, tmp_path, START_UTC_S + 3600 * hour, size=100) for hour in range(hours)]
    for hour in range(3, hours, 4):
        journal.apply(RecordEvent(event(3600.0 * hour, "c1")), RUNTIME)
    assert len(journal.alarms()) == 1
    keeping = keep(reserve_gb=5)
    keeping.free = 0
    keeping.now_utc_s = segments[-1].to_utc_s
    keeping.keeper.round()
    kept = [s for s in segments if Path(s.path).exists()]
    assert 70 <= len(kept) <= 73
    assert kept == segments[-len(kept) :]
    keeping.now_utc_s += 73 * 3600
    keeping.keeper.round()
    assert not any(Path(s.path).exists() for s in segments)


def test_a_locked_range_survives_everything(
    tmp_path: Path, index: SegmentIndex, journal: EmbeddedJournal, keep: Keep
) -> None:
    """Old by plan, over the quota, and the disk is full: all at once, round after round."""
    journal.apply(RecordEvent(event(0.0, "c1"), opens_incident=True), RUNTIME)
    held = put(index, tmp_path, START_UTC_S)
    others = [put(index, tmp_path, START_UTC_S + 200 * n) for n in range(1, 9)]
    keeping = keep(keep_days=1, quota_gb=1, reserve_gb=5)
    keeping.cameras.keep_days = {"c1": 1}
    keeping.free = 0
    for days in (0, 2, 400):
        keeping.now_utc_s = START_UTC_S + days * 86400
        keeping.keeper.round()
    assert Path(held.path).exists()
    assert index.between("c1", 0, 4e9) == (held,)
    assert not any(Path(s.path).exists() for s in others)
    assert hash_file(Path(held.path)) == held.sha256


def test_only_the_disk_that_is_full_is_emptied(tmp_path: Path, index: SegmentIndex, journal: EmbeddedJournal) -> None:
    first, second = tmp_path / "one", tmp_path / "two"
    kept, going = put(index, first, START_UTC_S, "c1"), put(index, second, START_UTC_S + 60, "c2")
    free = {first: 10**12, second: 10**9}
    folders = FootageFolders([first, second], free_bytes=lambda path: free[path])
    space = FootageSpace(
        folders,
        index,
        journal,
        RecordingSettings(reserve_gb=2, keep_days=0),
        Cameras(),
        clock=lambda: START_UTC_S,
        beat=lambda: True,
    )
    space._disks = lambda: [(first,), (second,)]  # type: ignore[method-assign]  # they lie on one disk here
    assert space.short
    space.free()
    assert (Path(kept.path).exists(), Path(going.path).exists()) == (True, False)
    folders.release()


def test_every_whole_hour_is_sealed_once(
    tmp_path: Path, index: SegmentIndex, journal: EmbeddedJournal, keep: Keep
) -> None:
    first = [put(index, tmp_path, HOUR + 60 * n) for n in range(3)]
    later = put(index, tmp_path, HOUR + 2 * HOUR_S + 10, "c2")
    keeping = keep()
    keeping.now_utc_s = HOUR + 3 * HOUR_S + 299
    keeping.keeper.round()
    assert [(d.from_utc_s, d.count, d.digest) for d in journal.footage_digests()] == [(HOUR, 3, footage_digest(first))]
    keeping.now_utc_s += 2
    keeping.keeper.round()
    keeping.keeper.round()
    assert [(d.from_utc_s, d.digest) for d in journal.footage_digests()] == [
        (HOUR + 2 * HOUR_S, footage_digest([later])),
        (HOUR, footage_digest(first)),
    ]
    assert journal.verify().problems == ()


class TwoDisks:
    """Two folders, one of which can be unmounted."""

    def __init__(self, root: Path, index: SegmentIndex, journal: EmbeddedJournal, **settings: Any) -> None:
        self.near, self.far = root / "near", root / "far"
        self.aside = root / "aside"
        self.index = index
        self.now_utc_s = START_UTC_S
        self.free = {self.near: 10**12, self.far: 10**12}
        self.folders = FootageFolders([self.near, self.far], free_bytes=lambda path: self.free[path])
        self.space = FootageSpace(
            self.folders,
            index,
            journal,
            RecordingSettings(**{"keep_days": 0, "reserve_gb": 0, **settings}),
            Cameras(),
            clock=lambda: self.now_utc_s,
            beat=lambda: True,
        )

    def unmount(self) -> None:
        self.far.rename(self.aside)
        self.folders.look()

    def mount(self) -> None:
        self.aside.rename(self.far)
        self.folders.look()

    def left(self) -> list[str]:
        return [segment.id for segment in self.index.oldest_first()]


def test_what_lies_on_a_disk_that_is_not_mounted_is_not_called_deleted(
    tmp_path: Path, index: SegmentIndex, journal: EmbeddedJournal
) -> None:
    disks = TwoDisks(tmp_path, index, journal, keep_days=1)
    here, there = put(index, disks.near, START_UTC_S, "c1"), put(index, disks.far, START_UTC_S + 60, "c2")
    disks.now_utc_s = START_UTC_S + 400 * 86400
    disks.folders.failed(disks.far, StorageCode.READ_ONLY)
    disks.space.free()
    assert (Path(here.path).exists(), Path(there.path).exists()) == (False, True)
    disks.unmount()
    disks.space.free()
    assert disks.left() == [there.id]
    assert index.gaps("c2", 0, 4e9) == ()
    disks.mount()
    disks.space.free()
    assert not Path(there.path).exists()
    assert disks.left() == []
    disks.folders.release()


def test_a_disk_that_goes_while_its_files_are_deleted_is_left_alone(
    tmp_path: Path, index: SegmentIndex, journal: EmbeddedJournal
) -> None:
    disks = TwoDisks(tmp_path, index, journal, keep_days=1)
    there = put(index, disks.far, START_UTC_S, "c1")
    disks.now_utc_s = START_UTC_S + 400 * 86400
    disks.far.rename(disks.aside)  # nobody has looked yet
    disks.space.free()
    assert disks.left() == [there.id]
    disks.mount()
    Path(there.path).unlink()  # by hand: the folder is there, the file is not
    disks.space.free()
    assert disks.left() == []
    disks.folders.release()


def test_a_disk_that_is_not_mounted_does_not_count_against_the_quota(
    tmp_path: Path, index: SegmentIndex, journal: EmbeddedJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.footage_space._GB", 1000)
    disks = TwoDisks(tmp_path, index, journal, quota_gb=3)
    put(index, disks.near, START_UTC_S, "c1", size=2000)
    put(index, disks.far, START_UTC_S + 60, "c2", size=9000)
    disks.unmount()
    disks.space.free()
    assert len(disks.left()) == 2
    disks.mount()
    disks.space.free()
    assert disks.left() == []
    disks.folders.release()


def test_folders_that_are_left_because_they_are_full_are_freed(
    tmp_path: Path, index: SegmentIndex, journal: EmbeddedJournal
) -> None:
    disks = TwoDisks(tmp_path, index, journal, reserve_gb=2)
    put(index, disks.near, START_UTC_S, "c1")
    put(index, disks.far, START_UTC_S + 60, "c2")
    for folder in (disks.near, disks.far):
        disks.free[folder] = 0
        disks.folders.failed(folder, StorageCode.DISK_FULL)
    assert disks.folders.healthy == disks.folders.lost == ()
    assert disks.space.short
    disks.space.free()
    assert disks.left() == []
    disks.folders.release()


def test_hours_are_looked_through_once_and_not_in_every_round(
    tmp_path: Path, index: SegmentIndex, journal: EmbeddedJournal, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(index, tmp_path, HOUR)
    keeping = keep()
    keeping.now_utc_s = HOUR + 50 * HOUR_S + 299
    asked: list[float] = []
    known = index.ended_between

    def counted(from_utc_s: float, to_utc_s: float) -> tuple[Segment, ...]:
        asked.append(from_utc_s)
        return known(from_utc_s, to_utc_s)

    monkeypatch.setattr(index, "ended_between", counted)
    keeping.keeper.round()
    assert len(asked) == 49
    keeping.keeper.round()
    assert len(asked) == 49
    put(index, tmp_path, HOUR + 49 * HOUR_S + 60)
    keeping.now_utc_s += 2
    keeping.keeper.round()
    assert [d.from_utc_s for d in journal.footage_digests()] == [HOUR + 49 * HOUR_S, HOUR]


def test_a_damage_that_shows_later_is_looked_for_at_the_next_start(
    index: SegmentIndex, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    def torn() -> Segment | None:
        raise StorageError(StorageCode.DAMAGED, path=str(index.path))

    keeping = keep()
    monkeypatch.setattr(index, "oldest", torn)
    keeping.keeper.round()
    assert index.path.with_name("index.db.doubted").exists()
