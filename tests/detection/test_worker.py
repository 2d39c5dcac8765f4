"""The service with real processes: the built-in detector, the made OpenVINO network, and children that misbehave."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from detection.detector import DetectionCode, TrackSet
from detection.messages import AnalyticsCamera
from detection.models import BUILT_IN, ModelChoice, ModelSource
from detection.worker import DetectionService, DetectionState, DetectionStatus, Pauses
from storage.records import Event, Zone
from tests.conftest import wait_until
from tests.detection.scenes import CAMERA, rule
from tests.detection.tiny_model import write_tiny_model
from video.frame import Picture
from video.shared_slots import SharedSlots, SlotTap

ROOT = Path(__file__).resolve().parents[2]
WHOLE = Zone("zone-1", CAMERA, "all", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
QUICK = Pauses(restart_s=(0.0, 0.1), silence_s=1.5, start_s=10.0)


class Street:
    """A camera whose picture holds a red block, and a service that watches it; everything heard is kept."""

    def __init__(self, folder: Path, choice: ModelChoice, command: tuple[str, ...] | None = None) -> None:
        self.slots = SharedSlots.create(2, folder)
        self.tracks: list[TrackSet] = []
        self.events: list[Event] = []
        self.statuses: list[DetectionStatus] = []
        extra = {} if command is None else {"command": command}
        self.service = DetectionService(
            self.slots,
            choice,
            on_tracks=self.tracks.append,
            on_event=self.events.append,
            on_status=self.statuses.append,
            cache=folder,
            pauses=QUICK,
            **extra,  # type: ignore[arg-type] # one name, one type
        )
        self.watch(hold_s=0.5)
        self._stop = threading.Event()
        self._pump = threading.Thread(target=self._feed, name="street")
        self._pump.start()

    def watch(self, **changes: float) -> None:
        camera = AnalyticsCamera(CAMERA, 0, (WHOLE,), (rule(**changes),), looks_per_s=20.0)
        self.service.configure([camera, AnalyticsCamera("silent", 1)])

    def _feed(self) -> None:
        image = np.zeros((360, 640, 3), np.uint8)
        image[100:180, 320:400] = (0, 0, 255)
        tap, seq = SlotTap(self.slots, 0), 0
        while not self._stop.wait(0.02):
            if tap.wanted() is not None:
                seq += 1
                pixels = memoryview(image.reshape(-1))  # type: ignore[arg-type] # numpy 2.4 declares no Buffer for 3.11
                now_s = time.time()
                tap.put(Picture(CAMERA, seq, seq / 15, now_s, now_s, 640, 360, 1920, "bgr24", 640, 360, pixels, image))

    def seen(self) -> bool:
        return any(look.tracks for look in self.tracks)

    def reached(self, state: DetectionState) -> Callable[[], bool]:
        return lambda: self.service.status.state is state

    def close(self) -> None:
        self.service.stop()
        assert self.service.join(30.0)
        self._stop.set()
        self._pump.join()
        self.slots.close()


@pytest.fixture
def tiny(tmp_path: Path) -> ModelChoice:
    return ModelChoice("tiny", ModelSource.COMMAND_LINE, write_tiny_model(tmp_path / "model"))


@pytest.fixture
def street(tmp_path: Path, tiny: ModelChoice) -> Iterator[Street]:
    street = Street(tmp_path, tiny)
    street.service.start()
    yield street
    street.close()


def test_from_picture_to_event(street: Street) -> None:
    wait_until(lambda: bool(street.events))
    event = street.events[0]
    assert (event.camera_id, event.label, event.detector) == (CAMERA, "person", "YOLOtiny (OpenVINO, CPU)")
    assert tuple(event.box) == pytest.approx((0.5, 100 / 360, 0.625, 0.5), abs=0.01)
    assert event.utc_s - event.since_utc_s >= 0.5
    wait_until(lambda: event.track_id in street.tracks[-1].alarmed)
    wait_until(lambda: street.service.status.looks_per_s > 0)
    status = street.service.status
    assert status.state is DetectionState.RUNNING
    assert status.looks[CAMERA] > 0
    assert "silent" not in status.looks
    assert status.pid is not None
    assert psutil.Process(status.pid).nice() == psutil.Process().nice() + 10


def test_after_kill_9_boxes_are_back_and_nothing_is_reported_again(street: Street) -> None:
    wait_until(lambda: bool(street.events))
    first, reported = street.service.status.pid, street.events[0]
    assert first is not None
    os.kill(first, signal.SIGKILL)
    looks = len(street.tracks)
    wait_until(lambda: any(look.tracks for look in street.tracks[looks + 2 :]), 10, "boxes again")
    assert any(s.state is DetectionState.PAUSED for s in street.statuses)
    assert street.service.status.restarts == 1
    assert street.service.status.pid != first
    marked = len(street.tracks)
    wait_until(lambda: any(look.alarmed for look in street.tracks[marked:]), 10, "the same person is known again")
    assert street.events == [reported]
    assert min(t.id for look in street.tracks[marked:] for t in look.tracks) > reported.track_id


def test_a_hung_process_is_replaced(street: Street) -> None:
    wait_until(street.seen)
    first = street.service.status.pid
    assert first is not None
    os.kill(first, signal.SIGSTOP)
    wait_until(lambda: street.service.status.pid not in (first, None))
    assert not psutil.pid_exists(first) or psutil.Process(first).status() == psutil.STATUS_ZOMBIE


def test_models_and_rules_change_while_it_runs(street: Street) -> None:
    wait_until(street.seen)
    street.service.use_model(BUILT_IN)
    wait_until(lambda: street.service.status.detector == BUILT_IN.name)
    assert street.service.status.reason is None
    street.service.configure([AnalyticsCamera(CAMERA, 0, (), (rule(),))])
    wait_until(lambda: street.service.status.reason is not None)
    reason = street.service.status.reason
    assert reason is not None
    assert (reason.code, reason.details["camera"]) == (DetectionCode.BAD_ZONE, CAMERA)
    looks = len(street.tracks)
    wait_until(lambda: len(street.tracks) > looks + 2, 10, "it looks on without the rule")
    assert street.service.status.restarts == 0


def test_a_model_that_cannot_be_loaded_is_replaced_by_the_built_in_detector(tmp_path: Path) -> None:
    model = tmp_path / "bad"
    model.mkdir()
    (model / "bad.xml").write_text('<net name="x" version="11"><layers>')
    (model / "bad.bin").write_bytes(b"w")
    street = Street(tmp_path, ModelChoice("bad", ModelSource.SETTING, model))
    street.service.start()
    try:
        wait_until(street.reached(DetectionState.RUNNING))
        reason = street.service.status.reason
        assert reason is not None
        assert (reason.code, reason.details["path"]) == (DetectionCode.BAD_MODEL, str(model))
        assert street.service.status.detector == BUILT_IN.name
    finally:
        street.close()


def test_a_model_that_kills_its_process_is_given_up(tmp_path: Path, tiny: ModelChoice) -> None:
    """The stand-in reads one order after the other and dies of the first model; of the built-in one it lives."""
    code = (
        "import sys, time; from detection.messages import *\n"
        "while (m := read_message(sys.stdin.buffer)) and not isinstance(m, UseModel): pass\n"
        "if m.path: sys.exit(1)\n"
        "write_message(sys.stdout.buffer, Ready('stand-in'))\n"
        "while read_message(sys.stdin.buffer): write_message(sys.stdout.buffer, Beat())\n"
    )
    street = Street(tmp_path, tiny, (sys.executable, "-c", code))
    street.service.start()
    try:
        wait_until(street.reached(DetectionState.RUNNING))
        reason = street.service.status.reason
        assert reason is not None
        assert (reason.code, reason.details["why"]) == (DetectionCode.BAD_MODEL, "crash")
        assert street.service.status.restarts == 3
    finally:
        street.close()


def test_a_cameras_own_model_is_given_up_before_the_sites(tmp_path: Path, tiny: ModelChoice) -> None:
    """The stand-in dies of every model that is a camera's own; the site's stays in use."""
    code = (
        "import sys, time; from detection.messages import *\n"
        "while (m := read_message(sys.stdin.buffer)) and not isinstance(m, Configure):\n"
        "    if isinstance(m, UseModel) and m.key: sys.exit(1)\n"
        "write_message(sys.stdout.buffer, Ready('stand-in'))\n"
        "while read_message(sys.stdin.buffer): write_message(sys.stdout.buffer, Beat())\n"
    )
    street = Street(tmp_path, tiny, (sys.executable, "-c", code))
    street.service.use_others({"own": replace(tiny, path=tmp_path / "own")})
    street.service.start()
    try:
        wait_until(street.reached(DetectionState.RUNNING))
        reason = street.service.status.reason
        assert reason is not None
        assert (reason.code, reason.details["path"]) == (DetectionCode.BAD_MODEL, str(tmp_path / "own"))
        assert street.service.status.restarts == 3
        assert street.service._choice == tiny
    finally:
        street.close()


def test_a_camera_gets_a_model_of_its_own_while_it_runs_and_a_damaged_one_leaves_it_to_the_sites(
    street: Street, tmp_path: Path
) -> None:
    wait_until(street.seen)
    own = ModelChoice("own", ModelSource.SETTING, write_tiny_model(tmp_path / "own", name="YOLOown"))
    service = street.service
    camera = AnalyticsCamera(CAMERA, 0, (WHOLE,), (rule(hold_s=0.5),), looks_per_s=20.0, model="own")
    service.use_others({"own": own})
    service.configure([camera])
    wait_until(lambda: "YOLOown" in service.status.detector)
    looks = len(street.tracks)
    wait_until(lambda: len(street.tracks) > looks + 2)
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / "bad.xml").write_text('<net name="x" version="11"><layers>')
    (damaged / "bad.bin").write_bytes(b"w")
    service.use_others({"bad": replace(own, path=damaged)})
    service.configure([replace(camera, model="bad")])
    wait_until(lambda: service.status.reason is not None)
    looks = len(street.tracks)
    wait_until(lambda: len(street.tracks) > looks + 2, 10, "the site's model looks on")
    assert service.status.restarts == 0


def test_events_in_flight_at_a_clean_stop_are_not_lost(tmp_path: Path) -> None:
    code = (
        "import sys; from detection.messages import *\n"
        "from tests.detection.test_messages import EVENT, TRACK, TrackSet\n"
        "write_message(sys.stdout.buffer, Ready('stand-in'))\n"
        "while not isinstance(read_message(sys.stdin.buffer), Finish): pass\n"
        "for i in range(600): write_message(sys.stdout.buffer, Looked(TrackSet('c', i, (TRACK,)), (EVENT,), ()))\n"
    )
    street = Street(tmp_path, BUILT_IN, (sys.executable, "-c", code))
    street.service.start()
    try:
        wait_until(street.reached(DetectionState.RUNNING))
    finally:
        street.close()
    assert len(street.events) == 600
    assert street.service.status.state is DetectionState.STOPPED


def test_the_process_ends_with_its_parent(tmp_path: Path) -> None:
    code = (
        "import sys, time; from detection.child import ChildProcess; from detection.messages import *\n"
        "from video.shared_slots import SharedSlots; from pathlib import Path\n"
        "slots = SharedSlots.create(1, Path(sys.argv[1])); child = ChildProcess()\n"
        "child.send(Setup(str(slots.path), 1, 10)); child.send(UseModel(None, 'CPU', None))\n"
        "while not isinstance(child.receive(1), Ready): pass\n"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert psutil.pid_exists(pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


def loaded(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_the_parents_side_imports_no_inference_library() -> None:
    names = (
        "worker, detection.tracker, detection.models, detection.motion_model, detection.pipeline, video.shared_slots"
    )
    assert not loaded(f"import detection.{names}") & {"cv2", "openvino", "torch", "ultralytics", "av", "PySide6"}


def test_the_child_with_a_model_holds_no_qt_and_no_torch(tiny: ModelChoice) -> None:
    code = (
        "import detection.process as p; from detection.messages import UseModel\n"
        f"d = p.load_detector(UseModel({str(tiny.path)!r}, 'CPU', None), print)\n"
        "assert 'OpenVINO' in d.name; d.close()\n"
        "import sys; assert sys.modules['openvino_telemetry'] is None; del sys.modules['openvino_telemetry']"
    )
    modules = loaded(code)
    assert {"cv2", "openvino"} <= modules
    assert not modules & {"PySide6", "torch", "ultralytics", "av", "sqlalchemy"}
