"""The garbage collector while the program starts. Importing this module, first of all, pauses it: imports make more
than two hundred thousand objects that stay, and the collector would go through them again and again.

`settle` ends the pause. What is there then is never gone through again: a collection of everything took 0.1 s, in
which no thread paints. Only where the program itself is what runs: a test that imports it keeps its collector.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path

PROGRAMS = frozenset({"main", "watchfloor"})
_IS_PROGRAM = Path(getattr(sys.modules["__main__"], "__file__", None) or "").stem in PROGRAMS

if _IS_PROGRAM:
    gc.disable()


def settle() -> None:
    """What was made until now stays, from here on garbage is collected; may be called again at a later point."""
    if _IS_PROGRAM:
        gc.freeze()
        gc.enable()
