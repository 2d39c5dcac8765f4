"""What was lawfully erased is nowhere on the disk, stays proven, and comes back with no backup."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from storage import database, erasure, schema
from storage.case_commands import (
    AcknowledgeLookout,
    AddNote,
    CloseLookout,
    OpenIncident,
    PublishLookout,
)
from storage.case_records import NoteKind
from storage.commands import (
    AcknowledgeIncident,
    Command,
    JudgeAlarm,
    PutRecord,
    RecordEvent,
    RemoveRecord,
    SignCheckpoint,
)
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.errors import StorageCode, StorageError
from storage.keys import SigningKey
from storage.ledger import Ledger
from storage.people_records import ApprovalKind
from storage.records import Actor, Camera, Operator, Role, Severity, Verdict
from storage.registry_records import LegalHold
from storage.release_commands import EraseSubject, MoveDisclosure, OpenDisclosure
from storage.release_records import DisclosureState
from storage.verification import verify_file
from tests.storage.named_case import (
    NAME,
    OFFICER,
    approved,
    close,
    closed_merged,
    closed_named,
    erasing,
    hold,
    open_named,
    said_on_disk,
)
from tests.storage.site import ADMIN, OPERATOR, RUNTIME, START_UTC_S, SteppedClock, event


def refused(journal: EmbeddedJournal, command: EraseSubject, actor: Actor, code: StorageCode) -> None:
    head = journal.head()
    with pytest.raises(StorageError) as caught:
        journal.erase(command, actor)
    assert caught.value.code is code
    assert journal.head() == head


def test_the_name_is_nowhere_and_the_chain_still_verifies(journal: EmbeddedJournal, tmp_path: Path) -> None:
    incident_id = closed_named(journal)
    journal.apply(SignCheckpoint(), RUNTIME)  # counted the rows that will go
    assert said_on_disk(tmp_path) != []
    entries = journal.head()[0]
    journal.erase(erasing(journal, incident_id), OFFICER)
    assert journal.scrub()
    assert said_on_disk(tmp_path) == []
    found = journal.verify()
    assert found.problems == ()
    assert found.erased > 15
    done = journal.erasures()[0]
    assert (done.subject, done.subject_id, done.actor_id) == ("incidents", incident_id, OFFICER.id)
    tombs = [c for c in journal.changes(entries) if c.action == "erase"]
    assert done.rows == len(tombs) > 10
    assert {t.subject for t in tombs} >= {"incidents", "notes", "handovers", "alarms", "events", "evidence", "outbox"}
    assert {t.subject for t in tombs} >= {"lookouts", "participants", "incident_links", "exports", "packages"}
    with pytest.raises(StorageError):
        journal.incident_file(incident_id)
    assert len(journal.incidents()) == 1, "the linked incident stays"


def test_reopened_and_signed_again_it_is_still_whole(
    journal: EmbeddedJournal, tmp_path: Path, key: SigningKey, clock: SteppedClock
) -> None:
    incident_id = closed_named(journal)
    journal.apply(SignCheckpoint(), RUNTIME)
    journal.erase(erasing(journal, incident_id), OFFICER)
    journal.apply(SignCheckpoint(), RUNTIME)
    journal.apply(RecordEvent(event(99.0)), RUNTIME)
    journal.close()
    found = verify_file(journal.path, checkpoints=tmp_path / "checkpoints")
    assert found.problems == ()
    assert found.erased > 15
    with contextlib.closing(
        open_journal(journal.path, key, checkpoints=tmp_path / "checkpoints", clock=clock)
    ) as again:
        assert again.scrub(whole=True)
        assert again.verify().problems == ()
        assert said_on_disk(tmp_path) == []


def test_its_number_is_not_given_again(journal: EmbeddedJournal) -> None:
    incident_id = str(journal.apply(OpenIncident("theft", Severity.LOW, START_UTC_S), OPERATOR).incident_id)
    close(journal, incident_id)
    journal.erase(erasing(journal, incident_id), OFFICER)
    assert journal.apply(OpenIncident("theft", Severity.LOW, START_UTC_S), OPERATOR).incident_number == "2027-000002"


def test_the_number_of_one_that_was_merged_into_it_is_not_given_again(journal: EmbeddedJournal) -> None:
    journal.erase(erasing(journal, closed_merged(journal)), OFFICER)
    assert journal.incidents() == []
    assert journal.apply(OpenIncident("theft", Severity.LOW, START_UTC_S), OPERATOR).incident_number == "2027-000003"


def test_rows_that_somebody_deleted_like_an_erasure_are_found(journal: EmbeddedJournal, clock: SteppedClock) -> None:
    """Who has the file can empty the history, delete the rows and add entries to the chain, but no law stands there."""
    incident_id = closed_named(journal)
    journal.erase(erasing(journal, closed_named(journal)), OFFICER)
    assert journal.verify().problems == ()
    with contextlib.closing(database.connect(journal.path)) as connection:
        ledger = Ledger(connection, clock)
        ledger.begin()
        going = erasure.belongings(ledger, [("incidents", incident_id)])
        erasure.erase_rows(ledger, OFFICER.id, going)
        ledger.flush()
        connection.execute("COMMIT")
    found = journal.verify().problems
    assert {(p.table, p.row_id) for p in found} == set(going)


def test_who_may_erase_and_what(journal: EmbeddedJournal) -> None:
    incident_id = open_named(journal)
    refused(journal, erasing(journal, incident_id), OFFICER, StorageCode.ILLEGAL_TRANSITION)
    close(journal, incident_id)
    command = erasing(journal, incident_id)
    refused(journal, command, ADMIN, StorageCode.NOT_PERMITTED)
    refused(journal, EraseSubject("incidents", incident_id, "law", "x"), OFFICER, StorageCode.NOT_PERMITTED)
    refused(journal, EraseSubject("incidents", incident_id, "law", "x"), RUNTIME, StorageCode.NOT_PERMITTED)
    other_kind = approved(journal, ApprovalKind.MASTER_EXPORT, incident_id)
    wrong = EraseSubject("incidents", incident_id, "law", "x", other_kind)
    refused(journal, wrong, OFFICER, StorageCode.NOT_PERMITTED)
    by_rule = EraseSubject("incidents", incident_id, "law", "x", by_rule=True)
    refused(journal, by_rule, OFFICER, StorageCode.NOT_PERMITTED)
    refused(journal, EraseSubject("audit", incident_id, "law", "x"), OFFICER, StorageCode.BAD_VALUE)
    refused(journal, EraseSubject("incidents", incident_id, "", "x"), OFFICER, StorageCode.BAD_VALUE)
    journal.erase(by_rule, RUNTIME)
    refused(journal, command, OFFICER, StorageCode.NOT_FOUND)


@pytest.mark.parametrize(
    "what",
    [
        {"incident_id": "I"},
        {"camera_id": "c1"},
        {"camera_id": "c2", "to_utc_s": START_UTC_S + 5},
        {"from_utc_s": START_UTC_S - 5},
    ],
)
def test_a_legal_hold_keeps_it(journal: EmbeddedJournal, what: dict[str, object]) -> None:
    incident_id = closed_named(journal)
    hold(journal, **{name: incident_id if value == "I" else value for name, value in what.items()})
    command = erasing(journal, incident_id)
    refused(journal, command, OFFICER, StorageCode.HELD)
    journal.apply(RemoveRecord("legal_holds", "h1"), ADMIN)
    journal.erase(command, OFFICER)


def test_a_hold_of_another_time_does_not(journal: EmbeddedJournal) -> None:
    incident_id = closed_named(journal)
    journal.apply(PutRecord(LegalHold("h1", "court", "c1", to_utc_s=START_UTC_S - 3600)), ADMIN)
    journal.apply(PutRecord(Camera("c9", 9, "Yard", "rtsp://10.0.0.9/1")), ADMIN)
    journal.apply(PutRecord(LegalHold("h2", "court", "c9")), ADMIN)
    journal.erase(erasing(journal, incident_id), OFFICER)


def test_an_open_request_keeps_it_from_the_rule(journal: EmbeddedJournal) -> None:
    incident_id = closed_named(journal)
    asked = OpenDisclosure("Court", "Art. 10", "1", "all", ("c1",), START_UTC_S - 9, START_UTC_S + 9, START_UTC_S + 900)
    journal.apply(asked, ADMIN)
    by_rule = EraseSubject("incidents", incident_id, "rule", "time is over", by_rule=True)
    refused(journal, by_rule, RUNTIME, StorageCode.HELD)
    journal.erase(erasing(journal, incident_id), OFFICER)


def test_an_operator_who_left(journal: EmbeddedJournal, tmp_path: Path) -> None:
    journal.apply(PutRecord(Operator("o-77", NAME, Role.OPERATOR)), ADMIN)
    refused(journal, erasing(journal, "o-77", "operators"), OFFICER, StorageCode.ILLEGAL_TRANSITION)
    journal.apply(RemoveRecord("operators", "o-77"), ADMIN)
    journal.erase(erasing(journal, "o-77", "operators"), OFFICER)
    assert journal.scrub()
    assert said_on_disk(tmp_path) == []
    assert journal.verify().problems == ()


def test_a_reader_of_an_old_state_keeps_the_log_and_is_said(journal: EmbeddedJournal, tmp_path: Path) -> None:
    incident_id = closed_named(journal)
    with contextlib.closing(sqlite3.connect(journal.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM notes").fetchone()
        journal.erase(erasing(journal, incident_id), OFFICER)
        assert not journal.scrub()
        assert said_on_disk(journal.path.parent) != []
    assert journal.scrub()
    assert said_on_disk(tmp_path) == []


def test_what_is_written_after_it_follows_the_chain(journal: EmbeddedJournal) -> None:
    """Erasing empties the writer's memory of open alarms: the next event of the same cause raises a new one."""
    receipt = journal.apply(RecordEvent(event(), opens_incident=True), RUNTIME)
    incident_id = str(receipt.incident_id)
    journal.apply(AcknowledgeIncident(incident_id, 1), OPERATOR)
    close(journal, incident_id)
    journal.erase(erasing(journal, incident_id), OFFICER)
    assert journal.apply(RecordEvent(event(1.0)), RUNTIME).alarm_raised
    assert journal.verify().problems == ()


FORGERIES = {
    "a row deleted without a word": "DELETE FROM notes",
    "flagged without an entry": "UPDATE history SET payload = NULL, salt = NULL, erased = 1"
    " WHERE table_name = 'operators' AND row_id = 'officer-1'",
    "an entry's subject moved to another row": "UPDATE audit SET subject_id = 'officer-1', subject = 'operators'"
    " WHERE action = 'erase' AND subject = 'notes'",
    "a tombstone removed": "DELETE FROM history WHERE erased = 1 AND table_name = 'notes'",
    "a payload put back": "UPDATE history SET payload = '{}' WHERE erased = 1 AND table_name = 'incidents'",
    "the erasure's own row removed": "DELETE FROM erasures",
}


@pytest.mark.parametrize("forgery", list(FORGERIES))
def test_a_forged_erasure_is_found(journal: EmbeddedJournal, tmp_path: Path, forgery: str) -> None:
    kept = str(journal.apply(OpenIncident("fight", Severity.LOW, START_UTC_S), OPERATOR).incident_id)
    journal.apply(AddNote("kept", incident_id=kept), OPERATOR)
    gone = closed_named(journal)
    journal.erase(erasing(journal, gone), OFFICER)
    journal.apply(SignCheckpoint(), RUNTIME)
    journal.close()
    assert verify_file(journal.path, checkpoints=tmp_path / "checkpoints").ok
    with contextlib.closing(sqlite3.connect(journal.path, isolation_level=None)) as raw:
        assert raw.execute(FORGERIES[forgery]).rowcount > 0
    assert not verify_file(journal.path, checkpoints=tmp_path / "checkpoints").ok


def test_every_table_that_speaks_of_an_incident_is_thought_of() -> None:
    """A new table goes along by its foreign key; one without must be named, or kept for a reason."""
    kept = {"accesses"}
    named = {str(table.name) for table, _ in erasure.named_without_key("incidents")}
    by_key = {str(table.name) for table, _, _ in erasure.children(schema.incidents)}
    speaking = {
        name
        for name, table in schema.FACTS.items()
        if {"incident_id", "other_id", "subject_id"} & {str(c.name) for c in table.c}
    }
    assert speaking - by_key - named == kept | {"erasures"}


@pytest.mark.parametrize("subject", ["disclosures", "lookouts", "notes", "alarms"])
def test_what_is_finished_goes_and_what_is_not_stays(journal: EmbeddedJournal, tmp_path: Path, subject: str) -> None:
    begin, end = _SUBJECTS[subject]
    subject_id = begin(journal)
    if end is not None:
        refused(journal, erasing(journal, subject_id, subject), OFFICER, StorageCode.ILLEGAL_TRANSITION)
        journal.apply(end(subject_id), OPERATOR if subject != "disclosures" else ADMIN)
    journal.erase(erasing(journal, subject_id, subject), OFFICER)
    assert journal.scrub()
    assert said_on_disk(tmp_path) == []
    assert journal.verify().problems == ()


def _disclosure(journal: EmbeddedJournal) -> str:
    asked = OpenDisclosure(NAME, "Art. 10", "1", NAME, ("c1",), START_UTC_S - 9, START_UTC_S, START_UTC_S, NAME)
    journal.apply(asked, ADMIN)
    return asked.new_disclosure_id


def _lookout(journal: EmbeddedJournal) -> str:
    command = PublishLookout(NAME, f"look for {NAME}", Severity.LOW, START_UTC_S + 600)
    journal.apply(command, OPERATOR)
    journal.apply(AcknowledgeLookout(command.new_lookout_id), OPERATOR)
    return command.new_lookout_id


def _note(journal: EmbeddedJournal) -> str:
    command = AddNote(NAME, NoteKind.BOOKMARK, camera_id="c1", utc_s=START_UTC_S)
    journal.apply(command, OPERATOR)
    return command.new_note_id


def _alarm(journal: EmbeddedJournal) -> str:
    return str(journal.apply(RecordEvent(event(label=NAME)), RUNTIME).alarm_id)


_SUBJECTS: dict[str, tuple[Callable[[EmbeddedJournal], str], Callable[[str], Command] | None]] = {
    "disclosures": (_disclosure, lambda i: MoveDisclosure(i, 1, DisclosureState.REFUSED, refused=NAME)),
    "lookouts": (_lookout, lambda i: CloseLookout(i, 1)),
    "notes": (_note, None),
    "alarms": (_alarm, lambda i: JudgeAlarm(i, 1, Verdict.FALSE)),
}
