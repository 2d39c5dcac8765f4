"""Where a tracked object is between two looks, for whoever draws it. Pure, numpy-free, safe on the GUI thread.

A box belongs to the frame it was computed from (`Track.last_utc_s`); drawn on another frame it lags or runs ahead.
"""

from __future__ import annotations

from detection.detector import Track
from storage.records import Box

MAX_AHEAD_S = 0.5
"""Constant velocity is trusted this long; then the box stands still and fades."""

GONE_S = 1.5
"""Age of a look at which nothing of the box is left."""


def extrapolate(track: Track, utc_s: float) -> Box:
    """The box at the painted frame's time, moved at constant velocity by at most `MAX_AHEAD_S`, size kept."""
    dt_s = min(max(utc_s - track.last_utc_s, -MAX_AHEAD_S), MAX_AHEAD_S)
    return shifted(track.box, track.velocity[0] * dt_s, track.velocity[1] * dt_s)


def opacity(track: Track, utc_s: float) -> float:
    """1.0 while the extrapolation is trusted, then falling in a straight line to 0.0 at `GONE_S`."""
    age_s = abs(utc_s - track.last_utc_s)
    return min(max((GONE_S - age_s) / (GONE_S - MAX_AHEAD_S), 0.0), 1.0)


def shifted(box: Box, dx: float, dy: float) -> Box:
    """The box moved by (dx, dy)."""
    return Box(box.x1 + dx, box.y1 + dy, box.x2 + dx, box.y2 + dy)
