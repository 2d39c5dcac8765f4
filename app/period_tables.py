"""A period's incidents for machines and spreadsheets: CSV, XLSX, JSON, GeoJSON (RFC 7946). Pure: bytes come back.

Text cells are never formulas: CSV cells that a spreadsheet would run begin with an apostrophe, XLSX cells are written
as strings.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from app.period_facts import PeriodFacts
from app.report_facts import Names, ReportContext, iso_text
from app.report_tables import csv_bytes
from storage.journal import Registry
from storage.records import Incident

COLUMNS = (
    "number",
    "opened_utc",
    "opened_local",
    "happened_utc",
    "group",
    "category",
    "severity",
    "state",
    "outcome",
    "title",
    "note",
    "camera_number",
    "camera",
    "place",
    "address",
    "district",
    "owner",
    "acknowledged_utc",
    "handed_over_utc",
    "on_scene_utc",
    "closed_utc",
    "damage",
    "currency",
    "merged_into",
)
_WIDTH = 18
FORMAT = "watchfloor.period/1"


def rows_of(facts: PeriodFacts, registry: Registry, context: ReportContext) -> list[tuple[object, ...]]:
    """One row per incident, in the order of `COLUMNS`."""
    names = Names(registry)
    groups = {category.id: category.group for category in registry.categories}
    return [_row(incident, names, groups, context) for incident in facts.incidents]


def _row(incident: Incident, names: Names, groups: dict[str, str], context: ReportContext) -> tuple[object, ...]:
    camera, place = names.cameras.get(incident.camera_id), names.place(incident.place_id)
    return (
        incident.number,
        iso_text(incident.opened_utc_s),
        iso_text(incident.opened_utc_s, context.zone),
        _moment(incident.happened_utc_s),
        groups.get(incident.category_id, ""),
        names.category(incident.category_id),
        int(incident.severity),
        incident.state.value,
        incident.outcome or "",
        incident.title,
        incident.note,
        camera.number if camera else "",
        camera.name if camera else incident.camera_id,
        place.name if place else "",
        incident.address or (place.address if place else ""),
        names.district_of(incident.district_id),
        names.operator(incident.owner_id) if incident.owner_id else "",
        _moment(incident.acknowledged_utc_s),
        _moment(incident.handed_over_utc_s),
        _moment(incident.on_scene_utc_s),
        _moment(incident.closed_utc_s),
        incident.damage_minor / 100 if incident.damage_minor is not None else "",
        incident.currency,
        incident.merged_into_id or "",
    )


def _moment(utc_s: float | None) -> str:
    return (iso_text(utc_s) or "") if utc_s is not None else ""


def period_csv(facts: PeriodFacts, registry: Registry, context: ReportContext) -> bytes:
    """UTF-8 with BOM."""
    return csv_bytes(COLUMNS, rows_of(facts, registry, context))


def period_json(facts: PeriodFacts, registry: Registry, context: ReportContext) -> bytes:
    """The list and the counts."""
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in rows_of(facts, registry, context)]
    tree = {"format": FORMAT, "site": context.site_name, **summary(facts, registry), "incidents": rows}
    return (json.dumps(tree, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode("utf-8", "backslashreplace")


def period_geojson(facts: PeriodFacts, registry: Registry, context: ReportContext) -> bytes:
    """A point per incident whose place has one; the others are features without geometry, as RFC 7946 allows."""
    names = Names(registry)
    features = []
    for incident, row in zip(facts.incidents, rows_of(facts, registry, context), strict=True):
        place = names.place(incident.place_id)
        point = None
        if place is not None and place.longitude_deg is not None and place.latitude_deg is not None:
            point = {"type": "Point", "coordinates": [place.longitude_deg, place.latitude_deg]}
        properties = {k: v for k, v in zip(COLUMNS, row, strict=True) if v != ""}
        features.append({"type": "Feature", "id": incident.number, "geometry": point, "properties": properties})
    tree = {"type": "FeatureCollection", "features": features}
    return (json.dumps(tree, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8", "backslashreplace")


def period_xlsx(facts: PeriodFacts, registry: Registry, context: ReportContext) -> bytes:
    """Two sheets: the list with filters, the counts."""
    import xlsxwriter

    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        bold = book.add_format({"bold": True})
        sheet = book.add_worksheet("Incidents")
        rows = rows_of(facts, registry, context)
        sheet.write_row(0, 0, COLUMNS, bold)
        for number, row in enumerate(rows, 1):
            sheet.write_row(number, 0, row)
        sheet.autofilter(0, 0, max(len(rows), 1), len(COLUMNS) - 1)
        sheet.freeze_panes(1, 1)
        sheet.set_column(0, len(COLUMNS) - 1, _WIDTH)
        counts = book.add_worksheet("Counts")
        line = 0
        for title, found in summary(facts, registry).items():
            for key, value in _flat(found):
                counts.write_row(line, 0, (title, key, value if isinstance(value, int | float | str) else str(value)))
                line += 1
        counts.set_column(0, 2, _WIDTH)
    return out.getvalue()


def _flat(found: object, name: str = "") -> list[tuple[str, object]]:
    """Values by their names, those within one another joined by a space."""
    if not isinstance(found, dict):
        return [(name, found)]
    return [item for key, value in found.items() for item in _flat(value, f"{name} {key}".strip())]


def summary(facts: PeriodFacts, registry: Registry) -> dict[str, Any]:
    """Counts by name, for JSON and the second sheet."""
    names = Names(registry)
    return {
        "period": {
            "title": facts.period.title,
            "from": iso_text(facts.period.from_utc_s),
            "to": iso_text(facts.period.to_utc_s),
        },
        "complete": facts.complete,
        "count": sum(count for _key, count in facts.by_category),
        "still_open": facts.still_open,
        "by_group": dict(facts.by_group),
        "by_category": _named(facts.by_category, names.category),
        "by_outcome": _named(facts.by_outcome, names.outcome),
        "by_district": _named(facts.by_district, names.district_of),
        "by_place": _named(facts.by_place, names.place_name),
        "by_camera": _named(facts.by_camera, names.camera),
        "by_operator": _named(facts.by_operator, names.operator),
        "damage": {currency: minor / 100 for currency, minor in facts.damage_minor},
        "times_s": {name: asdict(spread) for name, spread in facts.times},
    }


def _named(counts: tuple[tuple[str, int], ...], name: Callable[[str], str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for key, count in counts:
        found[name(key)] = found.get(name(key), 0) + count
    return found
