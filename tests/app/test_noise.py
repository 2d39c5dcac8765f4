"""What is noisy and what would help, from made figures and from a real journal."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.archive import RUNTIME, Archive
from app.noise import DAYS, MOST, NoiseReport, SiteNoiseDesk, advice, report
from app.tasks import Tasks
from storage.commands import PutOperator, PutRecord, RecordEvent
from storage.folders import Folders
from storage.journal import Registry
from storage.noise_queries import NoiseFigure
from storage.records import Actor, Box, Camera, Event, Operator, Role, RuleKind, RuleSpec, Severity, Zone, new_id
from storage.registry_records import CameraGroup
from storage.settings import Settings

NOW_S = 1_800_000_000.0


def figure(key: str = "r1", alarms: int = 20, events: int = 20, judged: int = 10, false: int = 8) -> NoiseFigure:
    return NoiseFigure(key, alarms, events, judged, false)


def rule(kind: RuleKind = RuleKind.INTRUSION, hold_s: float = 1.0) -> RuleSpec:
    return RuleSpec("r1", "c1", "z", "In zone", kind, hold_s=hold_s)


@pytest.mark.parametrize(
    ("given", "of", "said"),
    [
        (figure(), rule(), "hold time from 1 to 3 s"),
        (figure(), rule(hold_s=2.0), "hold time from 2 to 4 s"),
        (figure(events=200), rule(hold_s=5.0), "cooldown from 30 to 60 s"),
        (figure(), rule(hold_s=5.0), "zone smaller"),
        (figure(), rule(hold_s=5.0), "sensitivity from 0.5 to 0.3"),
        (figure(), rule(RuleKind.LOITERING), "the time from 30 to 45 s"),
        (figure(), rule(RuleKind.LINE_CROSSING), "zone smaller"),
        (figure(judged=4, false=4), rule(), "Too few verdicts"),
        (figure(false=1), rule(), "leave the rule"),
        (figure(judged=0, false=0), rule(RuleKind.TAMPER), "Look after the camera"),
        (figure(), None, "not there any more"),
    ],
)
def test_each_row_says_what_would_help(given: NoiseFigure, of: RuleSpec | None, said: str) -> None:
    assert said in advice(given, of)


def registry(cameras: int) -> Registry:
    numbers = range(1, cameras + 1)
    return Registry(
        cameras=tuple(Camera(f"c{n}", n, f"Camera {n}", "x") for n in numbers),
        rules=tuple(RuleSpec(f"r{n}", f"c{n}", "z", f"Rule {n}") for n in numbers),
    )


def test_ten_of_each_with_names_and_the_loudest_rule_of_a_camera() -> None:
    cameras = [figure(f"c{n}", 100 - n) for n in range(1, 15)]
    rules = [figure(f"r{n}", 100 - n) for n in range(1, 15)]
    made = report(registry(14), cameras, rules, None, NOW_S)
    assert (len(made.cameras), len(made.rules)) == (MOST, MOST)
    assert made.alarms == sum(one.alarms for one in cameras)
    assert (made.cameras[0].name, made.rules[0].name) == ("1 Camera 1", "1 Camera 1: Rule 1")
    assert made.cameras[0].help == f"Rule 1: {made.rules[0].help}"
    assert [row.mend for row in made.rules] == [row.mend for row in made.cameras]
    assert all(row.rule is not None and row.mend == replace(row.rule, hold_s=3.0) for row in made.rules)
    few = report(registry(1), [figure("c1", judged=1)], [figure("r1", judged=1)], None, NOW_S)
    assert (few.cameras[0].mend, few.rules[0].mend) == (None, None)


def test_what_the_viewer_may_not_see_is_not_told() -> None:
    made = report(registry(3), [figure("c1"), figure("c2")], [figure("r1"), figure("gone")], frozenset({"c2"}), NOW_S)
    assert ([row.camera_id for row in made.cameras], made.rules) == (["c2"], ())


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    opened = Archive(Folders.under(tmp_path / "home").ensure(), Settings())
    for record in (
        Camera("c1", 1, "Gate", "rtsp://10.0.0.5/1"),
        Camera("c2", 2, "Yard", "rtsp://10.0.0.5/2"),
        Zone("z", "c1", "Zone", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))),
        RuleSpec("r1", "c1", "z", "In zone"),
        CameraGroup("yard", "Yard", ("c2",)),
    ):
        opened.journal.apply(PutRecord(record), opened.actor)
    opened.journal.apply(PutOperator(Operator("guest", "Guest", Role.OPERATOR, group_ids=("yard",))), opened.actor)
    opened.reload()
    yield opened
    opened.close()


@pytest.mark.parametrize(("guest", "found"), [(False, ["c1"]), (True, [])])
def test_the_desk_reads_on_a_task_thread(archive: Archive, guest: bool, found: list[str]) -> None:
    now = time.time()
    event = Event(
        new_id(), "c1", "r1", RuleKind.INTRUSION, Severity.LOW, now, now, 1, "person", 0.9, Box(0.1, 0.1, 0.2, 0.4)
    )
    archive.journal.apply(RecordEvent(event), RUNTIME)
    tasks = Tasks(threads=1)
    actor = Actor("guest") if guest else archive.actor
    desk = SiteNoiseDesk(archive, tasks, lambda: actor, clock=lambda: time.time() + 1.0)
    arrived, threads, done = list[NoiseReport](), list[str](), threading.Event()

    def note(made: NoiseReport) -> None:
        arrived.append(made)
        threads.append(threading.current_thread().name)
        done.set()

    for worker in tasks.workers:
        worker.start()
    assert desk.read(note, lambda error: pytest.fail(str(error)))
    assert done.wait(30.0)
    for worker in tasks.workers:
        worker.stop()
    assert all(worker.join(30.0) for worker in tasks.workers)
    assert [row.camera_id for row in arrived[0].cameras] == found
    assert arrived[0].to_utc_s - arrived[0].from_utc_s == DAYS * 86_400.0
    assert threads == ["task-0"]
