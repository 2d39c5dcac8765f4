"""The journal's reads about footage: what holds it, and what the chain says of it. Functions of a connection.

Locks are derived from alarms and incidents and never stored: an alarm holds its camera's footage of the last 72 h until
72 h after its last event, an incident for ever; a false verdict (of the alarm, or of the incident that it became) lets
it go. A legal hold and an authority's open request hold theirs whatever the verdict is.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import bindparam, func, literal_column, or_, select

from storage import schema
from storage.case_footage import case_locks
from storage.driver import Connection
from storage.holds import POST_ROLL_S, PRE_ROLL_S, held_footage
from storage.journal import FootageDigest, FootageLock
from storage.records import AlarmState, IncidentState, Outcome
from storage.rows import from_row
from storage.statements import Row, Statement, constant

PROVISIONAL_S = 72 * 3600.0

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


def footage_locks(connection: Connection, now_utc_s: float) -> tuple[FootageLock, ...]:
    """Everything that is held now."""
    provisional = _PROVISIONAL.rows(connection, {"after_utc_s": now_utc_s - PROVISIONAL_S})
    since_utc_s = now_utc_s - PROVISIONAL_S
    locks = [_provisional(_lock(row, float(row["last_utc_s"]) + PROVISIONAL_S), since_utc_s) for row in provisional]
    by_law = [
        FootageLock(str(window.camera_id), window.from_utc_s, window.to_utc_s, None, None, "", held_by=holder)
        for window, holder in held_footage(connection)
    ]
    return (*locks, *(_lock(row, None) for row in _OF_INCIDENTS.rows(connection)), *case_locks(connection), *by_law)


def footage_digests(connection: Connection, limit: int) -> tuple[FootageDigest, ...]:
    """Newest first."""
    return tuple(from_row(FootageDigest, row) for row in _DIGESTS.rows(connection, {"row_limit": limit}))


def _provisional(lock: FootageLock, since_utc_s: float) -> FootageLock:
    """Without what is older than 72 h: an alarm that false events feed for weeks does not hold weeks of footage."""
    return replace(lock, from_utc_s=max(lock.from_utc_s, since_utc_s))


def _lock(row: Row, until_utc_s: float | None) -> FootageLock:
    return FootageLock(
        camera_id=str(row["camera_id"]),
        from_utc_s=float(row["first_utc_s"]) - PRE_ROLL_S,
        to_utc_s=float(row["last_utc_s"]) + POST_ROLL_S,
        until_utc_s=until_utc_s,
        incident_id=row["incident_id"],
        alarm_id=str(row["id"]),
    )
