"""What people write down about a case: notes, marks, bookmarks, who took part, which steps were done.

All of it may follow after the closing: the paperwork does. Runs on the writer thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from storage import schema_cases, values
from storage.case_commands import AddNote, AddParticipant, DoStep, EditNote, RemoveParticipant
from storage.case_records import Note, NoteKind, Participant, ProcedureStep
from storage.commands import Command
from storage.errors import StorageCode, StorageError
from storage.film_clocks import clock_note, film_clocks
from storage.incident_moves import check_version, done, named
from storage.ledger import Ledger
from storage.outcome import Done
from storage.records import Actor
from storage.registry_records import Procedure
from storage.rows import from_row, to_row

_notes, _participants, _steps = schema_cases.notes, schema_cases.participants, schema_cases.procedure_steps
_WORDS_LATER = frozenset({NoteKind.MARK, NoteKind.BOOKMARK, NoteKind.HOP})


def add_note(ledger: Ledger, command: AddNote, actor: Actor) -> Done:
    """A note speaks of an incident or of a camera's moment; a mark's and a bookmark's words may come later."""
    if not isinstance(command.kind, NoteKind):
        raise values.bad("kind", "not a kind of note")
    incident = named(ledger, command.incident_id, actor) if command.incident_id is not None else None
    if incident is None and command.camera_id is None and command.utc_s is None:
        raise values.bad("incident_id", "about nothing")
    note = Note(
        id=values.new(ledger, _notes, command.new_note_id),
        kind=command.kind,
        at_utc_s=float(ledger.clock()),
        actor_id=actor.id,
        text=values.text("text", command.text, needed=command.kind not in _WORDS_LATER),
        version=1,
        incident_id=command.incident_id,
        camera_id=None if command.camera_id is None else values.title("camera_id", command.camera_id),
        utc_s=None if command.utc_s is None else values.utc_s("utc_s", command.utc_s),
    )
    if note.kind is NoteKind.CLOCK:
        _require_clock(ledger, note)
    ledger.insert(_notes, to_row(note, _notes))
    return Done(_notes.name, note.id) if incident is None else done(incident)


def _require_clock(ledger: Ledger, note: Note) -> None:
    """Reports and packages are told by it: it says what its fields say, of a film of its own incident."""
    clock = next(iter(film_clocks([note]).values()), None)
    row = ledger.find(schema_cases.exhibits, clock.exhibit_id) if clock is not None else None
    if clock is None or row is None or row["incident_id"] != note.incident_id:
        raise values.bad("text", "no clock of a film of this incident")
    values.utc_s("utc_s", clock.begins_utc_s)
    asked = clock_note(clock, str(note.incident_id), str(row["name"]))
    if note.text != values.text("text", asked.text):
        raise values.bad("text", "says another clock")


def edit_note(ledger: Ledger, command: EditNote, actor: Actor) -> Done:
    """Only its author's; without an incident it stays with the one that it has."""
    row = ledger.get(_notes, command.note_id)
    if row["actor_id"] != actor.id:
        raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, permission="author", id=command.note_id)
    if row["kind"] == NoteKind.CLOCK.value:
        raise values.bad("note_id", "a clock is set by another note")
    check_version(_notes.name, row, command.version)
    incident_id = command.incident_id or row["incident_id"]
    incident = named(ledger, str(incident_id), actor) if incident_id is not None else None
    if row["incident_id"] is not None and row["incident_id"] != incident_id:
        named(ledger, str(row["incident_id"]), actor)
    words = values.text("text", command.text, needed=NoteKind(str(row["kind"])) not in _WORDS_LATER)
    changes = {"text": words, "incident_id": incident_id, "version": int(row["version"]) + 1}
    ledger.update(_notes, row, changes)
    return Done(_notes.name, command.note_id) if incident is None else done(incident)


def add_participant(ledger: Ledger, command: AddParticipant, actor: Actor) -> Done:
    """Who took part."""
    incident = named(ledger, command.incident_id, actor)
    participant = Participant(
        id=values.new(ledger, _participants, command.new_participant_id),
        incident_id=command.incident_id,
        name=values.title("name", command.name, needed=True),
        part=values.title("part", command.part),
        at_utc_s=float(ledger.clock()),
        actor_id=actor.id,
    )
    ledger.insert(_participants, to_row(participant, _participants))
    return done(incident)


def remove_participant(ledger: Ledger, command: RemoveParticipant, actor: Actor) -> Done:
    """Undo of AddParticipant; the row stays and says so."""
    row = ledger.get(_participants, command.participant_id)
    incident = named(ledger, str(row["incident_id"]), actor)
    if row["removed"]:
        raise StorageError(StorageCode.NOT_FOUND, table=_participants.name, id=command.participant_id)
    ledger.update(_participants, row, {"removed": 1})
    return done(incident)


def do_step(ledger: Ledger, command: DoStep, actor: Actor) -> Done:
    """A step done or skipped; the newest word about a step stands, the history keeps the others."""
    incident = named(ledger, command.incident_id, actor)
    procedure = from_row(Procedure, values.in_use(ledger, schema_cases.procedures, command.procedure_id))
    if isinstance(command.position, bool) or not isinstance(command.position, int):
        raise values.bad("position", "not a number")
    if not 0 <= command.position < len(procedure.steps):
        raise values.bad("position", "no such step", steps=len(procedure.steps))
    step = ProcedureStep(
        id=f"{command.incident_id}/{command.procedure_id}/{command.position}",
        incident_id=command.incident_id,
        procedure_id=command.procedure_id,
        position=command.position,
        text=procedure.steps[command.position],
        done=bool(command.done),
        reason=values.text("reason", command.reason, needed=not command.done),
        at_utc_s=float(ledger.clock()),
        actor_id=actor.id,
    )
    ledger.put(_steps, to_row(step, _steps))
    return done(incident)


HANDLERS: dict[type[Command], Callable[[Ledger, Any, Actor], Done]] = {
    AddNote: add_note,
    EditNote: edit_note,
    AddParticipant: add_participant,
    RemoveParticipant: remove_participant,
    DoStep: do_step,
}
"""Command to what executes it."""
