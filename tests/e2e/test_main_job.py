"""The main job as a newcomer sees it: demo cameras, boxes, alarms, incidents, report; the same without Qt."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median

import pytest
from PIL import Image
from pypdf import PdfReader

from app.demo import DemoSite
from detection.geometry import iou_matrix
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.folders import Folders
from storage.journal import Journal
from storage.records import Event
from storage.verification import verify_file
from tests.e2e.conftest import Program, Sighting, run_until, sightings
from video.synthetic import Truth, load_truth

METRICS = {
    "cameras", "tiles", "seconds", "shown_ratio", "frame_age_p50_ms", "frame_age_p95_ms", "gui_stall_p99_ms",
    "gui_stall_max_ms", "cpu_s_per_stream_s", "rss_mb", "detections_per_s", "tracks", "events", "alarms", "incidents",
    "dropped_frames", "dropped_gops", "reconnects", "detector",
}  # fmt: skip
ALARM_LIMIT_S = 20.0
"""3 on a machine that does nothing else, where `benchmarks/` measures it."""
EVENTS = 3
BACK = re.compile(r"video.session: ([^:\n]+): picture lost.*video.session: \1: picture again", re.DOTALL)
READY = re.compile(r"^(\S+)Z INFO app.analytics: detection runs", re.MULTILINE)

Seen = Callable[[str, list[Sighting]], bool]
"""Whether a run has seen enough: of its log and its events."""
EARLY_S = 1.0


@dataclass(frozen=True, slots=True)
class Run:
    """What a run with `--out` left."""

    out: Path
    metrics: dict[str, object]
    events: tuple[Event, ...]
    opened: dict[str, float]
    ready_utc_s: float
    alarm_keys: frozenset[str]


def _run(folder: Path, home: Path, *args: str, enough: Seen, **changes: str | None) -> Run:
    """Into `folder / "out"`."""
    temporary, out = folder / "tmp", folder / "out"
    temporary.mkdir()

    def seen(log: str) -> bool:
        return enough(log, sightings(next(temporary.glob("watchfloor-*/**/journal.db"), None)))

    words = (*args, "--out", str(out))
    done = run_until(seen, *words, folder=folder, home=home, TMPDIR=str(temporary), **changes)
    assert done.code == 0, done.err[-3000:]
    assert "Traceback" not in done.err, done.err
    return _left(out, done.err)


def _left(folder: Path, log: str) -> Run:
    metrics = json.loads((folder / "metrics.json").read_text())
    journal = open_journal(folder / "journal.db", None)
    try:
        keys = frozenset(alarm.group_key for alarm in journal.alarms(open_only=False))
        files = [journal.incident_file(incident.id) for incident in journal.incidents()]
        opened = {file.alarms[0].first_event_id: file.incident.opened_utc_s for file in files}
        return Run(folder, metrics, tuple(journal.events()), opened, _ready_utc_s(log), keys)
    finally:
        journal.close()


def _ready_utc_s(log: str) -> float:
    """When the detection process began to look."""
    found = READY.search(log)
    assert found, log
    return datetime.fromisoformat(found[1] + "+00:00").timestamp()


@pytest.fixture(scope="module")
def wall(tmp_path_factory: pytest.TempPathFactory, demo_home: Path, site: DemoSite) -> Run:
    """One demo with the wall and the best detector at hand, until a camera was lost and came back."""

    def seen(log: str, events: list[Sighting]) -> bool:
        return bool(BACK.search(log)) and len(events) >= EVENTS and bool(_delays_s(site, events, _ready_utc_s(log)))

    return _run(tmp_path_factory.mktemp("wall"), demo_home, "demo", "--offscreen", enough=seen)


def _some_event(_log: str, events: list[Sighting]) -> bool:
    return bool(events)


@pytest.fixture(scope="module")
def site(demo_home: Path) -> DemoSite:
    """What the demo shows, with its truth."""
    return DemoSite.prepare(Folders.under(demo_home).demo, lambda _done, _total: None)


def test_a_run_leaves_picture_journal_reports_and_figures(wall: Run) -> None:
    with Image.open(wall.out / "wall-1.png") as picture:
        assert picture.width >= 1280
        assert picture.height >= 720
        assert len(picture.convert("RGB").getcolors(1 << 24) or []) > 1000
    assert set(wall.metrics) == METRICS
    assert wall.metrics["tiles"] == 9
    with (wall.out / "events.csv").open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.reader(file))) == len(wall.events) + 1


def test_a_person_in_the_zone_becomes_an_incident_with_a_readable_report(wall: Run) -> None:
    assert wall.metrics["incidents"]
    reports = sorted(wall.out.glob("incident-*.pdf"))
    assert len(reports) == wall.metrics["incidents"]
    text = "".join(page.extract_text() for page in PdfReader(reports[0]).pages)
    assert reports[0].stem.removeprefix("incident-") in text
    assert "UTC" in text


def test_a_camera_that_was_killed_came_back(wall: Run) -> None:
    reconnects = wall.metrics["reconnects"]
    assert isinstance(reconnects, int)
    assert reconnects >= 1


def test_the_right_actor_is_boxed_and_nobody_on_the_empty_street(wall: Run, site: DemoSite) -> None:
    """The median: the built-in detector takes somebody's legs for a person now and then."""
    assert wall.events
    overlaps = []
    for event in wall.events:
        truth = load_truth(site.truth_paths[event.camera_id])
        people = [actor.box for actor in truth.boxes_at(event.pts_s) if actor.label == event.label]
        overlaps.append(float(iou_matrix([event.box], people).max()) if people else 0.0)
    assert median(overlaps) >= 0.5, (overlaps, wall.events)
    assert site.empty_camera_ids
    assert not [event for event in wall.events if event.camera_id in site.empty_camera_ids]


def test_alarms_come_soon_after_the_rule_is_true(wall: Run, site: DemoSite) -> None:
    """From the moment of the known truth to the event's frame, and from there to the journal. Who was inside before
    the detection had started cannot have been seen in time, and does not count."""
    delays = _delays_s(site, wall.events, wall.ready_utc_s)
    assert delays
    written = [wall.opened[event.id] - event.utc_s for event in wall.events if event.id in wall.opened]
    print(f"rule true to event {sorted(delays)} s, frame to journal {sorted(written)} s")
    # The median: a handful of events on a machine that runs other tests has no p95; that one is printed and measured.
    assert median(delays) + median(written) < ALARM_LIMIT_S


def _delays_s(site: DemoSite, events: Sequence[Event | Sighting], ready_utc_s: float) -> list[float]:
    """Of those whose rule became true once the detection looked."""
    holds = {rule.id: rule.hold_s for rule in site.rules}
    found = [(e, _delay_s(e, load_truth(site.truth_paths[e.camera_id]), holds[e.rule_id])) for e in events]
    return [delay_s for event, delay_s in found if event.utc_s - delay_s > ready_utc_s]


def _delay_s(event: Event | Sighting, truth: Truth, hold_s: float) -> float:
    """From the moment when somebody has been inside for `hold_s` to the event, in the clip's own time; a box that is a
    little larger than the actor makes it a fraction of a second early."""
    position = event.pts_s % truth.loop_s
    true_since = [stay.from_s for zone in truth.zones for stay in zone.due(hold_s)]
    return min((position - from_s + EARLY_S) % truth.loop_s - EARLY_S for from_s in true_since)


def test_the_journal_of_the_run_verifies(wall: Run) -> None:
    assert verify_file(wall.out / "journal.db").ok


def test_the_built_in_detector_also_leads_to_an_incident(tmp_path: Path, demo_home: Path) -> None:
    run = _run(tmp_path, demo_home, "demo", "--offscreen", enough=_some_event, WATCHFLOOR_MODEL=None)
    assert run.metrics["incidents"]
    assert "HOG" in str(run.metrics["detector"])


def test_a_node_without_qt_gives_the_same_alarms(tmp_path: Path, demo_home: Path, wall: Run, site: DemoSite) -> None:
    """Which of them first depends on the moment at which the detection began."""
    blocked = tmp_path / "blocked" / "PySide6"
    blocked.mkdir(parents=True)
    (blocked / "__init__.py").write_text("raise ImportError('PySide6 is not installed here')\n")
    run = _run(tmp_path, demo_home, "node", "--demo", enough=_some_event, PYTHONPATH=str(blocked.parent))
    assert run.alarm_keys
    assert run.alarm_keys | wall.alarm_keys <= {f"{rule.camera_id}/{rule.id}" for rule in site.rules}
    assert not (run.out / "wall-1.png").exists()


def test_the_journal_type_is_the_protocol(tmp_path: Path) -> None:
    journal: Journal = open_journal(tmp_path / "journal.db", None)
    assert isinstance(journal, EmbeddedJournal)
    journal.close()


def test_the_program_names_itself(program: Program) -> None:
    done = program("--help")
    assert done.code == 0
    for word in ("demo", "wall", "node", "probe", "model", "report", "verify", "bench"):
        assert word in done.out
