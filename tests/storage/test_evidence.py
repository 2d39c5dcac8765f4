"""The write-once store."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path

import pytest

from storage.errors import StorageCode, StorageError
from storage.evidence import EvidenceStore


def test_bytes_come_back_under_their_hash(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path / "evidence")
    path, sha256 = store.put(b"picture", ".jpg")
    assert sha256 == hashlib.sha256(b"picture").hexdigest()
    assert path == f"{sha256[:2]}/{sha256}.jpg"
    assert store.read(path, sha256) == b"picture"
    assert not stat.S_IMODE((store.folder / path).stat().st_mode) & 0o222
    assert store.put(b"picture", ".jpg") == (path, sha256)
    assert len([p for p in store.folder.rglob("*") if p.is_file()]) == 1


def test_altered_missing_and_foreign_files_are_said(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path / "evidence")
    path, sha256 = store.put(b"picture", ".jpg")
    (store.folder / path).chmod(0o600)
    (store.folder / path).write_bytes(b"other")
    (tmp_path / "secret").write_text("x")
    for call, code in (
        (lambda: store.read(path, sha256), StorageCode.DAMAGED),
        (lambda: store.put(b"picture", ".jpg"), StorageCode.DAMAGED),
        (lambda: store.read("ab/none.jpg", sha256), StorageCode.NOT_FOUND),
        (lambda: store.read("../secret", sha256), StorageCode.BAD_VALUE),
        (lambda: store.put(b"x", "/../x"), StorageCode.BAD_VALUE),
    ):
        with pytest.raises(StorageError) as caught:
            call()
        assert caught.value.code is code


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, StorageCode.DISK_FULL), (errno.EROFS, StorageCode.READ_ONLY)]
)
def test_a_disk_that_refuses_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: StorageCode
) -> None:
    store = EvidenceStore(tmp_path / "evidence")

    def refuse(_handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StorageError) as caught:
        store.put(b"picture", ".jpg")
    assert caught.value.code is code
    assert [p for p in store.folder.rglob("*") if p.is_file()] == []
