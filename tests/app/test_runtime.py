"""Start-up that fails half-way, and a shutdown that loses nothing of what was accepted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.archive import Archive
from app.cameras import CameraHub
from app.feeds import Banner, DeskState, RegistryChanged
from app.intake import EventIntake
from app.node import run_node
from app.recording import Recording
from app.runtime import Runtime, RuntimePlan
from app.signals import STOP_SIGNALS
from app.site import trial_plan
from app.tasks import Tasks
from detection.worker import DetectionState, DetectionStatus
from storage.errors import StorageCode, StorageError, WatchfloorError
from storage.folders import Folders
from storage.journal import Registry
from storage.records import Box, Camera, Event, RuleKind, Severity, new_id
from storage.sealed import Credential, Sealer
from storage.settings import Settings
from storage.worker import Worker
from tests.conftest import wait_until
from video.decode import DecodePool
from video.shared_slots import SharedSlots

CAMERA = Camera("c1", 1, "Gate", "missing/clip.mp4")


def _event() -> Event:
    return Event(
        id=new_id(),
        camera_id=CAMERA.id,
        rule_id="r1",
        kind=RuleKind.INTRUSION,
        severity=Severity.HIGH,
        utc_s=1_790_000_000.0,
        since_utc_s=1_789_999_999.0,
        track_id=1,
        label="person",
        score=0.9,
        box=Box(0.1, 0.1, 0.2, 0.4),
    )


@pytest.fixture
def plan(tmp_path: Path) -> RuntimePlan:
    return RuntimePlan(Folders.under(tmp_path / "home").ensure(), Settings(), (CAMERA,))


@pytest.fixture
def runtime(plan: RuntimePlan) -> Iterator[Runtime]:
    made = Runtime(plan)
    yield made
    made.stop()
    made.close()


@pytest.fixture
def own_signals() -> Iterator[None]:
    before = {name: signal.getsignal(name) for name in STOP_SIGNALS}
    yield
    for name, handler in before.items():
        signal.signal(name, handler)


class _LastWord(Worker):
    """In the detection service's place: has one more event to tell when everybody else was asked to stop."""

    def __init__(self, say: Callable[[], None], tasks: Tasks) -> None:
        super().__init__("last word")
        self.status = DetectionStatus(DetectionState.STOPPED)
        self._say, self._tasks = say, tasks

    def run(self) -> None:
        self.stopping.wait()
        threading.Event().wait(0.8)  # a child that finishes its looks in flight; task threads look every 0.25 s
        self._say()


def test_the_last_event_gets_its_still_before_the_tasks_end(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    event = _event()
    monkeypatch.setattr(runtime.intake, "_attach_still", lambda found: asked.append(found.id))
    service = _LastWord(lambda: runtime.intake.take(event), runtime.tasks)
    monkeypatch.setattr(runtime.analytics, "service", service)
    for worker in (*runtime.tasks.workers, service):
        runtime.supervisor.add(worker)
    assert runtime.stop() == []
    assert [found.id for found in runtime.archive.journal.events()] == [event.id]
    assert asked == [event.id]


def test_an_event_for_a_closed_journal_is_refused_and_does_not_raise(plan: RuntimePlan) -> None:
    archive, tasks, refused = Archive(plan.folders, plan.settings, plan.records), Tasks(1), list[WatchfloorError]()
    archive.close()
    hub = CameraHub(DecodePool(1), None, lambda camera: camera.main_url)  # type: ignore[arg-type] # opens nothing
    intake = EventIntake(archive, hub, tasks, lambda: None, refused.append)
    intake.take(_event())
    assert [error.code for error in refused] == [StorageCode.CLOSED]
    assert intake.settle(0)


def test_an_event_reaches_the_recorder_before_the_journal_answers(
    plan: RuntimePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, float]] = []
    monkeypatch.setattr(Recording, "event", lambda _recording, camera_id, utc_s: told.append((camera_id, utc_s)))
    runtime = Runtime(plan)
    event = _event()
    runtime.intake.take(event)
    assert told == [(event.camera_id, event.utc_s)]
    runtime.stop()
    runtime.close()


def test_a_failure_while_composing_closes_the_journal(plan: RuntimePlan, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(count: int) -> SharedSlots:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(SharedSlots, "create", refuse)
    with pytest.raises(OSError, match="No space"):
        Runtime(plan)
    assert not [t.name for t in threading.enumerate() if t.name == "journal-writer"]


class _Unstartable(Worker):
    def __init__(self) -> None:
        super().__init__("unstartable")

    def start(self) -> None:
        raise RuntimeError("can't start new thread")


def test_a_signal_while_the_runtime_is_made_ends_it_whole_before_it_begins(
    plan: RuntimePlan, own_signals: None
) -> None:
    made: list[Runtime] = []

    def make() -> Runtime:
        os.kill(os.getpid(), signal.SIGTERM)
        made.append(Runtime(plan))
        return made[0]

    with pytest.raises(SystemExit) as left:
        run_node(make, None, None)
    assert left.value.code == 128 + signal.SIGTERM
    with pytest.raises(StorageError):
        made[0].archive.journal.head()
    assert not made[0].analytics._slots.path.exists()
    assert not made[0].supervisor.alive


def test_servers_of_a_demo_are_asked_to_end_before_the_detection_has_ended(
    plan: RuntimePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their processes, just started on a busy machine, need as long as it does."""
    server, asked = _Slow(), list[bool]()
    runtime = Runtime(replace(plan, workers=(server,)))

    def join(_timeout_s: float) -> bool:
        asked.append(server.stopping.is_set())
        return True

    monkeypatch.setattr(runtime.analytics.service, "join", join)
    runtime.stop()
    runtime.close()
    assert asked[0]


def test_a_failure_while_starting_stops_what_had_started(plan: RuntimePlan, own_signals: None) -> None:
    runtime = Runtime(RuntimePlan(plan.folders, plan.settings, plan.records, workers=(_Unstartable(),)))
    with pytest.raises(RuntimeError, match="new thread"):
        run_node(lambda: runtime, 0.0, None)
    with pytest.raises(StorageError):
        runtime.archive.journal.head()


def test_outputs_that_cannot_be_written_leave_a_closed_journal(
    plan: RuntimePlan, own_signals: None, tmp_path: Path
) -> None:
    runtime = Runtime(RuntimePlan(plan.folders, plan.settings))
    (tmp_path / "out" / "metrics.json").mkdir(parents=True)
    with pytest.raises(OSError, match="metrics"):
        run_node(lambda: runtime, 0.0, tmp_path / "out")
    with pytest.raises(StorageError):
        runtime.archive.journal.head()


def test_a_home_that_goes_with_the_run_is_not_backed_up_and_tells_nobody(plan: RuntimePlan) -> None:
    runtime = Runtime(replace(plan, alerts=False, lasting=False))
    try:
        runtime.start()
        names = {thread.name for thread in threading.enumerate()}
        assert {"verifier", "deadlines"} <= names
        assert not names & {"backups", "space-guard", "hourly-sheet", "retention", "outbox", "answer-server"}
        assert not runtime.archive.reserve.whole
    finally:
        runtime.stop()
        runtime.close()


def test_a_demo_and_a_trial_are_not_lasting(tmp_path: Path) -> None:
    with trial_plan([str(tmp_path / "clip.mp4")], None) as trial:
        assert not trial.alerts
        assert not trial.lasting


def test_stopping_twice_is_harmless(plan: RuntimePlan) -> None:
    runtime = Runtime(plan)
    runtime.start()
    assert runtime.stop() == []
    assert runtime.stop() == []
    runtime.close()


def test_a_lost_key_costs_the_login_and_not_the_start(runtime: Runtime, tmp_path: Path) -> None:
    said: list[Banner] = []
    runtime.bus.subscribe(Banner, said.append)
    camera = Camera("c1", 1, "Gate", "rtsp://10.0.0.5/1")
    runtime.archive.logins.keep("c1", Credential("u", "p"), runtime.archive.actor)
    assert runtime.url_of(camera) == "rtsp://u:p@10.0.0.5/1"
    runtime.archive.logins._sealer = Sealer(tmp_path / "another.key")
    assert runtime.url_of(camera) == "rtsp://10.0.0.5/1"
    assert len(said) == 1
    assert said[0].text


def test_what_changes_in_the_journal_wakes_the_outbox(runtime: Runtime) -> None:
    assert runtime.alerts is not None
    outbox = runtime.alerts._outbox
    assert outbox is not None
    assert not outbox._wake.is_set()
    runtime.bus.publish(DeskState())
    assert outbox._wake.is_set()


def test_a_changed_registry_reaches_recording_also_when_too_much_is_waiting(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Registry] = []
    monkeypatch.setattr(runtime.recording, "start", lambda _hub, newest: asked.append(newest()))
    monkeypatch.setattr(runtime.tasks, "submit", lambda _work: False)
    changed = replace(runtime.registry, cameras=())
    runtime.bus.publish(RegistryChanged(changed))
    assert asked == [changed]


def test_a_dead_detection_process_still_counts(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    child = subprocess.Popen([sys.executable, "-c", "sum(range(10**6)); input()"], stdin=subprocess.PIPE)
    status = DetectionStatus(DetectionState.RUNNING, pid=child.pid)
    monkeypatch.setattr(runtime.analytics.service, "status", status)

    def counted() -> bool:
        runtime.bus.publish(status)
        return runtime.meter._seen.get(child.pid, 0.0) > 0.0

    wait_until(counted)
    child.communicate(b"\n")
    own = os.times()
    assert runtime.meter.read((child.pid,)).cpu_s >= own.user + own.system - 0.1
    assert runtime.meter._seen[child.pid] > 0.0


def test_a_user_without_a_name_can_work(plan: RuntimePlan, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that runs under a number without an entry in /etc/passwd."""

    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr("getpass.getuser", nobody)
    archive = Archive(plan.folders, plan.settings)
    archive.close()
    assert archive.actor.id.startswith("os:")
    assert archive.actor.id != "os:"


class _Slow(Worker):
    """Does not end before it is released."""

    def __init__(self) -> None:
        super().__init__("slow")
        self.release = threading.Event()

    def run(self) -> None:
        self.release.wait()


def test_a_second_signal_does_not_wait_and_still_closes_the_journal(plan: RuntimePlan, own_signals: None) -> None:
    slow = _Slow()
    runtime = Runtime(RuntimePlan(plan.folders, plan.settings, workers=(slow,)))

    def signal_twice() -> None:
        wait_until(lambda: slow.alive)
        os.kill(os.getpid(), signal.SIGTERM)
        wait_until(slow.stopping.is_set)
        os.kill(os.getpid(), signal.SIGTERM)
        slow.release.set()

    sender = threading.Thread(target=signal_twice)
    sender.start()
    with pytest.raises(SystemExit) as left:
        run_node(lambda: runtime, None, None)
    sender.join(5)
    assert left.value.code == 128 + signal.SIGTERM
    with pytest.raises(StorageError):
        runtime.archive.journal.head()
