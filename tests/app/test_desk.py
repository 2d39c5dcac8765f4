"""The operator's desk over a real journal: commands off the calling thread, what is open back over the bus."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.archive import RUNTIME, Archive
from app.bus import Bus
from app.desk import ChangeFeed, OperatorDesk
from app.feeds import CameraFeed, CommandRefused, DeskState
from app.tasks import Tasks
from storage.commands import PutRecord, RecordEvent
from storage.folders import Folders
from storage.records import Box, Camera, Event, IncidentState, Outcome, RuleKind, Severity, Verdict, new_id
from storage.settings import Settings
from tests.conftest import wait_until


def _no_feed(_camera_id: str) -> CameraFeed:
    raise AssertionError("no feed is opened here")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    opened = Archive(Folders.under(tmp_path / "home").ensure(), Settings())
    opened.journal.apply(PutRecord(Camera("c1", 1, "Gate", "rtsp://10.0.0.5/1")), opened.actor)
    yield opened
    opened.close()


@pytest.fixture
def desk(archive: Archive) -> Iterator[OperatorDesk]:
    bus, tasks = Bus(), Tasks(threads=2)
    changes = ChangeFeed(archive.journal, bus)
    workers = [*tasks.workers, changes]
    for worker in workers:
        worker.start()
    yield OperatorDesk(archive, bus, tasks, changes, _no_feed, lambda _camera_id, _seconds: None)
    for worker in workers:
        worker.stop()
    assert all(worker.join(3) for worker in workers)


def _alarm(archive: Archive, desk: OperatorDesk) -> None:
    box = Box(0.1, 0.1, 0.2, 0.5)
    event = Event(
        new_id(), "c1", "r1", RuleKind.INTRUSION, Severity.HIGH, 1_800_000_001.0, 1_800_000_000.0, 1, "person", 0.9, box
    )
    archive.journal.apply(RecordEvent(event), RUNTIME)
    wait_until(lambda: len(desk.state().alarms) == 1)


def test_an_alarm_goes_from_raised_to_a_closed_incident_and_back(archive: Archive, desk: OperatorDesk) -> None:
    _alarm(archive, desk)
    desk.acknowledge_alarm(desk.state().alarms[0])
    wait_until(lambda: desk.state().alarms[0].owner_id == archive.actor.id)
    desk.judge_alarm(desk.state().alarms[0], Verdict.INCIDENT)
    wait_until(lambda: len(desk.state().incidents) == 1 and not desk.state().alarms)
    desk.verify_incident(desk.state().incidents[0])
    wait_until(lambda: desk.state().incidents[0].state is IncidentState.VERIFIED)
    desk.close_incident(desk.state().incidents[0], Outcome.DETAINED, "two men")
    wait_until(lambda: desk.state().incidents[0].state is IncidentState.CLOSED)
    desk.reopen_incident(desk.state().incidents[0])
    wait_until(lambda: desk.state().incidents[0].state is IncidentState.ACKNOWLEDGED)
    assert archive.journal.verify().ok


def test_a_false_alarm_can_be_taken_back(archive: Archive, desk: OperatorDesk) -> None:
    _alarm(archive, desk)
    alarm = desk.state().alarms[0]
    desk.judge_alarm(alarm, Verdict.FALSE)
    wait_until(lambda: not desk.state().alarms)
    desk.reopen_alarm(archive.journal.alarms(open_only=False)[0])
    wait_until(lambda: len(desk.state().alarms) == 1)


def test_a_refusal_comes_back_as_one_sentence(archive: Archive, desk: OperatorDesk) -> None:
    _alarm(archive, desk)
    refusals: list[CommandRefused] = []
    desk.bus.subscribe(CommandRefused, refusals.append)
    alarm = desk.state().alarms[0]
    desk.acknowledge_alarm(alarm)
    wait_until(lambda: desk.state().alarms[0].owner_id is not None)
    desk.acknowledge_alarm(alarm)
    wait_until(lambda: len(refusals) == 1)
    assert refusals[0].text.endswith(".")


def test_what_another_process_writes_is_seen(archive: Archive, desk: OperatorDesk) -> None:
    states: list[DeskState] = []
    desk.bus.subscribe(DeskState, states.append)
    other = Archive(archive.folders, Settings())
    try:
        _alarm(other, desk)
    finally:
        other.close()
    assert states[-1].alarms


def test_a_report_lands_in_the_reports_folder_also_the_first_time(archive: Archive, desk: OperatorDesk) -> None:
    _alarm(archive, desk)
    desk.judge_alarm(desk.state().alarms[0], Verdict.INCIDENT)
    wait_until(lambda: len(desk.state().incidents) == 1)
    written: list[str] = []
    desk.write_report(desk.state().incidents[0].id, written.append)
    wait_until(lambda: len(written) == 1)
    assert Path(written[0]).parent == archive.folders.reports
    assert Path(written[0]).read_bytes().startswith(b"%PDF")
