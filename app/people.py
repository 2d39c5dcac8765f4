"""Composes what a seat needs: who sits here, what the login and shift pages ask, and the audit of accesses.

A node has none. `seat.open()` is called by whoever shows the wall, once the window hears the bus.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.access_audit import AccessAudit
from app.archive import Archive
from app.bus import Bus
from app.people_desk import SeatDesk
from app.seat_test import SeatFacts, SeatTest
from app.sign_in import Seat
from app.site_time import zone_of
from app.tasks import Tasks
from storage.records import Camera


@dataclass(frozen=True, slots=True)
class People:
    """The parts, for the window and the other desks; `seat.actor` is who acts."""

    seat: Seat
    desk: SeatDesk
    audit: AccessAudit


def people_of(
    archive: Archive,
    bus: Bus,
    tasks: Tasks,
    facts: SeatFacts,
    *,
    changed: Callable[[], None] = lambda: None,
    dead_cameras: Callable[[], Sequence[Camera]] = lambda: (),
) -> People:
    """The people's side of a runtime; nothing is started, nobody sits down yet."""
    seat = Seat(archive.journal, bus, tasks, archive.actor)
    zone = zone_of(archive.settings)
    test = SeatTest(facts)
    desk = SeatDesk(archive.journal, tasks, seat, test, changed=changed, dead_cameras=dead_cameras, zone=zone)
    return People(seat, desk, AccessAudit(archive.journal, bus, tasks, lambda: seat.actor))
