"""Boxes, trails and zones over a picture that is no wall tile's: instant replay. Drawn as on the wall; GUI thread."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from detection.detector import TrackSet
from storage.journal import Registry
from storage.records import RuleSpec, Zone
from widgets.overlay import Scene, draw_tracks, draw_zones


@dataclass(frozen=True, slots=True)
class RecordedScene:
    """What is known of a camera at the painted picture's time."""

    tracks: TrackSet | None = None
    zones: tuple[Zone, ...] = ()
    rules: tuple[RuleSpec, ...] = ()


def scene_of(registry: Registry, camera_id: str, tracks: TrackSet | None) -> RecordedScene:
    """Tracks with the camera's zones and rules."""
    return RecordedScene(
        tracks,
        tuple(zone for zone in registry.zones if zone.camera_id == camera_id),
        tuple(rule for rule in registry.rules if rule.camera_id == camera_id),
    )


def paint_over(painter: QPainter, picture: QRectF, utc_s: float, ratio: float, scene: RecordedScene) -> None:
    """Over the picture that lies in `picture`; nothing outside of it."""
    where = Scene(picture, utc_s, ratio)
    painter.save()
    painter.setClipRect(picture, Qt.ClipOperation.IntersectClip)
    draw_zones(painter, where, scene.zones, scene.tracks, scene.rules)
    if scene.tracks is not None:
        draw_tracks(painter, where, scene.tracks, scene.rules, scene.zones)
    painter.restore()
