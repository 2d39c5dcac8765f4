"""Sixteen made cameras whose clocks are two seconds apart see one flash; the playback wall shows it at one moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from app.playback_feed import FeedSources, PlaybackFeed
from app.playback_feeds import ClockNote
from app.playback_wall import WallPlayback
from storage.footage_records import Segment
from tests.app.playback_site import T0, PlaybackHouse, stands
from tests.conftest import wait_until
from tests.video.numbered import FRAGMENTED
from video.frame import Picture

CAMERAS = 16
FPS = 15
SECONDS = 4
FLASH_S, FLASHES_S = 2.05, 0.3


def offset_s(number: int) -> float:
    """How far a camera's clock is ahead."""
    return 2.0 * (number - CAMERAS // 2) + 0.1


def begin_s(number: int) -> float:
    """The true time of a camera's first frame: none begins when another does."""
    return number / CAMERAS / FPS


def filmed(path: Path, number: int) -> Segment:
    """One camera's file, with the times of its own clock."""
    with av.open(str(path), "w", options=FRAGMENTED) as container:
        stream = container.add_stream("libx264", rate=FPS)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 160, 90, "yuv420p", FPS
        stream.options = {"preset": "ultrafast", "bf": "0"}
        for count in range(SECONDS * FPS):
            bright = FLASH_S <= begin_s(number) + count / FPS < FLASH_S + FLASHES_S
            image = np.full((90, 160, 3), 230 if bright else 20, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = count, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    first = T0 + begin_s(number) + offset_s(number)
    last = first + (SECONDS * FPS - 1) / FPS
    return Segment(path.stem, path.stem, str(path), first, last, path.stat().st_size, "h264", 160, 90)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sequence[Segment]]:
    root = tmp_path_factory.mktemp("films")
    return {f"c{number}": [filmed(root / f"c{number}.mp4", number)] for number in range(CAMERAS)}


@pytest.fixture
def house(films: dict[str, Sequence[Segment]]) -> Iterator[PlaybackHouse]:
    def note_of(camera_id: str, _utc_s: float) -> ClockNote:
        return ClockNote(offset_s(int(camera_id[1:])), 0.05)

    made = PlaybackHouse(films, sources=FeedSources(note_of=note_of))
    yield made
    assert not made.supervisor.shutdown(5.0)


def opened(house: PlaybackHouse, after_s: float) -> tuple[WallPlayback, list[PlaybackFeed]]:
    session = house.open(T0 + after_s)
    feeds = [session.feed(camera.id) for camera in house.cameras]
    for feed in feeds:
        feed.want(80, 44)
    stands(session)
    return session, feeds


def is_bright(picture: Picture) -> bool:
    return int(np.frombuffer(picture.pixels, np.uint8)[: picture.width * 4].mean()) > 127


def test_one_flash_is_seen_at_one_moment_by_all(house: PlaybackHouse) -> None:
    session, feeds = opened(house, FLASH_S - 0.2)
    seen: dict[int, float] = {}
    filmed_at: dict[int, float] = {}
    moments = [FLASH_S - 0.2 + 0.02 * step for step in range(20)]
    for moment in moments:
        session.seek(T0 + moment)
        stands(session)
        for number, feed in enumerate(feeds):
            picture = feed.take()
            if picture is not None and is_bright(picture) and number not in seen:
                seen[number], filmed_at[number] = moment, picture.utc_s - T0
    assert len(seen) == CAMERAS
    assert max(seen.values()) - min(seen.values()) < 0.1
    assert max(filmed_at.values()) - min(filmed_at.values()) < 0.1
    assert min(filmed_at.values()) >= FLASH_S - 0.001
    note = session.clock_note("c0")
    assert note == ClockNote(-15.9, 0.05)
    session.close()


def test_while_it_plays_all_show_the_same_time_within_a_frame(house: PlaybackHouse) -> None:
    session, feeds = opened(house, 0.5)
    newest: dict[int, float] = {}
    session.play(1.0)
    for _step in range(30):
        house.time.pass_by(0.05)
        wait_until(lambda: all_at(session, feeds, newest), what="all cameras at the clock's time")
        assert max(newest.values()) - min(newest.values()) <= 1 / FPS + 0.001
    session.close()


def all_at(session: WallPlayback, feeds: Sequence[PlaybackFeed], newest: dict[int, float]) -> bool:
    """Take what is due; whether every tile shows the last frame at or before the clock's time."""
    for number, feed in enumerate(feeds):
        picture = feed.take()
        if picture is not None:
            newest[number] = picture.utc_s
    here = session.place().utc_s
    return len(newest) == len(feeds) and all(0 <= here - at + 0.001 < 1 / FPS + 0.002 for at in newest.values())
