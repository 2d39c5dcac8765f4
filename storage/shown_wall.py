"""What one wall showed, and how the black box packs it: a full row (zlib over JSON) and deltas (JSON) after it. Pure.

Names stand in a list of their own and are meant by their numbers; cells are whole ten-thousandths of the wall.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_GRID = 10_000
_OVERLAY, _LIFTED = 1, 2


@dataclass(frozen=True, slots=True)
class ShownTile:
    """One tile: its cell (left, top, right, bottom; 0..1 of the wall) and what stood in it. `camera` is number and name
    as they were read; `stream` is "main", "sub" or "" (not known); `age` the bucket of the picture's age."""

    rect: tuple[float, float, float, float]
    camera_id: str
    camera: str
    stream: str
    state: str
    age: int
    overlay: bool
    lifted: bool


@dataclass(frozen=True, slots=True)
class ShownWall:
    """What one wall window shows, and on which monitor (both counted from 1); `operator_id` is empty when nobody sits
    there. No tiles: no camera is seen."""

    window: int
    monitor: int
    screen: str
    width_px: int
    height_px: int
    operator_id: str
    tiles: tuple[ShownTile, ...]


def place(wall: ShownWall) -> tuple[int, str, int, int]:
    """Where it is and how large."""
    return wall.monitor, wall.screen, wall.width_px, wall.height_px


def full(wall: ShownWall, names: dict[str, int]) -> bytes:
    """All of it; `names` is filled with the numbers of its names."""
    operator = _number(wall.operator_id, names)
    tiles = [_packed(tile, names) for tile in wall.tiles]
    return zlib.compress(_dumped({"w": place(wall), "o": operator, "t": tiles, "n": list(names)}), 9)


def delta(before: ShownWall, wall: ShownWall, changed: Sequence[int], names: dict[str, int]) -> bytes:
    """What is other than `before` at the same place with as many tiles; `changed` are the places of those tiles."""
    known = len(names)
    found: dict[str, Any] = {}
    if wall.operator_id != before.operator_id:
        found["o"] = _number(wall.operator_id, names)
    tiles = []
    for n in changed:
        packed = _packed(wall.tiles[n], names)
        tiles.append([n, *(packed[4:] if wall.tiles[n].rect == before.tiles[n].rect else packed)])
    if tiles:
        found["c"] = tiles
    if len(names) > known:
        found["n"] = list(names)[known:]
    return _dumped(found)


def _packed(tile: ShownTile, names: dict[str, int]) -> list[int]:
    words = (tile.camera_id, tile.camera, tile.stream, tile.state)
    flags = tile.overlay * _OVERLAY + tile.lifted * _LIFTED
    return [*(round(edge * _GRID) for edge in tile.rect), *(_number(word, names) for word in words), tile.age, flags]


def _number(word: str, names: dict[str, int]) -> int:
    return names.setdefault(word, len(names))


def _dumped(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")


def rebuilt(window: int, steps: Sequence[bytes]) -> ShownWall:
    """From a full row and the deltas after it. Raises ValueError, LookupError, TypeError, AttributeError or zlib.error
    for what is none."""
    whole = json.loads(zlib.decompress(steps[0]))
    names, operator, tiles = list(whole["n"]), whole["o"], [list(tile) for tile in whole["t"]]
    for step in steps[1:]:
        found = json.loads(step)
        names += found.get("n", ())
        operator = found.get("o", operator)
        for n, *rest in found.get("c", ()):
            tiles[n][-len(rest) :] = rest
    monitor, screen, width_px, height_px = whole["w"]
    shown = tuple(_tile(tile, names) for tile in tiles)
    return ShownWall(window, monitor, screen, width_px, height_px, names[operator], shown)


def _tile(packed: Sequence[int], names: Sequence[str]) -> ShownTile:
    left, top, right, bottom, camera_id, camera, stream, state, age, flags = packed
    rect = (left / _GRID, top / _GRID, right / _GRID, bottom / _GRID)
    words = names[camera_id], names[camera], names[stream], names[state]
    return ShownTile(rect, *words, age, bool(flags & _OVERLAY), bool(flags & _LIFTED))
