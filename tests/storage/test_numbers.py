"""Numbers go on past the digits that a series began with, and none is given twice."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.case_commands import OpenIncident
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.keys import SigningKey
from storage.records import Severity
from storage.release_commands import OpenDisclosure
from tests.storage.named_case import OFFICER, add_services, close, erasing
from tests.storage.site import ADMIN, OPERATOR, START_UTC_S, SteppedClock, add_people, add_registry


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[EmbeddedJournal]:
    path = tmp_path / "journal" / "journal.db"
    with contextlib.closing(open_journal(path, SigningKey.generate(), clock=SteppedClock())) as opened:
        add_people(opened)
        add_registry(opened)
        add_services(opened)
        yield opened


def forge(journal: EmbeddedJournal, table: str, number: str) -> None:
    """Not by a million commands: what the next number is made of is the column."""
    with contextlib.closing(sqlite3.connect(journal.path, isolation_level=None)) as raw:
        raw.execute(f"UPDATE {table} SET number = ?", (number,))


def incident(journal: EmbeddedJournal) -> tuple[str, str]:
    receipt = journal.apply(OpenIncident("theft", Severity.LOW, START_UTC_S), OPERATOR)
    return str(receipt.incident_id), str(receipt.incident_number)


def disclosure(journal: EmbeddedJournal) -> str:
    times = (START_UTC_S - 9, START_UTC_S + 9, START_UTC_S + 900)
    asked = OpenDisclosure("Court", "Art. 10", "1", "all", ("c1",), *times)
    journal.apply(asked, ADMIN)
    return next(d.number for d in journal.disclosures() if d.id == asked.new_disclosure_id)


def test_requests_of_one_year_may_be_ten_thousand(journal: EmbeddedJournal) -> None:
    assert disclosure(journal) == "D-2027-0001"
    forge(journal, "disclosures", "D-2027-9998")
    assert [disclosure(journal) for _ in range(3)] == ["D-2027-9999", "D-2027-10000", "D-2027-10001"]


def test_a_longer_number_is_not_given_again_when_the_last_short_one_was_erased(journal: EmbeddedJournal) -> None:
    incident(journal)
    forge(journal, "incidents", "2027-999998")
    short, number = incident(journal)
    assert number == "2027-999999"
    assert incident(journal)[1] == "2027-1000000"
    close(journal, short)
    journal.erase(erasing(journal, short), OFFICER)
    assert incident(journal)[1] == "2027-1000001"
