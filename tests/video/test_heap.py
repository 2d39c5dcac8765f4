from __future__ import annotations

import ctypes
import sys

from video.heap import bound_heaps, give_back


def test_heaps_are_bounded_where_the_library_can() -> None:
    can = sys.platform.startswith("linux") and hasattr(ctypes.CDLL(None), "mallopt")
    assert bound_heaps() is can


def test_what_lies_free_is_given_back_where_the_library_can() -> None:
    blocks = [bytearray(100_000) for _ in range(200)]  # from the heap: too small for pages of their own
    del blocks[::2]
    gone = give_back()
    assert gone is (sys.platform.startswith("linux") and hasattr(ctypes.CDLL(None), "malloc_trim"))
