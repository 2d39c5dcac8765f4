from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from app.archive import Archive
from app.bus import Bus
from app.feeds import Banner
from app.verifier import BANNER, JournalVerified, Verifier, home_request
from storage.folders import Folders
from storage.settings import Settings
from storage.verify_apart import Apart, Request, outcome_of
from tests.conftest import wait_until


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    opened = Archive(Folders.under(tmp_path / "home").ensure(), Settings())
    opened.sign()
    yield opened
    opened.close()


@contextlib.contextmanager
def verifying(archive: Archive, period_s: float = 3600.0) -> Iterator[tuple[list[JournalVerified], list[Banner]]]:
    bus, facts, banners = Bus(), list[JournalVerified](), list[Banner]()
    bus.subscribe(JournalVerified, facts.append)
    bus.subscribe(Banner, banners.append)
    verifier = Verifier(archive.folders, bus, first_s=0.0, period_s=period_s, clock=lambda: 7.0)
    verifier.start()
    try:
        yield facts, banners
    finally:
        verifier.stop()
        assert verifier.join(30.0)


def test_a_whole_journal_is_said_to_be_once_after_start(archive: Archive) -> None:
    with verifying(archive) as (facts, banners):
        wait_until(lambda: bool(facts))
    assert [(f.at_utc_s, f.ok, f.problems) for f in facts] == [(7.0, True, 0)]
    assert facts[0].rows > 10
    assert banners == []


def test_an_altered_journal_is_a_banner_that_goes_when_it_is_whole_again(archive: Archive) -> None:
    def name(text: str) -> None:
        with contextlib.closing(sqlite3.connect(archive.folders.journal)) as raw:
            raw.execute("UPDATE categories SET name = ? WHERE id = 'fire'", (text,))
            raw.commit()

    name("altered")
    with verifying(archive, period_s=0.05) as (facts, banners):
        wait_until(lambda: bool(banners))
        assert not facts[0].ok
        assert facts[0].problems == 1
        assert banners[0].key == BANNER
        assert str(archive.folders.journal) in banners[0].text
        name("Fire")
        wait_until(lambda: banners[-1].text == "")


def test_a_journal_that_cannot_be_read_is_said(archive: Archive) -> None:
    archive.close()
    data = bytearray(archive.folders.journal.read_bytes())
    for page in range(8 * 4096, len(data), 4096):
        data[page : page + 300] = b"\xff" * 300
    archive.folders.journal.write_bytes(data)
    with verifying(archive) as (facts, banners):
        wait_until(lambda: bool(banners))
    assert not facts[0].ok


def test_it_stops_in_the_middle(archive: Archive) -> None:
    with verifying(archive):
        wait_until(lambda: bool(psutil.Process().children()))


def test_it_runs_apart_and_yields_to_others(archive: Archive) -> None:
    apart = Apart(home_request(archive.folders, evidence=True))
    try:
        process = psutil.Process(apart._process.pid)
        assert process.pid != os.getpid()
        wait_until(lambda: process.nice() == 10)  # also a zombie's, until poll() reaps it
        found = apart.poll(10.0)
    finally:
        apart.stop()
    assert found is not None
    assert found.ok


def test_a_home_that_never_signed_is_whole_and_an_emptied_folder_is_not(tmp_path: Path) -> None:
    folders = Folders.under(tmp_path / "other").ensure()
    with contextlib.closing(Archive(folders, Settings())) as archive:
        assert outcome_of(home_request(folders, evidence=True)).ok
        archive.sign()
        assert outcome_of(home_request(folders, evidence=True)).ok
        for file in folders.checkpoints.iterdir():
            file.unlink()
        assert not outcome_of(home_request(folders, evidence=True)).ok
        archive.sign()  # new copies do not hide that the old ones are gone
        found = outcome_of(home_request(folders, evidence=True))
        assert not found.ok
        assert "emptied" in found.lines[0]


def test_a_journal_brought_from_another_machine_is_whole(tmp_path: Path) -> None:
    """It brings its checkpoints, signed by the key of its old home, and no copies of them."""
    old, new = (Folders.under(tmp_path / name).ensure() for name in ("old", "new"))
    with contextlib.closing(Archive(old, Settings())) as archive:
        archive.sign()
        archive.journal.backup(str(new.journal))
    with contextlib.closing(Archive(new, Settings())) as archive:
        assert outcome_of(home_request(new, evidence=True)).ok
        assert archive.journal.verify().ok
        archive.sign()
        assert archive.journal.verify().ok


def test_what_is_not_there_has_a_code() -> None:
    found = outcome_of(Request("/nowhere/journal.db"))
    assert found.error is not None
