"""Scrub previews: key frames only, written down before they are given, never of what may not be seen."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.errors import AppCode, AppError
from app.previews import Previews, PreviewSession
from app.timeline import Preview
from storage.errors import StorageCode, StorageError
from storage.footage_records import Segment
from storage.journal import Registry
from storage.people_commands import RecordAccess
from storage.people_records import AccessKind
from storage.records import Actor, Camera
from storage.registry_records import PrivacyMask
from storage.search import Watch
from tests.video.numbered import FPS, filled, live, number_in, numbered_clip, segment
from video.fanout import PacketRing
from video.footage import Piece, StoredFootage

T0 = 1_790_000_000.0
DAY_S = 86_400.0
WAIT_S = 60.0
ANN, BOB = Actor("ann"), Actor("bob")
MASK = PrivacyMask("m1", "c1", "Windows", ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5)))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds with a key frame every two."""
    return numbered_clip(tmp_path_factory.mktemp("clip") / "0.mp4", 0, 90)


@dataclass
class Audit:
    """Takes down who looks; grants at once, never, or when the test says so."""

    accesses: list[RecordAccess] = field(default_factory=list)
    waiting: list[Callable[[], None]] = field(default_factory=list)
    grants: bool = True

    def ask(self, access: RecordAccess, granted: Callable[[], None]) -> None:
        self.accesses.append(access)
        if self.grants:
            granted()
        else:
            self.waiting.append(granted)


class Counted(StoredFootage):
    """Footage that counts how often it is opened."""

    opened = 0

    def reel(self, camera_id: str, from_utc_s: float, to_utc_s: float) -> list[Piece]:
        self.opened += 1
        return list(super().reel(camera_id, from_utc_s, to_utc_s))


class Site:
    """A clip of camera c1, recorded long ago; Ann sits here."""

    def __init__(self, clip: Path) -> None:
        self.segments: tuple[Segment, ...] = (segment(clip, 0, 90, T0),)
        self.ring: PacketRing | None = None
        self.audit = Audit()
        self.who: Actor | None = ANN
        self.seen = {"c1"}
        self.now = T0 + 30 * DAY_S
        self.registry = Registry(cameras=(Camera("c1", 1, "Gate", "test://1"),), privacy_masks=(MASK,))
        self.footage = Counted(lambda _camera: self.ring, lambda *_range: self.segments)
        self.previews = Previews(
            self.footage, lambda: self.registry, self.sits, self.seen.__contains__, self.audit, lambda: self.now
        )
        self.shown: list[Preview] = []

    def sits(self) -> Actor:
        if self.who is None:
            raise AppError(AppCode.SEAT_EMPTY)
        return self.who

    def settle(self) -> None:
        """Everything that was wished until now was carried out or dropped."""
        over = threading.Event()
        self.previews.worker.put("end", Watch(), over.set)
        assert over.wait(WAIT_S)

    def look(self, session: PreviewSession, frame: float, camera: str = "c1") -> Preview | None:
        """The answer to one wish."""
        self.shown.clear()
        session.want(camera, T0 + frame / FPS, 160, 90, self.shown.append)
        self.settle()
        return self.shown[-1] if self.shown else None


@pytest.fixture
def site(clip: Path) -> Iterator[Site]:
    made = Site(clip)
    made.previews.worker.start()
    yield made
    made.previews.worker.stop()
    assert made.previews.worker.join(WAIT_S)


def number(preview: Preview | None) -> int:
    assert preview is not None
    assert preview.picture is not None
    return number_in(preview.picture)


def test_the_key_frame_before_a_time_is_shown_small_and_with_its_masks(site: Site) -> None:
    session = site.previews.open("theft")
    preview = site.look(session, 44)
    assert number(preview) == 30
    assert preview is not None
    assert preview.picture is not None
    assert (preview.picture.width, preview.picture.height) == (160, 90)
    assert preview.picture.utc_s == pytest.approx(T0 + 30 / FPS, abs=0.01)
    assert preview.masks == (MASK.points,)
    assert number(site.look(session, 29)) == 0
    assert number(site.look(session, 89)) == 60


def test_where_nothing_is_recorded_that_is_said(site: Site) -> None:
    preview = site.look(site.previews.open("theft"), 5000)
    assert preview is not None
    assert preview.picture is None


def test_a_file_that_is_gone_is_nothing_recorded(site: Site) -> None:
    (found,) = site.segments
    site.segments = (Segment("x", "c1", "/nowhere.mp4", found.from_utc_s, found.to_utc_s, 1, "h264", 320, 180),)
    preview = site.look(site.previews.open("theft"), 5)
    assert preview is not None
    assert preview.picture is None


def test_what_only_the_ring_holds_is_shown(site: Site, clip: Path) -> None:
    info, packets = live(clip, 0, T0)
    site.segments, site.ring = (), filled(info, packets)
    assert number(site.look(site.previews.open("theft"), 44)) == 30


def test_looking_is_written_down_once_a_camera_and_opened_view(site: Site) -> None:
    session = site.previews.open("theft", "incident-1")
    for frame in (10, 40, 70):
        site.look(session, frame)
    (access,) = site.audit.accesses
    assert access.kind is AccessKind.PLAYBACK
    assert (access.camera_id, access.reason, access.incident_id) == ("c1", "theft", "incident-1")
    assert access.from_utc_s == pytest.approx(T0 + 10 / FPS)
    site.seen.add("c2")
    site.look(session, 10, "c2")
    assert [one.camera_id for one in site.audit.accesses] == ["c1", "c2"]
    site.look(site.previews.open("another"), 10)
    assert len(site.audit.accesses) == 3


def test_who_sits_down_later_is_written_down_too(site: Site) -> None:
    session = site.previews.open("theft")
    site.look(session, 10)
    site.who = BOB
    assert site.look(session, 10) is not None
    assert len(site.audit.accesses) == 2


def test_nothing_is_given_before_it_is_written_down(site: Site) -> None:
    site.audit.grants = False
    session = site.previews.open("theft")
    assert site.look(session, 10) is None
    assert site.look(session, 44) is None
    (granted,) = site.audit.waiting
    assert site.footage.opened == 0
    granted()
    site.settle()
    assert number(site.shown[-1]) == 30  # the newest wish


def test_without_a_reason_only_the_last_minutes_are_open(site: Site) -> None:
    session = site.previews.open("")
    site.now = T0 + 60
    assert number(site.look(session, 44)) == 30
    site.now = T0 + DAY_S
    assert site.look(session, 44) is None
    assert site.look(session, 70) is None
    assert [one.from_utc_s for one in site.audit.accesses] == [T0 + 44 / FPS]


def test_what_may_not_be_seen_is_neither_asked_for_nor_shown(site: Site) -> None:
    site.seen.clear()
    assert site.look(site.previews.open("theft"), 10) is None
    site.seen.add("c1")
    site.who = None
    assert site.look(site.previews.open("theft"), 10) is None
    assert site.audit.accesses == []
    assert site.footage.opened == 0


def test_a_right_that_is_lost_while_the_picture_is_made_counts(site: Site) -> None:
    session = site.previews.open("theft")
    site.look(session, 10)
    reel = site.footage.reel

    def revoked(camera_id: str, from_utc_s: float, to_utc_s: float) -> list[Piece]:
        site.seen.clear()
        return reel(camera_id, from_utc_s, to_utc_s)

    site.footage.reel = revoked  # type: ignore[method-assign]  # the moment in between
    assert site.look(session, 44) is None


def test_a_picture_is_kept_while_somebody_looks_and_no_longer(site: Site) -> None:
    session = site.previews.open("theft")
    site.look(session, 44)
    site.look(session, 31)
    site.look(session, 40)
    assert site.footage.opened == 1
    session.close()
    site.settle()
    assert site.previews._kept == {}
    assert site.look(session, 44) is None  # closed
    assert number(site.look(site.previews.open("theft"), 44)) == 30
    assert site.footage.opened == 2


def test_what_still_grows_is_looked_at_anew(site: Site) -> None:
    session = site.previews.open("theft")
    site.now = T0 + 44 / FPS
    site.look(session, 44)
    site.look(session, 43)
    assert site.footage.opened == 2


def test_the_cache_is_bounded(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.previews._MOST_KEPT", 2)
    session = site.previews.open("theft")
    for frame in (10, 40, 70):
        site.look(session, frame)
    assert len(site.previews._kept) == 2


def test_an_index_that_cannot_be_read_does_not_end_the_previews(site: Site) -> None:
    session = site.previews.open("theft")
    reel = site.footage.reel

    def unreadable(camera_id: str, from_utc_s: float, to_utc_s: float) -> list[Piece]:
        raise StorageError(StorageCode.BUSY, camera=camera_id, from_utc_s=from_utc_s, to_utc_s=to_utc_s)

    site.footage.reel = unreadable  # type: ignore[method-assign]  # an index that is locked for now
    assert site.look(session, 44) is None
    site.footage.reel = reel  # type: ignore[method-assign]
    assert number(site.look(session, 44)) == 30
    assert site.previews.worker.failures == 0
