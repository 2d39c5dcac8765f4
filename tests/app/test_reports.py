"""Reports as files: whole or not at all, JSON and CSV complete, no formula, both 03:30s of the autumn night."""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import json
import os
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import AppCode, AppError
from app.report_facts import Names, changes_text, iso_text, utc_text, value_text
from app.report_tables import events_csv, guarded, incident_csv, incident_json
from app.reports import write_events_csv, write_incident, write_whole
from storage.errors import StorageCode, StorageError
from storage.journal import Problem, Verification
from tests.app.case_file import (
    FIRST_0330,
    KAZAKH,
    SECOND_0330,
    UKRAINIAN,
    case,
    context,
    entry,
    event,
    jpeg,
    registry,
)

KYIV = ZoneInfo("Europe/Kyiv")


@pytest.mark.parametrize("format_", ["pdf", "csv", "json"])
def test_returns_the_sha256_of_what_is_on_disk(tmp_path: Path, format_: str) -> None:
    still, path = jpeg(), tmp_path / "new" / f"incident.{format_}"
    digest = write_incident(case(still), registry(), {"still": still}, context(), path, format_)
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert [p.name for p in path.parent.iterdir()] == [path.name], "no part file is left"
    again = write_incident(case(still), registry(), {"still": still}, context(), path, format_)
    assert again == digest, "the same input gives the same bytes"


def test_start_does_not_pay_for_the_pdf_library() -> None:
    code = "import app.reports, sys; sys.exit('fpdf' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, cwd=Path(__file__).parents[2])


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AppError) as refused:
        write_incident(case(jpeg()), registry(), {}, context(), tmp_path / "a.docx", "docx")
    assert refused.value.code is AppCode.BAD_USAGE
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, StorageCode.DISK_FULL),
        (errno.EROFS, StorageCode.READ_ONLY),
        (errno.EACCES, StorageCode.READ_ONLY),
        (errno.EIO, AppCode.NOT_WRITTEN),
    ],
)
def test_a_failed_write_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: object
) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(b"old")

    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises((StorageError, AppError)) as failed:
        write_whole(path, b"new")
    assert failed.value.code is code
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_in_place_of_the_folder_is_a_typed_error(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("not a folder")
    with pytest.raises(StorageError) as failed:
        write_whole(tmp_path / "reports" / "a.pdf", b"x")
    assert failed.value.code is StorageCode.READ_ONLY


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_a_report_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    write_whole(tmp_path / "a.pdf", b"x")
    assert stat.S_IMODE((tmp_path / "a.pdf").stat().st_mode) == 0o600


def test_json_has_every_field_and_three_forms_of_each_moment() -> None:
    still = jpeg()
    tree = json.loads(incident_json(case(still), registry(), context()))
    incident = tree["incident"]
    assert (incident["number"], incident["state"], incident["outcome"]) == ("2026-000042", "closed", "handed_over")
    assert incident["opened_utc_s"] == FIRST_0330
    assert incident["opened_utc"] == "2026-10-25T00:30:00.000Z"
    assert incident["opened_local"] == "2026-10-25T03:30:00.000+03:00"
    assert (incident["place"], incident["address"], incident["district"]) == (UKRAINIAN, KAZAKH, "Шевченківський")
    assert incident["owner"] == "О. Шевченко"
    assert tree["evidence"][0]["sha256"] == hashlib.sha256(still).hexdigest()
    assert tree["evidence"][0]["marks"][0]["box"] == [0.41, 0.29, 0.51, 0.86]
    assert tree["history"][-1]["changes"]["outcome"] == [None, "handed_over"]
    assert tree["chain"]["head_seq"] == 117
    assert tree["chain"]["verified_ok"] is True
    assert "rtsp://" not in json.dumps(tree), "stream addresses do not leave the house"


def test_json_names_what_verification_found() -> None:
    found = Verification(1, 1, "", None, 0, (Problem("incidents", "x", "row differs from its history", "note"),))
    tree = json.loads(incident_json(case(jpeg()), registry(), context(verification=found)))
    assert tree["chain"]["verified_ok"] is False
    assert tree["chain"]["verification"]["problems"][0]["field"] == "note"


def test_json_survives_numbers_that_are_none() -> None:
    file = case(jpeg())
    file = replace(file, events=(replace(event(1, FIRST_0330), score=float("nan"), utc_s=float("inf")),))
    [row] = json.loads(incident_json(file, registry(), context()))["events"]
    assert (row["score"], row["utc_s"], row["utc"]) == (None, None, None)


def test_both_0330_of_the_autumn_night_stay_apart() -> None:
    rows = list(csv.DictReader(io.StringIO(_text(events_csv(case(jpeg()).events, registry(), KYIV)))))
    assert [r["time_local"] for r in rows] == ["2026-10-25T03:30:00.000+03:00", "2026-10-25T03:30:00.000+02:00"]
    assert [r["time_utc"] for r in rows] == ["2026-10-25T00:30:00.000Z", "2026-10-25T01:30:00.000Z"]


def test_the_hour_that_spring_skips_is_not_printed() -> None:
    before, after = 1774745999.0, 1774746000.0  # 2026-03-29: 02:59:59 is followed by 04:00:00
    assert utc_text(before, KYIV) == "2026-03-29 02:59:59 +02:00"
    assert utc_text(after, KYIV) == "2026-03-29 04:00:00 +03:00"
    assert iso_text(float("nan")) is None
    assert utc_text(1e300) == "?"


def test_csv_is_utf8_with_bom_and_reads_back() -> None:
    content = incident_csv(case(jpeg()), registry(), context())
    assert content.startswith(b"\xef\xbb\xbf")
    rows = {(r["section"], r["item"], r["field"]): r["value"] for r in csv.DictReader(io.StringIO(_text(content)))}
    assert rows["incident", "1", "address"] == KAZAKH
    assert rows["events", "2", "local"] == "2026-10-25T03:30:00.000+02:00"
    assert rows["history", "4", "changes.outcome.2"] == "handed_over"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_is_a_formula(start: str) -> None:
    evil = f"{start}cmd|' /C calc'!A0"
    cameras = (replace(registry().cameras[0], name=evil),)
    file = case(jpeg(), note=evil)
    for content in (
        incident_csv(file, replace(registry(), cameras=cameras), context(actor=evil)),
        events_csv(file.events, replace(registry(), cameras=cameras), KYIV),
    ):
        cells = [cell for row in csv.reader(io.StringIO(_text(content), newline="")) for cell in row]
        assert f"'{evil}" in cells
        assert not [c for c in cells if c.startswith(start) and not _is_number(c)]


@given(st.text())
def test_guarding_only_ever_adds_an_apostrophe(text: str) -> None:
    cell = guarded(text)
    assert cell in (text, f"'{text}")
    assert not str(cell).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_numbers_stay_numbers() -> None:
    assert guarded(-0.5) == -0.5


def test_events_csv_is_written(tmp_path: Path) -> None:
    digest = write_events_csv([event(1, FIRST_0330)], registry(), KYIV, tmp_path / "events.csv")
    [row] = csv.DictReader(io.StringIO(_text((tmp_path / "events.csv").read_bytes())))
    assert (row["camera_number"], row["zone"], row["duration_s"]) == ("12", "Loading bay", "2.5")
    assert digest == hashlib.sha256((tmp_path / "events.csv").read_bytes()).hexdigest()


def test_no_events_still_give_a_header() -> None:
    assert _text(events_csv([], registry(), KYIV)).startswith("event_id,time_utc,time_local")


def test_history_in_words() -> None:
    names = Names(registry())
    made = entry(
        1, FIRST_0330, "record event", {"state": (None, "new"), "camera_id": (None, "cam-12"), "id": (None, "x")}
    )
    assert changes_text(made, names, KYIV) == "State: – → New"
    taken = entry(2, FIRST_0330, "x", {"owner_id": (None, "op-7"), "severity": (2, 5), "version": (1, 2)})
    assert changes_text(taken, names, KYIV) == "Owner: – → О. Шевченко; Severity: Low → Critical"
    odd = entry(3, FIRST_0330, "x", {"last_utc_s": (FIRST_0330, SECOND_0330), "state": ("new", "from the future")})
    assert changes_text(odd, names, KYIV) == (
        "Last event: 2026-10-25 03:30:00 +03:00 → 2026-10-25 03:30:00 +02:00; State: New → from the future"
    )
    mixed = entry(4, FIRST_0330, "x", {"alarms.state": ("raised", "judged"), "note": (None, ""), "restricted": (0, 1)})
    assert changes_text(mixed, names, KYIV) == "Alarm, State: Raised → Judged; Restricted: no → yes"
    assert value_text("alarms", "state", "judged", names, KYIV) == "Judged"
    assert value_text("incidents", "restricted", True, names, KYIV) == "yes"


def test_records_that_left_the_registry_are_shown_by_id() -> None:
    file = case(jpeg())
    empty = replace(registry(), cameras=(), places=(), rules=(), operators=(), districts=(), categories=(), zones=())
    tree = json.loads(incident_json(file, empty, context()))
    assert tree["incident"]["camera_id"] == "cam-12"
    assert tree["incident"]["place"] is None


def test_a_hundred_incidents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    still = jpeg(640, 360)
    start = time.perf_counter()
    for number in range(100):
        file = case(still)
        file = replace(file, incident=replace(file.incident, number=f"2026-{number:06d}"))
        write_incident(file, registry(), {"still": still}, context(), tmp_path / f"{number}.json", "json")
    with capsys.disabled():
        sys.stdout.write(f"\n100 incidents as JSON: {time.perf_counter() - start:.2f} s\n")
    assert len(list(tmp_path.iterdir())) == 100


def _text(content: bytes) -> str:
    return content.decode("utf-8-sig")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
