"""What a service is told: number, category, severity, place, time and a link. No names, no words, no pictures.

Pure and frozen. Receivers recognise a message that comes twice (after a crash between sending and noting it) by `id`.
The words of the hand-over stay in the journal: they may name people, and an alert crosses networks of others.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from app.i18n import _
from app.labels import label_of
from storage.journal import Registry
from storage.records import Incident, IncidentState, Severity
from storage.registry_records import AlertRoute
from storage.release_records import OutboxMessage

FORMAT = "watchfloor-alert-1"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file for a named recipient, encrypted before it came here."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class AlertMessage:
    """One alert for one target. `utc_s` is when it happened; `link` is the incident's id, which only we can resolve."""

    id: str
    route_id: str
    target: str
    site: str
    number: str
    category_id: str
    category: str
    severity: Severity
    verified: bool
    place: str
    camera_id: str
    utc_s: float
    link: str
    latitude_deg: float | None = None
    longitude_deg: float | None = None
    attachments: tuple[Attachment, ...] = ()

    @property
    def topic(self) -> str:
        """The site as one level of an MQTT topic and one word of a CAP identifier."""
        return slug(self.site)


class Sender(Protocol):
    """Takes an alert to its target, or raises AppError (`ALERT_...`). Called on delivery threads, several at once."""

    def send(self, message: AlertMessage) -> None:
        """Return when the other side has taken it."""


class _Record(Protocol):
    @property
    def id(self) -> str: ...


_RecordT = TypeVar("_RecordT", bound=_Record)


def compose(outgoing: OutboxMessage, incident: Incident, registry: Registry, site: str) -> AlertMessage:
    """The message as it leaves, from the incident as it is now."""
    place = found(registry.places, incident.place_id)
    category = found(registry.categories, incident.category_id)
    where = [place.name if place else "", incident.address or (place.address if place else "")]
    if not any(where):
        camera = found(registry.cameras, incident.camera_id)
        where = [camera.name if camera else incident.camera_id]
    happened_utc_s = incident.happened_utc_s
    return AlertMessage(
        id=outgoing.id,
        route_id=outgoing.route_id,
        target=outgoing.target,
        site=site,
        number=incident.number,
        category_id=incident.category_id,
        category=_(category.name) if category else incident.category_id,
        severity=incident.severity,
        verified=incident.state not in {IncidentState.NEW, IncidentState.ACKNOWLEDGED},
        place=one_line(", ".join(part for part in where if part)),
        camera_id=incident.camera_id,
        utc_s=incident.opened_utc_s if happened_utc_s is None else happened_utc_s,
        link=incident.id,
        latitude_deg=place.latitude_deg if place else None,
        longitude_deg=place.longitude_deg if place else None,
    )


def route_of(outgoing: OutboxMessage, registry: Registry) -> AlertRoute | None:
    """The message's route, None when it was taken out of use."""
    return found(registry.alert_routes, outgoing.route_id)


def found(records: Iterable[_RecordT], record_id: str | None) -> _RecordT | None:
    """The record of that id."""
    return next((record for record in records if record.id == record_id), None)


def as_json(message: AlertMessage) -> bytes:
    """UTF-8 JSON for webhooks and MQTT."""
    fields: dict[str, object] = {
        "format": FORMAT,
        "message": message.id,
        "route": message.route_id,
        "site": message.site,
        "number": message.number,
        "category": message.category_id,
        "category_name": message.category,
        "severity": int(message.severity),
        "place": message.place,
        "time": moment(message.utc_s),
        "link": message.link,
    }
    if message.latitude_deg is not None and message.longitude_deg is not None:
        fields |= {"latitude": message.latitude_deg, "longitude": message.longitude_deg}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def as_lines(message: AlertMessage) -> list[str]:
    """For people, in the language in use."""
    return [
        f"{_('Number')}: {message.number}",
        f"{_('Category')}: {message.category}",
        f"{_('Severity')}: {int(message.severity)} ({label_of(message.severity)})",
        f"{_('Place')}: {message.place}",
        f"{_('Time')}: {moment(message.utc_s)}",
        f"{_('Reference')}: {message.link}",
    ]


def moment(utc_s: float) -> str:
    """UTC to the second (RFC 3339)."""
    return datetime.fromtimestamp(utc_s, UTC).isoformat(timespec="seconds")


def one_line(text: str) -> str:
    """Text without line breaks and control characters: it goes into headers, topics and XML."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def slug(text: str) -> str:
    """One word without what MQTT topics and CAP identifiers give a meaning to."""
    return "-".join("".join(c if c.isalnum() else " " for c in text.casefold()).split()) or "site"
