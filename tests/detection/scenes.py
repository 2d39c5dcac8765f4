"""Made material: detections along known paths, rules and zones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detection.detector import Detections
from storage.records import Box, RuleSpec, Zone

CAMERA = "camera-1"
START_S = 1_700_000_000.0
RIGHT_HALF = Zone("zone-1", CAMERA, "yard", ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)))


def seen(
    *boxes: Sequence[float], scores: Sequence[float] | None = None, labels: Sequence[str] | None = None
) -> Detections:
    count = len(boxes)
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array([0.9] * count if scores is None else scores, np.float32),
        tuple(["person"] * count if labels is None else labels),
    )


def person_at(x: float, y: float = 0.8) -> Box:
    """A box of a pedestrian whose foot point is (x, y)."""
    return Box(x - 0.04, y - 0.35, x + 0.04, y)


def rule(hold_s: float = 1.0, cooldown_s: float = 30.0, **changes: object) -> RuleSpec:
    return RuleSpec("rule-1", CAMERA, RIGHT_HALF.id, "yard", hold_s=hold_s, cooldown_s=cooldown_s, **changes)  # type: ignore[arg-type] # names of RuleSpec's fields
