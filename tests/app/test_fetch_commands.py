"""`main.py recordings fetch`: over a real recorder, refused in sentences with exit codes."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest
from typer.testing import CliRunner

from app import fetching
from app.recording_commands import recordings_app
from storage.folders import Folders
from storage.segments import SegmentIndex
from tests.app.fetch_site import BEGIN, LEAD_S, FetchSite
from tests.video.foreign_recorder import LOGIN, Faults, ForeignRecorder
from tests.video.numbered import numbered_clip

REAL_TIME = time.time
TIME = ["--from", "2027-01-15 08:00:00 UTC", "--to", "2027-01-15 08:00:12 UTC"]


def test_gaps_are_filled_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.export_commands.time.time", lambda: BEGIN + 100)
    monkeypatch.setattr(fetching, "Fetches", partial(fetching.Fetches, clock=lambda: BEGIN + 100))
    folders = Folders.find().ensure()
    clip = numbered_clip(tmp_path / "c.mp4", 0, 450)
    hole = (BEGIN + 5.0, BEGIN + 6.0)
    with ForeignRecorder(clip, BEGIN - LEAD_S, faults=Faults(holes=(hole,))) as recorder:
        FetchSite(folders, folders.recordings, recorder).close()
        login = f"{LOGIN.user}:{quote(LOGIN.password, safe='')}@"
        recorder.clock = REAL_TIME
        address = recorder.address.replace("http://", f"http://{login}")
        words = ["fetch", "--camera", "gate", *TIME, "--recorder", address]
        assert CliRunner().invoke(recordings_app, words).exit_code != 0  # without a reason
        assert CliRunner().invoke(recordings_app, [*words, "--reason", "x", "--camera", "9"]).exit_code == 2
        assert not recorder.heard
        made = CliRunner().invoke(recordings_app, [*words, "--reason", "complaint 7"])
        again = CliRunner().invoke(recordings_app, [*words, "--reason", "complaint 7"])
    assert made.exit_code == 41, made.output  # partial: the recorder has a hole, too
    assert "ONVIF recorder 127.0.0.1, its clock was" in made.output
    assert "PARTIAL" in made.output
    assert "pa ss" not in made.output
    assert quote(LOGIN.password, safe="") not in made.output
    assert again.exit_code in (26, 41), again.output
    index = SegmentIndex(folders.footage_index)
    fetched = [one for one in index.between("c1", BEGIN, BEGIN + 12) if one.origin]
    index.close()
    assert sum(one.to_utc_s - one.from_utc_s for one in fetched) == pytest.approx(3.0, abs=0.6)
