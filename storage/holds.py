"""What the law holds: nothing of it is deleted or erased until the hold is taken out of use. Functions of a connection.

A hold names an incident, or a camera and a time (either end may be open); one that names neither holds all cameras.
Incidents that were merged are one case: what holds one of them holds all.
A disclosure that is still open holds its cameras' time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import bindparam, select

from storage import schema, schema_cases
from storage.driver import Connection
from storage.release_records import DisclosureState
from storage.rows import LAST_UTC_S
from storage.statements import Row, Statement, constant

PRE_ROLL_S = 30.0
POST_ROLL_S = 60.0

_holds, _disclosures, _alarms = schema_cases.legal_holds, schema_cases.disclosures, schema.alarms
_IN_FORCE = Statement(select(_holds).where(_holds.c.retired == 0).order_by(_holds.c.id))
_OPEN = Statement(
    select(_disclosures)
    .where(_disclosures.c.state.not_in([constant(DisclosureState.GIVEN), constant(DisclosureState.REFUSED)]))
    .order_by(_disclosures.c.id)
)
_ALARMS = Statement(
    select(_alarms.c.camera_id, _alarms.c.first_utc_s, _alarms.c.last_utc_s).where(
        _alarms.c.incident_id == bindparam("incident_id")
    )
)
_INCIDENT = Statement(select(schema.incidents).where(schema.incidents.c.id == bindparam("incident_id")))
_MERGED = Statement(select(schema.incidents).where(schema.incidents.c.merged_into_id == bindparam("incident_id")))
_CAMERAS = Statement(select(schema.cameras.c.id).order_by(schema.cameras.c.id))


class Window(NamedTuple):
    """A camera's time; no camera is all of them."""

    camera_id: str | None
    from_utc_s: float
    to_utc_s: float

    def meets(self, other: Window) -> bool:
        """Whether the two have a moment in common."""
        same = self.camera_id is None or self.camera_id == other.camera_id
        return same and self.from_utc_s <= other.to_utc_s and other.from_utc_s <= self.to_utc_s


class Holds:
    """All that is held as one read saw it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        rows = _IN_FORCE.rows(connection)
        self._incidents = {str(row["incident_id"]) for row in rows if row["incident_id"]}
        self._by_law = [_window(row) for row in rows if not row["incident_id"]]
        self._asked_for = [window for row in _OPEN.rows(connection) for window in disclosure_windows(row)]

    def keeps(self, incident: Row, *, by_rule: bool) -> bool:
        """Whether a hold speaks of this incident or of one that is the same case. By rule an open disclosure keeps it
        too, and what was merged into another one waits for that: its notes and hand-overs are that one's."""
        case = case_of(self._connection, incident)
        if (by_rule and case[0]["id"] != incident["id"]) or any(row["id"] in self._incidents for row in case):
            return True
        if not self._held(by_rule):
            return False
        return any(self.keeps_time(own, by_rule=by_rule) for r in case for own in incident_windows(self._connection, r))

    def keeps_time(self, own: Window, *, by_rule: bool) -> bool:
        """Whether a hold (by rule also an open disclosure) speaks of this camera's time."""
        return any(window.meets(own) for window in self._held(by_rule))

    def _held(self, by_rule: bool) -> list[Window]:
        return [*self._by_law, *self._asked_for] if by_rule else self._by_law


def case_of(connection: Connection, incident: Row) -> list[Row]:
    """All incidents that were merged with this one: first the one that the others went into."""
    seen = {incident["id"]}
    while incident["merged_into_id"] not in (None, *seen):
        into = _INCIDENT.row(connection, {"incident_id": incident["merged_into_id"]})
        if into is None:  # erased
            break
        incident = into
        seen.add(incident["id"])
    found = [incident]
    for row in found:
        known = {one["id"] for one in found}
        found += [one for one in _MERGED.rows(connection, {"incident_id": row["id"]}) if one["id"] not in known]
    return found


def incident_windows(connection: Connection, incident: Row) -> list[Window]:
    """The footage that an incident is about: of its alarms, and of its own camera when it happened."""
    found = [
        Window(str(row["camera_id"]), float(row["first_utc_s"]) - PRE_ROLL_S, float(row["last_utc_s"]) + POST_ROLL_S)
        for row in _ALARMS.rows(connection, {"incident_id": incident["id"]})
    ]
    if incident["camera_id"]:
        utc_s = float(incident["happened_utc_s"] or incident["opened_utc_s"])
        found.append(Window(str(incident["camera_id"]), utc_s - PRE_ROLL_S, utc_s + POST_ROLL_S))
    return found


def disclosure_windows(row: Row) -> list[Window]:
    """The footage that an authority asked for."""
    cameras = [str(camera_id) for camera_id in json.loads(str(row["camera_ids"]))]
    return [Window(camera_id, float(row["from_utc_s"]), float(row["to_utc_s"])) for camera_id in cameras]


def held_footage(connection: Connection) -> Iterator[tuple[Window, str]]:
    """Every camera's time that is held, with the id of the hold or disclosure. Cameras out of use too."""
    cameras = [str(row["id"]) for row in _CAMERAS.rows(connection)]
    for row in _IN_FORCE.rows(connection):
        for window in _hold_windows(connection, row):
            for camera_id in cameras if window.camera_id is None else [window.camera_id]:
                yield window._replace(camera_id=camera_id), str(row["id"])
    for row in _OPEN.rows(connection):
        for window in disclosure_windows(row):
            yield window, str(row["id"])


def _hold_windows(connection: Connection, hold: Row) -> list[Window]:
    if not hold["incident_id"]:
        return [_window(hold)]
    incident = _INCIDENT.row(connection, {"incident_id": hold["incident_id"]})
    case = [] if incident is None else case_of(connection, incident)
    return [window for row in case for window in incident_windows(connection, row)]


def _window(hold: Row) -> Window:
    begin, end = hold["from_utc_s"], hold["to_utc_s"]
    camera_id = None if not hold["camera_id"] else str(hold["camera_id"])
    return Window(camera_id, 0.0 if begin is None else float(begin), LAST_UTC_S if end is None else float(end))
