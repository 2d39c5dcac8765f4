"""Records to rows and back. Rows hold only str, int, float and None; tuples become canonical JSON text."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import MISSING, fields, replace
from enum import IntEnum, StrEnum
from functools import partial
from typing import Any, TypeVar, get_args, get_origin

from sqlalchemy import Table

from storage import schema, schema_cases
from storage.chain import canonical
from storage.columns import forms
from storage.commands import RegistryRecord
from storage.errors import StorageCode, StorageError
from storage.records import (
    Box,
    BoxMark,
    Camera,
    Category,
    District,
    Event,
    Evidence,
    Neighbour,
    Operator,
    Place,
    ProtectedObject,
    RuleKind,
    RuleSpec,
    Severity,
    Zone,
)
from storage.registry_records import (
    AlertRoute,
    CameraGroup,
    CameraScale,
    Deadline,
    LegalHold,
    OutcomeKind,
    PrivacyMask,
    Procedure,
    RecordingPlan,
    SavedSearch,
    SavedView,
    Sector,
    Service,
    Tour,
    WallLayout,
)
from storage.statements import Row, Value

RecordT = TypeVar("RecordT")

REGISTRY: dict[type, Table] = {
    AlertRoute: schema_cases.alert_routes,
    Camera: schema.cameras,
    CameraGroup: schema_cases.camera_groups,
    CameraScale: schema_cases.camera_scales,
    Category: schema.categories,
    Deadline: schema_cases.deadlines,
    District: schema.districts,
    LegalHold: schema_cases.legal_holds,
    Neighbour: schema.neighbours,
    Operator: schema.operators,
    OutcomeKind: schema_cases.outcomes,
    Place: schema.places,
    PrivacyMask: schema_cases.privacy_masks,
    Procedure: schema_cases.procedures,
    ProtectedObject: schema.objects,
    RecordingPlan: schema_cases.recording_plans,
    RuleSpec: schema.rules,
    SavedSearch: schema_cases.saved_searches,
    SavedView: schema_cases.saved_views,
    Sector: schema_cases.sectors,
    Service: schema_cases.services,
    Tour: schema_cases.tours,
    WallLayout: schema_cases.wall_layouts,
    Zone: schema.zones,
}
REGISTRY_TABLES = {t.name: t for t in REGISTRY.values()}

LAST_UTC_S = 253_402_300_799.0
"""9999-12-31T23:59:59Z: what calendars can show."""

_SEVERITIES = frozenset(Severity)
_KINDS = frozenset(RuleKind)


def plain(value: object) -> Value:
    """A field as the database stores it. Raises BAD_VALUE for anything without a stored form."""
    if value is None:
        return None
    if isinstance(value, bool | IntEnum):
        return int(value)
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, float):
        return value + 0.0  # SQLite stores -0.0 as 0: the digest must be that of what comes back
    if isinstance(value, int | str):
        return value
    if isinstance(value, tuple):
        return canonical(value)
    raise StorageError(StorageCode.BAD_VALUE, reason="unknown type")


def _typed(value: Value, table: Table, column: str) -> Value:
    """A float column given an int holds a float when it is read back."""
    if isinstance(value, int) and table.c[column].type.python_type is float:
        return float(value)
    return value


def to_row(record: Any, table: Table) -> Row:
    """All fields of a record dataclass that are columns of `table`."""
    return {f.name: _typed(plain(getattr(record, f.name)), table, f.name) for f in fields(record) if f.name in table.c}


def registry_row(record: RegistryRecord) -> Row:
    """Row of a registry record, in use; a neighbour's id is made of its three parts."""
    if not isinstance(record, get_args(RegistryRecord)):
        raise StorageError(StorageCode.BAD_VALUE, reason="not a registry record")
    row = to_row(record, REGISTRY[type(record)])
    _readable(type(record), row)
    if isinstance(record, Neighbour):
        row = {"id": f"{record.camera_id}/{record.side}/{record.neighbour_id}", **row}
    return {**row, "retired": 0}


def _readable(kind: type, row: Row) -> None:
    """Raise BAD_VALUE for a row that no reader could make a record of: it would spoil every list that it is in."""
    try:
        from_row(kind, row)
    except (ValueError, TypeError) as error:
        raise StorageError(StorageCode.BAD_VALUE, record=kind.__name__) from error


def from_row(kind: type[RecordT], row: Row) -> RecordT:
    """A record dataclass from a row; extra columns are ignored. NULL in a field that knows no None is its default: the
    row is older than the column."""
    return kind(**{name: decode(row[name]) for name, decode in _decoders(kind)})


_Decoders = tuple[tuple[str, Callable[[Any], Any]], ...]
_DECODERS: dict[type, _Decoders] = {}


def _decoders(kind: type) -> _Decoders:
    if kind not in _DECODERS:
        defaults = {item.name: item.default for item in fields(kind)}
        kinds = forms(kind).items()
        _DECODERS[kind] = tuple(
            (name, partial(_decoded, form, None if null else defaults[name])) for name, (form, null) in kinds
        )
    return _DECODERS[kind]


def _decoded(form: Any, default: Any, value: Value) -> Any:
    if value is None:
        if default is MISSING:
            raise ValueError("no value")
        return default
    if get_origin(form) is tuple:
        return tuple(_item(get_args(form)[0], item) for item in json.loads(str(value)))
    if form is bool or issubclass(form, StrEnum | IntEnum):
        return form(value)
    return value


def _item(form: Any, found: Any) -> Any:
    """An item of a stored tuple: a text, or a tuple of so many numbers. Raises ValueError for anything else."""
    if get_origin(form) is tuple:
        if not isinstance(found, list) or len(found) != len(get_args(form)):
            raise ValueError(found)
        return tuple(_number(kind, number) for kind, number in zip(get_args(form), found, strict=True))
    if not isinstance(found, form):
        raise ValueError(found)  # noqa: TRY004 - a bad value of a good column
    return found


def _number(kind: Any, found: Any) -> Any:
    """A whole number stays one; a float column given an int holds a float when it is read back."""
    if kind is int and (not isinstance(found, int) or isinstance(found, bool)):
        raise ValueError(found)
    return kind(found)


def event_row(event: Event, alarm_id: str) -> Row:
    """Row of an event (written out by hand: this is the hot path). Raises BAD_VALUE for what no reader could show."""
    box = event.box
    times = 0.0 <= event.utc_s <= LAST_UTC_S and 0.0 <= event.since_utc_s <= LAST_UTC_S
    if event.severity not in _SEVERITIES or event.kind not in _KINDS or not times:
        raise StorageError(StorageCode.BAD_VALUE, record="Event")
    if not (event.id and event.camera_id and event.rule_id):
        raise StorageError(StorageCode.BAD_VALUE, record="Event", reason="no id")
    return {
        "id": event.id,
        "camera_id": event.camera_id,
        "rule_id": event.rule_id,
        "kind": RuleKind(event.kind).value,
        "severity": int(event.severity),
        "utc_s": float(event.utc_s) + 0.0,
        "since_utc_s": float(event.since_utc_s) + 0.0,
        "track_id": int(event.track_id),
        "label": event.label,
        "score": float(event.score) + 0.0,
        "x1": float(box[0]) + 0.0,
        "y1": float(box[1]) + 0.0,
        "x2": float(box[2]) + 0.0,
        "y2": float(box[3]) + 0.0,
        "detector": event.detector,
        "pts_s": float(event.pts_s) + 0.0,
        "alarm_id": alarm_id,
    }


def event_from_row(row: Any) -> Event:
    """An event from a row mapping."""
    return Event(
        id=row["id"],
        camera_id=row["camera_id"],
        rule_id=row["rule_id"],
        kind=RuleKind(row["kind"]),
        severity=Severity(row["severity"]),
        utc_s=row["utc_s"],
        since_utc_s=row["since_utc_s"],
        track_id=row["track_id"],
        label=row["label"],
        score=row["score"],
        box=Box(row["x1"], row["y1"], row["x2"], row["y2"]),
        detector=row["detector"],
        pts_s=row["pts_s"],
    )


def evidence_row(evidence: Evidence, alarm_id: str) -> Row:
    """Row of a piece of evidence."""
    marks = canonical([[[float(v) for v in m.box], m.label, float(m.score), int(m.track_id)] for m in evidence.marks])
    rest = to_row(replace(evidence, marks=()), schema.evidence)
    row = {**rest, "marks": marks, "alarm_id": alarm_id}
    if not (0.0 <= evidence.from_utc_s <= LAST_UTC_S and 0.0 <= evidence.to_utc_s <= LAST_UTC_S):
        raise StorageError(StorageCode.BAD_VALUE, record="Evidence")
    try:
        evidence_from_row(row)
    except (ValueError, TypeError) as error:
        raise StorageError(StorageCode.BAD_VALUE, record="Evidence") from error
    return row


def evidence_from_row(row: Row) -> Evidence:
    """A piece of evidence from a row."""
    marks = tuple(BoxMark(Box(*box), label, score, track) for box, label, score, track in json.loads(str(row["marks"])))
    return replace(from_row(Evidence, {**row, "marks": "[]"}), marks=marks)
