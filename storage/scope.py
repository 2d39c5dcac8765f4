"""Whether somebody may act now and on these cameras: validity dates and camera groups. Runs on the writer thread.

A command names cameras by field: directly, or by an alarm, an incident or what hangs on one. New commands are covered
as long as they name these fields alike. What names no camera (a call without one) is open to all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any

from sqlalchemy import Table, select

from storage import schema, schema_cases
from storage.access import cameras_of, is_valid
from storage.commands import Command
from storage.errors import StorageCode, StorageError
from storage.ledger import Ledger
from storage.people_records import ShiftItemKind
from storage.records import Actor, Camera, Operator, Role
from storage.registry_records import CameraGroup
from storage.rows import REGISTRY_TABLES, from_row
from storage.statements import Statement

_GROUPS = Statement(select(schema_cases.camera_groups).where(schema_cases.camera_groups.c.retired == 0))
_CAMERA_COLUMN = "camera_id"
_INCIDENT_COLUMNS = ("incident_id", "other_id")


def require(ledger: Ledger, command: Command, actor: Actor) -> None:
    """Raise NOT_PERMITTED outside the actor's dates, or for a camera of another group; the program itself may all."""
    if ledger.role(actor) is Role.SERVICE:
        return
    operator = from_row(Operator, ledger.get(schema.operators, actor.id))
    if not is_valid(operator, float(ledger.clock())):
        raise StorageError(StorageCode.NOT_PERMITTED, actor=operator.name, reason="not valid at this time")
    allowed = cameras_of_operator(ledger, operator)
    if allowed is not None and not cameras_named(ledger, command) <= allowed:
        raise StorageError(StorageCode.NOT_PERMITTED, actor=operator.name, reason="camera of another group")


def cameras_of_operator(ledger: Ledger, operator: Operator) -> frozenset[str] | None:
    """As `access.cameras_of`, with the groups in use."""
    if not operator.group_ids:
        return None
    return cameras_of(operator, [from_row(CameraGroup, row) for row in _GROUPS.rows(ledger.connection)])


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


def _record(_ledger: Ledger, value: Any) -> Iterable[str]:
    if isinstance(value, Camera):
        return [value.id]
    return [str(getattr(value, _CAMERA_COLUMN, "") or "")]


def _of_registry(ledger: Ledger, table: Table, record_id: str) -> Iterable[str]:
    if table is schema.cameras:
        return [record_id]
    return [str((ledger.find(table, record_id) or {}).get(_CAMERA_COLUMN) or "")]


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


def _subject(ledger: Ledger, value: Any) -> Iterable[str]:
    return [*_of_subject(ledger, value), *_disclosure(ledger, value)]


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
    return [str(subject_id)] if kind == ShiftItemKind.DEAD_CAMERA else []


_LOOKS: dict[str, Callable[[Ledger, Any], Iterable[str]]] = {
    "camera_id": _camera,
    "camera_ids": _cameras,
    "record": _record,
    "alarm_id": _row_in(schema.alarms),
    "incident_id": _incident,
    "into_id": _incident,
    "other_id": _incident,
    "subject_id": _subject,
    "disclosure_id": _disclosure,
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
