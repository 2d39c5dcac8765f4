"""What leaves the house: alerts, packages, disclosures; and what must go or stay by law. Frozen records."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Channel(StrEnum):
    """How an alert travels."""

    SMTP = "smtp"
    WEBHOOK = "webhook"
    MQTT = "mqtt"
    CAP = "cap"


class OutboxState(StrEnum):
    """What became of an alert."""

    WAITING = "waiting"
    SENT = "sent"
    ANSWERED = "answered"
    FAILED = "failed"
    ESCALATED = "escalated"


class DisclosureKind(StrEnum):
    """Who asks: an authority, or a person about themselves (GDPR Art. 15 and the like), who gets no picture of
    others."""

    AUTHORITY = "authority"
    SUBJECT = "subject"


class DisclosureState(StrEnum):
    """From an authority's letter to its receipt."""

    RECEIVED = "received"
    APPROVED = "approved"
    PACKED = "packed"
    GIVEN = "given"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """One alert on one route, written in the transaction of the fact that it tells."""

    id: str
    route_id: str
    service_id: str
    incident_id: str
    channel: Channel
    target: str
    body: str
    state: OutboxState
    attempts: int
    next_utc_s: float
    created_utc_s: float
    version: int
    sent_utc_s: float | None = None
    answered_utc_s: float | None = None
    answer: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Package:
    """An evidence package that was made: its hash, its signer, whether there were holes."""

    id: str
    subject_id: str
    path: str
    sha256: str
    fingerprint: str
    complete: bool
    master: bool
    at_utc_s: float
    actor_id: str
    approval_id: str | None = None
    recipient: str = ""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Somebody asks for footage: what, on which basis, what they got. Its footage is held from the first moment. Of a
    person who asks about themselves `authority` is the name."""

    id: str
    number: str
    authority: str
    legal_basis: str
    reference: str
    asked: str
    camera_ids: tuple[str, ...]
    from_utc_s: float
    to_utc_s: float
    due_utc_s: float
    recipient: str
    state: DisclosureState
    actor_id: str
    at_utc_s: float
    version: int
    given: str = ""
    refused: str = ""
    receipt: str = ""
    package_id: str | None = None
    approval_id: str | None = None
    kind: DisclosureKind = DisclosureKind.AUTHORITY


@dataclass(frozen=True, slots=True)
class Erasure:
    """Rows that the law took out: which, why, by whom. Their tombstones stay in the history."""

    id: str
    subject: str
    subject_id: str
    legal_basis: str
    reason: str
    rows: int
    at_utc_s: float
    actor_id: str
