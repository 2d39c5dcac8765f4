"""What guard rules cost: 16 cameras x 8 looks a second x 6 rules over six moving people each, as a share of one core.

Tracks are made, so that neither detector nor tracker is counted. A second run gives one of the six rules to the
picture (tampering), whose statistics are counted, too; a third run asks before the rules what of it is scenery
(`detection.doubt`), with two bushes among the six that never move. The reference is the bar: 2 % of a core.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np

from benchmarks.harness import RUNS, report
from detection.detector import Image, Track, TrackSet
from detection.doubt import Doubts
from detection.rules import RuleEngine
from detection.usual_view import UsualView
from storage.records import Box, RuleKind, RuleSpec, Zone
from storage.registry_records import CameraScale

CAMERAS = 16
LOOKS_PER_S = 8
PEOPLE = 6
SECONDS = 20
BAR = 0.02

_START_S = 1_700_000_000.0
_YARD = Zone("yard", "c", "Yard", ((0.1, 0.3), (0.6, 0.25), (0.9, 0.5), (0.8, 0.95), (0.2, 0.9)))
_LINE = Zone("line", "c", "Gate", ((0.5, 0.2), (0.5, 0.95)), kind="line")
_SCALE = CameraScale("c", ((0.5, 0.4, 0.12), (0.5, 0.9, 0.35)))
_KINDS = (
    RuleKind.INTRUSION,
    RuleKind.LOITERING,
    RuleKind.LINE_CROSSING,
    RuleKind.CROWD,
    RuleKind.ABANDONED,
    RuleKind.RUNNING,
)


def run() -> dict[str, object]:
    """Several runs of each."""
    scenes = [_scene(look / LOOKS_PER_S) for look in range(SECONDS * LOOKS_PER_S)]
    bushes = [_scene(look / LOOKS_PER_S, bushes=2) for look in range(SECONDS * LOOKS_PER_S)]
    image = np.random.default_rng(1).integers(0, 255, (360, 640, 3), np.uint8)
    ours = []
    for _ in range(RUNS):
        share, events = _share(scenes, _KINDS, None)
        with_pictures, _events = _share(scenes, (*_KINDS[:-1], RuleKind.TAMPER), image)
        with_doubts, _events = _share(bushes, _KINDS, image, doubting=True)
        ours.append(
            {
                "core_share": share,
                "core_share_with_tamper": with_pictures,
                "core_share_with_doubts": with_doubts,
                "events": float(events),
            }
        )
    return report("rules", "lower", ours, {"bar of 2 % of a core": [{"core_share": BAR}] * RUNS}, "core_share")


def _share(
    scenes: list[TrackSet], kinds: tuple[RuleKind, ...], image: Image | None, *, doubting: bool = False
) -> tuple[float, int]:
    engines = [RuleEngine("c", [_rule(kind) for kind in kinds], (_YARD, _LINE), scale=_SCALE) for _ in range(CAMERAS)]
    views, doubts = [UsualView() for _ in engines], [Doubts() for _ in engines]
    events = 0
    start_s = time.process_time()
    for scene in scenes:
        for engine, view, doubt in zip(engines, views, doubts, strict=True):
            seen = scene
            if image is not None:
                engine.see(image, scene.utc_s)
            if image is not None and doubting:
                view.see(image, scene.utc_s)
                seen = replace(scene, tracks=doubt.judged(scene.tracks, view, scene.utc_s, engine.ground))
                view.learn(scene.utc_s, (track.box for track in seen.tracks if not track.doubt))
            events += len(engine.update(seen))
    return (time.process_time() - start_s) / SECONDS, events


def _rule(kind: RuleKind) -> RuleSpec:
    zone = _LINE if kind is RuleKind.LINE_CROSSING else _YARD
    limit = 4.0 if kind is RuleKind.CROWD else None
    labels = ("backpack", "suitcase") if kind is RuleKind.ABANDONED else ("person",)
    return RuleSpec(kind.value, "c", zone.id, kind.value, kind, labels, limit=limit, schedule="Mon-Sun 00:00-24:00")


def _scene(at_s: float, bushes: int = 0) -> TrackSet:
    tracks = []
    for number in range(PEOPLE):
        moved_s, score = (0.0, 0.5) if number < bushes else (at_s, 0.8)
        x = 0.5 + 0.4 * math.sin(0.3 * moved_s + number)
        y = 0.6 + 0.25 * math.cos(0.2 * moved_s + 2.0 * number)
        label = "person" if number < PEOPLE - 1 else "backpack"
        box = Box(x - 0.03, y - 0.25, x + 0.03, y)
        path = tuple((x - 0.001 * k, y) for k in range(8, 0, -1))
        utc_s = _START_S + at_s
        tracks.append(Track(number + 1, box, label, score, (0.05, 0.0), _START_S, utc_s, path=path))
    return TrackSet("c", _START_S + at_s, tuple(tracks))
