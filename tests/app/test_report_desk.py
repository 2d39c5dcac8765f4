"""Reports from the panel: what is looked at is what is written, and only what is written leaves a trace."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader

from app.archive import Archive
from app.bus import Bus
from app.errors import AppCode, AppError
from app.feeds import CommandRefused
from app.period_facts import day
from app.report_desk import PagePicture, ReportKind, ReportOrder, SiteReportDesk, drawn, pages_of
from app.site_time import zone_of
from app.tasks import Tasks
from storage.case_commands import OpenIncident
from storage.errors import StorageError
from storage.folders import Folders
from storage.people_queries import AccessFilter
from storage.records import Camera, Severity
from storage.settings import ReportSettings, Settings, SiteSettings
from tests.conftest import wait_until

DAY = "2026-11-20"


class Site:
    def __init__(self, folders: Folders, reports: ReportSettings) -> None:
        settings = Settings(site=SiteSettings("Аульська площа"), reports=reports)
        self.archive = Archive(folders, settings, [Camera("c1", 1, "Gate", "demo://gate")])
        command = OpenIncident("theft", Severity.LOW, 1_790_000_000.0, "c1")
        self.number = str(self.archive.journal.apply(command, self.archive.actor).incident_number)
        self.bus, self.tasks, self.refusals = Bus(), Tasks(1), list[str]()
        self.bus.subscribe(CommandRefused, lambda refused: self.refusals.append(refused.text))
        self.desk = SiteReportDesk(self.archive, self.bus, self.tasks, lambda: self.archive.actor)


@pytest.fixture
def site(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    opened = Site(Folders.under(tmp_path / "home").ensure(), getattr(request, "param", ReportSettings()))
    yield opened
    opened.archive.close()


def words(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())


@pytest.mark.parametrize("kind", [ReportKind.DAY, ReportKind.PERIOD, ReportKind.INCIDENT])
def test_a_preview_is_what_is_written_but_for_the_verification(site: Site, kind: ReportKind) -> None:
    order = ReportOrder(kind, incident=site.number)
    actor = site.archive.actor
    before = site.archive.journal.head()
    preview = site.desk.made(order, actor)
    assert preview.pages == len(PdfReader(BytesIO(preview.pdf)).pages) == pages_of(preview.pdf)
    assert preview.warning == ""
    assert site.archive.journal.head() == before, "looking leaves no trace"
    path = site.desk.written(order, actor)
    assert path.parent == site.archive.folders.reports
    assert site.archive.journal.head() != before
    looked, wrote = words(preview.pdf), words(path.read_bytes())
    assert "Аульська площа" in looked
    assert looked[:200] == wrote[:200]


def test_every_form_of_a_period_and_a_reason(site: Site) -> None:
    for form in ("xlsx", "csv", "json", "geojson"):
        order = ReportOrder(ReportKind.PERIOD, form, first=DAY, last="2026-11-22", reason="council")
        path = site.desk.written(order, site.archive.actor)
        assert path.suffix == f".{form}"
        assert path.stat().st_size > 0
    found = site.archive.journal.accesses(AccessFilter())
    assert [access.reason for access in found] == ["council"] * 4
    assert found[0].from_utc_s == day(zone_of(site.archive.settings), date.fromisoformat(DAY), "").from_utc_s


def test_what_is_wrong_is_said_in_a_sentence(site: Site) -> None:
    actor = site.archive.actor
    for order in (
        ReportOrder(ReportKind.DAY, first="yesterday"),
        ReportOrder(ReportKind.PERIOD, first="2026-11-20", last="2026-11-01"),
        ReportOrder(ReportKind.SHIFT),
        ReportOrder(ReportKind.INCIDENT, "xlsx", incident=site.number),
    ):
        with pytest.raises(AppError) as caught:
            site.desk.written(order, actor)
        assert caught.value.code in (AppCode.BAD_RECORD, AppCode.BAD_USAGE)
    with pytest.raises(StorageError):
        site.desk.made(ReportOrder(ReportKind.INCIDENT, incident="2001-000009"), actor)
    assert list(site.archive.folders.reports.glob("*")) == []


def test_a_page_is_drawn_and_one_that_is_not_there_is_the_nearest(site: Site) -> None:
    pdf = site.desk.made(ReportOrder(ReportKind.INCIDENT, incident=site.number), site.archive.actor).pdf
    first = drawn(pdf, 0, 700)
    assert first.number == 0
    assert first.width in (700, 701)
    assert len(first.rgb) == 3 * first.width * first.height
    image = Image.frombytes("RGB", (first.width, first.height), first.rgb)
    low, high = image.convert("L").getextrema()
    assert (low, high) == pytest.approx((0, 255), abs=90)
    assert drawn(pdf, 999, 100).number == pages_of(pdf) - 1


@pytest.mark.parametrize("site", [ReportSettings(logo="/none/logo.png")], indirect=True)
def test_a_bad_template_is_said_and_the_standard_one_used(site: Site) -> None:
    preview = site.desk.made(ReportOrder(ReportKind.INCIDENT, incident=site.number), site.archive.actor)
    assert "settings.toml" in preview.warning
    assert "/none/logo.png" in preview.warning
    assert "Аульська площа" in words(preview.pdf)


def test_answers_and_refusals_come_from_tasks(site: Site) -> None:
    for worker in site.tasks.workers:
        worker.start()
    try:
        pages: list[PagePicture] = []
        told = threading.Event()
        said: list[str] = []
        order = ReportOrder(ReportKind.DAY)

        def drawn_one(page: PagePicture) -> None:
            pages.append(page)
            told.set()

        site.desk.preview(order, lambda preview: site.desk.page(preview, 0, 300, drawn_one), said.append)
        wait_until(told.is_set, what="a page")
        assert pages[0].width in (300, 301)
        site.desk.write(ReportOrder(ReportKind.INCIDENT, incident="nothing"), lambda _text: told.clear())
        wait_until(lambda: bool(site.refusals), what="a refusal")
        assert told.is_set()
        site.desk.preview(
            ReportOrder(ReportKind.INCIDENT, incident="nothing"), lambda _preview: told.clear(), said.append
        )
        wait_until(lambda: bool(said), what="a refusal for the page")
        assert said[0] == site.refusals[-1]
    finally:
        for worker in site.tasks.workers:
            worker.stop()
        for worker in site.tasks.workers:
            assert worker.join(30.0)
