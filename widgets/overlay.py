"""What is drawn over a picture: zones, boxes with number and label, trails. Boxes are moved to the painted picture's
own time, at most half a second; older ones fade. GUI thread only; classes have colours and shapes (`overlay_looks`),
alarmed ones are thicker too and named by their rule.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from PySide6.QtCore import QLineF, QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF, QTransform

from app.i18n import _
from app.labels import object_name
from detection.detector import Track, TrackSet
from detection.geometry import Area
from detection.motion_model import extrapolate
from storage.records import RuleSpec, Zone
from widgets import theme
from widgets.chrome import label_pixmap
from widgets.overlay_looks import HALO, colour_of, draw_frame, pen_of

HOLD_S = 0.5
GONE_S = 1.5
_LINE = "line"
_FAR = "far"
"""Looked at larger, guarded by no rule."""

_ARROW_PX = 16.0
_MOST_RULES = 2
_LABEL_PX = 11
_SMALL_PX = 9
_WIDE_PX = 300
_LEAST_TRAIL_PX = 12.0
_LEAST_TRAIL = 0.15
"""Of the box's width."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Where an overlay goes: what is seen of the picture on the wall, its time, the screen's pixel ratio.

    `unit` maps the picture's unit square where that is not just `rect`: zoomed, turned, mirrored."""

    rect: QRectF
    utc_s: float
    ratio: float
    unit: QTransform | None = None


def opacity(track: Track, utc_s: float) -> float:
    """Full while a box is at most half a second from its last sight, then fading to nothing."""
    away = abs(utc_s - track.last_utc_s)
    return max(0.0, min(1.0, (GONE_S - away) / (GONE_S - HOLD_S)))


def draw_zones(
    painter: QPainter,
    scene: Scene,
    zones: tuple[Zone, ...],
    tracks: TrackSet | None = None,
    rules: tuple[RuleSpec, ...] = (),
) -> None:
    """Outlines with the names of zone and rules; thicker and warm where an alarmed track stands. A line says which way
    is "in", and how many went each way."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    zones = tuple(zone for zone in zones if zone.kind != _FAR)
    hot = hot_zones(zones, tracks)
    for zone in zones:
        shape = QPolygonF([_spot(scene, point) for point in zone.points])
        if shape.boundingRect().adjusted(-1, -1, 1, 1).intersects(scene.rect):
            _draw_zone(painter, scene, shape, line=zone.kind == _LINE, alarmed=zone.id in hot)
            text = _zone_text(zone, rules, tracks) if scene.rect.width() >= _WIDE_PX else zone.name
            _draw_zone_name(painter, scene, shape, text, alarmed=zone.id in hot)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)


def _draw_zone(painter: QPainter, scene: Scene, shape: QPolygonF, *, line: bool, alarmed: bool) -> None:
    corners = [shape.at(place) for place in range(shape.size())]
    edges = [QLineF(*edge) for edge in pairwise(corners if line else [*corners, corners[0]])]
    colour = QColor(theme.ORANGE if alarmed else theme.YELLOW)
    wide, narrow = (4.0, 2.4) if alarmed else (3.0, 1.4)
    painter.setPen(QPen(QColor(HALO), wide))
    painter.drawLines(edges)
    painter.setPen(QPen(colour, narrow, Qt.PenStyle.DashLine))
    painter.drawLines(edges)
    if line and shape.size() > 1:
        painter.setPen(QPen(colour, narrow))
        painter.drawPolyline(arrow(shape.at(0), shape.at(1), mirrored=_is_mirrored(scene)))


def arrow(first: QPointF, last: QPointF, *, mirrored: bool) -> QPolygonF:
    """Over a line's edge towards "in": from the left to the right of who walks along it; the other way round where the
    picture is mirrored."""
    along = last - first
    length = math.hypot(along.x(), along.y()) or 1.0
    over = QPointF(-along.y(), along.x()) * ((-1.0 if mirrored else 1.0) / length)
    middle = (first + last) / 2
    tip, barb, side = middle + over * _ARROW_PX, over * (_ARROW_PX / 2), QPointF(-over.y(), over.x()) * (_ARROW_PX / 3)
    return QPolygonF([middle, tip, tip - barb + side, tip, tip - barb - side])


def _draw_zone_name(painter: QPainter, scene: Scene, shape: QPolygonF, text: str, *, alarmed: bool) -> None:
    size = _LABEL_PX if scene.rect.width() >= _WIDE_PX else _SMALL_PX
    plate = label_pixmap(text, theme.ORANGE if alarmed else theme.YELLOW, "#b0101214", size, False, scene.ratio)
    corner = max((shape.at(i) for i in range(shape.size())), key=lambda p: (p.y(), -p.x()))
    plate_size = plate.deviceIndependentSize().toSize()
    painter.drawPixmap(_inside(scene.rect, corner + QPointF(4, -plate_size.height() - 4), plate_size), plate)


def _zone_text(zone: Zone, rules: tuple[RuleSpec, ...], tracks: TrackSet | None) -> str:
    own = {rule.id: rule.name for rule in rules if rule.zone_id == zone.id and rule.enabled}
    names = [name for name in dict.fromkeys(own.values()) if name != zone.name]
    tally = next((one for one in tracks.tallies if one.rule_id in own), None) if tracks is not None else None
    counted = _("in {ins}, out {outs}").format(ins=tally.ins, outs=tally.outs) if tally is not None else ""
    more = [*names[:_MOST_RULES], "…"] if len(names) > _MOST_RULES else names
    return " · ".join(filter(None, (zone.name, *more, counted)))


def hot_zones(zones: tuple[Zone, ...], tracks: TrackSet | None) -> frozenset[str]:
    """Where alarmed tracks stand; every zone when none of them stands in one (a line was crossed, or they went on)."""
    if tracks is None or not tracks.alarmed:
        return frozenset()
    feet = [track.box.foot for track in tracks.tracks if track.id in tracks.alarmed]
    held = (zone.id for zone in zones if zone.kind != _LINE and any(_area(zone.points).holds(foot) for foot in feet))
    return frozenset(held) or frozenset(zone.id for zone in zones)


def draw_tracks(
    painter: QPainter,
    scene: Scene,
    tracks: TrackSet,
    rules: tuple[RuleSpec, ...] = (),
    zones: tuple[Zone, ...] = (),
) -> None:
    """Boxes of all tracks, alarmed ones last (on top), with the name of the rule that fired where it can be told. No
    plate covers another one while there is room for it beside its box; alarmed ones choose first."""
    plates: list[_Plate] = []
    for track in sorted(tracks.tracks, key=lambda t: t.id in tracks.alarmed):
        visible = opacity(track, scene.utc_s)
        if visible > 0:
            alarmed = track.id in tracks.alarmed
            painter.setOpacity(visible)
            rect = _draw_box(painter, scene, track, alarmed=alarmed)
            if not rect.isEmpty():
                plates.append(_Plate(track, rect, visible, _rule_name(track, rules, zones) if alarmed else ""))
    taken: list[QRect] = []
    for plate in sorted(plates, key=lambda one: (not one.fired, -one.visible)):
        painter.setOpacity(plate.visible)
        taken.append(_draw_plate(painter, scene, plate, taken))
    painter.setOpacity(1.0)


@dataclass(frozen=True, slots=True)
class _Plate:
    """What is to be written beside a box; `fired` is the alarm's rule, empty without an alarm."""

    track: Track
    box: QRectF
    visible: float
    fired: str


def _draw_box(painter: QPainter, scene: Scene, track: Track, *, alarmed: bool) -> QRectF:
    """Trail and frame; where the box is, empty outside of the picture."""
    colour = colour_of(track, alarmed=alarmed)
    trail = _placing(scene).map(_trail(track.path))
    least_px = max(_LEAST_TRAIL_PX, _LEAST_TRAIL * (track.box.x2 - track.box.x1) * scene.rect.width())
    if _extent(trail) >= least_px:  # of what stands a trail is a scrawl
        for pen in (pen_of(HALO, 3), pen_of(colour, 1)):
            painter.setPen(pen)
            painter.drawPolyline(trail)
    box = extrapolate(track, scene.utc_s)
    corners = QRectF(_spot(scene, (box.x1, box.y1)), _spot(scene, (box.x2, box.y2)))
    rect = corners.normalized().intersected(scene.rect)
    if not rect.isEmpty():
        draw_frame(painter, rect, track, alarmed=alarmed)
    return rect


@lru_cache(maxsize=512)
def _trail(path: tuple[tuple[float, float], ...]) -> QPolygonF:
    """A path is painted some times before it grows."""
    return QPolygonF([QPointF(*point) for point in path])


def _extent(trail: QPolygonF) -> float:
    size = trail.boundingRect().size()
    return max(size.width(), size.height())


def _draw_plate(painter: QPainter, scene: Scene, plate: _Plate, taken: list[QRect]) -> QRect:
    """All words where there is room for them, else the number alone."""
    small, track = scene.rect.width() < _WIDE_PX, plate.track
    words = _words(track) if not small else str(track.id)
    texts = (f"{plate.fired} · {words}" if plate.fired else words, str(track.id))
    colour, alarmed = colour_of(track, alarmed=bool(plate.fired)), bool(plate.fired)
    place = QRect()
    for text in texts:
        pixmap = label_pixmap(text, "#101214", colour, _SMALL_PX if small else _LABEL_PX, alarmed, scene.ratio)
        size = pixmap.deviceIndependentSize().toSize()
        spots = _spots(plate.box, size)
        places = (QRect(_inside(scene.rect, spot, size), size) for spot in spots)
        free = next((one for one in places if not any(one.intersects(other) for other in taken)), None)
        place = free or QRect(_inside(scene.rect, spots[0], size), size)
        if free is not None:
            break
    painter.drawPixmap(place.topLeft(), pixmap)
    return place


def _words(track: Track) -> str:
    """What it is; whether rules leave it out."""
    name = f"{object_name(track.label)} {track.id}"
    return _("{name}? never moved").format(name=name) if track.doubt > 0.0 else name


def _spots(box: QRectF, size: QSize) -> tuple[QPointF, ...]:
    """Where a plate may go, the best first: above its box, above it to the left, below, within, one row higher."""
    left, width, height = box.left() - 1, size.width(), size.height()
    return (
        QPointF(left, box.top() - height),
        QPointF(box.right() + 1 - width, box.top() - height),
        QPointF(left, box.bottom()),
        QPointF(left, box.top()),
        QPointF(left, box.top() - 2 * height - 1),
    )


def _rule_name(track: Track, rules: tuple[RuleSpec, ...], zones: tuple[Zone, ...]) -> str:
    """The rule that looks for this class where the track stands, or the only one that looks for it at all."""
    fitting = [rule for rule in rules if rule.enabled and track.label in rule.labels]
    areas = {zone.id: _area(zone.points) for zone in zones if zone.kind != _LINE and len(zone.points) > 2}
    foot = track.box.foot
    here = [rule for rule in fitting if rule.zone_id in areas and areas[rule.zone_id].holds(foot)]
    named = here or fitting
    return named[0].name if len(named) == 1 else _("ZONE")


@lru_cache(maxsize=256)
def _area(points: tuple[tuple[float, float], ...]) -> Area:
    return Area(points)


def _is_mirrored(scene: Scene) -> bool:
    return scene.unit is not None and scene.unit.determinant() < 0


def _placing(scene: Scene) -> QTransform:
    """From the picture's unit square to the wall."""
    if scene.unit is not None:
        return scene.unit
    rect = scene.rect
    return QTransform(rect.width(), 0.0, 0.0, rect.height(), rect.left(), rect.top())


def _spot(scene: Scene, point: tuple[float, float]) -> QPointF:
    if scene.unit is not None:
        return scene.unit.map(QPointF(*point))
    rect = scene.rect  # the same as `_placing`, in a third of its time
    return QPointF(rect.left() + point[0] * rect.width(), rect.top() + point[1] * rect.height())


def _inside(rect: QRectF, wish: QPointF, size: QSize) -> QPoint:
    """Where a plate goes so that no part of it leaves the picture."""
    left = max(rect.left(), min(wish.x(), rect.right() - size.width()))
    top = max(rect.top(), min(wish.y(), rect.bottom() - size.height()))
    return QPoint(round(left), round(top))
