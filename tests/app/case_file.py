"""A made-up case with everything a report can show, for the tests of reports."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from PIL import Image, ImageDraw

from app.report_facts import ReportContext
from storage.journal import IncidentFile, Registry, Verification
from storage.records import (
    Alarm,
    AlarmState,
    Box,
    BoxMark,
    Camera,
    Category,
    District,
    Event,
    Evidence,
    EvidenceKind,
    HistoryEntry,
    Incident,
    IncidentState,
    Operator,
    Outcome,
    Place,
    ProtectedObject,
    Role,
    RuleKind,
    RuleSpec,
    Severity,
    Verdict,
    Zone,
)

# The night when Kyiv's clocks go back: 03:30 comes twice, first with +03:00, then with +02:00.
FIRST_0330 = datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp()
SECOND_0330 = datetime(2026, 10, 25, 1, 30, tzinfo=UTC).timestamp()
KAZAKH = "Әл-Фараби көшесі, Ғ. Мұратбаев пен Қ. Сәтбаев қиылысы, ң ө ү һ і"
UKRAINIAN = "вул. Ґонти, під’їзд № 3, Їжакевича, Єднання"


def jpeg(width_px: int = 1280, height_px: int = 720) -> bytes:
    """A drawn street with a figure."""
    picture = Image.new("RGB", (width_px, height_px), (124, 132, 126))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, height_px * 0.55, width_px, height_px), fill=(78, 80, 84))
    draw.rectangle((width_px * 0.42, height_px * 0.4, width_px * 0.5, height_px * 0.85), fill=(150, 60, 50))
    draw.ellipse((width_px * 0.43, height_px * 0.3, width_px * 0.49, height_px * 0.42), fill=(216, 180, 150))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()


def registry() -> Registry:
    """One of each."""
    return Registry(
        cameras=(Camera("cam-12", 12, "Північні ворота", "rtsp://10.1.2.3/main", place_id="place", object_id="obj"),),
        zones=(Zone("zone", "cam-12", "Loading bay", ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9))),),
        rules=(RuleSpec("rule", "cam-12", "zone", "Nobody in the loading bay"),),
        places=(Place("place", UKRAINIAN, KAZAKH, "district"),),
        districts=(District("district", "Шевченківський"),),
        objects=(ProtectedObject("obj", "Waterworks"),),
        categories=(Category("intrusion", "Intrusion", "offence"),),
        operators=(Operator("op-7", "О. Шевченко", Role.OPERATOR),),
    )


def event(number: int, utc_s: float) -> Event:
    """A person in the zone for 2.5 s."""
    return Event(
        id=f"event-{number}",
        camera_id="cam-12",
        rule_id="rule",
        kind=RuleKind.INTRUSION,
        severity=Severity.HIGH,
        utc_s=utc_s,
        since_utc_s=utc_s - 2.5,
        track_id=number,
        label="person",
        score=0.87,
        box=Box(0.41, 0.29, 0.51, 0.86),
        detector="openvino yolo11n int8",
    )


def entry(seq: int, utc_s: float, action: str, changes: dict[str, tuple[object, object]]) -> HistoryEntry:
    """One line of history by operator 7."""
    digest = hashlib.sha256(str(seq).encode()).hexdigest()
    return HistoryEntry(seq, utc_s, "op-7", action, "incidents", "incident", changes, digest)


def case(still: bytes, *, events: int = 2, note: str = "Handed to patrol 14.") -> IncidentFile:
    """An incident that ran through its whole life during the night of two 03:30s."""
    times = [FIRST_0330, SECOND_0330] + [SECOND_0330 + 10 * i for i in range(1, events - 1)]
    return IncidentFile(
        incident=Incident(
            id="incident",
            number="2026-000042",
            category_id="intrusion",
            severity=Severity.HIGH,
            state=IncidentState.CLOSED,
            camera_id="cam-12",
            opened_utc_s=FIRST_0330,
            version=4,
            place_id="place",
            object_id="obj",
            owner_id="op-7",
            outcome=Outcome.HANDED_OVER,
            note=note,
        ),
        alarms=(
            Alarm(
                id="alarm",
                group_key="cam-12/rule",
                camera_id="cam-12",
                rule_id="rule",
                severity=Severity.HIGH,
                state=AlarmState.JUDGED,
                first_utc_s=FIRST_0330,
                last_utc_s=times[-1],
                count=events,
                first_event_id="event-1",
                version=3,
                owner_id="op-7",
                verdict=Verdict.INCIDENT,
                incident_id="incident",
            ),
        ),
        events=tuple(event(i, t) for i, t in enumerate(times, 1)),
        evidence=(
            Evidence(
                id="still",
                kind=EvidenceKind.STILL,
                path="ab/cd.jpg",
                sha256=hashlib.sha256(still).hexdigest(),
                camera_id="cam-12",
                event_id="event-1",
                from_utc_s=FIRST_0330 + 0.04,
                to_utc_s=FIRST_0330 + 0.04,
                marks=(BoxMark(Box(0.41, 0.29, 0.51, 0.86), "person", 0.87, 1),),
            ),
        ),
        history=(
            entry(101, FIRST_0330, "record event", {"state": (None, "new"), "number": (None, "2026-000042")}),
            entry(
                104,
                FIRST_0330 + 31,
                "acknowledge incident",
                {"state": ("new", "acknowledged"), "owner_id": (None, "op-7"), "version": (1, 2)},
            ),
            entry(105, SECOND_0330, "verify incident", {"state": ("acknowledged", "verified")}),
            entry(
                109,
                SECOND_0330 + 900,
                "close incident",
                {
                    "state": ("verified", "closed"),
                    "outcome": (None, "handed_over"),
                    "note": ("", note),
                    "severity": (3, 4),
                },
            ),
        ),
    )


def context(**changes: object) -> ReportContext:
    """Made an hour after the end, journal verified."""
    base = ReportContext(
        site_name="Ситуаційний центр міста — Situation centre",
        zone=ZoneInfo("Europe/Kyiv"),
        language="en",
        actor="О. Шевченко",
        generated_utc_s=SECOND_0330 + 4500.5,
        head_seq=117,
        head_hash=hashlib.sha256(b"head").hexdigest(),
        key_fingerprint=hashlib.sha256(b"key").hexdigest()[:32],
        verification=Verification(212, 117, hashlib.sha256(b"head").hexdigest(), "key", 3, ()),
    )
    return replace(base, **changes)  # type: ignore[arg-type]  # test shorthand
