"""How many heaps the C library may make, and what it gives back (glibc only; elsewhere nothing is done).

Each reader thread would get a heap of its own, up to eight per core, and what it frees stays there: 0.25 MB more per
stream. Readers hold the GIL and decoders keep pools of frames, so two heaps are not waited for.
"""

from __future__ import annotations

import ctypes
import sys

_M_ARENA_MAX = -8
_HEAPS = 2


def bound_heaps() -> bool:
    """For the whole process, and only before many threads have begun; False where it cannot be said."""
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(mallopt(_M_ARENA_MAX, _HEAPS))


def give_back() -> bool:
    """Hand what lies free between what is in use back to the system: some milliseconds, without the GIL.

    Cameras that come and go leave holes: a wall of 64, half of it flapping, grew by 150 MB in an hour while what it
    used stayed the same. False when nothing was given."""
    if not sys.platform.startswith("linux"):
        return False
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim is not None and bool(trim(0))
