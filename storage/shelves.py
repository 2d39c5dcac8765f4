"""Shelved alarms (ISA-18.2, EEMUA 191): out of the queue with a reason, for a time. Runs on the writer thread.

Nothing is written when the time is over: readers judge it by the clock, so that a shelf ends also where nobody runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import bindparam, select

from storage import schema_cases, values
from storage.case_commands import ShelveAlarms, UnshelveAlarms
from storage.case_records import Shelf, ShelfState
from storage.commands import Command
from storage.incident_moves import check_version, illegal
from storage.ledger import Ledger
from storage.outcome import Done
from storage.people_records import ShiftState
from storage.records import Actor
from storage.rows import to_row
from storage.statements import Statement, constant

LONGEST_S = 8 * 3600.0
_MOST_CAMERAS = 2000

_shelves, _shifts = schema_cases.shelves, schema_cases.shifts
_MY_SHIFT = Statement(
    select(_shifts.c.id)
    .where(_shifts.c.operator_id == bindparam("operator_id"), _shifts.c.state != constant(ShiftState.OVER))
    .order_by(_shifts.c.id.desc())
    .limit(1)
)


def shelve_alarms(ledger: Ledger, command: ShelveAlarms, actor: Actor) -> Done:
    """Put them away until then, never for longer than eight hours."""
    now_utc_s = float(ledger.clock())
    until_utc_s = values.utc_s("until_utc_s", command.until_utc_s)
    if until_utc_s <= now_utc_s:
        raise values.bad("until_utc_s", "over already")
    shelf = Shelf(
        id=values.new(ledger, _shelves, command.new_shelf_id),
        name=values.title("name", command.name, needed=True),
        camera_ids=_cameras(command.camera_ids),
        cause=values.title("cause", command.cause, needed=True),
        reason=values.text("reason", command.reason, needed=True),
        from_utc_s=now_utc_s,
        until_utc_s=min(until_utc_s, now_utc_s + LONGEST_S),
        actor_id=actor.id,
        state=ShelfState.PUT_UP,
        version=1,
        shift_id=_shift_of(ledger, actor) if command.to_shift_end else None,
    )
    ledger.insert(_shelves, to_row(shelf, _shelves))
    return Done(_shelves.name, shelf.id)


def unshelve_alarms(ledger: Ledger, command: UnshelveAlarms, actor: Actor) -> Done:
    """Give them back before the time."""
    row = ledger.get(_shelves, command.shelf_id)
    check_version(_shelves.name, row, command.version)
    now_utc_s = float(ledger.clock())
    if row["state"] != ShelfState.PUT_UP.value or float(row["until_utc_s"]) <= now_utc_s:
        raise illegal(_shelves.name, row)
    changes = {
        "state": ShelfState.TAKEN_DOWN.value,
        "closed_utc_s": now_utc_s,
        "closed_by_id": actor.id,
        "version": int(row["version"]) + 1,
    }
    ledger.update(_shelves, row, changes)
    return Done(_shelves.name, command.shelf_id)


def _cameras(given: object) -> tuple[str, ...]:
    """At least one; a camera that was taken out of use since may be among them."""
    if not isinstance(given, tuple) or not 0 < len(given) <= _MOST_CAMERAS:
        raise values.bad("camera_ids", "none or too many")
    return tuple(dict.fromkeys(values.title("camera_ids", one, needed=True) for one in given))


def _shift_of(ledger: Ledger, actor: Actor) -> str | None:
    row = _MY_SHIFT.row(ledger.connection, {"operator_id": actor.id})
    return None if row is None else str(row["id"])


HANDLERS: dict[type[Command], Callable[[Ledger, Any, Actor], Done]] = {
    ShelveAlarms: shelve_alarms,
    UnshelveAlarms: unshelve_alarms,
}
"""Command to what executes it."""
