"""A camera's two streams over real RTSP: by the tile's size, changed without a gap, replaced when one is missing."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pytest

from app.cameras import CameraHub, sub_key
from app.feeds import Lowered, TileState
from app.governor import Rung
from app.live_feed import LiveFeed
from app.stream_choice import DOWN_AFTER_S, Stream
from storage.records import Camera, RuleSpec
from storage.worker import Supervisor
from tests.conftest import wait_until
from tests.video.conftest import RtspServer, make_clip
from video.decode import DecodePool
from video.frame import Picture
from video.retry import RetryPolicy

SMALL, LARGE = (320, 180), (1280, 720)
MAIN_PX, SUB_PX = 960, 320


@dataclass
class Site:
    """A server with a camera's two clips, and a hub that runs."""

    server: RtspServer
    hub: CameraHub
    camera: Camera
    ruled: set[str]

    def feed(self, camera: Camera | None = None, rules: tuple[RuleSpec, ...] = ()) -> LiveFeed:
        return LiveFeed(camera or self.camera, (), rules, self.hub, lambda _: None, lambda _: "")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("two-streams")
    make_clip(made / "main.mp4", size=(MAIN_PX, 540), colour=(200, 40, 40))
    make_clip(made / "sub.mp4", size=(SUB_PX, 180), colour=(40, 40, 200))
    return made


@pytest.fixture
def site(folder: Path) -> Iterator[Site]:
    server, supervisor, pool, ruled = RtspServer(folder), Supervisor(), DecodePool(2), set[str]()
    server.start()
    supervisor.start()
    hub = CameraHub(
        pool, supervisor, lambda camera: camera.main_url, grace_s=0.5, policy=RetryPolicy(0.2, 0.5), ruled=lambda: ruled
    )
    for worker in (*pool.workers, hub):
        supervisor.add(worker)
    urls = [server.url(folder / name) for name in ("main.mp4", "sub.mp4")]
    yield Site(server, hub, Camera("c1", 1, "Gate", urls[0], urls[1]), ruled)
    assert supervisor.shutdown(10) == []
    server.kill()


class Watcher:
    """Takes pictures as a wall does, on a thread of its own, and remembers them."""

    def __init__(self, feed: LiveFeed) -> None:
        self.pictures: list[Picture] = []
        self._feed, self._over = feed, threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._over.wait(0.005):
            picture = self._feed.take()
            if picture is not None:
                self.pictures.append(picture)

    def stop(self) -> None:
        self._over.set()
        self._thread.join(5)

    @property
    def width_px(self) -> int:
        """Of the stream that the newest picture is from."""
        return self.pictures[-1].source_width if self.pictures else 0


@pytest.fixture
def watched(site: Site) -> Iterator[tuple[LiveFeed, Watcher]]:
    feed = site.feed()
    watcher = Watcher(feed)
    yield feed, watcher
    watcher.stop()
    feed.close()


def test_a_small_tile_gets_the_sub_stream_and_main_is_not_even_opened(
    site: Site, watched: tuple[LiveFeed, Watcher]
) -> None:
    feed, watcher = watched
    assert list(site.hub.sessions()) == [], "nobody knows the tile's size yet"
    feed.want(*SMALL)
    wait_until(lambda: watcher.width_px == SUB_PX, 15, "the sub-stream")
    assert site.hub.session("c1") is None
    assert {picture.camera_id for picture in watcher.pictures} == {"c1"}
    wait_until(lambda: feed.status().quality.bitrate_bps > 0, 15, "a bitrate")
    status = feed.status()
    assert (status.state, status.quality.stream, status.quality.decoder) == (TileState.LIVE, Stream.SUB, "sw")
    assert not status.quality.refused
    assert site.hub.ring("c1") is not None


def test_the_change_keeps_the_old_picture_and_never_goes_back_in_time(
    site: Site, watched: tuple[LiveFeed, Watcher]
) -> None:
    feed, watcher = watched
    feed.want(*SMALL)
    wait_until(lambda: watcher.width_px == SUB_PX, 15, "the sub-stream")
    feed.want(*LARGE)
    asked = len(watcher.pictures)
    wait_until(lambda: watcher.width_px == MAIN_PX, 15, "the main stream")
    assert feed.status().quality.stream is Stream.MAIN
    during = [picture.source_width for picture in watcher.pictures[asked:]]
    assert during == sorted(during), "one change, no flapping"
    assert during.count(SUB_PX) >= 3, "the old stream went on while the new one opened"
    feed.want(*SMALL)
    smaller_s = time.monotonic()
    wait_until(lambda: watcher.width_px == SUB_PX, 15, "the sub-stream again")
    assert time.monotonic() - smaller_s >= DOWN_AFTER_S
    wait_until(lambda: site.hub.session("c1") is None, 15, "the main stream to be closed")
    due = [picture.due_s for picture in watcher.pictures]
    assert max(a - b for a, b in pairwise(due)) < 1.0


def test_main_by_key_and_back_again(watched: tuple[LiveFeed, Watcher]) -> None:
    feed, watcher = watched
    feed.want(*SMALL)
    wait_until(lambda: watcher.width_px == SUB_PX, 15, "the sub-stream")
    feed.attend(attended=True, high=True)
    feed.want(*SMALL)
    wait_until(lambda: watcher.width_px == MAIN_PX, 15, "the main stream")
    assert feed.status().quality.forced
    feed.attend(attended=True, high=False)
    feed.want(*SMALL)
    wait_until(lambda: watcher.width_px == SUB_PX, 15, "the sub-stream again")


@pytest.mark.parametrize("sub", ["missing.mp4", "text.mp4"])
def test_a_sub_stream_that_does_not_open_gives_way_to_main_and_says_so(site: Site, folder: Path, sub: str) -> None:
    (folder / "text.mp4").write_text("not a video")
    camera = replace(site.camera, sub_url=site.server.url(folder / sub))
    feed = site.feed(camera)
    watcher = Watcher(feed)
    feed.want(*SMALL)
    wait_until(lambda: watcher.width_px == MAIN_PX, 15, "the main stream")
    quality = feed.status().quality
    assert (quality.stream, quality.forced) == (Stream.MAIN, False)
    assert quality.refused
    watcher.stop()
    feed.close()


def test_a_main_stream_that_does_not_open_leaves_the_sub_stream_on_the_tile(site: Site, folder: Path) -> None:
    feed = site.feed(replace(site.camera, main_url=site.server.url(folder / "missing.mp4")))
    watcher = Watcher(feed)
    feed.want(*LARGE)
    wait_until(lambda: watcher.width_px == SUB_PX, 15, "the sub-stream")
    assert feed.status().quality.refused
    watcher.stop()
    feed.close()


def test_a_tile_closed_before_its_stream_was_open_leaves_nothing_behind(site: Site) -> None:
    feeds = [site.feed() for _ in range(8)]
    for feed in feeds:
        feed.want(*SMALL)
        feed.want(*LARGE)
    for feed in feeds:
        feed.close()
    wait_until(lambda: list(site.hub.sessions()) == [], 15, "every session to close")


class Slot:
    """The detector's tap: small pictures."""

    pixel_format = "bgr24"

    def __init__(self) -> None:
        self.widths: list[int] = []

    def wanted(self) -> tuple[int, int]:
        return (640, 360)

    def put(self, picture: Picture) -> None:
        assert picture.camera_id == "c1"
        self.widths.append(picture.source_width)


@pytest.mark.parametrize(("sub", "expected_px"), [("sub.mp4", SUB_PX), ("missing.mp4", MAIN_PX)])
def test_small_taps_take_the_sub_stream_and_main_where_there_is_none(
    site: Site, folder: Path, sub: str, expected_px: int
) -> None:
    tap = Slot()
    site.hub.attach_small(replace(site.camera, sub_url=site.server.url(folder / sub)), tap)
    wait_until(lambda: tap.widths[-1:] == [expected_px], 15, "pictures")
    site.hub.detach_small("c1", tap)
    wait_until(lambda: list(site.hub.sessions()) == [], 15, "every session to close")


def test_key_frames_only_where_there_are_no_rules_and_nobody_looks(site: Site) -> None:
    others = [replace(site.camera, id=f"c{number}") for number in (2, 3)]
    site.ruled.add("c2")
    feeds = [site.feed(camera) for camera in (site.camera, *others)]
    watchers = [Watcher(feed) for feed in feeds]
    feeds[2].attend(attended=True, high=False)
    for feed in feeds:
        feed.want(*SMALL)
    wait_until(lambda: all(watcher.width_px == SUB_PX for watcher in watchers), 20, "all three")
    site.hub.lower(Rung.KEYS)
    wait_until(lambda: feeds[0].status().quality.lowered is Lowered.KEYS, 5, "key frames only")
    lowered = [feed.status().quality.lowered for feed in feeds]
    assert lowered == [Lowered.KEYS, Lowered.HALVED, Lowered.NO], "rules, and where the operator looks"
    wait_until(lambda: feeds[0].status().pictures_per_s == pytest.approx(1.0, abs=0.2), 5, "the clip's key frames")
    wait_until(lambda: feeds[0].status().state is TileState.LIVE, 5, "one picture a second is live")
    begin = len(watchers[0].pictures)
    wait_until(lambda: len(watchers[0].pictures) >= begin + 3, 10, "key frames")
    pts_s = [picture.pts_s for picture in watchers[0].pictures[begin:]]
    assert [b - a for a, b in pairwise(pts_s)] == pytest.approx([1.0] * (len(pts_s) - 1), abs=0.1), "every one"
    feeds[0].attend(attended=True, high=False)
    feeds[0].want(*SMALL)
    wait_until(lambda: feeds[0].status().quality.lowered is Lowered.NO, 5, "all pictures where the operator looks")
    site.hub.lower(Rung.NORMAL)
    wait_until(lambda: all(f.status().quality.lowered is Lowered.NO for f in feeds), 5, "everything given back")
    for watcher, feed in zip(watchers, feeds, strict=True):
        watcher.stop()
        feed.close()


def test_rules_that_get_key_frames_only_are_told_on_the_tile(site: Site) -> None:
    rule = RuleSpec("r1", "c1", "z1", "Person in zone")
    site.ruled.add("c1")
    tap = Slot()
    site.hub.attach(site.camera, tap)
    feed = site.feed(rules=(rule,))
    feed.want(*SMALL)
    wait_until(lambda: bool(tap.widths), 15, "pictures for the rules")
    main = site.hub.session("c1")
    assert main is not None
    assert main.stream is not None
    site.hub.lower(Rung.LOOKS)
    site.hub.step(time.monotonic())
    assert not main.stream.keys_only
    assert feed.status().notice == ""
    site.hub.lower(Rung.DEGRADED)
    wait_until(lambda: "degraded" in feed.status().notice, 5, "the notice")
    assert main.stream.keys_only
    feed.close()
    site.hub.detach("c1", tap)
    assert sub_key("c1") != "c1"
