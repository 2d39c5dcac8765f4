"""Tiny scenes for the tests of the demo cameras: one walker, one guarded zone, 160x90."""

from __future__ import annotations

from video.cutouts import Look
from video.street import Backdrop
from video.synthetic import ActorSpec, SceneSpec, Waypoint, ZoneSpec

WALKER = ActorSpec("walker", Look("cream"), 0.5, (Waypoint(0.0, -0.2, 0.85), Waypoint(0.8, 1.2, 0.85)))
ZONE = ZoneSpec("zone", ((0.25, 0.6), (0.75, 0.6), (0.75, 0.99), (0.25, 0.99)))


def tiny(name: str = "tiny", codec: str = "h264", actors: tuple[ActorSpec, ...] = (WALKER,)) -> SceneSpec:
    """One second of a street."""
    return SceneSpec(name, Backdrop(1), actors, (ZONE,), 160, 90, 15, 1.0, codec)
