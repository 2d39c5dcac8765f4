"""Recording composed: healing after a crash, retention that asks the journal, digests, banners."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.bus import Bus
from app.cameras import CameraHub
from app.feeds import Banner
from app.footage_keeper import HOUR_S, FootageKeeper
from app.recording import Recording
from storage.commands import RecordEvent
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.errors import StorageCode, StorageError
from storage.folders import Folders
from storage.footage_files import hash_file
from storage.journal import FootageLock
from storage.records import Camera, GapReason, Segment, new_id
from storage.segments import SegmentIndex, footage_digest
from storage.settings import RecordingSettings, Settings
from storage.worker import Supervisor
from tests.conftest import wait_until
from tests.storage.site import RUNTIME, START_UTC_S, event
from tests.video.conftest import make_clip
from video.decode import DecodePool
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


class Keeping:
    """A keeper with everything that it needs; the clock and the disk are ours."""

    def __init__(self, folder: Path, index: SegmentIndex, journal: EmbeddedJournal, **settings: Any) -> None:
        self.now_utc_s, self.free = START_UTC_S, 10**12
        self.problem: VideoError | None = None
        self.said: list[str] = []
        self.keeper = FootageKeeper(
            folder,
            index,
            journal,
            RecordingSettings(**{"keep_days": 0, "reserve_gb": 0, **settings}),
            lambda banner: self.said.append(banner.text),
            lambda: self.problem,
            clock=lambda: self.now_utc_s,
            free_bytes=lambda _: self.free,
        )


def test_old_footage_goes_and_what_an_alarm_holds_stays(
    tmp_path: Path, index: SegmentIndex, journal: EmbeddedJournal
) -> None:
    journal.apply(RecordEvent(event(0.0, "c1"), opens_incident=True), RUNTIME)
    held = put(index, tmp_path, START_UTC_S - 10)
    free = put(index, tmp_path, START_UTC_S + 200)
    other = put(index, tmp_path, START_UTC_S, "c2")
    keeping = Keeping(tmp_path, index, journal, keep_days=30)
    keeping.now_utc_s = START_UTC_S + 400 * 86400
    keeping.keeper.round()
    assert [Path(s.path).exists() for s in (held, free, other)] == [True, False, False]
    assert index.between("c1", 0, 4e9) == (held,)
    assert index.gaps("c1", 0, 4e9)[-1].reason is GapReason.DELETED
    assert keeping.keeper.deleted == 2


def test_nothing_is_deleted_while_the_journal_cannot_be_asked(
    tmp_path: Path, index: SegmentIndex, journal: EmbeddedJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = put(index, tmp_path, START_UTC_S)
    keeping = Keeping(tmp_path, index, journal, keep_days=1)
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
    tmp_path: Path, index: SegmentIndex, journal: EmbeddedJournal
) -> None:
    first = put(index, tmp_path, START_UTC_S - 5000)
    journal.apply(RecordEvent(event(0.0, "c1")), RUNTIME)
    held = put(index, tmp_path, START_UTC_S)
    keeping = Keeping(tmp_path, index, journal, reserve_gb=5)
    keeping.free = 4 * 10**9
    keeping.keeper.round()
    assert not Path(first.path).exists()
    assert Path(held.path).exists()
    assert "almost full" in keeping.said[-1]
    keeping.free = 6 * 10**9
    keeping.keeper.round()
    assert keeping.said[-1] == ""


def test_what_the_writers_suffer_from_is_said(tmp_path: Path, index: SegmentIndex, journal: EmbeddedJournal) -> None:
    keeping = Keeping(tmp_path, index, journal)
    keeping.problem = VideoError(VideoCode.DISK_FULL, path="/x")
    keeping.keeper.round()
    keeping.keeper.round()
    assert len(keeping.said) == 1
    assert keeping.said[0].startswith("The disk is full")


def test_every_whole_hour_is_sealed_once(tmp_path: Path, index: SegmentIndex, journal: EmbeddedJournal) -> None:
    first = [put(index, tmp_path, HOUR + 60 * n) for n in range(3)]
    later = put(index, tmp_path, HOUR + 2 * HOUR_S + 10, "c2")
    keeping = Keeping(tmp_path, index, journal)
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


class Site:
    """A supervisor, a hub and the recording of one camera."""

    def __init__(self, root: Path, journal: EmbeddedJournal, clip: Path) -> None:
        self.bus, self.supervisor = Bus(), Supervisor()
        self.banners: list[Banner] = []
        self.bus.subscribe(Banner, self.banners.append)
        self.recording = Recording(Folders.under(root), Settings(), journal, self.bus)
        self.hub = CameraHub(DecodePool(1), self.supervisor, lambda _: str(clip), grace_s=0.0)
        self.camera = Camera("c1", 1, "Gate", str(clip))

    def start(self) -> None:
        self.supervisor.start()
        for worker in self.recording.workers:
            self.supervisor.add(worker)
        self.recording.start(self.hub, [self.camera])

    def stop(self) -> None:
        assert self.supervisor.shutdown(5) == []
        self.recording.close()


def test_a_camera_that_nobody_watches_is_recorded(tmp_path: Path, journal: EmbeddedJournal) -> None:
    site = Site(tmp_path / "home", journal, make_clip(tmp_path / "clip.mp4"))
    assert not site.recording.recording("c1")
    site.start()
    wait_until(lambda: site.recording.recording("c1"))
    site.hub.close_unwanted(float("inf"))
    assert site.hub.session("c1") is not None
    wait_until(lambda: bool(site.recording.figures().total_bytes))
    figures = site.recording.figures()
    assert (figures.cameras, figures.active, figures.segments, figures.failures) == (1, 1, 1, 0)
    assert site.recording.between("c1", 0, 4e9)
    site.stop()
    again = SegmentIndex(Folders.under(tmp_path / "home").footage_index)
    (segment,) = again.between("c1", 0, 4e9)
    assert segment.sha256 == hash_file(Path(segment.path))
    assert [g.reason for g in again.gaps("c1", 0, 4e9)] == [GapReason.STOPPED]
    again.close()


def test_a_second_recorder_on_the_folder_records_nothing_and_says_so(tmp_path: Path, journal: EmbeddedJournal) -> None:
    clip = make_clip(tmp_path / "clip.mp4", seconds=1)
    first, second = Site(tmp_path / "home", journal, clip), Site(tmp_path / "home", journal, clip)
    second.start()
    assert second.recording.workers == ()
    assert "Another Watchfloor already records" in second.banners[0].text
    assert second.hub.session("c1") is None
    second.stop()
    first.recording.close()
    third = Site(tmp_path / "home", journal, clip)
    assert third.recording.workers
    third.recording.close()


def test_what_a_crash_left_open_is_healed(tmp_path: Path, journal: EmbeddedJournal) -> None:
    """The index of a killed run is behind its files: they say how far they go."""
    site = Site(tmp_path / "home", journal, make_clip(tmp_path / "clip.mp4"))
    site.start()
    wait_until(lambda: site.recording.figures().total_bytes > 4000)
    site.stop()
    path = Folders.under(tmp_path / "home").footage_index
    index = SegmentIndex(path)
    (whole,) = index.between("c1", 0, 4e9)
    gone = replace(whole, id=new_id(), path=str(tmp_path / "gone.mp4"), from_utc_s=whole.to_utc_s, sha256=None)
    index.rebuild([replace(whole, to_utc_s=whole.from_utc_s, bytes=0, sha256=None), gone])
    index.close()
    again = Site(tmp_path / "home", journal, tmp_path / "clip.mp4")
    assert again.recording.index is not None
    again.recording.workers[-1].round()  # type: ignore[attr-defined]  # the keeper
    assert again.recording.index.between("c1", 0, 4e9) == (whole,)
    assert again.recording.index.gaps("c1", 0, whole.to_utc_s + 5)[0].reason is GapReason.UNKNOWN
    again.recording.close()


def test_recording_may_be_switched_off(tmp_path: Path, journal: EmbeddedJournal) -> None:
    settings = Settings(recording=RecordingSettings(enabled=False))
    recording = Recording(Folders.under(tmp_path / "home"), settings, journal, Bus())
    assert recording.workers == ()
    assert not recording.recording("c1")
    assert recording.between("c1", 0, 4e9) == ()
    assert not (tmp_path / "home").exists()
    recording.close()
