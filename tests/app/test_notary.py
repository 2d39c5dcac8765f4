from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.archive import Archive
from app.notary import Notary
from storage.folders import Folders
from storage.settings import Settings
from storage.verification import verify_file
from tests.conftest import wait_until


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    opened = Archive(Folders.under(tmp_path / "home").ensure(), Settings())
    yield opened
    opened.close()


def test_checkpoints_are_signed_while_it_runs(archive: Archive) -> None:
    notary = Notary(archive, period_s=0.02)
    notary.start()
    try:
        wait_until(lambda: archive.journal.verify().checkpoints >= 2)
    finally:
        notary.stop()
        assert notary.join(30.0)


def test_a_quiet_hour_signs_nothing(archive: Archive) -> None:
    notary = Notary(archive)
    notary.start()
    notary.stop()
    assert notary.join(30.0)
    assert archive.journal.verify().checkpoints == 0


def test_closing_signs_and_keeps_a_copy_elsewhere(tmp_path: Path) -> None:
    folders = Folders.under(tmp_path / "home").ensure()
    archive = Archive(folders, Settings())
    archive.sign()
    archive.close()
    assert verify_file(folders.journal, checkpoints=folders.checkpoints).checkpoints >= 1
    assert list(folders.checkpoints.iterdir())
