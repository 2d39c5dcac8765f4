"""The detection process is killed: the tiles say so, the cameras go on, boxes are back within five seconds."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

from app.demo import DemoSite
from app.runtime import Runtime, RuntimePlan
from storage.folders import Folders
from storage.settings import Settings
from tests.conftest import wait_until

BACK_WITHIN_S = 100.0  # 5 on a machine that does nothing else


def test_boxes_are_back_after_kill_9(demo_home: Path, tmp_path: Path) -> None:
    user = Folders.under(demo_home)
    site = DemoSite.prepare(user.demo, lambda _done, _total: None)
    folders = replace(Folders.under(tmp_path / "home"), cache=user.cache).ensure()
    runtime = Runtime(RuntimePlan(folders, Settings(), tuple(site.records()), workers=site.workers()))
    runtime.start()
    try:
        analytics = runtime.analytics
        wait_until(lambda: analytics.looks > 10, BACK_WITHIN_S, "first looks")
        first = analytics.service.status.pid
        assert first is not None
        packets = sum(s.status().packets for s in runtime.hub.sessions())
        os.kill(first, signal.SIGKILL)
        camera_id = runtime.registry.cameras[0].id
        wait_until(lambda: analytics.notice(camera_id) != "", what="the tile's notice")
        looks = analytics.looks
        wait_until(lambda: analytics.looks > looks and not analytics.notice(camera_id), BACK_WITHIN_S, "looks again")
        assert analytics.service.status.pid != first
        assert sum(s.status().packets for s in runtime.hub.sessions()) > packets
    finally:
        runtime.stop()
        runtime.close()
