"""What a record's form shows in place of ids and epoch seconds, and back: names, numbers of cameras, the site's time.

Pure; a `Registry` as it was read. A name that two records share is shown and taken as the id: nothing is guessed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

from app.errors import AppCode, AppError
from app.i18n import _
from app.record_forms import BY_CAMERA, KINDS
from app.site_time import offset_text
from app.typed_time import clock_of, day_of, moments_at, plain_words
from storage.columns import forms
from storage.journal import Registry

REFERENCES = {
    "camera_id": "cameras",
    "camera_ids": "cameras",
    "neighbour_id": "cameras",
    "category_id": "categories",
    "district_id": "districts",
    "escalate_to_id": "services",
    "operator_id": "operators",
    "place_id": "places",
    "service_id": "services",
    "view_ids": "saved_views",
    "zone_id": "zones",
}
"""Field to the table that it points to. An incident is not among them: the registry does not hold incidents."""

_TOLD = 12
"""Names in a sentence that says what is possible."""
_EPOCH = re.compile(r"\d{9,10}(\.\d+)?")


class RecordNames:
    """The names of one registry, for the forms of one page."""

    def __init__(self, registry: Registry, zone: ZoneInfo) -> None:
        self._zone = zone
        self._names = {table: _names(registry, table) for table in set(REFERENCES.values())}

    def shown(self, kind: str, texts: Mapping[str, str]) -> dict[str, str]:
        """`record_forms.texts_of` for people's eyes."""
        return {name: self._shown(kind, name, text) for name, text in texts.items()}

    def read(self, kind: str, texts: Mapping[str, str]) -> dict[str, str]:
        """Back again; an id is taken as well. Raises AppError(BAD_RECORD) naming the field."""
        return {name: self._read(kind, name, text) for name, text in texts.items()}

    def choices(self, kind: str, name: str) -> list[str]:
        """What can be typed there, for completing; empty where anything can."""
        table = _table(kind, name)
        if table is not None:
            return sorted(self._names[table].values())
        form, _null = forms(KINDS[kind][0])[name]
        if form is bool:
            return ["yes", "no"]
        if isinstance(form, type) and issubclass(form, Enum):
            return [str(member.value) for member in form]
        return []

    def _shown(self, kind: str, name: str, text: str) -> str:
        table = _table(kind, name)
        if table is not None:
            return "; ".join(self._names[table].get(part, part) for part in _parts(name, text))
        if name.endswith("_utc_s") and text:
            at = datetime.fromtimestamp(float(text), self._zone)
            parts = f".{at.microsecond:06}" if at.microsecond else ""
            return f"{at:%Y-%m-%d %H:%M:%S}{parts} {offset_text(at)}"
        return text

    def _read(self, kind: str, name: str, text: str) -> str:
        table = _table(kind, name)
        if table is not None:
            return "; ".join(self._id(name, table, part) for part in _parts(name, text))
        return self._moment(name, text) if name.endswith("_utc_s") and text.strip() else text

    def _id(self, name: str, table: str, part: str) -> str:
        names = self._names[table]
        if not part.strip("-") or part in names:  # nothing, or the dash of an empty item
            return part
        wanted = part.casefold()
        found = [key for key, shown in names.items() if wanted in (shown.casefold(), *_short(table, shown))]
        if len(found) != 1:
            known = sorted(names.values())
            more = " …" if len(known) > _TOLD else ""
            raise AppError(AppCode.BAD_RECORD, name=name, known=", ".join(known[:_TOLD]) + more)
        return found[0]

    def _moment(self, name: str, text: str) -> str:
        today = datetime.now(self._zone).date()
        if _EPOCH.fullmatch(text.strip()):
            return text.strip()
        words = plain_words(text).split(" ")
        try:
            day = day_of(words[0], today)
            clock = clock_of(words[1:] if day else words)
            found = moments_at(day or today, clock, self._zone) if clock is not None else ()
        except (ValueError, OverflowError):
            found = ()
        if not found:
            raise AppError(AppCode.BAD_RECORD, name=name, known=_("2026-11-22 18:00, yesterday 18:00"))
        return str(found[0])


def _table(kind: str, name: str) -> str | None:
    return "cameras" if name == "id" and kind in BY_CAMERA else REFERENCES.get(name)


def _parts(name: str, text: str) -> list[str]:
    return [part.strip() for part in text.split(";")] if name.endswith("_ids") else [text.strip()]


def _names(registry: Registry, table: str) -> dict[str, str]:
    """Id to what is shown: "4 North gate" for a camera, the name of others; the id where a name is not the only one."""
    records: tuple[Any, ...] = getattr(registry, table)
    shown = {
        one.id: (f"{one.number} {one.name}" if table == "cameras" else one.name).replace(";", ",") for one in records
    }
    often = Counter(text.casefold() for text in shown.values())

    def plain(key: str, text: str) -> bool:
        return bool(text) and often[text.casefold()] == 1 and (text == key or text not in shown)

    return {key: text if plain(key, text) else key for key, text in shown.items()}


def _short(table: str, shown: str) -> tuple[str, ...]:
    """A camera may be typed by its number alone."""
    return (shown.split(" ", 1)[0],) if table == "cameras" else ()
