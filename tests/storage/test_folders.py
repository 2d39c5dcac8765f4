"""Where things live."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from storage.errors import StorageCode, StorageError
from storage.folders import Folders


def test_one_variable_moves_everything(tmp_path: Path) -> None:
    folders = Folders.find({"WATCHFLOOR_HOME": str(tmp_path / "home")}).ensure()
    for path in (folders.journal, folders.evidence, folders.models, folders.demo, folders.settings, folders.reports):
        assert path.is_relative_to(tmp_path / "home")
    for path in (folders.signing_key, folders.sealing_key, folders.checkpoints):
        assert not path.is_relative_to(folders.journal.parent)
    assert folders.journal.parent.is_dir()


def test_the_platform_decides_otherwise() -> None:
    folders = Folders.find({})
    assert folders.data != folders.config
    assert "watchfloor" in str(folders.journal)


def test_the_data_folder_can_be_moved_alone(tmp_path: Path) -> None:
    folders = Folders.under(tmp_path)
    assert folders.with_data("") == folders
    moved = folders.with_data(str(tmp_path / "disk"))
    assert moved.journal.is_relative_to(tmp_path / "disk")
    assert moved.config == folders.config


def test_a_read_only_home_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise OSError(errno.EROFS, "read-only")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StorageError) as caught:
        Folders.under(tmp_path).ensure()
    assert caught.value.code is StorageCode.READ_ONLY
