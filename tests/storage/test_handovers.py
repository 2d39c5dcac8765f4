"""Hand-overs: who is told, what the answers do to the incident, what is withdrawn."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.case_commands import AnswerHandover, HandOverIncident, OpenIncident, ResolveIncident, RestrictIncident
from storage.case_records import HandoverState, NoteKind
from storage.commands import CloseIncident, ReopenIncident, VerifyIncident
from storage.embedded_journal import EmbeddedJournal
from storage.errors import StorageCode
from storage.records import IncidentState, Outcome, Severity
from storage.release_commands import AnswerAlert
from storage.release_records import OutboxState
from tests.storage.case_site import SECOND, SUPERVISOR, case_journal, done, file_of, handed_over, now, opened, refused
from tests.storage.site import OPERATOR, RUNTIME, START_UTC_S, SteppedClock

H, S = HandoverState, IncidentState


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def journal(tmp_path: Path, clock: SteppedClock) -> Iterator[EmbeddedJournal]:
    with case_journal(tmp_path, clock) as found:
        yield found


def answered(journal: EmbeddedJournal, incident_id: str, state: HandoverState, answer: str = "") -> IncidentState:
    """The incident's state after its newest hand-over was answered."""
    handover = file_of(journal, incident_id).handovers[-1]
    journal.apply(AnswerHandover(handover.id, handover.version, state, answer), OPERATOR)
    return now(journal, incident_id).state


def routes(journal: EmbeddedJournal, incident_id: str) -> list[str]:
    return sorted(m.route_id for m in file_of(journal, incident_id).alerts)


@pytest.mark.parametrize(
    ("category_id", "severity", "camera_id", "expected"),
    [
        ("fire", Severity.LOW, "c2", ["r-hook"]),
        ("theft", Severity.LOW, "c2", ["r-hook", "r-theft"]),
        ("theft", Severity.HIGH, "c1", ["r-district", "r-high", "r-hook", "r-theft"]),
    ],
)
def test_only_matching_routes_in_use_are_told(
    journal: EmbeddedJournal, category_id: str, severity: Severity, camera_id: str, expected: list[str]
) -> None:
    command = OpenIncident(category_id, severity, START_UTC_S, camera_id)
    journal.apply(command, OPERATOR)
    handed_over(journal, command.new_incident_id)
    assert routes(journal, command.new_incident_id) == expected


def test_a_message_says_number_kind_and_place_and_names_nobody(journal: EmbeddedJournal, clock: SteppedClock) -> None:
    command = OpenIncident("theft", Severity.LOW, START_UTC_S - 5.0, "c1", address="Side street 2")
    journal.apply(command, OPERATOR)
    handed_over(journal, command.new_incident_id)
    message = next(m for m in file_of(journal, command.new_incident_id).alerts if m.route_id == "r-theft")
    assert json.loads(message.body) == {
        "number": "2027-000001",
        "category_id": "theft",
        "category": "Theft",
        "severity": 2,
        "place": "Ринок, Side street 2",
        "district_id": "d1",
        "opened_utc_s": clock.utc_s,
        "happened_utc_s": START_UTC_S - 5.0,
        "link": command.new_incident_id,
        "text": "at the gate",
    }
    assert (message.state, message.target, message.next_utc_s) == (
        OutboxState.WAITING,
        "duty@police.example",
        clock.utc_s,
    )
    assert OPERATOR.id not in message.body


def test_without_a_route_it_is_handed_over_by_telephone(journal: EmbeddedJournal) -> None:
    incident_id = opened(journal)
    handover = handed_over(journal, incident_id, "fire")
    file = file_of(journal, incident_id)
    assert (file.incident.state, file.incident.service_id, file.alerts) == (S.HANDED_OVER, "fire", ())
    assert [h.id for h in journal.open_handovers()] == [handover.id]


def test_answers_lead_forward(journal: EmbeddedJournal, clock: SteppedClock) -> None:
    incident_id = opened(journal)
    handed_over(journal, incident_id)
    assert answered(journal, incident_id, H.ACCEPTED, "car 7") is S.ACCEPTED
    clock.utc_s += 60.0
    assert answered(journal, incident_id, H.ON_SCENE) is S.ON_SCENE
    assert now(journal, incident_id).on_scene_utc_s == clock.utc_s
    assert answered(journal, incident_id, H.DONE, "two men detained") is S.RESOLVED
    handover = file_of(journal, incident_id).handovers[0]
    assert (handover.state, handover.answer, handover.answered_utc_s) == (H.DONE, "two men detained", clock.utc_s)
    refused(journal, AnswerHandover(handover.id, handover.version, H.ACCEPTED), StorageCode.ILLEGAL_TRANSITION)
    assert journal.open_handovers() == []


@pytest.mark.parametrize("state", [H.REFUSED, H.WITHDRAWN])
def test_refused_or_withdrawn_it_comes_back(journal: EmbeddedJournal, state: HandoverState) -> None:
    incident_id = opened(journal)
    handed_over(journal, incident_id)
    assert answered(journal, incident_id, state, "no car") is S.VERIFIED
    found = now(journal, incident_id)
    assert (found.service_id, found.owner_id) == (None, OPERATOR.id)
    assert {m.state for m in file_of(journal, incident_id).alerts} == {OutboxState.FAILED}
    handed_over(journal, incident_id, "fire")
    assert now(journal, incident_id).state is S.HANDED_OVER


def test_an_answer_leads_never_back_to_sent_nor_twice_the_same(journal: EmbeddedJournal) -> None:
    incident_id = opened(journal)
    handover = handed_over(journal, incident_id)
    refused(journal, AnswerHandover(handover.id, 1, H.SENT), StorageCode.ILLEGAL_TRANSITION)
    journal.apply(AnswerHandover(handover.id, 1, H.ON_SCENE), OPERATOR)
    refused(journal, AnswerHandover(handover.id, 1, H.DONE), StorageCode.STALE_VERSION)
    for state in (H.ON_SCENE, H.ACCEPTED, H.SENT):
        refused(journal, AnswerHandover(handover.id, 2, state), StorageCode.ILLEGAL_TRANSITION)
    refused(journal, AnswerHandover("none", 1, H.DONE), StorageCode.NOT_FOUND)


def test_a_late_answer_does_not_reopen(journal: EmbeddedJournal) -> None:
    incident_id = opened(journal)
    handed_over(journal, incident_id)
    done(journal, incident_id, lambda i: ResolveIncident(i.id, i.version))
    assert answered(journal, incident_id, H.ACCEPTED) is S.RESOLVED
    done(journal, incident_id, lambda i: CloseIncident(i.id, i.version, Outcome.DETAINED))
    assert answered(journal, incident_id, H.ON_SCENE) is S.CLOSED
    assert journal.open_handovers() == []


def test_a_second_service_works_on_while_the_first_refuses(journal: EmbeddedJournal) -> None:
    incident_id = opened(journal)
    police = handed_over(journal, incident_id)
    journal.apply(AnswerHandover(police.id, 1, H.ACCEPTED), OPERATOR)
    handed_over(journal, incident_id, "fire")
    assert now(journal, incident_id).state is S.ACCEPTED  # never backwards
    journal.apply(AnswerHandover(police.id, 2, H.REFUSED), OPERATOR)
    found = now(journal, incident_id)
    assert (found.state, found.service_id) == (S.HANDED_OVER, "fire")
    again = handed_over(journal, incident_id)
    journal.apply(AnswerHandover(again.id, 1, H.DONE), OPERATOR)
    assert now(journal, incident_id).state is S.HANDED_OVER  # the fire brigade is not done


def test_a_second_service_that_only_accepts_leads_not_back(journal: EmbeddedJournal) -> None:
    incident_id = opened(journal)
    police = handed_over(journal, incident_id)
    journal.apply(AnswerHandover(police.id, 1, H.ON_SCENE), OPERATOR)
    handed_over(journal, incident_id, "fire")
    assert answered(journal, incident_id, H.ACCEPTED) is S.ON_SCENE


def test_closing_ends_the_waiting_of_alerts(journal: EmbeddedJournal) -> None:
    incident_id = opened(journal)
    handed_over(journal, incident_id)
    done(journal, incident_id, lambda i: CloseIncident(i.id, i.version, Outcome.FALSE))
    assert {(m.state, m.error) for m in file_of(journal, incident_id).alerts} == {(OutboxState.FAILED, "closed")}


def test_an_answer_that_comes_by_itself_moves_it_as_by_hand(journal: EmbeddedJournal) -> None:
    incident_id = opened(journal)
    handed_over(journal, incident_id)
    message = file_of(journal, incident_id).alerts[0]
    journal.apply(AnswerAlert(message.id, accepted=True, answer="car 7"), RUNTIME)
    file = file_of(journal, incident_id)
    assert (file.incident.state, file.handovers[0].state, file.handovers[0].answer) == (S.ACCEPTED, H.ACCEPTED, "car 7")


def test_an_answer_without_an_open_handover_is_a_note(journal: EmbeddedJournal) -> None:
    incident_id = opened(journal)
    handed_over(journal, incident_id)
    message = file_of(journal, incident_id).alerts[0]
    done(journal, incident_id, lambda i: CloseIncident(i.id, i.version, Outcome.FALSE))
    handover = file_of(journal, incident_id).handovers[0]
    journal.apply(AnswerHandover(handover.id, handover.version, H.WITHDRAWN), OPERATOR)
    journal.apply(AnswerAlert(message.id, accepted=True, answer="car 7"), RUNTIME)
    file = file_of(journal, incident_id)
    assert [(n.kind, n.text, n.actor_id) for n in file.notes] == [
        (NoteKind.ANSWER, "Police: accepted: car 7", RUNTIME.id)
    ]
    assert file.incident.state is S.CLOSED


def test_what_is_new_resolved_or_closed_is_not_handed_over(journal: EmbeddedJournal) -> None:
    incident_id = opened(journal)
    done(journal, incident_id, lambda i: ResolveIncident(i.id, i.version))
    refused(journal, HandOverIncident(incident_id, 2, "fire"), StorageCode.ILLEGAL_TRANSITION)
    done(journal, incident_id, lambda i: CloseIncident(i.id, i.version, Outcome.FOUND))
    refused(journal, HandOverIncident(incident_id, 3, "fire"), StorageCode.ILLEGAL_TRANSITION)
    done(journal, incident_id, lambda i: ReopenIncident(i.id, i.version))
    refused(journal, HandOverIncident(incident_id, 3, "fire"), StorageCode.STALE_VERSION)
    done(journal, incident_id, lambda i: VerifyIncident(i.id, i.version))
    handed_over(journal, incident_id)


def test_answers_about_what_one_may_not_know_are_refused(journal: EmbeddedJournal) -> None:
    incident_id = opened(journal)
    handover = handed_over(journal, incident_id)
    done(journal, incident_id, lambda i: RestrictIncident(i.id, i.version, restricted=True), SUPERVISOR)
    refused(journal, AnswerHandover(handover.id, 1, H.ACCEPTED), StorageCode.NOT_PERMITTED, SECOND)
