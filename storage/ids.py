"""Time-sortable identifiers (UUIDv7, RFC 9562). Imports nothing of ours; any thread."""

from __future__ import annotations

import secrets
import threading

_RANDOM_BITS = 74


class Ids:
    """UUIDv7 of one clock. Those of one millisecond count up from a random start (RFC 9562, 6.2, method 2): what one
    process makes keeps its order, so that "newest first" by id is true however fast the keys were pressed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ms, self._random = -1, 0

    def next(self, utc_s: float) -> str:
        """The next one, 32 hexadecimal digits."""
        ms = int(utc_s * 1000)
        with self._lock:
            if ms == self._ms:
                self._random = (self._random + 1 + secrets.randbits(32)) % (1 << _RANDOM_BITS)
            else:
                self._ms, self._random = ms, secrets.randbits(_RANDOM_BITS - 1)  # room to count
            random = self._random
        value = ms << 80 | 0x7 << 76 | (random >> 62) << 64 | 0b10 << 62 | random & ((1 << 62) - 1)
        return f"{value:032x}"
