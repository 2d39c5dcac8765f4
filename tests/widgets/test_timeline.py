"""The timeline as it is used: mouse and keys on a real widget, its pixels, what it asks, its axis in odd nights."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterator, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.bus import Bus
from app.timeline import (
    REASONS,
    Failed,
    MarkKind,
    Preview,
    PreviewFeed,
    RecordedDay,
    Shown,
    TimelineAnswer,
    TimelineMark,
    TimelineQuestion,
    TimelineRow,
)
from storage.footage_records import Gap, GapReason
from tests.widgets.fakes import picture
from widgets import theme
from widgets.bridge import Bridge
from widgets.timeline import Timeline
from widgets.timeline_lanes import LANE, MOVED, RECORDED, RowShape, lanes_image, reason_colour
from widgets.timeline_legend import LEGEND_PX, legend
from widgets.timeline_questions import PATIENCE_S
from widgets.timeline_scale import LONGEST_S, SHORTEST_S, TickKind, TimeScale, ticks
from widgets.timeline_sheet import AXIS_PX, CONTEXT_PX, GUTTER_PX, context_texts
from widgets.timeline_words import length_text, moment_text

BERLIN = ZoneInfo("Europe/Berlin")
T0 = datetime(2026, 11, 16, 12, tzinfo=BERLIN).timestamp()
HOUR_S, DAY_S = 3600.0, 86_400.0
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


class FakePreviews:
    """Notes what is wished for; `give` answers the newest."""

    def __init__(self) -> None:
        self.wishes: list[tuple[str, float, Shown]] = []
        self.closed = False

    def want(self, camera_id: str, utc_s: float, width_px: int, height_px: int, shown: Shown) -> None:
        assert width_px > 0
        assert height_px > 0
        self.wishes.append((camera_id, utc_s, shown))

    def give(self, masks: tuple[tuple[tuple[float, float], ...], ...] = ()) -> None:
        camera_id, utc_s, shown = self.wishes[-1]
        shown(Preview(camera_id, utc_s, picture(camera_id, 1), masks))

    def close(self) -> None:
        self.closed = True


class FakeTimelineDesk:
    """Answers at once (or when the test says so): recorded but from T0 - 1 h to T0 - 30 min, an event at T0 - 1170 s,
    an incident 10 minutes before T0; nothing after T0."""

    def __init__(self) -> None:
        self.asked: list[TimelineQuestion] = []
        self.holds = False
        self.refuses = ""
        self.hidden: frozenset[str] = frozenset()
        self.reasons: list[tuple[str, str | None]] = []
        self.feed = FakePreviews()
        self._done: list[tuple[TimelineQuestion, Callable[[TimelineAnswer], None]]] = []

    def ask(
        self, asker: Hashable, question: TimelineQuestion, done: Callable[[TimelineAnswer], None], failed: Failed
    ) -> None:
        assert asker is not None
        self.asked.append(question)
        self._done.append((question, done))
        if self.refuses:
            failed(self.refuses)
        elif not self.holds:
            self.answer()

    def answer(self) -> None:
        question, done = self._done[-1]
        done(TimelineAnswer(question, tuple(self._row(one, question) for one in self._seen(question)), T0))

    def _seen(self, question: TimelineQuestion) -> list[str]:
        return [one for one in question.camera_ids if one not in self.hidden]

    def _row(self, camera_id: str, question: TimelineQuestion) -> TimelineRow:
        at = question.from_utc_s + (np.arange(question.columns) + 0.5) * question.column_s
        gap = (at > T0 - HOUR_S) & (at < T0 - HOUR_S / 2)
        recorded = np.where(gap | (at > T0), 0, 255).astype(np.uint8)
        missing = np.where(gap, 1 + REASONS.index(GapReason.NO_SIGNAL), 0).astype(np.uint8)
        event = np.abs(at - (T0 - 1170)) <= question.column_s
        return TimelineRow(
            camera_id,
            f"{camera_id} Gate",
            recorded.tobytes(),
            missing.tobytes(),
            np.where(event, 5, 0).astype(np.uint8).tobytes(),
            b"",
            (Gap(camera_id, T0 - HOUR_S, T0 - HOUR_S / 2, GapReason.NO_SIGNAL),),
            (T0 - 1170.0, T0 - 60.0) if camera_id == "c1" else (T0 - 900.0,),
            (TimelineMark(T0 - 600, MarkKind.INCIDENT, "2026-000007", 4, "i7"),),
        )

    def days(
        self,
        camera_ids: Sequence[str],
        first: date,
        count: int,
        done: Callable[[tuple[RecordedDay, ...]], None],
        failed: Failed,
    ) -> None:
        raise AssertionError((camera_ids, first, count, done, failed))

    def previews(self, reason: str, incident_id: str | None = None) -> PreviewFeed:
        self.reasons.append((reason, incident_id))
        return self.feed


@pytest.fixture
def desk() -> FakeTimelineDesk:
    return FakeTimelineDesk()


@pytest.fixture
def bridge(qtbot: QtBot) -> Iterator[Bridge]:
    made = Bridge(Bus())
    yield made
    made.close()


@pytest.fixture
def timeline(qtbot: QtBot, desk: FakeTimelineDesk, bridge: Bridge) -> Iterator[Timeline]:
    """Three cameras, the two hours before T0, answered."""
    made = Timeline(desk, bridge, BERLIN)
    qtbot.addWidget(made)
    made.resize(GUTTER_PX + 1200, AXIS_PX + LEGEND_PX + 90)
    made.show_cameras(("c1", "c2", "c3"))
    made.show_span(T0 - 2 * HOUR_S, T0)
    made.show()
    qtbot.waitExposed(made)
    answered(qtbot, made)
    yield made
    made.close_down()


def answered(qtbot: QtBot, timeline: Timeline) -> None:
    """What is seen is in the newest answer, and no further question waits."""

    def is_there() -> bool:
        if timeline.answer is None or timeline.questions.waiting:
            return False
        question = timeline.answer.question
        return question.from_utc_s <= timeline.span[0] and timeline.span[1] <= question.to_utc_s

    qtbot.waitUntil(is_there)


def at(timeline: Timeline, utc_s: float, camera_id: str = "c1") -> QPoint:
    return QPoint(timeline.x_of(utc_s), timeline.y_of(camera_id))


def colours(timeline: Timeline, utc_s: float, camera_id: str) -> set[str]:
    """All colours in the column of a time within a camera's row."""
    image = timeline.grab().toImage()
    x, middle = timeline.x_of(utc_s), timeline.y_of(camera_id)
    half = timeline.scene().shape.row // 2
    return {image.pixelColor(x, y).name() for y in range(middle - half, middle + half)}


def wheel(timeline: Timeline, where: QPoint, notches: int, modifiers: Qt.KeyboardModifier = NONE) -> None:
    place = QPointF(where)
    event = QWheelEvent(
        place,
        QPointF(timeline.mapToGlobal(where)),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(timeline, event)


# What is seen


def test_recorded_missing_and_worst_events_can_be_seen(timeline: Timeline) -> None:
    timeline.focus_row(row=2)
    assert RECORDED in colours(timeline, T0 - 1.6 * HOUR_S, "c1")
    in_gap = colours(timeline, T0 - 0.55 * HOUR_S, "c1")
    assert RECORDED not in in_gap
    assert in_gap & {reason_colour(GapReason.NO_SIGNAL), QColor(reason_colour(GapReason.NO_SIGNAL)).darker(190).name()}
    assert "#ff8a3c" in colours(timeline, T0 - 1170, "c2")  # severity 5, as on the wall
    assert "#ff8a3c" not in colours(timeline, T0 - 1400, "c2")
    assert "#e69f00" in colours(timeline, T0 - 600, "c2")  # an incident of severity 4


def test_what_is_still_to_come_looks_like_nothing_else(timeline: Timeline, qtbot: QtBot) -> None:
    timeline.show_span(T0 - HOUR_S, T0 + HOUR_S)
    answered(qtbot, timeline)
    found = colours(timeline, T0 + 0.5 * HOUR_S, "c2")
    assert RECORDED not in found
    assert LANE not in found


def test_the_playhead_stands_at_its_time_and_is_followed(timeline: Timeline, qtbot: QtBot) -> None:
    timeline.show_place(T0 - 1.7 * HOUR_S)
    assert "#cc79a7" in colours(timeline, T0 - 1.7 * HOUR_S, "c1")
    timeline.show_place(T0 - 1.2 * HOUR_S)
    assert "#cc79a7" not in colours(timeline, T0 - 1.7 * HOUR_S, "c1")
    before = timeline.span
    timeline.show_place(T0 + 60)  # over the edge
    assert timeline.span[0] > before[0]
    assert timeline.span[0] < T0 + 60 < timeline.span[1]
    timeline.show_span(T0 - 2 * HOUR_S, T0)
    timeline.show_place(T0 + 120)  # nobody saw it leave
    assert timeline.span == pytest.approx((T0 - 2 * HOUR_S, T0))
    answered(qtbot, timeline)


def test_a_playhead_that_is_followed_to_now_does_not_show_hours_that_are_still_to_come(timeline: Timeline) -> None:
    timeline.show_place(T0 - 60)
    timeline.show_place(T0 + 30)
    begin, end = timeline.span
    assert begin < T0 + 30 < end
    assert end - (T0 + 30) == pytest.approx(0.1 * (end - begin))
    timeline.show_span(T0 - 26 * HOUR_S, T0 - 24 * HOUR_S)  # of yesterday what comes next is seen
    timeline.show_place(T0 - 25 * HOUR_S)
    timeline.show_place(T0 - 23.9 * HOUR_S)
    begin, end = timeline.span
    assert T0 - 23.9 * HOUR_S - begin == pytest.approx(0.1 * (end - begin))


def test_the_time_of_the_playhead_can_be_read_at_an_edge(timeline: Timeline) -> None:
    for edge in timeline.span:
        timeline.show_place(edge)
        frame = timeline.grab().toImage()
        plate = [x for x in range(frame.width()) if frame.pixelColor(x, 1).name() == theme.PURPLE]
        assert len(plate) > 40
        assert plate[0] >= GUTTER_PX


def test_the_playhead_covers_no_time_and_no_day_of_the_axis(timeline: Timeline) -> None:
    def axis(top: int, bottom: int) -> QImage:
        return timeline.grab().toImage().copy(GUTTER_PX, top, timeline.width() - GUTTER_PX, bottom - top)

    timeline.show_place(T0 + 100 * HOUR_S)
    timeline.show_span(T0 - 2 * HOUR_S, T0)
    times = axis(CONTEXT_PX, AXIS_PX - 7)
    (day, _text), *_more = context_texts(timeline.scene())
    for place in (T0 - HOUR_S, T0 - 2 * HOUR_S + 60):
        timeline.show_place(place)
        assert axis(CONTEXT_PX, AXIS_PX - 7) == times
    plate = [x for x in range(timeline.width()) if timeline.grab().toImage().pixelColor(x, 1).name() == theme.PURPLE]
    assert plate[0] < day.right(), "the plate is where the day stood"
    beside = timeline.grab().toImage().copy(plate[-1] + 2, 0, 120, CONTEXT_PX)
    assert len({beside.pixelColor(x, 9).name() for x in range(120)}) > 3, "the day is named beside it"


def test_only_whole_rows_are_seen_and_how_many_more_there_are(qtbot: QtBot, timeline: Timeline) -> None:
    timeline.show_cameras(tuple(f"c{number}" for number in range(1, 10)))
    timeline.setMinimumHeight(0)
    for height in range(AXIS_PX + 30, AXIS_PX + 100, 7):
        timeline.resize(timeline.width(), height)
        timeline.focus_row(row=8)
        scene = timeline.scene()
        assert scene.lanes.height() % scene.shape.row == 0
        assert scene.top_of(8) + scene.shape.row == pytest.approx(scene.lanes.bottom())
        assert scene.scrolled_px % scene.shape.row == 0
    answered(qtbot, timeline)


@pytest.mark.parametrize("width", [500, 973, 1366, 1920])
def test_the_legend_ends_before_the_edge(qtbot: QtBot, width: int) -> None:
    image = legend(width, 1.0).toImage()
    assert {image.pixelColor(width - 1, y).name() for y in range(LEGEND_PX)} == {theme.PANEL}
    right = [x for x in range(width) if any(image.pixelColor(x, y).name() != theme.PANEL for y in range(LEGEND_PX))]
    assert right[-1] > 0.75 * min(width, 1290)


def test_a_chosen_time_stays_to_be_seen(timeline: Timeline) -> None:
    timeline.show_range((T0 - 1.5 * HOUR_S, T0 - HOUR_S))
    assert theme.ACCENT in colours(timeline, T0 - 1.5 * HOUR_S, "c1")
    timeline.show_range(None)
    assert theme.ACCENT not in colours(timeline, T0 - 1.5 * HOUR_S, "c1")


def test_motion_is_steps_in_the_band_and_a_small_fault_is_still_seen() -> None:
    asked = TimelineQuestion(("c1",), 0.0, 4.0, 4)
    fault = 1 + REASONS.index(GapReason.DISK_FULL)
    row = TimelineRow("c1", "", bytes((255, 254, 0, 255)), bytes((0, fault, 0, 0)), bytes(4), bytes((0, 0, 0, 255)))
    image = lanes_image(TimelineAnswer(asked, (row,), 9.0), RowShape(20))
    seen = [{image.pixelColor(x, y).name() for y in range(20)} for x in range(4)]
    assert seen[0] == {LANE, RECORDED}
    assert RECORDED in seen[1]
    assert seen[1] - {LANE, RECORDED}
    assert seen[2] == {LANE}
    assert MOVED in seen[3]


def test_the_pointer_says_what_is_there(timeline: Timeline, qtbot: QtBot) -> None:
    QTest.mouseMove(timeline, at(timeline, T0 - 0.75 * HOUR_S, "c2"))
    scene = timeline.scene()
    assert scene.row_at(timeline.y_of("c2")) == 1
    qtbot.waitUntil(lambda: timeline.pointer.lines(scene)[1:] == ["c2 Gate", "No footage: No signal, 30 min"])
    QTest.mouseMove(timeline, at(timeline, T0 - 600, "c2"))
    qtbot.waitUntil(lambda: timeline.pointer.lines(scene)[-1:] == ["Incident 2026-000007, High"])
    assert timeline.pointer.lines(scene)[0].startswith("Mon 2026-11-16 11:5")


def test_next_event_of_what_is_known(timeline: Timeline) -> None:
    assert timeline.next_event(T0 - 1500, True) == T0 - 1170
    assert timeline.next_event(T0 - 1170, True) == T0 - 900  # of another camera
    assert timeline.next_event(T0 - 60, True) is None
    assert timeline.next_event(T0 - 60, False) == T0 - 900
    assert timeline.next_event(T0 - 1170, False) is None


# Mouse


def test_a_click_goes_to_that_time_and_chooses_the_row(timeline: Timeline, qtbot: QtBot) -> None:
    with qtbot.waitSignal(timeline.sought) as told:
        QTest.mouseClick(timeline, LEFT, NONE, at(timeline, T0 - HOUR_S, "c3"))
    assert told.args is not None
    assert told.args[0] == pytest.approx(T0 - HOUR_S, abs=6)
    assert timeline.place == told.args[0]
    assert timeline.focused_camera == "c3"


def test_a_click_on_a_name_only_chooses_the_row(timeline: Timeline, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(timeline.sought):
        QTest.mouseClick(timeline, LEFT, NONE, QPoint(20, timeline.y_of("c2")))
    assert timeline.focused_camera == "c2"


def test_the_wheel_zooms_around_the_pointer(timeline: Timeline, qtbot: QtBot) -> None:
    where, fixed = at(timeline, T0 - HOUR_S / 2), T0 - HOUR_S / 2
    before = timeline.scale.span_s
    wheel(timeline, where, 3)
    assert timeline.scale.span_s == pytest.approx(before / 1.25**3)
    assert timeline.x_of(fixed) == pytest.approx(where.x(), abs=1)
    wheel(timeline, where, -40)
    assert timeline.scale.span_s == LONGEST_S
    wheel(timeline, where, 100)
    assert timeline.scale.span_s == SHORTEST_S
    answered(qtbot, timeline)


def test_the_wheel_with_shift_moves_in_time(timeline: Timeline, qtbot: QtBot) -> None:
    before, span_s = timeline.span, timeline.scale.span_s
    wheel(timeline, at(timeline, T0 - HOUR_S), -1, SHIFT)
    assert timeline.span[0] == pytest.approx(before[0] + 0.1 * span_s)
    assert timeline.scale.span_s == pytest.approx(span_s)
    answered(qtbot, timeline)


def test_dragging_moves_in_time_and_seeks_nothing(timeline: Timeline, qtbot: QtBot) -> None:
    start, before = at(timeline, T0 - HOUR_S), timeline.span
    with qtbot.assertNotEmitted(timeline.sought):
        QTest.mousePress(timeline, LEFT, NONE, start)
        QTest.mouseMove(timeline, start + QPoint(60, 0))
        QTest.mouseMove(timeline, start + QPoint(120, 0))
        QTest.mouseRelease(timeline, LEFT, NONE, start + QPoint(120, 0))
    assert timeline.span[0] == pytest.approx(before[0] - 120 / 1200 * 2 * HOUR_S, abs=1)
    answered(qtbot, timeline)


def test_shift_and_drag_choose_a_range(timeline: Timeline, qtbot: QtBot) -> None:
    start, end = at(timeline, T0 - HOUR_S), at(timeline, T0 - HOUR_S / 2)
    with qtbot.waitSignal(timeline.range_chosen) as told, qtbot.assertNotEmitted(timeline.sought):
        QTest.mousePress(timeline, LEFT, SHIFT, end)
        QTest.mouseMove(timeline, start)
        assert timeline.chosen is not None
        QTest.mouseRelease(timeline, LEFT, SHIFT, start)
    assert told.args == pytest.approx([T0 - HOUR_S, T0 - HOUR_S / 2], abs=6)
    assert timeline.chosen is None


def test_escape_gives_the_range_up(timeline: Timeline, qtbot: QtBot) -> None:
    start = at(timeline, T0 - HOUR_S)
    with qtbot.assertNotEmitted(timeline.range_chosen), qtbot.assertNotEmitted(timeline.sought):
        QTest.mousePress(timeline, LEFT, SHIFT, start)
        QTest.mouseMove(timeline, start + QPoint(50, 0))
        QTest.keyClick(timeline, Qt.Key.Key_Escape)
        QTest.mouseRelease(timeline, LEFT, SHIFT, start + QPoint(50, 0))


def test_rows_without_room_are_scrolled_over_their_names(timeline: Timeline, qtbot: QtBot) -> None:
    ids = tuple(f"k{number}" for number in range(64))
    timeline.show_cameras(ids)
    answered(qtbot, timeline)
    first = timeline.scene().seen_rows()
    assert first.start == 0
    assert len(first) < 20
    wheel(timeline, QPoint(20, AXIS_PX + 20), -2)
    assert timeline.scene().seen_rows().start == 6
    for _ in range(40):
        QTest.keyClick(timeline, Qt.Key.Key_Down)
    assert timeline.focused_camera == "k40"
    assert 40 in timeline.scene().seen_rows()


# Keys


def test_keys_zoom_move_and_seek(timeline: Timeline, qtbot: QtBot) -> None:
    middle, span_s = T0 - HOUR_S, timeline.scale.span_s
    QTest.keyClick(timeline, Qt.Key.Key_Plus)
    assert timeline.scale.span_s == pytest.approx(span_s / 1.5)
    QTest.keyClick(timeline, Qt.Key.Key_Minus)
    assert timeline.span == pytest.approx((middle - HOUR_S, middle + HOUR_S))
    QTest.keyClick(timeline, Qt.Key.Key_Left)
    assert timeline.span[0] == pytest.approx(middle - HOUR_S - 0.1 * span_s)
    QTest.keyClick(timeline, Qt.Key.Key_Right)
    QTest.keyClick(timeline, Qt.Key.Key_Down)
    assert timeline.focused_camera == "c2"
    QTest.keyClick(timeline, Qt.Key.Key_Up)
    QTest.keyClick(timeline, Qt.Key.Key_Up)
    assert timeline.focused_camera == "c1"
    with qtbot.waitSignal(timeline.sought) as told:
        QTest.keyClick(timeline, Qt.Key.Key_Return)
    assert told.args == pytest.approx([middle])
    answered(qtbot, timeline)


# Questions


def test_more_is_asked_for_than_is_seen_and_panning_within_it_asks_nothing(
    timeline: Timeline, desk: FakeTimelineDesk, qtbot: QtBot
) -> None:
    question = desk.asked[-1]
    assert question.from_utc_s == pytest.approx(T0 - 3 * HOUR_S)
    assert question.to_utc_s == pytest.approx(T0 + HOUR_S)
    assert question.columns == 2400
    count = len(desk.asked)
    QTest.keyClick(timeline, Qt.Key.Key_Left)
    assert len(desk.asked) == count
    timeline.show_span(T0 - 4 * HOUR_S, T0 - 2 * HOUR_S)
    assert len(desk.asked) == count + 1
    answered(qtbot, timeline)


def test_while_an_answer_is_awaited_no_other_is_asked_for_and_then_the_newest_is(
    timeline: Timeline, desk: FakeTimelineDesk, qtbot: QtBot
) -> None:
    desk.holds = True
    timeline.questions._asked_s += 3600.0  # its patience does not run out in this test
    count = len(desk.asked)
    timeline.show_span(T0 - 40 * HOUR_S, T0 - 38 * HOUR_S)
    assert len(desk.asked) == count + 1
    timeline.questions._asked_s += 3600.0
    timeline.show_span(T0 - 60 * HOUR_S, T0 - 58 * HOUR_S)
    timeline.show_span(T0 - 80 * HOUR_S, T0 - 78 * HOUR_S)
    assert len(desk.asked) == count + 1
    desk.holds = False
    desk.answer()
    answered(qtbot, timeline)
    assert desk.asked[-1].from_utc_s == pytest.approx(T0 - 81 * HOUR_S)
    assert len(desk.asked) == count + 2


def test_a_question_without_an_answer_gives_way_in_time(
    timeline: Timeline, desk: FakeTimelineDesk, qtbot: QtBot
) -> None:
    desk.holds = True
    timeline.show_span(T0 - 40 * HOUR_S, T0 - 38 * HOUR_S)
    timeline.show_span(T0 - 60 * HOUR_S, T0 - 58 * HOUR_S)
    timeline.questions._asked_s -= 2 * PATIENCE_S
    desk.holds = False
    timeline.show_span(T0 - 80 * HOUR_S, T0 - 78 * HOUR_S)
    answered(qtbot, timeline)
    assert timeline.answer is not None
    assert timeline.answer.question.from_utc_s == pytest.approx(T0 - 81 * HOUR_S)


def test_an_answer_about_other_cameras_comes_to_nobody(
    timeline: Timeline, desk: FakeTimelineDesk, qtbot: QtBot
) -> None:
    desk.holds = True
    timeline.show_span(T0 - 40 * HOUR_S, T0 - 38 * HOUR_S)
    late = desk._done[-1]
    timeline.show_cameras(("c9",))
    desk.holds = False
    late[1](TimelineAnswer(late[0], (), T0))
    timeline.show_span(T0 - 50 * HOUR_S, T0 - 48 * HOUR_S)
    answered(qtbot, timeline)
    assert timeline.camera_ids == ("c9",)
    assert timeline.answer is not None
    assert timeline.answer.question.camera_ids == ("c9",)


def test_cameras_that_may_not_be_seen_have_no_row(timeline: Timeline, desk: FakeTimelineDesk, qtbot: QtBot) -> None:
    desk.hidden = frozenset({"c2"})
    timeline.show_cameras(("c1", "c2", "c3"))
    qtbot.waitUntil(lambda: timeline.camera_ids == ("c1", "c3"))


def test_a_refusal_is_said(timeline: Timeline, desk: FakeTimelineDesk, qtbot: QtBot) -> None:
    desk.refuses = "Nobody sits here."
    timeline.show_cameras(("c1",))
    qtbot.waitUntil(lambda: timeline.problem == "Nobody sits here.")
    desk.refuses = ""
    timeline.show_span(T0 - 9 * HOUR_S, T0 - 8 * HOUR_S)
    answered(qtbot, timeline)
    assert timeline.problem == ""


def test_hidden_it_asks_nothing(timeline: Timeline, desk: FakeTimelineDesk, qtbot: QtBot) -> None:
    timeline.hide()
    count = len(desk.asked)
    timeline.show_span(T0 - 40 * HOUR_S, T0 - 38 * HOUR_S)
    assert len(desk.asked) == count
    timeline.show()
    assert len(desk.asked) == count + 1
    answered(qtbot, timeline)


def test_what_one_operator_saw_is_gone_for_the_next(timeline: Timeline) -> None:
    timeline.show_place(T0 - HOUR_S)
    timeline.close_down()
    assert timeline.answer is None
    assert timeline.camera_ids == ()
    assert timeline.place is None
    assert RECORDED not in {
        timeline.grab().toImage().pixelColor(x, AXIS_PX + 20).name() for x in range(GUTTER_PX, GUTTER_PX + 1200, 7)
    }


# Previews


def hovered(timeline: Timeline, desk: FakeTimelineDesk, qtbot: QtBot, utc_s: float, camera_id: str) -> None:
    wishes = len(desk.feed.wishes)
    QTest.mouseMove(timeline, at(timeline, utc_s, camera_id))
    qtbot.waitUntil(lambda: len(desk.feed.wishes) == wishes + 1)


def test_hovering_shows_a_picture_above_the_pointer(timeline: Timeline, desk: FakeTimelineDesk, qtbot: QtBot) -> None:
    QTest.mouseMove(timeline, at(timeline, T0 - 1.4 * HOUR_S, "c2"))
    assert desk.reasons == []
    timeline.show_previews("theft", "i7")
    assert desk.reasons == [("theft", "i7")]
    hovered(timeline, desk, qtbot, T0 - 1.5 * HOUR_S, "c2")
    camera_id, utc_s, _shown = desk.feed.wishes[-1]
    assert camera_id == "c2"
    assert utc_s == pytest.approx(T0 - 1.5 * HOUR_S, abs=6)
    covered = (((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)),)
    desk.feed.give(covered)
    qtbot.waitUntil(lambda: timeline.pointer.card is not None and timeline.pointer.card.isVisible())
    card = timeline.pointer.card
    assert card is not None
    image = card.grab().toImage()
    masked = QColor(60, 64, 70).name()
    assert {image.pixelColor(x, y).name() for x in range(20, 240, 40) for y in range(20, 130, 30)} == {masked}
    QTest.mouseMove(timeline, QPoint(20, timeline.y_of("c2")))  # over the names
    qtbot.waitUntil(lambda: not card.isVisible())
    assert card.preview is None


def test_the_picture_of_another_camera_does_not_stand_while_the_next_one_comes(
    timeline: Timeline, desk: FakeTimelineDesk, qtbot: QtBot
) -> None:
    timeline.show_previews("theft")
    hovered(timeline, desk, qtbot, T0 - 1.5 * HOUR_S, "c1")
    desk.feed.give()
    qtbot.waitUntil(lambda: timeline.pointer.card is not None and timeline.pointer.card.isVisible())
    hovered(timeline, desk, qtbot, T0 - 1.5 * HOUR_S, "c3")
    card = timeline.pointer.card
    assert card is not None
    assert not card.isVisible()


def test_a_late_picture_comes_to_nobody(timeline: Timeline, desk: FakeTimelineDesk, qtbot: QtBot) -> None:
    timeline.show_previews("theft")
    hovered(timeline, desk, qtbot, T0 - 1.5 * HOUR_S, "c1")
    late = desk.feed.wishes[-1]
    timeline.hide_previews()
    assert desk.feed.closed
    late[2](Preview("c1", late[1], picture("c1", 1)))
    timeline.show_span(T0 - 40 * HOUR_S, T0 - 38 * HOUR_S)
    answered(qtbot, timeline)  # later than the picture on the same bridge
    assert timeline.pointer.card is None


# The axis


def test_the_night_of_25_hours_names_its_hour_twice() -> None:
    begin = datetime(2026, 10, 25, tzinfo=BERLIN).timestamp()
    scale = TimeScale(begin, begin + 25 * HOUR_S, 2500.0)
    named = ticks(scale, BERLIN, 90.0)
    assert [tick.local.strftime("%H:%M%z") for tick in named[:5]] == [
        "00:00+0200",
        "01:00+0200",
        "02:00+0200",
        "02:00+0100",
        "03:00+0100",
    ]
    assert [tick.twice for tick in named[:5]] == [False, False, True, True, False]
    assert len(named) == 26
    assert named[-1].local.date() == date(2026, 10, 26)


def test_the_night_of_23_hours_leaves_its_hour_out() -> None:
    begin = datetime(2026, 3, 29, tzinfo=BERLIN).timestamp()
    named = ticks(TimeScale(begin, begin + 23 * HOUR_S, 2300.0), BERLIN, 90.0)
    assert [tick.local.hour for tick in named[:4]] == [0, 1, 3, 4]


ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Asia/Almaty")


@given(
    st.sampled_from(ZONES),
    st.integers(1_700_000_000, 1_900_000_000),
    st.floats(SHORTEST_S, LONGEST_S),
    st.integers(300, 4000),
)
def test_ticks_are_wall_clock_times_in_order_and_apart(zone: str, begin: int, span_s: float, width_px: int) -> None:
    scale, where = TimeScale(begin, begin + span_s, float(width_px)), ZoneInfo(zone)
    named = ticks(scale, where, 90.0)
    times = [tick.utc_s for tick in named]
    assert times == sorted(set(times))
    assert all(begin <= one <= begin + span_s for one in times)
    for tick in named:
        assert tick.local.timestamp() == tick.utc_s
        assert tick.local.microsecond == 0
        if tick.kind is TickKind.DAY:
            assert (tick.local.hour, tick.local.minute) == (0, 0)
        elif tick.kind is TickKind.MINUTE:
            assert tick.local.second == 0
    for before, after in itertools.pairwise(named):
        same = before.local.utcoffset() == after.local.utcoffset()
        assert not same or scale.x_of(after.utc_s) - scale.x_of(before.utc_s) >= 80.0


@given(st.sampled_from(ZONES), st.integers(0, 3650))
def test_every_day_is_named_once(zone: str, ahead: int) -> None:
    """Also the one that has 25 hours, and the one that begins at 1:00."""
    where = ZoneInfo(zone)
    first = date(2024, 1, 1) + timedelta(days=ahead)
    begin = datetime(first.year, first.month, first.day, tzinfo=where).timestamp()
    named = ticks(TimeScale(begin, begin + 10 * DAY_S, 1000.0), where, 90.0)
    assert [tick.local.date() for tick in named][:9] == [first + timedelta(days=number) for number in range(9)]


@given(st.floats(0.01, 100.0), st.floats(0.0, 1000.0))
def test_zooming_leaves_the_time_under_the_pointer(factor: float, x_px: float) -> None:
    scale = TimeScale(T0, T0 + DAY_S, 1000.0)
    zoomed = scale.zoomed(factor, x_px)
    assert zoomed.x_of(scale.utc_of(x_px)) == pytest.approx(x_px, abs=0.01)
    assert SHORTEST_S <= zoomed.span_s <= LONGEST_S


def test_lengths_and_moments_in_words() -> None:
    assert [length_text(s) for s in (0.4, 40, 61, 1800, 7800, 90_000)] == [
        "0 s",
        "40 s",
        "1 min 1 s",
        "30 min",
        "2 h 10 min",
        "1 d 1 h",
    ]
    assert moment_text(T0, BERLIN, fine=True) == "Mon 2026-11-16 12:00:00.0 UTC+01:00"
