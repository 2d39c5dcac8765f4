"""Which times an export begins with, before anybody typed one. Pure."""

from __future__ import annotations

LENGTH_S = 300.0
_BEFORE_S = 120.0


def last_minutes(now_utc_s: float) -> tuple[float, float]:
    """The last five whole minutes."""
    end = now_utc_s // 60 * 60
    return end - LENGTH_S, end


def around(utc_s: float, now_utc_s: float) -> tuple[float, float]:
    """Five whole minutes with this moment in them, as far as they have passed."""
    begin = utc_s // 60 * 60 - _BEFORE_S
    return begin, max(min(begin + LENGTH_S, now_utc_s // 1), begin)
