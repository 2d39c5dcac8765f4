"""Two incidents that are one, and two that belong together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.case_commands import AddNote, LinkIncidents, MergeIncident, UnlinkIncidents
from storage.case_records import LinkKind
from storage.commands import CloseIncident, RecordEvent, ReopenIncident
from storage.embedded_journal import EmbeddedJournal
from storage.errors import StorageCode
from storage.records import IncidentState, Outcome
from tests.storage.case_site import SECOND, case_journal, done, file_of, handed_over, opened, refused
from tests.storage.site import OPERATOR, RUNTIME, SteppedClock, event


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[EmbeddedJournal]:
    with case_journal(tmp_path, SteppedClock()) as found:
        yield found


def test_merging_takes_alarms_and_footage_along(journal: EmbeddedJournal) -> None:
    first = opened(journal)
    receipt = journal.apply(RecordEvent(event(camera_id="c2"), opens_incident=True), RUNTIME)
    second = str(receipt.incident_id)
    handed_over(journal, first)
    journal.apply(AddNote("of the second", incident_id=second), SECOND)
    journal.apply(MergeIncident(second, 1, first), SECOND)
    merged, into = file_of(journal, second), file_of(journal, first)
    assert (merged.incident.state, merged.incident.merged_into_id) == (IncidentState.CLOSED, first)
    assert (merged.incident.outcome, merged.alarms, len(merged.notes)) == (None, (), 1)
    assert [a.id for a in into.alarms] == [receipt.alarm_id]
    assert into.notes == ()
    assert (
        [(link.incident_id, link.other_id) for link in into.links]
        == [(first, second)]
        == [(link.incident_id, link.other_id) for link in merged.links]
    )
    assert any(entry.changes.get("alarms.incident_id") == (second, first) for entry in into.history)
    error = refused(journal, ReopenIncident(second, 2), StorageCode.ILLEGAL_TRANSITION)
    assert (error.details["reason"], error.details["into"]) == ("merged", first)
    # A new event of the same cause goes on feeding the alarm, now the other incident's.
    assert journal.apply(RecordEvent(event(5.0, "c2")), RUNTIME).incident_id == first


def test_merging_goes_nowhere_else(journal: EmbeddedJournal) -> None:
    first, second, third = opened(journal), opened(journal), opened(journal)
    refused(journal, MergeIncident(first, 1, first), StorageCode.BAD_VALUE)
    refused(journal, MergeIncident(first, 1, "none"), StorageCode.NOT_FOUND)
    journal.apply(MergeIncident(first, 1, second), OPERATOR)
    refused(journal, MergeIncident(second, 1, first), StorageCode.ILLEGAL_TRANSITION)  # its own descendant
    refused(journal, MergeIncident(first, 2, third), StorageCode.ILLEGAL_TRANSITION)
    done(journal, third, lambda i: CloseIncident(i.id, i.version, Outcome.FOUND))
    refused(journal, MergeIncident(second, 1, third), StorageCode.ILLEGAL_TRANSITION)


def test_links_are_made_once_and_undone(journal: EmbeddedJournal) -> None:
    one, two = opened(journal), opened(journal)
    link = LinkIncidents(one, two, LinkKind.FOLLOWS)
    journal.apply(link, SECOND)
    head = journal.head()
    journal.apply(LinkIncidents(two, one, LinkKind.FOLLOWS), OPERATOR)
    assert journal.head() == head
    refused(journal, LinkIncidents(one, one), StorageCode.BAD_VALUE)
    assert [x.id for x in file_of(journal, two).links] == [link.new_link_id]
    journal.apply(UnlinkIncidents(link.new_link_id), OPERATOR)
    file = file_of(journal, one)
    assert file.links == ()
    assert file.history[-1].changes["incident_links.removed"] == (0, 1)
    refused(journal, UnlinkIncidents(link.new_link_id), StorageCode.NOT_FOUND)
    journal.apply(LinkIncidents(one, two, LinkKind.FOLLOWS), OPERATOR)
    assert len(file_of(journal, one).links) == 1
