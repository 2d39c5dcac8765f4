from __future__ import annotations

import ctypes
import sys

from video.heap import bound_heaps


def test_heaps_are_bounded_where_the_library_can() -> None:
    can = sys.platform.startswith("linux") and hasattr(ctypes.CDLL(None), "mallopt")
    assert bound_heaps() is can
