"""Cameras, pictures and turns of one detection process, in this process, with a detector that answers at once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from detection.detector import Detections, Image
from detection.gate_worth import GateWorth
from detection.messages import AnalyticsCamera, CameraState, Configure, Looked, Message, Pace, Refused
from detection.mishaps import HEALTHY_S, Mishaps
from detection.pipeline import Look, Pipeline
from detection.scheduler import Urgency
from detection.watch import Watch
from storage.records import RuleKind, RuleSpec, Zone
from storage.registry_records import CameraScale
from tests.conftest import wait_until
from tests.detection.scenes import person_at, rule, seen
from video.frame import Picture
from video.shared_slots import SharedSlots, SlotReader, SlotTap


class Prompt:
    """Sees a person in every picture whose first pixel is white."""

    def __init__(self, room: int = 2) -> None:
        self.name, self.room = "prompt", room
        self.inputs: list[int] = []

    def ready(self) -> bool:
        return True

    def detect(self, image: Image) -> Detections:
        return seen(person_at(0.75)) if image[0, 0, 0] == 255 else seen()

    def submit(self, image: Image, done: Callable[[Detections], None]) -> None:
        done(self.detect(image))

    def submit_together(self, images: Sequence[Image], done: Callable[[tuple[Detections, ...]], None]) -> None:
        self.inputs.append(len(images))
        done(tuple(self.detect(image) for image in images))

    def close(self) -> None:
        pass


class Site:
    """Cameras that give a new picture whenever one is asked for, and a watch that is turned by the test."""

    def __init__(self, folder: Path, count: int = 4, **changes: object) -> None:
        self.slots = SharedSlots.create(count, folder)
        self.sent: list[Message] = []
        self.detector = Prompt()
        self.images = [np.full((360, 640, 3), 40, np.uint8) for _ in range(count)]
        self.names = [f"c{n}" for n in range(count)]
        self.watch = Watch(self.sent.append, SlotReader(self.slots))
        names = enumerate(self.names)
        self.cameras = [AnalyticsCamera(n, i, looks_per_s=20.0, **changes) for i, n in names]  # type: ignore[arg-type] # fields of it
        self.watch.configure(Configure(tuple(self.cameras), {}))
        self.watch.use(self.detector)
        self._taps = [SlotTap(self.slots, slot) for slot in range(count)]
        self._seq = 0

    def step(self, silent: Sequence[int] = ()) -> None:
        for slot, tap in enumerate(self._taps):
            if slot not in silent and tap.wanted() is not None:
                self._seq += 1
                image, now_s = self.images[slot], time.time()
                pixels = memoryview(image.reshape(-1))  # type: ignore[arg-type] # numpy 2.4 declares no Buffer for 3.11
                name = self.names[slot]
                tap.put(Picture(name, self._seq, 0.0, now_s, now_s, 640, 360, 1920, "bgr24", 640, 360, pixels, image))
        self.watch.turn()

    def run_until(self, condition: Callable[[], bool], silent: Sequence[int] = ()) -> None:
        def turned() -> bool:
            self.step(silent)
            return condition()

        wait_until(turned)

    def close(self) -> None:
        self.slots.close()
        del self.slots, self.watch, self._taps

    def looks(self) -> Counter[str]:
        return Counter(m.tracks.camera_id for m in self.sent if isinstance(m, Looked))

    def pace(self) -> Pace | None:
        return next((m for m in reversed(self.sent) if isinstance(m, Pace)), None)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.close()


def test_two_cameras_share_an_input_and_each_gets_its_own_answer(site: Site) -> None:
    site.images[1][0, 0] = 255
    site.run_until(lambda: site.looks()["c1"] >= 4 and site.looks()["c0"] >= 2)
    assert 2 in site.detector.inputs
    tracked = {m.tracks.camera_id for m in site.sent if isinstance(m, Looked) and m.tracks.tracks}
    assert tracked == {"c1"}


def test_the_end_of_every_look_is_told_to_the_scheduler(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[str] = []
    monkeypatch.setattr(site.watch._scheduler, "answered", lambda camera_id, _now_s: ended.append(camera_id))
    site.run_until(lambda: len(site.looks()) == len(site.names))
    assert Counter(ended) == site.looks()


def test_a_far_view_has_its_input_alone(tmp_path: Path) -> None:
    site = Site(tmp_path, 2, far_view=True)
    site.run_until(lambda: min(site.looks()["c0"], site.looks()["c1"]) >= 3)
    assert set(site.detector.inputs) == {1}
    site.close()


def test_a_still_camera_rests_and_one_that_moves_is_looked_at_at_once(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GateWorth, "judge", lambda *_spent, **_load: False)  # this detector costs nothing

    def reasons() -> dict[str, Urgency]:
        pace = site.pace()
        return {name: c.reason for name, c in pace.cameras.items()} if pace else {}

    site.run_until(lambda: list(reasons().values()) == [Urgency.IDLE] * 4)
    pace = site.pace()
    assert pace is not None
    assert pace.asked_per_s == pytest.approx(4.0)
    before = site.looks()
    site.images[2] = site.images[2].copy()
    site.images[2][100:180, 200:260] = 220
    site.run_until(lambda: site.looks()["c2"] >= before["c2"] + 6)
    others = site.looks() - before
    assert all(others[name] <= others["c2"] / 2 for name in ("c0", "c1", "c3"))
    site.run_until(lambda: reasons().get("c2") is Urgency.MOTION)
    assert all(count > 0 for count in before.values()), "a still camera is looked at too"


def test_a_silent_camera_holds_nobody_up(site: Site) -> None:
    site.run_until(lambda: min(site.looks()[name] for name in ("c2", "c3")) >= 3, silent=(0, 1))
    assert set(site.looks()) == {"c2", "c3"}


def test_tracks_and_alarms_are_the_reason_that_is_told(tmp_path: Path) -> None:
    whole = Zone("zone-1", "camera-1", "all", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
    site = Site(tmp_path, 1, zones=(whole,), rules=(rule(hold_s=0.3),))
    site.images[0][0, 0] = 255

    def reason() -> Urgency | None:
        pace = site.pace()
        return pace.cameras["c0"].reason if pace and pace.cameras else None

    site.run_until(lambda: reason() is Urgency.ALARM)
    assert any(m.events for m in site.sent if isinstance(m, Looked))
    pace = site.pace()
    assert pace is not None
    assert pace.cameras["c0"].asked_per_s == 20.0
    site.close()


def test_a_camera_whose_slot_changes_hands_is_not_shown_the_others_picture(site: Site) -> None:
    site.images[0][0, 0] = 255
    site.run_until(lambda: site.looks()["c0"] >= 2)
    swapped = [AnalyticsCamera("c0", 1, looks_per_s=20.0), AnalyticsCamera("new", 0, looks_per_s=20.0)]
    site.watch.configure(Configure(tuple(swapped), {}))
    mark = len(site.sent)
    for _ in range(30):
        site.step()
    assert not [m for m in site.sent[mark + 4 :] if isinstance(m, Looked) and m.tracks.camera_id == "new"]


def states(site: Site, camera_id: str) -> list[tuple[tuple[str, ...], int]]:
    return [(m.resting, m.failures) for m in site.sent if isinstance(m, CameraState) and m.camera_id == camera_id]


def test_a_rule_that_cannot_be_used_rests_alone(site: Site) -> None:
    crossed = Zone("zx", "c1", "Crossed", ((0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9)))
    sound = Zone(rule().zone_id, "c1", "Yard", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
    good = replace(rule(hold_s=0.05), id="good", camera_id="c1")
    bad = replace(good, id="bad", zone_id="zx", name="Crossed")
    fast = replace(good, id="fast", kind=RuleKind.SPEED, limit=50.0)
    upside_down = CameraScale("c1", ((0.5, 0.4, 0.5), (0.5, 0.9, 0.1)))

    def told(*rules: RuleSpec) -> None:
        cameras = (site.cameras[0], replace(site.cameras[1], rules=rules, zones=(sound, crossed), scale=upside_down))
        site.watch.configure(Configure(cameras, {}))

    told(good, bad, fast)
    assert states(site, "c1") == [(("bad", "fast"), 0)]
    refused = [(m.details.get("name"), m.camera_id) for m in site.sent if isinstance(m, Refused)]
    assert refused[-2:] == [("Crossed", "c1"), (good.name, "c1")]
    site.images[1][0, 0] = 255
    site.run_until(lambda: any(m.events for m in site.sent if isinstance(m, Looked)))
    fired = {event.rule_id for m in site.sent if isinstance(m, Looked) for event in m.events}
    assert fired == {"good"}
    told(good)
    assert states(site, "c1")[-1] == ((), 0)


def test_a_pipeline_that_fails_rests_alone_and_is_begun_anew(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken = {"c1": "look", "c2": "see"}
    begun_s = time.monotonic()
    clock = [begun_s]
    shim = SimpleNamespace(monotonic=lambda: clock[0], time=time.time, process_time=time.process_time)
    monkeypatch.setattr("detection.watch.time", shim)
    original_look, original_see = Pipeline.look, Pipeline.see

    def look(self: Pipeline, *values: Any) -> Look:
        if broken.get(self.camera_id) == "look":
            raise ZeroDivisionError("a bug")
        return original_look(self, *values)

    def see(self: Pipeline, *values: Any) -> None:
        if broken.get(self.camera_id) == "see":
            raise KeyError("another")
        original_see(self, *values)

    monkeypatch.setattr(Pipeline, "look", look)
    monkeypatch.setattr(Pipeline, "see", see)

    def turned(condition: Callable[[], bool]) -> None:
        for _ in range(2000):
            clock[0] += 0.02
            site.step()
            if condition():
                return
        raise AssertionError("it never came")

    turned(lambda: all(len(states(site, name)) >= 4 for name in broken) and min(others(site)) >= 20)
    assert [count for _resting, count in states(site, "c1")[:4]] == [1, 2, 3, 4]
    assert clock[0] - begun_s > 1.0 + 2.0 + 4.0 - 0.5, "the pauses grow"
    assert set(site.looks()) == {"c0", "c3"}
    broken.clear()
    turned(lambda: min(site.looks()[name] for name in ("c1", "c2")) >= 3)
    assert states(site, "c1")[-1] == ((), 0)
    assert states(site, "c2")[-1] == ((), 0)
    failed = [record.getMessage() for record in caplog.records if record.name == "detection.watch"]
    assert len([text for text in failed if "c1 failed" in text]) in (3, 4), "at 1, 2, 4, 8"
    caplog.clear()  # their tracebacks hold pictures


def others(site: Site) -> list[int]:
    return [site.looks()[name] for name in ("c0", "c3")]


def test_pauses_grow_to_a_minute_and_are_forgiven_after_a_healthy_one() -> None:
    mishaps, now_s, pauses = Mishaps(), 100.0, []
    for _ in range(9):
        pauses.append(mishaps.note(now_s))
        assert mishaps.rests(now_s + pauses[-1] - 0.01)
        now_s += pauses[-1]
        assert not mishaps.rests(now_s)
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]
    assert mishaps.worked()
    assert not mishaps.worked()
    assert mishaps.note(now_s + HEALTHY_S + 1.0) == 1.0
    assert mishaps.count == 10


def test_a_far_view_is_looked_at_whole_and_larger_in_one_input_of_one_frame(tmp_path: Path) -> None:
    part = (0.5, 0.5, 0.75, 0.75)
    site = Site(tmp_path, 2)
    far = replace(site.cameras[0], far_view=True, far_slot=1, far_part=part)
    site.watch.configure(Configure((far,), {}))
    crop = SlotTap(site.slots, 1)
    site.images[1][0, 0] = 255  # somebody stands in the crop

    def put_crop(seq: int) -> None:
        image = site.images[1]
        pixels = memoryview(image.reshape(-1))  # type: ignore[arg-type] # numpy 2.4 declares no Buffer for 3.11
        crop.put(Picture("c0", seq, 0.0, 1.0, 1.0, 640, 360, 1920, "bgr24", 640, 360, pixels, image))

    for _ in range(40):
        site.step(silent=(1,))
    assert site.looks()["c0"] == 0, "the crop of that frame is not there yet"

    def looked() -> bool:
        put_crop(site._seq + 1)  # as the tap does: the crop first, then the whole of the same frame
        return any(m.tracks.tracks for m in site.sent if isinstance(m, Looked))

    site.run_until(looked, silent=(1,))
    assert set(site.detector.inputs) == {2}
    box = next(m.tracks.tracks[0].box for m in reversed(site.sent) if isinstance(m, Looked) and m.tracks.tracks)
    assert part[0] <= box.x1 < box.x2 <= part[2]
    assert part[1] <= box.y1 < box.y2 <= part[3]
    site.close()


def test_cameras_of_two_models_share_no_input_and_one_whose_model_is_missing_uses_the_sites(site: Site) -> None:
    own = Prompt()
    own.name = "own"
    cameras = [replace(c, model="b" if n % 2 else "") for n, c in enumerate(site.cameras)]
    site.watch.configure(Configure(tuple(cameras), {}, ("b",)))
    site.run_until(lambda: min(site.looks().values(), default=0) >= 2 and len(site.looks()) == 4)
    assert set(site.detector.inputs) >= {2}
    site.watch.use(own, "b")
    assert site.watch.detectors.name == "prompt, own"
    before = site.looks()
    site.images[1][0, 0] = 255
    site.run_until(lambda: min((site.looks() - before).values(), default=0) >= 6 and len(site.looks() - before) == 4)
    assert set(own.inputs) >= {2}
    site.watch.configure(Configure(tuple(cameras), {}, ()))
    assert site.watch.detectors.name == "prompt", "nobody wants it any more"
    before = site.looks()
    site.run_until(lambda: min((site.looks() - before).values(), default=0) >= 2 and len(site.looks() - before) == 4)


def test_events_name_the_model_that_saw_it(tmp_path: Path) -> None:
    whole = Zone("zone-1", "c0", "all", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
    site = Site(tmp_path, 1, zones=(whole,), rules=(replace(rule(hold_s=0.05), camera_id="c0"),), model="b")
    site.images[0][0, 0] = 255
    own = Prompt()
    own.name = "own"
    site.watch.use(own, "b")
    site.run_until(lambda: any(m.events for m in site.sent if isinstance(m, Looked)))
    events = [event for m in site.sent if isinstance(m, Looked) for event in m.events]
    assert {event.detector for event in events} == {"own"}
    site.close()
