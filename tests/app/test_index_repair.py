"""Which index is read through at the start: a small one, one that nobody closed, one that somebody doubts."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.index_repair import doubt, open_index
from storage.segments import SegmentIndex


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often an index was read through."""
    found: list[int] = []
    known = SegmentIndex.check

    def counted(index: SegmentIndex) -> None:
        found.append(1)
        known(index)

    monkeypatch.setattr(SegmentIndex, "check", counted)
    return found


def _opened(path: Path) -> None:
    open_index(path, ()).close()


def test_a_small_index_is_read_through_at_every_start(tmp_path: Path, checks: list[int]) -> None:
    path = tmp_path / "index.db"
    _opened(path)
    checks.clear()
    _opened(path)
    assert len(checks) == 1


def test_a_big_index_that_was_closed_in_order_is_not(
    tmp_path: Path, checks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "index.db"
    _opened(path)
    checks.clear()
    monkeypatch.setattr("app.index_repair.CHECKED_BYTES", 0)
    _opened(path)
    assert checks == []


def test_a_big_index_that_nobody_closed_is(tmp_path: Path, checks: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "index.db"
    monkeypatch.setattr("app.index_repair.CHECKED_BYTES", 0)
    _opened(path)
    with closing(sqlite3.connect(path)) as other:  # as if the process had died: its log stays
        other.execute("PRAGMA user_version = 0")
        other.commit()
        checks.clear()
        _opened(path)
    assert len(checks) == 1


def test_a_big_index_that_is_doubted_is_once(
    tmp_path: Path, checks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "index.db"
    _opened(path)
    monkeypatch.setattr("app.index_repair.CHECKED_BYTES", 0)
    checks.clear()
    doubt(path)
    _opened(path)
    _opened(path)
    assert len(checks) == 1
