"""The journal's reads about people, as functions of a connection. Each exhausts its cursor."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from sqlalchemy import BindParameter, bindparam, func, select, tuple_

from storage import need_to_know, schema, schema_cases
from storage.case_records import LookoutState
from storage.driver import Connection
from storage.people_records import (
    Access,
    AccessKind,
    Approval,
    ApprovalState,
    FailedLogin,
    Login,
    Password,
    Shift,
    ShiftItem,
    ShiftItemKind,
    ShiftState,
)
from storage.records import AlarmState, IncidentState
from storage.rows import from_row
from storage.statements import Row, Statement, Value, constant, row_by_id

_accesses, _approvals, _items, _shifts = (
    schema_cases.accesses,
    schema_cases.approvals,
    schema_cases.shift_items,
    schema_cases.shifts,
)
_alarms, _incidents, _lookouts = schema.alarms, schema.incidents, schema_cases.lookouts
_LIMIT: BindParameter[int] = bindparam("row_limit")
_MOST_ROWS = 1000

_LOGINS_OPEN = Statement(
    select(schema_cases.logins)
    .where(schema_cases.logins.c.to_utc_s.is_(None))
    .order_by(schema_cases.logins.c.from_utc_s, schema_cases.logins.c.id)
)
_NEWEST_SHIFTS = select(_shifts).order_by(_shifts.c.id.desc()).limit(_LIMIT)
_SHIFTS = {
    False: Statement(_NEWEST_SHIFTS),
    True: Statement(_NEWEST_SHIFTS.where(_shifts.c.state != constant(ShiftState.OVER))),
}
_ITEMS_OF = Statement(select(_items).where(_items.c.shift_id == bindparam("shift_id")).order_by(_items.c.id))
_ITEMS_LEFT = Statement(
    select(_items)
    .join(_shifts, _shifts.c.id == _items.c.shift_id)
    .where(_items.c.taken_by_id.is_(None), _shifts.c.state != constant(ShiftState.ON))
    .order_by(_items.c.id)
    .limit(_LIMIT)
)
_NEWEST_APPROVALS = select(_approvals).order_by(_approvals.c.asked_utc_s.desc(), _approvals.c.id.desc()).limit(_LIMIT)
_APPROVALS = {
    False: Statement(_NEWEST_APPROVALS),
    True: Statement(
        _NEWEST_APPROVALS.where(
            _approvals.c.state.in_((constant(ApprovalState.REQUESTED), constant(ApprovalState.BROKEN_GLASS)))
        )
    ),
}
_FAILED = Statement(
    select(schema_cases.failed_logins)
    # Ids grow with time: no index is needed for the newest.
    .where(schema_cases.failed_logins.c.id >= bindparam("first_id"))
    .order_by(schema_cases.failed_logins.c.id.desc())
    .limit(_LIMIT)
)
_A_PASSWORD = Statement(select(schema_cases.passwords.c.id).limit(1))
_BRIEFING = {
    "alarms": Statement(
        select(func.count().label("n")).select_from(_alarms).where(_alarms.c.state != constant(AlarmState.JUDGED))
    ),
    "incidents": Statement(
        select(func.count().label("n"))
        .select_from(_incidents)
        .where(_incidents.c.state != constant(IncidentState.CLOSED))
    ),
    "unowned": Statement(
        select(func.count().label("n"))
        .select_from(_incidents)
        .where(_incidents.c.state != constant(IncidentState.CLOSED), _incidents.c.owner_id.is_(None))
    ),
    "overdue": Statement(
        select(func.count().label("n")).select_from(_incidents).where(_incidents.c.due_utc_s < bindparam("now_utc_s"))
    ),
    "lookouts": Statement(
        select(func.count().label("n"))
        .select_from(_lookouts)
        .where(_lookouts.c.state == constant(LookoutState.ACTIVE), _lookouts.c.expires_utc_s > bindparam("now_utc_s"))
    ),
}


@dataclass(frozen=True, slots=True)
class AccessFilter:
    """Which accesses: None asks for any. Times are half open; `before` is the last row of the page before."""

    kind: AccessKind | None = None
    camera_id: str | None = None
    incident_id: str | None = None
    actor_id: str | None = None
    from_utc_s: float | None = None
    to_utc_s: float | None = None
    before: Access | None = None


@dataclass(frozen=True, slots=True)
class Briefing:
    """What a shift begins with, in numbers."""

    alarms: int = 0
    incidents: int = 0
    unowned: int = 0
    overdue: int = 0
    lookouts: int = 0


def logins_open(connection: Connection) -> list[Login]:
    """Who sits where now, oldest first."""
    return [from_row(Login, row) for row in _LOGINS_OPEN.rows(connection)]


def shifts(connection: Connection, *, open_only: bool, limit: int) -> list[Shift]:
    """Shifts, newest first; open: on, or not all items taken yet."""
    return [from_row(Shift, row) for row in _SHIFTS[open_only].rows(connection, {"row_limit": limit})]


def shift_items(connection: Connection, shift_id: str | None, viewer_id: str | None = None) -> list[ShiftItem]:
    """All items of a shift; of None: what is left to take of any shift. Oldest first. Without incidents that the
    viewer must not know of: an item says their titles."""
    if shift_id is None:
        rows = _ITEMS_LEFT.rows(connection, {"row_limit": _MOST_ROWS})
    else:
        rows = _ITEMS_OF.rows(connection, {"shift_id": shift_id})
    if not need_to_know.sees_all(connection, viewer_id):
        rows = [row for row in rows if _visible(connection, row, str(viewer_id))]
    return [from_row(ShiftItem, row) for row in rows]


def _visible(connection: Connection, item: Row, viewer_id: str) -> bool:
    if item["kind"] != ShiftItemKind.INCIDENT:
        return True
    incident = row_by_id(_incidents).row(connection, {"row_key": item["subject_id"]})
    return incident is None or need_to_know.visible(connection, incident, viewer_id)


def approvals(connection: Connection, *, open_only: bool, limit: int) -> list[Approval]:
    """Approvals, newest first; open: to be decided or reviewed."""
    return [from_row(Approval, row) for row in _APPROVALS[open_only].rows(connection, {"row_limit": limit})]


def failed_logins(connection: Connection, since_utc_s: float, limit: int) -> list[FailedLogin]:
    """Refusals since then, newest first."""
    first_id = f"{max(int(since_utc_s * 1000), 0):012x}"
    rows = _FAILED.rows(connection, {"first_id": first_id, "row_limit": limit})
    return [from_row(FailedLogin, row) for row in rows]


def password(connection: Connection, operator_id: str) -> Password | None:
    """An operator's password as it is stored; for the seat only."""
    row = row_by_id(schema_cases.passwords).row(connection, {"row_key": operator_id})
    return None if row is None else from_row(Password, row)


def has_passwords(connection: Connection) -> bool:
    """Whether anybody has a password: until then whoever starts the program sits at the seat."""
    return _A_PASSWORD.row(connection) is not None


def briefing(connection: Connection, now_utc_s: float) -> Briefing:
    """What is open now."""
    counts = {name: statement.row(connection, {"now_utc_s": now_utc_s}) or {} for name, statement in _BRIEFING.items()}
    return Briefing(**{name: int(str(row["n"])) for name, row in counts.items()})


def accesses(connection: Connection, wanted: AccessFilter, limit: int) -> list[Access]:
    """Who looked at what, newest first."""
    params = _params(wanted)
    statement = _accesses_by(tuple(sorted(params)))
    return [from_row(Access, row) for row in statement.rows(connection, {**params, "row_limit": limit})]


def _params(wanted: AccessFilter) -> dict[str, Value]:
    last = wanted.before
    given: dict[str, Value] = {
        "kind": None if wanted.kind is None else wanted.kind.value,
        "camera_id": wanted.camera_id,
        "incident_id": wanted.incident_id,
        "actor_id": wanted.actor_id,
        "from_utc_s": wanted.from_utc_s,
        "to_utc_s": wanted.to_utc_s,
        "last_utc_s": None if last is None else last.at_utc_s,
        "last_id": None if last is None else last.id,
    }
    return {name: value for name, value in given.items() if value is not None}


@cache
def _accesses_by(names: tuple[str, ...]) -> Statement:
    columns = _accesses.c
    clause = select(_accesses).order_by(columns.at_utc_s.desc(), columns.id.desc()).limit(_LIMIT)
    for name in names:
        if name in ("kind", "camera_id", "incident_id", "actor_id"):
            clause = clause.where(columns[name] == bindparam(name))
    if "from_utc_s" in names:
        clause = clause.where(columns.at_utc_s >= bindparam("from_utc_s"))
    if "to_utc_s" in names:
        clause = clause.where(columns.at_utc_s < bindparam("to_utc_s"))
    if "last_id" in names:
        last = tuple_(bindparam("last_utc_s"), bindparam("last_id"))
        clause = clause.where(tuple_(columns.at_utc_s, columns.id) < last)
    return Statement(clause)
