"""Right, false and missed events, with intervals: Wilson (1927) for shares, Garwood (1936) for rates; both 95 %."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

_Z = 1.96


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of events."""

    right: int = 0
    false: int = 0
    missed: int = 0

    def plus(self, other: Score) -> Score:
        """Both together."""
        return Score(self.right + other.right, self.false + other.false, self.missed + other.missed)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.right / max(2 * self.right + self.false + self.missed, 1)

    def figures(self) -> dict[str, object]:
        """As a bench writes them; no share where nothing was said or due."""
        said, due = self.right + self.false, self.right + self.missed
        return {
            "due": due,
            "right": self.right,
            "false": self.false,
            "missed": self.missed,
            "precision": round(self.right / said, 3) if said else None,
            "precision_95": _rounded(wilson(self.right, said)) if said else None,
            "recall": round(self.right / due, 3) if due else None,
            "recall_95": _rounded(wilson(self.right, due)) if due else None,
        }


def total(scores: Iterable[Score]) -> Score:
    """All together."""
    found = Score()
    for score in scores:
        found = found.plus(score)
    return found


def scored(due: Sequence[tuple[float, float]], times: Sequence[float]) -> Score:
    """Each due event wants one event in its time; all others are false."""
    free = list(times)
    right = 0
    for begin_s, end_s in due:
        hit = next((at for at in free if begin_s <= at <= end_s), None)
        if hit is not None:
            free.remove(hit)
            right += 1
    return Score(right, len(free), len(due) - right)


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Interval of a share."""
    if count == 0:
        return 0.0, 1.0
    share = hits / count
    middle, scale = share + _Z * _Z / (2 * count), 1 + _Z * _Z / count
    half = _Z * math.sqrt(share * (1 - share) / count + _Z * _Z / (4 * count * count))
    return max((middle - half) / scale, 0.0), min((middle + half) / scale, 1.0)


def poisson(count: int) -> tuple[float, float]:
    """Interval of what a Poisson count was expected to be, from the tails of the distribution by bisection."""
    low = _root(lambda mean: 1 - _below(count - 1, mean) - 0.025, count) if count else 0.0
    return low, _root(lambda mean: 0.025 - _below(count, mean), count)


def _below(count: int, mean: float) -> float:
    """P(at most `count`)."""
    return sum(math.exp(-mean + n * math.log(mean) - math.lgamma(n + 1)) for n in range(count + 1)) if mean else 1.0


def _root(rising: Callable[[float], float], count: int) -> float:
    low, high = 1e-9, 4.0 * count + 20.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return (low + high) / 2


def _rounded(interval: tuple[float, float]) -> list[float]:
    return [round(value, 3) for value in interval]
