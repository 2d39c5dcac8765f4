"""Reports for machines and spreadsheets: an incident as JSON or CSV, all events as CSV.

JSON holds every stored field; each moment three times (epoch seconds, RFC 3339 in UTC, RFC 3339 local with offset). The
incident's CSV is the same tree as rows of section, item, field, value. Stream addresses are left out: reports leave the
house. CSV is UTF-8 with BOM, and text cells that a spreadsheet would run as a formula begin with an apostrophe
(OWASP, CSV injection). Pure: bytes come back, nothing is written here.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import tzinfo
from enum import Enum
from typing import Any

from app.report_facts import Names, ReportContext, iso_text
from storage.journal import IncidentFile, Registry
from storage.records import Event

FORMAT = "watchfloor.incident/1"
_FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
_EVENT_COLUMNS = (
    "event_id",
    "time_utc",
    "time_local",
    "since_utc",
    "duration_s",
    "camera_number",
    "camera",
    "place",
    "rule",
    "zone",
    "kind",
    "severity",
    "label",
    "score",
    "track",
    "x1",
    "y1",
    "x2",
    "y2",
    "detector",
)


def incident_json(file: IncidentFile, registry: Registry, context: ReportContext) -> bytes:
    """The whole file of an incident, UTF-8, keys in a fixed order."""
    tree = _tree(file, registry, context)
    return (json.dumps(tree, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode("utf-8", "backslashreplace")


def incident_csv(file: IncidentFile, registry: Registry, context: ReportContext) -> bytes:
    """The same as JSON, flat: section, item, field, value."""
    rows: list[Sequence[object]] = []
    for section, content in _tree(file, registry, context).items():
        items = content if isinstance(content, list) else [content]
        for index, item in enumerate(items, 1):
            rows.extend((section, index, field, value) for field, value in _flat(item))
    return csv_bytes(("section", "item", "field", "value"), rows)


def events_csv(events: Iterable[Event], registry: Registry, zone: tzinfo) -> bytes:
    """One row per event."""
    names = Names(registry)
    return csv_bytes(_EVENT_COLUMNS, (_event_row(event, names, zone) for event in events))


def guarded(cell: object) -> object:
    """A cell that no spreadsheet takes for a formula; numbers stay numbers."""
    if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS):
        return f"'{cell}"
    return cell


def _event_row(event: Event, names: Names, zone: tzinfo) -> tuple[object, ...]:
    camera = names.cameras.get(event.camera_id)
    place = names.place(camera.place_id if camera else None)
    return (
        event.id,
        iso_text(event.utc_s),
        iso_text(event.utc_s, zone),
        iso_text(event.since_utc_s),
        round(event.utc_s - event.since_utc_s, 3),
        camera.number if camera else "",
        camera.name if camera else event.camera_id,
        place.name if place else "",
        names.rule(event.rule_id),
        names.zone_of_rule(event.rule_id),
        event.kind.value,
        int(event.severity),
        event.label,
        round(event.score, 3),
        event.track_id,
        *(round(edge, 4) for edge in event.box),
        event.detector,
    )


def _tree(file: IncidentFile, registry: Registry, context: ReportContext) -> dict[str, Any]:
    names = Names(registry)
    incident = file.incident
    place = names.place(incident.place_id)
    return {
        "report": {
            "format": FORMAT,
            "site": context.site_name,
            "actor": context.actor,
            "timezone": context.zone.key,
            "language": context.language,
            **_moments("generated", context.generated_utc_s, context.zone),
        },
        "incident": _record(incident, names, context.zone)
        | {"place": place.name if place else None, "address": place.address if place else None}
        | {"district": names.district(place) if place else None},
        "alarms": [_record(alarm, names, context.zone) for alarm in file.alarms],
        "events": [_record(event, names, context.zone) for event in file.events],
        "evidence": [_record(item, names, context.zone) for item in file.evidence],
        **{
            name: [_record(item, names, context.zone) for item in getattr(file, name)]
            for name in ("handovers", "steps", "participants", "notes", "links", "exhibits", "alerts", "packages")
        },
        "history": [_record(entry, names, context.zone) for entry in file.history],
        "chain": {
            "head_seq": context.head_seq,
            "head_hash": context.head_hash,
            "key_fingerprint": context.key_fingerprint,
            "verified_ok": context.verification.ok if context.verification else None,
            "verification": asdict(context.verification) if context.verification else None,
        },
    }


def _record(record: Any, names: Names, zone: tzinfo) -> dict[str, Any]:
    """Every field of a dataclass, moments spelled out, and the names behind the identifiers."""
    fields: dict[str, Any] = {}
    for name, value in asdict(record).items():
        if name.endswith("_utc_s") or name == "utc_s":
            fields |= _moments(name.removesuffix("utc_s").rstrip("_"), value, zone)
            continue
        fields[name] = _plain(value)
        if name.endswith("_id") and isinstance(value, str):
            readable = names.of_field(name, value)
            fields |= {name.removesuffix("_id"): readable} if readable != value else {}
    return fields


def _moments(name: str, utc_s: float | None, zone: tzinfo) -> dict[str, Any]:
    prefix = f"{name}_" if name else ""
    if utc_s is None:
        return {f"{prefix}{form}": None for form in ("utc_s", "utc", "local")}
    return {
        f"{prefix}utc_s": _plain(utc_s),
        f"{prefix}utc": iso_text(utc_s),
        f"{prefix}local": iso_text(utc_s, zone),
    }


def _plain(value: Any) -> Any:
    """JSON's own types; whatever a stored change may hold besides becomes its text."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else str(value)


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Leaves of a tree with their dotted path."""
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list | tuple):
        pairs = [(str(index), item) for index, item in enumerate(value, 1)]
    else:
        yield prefix, "" if value is None else value
        return
    for key, item in pairs:
        yield from _flat(item, f"{prefix}.{key}" if prefix else str(key))


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A CSV file of guarded cells, UTF-8 with BOM."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(header)
    for row in rows:
        writer.writerow([guarded(cell) for cell in row])
    return out.getvalue().encode("utf-8-sig", "backslashreplace")
