from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.soak_detect import run, table
from tests.detection.tiny_model import write_tiny_model


def test_killed_processes_come_back_and_leave_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WATCHFLOOR_MODEL", raising=False)
    result = run(3, write_tiny_model(tmp_path / "model"), tmp_path)
    assert result["ok"], table(result)
    assert result["restarts"] == 3
    assert not list(tmp_path.glob("watchfloor-slots-*"))
    assert "3 kills, 0 without recovery" in table(result)
