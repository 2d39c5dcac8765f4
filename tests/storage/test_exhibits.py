"""Files that belong to an incident without an event: what is noted, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from storage.case_commands import AttachExhibit
from storage.case_records import Exhibit
from storage.embedded_journal import EmbeddedJournal
from storage.errors import StorageCode
from storage.records import EvidenceKind
from tests.storage.case_site import case_journal, file_of, opened, refused
from tests.storage.site import OPERATOR, START_UTC_S, SteppedClock


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[EmbeddedJournal]:
    with case_journal(tmp_path, SteppedClock()) as found:
        yield found


def exhibit(incident_id: str) -> Exhibit:
    return Exhibit("x1", incident_id, EvidenceKind.STILL, "ab/cd.jpg", "ab" * 32, "still", 0.0, "somebody")


def test_time_and_actor_are_the_journals_own_and_a_second_time_changes_nothing(journal: EmbeddedJournal) -> None:
    incident_id = opened(journal)
    for _ in range(2):
        journal.apply(AttachExhibit(exhibit(incident_id)), OPERATOR)
    kept = file_of(journal, incident_id).exhibits
    assert [(e.id, e.at_utc_s, e.actor_id) for e in kept] == [("x1", START_UTC_S, OPERATOR.id)]


@pytest.mark.parametrize(
    "changes",
    [
        {"sha256": "AB" * 32},
        {"sha256": "ab" * 31},
        {"sha256": "ab" * 32 + "\n"},
        {"path": ""},
        {"name": "n" * 201},
        {"from_utc_s": -1.0},
        {"from_utc_s": 2.0, "to_utc_s": 1.0},
    ],
)
def test_a_bad_one_is_refused(journal: EmbeddedJournal, changes: dict[str, Any]) -> None:
    refused(journal, AttachExhibit(replace(exhibit(opened(journal)), **changes)), StorageCode.BAD_VALUE)
