"""Rules as a JSON file, for `main.py replay`: {"zones": [...], "rules": [...], "scale": {...}, "timezone": "..."}.

Fields are those of the records; `camera_id` may be left out. Replayed events go out as JSON, too, without ids, so that
two runs can be compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from app.errors import AppCode, AppError
from app.record_forms import made
from detection.file_replay import ReplayedEvent
from storage.records import RuleSpec, Zone
from storage.registry_records import CameraScale

FILE = "file"
"""The camera's id when the file names none."""

RecordT = TypeVar("RecordT")


@dataclass(frozen=True, slots=True)
class RuleSet:
    """What guards one camera."""

    camera_id: str
    rules: tuple[RuleSpec, ...]
    zones: tuple[Zone, ...]
    scale: CameraScale | None = None
    timezone: str = "UTC"


def read_rules(path: Path) -> RuleSet:
    """Raises AppError(BAD_RECORD) for what is no rule, DetectionError(BAD_ZONE); OSError for an unreadable file."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise AppError(AppCode.BAD_RECORD, name=path.name, known="JSON") from error
    if not isinstance(data, dict) or not all(isinstance(data.get(key, []), list) for key in ("zones", "rules")):
        raise AppError(AppCode.BAD_RECORD, name=path.name, known='{"zones": [...], "rules": [...]}')
    rules = tuple(_record(RuleSpec, item) for item in data.get("rules", []))
    zones = tuple(_record(Zone, item) for item in data.get("zones", []))
    scale = _record(CameraScale, data["scale"]) if data.get("scale") else None
    return RuleSet(rules[0].camera_id if rules else FILE, rules, zones, scale, str(data.get("timezone", "UTC")))


def events_json(events: Iterable[ReplayedEvent]) -> str:
    """A list with one event a line, in their order."""
    lines = ",\n".join(json.dumps(_plain(item)) for item in events)
    return f"[\n{lines}\n]\n" if lines else "[]\n"


def _plain(item: ReplayedEvent) -> dict[str, object]:
    event = item.event
    return {
        "frame": item.frame,
        "pts_s": round(event.pts_s, 3),
        "held_s": round(event.utc_s - event.since_utc_s, 3),
        "kind": event.kind.value,
        "rule": event.rule_id,
        "track": event.track_id,
        "label": event.label,
        "score": round(event.score, 3),
        "box": [round(value, 4) for value in event.box],
    }


def _record(kind: type[RecordT], item: object) -> RecordT:
    if not isinstance(item, dict):
        raise AppError(AppCode.BAD_RECORD, name=kind.__name__, known="{...}")
    values = {"id": FILE, **({"camera_id": FILE, "name": str(item.get("id", FILE))} if kind is not CameraScale else {})}
    record: Any = made(kind, {**values, **{str(name): _text(value) for name, value in item.items()}})
    checked: RecordT = record
    return checked


def _text(value: object) -> str:
    """A JSON value as `record_forms.made` reads it: rows by semicolons, their numbers by commas."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        inner = any(isinstance(part, int | float) for part in value)
        return (", " if inner else "; ").join(_text(part) for part in value)
    return str(value)
