"""Boxes fade with their age and stay inside the picture; chrome keeps what it laid out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap
from pytestqt.qtbot import QtBot

from detection.detector import Tally, Track, TrackSet, TrackState
from storage.records import Box, RuleSpec, Severity, Zone
from widgets import overlay
from widgets.chrome import label_pixmap
from widgets.overlay import GONE_S, Scene, arrow, draw_tracks, draw_zones, opacity
from widgets.overlay_looks import HALO, Frame, draw_frame, look_of
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


def framed(label: str, state: TrackState = TrackState.LIVE, *, alarmed: bool = False) -> QImage:
    """One frame in grey, its colour taken away."""
    image = QImage(200, 120, QImage.Format.Format_RGB32)
    image.fill(QColor(HALO))
    painter = QPainter(image)
    draw_frame(painter, QRectF(20, 20, 120, 80), replace(track(1), label=label, state=state), alarmed=alarmed)
    painter.end()
    grey = image.convertToFormat(QImage.Format.Format_Grayscale8)
    return grey.createMaskFromColor(grey.pixelColor(0, 0).rgb(), Qt.MaskMode.MaskOutColor)


def test_classes_are_told_apart_by_shape_alone(qtbot: QtBot) -> None:
    labels = {look_of(label).frame: label for label in ("person", "car", "bicycle", "backpack", "dog")}
    assert set(labels) == set(Frame)
    masks = [framed(label) for label in labels.values()]
    assert all(a != b for i, a in enumerate(masks) for b in masks[i + 1 :])


@pytest.mark.parametrize("label", ["person", "car", "bicycle", "backpack", "dog", "kite"])
def test_alarmed_and_lost_ones_have_another_shape_too(qtbot: QtBot, label: str) -> None:
    assert framed(label) != framed(label, alarmed=True)
    assert framed(label) != framed(label, TrackState.LOST)


LINE = Zone("z2", "c1", "Gate", ((0.1, 0.5), (0.5, 0.9), (0.9, 0.5)), kind="line")
YARD = Zone("z1", "c1", "Yard", ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))


def zoned(zone: Zone, tracks: TrackSet | None = None) -> QImage:
    image = QImage(400, 240, QImage.Format.Format_RGB32)
    image.fill(QColor("black"))
    painter = QPainter(image)
    draw_zones(painter, Scene(QRectF(0, 0, 400, 240), 100.0, 1.0), (zone,), tracks)
    painter.end()
    return image


def lit(image: QImage, point: tuple[float, float]) -> bool:
    x, y = round(point[0] * 400), round(point[1] * 240)
    return any(image.pixelColor(x + i, y + j).lightness() > 60 for i in range(-4, 5) for j in range(-4, 5))


def test_a_line_is_not_closed_and_an_area_is(qtbot: QtBot) -> None:
    between_the_ends = (0.7, 0.5)
    assert not lit(zoned(LINE), between_the_ends)
    assert lit(zoned(replace(LINE, kind="area")), between_the_ends)


def test_the_arrow_points_to_the_right_of_who_walks_along(qtbot: QtBot) -> None:
    first, last = QPointF(0, 100), QPointF(100, 100)
    assert arrow(first, last, mirrored=False).at(1).y() > 100  # walking to the right, right is down
    assert arrow(last, first, mirrored=False).at(1).y() < 100
    assert arrow(first, last, mirrored=True).at(1).y() < 100


def plates(
    monkeypatch: pytest.MonkeyPatch, zones: tuple[Zone, ...], rules: tuple[RuleSpec, ...], of: TrackSet
) -> list[str]:
    """The words that are drawn."""
    found: list[str] = []

    def noted(text: str, *rest: Any) -> QPixmap:
        found.append(text)
        return label_pixmap(text, *rest)

    monkeypatch.setattr(overlay, "label_pixmap", noted)
    image = QImage(400, 240, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    scene = Scene(QRectF(0, 0, 400, 240), 100.0, 1.0)
    draw_zones(painter, scene, zones, of, rules)
    draw_tracks(painter, scene, of, rules, zones)
    painter.end()
    return found


def test_zones_say_their_rules_and_lines_their_figures(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = (RuleSpec("r1", "c1", "z1", "Nobody at night"), RuleSpec("r2", "c1", "z2", "Gate", direction="in"))
    tracks = TrackSet("c1", 100.0, (), tallies=(Tally("r2", 3, 5),))
    assert plates(monkeypatch, (YARD, LINE), rules, tracks) == ["Yard · Nobody at night", "Gate · in 3, out 5"]


def test_an_alarmed_box_says_the_rule_where_it_can_be_told(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = (RuleSpec("r1", "c1", "z1", "At night"), RuleSpec("r2", "c1", "z9", "Elsewhere"))
    tracks = TrackSet("c1", 100.0, (track(1), track(2, Box(0.7, 0.1, 0.8, 0.3))), frozenset({1, 2}))
    found = plates(monkeypatch, (YARD,), rules, tracks)
    assert found[1:] == ["At night · person 1", "ZONE · person 2"]
    scenery = TrackSet("c1", 100.0, (replace(track(3), doubt=0.1),))
    assert plates(monkeypatch, (), (), scenery) == ["person 3? never moved"]


def test_only_the_zone_where_an_alarmed_one_stands_is_warm(qtbot: QtBot) -> None:
    there, elsewhere = track(1), track(2, Box(0.7, 0.1, 0.8, 0.3))
    calm = zoned(YARD, TrackSet("c1", 100.0, (there,)))
    assert zoned(YARD, TrackSet("c1", 100.0, (there,), frozenset({1}))) != calm
    far = replace(YARD, points=((0.6, 0.5), (0.9, 0.5), (0.9, 0.9)))
    alarmed = TrackSet("c1", 100.0, (there, elsewhere), frozenset({1}))
    image = QImage(400, 240, QImage.Format.Format_RGB32)
    image.fill(QColor("black"))
    painter = QPainter(image)
    draw_zones(painter, Scene(QRectF(0, 0, 400, 240), 100.0, 1.0), (YARD, replace(far, id="z3")), alarmed)
    painter.end()
    corner = round(0.75 * 400), round(0.5 * 240)
    near = [image.pixelColor(corner[0] + i, corner[1] + j) for i in range(-9, 10) for j in range(-2, 3)]
    bright = [colour for colour in near if colour.lightness() > 60]
    assert bright
    assert all(colour.green() > 0.9 * colour.red() for colour in bright)  # yellow, not orange


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


def test_plates_of_people_side_by_side_do_not_cover_each_other(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    placed: list[QRect] = []
    draw = overlay._draw_plate

    def noted(painter: QPainter, scene: Scene, plate: Any, taken: list[QRect]) -> QRect:
        placed.append(draw(painter, scene, plate, taken))
        return placed[-1]

    monkeypatch.setattr(overlay, "_draw_plate", noted)
    crowd = tuple(track(n, Box(0.1 + 0.07 * n, 0.3, 0.15 + 0.07 * n, 0.8)) for n in range(1, 9))
    image = QImage(640, 360, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    whole = QRect(0, 0, 640, 360)
    draw_tracks(painter, Scene(QRectF(whole), 100.0, 1.0), TrackSet("c1", 100.0, crowd, frozenset(range(1, 9))))
    painter.end()
    assert len(placed) == len(crowd)
    assert not any(one.intersects(other) for n, one in enumerate(placed) for other in placed[:n])
    assert all(whole.contains(one) for one in placed)
