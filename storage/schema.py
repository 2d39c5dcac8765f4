"""The journal's tables, written once: SQLAlchemy Core MetaData for SQLite today and PostgreSQL later.

Every fact table has a text `id`. Rows that can change carry `revision`, the number of their newest history row;
alarms and incidents also carry `version`, the number that an operator's command must name (feeding an alarm is a new
revision but, unless its severity rises, no new version: it must not void the operator's decision).

Events, alarms and incidents name cameras and rules without a foreign key: a fact is written down even when the
registry row that it speaks of is missing on this machine.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from storage import schema_cases
from storage.columns import facts as _facts
from storage.columns import flag as _flag
from storage.columns import link as _link
from storage.columns import metadata
from storage.columns import number as _number
from storage.columns import real as _real
from storage.columns import registry as _registry
from storage.columns import text as _text

APPLICATION_ID = 0x57464C52
"""SQLite header field (offset 68) that says "this is a Watchfloor journal" (`WFLR`)."""

SCHEMA_VERSION = 3
"""SQLite's user_version: the number of the last migration step."""

meta = _facts("meta", _text("value"), _number("revision"))
signing_keys = _facts("signing_keys", _text("public_key"), _real("registered_at_utc_s"), _number("revision"))

operators = _registry(
    "operators",
    _text("name"),
    _text("role"),
    _real("valid_from_utc_s", null=True),
    _real("valid_to_utc_s", null=True),
    _text("group_ids", null=True),
)
districts = _registry("districts", _text("name"))
places = _registry(
    "places",
    _text("name"),
    _text("address"),
    _link("district_id", "districts.id", null=True),
    _real("latitude_deg", null=True),
    _real("longitude_deg", null=True),
    _text("kind", null=True),
)
objects = _registry("objects", _text("name"), _link("place_id", "places.id", null=True))
categories = _registry(
    "categories",
    _text("name"),
    _text("group"),
    _text("letter", null=True),
    _number("severity", null=True),
    _number("keep_days", null=True),
)
cameras = _registry(
    "cameras",
    _number("number"),
    _text("name"),
    _text("main_url"),
    _text("sub_url", null=True),
    _link("place_id", "places.id", null=True),
    _link("object_id", "objects.id", null=True),
    _flag("restricted"),
)
credentials = _registry("credentials", _text("sealed"))
neighbours = _registry(
    "neighbours", _link("camera_id", "cameras.id"), _text("side"), _link("neighbour_id", "cameras.id")
)
zones = _registry("zones", _link("camera_id", "cameras.id"), _text("name"), _text("points"), _text("kind", null=True))
rules = _registry(
    "rules",
    _link("camera_id", "cameras.id"),
    _link("zone_id", "zones.id"),
    _text("name"),
    _text("kind"),
    _text("labels"),
    _real("min_score"),
    _real("hold_s"),
    _real("cooldown_s"),
    _number("severity"),
    _link("category_id", "categories.id"),
    _flag("opens_incident"),
    _flag("enabled"),
    _text("schedule", null=True),
    _real("sensitivity", null=True),
    _real("limit", null=True),
    _text("direction", null=True),
    _text("group_id", null=True),
)

incidents = _facts(
    "incidents",
    _text("number"),
    _link("category_id", "categories.id"),
    _number("severity"),
    _text("state"),
    _text("camera_id"),
    _real("opened_utc_s"),
    _number("version"),
    _text("place_id", null=True),
    _text("object_id", null=True),
    _text("owner_id", null=True),
    _text("outcome", null=True),
    _text("note"),
    _flag("restricted"),
    _text("source", null=True),
    _text("title", null=True),
    _text("address", null=True),
    _text("district_id", null=True),
    _real("happened_utc_s", null=True),
    _text("service_id", null=True),
    _real("due_utc_s", null=True),
    _real("escalated_utc_s", null=True),
    _number("damage_minor", null=True),
    _text("currency", null=True),
    _text("merged_into_id", null=True),
    _real("acknowledged_utc_s", null=True),
    _real("handed_over_utc_s", null=True),
    _real("on_scene_utc_s", null=True),
    _real("closed_utc_s", null=True),
    _number("revision"),
    UniqueConstraint("number"),
)
alarms = _facts(
    "alarms",
    _text("group_key"),
    _text("camera_id"),
    _text("rule_id"),
    _number("severity"),
    _text("state"),
    _real("first_utc_s"),
    _real("last_utc_s"),
    _number("count"),
    _text("first_event_id"),
    _number("version"),
    _text("owner_id", null=True),
    _text("verdict", null=True),
    _link("incident_id", "incidents.id", null=True),
    _number("revision"),
)
events = _facts(
    "events",
    _text("camera_id"),
    _text("rule_id"),
    _text("kind"),
    _number("severity"),
    _real("utc_s"),
    _real("since_utc_s"),
    _number("track_id"),
    _text("label"),
    _real("score"),
    _real("x1"),
    _real("y1"),
    _real("x2"),
    _real("y2"),
    _text("detector"),
    _real("pts_s"),
    # Deferred: the event is written first, since its id decides whether anything is to be done.
    Column("alarm_id", Text, ForeignKey("alarms.id", deferrable=True, initially="DEFERRED"), nullable=False),
)
evidence = _facts(
    "evidence",
    _text("kind"),
    _text("path"),
    _text("sha256"),
    _text("camera_id"),
    _link("event_id", "events.id"),
    _link("alarm_id", "alarms.id"),
    _real("from_utc_s"),
    _real("to_utc_s"),
    _text("marks"),
)
exports = _facts(
    "exports",
    _link("incident_id", "incidents.id"),
    _text("format"),
    _text("sha256"),
    _real("at_utc_s"),
    _text("actor_id"),
)
footage_digests = _facts(
    "footage_digests", _real("from_utc_s"), _real("to_utc_s"), _number("count"), _text("digest"), _real("at_utc_s")
)
checkpoints = _facts(
    "checkpoints",
    _number("seq"),
    _text("head"),
    _real("at_utc_s"),
    _text("rows"),
    _link("key_id", "signing_keys.id"),
    _text("signature"),
)

history = Table(
    "history",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    _text("table_name"),
    _text("row_id"),
    _number("version"),
    _text("payload", null=True),
    Column("salt", LargeBinary, nullable=True),
    _text("digest"),
    _flag("erased"),
    UniqueConstraint("table_name", "row_id", "version"),
    sqlite_with_rowid=False,
)
audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    _text("id"),
    _real("at_utc_s"),
    _text("actor_id"),
    _text("action"),
    _text("subject"),
    _text("subject_id"),
    _text("digests"),
    _text("previous_hash"),
    _text("hash"),
)

Index("ix_cameras_number", cameras.c.number, unique=True, sqlite_where=cameras.c.retired == 0)
Index("ix_alarms_open", alarms.c.group_key, sqlite_where=alarms.c.state != "judged")
Index("ix_alarms_group", alarms.c.group_key, alarms.c.id)
Index("ix_alarms_list", alarms.c.severity, alarms.c.id)
Index("ix_alarms_incident", alarms.c.incident_id, sqlite_where=alarms.c.incident_id.is_not(None))
Index("ix_incidents_open", incidents.c.id, sqlite_where=incidents.c.state != "closed")
Index("ix_events_time", events.c.utc_s, events.c.id)
Index("ix_events_alarm", events.c.alarm_id)
Index("ix_evidence_event", evidence.c.event_id)
Index("ix_evidence_alarm", evidence.c.alarm_id)
Index("ix_exports_incident", exports.c.incident_id)
Index("ix_footage_digests_time", footage_digests.c.to_utc_s)
Index("ix_checkpoints_seq", checkpoints.c.seq)

Index("ix_incidents_closed", incidents.c.closed_utc_s, sqlite_where=incidents.c.closed_utc_s.is_not(None))
Index("ix_incidents_merged", incidents.c.merged_into_id, sqlite_where=incidents.c.merged_into_id.is_not(None))
Index("ix_incidents_by_hand", incidents.c.id, sqlite_where=incidents.c.source.in_(("operator", "call")))
Index("ix_incidents_due", incidents.c.due_utc_s, sqlite_where=incidents.c.due_utc_s.is_not(None))
Index("ix_incidents_time", incidents.c.opened_utc_s)
Index("ix_incidents_open_time", incidents.c.opened_utc_s, sqlite_where=incidents.c.state != "closed")
Index("ix_incidents_place", incidents.c.place_id, incidents.c.opened_utc_s)
Index("ix_incidents_district", incidents.c.district_id, incidents.c.opened_utc_s)
Index("ix_incidents_category", incidents.c.category_id, incidents.c.opened_utc_s)
Index("ix_incidents_camera", incidents.c.camera_id, incidents.c.opened_utc_s)
Index("ix_incidents_state", incidents.c.state, incidents.c.opened_utc_s)
Index("ix_incidents_owner", incidents.c.owner_id, incidents.c.opened_utc_s)
Index("ix_incidents_severity", incidents.c.severity, incidents.c.opened_utc_s)
Index("ix_incidents_outcome", incidents.c.outcome, incidents.c.opened_utc_s)
Index("ix_incidents_service", incidents.c.service_id, incidents.c.opened_utc_s)

CASE_TABLES = schema_cases.TABLES
"""Tables of step 0003."""

FACTS: dict[str, Table] = {str(t.name): t for t in metadata.sorted_tables if t not in (history, audit)}
"""Tables whose every row has a history and a digest in the chain."""

ADDED: dict[str, tuple[str, ...]] = {
    "operators": ("valid_from_utc_s", "valid_to_utc_s", "group_ids"),
    "places": ("kind",),
    "zones": ("kind",),
    "rules": ("schedule", "sensitivity", "limit", "direction", "group_id"),
    "categories": ("letter", "severity", "keep_days"),
    "incidents": (
        "source",
        "title",
        "address",
        "district_id",
        "happened_utc_s",
        "service_id",
        "due_utc_s",
        "escalated_utc_s",
        "damage_minor",
        "currency",
        "merged_into_id",
        "acknowledged_utc_s",
        "handed_over_utc_s",
        "on_scene_utc_s",
        "closed_utc_s",
    ),
}
"""Columns of step 0003 on older tables. All allow NULL: an older row and its history stay as they were sealed."""

INLINE = frozenset({"events"})
"""Immutable rows: the row itself is the payload, so that history does not store it twice."""
