"""Rules about the picture, and figures of lines, through the real detection process and over its death."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from detection.messages import AnalyticsCamera
from detection.models import BUILT_IN
from storage.records import RuleKind, Zone
from tests.conftest import wait_until
from tests.detection.rule_scenes import SCALE
from tests.detection.scenes import CAMERA, rule
from tests.detection.test_worker import WHOLE, Street

GATE = Zone("gate", CAMERA, "gate", ((0.5, 0.0), (0.5, 1.0)), "line")


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    street = Street(tmp_path, BUILT_IN)
    dark = replace(rule(cooldown_s=600.0), id="dark", kind=RuleKind.TAMPER, limit=0.5)
    line = replace(rule(), id="line", kind=RuleKind.LINE_CROSSING, zone_id="gate")
    lost = replace(rule(), id="lost", kind=RuleKind.SIGNAL_LOSS)
    camera = AnalyticsCamera(CAMERA, 0, (WHOLE, GATE), (dark, line, lost), looks_per_s=20.0, scale=SCALE)
    street.service.configure([replace(camera, timezone="Europe/Kyiv")])
    street.service.start()
    yield street
    street.close()


def test_a_dark_picture_is_told_once_also_when_the_process_dies(street: Street) -> None:
    wait_until(lambda: bool(street.events), 30, "the event")
    (event,) = street.events
    assert (event.kind, event.label, event.rule_id) == (RuleKind.TAMPER, "dark", "dark")
    assert [tally.rule_id for tally in street.tracks[-1].tallies] == ["line"]
    pid = street.service.status.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: street.service.status.pid not in (None, pid), 30, "another process")
    looks = len(street.tracks)
    wait_until(lambda: len(street.tracks) > looks + 20, 30, "looks again")
    assert street.events == [event]
