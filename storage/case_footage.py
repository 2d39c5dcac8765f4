"""What footage a case holds besides that of its alarms: around an entry by hand, and around its marks and bookmarks.

Functions of a connection. While the case is open its camera is held from a minute before the happening for an hour;
its closing cuts that down to the closing, at least five minutes. An outcome of "false" lets all of it go.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, literal_column, or_, select

from storage import schema, schema_cases
from storage.driver import Connection
from storage.holds import POST_ROLL_S, PRE_ROLL_S
from storage.journal import FootageLock
from storage.records import IncidentState, Outcome, Source
from storage.statements import Row, Statement, constant

BEFORE_S = 60.0
LEAST_AFTER_S = 300.0
MOST_AFTER_S = 3600.0
"""A case may stay open for weeks; what it is about is over long before. More is held by bookmarks and legal holds."""

_incidents, _notes = schema.incidents, schema_cases.notes
_NOT_FALSE: ColumnElement[bool] = or_(
    _incidents.c.state != constant(IncidentState.CLOSED),
    func.coalesce(_incidents.c.outcome, literal_column("''")) != constant(Outcome.FALSE),
)
_BY_HAND = Statement(
    select(
        _incidents.c.id,
        _incidents.c.camera_id,
        _incidents.c.opened_utc_s,
        _incidents.c.happened_utc_s,
        _incidents.c.closed_utc_s,
    )
    .where(
        or_(_incidents.c.source == constant(Source.OPERATOR), _incidents.c.source == constant(Source.CALL)),
        _incidents.c.camera_id != literal_column("''"),
        _NOT_FALSE,
    )
    .order_by(_incidents.c.id)
)
_OF_NOTES = Statement(
    select(_notes.c.camera_id, _notes.c.utc_s, _notes.c.incident_id)
    .select_from(_notes.join(_incidents, _incidents.c.id == _notes.c.incident_id))
    .where(_notes.c.camera_id.is_not(None), _notes.c.utc_s.is_not(None), _NOT_FALSE)
    .order_by(_notes.c.id)
)


def case_locks(connection: Connection) -> list[FootageLock]:
    """Everything that is held so."""
    locks = [_by_hand(row) for row in _BY_HAND.rows(connection)]
    return locks + [_of_note(row) for row in _OF_NOTES.rows(connection)]


def _by_hand(row: Row) -> FootageLock:
    happened = row["happened_utc_s"]
    begin = float(row["opened_utc_s"] if happened is None else happened)
    most = begin + MOST_AFTER_S
    end = most if row["closed_utc_s"] is None else max(begin + LEAST_AFTER_S, min(most, float(row["closed_utc_s"])))
    return FootageLock(str(row["camera_id"]), begin - BEFORE_S, end, None, str(row["id"]), "")


def _of_note(row: Row) -> FootageLock:
    at = float(row["utc_s"])
    return FootageLock(str(row["camera_id"]), at - PRE_ROLL_S, at + POST_ROLL_S, None, str(row["incident_id"]), "")
