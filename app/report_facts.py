"""What a report says, before it has a form: names instead of identifiers, moments in UTC and local, changes in words.

Pure functions over an `IncidentFile` and the registry; any thread. Records that left the registry are shown by their
identifier. Moments follow ISO 8601 / RFC 3339; the local one always carries its offset, so that the two 01:30 of the
night when clocks go back stay apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import Enum
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

from app.i18n import _, marked
from app.labels import label_of, outcome_name
from app.masks import Polygon, masks_of
from app.report_template import STANDARD, ReportTemplate
from storage.journal import IncidentFile, Registry, Verification
from storage.records import (
    AlarmState,
    Camera,
    EvidenceKind,
    HistoryEntry,
    IncidentState,
    Outcome,
    Place,
    Role,
    RuleKind,
    Severity,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class ReportContext:
    """Who makes the report, when, for which site, and what the journal's chain looked like then.

    `language` is the report's own; `actor` a display name; `verification` None when nobody verified; `template` the
    site's own look."""

    site_name: str
    zone: ZoneInfo
    language: str
    actor: str
    generated_utc_s: float
    head_seq: int
    head_hash: str
    key_fingerprint: str | None = None
    verification: Verification | None = None
    template: ReportTemplate = STANDARD


class _Named(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...


_Record = TypeVar("_Record", bound=_Named)
NONE = "–"
_LONGEST_VALUE = 120

_FIELDS = {
    "state": marked("State"),
    "outcome": marked("Outcome"),
    "severity": marked("Severity"),
    "verdict": marked("Verdict"),
    "owner_id": marked("Owner"),
    "category_id": marked("Category"),
    "camera_id": marked("Camera"),
    "place_id": marked("Place"),
    "object_id": marked("Object"),
    "rule_id": marked("Rule"),
    "note": marked("Note"),
    "count": marked("Events"),
    "number": marked("Number"),
    "restricted": marked("Restricted"),
    "opened_utc_s": marked("Opened"),
    "first_utc_s": marked("First event"),
    "last_utc_s": marked("Last event"),
    "format": marked("Format"),
    "kind": marked("Kind"),
    "sha256": marked("SHA-256"),
}
_TABLES = {
    "incidents": marked("Incident"),
    "alarms": marked("Alarm"),
    "events": marked("Event"),
    "evidence": marked("Evidence"),
}
_SHOWN_WHEN_NEW = ("state", "outcome", "severity", "verdict", "owner_id", "kind", "note", "format", "sha256")
_NOT_SHOWN = ("id", "version", "salt", "digest", "hash")
_ENUMS: dict[str, tuple[type[Enum], ...]] = {
    "outcome": (Outcome,),
    "severity": (Severity,),
    "verdict": (Verdict,),
    "kind": (RuleKind, EvidenceKind),
    "role": (Role,),
}


def utc_text(utc_s: float, zone: tzinfo = UTC, *, timespec: str = "seconds") -> str:
    """`2026-10-25 00:30:00 UTC`, or the same moment in `zone` with its offset: `2026-10-25 03:30:00 +03:00`."""
    moment = _moment(utc_s, zone)
    if moment is None:
        return "?"
    text = moment.isoformat(" ", timespec)
    return f"{text[:-6]} UTC" if zone is UTC else f"{text[:-6]} {text[-6:]}"


def iso_text(utc_s: float, zone: tzinfo = UTC) -> str | None:
    """RFC 3339 with milliseconds: `Z` for UTC, else the offset; None for a number that is no moment."""
    moment = _moment(utc_s, zone)
    text = moment.isoformat(timespec="milliseconds") if moment else None
    return text.replace("+00:00", "Z") if text and zone is UTC else text


def _moment(utc_s: float, zone: tzinfo) -> datetime | None:
    try:
        return datetime.fromtimestamp(utc_s, zone)
    except (ValueError, OverflowError, OSError):
        return None


class Names:
    """Names of registry records by identifier."""

    def __init__(self, registry: Registry) -> None:
        self.cameras: dict[str, Camera] = {c.id: c for c in registry.cameras}
        self._places = _by_id(registry.places)
        self._districts = _by_id(registry.districts)
        self._objects = _by_id(registry.objects)
        self._categories = _by_id(registry.categories)
        self._outcomes = registry.outcomes
        self._services = _by_id(registry.services)
        self._rules = _by_id(registry.rules)
        self._zones = _by_id(registry.zones)
        self._operators = _by_id(registry.operators)
        self._registry = registry

    def camera(self, camera_id: str) -> str:
        """`12 North gate`."""
        camera = self.cameras.get(camera_id)
        return f"{camera.number} {camera.name}" if camera else camera_id

    def masks(self, camera_id: str) -> tuple[Polygon, ...]:
        """What covers the camera's pictures."""
        return masks_of(self._registry, camera_id)

    def category(self, category_id: str) -> str:
        """The category's name."""
        return _name(self._categories, category_id)

    def outcome(self, outcome_id: str) -> str:
        """The outcome's name."""
        return outcome_name(outcome_id, self._outcomes)

    def rule(self, rule_id: str) -> str:
        """The rule's name."""
        return _name(self._rules, rule_id)

    def zone_of_rule(self, rule_id: str) -> str:
        """The name of the zone that the rule guards."""
        rule = self._rules.get(rule_id)
        return _name(self._zones, rule.zone_id) if rule else NONE

    def place(self, place_id: str | None) -> Place | None:
        """The place."""
        return self._places.get(place_id) if place_id else None

    def place_name(self, place_id: str) -> str:
        """The place's name."""
        return _name(self._places, place_id)

    def district(self, place: Place | None) -> str:
        """The name of the place's district."""
        return _name(self._districts, place.district_id if place else None)

    def service(self, service_id: str) -> str:
        """The service's name."""
        return _name(self._services, service_id)

    def district_of(self, district_id: str | None) -> str:
        """The district's name."""
        return _name(self._districts, district_id) if district_id else ""

    def guarded(self, object_id: str | None) -> str:
        """The name of the protected object."""
        return _name(self._objects, object_id)

    def operator(self, operator_id: str | None) -> str:
        """Display name of an operator or another actor."""
        return _name(self._operators, operator_id)

    def of_field(self, field: str, value: str) -> str:
        """The name behind an identifier in the history's field `field`."""
        if field == "camera_id":
            return self.camera(value)
        known: dict[str, Mapping[str, _Named]] = {
            "owner_id": self._operators,
            "category_id": self._categories,
            "place_id": self._places,
            "object_id": self._objects,
            "rule_id": self._rules,
            "district_id": self._districts,
            "service_id": self._services,
        }
        return _name(known.get(field, {}), value)


def facts(file: IncidentFile, names: Names, context: ReportContext) -> list[tuple[str, str]]:
    """The report's first table: label and value, translated."""
    incident = file.incident
    place = names.place(incident.place_id)
    rule_ids = list(dict.fromkeys(a.rule_id for a in file.alarms))
    return [
        (_("Opened (UTC)"), utc_text(incident.opened_utc_s)),
        (_("Opened (local)"), f"{utc_text(incident.opened_utc_s, context.zone)} ({context.zone.key})"),
        *(
            [(_("Happened (local)"), utc_text(incident.happened_utc_s, context.zone))]
            if incident.happened_utc_s is not None
            else []
        ),
        (_("Source"), label_of(incident.source)),
        (_("Title"), incident.title or NONE),
        (_("Camera"), names.camera(incident.camera_id)),
        (_("Place"), place.name if place else incident.place_id or NONE),
        (_("Address"), incident.address or (place.address if place else "") or NONE),
        (_("District"), names.district_of(incident.district_id) or names.district(place)),
        (_("Object"), names.guarded(incident.object_id)),
        (_("Rule"), ", ".join(names.rule(r) for r in rule_ids) or NONE),
        (_("Zone"), ", ".join(names.zone_of_rule(r) for r in rule_ids) or NONE),
        (_("Owner"), names.operator(incident.owner_id)),
        *(
            [(_("Damage"), f"{incident.damage_minor / 100:,.2f} {incident.currency}")]
            if incident.damage_minor is not None
            else []
        ),
        (_("Alarms / events"), f"{len(file.alarms)} / {len(file.events)}"),
    ]


def changes_text(entry: HistoryEntry, names: Names, zone: tzinfo) -> str:
    """`State: New → Acknowledged; Owner: – → O. Shevchenko`: only what a reader needs of a new record.

    A field of another table than the subject's is stored as `table.field`."""
    parts = []
    for key, (before, after) in entry.changes.items():
        table, _dot, field = key.rpartition(".")
        if field in _NOT_SHOWN or before == after or (before is None and field not in _SHOWN_WHEN_NEW):
            continue
        values = (value_text(table or entry.subject, field, value, names, zone) for value in (before, after))
        old, new = (_cut(value) for value in values)
        if old != new:
            parts.append(f"{_field_label(table, field)}: {old} → {new}")
    return "; ".join(parts)


def _field_label(table: str, field: str) -> str:
    label = _(_FIELDS[field]) if field in _FIELDS else field.replace("_", " ")
    return f"{_(_TABLES.get(table, table))}, {label}" if table else label


def value_text(subject: str, field: str, value: object, names: Names, zone: tzinfo) -> str:
    """A stored value in words; `subject` decides whose state it is."""
    if value is None or value == "":
        return NONE
    if isinstance(value, bool) or field == "restricted":
        return _("yes") if value else _("no")
    if field.endswith("_utc_s") and isinstance(value, int | float):
        return utc_text(float(value), zone)
    kinds = _states(subject) if field == "state" else _ENUMS.get(field, ())
    for kind in kinds:
        if value in [member.value for member in kind]:
            return label_of(kind(value))
    return names.of_field(field, value) if isinstance(value, str) else str(value)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def _states(subject: str) -> tuple[type[Enum], ...]:
    return (AlarmState, IncidentState) if subject.startswith("alarm") else (IncidentState, AlarmState)


def _by_id(records: tuple[_Record, ...]) -> dict[str, _Record]:
    return {record.id: record for record in records}


def _name(records: Mapping[str, _Named], record_id: str | None) -> str:
    if record_id is None:
        return NONE
    record = records.get(record_id)
    return record.name if record else record_id
