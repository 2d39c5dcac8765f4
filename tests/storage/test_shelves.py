"""Shelved alarms as facts, and how much the alarms ask of an operator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from storage.access import Permission
from storage.case_commands import ShelveAlarms, UnshelveAlarms
from storage.case_records import ShelfState
from storage.commands import JudgeAlarm, PutOperator, PutRecord, RecordEvent
from storage.embedded_journal import EmbeddedJournal
from storage.errors import StorageCode
from storage.noise_queries import NoiseFigure
from storage.people_commands import EndShift, StartShift
from storage.records import Operator, Role, RuleKind, Severity, Verdict
from storage.registry_records import CameraGroup
from storage.shelves import LONGEST_S
from tests.storage.case_site import SECOND, case_journal, refused
from tests.storage.site import ADMIN, OPERATOR, RUNTIME, START_UTC_S, SteppedClock, event


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def journal(tmp_path: Path, clock: SteppedClock) -> Iterator[EmbeddedJournal]:
    with case_journal(tmp_path, clock) as found:
        yield found


def wish(until_s: float = 900.0, cameras: tuple[str, ...] = ("c1",), *, to_shift_end: bool = False) -> ShelveAlarms:
    return ShelveAlarms("Gate", cameras, "intrusion/intrusion", "wind", START_UTC_S + until_s, to_shift_end)


def test_a_shelf_is_a_fact_with_who_why_and_until(journal: EmbeddedJournal, clock: SteppedClock) -> None:
    command = wish()
    journal.apply(command, OPERATOR)
    (shelf,) = journal.shelves(clock.utc_s)
    assert (shelf.id, shelf.actor_id, shelf.reason) == (command.new_shelf_id, OPERATOR.id, "wind")
    assert (shelf.from_utc_s, shelf.until_utc_s, shelf.state) == (
        START_UTC_S,
        START_UTC_S + 900.0,
        ShelfState.PUT_UP,
    )
    change = journal.changes(0)[-1]
    assert (change.action, change.subject, change.subject_id) == ("shelve alarms", "shelves", shelf.id)


def test_never_longer_than_eight_hours_and_gone_by_the_clock_alone(
    journal: EmbeddedJournal, clock: SteppedClock
) -> None:
    journal.apply(wish(100 * 3600.0), OPERATOR)
    head = journal.head()
    assert journal.shelves(clock.utc_s)[0].until_utc_s == START_UTC_S + LONGEST_S
    assert journal.shelves(START_UTC_S + LONGEST_S) == []
    assert journal.head() == head


def test_given_back_before_its_time(journal: EmbeddedJournal, clock: SteppedClock) -> None:
    command = wish()
    journal.apply(command, OPERATOR)
    clock.utc_s += 60.0
    refused(journal, UnshelveAlarms(command.new_shelf_id, 2), StorageCode.STALE_VERSION)
    journal.apply(UnshelveAlarms(command.new_shelf_id, 1), SECOND)
    (shelf,) = journal.shelves(START_UTC_S)
    assert (shelf.state, shelf.closed_by_id, shelf.until_utc_s) == (
        ShelfState.TAKEN_DOWN,
        SECOND.id,
        START_UTC_S + 60.0,
    )
    refused(journal, UnshelveAlarms(command.new_shelf_id, 2), StorageCode.ILLEGAL_TRANSITION)


def test_what_is_over_is_not_given_back(journal: EmbeddedJournal, clock: SteppedClock) -> None:
    command = wish()
    journal.apply(command, OPERATOR)
    clock.utc_s += 900.0
    refused(journal, UnshelveAlarms(command.new_shelf_id, 1), StorageCode.ILLEGAL_TRANSITION)


def test_a_shelf_to_the_end_of_the_shift_ends_with_it(journal: EmbeddedJournal, clock: SteppedClock) -> None:
    shift = StartShift("seat")
    journal.apply(shift, OPERATOR)
    journal.apply(wish(LONGEST_S, to_shift_end=True), OPERATOR)
    assert journal.shelves(clock.utc_s)[0].shift_id == shift.new_shift_id
    clock.utc_s += 3600.0
    journal.apply(EndShift(shift.new_shift_id, 1), OPERATOR)
    assert journal.shelves(START_UTC_S)[0].until_utc_s == START_UTC_S + 3600.0
    journal.apply(replace(wish(2 * 3600.0, to_shift_end=True), new_shelf_id="b" * 32), OPERATOR)
    assert journal.shelves(clock.utc_s)[-1].shift_id is None


@pytest.mark.parametrize(
    "bad",
    [
        {"reason": " "},
        {"name": ""},
        {"cause": ""},
        {"camera_ids": ()},
        {"camera_ids": ("",)},
        {"camera_ids": "c1"},
        {"until_utc_s": START_UTC_S},
        {"until_utc_s": float("nan")},
    ],
)
def test_nonsense_is_refused(journal: EmbeddedJournal, bad: dict[str, object]) -> None:
    refused(journal, replace(wish(), **bad), StorageCode.BAD_VALUE)  # type: ignore[arg-type]  # nonsense on purpose


def test_only_who_handles_alarms_and_sees_the_cameras(journal: EmbeddedJournal) -> None:
    assert ShelveAlarms.permission is UnshelveAlarms.permission is Permission.HANDLE_ALARM
    journal.apply(PutRecord(CameraGroup("yard", "Yard", ("c2",))), ADMIN)
    journal.apply(PutOperator(Operator(SECOND.id, "Second", Role.OPERATOR, group_ids=("yard",))), ADMIN)
    refused(journal, wish(cameras=("c1", "c2")), StorageCode.NOT_PERMITTED, SECOND)
    theirs = wish(cameras=("c1",))
    journal.apply(theirs, OPERATOR)
    refused(journal, UnshelveAlarms(theirs.new_shelf_id, 1), StorageCode.NOT_PERMITTED, SECOND)


def test_shelved_alarms_are_raised_and_counted_as_ever(journal: EmbeddedJournal, clock: SteppedClock) -> None:
    journal.apply(wish(), OPERATOR)
    journal.apply(RecordEvent(event()), RUNTIME)
    (alarm,) = journal.alarms()
    journal.apply(JudgeAlarm(alarm.id, alarm.version, Verdict.FALSE), OPERATOR)
    (raised,) = journal.raised(clock.utc_s)
    assert (raised.id, raised.camera_id, raised.rule_id, raised.severity) == (alarm.id, "c1", "r1", Severity.MEDIUM)


def test_what_was_raised_is_told_from_a_time_on_newest_first(journal: EmbeddedJournal, clock: SteppedClock) -> None:
    for number in range(3):
        clock.utc_s = START_UTC_S + number * 100.0
        journal.apply(RecordEvent(replace(event(number * 100.0), rule_id=f"r{number}")), RUNTIME)
    assert [one.rule_id for one in journal.raised(START_UTC_S + 100.0)] == ["r2", "r1"]
    assert [one.rule_id for one in journal.raised(START_UTC_S, limit=1)] == ["r2"]


def test_the_noise_of_a_time(journal: EmbeddedJournal, clock: SteppedClock) -> None:
    for number, (camera, rule, verdict) in enumerate(
        [("c1", "r1", Verdict.FALSE), ("c1", "r1", Verdict.INCIDENT), ("c1", "r2", Verdict.FALSE), ("c2", "r3", None)]
    ):
        clock.utc_s = START_UTC_S + number * 600.0
        for _twice in range(2):
            seen = replace(event(number * 600.0, camera), rule_id=rule, kind=RuleKind.LOITERING)
            journal.apply(RecordEvent(seen), RUNTIME)
        alarm = next(a for a in journal.alarms() if a.rule_id == rule)
        if verdict is not None:
            journal.apply(JudgeAlarm(alarm.id, alarm.version, verdict), OPERATOR)
    noise = journal.noise(START_UTC_S, clock.utc_s + 1.0)
    assert noise.cameras == (NoiseFigure("c1", 3, 6, 3, 2), NoiseFigure("c2", 1, 2, 0, 0))
    assert noise.rules == (
        NoiseFigure("r1", 2, 4, 2, 1),
        NoiseFigure("r2", 1, 2, 1, 1),
        NoiseFigure("r3", 1, 2, 0, 0),
    )
    assert [figure.false_share for figure in noise.rules] == [0.5, 1.0, None]
    assert [figure.id for figure in journal.noise(START_UTC_S + 1200.0, clock.utc_s + 1.0).rules] == ["r2", "r3"]
    assert journal.noise(START_UTC_S - 100.0, START_UTC_S).cameras == ()
