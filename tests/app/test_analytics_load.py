"""What operators are told of detection: overload once, a pause where it is, far views from the settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.feeds import Banner
from app.health_facts import Looking
from app.runtime import Runtime, RuntimePlan
from detection.detector import TrackSet
from detection.messages import CameraLooks, Pace
from detection.scheduler import Urgency
from detection.worker import DetectionState, DetectionStatus
from storage.folders import Folders
from storage.records import Camera
from storage.settings import DetectionSettings, Settings

CAMERAS = (Camera("c1", 1, "Gate", "missing/1.mp4"), Camera("c2", 2, "Yard", "missing/2.mp4"))
BUSY = Pace(80.0, 41.6, True, {"c1": CameraLooks(2.5, 300.0, Urgency.TRACKS, 5.0)})


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    settings = Settings(detection=DetectionSettings(processes=2, far_view=("2",)))
    made = Runtime(RuntimePlan(Folders.under(tmp_path / "home").ensure(), settings, CAMERAS))
    yield made
    made.stop()
    made.close()


def test_overload_is_said_once_and_taken_back(runtime: Runtime) -> None:
    banners: list[Banner] = []
    runtime.bus.subscribe(Banner, banners.append)
    for pace in (BUSY, BUSY, None, BUSY, replace(BUSY, overloaded=False), replace(BUSY, overloaded=False)):
        runtime.analytics._on_status(DetectionStatus(DetectionState.RUNNING, pace=pace))
    said = [banner.text for banner in banners if banner.key == "looks"]
    assert len(said) == 2
    assert "42 of 80" in said[0]
    assert said[1] == ""


def test_only_the_cameras_of_a_dead_process_are_paused(runtime: Runtime) -> None:
    analytics = runtime.analytics
    for camera in CAMERAS:
        analytics._on_tracks(TrackSet(camera.id, 1.0, ()))
    status = DetectionStatus(DetectionState.RUNNING, waiting={"c2": DetectionState.PAUSED})
    analytics.service.status = status
    analytics._on_status(status)
    assert analytics.notice("c1") == ""
    assert analytics.notice("c2") != ""
    assert analytics.tracks("c1") is not None
    assert analytics.tracks("c2") is None


def test_processes_and_far_views_come_from_the_settings(runtime: Runtime) -> None:
    runtime.analytics.start(runtime.registry)
    assert [camera.far_view for camera in runtime.analytics.service.cameras] == [False, True]
    assert len(runtime.analytics.service.workers) == 2


def test_looking_tells_the_pace_of_the_last_seconds_and_why(runtime: Runtime) -> None:
    analytics = runtime.analytics
    analytics._on_tracks(TrackSet("c2", 1.0, ()))
    analytics.service.status = DetectionStatus(DetectionState.RUNNING, pace=BUSY, looks={"c1": 7, "c2": 1})
    assert analytics.looking("c1") == Looking(7, 0.3, Urgency.TRACKS, 5.0)
    new = analytics.looking("c2")
    assert (new.looks, new.reason) == (1, None)
    assert new.latency_s is not None
    analytics.service.status = DetectionStatus(DetectionState.STARTING)
    assert analytics.looking("c1") == Looking()
