"""Shifts: begun, handed over item by item, taken at any seat, ended; sectors lent and taken back. Writer thread."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import and_, bindparam, select

from storage import incident_moves, need_to_know, schema, schema_cases
from storage.access import Permission, may
from storage.errors import StorageCode, StorageError
from storage.ledger import Ledger
from storage.logins import NAME_LETTERS, TEXT_LETTERS, line
from storage.outcome import Done
from storage.people_commands import EndShift, HandOverShift, LendSectors, ShiftWord, StartShift, TakeShiftItem
from storage.people_records import Shift, ShiftItem, ShiftItemKind, ShiftState
from storage.records import Actor, IncidentState, new_id
from storage.rows import plain, to_row
from storage.statements import Row, Statement, constant

MOST_CHECKS_LETTERS = 8000
MOST_ITEMS = 500

_SHIFTS, _ITEMS = schema_cases.shifts, schema_cases.shift_items
_ON = select(_SHIFTS).where(_SHIFTS.c.state == constant(ShiftState.ON))
_ALL_ON = Statement(_ON)
_ON_OF = Statement(
    select(_SHIFTS).where(_SHIFTS.c.operator_id == bindparam("operator_id"), _SHIFTS.c.state == constant(ShiftState.ON))
)
_LEFT = Statement(
    select(_ITEMS.c.id).where(_ITEMS.c.shift_id == bindparam("shift_id"), _ITEMS.c.taken_by_id.is_(None)).limit(1)
)
_PAST = Statement(
    select(schema.history.c.payload).where(
        and_(schema.history.c.table_name == _SHIFTS.name, schema.history.c.row_id == bindparam("shift_id"))
    )
)


def start_shift(ledger: Ledger, command: StartShift, actor: Actor) -> Done:
    """The actor's watch begins; nobody has two at once."""
    on = _ON_OF.row(ledger.connection, {"operator_id": actor.id})
    if on is not None:
        raise incident_moves.illegal(_SHIFTS.name, on)
    if ledger.find(_SHIFTS, command.new_shift_id) is not None:
        raise StorageError(StorageCode.BAD_VALUE, table=_SHIFTS.name, id=command.new_shift_id)
    shift = Shift(
        id=command.new_shift_id,
        operator_id=actor.id,
        workstation=line(command.workstation, NAME_LETTERS),
        sector_ids=_known_sectors(ledger, command.sector_ids),
        state=ShiftState.ON,
        from_utc_s=float(ledger.clock()),
        version=1,
        checks=_checked(command.checks),
    )
    ledger.insert(_SHIFTS, to_row(shift, _SHIFTS))
    return Done(_SHIFTS.name, shift.id)


def hand_over_shift(ledger: Ledger, command: HandOverShift, actor: Actor) -> Done:
    """Put everything down; with nothing to put down the shift is over at once."""
    row = _shift(ledger, command.shift_id, command.version, command.sources)
    if len(command.items) > MOST_ITEMS:
        raise StorageError(StorageCode.BAD_VALUE, table=_ITEMS.name, field="items")
    changes = _forced(ledger, row, actor)
    for number, word in enumerate(command.items):
        _put_down(ledger, row, word, number, actor)
    if not command.items:
        return _change(ledger, row, state=ShiftState.OVER, to_utc_s=float(ledger.clock()), **changes)
    return _change(ledger, row, state=command.target, **changes)


def take_shift_item(ledger: Ledger, command: TakeShiftItem, actor: Actor) -> Done:
    """The actor has it now, and an incident with it; after the last item the shift is over."""
    item = ledger.get(_ITEMS, command.item_id)
    shift = ledger.get(_SHIFTS, str(item["shift_id"]))
    if item["taken_by_id"] is not None or shift["state"] == ShiftState.ON.value:
        raise StorageError(StorageCode.ILLEGAL_TRANSITION, table=_ITEMS.name, id=command.item_id)
    now_utc_s = float(ledger.clock())
    incident_id, number = None, None
    if item["kind"] == ShiftItemKind.INCIDENT.value:
        incident = _take_incident(ledger, str(item["subject_id"]), str(shift["operator_id"]), actor)
        incident_id, number = str(incident["id"]), str(incident["number"])
    ledger.update(_ITEMS, item, {"taken_by_id": actor.id, "taken_utc_s": now_utc_s})
    if (
        shift["state"] == ShiftState.HANDING_OVER.value
        and _LEFT.row(ledger.connection, {"shift_id": shift["id"]}) is None
    ):
        _change(ledger, shift, state=ShiftState.OVER, to_utc_s=now_utc_s)
    return Done(_ITEMS.name, command.item_id, incident_id=incident_id, incident_number=number)


def end_shift(ledger: Ledger, command: EndShift, actor: Actor) -> Done:
    """Over; items that are left stay to be taken."""
    row = _shift(ledger, command.shift_id, command.version, command.sources)
    return _change(ledger, row, state=command.target, to_utc_s=float(ledger.clock()), **_forced(ledger, row, actor))


def lend_sectors(ledger: Ledger, command: LendSectors, actor: Actor) -> Done:
    """Sectors go from one shift to another that is on too: from mine, or back to mine what it had before. To the same
    shift: take up what was put down."""
    on = frozenset({ShiftState.ON})
    row = _shift(ledger, command.shift_id, command.version, on)
    wanted = _known_sectors(ledger, command.sector_ids)
    if not wanted:
        raise StorageError(StorageCode.BAD_VALUE, table=_SHIFTS.name, field="sector_ids")
    if command.to_shift_id == command.shift_id:
        return _take_up(ledger, row, wanted, actor)
    held = _sectors(row)
    if not set(wanted) <= set(held):
        raise StorageError(StorageCode.BAD_VALUE, table=_SHIFTS.name, field="sector_ids")
    taker = None if command.to_shift_id is None else _shift(ledger, command.to_shift_id, None, on)
    _require_right_to_move(ledger, row, taker, wanted, actor)
    if taker is not None:
        _change(ledger, taker, sector_ids=tuple(dict.fromkeys((*_sectors(taker), *wanted))))
    return _change(ledger, row, sector_ids=tuple(s for s in held if s not in wanted))


def _require_right_to_move(ledger: Ledger, row: Row, taker: Row | None, wanted: tuple[str, ...], actor: Actor) -> None:
    if row["operator_id"] == actor.id or may(ledger.role(actor), Permission.ASSIGN):
        return
    back = taker is not None and taker["operator_id"] == actor.id and set(wanted) <= _once_had(ledger, taker)
    if not back:
        raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, reason="somebody else's shift")


def _take_up(ledger: Ledger, row: Row, wanted: tuple[str, ...], actor: Actor) -> Done:
    _forced(ledger, row, actor)
    watched = {sector for shift in _ALL_ON.rows(ledger.connection) for sector in _sectors(shift)}
    if set(wanted) & watched:
        raise StorageError(StorageCode.ILLEGAL_TRANSITION, table=_SHIFTS.name, state="watched")
    return _change(ledger, row, sector_ids=(*_sectors(row), *wanted))


def _once_had(ledger: Ledger, shift: Row) -> set[str]:
    """Sectors that the shift had at any time, from its history."""
    payloads = [row["payload"] for row in _PAST.rows(ledger.connection, {"shift_id": shift["id"]}) if row["payload"]]
    return {sector for payload in payloads for sector in json.loads(json.loads(str(payload))["sector_ids"])}


def _put_down(ledger: Ledger, shift: Row, word: ShiftWord, number: int, actor: Actor) -> None:
    if word.kind is ShiftItemKind.INCIDENT:
        incident = ledger.get(schema.incidents, word.subject_id)
        mine = incident["owner_id"] in (None, shift["operator_id"])
        if not mine and not may(ledger.role(actor), Permission.ASSIGN):
            raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, reason="somebody else's incident")
    now_utc_s = float(ledger.clock())
    text = line(word.text, TEXT_LETTERS)
    item_id = new_id(now_utc_s + number / 1000)  # ids keep the order in which the items were put down
    item = ShiftItem(item_id, str(shift["id"]), ShiftItemKind(word.kind), word.subject_id, text, now_utc_s)
    ledger.insert(_ITEMS, to_row(item, _ITEMS))


def _take_incident(ledger: Ledger, incident_id: str, giver_id: str, actor: Actor) -> Row:
    """The actor becomes the owner of an open incident, unless somebody else has taken it in the meantime."""
    row = ledger.get(schema.incidents, incident_id)
    need_to_know.require(ledger, row, actor)
    if row["state"] != IncidentState.CLOSED.value and row["owner_id"] in (None, giver_id):
        incident_moves.change(ledger, row, owner_id=actor.id)
    return row


def _shift(ledger: Ledger, shift_id: str, version: int | None, sources: frozenset[ShiftState]) -> Row:
    row = ledger.get(_SHIFTS, shift_id)
    if version is not None:
        incident_moves.check_version(_SHIFTS.name, row, version)
    if ShiftState(str(row["state"])) not in sources:
        raise incident_moves.illegal(_SHIFTS.name, row)
    return row


def _forced(ledger: Ledger, row: Row, actor: Actor) -> dict[str, str]:
    """Nothing for one's own shift; for a colleague's who did it. Raises NOT_PERMITTED."""
    if row["operator_id"] == actor.id:
        return {}
    if not may(ledger.role(actor), Permission.ASSIGN):
        raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, permission=Permission.ASSIGN.value)
    return {"forced_by_id": actor.id}


def _change(ledger: Ledger, row: Row, **changes: Any) -> Done:
    new = {name: plain(value) for name, value in changes.items()}
    ledger.update(_SHIFTS, row, {**new, "version": int(row["version"]) + 1})
    return Done(_SHIFTS.name, str(row["id"]))


def _sectors(row: Row) -> tuple[str, ...]:
    return tuple(json.loads(str(row["sector_ids"])))


def _known_sectors(ledger: Ledger, sector_ids: tuple[str, ...]) -> tuple[str, ...]:
    for sector_id in sector_ids:
        row = ledger.find(schema_cases.sectors, str(sector_id))
        if row is None or row["retired"]:
            raise StorageError(StorageCode.NOT_FOUND, table=schema_cases.sectors.name, id=str(sector_id))
    return tuple(dict.fromkeys(sector_ids))


def _checked(checks: str) -> str:
    """A JSON object of texts. Raises BAD_VALUE."""
    try:
        found = json.loads(checks) if len(checks) <= MOST_CHECKS_LETTERS else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise StorageError(StorageCode.BAD_VALUE, table=_SHIFTS.name, field="checks")
    return checks
