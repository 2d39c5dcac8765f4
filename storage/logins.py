"""Passwords as text, logins, failed logins, accesses: who sat where and looked at what. Runs on the writer thread."""

from __future__ import annotations

import re

from sqlalchemy import bindparam, select

from storage import schema, schema_cases
from storage.access import Permission, may
from storage.errors import StorageCode, StorageError
from storage.ledger import Ledger
from storage.outcome import Done
from storage.people_commands import LogIn, LogOut, RecordAccess, RecordFailedLogin, SetPassword
from storage.people_records import Access, AccessKind, FailedLogin, Login, Password
from storage.records import Actor, Role, new_id
from storage.rows import LAST_UTC_S, to_row
from storage.statements import Statement

NAME_LETTERS = 64
TEXT_LETTERS = 500
INSTANT_S = 600.0
"""What ended so recently may be replayed without a case: the operator is looking at what is happening."""
INSTANT_REPLAY = "instant replay"

_PHC = re.compile(r"\$argon2id\$v=19\$m=\d{4,8},t=\d{1,3},p=\d{1,3}\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,172}")
_OPEN_AT = Statement(
    select(schema_cases.logins).where(
        schema_cases.logins.c.workstation == bindparam("workstation"), schema_cases.logins.c.to_utc_s.is_(None)
    )
)
_ALWAYS_WITH_REASON = frozenset({AccessKind.SEARCH, AccessKind.EXPORT, AccessKind.MASK_LIFT, AccessKind.BLACK_BOX})
_RIGHTS = {
    AccessKind.MASK_LIFT: Permission.LIFT_MASK,
    AccessKind.BLACK_BOX: Permission.READ_BLACK_BOX,
    AccessKind.MODEL: Permission.CONFIGURE,
    AccessKind.RECIPIENT: Permission.CONFIGURE,
    AccessKind.ENCRYPTION: Permission.ADMINISTER,
}


def set_password(ledger: Ledger, command: SetPassword, actor: Actor) -> Done:
    """One's own, or as administrator somebody else's, which is then a temporary one."""
    row = ledger.get(schema.operators, command.operator_id)
    if row["retired"]:
        raise StorageError(StorageCode.NOT_FOUND, table=schema.operators.name, id=command.operator_id)
    own = command.operator_id == actor.id
    if not own and not may(ledger.role(actor), Permission.ADMINISTER):
        raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, permission=Permission.ADMINISTER.value)
    if row["role"] == Role.SERVICE.value or not _PHC.fullmatch(command.phc):
        raise StorageError(StorageCode.BAD_VALUE, table=schema_cases.passwords.name, field="password")
    password = Password(command.operator_id, command.phc, float(ledger.clock()), temporary=not own)
    ledger.put(schema_cases.passwords, to_row(password, schema_cases.passwords))
    return Done(schema_cases.passwords.name, command.operator_id)


def log_in(ledger: Ledger, command: LogIn, actor: Actor) -> Done:
    """Somebody sat down. A seat has one person: what was left open there, by a crash or a relief, ends now."""
    if ledger.find(schema_cases.logins, command.new_login_id) is not None:
        raise StorageError(StorageCode.BAD_VALUE, table=schema_cases.logins.name, id=command.new_login_id)
    now_utc_s, workstation = float(ledger.clock()), line(command.workstation, NAME_LETTERS)
    for row in _OPEN_AT.rows(ledger.connection, {"workstation": workstation}):
        ledger.update(schema_cases.logins, row, {"to_utc_s": now_utc_s})
    login = Login(command.new_login_id, actor.id, workstation, now_utc_s)
    ledger.insert(schema_cases.logins, to_row(login, schema_cases.logins))
    return Done(schema_cases.logins.name, login.id)


def log_out(ledger: Ledger, command: LogOut, actor: Actor) -> Done:
    """One's own login ends."""
    row = ledger.get(schema_cases.logins, command.login_id)
    if row["operator_id"] != actor.id:
        raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, reason="somebody else's login")
    if row["to_utc_s"] is not None:
        raise StorageError(StorageCode.ILLEGAL_TRANSITION, table=schema_cases.logins.name, id=command.login_id)
    ledger.update(schema_cases.logins, row, {"to_utc_s": float(ledger.clock())})
    return Done(schema_cases.logins.name, command.login_id)


def record_failed_login(ledger: Ledger, command: RecordFailedLogin, _actor: Actor) -> Done:
    """Somebody was refused; what was typed is cut, it may be anything."""
    now_utc_s = float(ledger.clock())
    failed = FailedLogin(
        new_id(now_utc_s), line(command.name, NAME_LETTERS), line(command.workstation, NAME_LETTERS), now_utc_s
    )
    ledger.insert(schema_cases.failed_logins, to_row(failed, schema_cases.failed_logins))
    return Done(schema_cases.failed_logins.name, failed.id)


def record_access(ledger: Ledger, command: RecordAccess, actor: Actor) -> Done:
    """Somebody looked. Searches, exports, lifted masks, the black box and older recordings need a case or a reason; who
    lifts a mask, reads the black box, chooses a model, names a recipient or has the file encrypted needs the right."""
    now_utc_s = float(ledger.clock())
    needed = _RIGHTS.get(AccessKind(command.kind))
    if needed is not None and not may(ledger.role(actor), needed):
        raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, permission=needed.value)
    if command.incident_id is not None:
        ledger.get(schema.incidents, command.incident_id)
    access = Access(
        id=new_id(now_utc_s),
        kind=AccessKind(command.kind),
        actor_id=actor.id,
        at_utc_s=now_utc_s,
        reason=_reason(command, now_utc_s),
        camera_id=command.camera_id,
        incident_id=command.incident_id,
        from_utc_s=_time(command.from_utc_s, "from_utc_s"),
        to_utc_s=_time(command.to_utc_s, "to_utc_s"),
        detail=line(command.detail, TEXT_LETTERS),
    )
    if access.from_utc_s is not None and access.to_utc_s is not None and access.to_utc_s < access.from_utc_s:
        raise StorageError(StorageCode.BAD_VALUE, table=schema_cases.accesses.name, field="to_utc_s")
    ledger.insert(schema_cases.accesses, to_row(access, schema_cases.accesses))
    return Done(schema_cases.accesses.name, access.id, incident_id=command.incident_id)


def _reason(command: RecordAccess, now_utc_s: float) -> str:
    reason = line(command.reason, TEXT_LETTERS)
    playback = command.kind is AccessKind.PLAYBACK
    recent = command.from_utc_s is not None and command.from_utc_s >= now_utc_s - INSTANT_S
    needed = command.kind in _ALWAYS_WITH_REASON or (playback and not recent)
    if needed and not reason and command.incident_id is None:
        raise StorageError(StorageCode.NO_REASON, action=command.kind.value)
    return INSTANT_REPLAY if playback and recent and not reason else reason


def _time(utc_s: float | None, field: str) -> float | None:
    if utc_s is not None and not 0.0 <= utc_s <= LAST_UTC_S:
        raise StorageError(StorageCode.BAD_VALUE, table=schema_cases.accesses.name, field=field)
    return None if utc_s is None else float(utc_s)


def line(text: str, letters: int) -> str:
    """A text in one line, cut; halves of surrogate pairs, which no file takes, become question marks."""
    return " ".join(text[: letters * 4].encode("utf-8", "replace").decode().split())[:letters]
