"""The nine scenes of the demo, as data: who walks where and when, what is guarded. `demo_clips` renders them.

People are 110 to 160 px high at 640x360: smaller or larger ones are missed by the built-in detector. One scene is
empty and guarded all the same, so that an alarm there is known to be false.
"""

from __future__ import annotations

from video.cutouts import Look
from video.street import Backdrop
from video.synthetic import ActorSpec, SceneSpec, Waypoint, ZoneSpec

_CREAM = Look("cream")
_DARK = Look("dark")
_GREEN = Look("cream", (58, 84, 62), (52, 50, 48))
_BLUE = Look("cream", (62, 76, 116))
_RUST = Look("cream", (140, 74, 48), (40, 44, 56))
_RED = Look("dark", (112, 36, 40))
_OLIVE = Look("dark", (84, 78, 50), (46, 46, 50))
_NAVY = Look("dark", (34, 52, 92), (60, 58, 56))
_BUS = Look("bus")


def _walk(actor_id: str, look: Look, height: float, *path: tuple[float, float, float]) -> ActorSpec:
    return ActorSpec(actor_id, look, height, tuple(Waypoint(*point) for point in path))


def _bus(from_s: float) -> ActorSpec:
    path = Waypoint(from_s, 1.3, 0.575), Waypoint(from_s + 7.0, -0.3, 0.575)
    return ActorSpec("bus", _BUS, 0.57, path, "bus")


def _guarded(zone_id: str, left: float, right: float, top: float) -> ZoneSpec:
    corners = (left + 0.03, top), (right - 0.03, top), (right + 0.03, 0.985), (left - 0.03, 0.985)
    return ZoneSpec(zone_id, corners)


SCENES: tuple[SceneSpec, ...] = (
    SceneSpec(
        "market-north",
        Backdrop(11, "street", "day", (0.2, 0.86), 0.62),
        (
            _walk("a", _CREAM, 0.4, (-3.0, -0.1, 0.88), (4.0, 0.62, 0.88), (5.5, 0.62, 0.88), (10.0, 1.1, 0.88)),
            _walk("b", _RED, 0.4, (8.0, 1.1, 0.74), (17.0, -0.1, 0.74)),
            _walk("c", _NAVY, 0.4, (-9.5, 1.1, 0.73), (1.0, -0.1, 0.73)),
        ),
        (_guarded("loading-bay", 0.34, 0.78, 0.79),),
    ),
    SceneSpec(
        "market-south",
        Backdrop(24, "street", "overcast", (0.42,), None, (166, 166, 166)),
        (
            _walk("a", _DARK, 0.4, (0.0, -0.1, 0.8), (9.5, 1.1, 0.8)),
            _walk("b", _BLUE, 0.4, (5.0, 1.1, 0.93), (14.5, -0.1, 0.93)),
            _walk("c", _OLIVE, 0.4, (-5.0, 1.1, 0.78), (6.0, -0.1, 0.78)),
            _bus(11.0),
        ),
    ),
    SceneSpec(
        "station-avenue",
        Backdrop(3, "avenue", "day", (0.06,)),
        (
            _walk("a", _GREEN, 0.4, (-4.0, -0.1, 0.86), (7.0, 1.1, 0.86)),
            _walk("b", _NAVY, 0.4, (6.0, 1.1, 0.94), (16.5, -0.1, 0.94)),
            _walk("c", _CREAM, 0.4, (2.0, 1.1, 0.8), (13.0, -0.1, 0.8)),
        ),
    ),
    SceneSpec(
        "town-hall",
        Backdrop(5, "plaza", "morning", (0.22, 0.78), None, (180, 172, 158)),
        (
            _walk("a", _RUST, 0.4, (-5.0, -0.1, 0.92), (6.0, 1.1, 0.92)),
            _walk("b", _DARK, 0.4, (1.0, 1.1, 0.74), (12.0, -0.1, 0.74)),
            _walk("c", _BLUE, 0.4, (9.0, -0.1, 0.84), (19.0, 1.1, 0.84)),
        ),
    ),
    SceneSpec(
        "school-gate",
        Backdrop(17, "plaza", "overcast", (0.12, 0.55), None, (170, 170, 164)),
        (
            _walk("a", _RED, 0.41, (1.0, 1.1, 0.86), (6.0, 0.5, 0.88), (9.0, 0.5, 0.88), (14.0, 1.1, 0.86)),
            _walk("b", _CREAM, 0.4, (-8.0, -0.1, 0.72), (3.0, 1.1, 0.72)),
        ),
        (_guarded("gate", 0.3, 0.72, 0.78),),
    ),
    SceneSpec(
        "river-quay",
        Backdrop(9, "street", "dusk", (0.3,), None, (178, 172, 168)),
        (
            _walk("a", _CREAM, 0.4, (-2.0, 1.1, 0.9), (8.0, -0.1, 0.9)),
            _walk("b", _OLIVE, 0.4, (7.0, -0.1, 0.77), (18.0, 1.1, 0.77)),
            _walk("c", _RED, 0.4, (-4.0, -0.1, 0.78), (6.5, 1.1, 0.78)),
            _bus(2.0),
        ),
    ),
    SceneSpec(
        "bus-station",
        Backdrop(31, "street", "morning", (0.1, 0.7), 0.2),
        (
            _walk("a", _NAVY, 0.4, (2.0, -0.1, 0.86), (7.0, 0.5, 0.86), (9.0, 0.5, 0.86), (14.0, 1.1, 0.86)),
            _walk("b", _RUST, 0.4, (10.0, 1.1, 0.75), (20.0, -0.1, 0.75)),
            _walk("c", _DARK, 0.4, (-6.0, -0.1, 0.74), (5.0, 1.1, 0.74)),
            _bus(-3.0),
        ),
        (_guarded("stop", 0.3, 0.7, 0.79),),
        width=1280,
        height=720,
    ),
    SceneSpec(
        "library",
        Backdrop(8, "avenue", "dusk", (0.94,)),
        (
            _walk("a", _BLUE, 0.4, (0.0, -0.1, 0.92), (10.0, 1.1, 0.92)),
            _walk("b", _CREAM, 0.4, (9.0, 1.1, 0.85), (19.0, -0.1, 0.85)),
            _walk("c", _RUST, 0.4, (-6.0, 1.1, 0.84), (5.0, -0.1, 0.84)),
        ),
        codec="hevc",
    ),
    SceneSpec(
        "depot-yard",
        Backdrop(43, "plaza", "dusk", (0.1, 0.86), None, (168, 164, 164)),
        (),
        (_guarded("yard", 0.25, 0.8, 0.6),),
        noise=3,
    ),
)
