"""How often guard rules are right: precision and recall on made scenes with known truth, per rule and per condition.

Each story is drawn into a clip and replayed (looks fixed by PTS, tracker and rules as live). `model`: people and
vehicles by `WATCHFLOOR_MODEL`, things by the truth (no model knows a drawn suitcase). `truth`: a detector that knows
everything, so that a rule's faults and a model's stand apart. Beside them what only stands still (`scene_still`), on
which no limit was tuned. Apart from it, and in no figure together with it: false
alarms on the real clips of `WATCHFLOOR_TEST_MEDIA` (`scene_media`).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import scene_still, scene_tamper
from benchmarks.harness import report
from benchmarks.scene_clips import Clip, Studio, known, with_things
from benchmarks.scene_media import real_clips
from benchmarks.scene_score import Score, scored, total
from benchmarks.scene_stories import CAMERA, CASE_LABEL, KINDS, WHOLE, Story, quiet_rules, rule, stories
from benchmarks.scene_weather import CONDITIONS
from detection.detector import Detections, Image
from detection.file_replay import replayed
from detection.geometry import iou_matrix
from detection.openvino_detector import OpenVinoDetector
from detection.pipeline import Pipeline
from storage.class_names import DEFAULT_CLASSES, class_map
from storage.records import Event, RuleKind, RuleSpec, Zone

VARIANTS = 1
START_S = 1_700_000_000.0
_QUIET_S = 24.0
_AHEAD = 2
_SAME_IOU = 0.5
_SEEN_FROM = 0.7

Answers = Sequence[Detections]
Key = tuple[str, str]
"""A rule's kind and a condition."""


@dataclass(slots=True)
class Tables:
    """Scores of one detector, by kind and condition."""

    scores: dict[Key, Score] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)

    def add(self, kind: str, condition: str, score: Score, story: str) -> None:
        """Count; what went wrong is named."""
        self.scores[kind, condition] = self.scores.get((kind, condition), Score()).plus(score)
        if score.false or score.missed:
            self.missed.append(f"{kind} / {condition} / {story}: {score.false} false, {score.missed} missed")

    def figures(self) -> dict[str, object]:
        """Per rule, per condition, and all."""
        kinds, conditions = (list(dict.fromkeys(key[n] for key in self.scores)) for n in (0, 1))
        return {
            "by_rule": {k: total(s for key, s in self.scores.items() if key[0] == k).figures() for k in kinds},
            "by_condition": {
                c: total(s for key, s in self.scores.items() if key[1] == c).figures() for c in conditions
            },
            "all": self.all.figures(),
            "wrong": self.missed,
        }

    @property
    def all(self) -> Score:
        """Everything together."""
        return total(self.scores.values())


class Told:
    """Hands out what was seen before, look by look."""

    def __init__(self, answers: Answers) -> None:
        self._answers = iter(answers)

    def detect(self, image: Image) -> Detections:
        """The next look's."""
        del image
        return next(self._answers)


def run(
    variants: int = VARIANTS,
    conditions: Sequence[str] = CONDITIONS,
    kinds: Sequence[RuleKind] = KINDS,
) -> dict[str, object]:
    """The figures; without `WATCHFLOOR_MODEL` of the detector alone that knows the truth."""
    path = os.environ.get("WATCHFLOOR_MODEL", "")
    model = OpenVinoDetector(Path(path), labels=class_map(DEFAULT_CLASSES)) if path else None
    tables = {name: Tables() for name in (("model", "truth") if model else ("truth",))}
    found = {condition: [0, 0] for condition in conditions}
    with tempfile.TemporaryDirectory() as folder:
        studio = Studio(Path(folder))
        for clip in _made(studio, variants, conditions, kinds):
            for name, answers in _answers(clip, model, found[clip.condition]).items():
                _judge(clip, answers, tables[name])
        tamper = _tampering(studio, conditions)
        still = _standing(Studio(Path(folder), scene_still.Sculptor()), model, conditions)
    real = real_clips(partial(looked_at, model)) if model is not None else None
    detector = model.name if model is not None else "none"
    if model is not None:
        model.close()
    signal = scene_tamper.signal_scores()
    ours = tables.get("model", tables["truth"]).all.f1
    result = report("scenes", "higher", [{"f1": ours}], {"truth detector": [{"f1": tables["truth"].all.f1}]}, "f1")
    return {
        **result,
        "detector": detector,
        "variants": variants,
        "made": {name: table.figures() for name, table in tables.items()},
        "recall_of_the_model": {c: _share(*counts) for c, counts in found.items()} if model is not None else {},
        "still": {name: table.figures() for name, table in still.items()},
        "tamper": tamper.figures(),
        "signal_loss": {**{n: s.figures() for n, s in signal.items()}, "all": total(signal.values()).figures()},
        "real": real,
    }


def quiet_story() -> Story:
    """Nobody is there."""
    return Story("nothing happens", rule(RuleKind.INTRUSION), WHOLE, (), _QUIET_S)


def _made(studio: Studio, variants: int, conditions: Sequence[str], kinds: Sequence[RuleKind]) -> Iterator[Clip]:
    """All clips; the next ones are drawn while one is looked at."""
    wanted = [
        (story, condition, number)
        for condition in conditions
        for number, story in enumerate([quiet_story(), *(s for kind in kinds for s in stories(kind, variants))])
    ]
    with ThreadPoolExecutor(1) as pool:
        waiting = [pool.submit(studio.clip, *one) for one in wanted[:_AHEAD]]
        for number in range(len(wanted)):
            clip = waiting.pop(0).result()
            if number + _AHEAD < len(wanted):
                waiting.append(pool.submit(studio.clip, *wanted[number + _AHEAD]))
            yield clip


def _answers(clip: Clip, model: OpenVinoDetector | None, found: list[int]) -> dict[str, Answers]:
    random = np.random.default_rng(len(clip.looks))
    truth = [known(boxes, random) for boxes in clip.truth]
    if model is None:
        return {"truth": truth}
    seen = looked_at(model, [look.image for look in clip.looks])
    for boxes, one in zip(clip.truth, seen, strict=True):
        clear = [b.box for b in boxes if b.visible >= _SEEN_FROM and b.label != CASE_LABEL]
        found[0] += _hits(clear, one)
        found[1] += len(clear)
    return {"truth": truth, "model": [with_things(*pair) for pair in zip(seen, truth, strict=True)]}


def looked_at(model: OpenVinoDetector, images: Sequence[Image]) -> list[Detections]:
    """What the model sees in each picture; as live, two share an input and as many are in flight as it takes."""
    answers: dict[int, tuple[Detections, ...]] = {}

    def keep(number: int) -> Callable[[tuple[Detections, ...]], None]:
        return lambda found: answers.__setitem__(number, found)

    for number in range(0, len(images), model.room):
        model.submit_together(images[number : number + model.room], keep(number))
    model.wait()
    return [found for number in range(0, len(images), model.room) for found in answers[number]]


def _hits(boxes: Sequence[Sequence[float]], found: Detections) -> int:
    if not boxes or not len(found):
        return 0
    return int((iou_matrix(np.array(boxes), found.boxes).max(axis=1) >= _SAME_IOU).sum())


def _judge(clip: Clip, answers: Answers, table: Tables) -> None:
    story = clip.story
    if story.actors:
        events = events_of(clip, answers, (story.rule,), (story.zone,))
        score = scored(story.due, [event.utc_s - START_S for event in events])
        table.add(story.rule.kind.value, clip.condition, score, story.name)
        return
    rules, zones = quiet_rules()
    events = events_of(clip, answers, rules, zones)
    for one in rules:
        false = sum(event.rule_id == one.id for event in events)
        table.add(one.kind.value, clip.condition, Score(false=false), story.name)


def events_of(clip: Clip, answers: Answers, rules: Sequence[RuleSpec], zones: Sequence[Zone]) -> list[Event]:
    """What the pipeline says of a clip."""
    pipeline = Pipeline(CAMERA)
    pipeline.change_rules(rules, zones, (), scale=clip.story.scale)
    return [one.event for one in replayed(clip.looks, Told(answers), pipeline, START_S)]


def _tampering(studio: Studio, conditions: Sequence[str]) -> Tables:
    table = Tables()
    nobody = Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), ())
    for condition in conditions:
        for number, prank in enumerate(scene_tamper.pranks()):
            clip = _stuck(studio.clip(prank.story, condition, number, prank.spoil), prank)
            events = events_of(clip, [nobody] * len(clip.looks), (scene_tamper.TAMPER,), (WHOLE,))
            table.add(prank.name, condition, scene_tamper.score(prank, events, START_S), prank.name)
    return table


def _standing(studio: Studio, model: OpenVinoDetector | None, conditions: Sequence[str]) -> dict[str, Tables]:
    tables: dict[str, Tables] = {}
    for condition in (one for one in scene_still.CONDITIONS if one in conditions):
        for number, (story, rules) in enumerate(scene_still.stories()):
            clip = studio.clip(story, condition, number)
            for name, answers in _answers(clip, model, [0, 0]).items():
                judge_standing(clip, answers, rules, tables.setdefault(name, Tables()))
    return tables


def judge_standing(clip: Clip, answers: Answers, rules: Sequence[RuleSpec], table: Tables) -> None:
    """What the first rule is to say of a clip of `scene_still`, and the others are not."""
    events = events_of(clip, answers, rules, (WHOLE,))
    for one in rules:
        times = [event.utc_s - START_S for event in events if event.rule_id == one.id]
        score = scored(clip.story.due if one is rules[0] else (), times)
        table.add(clip.story.name, clip.condition, score, one.kind.value)


def _stuck(clip: Clip, prank: scene_tamper.Prank) -> Clip:
    """A frozen picture comes again bit by bit, as a gateway repeats it: not coded anew."""
    if prank.name != "frozen":
        return clip
    last = next(look for look in clip.looks if look.pts_s >= scene_tamper.BEGIN_S)
    return replace(
        clip,
        looks=tuple(look if look.pts_s < last.pts_s else replace(look, image=last.image) for look in clip.looks),
    )


def _share(hits: int, count: int) -> dict[str, object]:
    return {"boxes": count, "found": round(hits / max(count, 1), 3)}
