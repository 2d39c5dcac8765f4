"""The keys of the focused tile: zoom that asks for real detail, turning, lifting a mask, pictures for a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.mask_lifts import LIFT_S, MaskLifts
from app.sign_in import SeatChanged
from app.snapshots import PictureOrder
from storage.commands import Command
from storage.journal import Receipt
from storage.people_commands import RecordAccess
from storage.people_records import AccessKind
from storage.records import Role
from storage.registry_records import PrivacyMask
from tests.app.case_file import jpeg
from tests.widgets.conftest import opened
from tests.widgets.fakes import FakeDesk
from tests.widgets.test_masks import INSIDE, MASK, colours, flat, masked
from tests.widgets.test_wall import on_page, pushed
from widgets.main_window import MainWindow
from widgets.tile import Tile
from widgets.tile_view import TileView

Key = Qt.Key
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
SUPERVISOR = SeatChanged("anna", "Anna Koval", Role.SUPERVISOR, by_password=True)


class LiftDesk(FakeDesk):
    """Keeps what is to be called once a command is durable; somebody may leave the seat."""

    def __init__(self) -> None:
        super().__init__()
        self.durable: list[Callable[[Receipt], None]] = []
        self.sitting = "anna"
        self.still = jpeg(640, 360)

    def actor_id(self) -> str:
        return self.sitting

    def apply(
        self,
        command: Command,
        done: Callable[[Receipt], None] | None = None,
        refused: Callable[[], None] | None = None,
    ) -> None:
        super().apply(command, done)
        if done is not None:
            self.durable.append(done)


@pytest.fixture
def desk() -> LiftDesk:
    made = LiftDesk()
    made.extend(zones=())
    masked(made, MASK)
    return made


@pytest.fixture
def now() -> list[float]:
    return [1000.0]


@pytest.fixture
def window(qtbot: QtBot, desk: LiftDesk, now: list[float]) -> Iterator[MainWindow]:
    made = opened(qtbot, desk)
    made.wall.lifts = made.panel.replay.lifts = MaskLifts(lambda: now[0])
    desk.bus.publish(SUPERVISOR)
    qtbot.waitUntil(lambda: made.tools.seat == SUPERVISOR)
    pushed(qtbot, made, desk, "c1")
    yield made
    made.close()


def first(window: MainWindow) -> Tile:
    return window.wall.tiles[0]


def press(window: MainWindow, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(window.wall, key, modifiers)


def answer(window: MainWindow, words: str) -> None:
    note = window.panel.choice.note
    QTest.keyClicks(note, words)
    QTest.keyClick(note, Key.Key_Return)


def lift(qtbot: QtBot, window: MainWindow, desk: LiftDesk) -> None:
    press(window, Key.Key_U)
    answer(window, "lost child")
    desk.durable.pop()(Receipt(1, None))
    qtbot.waitUntil(lambda: first(window).header.masks == "LIFTED 30 min")


# Zoom, pan, turn


def test_zoom_asks_for_the_detail_that_is_there_and_no_more(window: MainWindow, desk: LiftDesk) -> None:
    plain = desk.feeds["c1"].wanted
    press(window, Key.Key_Plus)
    near = desk.feeds["c1"].wanted
    assert near > plain
    for _step in range(8):
        press(window, Key.Key_Equal)
    assert desk.feeds["c1"].wanted == (640, 360)
    press(window, Key.Key_Z)
    assert desk.feeds["c1"].wanted == plain
    assert first(window).view == TileView()


def test_pan_moves_the_part_that_is_seen_and_stops_at_the_edge(window: MainWindow) -> None:
    for _step in range(3):
        press(window, Key.Key_Plus)
    middle = first(window).view
    press(window, Key.Key_Right, CTRL)
    press(window, Key.Key_Down, CTRL)
    moved = first(window).view
    assert moved.x > middle.x
    assert moved.y > middle.y
    for _step in range(40):
        press(window, Key.Key_Left, CTRL)
    edge = first(window).view
    press(window, Key.Key_Right, CTRL)
    assert first(window).view.x > edge.x
    assert window.wall.arrangement.focused == "c1"


def test_escape_shows_the_whole_picture_before_it_leaves_the_enlarged_tile(window: MainWindow) -> None:
    press(window, Key.Key_Return)
    press(window, Key.Key_Plus)
    press(window, Key.Key_Escape)
    assert first(window).view == TileView()
    assert window.wall.arrangement.enlarged
    press(window, Key.Key_Escape)
    assert not window.wall.arrangement.enlarged


@pytest.mark.parametrize("control", [True, False])
def test_the_wheel_zooms_at_the_pointer_with_ctrl_only(window: MainWindow, control: bool) -> None:
    tile = first(window)
    at = QPointF(tile.area.left() + 30, tile.area.top() + 30)
    modifiers = CTRL if control else Qt.KeyboardModifier.NoModifier
    event = QWheelEvent(
        at, window.wall.mapToGlobal(at), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton, modifiers,
        Qt.ScrollPhase.NoScrollPhase, False
    )  # fmt: skip
    QApplication.sendEvent(window.wall, event)
    assert tile.view.enlarged is control
    if control:
        assert tile.view.x < 0.5


def test_turned_and_mirrored_are_remembered_for_the_camera_zoom_is_not(
    qtbot: QtBot, window: MainWindow, desk: LiftDesk
) -> None:
    press(window, Key.Key_Q)
    press(window, Key.Key_Q, SHIFT)
    press(window, Key.Key_Z, SHIFT)
    press(window, Key.Key_Plus)
    view = first(window).view
    assert (view.quarters, view.mirrored, view.filled, view.enlarged) == (3, True, True, True)
    window.wall.choose_layout(1)
    window.wall.turn_page(1)
    assert on_page(window.wall) != ("c1",)
    window.wall.turn_page(-1)
    assert first(window).view == view.whole()
    pushed(qtbot, window, desk, "c1")
    assert flat(colours(window, INSIDE))


def test_a_tile_that_is_filled_has_no_bars(qtbot: QtBot, window: MainWindow, desk: LiftDesk) -> None:
    window.resize(1600, 600)
    press(window, Key.Key_Z, SHIFT)
    pushed(qtbot, window, desk, "c1")
    tile = first(window)
    whole = tile.view.placed(tile.area, 640, 360)
    assert whole.width() >= tile.area.width() - 1
    assert whole.height() >= tile.area.height() - 1


# Lifting


def test_a_lift_needs_a_reason_and_is_given_once_it_is_written_down(
    qtbot: QtBot, window: MainWindow, desk: LiftDesk, now: list[float]
) -> None:
    press(window, Key.Key_U)
    answer(window, "")
    assert desk.commands == []
    answer(window, "lost child")
    assert desk.commands == [RecordAccess(AccessKind.MASK_LIFT, "lost child", "c1")]
    pushed(qtbot, window, desk, "c1")
    assert flat(colours(window, INSIDE))
    desk.durable.pop()(Receipt(1, None))
    qtbot.waitUntil(lambda: first(window).header.masks == "LIFTED 30 min")
    assert not flat(colours(window, INSIDE))
    assert first(window).masking.notice == "Mask lifted 30 min"
    now[0] += 61
    qtbot.waitUntil(lambda: first(window).header.masks == "LIFTED 29 min")


def test_a_lift_holds_for_the_replay_too(qtbot: QtBot, window: MainWindow, desk: LiftDesk) -> None:
    lift(qtbot, window, desk)
    window.wall.setFocus()
    press(window, Key.Key_R)
    view = window.panel.replay.view
    qtbot.waitUntil(lambda: view.line == "Mask lifted 30 min")
    press(window, Key.Key_U)
    qtbot.waitUntil(lambda: view.line == "MASKED")


def test_it_gives_itself_back(qtbot: QtBot, window: MainWindow, desk: LiftDesk, now: list[float]) -> None:
    lift(qtbot, window, desk)
    now[0] += LIFT_S
    qtbot.waitUntil(lambda: first(window).header.masks == "MASKED")
    assert flat(colours(window, INSIDE))


def test_the_same_key_gives_it_back_at_once(qtbot: QtBot, window: MainWindow, desk: LiftDesk) -> None:
    lift(qtbot, window, desk)
    window.wall.setFocus()
    press(window, Key.Key_U)
    assert flat(colours(window, INSIDE))
    assert len(desk.commands) == 1


@pytest.mark.parametrize(
    "seat",
    [
        SeatChanged(),
        SeatChanged("anna", "Anna Koval", Role.SUPERVISOR, locked=True, by_password=True),
        SeatChanged("olena", "Olena", Role.SUPERVISOR, by_password=True),
    ],
)
def test_it_is_given_back_when_the_seat_changes(
    qtbot: QtBot, window: MainWindow, desk: LiftDesk, seat: SeatChanged
) -> None:
    lift(qtbot, window, desk)
    desk.bus.publish(seat)
    qtbot.waitUntil(lambda: flat(colours(window, INSIDE)))


@pytest.mark.parametrize("sitting", ["", "olena"])
def test_who_left_before_it_was_written_down_lifts_nothing(
    qtbot: QtBot, window: MainWindow, desk: LiftDesk, sitting: str
) -> None:
    press(window, Key.Key_U)
    answer(window, "lost child")
    desk.sitting = sitting
    called: list[bool] = []
    desk.durable.pop()(Receipt(1, None))
    window.bridge.call_soon(lambda: called.append(True))
    qtbot.waitUntil(lambda: called == [True])
    assert window.wall.lifts.left_s("c1") == 0


def test_an_operator_may_not_and_a_camera_without_masks_has_nothing_to_lift(
    qtbot: QtBot, window: MainWindow, desk: LiftDesk
) -> None:
    said: list[str] = []
    window.tools.said.connect(said.append)
    window.tools.show_seat(SeatChanged("anna", "Anna", Role.OPERATOR))
    press(window, Key.Key_U)
    desk.extend(privacy_masks=(PrivacyMask("m", "c2", "Window", MASK),))
    press(window, Key.Key_U)
    assert said == ["Your role may not lift privacy masks.", "1 Main gate has no privacy mask."]
    assert window.panel.choice.question is None


# Pictures


def test_a_snapshot_is_of_the_painted_frame_and_asks_for_a_word(window: MainWindow, desk: LiftDesk) -> None:
    said: list[str] = []
    window.tools.said.connect(said.append)
    picture = first(window).picture
    assert picture is not None
    press(window, Key.Key_Q)
    press(window, Key.Key_S, SHIFT)
    assert desk.asked == [("shoot", "c1", picture.utc_s)]
    answer(window, "poster")
    assert desk.asked[1:] == [("let_go", PictureOrder("poster", to_file=True, masked=True, quarters=1))]
    QApplication.processEvents()
    assert said == ["Saved: /reports/pictures/1.jpg"]


def test_a_copy_comes_into_the_clipboard_unmasked_only_while_it_is_lifted(
    qtbot: QtBot, window: MainWindow, desk: LiftDesk
) -> None:
    lift(qtbot, window, desk)
    window.wall.setFocus()
    press(window, Key.Key_C, CTRL)
    answer(window, "patrol")
    assert desk.asked[-1] == ("let_go", PictureOrder("patrol", to_file=False, masked=False))
    qtbot.waitUntil(lambda: QGuiApplication.clipboard().image().width() == 640)
    QGuiApplication.clipboard().clear()


def test_leaving_the_question_takes_nothing(window: MainWindow, desk: LiftDesk) -> None:
    press(window, Key.Key_S, SHIFT)
    QTest.keyClick(window.panel.choice.note, Key.Key_Escape)
    assert desk.asked[-1][0] == "shoot"
