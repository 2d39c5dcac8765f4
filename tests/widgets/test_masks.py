"""Privacy masks on what is painted: opaque at every size and however the picture lies, honest words, lifting."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.feeds import TileState, TileStatus
from app.masks import Polygon
from storage.registry_records import PrivacyMask
from tests.widgets.conftest import opened
from tests.widgets.fakes import FakeDesk, alarm, incident
from tests.widgets.test_wall import pushed
from widgets.main_window import MainWindow
from widgets.masking import COLOUR
from widgets.tile import Tile
from widgets.tile_view import MOST_ZOOM, TileView

MASK: Polygon = ((0.1, 0.2), (0.5, 0.2), (0.5, 0.7), (0.1, 0.7))
INSIDE = [(x / 20, y / 20) for x in range(2, 11) for y in range(4, 15)]
OUTSIDE = [(0.05, 0.1), (0.6, 0.5), (0.9, 0.9), (0.3, 0.85)]


def masked(desk: FakeDesk, *masks: Polygon, camera_id: str = "c1") -> None:
    made = tuple(PrivacyMask(f"m{n}", camera_id, "Window", points) for n, points in enumerate(masks))
    desk.extend(privacy_masks=made)


@pytest.fixture
def desk() -> FakeDesk:
    made = FakeDesk()
    made.extend(zones=())
    masked(made, MASK)
    return made


def spot(tile: Tile, point: tuple[float, float]) -> QPointF:
    """Where a point of the source is painted."""
    assert tile.picture is not None
    whole = tile.view.placed(tile.area, tile.picture.source_width, tile.picture.source_height)
    return tile.view.unit(whole).map(QPointF(*point))


def colours(window: MainWindow, points: list[tuple[float, float]]) -> list[str]:
    """Of the source's points on the painted wall; those that are moved out of the tile are left out."""
    image = window.wall.grab().toImage()
    tile = window.wall.tiles[0]
    area = QRectF(tile.area).adjusted(3, 3, -3, -3)
    seen = [spot(tile, point) for point in points]
    return [image.pixelColor(p.toPoint()).name() for p in seen if area.contains(p)]


def flat(found: list[str]) -> bool:
    return bool(found) and set(found) == {COLOUR.name()}


@pytest.mark.parametrize("enlarged", [False, True])
def test_a_masked_area_is_opaque_at_every_size(
    qtbot: QtBot, window: MainWindow, desk: FakeDesk, enlarged: bool
) -> None:
    if enlarged:
        window.wall.toggle_enlarged()
    pushed(qtbot, window, desk, "c1")
    assert flat(colours(window, INSIDE))
    assert COLOUR.name() not in colours(window, OUTSIDE)
    assert window.wall.tiles[0].header.masks == "MASKED"


@pytest.mark.parametrize(
    "view",
    [
        TileView(quarters=1),
        TileView(quarters=2),
        TileView(quarters=3, mirrored=True),
        TileView(mirrored=True),
        TileView(filled=True),
        TileView(zoom=2.0, x=0.4, y=0.4),
        TileView(zoom=3.0, quarters=1, mirrored=True, filled=True),
    ],
)
@pytest.mark.parametrize("enlarged", [False, True])
def test_a_mask_moves_with_its_picture(
    qtbot: QtBot, window: MainWindow, desk: FakeDesk, view: TileView, enlarged: bool
) -> None:
    if enlarged:
        window.wall.toggle_enlarged()
    pushed(qtbot, window, desk, "c1")
    window.wall.look_through(window.wall.tiles[0], view)
    pushed(qtbot, window, desk, "c1")
    assert flat(colours(window, INSIDE))
    assert COLOUR.name() not in colours(window, OUTSIDE)


def test_an_old_picture_is_covered_too(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    pushed(qtbot, window, desk, "c1")
    desk.feeds["c1"].tile_status = TileStatus(TileState.STALE)
    tile = window.wall.tiles[0]
    qtbot.waitUntil(lambda: tile.state is TileState.STALE)
    found = colours(window, [point for point in INSIDE if point[0] < 0.25 and point[1] < 0.35])
    assert len(set(found)) == 1


def test_masks_of_opposite_turns_do_not_cancel_each_other(qtbot: QtBot, desk: FakeDesk) -> None:
    masked(desk, MASK, MASK[::-1])
    window = opened(qtbot, desk)
    pushed(qtbot, window, desk, "c1")
    assert flat(colours(window, INSIDE))
    window.close()


def test_a_mask_that_is_drawn_now_covers_now_and_goes_when_it_is_taken_away(
    qtbot: QtBot, window: MainWindow, desk: FakeDesk
) -> None:
    pushed(qtbot, window, desk, "c1")
    desk.extend(privacy_masks=())
    qtbot.waitUntil(lambda: window.wall.tiles[0].header.masks == "")
    assert COLOUR.name() not in colours(window, INSIDE)
    masked(desk, MASK)
    qtbot.waitUntil(lambda: flat(colours(window, INSIDE)))


def test_another_camera_has_none(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    assert {tile.header.masks for tile in window.wall.tiles[1:]} == {""}


def test_the_replay_is_covered(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    QTest.keyClick(window.wall, Qt.Key.Key_R)
    view = window.panel.replay.view
    desk.replays[0].show(10)
    qtbot.waitUntil(lambda: view._picture is not None and view.line == "MASKED")
    middle = QRect(view.rect()).center()
    found = view.grab().toImage().pixelColor(round(view.width() * 0.35), middle.y())
    assert found == COLOUR


def test_the_still_of_an_incident_is_covered(qtbot: QtBot, desk: FakeDesk) -> None:
    desk.still = _white_jpeg()
    window = opened(qtbot, desk)
    desk.change((alarm(1),), (incident(1),))
    still = window.panel.incident.still
    qtbot.waitUntil(lambda: not still.image.isNull())
    size = still.image.size().scaled(still.size(), Qt.AspectRatioMode.KeepAspectRatio)
    left, top = (still.width() - size.width()) / 2, (still.height() - size.height()) / 2
    shown = still.grab().toImage()
    assert shown.pixelColor(round(left + 0.45 * size.width()), round(top + 0.6 * size.height())) == COLOUR
    assert shown.pixelColor(round(left + 0.8 * size.width()), round(top + 0.8 * size.height())).red() > 200
    desk.extend(privacy_masks=())
    desk.change((alarm(1),), (incident(1),))
    qtbot.waitUntil(
        lambda: (
            still.grab().toImage().pixelColor(round(left + 0.45 * size.width()), round(top + 0.6 * size.height())).red()
            > 200
        )
    )
    window.close()


def _white_jpeg() -> bytes:
    from PySide6.QtCore import QBuffer

    image = QImage(320, 180, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    buffer = QBuffer()
    image.save(buffer, "JPG")  # type: ignore[call-overload]  # PySide's stubs want bytes, its code wants text
    return bytes(buffer.data().data())


# Geometry

VIEWS = st.builds(
    TileView,
    zoom=st.floats(1.0, MOST_ZOOM),
    x=st.floats(0, 1),
    y=st.floats(0, 1),
    quarters=st.integers(0, 3),
    mirrored=st.booleans(),
    filled=st.booleans(),
)
UNIT = st.floats(0, 1)
AREA = QRect(10, 30, 640, 300)


def by_hand(view: TileView, point: tuple[float, float], rect: QRectF) -> QPointF:
    x, y = point
    if view.mirrored:
        x = 1 - x
    for _turn in range(view.quarters):
        x, y = 1 - y, x
    return QPointF(rect.left() + x * rect.width(), rect.top() + y * rect.height())


@given(VIEWS, UNIT, UNIT)
def test_points_are_mapped_as_the_view_says(view: TileView, x: float, y: float) -> None:
    rect = view.placed(AREA, 1920, 1080)
    mapped, expected = view.unit(rect).map(QPointF(x, y)), by_hand(view, (x, y), rect)
    assert (mapped - expected).manhattanLength() < 1e-6 * max(rect.width(), rect.height())


@given(VIEWS)
def test_a_picture_never_leaves_a_gap_that_it_could_fill_and_keeps_its_shape(view: TileView) -> None:
    rect, room = view.placed(AREA, 1920, 1080), QRectF(AREA)
    wide, high = (1080, 1920) if view.quarters % 2 else (1920, 1080)
    assert rect.width() / rect.height() == pytest.approx(wide / high)
    for low, high_edge, begin, end in (
        (rect.left(), rect.right(), room.left(), room.right()),
        (rect.top(), rect.bottom(), room.top(), room.bottom()),
    ):
        inside = low >= begin - 1 and high_edge <= end + 1
        covers = low <= begin + 1e-6 and high_edge >= end - 1e-6
        assert inside or covers


@given(VIEWS, st.floats(0.2, 5.0), UNIT, UNIT)
def test_zooming_keeps_the_spot_unless_an_edge_would_show(view: TileView, factor: float, x: float, y: float) -> None:
    rect = view.placed(AREA, 1920, 1080)
    kept = QPointF(AREA.left() + x * AREA.width(), AREA.top() + y * AREA.height())
    after = view.zoomed(factor, rect, AREA, kept)
    grown = after.placed(AREA, 1920, 1080)
    assert 1.0 <= after.zoom <= MOST_ZOOM
    free_x = grown.left() < AREA.left() - 1 and grown.right() > AREA.left() + AREA.width() + 1
    was_covering = rect.left() <= AREA.left() and rect.right() >= AREA.left() + AREA.width()
    if free_x and was_covering:
        before = (kept.x() - rect.left()) / rect.width()
        assert (kept.x() - grown.left()) / grown.width() == pytest.approx(before, abs=1e-6)


@given(VIEWS)
def test_four_quarters_and_two_mirrors_are_nothing(view: TileView) -> None:
    turned = view.turned().turned().turned().turned()
    assert (turned.quarters, turned.mirrored) == (view.quarters, view.mirrored)
    assert (turned.x, turned.y) == pytest.approx((view.x, view.y))
    twice = view.flipped().flipped()
    assert (twice.quarters, twice.mirrored) == (view.quarters, view.mirrored)
    assert twice.x == pytest.approx(view.x)


@given(VIEWS, UNIT, UNIT)
def test_turned_and_mirrored_are_as_they_are_seen(view: TileView, x: float, y: float) -> None:
    """A quarter more turns what is on the screen clockwise; mirroring exchanges the screen's left and right."""
    square = QRectF(0, 0, 1, 1)
    seen = view.unit(square).map(QPointF(x, y))
    turned = view.turned().unit(square).map(QPointF(x, y))
    mirrored = view.flipped().unit(square).map(QPointF(x, y))
    assert (turned.x(), turned.y()) == pytest.approx((1 - seen.y(), seen.x()), abs=1e-9)
    assert (mirrored.x(), mirrored.y()) == pytest.approx((1 - seen.x(), seen.y()), abs=1e-9)
