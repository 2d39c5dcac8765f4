"""What is drawn over a picture: zones, boxes with number and label, trails. Boxes are moved to the painted picture's
own time, at most half a second; older ones fade. GUI thread only; colours of Okabe and Ito, alarmed ones also thicker
and named.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF, QTransform

from app.i18n import _
from detection.detector import Track, TrackSet, TrackState
from detection.motion_model import extrapolate
from storage.records import Zone
from widgets import theme
from widgets.chrome import label_pixmap

HOLD_S = 0.5
GONE_S = 1.5
_VEHICLES = frozenset({"car", "bus", "truck", "motorcycle", "bicycle", "train"})
_LABEL_PX = 11
_SMALL_PX = 9
_WIDE_PX = 300


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


def draw_zones(painter: QPainter, scene: Scene, zones: tuple[Zone, ...], *, alarmed: bool) -> None:
    """Outlines with names; while an alarm stands, thicker and warm."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    colour = theme.ORANGE if alarmed else theme.YELLOW
    for zone in zones:
        shape = QPolygonF([_spot(scene, point) for point in zone.points])
        if not shape.boundingRect().intersects(scene.rect):
            continue
        painter.setPen(QPen(QColor(0, 0, 0, 150), 4.0 if alarmed else 3.0))
        painter.drawPolygon(shape)
        painter.setPen(QPen(QColor(colour), 2.4 if alarmed else 1.4, Qt.PenStyle.DashLine))
        painter.drawPolygon(shape)
        size = _LABEL_PX if scene.rect.width() >= _WIDE_PX else _SMALL_PX
        plate = label_pixmap(zone.name, colour, "#b0101214", size, False, scene.ratio)
        corner = max((shape.at(i) for i in range(shape.size())), key=lambda p: (p.y(), -p.x()))
        plate_size = plate.deviceIndependentSize().toSize()
        painter.drawPixmap(_inside(scene.rect, corner + QPointF(4, -plate_size.height() - 4), plate_size), plate)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)


def draw_tracks(painter: QPainter, scene: Scene, tracks: TrackSet) -> None:
    """Boxes of all tracks, alarmed ones last (on top)."""
    for track in sorted(tracks.tracks, key=lambda t: t.id in tracks.alarmed):
        visible = opacity(track, scene.utc_s)
        if visible > 0:
            painter.setOpacity(visible)
            _draw_track(painter, scene, track, alarmed=track.id in tracks.alarmed)
    painter.setOpacity(1.0)


def _draw_track(painter: QPainter, scene: Scene, track: Track, *, alarmed: bool) -> None:
    colour = _colour(track, alarmed=alarmed)
    if len(track.path) > 1:
        painter.setPen(QPen(QColor(colour), 1))
        painter.drawPolyline([_spot(scene, point) for point in track.path])
    box = extrapolate(track, scene.utc_s)
    corners = QRectF(_spot(scene, (box.x1, box.y1)), _spot(scene, (box.x2, box.y2)))
    rect = corners.normalized().intersected(scene.rect)
    if rect.isEmpty():
        return
    width = 3 if alarmed else 2
    style = Qt.PenStyle.DotLine if track.state is TrackState.LOST else Qt.PenStyle.SolidLine
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(0, 0, 0, 160), width + 2))
    painter.drawRect(rect)
    painter.setPen(QPen(QColor(colour), width, style))
    painter.drawRect(rect)
    small = scene.rect.width() < _WIDE_PX
    words = f"{track.label} {track.id}" if not small else str(track.id)
    text = f"{_('ZONE')} · {words}" if alarmed else words
    plate = label_pixmap(text, "#101214", colour, _SMALL_PX if small else _LABEL_PX, alarmed, scene.ratio)
    size = plate.deviceIndependentSize().toSize()
    painter.drawPixmap(_inside(scene.rect, rect.topLeft() - QPointF(1, size.height()), size), plate)


def _colour(track: Track, *, alarmed: bool) -> str:
    if alarmed:
        return theme.LIGHT_VERMILLION
    if track.label == "person":
        return theme.SKY
    return theme.LIGHT_GREEN if track.label in _VEHICLES else theme.PURPLE


def _spot(scene: Scene, point: tuple[float, float]) -> QPointF:
    if scene.unit is not None:
        return scene.unit.map(QPointF(*point))
    rect = scene.rect
    return QPointF(rect.left() + point[0] * rect.width(), rect.top() + point[1] * rect.height())


def _inside(rect: QRectF, wish: QPointF, size: QSize) -> QPoint:
    """Where a plate goes so that no part of it leaves the picture."""
    left = max(rect.left(), min(wish.x(), rect.right() - size.width()))
    top = max(rect.top(), min(wish.y(), rect.bottom() - size.height()))
    return QPoint(round(left), round(top))
