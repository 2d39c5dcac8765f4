"""Zones from the print: the same picture as drawn directly, and anew as soon as something about them changes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter, QTransform

from detection.detector import Tally, TrackSet
from storage.records import RuleSpec, Zone
from widgets import zone_layer
from widgets.overlay import Scene, draw_zones
from widgets.zone_layer import ZoneLayer

YARD = Zone("z1", "c1", "Yard", ((0.1, 0.2), (0.9, 0.1), (0.8, 0.9)))
GATE = Zone("z2", "c1", "Gate", ((0.2, 0.5), (0.7, 0.6)), kind="line")
RULES = (RuleSpec("r1", "c1", "z2", "Who enters"),)
SCENE = Scene(QRectF(40, 20, 400, 240), 100.0, 1.0)
TURNED = QTransform(-300.0, 0.0, 0.0, 200.0, 400.0, 40.0)


def image() -> QImage:
    made = QImage(480, 280, QImage.Format.Format_RGB32)
    made.fill(0x334455)
    return made


def shot(layer: ZoneLayer | None, scene: Scene, zones: tuple[Zone, ...], tracks: TrackSet | None = None) -> QImage:
    picture = image()
    painter = QPainter(picture)
    painter.setClipRect(scene.rect)
    if layer is None:
        draw_zones(painter, scene, zones, tracks, RULES)
    else:
        layer.draw(painter, scene, zones, tracks, RULES)
    painter.end()
    return picture


@pytest.fixture
def prints(monkeypatch: pytest.MonkeyPatch, qapp: object) -> list[Scene]:
    """Every printing."""
    made: list[Scene] = []

    def counted(painter: QPainter, scene: Scene, *rest: object) -> None:
        made.append(scene)
        draw_zones(painter, scene, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(zone_layer, "draw_zones", counted)
    return made


def difference(one: QImage, other: QImage) -> int:
    """The largest of any colour of any pixel."""
    pairs = zip(bytes(one.constBits()), bytes(other.constBits()), strict=True)
    return max(abs(a - b) for a, b in pairs)


@pytest.mark.parametrize("unit", [None, TURNED], ids=["plain", "mirrored"])
def test_a_print_looks_as_what_is_drawn_directly(qapp: object, unit: QTransform | None) -> None:
    scene = replace(SCENE, unit=unit)
    direct, printed = shot(None, scene, (YARD, GATE)), shot(ZoneLayer(), scene, (YARD, GATE))
    assert direct != image()
    assert difference(direct, printed) <= 8, "smooth edges are blended in another order"


def test_pictures_that_follow_take_the_same_print(prints: list[Scene]) -> None:
    layer, zones = ZoneLayer(), (YARD, GATE)
    shots = [shot(layer, replace(SCENE, utc_s=100.0 + n), zones, TrackSet("c1", 100.0 + n, ())) for n in range(5)]
    assert len(prints) == 1
    assert all(one == shots[0] for one in shots)


@pytest.mark.parametrize(
    ("scene", "zones", "tracks"),
    [
        (replace(SCENE, rect=QRectF(0, 0, 300, 200)), (YARD, GATE), None),
        (replace(SCENE, unit=TURNED), (YARD, GATE), None),
        (SCENE, (YARD,), None),
        (SCENE, (replace(YARD, name="Court"), GATE), None),
        (SCENE, (YARD, GATE), TrackSet("c1", 100.0, (), tallies=(Tally("r1", 3, 1),))),
        (SCENE, (YARD, GATE), TrackSet("c1", 100.0, (), frozenset((7,)))),
    ],
    ids=["place", "turned", "fewer", "name", "count", "alarm"],
)
def test_what_changes_is_printed_anew(
    prints: list[Scene], scene: Scene, zones: tuple[Zone, ...], tracks: TrackSet | None
) -> None:
    layer = ZoneLayer()
    shot(layer, SCENE, (YARD, GATE))
    after = shot(layer, scene, zones, tracks)
    assert len(prints) == 2
    assert difference(after, shot(None, scene, zones, tracks)) <= 8


def test_without_zones_nothing_is_printed(prints: list[Scene]) -> None:
    assert shot(ZoneLayer(), SCENE, ()) == image()
    assert prints == []
