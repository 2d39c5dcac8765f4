"""A witness's film in step with our cameras: where it lies, how it is set, who may see it, what a bad file says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np
import pytest

from app import film_feed
from app.feeds import TileState
from app.film_feed import FilmFeed
from app.masks import masks_of
from app.playback_feeds import FilmWish
from app.playback_wall import WallPlayback
from storage.people_records import AccessKind
from storage.records import Camera
from storage.registry_records import PrivacyMask
from tests.app.film_site import FilmHouse, upright
from tests.app.playback_site import T0, PlaybackHouse, Tapes, at, comes_to, shown, stands
from tests.conftest import wait_until
from tests.video.numbered import FPS, SIZE, _drawn, numbered_clip
from video.foreign_file import look_at


@pytest.fixture(scope="module")
def tapes(tmp_path_factory: pytest.TempPathFactory) -> Tapes:
    return Tapes(tmp_path_factory.mktemp("tapes"))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames 0 to 59, 4 s."""
    return numbered_clip(tmp_path_factory.mktemp("film") / "IMG_0007.mp4", 0, 60)


@dataclass
class Showing:
    """A playback of camera c1 and films; files lie in `folder`, the evidence store."""

    house: PlaybackHouse
    films: FilmHouse

    def put(self, source: Path) -> Path:
        target = self.films.folder / source.name
        target.write_bytes(source.read_bytes())
        return target

    def open(self, utc_s: float, *films: FilmWish) -> WallPlayback:
        session = self.house.desk.open(["c1"], utc_s, "", "i1", films)
        assert session is not None
        return session

    def tile(self, session: WallPlayback, film: FilmWish, size: tuple[int, int] = SIZE) -> FilmFeed:
        feed = session.feed(film.camera_id)
        assert isinstance(feed, FilmFeed)
        feed.want(*size)
        return feed


@pytest.fixture
def showing(tapes: Tapes, tmp_path: Path) -> Iterator[Showing]:
    films = FilmHouse(tmp_path)
    house = PlaybackHouse({"c1": tapes.segments})
    showing = Showing(house, films)
    cameras = (Camera("c1", 1, "Gate", "test://1"),)
    house.films = films.site(lambda access, granted: house.ask(access, granted), lambda: cameras)
    house.__post_init__()
    yield showing
    assert not house.supervisor.shutdown(5.0)


def says(feed: FilmFeed, state: TileState, *words: str) -> None:
    wait_until(lambda: feed.status().state is state, what=f"a tile that is {state}")
    status = feed.status()
    for word in words:
        assert word in status.reason + status.notice


def test_a_film_is_a_tile_more_on_the_same_clock(showing: Showing, film: Path) -> None:
    wish = showing.films.taken_in(showing.put(film), at(20), 59 / FPS, offset_s=12.0)
    session = showing.open(at(45.4), wish)
    camera, feed = showing.house.feed(session), showing.tile(session, wish)
    comes_to(camera, 45)
    comes_to(feed, 25)
    for number in (20, 40, 79):
        session.seek(at(number + 0.4))
        stands(session)
        assert (shown(camera), shown(feed)) == (number, number - 20)
    session.seek(at(30.4))
    comes_to(feed, 10)
    session.step(-1)
    comes_to(feed, 9)
    comes_to(camera, 29)
    session.play(-1.0)
    for number in (8, 7, 6):
        showing.house.time.pass_by(1 / FPS)
        comes_to(feed, number)
    session.play(1.0)
    comes_to(feed, 6)
    says(feed, TileState.LIVE, "clock +12", "±1.0 s", "as Ada took it in", "not from our cameras")
    session.close()


def test_it_says_whose_it_is_and_has_a_lane(showing: Showing, film: Path) -> None:
    wish = showing.films.taken_in(showing.put(film), at(20), 4.0)
    session = showing.open(at(30), wish)
    feed = showing.tile(session, wish)
    stands(session)
    (camera, foreign) = session.registry().cameras
    assert (camera.id, foreign.number, foreign.id) == ("c1", 2, wish.camera_id)
    assert foreign.name == "Foreign: Witness K., phone · IMG_0007.mp4"
    assert session.films is not None
    (lane,) = session.films.lanes()
    assert (lane.from_utc_s, lane.to_utc_s) == (at(20), at(20) + 4.0)
    says(feed, TileState.LIVE, "never compared")
    session.seek(at(140))
    says(feed, TileState.NO_SIGNAL, "The film runs from")
    session.seek(at(5))
    says(feed, TileState.NO_SIGNAL, "The film runs from")
    session.close()


def test_this_frame_is_that_moment(showing: Showing, film: Path) -> None:
    wish = showing.films.taken_in(showing.put(film), at(0), 59 / FPS, offset_s=10.0)
    session = showing.open(at(30.4), wish)
    camera, feed = showing.house.feed(session), showing.tile(session, wish)
    comes_to(feed, 30)
    bench = session.films
    assert bench is not None
    assert bench.hold(wish.camera_id, at(30))
    assert bench.held == wish.camera_id
    session.seek(at(50.4))
    comes_to(camera, 50)
    stands(session)  # the held film keeps nobody waiting
    assert "HELD" in feed.status().notice
    session.focus(wish.camera_id)
    session.step(1)  # of the held film alone
    comes_to(feed, 31)
    assert session.place().utc_s == pytest.approx(at(50.4))
    moved: list[float] = []
    bench.set_clock(at(50), "c1", 0.2, moved.append, pytest.fail)
    assert moved == [pytest.approx(19 / FPS, abs=0.002)]
    assert bench.held == ""
    comes_to(feed, 31)
    session.seek(at(52.4))
    comes_to(feed, 33)
    (note,) = showing.films.notes
    assert (note.actor_id, note.camera_id, note.incident_id) == ("ada", "c1", "i1")
    says(feed, TileState.LIVE, "clock +11.3 s ±0.2 s", "set against 1 Gate", "by Ada")
    session.close()


def test_what_is_not_held_is_not_set(showing: Showing, film: Path) -> None:
    session = showing.open(at(5), showing.films.taken_in(showing.put(film), at(0), 4.0))
    refused: list[str] = []
    assert session.films is not None
    session.films.set_clock(at(9), "", 1.0, lambda _moved: pytest.fail("it was set"), refused.append)
    assert refused == ["No film is held."]
    assert not showing.films.notes
    session.close()


def test_the_look_is_written_down_before_a_picture_is_given(showing: Showing, film: Path) -> None:
    showing.house.waiting = []
    wish = showing.films.taken_in(showing.put(film), at(0), 4.0)
    session = showing.open(at(5), wish)
    feed = showing.tile(session, wish)
    waiting = showing.house.waiting
    wait_until(lambda: len(waiting) == 2, what="both looks to be asked for")
    assert feed.take() is None
    assert feed.status().state is TileState.CONNECTING
    (access,) = (one for one in showing.house.asked if one.camera_id is None)
    assert (access.kind, access.incident_id, access.from_utc_s) == (AccessKind.PLAYBACK, "i1", at(0))
    assert access.detail == f"IMG_0007.mp4 SHA-256 {wish.exhibit.sha256[:16]}"
    for granted in waiting:
        granted()
    comes_to(feed, 5)
    session.close()


def test_who_must_not_know_of_the_incident_sees_nothing_of_it(showing: Showing, film: Path) -> None:
    showing.films.barred = {"ada"}
    wish = showing.films.taken_in(showing.put(film), at(0), 4.0)
    session = showing.open(at(5), wish)
    camera, feed = showing.house.feed(session), showing.tile(session, wish)
    says(feed, TileState.NO_RIGHTS, "may not know")
    comes_to(camera, 5)
    stands(session)
    assert feed.take() is None
    assert session.films is not None
    assert not session.films.lanes()
    assert not [one for one in showing.house.asked if one.camera_id is None]
    session.close()


def test_a_right_that_is_withdrawn_ends_it(showing: Showing, film: Path) -> None:
    wish = showing.films.taken_in(showing.put(film), at(0), 4.0)
    session = showing.open(at(5), wish)
    feed = showing.tile(session, wish)
    comes_to(feed, 5)
    showing.films.barred = {"ada"}
    session.seek(at(9))  # asks anew; without an order it is asked every few seconds
    says(feed, TileState.NO_RIGHTS)
    assert feed.take() is None
    assert feed.camera.name == "Film", "whose it is stands in its incident alone"
    assert [one.name for one in session.registry().cameras if one.id == wish.camera_id] == ["Film"]
    assert session.films is not None
    assert session.films.clock_note(wish.camera_id) is None
    showing.films.barred = set()
    session.seek(at(7))
    says(feed, TileState.LIVE)
    assert "Witness K." in feed.camera.name
    session.close()


def test_a_film_of_a_camera_has_its_masks_and_its_right(showing: Showing, film: Path) -> None:
    """As one that was fetched from another recorder."""
    half = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
    wish = showing.films.taken_in(showing.put(film), at(0), 4.0)
    showing.films.exhibits[0] = replace(wish.exhibit, camera_id="c1", origin="ONVIF recorder")
    wish = replace(wish, exhibit=showing.films.exhibits[0])
    showing.house.masks = (PrivacyMask("m1", "c1", "Windows", half),)
    session = showing.open(at(5), wish)
    feed = showing.tile(session, wish)
    comes_to(feed, 5)
    assert masks_of(session.registry(), wish.camera_id) == (half,)
    assert session.registry() is session.registry()
    showing.films.hidden.add("c1")
    says(feed, TileState.NO_RIGHTS)
    assert feed.take() is None
    session.close()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


def altered(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-2000] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("spoil", "taken_in", "sentence"),
    [
        (lambda path: path.unlink(), True, "not in the evidence store"),
        (lambda path: path.write_bytes(b""), False, "damaged"),
        (lambda path: path.write_text("#EXTM3U\nhttp://127.0.0.1/a.ts\n"), False, "no pictures"),
        (lambda path: path.write_bytes(np.random.default_rng(1).bytes(30_000)), False, ""),
        (cut, True, "altered"),
        (altered, True, "altered"),
    ],
    ids=["gone", "empty", "a playlist", "noise", "cut off", "one byte"],
)
def test_a_bad_file_says_so_and_the_cameras_play_on(
    showing: Showing, film: Path, spoil: Callable[[Path], object], taken_in: bool, sentence: str
) -> None:
    path = showing.put(film)
    if not taken_in:
        spoil(path)
    wish = showing.films.taken_in(path, at(0), 4.0)
    if taken_in:
        spoil(path)
    session = showing.open(at(5.4), wish)
    camera, feed = showing.house.feed(session), showing.tile(session, wish)
    says(feed, TileState.NO_SIGNAL, sentence)
    assert feed.take() is None
    session.play(1.0)
    for number in range(6, 12):
        showing.house.time.pass_by(1 / FPS)
        comes_to(camera, number)
    session.pause()
    stands(session)
    session.close()


def test_a_length_that_no_calendar_shows_is_told_all_the_same(
    showing: Showing, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_feed, "look_at", lambda path: replace(look_at(path), duration_s=1e13))
    wish = replace(showing.films.taken_in(showing.put(film), None), around_utc_s=at(20.0))
    session = showing.open(at(5.4), wish)
    says(showing.tile(session, wish), TileState.NO_SIGNAL, "The film runs from")
    session.close()


def test_a_film_held_upright_stands_upright(showing: Showing, film: Path) -> None:
    wish = showing.films.taken_in(upright(showing.put(film)), at(0), 4.0)
    session = showing.open(at(7.4), wish)
    feed = showing.tile(session, wish, (180, 320))
    pictures = []

    def came() -> bool:
        taken = feed.take()
        pictures.extend([taken] if taken is not None else [])
        return bool(pictures) and not session.place().seeking

    wait_until(came, what="a picture")
    picture = pictures[-1]
    assert (picture.width, picture.height, picture.source_width, picture.source_height) == (180, 320, 180, 320)
    rows = np.frombuffer(picture.pixels, np.uint8).reshape(320, picture.stride)
    column = [int(rows[int((bit + 0.5) * 32), picture.width // 2 * 4 + 1] > 127) for bit in range(10)]
    assert sum(value << bit for bit, value in enumerate(column)) == 7  # its left edge is on top
    session.close()


def test_frames_that_are_seconds_apart_are_no_gap(showing: Showing) -> None:
    """A screen that was filmed, or a phone in the dark: 1 frame in 3 s, then many."""
    path = showing.films.folder / "screen.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.options = {"preset": "ultrafast", "bf": "0"}
        for number, tick in enumerate((0, 45, 90, 91, 92, 135)):
            frame = _drawn(number)
            frame.pts = tick
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    wish = showing.films.taken_in(path, T0, 10.0)
    session = showing.open(at(44), wish)
    feed = showing.tile(session, wish)
    comes_to(feed, 0)
    for tick, number in ((89, 1), (91, 3), (134, 4), (20, 0)):
        session.seek(at(tick + 0.4))
        stands(session)
        if number:
            comes_to(feed, number)
        assert feed.status().state is TileState.LIVE
    session.close()


@pytest.mark.parametrize(
    ("codec", "suffix"), [("mjpeg", "avi"), ("mpeg4", "avi"), ("libx265", "mkv"), ("mpeg2video", "mpg")]
)
def test_other_codecs_play_too(showing: Showing, codec: str, suffix: str) -> None:
    path = showing.films.folder / f"cam.{suffix}"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.options = {"x265-params": "log-level=none:pools=1"} if codec == "libx265" else {}
        for number in range(30):
            frame = _drawn(number).reformat(format=stream.pix_fmt)
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    wish = showing.films.taken_in(path, T0, 1.2)
    session = showing.open(T0 + 10.5 / 25, wish)
    comes_to(showing.tile(session, wish), 10)
    session.close()
