"""`main.py package`: made and verified from the command line, refused in sentences with exit codes."""

from __future__ import annotations

from pathlib import Path

import pyrage
import pytest
from typer.testing import CliRunner

from app.archive import Archive
from app.package_commands import package_app
from storage.commands import PutRecord, RecordEvent
from storage.folders import Folders
from storage.keys import SigningKey
from storage.records import Camera
from storage.segments import SegmentIndex
from storage.settings import Settings
from tests.app.test_packages import put_segments
from tests.storage.site import RUNTIME, START_UTC_S, event


@pytest.fixture
def incident(tmp_path: Path) -> str:
    """An incident in the journal of this test's home, and some footage of it."""
    folders = Folders.find().ensure()
    archive = Archive(folders, Settings(), [Camera("c1", 1, "Gate", "demo://gate")])
    try:
        number = archive.journal.apply(RecordEvent(event(12.0), opens_incident=True), RUNTIME).incident_number
        archive.journal.apply(PutRecord(Camera("c1", 1, "Gate", "demo://gate")), archive.actor)
    finally:
        archive.close()
    index = SegmentIndex(folders.footage_index)
    put_segments(index, tmp_path / "rec", "c1", START_UTC_S, 2)
    index.close()
    return str(number)


def test_the_command_line_makes_and_verifies(tmp_path: Path, incident: str) -> None:
    run = CliRunner().invoke
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "police.pub").write_text(str(identity.to_public()))
    target = tmp_path / "p.zip"
    words = [incident, "--out", str(target), "--to", "Police"]
    sealed = [*words, "--master", "--recipient", str(tmp_path / "police.pub")]
    refused = run(package_app, sealed)
    assert (refused.exit_code, target.exists()) == (27, False)
    assert "no approval" in refused.output
    made = run(package_app, words)
    assert made.exit_code == 0, made.output
    assert str(target) in made.output
    assert "PARTIAL" in made.output
    assert run(package_app, ["verify", str(target)]).exit_code == 0
    own = SigningKey.load(Folders.find().signing_key)
    assert run(package_app, ["verify", str(target), "--key", own.fingerprint]).exit_code == 0
    other = run(package_app, ["verify", str(target), "--key", SigningKey.generate().fingerprint])
    assert other.exit_code == 5
    assert "another key" in other.output
    assert "intact" not in other.output
    assert run(package_app, ["verify", str(target), "--key", "xyz"]).exit_code == 6
    Folders.find().signing_key.rename(tmp_path / "away")
    unknown = run(package_app, ["verify", str(target)])
    assert unknown.exit_code == 3
    assert "nobody knows who signed it" in unknown.output
    data = bytearray(target.read_bytes())
    data[3000] ^= 1
    target.write_bytes(data)
    altered = run(package_app, ["verify", str(target)])
    assert altered.exit_code == 5
    assert "ALTERED" in altered.output


def test_the_command_line_refuses_in_sentences(tmp_path: Path, incident: str) -> None:
    run = CliRunner().invoke
    for arguments, code in (
        (["make", "2026-999999", "--out", str(tmp_path / "p.zip")], 26),
        ([incident, "--out", str(tmp_path / "p.zip"), "--master", "--recipient", str(tmp_path / "none")], 26),
        (["verify", str(tmp_path / "none")], 6),
        ([incident, "--out", str(tmp_path / "p.zip"), "--recipient", str(tmp_path / "none")], 2),
        ([incident], 2),
    ):
        result = run(package_app, arguments)
        assert (arguments, result.exit_code) == (arguments, code)
    assert not (tmp_path / "p.zip").exists()
