"""Rules that change while the program runs reach the detection process, with their scale and the site's zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from app.analytics import OTHER_LOOKS_PER_S, RULE_LOOKS_PER_S, SPARE_SLOTS, Analytics
from app.bus import Bus
from app.feeds import Banner
from detection.detector import DetectionCode, DetectionError
from detection.messages import AnalyticsCamera, CameraState
from detection.models import BUILT_IN
from detection.worker import DetectionState, DetectionStatus
from storage.journal import Registry
from storage.records import Camera, RuleKind, RuleSpec, Zone
from storage.registry_records import CameraScale
from storage.worker import Worker

CAMERAS = (Camera("c1", 1, "Gate", "x"), Camera("c2", 2, "Yard", "y"))
ZONE = Zone("z", "c1", "Yard", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)))
RULE = RuleSpec("r", "c1", "z", "Yard", RuleKind.LOITERING, schedule="22:00-06:00")
SCALE = CameraScale("c1", ((0.5, 0.4, 0.1), (0.5, 0.9, 0.3)))


@dataclass
class Hub:
    """Says what was attached and how."""

    taps: dict[str, str] = field(default_factory=dict)

    def attach(self, camera: Camera, _tap: object) -> None:
        self.taps[camera.id] = "main"

    def attach_small(self, camera: Camera, _tap: object) -> None:
        self.taps[camera.id] = "small"

    def detach(self, camera_id: str, _tap: object) -> None:
        self.taps.pop(camera_id, None)

    def detach_small(self, camera_id: str, _tap: object) -> None:
        self.taps.pop(camera_id, None)


class Supervisor:
    """Starts nothing."""

    def add(self, worker: Worker) -> None:
        """Taken note of by nobody."""


class Desk:
    """An analytics of two cameras that was started with `registry`; what the process was last told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, cameras: tuple[Camera, ...] = CAMERAS) -> None:
        self.hub, self.bus, self.told = Hub(), Bus(), list[list[AnalyticsCamera]]()
        self.banners: list[Banner] = []
        self.bus.subscribe(Banner, self.banners.append)
        self.analytics = Analytics(
            self.hub,  # type: ignore[arg-type] # what is needed of a hub
            Supervisor(),  # type: ignore[arg-type]
            self.bus,
            BUILT_IN,
            lambda _event: None,
            slots=len(cameras),
            timezone="Europe/Kyiv",
        )
        monkeypatch.setattr(self.analytics.service, "configure", lambda cameras: self.told.append(list(cameras)))
        self.analytics.start(Registry(cameras=cameras))


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(monkeypatch)
    yield desk
    desk.analytics.close()


def test_a_new_rule_reaches_the_process_and_moves_the_camera_to_its_main_stream(desk: Desk) -> None:
    assert desk.hub.taps == {"c1": "small", "c2": "small"}
    desk.analytics.renew(Registry(cameras=CAMERAS, zones=(ZONE,), rules=(RULE,), camera_scales=(SCALE,)))
    first, second = desk.told[-1]
    assert (first.rules, first.zones, first.scale, first.timezone) == ((RULE,), (ZONE,), SCALE, "Europe/Kyiv")
    assert (first.looks_per_s, second.looks_per_s) == (RULE_LOOKS_PER_S, OTHER_LOOKS_PER_S)
    assert desk.hub.taps == {"c1": "main", "c2": "small"}
    desk.analytics.renew(Registry(cameras=CAMERAS, zones=(ZONE,), rules=(replace(RULE, enabled=False),)))
    assert desk.told[-1][0].rules == ()
    assert desk.hub.taps == {"c1": "small", "c2": "small"}


def test_a_camera_that_is_added_while_it_runs_is_looked_at_with_its_rules(desk: Desk) -> None:
    added = Camera("c3", 3, "Quay", "z")
    rule = replace(RULE, id="r3", camera_id="c3")
    desk.analytics.renew(Registry(cameras=(*CAMERAS, added), rules=(rule,)))
    told = desk.told[-1][-1]
    assert (told.camera_id, told.slot, told.rules) == ("c3", 2, (rule,))
    assert desk.hub.taps == {"c1": "small", "c2": "small", "c3": "main"}


def test_a_camera_that_is_taken_out_of_use_is_not_opened_or_looked_at_any_more(desk: Desk) -> None:
    rules = Registry(cameras=CAMERAS, zones=(ZONE,), rules=(RULE, replace(RULE, id="r2", camera_id="c2")))
    desk.analytics.renew(rules)
    desk.analytics.renew(replace(rules, cameras=CAMERAS[1:], rules=rules.rules[1:]))
    assert [(camera.camera_id, camera.slot) for camera in desk.told[-1]] == [("c2", 1)]
    assert desk.hub.taps == {"c2": "main"}
    desk.analytics.renew(replace(rules, cameras=CAMERAS[1:], rules=()))
    assert desk.hub.taps == {"c2": "small"}
    desk.analytics.renew(rules)
    assert {camera.camera_id for camera in desk.told[-1]} == {"c1", "c2"}
    assert desk.hub.taps == {"c1": "main", "c2": "main"}


def test_a_slot_that_was_left_is_another_cameras_when_all_are_taken(desk: Desk) -> None:
    """More cameras than there are slots come and go in one run: none of them is left out."""
    for number in range(3, 3 * SPARE_SLOTS):
        here = (CAMERAS[1], Camera(f"c{number}", number, "Quay", "z"))
        desk.analytics.renew(Registry(cameras=here))
        told = desk.told[-1]
        assert [camera.camera_id for camera in told] == ["c2", f"c{number}"]
        assert told[0].slot == 1
        assert told[1].slot not in {told[0].slot, *(camera.slot for camera in desk.told[-2][1:])}
    assert "places" not in {banner.key for banner in desk.banners}


def test_a_site_that_is_too_large_says_so_until_others_go(desk: Desk) -> None:
    many = tuple(Camera(f"c{number}", number, "Quay", "z") for number in range(1, SPARE_SLOTS + 6))
    desk.analytics.renew(Registry(cameras=many))
    assert len(desk.told[-1]) == SPARE_SLOTS + 2
    assert desk.banners[-1].text == "Detection has no room for 3 cameras before the next start."
    desk.analytics.renew(Registry(cameras=many[3:]))
    assert {camera.camera_id for camera in desk.told[-1]} == {camera.id for camera in many[3:]}
    assert len({camera.slot for camera in desk.told[-1]}) == SPARE_SLOTS + 2
    assert desk.banners[-1] == Banner("places", "")


def test_the_first_camera_of_an_empty_site_is_looked_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    desk = Desk(monkeypatch, ())
    desk.analytics.renew(Registry(cameras=CAMERAS[:1]))
    assert [camera.camera_id for camera in desk.told[-1]] == ["c1"]
    desk.analytics.close()


def test_what_did_not_change_is_not_told_again(desk: Desk) -> None:
    told = len(desk.told)
    desk.analytics.renew(Registry(cameras=CAMERAS, operators=()))
    assert len(desk.told) == told


def test_a_machine_under_load_stays_lowered_when_rules_change(desk: Desk) -> None:
    desk.analytics.look_less(less=True)
    desk.analytics.renew(Registry(cameras=CAMERAS, zones=(ZONE,), rules=(RULE,)))
    assert desk.told[-1][0].looks_per_s == OTHER_LOOKS_PER_S


def test_a_rule_that_was_refused_is_forgiven_when_it_is_corrected(desk: Desk) -> None:
    bad = Registry(cameras=CAMERAS, rules=(RULE,))
    desk.analytics.renew(bad)
    reason = DetectionError(DetectionCode.BAD_ZONE, camera="c1", name="Yard")
    troubled = {"c1": CameraState("c1", ("r",))}
    desk.analytics.service.status = DetectionStatus(DetectionState.RUNNING, reason=reason, troubled=troubled)
    desk.analytics._on_status(desk.analytics.service.status)
    assert desk.analytics.notice("c1") == "Cannot be used and rests: Yard"
    assert desk.analytics.notice("c2") == ""
    assert desk.banners[-1].text.startswith("Yard: A zone needs")
    desk.analytics.renew(replace(bad, zones=(ZONE,)))
    assert desk.banners[-1] == Banner("rules c1", "")
    desk.analytics.service.status = DetectionStatus(DetectionState.RUNNING)
    assert desk.analytics.notice("c1") == ""


def test_a_tile_says_that_its_analytics_failed(desk: Desk) -> None:
    for failures, text in ((1, "Analytics failed once; it is tried again"), (4, "Analytics failed 4 times;")):
        state = CameraState("c1", failures=failures)
        desk.analytics.service.status = DetectionStatus(DetectionState.RUNNING, troubled={"c1": state})
        assert desk.analytics.notice("c1").startswith(text)
