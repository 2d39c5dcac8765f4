"""Does something grow? The slope of a figure over time with its confidence interval, by least squares."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_LEAST = 8
_TWO_SIDED_95 = 1.96


@dataclass(frozen=True, slots=True)
class Slope:
    """Per hour, with its 95 % interval. `samples` is how many independent ones the measured ones are worth: a process'
    memory is like what it was a second before, and takes that many fewer."""

    per_hour: float
    low: float
    high: float
    samples: float

    @property
    def grows(self) -> bool:
        """Whether the whole interval lies above nothing."""
        return self.low > 0.0


def slope_of(times_s: Sequence[float], values: Sequence[float]) -> Slope:
    """The slope of `values`. Raises ValueError for fewer than eight samples."""
    if len(times_s) < _LEAST:
        raise ValueError(f"{len(times_s)} samples are no trend")
    hours = (np.asarray(times_s, np.float64) - times_s[0]) / 3600.0
    found = np.asarray(values, np.float64)
    design = np.column_stack((hours, np.ones_like(hours)))
    (slope, level), *_rest = np.linalg.lstsq(design, found, rcond=None)
    left = found - design @ np.array((slope, level))
    count = len(found)
    power = float(left @ left)
    # Residuals of a process are alike from one sample to the next: the effective count is that of an AR(1) series.
    alike = min(max(float(left[1:] @ left[:-1]) / power, 0.0), 0.99) if power > 0.0 else 0.0
    worth = max(count * (1.0 - alike) / (1.0 + alike), 3.0)
    error = math.sqrt(power / (worth - 2.0) / count / float(np.var(hours))) if power > 0.0 else 0.0
    reach = _student(worth - 2.0) * error
    return Slope(float(slope), float(slope) - reach, float(slope) + reach, worth)


def _student(freedom: float) -> float:
    """Student's two-sided 95 % quantile, by the expansion of Cornish and Fisher (within 1 % from 4 on)."""
    z = _TWO_SIDED_95
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return sum(term / freedom**power for power, term in enumerate(terms))
