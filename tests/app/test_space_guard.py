from __future__ import annotations

from pathlib import Path

import pytest

from app.archive import Archive
from app.bus import Bus
from app.feeds import Banner
from app.space_guard import BANNER, SpaceGuard
from app.upkeep import upkeep_workers
from storage.folders import Folders
from storage.reserve import Reserve
from storage.settings import Settings
from tests.conftest import wait_until

MB = 1_000_000


class Room:
    """A disk whose free space and time a test sets."""

    def __init__(self, tmp_path: Path) -> None:
        self.free, self.now_s = 10_000 * MB, 0.0
        self.reserve = Reserve(tmp_path / "reserve", MB, lambda _folder: self.free)
        self.banners: list[str] = []
        bus = Bus()
        bus.subscribe(Banner, lambda banner: self.banners.append(banner.text))
        self.guard = SpaceGuard(
            tmp_path / "journal.db",
            self.reserve,
            bus,
            free_bytes=lambda _folder: self.free,
            clock=lambda: self.now_s,
            period_s=0.01,
        )

    def look(self, free: int, after_s: float = 5.0) -> str:
        """What is said then."""
        self.free, self.now_s = free, self.now_s + after_s
        self.guard.look()
        return self.banners[-1] if self.banners else ""


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def test_with_room_nothing_is_said_and_the_reserve_is_there(room: Room) -> None:
    room.guard.look()
    assert room.banners == []
    assert room.reserve.whole


def test_little_room_is_said_with_the_time_that_it_lasts(room: Room) -> None:
    room.look(600 * MB)
    assert "about 5 minutes" in room.look(300 * MB, after_s=300.0)
    assert "300 MB" in room.banners[-1]


def test_a_given_up_reserve_is_said_until_it_is_back(room: Room) -> None:
    room.look(3 * MB)
    room.reserve.give_up()
    said = room.look(MB)
    assert "last reserve" in said
    assert room.look(10_000 * MB) == ""
    assert room.reserve.whole


def test_the_same_is_said_once(room: Room) -> None:
    room.look(100 * MB, after_s=0.0)
    room.look(100 * MB, after_s=0.0)
    assert len(room.banners) == 1


def test_it_looks_by_itself_and_outlives_a_disk_that_is_gone(tmp_path: Path) -> None:
    looks: list[int] = []

    def gone(_folder: Path) -> int:
        looks.append(1)
        raise OSError("gone")

    reserve = Reserve(tmp_path / "reserve", MB, gone)
    guard = SpaceGuard(tmp_path / "journal.db", reserve, Bus(), free_bytes=gone, period_s=0.01)
    guard.start()
    try:
        wait_until(lambda: len(looks) > 3)
    finally:
        guard.stop()
        assert guard.join(30.0)
    assert BANNER == "disk"


def test_the_runtime_looks_after_its_journal(tmp_path: Path) -> None:
    archive = Archive(Folders.under(tmp_path / "home").ensure(), Settings())
    workers = upkeep_workers(archive, Bus())
    names = {worker.name for worker in workers}
    for worker in workers:
        worker.start()
    try:
        wait_until(lambda: archive.reserve.whole)
    finally:
        for worker in workers:
            worker.stop()
        assert all(worker.join(30.0) for worker in workers)
        archive.close()
    assert names >= {"verifier", "backups", "space-guard"}
    assert not (archive.folders.data / "backups").exists()
