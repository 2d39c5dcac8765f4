"""The journal's reads about footage: what holds it, and what the chain says of it. Functions of a connection.

Locks are derived from alarms and incidents and never stored: an alarm holds its camera's footage for 72 h from its
last event, an incident for ever; a false verdict (of the alarm, or of the incident that it became) lets it go.
"""

from __future__ import annotations

import sqlite3

from sqlalchemy import bindparam, func, literal_column, or_, select

from storage import schema
from storage.journal import FootageDigest, FootageLock
from storage.records import AlarmState, IncidentState, Outcome
from storage.rows import from_row
from storage.statements import Row, Statement, constant

PROVISIONAL_S = 72 * 3600.0
PRE_ROLL_S = 30.0
POST_ROLL_S = 60.0

_alarms, _incidents = schema.alarms, schema.incidents
_COLUMNS = (_alarms.c.id, _alarms.c.camera_id, _alarms.c.first_utc_s, _alarms.c.last_utc_s, _alarms.c.incident_id)
_PROVISIONAL = Statement(
    select(*_COLUMNS)
    .where(_alarms.c.state != constant(AlarmState.JUDGED), _alarms.c.last_utc_s > bindparam("after_utc_s"))
    .order_by(_alarms.c.id)
)
_OF_INCIDENTS = Statement(
    select(*_COLUMNS)
    .select_from(_alarms.join(_incidents, _incidents.c.id == _alarms.c.incident_id))
    .where(
        _alarms.c.incident_id.is_not(None),
        or_(
            _incidents.c.state != constant(IncidentState.CLOSED),
            func.coalesce(_incidents.c.outcome, literal_column("''")) != constant(Outcome.FALSE),
        ),
    )
    .order_by(_alarms.c.id)
)
_DIGESTS = Statement(
    select(schema.footage_digests)
    .order_by(schema.footage_digests.c.to_utc_s.desc(), schema.footage_digests.c.id.desc())
    .limit(bindparam("row_limit"))
)


def footage_locks(connection: sqlite3.Connection, now_utc_s: float) -> tuple[FootageLock, ...]:
    """Everything that is held now."""
    provisional = _PROVISIONAL.rows(connection, {"after_utc_s": now_utc_s - PROVISIONAL_S})
    locks = [_lock(row, float(row["last_utc_s"]) + PROVISIONAL_S) for row in provisional]
    return (*locks, *(_lock(row, None) for row in _OF_INCIDENTS.rows(connection)))


def footage_digests(connection: sqlite3.Connection, limit: int) -> tuple[FootageDigest, ...]:
    """Newest first."""
    return tuple(from_row(FootageDigest, row) for row in _DIGESTS.rows(connection, {"row_limit": limit}))


def _lock(row: Row, until_utc_s: float | None) -> FootageLock:
    return FootageLock(
        camera_id=str(row["camera_id"]),
        from_utc_s=float(row["first_utc_s"]) - PRE_ROLL_S,
        to_utc_s=float(row["last_utc_s"]) + POST_ROLL_S,
        until_utc_s=until_utc_s,
        incident_id=row["incident_id"],
        alarm_id=str(row["id"]),
    )
