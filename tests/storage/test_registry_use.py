"""Registry records that are in use, what goes with a camera, and roles that nobody may give."""

from __future__ import annotations

from collections.abc import Iterator
from math import nan
from pathlib import Path

import pytest

from storage.case_commands import HandOverIncident
from storage.commands import (
    CloseIncident,
    JudgeAlarm,
    PutCredential,
    PutOperator,
    PutRecord,
    RecordEvent,
    RegistryRecord,
    RemoveRecord,
    ReopenAlarm,
)
from storage.embedded_journal import EmbeddedJournal
from storage.errors import StorageCode
from storage.records import IncidentState, Operator, Outcome, Role, Verdict, Zone
from storage.registry_records import AlertRoute, Deadline, LegalHold, PrivacyMask, Procedure, RecordingPlan
from tests.storage.case_site import SUPERVISOR, case_journal, done, opened, refused
from tests.storage.site import ADMIN, OPERATOR, RUNTIME, SteppedClock, event


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def journal(tmp_path: Path, clock: SteppedClock) -> Iterator[EmbeddedJournal]:
    with case_journal(tmp_path, clock) as found:
        yield found


def remove(journal: EmbeddedJournal, table: str, record_id: str) -> None:
    journal.apply(RemoveRecord(table, record_id), ADMIN)


@pytest.mark.parametrize(
    ("table", "record_id", "user"),
    [
        ("zones", "z1", "rules r1"),
        ("cameras", "c1", "rules r1"),
        ("categories", "intrusion", "rules r1"),
        ("services", "police", "alert_routes r-hook"),
        ("services", "fire", "deadlines any-handed"),
    ],
)
def test_what_is_in_use_stays(journal: EmbeddedJournal, table: str, record_id: str, user: str) -> None:
    error = refused(journal, RemoveRecord(table, record_id), StorageCode.BAD_VALUE, ADMIN)
    assert (error.details["reason"], error.details["used_by"]) == ("in use", user)


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        (RecordingPlan("c1", mode="sometimes"), StorageCode.BAD_VALUE),
        (RecordingPlan("c1", stream="third"), StorageCode.BAD_VALUE),
        (RecordingPlan("c1", importance=0), StorageCode.BAD_VALUE),
        (RecordingPlan("c1", importance=6), StorageCode.BAD_VALUE),
        (RecordingPlan("c1", schedule="Someday"), StorageCode.BAD_SCHEDULE),
        (RecordingPlan("c1", mode="scheduled", schedule="Mon 25:00-26:00"), StorageCode.BAD_SCHEDULE),
    ],
)
def test_a_plan_that_nobody_could_record_by_is_refused(
    journal: EmbeddedJournal, plan: RecordingPlan, code: StorageCode
) -> None:
    refused(journal, PutRecord(plan), code, ADMIN)
    journal.apply(PutRecord(RecordingPlan("c1", "scheduled", schedule="Mon-Fri 08:00-18:00")), ADMIN)


def test_a_camera_goes_with_what_says_something_about_it_alone(journal: EmbeddedJournal) -> None:
    journal.apply(PutRecord(RecordingPlan("c1")), ADMIN)
    journal.apply(PutRecord(PrivacyMask("m1", "c1", "Window", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)))), ADMIN)
    assert journal.registry().privacy_masks[0].points == ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    journal.apply(PutRecord(Zone("z2", "c1", "Door", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)))), ADMIN)
    journal.apply(PutCredential("c1", "v1:sealed"), ADMIN)
    remove(journal, "rules", "r1")
    remove(journal, "cameras", "c1")
    registry = journal.registry()
    assert [c.id for c in registry.cameras] == ["c2"]
    assert (registry.zones, registry.neighbours, registry.recording_plans) == ((), (), ())
    assert registry.privacy_masks == ()
    assert journal.sealed_credential("c1") is None


def test_a_camera_of_an_open_incident_stays_until_it_is_closed(journal: EmbeddedJournal) -> None:
    incident_id = opened(journal)
    refused(journal, RemoveRecord("cameras", "c2"), StorageCode.BAD_VALUE, ADMIN)
    done(journal, incident_id, lambda i: HandOverIncident(i.id, i.version, "fire"))
    remove(journal, "deadlines", "any-handed")
    refused(journal, RemoveRecord("services", "fire"), StorageCode.BAD_VALUE, ADMIN)
    done(journal, incident_id, lambda i: CloseIncident(i.id, i.version, Outcome.FOUND))
    remove(journal, "cameras", "c2")
    remove(journal, "services", "fire")


@pytest.mark.parametrize(
    "points", [(), ((0.0, 0.0), (1.0, 1.0)), ((0.0, 0.0), (1.5, 0.0), (1.0, 1.0)), ((0.0, 0.0), (nan, 0.0), (1.0, 1.0))]
)
def test_a_mask_is_a_polygon_of_the_picture(journal: EmbeddedJournal, points: tuple[tuple[float, float], ...]) -> None:
    refused(journal, PutRecord(PrivacyMask("m1", "c1", "Window", points)), StorageCode.BAD_VALUE, ADMIN)


@pytest.mark.parametrize("actor", [ADMIN, SUPERVISOR, RUNTIME])
def test_nobody_gives_the_programs_own_role(journal: EmbeddedJournal, actor: object) -> None:
    code = StorageCode.BAD_VALUE if actor is ADMIN else StorageCode.NOT_PERMITTED
    for command in (
        PutOperator(Operator("o9", "x", Role.SERVICE)),
        PutRecord(Operator("o9", "x", Role.SERVICE)),
        PutOperator(Operator(OPERATOR.id, "x", Role.SERVICE)),
    ):
        refused(journal, command, code, actor)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "record",
    [
        AlertRoute("r9", "police", "pigeon", "x"),
        AlertRoute("r9", "police", "smtp", "x", answer_s=0.0),
        AlertRoute("r9", "police", "smtp", "x", answer_s=float("nan")),
        AlertRoute("r9", "police", "smtp", "x", escalate_to_id="police"),
        Deadline("d9", IncidentState.NEW, 0.0),
        Deadline("d9", IncidentState.CLOSED, 5.0),
        Procedure("p9", "theft", "x", ("Look", " ")),
    ],
)
def test_records_that_the_workflow_could_not_act_on_are_refused(
    journal: EmbeddedJournal, record: RegistryRecord
) -> None:
    refused(journal, PutRecord(record), StorageCode.BAD_VALUE, ADMIN)


def test_reopening_never_leaves_two_open_alarms_of_one_cause(journal: EmbeddedJournal) -> None:
    first = str(journal.apply(RecordEvent(event(camera_id="c2")), RUNTIME).alarm_id)
    journal.apply(JudgeAlarm(first, 1, Verdict.FALSE), OPERATOR)
    second = str(journal.apply(RecordEvent(event(1.0, camera_id="c2")), RUNTIME).alarm_id)
    assert second != first
    error = refused(journal, ReopenAlarm(first, 2), StorageCode.ILLEGAL_TRANSITION)
    assert error.details["newer"] == second
    journal.apply(JudgeAlarm(second, 1, Verdict.FALSE), OPERATOR)
    journal.apply(ReopenAlarm(first, 2), OPERATOR)
    assert [a.id for a in journal.alarms()] == [first]


@pytest.mark.parametrize(
    ("hold", "code"),
    [
        (LegalHold("h", "court", incident_id="2027-000001"), StorageCode.NOT_FOUND),
        (LegalHold("h", "court", camera_id="c99"), StorageCode.NOT_FOUND),
        (LegalHold("h", "court", from_utc_s=5.0, to_utc_s=4.0), StorageCode.BAD_VALUE),
        (LegalHold("h", "court", from_utc_s=nan), StorageCode.BAD_VALUE),
    ],
)
def test_a_hold_that_would_hold_nothing_is_refused(
    journal: EmbeddedJournal, hold: LegalHold, code: StorageCode
) -> None:
    opened(journal)
    refused(journal, PutRecord(hold), code, ADMIN)


def test_an_address_with_a_login_is_not_written_down(journal: EmbeddedJournal) -> None:
    for target in ("https://user:secret@hook.example/x", "https://user:p%2F@hook.example", "mqtt://u:p@broker/t"):
        refused(journal, PutRecord(AlertRoute("r", "police", "webhook", target)), StorageCode.BAD_VALUE, ADMIN)
    journal.apply(PutRecord(AlertRoute("r", "police", "smtp", "duty@police.example")), ADMIN)
    journal.apply(PutRecord(AlertRoute("r", "police", "webhook", "https://hook.example/@name")), ADMIN)
