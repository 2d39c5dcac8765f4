"""The journal's reads about what leaves the house and what must go by law. Functions of a connection."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Float, bindparam, cast, func, or_, select

from storage import schema, schema_cases
from storage.driver import Connection
from storage.holds import Holds
from storage.journal import RetentionCandidate
from storage.records import Incident, IncidentState
from storage.release_records import Disclosure, DisclosureState, Erasure, OutboxMessage, OutboxState, Package
from storage.rows import from_row
from storage.statements import Statement, constant

DAY_S = 86_400.0

_outbox, _packages = schema_cases.outbox, schema_cases.packages
_disclosures, _erasures = schema_cases.disclosures, schema_cases.erasures
_incidents, _categories = schema.incidents, schema.categories
_DUE = Statement(
    select(_outbox)
    .where(
        _outbox.c.state.in_([constant(OutboxState.WAITING), constant(OutboxState.SENT)]),
        _outbox.c.next_utc_s <= bindparam("due_utc_s"),
    )
    .order_by(_outbox.c.next_utc_s, _outbox.c.id)
    .limit(bindparam("row_limit"))
)
_MESSAGES = Statement(select(_outbox).where(_outbox.c.incident_id == bindparam("incident_id")).order_by(_outbox.c.id))
_BY_DEADLINE = select(_disclosures).order_by(_disclosures.c.due_utc_s, _disclosures.c.id)
_DISCLOSURES = {
    False: Statement(_BY_DEADLINE),
    True: Statement(
        _BY_DEADLINE.where(
            _disclosures.c.state.not_in([constant(DisclosureState.GIVEN), constant(DisclosureState.REFUSED)])
        )
    ),
}
_PACKAGES = Statement(
    select(_packages).where(_packages.c.subject_id == bindparam("subject_id")).order_by(_packages.c.id)
)
_ERASURES = Statement(select(_erasures).order_by(_erasures.c.id.desc()).limit(bindparam("row_limit")))
_CLOSED_UTC_S = func.coalesce(_incidents.c.closed_utc_s, _incidents.c.opened_utc_s)
_KEEP_DAYS = func.coalesce(_categories.c.keep_days, bindparam("default_days"))
_GOES_UTC_S = (_CLOSED_UTC_S + cast(_KEEP_DAYS, Float) * DAY_S).label("due_utc_s")
_CANDIDATES = Statement(
    select(_incidents, _GOES_UTC_S)
    .join(_categories, _categories.c.id == _incidents.c.category_id)
    .where(
        _incidents.c.state == constant(IncidentState.CLOSED),
        _KEEP_DAYS > 0,
        bindparam("until_utc_s") >= _GOES_UTC_S,
    )
    .order_by(_incidents.c.id)
)
_FILES = Statement(
    select(schema.evidence.c.path)
    .join(schema.alarms, schema.alarms.c.id == schema.evidence.c.alarm_id)
    .where(or_(schema.alarms.c.incident_id == bindparam("subject_id"), schema.alarms.c.id == bindparam("subject_id")))
    .union(
        select(schema_cases.exhibits.c.path).where(schema_cases.exhibits.c.incident_id == bindparam("subject_id")),
    )
)
_IN_USE = Statement(
    select(schema.evidence.c.path)
    .where(schema.evidence.c.path == bindparam("path"))
    .union(select(schema_cases.exhibits.c.path).where(schema_cases.exhibits.c.path == bindparam("path")))
)
_ALL_PATHS = Statement(select(schema.evidence.c.path).union_all(select(schema_cases.exhibits.c.path)))
_FEW = 20
_MERGED = Statement(select(_incidents.c.id).where(_incidents.c.merged_into_id == bindparam("incident_id")))


def outbox(connection: Connection, due_utc_s: float, limit: int) -> list[OutboxMessage]:
    """Waiting messages that are due, and sent ones whose answer is overdue; the longest due first."""
    rows = _DUE.rows(connection, {"due_utc_s": due_utc_s, "row_limit": limit})
    return [from_row(OutboxMessage, row) for row in rows]


def messages_of(connection: Connection, incident_id: str) -> list[OutboxMessage]:
    """All alerts about an incident, oldest first."""
    return [from_row(OutboxMessage, row) for row in _MESSAGES.rows(connection, {"incident_id": incident_id})]


def disclosures(connection: Connection, *, open_only: bool) -> list[Disclosure]:
    """Authorities' requests, the nearest deadline first."""
    return [from_row(Disclosure, row) for row in _DISCLOSURES[open_only].rows(connection)]


def packages(connection: Connection, subject_id: str) -> list[Package]:
    """Evidence packages about an incident or a disclosure, oldest first."""
    return [from_row(Package, row) for row in _PACKAGES.rows(connection, {"subject_id": subject_id})]


def erasures(connection: Connection, limit: int) -> list[Erasure]:
    """What the law took out, newest first."""
    return [from_row(Erasure, row) for row in _ERASURES.rows(connection, {"row_limit": limit})]


def retention_candidates(
    connection: Connection, until_utc_s: float, limit: int, default_days: int
) -> list[RetentionCandidate]:
    """Closed incidents whose time is over by then, oldest first; those that are held stand between them."""
    holds, found, free = Holds(connection), [], 0
    for row in _CANDIDATES.stream(connection, {"until_utc_s": until_utc_s, "default_days": default_days}):
        held = holds.keeps(row, by_rule=True)
        found.append(RetentionCandidate(from_row(Incident, row), float(row["due_utc_s"]), held))
        free += not held
        if free >= limit:
            break
    return found


def merged_ids(connection: Connection, incident_id: str) -> list[str]:
    """Incidents that were merged into this one, and into those."""
    found = [incident_id]
    for one in found:
        ids = [str(row["id"]) for row in _MERGED.rows(connection, {"incident_id": one})]
        found += [row_id for row_id in ids if row_id not in found]
    return found[1:]


def files_of(connection: Connection, subject_id: str) -> list[str]:
    """Paths in the evidence store that an incident or alarm has; those of incidents merged into it as well."""
    ids = [subject_id, *merged_ids(connection, subject_id)]
    paths = [str(row["path"]) for one in ids for row in _FILES.rows(connection, {"subject_id": one})]
    return list(dict.fromkeys(paths))


def files_in_use(connection: Connection, paths: Collection[str]) -> set[str]:
    """Those of the paths that some row still names. Paths have no index: many are looked for in one pass."""
    if len(paths) > _FEW:
        return {str(row["path"]) for row in _ALL_PATHS.stream(connection)}.intersection(paths)
    return {path for path in paths if _IN_USE.row(connection, {"path": path}) is not None}
