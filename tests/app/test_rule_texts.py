"""What a rule will do, in words, before it is saved."""

from __future__ import annotations

import re

import pytest

from app.record_forms import made, texts_of
from app.rule_texts import meaning, rule_sentence, rule_warnings
from detection.detector import DetectionCode, DetectionError
from storage.class_names import OUR_CLASSES
from storage.journal import Registry
from storage.records import RuleKind, RuleSpec, Zone
from storage.registry_records import CameraScale

YARD = Zone("z", "c", "Yard", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)))


def test_the_sentence_names_what_where_how_long_when_and_the_silence() -> None:
    rule = RuleSpec("r", "c", "z", "n", RuleKind.LOITERING, limit=30.0, schedule="Mon-Fri 22:00-06:00")
    assert rule_sentence(rule, "Yard") == (
        "Raises an alarm when a person stays in Yard for 30 s, Mon-Fri 22:00-06:00;"
        " silent 30 s about the same person and place."
    )


@pytest.mark.parametrize("kind", RuleKind)
def test_every_kind_has_a_sentence(kind: RuleKind) -> None:
    text = rule_sentence(RuleSpec("r", "c", "z", "n", kind, limit=7.0, direction="90"), "Yard")
    assert text.endswith(".")
    assert "{" not in text
    assert ("measurement" in text) == (kind in (RuleKind.SPEED, RuleKind.RUNNING, RuleKind.DENSITY))


def test_a_disarmed_rule_says_so() -> None:
    assert "not armed now" in rule_sentence(RuleSpec("r", "c", "z", "n", enabled=False), "Yard")


def test_the_form_says_what_it_means_while_it_is_typed() -> None:
    registry = Registry(zones=(YARD,))
    rule = RuleSpec("r", "c", "z", "n", RuleKind.SPEED, limit=30.0)
    text = meaning("rules", texts_of(rule), registry)
    assert "Yard" in text
    assert "no scale" in text
    scaled = Registry(zones=(YARD,), camera_scales=(CameraScale("c"),))
    assert "no scale" not in meaning("rules", texts_of(rule), scaled)
    assert meaning("rules", {**texts_of(rule), "limit": "fast"}, registry) == ""
    assert meaning("zones", texts_of(YARD), registry) == ""
    assert meaning("rules", {}, registry) == ""


def test_things_and_vehicles_are_to_be_named() -> None:
    assert rule_warnings(RuleSpec("r", "c", "z", "n", RuleKind.ABANDONED), scaled=True)
    assert rule_warnings(RuleSpec("r", "c", "z", "n", RuleKind.STOPPED), scaled=True)
    assert not rule_warnings(RuleSpec("r", "c", "z", "n", RuleKind.STOPPED, ("car",)), scaled=True)
    for things in (("bag",), ("backpack", "handbag")):
        assert not rule_warnings(RuleSpec("r", "c", "z", "n", RuleKind.ABANDONED, things), scaled=True)


def test_every_class_that_a_hint_names_is_one_of_ours() -> None:
    hints = [
        hint
        for kind in RuleKind
        for hint in rule_warnings(RuleSpec("r", "c", "z", "n", kind, ("person",)), scaled=True)
    ]
    named = [label for hint in hints for part in re.findall("“(.*?)”", hint) for label in part.split("; ")]
    assert set(named) == {"bag", "car", "truck", "bus"}
    assert set(named) <= set(OUR_CLASSES)


@pytest.mark.parametrize(
    "record",
    [
        RuleSpec("r", "c", "z", "n", RuleKind.WRONG_WAY, ("car", "bus"), schedule="22:00-06:00", direction="90"),
        YARD,
        Zone("l", "c", "Gate", ((0.25, 0.5), (0.75, 0.5)), "line"),
        CameraScale("c", ((0.5, 0.4, 0.1), (0.5, 0.9, 0.35))),
    ],
)
def test_what_the_form_shows_of_a_rule_is_read_back(record: RuleSpec | Zone | CameraScale) -> None:
    assert made(type(record), texts_of(record)) == record


@pytest.mark.parametrize(
    ("kind", "points"), [("area", "0, 0; 1, 1; 1, 0; 0, 1"), ("area", "0, 0; 1, 1"), ("line", "0, 0; 0, 0")]
)
def test_a_zone_that_is_none_is_refused_before_it_is_saved(kind: str, points: str) -> None:
    with pytest.raises(DetectionError) as caught:
        made(Zone, {"id": "z", "camera_id": "c", "name": "n", "points": points, "kind": kind})
    assert caught.value.code is DetectionCode.BAD_ZONE
