"""Seconds to print 100 incidents as PDF, against a plain fpdf2 loop that draws the same texts and pictures.

Ours is `app.report_pdf`: tables, boxes drawn over a still, history, proof. The reference takes the texts that a reader
finds in our file and writes them line by line with `multi_cell`, the still without boxes, in the same fonts: what the
library itself takes. `page_ms` is one page drawn for the preview.
"""

from __future__ import annotations

import io
import time
from contextlib import closing
from zoneinfo import ZoneInfo

from fpdf import FPDF
from fpdf.fonts import TTFFont
from PIL import Image, ImageDraw

from app.report_desk import drawn, pages_of
from app.report_facts import ReportContext
from app.report_page import FONT_FOLDER
from app.report_pdf import incident_pdf
from benchmarks.harness import report
from storage.journal import IncidentFile, Registry
from storage.records import (
    Alarm,
    AlarmState,
    Box,
    BoxMark,
    Camera,
    Category,
    Event,
    Evidence,
    EvidenceKind,
    HistoryEntry,
    Incident,
    IncidentState,
    RuleKind,
    RuleSpec,
    Severity,
    Verdict,
    Zone,
)

INCIDENTS = 100
RUNS = 5
_UTC_S = 1_790_000_000.0
_NOTE = "Двоє біля входу; екеуі кіреберісте; двое у входа; two at the entrance. " * 4


def run(incidents: int = INCIDENTS, runs: int = RUNS) -> dict[str, object]:
    """The bench's result; the ratio is of seconds. `incidents` in all, an equal part in each run."""
    still, registry = _still(), _registry()
    files = [_case(number) for number in range(max(incidents // runs, 1))]
    text = _texts(incident_pdf(files[0], registry, {"e0": still}, _context()))
    ours: list[dict[str, float]] = []
    reference: list[dict[str, float]] = []
    for _round in range(runs):
        started = time.perf_counter()
        for _file in files:
            _plain(text, still)
        reference.append({"seconds": time.perf_counter() - started})
        ours.append(_ours(files, registry, still))
    return report("report", "lower", ours, {"fpdf2 alone": reference}, "seconds")


def _ours(files: list[IncidentFile], registry: Registry, still: bytes) -> dict[str, float]:
    started = time.perf_counter()
    made = [incident_pdf(file, registry, {"e0": still}, _context()) for file in files]
    seconds = time.perf_counter() - started
    started = time.perf_counter()
    drawn(made[0], 0, 1100)
    page_s = time.perf_counter() - started
    return {
        "seconds": seconds,
        "hundred_s": seconds / len(files) * 100,
        "each_ms": seconds / len(files) * 1000,
        "pages": float(pages_of(made[0])),
        "kilobytes": len(made[0]) / 1000,
        "page_ms": page_s * 1000,
    }


def _plain(lines: list[str], still: bytes) -> bytes:
    pdf = FPDF(format="A4")
    pdf.add_font("noto", "", FONT_FOLDER / "NotoSans-Regular.ttf")
    pdf.add_font("noto", "B", FONT_FOLDER / "NotoSans-Bold.ttf")
    pdf.add_font("symbols", "", FONT_FOLDER / "NotoSansMath-Symbols.ttf")
    pdf.set_fallback_fonts(["symbols"], exact_match=False)
    pdf.set_auto_page_break(True, 20)
    pdf.add_page()
    pdf.set_font("noto", "B", 20)
    pdf.multi_cell(0, 9, lines[0], new_x="LMARGIN", new_y="NEXT")
    pdf.image(io.BytesIO(still), w=120)
    pdf.image(io.BytesIO(still), w=60)
    pdf.set_font("noto", "", 8)
    for line in lines[1:]:
        pdf.multi_cell(0, 4, line, new_x="LMARGIN", new_y="NEXT")
    made = bytes(pdf.output())
    for font in pdf.fonts.values():
        if isinstance(font, TTFFont):
            font.ttfont.close()
    return made


def _texts(pdf: bytes) -> list[str]:
    """What a reader finds, line by line."""
    import pypdfium2

    with closing(pypdfium2.PdfDocument(pdf)) as document:
        pages = [page.get_textpage().get_text_bounded() for page in document]
    return [line for page in pages for line in page.splitlines() if line.strip()]


def _still() -> bytes:
    picture = Image.effect_noise((1280, 720), 40).convert("RGB")
    ImageDraw.Draw(picture).rectangle((300, 200, 500, 600), fill=(90, 120, 60))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()


def _registry() -> Registry:
    return Registry(
        cameras=(Camera("c1", 12, "Північний вхід / Солтүстік", "rtsp://host/1"),),
        zones=(Zone("z1", "c1", "Fence", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))),),
        rules=(RuleSpec("r1", "c1", "z1", "Inside the fence"),),
        categories=(Category("theft", "Theft", "crime"),),
    )


def _context() -> ReportContext:
    return ReportContext("Situation centre", ZoneInfo("Europe/Kyiv"), "en", "O. Sh.", _UTC_S + 900, 99, "ab" * 32)


def _case(number: int) -> IncidentFile:
    box = Box(0.2, 0.25, 0.4, 0.85)
    events = tuple(
        Event(f"v{n}", "c1", "r1", RuleKind.INTRUSION, Severity.HIGH, _UTC_S + n, _UTC_S + n - 1, 7, "person", 0.8, box)
        for n in range(20)
    )
    incident = Incident(
        f"i{number}", f"2026-{number:06d}", "theft", Severity.HIGH, IncidentState.CLOSED, "c1", _UTC_S, 3, note=_NOTE
    )
    alarm = Alarm(
        "a1",
        "c1/r1",
        "c1",
        "r1",
        Severity.HIGH,
        AlarmState.JUDGED,
        _UTC_S,
        _UTC_S + 19,
        20,
        "v0",
        2,
        "os:me",
        Verdict.INCIDENT,
    )
    marks = (BoxMark(box, "person", 0.8, 7),)
    kept = Evidence("e0", EvidenceKind.STILL, "ab/cd.jpg", "ab" * 32, "c1", "v0", _UTC_S, _UTC_S, marks)
    history = tuple(
        HistoryEntry(n, _UTC_S + n, "os:me", "acknowledge", "incidents", incident.id, {"note": ("", _NOTE)}, "cd" * 32)
        for n in range(15)
    )
    return IncidentFile(incident, (alarm,), events, (kept,), history)
