"""The operator's desk over a real journal: commands off the calling thread, what is open back over the bus."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.archive import RUNTIME, Archive
from app.bus import Bus
from app.desk import ChangeFeed, OperatorDesk
from app.errors import AppCode, AppError
from app.feeds import CameraFeed, CommandRefused, DeskState, RegistryChanged
from app.snapshots import PictureOrder
from app.tasks import Tasks
from storage.case_commands import HandOverIncident, OpenIncident, RestrictIncident, ShelveAlarms
from storage.commands import AcknowledgeAlarm, PutOperator, PutRecord, RecordEvent, SignCheckpoint
from storage.errors import StorageCode, StorageError
from storage.folders import Folders
from storage.records import (
    Actor,
    Box,
    Camera,
    Event,
    IncidentState,
    Operator,
    Outcome,
    Role,
    RuleKind,
    Severity,
    Verdict,
    new_id,
)
from storage.registry_records import CameraGroup, Service
from storage.sealed import Credential
from storage.settings import Settings
from tests.conftest import running, wait_until


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
    changes = ChangeFeed(archive, bus)
    workers = [*tasks.workers, changes]
    with running(workers):
        yield OperatorDesk(archive, bus, tasks, changes, _no_feed, lambda _camera_id, _seconds: None)


def _event(camera_id: str) -> Event:
    box, end_utc_s = Box(0.1, 0.1, 0.2, 0.5), 1_800_000_001.0
    return Event(
        new_id(), camera_id, "r1", RuleKind.INTRUSION, Severity.HIGH, end_utc_s, end_utc_s - 1, 1, "person", 0.9, box
    )


def _alarm(archive: Archive, desk: OperatorDesk) -> None:
    archive.journal.apply(RecordEvent(_event("c1")), RUNTIME)
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


def test_a_picture_of_no_camera_and_of_a_closed_one(archive: Archive, desk: OperatorDesk) -> None:
    refused: list[CommandRefused] = []
    desk.bus.subscribe(CommandRefused, refused.append)
    archive.reload()
    assert desk.shoot("c9", 1.0) is None
    shot = desk.shoot("c1", 1.0)
    assert shot is not None
    shot.let_go(PictureOrder("why"), lambda _path, _jpeg: None)
    wait_until(lambda: len(refused) == 1)
    assert "no picture of that moment" in refused[0].text


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
    archive.journal.apply(AcknowledgeAlarm(alarm.id, alarm.version), RUNTIME)
    desk.judge_alarm(alarm, Verdict.FALSE)
    wait_until(lambda: len(refusals) == 1)
    assert refusals[0].text.endswith(".")


def test_what_another_process_writes_is_seen(archive: Archive, desk: OperatorDesk) -> None:
    states: list[DeskState] = []
    desk.bus.subscribe(DeskState, states.append)
    other = Archive(archive.folders, Settings())
    try:
        _alarm(other, desk)
        wait_until(lambda: bool(states) and bool(states[-1].alarms))  # told after the desk has it
    finally:
        other.close()


def test_a_report_lands_in_the_reports_folder_also_the_first_time(archive: Archive, desk: OperatorDesk) -> None:
    _alarm(archive, desk)
    desk.judge_alarm(desk.state().alarms[0], Verdict.INCIDENT)
    wait_until(lambda: len(desk.state().incidents) == 1)
    written: list[str] = []
    desk.write_report(desk.state().incidents[0].id, written.append)
    wait_until(lambda: len(written) == 1)
    assert Path(written[0]).parent == archive.folders.reports
    assert Path(written[0]).read_bytes().startswith(b"%PDF")


def test_two_keys_in_a_row_act_on_the_same_alarm(archive: Archive, desk: OperatorDesk) -> None:
    _alarm(archive, desk)
    refusals: list[CommandRefused] = []
    desk.bus.subscribe(CommandRefused, refusals.append)
    alarm = desk.state().alarms[0]
    desk.acknowledge_alarm(alarm)
    desk.judge_alarm(alarm, Verdict.INCIDENT)
    wait_until(lambda: bool(desk.state().incidents))
    assert not refusals
    assert desk.state().incidents[0].owner_id == archive.actor.id


def test_a_locked_seat_reads_no_restricted_incident(archive: Archive, desk: OperatorDesk) -> None:
    opened = archive.journal.apply(OpenIncident("theft", Severity.LOW, 1.8e9), archive.actor)
    incident_id = str(opened.incident_id)
    archive.journal.apply(RestrictIncident(incident_id, 1, restricted=True), archive.actor)
    refusals: list[CommandRefused] = []
    desk.bus.subscribe(CommandRefused, refusals.append)
    locked = OperatorDesk(
        archive, desk.bus, desk._tasks, desk._changes, _no_feed, lambda _camera_id, _seconds: None, actor=_nobody
    )
    read: list[str] = []
    locked.load_incident(incident_id, lambda file, _stills: read.append(file.incident.id))
    wait_until(lambda: bool(refusals or read))
    assert read == []
    desk.load_incident(incident_id, lambda file, _stills: read.append(file.incident.id))
    wait_until(lambda: read == [incident_id])


def test_the_desk_lists_no_hand_over_of_what_the_viewer_must_not_know(archive: Archive, desk: OperatorDesk) -> None:
    viewer = Operator("operator-1", "Viewer", Role.OPERATOR)
    for command in (PutOperator(viewer), PutRecord(Service("s1", "Police"))):
        archive.journal.apply(command, archive.actor)
    opened = archive.journal.apply(OpenIncident("theft", Severity.LOW, 1.8e9), archive.actor)
    incident_id = str(opened.incident_id)
    archive.journal.apply(HandOverIncident(incident_id, 1, "s1", "take the informer along"), archive.actor)
    changes = ChangeFeed(archive, Bus(), lambda: viewer.id)
    changes.refresh()
    assert len(changes.state.handovers) == 1
    archive.journal.apply(RestrictIncident(incident_id, 2, restricted=True), archive.actor)
    changes.refresh()
    assert not changes.state.handovers


def test_other_cameras_do_not_use_up_what_a_restricted_operator_is_listed(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is for the alarms that are seen here, not for all of the site's."""
    monkeypatch.setattr("app.desk._MOST_ALARMS", 2)
    viewer = Operator("operator-1", "Viewer", Role.OPERATOR, group_ids=("g1",))
    _add_camera(archive, 2)
    for command in (PutRecord(CameraGroup("g1", "Gates", ("c1",))), PutOperator(viewer)):
        archive.journal.apply(command, archive.actor)
    for camera_id, severity in (("c1", Severity.LOW), *[("c2", Severity.CRITICAL)] * 3):
        event = replace(_event(camera_id), severity=severity, rule_id=f"{camera_id}-{new_id()}")
        archive.journal.apply(RecordEvent(event), RUNTIME)
    for cameras in (("c2",), ("c1", "c2")):
        shelf = ShelveAlarms("Rain", cameras, "intrusion/intrusion", "rain", time.time() + 600.0)
        archive.journal.apply(shelf, archive.actor)
    changes = ChangeFeed(archive, Bus(), lambda: viewer.id)
    changes.refresh()
    assert [alarm.camera_id for alarm in changes.state.alarms] == ["c1"]
    assert [shelf.camera_ids for shelf in changes.state.shelves] == [("c1", "c2")], "what concerns others is theirs"
    assert changes.state.unlisted_alarms == 0


def test_what_the_list_cannot_hold_is_counted(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.desk._MOST_ALARMS", 2)
    viewer = Operator("operator-1", "Viewer", Role.OPERATOR, group_ids=("g1",))
    _add_camera(archive, 2)
    for command in (PutRecord(CameraGroup("g1", "Gates", ("c1",))), PutOperator(viewer)):
        archive.journal.apply(command, archive.actor)
    for camera_id in ("c1", "c1", "c1", "c2", "c2"):
        event = replace(_event(camera_id), rule_id=new_id())
        archive.journal.apply(RecordEvent(event), RUNTIME)
    for viewer_id, unlisted in ((viewer.id, 1), (archive.actor.id, 3)):
        changes = ChangeFeed(archive, Bus(), lambda viewer_id=viewer_id: viewer_id)  # type: ignore[misc]  # bound here
        changes.refresh()
        assert (len(changes.state.alarms), changes.state.unlisted_alarms) == (2, unlisted)


def _nobody() -> Actor:
    raise AppError(AppCode.SEAT_LOCKED)


def _add_camera(archive: Archive, number: int) -> None:
    archive.journal.apply(PutRecord(Camera(f"c{number}", number, "Yard", "rtsp://10.0.0.5/2")), archive.actor)


def _told_registries(bus: Bus) -> list[int]:
    """How many cameras each registry had that was told."""
    told: list[int] = []
    bus.subscribe(RegistryChanged, lambda changed: told.append(len(changed.registry.cameras)))
    return told


def _following(changes: ChangeFeed, until: Callable[[], bool]) -> None:
    changes.start()
    try:
        wait_until(until)
    finally:
        changes.stop()
        assert changes.join(60)


def test_another_login_of_a_camera_is_told(archive: Archive) -> None:
    """Its session must be opened anew, though no record of the registry has changed."""
    bus = Bus()
    changes = ChangeFeed(archive, bus)
    told = _told_registries(bus)
    archive.logins.keep("c1", Credential("admin", "another"), archive.actor)
    _following(changes, lambda: len(told) == 1)


def test_a_camera_that_came_before_the_first_look_is_told(archive: Archive) -> None:
    bus = Bus()
    archive.reload()
    changes = ChangeFeed(archive, bus)
    told = _told_registries(bus)
    _add_camera(archive, 2)
    _following(changes, lambda: told == [2])
    assert len(archive.registry.cameras) == 2


def test_a_camera_behind_very_many_other_changes_is_told(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.desk._MOST_CHANGES", 2)
    bus = Bus()
    archive.reload()
    changes = ChangeFeed(archive, bus)
    told = _told_registries(bus)
    for _number in range(5):
        archive.journal.apply(SignCheckpoint(), RUNTIME)
    _add_camera(archive, 2)
    _following(changes, lambda: told == [2])


def test_a_registry_that_could_not_be_read_is_read_again(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    bus = Bus()
    archive.reload()
    changes = ChangeFeed(archive, bus)
    told = _told_registries(bus)
    _add_camera(archive, 2)
    with monkeypatch.context() as patched:
        patched.setattr(archive, "reload", _busy)
        changes.start()
        wait_until(lambda: not changes.alive)  # the supervisor starts it again
    assert changes.failures == 1
    _following(changes, lambda: told == [2])


def _busy() -> None:
    raise StorageError(StorageCode.BUSY)
