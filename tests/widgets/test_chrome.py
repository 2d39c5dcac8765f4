"""What a tile says in the room that it has: nothing is cut through, and what has no room is said in fewer words."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from app.feeds import TileState
from widgets.chrome import Header, draw_message, header_pixmap

SENTENCE = "rtsp://10.0.0.17:554/Streaming/Channels/102 refuses the login. Check the user name and the password."
BRIEF = "login refused"
AROUND = 40
HEADER = Header(17, "Market street / north", TileState.NO_SIGNAL, "–", "", alarmed=False, focused=False)


def drawn(size: tuple[int, int], sentence: str, brief: str = "", head: str = "NO SIGNAL") -> npt.NDArray[np.uint8]:
    """What is painted in and around a tile of this size: 0 where nothing is."""
    width, height = size
    image = QImage(width + 2 * AROUND, height + 2 * AROUND, QImage.Format.Format_Grayscale8)
    image.fill(0)
    painter = QPainter(image)
    draw_message(painter, QRect(AROUND, AROUND, width, height), TileState.NO_SIGNAL, head, sentence, brief=brief)
    painter.end()
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width()].copy()


@pytest.mark.parametrize("size", [(108, 62), (133, 77), (176, 80), (176, 99), (240, 135), (640, 360)])
def test_no_line_of_a_message_is_cut_through(qapp: QApplication, size: tuple[int, int]) -> None:
    for head in ("NO SIGNAL", "CONNECTING · attempt 1024"):
        found = drawn(size, SENTENCE, BRIEF, head)
        found[AROUND + 2 : -AROUND - 2, AROUND + 2 : -AROUND - 2] = 0
        assert not found.any(), "something stands at the tile's edge or outside"


def test_a_small_tile_says_the_cause_in_few_words(qapp: QApplication) -> None:
    large = 640, 360
    for small in ((108, 62), (133, 77), (176, 99)):
        assert np.array_equal(drawn(small, SENTENCE, BRIEF), drawn(small, BRIEF))
        assert not np.array_equal(drawn(small, SENTENCE, BRIEF), drawn(small, ""))
    assert np.array_equal(drawn(large, SENTENCE, BRIEF), drawn(large, SENTENCE))
    assert not np.array_equal(drawn(large, SENTENCE), drawn(large, BRIEF))


def test_the_name_has_the_room_that_the_state_word_would_take_in_a_small_tile(qapp: QApplication) -> None:
    dead, live = HEADER, HEADER._replace(state=TileState.LIVE)
    pictures = [header_pixmap(one, 176, 1.0).toImage().copy(QRect(20, 0, 120, 20)) for one in (dead, live)]
    assert pictures[0] == pictures[1]
    wide = [header_pixmap(one, 320, 1.0).toImage().copy(QRect(20, 0, 120, 20)) for one in (dead, live)]
    assert wide[0] != wide[1]
