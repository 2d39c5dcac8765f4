"""Events found by camera, time, kind and class, as somebody may know of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from storage.commands import AcknowledgeIncident, RecordEvent
from storage.embedded_journal import EmbeddedJournal
from storage.errors import StorageError
from storage.event_queries import EventQuery
from storage.records import Event, RuleKind
from storage.search import Watch
from tests.storage.case_site import SECOND, SUPERVISOR, case_journal
from tests.storage.site import OPERATOR, RUNTIME, START_UTC_S, SteppedClock, event

ALL = EventQuery(("c1", "c2"), START_UTC_S, START_UTC_S + 100.0)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[EmbeddedJournal]:
    with case_journal(tmp_path, SteppedClock()) as found:
        yield found


def record(journal: EmbeddedJournal, *events: Event, incident: bool = False) -> None:
    for one in events:
        journal.apply(RecordEvent(one, opens_incident=incident), RUNTIME)


def at(events: list[Event]) -> list[float]:
    return [one.utc_s - START_UTC_S for one in events]


def test_by_camera_time_kind_and_class_oldest_first(journal: EmbeddedJournal) -> None:
    car = replace(event(30.0, "c2", label="car"), kind=RuleKind.LINE_CROSSING)
    record(journal, event(50.0), car, event(10.0, "c2"), event(101.0), event(-1.0))
    assert at(journal.find_events(ALL)) == [10.0, 30.0, 50.0]
    assert at(journal.find_events(replace(ALL, camera_ids=("c2",)))) == [10.0, 30.0]
    assert at(journal.find_events(replace(ALL, camera_ids=()))) == []
    assert at(journal.find_events(replace(ALL, kinds=(RuleKind.LINE_CROSSING, RuleKind.CROWD)))) == [30.0]
    assert at(journal.find_events(replace(ALL, labels=("person",)))) == [10.0, 50.0]
    assert at(journal.find_events(replace(ALL, from_utc_s=START_UTC_S + 30.0, to_utc_s=START_UTC_S + 50.0))) == [
        30.0,
        50.0,
    ]
    assert journal.find_events(replace(ALL, labels=("car",))) == [car]


def test_pages_take_up_where_the_last_one_ended_also_within_one_moment(journal: EmbeddedJournal) -> None:
    made = [event(5.0, camera, event_id=f"e{number}") for number, camera in enumerate(("c1", "c2", "c1", "c2", "c1"))]
    record(journal, *made)
    found: list[Event] = []
    while page := journal.find_events(ALL, after=found[-1] if found else None, limit=2):
        found += page
    assert [one.id for one in found] == ["e0", "e1", "e2", "e3", "e4"]


def test_those_of_a_restricted_incident_only_for_who_may_know_of_it(journal: EmbeddedJournal) -> None:
    record(journal, event(1.0, "c1"), incident=True)  # of a restricted camera
    record(journal, event(2.0, "c2"))
    (incident,) = journal.incidents()
    assert incident.restricted
    journal.apply(AcknowledgeIncident(incident.id, incident.version), SECOND)
    for actor, seen in ((SECOND, [1.0, 2.0]), (SUPERVISOR, [1.0, 2.0]), (OPERATOR, [2.0])):
        assert at(journal.find_events(ALL, viewer_id=actor.id)) == seen
    assert at(journal.find_events(ALL)) == [1.0, 2.0]  # the program itself


def test_it_can_be_called_off(journal: EmbeddedJournal) -> None:
    watch = Watch()
    watch.cancel()
    with pytest.raises(StorageError, match="cancelled"):
        journal.find_events(ALL, watch=watch)
