"""False alarms on the real clips of `WATCHFLOOR_TEST_MEDIA`, per camera-hour, with the hours that were looked at.

What really happens in these clips was seen by eye, and the rules are chosen so that none of them has anything to say.
So few minutes say little: the interval (Poisson) is the figure, and it is never put together with made scenes.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.scene_score import poisson
from benchmarks.scene_stories import CAMERA, GATE, THINGS, VEHICLES, WHOLE, rule
from detection.detector import Detections, Image
from detection.file_replay import replayed
from detection.pipeline import Pipeline
from storage.records import RuleKind, RuleSpec
from video.file_looks import LOOKS_PER_S, FileLook, file_looks

LookedAt = Callable[[Sequence[Image]], list[Detections]]
_START_S = 1_700_000_000.0
_PEOPLE = (
    rule(RuleKind.INTRUSION, hold_s=1.0),
    rule(RuleKind.LINE_CROSSING),
    rule(RuleKind.LOITERING, limit=10.0),
    rule(RuleKind.RUNNING, hold_s=0.4),
    rule(RuleKind.PERIMETER, hold_s=0.4),
)
_ANYWHERE = (
    rule(RuleKind.CROWD, limit=3.0, hold_s=1.0),
    rule(RuleKind.ABANDONED, THINGS, limit=10.0),
    rule(RuleKind.REMOVED, THINGS, limit=5.0),
    rule(RuleKind.TAMPER, ()),
)
_RULES: dict[str, tuple[RuleSpec, ...]] = {
    "car-detection.mp4": (*_PEOPLE, *_ANYWHERE),  # a car park without people
    "cars.mp4": (  # one carriageway: all come towards the camera, nobody is on the road
        *_PEOPLE,
        *_ANYWHERE,
        rule(RuleKind.WRONG_WAY, VEHICLES, direction="180"),
        rule(RuleKind.STOPPED, VEHICLES, limit=5.0),
    ),
    "one-by-one-person-detection.mp4": (  # people come to a table one after the other, none stays a minute
        *_ANYWHERE,
        rule(RuleKind.LOITERING, limit=60.0),
        rule(RuleKind.RUNNING, hold_s=0.4),
        rule(RuleKind.INTRUSION, VEHICLES, hold_s=1.0),
        rule(RuleKind.WRONG_WAY, VEHICLES, direction="90"),
        rule(RuleKind.STOPPED, VEHICLES, limit=5.0),
    ),
}


def real_clips(looked_at: LookedAt) -> dict[str, object] | None:
    """By clip and together; None where there are no clips."""
    folder = os.environ.get("WATCHFLOOR_TEST_MEDIA", "")
    paths = [Path(folder) / name for name in _RULES if folder and (Path(folder) / name).is_file()]
    clips = {path.name: _clip(path, looked_at) for path in paths}
    if not clips:
        return None
    hours = sum(one["camera_hours"] for one in clips.values())
    count = sum(one["false_alarms"] for one in clips.values())
    low, high = poisson(int(count))
    return {
        "clips": clips,
        "camera_hours": round(hours, 4),
        "rule_hours": round(sum(one["rule_hours"] for one in clips.values()), 4),
        "false_alarms": int(count),
        "per_camera_hour": round(count / hours, 2),
        "per_camera_hour_95": [round(low / hours, 1), round(high / hours, 1)],
    }


def _clip(path: Path, looked_at: LookedAt) -> dict[str, float]:
    looks = list(file_looks(str(path)))
    answers = looked_at([look.image for look in looks])
    rules = [
        replace(one, zone_id=(GATE if one.kind is RuleKind.LINE_CROSSING else WHOLE).id) for one in _RULES[path.name]
    ]
    pipeline = Pipeline(CAMERA)
    pipeline.change_rules(rules, (WHOLE, GATE), ())
    said = Counter(one.event.kind.value for one in replayed(looks, _Told(answers), pipeline, _START_S))
    hours = _seconds(looks) / 3600.0
    return {
        "camera_hours": hours,
        "rules": len(rules),
        "rule_hours": hours * len(rules),
        "false_alarms": said.total(),
        **{f"false {kind}": count for kind, count in said.items()},
    }


def _seconds(looks: Sequence[FileLook]) -> float:
    return looks[-1].pts_s + 1 / LOOKS_PER_S if looks else 0.0


class _Told:
    """Hands out what was seen before, look by look."""

    def __init__(self, answers: Sequence[Detections]) -> None:
        self._answers = iter(answers)

    def detect(self, image: Image) -> Detections:
        """The next look's."""
        del image
        return next(self._answers)
