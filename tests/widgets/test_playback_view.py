"""Playback by real keys on the real window, over a session that follows at once: what is shown, what each key asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.feeds import Lowered, Quality, TileState
from app.offices import Offices
from app.playback_feeds import ClockNote, PlaybackPlace
from app.sign_in import SeatChanged
from storage.case_commands import AddNote
from storage.records import Role
from storage.registry_records import PrivacyMask
from tests.widgets.conftest import opened
from tests.widgets.fakes import FakeDesk, alarm
from tests.widgets.playback_fakes import FakePlaybackDesk, FakeSession
from widgets import theme
from widgets.main_window import MainWindow
from widgets.playback_bars import NAME_END
from widgets.playback_tile import fitted
from widgets.playback_view import PlaybackView
from widgets.playback_words import ago_text, clock_in, clock_sentence, moment_in, offset_text, rate_text, state_text

Key, Modifier = Qt.Key, Qt.KeyboardModifier
ZONE = ZoneInfo("Europe/Kyiv")
AT = datetime(2026, 10, 25, 3, 30, 0, 250_000, tzinfo=ZONE).timestamp()
NOW = datetime(2026, 11, 22, 12, tzinfo=ZONE).timestamp()


@pytest.fixture
def played(desk: FakeDesk) -> FakePlaybackDesk:
    """What the desk gives sessions from."""
    made = FakePlaybackDesk(desk.registry())
    desk.offices = Offices(playback=made, zone=ZONE)
    return made


@pytest.fixture
def window(qtbot: QtBot, desk: FakeDesk, played: FakePlaybackDesk) -> Iterator[MainWindow]:
    made = opened(qtbot, desk)
    made.playback._now = lambda: NOW
    QTest.keyClick(made.wall, Key.Key_2, Modifier.AltModifier)
    yield made
    made.close()


@pytest.fixture
def view(window: MainWindow, played: FakePlaybackDesk, qtbot: QtBot) -> PlaybackView:
    """Opened by F10 on four cameras; it stands at AT and has the keyboard."""
    QTest.keyClick(window.wall, Key.Key_F10)
    made = window.playback.view
    assert made is not None
    qtbot.waitUntil(made.wall.hasFocus)
    session_of(made).arrive(AT)
    session_of(made).asked.clear()
    return made


def session_of(view: PlaybackView) -> FakeSession:
    assert isinstance(view.session, FakeSession)
    return view.session


def press(view: PlaybackView, pressed: Qt.Key, modifier: Qt.KeyboardModifier = Modifier.NoModifier) -> None:
    focused = view.window().focusWidget()
    assert focused is not None
    QTest.keyClick(focused, pressed, modifier)


def asked(view: PlaybackView) -> list[tuple[object, ...]]:
    orders = [one for one in session_of(view).asked if one[0] != "focus"]
    session_of(view).asked.clear()
    return orders


def test_it_says_all_the_time_that_it_is_not_live(view: PlaybackView, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: all(tile.header.age.startswith("03:30:00") for tile in view.wall.tiles))
    assert all(tile.header.past and tile.state is TileState.LIVE for tile in view.wall.tiles)
    assert view.head.plate.text() == "PLAYBACK"
    frame = view.grab().toImage()
    for x, y in ((1, 1), (frame.width() - 2, frame.height() - 2), (1, frame.height() // 2)):
        assert frame.pixelColor(x, y).name() == theme.PURPLE


def test_no_picture_grows_stale_and_none_is_left_in_a_gap(view: PlaybackView, qtbot: QtBot) -> None:
    tile = view.wall.tiles[0]
    qtbot.waitUntil(lambda: tile.picture is not None)
    assert tile.age_s > 1000  # due long ago
    assert tile.state is TileState.LIVE
    session_of(view).feeds["c1"].gap = "No recording: the disk is full."
    qtbot.waitUntil(lambda: tile.state is TileState.NO_SIGNAL and tile.picture is None)
    assert tile.header.state is TileState.NO_SIGNAL


def test_a_seeking_camera_keeps_its_picture_under_its_own_time(view: PlaybackView, qtbot: QtBot) -> None:
    tile, feed = view.wall.tiles[0], session_of(view).feeds["c1"]
    qtbot.waitUntil(lambda: tile.header.state is TileState.LIVE)
    feed.tile_status = replace(feed.tile_status, state=TileState.CONNECTING)
    qtbot.waitUntil(lambda: tile.header.state is TileState.CONNECTING)
    assert tile.picture is not None
    assert tile.header.age.startswith("03:30:00")


def test_the_clock_says_date_and_offset_of_the_site(view: PlaybackView, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: view.head.clock.text() == "03:30:00.2")
    assert view.head.date.text() == "Sun 2026-10-25  UTC+03:00"
    session_of(view).arrive(AT + 3600)
    qtbot.waitUntil(lambda: view.head.date.text() == "Sun 2026-10-25  UTC+02:00")
    assert view.head.clock.text() == "03:30:00.2"


def test_what_was_taken_out_for_a_camera_is_told_with_its_uncertainty(view: PlaybackView, qtbot: QtBot) -> None:
    session_of(view).notes["c1"] = ClockNote(2.04, 0.3)
    press(view, Key.Key_3, Modifier.AltModifier)  # in a narrow tile
    qtbot.waitUntil(lambda: view.wall.tiles[0].header.quality == "±0.3")
    press(view, Key.Key_Return)
    qtbot.waitUntil(lambda: view.wall.tiles[0].header.quality == "+2.0 ±0.3 s")
    qtbot.waitUntil(lambda: "1 Main gate" in view.head.told.toolTip() and "±0.3 s" in view.head.told.toolTip())


def test_in_little_room_the_clocks_sentence_stays_whole_and_the_name_goes(view: PlaybackView) -> None:
    label, sentence = view.head.told, "Camera clock +2.0 s taken out, sure to ±0.3 s"
    label.resize(label.fontMetrics().horizontalAdvance(sentence) + 2, label.height())
    view.head._tell(f"1 Main gate{NAME_END}{sentence}")
    assert label.text() == sentence
    assert label.toolTip().startswith("1 Main gate")


@pytest.mark.parametrize("pressed", [Key.Key_K, Key.Key_Space])
def test_play_and_pause(view: PlaybackView, pressed: Qt.Key) -> None:
    press(view, pressed)
    press(view, pressed)
    assert asked(view) == [("pause",), ("play", 1.0)]


def test_the_shuttle_doubles_and_turns(view: PlaybackView) -> None:
    for pressed in (Key.Key_L, Key.Key_L, Key.Key_J, Key.Key_J, Key.Key_K, Key.Key_L):
        press(view, pressed)
    assert asked(view) == [("play", 2.0), ("play", 4.0), ("play", -1.0), ("play", -2.0), ("pause",), ("play", 1.0)]


def test_speeds_end_at_both_ends_and_are_kept_for_the_next_play(view: PlaybackView) -> None:
    for _press in range(6):
        press(view, Key.Key_BracketRight)
    assert asked(view)[-1] == ("play", 16.0)
    press(view, Key.Key_K)
    for _press in range(9):
        press(view, Key.Key_BracketLeft)
    assert asked(view) == [("pause",)]
    press(view, Key.Key_K)
    assert asked(view) == [("play", 0.125)]


def test_frames_and_jumps(view: PlaybackView) -> None:
    press(view, Key.Key_Comma)
    press(view, Key.Key_Period)
    press(view, Key.Key_PageUp)
    press(view, Key.Key_PageDown, Modifier.ShiftModifier)
    assert asked(view) == [("step", -1), ("step", 1), ("seek", AT - 60), ("seek", AT - 50)]


def test_it_never_goes_into_the_future(view: PlaybackView) -> None:
    session_of(view).arrive(NOW - 5)
    press(view, Key.Key_PageDown)
    assert asked(view) == [("seek", NOW)]
    press(view, Key.Key_L)
    press(view, Key.Key_End)
    assert [order[0] for order in asked(view)] == ["play", "seek", "play"]
    assert session_of(view).stands.speed == 1.0


def test_arrows_and_digits_are_the_walls_and_steps_count_the_focused_camera(view: PlaybackView) -> None:
    press(view, Key.Key_Right)
    assert ("focus", "c2") in session_of(view).asked
    press(view, Key.Key_7)
    press(view, Key.Key_Return)
    assert "c7" in view.wall.arrangement.order
    assert ("focus", "c7") in session_of(view).asked
    press(view, Key.Key_Return)
    assert view.wall.arrangement.enlarged


def test_nothing_leaks_to_the_live_wall(view: PlaybackView, window: MainWindow, desk: FakeDesk, qtbot: QtBot) -> None:
    desk.change(alarms=(alarm(1),))
    qtbot.waitUntil(lambda: len(window.panel.board.view.standing) == 1)
    before = window.wall.arrangement, window.wall.look
    for pressed in (Key.Key_X, Key.Key_Space, Key.Key_G, Key.Key_R, Key.Key_Y, Key.Key_PageDown, Key.Key_O, Key.Key_1):
        press(view, pressed)
    press(view, Key.Key_1, Modifier.AltModifier)
    press(view, Key.Key_A, Modifier.AltModifier)
    press(view, Key.Key_Plus)
    assert (window.wall.arrangement, window.wall.look) == before
    assert desk.asked == []
    assert desk.replays == []
    assert len(view.wall.arrangement.layout) == 1
    assert not view.wall.look.overlay
    assert view.wall.hasFocus()


def test_a_key_without_meaning_here_says_so(view: PlaybackView, window: MainWindow) -> None:
    press(view, Key.Key_X)
    assert "X is for the live wall" in window.panel.toast.text


def test_letters_of_another_alphabet_are_its_keys_too(view: PlaybackView) -> None:
    QTest.keyClick(view.wall, Qt.Key(0x041B))  # no Latin letter behind it: nothing happens
    assert asked(view) == []


def test_a_mark_is_of_the_moment_that_is_played(view: PlaybackView, desk: FakeDesk, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: view.wall.tiles[0].picture is not None)
    press(view, Key.Key_M)
    command = desk.commands[-1]
    assert isinstance(command, AddNote)
    assert command.camera_id == "c1"
    assert command.utc_s == pytest.approx(AT, abs=0.001)
    assert view.wall.hasFocus()


def test_a_question_about_the_moment_gives_the_keyboard_back(
    view: PlaybackView, window: MainWindow, qtbot: QtBot
) -> None:
    press(view, Key.Key_E)
    qtbot.waitUntil(window.panel.choice.hasFocus)
    QTest.keyClick(window.panel.choice, Key.Key_Escape)
    qtbot.waitUntil(view.wall.hasFocus)


def test_a_lifted_mask_is_asked_for_and_gives_the_keyboard_back(
    view: PlaybackView, window: MainWindow, desk: FakeDesk, qtbot: QtBot
) -> None:
    desk.extend(privacy_masks=(PrivacyMask("m1", "c1", "Window", ((0.1, 0.1), (0.9, 0.1), (0.5, 0.9))),))
    session_of(view).registered = desk.registry()
    qtbot.waitUntil(lambda: view.wall.tiles[0].masking.word == "MASKED")
    assert view.wall.lifts is window.wall.lifts
    assert window.playback._tools is not None
    window.playback._tools.seat = SeatChanged("anna", "Anna", Role.ADMINISTRATOR)
    press(view, Key.Key_U)
    qtbot.waitUntil(window.panel.choice.note.hasFocus)
    QTest.keyClick(window.panel.choice.note, Key.Key_Escape)
    qtbot.waitUntil(view.wall.hasFocus)


def test_a_camera_that_cannot_keep_up_says_that_it_shows_key_frames(view: PlaybackView, qtbot: QtBot) -> None:
    feed = session_of(view).feeds["c1"]
    feed.tile_status = replace(feed.tile_status, quality=Quality(lowered=Lowered.KEYS))
    qtbot.waitUntil(lambda: view.wall.tiles[0].header.quality == "K" and view.wall.tiles[0].header.lowered)


def test_a_typed_time_is_read_while_it_is_typed(view: PlaybackView, qtbot: QtBot) -> None:
    press(view, Key.Key_T, Modifier.ControlModifier)
    qtbot.waitUntil(view.time_field.field.hasFocus)
    QTest.keyClicks(view.time_field.field, "2026-10-24 18:00")
    assert view.time_field.meaning.text() == "Sat 2026-10-24 18:00:00 UTC+03:00"
    press(view, Key.Key_Return)
    assert asked(view) == [("seek", datetime(2026, 10, 24, 18, tzinfo=ZONE).timestamp())]
    qtbot.waitUntil(view.wall.hasFocus)
    assert view.time_field.isHidden()


def test_an_hour_that_came_twice_is_told_and_nonsense_goes_nowhere(view: PlaybackView, qtbot: QtBot) -> None:
    press(view, Key.Key_T, Modifier.ControlModifier)
    qtbot.waitUntil(view.time_field.field.hasFocus)
    QTest.keyClicks(view.time_field.field, "25.10.2026 3:30")
    assert "came twice" in view.time_field.meaning.text()
    view.time_field.field.setText("whenever")
    press(view, Key.Key_Return)
    assert asked(view) == []
    press(view, Key.Key_Escape)
    qtbot.waitUntil(view.wall.hasFocus)


def test_the_calendar_goes_to_the_same_time_of_a_day(view: PlaybackView, qtbot: QtBot) -> None:
    press(view, Key.Key_D)
    qtbot.waitUntil(view.days.hasFocus)
    press(view, Key.Key_Left)
    press(view, Key.Key_PageUp)
    assert f"{view.days.day}" == "2026-09-24"
    press(view, Key.Key_Return)
    ((_seek, sought),) = asked(view)
    assert sought == datetime(2026, 9, 24, 3, 30, 0, 250_000, tzinfo=ZONE).timestamp()
    qtbot.waitUntil(view.wall.hasFocus)


def test_a_day_whose_hour_was_left_out_begins_an_hour_later(view: PlaybackView, qtbot: QtBot) -> None:
    press(view, Key.Key_D)
    qtbot.waitUntil(view.days.hasFocus)
    view.days.chosen.emit(datetime(2026, 3, 29, tzinfo=ZONE).date())
    ((_seek, sought),) = asked(view)
    assert isinstance(sought, float)
    assert clock_in(ZONE, sought) == "04:30:00"


def test_older_recordings_ask_for_a_reason_first(view: PlaybackView, qtbot: QtBot) -> None:
    session_of(view).free_from_s = AT - 30
    press(view, Key.Key_PageUp)
    qtbot.waitUntil(view.reason.field.hasFocus)
    assert asked(view) == []
    press(view, Key.Key_Return)  # nothing was said: nothing is given
    assert asked(view) == []
    QTest.keyClicks(view.reason.field, "case 12")
    press(view, Key.Key_Return)
    assert asked(view) == [("because", "case 12", ""), ("seek", AT - 60)]
    qtbot.waitUntil(view.wall.hasFocus)


def test_playing_backwards_waits_where_a_reason_is_needed(view: PlaybackView, qtbot: QtBot) -> None:
    press(view, Key.Key_J)
    session_of(view).free_from_s = AT + 1
    qtbot.waitUntil(view.reason.field.hasFocus)
    assert asked(view) == [("play", -1.0), ("pause",)]
    press(view, Key.Key_Escape)
    qtbot.waitUntil(view.wall.hasFocus)
    assert not session_of(view).stands.playing


def test_a_chosen_range_is_shown_and_told(view: PlaybackView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.range_chosen) as told:
        press(view, Key.Key_Less)
        assert view.chosen_range is None
        session_of(view).arrive(AT + 1200)
        press(view, Key.Key_Greater, Modifier.ShiftModifier)
    assert told.args == [AT, AT + 1200]
    qtbot.waitUntil(lambda: view.head.range.text() == "<03:30:00 – 03:50:00>  Ctrl+E")
    session_of(view).arrive(AT + 1300)
    press(view, Key.Key_Less)  # after the end: that is to be chosen anew
    qtbot.waitUntil(lambda: view.head.range.text() == "<03:51:40 – …>")


def test_what_was_chosen_is_exported(view: PlaybackView, window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    exported: list[tuple[object, ...]] = []
    monkeypatch.setattr(window.page_keys, "begin_export_of", lambda *asked: exported.append(asked))
    view._choose(AT, AT + 60)
    press(view, Key.Key_E, Modifier.ControlModifier)
    assert exported == [(("c1", "c2", "c3", "c4"), AT, AT + 60, "", "")]


def test_a_camera_that_is_not_seen_is_not_exported(
    view: PlaybackView, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported: list[tuple[object, ...]] = []
    monkeypatch.setattr(window.page_keys, "begin_export_of", lambda *asked: exported.append(asked))
    view._choose(AT, AT + 60)
    press(view, Key.Key_Right)
    press(view, Key.Key_Return)
    press(view, Key.Key_E, Modifier.ControlModifier)
    assert exported == [(("c2",), AT, AT + 60, "", "")]


def test_the_camera_that_is_played_is_searched(
    view: PlaybackView, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    suggested: list[str | None] = []
    monkeypatch.setattr(window.panel.offices, "suggest_search", suggested.append)
    press(view, Key.Key_Right)
    press(view, Key.Key_F, Modifier.AltModifier)
    assert suggested == ["c2"]
    assert window.wall.arrangement.focused == "c1"


def test_the_panel_goes_and_comes_while_the_keyboard_stays(view: PlaybackView, window: MainWindow) -> None:
    for _time in range(2):
        press(view, Key.Key_F9)
        assert view.wall.hasFocus()
    assert window.panel.isVisible()


def test_who_comes_back_answers_what_was_asked(view: PlaybackView, window: MainWindow, qtbot: QtBot) -> None:
    press(view, Key.Key_T, Modifier.ControlModifier)
    qtbot.waitUntil(view.time_field.field.hasFocus)
    press(view, Key.Key_F10)
    qtbot.waitUntil(window.wall.hasFocus)
    press(view, Key.Key_F10)
    qtbot.waitUntil(view.time_field.field.hasFocus)
    press(view, Key.Key_Escape)
    qtbot.waitUntil(view.wall.hasFocus)
    assert view.time_field.isHidden()


def test_escape_from_what_was_opened_here_comes_back_here(
    view: PlaybackView, window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened_page = partial(window.page_keys.enter_page, window.panel.keys)
    monkeypatch.setattr(window.page_keys, "begin_export_of", lambda *_asked: opened_page())
    view._choose(AT, AT + 60)
    press(view, Key.Key_E, Modifier.ControlModifier)
    qtbot.waitUntil(lambda: not view.has_keyboard)
    press(view, Key.Key_Escape)
    qtbot.waitUntil(view.wall.hasFocus)


def test_next_event_goes_on_from_the_event_it_went_to(view: PlaybackView, window: MainWindow) -> None:
    events = [AT + 5, AT + 9]
    view.moves.next_event = lambda at, forward: next((one for one in events if one > at), None)
    press(view, Key.Key_N)
    session_of(view).arrive(AT + 4.97)  # the frame just before it
    press(view, Key.Key_N)
    press(view, Key.Key_N)
    assert asked(view) == [("seek", AT + 5), ("seek", AT + 9)]
    assert "No further event" in window.panel.toast.text


@pytest.mark.parametrize(
    ("count", "room", "shape"),
    [(1, (1400, 300), "1x1"), (4, (1400, 300), "4x1"), (4, (1400, 800), "2x2"), (16, (1400, 800), "4x4"),
     (16, (1400, 300), "8x2"), (5, (1920, 900), "3x2"),
     (9, (1400, 230), "5x2")],
)  # fmt: skip
def test_the_room_decides_how_tiles_lie(count: int, room: tuple[int, int], shape: str) -> None:
    assert fitted(count, *room).name == shape


def test_words() -> None:
    assert [ago_text(s) for s in (-1, 59.4, 75, 3700, 100_000)] == [
        "0 s ago", "59 s ago", "1 min 15 s ago", "1 h 1 min ago", "1 d 3 h ago"
    ]  # fmt: skip
    assert [rate_text(s) for s in (1, -4, 0.125)] == ["1×", "4×", "1/8×"]
    place = PlaybackPlace(AT, 1.0, playing=True)
    assert state_text(place, -2.0) == "Backwards 2×"
    assert state_text(replace(place, seeking=True), 1.0) == "Seeking …"
    assert offset_text(ClockNote(-0.44)) == "−0.4 ±? s"
    assert "never compared" in clock_sentence(None)
    assert moment_in(ZONE, AT) == "Sun 2026-10-25 03:30:00 UTC+03:00"
    assert clock_in(ZONE, AT + 0.7499, tenths=True) == "03:30:00.9"
