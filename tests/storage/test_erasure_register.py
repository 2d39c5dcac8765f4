"""The register of erasures outside the journal: whole after a crash, read once, and obeyed by a copy put back."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from storage import erasure_register
from storage.case_commands import (
    MergeIncident,
    OpenIncident,
)
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.keys import SigningKey, signature_holds
from storage.records import Severity, new_id
from storage.release_commands import EraseSubject
from storage.verification import verify_file
from tests.storage.named_case import (
    NAME,
    OFFICER,
    close,
    closed_merged,
    closed_named,
    erasing,
    open_named,
    said_on_disk,
    version,
)
from tests.storage.site import OPERATOR, RUNTIME, START_UTC_S, SteppedClock


def test_numbers_of_a_backup_that_is_erased_again_are_not_given_again(
    journal: EmbeddedJournal, tmp_path: Path, clock: SteppedClock
) -> None:
    into = closed_merged(journal)
    backup = tmp_path / "backup" / "journal.db"
    journal.backup(str(backup))
    journal.erase(erasing(journal, into), OFFICER)
    assert erasure_register.reapply_to_file(backup, tmp_path / "checkpoints", clock) == 1
    assert verify_file(backup).problems == ()
    with contextlib.closing(open_journal(backup, clock=clock)) as again:
        new = again.apply(OpenIncident("theft", Severity.LOW, START_UTC_S), OPERATOR)
        assert new.incident_number == "2027-000003"


def test_a_backup_put_back_is_erased_again(journal: EmbeddedJournal, tmp_path: Path, clock: SteppedClock) -> None:
    incident_id = open_named(journal)
    backup = tmp_path / "backup" / "journal.db"
    journal.backup(str(backup))
    assert said_on_disk(backup.parent) == ["journal.db"]
    close(journal, incident_id)
    journal.erase(erasing(journal, incident_id), OFFICER)
    folder = tmp_path / "checkpoints"
    assert NAME not in next(folder.glob("*.erased")).read_text(encoding="utf-8")
    assert erasure_register.reapply_to_file(backup, folder, clock) == 1
    assert said_on_disk(backup.parent) == []
    found = verify_file(backup)
    assert found.problems == ()
    assert found.erased > 15
    assert erasure_register.reapply_to_file(backup, folder, clock) == 0


def test_what_only_the_backup_had_is_let_loose(journal: EmbeddedJournal, tmp_path: Path, clock: SteppedClock) -> None:
    """At the time of the backup the alarm belonged to the incident that went; later it was the other one's."""
    incident_id = open_named(journal)
    other = journal.apply(OpenIncident("fight", Severity.LOW, START_UTC_S), OPERATOR)
    backup = tmp_path / "backup" / "journal.db"
    journal.backup(str(backup))
    merged = MergeIncident(incident_id, version(journal, incident_id), str(other.incident_id))
    journal.apply(merged, OPERATOR)
    assert len(journal.incident_file(str(other.incident_id)).alarms) == 1
    journal.erase(erasing(journal, incident_id), OFFICER)
    assert erasure_register.reapply_to_file(backup, tmp_path / "checkpoints", clock) == 1
    assert said_on_disk(backup.parent) == []
    with contextlib.closing(sqlite3.connect(backup)) as raw:
        assert raw.execute("SELECT incident_id FROM alarms").fetchall() == [(None,)]
    assert verify_file(backup).problems == ()


def test_the_register_catches_up_after_a_crash(
    journal: EmbeddedJournal, tmp_path: Path, key: SigningKey, clock: SteppedClock
) -> None:
    incident_id = closed_named(journal)
    journal.erase(erasing(journal, incident_id), OFFICER)
    register = next((tmp_path / "checkpoints").glob("*.erased"))
    whole = register.read_text(encoding="utf-8")
    journal.close()
    register.write_text(whole[:40], encoding="utf-8")  # torn by a power cut
    with contextlib.closing(open_journal(journal.path, key, checkpoints=register.parent, clock=clock)):
        found = erasure_register.Register(register.parent, register.stem).read()
    assert [item.rows for item in found] == [item.rows for item in _parsed(whole, tmp_path)]


def test_a_register_that_was_lost_after_a_restore_is_written_anew_and_whole(
    journal: EmbeddedJournal, tmp_path: Path, clock: SteppedClock
) -> None:
    incident_id = closed_named(journal)
    backup = tmp_path / "backup" / "journal.db"
    journal.backup(str(backup))
    journal.erase(erasing(journal, incident_id), OFFICER)
    folder = tmp_path / "checkpoints"
    register = next(folder.glob("*.erased"))
    assert erasure_register.reapply_to_file(backup, folder, clock) == 1
    with contextlib.closing(sqlite3.connect(backup)) as raw:
        gone = raw.execute("SELECT subject, subject_id FROM audit WHERE action = 'erase'").fetchall()
    assert len(gone) > 10
    with contextlib.closing(open_journal(backup, checkpoints=tmp_path / "new", clock=clock)):
        written = erasure_register.Register(tmp_path / "new", register.stem).read()
    assert [item.rows for item in written] == [tuple(gone)]


def test_two_erasures_in_a_row_are_each_their_own_in_the_register(journal: EmbeddedJournal, tmp_path: Path) -> None:
    ids = [str(journal.apply(OpenIncident("theft", Severity.LOW, START_UTC_S), OPERATOR).incident_id) for _ in "12"]
    for incident_id in ids:
        close(journal, incident_id)
    for incident_id in ids:
        journal.erase(EraseSubject("incidents", incident_id, "law", "x", by_rule=True), RUNTIME)
    register = next((tmp_path / "checkpoints").glob("*.erased"))
    written = erasure_register.Register(register.parent, register.stem).read()
    assert [item.rows for item in written] == [(("incidents", incident_id),) for incident_id in ids]


def test_a_line_of_the_register_is_read_once(
    journal: EmbeddedJournal, tmp_path: Path, key: SigningKey, clock: SteppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[bytes] = []

    def holds(public_key: str, signature: str, message: bytes) -> bool:
        held.append(message)
        return signature_holds(public_key, signature, message)

    def erase(opened: EmbeddedJournal) -> None:
        incident_id = str(opened.apply(OpenIncident("theft", Severity.LOW, START_UTC_S), OPERATOR).incident_id)
        close(opened, incident_id)
        opened.erase(erasing(opened, incident_id), OFFICER)

    monkeypatch.setattr(erasure_register, "signature_holds", holds)
    folder = tmp_path / "checkpoints"
    for _ in range(3):
        erase(journal)
    journal.close()
    assert len(held) == len(set(held)) == 2
    held.clear()
    with contextlib.closing(open_journal(journal.path, key, checkpoints=folder, clock=clock)) as again:
        assert len(held) == len(set(held)) == 3
        for _ in range(2):
            erase(again)
        assert len(held) == len(set(held)) == 4
        register = next(folder.glob("*.erased"))
        whole = register.read_text(encoding="utf-8")
        register.write_text("", encoding="utf-8")
        erase(again)
        assert register.read_text(encoding="utf-8").startswith(whole), "what somebody emptied is written anew"


def test_an_old_copy_put_in_its_place_by_hand_is_erased_at_opening(
    journal: EmbeddedJournal, tmp_path: Path, key: SigningKey, clock: SteppedClock
) -> None:
    incident_id = closed_named(journal)
    backup = tmp_path / "backup" / "journal.db"
    journal.backup(str(backup))
    journal.erase(erasing(journal, incident_id), OFFICER)
    journal.close()
    shutil.copy(backup, journal.path)
    with contextlib.closing(open_journal(journal.path, key, checkpoints=tmp_path / "checkpoints", clock=clock)) as old:
        assert [i.id for i in old.incidents()] != [incident_id]
        assert old.erasures()[0].legal_basis == erasure_register.AGAIN
    assert said_on_disk(journal.path.parent) == []


def test_a_line_that_somebody_else_wrote_into_the_register_is_not_obeyed(
    journal: EmbeddedJournal, tmp_path: Path, key: SigningKey, clock: SteppedClock
) -> None:
    incident_id = closed_named(journal)
    gone = str(journal.apply(OpenIncident("theft", Severity.LOW, START_UTC_S), OPERATOR).incident_id)
    close(journal, gone)
    journal.erase(erasing(journal, gone), OFFICER)
    register = next((tmp_path / "checkpoints").glob("*.erased"))
    true = json.loads(register.read_text(encoding="utf-8"))
    forged = {**true, "id": new_id(), "subject": ["incidents", incident_id], "rows": [["incidents", incident_id]]}
    thief = SigningKey.generate()
    foreign = {**forged, "id": new_id(), "key_id": thief.id, "signature": thief.sign(b"x")}
    bare = {"id": new_id(), "subject": forged["subject"], "rows": forged["rows"]}
    journal.close()
    with register.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in (forged, foreign, bare))
    with contextlib.closing(open_journal(journal.path, key, checkpoints=register.parent, clock=clock)) as again:
        assert again.incident_file(incident_id).incident.id == incident_id
        assert len(again.erasures()) == 1
    assert erasure_register.reapply_to_file(journal.path, register.parent, clock, key) == 0


def _parsed(text: str, folder: Path) -> list[erasure_register.Registered]:
    (folder / "x.erased").write_text(text, encoding="utf-8")
    return erasure_register.Register(folder, "x").read()
