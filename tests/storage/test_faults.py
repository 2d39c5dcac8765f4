"""Commands that would spoil what is stored, disks that fail, and writers that race."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from storage.commands import (
    AcknowledgeIncident,
    AttachEvidence,
    CloseIncident,
    Command,
    JudgeAlarm,
    PutRecord,
    RecordEvent,
)
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.errors import StorageCode, StorageError
from storage.journal import Receipt
from storage.keys import SigningKey
from storage.records import (
    Actor,
    Camera,
    EvidenceKind,
    Operator,
    Outcome,
    Role,
    RuleKind,
    RuleSpec,
    Severity,
    Verdict,
    Zone,
)
from tests.storage.site import ADMIN, OPERATOR, RUNTIME, SteppedClock, add_people, event, evidence, fill


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[EmbeddedJournal]:
    with contextlib.closing(open_journal(tmp_path / "journal" / "journal.db", SigningKey.generate())) as opened:
        fill(opened)
        yield opened
        assert opened.verify().problems == ()


def listed(journal: EmbeddedJournal) -> None:
    """Every list can be read."""
    journal.registry()
    journal.events()
    journal.alarms(open_only=False)
    for incident in journal.incidents():
        journal.incident_file(incident.id)


SEEN = event()
POISON: dict[str, tuple[Command, Actor]] = {
    "severity": (RecordEvent(replace(SEEN, severity=cast(Severity, 7))), RUNTIME),
    "kind": (RecordEvent(replace(SEEN, kind=cast(RuleKind, "x"))), RUNTIME),
    "no id": (RecordEvent(replace(SEEN, id="")), RUNTIME),
    "no camera": (RecordEvent(replace(SEEN, camera_id="")), RUNTIME),
    "year 50000": (RecordEvent(replace(SEEN, utc_s=1.5e12)), RUNTIME),
    "before time": (RecordEvent(replace(SEEN, since_utc_s=-1.0)), RUNTIME),
    "not a number": (RecordEvent(replace(SEEN, utc_s=float("nan"))), RUNTIME),
    "infinite": (RecordEvent(replace(SEEN, score=float("inf"))), RUNTIME),
    "huge number": (RecordEvent(replace(SEEN, track_id=2**70)), RUNTIME),
    "number as text": (RecordEvent(replace(SEEN, label=cast(str, 5))), RUNTIME),
    "surrogate": (RecordEvent(replace(SEEN, label="\ud800")), RUNTIME),
    "text as number": (PutRecord(Camera("c8", cast(int, "8"), "x", "y")), ADMIN),
    "fraction as number": (PutRecord(Camera("c8", cast(int, 8.5), "x", "y")), ADMIN),
    "number as name": (PutRecord(Camera("c8", 8, cast(str, 8), "y")), ADMIN),
    "role": (PutRecord(Operator("o8", "x", cast(Role, "god"))), ADMIN),
    "rule severity": (PutRecord(RuleSpec("r8", "c1", "z1", "x", severity=cast(Severity, 9))), ADMIN),
    "points": (PutRecord(Zone("z8", "c1", "x", cast(tuple[tuple[float, float], ...], ((1.0,),)))), ADMIN),
    "kind of evidence": (AttachEvidence(replace(evidence("?"), kind=cast(EvidenceKind, "x"))), RUNTIME),
}


@pytest.mark.parametrize("name", POISON)
def test_a_value_that_would_spoil_a_list_is_refused(journal: EmbeddedJournal, name: str) -> None:
    command, actor = POISON[name]
    if isinstance(command, AttachEvidence):
        command = AttachEvidence(replace(command.evidence, event_id=journal.events()[0].id))
    head = journal.head()
    with pytest.raises(StorageError) as caught:
        journal.apply(command, actor)
    assert caught.value.code is StorageCode.BAD_VALUE
    assert journal.head() == head
    listed(journal)


def test_a_note_or_verdict_of_another_type_is_refused(journal: EmbeddedJournal) -> None:
    incident = journal.incidents()[0]
    journal.apply(AcknowledgeIncident(incident.id, 1), OPERATOR)
    alarm = journal.alarms()[0]
    for command in (
        CloseIncident(incident.id, 2, Outcome.FOUND, cast(str, 5)),
        CloseIncident(incident.id, 2, cast(Outcome, "x")),
        JudgeAlarm(alarm.id, alarm.version, cast(Verdict, "incident")),
    ):
        with pytest.raises(StorageError) as caught:
            journal.apply(command, OPERATOR)
        assert caught.value.code is StorageCode.BAD_VALUE
    listed(journal)


def test_strange_but_legal_text_is_kept(journal: EmbeddedJournal) -> None:
    for text in (
        "",
        "\x00",
        "'; DROP TABLE events; --",
        "<script>",
        "=1+1",
        "e\u0301",
        "\u00e9",
        "\u202eabc",
        "x" * 10**6,
    ):
        fact = replace(event(), label=text, detector=text)
        journal.apply(RecordEvent(fact), RUNTIME)
        assert fact in journal.events()


def test_an_event_outlives_its_category(journal: EmbeddedJournal) -> None:
    """A fact is written down even when the registry row that it speaks of is missing here."""
    receipt = journal.apply(RecordEvent(event(0.0, "c7"), opens_incident=True, category_id="gone"), RUNTIME)
    assert receipt.alarm_raised
    assert receipt.incident_id is None
    assert receipt.alarm_id in {a.id for a in journal.alarms()}


def test_a_clock_set_back_feeds_no_alarm_of_the_future(tmp_path: Path) -> None:
    clock = SteppedClock()
    with contextlib.closing(open_journal(tmp_path / "journal.db", clock=clock)) as journal:
        first = journal.apply(RecordEvent(event(), opens_incident=True), RUNTIME)
        clock.utc_s -= 86_400
        second = journal.apply(RecordEvent(event(-86_400.0), opens_incident=True), RUNTIME)
        assert second.alarm_raised
        assert second.incident_number != first.incident_number
        seqs = [change.seq for change in journal.changes(0)]
        assert seqs == sorted(seqs)
        assert journal.verify().problems == ()


class BrokenDisk:
    """The write connection on a disk that fails at COMMIT, and at the following ROLLBACK as well."""

    def __init__(self, connection: sqlite3.Connection, failures: dict[str, int]) -> None:
        self._real = connection
        self._failures = failures

    def execute(self, sql: str, *args: object) -> sqlite3.Cursor:
        """As the connection's."""
        if self._failures.get(sql, 0):
            self._failures[sql] -= 1
            raise sqlite3.OperationalError("disk I/O error")
        return self._real.execute(sql, *args)  # type: ignore[arg-type]  # handed through

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)


@pytest.mark.parametrize("failures", [{"COMMIT": 1}, {"COMMIT": 1, "ROLLBACK": 1}, {"COMMIT": 3, "ROLLBACK": 2}])
def test_a_disk_that_fails_answers_every_waiter_once(journal: EmbeddedJournal, failures: dict[str, int]) -> None:
    broken = cast(sqlite3.Connection, BrokenDisk(journal._connection, failures))
    answers: list[tuple[int, Receipt | Exception]] = []
    before = journal.counts()["events"]
    with contextlib.closing(sqlite3.connect(journal.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # so that all wait in one group
        journal.writer._connection = journal.writer._ledger.connection = broken
        for index in range(5):

            def done(answer: Receipt | Exception, index: int = index) -> None:
                answers.append((index, answer))

            journal.apply_soon(RecordEvent(event(index)), RUNTIME, done)
        other.execute("ROLLBACK")
    journal.apply_soon(RecordEvent(event(9.0)), RUNTIME)
    while True:  # until the disk works again; each call waits for those before it
        with contextlib.suppress(sqlite3.OperationalError, StorageError):
            journal.apply(RecordEvent(event(10.0)), RUNTIME)
            break
    assert sorted(index for index, _ in answers) == list(range(5))
    good = sum(isinstance(answer, Receipt) for _, answer in answers)
    assert before + good < journal.counts()["events"] <= before + good + 2
    journal.writer._connection = journal.writer._ledger.connection = journal._connection


def test_two_writers_on_one_alarm_have_one_winner(tmp_path: Path) -> None:
    """Each through its own journal, as two processes would; numbers stay without gap or double."""
    path = tmp_path / "journal.db"
    with contextlib.closing(open_journal(path)) as one, contextlib.closing(open_journal(path)) as two:
        add_people(one)
        alarms = [str(one.apply(RecordEvent(event(0.0, f"x{n}")), RUNTIME).alarm_id) for n in range(12)]
        refused: list[object] = []

        def judge(journal: EmbeddedJournal) -> None:
            for alarm_id in alarms:
                try:
                    journal.apply(JudgeAlarm(alarm_id, 1, Verdict.INCIDENT), OPERATOR)
                except StorageError as error:
                    refused.append(error.code)

        threads = [threading.Thread(target=judge, args=(journal,)) for journal in (one, two)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert refused == [StorageCode.STALE_VERSION] * len(alarms)
        assert sorted(i.number[5:] for i in one.incidents()) == [f"{n:06d}" for n in range(1, 13)]
        assert two.verify().problems == ()
