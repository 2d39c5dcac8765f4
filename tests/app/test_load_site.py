"""The load ladder in the composed runtime: what the wall tells becomes rungs, a banner, fewer looks, an audit entry."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from app.feeds import Banner
from app.governor import BANNER, Rung, WallLoad
from app.runtime import Runtime, RuntimePlan
from storage.folders import Folders
from storage.people_queries import AccessFilter
from storage.people_records import AccessKind
from storage.records import Camera, RuleSpec, Zone
from storage.settings import Settings
from tests.conftest import wait_until

CAMERA = Camera("c1", 1, "Gate", "missing/clip.mp4", "missing/sub.mp4")
ZONE = Zone("z1", "c1", "Yard", ((0.1, 0.1), (0.9, 0.1), (0.5, 0.9)))
RULE = RuleSpec("r1", "c1", "z1", "Person in the yard")
LATE, CALM = WallLoad(900.0, 10.0), WallLoad(10.0, 1.0)


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    folders = Folders.under(tmp_path / "home").ensure()
    made = Runtime(RuntimePlan(folders, Settings(), (CAMERA, ZONE, RULE)))
    for worker in made.tasks.workers:
        made.supervisor.add(worker)
    yield made
    made.stop()
    made.close()


def test_load_is_carried_out_said_and_written_down(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds, lost = count(1), count()
    losing = False
    monkeypatch.setattr(runtime.governor, "_clock", lambda: float(next(seconds)))
    monkeypatch.setattr(runtime.governor, "_lost_pictures", lambda: next(lost) if losing else 0)
    monkeypatch.setattr(runtime.governor, "_behind_ms", lambda: 1000.0)
    looks: list[bool] = []
    monkeypatch.setattr(runtime.analytics, "look_less", lambda *, less: looks.append(less))
    banners: list[Banner] = []
    runtime.bus.subscribe(Banner, banners.append)
    for _ in range(60):
        runtime.bus.publish(LATE)
    assert _rung(runtime) is Rung.LOOKS
    assert looks == [False] * 4 + [True]
    losing = True
    for _ in range(10):
        runtime.bus.publish(LATE)
    assert _rung(runtime) is Rung.DEGRADED
    losing = False
    for _ in range(200):
        runtime.bus.publish(CALM)
    assert _rung(runtime) is Rung.NORMAL
    assert [banner.text != "" for banner in banners if banner.key == BANNER] == [True] * 11 + [False]
    wait_until(lambda: len(_written(runtime)) == 2, what="the audit entries")
    assert sorted(_written(runtime)) == ["analytics degraded: key frames only", "analytics restored"]


def _rung(runtime: Runtime) -> Rung:
    return runtime.hub.rung


def _written(runtime: Runtime) -> list[str]:
    found = runtime.archive.journal.accesses(AccessFilter(kind=AccessKind.DEGRADED))
    return [access.detail for access in found]


def test_fewer_looks_are_what_rules_need_and_given_back(runtime: Runtime) -> None:
    runtime.analytics.start(runtime.registry)
    service = runtime.analytics.service
    assert [camera.looks_per_s for camera in service.cameras] == [5.0]
    runtime.analytics.look_less(less=True)
    assert [camera.looks_per_s for camera in service.cameras] == [3.0]
    runtime.analytics.look_less(less=False)
    assert [camera.looks_per_s for camera in service.cameras] == [5.0]
