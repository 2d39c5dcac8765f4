"""The import page's desk: every question is answered, also where nobody may act."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.archive import Archive
from app.camera_import import ImportRow, found_camera, planned
from app.errors import AppCode, AppError
from app.import_desk import SiteImportDesk
from app.import_store import ImportSummary
from app.tasks import Tasks
from app.texts import sentence
from storage.folders import Folders
from storage.records import Actor
from storage.settings import Settings
from tests.conftest import running, wait_until

LOCKED = AppError(AppCode.SEAT_LOCKED)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    opened = Archive(Folders.under(tmp_path / "home").ensure(), Settings())
    yield opened
    opened.close()


@pytest.fixture
def tasks() -> Iterator[Tasks]:
    pool = Tasks(1)
    with running(pool.workers):
        yield pool


def _rows(archive: Archive) -> tuple[ImportRow, ...]:
    return planned([found_camera("Gate", "rtsp://10.0.0.5/1")], archive.registry.cameras)


def _locked() -> Actor:
    raise LOCKED


def test_a_locked_seat_gets_an_answer_and_stores_nothing(archive: Archive, tasks: Tasks) -> None:
    desk = SiteImportDesk(archive, tasks, _locked)
    refused: list[str] = []
    desk.store(_rows(archive), lambda _done, _of: None, lambda _summary: None, refused.append)
    desk.take_back(lambda _count: None, refused.append)
    assert refused == [sentence(LOCKED)] * 2
    assert archive.journal.registry().cameras == ()


def test_what_was_stored_is_taken_back_by_who_sits_here(archive: Archive, tasks: Tasks) -> None:
    desk = SiteImportDesk(archive, tasks)
    stored: list[ImportSummary] = []
    taken: list[int] = []
    refused: list[str] = []
    desk.store(_rows(archive), lambda _done, _of: None, stored.append, refused.append)
    wait_until(lambda: bool(stored or refused))
    desk.take_back(taken.append, refused.append)
    wait_until(lambda: bool(taken or refused))
    assert ([summary.stored for summary in stored], taken, refused) == ([1], [1], [])
