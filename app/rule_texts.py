"""What a guard rule will do, as one plain sentence an operator can check before it is saved. Pure, any thread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from app.i18n import _, marked
from app.labels import object_name
from app.record_forms import made
from detection.motion_rules import PARKED_SILENCE_S, RUNNING_KMH, STOPPED_S
from detection.object_rules import ABANDONED_S, FORGET_S, REMOVED_S
from detection.scene_rules import TAMPER_S
from detection.zone_rules import LOITER_S
from storage.class_names import DEFAULT_CLASSES, class_map, in_our_words
from storage.errors import WatchfloorError
from storage.journal import Registry
from storage.records import RuleKind, RuleSpec

SIGNAL_LOSS_S = 10.0
"""A camera that is silent for less has only stumbled."""

_WHAT = {
    RuleKind.INTRUSION: marked("Raises an alarm when a {what} is in {zone} for {hold} s"),
    RuleKind.LOITERING: marked("Raises an alarm when a {what} stays in {zone} for {limit} s"),
    RuleKind.LINE_CROSSING: marked("Counts every {what} over {zone}, and raises an alarm {direction}"),
    RuleKind.CROWD: marked("Raises an alarm when {limit} or more ({what}) are in {zone} for {hold} s"),
    RuleKind.DENSITY: marked(
        "Raises an alarm when {limit} or more ({what}) a square metre are in {zone} for {hold} s, by the camera's scale"
        " (not a measurement)"
    ),
    RuleKind.ABANDONED: marked("Raises an alarm when a {what} stands in {zone} for {limit} s with nobody near"),
    RuleKind.REMOVED: marked("Raises an alarm when a {what} that stood in {zone} has been gone for {limit} s"),
    RuleKind.WRONG_WAY: marked("Raises an alarm when a {what} goes in {zone} against the way of {degrees} degrees"),
    RuleKind.STOPPED: marked("Raises an alarm when a {what} stands still in {zone} for {limit} s"),
    RuleKind.RUNNING: marked(
        "Raises an alarm when a {what} runs in {zone}, faster than about {limit} km/h for {hold} s (not a measurement)"
    ),
    RuleKind.SPEED: marked(
        "Raises an alarm when a {what} is faster in {zone} than about {limit} km/h for {hold} s (not a measurement)"
    ),
    RuleKind.PERIMETER: marked("Raises an alarm when a {what} touches the perimeter {zone} for {hold} s"),
    RuleKind.TAMPER: marked(
        "Raises an alarm when the camera is covered, out of focus, turned, dark or frozen for {limit} s"
    ),
    RuleKind.SIGNAL_LOSS: marked("Raises an alarm when the camera has sent nothing for {limit} s"),
}
_OWN_LIMIT = {
    RuleKind.LOITERING: LOITER_S,
    RuleKind.ABANDONED: ABANDONED_S,
    RuleKind.REMOVED: REMOVED_S,
    RuleKind.STOPPED: STOPPED_S,
    RuleKind.RUNNING: RUNNING_KMH,
    RuleKind.TAMPER: TAMPER_S,
    RuleKind.SIGNAL_LOSS: SIGNAL_LOSS_S,
}
_CROSSINGS = {
    "in": marked("for those from left to right of it"),
    "out": marked("for those from right to left of it"),
    "": marked("for both directions"),
}
_OF_THE_CAMERA = frozenset({RuleKind.TAMPER, RuleKind.SIGNAL_LOSS})
_LEAST_SILENCE_S = {
    RuleKind.STOPPED: PARKED_SILENCE_S,
    RuleKind.ABANDONED: FORGET_S,
    RuleKind.REMOVED: FORGET_S,
}
_VEHICLES = frozenset({"car", "bus", "truck", "motorcycle", "bicycle"})
_THINGS = frozenset({"bag"})
_COCO = class_map(DEFAULT_CLASSES)


def rule_sentence(rule: RuleSpec, zone_name: str) -> str:
    """One sentence: what, where, how long, when; and about what it is silent."""
    words = {
        "what": _either(rule.labels),
        "zone": zone_name,
        "hold": _number(rule.hold_s),
        "limit": _number(rule.limit if rule.limit is not None else _OWN_LIMIT.get(rule.kind, 0.0)),
        "direction": _(_CROSSINGS.get(rule.direction, _CROSSINGS[""])),
        "degrees": rule.direction,
    }
    text = _(_WHAT[rule.kind]).format(**words)
    when = rule.schedule.strip()
    parts = [f"{text}, {when}" if when else text]
    silent = _number(max(rule.cooldown_s, _LEAST_SILENCE_S.get(rule.kind, 0.0)))
    if rule.kind in _OF_THE_CAMERA:
        parts.append(_("silent {seconds} s about the same cause").format(seconds=silent))
    else:
        parts.append(_("silent {seconds} s about the same {what} and place").format(seconds=silent, what=words["what"]))
    if not rule.enabled:
        parts.append(_("not armed now"))
    return "; ".join(parts) + "."


def meaning(table: str, texts: Mapping[str, str], registry: Registry) -> str:
    """What the rule that somebody is typing will do, with what they should know; empty for other records, and while
    the form is not complete."""
    if table != "rules" or not any(texts.values()):
        return ""
    try:
        rule = made(RuleSpec, {"id": "new", **texts})
    except WatchfloorError:
        return ""
    if not isinstance(rule, RuleSpec):
        return ""
    zone = next((z.name for z in registry.zones if z.id == rule.zone_id), rule.zone_id)
    scaled = any(scale.id == rule.camera_id for scale in registry.camera_scales)
    return " ".join([rule_sentence(rule, zone), *rule_warnings(rule, scaled=scaled)])


def rule_warnings(rule: RuleSpec, *, scaled: bool) -> list[str]:
    """What an operator should know before saving; nothing that is refused anyway."""
    found = []
    labels = frozenset(in_our_words((rule,), _COCO)[0].labels)
    if rule.kind in (RuleKind.SPEED, RuleKind.DENSITY) and not scaled:
        found.append(_("The camera has no scale yet: without it this rule does not work."))
    if rule.kind in (RuleKind.ABANDONED, RuleKind.REMOVED) and not labels & (_THINGS | _VEHICLES):
        found.append(_("Name the things that are meant, like “bag”."))
    if rule.kind is RuleKind.STOPPED and not labels & _VEHICLES:
        found.append(_("Name the vehicles that are meant, like “car; truck; bus”."))
    return found


def _either(labels: Iterable[str]) -> str:
    return " / ".join(object_name(label) for label in labels)


def _number(value: float) -> str:
    return f"{value:g}"
