"""Whether somebody may act now and on these cameras: validity dates and camera groups. Runs on the writer thread.

A command names cameras by field: directly, or by an alarm, an incident or what hangs on one. New commands are covered
as long as they name these fields alike. What names no camera (a call without one) is open to all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import Table

from storage import schema, schema_cases
from storage.access import is_valid
from storage.commands import Command
from storage.errors import StorageCode, StorageError
from storage.ledger import Ledger
from storage.need_to_know import cameras_of_operator
from storage.people_records import ShiftItemKind
from storage.records import Actor, Operator, Role
from storage.registry_records import SavedView, Tour
from storage.rows import REGISTRY, REGISTRY_TABLES, from_row

_CAMERA_COLUMN = "camera_id"
_INCIDENT_COLUMNS = ("incident_id", "other_id")


def require(ledger: Ledger, command: Command, actor: Actor) -> None:
    """Raise NOT_PERMITTED outside the actor's dates, or for a camera of another group; the program itself may all."""
    if ledger.role(actor) is Role.SERVICE:
        return
    operator = from_row(Operator, ledger.get(schema.operators, actor.id))
    if not is_valid(operator, float(ledger.clock())):
        raise StorageError(StorageCode.NOT_PERMITTED, actor=operator.name, reason="not valid at this time")
    allowed = cameras_of_operator(ledger.connection, operator)
    if allowed is not None and not cameras_named(ledger, command) <= allowed:
        raise StorageError(StorageCode.NOT_PERMITTED, actor=operator.name, reason="camera of another group")


def cameras_named(ledger: Ledger, command: Command) -> frozenset[str]:
    """Ids of all cameras that the command acts on."""
    found: set[str] = set()
    for item in fields(command):
        look, value = _LOOKS.get(item.name), getattr(command, item.name)
        if look is not None and value:
            found.update(look(ledger, value))
    if (table := REGISTRY_TABLES.get(str(getattr(command, "table", "")))) is not None:
        found.update(_of_registry(ledger, table, str(getattr(command, "record_id", ""))))
    return frozenset(found - {""})


def _camera(_ledger: Ledger, value: Any) -> Iterable[str]:
    return [str(value)]


def _cameras(_ledger: Ledger, value: Any) -> Iterable[str]:
    return [str(v) for v in value]


def _record(ledger: Ledger, value: Any) -> Iterable[str]:
    """Those of the record, and those of the one that it replaces: what is another's is not moved over either."""
    if isinstance(value, SavedView | Tour):
        return value.camera_ids
    table = REGISTRY.get(type(value))
    if table is None:
        return []
    new = {item.name: getattr(value, item.name) for item in fields(value)}
    return [*_of_row(ledger, table, new), *_of_registry(ledger, table, str(new.get("id", "")))]


def _exhibit(ledger: Ledger, value: Any) -> Iterable[str]:
    return [str(value.camera_id or ""), *_incident(ledger, value.incident_id)]


def _of_registry(ledger: Ledger, table: Table, record_id: str) -> Iterable[str]:
    row = ledger.find(table, record_id)
    if row is None:
        return [record_id] if table in _BY_CAMERA else []
    cameras = json.loads(str(row.get("camera_ids") or "[]"))
    return _of_row(ledger, table, {**row, "camera_ids": cameras})


_BY_CAMERA = (schema.cameras, schema_cases.camera_scales, schema_cases.recording_plans)
"""Their ids are the cameras' own."""
_TRIED = (schema.rules, schema.zones, schema.cameras)
"""Where a changed rule, zone or scale (of that camera) has its camera."""
_HOLDING = (schema_cases.camera_groups, schema_cases.sectors)
"""Who widens a group widens rights."""


def _of_row(ledger: Ledger, table: Table, row: Mapping[str, Any]) -> list[str]:
    found = [str(row.get(column) or "") for column in (_CAMERA_COLUMN, "neighbour_id")]
    if table in _BY_CAMERA:
        found.append(str(row["id"]))
    if table in _HOLDING:
        found += [str(camera) for camera in row["camera_ids"]]
    if row.get("incident_id"):
        found += _incident(ledger, row["incident_id"])
    return found


def _row_in(*tables: Table) -> Callable[[Ledger, Any], Iterable[str]]:
    """The cameras of the row that has this id: its own, or those of the incidents that it belongs to."""

    def look(ledger: Ledger, value: Any) -> Iterable[str]:
        found: list[str] = []
        for table in tables:
            row = ledger.find(table, str(value)) or {}
            found.append(str(row.get(_CAMERA_COLUMN) or ""))
            for column in _INCIDENT_COLUMNS:
                if row.get(column) and table is not schema.alarms:
                    found += _incident(ledger, row[column])
        return found

    return look


def _incident(ledger: Ledger, value: Any) -> Iterable[str]:
    return [str((ledger.find(schema.incidents, str(value)) or {}).get(_CAMERA_COLUMN) or "")]


def _disclosure(ledger: Ledger, value: Any) -> Iterable[str]:
    row = ledger.find(schema_cases.disclosures, str(value)) or {}
    return [str(camera) for camera in json.loads(str(row.get("camera_ids") or "[]"))]


def _shelf(ledger: Ledger, value: Any) -> Iterable[str]:
    row = ledger.find(schema_cases.shelves, str(value)) or {}
    return [str(camera) for camera in json.loads(str(row.get("camera_ids") or "[]"))]


def _subject(ledger: Ledger, value: Any) -> Iterable[str]:
    return [*_of_subject(ledger, value), *_disclosure(ledger, value), *_changed_rule(ledger, value)]


def _changed_rule(ledger: Ledger, value: Any) -> Iterable[str]:
    """What a second person signs for is called by its record's id and a digest (`tried_rules.change_id`)."""
    record_id, slash, _digest = str(value).partition("/")
    rows = ((table, ledger.find(table, record_id)) for table in (_TRIED if slash else ()))
    return [camera for table, row in rows if row is not None for camera in _of_row(ledger, table, row)]


def _approval(ledger: Ledger, value: Any) -> Iterable[str]:
    row = ledger.find(schema_cases.approvals, str(value)) or {}
    return _subject(ledger, row.get("subject_id", ""))


def _shift_item(ledger: Ledger, value: Any) -> Iterable[str]:
    row = ledger.find(schema_cases.shift_items, str(value)) or {}
    return _word(ledger, row.get("kind"), row.get("subject_id"))


def _words(ledger: Ledger, value: Any) -> Iterable[str]:
    return [camera for word in value for camera in _word(ledger, word.kind, word.subject_id)]


_of_subject = _row_in(schema.incidents, schema.alarms, schema.evidence, schema_cases.notes)


def _word(ledger: Ledger, kind: Any, subject_id: Any) -> Iterable[str]:
    if kind == ShiftItemKind.INCIDENT:
        return _incident(ledger, subject_id)
    if kind == ShiftItemKind.SHELF:
        return _shelf(ledger, subject_id)
    return [str(subject_id)] if kind == ShiftItemKind.DEAD_CAMERA else []


_LOOKS: dict[str, Callable[[Ledger, Any], Iterable[str]]] = {
    "camera_id": _camera,
    "camera_ids": _cameras,
    "record": _record,
    "exhibit": _exhibit,
    "alarm_id": _row_in(schema.alarms),
    "incident_id": _incident,
    "into_id": _incident,
    "other_id": _incident,
    "subject_id": _subject,
    "disclosure_id": _disclosure,
    "shelf_id": _shelf,
    "approval_id": _approval,
    "note_id": _row_in(schema_cases.notes),
    "handover_id": _row_in(schema_cases.handovers),
    "participant_id": _row_in(schema_cases.participants),
    "link_id": _row_in(schema_cases.incident_links),
    "message_id": _row_in(schema_cases.outbox),
    "item_id": _shift_item,
    "items": _words,
}
"""A command's field to the cameras behind it."""
