"""Registry records from and to plain texts, field by field: for the command line and the settings page.

What may be edited is the site's vocabulary: categories, outcomes, services, deadlines, procedures and the like.
Cameras, zones, rules and operators have commands of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from enum import Enum
from typing import Any, get_args, get_origin

from app.errors import AppCode, AppError
from app.i18n import marked
from storage.columns import forms
from storage.commands import RegistryRecord
from storage.records import Category, District, Neighbour, Place, ProtectedObject
from storage.registry_records import (
    AlertRoute,
    CameraGroup,
    Deadline,
    LegalHold,
    OutcomeKind,
    Procedure,
    RecordingPlan,
    Sector,
    Service,
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
}
"""Table name to record and heading (English source)."""

_TRUE = frozenset({"1", "yes", "true", "on"})
_FALSE = frozenset({"0", "no", "false", "off", ""})


def kind_of(name: str) -> type[Any]:
    """The record of a table's name. Raises AppError(BAD_RECORD)."""
    if name not in KINDS:
        raise AppError(AppCode.BAD_RECORD, name=name, known=", ".join(KINDS))
    return KINDS[name][0]


def made(kind: type[Any], texts: Mapping[str, str]) -> RegistryRecord:
    """A record from texts by field; fields that are not given keep their default. Raises AppError(BAD_RECORD)."""
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
        return tuple(part.strip() for part in text.split(";") if part.strip())
    if form is bool:
        if text.lower() not in _TRUE | _FALSE:
            raise ValueError(text)
        return text.lower() in _TRUE
    if isinstance(form, type) and issubclass(form, int):
        return form(int(text))
    return form(text)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return "; ".join(str(part) for part in value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) and value.is_integer() else str(value)


def _shape(form: Any) -> str:
    if get_origin(form) is tuple:
        return "a; b; c"
    if form is bool:
        return "yes, no"
    if isinstance(form, type) and issubclass(form, Enum):
        return ", ".join(str(member.value) for member in form)
    return {int: "12", float: "1.5"}.get(form, "text") if not get_args(form) else "text"
