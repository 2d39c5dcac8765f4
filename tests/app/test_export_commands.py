"""`main.py export`: the same export from the command line, refused in sentences with exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.export_commands import export_app as app
from storage.folders import Folders
from tests.app.export_site import export_site

TIME = ["--from", "2027-01-15 08:00:00 UTC", "--to", "2027-01-15 08:00:12 UTC"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with export_site(Folders.find().ensure(), tmp_path / "rec"):
        pass
    monkeypatch.setattr("app.export_commands.time.time", lambda: 1_800_100_000.0)
    return tmp_path


def test_two_cameras_partial_and_a_second_folder_beside(home: Path) -> None:
    words = ["--camera", "1", "--camera", "yard", *TIME, "--out", str(home / "out"), "--reason", "case 7"]
    made = CliRunner().invoke(app, words)
    assert made.exit_code == 0, made.output
    assert "PARTIAL" in made.output
    assert "2 Yard" in made.output
    assert json.loads((home / "out" / "export.json").read_bytes())["complete"] is False
    assert str(home / "out") in made.output
    again = CliRunner().invoke(app, [*words[:2], *TIME, "--out", str(home / "out"), "--reason", "x", "--still"])
    assert again.exit_code == 0, again.output
    assert (home / "out-2" / "export.json").is_file()
    assert len(list((home / "out-2" / "still").iterdir())) == 2


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--camera", "9", *TIME, "--reason", "x"], 2),
        (["--camera", "1", *TIME], 6),
        (["--camera", "1", "--from", "soon", "--reason", "x"], 2),
        (["--camera", "1", *TIME, "--reason", "x", "--master"], 2),
        (["--camera", "1", "--from", "2027-01-15 06:00 UTC", "--to", "2027-01-15 06:01 UTC", "--reason", "x"], 26),
        (["--camera", "1", *TIME, "--reason", "x", "--incident", "2026-999999"], 26),
    ],
)
def test_refused_in_sentences(home: Path, words: list[str], code: int) -> None:
    result = CliRunner().invoke(app, [*words, "--out", str(home / "out")])
    assert result.exit_code == code, result.output
    assert not (home / "out").exists()


def test_an_export_is_verified_by_its_signature_and_its_files(home: Path) -> None:
    out = home / "out"
    made = CliRunner().invoke(app, ["--camera", "1", *TIME, "--out", str(out), "--reason", "x"])
    assert made.exit_code == 0, made.output
    good = CliRunner().invoke(app, ["verify", str(out)])
    assert good.exit_code == 0, good.output
    assert "all as they were signed" in good.output
    other = CliRunner().invoke(app, ["verify", str(out), "--key", "ab" * 32])
    assert other.exit_code == 5
    assert "another key" in other.output
    assert "as it was signed" not in other.output, "nobody altered it"
    assert CliRunner().invoke(app, ["verify", str(out), "--key", "abc"]).exit_code != 0
    film = next((out / "view").iterdir())
    film.write_bytes(film.read_bytes() + b"x")
    bad = CliRunner().invoke(app, ["verify", str(out)])
    assert bad.exit_code == 5
    assert "was altered" in bad.output
    assert CliRunner().invoke(app, ["verify", str(home)]).exit_code == 6


def test_an_export_of_another_site_has_an_unknown_signer(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = home / "out"
    assert CliRunner().invoke(app, ["--camera", "1", *TIME, "--out", str(out), "--reason", "x"]).exit_code == 0
    monkeypatch.setattr("app.export_commands.own_key", lambda: None)
    unknown = CliRunner().invoke(app, ["verify", str(out)])
    assert unknown.exit_code == 3, unknown.output
