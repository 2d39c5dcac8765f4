"""What a tile says of its stream, the key that forces it high, and what the wall tells of its load."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from app.feeds import Lowered, Quality, TileState, TileStatus
from app.governor import WallLoad
from app.stream_choice import Stream
from storage.records import Camera
from tests.widgets.fakes import FakeDesk
from tests.widgets.test_wall import pushed
from widgets.figures import TileCount, WallFigures
from widgets.main_window import MainWindow
from widgets.quality_words import quality_glyph, quality_sentence
from widgets.tile import STALE_AFTER_S

TWO = Camera("c1", 1, "Gate", "rtsp://a/main", "rtsp://a/sub")
SUB = Quality(Stream.SUB, "sw", 410_000.0)
STATUS = TileStatus(TileState.LIVE, codec="h264", fps=15.0, width=640, height=360, quality=SUB)


@pytest.mark.parametrize(
    ("quality", "width_px", "expected"),
    [
        (SUB, 600, "S 15 410 kb/s sw"),
        (replace(SUB, bitrate_bps=3_100_000.0, stream=Stream.MAIN), 600, "M 15 3.1 Mb/s sw"),
        (replace(SUB, decoder="NVDEC"), 600, "S 15 410 kb/s NVDEC"),
        (replace(SUB, fault="NVDEC: failed"), 600, "S 15 410 kb/s sw!"),
        (SUB, 400, "S 15"),
        (SUB, 200, "S"),
        (SUB, 100, ""),
        (replace(SUB, lowered=Lowered.HALVED), 200, "S½"),
        (replace(SUB, lowered=Lowered.KEYS), 100, "K"),
        (replace(SUB, stream=Stream.MAIN, refused="No."), 100, "!"),
        (replace(SUB, stream=Stream.MAIN, forced=True), 200, "M+"),
        (Quality(), 600, ""),
    ],
)
def test_the_glyph_says_what_there_is_room_for_and_always_what_is_lowered(
    quality: Quality, width_px: int, expected: str
) -> None:
    assert quality_glyph(replace(STATUS, quality=quality), width_px) == expected


def test_the_sentence_says_it_in_words() -> None:
    quality = replace(SUB, stream=Stream.MAIN, refused="No such stream.", lowered=Lowered.KEYS)
    text = quality_sentence(TWO, replace(STATUS, quality=quality))
    assert text.splitlines() == [
        "Main stream: H264, 640×360, 15 fps, 410 kb/s, decoded by the processor",
        "The sub-stream cannot be opened, so the main stream is shown. No such stream.",
        "Key frames only: this computer is busy.",
    ]
    assert quality_sentence(replace(TWO, sub_url=None), replace(STATUS, quality=Quality(decoder="sw"))).startswith(
        "Its only"
    )


def test_the_sentence_names_the_device_or_why_there_is_none() -> None:
    by_device = quality_sentence(TWO, replace(STATUS, quality=replace(SUB, decoder="NVDEC")))
    assert by_device == "Sub-stream: H264, 640×360, 15 fps, 410 kb/s, decoded by NVDEC"
    failed = quality_sentence(TWO, replace(STATUS, quality=replace(SUB, fault="NVDEC: failed (Input/output error)")))
    assert failed.splitlines()[1] == (
        "NVDEC: failed (Input/output error): until it is opened anew, the processor decodes."
    )


def test_the_glyph_is_in_the_tiles_line_and_the_tooltip_explains_it(
    qtbot: QtBot, window: MainWindow, desk: FakeDesk
) -> None:
    pushed(qtbot, window, desk, "c1")
    desk.feeds["c1"].tile_status = replace(STATUS, quality=replace(SUB, lowered=Lowered.KEYS))
    tile = window.wall.tiles[0]
    qtbot.waitUntil(lambda: tile.header.quality.startswith("SK"))
    assert tile.header.lowered
    spot = tile.cell.center()
    QApplication.sendEvent(window.wall, QHelpEvent(QHelpEvent.Type.ToolTip, spot, window.wall.mapToGlobal(spot)))
    assert "Key frames only" in QToolTip.text()
    away = QPoint(-1, -1)
    QApplication.sendEvent(window.wall, QHelpEvent(QHelpEvent.Type.ToolTip, away, window.wall.mapToGlobal(away)))
    qtbot.waitUntil(lambda: not QToolTip.isVisible())


def test_a_tile_with_key_frames_only_is_live_for_as_long_as_they_are_apart(
    qtbot: QtBot, window: MainWindow, desk: FakeDesk
) -> None:
    pushed(qtbot, window, desk, "c1", time.monotonic() - STALE_AFTER_S - 0.2)
    tile = window.wall.tiles[0]
    desk.feeds["c1"].tile_status = replace(STATUS, pictures_per_s=0.01)
    qtbot.waitUntil(lambda: tile.status.pictures_per_s > 0)
    assert tile.age_s > STALE_AFTER_S
    assert tile.state is TileState.LIVE
    desk.feeds["c1"].tile_status = STATUS
    qtbot.waitUntil(lambda: tile.state is TileState.STALE)


def test_one_key_forces_the_focused_tile_high_and_gives_it_back(window: MainWindow, desk: FakeDesk) -> None:
    feed = desk.feeds["c1"]
    assert (feed.attended, feed.high) == (True, False), "nothing is lowered where the operator looks"
    assert (desk.feeds["c2"].attended, desk.feeds["c2"].high) == (False, False)
    QTest.keyClick(window.wall, Qt.Key.Key_F, Qt.KeyboardModifier.ShiftModifier)
    assert feed.high
    QTest.keyClick(window.wall, Qt.Key.Key_Right)
    assert feed.high, "it is the tile's, not the focus's"
    assert desk.feeds["c2"].attended
    QTest.keyClick(window.wall, Qt.Key.Key_Left)
    QTest.keyClick(window.wall, Qt.Key.Key_F, Qt.KeyboardModifier.ShiftModifier)
    assert not feed.high


def test_enlarged_and_zoomed_tiles_ask_for_the_main_stream(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    feed = desk.feeds["c1"]
    QTest.keyClick(window.wall, Qt.Key.Key_Return)
    assert feed.high
    QTest.keyClick(window.wall, Qt.Key.Key_Return)
    assert not feed.high
    pushed(qtbot, window, desk, "c1")
    QTest.keyClick(window.wall, Qt.Key.Key_Plus)
    assert feed.high
    QTest.keyClick(window.wall, Qt.Key.Key_Z)
    assert not feed.high


def test_the_wall_tells_its_load_and_a_hidden_one_does_not(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    told: list[WallLoad] = []
    end = desk.bus.subscribe(WallLoad, told.append)
    qtbot.waitUntil(lambda: bool(told) and told[-1].stall_p99_ms is not None)
    desk.feeds["c1"].running = True  # the load is of the last seconds only
    qtbot.waitUntil(lambda: told[-1].late_p95_ms is not None)
    end()


def test_lateness_is_against_the_cameras_own_best() -> None:
    """A camera whose clock is 1.5 s behind is no load of ours."""
    now_s = 100.0
    figures = WallFigures(lambda: now_s)
    for _ in range(50):
        now_s += 0.1
        figures.painted("c1", now_s - 1.5)
    assert figures.load(3.0) == WallLoad(0.0, None)
    for _ in range(50):
        now_s += 0.1
        figures.painted("c1", now_s - 1.9)
    late_ms = figures.load(3.0).late_p95_ms
    assert late_ms is not None
    assert 350 < late_ms <= 400


def test_a_delay_that_stays_becomes_the_cameras_own_in_the_end() -> None:
    count = TileCount()
    count.late_s(0.1)
    late_s = [count.late_s(0.6) for _ in range(3000)]
    assert late_s[0] > 0.49
    assert late_s[-1] == 0.0
