"""What keeps a registry record in use, what goes with it, and values that would fail later. On the writer thread."""

from __future__ import annotations

from sqlalchemy import Column, Table, bindparam, select
from sqlalchemy.sql.elements import ColumnElement

from storage import guard_records, schema, schema_cases, values, wall_records
from storage.commands import RegistryRecord
from storage.errors import StorageCode, StorageError
from storage.ledger import Ledger
from storage.recording_schedule import Schedule
from storage.records import IncidentState
from storage.registry_records import AlertRoute, Deadline, LegalHold, PrivacyMask, Procedure, RecordingPlan
from storage.release_records import Channel
from storage.rows import LAST_UTC_S
from storage.statements import Statement, constant

_LONGEST_DEADLINE_S = LAST_UTC_S / 100
_CORNERS = 3
_MODES = ("continuous", "scheduled", "event", "off")
_STREAMS = ("main", "sub")
_MOST_IMPORTANT = 5


def _naming(column: Column[str], holds: ColumnElement[bool]) -> tuple[Table, Statement]:
    table = column.table
    return table, Statement(select(table.c.id).where(column == bindparam("record_id"), holds).limit(1))


def _in_use(table: Table) -> ColumnElement[bool]:
    return table.c.retired == 0


_OPEN = schema.incidents.c.state != constant(IncidentState.CLOSED)
_deadlines, _routes = schema_cases.deadlines, schema_cases.alert_routes
_views = schema_cases.saved_views

_NEEDED_BY: dict[Table, tuple[tuple[Table, Statement], ...]] = {
    schema.zones: (_naming(schema.rules.c.zone_id, _in_use(schema.rules)),),
    schema.cameras: (
        _naming(schema.rules.c.camera_id, _in_use(schema.rules)),
        _naming(schema.incidents.c.camera_id, _OPEN),
    ),
    schema.categories: (_naming(schema.rules.c.category_id, _in_use(schema.rules)),),
    schema_cases.wall_layouts: (_naming(_views.c.layout, _in_use(_views)),),
    schema_cases.services: (
        _naming(_routes.c.service_id, _in_use(_routes)),
        _naming(_routes.c.escalate_to_id, _in_use(_routes)),
        _naming(_deadlines.c.service_id, _in_use(_deadlines)),
        _naming(schema.incidents.c.service_id, _OPEN),
    ),
}
"""Records that cannot go while these rows name them: what they do would stop without a word."""

_GOES_ALONG = {
    schema.cameras: tuple(
        (table, Statement(select(table).where(column == bindparam("record_id"), table.c.retired == 0)))
        for table, column in (
            (schema.neighbours, schema.neighbours.c.camera_id),
            (schema.neighbours, schema.neighbours.c.neighbour_id),
            (schema.zones, schema.zones.c.camera_id),
            (schema.credentials, schema.credentials.c.id),
            (schema_cases.recording_plans, schema_cases.recording_plans.c.id),
            (schema_cases.privacy_masks, schema_cases.privacy_masks.c.camera_id),
            (schema_cases.camera_scales, schema_cases.camera_scales.c.id),
        )
    )
}
"""Records that say something about this one alone."""


def require_unused(ledger: Ledger, table: Table, record_id: str) -> None:
    """Raises BAD_VALUE, naming what still needs the record."""
    for other, statement in _NEEDED_BY.get(table, ()):
        row = statement.row(ledger.connection, {"record_id": record_id})
        if row is not None:
            raise StorageError(
                StorageCode.BAD_VALUE,
                field=table.name,
                reason="in use",
                table=table.name,
                id=record_id,
                used_by=f"{other.name} {row['id']}",
            )


def retire_along(ledger: Ledger, table: Table, record_id: str) -> None:
    """Take out of use what says something about this record alone."""
    for other, statement in _GOES_ALONG.get(table, ()):
        for row in statement.rows(ledger.connection, {"record_id": record_id}):
            ledger.update(other, row, {"retired": 1})


def check(ledger: Ledger, record: RegistryRecord) -> None:
    """Raises BAD_VALUE for what the workflow could not act on."""
    if isinstance(record, AlertRoute):
        _check_route(record)
    elif isinstance(record, Deadline):
        if not 0 < record.seconds <= _LONGEST_DEADLINE_S:
            raise values.bad("seconds", "not a time span")
        if record.state is IncidentState.CLOSED:
            raise values.bad("state", "nothing is due after the closing")
    elif isinstance(record, Procedure):
        for step in record.steps:
            values.text("steps", step, needed=True)
    elif isinstance(record, PrivacyMask):
        _check_mask(record)
    elif isinstance(record, LegalHold):
        _check_hold(ledger, record)
    elif isinstance(record, RecordingPlan):
        _check_plan(record)
    else:
        guard_records.check(record)
        wall_records.check(ledger, record)


def _check_route(record: AlertRoute) -> None:
    if record.channel not in frozenset(Channel):
        raise values.bad("channel", "unknown")
    if not 0 < record.answer_s <= _LONGEST_DEADLINE_S:
        raise values.bad("answer_s", "not a time span")
    if record.escalate_to_id == record.service_id:
        raise values.bad("escalate_to_id", "the same service")
    if "@" in record.target.partition("://")[2].partition("/")[0]:
        raise values.bad("target", "a login: the journal keeps every word for ever")


def _check_plan(plan: RecordingPlan) -> None:
    """BAD_SCHEDULE for a schedule that nobody could record by."""
    checks = {
        "mode": plan.mode in _MODES,
        "stream": plan.stream in _STREAMS,
        "importance": 1 <= plan.importance <= _MOST_IMPORTANT,
    }
    for field, good in checks.items():
        if not good:
            raise values.bad(field, "not of a plan", record="RecordingPlan")
    if plan.schedule or plan.mode == "scheduled":
        Schedule.parse(plan.schedule)


def _check_hold(ledger: Ledger, hold: LegalHold) -> None:
    """A hold on what is not there would hold nothing, and nobody would notice."""
    if hold.incident_id:
        ledger.get(schema.incidents, hold.incident_id)
    if hold.camera_id:
        ledger.get(schema.cameras, hold.camera_id)
    begin, end = (None if t is None else values.utc_s("from_utc_s", t) for t in (hold.from_utc_s, hold.to_utc_s))
    if begin is not None and end is not None and end < begin:
        raise values.bad("to_utc_s", "before the beginning")


def _check_mask(mask: PrivacyMask) -> None:
    if len(mask.points) < _CORNERS or not all(0.0 <= value <= 1.0 for point in mask.points for value in point):
        raise values.bad("points", "not a polygon of the picture")
