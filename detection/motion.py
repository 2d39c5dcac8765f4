"""Does something move in a camera's picture? Cheap enough for every picture; it sets the rate of looks, no more.

Mean brightness of 8x8 px cells (of every fourth row: the area takes the noise away) is compared with a slowly learned
picture. What a cell usually varies by is learned too, so that sensor noise and leaves in the wind grow quiet.
After Stauffer and Grimson (1999) with one mode per cell. Pure; times are the frames' own. Detection process only.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from detection.detector import Floats, Image

HOLD_S = 2.0
"""A camera counts as moving this long after the last motion."""

_CELL_PX = 8
_ROW_STEP = 4
_LEARN_S = 4.0
"""How fast the picture without motion is learned; a cell that moves is learned four times slower."""

_NOISE_S = 8.0
_LEAST_CHANGE = 5.0
"""Grey levels of a cell's mean that are never motion."""

_NOISES = 5.5
_LEAST_CELLS = 2
_LONGEST_GAP_S = 30.0
"""After such a pause the learned picture says nothing."""


class MotionGate:
    """One camera's. `moved` is called with pictures in the order of their time."""

    def __init__(self) -> None:
        self._usual: Floats = np.zeros(0, np.float32)
        self._noise: Floats = np.zeros(0, np.float32)
        self._utc_s = 0.0

    def moved(self, image: Image, utc_s: float) -> bool:
        """Whether the picture (H,W,3) differs from what is usual there. True for the first one, after a pause, when the
        clock jumped and when the size changed: nothing is known then."""
        cells = cell_means(image)
        passed_s, self._utc_s = utc_s - self._utc_s, utc_s
        if cells.shape != self._usual.shape or not 0.0 <= passed_s <= _LONGEST_GAP_S:
            self._usual, self._noise = cells, np.full_like(cells, _LEAST_CHANGE / _NOISES)
            return True
        change = cells - self._usual
        change -= np.median(change)  # the whole picture became lighter or darker: exposure, a cloud
        size = np.abs(change)
        # No cell is quieter than most: what a cell varies by is known from a few dozen pictures only.
        moving = size > np.maximum(max(_LEAST_CHANGE, _NOISES * float(self._noise.mean())), _NOISES * self._noise)
        self._learn(cells, size, moving, passed_s)
        return int(moving.sum()) >= _LEAST_CELLS

    def _learn(self, cells: Floats, size: Floats, moving: npt.NDArray[np.bool_], passed_s: float) -> None:
        share = np.float32(min(passed_s / _LEARN_S, 1.0))
        self._usual += (cells - self._usual) * np.where(moving, share / 4, share)
        share = np.float32(min(passed_s / _NOISE_S, 1.0))
        self._noise += (size - self._noise) * np.where(moving, share / 4, share)


def cell_means(image: Image) -> Floats:
    """Mean brightness of each 8x8 px cell of a (H,W,3) picture, from every fourth row; cells that are cut off at the
    right and at the bottom are left out, a picture smaller than a cell is one."""
    height, width = image.shape[0] // _CELL_PX, image.shape[1] // _CELL_PX
    if not height or not width:
        return np.full(1, image.mean(), np.float32)
    rows = image[: height * _CELL_PX : _ROW_STEP, : width * _CELL_PX]
    weights = np.full(_CELL_PX * 3, 1 / (_CELL_PX * 3 * (_CELL_PX // _ROW_STEP)), np.float32)
    sums = rows.reshape(-1, _CELL_PX * 3).astype(np.float32) @ weights
    means: Floats = sums.reshape(height, _CELL_PX // _ROW_STEP, width).sum(1).reshape(-1)
    return means
