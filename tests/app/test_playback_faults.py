"""What an operator sees of recordings that are spoilt while they are played: a sentence; the other tiles go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from app.feeds import TileState
from app.playback_feed import PlaybackFeed
from storage.errors import StorageCode, StorageError
from storage.footage_records import Segment
from tests.app.playback_site import T0, PlaybackHouse, at, comes_to, stands
from tests.conftest import wait_until
from tests.video.numbered import FPS, numbered_clip, segment


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """Frames 0 to 89 and 90 to 179, each with key frames 30 frames apart."""
    root = tmp_path_factory.mktemp("made")
    first, second = numbered_clip(root / "0.mp4", 0, 90), numbered_clip(root / "90.mp4", 90, 90)
    return first.read_bytes(), second.read_bytes()


class Spoilt(PlaybackHouse):
    """Camera c1 has files of its own that a test spoils, c2 whole ones; `failing`: the index does not answer."""

    failing = False

    def _between(self, camera_id: str, from_utc_s: float, to_utc_s: float) -> Sequence[Segment]:
        if self.failing and camera_id == "c1":
            raise StorageError(StorageCode.DISK_FAILED, path="index.db")
        return super()._between(camera_id, from_utc_s, to_utc_s)


@pytest.fixture
def house(made: tuple[bytes, bytes], tmp_path: Path) -> Iterator[Spoilt]:
    found: dict[str, tuple[Segment, ...]] = {}
    for camera_id in ("c1", "c2"):
        (tmp_path / camera_id).mkdir()
        segments = []
        for first, data in zip((0, 90), made, strict=True):
            path = tmp_path / camera_id / f"{first}.mp4"
            path.write_bytes(data)
            segments.append(segment(path, first, 90, T0))
        found[camera_id] = tuple(segments)
    built = Spoilt(found)
    yield built
    assert not built.supervisor.shutdown(5.0)


def says(feed: PlaybackFeed, *words: str) -> None:
    def told() -> bool:
        status = feed.status()
        return status.state is TileState.NO_SIGNAL and all(word in status.reason for word in words)

    wait_until(told, what=f"a tile that says {words}")
    assert feed.take() is None


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.unlink(), "missing"),
        (lambda path: path.rename(path.with_suffix(".away")), "missing"),
        (lambda path: path.write_bytes(b""), "damaged"),
        (lambda path: path.write_text("#EXTM3U\nhttp://127.0.0.1/a.ts\n"), "damaged"),
        (lambda path: path.write_bytes(b"\x00" * 5000), "damaged"),
    ],
    ids=["deleted", "its folder unplugged", "zero bytes", "a foreign list", "zeros"],
)
@pytest.mark.parametrize("speed", [1.0, -1.0, 8.0])
def test_a_file_that_cannot_be_read_says_so_and_the_other_camera_goes_on(
    house: Spoilt, spoil: Callable[[Path], object], words: str, speed: float
) -> None:
    spoil(Path(house.segments["c1"][0].path))
    session = house.open(at(60.4))
    spoilt, whole = house.feed(session, "c1"), house.feed(session, "c2")
    comes_to(whole, 60)
    session.play(speed)
    says(spoilt, words)
    session.seek(at(150.4))
    session.play(1.0)
    comes_to(spoilt, 150)
    assert spoilt.status().state is TileState.LIVE
    session.close()


def test_a_truncated_file_plays_to_its_end_and_then_says_so(house: Spoilt) -> None:
    cut(Path(house.segments["c1"][0].path))
    session = house.open(at(5.4))
    feed = house.feed(session)
    comes_to(feed, 5)
    session.seek(at(80.4))
    stands(session)
    says(feed, "damaged")
    session.seek(at(95.4))
    comes_to(feed, 95)
    session.close()


def test_one_altered_byte_costs_no_more_than_its_gop(house: Spoilt) -> None:
    path = Path(house.segments["c1"][0].path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF  # in the second of three GOPs
    path.write_bytes(data)
    session = house.open(at(20.4))
    feed = house.feed(session)
    comes_to(feed, 20)
    for number in (75, 89, 90, 150):
        session.seek(at(number + 0.4))
        comes_to(feed, number)
    session.close()


def test_a_file_that_goes_away_while_it_is_played(house: Spoilt) -> None:
    session = house.open(at(100.4))
    feed = house.feed(session)
    comes_to(feed, 100)
    Path(house.segments["c1"][0].path).unlink()
    session.seek(at(10.4))
    says(feed, "missing")
    session.seek(at(120.4))
    comes_to(feed, 120)
    session.close()


def test_an_index_that_does_not_answer_is_a_sentence_until_it_does(house: Spoilt) -> None:
    house.failing = True
    session = house.open(at(30.4))
    feed, whole = house.feed(session, "c1"), house.feed(session, "c2")
    comes_to(whole, 30)
    says(feed, "index.db")
    stands(session)
    house.failing = False
    comes_to(feed, 30)
    assert feed.status().state is TileState.LIVE
    session.close()


def test_a_clock_that_was_set_back_shows_every_moment_once(house: Spoilt) -> None:
    """The second file begins 20 frames before the first one ends: what was recorded first is shown."""
    first, second = house.segments["c1"]
    back_s = 20 / FPS
    moved = replace(second, from_utc_s=second.from_utc_s - back_s, to_utc_s=second.to_utc_s - back_s)
    house.segments = {**house.segments, "c1": (first, moved)}
    session = house.open(at(60.4))
    feed = house.feed(session)
    comes_to(feed, 60)
    session.play(1.0)
    shown: list[int] = []
    for number in [*range(61, 90), *range(110, 115)]:  # frame 110 of the second file has the time of frame 90
        house.time.pass_by(1 / FPS)
        comes_to(feed, number)
        shown.append(number)
    assert len(shown) == 34
    session.pause()
    session.step(-1)
    comes_to(feed, 113)
    session.seek(at(75.4))
    stands(session)
    assert feed.status().state is TileState.LIVE
    session.close()


def test_in_the_night_of_two_halves_past_two_each_is_itself(house: Spoilt) -> None:
    """All is UTC: the hour that comes twice lies an hour apart, and nothing is between."""
    first, _second = house.segments["c1"]
    later = replace(first, id="later", from_utc_s=first.from_utc_s + 3600.0, to_utc_s=first.to_utc_s + 3600.0)
    house.segments = {**house.segments, "c1": (first, later)}
    house.time.utc_s = T0 + 8000.0
    session = house.open(at(10.4))
    feed = house.feed(session)
    comes_to(feed, 10)
    session.seek(at(40.4) + 3600.0)
    comes_to(feed, 40)
    assert session.place().utc_s == pytest.approx(at(40.4) + 3600.0)
    session.seek(at(95) + 1800.0)
    says(feed)
    session.close()
