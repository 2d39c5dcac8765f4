"""One function per command: reads what it needs, refuses, writes rows through the ledger. Runs on the writer thread.

`execute` is the single place where permission is checked and the audit entry written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select

from storage import (
    cases,
    checkpoints,
    need_to_know,
    people,
    registry_use,
    releases,
    schema,
    scope,
    search_index,
    values,
)
from storage.access import PERMISSIONS, Permission
from storage.case_commands import AttachExhibit
from storage.commands import (
    AcknowledgeAlarm,
    AcknowledgeIncident,
    AttachEvidence,
    CloseIncident,
    Command,
    JudgeAlarm,
    PutCredential,
    PutFirstOperator,
    PutOperator,
    PutRecord,
    RecordEvent,
    RecordExport,
    RecordFootageDigest,
    RemoveRecord,
    ReopenAlarm,
    ReopenIncident,
    SignCheckpoint,
    VerifyIncident,
)
from storage.errors import StorageCode, StorageError
from storage.exhibits import attach_exhibit
from storage.intake import attach_evidence, record_event
from storage.journal import Receipt
from storage.ledger import Ledger
from storage.outcome import Done
from storage.own_records import own_record_of, require_own
from storage.records import Actor, Operator, Role
from storage.rows import REGISTRY, REGISTRY_TABLES, registry_row
from storage.statements import Statement, constant
from storage.tried_rules import PutTriedRecord, put_tried_record, require_signed_removal, require_trial
from storage.workflow import (
    acknowledge_alarm,
    close_incident,
    judge_alarm,
    move_incident,
    record_export,
    record_footage_digest,
    reopen_alarm,
    reopen_incident,
)

RUNTIME = "service:runtime"
_ADMINISTRATORS = Statement(
    select(func.count().label("n"))
    .select_from(schema.operators)
    .where(schema.operators.c.role == constant(Role.ADMINISTRATOR), schema.operators.c.retired == 0)
)


def execute(ledger: Ledger, command: Command, actor: Actor) -> Receipt:
    """Check, write and seal one command. Raises StorageError; the caller rolls back."""
    permission = _needed(command)
    role = ledger.role(actor)
    if role is None:
        raise StorageError(StorageCode.UNKNOWN_ACTOR, actor=actor.id)
    if permission not in PERMISSIONS[role]:
        raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, permission=permission.value)
    scope.require(ledger, command, actor)
    need_to_know.require_named(ledger, command, actor)
    done = _HANDLERS[type(command)](ledger, command, actor)
    seq = ledger.seq if done.repeated else ledger.seal(actor.id, command.action, done.subject, done.subject_id)
    if ledger.touched:
        search_index.update(ledger.connection, *ledger.touched)
        ledger.touched.clear()
    return Receipt(seq, done.alarm_id, done.alarm_raised, done.incident_id, done.incident_number)


def _needed(command: Command) -> Permission:
    if isinstance(command, PutRecord) and isinstance(command.record, Operator):
        return Permission.ADMINISTER
    if isinstance(command, RemoveRecord) and command.table == schema.operators.name:
        return Permission.ADMINISTER
    if own_record_of(command) is not None:  # everybody's own: `require_own` sees to that
        return Permission.READ_JOURNAL
    return command.permission


def _put_record(ledger: Ledger, command: PutRecord, actor: Actor) -> Done:
    if isinstance(command.record, Operator):
        return _write_operator(ledger, command.record)
    require_own(ledger, command, actor)
    require_trial(ledger, command.record, actor)
    row, table = registry_row(command.record), REGISTRY[type(command.record)]
    registry_use.check(ledger, command.record)
    ledger.put(table, row)
    return Done(table.name, str(row["id"]))


def _put_operator(ledger: Ledger, command: PutOperator, _actor: Actor) -> Done:
    return _write_operator(ledger, command.operator)


def _put_first_operator(ledger: Ledger, command: PutFirstOperator, _actor: Actor) -> Done:
    if _administrators(ledger):
        return Done(schema.operators.name, command.operator_id, repeated=True)
    return _write_operator(ledger, Operator(command.operator_id, command.name, Role.ADMINISTRATOR))


def _write_operator(ledger: Ledger, operator: Operator) -> Done:
    # The program's own permissions are nobody's: who had them could write events and erase.
    if operator.id == RUNTIME or not operator.id or operator.role == Role.SERVICE:
        raise StorageError(StorageCode.BAD_VALUE, field="role", table=schema.operators.name, id=operator.id)
    values.title("name", operator.name, needed=True)
    before = _administrators(ledger)
    ledger.put(schema.operators, registry_row(operator))
    _keep_an_administrator(ledger, before)
    return Done(schema.operators.name, operator.id)


def _remove_record(ledger: Ledger, command: RemoveRecord, actor: Actor) -> Done:
    require_own(ledger, command, actor)
    table = REGISTRY_TABLES.get(command.table)
    if table is None or command.record_id == RUNTIME:
        raise StorageError(StorageCode.BAD_VALUE, table=command.table, id=command.record_id)
    row = ledger.get(table, command.record_id)
    if row["retired"]:
        raise StorageError(StorageCode.NOT_FOUND, table=table.name, id=command.record_id)
    before = _administrators(ledger)
    registry_use.require_unused(ledger, table, command.record_id)
    require_signed_removal(ledger, command, actor)
    registry_use.retire_along(ledger, table, command.record_id)
    ledger.update(table, row, {"retired": 1})
    _keep_an_administrator(ledger, before)
    return Done(table.name, command.record_id)


def _put_credential(ledger: Ledger, command: PutCredential, _actor: Actor) -> Done:
    ledger.get(schema.cameras, command.camera_id)
    ledger.put(schema.credentials, {"id": command.camera_id, "sealed": command.sealed, "retired": 0})
    return Done(schema.credentials.name, command.camera_id)


def _sign_checkpoint(ledger: Ledger, _command: SignCheckpoint, _actor: Actor) -> Done:
    row = checkpoints.sign(ledger)
    return Done(schema.checkpoints.name, str(row["id"]))


def _administrators(ledger: Ledger) -> int:
    return int(str((_ADMINISTRATORS.row(ledger.connection) or {})["n"]))


def _keep_an_administrator(ledger: Ledger, before: int) -> None:
    if before and not _administrators(ledger):
        raise StorageError(StorageCode.BAD_VALUE, reason="last administrator")


_HANDLERS: dict[type[Command], Callable[[Ledger, Any, Actor], Done]] = {
    PutRecord: _put_record,
    PutOperator: _put_operator,
    PutFirstOperator: _put_first_operator,
    PutCredential: _put_credential,
    RemoveRecord: _remove_record,
    RecordEvent: record_event,
    AttachEvidence: attach_evidence,
    AcknowledgeAlarm: acknowledge_alarm,
    JudgeAlarm: judge_alarm,
    ReopenAlarm: reopen_alarm,
    AcknowledgeIncident: move_incident,
    VerifyIncident: move_incident,
    CloseIncident: close_incident,
    ReopenIncident: reopen_incident,
    RecordExport: record_export,
    RecordFootageDigest: record_footage_digest,
    SignCheckpoint: _sign_checkpoint,
    AttachExhibit: attach_exhibit,
    PutTriedRecord: put_tried_record,
    **cases.HANDLERS,
    **people.HANDLERS,
    **releases.HANDLERS,
}
