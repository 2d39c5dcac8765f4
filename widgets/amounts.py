"""Lengths and sizes as an operator reads them. Pure: what lists at the start, too, without what exports."""

from __future__ import annotations


def length_text(seconds: float) -> str:
    """`20 min 5 s`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (rest, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"


def size_text(count: int) -> str:
    """`1.4 GB`, `12 MB`, `45 kB`."""
    for unit, power in (("GB", 1e9), ("MB", 1e6)):
        if count >= power:
            return f"{count / power:.1f} {unit}"
    return f"{-(-count // 1000)} kB"
