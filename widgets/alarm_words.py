"""What a row of the alarm queue says of itself: where, and what. Translated when called."""

from __future__ import annotations

from app.alarm_rows import AlarmRow, Area, AreaKind, Cause
from app.i18n import _
from app.labels import label_of
from storage.records import RuleKind
from widgets.words import Names


def where_text(row: AlarmRow, names: Names) -> str:
    """The camera of the first-out and how many others; of a district its name and how many cameras."""
    cameras = len({alarm.camera_id for alarm in row.alarms})
    if cameras == 1:
        return names.camera(row.camera_id)
    if row.area.kind is AreaKind.DISTRICT:
        return _("{area}: {count} cameras").format(area=area_text(row.area, names), count=cameras)
    return f"{names.camera(row.camera_id)} +{cameras - 1}"


def narrow_text(row: AlarmRow, names: Names) -> str:
    """Where, in a table without a column for what: groups of a flood are told apart by their cause first."""
    cameras = len({alarm.camera_id for alarm in row.alarms})
    if cameras == 1 or row.area.kind is not AreaKind.DISTRICT:
        return where_text(row, names)
    return f"{what_text(row, names)} · {area_text(row.area, names)} ×{cameras}"


def what_text(row: AlarmRow, names: Names) -> str:
    """The rule's name; of several rules what they have in common."""
    rules = {names.rule(alarm.rule_id) for alarm in row.alarms}
    return rules.pop() if len(rules) == 1 else cause_text(row.cause, names)


def cause_text(cause: Cause, names: Names) -> str:
    """The kind of rule, and the category where that says more."""
    if not cause.kind:
        return names.rule(cause.category_id)
    kind, category = label_of(RuleKind(cause.kind)), names.category(cause.category_id)
    return kind if cause.kind == cause.category_id else f"{kind} ({category})"


def area_text(area: Area, names: Names) -> str:
    """The name of a camera, a place or a district."""
    if area.kind is AreaKind.CAMERA:
        return names.camera(area.id)
    return names.place_named(area.id) if area.kind is AreaKind.PLACE else names.district(area.id)


def row_text(row: AlarmRow, names: Names) -> str:
    """Where and what, as a sentence names it."""
    return f"{where_text(row, names)}: {what_text(row, names)}"


def group_text(row: AlarmRow, names: Names) -> str:
    """The whole area and cause, as a shelf names it."""
    return f"{area_text(row.area, names)}: {cause_text(row.cause, names)}"
