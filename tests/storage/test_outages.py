"""The list of outages outlives the program, ends what a crash left open, and stays bounded."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.errors import StorageCode, StorageError
from storage.outages import KEEP_S, MOST_PER_CAMERA, Outage, OutageFile
from storage.side_file import BROKEN, set_aside

START = 1_800_000_000.0


def outage(n: int, camera: str = "c1", to_s: float | None = 5.0) -> Outage:
    begin = START + n * 60
    return Outage(f"{camera}-{n:05d}", camera, begin, None if to_s is None else begin + to_s, "video.silent")


def test_what_was_open_ends_when_it_was_last_seen(tmp_path: Path) -> None:
    path = tmp_path / "health" / "outages.db"
    file = OutageFile(path)
    file.put([outage(0), outage(1, to_s=None)], START + 60)
    file.put([outage(1, to_s=None)], START + 600)
    file.close()
    again = OutageFile(path)
    again.end_open()
    assert again.load() == (outage(0), outage(1, to_s=540.0))
    again.close()


def test_old_and_surplus_ones_go(tmp_path: Path) -> None:
    file = OutageFile(tmp_path / "outages.db")
    file.put([outage(n) for n in range(MOST_PER_CAMERA + 30)], START)
    file.put([outage(n, "c2") for n in range(3)], START)
    file.prune(START + 3600)
    left = file.load()
    assert [one for one in left if one.camera_id == "c1"] == [outage(n) for n in range(30, MOST_PER_CAMERA + 30)]
    assert len([one for one in left if one.camera_id == "c2"]) == 3
    file.put([outage(9999, "c2", to_s=None)], START)
    file.prune(START + 86400 + KEEP_S)
    assert [one.id for one in file.load()] == [outage(9999, "c2").id], "an open one is never too old"
    file.close()


def test_a_file_that_is_none_is_refused_and_kept_beside_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "outages.db"
    path.write_bytes(b"what is this" * 1000)
    with pytest.raises(StorageError) as refused:
        OutageFile(path)
    assert refused.value.code in BROKEN
    kept = set_aside(path)
    assert kept.read_bytes().startswith(b"what is this")
    OutageFile(path).close()
    assert refused.value.code is not StorageCode.BUSY
