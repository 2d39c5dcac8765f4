"""Calendar, oldest footage and timeline in the playback view, over a timeline desk that answers when the test says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.offices import Offices
from app.timeline import Failed, PreviewFeed, RecordedDay, Shown, TimelineAnswer, TimelineQuestion, TimelineRow
from tests.widgets.conftest import opened
from tests.widgets.fakes import FakeDesk
from tests.widgets.playback_fakes import FakePlaybackDesk, FakeSession
from widgets import theme
from widgets.main_window import MainWindow
from widgets.playback_view import PlaybackView

Key, Modifier = Qt.Key, Qt.KeyboardModifier
ZONE = ZoneInfo("Europe/Kyiv")
FIRST = datetime(2026, 10, 24, 18, 2, 7, tzinfo=ZONE)
NOW = datetime(2026, 11, 22, 12, tzinfo=ZONE).timestamp()
EVENT_S = 30.0


@dataclass
class NoPreviews:
    """Notes that somebody looks."""

    reason: str
    closed: bool = False

    def want(self, camera_id: str, utc_s: float, width_px: int, height_px: int, shown: Shown) -> None:
        return

    def close(self) -> None:
        self.closed = True


@dataclass
class FakeTimelineDesk:
    """Recorded from FIRST on, an event EVENT_S later; every answer comes at once."""

    asked: list[TimelineQuestion] = field(default_factory=list)
    previewed: list[NoPreviews] = field(default_factory=list)
    empty: bool = False

    def ask(
        self, asker: object, question: TimelineQuestion, done: Callable[[TimelineAnswer], None], failed: Failed
    ) -> None:
        self.asked.append(question)
        begin, column_s = FIRST.timestamp(), question.column_s
        ends = (question.from_utc_s + (n + 1) * column_s for n in range(question.columns))
        recorded = bytes(255 if end > begin else 0 for end in ends)
        nothing = bytes(question.columns)
        rows = tuple(
            TimelineRow(one, one, recorded, nothing, nothing, event_utc_s=(begin + EVENT_S,))
            for one in question.camera_ids
        )
        done(TimelineAnswer(question, rows, begin + 1e7))

    def days(
        self,
        camera_ids: Sequence[str],
        first: date,
        count: int,
        done: Callable[[tuple[RecordedDay, ...]], None],
        failed: Failed,
    ) -> None:
        days = (first + timedelta(days=n) for n in range(count))
        done(tuple(RecordedDay(day, 0.5 if day >= FIRST.date() and not self.empty else 0.0) for day in days))

    def previews(self, reason: str, incident_id: str | None = None) -> PreviewFeed:
        self.previewed.append(NoPreviews(reason))
        return self.previewed[-1]


@pytest.fixture
def line() -> FakeTimelineDesk:
    return FakeTimelineDesk()


@pytest.fixture
def window(qtbot: QtBot, desk: FakeDesk, line: FakeTimelineDesk) -> Iterator[MainWindow]:
    desk.offices = Offices(playback=FakePlaybackDesk(desk.registry()), zone=ZONE, timeline=line)
    made = opened(qtbot, desk)
    made.playback._now = lambda: NOW
    QTest.keyClick(made.wall, Key.Key_2, Modifier.AltModifier)
    yield made
    made.close()


@pytest.fixture
def view(window: MainWindow, qtbot: QtBot) -> PlaybackView:
    QTest.keyClick(window.wall, Key.Key_F10)
    made = window.playback.view
    assert made is not None
    qtbot.waitUntil(made.wall.hasFocus)
    assert made.timeline is not None
    return made


def sought(view: PlaybackView) -> list[object]:
    assert isinstance(view.session, FakeSession)
    return [order[1] for order in view.session.asked if order[0] == "seek"]


def press(view: PlaybackView, pressed: Qt.Key) -> None:
    QTest.keyClick(view.window().focusWidget(), pressed)


def test_the_timeline_shows_the_walls_cameras_and_where_it_stands(view: PlaybackView, qtbot: QtBot) -> None:
    timeline = view.timeline
    assert timeline is not None
    qtbot.waitUntil(lambda: timeline.answer is not None)
    assert timeline.answer is not None
    assert timeline.answer.question.camera_ids == ("c1", "c2", "c3", "c4")
    qtbot.waitUntil(lambda: timeline.place == view.session.place().utc_s)
    assert timeline.height() < view.wall.height()


def test_a_click_on_it_goes_there_and_a_range_is_told(view: PlaybackView) -> None:
    timeline = view.timeline
    assert timeline is not None
    timeline.sought.emit(FIRST.timestamp())
    assert sought(view) == [FIRST.timestamp()]
    timeline.range_chosen.emit(1000.0, 1060.0)
    assert view.chosen_range == (1000.0, 1060.0)
    begin = sum(timeline.span) / 2
    timeline.range_chosen.emit(begin, begin + 60.0)
    row = timeline.y_of("c1")
    assert timeline.grab().toImage().pixelColor(timeline.x_of(begin), row).name() == theme.ACCENT


def test_its_row_is_the_focused_cameras(view: PlaybackView) -> None:
    timeline = view.timeline
    assert timeline is not None
    assert timeline.focused_camera == view.wall.arrangement.focused == "c1"
    press(view, Key.Key_Right)
    assert timeline.focused_camera == view.wall.arrangement.focused == "c2"


def test_where_it_has_the_keyboard_its_keys_come_first(
    view: PlaybackView, window: MainWindow, desk: FakeDesk, qtbot: QtBot
) -> None:
    timeline = view.timeline
    assert timeline is not None
    before, live = timeline.span, window.wall.arrangement
    timeline.setFocus()
    qtbot.waitUntil(timeline.hasFocus)
    press(view, Key.Key_Plus)
    assert timeline.span[1] - timeline.span[0] < before[1] - before[0]
    assert isinstance(view.session, FakeSession)
    view.session.asked.clear()
    press(view, Key.Key_PageDown)
    press(view, Key.Key_K)
    assert view.session.asked == [("pause",)]
    press(view, Key.Key_X)
    assert (window.wall.arrangement, desk.asked) == (live, [])
    press(view, Key.Key_Escape)
    qtbot.waitUntil(view.wall.hasFocus)


def test_home_goes_to_the_first_recorded_second(view: PlaybackView, line: FakeTimelineDesk, qtbot: QtBot) -> None:
    press(view, Key.Key_Home)
    qtbot.waitUntil(lambda: sought(view) == [FIRST.timestamp()])
    line.empty = True
    said: list[str] = []
    view.said.connect(said.append)
    press(view, Key.Key_Home)
    qtbot.waitUntil(lambda: said == ["Nothing is recorded of these cameras."])
    assert len(sought(view)) == 1


def test_next_event_is_the_timelines(view: PlaybackView, qtbot: QtBot) -> None:
    timeline = view.timeline
    assert timeline is not None
    view.moves.seek(FIRST.timestamp())
    qtbot.waitUntil(lambda: timeline.answer is not None)
    press(view, Key.Key_N)
    assert sought(view)[-1] == FIRST.timestamp() + EVENT_S


def test_the_calendar_knows_what_is_recorded(view: PlaybackView, qtbot: QtBot) -> None:
    press(view, Key.Key_D)
    qtbot.waitUntil(view.days.hasFocus)
    view.days._go_to(date(2026, 10, 25))
    qtbot.waitUntil(lambda: view.days.shares.get(date(2026, 10, 24)) == 0.5)
    assert view.days.shares[date(2026, 10, 23)] == 0.0
    picture = view.days.grab().toImage()
    index = (date(2026, 10, 24) - view.days.first).days
    full, none = (view.days.cell(n) for n in (index, index - 1))
    bars = [picture.pixelColor(cell.left() + 8, cell.bottom() - 5).name() for cell in (full, none)]
    assert bars[0] != bars[1]
    QTest.mouseClick(view.days, Qt.MouseButton.LeftButton, Modifier.NoModifier, full.center())
    ((at,),) = (sought(view),)
    assert isinstance(at, float)
    assert datetime.fromtimestamp(at, ZONE).date() == date(2026, 10, 24)


def test_a_day_that_is_still_to_come_cannot_be_chosen(view: PlaybackView, qtbot: QtBot) -> None:
    today = date(2026, 10, 25)
    view.days.begin(("c1",), today, today)
    qtbot.waitUntil(view.days.hasFocus)
    press(view, Key.Key_Right)
    assert view.days.day == today
    later = view.days.cell((today - view.days.first).days + 1)
    QTest.mouseClick(view.days, Qt.MouseButton.LeftButton, Modifier.NoModifier, later.center())
    assert not view.days.isHidden()
    assert sought(view) == []


def test_previews_begin_without_a_reason_go_on_with_it_and_end_with_the_view(
    view: PlaybackView, window: MainWindow, line: FakeTimelineDesk
) -> None:
    view.because("case 12")
    assert [one.reason for one in line.previewed] == ["", "case 12"]
    window.playback.close()
    assert all(one.closed for one in line.previewed)
