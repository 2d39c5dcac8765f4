"""Boxes fade with their age and stay inside the picture; chrome keeps what it laid out."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from pytestqt.qtbot import QtBot

from detection.detector import Track, TrackSet
from storage.records import Box, Severity
from widgets.chrome import label_pixmap
from widgets.overlay import GONE_S, Scene, draw_tracks, opacity
from widgets.shapes import severity_sign
from widgets.words import age_text

MIDDLE = Box(0.2, 0.2, 0.4, 0.8)


def track(number: int, box: Box = MIDDLE) -> Track:
    return Track(number, box, "person", 0.9, (0.0, 0.0), 100.0, 100.0)


@pytest.mark.parametrize(("away_s", "expected"), [(0.0, 1.0), (0.5, 1.0), (1.0, 0.5), (GONE_S, 0.0), (9.0, 0.0)])
def test_boxes_fade(away_s: float, expected: float) -> None:
    assert opacity(track(1), 100.0 + away_s) == pytest.approx(expected)


def painted(tracks: TrackSet, utc_s: float = 100.0) -> QImage:
    image = QImage(400, 240, QImage.Format.Format_RGB32)
    image.fill(QColor("black"))
    painter = QPainter(image)
    draw_tracks(painter, Scene(QRectF(40, 20, 320, 180), utc_s, 1.0), tracks)
    painter.end()
    return image


def outside(image: QImage) -> int:
    rect = QRectF(40, 20, 320, 180).adjusted(-3, -3, 3, 3)
    spots = ((x, y) for x in range(image.width()) for y in range(image.height()) if not rect.contains(x, y))
    return sum(1 for x, y in spots if image.pixelColor(x, y) != QColor("black"))


def test_nothing_is_drawn_outside_the_picture(qtbot: QtBot) -> None:
    image = painted(TrackSet("c1", 100.0, (track(1, Box(-0.5, -0.5, 0.1, 0.1)), track(2, Box(0.95, 0.9, 1.6, 1.7)))))
    assert outside(image) == 0


def test_alarmed_boxes_look_different_without_colour(qtbot: QtBot) -> None:
    plain = painted(TrackSet("c1", 100.0, (track(1),))).convertToFormat(QImage.Format.Format_Grayscale8)
    alarmed = painted(TrackSet("c1", 100.0, (track(1),), frozenset({1})))
    assert alarmed.convertToFormat(QImage.Format.Format_Grayscale8) != plain


def test_an_old_box_is_gone(qtbot: QtBot) -> None:
    tracks = TrackSet("c1", 100.0, (track(1),))
    empty = QImage(400, 240, QImage.Format.Format_RGB32)
    empty.fill(QColor("black"))
    assert painted(tracks, 103.0) == empty
    assert painted(tracks) != empty


def test_an_older_box_is_paler(qtbot: QtBot) -> None:
    tracks = TrackSet("c1", 100.0, (track(1),))
    spot = (40 + round(0.2 * 320), 20 + 90)
    assert painted(tracks, 101.0).pixelColor(*spot).blue() < painted(tracks).pixelColor(*spot).blue()


def test_labels_are_laid_out_once(qtbot: QtBot) -> None:
    first = label_pixmap("person 7", "#000000", "#ffffff", 11, False, 1.0)
    assert label_pixmap("person 7", "#000000", "#ffffff", 11, False, 1.0) is first


def test_severities_have_different_shapes(qtbot: QtBot) -> None:
    masks = [severity_sign(s, 18, 2.0).toImage().createAlphaMask() for s in Severity]
    assert all(a != b for i, a in enumerate(masks) for b in masks[i + 1 :])


@pytest.mark.parametrize(
    ("age_s", "text"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (12.4, "12 s"), (600, "10 min"), (9000, "2 h"), (-1, "0.0 s")]
)
def test_ages(age_s: float, text: str) -> None:
    assert age_text(age_s) == text
