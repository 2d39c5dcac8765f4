from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from app import cameras
from app.cameras import FORGET_AFTER_S, STALE_AFTER_S, CameraHub, tile_state
from app.feeds import TileState
from app.live_feed import LiveFeed
from storage.records import Camera
from storage.worker import Supervisor
from tests.conftest import wait_until
from video.decode import DecodePool
from video.fanout import PictureTap
from video.frame import Picture
from video.session import CameraSession, SessionState, SessionStatus
from video.source import VideoCode, VideoError

CAMERA = Camera("c1", 1, "Gate", "missing/clip.mp4")
REASON = VideoError(VideoCode.UNREACHABLE, url="rtsp://10.0.0.5")
NOW_S = 1000.0


@pytest.mark.parametrize(
    ("status", "newest_s", "expected"),
    [
        (SessionStatus(SessionState.CONNECTING, attempt=1), 0.0, TileState.CONNECTING),
        (SessionStatus(SessionState.WAITING, attempt=1, reason=REASON), 0.0, TileState.NO_SIGNAL),
        (SessionStatus(SessionState.CONNECTING, attempt=2, reason=REASON), 0.0, TileState.NO_SIGNAL),
        (SessionStatus(SessionState.LIVE), NOW_S - 0.1, TileState.LIVE),
        (SessionStatus(SessionState.LIVE), NOW_S - STALE_AFTER_S - 0.1, TileState.STALE),
        (SessionStatus(SessionState.WAITING, reason=REASON), NOW_S - 1.0, TileState.STALE),
        (SessionStatus(SessionState.WAITING, reason=REASON), NOW_S - FORGET_AFTER_S - 1, TileState.NO_SIGNAL),
    ],
)
def test_a_tile_is_live_only_with_a_young_picture(status: SessionStatus, newest_s: float, expected: TileState) -> None:
    assert tile_state(status, newest_s, NOW_S) is expected


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    owner = Supervisor()
    owner.start()
    yield owner
    assert owner.shutdown(5) == []


@pytest.fixture
def hub(supervisor: Supervisor) -> CameraHub:
    pool = DecodePool(1)
    for worker in pool.workers:
        supervisor.add(worker)
    return CameraHub(pool, supervisor, lambda camera: camera.main_url, grace_s=10.0)


def _feed(hub: CameraHub) -> LiveFeed:
    return LiveFeed(CAMERA, (), (), hub, lambda _: None, lambda _: "")


def test_two_tiles_share_one_session(hub: CameraHub) -> None:
    feeds = [_feed(hub), _feed(hub)]
    assert len(list(hub.sessions())) == 1
    for feed in feeds:
        feed.close()


def test_a_changed_address_reaches_what_is_open_and_what_is_opened_later(
    hub: CameraHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, str]] = []
    monkeypatch.setattr(CameraSession, "readdress", lambda session, url: told.append((session.camera_id, url)))
    first, moved = replace(CAMERA, sub_url="missing/sub.mp4"), replace(CAMERA, main_url="new.mp4", sub_url="small.mp4")
    tap, small = PictureTap(), PictureTap()
    hub.attach(first, tap)
    hub.attach(first, small, sub=True)
    hub.renew([moved])
    assert not told, "the journal is not asked on the caller's thread"
    hub.step(0.0)
    hub.step(0.0)
    assert told == [("c1", "new.mp4"), ("c1/sub", "small.mp4")]
    hub.detach("c1", small, sub=True)
    hub.close_unwanted(float("inf"))
    session = hub.attach(first, small, sub=True)
    assert session._url == "small.mp4"
    hub.detach("c1", small, sub=True)
    hub.detach("c1", tap)


def test_a_session_closes_some_time_after_its_last_tile(hub: CameraHub) -> None:
    feed = _feed(hub)
    session = hub.session("c1")
    assert session is not None
    feed.close()
    hub.close_unwanted(threading.TIMEOUT_MAX * 0)
    assert hub.session("c1") is session
    hub.close_unwanted(float("inf"))
    assert hub.session("c1") is None
    wait_until(lambda: not session.alive)


def test_a_tile_opened_again_within_the_grace_time_keeps_the_session(hub: CameraHub) -> None:
    feed = _feed(hub)
    session = hub.session("c1")
    feed.close()
    again = _feed(hub)
    hub.close_unwanted(float("inf"))
    assert hub.session("c1") is session
    again.close()


def test_a_dead_camera_says_why_in_one_sentence(hub: CameraHub) -> None:
    feed = _feed(hub)
    wait_until(lambda: feed.status().state is TileState.NO_SIGNAL)
    assert "missing/clip.mp4" in feed.status().reason
    feed.close()


def test_a_damaged_picture_is_told_in_words(hub: CameraHub, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = _feed(hub)
    session = hub.session("c1")
    assert session is not None
    monkeypatch.setattr(session, "status", lambda: SessionStatus(SessionState.LIVE, damaged_share=0.123))
    assert feed.status().notice == "Picture damaged: 12 % of the frames"
    monkeypatch.setattr(session, "status", lambda: SessionStatus(SessionState.LIVE))
    assert feed.status().notice == ""
    feed.close()


def test_no_lock_is_held_while_the_address_is_asked_for(supervisor: Supervisor) -> None:
    def url_of(camera: Camera) -> str:
        assert asked._lock.acquire(blocking=False), "attach holds its lock while calling out"
        asked._lock.release()
        return camera.main_url

    asked = CameraHub(DecodePool(1), supervisor, url_of)
    _feed(asked).close()


def test_pictures_that_no_tile_took_are_counted_as_dropped(hub: CameraHub) -> None:
    feed = _feed(hub)
    picture = Picture("c1", 1, 0.0, 0.0, 0.0, 1, 1, 4, "bgra", 1, 1, memoryview(b"\0" * 4), None)
    for _ in range(3):
        assert feed.viewing is not None
        assert feed.viewing.place is not None
        feed.viewing.place.tap.put(picture)
    assert hub.totals()["dropped_frames"] == 2
    feed.close()
    assert hub.totals()["dropped_frames"] == 2


def test_memory_that_cameras_left_is_given_back_now_and_then(hub: CameraHub, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float] = []

    def steps(*times_s: float) -> list[float]:
        given.clear()
        for now_s in times_s:
            monkeypatch.setattr(cameras, "give_back", lambda now_s=now_s: given.append(now_s))
            hub.step(now_s)
        return list(given)

    begin_s = time.monotonic()
    assert steps(begin_s, begin_s + 1000) == [], "no camera came or went"
    tap = PictureTap()
    hub.attach(CAMERA, tap)
    wait_until(lambda: steps(begin_s + 1001) == [begin_s + 1001], what="the file that is not there, told")
    assert steps(begin_s + 1002) == [], "it has just been done"
    hub.detach(CAMERA.id, tap)
