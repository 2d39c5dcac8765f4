"""Zones, lines, masks and people's heights drawn on the live picture: by mouse, by keyboard alone, saved and undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.feeds import CommandRefused
from app.offices import Offices
from app.rule_trial import Tried
from app.sign_in import SeatChanged
from app.trial_desk import TrialAnswer
from app.trial_texts import trial_sentence
from app.zone_drafts import Point, Shape, ZoneDraft
from app.zone_preview import Foot
from storage.commands import Command, PutRecord, RemoveRecord
from storage.journal import Receipt
from storage.records import Operator, Role, Zone
from storage.registry_records import CameraScale, PrivacyMask
from tests.widgets.conftest import opened
from tests.widgets.fakes import FakeDesk
from tests.widgets.test_trial_line import FakeTrials, found
from tests.widgets.test_wall import pushed
from widgets.main_window import MainWindow
from widgets.tile_view import TileView
from widgets.zone_canvas import ZoneCanvas

Key = Qt.Key
NONE, CTRL, SHIFT, ALT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
)
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
CORNERS: tuple[Point, ...] = ((0.2, 0.3), (0.7, 0.3), (0.7, 0.8), (0.2, 0.8))


class DurableDesk(FakeDesk):
    """Every command is durable at once, unless it is refused; records reach the registry as the change feed would."""

    def __init__(self) -> None:
        super().__init__()
        self.refuses = False
        self.sitting = "anna"

    def actor_id(self) -> str:
        return self.sitting

    def apply(
        self,
        command: Command,
        done: Callable[[Receipt], None] | None = None,
        refused: Callable[[], None] | None = None,
    ) -> None:
        super().apply(command, done)
        if self.refuses:
            self.bus.publish(CommandRefused("no"))
            if refused is not None:
                refused()
            return
        self._register(command)
        if done is not None:
            done(Receipt(1, None))

    def _register(self, command: Command) -> None:
        tables = {Zone: "zones", PrivacyMask: "privacy_masks", CameraScale: "camera_scales"}
        if isinstance(command, PutRecord):
            table, record_id = tables[type(command.record)], command.record.id  # type: ignore[union-attr]  # drawn ones
            kept = [r for r in getattr(self.registry(), table) if r.id != record_id] + [command.record]
        else:
            assert isinstance(command, RemoveRecord)
            table = command.table
            kept = [r for r in getattr(self.registry(), table) if r.id != command.record_id]
        self.extend(**{table: tuple(kept)})


@pytest.fixture
def desk() -> DurableDesk:
    made = DurableDesk()
    made.extend(operators=(Operator("anna", "Anna Koval", Role.ADMINISTRATOR),), rules=())
    return made


@pytest.fixture
def window(qtbot: QtBot, desk: DurableDesk) -> Iterator[MainWindow]:
    made = opened(qtbot, desk)
    pushed(qtbot, made, desk, "c1")
    yield made
    made.close()


@pytest.fixture
def said(window: MainWindow) -> list[str]:
    texts: list[str] = []
    window.zones.said.connect(texts.append)
    return texts


def canvas(window: MainWindow) -> ZoneCanvas:
    assert window.zones.canvas is not None
    return window.zones.canvas


def draft(window: MainWindow) -> ZoneDraft:
    return canvas(window).draft


def begin(qtbot: QtBot, window: MainWindow, desk: FakeDesk, letter: Qt.Key) -> ZoneCanvas:
    QTest.keyClick(window.wall, Key.Key_O, SHIFT)
    QTest.keyClick(window.panel.choice, letter)
    pushed(qtbot, window, desk, "c1")
    qtbot.waitUntil(canvas(window).hasFocus)
    return canvas(window)


def spot(window: MainWindow, point: Point) -> QPoint:
    return canvas(window).sight.spot(point).toPoint()


def click(window: MainWindow, point: Point, button: Qt.MouseButton = LEFT) -> None:
    QTest.mouseClick(canvas(window), button, NONE, spot(window, point))


def drag(window: MainWindow, start: Point, end: Point) -> None:
    sheet = canvas(window)
    first, last = spot(window, start), spot(window, end)
    QTest.mousePress(sheet, LEFT, NONE, first)
    QTest.mouseMove(sheet, (first + last) / 2)
    QTest.mouseMove(sheet, last)
    QTest.mouseRelease(sheet, LEFT, NONE, last)


def press(window: MainWindow, key: Qt.Key, modifiers: Qt.KeyboardModifier = NONE, times: int = 1) -> None:
    for _time in range(times):
        QTest.keyClick(canvas(window), key, modifiers)


def outline(window: MainWindow, *corners: Point) -> None:
    for corner in corners:
        click(window, corner)
    click(window, corners[0])


def near(points: tuple[Point, ...]) -> list[object]:
    """A spot is a whole pixel."""
    return [pytest.approx(point, abs=0.002) for point in points]


# By mouse


def test_an_area_is_drawn_by_mouse_and_saved(
    qtbot: QtBot, window: MainWindow, desk: DurableDesk, said: list[str]
) -> None:
    begin(qtbot, window, desk, Key.Key_A)
    assert window.wall.arrangement.enlarged
    assert window.wall.isVisible()
    outline(window, *CORNERS)
    assert not draft(window).now.drawing
    press(window, Key.Key_Return)
    qtbot.waitUntil(lambda: window.zones.canvas is None)
    (command,) = desk.commands
    assert isinstance(command, PutRecord)
    assert isinstance(command.record, Zone)
    assert (command.record.camera_id, command.record.name, command.record.kind) == ("c1", "Area 1", "area")
    assert near(CORNERS) == list(command.record.points)
    assert said == ["Saved: Area 1 (Area). Ctrl+Z takes it back."]
    assert not window.wall.arrangement.enlarged
    assert window.wall.hasFocus()


def test_a_saved_one_is_on_the_tile_at_once_and_undone_by_the_undo_key(
    qtbot: QtBot, window: MainWindow, desk: DurableDesk
) -> None:
    begin(qtbot, window, desk, Key.Key_L)
    for corner in CORNERS[:2]:
        click(window, corner)
    press(window, Key.Key_Return)
    qtbot.waitUntil(lambda: window.zones.canvas is None)
    window.wall.renew_masks()
    made = desk.feeds["c1"].zones[-1]
    assert made.kind == "line"
    QTest.keyClick(window.wall, Key.Key_Z, CTRL)
    assert desk.commands[-1] == RemoveRecord("zones", made.id)
    window.wall.renew_masks()
    assert made not in desk.feeds["c1"].zones


def test_points_edges_and_the_whole_are_dragged_and_the_right_button_takes_a_point_out(
    qtbot: QtBot, window: MainWindow, desk: DurableDesk
) -> None:
    begin(qtbot, window, desk, Key.Key_A)
    outline(window, *CORNERS)
    drag(window, (0.2, 0.8), (0.1, 0.9))
    assert near((*CORNERS[:3], (0.1, 0.9))) == list(draft(window).now.points)
    drag(window, (0.45, 0.3), (0.45, 0.1))
    assert near((CORNERS[0], (0.45, 0.1), *CORNERS[1:3], (0.1, 0.9))) == list(draft(window).now.points)
    drag(window, (0.5, 0.6), (0.6, 0.65))
    assert near(((0.3, 0.35), (0.55, 0.15))) == list(draft(window).now.points[:2])
    click(window, (0.55, 0.15), RIGHT)
    assert len(draft(window).now.points) == 4
    press(window, Key.Key_Z, CTRL, times=4)
    assert near(CORNERS) == list(draft(window).now.points)
    press(window, Key.Key_Y, CTRL)
    assert near((*CORNERS[:3], (0.1, 0.9))) == list(draft(window).now.points)


def test_a_mask_is_drawn_and_hides(qtbot: QtBot, window: MainWindow, desk: DurableDesk) -> None:
    begin(qtbot, window, desk, Key.Key_M)
    outline(window, *CORNERS[:3])
    press(window, Key.Key_Return)
    qtbot.waitUntil(lambda: window.zones.canvas is None)
    (mask,) = desk.registry().privacy_masks
    assert (mask.camera_id, mask.name) == ("c1", "Mask 1")
    window.wall.renew_masks()
    assert window.wall.tiles[0].masking.word == "MASKED"


def test_people_are_marked_from_foot_to_head(qtbot: QtBot, window: MainWindow, desk: DurableDesk) -> None:
    begin(qtbot, window, desk, Key.Key_P)
    drag(window, (0.3, 0.5), (0.35, 0.4))
    assert "far away and near" in window.zones.page.state.text()
    drag(window, (0.6, 0.9), (0.6, 0.5))
    press(window, Key.Key_Return)
    qtbot.waitUntil(lambda: window.zones.canvas is None)
    (command,) = desk.commands
    assert isinstance(command, PutRecord)
    assert isinstance(command.record, CameraScale)
    assert command.record.id == "c1"
    assert [pytest.approx(p, abs=0.003) for p in ((0.3, 0.5, 0.1), (0.6, 0.9, 0.4))] == list(command.record.people)


@pytest.mark.parametrize(
    "view",
    [
        TileView(quarters=1),
        TileView(mirrored=True),
        TileView(zoom=2.0, x=0.4, y=0.4),
        TileView(zoom=1.5, quarters=3, mirrored=True),
    ],
)
def test_points_are_the_source_pictures_however_it_is_looked_at(
    qtbot: QtBot, window: MainWindow, desk: DurableDesk, view: TileView
) -> None:
    begin(qtbot, window, desk, Key.Key_A)
    window.wall.look_through(canvas(window).tile, view)
    corners = ((0.35, 0.35), (0.5, 0.35), (0.5, 0.5))
    assert all(canvas(window).tile.area.contains(spot(window, corner)) for corner in corners)
    outline(window, *corners)
    assert near(corners) == list(draft(window).now.points)
    before = canvas(window).sight.spot(draft(window).now.points[0])
    press(window, Key.Key_Right, SHIFT)
    moved = canvas(window).sight.spot(draft(window).now.points[0]) - before
    assert [moved.x(), moved.y()] == pytest.approx([10, 0], abs=0.1)


# By keyboard alone


def test_an_area_is_drawn_by_keyboard_alone(qtbot: QtBot, window: MainWindow, desk: DurableDesk) -> None:
    begin(qtbot, window, desk, Key.Key_A)
    press(window, Key.Key_Insert, times=4)
    press(window, Key.Key_Tab)
    assert draft(window).now.chosen == 0
    before = canvas(window).sight.spot(draft(window).now.points[0])
    press(window, Key.Key_Left, SHIFT, times=3)
    press(window, Key.Key_Up, times=2)
    moved = canvas(window).sight.spot(draft(window).now.points[0]) - before
    assert [moved.x(), moved.y()] == pytest.approx([-30, -2], abs=0.1)
    press(window, Key.Key_Backtab, SHIFT)
    assert draft(window).now.chosen == 3
    press(window, Key.Key_Delete)
    assert len(draft(window).now.points) == 3
    whole = draft(window).now.points
    press(window, Key.Key_Right, ALT | SHIFT)
    assert all(b[0] > a[0] for a, b in zip(whole, draft(window).now.points, strict=True))
    press(window, Key.Key_N, CTRL)
    note = window.panel.choice.note
    assert note.text() == "Area 1"
    note.clear()
    QTest.keyClicks(note, "Yard")
    QTest.keyClick(note, Key.Key_Return)
    qtbot.waitUntil(canvas(window).hasFocus)
    assert "Yard" in window.zones.page.heading.text()
    press(window, Key.Key_Return)
    qtbot.waitUntil(lambda: window.zones.canvas is None)
    (command,) = desk.commands
    assert isinstance(command, PutRecord)
    assert isinstance(command.record, Zone)
    assert command.record.name == "Yard"


def test_keys_that_are_not_of_the_drawing_do_what_they_always_do(
    qtbot: QtBot, window: MainWindow, desk: DurableDesk
) -> None:
    begin(qtbot, window, desk, Key.Key_A)
    overlay = window.wall.look.overlay
    press(window, Key.Key_O)
    assert window.wall.look.overlay is not overlay
    press(window, Key.Key_Plus)
    assert canvas(window).tile.view.enlarged
    press(window, Key.Key_Space)
    assert window.zones.canvas is not None


def test_a_line_is_turned_round(qtbot: QtBot, window: MainWindow, desk: DurableDesk) -> None:
    begin(qtbot, window, desk, Key.Key_L)
    press(window, Key.Key_Insert, times=2)
    first, last = draft(window).now.points
    press(window, Key.Key_T, CTRL)
    assert draft(window).now.points == (last, first)


# Refusals


def test_one_that_crosses_itself_is_said_at_once_and_not_saved(
    qtbot: QtBot, window: MainWindow, desk: DurableDesk, said: list[str]
) -> None:
    begin(qtbot, window, desk, Key.Key_A)
    outline(window, CORNERS[0], CORNERS[2], CORNERS[1], CORNERS[3])
    assert "crosses itself" in window.zones.page.state.text()
    assert not window.zones.page.buttons["save"].isEnabled()
    press(window, Key.Key_Return)
    assert desk.commands == []
    assert said == ["Not saved. It crosses itself: pull the points apart."]
    press(window, Key.Key_C, CTRL)
    assert window.panel.choice.question is None


def test_who_may_not_is_told_so(window: MainWindow, desk: DurableDesk, said: list[str]) -> None:
    desk.extend(operators=(Operator("anna", "Anna Koval", Role.OPERATOR),))
    QTest.keyClick(window.wall, Key.Key_O, SHIFT)
    assert said == ["Your role may not change zones and masks."]
    assert window.panel.choice.question is None


def test_what_the_journal_refuses_stays_on_the_picture(qtbot: QtBot, window: MainWindow, desk: DurableDesk) -> None:
    begin(qtbot, window, desk, Key.Key_A)
    outline(window, *CORNERS)
    desk.refuses = True
    press(window, Key.Key_Return)
    QApplication.processEvents()
    assert near(CORNERS) == list(draft(window).now.points)
    desk.refuses = False
    press(window, Key.Key_Return)
    qtbot.waitUntil(lambda: window.zones.canvas is None)
    assert len(desk.commands) == 2


# Leaving, undoing, other cameras


def test_escape_asks_nothing_and_the_undo_key_goes_on(
    qtbot: QtBot, window: MainWindow, desk: DurableDesk, said: list[str]
) -> None:
    begin(qtbot, window, desk, Key.Key_A)
    outline(window, *CORNERS)
    press(window, Key.Key_Escape)
    assert window.zones.canvas is None
    assert said == ["Left without saving. Ctrl+Z goes on with it."]
    QTest.keyClick(window.wall, Key.Key_Z, CTRL)
    assert near(CORNERS) == list(draft(window).now.points)
    press(window, Key.Key_Z, CTRL)
    assert len(draft(window).now.points) < 4 or draft(window).now.drawing


def test_one_that_was_only_looked_at_leaves_nothing_to_undo(
    qtbot: QtBot, window: MainWindow, desk: DurableDesk, said: list[str]
) -> None:
    begin(qtbot, window, desk, Key.Key_1)
    assert draft(window).id == "z1"
    press(window, Key.Key_Escape)
    QTest.keyClick(window.wall, Key.Key_Z, CTRL)
    assert window.zones.canvas is None
    assert said == []


def test_a_changed_one_comes_back_as_it_was(qtbot: QtBot, window: MainWindow, desk: DurableDesk) -> None:
    (before,) = desk.registry().zones
    begin(qtbot, window, desk, Key.Key_1)
    press(window, Key.Key_Down, SHIFT)
    press(window, Key.Key_Return)
    qtbot.waitUntil(lambda: window.zones.canvas is None)
    assert desk.registry().zones != (before,)
    QTest.keyClick(window.wall, Key.Key_Z, CTRL)
    assert desk.registry().zones == (before,)


def test_what_somebody_else_made_of_it_meanwhile_is_not_lost_without_a_word(
    qtbot: QtBot, window: MainWindow, desk: DurableDesk, said: list[str]
) -> None:
    begin(qtbot, window, desk, Key.Key_1)
    press(window, Key.Key_Down, SHIFT)
    theirs = replace(desk.registry().zones[0], name="Theirs")
    desk.extend(zones=(theirs,))
    press(window, Key.Key_Return)
    assert desk.commands == []
    assert "Somebody changed it meanwhile" in said[0]
    press(window, Key.Key_Return)
    qtbot.waitUntil(lambda: window.zones.canvas is None)
    QTest.keyClick(window.wall, Key.Key_Z, CTRL)
    assert desk.registry().zones == (theirs,)


def test_undo_leaves_what_others_have_made_of_it_since(qtbot: QtBot, window: MainWindow, desk: DurableDesk) -> None:
    begin(qtbot, window, desk, Key.Key_1)
    press(window, Key.Key_Down, SHIFT)
    press(window, Key.Key_Return)
    qtbot.waitUntil(lambda: window.zones.canvas is None)
    theirs = replace(desk.registry().zones[0], name="Theirs")
    desk.extend(zones=(theirs,))
    QTest.keyClick(window.wall, Key.Key_Z, CTRL)
    assert desk.registry().zones == (theirs,)


def test_one_is_taken_out_of_use_and_comes_back(qtbot: QtBot, window: MainWindow, desk: DurableDesk) -> None:
    (before,) = desk.registry().zones
    begin(qtbot, window, desk, Key.Key_1)
    press(window, Key.Key_Delete, CTRL)
    qtbot.waitUntil(lambda: window.zones.canvas is None)
    assert desk.registry().zones == ()
    QTest.keyClick(window.wall, Key.Key_Z, CTRL)
    assert desk.registry().zones == (before,)


def test_it_is_copied_to_other_cameras_and_the_copies_are_undone_together(
    qtbot: QtBot, window: MainWindow, desk: DurableDesk, said: list[str]
) -> None:
    (before,) = desk.registry().zones
    begin(qtbot, window, desk, Key.Key_1)
    for words in ("3 99", "3, 5"):
        press(window, Key.Key_C, CTRL)
        QTest.keyClicks(window.panel.choice.note, words)
        QTest.keyClick(window.panel.choice.note, Key.Key_Return)
        qtbot.waitUntil(canvas(window).hasFocus)
    assert said == [
        "There is no other camera 99. Nothing was copied.",
        "Copied to 2 cameras: Loading bay (Area).",
    ]
    copies = desk.registry().zones[1:]
    assert [(copy.camera_id, copy.name, copy.points) for copy in copies] == [
        (camera_id, before.name, before.points) for camera_id in ("c3", "c5")
    ]
    assert len({before.id, *(copy.id for copy in copies)}) == 3
    press(window, Key.Key_Escape)
    QTest.keyClick(window.wall, Key.Key_Z, CTRL)
    assert desk.registry().zones == (before,)


def test_another_camera_on_the_tile_leaves_the_drawing(qtbot: QtBot, window: MainWindow, desk: DurableDesk) -> None:
    begin(qtbot, window, desk, Key.Key_A)
    outline(window, *CORNERS)
    window.wall.show_camera("c2")
    assert window.zones.canvas is None
    QTest.keyClick(window.wall, Key.Key_Z, CTRL)
    assert draft(window).camera_id == "c1"
    assert window.wall.arrangement.focused == "c1"


@pytest.mark.parametrize("seat", [SeatChanged(), SeatChanged("olena", "Olena", Role.ADMINISTRATOR, by_password=True)])
def test_what_is_half_drawn_goes_with_who_drew_it(
    qtbot: QtBot, window: MainWindow, desk: DurableDesk, seat: SeatChanged
) -> None:
    desk.bus.publish(SeatChanged("anna", "Anna Koval", Role.ADMINISTRATOR, by_password=True))
    qtbot.waitUntil(lambda: window.page_keys.seat.operator_id == "anna")
    begin(qtbot, window, desk, Key.Key_A)
    outline(window, *CORNERS)
    desk.bus.publish(seat)
    qtbot.waitUntil(lambda: window.zones.canvas is None)
    QTest.keyClick(window.wall, Key.Key_Z, CTRL)
    assert window.zones.canvas is None


def test_in_a_further_window_it_is_drawn_there(qtbot: QtBot, window: MainWindow, desk: DurableDesk) -> None:
    window.wall.choose_layout(4)
    other = window.walls.open_next()
    qtbot.waitUntil(other.wall.hasFocus)
    QTest.keyClick(other.wall, Key.Key_O, SHIFT)
    qtbot.waitUntil(window.panel.choice.hasFocus)
    QTest.keyClick(window.panel.choice, Key.Key_A)
    assert canvas(window).window() is other
    qtbot.waitUntil(canvas(window).hasFocus)
    assert draft(window).camera_id == "c5"
    press(window, Key.Key_Insert, times=3)
    other.leave()
    assert window.zones.canvas is None
    window.activateWindow()
    window.wall.setFocus()
    qtbot.waitUntil(window.wall.hasFocus)
    QTest.keyClick(window.wall, Key.Key_Z, CTRL)
    assert canvas(window).window() is window
    assert len(draft(window).now.points) == 3


# What stands beside it


def test_facts_beside_it_say_what_the_rules_do_and_whom_they_see(
    qtbot: QtBot, window: MainWindow, desk: DurableDesk
) -> None:
    from tests.widgets.fakes import made_registry

    desk.extend(rules=made_registry(1).rules)
    desk.feeds["c1"].show_tracks()
    begin(qtbot, window, desk, Key.Key_1)
    page = window.zones.page
    assert page.isVisible()
    assert "person is in Loading bay" in page.rules.text()
    qtbot.waitUntil(lambda: "1 of 1 stand in it: person 7" in page.seen.text())
    assert "1 more do not count" in page.seen.text()


def test_feet_are_drawn_on_the_picture_only(
    qtbot: QtBot, window: MainWindow, desk: DurableDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.resize(1400, 1000)
    sheet = begin(qtbot, window, desk, Key.Key_A)
    edge = sheet.sight.spot((0.5, 1.0)).toPoint()
    assert edge.y() + 20 < sheet.tile.area.bottom()  # there is room beside the picture
    monkeypatch.setattr(sheet, "_feet", lambda: (Foot(7, "person", (0.5, 1.0), counted=True, caught=True),))
    drawn = QImage(sheet.size(), QImage.Format.Format_ARGB32)
    drawn.fill(0)
    sheet.render(drawn, renderFlags=QWidget.RenderFlag.DrawChildren)
    assert drawn.pixel(edge - QPoint(0, 3)) != 0
    assert drawn.pixel(edge + QPoint(0, 3)) == 0


def test_nothing_runs_while_nothing_is_drawn(qtbot: QtBot, window: MainWindow, desk: DurableDesk) -> None:
    begin(qtbot, window, desk, Key.Key_A)
    press(window, Key.Key_Escape)
    assert not window.zones._timer.isActive()
    QApplication.sendPostedEvents(None, 52)  # deferred deletions
    assert window.wall.findChildren(ZoneCanvas) == []


def test_the_drawing_is_as_large_as_the_wall(qtbot: QtBot, window: MainWindow, desk: DurableDesk) -> None:
    sheet = begin(qtbot, window, desk, Key.Key_A)
    window.resize(1200, 700)
    qtbot.waitUntil(lambda: sheet.size() == window.wall.size())
    click(window, (0.5, 0.5))
    assert near(((0.5, 0.5),)) == list(draft(window).now.points)
    assert sheet.point_at(QPointF(spot(window, (0.5, 0.5)))) == pytest.approx((0.5, 0.5), abs=0.002)
    assert draft(window).shape is Shape.AREA


# Tried before it is saved


class Guarded(FakeTrials):
    """Two confirmed alarms are lost when the zone leaves the left edge."""

    def answer(self, record: Tried) -> TrialAnswer:
        away = isinstance(record, Zone) and min(x for x, _y in record.points) > 0.3
        trial = found(3, 4, 2 if away else 0, 6)
        return TrialAnswer(record, trial_sentence(trial, 7), trial)


YARD = Zone("yard", "c1", "Yard", CORNERS)


@pytest.fixture
def trials(desk: DurableDesk) -> Guarded:
    made = Guarded()
    desk.extend(zones=(YARD,))
    desk.offices = Offices(trials=made)
    return made


def test_a_changed_zone_is_tried_and_one_that_loses_an_alarm_waits_for_a_second_person(
    qtbot: QtBot, trials: Guarded, window: MainWindow, desk: DurableDesk, said: list[str]
) -> None:
    assert window.zones.draw(window.wall, ZoneDraft(Shape.AREA, "c1", YARD))
    pushed(qtbot, window, desk, "c1")
    line = window.zones.trial
    assert line is not None
    assert not line.isVisible()
    assert trials.tried == []
    press(window, Key.Key_Right, ALT | SHIFT, times=15)
    changed = draft(window).made()
    qtbot.waitUntil(lambda: line.isVisible() and "loses 2 of 6 confirmed" in line.text())
    assert trials.tried == [changed]
    press(window, Key.Key_Return)
    qtbot.waitUntil(lambda: "second person was asked" in line.text())
    assert said == ["Not saved: a second person was asked."]
    assert (trials.saved, desk.commands) == ([], [])
    assert window.zones.draft is not None, "the drawing stays until somebody has signed"
    trials.signed = True
    press(window, Key.Key_Return)
    qtbot.waitUntil(lambda: window.zones.canvas is None)
    assert (trials.saved, desk.commands) == ([changed], [])
    assert said[-1] == "Saved: Yard (Area). Ctrl+Z takes it back."
    desk.extend(zones=(changed,))
    QTest.keyClick(window.wall, Key.Key_Z, CTRL)
    assert (trials.saved, desk.commands) == ([changed, YARD], []), "what an undo brings back is tried, too"


def test_an_undo_that_was_refused_can_be_tried_again(
    qtbot: QtBot, trials: Guarded, window: MainWindow, desk: DurableDesk, said: list[str]
) -> None:
    far = replace(YARD, points=tuple((0.3 + x / 3, y) for x, y in CORNERS))
    desk.extend(zones=(far,))
    trials.signed = True
    assert window.zones.draw(window.wall, ZoneDraft(Shape.AREA, "c1", far))
    pushed(qtbot, window, desk, "c1")
    press(window, Key.Key_Left, ALT | SHIFT, times=15)
    changed = draft(window).made()
    press(window, Key.Key_Return)
    qtbot.waitUntil(lambda: trials.saved == [changed] and window.zones.canvas is None)
    assert isinstance(changed, Zone)
    desk.extend(zones=(changed,))
    trials.signed = False
    QTest.keyClick(window.wall, Key.Key_Z, CTRL)
    qtbot.waitUntil(lambda: said[-1] == "Not saved: a second person was asked.")
    told: list[bool] = []
    window.bridge.call_soon(lambda: told.append(True))  # after the refusal, which came the same way
    qtbot.waitUntil(lambda: bool(told))
    trials.signed = True
    QTest.keyClick(window.wall, Key.Key_Z, CTRL)
    qtbot.waitUntil(lambda: trials.saved == [changed, far])


def test_new_zones_and_masks_are_not_tried_and_another_seat_hears_nothing(
    qtbot: QtBot, trials: Guarded, window: MainWindow, desk: DurableDesk
) -> None:
    begin(qtbot, window, desk, Key.Key_M)
    outline(window, *CORNERS[:3])
    press(window, Key.Key_Return)
    qtbot.waitUntil(lambda: window.zones.canvas is None)
    begin(qtbot, window, desk, Key.Key_A)
    outline(window, *CORNERS[:3])
    press(window, Key.Key_Return)
    qtbot.waitUntil(lambda: window.zones.canvas is None)
    assert len(desk.commands) == 2
    assert trials.tried == []
    assert window.zones.draw(window.wall, ZoneDraft(Shape.AREA, "c1", YARD))
    press(window, Key.Key_Right, ALT | SHIFT)
    line = window.zones.trial
    assert line is not None
    assert line.isVisible()
    desk.sitting = "ben"
    window.zones.show_seat(SeatChanged("ben"))
    assert not line.isVisible()
    assert trials.saved == []
