"""Cameras and rules of a site by command line, and what the node makes of them."""

from __future__ import annotations

import json
from pathlib import Path

from app import exit_codes
from tests.e2e.conftest import Program, run_until, sightings


def test_a_camera_is_added_listed_and_removed_and_its_password_is_nowhere(program: Program, home: Path) -> None:
    added = program("camera", "add", "rtsp://admin:s3cret-word@127.0.0.1:9/1", "--name", "Gate")
    assert added.code == 0, added.err
    assert program("camera", "list").out.strip() == "1\tGate\trtsp://127.0.0.1:9/1"
    for file in home.rglob("*"):
        assert not file.is_file() or b"s3cret-word" not in file.read_bytes(), file
    assert program("camera", "remove", "1").code == 0
    assert program("camera", "list").out == ""


def test_a_number_is_given_once(program: Program) -> None:
    assert program("camera", "add", "rtsp://127.0.0.1:9/1", "--number", "7").code == 0
    again = program("camera", "add", "rtsp://127.0.0.1:9/2", "--number", "7")
    assert again.code != 0
    again.assert_one_sentence()


def test_a_rule_guards_a_zone_of_a_real_site(program: Program, home: Path, demo_home: Path, tmp_path: Path) -> None:
    """The demo's clip as a site's own camera: added, guarded, watched by a node, reported and verified."""
    clip = next(demo_home.rglob("school-gate-*.mp4"))
    assert program("camera", "add", str(clip), "--name", "Gate").code == 0
    corners = ("0.2,0.6", "0.9,0.6", "0.9,1", "0.2,1")
    assert program("rule", "add", "1", *corners, "--hold-s", "0.5", "--opens-incident").code == 0
    assert "Person in zone" in program("rule", "list").out
    out = tmp_path / "out"
    journal = next(home.rglob("journal.db"))
    ran = run_until(
        lambda _log: bool(sightings(journal)), "node", "--out", str(out), folder=tmp_path / "run", home=home
    )
    assert ran.code == 0, ran.err
    assert json.loads((out / "metrics.json").read_text())["incidents"] >= 1
    number = next(out.glob("incident-*.pdf")).stem.removeprefix("incident-")
    for form in ("pdf", "csv", "json"):
        target = tmp_path / f"report.{form}"
        assert program("report", number, "--format", form, "--out", str(target)).code == 0
        assert target.stat().st_size > 200
    assert program("verify", str(next(home.rglob("journal.db")))).code == 0


def test_an_unknown_incident_is_said_so(program: Program, tmp_path: Path) -> None:
    done = program("report", "2026-999999", "--out", str(tmp_path / "report.pdf"))
    assert done.code != 0
    done.assert_one_sentence()
    assert "2026-999999" in done.err


def test_a_mask_is_added_listed_and_removed(program: Program) -> None:
    assert program("camera", "add", "rtsp://127.0.0.1:9/1").code == 0
    added = program("mask", "add", "1", "0.1,0.1", "0.5,0.1", "0.5,0.5", "--name", "Windows")
    assert added.code == 0, added.err
    mask_id = added.out.strip()
    assert program("mask", "list").out.strip() == f"{mask_id}\t1\tWindows\t0.1,0.1 0.5,0.1 0.5,0.5"
    assert program("mask", "add", "1", "0,0", "1,1", "1,0", "0,1").code == exit_codes.FAILED
    assert program("mask", "remove", mask_id).code == 0
    assert program("mask", "list").out == ""
    program("mask", "remove", mask_id).assert_one_sentence()


def test_a_zone_that_crosses_itself_is_refused(program: Program) -> None:
    assert program("camera", "add", "rtsp://127.0.0.1:9/1").code == 0
    done = program("rule", "add", "1", "0,0", "1,1", "1,0", "0,1")
    assert done.code == exit_codes.FAILED
    done.assert_one_sentence()
