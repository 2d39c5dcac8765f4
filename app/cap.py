"""The Common Alerting Protocol 1.2 (OASIS, ITU-T X.1303bis): an alert as XML, checked against the schema.

Addressed to one service, therefore `Private`. Times are UTC, written `-00:00` as the standard asks for.
"""

from __future__ import annotations

import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from lxml import etree

from app.alert_message import AlertMessage, one_line
from app.errors import AppCode, AppError
from app.i18n import language
from storage.records import Severity

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
MEDIA_TYPE = "application/cap+xml"
SCHEMA = Path(__file__).resolve().parent.parent / "resources" / "cap" / "CAP-v1.2.xsd"

_SEVERITIES = {
    Severity.INFO: "Unknown",
    Severity.LOW: "Minor",
    Severity.MEDIUM: "Moderate",
    Severity.HIGH: "Severe",
    Severity.CRITICAL: "Extreme",
}
_CATEGORIES = {
    "fire": "Fire",
    "accident": "Transport",
    "hit_and_run": "Transport",
    "illegal_parking": "Transport",
    "lost_child": "Rescue",
    "utility_failure": "Infra",
}
_lock = threading.Lock()


def write(message: AlertMessage, sender: str, status: str, now_utc_s: float | None = None) -> bytes:
    """The alert as a CAP document, valid or refused. Raises AppError(ALERT_NOT_VALID)."""
    ET.register_namespace("", NAMESPACE)
    root = _element("alert")
    _fill(
        root,
        [
            ("identifier", f"watchfloor.{message.topic}.{message.id}"),
            ("sender", sender),
            ("sent", _moment(time.time() if now_utc_s is None else now_utc_s)),
            ("status", status),
            ("msgType", "Alert"),
            ("source", "Watchfloor"),
            ("scope", "Private"),
            ("addresses", _quoted(message.route_id)),
            ("incidents", _quoted(message.number)),
        ],
    )
    root.append(_info(message))
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    check(document)
    return document


def check(document: bytes) -> None:
    """Raises AppError(ALERT_NOT_VALID) with the first fault."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        raise AppError(AppCode.ALERT_NOT_VALID, reason="not XML") from error
    with _lock:  # the schema and its list of faults are shared by the delivery threads
        schema = _schema()
        if not schema.validate(root):
            raise AppError(AppCode.ALERT_NOT_VALID, reason=one_line(schema.error_log[0].message))


def _info(message: AlertMessage) -> ET.Element:
    info = _element("info")
    urgent = message.severity >= Severity.HIGH
    _fill(
        info,
        [
            ("language", language()),
            ("category", _CATEGORIES.get(message.category_id, "Security")),
            ("event", message.category),
            ("urgency", "Immediate" if urgent else "Expected"),
            ("severity", _SEVERITIES[message.severity]),
            ("certainty", "Observed" if message.verified else "Likely"),
            ("onset", _moment(message.utc_s)),
            ("senderName", message.site),
            ("headline", f"{message.number}: {message.category}, {message.place}"),
        ],
    )
    for name, value in (("watchfloor:message", message.id), ("watchfloor:link", message.link)):
        parameter = _element("parameter")
        _fill(parameter, [("valueName", name), ("value", value)])
        info.append(parameter)
    area = _element("area")
    _fill(area, [("areaDesc", message.place)])
    if message.latitude_deg is not None and message.longitude_deg is not None:
        _fill(area, [("circle", f"{message.latitude_deg:.6f},{message.longitude_deg:.6f} 0")])
    info.append(area)
    return info


def _element(name: str) -> ET.Element:
    return ET.Element(f"{{{NAMESPACE}}}{name}")


def _fill(parent: ET.Element, texts: Iterable[tuple[str, str]]) -> None:
    for name, text in texts:
        child = _element(name)
        child.text = one_line(text)
        parent.append(child)


def _quoted(text: str) -> str:
    return f'"{text}"' if " " in text else text


def _moment(utc_s: float) -> str:
    return datetime.fromtimestamp(utc_s, UTC).strftime("%Y-%m-%dT%H:%M:%S-00:00")


@lru_cache(maxsize=1)
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(SCHEMA))
