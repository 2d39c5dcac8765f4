"""Made material for the tests of cases: a site with services, routes, deadlines and a procedure; shorthand commands."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storage.case_commands import HandOverIncident, OpenIncident
from storage.case_records import Handover
from storage.commands import Command, PutOperator, PutRecord, RemoveRecord
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.errors import StorageCode, StorageError
from storage.journal import IncidentFile
from storage.records import Actor, Category, District, Incident, IncidentState, Operator, Place, Role, Severity
from storage.registry_records import AlertRoute, Deadline, Procedure, Service
from tests.storage.site import ADMIN, OPERATOR, ROLES, START_UTC_S, SteppedClock, add_people, add_registry

SECOND = Actor("operator-2")
SUPERVISOR = ROLES[Role.SUPERVISOR]

Make = Callable[[Incident], Command]


def add_site(journal: EmbeddedJournal) -> None:
    """People, the registry, two services, routes of three kinds, deadlines, a procedure, and what is retired."""
    add_people(journal)
    add_registry(journal)
    journal.apply(PutOperator(Operator(SECOND.id, "Second", Role.OPERATOR)), ADMIN)
    for record in (
        District("d2", "Old district"),
        Place("p2", "Old place"),
        Category("old", "Old", "other"),
        Service("police", "Police", phone="102"),
        Service("fire", "Fire brigade"),
        Service("old", "Old service"),
        AlertRoute("r-hook", "police", "webhook", "https://police.example/alerts"),
        AlertRoute("r-theft", "police", "smtp", "duty@police.example", category_id="theft"),
        AlertRoute("r-high", "police", "mqtt", "police/alerts", min_severity=Severity.HIGH),
        AlertRoute("r-off", "police", "webhook", "https://off.example", enabled=False),
        AlertRoute("r-district", "police", "webhook", "https://d1.example", district_id="d1"),
        Deadline("any-new", IncidentState.NEW, 60.0),
        Deadline("any-ack", IncidentState.ACKNOWLEDGED, 300.0),
        Deadline("theft-ack", IncidentState.ACKNOWLEDGED, 120.0, "theft", "police"),
        Deadline("any-handed", IncidentState.HANDED_OVER, 600.0, None, "fire"),
        Procedure("steps", "theft", "Theft", ("Look", "Call", "Write")),
    ):
        journal.apply(PutRecord(record), ADMIN)
    for table, record_id in (("districts", "d2"), ("places", "p2"), ("categories", "old"), ("services", "old")):
        journal.apply(RemoveRecord(table, record_id), ADMIN)


@contextlib.contextmanager
def case_journal(folder: Path, clock: SteppedClock) -> Iterator[EmbeddedJournal]:
    """A journal with the site above; at the end nothing in it may look altered."""
    journal = open_journal(folder / "journal" / "journal.db", clock=clock)
    add_site(journal)
    try:
        yield journal
        assert journal.verify().problems == ()
    finally:
        journal.close()


def opened(journal: EmbeddedJournal, actor: Actor = OPERATOR, category_id: str = "fire", camera_id: str = "c2") -> str:
    """The id of an incident entered by hand."""
    command = OpenIncident(category_id, Severity.MEDIUM, START_UTC_S, camera_id)
    journal.apply(command, actor)
    return command.new_incident_id


def file_of(journal: EmbeddedJournal, incident_id: str) -> IncidentFile:
    return journal.incident_file(incident_id)


def now(journal: EmbeddedJournal, incident_id: str) -> Incident:
    return journal.incident_file(incident_id).incident


def done(journal: EmbeddedJournal, incident_id: str, make: Make, actor: Actor = OPERATOR) -> Incident:
    """The incident after a command made for its newest version."""
    journal.apply(make(now(journal, incident_id)), actor)
    return now(journal, incident_id)


def handed_over(journal: EmbeddedJournal, incident_id: str, service_id: str = "police") -> Handover:
    """The newest hand-over of the incident, just made."""
    done(journal, incident_id, lambda i: HandOverIncident(i.id, i.version, service_id, "at the gate"))
    return journal.incident_file(incident_id).handovers[-1]


def refused(journal: EmbeddedJournal, command: Command, code: StorageCode, actor: Actor = OPERATOR) -> StorageError:
    """The refusal; nothing else happened."""
    before = journal.head()
    with pytest.raises(StorageError) as caught:
        journal.apply(command, actor)
    assert caught.value.code is code, caught.value
    assert journal.head() == before
    return caught.value
