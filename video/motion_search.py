"""Motion in a drawn region of a camera, looked for in recordings. Numpy on small grey pictures; no OpenCV, no Qt.

A coarse pass compares each key frame with the next; only around its hits frames that lie near are decoded, which tells
when it began and leaves out what was light: a lamp changes one pair of near frames, who walks changes many. Light that
changes everywhere is fitted away (gain and offset, trimmed least squares), shadows keep their texture (normalised
cross-correlation of the surroundings); noise is measured in each pair (median absolute deviation).

Limits, told to the operator: what comes and goes between two key frames is not seen by the coarse pass (`thorough_s`
decodes everything instead); who stands still does not move. Generators for the searching thread.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from video.footage import Piece
from video.small_pictures import GREY, Pixels, SmallPicture, key_pictures, near_pictures

Polygon = Sequence[tuple[float, float]]
GoOn = Callable[[float], bool]
"""Told how far the search is (UTC seconds), may rest; False ends it."""
_Cells = npt.NDArray[np.float32]
_Grid = npt.NDArray[np.bool_]

CELL_PX = 4
LEAST_CELLS = 3
FLOOR = 7.0
"""Grey levels; less is never motion, however quiet the picture is."""

_SIGMAS = 5.0
_MAD_SIGMA = 1.4826
_LEAST_TEXTURE = 4.0
_SAME_TEXTURE = 0.85
_WHOLE_PICTURE = 0.5
"""Share of all cells: more is another light, another scene or a camera that was turned."""
_GAINS = (0.25, 4.0)
_TRIM = 0.7
_FITS = 3
_COVERED = 0.25

PAIR_S = 15.0
"""Pictures further apart than this say nothing about each other."""
JOIN_S = 4.0
LONGEST_S = 60.0
"""What goes on for longer is told in parts."""
NEAR = replace(GREY, apart_s=0.4)
_NEAR_MORE_S = 1.2
_NEAR_HITS = 2
_MOST_TRIES = 3


@dataclass(frozen=True, slots=True)
class Motion:
    """Something moved in the region: up to `share` (0..1) of it; `peak_utc_s` is the picture that shows it best."""

    from_utc_s: float
    to_utc_s: float
    peak_utc_s: float
    share: float


@dataclass(frozen=True, slots=True)
class Region:
    """Where to look: the inside of a polygon without what privacy masks hide; 0..1 of the picture."""

    polygon: Polygon
    hidden: tuple[Polygon, ...] = ()

    def cells(self, height_px: int, width_px: int) -> _Grid:
        """Which cells of a picture belong to it; a region smaller than a cell still has those that it touches."""
        share = _covered(self.polygon, height_px, width_px)
        found = share >= _COVERED if (share >= _COVERED).any() else share > 0
        for mask in self.hidden:
            found &= _covered(mask, height_px, width_px) < _COVERED
        return found


class MotionEye:
    """Compares two pictures of one camera inside a region."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self._shape: tuple[int, ...] = ()

    def moved(self, before: SmallPicture, after: SmallPicture) -> float:
        """Share (0..1) of the region's cells that changed; 0.0 for less than motion, another light, another size."""
        shape = after.pixels.shape
        if before.pixels.shape != shape or not 0.0 < after.utc_s - before.utc_s <= PAIR_S:
            return 0.0
        if shape != self._shape:
            self._shape, self._cells = shape, self._region.cells(shape[0], shape[1])
        changed = changed_cells(before.pixels, after.pixels)
        if changed.mean() > _WHOLE_PICTURE:
            return 0.0
        inside = changed & self._cells
        count = int(np.count_nonzero(inside))
        return count / int(np.count_nonzero(self._cells)) if count >= LEAST_CELLS else 0.0


def changed_cells(before: Pixels, after: Pixels) -> _Grid:
    """Cells (of 4 x 4 px) whose content is another one, light and noise aside."""
    a, b = _cut(before), _cut(after)
    gain, offset = _light(_means(a), _means(b))
    lit = a * gain + offset
    energy = _means(np.abs(b - lit))
    middle = float(np.median(energy))
    noise = float(np.median(np.abs(energy - middle))) * _MAD_SIGMA
    changed: _Grid = energy > max(FLOOR, middle + _SIGMAS * noise)
    if not changed.any():
        return changed
    changed &= ~_same_texture(lit, b)
    return changed & (_around(changed.astype(np.float32)) >= 2.0)


def find_motion(
    pieces: Sequence[Piece],
    from_utc_s: float,
    to_utc_s: float,
    region: Region,
    go_on: GoOn = lambda _utc_s: True,
    *,
    thorough_s: float = 0.0,
) -> Iterator[Motion]:
    """What moved, as it is found, oldest first. With `thorough_s` every frame is decoded and those so far apart are
    compared, without a coarse pass."""
    if not _has_cells(region):
        return
    search = _Search(pieces, MotionEye(region), go_on, thorough_s)
    group: list[Motion] = []
    for hit in search.hits(from_utc_s, to_utc_s):
        if group and (hit is None or hit.from_utc_s - group[-1].to_utc_s > JOIN_S or _length(group, hit) > LONGEST_S):
            yield from search.confirmed(group)
            group = []
        if hit is not None:
            group.append(hit)
    yield from search.confirmed(group)


class _Search:
    """One search: its footage and when it is to end."""

    def __init__(self, pieces: Sequence[Piece], eye: MotionEye, go_on: GoOn, thorough_s: float) -> None:
        self._pieces, self._eye, self._go_on, self._thorough_s = pieces, eye, go_on, thorough_s
        self._ended = False

    def hits(self, from_utc_s: float, to_utc_s: float) -> Iterator[Motion | None]:
        """Pairs of pictures between which something moved; None when so long nothing did that a group is over."""
        last_hit: Motion | None = None
        for before, after in pairwise(self._pictures(from_utc_s, to_utc_s)):
            share = self._eye.moved(before, after)
            if share > 0.0 and after.utc_s >= from_utc_s:
                last_hit = Motion(before.utc_s, after.utc_s, after.utc_s, share)
                yield last_hit
            elif last_hit is not None and after.utc_s - last_hit.to_utc_s > JOIN_S:
                last_hit = None
                yield None

    def _pictures(self, from_utc_s: float, to_utc_s: float) -> Iterator[SmallPicture]:
        look = replace(GREY, apart_s=self._thorough_s)
        find = near_pictures if self._thorough_s else key_pictures
        for picture in find(self._pieces, from_utc_s, to_utc_s, look if self._thorough_s else GREY, self._has_ended):
            yield picture
            if not self._go(picture.utc_s):
                return

    def _go(self, utc_s: float) -> bool:
        self._ended = self._ended or not self._go_on(utc_s)
        return not self._ended

    def _has_ended(self) -> bool:
        return self._ended

    def confirmed(self, group: Sequence[Motion]) -> Iterator[Motion]:
        """The group as one, when near frames show it too."""
        if not group or self._ended:
            return
        if self._thorough_s:
            if len(group) >= _NEAR_HITS:
                yield _joined(group)
            return
        for tried, hit in enumerate(group[:_MOST_TRIES]):
            near = self._near(hit)
            if self._ended:
                return
            if len(near) >= _NEAR_HITS:
                rest = _joined(group[tried:])
                yield replace(rest, from_utc_s=near[0].from_utc_s, to_utc_s=max(near[-1].to_utc_s, _end_of(group)))
                return

    def _near(self, hit: Motion) -> list[Motion]:
        """What near frames say about the time of one hit."""
        found: list[Motion] = []
        for before, after in pairwise(
            near_pictures(self._pieces, hit.from_utc_s, hit.to_utc_s + _NEAR_MORE_S, NEAR, self._has_ended)
        ):
            share = self._eye.moved(before, after)
            if share > 0.0:
                found.append(Motion(before.utc_s, after.utc_s, after.utc_s, share))
            if not self._go(after.utc_s):
                break
        return found


def _joined(group: Sequence[Motion]) -> Motion:
    """As one. What moved is in the picture that differs most from those before and after it; the one that most moved
    until may show that it has gone."""
    changed: dict[float, float] = defaultdict(float)
    for hit in group:
        changed[hit.from_utc_s] += hit.share
        changed[hit.to_utc_s] += hit.share
    peak_utc_s = max(changed, key=lambda utc_s: changed[utc_s])
    return Motion(group[0].from_utc_s, group[-1].to_utc_s, peak_utc_s, max(hit.share for hit in group))


def _end_of(group: Sequence[Motion]) -> float:
    """Where a coarse group ends: its last hit says only that it had ended by the picture after it."""
    return group[-1].from_utc_s if len(group) > 1 else float("-inf")


def _length(group: Sequence[Motion], hit: Motion) -> float:
    return hit.to_utc_s - group[0].from_utc_s


def _has_cells(region: Region) -> bool:
    return bool(region.cells(180, 320).any())


def _cut(pixels: Pixels) -> _Cells:
    height, width = (side - side % CELL_PX for side in pixels.shape[:2])
    cut: _Cells = pixels[:height, :width].astype(np.float32)
    return cut


def _means(values: _Cells) -> _Cells:
    """Of each cell."""
    height, width = values.shape
    cells: _Cells = values.reshape(height // CELL_PX, CELL_PX, width // CELL_PX, CELL_PX).mean(axis=(1, 3))
    return cells


def _light(before: _Cells, after: _Cells) -> tuple[float, float]:
    """Gain and offset that make `before` look like `after`: least squares over those cells that fit best."""
    x, y = before.ravel(), after.ravel()
    gain, offset = 1.0, float(np.median(y - x))
    keep = max(int(x.size * _TRIM), 2)
    for _fit in range(_FITS):
        best = np.argpartition(np.abs(y - gain * x - offset), keep - 1)[:keep]
        spread = float(np.var(x[best]))
        if spread < 1.0:
            return 1.0, float(np.median(y - x))
        covered = float(np.mean((x[best] - x[best].mean()) * (y[best] - y[best].mean())))
        gain = float(np.clip(covered / spread, *_GAINS))
        offset = float(y[best].mean() - gain * x[best].mean())
    return gain, offset


def _same_texture(first: _Cells, second: _Cells) -> _Grid:
    """Cells whose surroundings (3 x 3 cells) show the same texture: a shadow or a light went over them."""
    count = _around(np.ones_like(_means(first)))
    mean_a, mean_b = _around(_means(first)) / count, _around(_means(second)) / count
    var_a = _around(_means(first * first)) / count - mean_a * mean_a
    var_b = _around(_means(second * second)) / count - mean_b * mean_b
    covered = _around(_means(first * second)) / count - mean_a * mean_b
    least = _LEAST_TEXTURE**2
    textured = (var_a > least) & (var_b > least)
    alike: _Grid = covered > _SAME_TEXTURE * np.sqrt(np.maximum(var_a * var_b, 1e-6))
    return textured & alike


def _around(cells: _Cells) -> _Cells:
    """Sum over each cell and its eight neighbours."""
    rows = np.pad(cells, ((1, 1), (0, 0)))
    rows = rows[:-2] + rows[1:-1] + rows[2:]
    both = np.pad(rows, ((0, 0), (1, 1)))
    summed: _Cells = both[:, :-2] + both[:, 1:-1] + both[:, 2:]
    return summed


def _covered(polygon: Polygon, height_px: int, width_px: int) -> _Cells:
    """How much (0..1) of each cell lies inside the polygon."""
    from PIL import Image, ImageDraw  # Pillow: not at start

    sheet = Image.new("L", (width_px, height_px))
    corners = [(x * (width_px - 1), y * (height_px - 1)) for x, y in polygon]
    if len(corners) > 2:
        ImageDraw.Draw(sheet).polygon(corners, fill=1)
    return _means(_cut(np.asarray(sheet)))
