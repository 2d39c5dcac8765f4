"""The site's template: what it changes in reports, and that a bad one is one typed error and costs no report."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader

from app.errors import AppCode, AppError
from app.period_facts import Period, PeriodFacts
from app.period_pdf import period_pdf
from app.report_facts import ReportContext
from app.report_pdf import incident_pdf
from app.report_template import MOST_LINES, SECTIONS, STANDARD, template_of, usable_template
from storage.journal import Registry
from storage.settings import ReportSettings, load
from tests.app.case_file import case, context, jpeg, registry

LINES = ReportSettings(
    header=("Міська рада  ·  Қалалық әкімдік",),
    footer=("Для службового користування", "тел. 102"),
    address=("вул. Ґалаґана 7", "Қостанай, Әуезов к-сі 5"),
    signatures=("Начальник зміни", "Ауысым бастығы"),
)


@pytest.fixture
def logo(tmp_path: Path) -> Path:
    path = tmp_path / "logo.png"
    Image.new("RGBA", (300, 100), (22, 54, 92, 200)).save(path)
    return path


def text_of(pdf: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(pdf)).pages]


def images_of(pdf: bytes) -> int:
    return sum(len(page.images) for page in PdfReader(BytesIO(pdf)).pages)


FACTS = PeriodFacts(Period("Report", 1.8e9, 1.8e9 + 86400), (), True, (), (), (), (), (), 0, ())


def incident_report(ctx: ReportContext) -> bytes:
    still = jpeg(320, 180)
    file = case(still)
    return incident_pdf(file, registry(), {item.id: still for item in file.evidence}, ctx)


def period_report(ctx: ReportContext) -> bytes:
    return period_pdf(FACTS, Registry(), ctx)


@pytest.mark.parametrize("make", [incident_report, period_report])
def test_everything_of_the_template_is_on_the_paper(make: Callable[[ReportContext], bytes], logo: Path) -> None:
    template = template_of(replace(LINES, logo=str(logo)))
    plain, dressed = make(context()), make(context(template=template))
    pages = text_of(dressed)
    for line in (*LINES.address, *LINES.header):
        assert " ".join(line.split()) in pages[0]
    for page in pages:
        assert all(line in page for line in LINES.footer)
    assert all(label in pages[-1] for label in LINES.signatures)
    assert images_of(dressed) == images_of(plain) + 1
    assert make(context(template=template)) == dressed, "the same input gives the same bytes"


def test_sections_that_are_not_wanted_are_left_out() -> None:
    whole = " ".join(text_of(incident_report(context())))
    short = " ".join(text_of(incident_report(context(template=template_of(ReportSettings(sections=("alarms",)))))))
    for word, stays in (("Pictures", False), ("History", False), ("Alarms", True), ("Proof against", True)):
        assert word in whole
        assert (word in short) == stays
    figures = " ".join(text_of(period_report(context(template=template_of(ReportSettings(sections=("figures",)))))))
    assert "In figures" in figures
    assert "To check the journal later" in figures
    assert "Number" not in figures


def bad_logo(tmp_path: Path, content: bytes) -> str:
    path = tmp_path / "bad.png"
    path.write_bytes(content)
    return str(path)


def gif() -> bytes:
    out = BytesIO()
    Image.new("RGB", (9, 9)).save(out, "GIF")
    return out.getvalue()


@pytest.mark.parametrize("content", [b"", b"no picture", gif(), b"\x89PNG\r\n\x1a\n" + b"x" * 99], ids=range(4))
def test_a_file_that_is_no_logo(tmp_path: Path, content: bytes) -> None:
    settings = ReportSettings(logo=bad_logo(tmp_path, content), footer=("kept?",))
    with pytest.raises(AppError) as caught:
        template_of(settings)
    assert (caught.value.code, caught.value.details["field"]) == (AppCode.BAD_TEMPLATE, "reports.logo")
    assert usable_template(settings) is STANDARD


@pytest.mark.parametrize("name", ["", "~nobody at all/logo.png", "a\0b"])
def test_a_logo_that_is_no_file_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A pipe or a device has no end: it is never read."""
    pipe = tmp_path / "logo.png"
    os.mkfifo(pipe)
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail(f"{path} was read"))
    with pytest.raises(AppError) as caught:
        template_of(ReportSettings(logo=name or str(pipe)))
    assert (caught.value.code, caught.value.details["field"]) == (AppCode.BAD_TEMPLATE, "reports.logo")


@pytest.mark.parametrize("field", [*MOST_LINES, "sections", "long", "wide logo"])
def test_what_is_too_much_or_unknown_is_named(tmp_path: Path, field: str) -> None:
    wide = tmp_path / "wide.png"
    Image.new("1", (7000, 1)).save(wide)
    settings = {
        "sections": ReportSettings(sections=("pictures", "gossip")),
        "long": ReportSettings(header=("x" * 161,)),
        "wide logo": ReportSettings(logo=str(wide)),
    }.get(field) or replace(ReportSettings(), **{field: ("x",) * (MOST_LINES.get(field, 0) + 1)})  # type: ignore[arg-type]  # lines
    with pytest.raises(AppError) as caught:
        template_of(settings)
    named = {"long": "header", "wide logo": "logo"}.get(field, field)
    assert caught.value.details["field"] == f"reports.{named}"


def test_it_is_read_from_the_settings_file(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('[reports]\nfooter = ["a", "b"]\nsections = ["list"]\n')
    template = template_of(load(path).reports)
    assert template.footer == ("a", "b")
    assert [name for name in SECTIONS if template.shows(name)] == ["list"]


def test_what_somebody_wrote_is_never_taken_for_the_number_of_pages() -> None:
    pages = text_of(incident_report(context(template=template_of(ReportSettings(footer=("{nb} {pages} {page}",))))))
    assert all("{nb} {pages} {page}" in page for page in pages)
    assert f"{len(pages)} / {len(pages)}" in pages[-1] or f"{len(pages)} of {len(pages)}" in pages[-1]


def test_endless_lines_and_strange_letters_stay_on_the_page() -> None:
    lines = ("W" * 160, "\u202e\x00 <b>&amp; 𝕏 👮" * 5)
    settings = ReportSettings(header=lines, footer=lines, address=lines, signatures=lines)
    pdf = incident_report(context(template=template_of(settings)))
    assert len(PdfReader(BytesIO(pdf)).pages) < 12
