"""Directions on a picture as a rule's text gives them. Pure; any thread, any process."""

from __future__ import annotations

from math import isfinite


def degrees_of(direction: str) -> float:
    """A wrong way rule's allowed way, 0..360 degrees clockwise from "up". Raises ValueError."""
    degrees = float(direction)
    if not isfinite(degrees):
        raise ValueError(direction)
    return degrees % 360.0
