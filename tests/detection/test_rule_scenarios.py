"""Every rule over made scenes with known truth, in four weathers: precision and recall with their counts.

Made boxes, not a model's: these figures say how good the rules are, not how good the detector is.
"""

from __future__ import annotations

import logging

import pytest

from storage.records import RuleKind
from tests.detection.rule_scenes import KINDS, WEATHERS, Score, episodes, played, score

log = logging.getLogger(__name__)

LEAST_PRECISION = 0.93
LEAST_RECALL = {RuleKind.RUNNING: 0.8, RuleKind.SPEED: 0.8}
"""Fast things cross the picture in six looks, and a tracker loses some of them at night."""


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.value)
def test_rules_see_what_happens_and_nothing_else(kind: RuleKind) -> None:
    total = Score()
    for number, episode in enumerate(episodes(kind)):
        for weather in WEATHERS:
            found = score(episode, played(episode, weather, seed=number))
            if found.false or found.missed:
                log.info("%s episode %d %s: %s", kind.value, number, weather.name, found)
            total = total.plus(found)
    log.info("%s: %s", kind.value, total)
    assert total.right + total.missed >= 24
    assert total.precision >= LEAST_PRECISION, str(total)
    assert total.recall >= LEAST_RECALL.get(kind, 0.93), str(total)
