"""What a seat can do besides wall, alarms and incidents, each behind its own small contract; None: not here.

A node and a trial wall have fewer of them; a view leaves out the page of what is missing. Made by `app.seat_offices`.
"""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from app.approval_desk import ApprovalDesk
from app.import_desk import ImportDesk
from app.journal_pages import JournalPages
from app.people_desk import PeopleDesk
from app.release_desk import ReleaseDesk

UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Offices:
    """People at this seat, the journal to search, requests of authorities, approvals and packages,
    cameras of other systems."""

    people: PeopleDesk | None = None
    pages: JournalPages | None = None
    releases: ReleaseDesk | None = None
    approvals: ApprovalDesk | None = None
    imports: ImportDesk | None = None
    zone: ZoneInfo = UTC
