"""Several folders: who gets what, what happens when one fails, and that nobody else records there."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import StorageCode, StorageError
from storage.footage_folders import ROOM_BYTES, FootageFolders
from storage.footage_lock import FolderLock
from storage.known_folders import MARK

GB = 10**9


class Disks:
    """Three folders; what is free there is ours."""

    def __init__(self, root: Path) -> None:
        self.paths = [root / name for name in ("one", "two", "three")]
        self.free = dict.fromkeys(self.paths, 100 * GB)
        self.opened: list[FootageFolders] = []

    def open(self, count: int = 3) -> FootageFolders:
        self.opened.append(FootageFolders(self.paths[:count], free_bytes=lambda path: self.free[path]))
        return self.opened[-1]


@pytest.fixture
def disks(tmp_path: Path) -> Iterator[Disks]:
    made = Disks(tmp_path)
    yield made
    for folders in made.opened:
        folders.release()


def spread(folders: FootageFolders, cameras: int = 12) -> Counter[str]:
    return Counter(folders.choose(f"c{n}").name for n in range(cameras))


def test_equal_disks_share_the_cameras(disks: Disks) -> None:
    assert spread(disks.open()) == {"one": 4, "two": 4, "three": 4}


def test_the_bigger_disk_takes_more(disks: Disks) -> None:
    disks.free[disks.paths[1]] = 400 * GB
    assert spread(disks.open(), 18) == {"one": 3, "two": 12, "three": 3}


def test_a_camera_stays_while_its_folder_is_not_much_worse(disks: Disks) -> None:
    folders = disks.open()
    before = [folders.choose(f"c{n}") for n in range(12)]
    disks.free[disks.paths[0]] = 60 * GB
    assert [folders.choose(f"c{n}") for n in range(12)] == before
    disks.free[disks.paths[0]] = 1 * GB
    after = Counter(folders.choose(f"c{n}").name for n in range(12))
    assert after["one"] == 0


def test_a_folder_that_fails_is_left_and_comes_back(disks: Disks) -> None:
    folders = disks.open(2)
    spread(folders)
    one, two = disks.paths[:2]
    assert folders.failed(one, StorageCode.DISK_FAILED)
    assert folders.problem is not None
    assert folders.problem.details == {"path": str(one)}
    assert spread(folders) == {"two": 12}
    folders.look()
    assert folders.healthy == (one, two)
    assert folders.problem is None
    found = spread(folders)
    assert min(found["one"], found["two"]) >= 4


def test_the_last_folder_is_tried_again_and_again(disks: Disks) -> None:
    folders = disks.open(2)
    one, two = disks.paths[:2]
    assert folders.failed(one, StorageCode.DISK_FULL)
    assert not folders.failed(two, StorageCode.DISK_FULL)
    assert folders.choose("c1") in (one, two)
    single = Disks(one.parent / "single")
    folders = single.open(1)
    assert not folders.failed(single.paths[0], StorageCode.DISK_FULL)
    assert folders.choose("c1") == single.paths[0]
    assert folders.problem is None
    folders.release()


def test_a_removed_folder_is_not_made_again_but_used_when_it_is_there(disks: Disks) -> None:
    """It may be a disk that is not mounted: its mount point's disk must not be filled instead."""
    folders = disks.open(2)
    one = disks.paths[0]
    shutil.rmtree(one)
    folders.look()
    assert folders.healthy == (disks.paths[1],)
    assert not one.exists()
    folders.look()
    assert not one.exists()
    one.mkdir()
    folders.look()
    assert folders.healthy == tuple(disks.paths[:2])
    with pytest.raises(StorageError):
        FolderLock(one)  # it is ours again


def test_a_single_folder_that_was_removed_is_made_and_locked_again(disks: Disks) -> None:
    folders = disks.open(1)
    shutil.rmtree(disks.paths[0])
    folders.look()
    with pytest.raises(StorageError) as caught:
        FolderLock(disks.paths[0])
    assert caught.value.code is StorageCode.FOLDER_TAKEN


def test_a_full_folder_comes_back_when_there_is_room(disks: Disks) -> None:
    folders = disks.open(2)
    one = disks.paths[0]
    disks.free[one] = 0
    folders.failed(one, StorageCode.DISK_FULL)
    folders.look()
    assert one not in folders.healthy
    disks.free[one] = ROOM_BYTES
    folders.look()
    assert one in folders.healthy


def test_a_folder_that_cannot_be_asked_is_left(disks: Disks) -> None:
    folders = disks.open(2)
    del disks.free[disks.paths[0]]

    def ask(path: Path) -> int:
        if path == disks.paths[0]:
            raise OSError(5, "input/output error")
        return GB

    folders.free_bytes = ask
    assert folders.choose("c1") == disks.paths[1]
    assert folders.healthy == (disks.paths[1],)


def test_a_folder_in_which_another_records_is_not_used(disks: Disks) -> None:
    one, two = disks.paths[:2]
    other = FolderLock(one)
    folders = disks.open(2)
    assert folders.healthy == (two,)
    assert folders.problem is not None
    assert folders.problem.code is StorageCode.FOLDER_TAKEN
    with pytest.raises(StorageError) as caught:
        disks.open(1)
    assert caught.value.code is StorageCode.FOLDER_TAKEN
    with pytest.raises(StorageError):
        disks.open(2)
    other.release()
    folders.look()
    assert set(folders.healthy) == {one, two}


def test_a_disk_too_full_for_the_holders_number_leaves_the_folder_free(
    disks: Disks, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = disks.paths[0]

    def full(_handle: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, "no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(StorageError) as caught:
            FolderLock(one)
    assert caught.value.code is StorageCode.DISK_FULL
    FolderLock(one).release()


def test_who_is_refused_hears_who_is_there(disks: Disks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pread")  # Windows has none
    holder = FolderLock(disks.paths[0])
    with pytest.raises(StorageError) as caught:
        FolderLock(disks.paths[0])
    assert caught.value.details["pid"] == str(os.getpid())
    holder.release()


def test_a_folder_that_is_a_file_is_refused(disks: Disks) -> None:
    disks.paths[0].write_text("not a folder")
    with pytest.raises(StorageError) as caught:
        disks.open(1)
    assert caught.value.code is StorageCode.READ_ONLY
    assert disks.open(2).healthy == (disks.paths[1],)


@given(st.lists(st.integers(1, 1000), min_size=3, max_size=3), st.integers(1, 60))
def test_everybody_finds_a_place_in_proportion(
    tmp_path_factory: pytest.TempPathFactory, free: list[int], cameras: int
) -> None:
    disks = Disks(tmp_path_factory.mktemp("disks"))
    disks.free = dict(zip(disks.paths, (GB * n for n in free), strict=True))
    folders = disks.open()
    found = spread(folders, cameras)
    folders.release()
    assert sum(found.values()) == cameras
    for path in disks.paths:
        fair = cameras * disks.free[path] / sum(disks.free.values())
        assert abs(found[path.name] - fair) <= 3


# A folder whose disk is away


def known(disks: Disks, count: int = 1) -> FootageFolders:
    made = FootageFolders(
        disks.paths[:count], known=disks.paths[0].parent / "known.json", free_bytes=lambda path: disks.free[path]
    )
    disks.opened.append(made)
    return made


def test_a_single_folder_that_was_used_is_never_made_anew(disks: Disks) -> None:
    folders = known(disks)
    one = disks.paths[0]
    disk = one.with_name("the disk")
    one.rename(disk)
    for mount_point in (False, True):
        if mount_point:
            one.mkdir()
        with pytest.raises(StorageError) as caught:
            folders.choose("c1")
        assert caught.value.code is StorageCode.FOLDER_MISSING
        folders.look()
        assert (folders.healthy, folders.lost) == ((), (one,))
        assert folders.problem is not None
        assert folders.problem.code is StorageCode.FOLDER_MISSING
        assert one.exists() is mount_point
        assert not mount_point or list(one.iterdir()) == []
    one.rmdir()
    disk.rename(one)
    folders.look()
    assert folders.healthy == (one,)
    assert folders.choose("c1") == one


def test_at_the_next_start_too(disks: Disks) -> None:
    known(disks).release()
    one = disks.paths[0]
    shutil.rmtree(one)
    one.mkdir()
    with pytest.raises(StorageError) as caught:
        known(disks)
    assert caught.value.code is StorageCode.FOLDER_MISSING
    assert list(one.iterdir()) == []
    (one / MARK).touch()  # an administrator says that this is a new disk
    assert known(disks).healthy == (one,)


def test_of_several_the_others_go_on(disks: Disks) -> None:
    folders = known(disks, 2)
    one, two = disks.paths[:2]
    shutil.rmtree(one)
    one.mkdir()
    assert {folders.choose(f"c{n}") for n in range(4)} == {two}
    assert list(one.iterdir()) == []
    shutil.rmtree(two)
    with pytest.raises(StorageError):
        folders.choose("c1")
    assert not two.exists()


def test_a_list_that_cannot_be_read_is_begun_anew(disks: Disks) -> None:
    path = disks.paths[0].parent / "known.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    for text in ("", "{", "7", "\xff"):
        path.write_text(text)
        folders = known(disks)
        assert folders.healthy == (disks.paths[0],)
        folders.release()
    assert json.loads(path.read_text()) == [str(disks.paths[0])]


def test_a_list_that_cannot_be_written_stops_no_recording(disks: Disks) -> None:
    one = disks.paths[0]
    (one.parent / "known.json").mkdir(parents=True)
    assert known(disks).choose("c1") == one


def test_a_mark_that_is_a_folder_is_one(disks: Disks) -> None:
    one = disks.paths[0]
    (one / MARK).mkdir(parents=True)
    known(disks).release()
    assert known(disks).choose("c1") == one
