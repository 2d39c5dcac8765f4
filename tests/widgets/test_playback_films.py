"""Films of an incident by real keys on the real window: from its list, beside its cameras, their clock set."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.offices import Offices
from storage.case_records import Exhibit
from storage.journal import IncidentFile
from storage.records import EvidenceKind
from tests.widgets.conftest import opened
from tests.widgets.fakes import FakeDesk, incident, incident_file
from tests.widgets.film_fakes import FakeBench, FilmDesk, film
from tests.widgets.test_playback_ways import FakeExports
from widgets.exhibit_list import row_text
from widgets.main_window import MainWindow
from widgets.playback_view import PlaybackView

Key, Modifier = Qt.Key, Qt.KeyboardModifier
NOW = 1_790_000_500.0


class ExhibitDesk(FakeDesk):
    """Its incidents have files; `late` keeps answers back until `give`."""

    def __init__(self) -> None:
        super().__init__(4)
        self.exhibits: tuple[Exhibit, ...] = ()
        self.stills: dict[str, bytes] = {}
        self.late = False
        self._waiting: list[Callable[[], None]] = []

    def load_incident(self, incident_id: str, done: Callable[[IncidentFile, dict[str, bytes]], None]) -> None:
        of = next(i for i in self._state.incidents if i.id == incident_id)
        file = replace(incident_file(of), exhibits=self.exhibits)
        self._waiting.append(lambda: done(file, self.stills))
        if not self.late:
            self.give()

    def give(self) -> None:
        waiting, self._waiting = self._waiting, []
        for answer in waiting:
            answer()


@pytest.fixture
def desk() -> ExhibitDesk:
    return ExhibitDesk()


@pytest.fixture
def played(desk: ExhibitDesk) -> FilmDesk:
    made = FilmDesk(desk.registry())
    desk.offices = Offices(playback=made)
    return made


@pytest.fixture
def window(qtbot: QtBot, desk: ExhibitDesk, played: FilmDesk) -> Iterator[MainWindow]:
    made = opened(qtbot, desk)
    made.playback._now = lambda: NOW
    yield made
    made.close()


def case(window: MainWindow, desk: ExhibitDesk, qtbot: QtBot, *exhibits: Exhibit) -> None:
    """The incident with these files in the panel."""
    desk.exhibits = exhibits
    desk.change(incidents=(incident(1),))
    if not desk.late:
        qtbot.waitUntil(lambda: window.panel.incident.file is not None)


def press(key: Qt.Key, modifier: Qt.KeyboardModifier = Modifier.NoModifier) -> None:
    focused = QApplication.focusWidget()
    assert focused is not None
    QTest.keyClick(focused, key, modifier)


def view_of(window: MainWindow, qtbot: QtBot) -> PlaybackView:
    view = window.playback.view
    assert view is not None
    qtbot.waitUntil(lambda: view.has_keyboard and bool(view.wall.tiles))
    return view


def bench_of(played: FilmDesk) -> FakeBench:
    bench = played.sessions[-1].films
    assert isinstance(bench, FakeBench)
    return bench


def test_the_panel_lists_the_files_of_the_incident(window: MainWindow, desk: ExhibitDesk, qtbot: QtBot) -> None:
    still = film(2, kind=EvidenceKind.STILL, name="card.jpg", clock_offset_s=None, origin="")
    case(window, desk, qtbot, film(), still)
    found = window.panel.incident.exhibits
    assert found.isVisible()
    said = "Clip  ·  IMG_1.mp4  ·  Witness K.  ·  clock +12.0 s  ·  abababab  ·  12.4 MB"
    assert row_text(film(), 12_400_000) == said
    assert [found.item(row).text() for row in range(found.count())] == [row_text(film(), None), row_text(still, None)]
    assert "file missing" in found.item(1).text()
    press(Key.Key_E, Modifier.AltModifier)
    qtbot.waitUntil(found.hasFocus)
    press(Key.Key_Down)
    assert found.current == still


def test_a_file_that_was_taken_in_is_in_the_list_at_once(window: MainWindow, desk: ExhibitDesk, qtbot: QtBot) -> None:
    case(window, desk, qtbot, film())
    desk.exhibits = (film(), film(2))
    window.panel.offices.incident_filled.emit()
    qtbot.waitUntil(lambda: window.panel.incident.exhibits.count() == 2)


def test_without_files_there_is_no_list(window: MainWindow, desk: ExhibitDesk, qtbot: QtBot) -> None:
    case(window, desk, qtbot)
    assert window.panel.incident.exhibits.isHidden()
    press(Key.Key_E, Modifier.AltModifier)
    assert "No files belong to this incident" in window.panel.toast.text
    assert window.panel.incident.exhibits.hasFocus() is False


def test_a_film_of_the_list_is_played_beside_its_camera(
    window: MainWindow, desk: ExhibitDesk, played: FilmDesk, qtbot: QtBot
) -> None:
    case(window, desk, qtbot, film())
    press(Key.Key_E, Modifier.AltModifier)
    qtbot.waitUntil(window.panel.incident.exhibits.hasFocus)
    press(Key.Key_Return)
    view = view_of(window, qtbot)
    assert played.opened == [(("c1",), 1_790_000_000.0, "", "i1")]
    assert bench_of(played).asked == [("add", "e1")]
    assert view.wall.arrangement.order == ("c1", "film:e1")
    assert view.wall.arrangement.focused == "film:e1"
    assert view.wall.moment() is None  # nobody marks a moment of a camera there
    assert "clock +12.0 s ±0.4 s, set against 1 Gate 18:03:10 by Anna" in view._told()
    press(Key.Key_Left)
    assert view.wall.moment() is not None


def test_a_picture_of_a_film_is_not_taken_and_it_says_why(
    window: MainWindow, desk: ExhibitDesk, played: FilmDesk, qtbot: QtBot
) -> None:
    desk.offices = Offices(playback=played, exports=FakeExports())
    case(window, desk, qtbot, film())
    window.playback.show_exhibit(incident(1), film())
    view_of(window, qtbot)
    press(Key.Key_S, Modifier.ShiftModifier)
    assert "an exhibit of the incident already" in window.panel.toast.text


def test_a_still_of_the_list_is_shown(window: MainWindow, desk: ExhibitDesk, qtbot: QtBot) -> None:
    image = io.BytesIO()
    Image.new("RGB", (64, 36), "red").save(image, "PNG")
    case(window, desk, qtbot, film(3, kind=EvidenceKind.STILL))
    desk.stills = {"e3": image.getvalue()}
    panel = window.panel.incident
    press(Key.Key_E, Modifier.AltModifier)
    qtbot.waitUntil(panel.exhibits.hasFocus)
    press(Key.Key_Return)
    qtbot.waitUntil(lambda: panel.still.image.width() == 64)
    desk.stills = {}
    press(Key.Key_Return)
    qtbot.waitUntil(lambda: "missing or was altered" in window.panel.toast.text)


def test_the_incidents_films_come_with_its_cameras(
    window: MainWindow, desk: ExhibitDesk, played: FilmDesk, qtbot: QtBot
) -> None:
    case(window, desk, qtbot, film(), film(2, camera_id="c3", origin=""), film(4, kind=EvidenceKind.STILL))
    press(Key.Key_F10, Modifier.ShiftModifier)
    view = view_of(window, qtbot)
    assert view.wall.arrangement.order == ("c1", "c3", "film:e1")  # our own clip is played from our recordings
    assert view.wall.arrangement.focused == "c1"


def test_films_that_are_not_known_yet_follow(
    window: MainWindow, desk: ExhibitDesk, played: FilmDesk, qtbot: QtBot
) -> None:
    desk.late = True
    case(window, desk, qtbot, film())
    press(Key.Key_F10, Modifier.ShiftModifier)
    view = view_of(window, qtbot)
    assert "film:e1" not in view.wall.arrangement.order
    desk.give()
    qtbot.waitUntil(lambda: "film:e1" in view.wall.arrangement.order)
    assert view.wall.arrangement.focused == "c1"
    assert len(view.wall.tiles) == len(view.wall.arrangement.order)


def test_films_that_come_after_the_end_come_to_nobody(
    window: MainWindow, desk: ExhibitDesk, played: FilmDesk, qtbot: QtBot
) -> None:
    desk.late = True
    case(window, desk, qtbot, film())
    press(Key.Key_F10, Modifier.ShiftModifier)
    view_of(window, qtbot)
    bench = bench_of(played)
    window.playback.close()
    desk.give()
    qtbot.waitUntil(lambda: window.panel.incident.file is not None)  # the panel's own answer came through the same line
    assert not bench.asked


@pytest.fixture
def view(window: MainWindow, desk: ExhibitDesk, played: FilmDesk, qtbot: QtBot) -> PlaybackView:
    """A film in focus beside its camera, both with a picture, standing."""
    case(window, desk, qtbot, film())
    press(Key.Key_E, Modifier.AltModifier)
    qtbot.waitUntil(window.panel.incident.exhibits.hasFocus)
    press(Key.Key_Return)
    made = view_of(window, qtbot)
    press(Key.Key_K)
    played.sessions[-1].arrive(1_790_000_007.0)
    qtbot.waitUntil(lambda: all(t.picture is not None and t.picture.utc_s == 1_790_000_007.0 for t in made.wall.tiles))
    return made


def test_one_key_holds_the_film_and_sets_its_clock(
    window: MainWindow, desk: ExhibitDesk, view: PlaybackView, played: FilmDesk, qtbot: QtBot
) -> None:
    bench, session = bench_of(played), played.sessions[-1]
    press(Key.Key_S)
    assert bench.asked[1:] == [("hold", "film:e1", 1_790_000_007.0)]
    press(Key.Key_Left)
    session.arrive(1_790_000_009.0)
    camera = next(tile for tile in view.wall.tiles if tile.feed.camera.id == "c1")
    qtbot.waitUntil(lambda: camera.picture is not None and camera.picture.utc_s == 1_790_000_009.0)
    desk.exhibits = (film(clock_offset_s=13.5),)
    press(Key.Key_S)
    asked, moment, against, doubt_s = bench.asked[2]
    assert (asked, moment, against) == ("set", 1_790_000_009.0, "c1")
    assert isinstance(doubt_s, float)
    assert 0.5 < doubt_s <= 0.7  # the camera's clock was never compared, and a frame of each
    qtbot.waitUntil(lambda: "moved by +1.50 s" in window.panel.toast.text)
    listed = window.panel.incident.exhibits
    qtbot.waitUntil(lambda: "clock +13.5 s" in listed.item(0).text())


def test_who_still_plays_looks_again_first(view: PlaybackView, played: FilmDesk) -> None:
    press(Key.Key_S)
    press(Key.Key_Left)
    press(Key.Key_K)
    assert played.sessions[-1].stands.playing
    press(Key.Key_S)
    assert not played.sessions[-1].stands.playing
    assert bench_of(played).asked[-1][0] == "hold"


def test_esc_lets_a_held_film_go_before_it_leaves(view: PlaybackView, played: FilmDesk) -> None:
    press(Key.Key_S)
    press(Key.Key_Escape)
    assert bench_of(played).asked[-1] == ("let go",)
    assert view.has_keyboard
    press(Key.Key_Escape)
    assert not view.has_keyboard


def test_a_refusal_is_said(window: MainWindow, view: PlaybackView, played: FilmDesk, qtbot: QtBot) -> None:
    bench_of(played).refusal = "Anna may not do this."
    press(Key.Key_S)
    press(Key.Key_Left)
    press(Key.Key_S)
    qtbot.waitUntil(lambda: window.panel.toast.text == "Anna may not do this.")
    assert bench_of(played).held


def test_without_a_film_the_key_says_so(window: MainWindow, played: FilmDesk, qtbot: QtBot) -> None:
    QTest.keyClick(window.wall, Key.Key_F10)
    view_of(window, qtbot)
    press(Key.Key_S)
    assert window.panel.toast.text == "No film from elsewhere is played here."
