"""Notes, marks, bookmarks, participants, procedure steps, bulletins; and any text that people can type."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.case_commands import (
    AcknowledgeLookout,
    AddNote,
    AddParticipant,
    CloseLookout,
    DoStep,
    EditNote,
    PublishLookout,
    RemoveParticipant,
)
from storage.case_records import LookoutState, NoteKind
from storage.commands import CloseIncident
from storage.embedded_journal import EmbeddedJournal
from storage.errors import StorageCode
from storage.records import Outcome, Severity
from tests.storage.case_site import SECOND, case_journal, done, file_of, opened, refused
from tests.storage.site import OPERATOR, START_UTC_S, SteppedClock

STRANGE = (
    "\u202eright to left\u202c עברית",
    "🚨👩\u200d🚒 \U0001f1fa\U0001f1e6",
    "<script>alert(1)</script><b>",
    "'; DROP TABLE notes; --",
    '=HYPERLINK("http://x")',
    "@SUM(1+1)",
    "Қазақ тілі, українська, русский",
    "line\nline\r\n\ttab \ufeff",
    "x" * 20_000,
)


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def journal(tmp_path: Path, clock: SteppedClock) -> Iterator[EmbeddedJournal]:
    with case_journal(tmp_path, clock) as found:
        yield found


@pytest.mark.parametrize("words", STRANGE)
def test_strange_words_come_back_as_they_were(journal: EmbeddedJournal, words: str) -> None:
    incident_id = opened(journal)
    journal.apply(AddNote(words, incident_id=incident_id), OPERATOR)
    journal.apply(AddParticipant(incident_id, words[:200], words[:200]), OPERATOR)
    done(journal, incident_id, lambda i: CloseIncident(i.id, i.version, Outcome.FOUND, words))
    file = file_of(journal, incident_id)
    assert (file.notes[0].text, file.incident.note) == (words, words)
    assert (file.participants[0].name, file.participants[0].part) == (words[:200], words[:200])


@pytest.mark.parametrize("words", ["\0", "a\0b", "\ud800", "x" * 20_001, "x" * 10_000_000, "", "  \n "])
def test_words_that_cannot_be_kept_are_refused(journal: EmbeddedJournal, words: str) -> None:
    incident_id = opened(journal)
    refused(journal, AddNote(words, incident_id=incident_id), StorageCode.BAD_VALUE)
    journal.apply(AddNote("the next one is taken", incident_id=incident_id), OPERATOR)
    assert len(file_of(journal, incident_id).notes) == 1


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(max_size=200))
def test_any_text_is_kept_or_refused(journal: EmbeddedJournal, words: str) -> None:
    command = AddNote(words, NoteKind.MARK, camera_id="c1", utc_s=START_UTC_S)
    if "\0" in words or any("\ud800" <= letter <= "\udfff" for letter in words):
        refused(journal, command, StorageCode.BAD_VALUE)
    else:
        journal.apply(command, OPERATOR)
        assert journal.open_notes(OPERATOR.id, limit=1)[0].text == words


def test_a_mark_gets_its_words_and_its_incident_later(journal: EmbeddedJournal, clock: SteppedClock) -> None:
    incident_id = opened(journal)
    mark = AddNote("", NoteKind.MARK, camera_id="c2", utc_s=START_UTC_S)
    journal.apply(mark, OPERATOR)
    journal.apply(AddNote("", NoteKind.BOOKMARK, camera_id="c2", utc_s=START_UTC_S), SECOND)
    assert [n.id for n in journal.open_notes(OPERATOR.id)] == [mark.new_note_id]
    clock.utc_s += 30.0
    journal.apply(EditNote(mark.new_note_id, 1, "he ran to the left"), OPERATOR)
    assert [n.text for n in journal.open_notes(OPERATOR.id)] == ["he ran to the left"]
    journal.apply(EditNote(mark.new_note_id, 2, "he ran to the left", incident_id), OPERATOR)
    assert journal.open_notes(OPERATOR.id) == []
    file = file_of(journal, incident_id)
    assert (file.notes[0].at_utc_s, file.notes[0].utc_s, file.notes[0].version) == (START_UTC_S, START_UTC_S, 3)
    assert file.history[-1].changes["notes.incident_id"] == (None, incident_id)
    journal.apply(EditNote(mark.new_note_id, 3, "corrected"), OPERATOR)
    assert file_of(journal, incident_id).notes[0].text == "corrected"


def test_a_note_is_its_authors(journal: EmbeddedJournal) -> None:
    note = AddNote("mine", incident_id=opened(journal))
    journal.apply(note, OPERATOR)
    refused(journal, EditNote(note.new_note_id, 1, "yours"), StorageCode.NOT_PERMITTED, SECOND)
    refused(journal, EditNote(note.new_note_id, 2, "stale"), StorageCode.STALE_VERSION)
    refused(journal, EditNote(note.new_note_id, 1, ""), StorageCode.BAD_VALUE)
    refused(journal, EditNote(note.new_note_id, 1, "x", "none"), StorageCode.NOT_FOUND)
    refused(journal, EditNote("none", 1, "x"), StorageCode.NOT_FOUND)
    refused(journal, note, StorageCode.BAD_VALUE)  # its id is there already
    refused(journal, AddNote("about nothing"), StorageCode.BAD_VALUE)
    refused(journal, AddNote("x", utc_s=float("nan")), StorageCode.BAD_VALUE)


def test_who_took_part_can_be_taken_back(journal: EmbeddedJournal) -> None:
    incident_id = opened(journal)
    patrol = AddParticipant(incident_id, "Patrol 12", "closed the road")
    journal.apply(patrol, OPERATOR)
    refused(journal, AddParticipant(incident_id, " "), StorageCode.BAD_VALUE)
    assert [p.name for p in file_of(journal, incident_id).participants] == ["Patrol 12"]
    journal.apply(RemoveParticipant(patrol.new_participant_id), SECOND)
    assert file_of(journal, incident_id).participants == ()
    refused(journal, RemoveParticipant(patrol.new_participant_id), StorageCode.NOT_FOUND)


def test_a_skipped_step_says_why_and_the_newest_word_stands(journal: EmbeddedJournal) -> None:
    incident_id = opened(journal, category_id="theft")
    refused(journal, DoStep(incident_id, "steps", 1, done=False), StorageCode.BAD_VALUE)
    refused(journal, DoStep(incident_id, "steps", 3), StorageCode.BAD_VALUE)
    refused(journal, DoStep(incident_id, "steps", -1), StorageCode.BAD_VALUE)
    refused(journal, DoStep(incident_id, "none", 0), StorageCode.BAD_VALUE)
    journal.apply(DoStep(incident_id, "steps", 0), OPERATOR)
    journal.apply(DoStep(incident_id, "steps", 1, done=False, reason="no line"), OPERATOR)
    journal.apply(DoStep(incident_id, "steps", 1), SECOND)
    steps = file_of(journal, incident_id).steps
    assert [(s.text, s.done, s.reason, s.actor_id) for s in steps] == [
        ("Look", True, "", OPERATOR.id),
        ("Call", True, "", SECOND.id),
    ]
    assert file_of(journal, incident_id).history[-1].changes["procedure_steps.reason"] == ("no line", "")


def test_a_bulletin_hangs_until_it_expires_or_is_closed_for_all(journal: EmbeddedJournal, clock: SteppedClock) -> None:
    first = PublishLookout("White van", "broken light", Severity.LOW, clock.utc_s + 60.0)
    second = PublishLookout("Lost child", "", Severity.CRITICAL, clock.utc_s + 600.0, opened(journal))
    journal.apply(first, OPERATOR)
    journal.apply(second, OPERATOR)
    assert [b.title for b in journal.lookouts(clock.utc_s)] == ["Lost child", "White van"]
    assert [b.title for b in journal.lookouts(clock.utc_s + 60.0)] == ["Lost child"]
    journal.apply(CloseLookout(second.new_lookout_id, 1), SECOND)
    assert [b.title for b in journal.lookouts(clock.utc_s)] == ["White van"]
    refused(journal, CloseLookout(second.new_lookout_id, 2), StorageCode.ILLEGAL_TRANSITION)
    refused(journal, CloseLookout(first.new_lookout_id, 7), StorageCode.STALE_VERSION)
    for command in (
        PublishLookout("x", "y", Severity.LOW, clock.utc_s),
        PublishLookout("", "y", Severity.LOW, clock.utc_s + 1),
        PublishLookout("x", "y", 0, clock.utc_s + 1),  # type: ignore[arg-type]
        first,
    ):
        refused(journal, command, StorageCode.BAD_VALUE)
    assert LookoutState.ACTIVE is journal.lookouts(clock.utc_s)[0].state


def test_everybody_signs_a_bulletin_once(journal: EmbeddedJournal, clock: SteppedClock) -> None:
    bulletin = PublishLookout("White van", "", Severity.LOW, clock.utc_s + 60.0)
    journal.apply(bulletin, OPERATOR)
    journal.apply(AcknowledgeLookout(bulletin.new_lookout_id), OPERATOR)
    clock.utc_s += 1.0
    journal.apply(AcknowledgeLookout(bulletin.new_lookout_id), SECOND)
    head = journal.head()
    journal.apply(AcknowledgeLookout(bulletin.new_lookout_id), OPERATOR)
    assert journal.head() == head
    found = journal.lookout_receipts(bulletin.new_lookout_id)
    assert [(r.operator_id, r.at_utc_s) for r in found] == [(OPERATOR.id, START_UTC_S), (SECOND.id, START_UTC_S + 1.0)]
    refused(journal, AcknowledgeLookout("none"), StorageCode.NOT_FOUND)
