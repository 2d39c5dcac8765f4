from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import pytest

from app.demo import DemoSite, DemoTimes
from storage.records import Camera, Neighbour, Place, ProtectedObject, RuleSpec, Zone
from tests.conftest import wait_until
from video.demo_clips import Clip, make_clips
from video.demo_scenes import SCENES
from video.synthetic import load_truth

COARSE = tuple(replace(scene, width=160, height=90, fps=6) for scene in SCENES)
OPTIONS = {"rtsp_transport": "tcp", "analyzeduration": "100000"}
HEAVY = ("PySide6", "cv2", "torch", "ultralytics", "openvino", "aio_rtsp_toolkit")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Clip]:
    return make_clips(COARSE, tmp_path_factory.mktemp("clips"), lambda done, total: None)


@pytest.fixture
def site(clips: dict[str, Clip]) -> DemoSite:
    return DemoSite(clips, COARSE, DemoTimes(0.2, 0.6))


@pytest.fixture
def running(site: DemoSite) -> Iterator[DemoSite]:
    for worker in site.workers():
        worker.start()
    yield site
    for worker in site.workers():
        worker.stop()
    assert all(worker.join(30.0) for worker in site.workers())


def test_ten_cameras_are_numbered_and_named(site: DemoSite) -> None:
    assert [camera.number for camera in site.cameras] == list(range(1, 11))
    assert len({camera.name for camera in site.cameras}) == 10
    assert len({camera.main_url for camera in site.cameras}) == 10
    assert [camera.main_url.startswith("rtsp://127.0.0.1:") for camera in site.cameras] == [True] * 4 + [False] * 5 + [
        True
    ]


def test_records_come_after_what_they_refer_to(site: DemoSite) -> None:
    known: set[str | None] = {None}
    for record in site.records():
        if isinstance(record, Neighbour):
            assert {record.camera_id, record.neighbour_id} <= known
            continue
        if isinstance(record, Camera):
            assert {record.place_id, record.object_id} <= known
        if isinstance(record, Place):
            assert record.district_id in known
        if isinstance(record, ProtectedObject):
            assert record.place_id in known
        if isinstance(record, Zone | RuleSpec):
            assert record.camera_id in known
        if isinstance(record, RuleSpec):
            assert record.zone_id in known
        assert record.id not in known
        known.add(record.id)


def test_guarded_cameras_have_one_rule_and_the_truth_knows_their_zone(site: DemoSite) -> None:
    assert {rule.camera_id for rule in site.rules} == {f"demo-camera-{n}" for n in (1, 5, 7, 9)}
    assert all(rule.opens_incident and rule.hold_s == 1.0 and rule.name for rule in site.rules)
    zones = {zone.id: zone for zone in site.zones}
    for rule in site.rules:
        truth = load_truth(site.truth_paths[rule.camera_id])
        (true_zone,) = truth.zones
        assert (true_zone.id, true_zone.points) == (rule.zone_id, zones[rule.zone_id].points)
        assert bool(true_zone.due(rule.hold_s)) == (rule.camera_id not in site.empty_camera_ids)
    assert site.empty_camera_ids == ("demo-camera-9",)


def test_every_camera_with_a_picture_gives_one(running: DemoSite) -> None:
    wait_until(lambda: running.outage.over.is_set() and all(s.ready.is_set() for s in running.servers), what="servers")
    codecs = []
    for camera in running.cameras[:9]:
        options = OPTIONS if camera.main_url.startswith("rtsp") else {}
        with av.open(camera.main_url, options=options, timeout=(30, 30)) as container:
            frame = next(container.decode(video=0))
            assert (frame.width, frame.height) == (160, 90)
            codecs.append(container.streams.video[0].codec_context.name)
    assert sorted(codecs) == ["h264"] * 8 + ["hevc"]


def test_one_server_dies_once_and_comes_back(running: DemoSite) -> None:
    first, second = running.servers
    wait_until(running.outage.over.is_set, what="outage")
    wait_until(lambda: second.ready.is_set() and first.ready.is_set(), what="both servers")
    assert second.starts == 2
    assert first.starts == 1


def test_the_dead_camera_answers_nothing(running: DemoSite) -> None:
    assert running.mute.ready.wait(30)
    with pytest.raises(av.FFmpegError):
        av.open(running.cameras[9].main_url, options=OPTIONS, timeout=(0.3, 0.3))
    wait_until(lambda: running.mute.calls > 0, what="call")


def test_stopping_in_the_middle_of_the_outage_is_quick(clips: dict[str, Clip]) -> None:
    site = DemoSite(clips, COARSE, DemoTimes(0.0, 60.0))
    site.outage.start()
    site.outage.stop()
    assert site.outage.join(30.0)


def test_making_the_site_loads_no_qt_and_no_inference_library() -> None:
    program = f"import sys, app.demo, video.demo_server; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
