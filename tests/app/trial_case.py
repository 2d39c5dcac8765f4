"""Made visits to a guarded zone over days, seen by the real tracker and rules, stored, and judged by the truth.

False ones are short (somebody steps over the edge), real ones stay; some of each are the other way round, so that no
hold time parts them cleanly.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from app.archive import Archive
from app.stored_tracks import TrackRecorder
from detection.detector import Detections, TrackSet
from detection.pipeline import Pipeline
from storage.commands import JudgeAlarm, PutOperator, PutRecord, RecordEvent
from storage.folders import Folders
from storage.records import Actor, Camera, Event, Operator, Role, RuleSpec, Verdict, Zone
from storage.settings import Settings, TrackSettings

START = 1_700_006_400.0  # a midnight
DAY_S = 86_400.0
RUNTIME = Actor("service:runtime")
ANNA, OLENA = Actor("anna"), Actor("olena")
CAMERA = Camera("c1", 1, "Gate", "demo://gate")
ZONE = Zone("z1", "c1", "Yard", ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)))
RULE = RuleSpec("r1", "c1", "z1", "Yard at night", hold_s=1.0, cooldown_s=10.0)
BETTER = replace(RULE, hold_s=4.0)


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody is in the zone from `at_s` (of all days) on; `height`: where they stand, so that places differ."""

    at_s: float
    stay_s: float
    real: bool
    y: float


def visits(days: int, seed: int = 4) -> list[Visit]:
    """Eight false and one or two real ones a day, an hour or more apart."""
    rng = random.Random(seed)
    found = []
    for day in range(days):
        hours = rng.sample(range(24), 10 - day % 2)
        for number, hour in enumerate(sorted(hours)):
            real = number in (2, 6)[: 2 - day % 2]
            stay_s = rng.uniform(8.0, 30.0) if real else rng.choice((1.5, 2.0, 2.5, 3.0, 3.2, 6.0))
            found.append(Visit(day * DAY_S + hour * 3600.0 + rng.uniform(0, 1800), stay_s, real, rng.uniform(0.5, 0.9)))
    return found


class Watched:
    """One camera's pipeline over visits; keeps what it said about each."""

    def __init__(self, rule: RuleSpec, zone: Zone = ZONE) -> None:
        self.pipeline = Pipeline("c1", [rule], [zone])
        self.rng = random.Random(9)

    def see(self, visit: Visit) -> tuple[list[TrackSet], list[Event]]:
        """Walks in, stays, walks out; boxes jitter as a detector's do."""
        sets: list[TrackSet] = []
        events: list[Event] = []
        at_s, end_s = -3.0, visit.stay_s + 3.0
        while at_s < end_s:
            x = 0.55 if 0.0 <= at_s < visit.stay_s else 0.4
            box = [v + self.rng.gauss(0, 0.001) for v in (x - 0.03, visit.y - 0.2, x + 0.03, visit.y)]
            seen = Detections(np.array([box], dtype=np.float32), np.array([0.7], dtype=np.float32), ("person",))
            look = self.pipeline.look(seen, START + visit.at_s + at_s)
            sets.append(look.tracks)
            events += look.events
            at_s += 0.2 + self.rng.uniform(-0.02, 0.02)
        return sets, events


class TrialSite:
    """An archive with a camera, its zone and rule, Anna at the seat (administrator) and Olena (supervisor)."""

    def __init__(self, home: Path) -> None:
        self.archive = Archive(Folders.under(home).ensure(), Settings(), [CAMERA, ZONE, RULE])
        for actor, role in ((ANNA, Role.ADMINISTRATOR), (OLENA, Role.SUPERVISOR)):
            self.archive.journal.apply(PutOperator(Operator(actor.id, actor.id.title(), role)), self.archive.actor)
        self.archive.reload()
        self.recorder = TrackRecorder(
            self.archive.folders.tracks, TrackSettings(), self.archive.journal.judged, lambda: START + 7 * DAY_S
        )

    def live(self, rule: RuleSpec, seen: list[Visit]) -> list[tuple[Visit, Event]]:
        """The visits happen: tracks are stored, events become alarms, and each is judged by the truth."""
        watched = Watched(rule)
        found: list[tuple[Visit, Event]] = []
        for visit in seen:
            sets, events = watched.see(visit)
            for one in sets:
                self.recorder.take(one)
            self.recorder.work(0.0)
            for event in events:
                self.judge(event, real=visit.real)
            found += [(visit, event) for event in events]
        self.recorder.finish(0.0)
        return found

    def judge(self, event: Event, *, real: bool) -> None:
        journal = self.archive.journal
        receipt = journal.apply(RecordEvent(event), RUNTIME)
        alarm = next(one for one in journal.alarms() if one.id == receipt.alarm_id)
        verdict = Verdict.INCIDENT if real else Verdict.FALSE
        journal.apply(JudgeAlarm(alarm.id, alarm.version, verdict, category_id="intrusion"), ANNA)

    def put(self, record: RuleSpec | Zone) -> None:
        self.archive.journal.apply(PutRecord(record), ANNA)
        self.archive.reload()

    def close(self) -> None:
        self.recorder._close()
        self.archive.close()
