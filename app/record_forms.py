"""Registry records from and to plain texts, field by field: for the command line and the settings page.

What may be edited is the site's vocabulary: categories, outcomes, services, deadlines, procedures and the like; and
guard rules with their zones and scales. Cameras and operators have commands of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
from enum import Enum
from typing import Any, get_args, get_origin

from app.errors import AppCode, AppError
from app.i18n import marked
from detection.geometry import checked_line, checked_polygon
from detection.rules import LINE
from storage.columns import forms
from storage.commands import RegistryRecord
from storage.records import Category, District, Neighbour, Place, ProtectedObject, RuleSpec, Zone
from storage.registry_records import (
    AlertRoute,
    CameraGroup,
    CameraScale,
    Deadline,
    LegalHold,
    OutcomeKind,
    Procedure,
    RecordingPlan,
    SavedView,
    Sector,
    Service,
    Tour,
    WallLayout,
)

KINDS: dict[str, tuple[type[Any], str]] = {
    "categories": (Category, marked("Categories")),
    "outcomes": (OutcomeKind, marked("Outcomes")),
    "services": (Service, marked("Services and duty offices")),
    "alert_routes": (AlertRoute, marked("Alert routes")),
    "deadlines": (Deadline, marked("Deadlines")),
    "procedures": (Procedure, marked("Procedures")),
    "districts": (District, marked("Districts")),
    "places": (Place, marked("Places")),
    "objects": (ProtectedObject, marked("Protected objects")),
    "sectors": (Sector, marked("Sectors")),
    "camera_groups": (CameraGroup, marked("Camera groups")),
    "neighbours": (Neighbour, marked("Neighbouring cameras")),
    "recording_plans": (RecordingPlan, marked("Recording plans")),
    "legal_holds": (LegalHold, marked("Legal holds")),
    "rules": (RuleSpec, marked("Guard rules")),
    "zones": (Zone, marked("Zones and lines of guard rules")),
    "camera_scales": (CameraScale, marked("Scales of cameras")),
    "wall_layouts": (WallLayout, marked("Layouts of the wall")),
    "saved_views": (SavedView, marked("Saved views of the wall")),
    "tours": (Tour, marked("Tours of the wall")),
}
"""Table name to record and heading (English source)."""

BY_CAMERA = frozenset({"recording_plans", "camera_scales"})
"""Kinds whose id is the camera's."""

_TRUE = frozenset({"1", "yes", "true", "on"})
_NOTHING = "-"
"""Stands for an empty item of a list, like an empty cell of a view."""
_FALSE = frozenset({"0", "no", "false", "off", ""})


def kind_of(name: str) -> type[Any]:
    """The record of a table's name. Raises AppError(BAD_RECORD)."""
    if name not in KINDS:
        raise AppError(AppCode.BAD_RECORD, name=name, known=", ".join(KINDS))
    return KINDS[name][0]


def made(kind: type[Any], texts: Mapping[str, str]) -> RegistryRecord:
    """A record from texts by field; fields that are not given keep their default. Raises AppError(BAD_RECORD), and
    DetectionError(BAD_ZONE) for a zone that crosses itself."""
    known = forms(kind)
    for name in texts:
        if name not in known:
            raise AppError(AppCode.BAD_RECORD, name=name, known=", ".join(known))
    values: dict[str, Any] = {}
    for item in fields(kind):
        form, null = known[item.name]
        if item.name in texts:
            values[item.name] = _value(item.name, form, texts[item.name], null=null)
        elif item.default is MISSING:
            raise AppError(AppCode.BAD_RECORD, name=item.name, known=_shape(form))
    record: RegistryRecord = kind(**values)
    if isinstance(record, Zone):
        record = replace(
            record, points=checked_line(record.points) if record.kind == LINE else checked_polygon(record.points)
        )
    return record


def texts_of(record: RegistryRecord) -> dict[str, str]:
    """The record's fields as texts that `made` reads back."""
    return {name: _text(getattr(record, name)) for name in forms(type(record))}


def _value(name: str, form: Any, text: str, *, null: bool) -> Any:
    text = text.strip()
    if null and not text:
        return None
    try:
        return _parsed(form, text)
    except (ValueError, KeyError) as error:
        raise AppError(AppCode.BAD_RECORD, name=name, known=_shape(form)) from error


def _parsed(form: Any, text: str) -> Any:
    if get_origin(form) is tuple:
        return tuple(_parsed(get_args(form)[0], _unmarked(part.strip())) for part in _parts(form, text))
    if form is bool:
        if text.lower() not in _TRUE | _FALSE:
            raise ValueError(text)
        return text.lower() in _TRUE
    if isinstance(form, type) and issubclass(form, int):
        return form(int(text))
    return form(text)


def _unmarked(part: str) -> str:
    return part.removesuffix(_NOTHING) if part and not part.strip(_NOTHING) else part


def _marked(part: str) -> str:
    """An empty item is a dash; who has dashes alone gets one more, so that both are read back."""
    return part if part.strip(_NOTHING) else part + _NOTHING


def _parts(form: Any, text: str) -> list[str]:
    """The items of a list; those of an item that is itself a row of numbers are parted by commas, and all needed."""
    many = get_args(form)[-1] is Ellipsis
    parts = [part for part in text.split(";" if many else ",") if part.strip() or not many]
    if not many and len(parts) != len(get_args(form)):
        raise ValueError(text)
    return parts


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        inner = all(isinstance(part, int | float) for part in value) and value
        return (", " if inner else "; ").join(_marked(_text(part)) for part in value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)


def _shape(form: Any) -> str:
    if get_origin(form) is tuple:
        return "a; b; c" if get_args(form)[0] is str else "0, 0, 2, 2; 2, 0, 1, 1; ..."
    if form is bool:
        return "yes, no"
    if isinstance(form, type) and issubclass(form, Enum):
        return ", ".join(str(member.value) for member in form)
    return {int: "12", float: "1.5"}.get(form, "text") if not get_args(form) else "text"
