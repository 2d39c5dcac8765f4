"""Rights to pictures: an operator of a camera group gets nothing of other cameras, by whatever way it is asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.camera_rights import CameraRights, seen_by
from app.feeds import CameraFeed, CommandRefused, TileState
from app.runtime import Runtime, RuntimePlan
from app.sign_in import SeatChanged
from app.snapshots import PictureOrder
from storage.commands import PutOperator, PutRecord
from storage.errors import WatchfloorError
from storage.folders import Folders
from storage.journal import Registry
from storage.passwords import sealed
from storage.people_commands import SetPassword
from storage.records import Actor, Camera, Operator, Role
from storage.registry_records import CameraGroup
from storage.settings import RecordingSettings, Settings
from tests.conftest import wait_until
from tests.video.conftest import make_clip
from video.fanout import PictureTap
from video.frame import Picture

ANNA = Operator("anna", "Anna", Role.OPERATOR, group_ids=("g1",))
BORIS = Operator("boris", "Boris", Role.SUPERVISOR)
GROUP = CameraGroup("g1", "Harbour", ("c1",))
TRIES = 200


def _registry(*operators: Operator) -> Registry:
    return Registry(operators=operators, camera_groups=(GROUP, CameraGroup("g2", "Market", ("c2",))))


def test_who_may_see_what() -> None:
    registry = _registry(ANNA, BORIS)
    assert seen_by(registry, "anna") == frozenset({"c1"})
    assert seen_by(registry, "boris") is None
    assert seen_by(registry, "stranger") == frozenset()


def test_an_empty_seat_shows_what_every_operator_may_see() -> None:
    carl = Operator("carl", "Carl", Role.OPERATOR, group_ids=("g1", "g2"))
    program = Operator("service:runtime", "Program", Role.SERVICE, group_ids=("g2",))
    assert seen_by(_registry(BORIS), "") is None
    assert seen_by(_registry(ANNA, BORIS, carl, program), "") == frozenset({"c1"})


def test_another_seat_or_registry_is_asked_for_anew() -> None:
    seat, registry = SeatChanged("anna"), _registry(ANNA, BORIS)
    rights = CameraRights(lambda: registry, lambda: seat)
    assert (rights.allows("c1"), rights.allows("c2")) == (True, False)
    seat = SeatChanged("boris")
    assert rights.allows("c2")
    seat = SeatChanged("anna", locked=True)
    registry = Registry(operators=(ANNA, BORIS), camera_groups=(CameraGroup("g1", "Harbour", ("c2",)),))
    assert (rights.allows("c1"), rights.allows("c2")) == (False, True)


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    clip = str(make_clip(tmp_path / "clip.mp4"))
    cameras = [Camera(f"c{n}", n, name, clip) for n, name in ((1, "Quay"), (2, "Market"))]
    folders = Folders.under(tmp_path / "home").ensure()
    settings = Settings(recording=RecordingSettings(enabled=False))
    made = Runtime(RuntimePlan(folders, settings, (*cameras, GROUP)))
    journal = made.archive.journal
    for operator in (BORIS, ANNA):
        journal.apply(PutOperator(operator), made.archive.actor)
        journal.apply(SetPassword(operator.id, sealed(f"{operator.id}'s own words")), Actor(operator.id))
    made.archive.reload()
    made.start()
    yield made
    made.stop()
    made.close()


def _sit_down(runtime: Runtime, name: str) -> None:
    answered = threading.Event()
    refused: list[WatchfloorError | None] = []

    def done(error: WatchfloorError | None) -> None:
        refused.append(error)
        answered.set()

    runtime.seat.people.seat.sign_in(name, f"{name}'s own words", done)
    assert answered.wait(30)
    assert refused == [None]


def _feed(runtime: Runtime, camera_id: str) -> CameraFeed:
    feed = runtime.desk.feed(camera_id)
    feed.want(320, 180)
    return feed


def _taken(take: Callable[[], Picture | None]) -> bool:
    return take() is not None


def _takes_pictures(runtime: Runtime, camera_id: str) -> bool:
    """Whether anything decodes this camera for a tile."""
    session = runtime.hub.session(camera_id)
    taps = session.stream.taps if session is not None and session.stream is not None else ()
    return any(isinstance(tap, PictureTap) for tap in taps)


def test_an_attack_on_withdrawn_rights(runtime: Runtime, tmp_path: Path) -> None:
    """All doors in one run: a tile that was open, new tiles, replay, snapshot, health; then the rights come back."""
    desk, health = runtime.desk, runtime.seat.offices.health
    assert health is not None
    refused: list[CommandRefused] = []
    runtime.bus.subscribe(CommandRefused, refused.append)
    _sit_down(runtime, "boris")
    tile, own = _feed(runtime, "c2"), _feed(runtime, "c1")
    wait_until(lambda: _taken(tile.take))
    wait_until(lambda: _taken(own.take))
    wait_until(lambda: runtime.hub.ring("c2") is not None)
    replay = desk.replay("c2", 1.0)
    assert replay is not None
    replay.want(320, 180)
    wait_until(lambda: _taken(replay.take))
    held = desk.shoot("c2", runtime.started_utc_s + 1)
    assert held is not None
    wait_until(lambda: len(health.snapshot().cameras) == 2)

    _sit_down(runtime, "anna")
    fresh = _feed(runtime, "c2")
    for _try in range(TRIES):
        for feed in (tile, fresh):
            feed.attend(attended=True, high=True)
            feed.want(1920, 1080)
            assert feed.take() is None
            assert feed.status().state is TileState.NO_RIGHTS
            assert feed.tracks() is None
        replay.go_back(1.0)
        replay.want(320, 180)
        assert replay.take() is None
    assert not _takes_pictures(runtime, "c2")
    assert not desk.may_see("c2")
    assert desk.replay("c2", 1.0) is None
    assert desk.shoot("c2", runtime.started_utc_s + 1) is None
    assert not desk.record_now("c2", 10.0)
    told: list[str] = []
    held.let_go(PictureOrder("curious"), lambda path, _jpeg: told.append(path))
    wait_until(lambda: bool(refused))
    assert not told
    assert not list(runtime.plan.folders.pictures.glob("*"))
    assert [camera.camera_id for camera in health.snapshot().cameras] == ["c1"]
    assert (health.outages("c2"), health.offsets("c2")) == ((), ())
    assert not health.picture("c2", lambda _jpeg, _at: None)
    wait_until(lambda: _taken(own.take))

    runtime.seat.people.seat.lock()
    assert fresh.take() is None
    wait_until(lambda: _taken(own.take))
    runtime.seat.people.seat.sign_out()
    assert fresh.status().state is TileState.NO_RIGHTS

    _sit_down(runtime, "boris")
    wait_until(lambda: _taken(tile.take))
    wait_until(lambda: tile.status().state is TileState.LIVE)
    assert replay.take() is None, "a replay that was taken away does not go on by itself"
    for feed in (tile, own, fresh):
        feed.close()


def test_a_camera_that_joins_the_group_is_seen_without_signing_in_again(runtime: Runtime) -> None:
    _sit_down(runtime, "anna")
    feed = _feed(runtime, "c2")
    assert feed.status().state is TileState.NO_RIGHTS
    runtime.archive.journal.apply(PutRecord(CameraGroup("g1", "Harbour", ("c1", "c2"))), runtime.archive.actor)
    runtime.changes.nudge()
    wait_until(lambda: _taken(feed.take))
    feed.close()
