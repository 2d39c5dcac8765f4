"""Recording composed: plans, streams, sound, folders, healing after a crash and after an accident of the index."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.bus import Bus
from app.cameras import CameraHub, sub_key
from app.feeds import Banner
from app.footage_keeper import HOUR_S
from app.recorded_cameras import RecordedCameras, keep_days_of
from app.recording import Recording
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.folders import Folders
from storage.footage_files import hash_file
from storage.footage_records import GapReason
from storage.journal import Registry
from storage.records import Camera, District, new_id
from storage.registry_records import CameraGroup, RecordingPlan
from storage.segments import SegmentIndex
from storage.settings import RecordingSettings, Settings
from storage.worker import Supervisor
from tests.conftest import wait_until
from tests.storage.site import START_UTC_S
from tests.video.conftest import make_clip
from tests.video.test_recorded_sound import make_sounding_clip, sound_of
from video.decode import DecodePool

HOUR = START_UTC_S // HOUR_S * HOUR_S


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[EmbeddedJournal]:
    with contextlib.closing(open_journal(tmp_path / "journal" / "journal.db")) as opened:
        yield opened


class Site:
    """A supervisor, a hub and the recording of one camera."""

    def __init__(self, root: Path, journal: EmbeddedJournal, clip: Path) -> None:
        self.bus, self.supervisor = Bus(), Supervisor()
        self.banners: list[Banner] = []
        self.bus.subscribe(Banner, self.banners.append)
        settings = Settings(recording=RecordingSettings(segment_s=86_400))  # no new file at a minute's turn
        self.recording = Recording(Folders.under(root), settings, journal, self.bus)
        self.hub = CameraHub(DecodePool(1), self.supervisor, lambda _: str(clip), grace_s=0.0)
        self.camera = Camera("c1", 1, "Gate", str(clip))
        self.plans: tuple[RecordingPlan, ...] = ()

    def start(self) -> None:
        self.supervisor.start()
        for worker in self.recording.workers:
            self.supervisor.add(worker)
        self.recording.start(self.hub, lambda: Registry(cameras=(self.camera,), recording_plans=self.plans))

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


def test_a_camera_that_is_not_planned_is_recorded_on_demand_and_then_let_go(
    tmp_path: Path, journal: EmbeddedJournal
) -> None:
    site = Site(tmp_path / "home", journal, make_clip(tmp_path / "clip.mp4"))
    site.plans = (RecordingPlan("c1", mode="off"),)
    site.start()
    assert site.recording.index is not None
    assert [g.reason for g in site.recording.index.gaps("c1", 0, 4e9)] == [GapReason.NOT_PLANNED]
    assert site.hub.session("c1") is None
    assert not site.recording.start_now("c9", 5.0)
    assert site.recording.start_now("c1", 0.5)
    wait_until(lambda: site.recording.recording("c1"))
    wait_until(lambda: not site.recording.recording("c1"))
    site.recording.workers[-1].round()  # type: ignore[attr-defined]  # the keeper
    site.hub.close_unwanted(float("inf"))
    assert site.hub.session("c1") is None
    assert site.recording.index is not None
    assert site.recording.index.gaps("c1", 0, 4e9)[-1].reason is GapReason.NOT_PLANNED
    recorded = len(site.recording.between("c1", 0, 4e9))
    assert site.recording.start_now("c1", 60.0)  # another session, whose packets are counted from one again
    wait_until(lambda: site.recording.recording("c1"))
    assert len(site.recording.between("c1", 0, 4e9)) == recorded + 1
    site.stop()


def test_another_stream_may_be_chosen_and_the_first_one_again(tmp_path: Path, journal: EmbeddedJournal) -> None:
    main, sub = make_clip(tmp_path / "main.mp4"), make_clip(tmp_path / "sub.mp4", size=(160, 90))
    site = Site(tmp_path / "home", journal, main)
    site.camera = replace(site.camera, sub_url=str(sub))
    site.hub = CameraHub(DecodePool(1), site.supervisor, lambda camera: camera.main_url, grace_s=1000.0)
    site.start()
    for number, stream in enumerate(("main", "sub", "main"), start=1):
        registry = Registry(cameras=(site.camera,), recording_plans=(RecordingPlan("c1", stream=stream),))
        site.recording.start(site.hub, lambda registry=registry: registry)  # type: ignore[misc]
        wait_until(lambda number=number: len(site.recording.between("c1", 0, 4e9)) == number)  # type: ignore[misc]
    assert sorted(s.width for s in site.recording.between("c1", 0, 4e9)) == [160, 320, 320]
    site.stop()


def test_an_alarm_records_a_camera_that_waits_for_one(tmp_path: Path, journal: EmbeddedJournal) -> None:
    site = Site(tmp_path / "home", journal, make_clip(tmp_path / "clip.mp4"))
    site.plans = (RecordingPlan("c1", mode="event"),)
    site.start()
    wait_until(lambda: site.hub.session("c1") is not None)
    session = site.hub.session("c1")
    assert session is not None
    wait_until(lambda: session.status().packets > 20)
    assert not site.recording.recording("c1")
    begun = session.ring.span()
    assert begun is not None
    site.recording.event("c1", begun[0] + 0.1)
    wait_until(lambda: site.recording.recording("c1"))
    assert site.recording.between("c1", 0, 4e9)[0].from_utc_s == begun[0]
    site.stop()


def test_the_sub_stream_is_recorded_by_a_session_of_its_own(tmp_path: Path, journal: EmbeddedJournal) -> None:
    main, sub = make_clip(tmp_path / "main.mp4"), make_clip(tmp_path / "sub.mp4", size=(160, 90))
    site = Site(tmp_path / "home", journal, main)
    site.camera = replace(site.camera, sub_url=str(sub))
    site.hub = CameraHub(DecodePool(1), site.supervisor, lambda camera: camera.main_url, grace_s=0.0)
    site.plans = (RecordingPlan("c1", stream="sub"),)
    site.start()
    wait_until(lambda: site.recording.recording("c1"))
    assert site.hub.session("c1") is None
    session = site.hub.session(sub_key("c1"))
    assert session is not None
    assert session.stream is not None
    assert session.stream.taps == ()  # nobody views it, nothing decodes it
    assert site.recording.between("c1", 0, 4e9)[0].width == 160
    site.stop()
    assert not session.alive


def test_a_camera_that_is_out_of_use_is_let_go_and_a_new_one_recorded(tmp_path: Path, journal: EmbeddedJournal) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    site = Site(tmp_path / "home", journal, clip)
    site.start()
    wait_until(lambda: site.recording.recording("c1"))
    site.recording.start(site.hub, lambda: Registry(cameras=(Camera("c2", 2, "Yard", str(clip)),)))
    wait_until(lambda: site.recording.recording("c2"))
    site.hub.close_unwanted(float("inf"))
    assert site.hub.session("c1") is None
    assert site.hub.session("c2") is not None
    site.stop()


def test_sound_is_recorded_where_the_plan_says_so_and_nowhere_else(tmp_path: Path, journal: EmbeddedJournal) -> None:
    clip = make_sounding_clip(tmp_path / "clip.mp4", "aac")
    site = Site(tmp_path / "home", journal, clip)
    silent = Camera("c2", 2, "Yard", str(clip))
    site.start()  # without a plan: silent
    wait_until(lambda: site.recording.recording("c1"))
    plans = (RecordingPlan("c1", audio=True),)
    site.recording.start(site.hub, lambda: Registry(cameras=(site.camera, silent), recording_plans=plans))
    wait_until(lambda: len(site.recording.between("c1", 0, 4e9)) == 2)
    wait_until(lambda: len(sound_of(site.recording.between("c1", 0, 4e9)[-1].path)) > 5)
    site.stop()
    index = SegmentIndex(Folders.under(tmp_path / "home").footage_index)
    before, after = index.between("c1", 0, 4e9)
    assert sound_of(before.path) == []
    assert all(sound_of(s.path) == [] for s in index.between("c2", 0, 4e9))
    assert index.between("c2", 0, 4e9)
    assert after.closed
    index.close()


def test_a_schedule_that_cannot_be_read_loses_no_footage_and_is_said(tmp_path: Path, journal: EmbeddedJournal) -> None:
    site = Site(tmp_path / "home", journal, make_clip(tmp_path / "clip.mp4"))
    site.plans = (RecordingPlan("c1", mode="scheduled", schedule="whenever"),)
    site.start()
    wait_until(lambda: site.recording.recording("c1"))
    site.recording.workers[-1].round()  # type: ignore[attr-defined]  # the keeper
    assert "whenever" in site.banners[-1].text
    assert "Gate" in site.banners[-1].text
    site.stop()


def test_how_long_footage_stays_is_said_by_the_plan_then_by_the_groups() -> None:
    groups = (CameraGroup("a", "A", ("c1", "c2", "c3"), 5), CameraGroup("b", "B", ("c2", "c3", "c4"), 9))
    forever = CameraGroup("c", "C", ("c4",), 0)
    plans = (RecordingPlan("c3", keep_days=2), RecordingPlan("c1"))
    registry = Registry(camera_groups=(*groups, forever), recording_plans=plans)
    assert keep_days_of(registry) == {"c1": 5, "c2": 9, "c3": 2, "c4": 0}


@pytest.mark.parametrize("how", ["corrupt", "deleted", "torn page"])
def test_a_damaged_index_is_made_again_while_recording_goes_on(
    tmp_path: Path, journal: EmbeddedJournal, how: str
) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    site = Site(tmp_path / "home", journal, clip)
    site.start()
    wait_until(lambda: site.recording.figures().total_bytes > 4000)
    site.stop()
    path = Folders.under(tmp_path / "home").footage_index
    index = SegmentIndex(path)
    (before,) = index.between("c1", 0, 4e9)
    index.close()
    ruin(path, how)
    again = Site(tmp_path / "home", journal, clip)
    keeper: Any = again.recording.workers[-1]
    for worker in again.recording.workers[:-1]:
        again.supervisor.add(worker)
    again.recording.start(again.hub, lambda: Registry(cameras=(again.camera,)))
    wait_until(lambda: again.recording.recording("c1"))
    assert again.recording.between("c1", 0, before.to_utc_s) == ()
    keeper.look()
    assert "made again" in again.banners[-1].text
    keeper.round()
    assert again.banners[-1].text == ""
    assert again.recording.between("c1", 0, before.to_utc_s) == (before,)
    assert again.recording.recording("c1")
    assert again.recording.index is not None
    now = again.recording.index.unfinished()
    assert len(now) == 1
    gaps = again.recording.index.gaps("c1", 0, now[0].from_utc_s)
    assert [g.reason for g in gaps] == ([GapReason.UNKNOWN] if now[0].from_utc_s - before.to_utc_s > 0.5 else [])
    again.stop()
    assert path.with_name("index.db.damaged").exists() is (how != "deleted")
    third = Site(tmp_path / "home", journal, clip)
    assert third.recording.index is not None
    assert not third.recording.index.incomplete
    third.recording.close()


def ruin(path: Path, how: str) -> None:
    for part in path.parent.iterdir():
        if part != path or how == "deleted":
            part.unlink()
    if how == "corrupt":
        path.write_bytes(b"no database" * 1000)
    if how == "torn page":
        data = bytearray(path.read_bytes())
        data[4096:] = os.urandom(len(data) - 4096)
        path.write_bytes(data)


def test_recording_may_be_switched_off(tmp_path: Path, journal: EmbeddedJournal) -> None:
    settings = Settings(recording=RecordingSettings(enabled=False))
    recording = Recording(Folders.under(tmp_path / "home"), settings, journal, Bus())
    assert recording.workers == ()
    assert not recording.recording("c1")
    assert recording.between("c1", 0, 4e9) == ()
    assert not (tmp_path / "home").exists()
    recording.close()


def test_the_newest_plan_holds_whoever_comes_in_which_order(
    tmp_path: Path, journal: EmbeddedJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One thread is at it, another one comes: it waits for nobody, two are never at it, and the last word is the
    newest registry."""
    registries = [Registry(), Registry(cameras=(Camera("c1", 1, "Gate", "rtsp://h/1"),))]
    newest = registries[:1]
    planned: list[Registry] = []
    at_it: list[int] = []
    begun, go_on = threading.Event(), threading.Event()

    def plan(_cameras: RecordedCameras, _hub: CameraHub, registry: Registry) -> None:
        at_it.append(1)
        assert len(at_it) == 1
        begun.set()
        assert go_on.wait(30)
        planned.append(registry)
        at_it.clear()

    monkeypatch.setattr(RecordedCameras, "start", plan)
    site = Site(tmp_path / "home", journal, tmp_path / "none.mp4")
    first = threading.Thread(target=lambda: site.recording.start(site.hub, lambda: newest[0]))
    first.start()
    assert begun.wait(30)
    newest[0] = registries[1]
    second = threading.Thread(target=lambda: site.recording.start(site.hub, lambda: newest[0]))
    second.start()
    second.join(30)
    waits = second.is_alive()
    go_on.set()
    for thread in (first, second):
        thread.join(30)
    assert not waits
    assert planned == registries
    site.recording.close()


def test_a_plan_that_fails_lets_the_next_one_in(
    tmp_path: Path, journal: EmbeddedJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(tmp_path / "home", journal, tmp_path / "none.mp4")
    with pytest.raises(ZeroDivisionError):
        site.recording.start(site.hub, lambda: Registry(districts=(District("d", str(1 // 0)),)))
    planned: list[Registry] = []
    monkeypatch.setattr(RecordedCameras, "start", lambda _cameras, _hub, registry: planned.append(registry))
    site.recording.start(site.hub, Registry)
    assert planned == [Registry()]
    site.recording.close()
