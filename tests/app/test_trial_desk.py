"""Try before saving at a seat: the sentence, the second signature, and the same from the command line."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.errors import AppCode, AppError
from app.record_commands import record_app
from app.rule_changes import SaveAnswer
from app.rule_commands import rule_app
from app.rule_trial import Tried
from app.tasks import Tasks
from app.texts import sentence
from app.trial_desk import SiteTrialDesk, TrialAnswer
from storage.errors import StorageCode, StorageError
from storage.people_commands import DecideApproval
from storage.people_records import ApprovalKind, ApprovalState
from storage.records import Actor, Category, RuleKind
from storage.tried_rules import PutTriedRecord, change_id
from tests.app.trial_case import ANNA, BETTER, DAY_S, OLENA, RULE, START, ZONE, TrialSite, visits

LATE = replace(RULE, hold_s=15.0)


class Seat:
    """Asks the desk and waits for the answer."""

    def __init__(self, site: TrialSite) -> None:
        self.site, self.tasks = site, Tasks(2)
        for worker in self.tasks.workers:
            worker.start()
        self.actor: Actor | None = ANNA
        self.shares: list[float] = []
        self.desk = SiteTrialDesk(site.archive, self.tasks, self._acting, clock=lambda: START + 7 * DAY_S)

    def _acting(self) -> Actor:
        if self.actor is None:
            raise AppError(AppCode.SEAT_LOCKED)
        return self.actor

    def tried(self, record: Tried) -> TrialAnswer | str:
        answers: queue.Queue[TrialAnswer | str] = queue.Queue()
        self.desk.try_record(record, self.shares.append, answers.put, answers.put)
        return answers.get(timeout=30)

    def saved(self, record: Tried) -> SaveAnswer | str:
        answers: queue.Queue[SaveAnswer | str] = queue.Queue()
        self.desk.save(record, self.shares.append, answers.put, answers.put)
        return answers.get(timeout=30)

    def saved_all(self, *records: Tried) -> SaveAnswer | str:
        answers: queue.Queue[SaveAnswer | str] = queue.Queue()
        self.desk.save_all(records, answers.put, answers.put)
        return answers.get(timeout=30)

    def removed(self, record: Tried) -> SaveAnswer | str:
        answers: queue.Queue[SaveAnswer | str] = queue.Queue()
        self.desk.remove(record, answers.put, answers.put)
        return answers.get(timeout=30)

    def sign(self) -> None:
        """Olena signs for the newest thing that was asked."""
        journal = self.site.archive.journal
        asked = next(one for one in journal.approvals() if one.state is ApprovalState.REQUESTED)
        journal.apply(DecideApproval(asked.id, asked.version, approved=True, words="yes"), OLENA)

    def rule(self) -> object:
        self.site.archive.reload()
        return self.site.archive.registry.rules[0]

    def close(self) -> None:
        for worker in self.tasks.workers:
            worker.stop()
        assert all(worker.join(30) for worker in self.tasks.workers)


@pytest.fixture
def seat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Seat]:
    monkeypatch.setattr("storage.tried_rules.LOOKBACK_S", 36_500 * DAY_S)  # the journal's clock is today's
    site = TrialSite(tmp_path / "home")
    made = Seat(site)
    yield made
    made.close()
    site.close()


def test_figures_first_then_saved(seat: Seat) -> None:
    seen = visits(1)
    seat.site.live(RULE, seen)
    answer = seat.tried(BETTER)
    assert isinstance(answer, TrialAnswer)
    removed = sum(not v.real and v.stay_s < 4.0 for v in seen)
    false, real = sum(not v.real for v in seen), sum(v.real for v in seen)
    assert f"removes {removed} of {false} false alarms, loses 0 of {real} confirmed, adds 0 new" in answer.sentence
    assert seat.shares[-1] == 1.0
    saved = seat.saved(BETTER)
    assert isinstance(saved, SaveAnswer)
    assert saved.saved
    assert seat.rule() == BETTER


def test_losing_a_confirmed_alarm_needs_a_second_signature(seat: Seat) -> None:
    seat.site.live(RULE, visits(1))
    journal = seat.site.archive.journal
    first = seat.saved(LATE)
    assert isinstance(first, SaveAnswer)
    assert not first.saved
    assert seat.rule() == RULE
    asked = journal.approvals()[0]
    assert (asked.kind, asked.subject_id) == (ApprovalKind.RULE_CHANGE, change_id(LATE))
    assert "hold_s: 1 → 15" in asked.reason
    assert "loses" in asked.reason

    again = seat.saved(LATE)
    assert isinstance(again, SaveAnswer)
    assert not again.saved
    assert len(journal.approvals()) == 1  # asked once

    journal.apply(DecideApproval(asked.id, asked.version, approved=True, words="yes"), OLENA)
    later = seat.saved(replace(LATE, hold_s=16.0))  # signed for another change
    assert isinstance(later, SaveAnswer)
    assert not later.saved
    last = seat.saved(LATE)
    assert isinstance(last, SaveAnswer)
    assert last.saved
    assert seat.rule() == LATE


def test_the_journal_itself_refuses_without_the_signature(seat: Seat) -> None:
    journal = seat.site.archive.journal
    with pytest.raises(StorageError) as caught:
        journal.apply(PutTriedRecord(LATE, lost=1), ANNA)
    assert caught.value.code is StorageCode.NOT_PERMITTED
    with pytest.raises(StorageError) as caught:
        journal.apply(PutTriedRecord(LATE, lost=0), Actor("nobody"))
    assert caught.value.code is StorageCode.UNKNOWN_ACTOR
    with pytest.raises(StorageError) as caught:
        journal.apply(PutTriedRecord(Category("c", "C", "g")), ANNA)
    assert caught.value.code is StorageCode.BAD_VALUE
    assert journal.approvals(open_only=False) == []


def test_a_signature_is_spent_with_the_change_that_it_was_for(seat: Seat) -> None:
    seat.site.live(RULE, visits(1))
    seat.saved(LATE)
    seat.sign()
    answers = [seat.saved(LATE), seat.saved_all(RULE), seat.saved(LATE)]
    assert [isinstance(answer, SaveAnswer) and answer.saved for answer in answers] == [True, True, False]
    assert seat.rule() == RULE
    journal = seat.site.archive.journal
    states = [one.state for one in journal.approvals(open_only=False)]
    assert sorted(states) == [ApprovalState.REQUESTED, ApprovalState.USED]


def test_what_found_confirmed_alarms_goes_out_of_use_only_with_a_signature(seat: Seat) -> None:
    seat.site.live(RULE, visits(1))
    first = seat.removed(RULE)
    assert isinstance(first, SaveAnswer)
    assert not first.saved
    assert seat.rule() == RULE
    seat.sign()
    last = seat.removed(RULE)
    assert isinstance(last, SaveAnswer)
    assert last.saved
    seat.site.archive.reload()
    assert seat.site.archive.registry.rules == ()


def test_several_are_saved_one_after_the_other_and_all_that_was_not_is_told(seat: Seat) -> None:
    seat.site.live(RULE, visits(1))
    answer = seat.saved_all(replace(ZONE, name="The yard"), LATE)
    assert isinstance(answer, SaveAnswer)
    assert not answer.saved
    assert "second person was asked" in answer.sentence
    assert seat.rule() == RULE
    assert seat.site.archive.registry.zones[0].name == "The yard"
    seat.actor = None
    locked = sentence(AppError(AppCode.SEAT_LOCKED))
    assert (seat.saved_all(RULE), seat.removed(RULE)) == (locked, locked)


def test_the_command_line_goes_the_same_way(seat: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    seat.site.live(RULE, visits(1))
    grouped = replace(RULE, group_id="night")
    saved = seat.saved(grouped)
    assert isinstance(saved, SaveAnswer)
    assert saved.saved
    monkeypatch.setenv("WATCHFLOOR_HOME", str(seat.site.archive.folders.data.parent))
    monkeypatch.setattr("app.rule_try_command.WORK_CLOCK", lambda: START + 7 * DAY_S)
    run = CliRunner().invoke
    for app, words in (
        (rule_app, ["disarm", "night"]),
        (rule_app, ["remove", "r1"]),
        (record_app, ["put", "rules", "id=r1", "hold_s=15"]),
        (record_app, ["remove", "rules", "r1"]),
    ):
        result = run(app, words)
        assert result.exit_code == 27, (words, result.output)
        assert seat.rule() == grouped
    assert run(record_app, ["put", "rules", "id=r1", "name=Yard"]).exit_code == 0


def test_a_refused_one_asks_anew(seat: Seat) -> None:
    seat.site.live(RULE, visits(1))
    seat.saved(LATE)
    journal = seat.site.archive.journal
    asked = journal.approvals()[0]
    journal.apply(DecideApproval(asked.id, asked.version, approved=False, words="no"), OLENA)
    seat.saved(LATE)
    states = [one.state for one in journal.approvals(open_only=False)]
    assert sorted(states) == [ApprovalState.REFUSED, ApprovalState.REQUESTED]


def test_what_cannot_be_tried_says_why_and_is_saved(seat: Seat) -> None:
    for record in (replace(RULE, kind=RuleKind.TAMPER), replace(RULE, name="Other"), BETTER):  # no tracks at all
        answer = seat.tried(record)
        assert isinstance(answer, TrialAnswer)
        assert answer.lost == 0
        saved = seat.saved(record)
        assert isinstance(saved, SaveAnswer)
        assert saved.saved
        seat.site.archive.reload()
    crossed = replace(ZONE, points=((0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9)))
    assert isinstance(seat.tried(crossed), str)
    damaged = seat.site.archive.folders.tracks
    damaged.parent.mkdir(parents=True, exist_ok=True)
    damaged.write_bytes(b"no database, but long enough to be looked at " * 50)
    answer = seat.tried(LATE)
    assert isinstance(answer, TrialAnswer)
    assert answer.sentence.startswith("Not tried.")


def test_nobody_at_the_seat_saves_nothing(seat: Seat) -> None:
    seat.actor = None
    assert seat.saved(BETTER) == sentence(AppError(AppCode.SEAT_LOCKED))


def test_a_newer_trial_ends_the_one_before(seat: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    seat.site.live(RULE, visits(1))
    begun, go_on = threading.Event(), threading.Event()
    original = seat.desk._work.run

    def slow(record: Tried, *rest: object) -> TrialAnswer:
        if record == LATE:
            begun.set()
            assert go_on.wait(30)
        return original(record, *rest)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(seat.desk._work, "run", slow)
    said: list[object] = []
    seat.desk.try_record(LATE, seat.shares.append, said.append, said.append)
    assert begun.wait(30)
    assert isinstance(seat.tried(BETTER), TrialAnswer)
    go_on.set()
    seat.close()
    assert said == []


def test_the_command_line_says_the_same(seat: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = visits(1)
    seat.site.live(RULE, seen)
    monkeypatch.setenv("WATCHFLOOR_HOME", str(seat.site.archive.folders.data.parent))
    monkeypatch.setattr("app.rule_try_command.WORK_CLOCK", lambda: START + 7 * DAY_S)
    result = CliRunner().invoke(rule_app, ["try", "r1", "--hold-s", "4"])
    assert result.exit_code == 0, result.output
    answer = seat.tried(BETTER)
    assert isinstance(answer, TrialAnswer)
    assert answer.sentence in result.output
    assert result.output.count("would not have come") == sum(not v.real and v.stay_s < 4.0 for v in seen)
    zone = "0.8, 0; 1, 0; 1, 1; 0.8, 1"
    smaller = CliRunner().invoke(rule_app, ["try", "r1", "--zone", zone])
    assert "second person" in smaller.output
    assert CliRunner().invoke(rule_app, ["try", "r9"]).exit_code != 0
    assert CliRunner().invoke(rule_app, ["try", "r1", "--zone", zone, "--hold-s", "2"]).exit_code != 0
