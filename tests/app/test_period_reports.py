"""Reports of a time: counted right, listed in every format, readable by their own readers, safe in spreadsheets."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pypdf import PdfReader

from app.archive import Archive
from app.errors import AppCode, AppError
from app.period_commands import chosen
from app.period_facts import Period, day, gather
from app.period_reports import FORMATS, HourlySheet, write_open_sheet, write_period
from storage.case_commands import EditIncident, HandOverIncident, OpenIncident
from storage.commands import CloseIncident, PutOperator, PutRecord
from storage.errors import StorageError
from storage.folders import Folders
from storage.records import Actor, Camera, District, Operator, Place, Role, Severity
from storage.registry_records import Service
from storage.settings import Settings, SiteSettings
from tests.conftest import wait_until

_TEXTS = ("=HYPERLINK(1)", "Крадіжка біля фонтану", "Ұрлық Қабанбай даңғылы", "Кража <b>сумки</b>")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    settings = Settings(site=SiteSettings(name="Sample city", timezone="Europe/Kyiv"))
    opened = Archive(Folders.under(tmp_path / "home").ensure(), settings)
    apply, actor = opened.journal.apply, opened.actor
    for record in (
        District("d1", "Centre"),
        Place("p1", "Market", "Square 1", "d1", 48.0, 37.8),
        Service("s1", "District 3", phone="102", radio="CH 4"),
        Camera("c1", 1, "Gate", "rtsp://10.0.0.5/1", place_id="p1"),
        Camera("c2", 2, "Quay", "rtsp://10.0.0.5/2"),
    ):
        apply(PutRecord(record), actor)
    for number, text in enumerate(_TEXTS):
        command = OpenIncident("theft", Severity.HIGH, 1_790_000_000.0, f"c{1 + number % 2}", title=text)
        apply(command, actor)
    first = opened.journal.incidents()[-1]
    apply(EditIncident(first.id, first.version, damage_minor=123450, currency="UAH"), actor)
    apply(HandOverIncident(first.id, first.version + 1, "s1"), actor)
    apply(CloseIncident(first.id, first.version + 2, "detained"), actor)
    opened.reload()
    yield opened
    opened.close()


@pytest.fixture
def period() -> Period:
    return Period("All", 0.0, 4e9)


def test_counts(archive: Archive, period: Period) -> None:
    facts = gather(archive.journal, archive.registry, period, archive.actor.id)
    assert [i.title for i in facts.incidents] == list(_TEXTS)
    assert facts.by_category == (("theft", 4),)
    assert facts.by_group == (("crime", 4),)
    assert facts.by_outcome == (("detained", 1),)
    assert facts.by_district == (("d1", 2),)
    assert facts.damage_minor == (("UAH", 123450),)
    assert facts.still_open == 3
    assert dict(facts.times)["closed"].count == 1
    assert facts.complete
    later = Period("Later", 4e9, 5e9)
    assert gather(archive.journal, archive.registry, later, archive.actor.id).incidents == ()


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_written_and_audited(archive: Archive, period: Period, tmp_path: Path, form: str) -> None:
    path = tmp_path / f"report.{form}"
    before = archive.journal.counts()["accesses"]
    sha256 = write_period(archive, period, form, path, "council meeting")
    assert len(sha256) == 64
    assert archive.journal.counts()["accesses"] == before + 1
    content = path.read_bytes()
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
        assert [row["title"] for row in rows] == ["'" + _TEXTS[0], *_TEXTS[1:]]
        assert rows[0]["damage"] == "1234.5"
    elif form == "json":
        tree = json.loads(content)
        assert tree["count"] == 4
        assert tree["times_s"]["closed"]["count"] == 1
        assert tree["incidents"][2]["title"] == _TEXTS[2]
    elif form == "geojson":
        features = json.loads(content)["features"]
        assert features[0]["geometry"] == {"type": "Point", "coordinates": [37.8, 48.0]}
        assert features[1]["geometry"] is None
    elif form == "xlsx":
        with zipfile.ZipFile(path) as book:
            sheet = book.read("xl/worksheets/sheet1.xml").decode()
            strings = book.read("xl/sharedStrings.xml").decode()
        assert "<f>" not in sheet
        assert "Ұрлық" in strings
        assert "closed median_s" in strings
        assert "{" not in strings
    else:
        text = "\n".join(page.extract_text() for page in PdfReader(path).pages)
        for wanted in ("Фонтану".lower(), "Ұрлық", "Detained", "1,234.50 UAH", archive.key.fingerprint[:8]):
            assert wanted in text


def test_an_unknown_format_or_day_is_said(archive: Archive, period: Period, tmp_path: Path) -> None:
    with pytest.raises(AppError) as caught:
        write_period(archive, period, "docx", tmp_path / "x", "reason")
    assert caught.value.code is AppCode.BAD_USAGE
    for first, last in (("yesterday", ""), ("2026-11-02", "2026-11-01"), ("2026-02-30", "")):
        with pytest.raises(AppError):
            chosen(first, last, ZoneInfo("Europe/Kyiv"))


@pytest.mark.parametrize(("of", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-01", 24)])
def test_the_site_s_days_are_as_long_as_they_are(of: str, hours: int) -> None:
    span = day(ZoneInfo("Europe/Kyiv"), date.fromisoformat(of), "")
    assert span.to_utc_s - span.from_utc_s == hours * 3600.0
    assert chosen(of, of, ZoneInfo("Europe/Kyiv")).from_utc_s == span.from_utc_s


def test_the_sheet_lists_open_incidents_and_telephones(archive: Archive, tmp_path: Path) -> None:
    write_open_sheet(archive, tmp_path / "sheet.pdf")
    text = "\n".join(page.extract_text() for page in PdfReader(tmp_path / "sheet.pdf").pages)
    assert "102" in text
    assert "CH 4" in text
    assert "Open incidents (3)" in text


def test_the_sheet_is_kept_fresh(archive: Archive) -> None:
    worker = HourlySheet(archive, period_s=0.05)
    worker.start()
    path = archive.folders.reports / "open-incidents.pdf"
    wait_until(path.exists, 10.0, "the sheet")
    worker.stop()
    assert worker.join(30.0)


def test_what_is_not_audited_is_not_written(archive: Archive, period: Period, tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        write_period(archive, period, "csv", tmp_path / "p.csv", "  ")
    officer = Operator("officer-1", "Officer", Role.PROTECTION_OFFICER)
    archive.journal.apply(PutOperator(officer), archive.actor)
    incident_id = archive.journal.incidents()[0].id
    with pytest.raises(StorageError):
        archive.reports.write(incident_id, "json", tmp_path / "i.json", Actor(officer.id))
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


@pytest.mark.parametrize("of", ["9999-12-31", "0001-01-01", "1969-12-31"])
def test_a_day_outside_of_time_is_said(of: str) -> None:
    with pytest.raises(AppError) as caught:
        chosen(of, "", ZoneInfo("Asia/Almaty"))
    assert caught.value.code is AppCode.BAD_RECORD
