"""The PDF as a reader gets it: read back with pypdf."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfReader

from app.marked_still import marked_still
from app.report_page import fitting, printable
from app.report_pdf import incident_pdf
from app.reports import write_incident
from storage.case_records import Exhibit, Handover, HandoverState, Note, NoteKind, Participant, ProcedureStep
from storage.journal import IncidentFile, Problem, Verification
from storage.records import Box, BoxMark, EvidenceKind
from tests.app.case_file import FIRST_0330, KAZAKH, UKRAINIAN, case, context, jpeg, registry


def _read(file: IncidentFile, stills: dict[str, bytes], **changes: object) -> PdfReader:
    return PdfReader(io.BytesIO(incident_pdf(file, registry(), stills, context(**changes))))


def _text(reader: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def test_says_what_happened_where_when_and_who() -> None:
    still = jpeg()
    text = _text(_read(case(still), {"still": still}))
    for expected in (
        "Incident 2026-000042",
        "Severity 4: High",
        "Closed",
        "Outcome: Handed over",
        "12 Північні ворота",
        UKRAINIAN,
        KAZAKH,
        "Шевченківський",
        "Waterworks",
        "Nobody in the loading bay",
        "Loading bay",
        "О. Шевченко",
        "2026-10-25 00:30:00 UTC",
        "2026-10-25 03:30:00 +03:00 (Europe/Kyiv)",
        "2026-10-25 03:30:00.000 +02:00",
        "State: New → Acknowledged",
        "Severity: Medium → High",
        "person #1 (87%)",
        hashlib.sha256(b"head").hexdigest(),
        hashlib.sha256(b"key").hexdigest()[:32],
        "intact: 212 rows, 117 entries, 3 checkpoints",
        "main.py verify",
        "101 … 109",
    ):
        assert " ".join(expected.split()) in text, expected
    assert hashlib.sha256(still).hexdigest() in text.replace(" ", "")


@pytest.mark.parametrize(
    ("language", "title", "label", "state"),
    [
        ("uk", "Інцидент 2026-000042", "Важливість 4: Висока", "Стан: Новий → Прийнято"),
        ("ru", "Инцидент 2026-000042", "Важность 4: Высокая", "Состояние: Новый → Принято"),
        ("kk", "2026-000042 инциденті", "Маңыздылығы 4: Жоғары", "Күйі: Жаңа → Қабылданды"),
    ],
)
def test_speaks_the_language_of_the_context(tmp_path: Path, language: str, title: str, label: str, state: str) -> None:
    still = jpeg(640, 360)
    write_incident(case(still), registry(), {"still": still}, context(language=language), tmp_path / "a.pdf")
    with (tmp_path / "a.pdf").open("rb") as file:
        reader = PdfReader(file)
        text = _text(reader)
        assert str(reader.root_object["/Lang"]) == language
    for expected in (title, label, state):
        assert expected in text


def test_fonts_are_embedded_and_metadata_says_what_it_is() -> None:
    still = jpeg()
    reader = _read(case(still), {"still": still})
    fonts = {}
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            base = font.get_object()["/DescendantFonts"][0].get_object()
            fonts[base["/BaseFont"]] = "/FontFile2" in base["/FontDescriptor"]
    assert len(fonts) >= 2
    assert all(fonts.values())
    assert reader.metadata is not None
    assert reader.metadata.title == "Incident 2026-000042"
    assert reader.metadata.author == context().site_name
    assert reader.metadata.creation_date is not None
    assert reader.metadata.creation_date.isoformat() == "2026-10-25T02:45:00+00:00"


def test_the_original_is_inside_byte_for_byte() -> None:
    still = jpeg()
    reader = _read(case(still), {"still": still})
    streams = [
        image.get_object()._data
        for page in reader.pages
        for image in page["/Resources"].get("/XObject", {}).values()  # type: ignore[attr-defined]
    ]
    assert hashlib.sha256(still).hexdigest() in {hashlib.sha256(s).hexdigest() for s in streams}


def test_pages_are_numbered_and_long_tables_go_on_with_their_headings() -> None:
    still = jpeg()
    reader = _read(case(still, events=90), {"still": still})
    count = len(reader.pages)
    assert count > 3
    for number, page in enumerate(reader.pages, 1):
        text = page.extract_text()
        assert f"Page {number} of {count}" in text
        assert "2026-10-25 02:45:00 UTC" in text
    assert "Time (UTC)" in reader.pages[3].extract_text()


def test_what_is_left_out_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.report_pdf.EVENTS_SHOWN", 20)
    still = jpeg()
    file = case(still, events=23)
    file = replace(file, evidence=file.evidence * 14)
    text = _text(_read(file, {"still": still}))
    assert "3 further rows are left out" in text
    assert "2 further pictures are only listed." in text


def test_a_missing_an_altered_and_a_damaged_picture_are_said() -> None:
    still = jpeg()
    assert "missing from the evidence store" in _text(_read(case(still), {}))
    assert "ALTERED" in _text(_read(case(still), {"still": jpeg(640, 480)}))
    torn = still[: len(still) // 3]
    assert "damaged" in _text(_read(case(torn), {"still": torn}))
    assert "damaged" in _text(_read(case(b"no picture"), {"still": b"no picture"}))
    empty = replace(case(still), evidence=())
    assert "No picture was stored" in _text(_read(empty, {}))


@pytest.mark.parametrize("size", [(320, 1800), (1800, 320), (640, 480), (1, 1)])
def test_pictures_of_any_shape_stay_on_the_page(size: tuple[int, int]) -> None:
    still = jpeg(*size)
    reader = _read(case(still), {"still": still})
    assert len(reader.pages) <= 3


def test_a_broken_journal_is_in_red_letters_and_named() -> None:
    found = Verification(9, 9, "", None, 0, (Problem("incidents", "row-77", "differs from its history", "note"),))
    text = _text(_read(case(jpeg()), {}, verification=found))
    assert "NOT INTACT: 1 problem found" in text
    assert "row-77" in text
    text = _text(_read(case(jpeg()), {}, verification=None, key_fingerprint=None))
    assert "not done when this report was made" in text
    assert "not signed" in text
    text = _text(_read(case(jpeg()), {}, verification=Verification(9, 9, "", "key", 1, (), erased=4)))
    assert "intact: 9 rows, 9 entries, 1 checkpoints checked; 4 rows lawfully erased" in text


def test_a_restricted_case_says_so_on_every_page() -> None:
    file = case(jpeg(), events=90)
    file = replace(file, incident=replace(file.incident, restricted=True))
    for page in _read(file, {}).pages:
        assert "RESTRICTED" in page.extract_text()


def test_text_that_no_font_has_is_replaced_visibly() -> None:
    text = _text(_read(case(jpeg(), note="fire 🔥 here \x00\x07 and 火"), {}))
    assert "fire \ufffd here and \ufffd" in text


@pytest.mark.parametrize(
    "evil", ["x" * 20_000, "слово " * 2_500, "\n" * 700, "{nb} {page} %s **b** __u__", "W" * 9_000]
)
def test_long_and_odd_texts_neither_crash_nor_vanish(evil: str) -> None:
    file = case(jpeg(), note=evil)
    record = replace(registry(), cameras=(replace(registry().cameras[0], name=evil),))
    pdf = incident_pdf(file, record, {}, context(site_name=evil[:3000], actor=evil))
    assert len(PdfReader(io.BytesIO(pdf)).pages) < 60


@settings(max_examples=8, deadline=None)
@given(st.text(max_size=60))
def test_any_text_makes_a_pdf(text: str) -> None:
    file = case(jpeg(64, 64), note=text)
    file = replace(file, incident=replace(file.incident, number=text, category_id=text, owner_id=text))
    assert incident_pdf(file, registry(), {}, context(actor=text, site_name=text)).startswith(b"%PDF")


@given(st.text())
def test_printable_is_idempotent_and_free_of_controls(text: str) -> None:
    once = printable(text)
    assert printable(once) == once
    assert not [c for c in once if c != "\n" and ord(c) < 32]


def test_kazakh_and_ukrainian_letters_are_in_the_font() -> None:
    letters = "ӘәҒғҚқҢңӨөҰұҮүҺһІіЇїЄєҐґ№→≥"
    assert printable(letters) == letters


def test_a_cell_is_cut_visibly() -> None:
    assert fitting("a\nb", 20) == "a b"
    assert fitting("x" * 9999, 20).endswith("…")


def test_boxes_are_drawn_and_the_original_is_not_touched() -> None:
    still = jpeg(320, 180)
    marks = (BoxMark(Box(0.25, 0.25, 0.75, 0.75), "person", 0.5, 3),)
    with Image.open(io.BytesIO(marked_still(still, marks))) as after, Image.open(io.BytesIO(still)) as before:
        assert after.size == before.size == (320, 180)
        red, green, blue = after.convert("RGB").getpixel((80, 120))  # type: ignore[misc]
        assert red > 200
        assert green > 150
        assert blue < 90
        assert after.convert("RGB").getpixel((20, 20)) != (red, green, blue)


@settings(deadline=None)
@given(st.tuples(*[st.floats(-2, 3)] * 4))
def test_a_box_outside_the_picture_does_not_crash(edges: tuple[float, float, float, float]) -> None:
    assert marked_still(jpeg(64, 36), (BoxMark(Box(*edges), "машина", 1.0, 1),)).startswith(b"\xff\xd8")


def test_what_people_wrote_is_in_it_in_their_letters() -> None:
    file = replace(
        case(jpeg()),
        notes=(Note("n1", NoteKind.NOTE, FIRST_0330, "os:anna", UKRAINIAN, 1, "i1"),),
        handovers=(Handover("h1", "i1", "d3", FIRST_0330, "os:anna", KAZAKH, HandoverState.ACCEPTED, 2, "выехали"),),
        steps=(ProcedureStep("s1", "i1", "p1", 0, "Watch the exits", False, "guard is ill", FIRST_0330, "os:anna"),),
        participants=(Participant("t1", "i1", "Patrol 12", "first on scene", FIRST_0330, "os:anna"),),
    )
    text = _text(_read(file, {}))
    for wanted in ("під’їзд", "Сәтбаев", "выехали", "guard is ill", "Patrol 12"):
        assert wanted in " ".join(text.split())


def test_a_still_of_a_hand_made_entry_is_shown() -> None:
    picture = jpeg(320, 180)
    exhibit = Exhibit(
        "x1", "i1", EvidenceKind.STILL, "a.jpg", hashlib.sha256(picture).hexdigest(), "", FIRST_0330, "os:anna", "c1"
    )
    reader = _read(replace(case(jpeg()), evidence=(), exhibits=(exhibit,)), {"x1": picture})
    assert sum(len(page.images) for page in reader.pages) == 2
