"""A tile's zones, printed once and laid over each of its pictures until something about them changes.

Drawing them anew for every picture was half of what sixteen watched tiles cost the GUI thread. GUI thread only.
"""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPixmap, QTransform

from detection.detector import TrackSet
from storage.records import RuleSpec, Zone
from widgets.overlay import Scene, draw_zones, hot_zones


class ZoneLayer:
    """Of one tile."""

    def __init__(self) -> None:
        self._of: tuple[object, ...] = ()
        self._print = QPixmap()

    def draw(
        self,
        painter: QPainter,
        scene: Scene,
        zones: tuple[Zone, ...],
        tracks: TrackSet | None,
        rules: tuple[RuleSpec, ...],
    ) -> None:
        """As `draw_zones` does, but from the print while zones, rules, counts, alarms and the place are the same."""
        if not zones:
            return
        tallies = tracks.tallies if tracks is not None else ()
        # Zones and rules are the same objects from picture to picture: comparing these tuples costs next to nothing.
        of = zones, rules, tallies, hot_zones(zones, tracks), scene.rect, scene.unit, scene.ratio
        if of != self._of:
            self._of, self._print = of, _printed(scene, zones, tracks, rules)
        painter.drawPixmap(scene.rect.topLeft(), self._print)


def _printed(scene: Scene, zones: tuple[Zone, ...], tracks: TrackSet | None, rules: tuple[RuleSpec, ...]) -> QPixmap:
    size = scene.rect.size() * scene.ratio
    pixmap = QPixmap(QSize(math.ceil(size.width()), math.ceil(size.height())))
    pixmap.setDevicePixelRatio(scene.ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    corner = scene.rect.topLeft()
    unit = scene.unit * QTransform.fromTranslate(-corner.x(), -corner.y()) if scene.unit is not None else None
    painter = QPainter(pixmap)
    draw_zones(
        painter, Scene(QRectF(QPointF(0, 0), scene.rect.size()), scene.utc_s, scene.ratio, unit), zones, tracks, rules
    )
    painter.end()
    return pixmap
