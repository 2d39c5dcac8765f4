"""When a camera that gave nothing is tried again. Data and arithmetic only: the waiting is the session's."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from video.source import VideoCode

# A wrong password tried every 2 s locks the account; what the camera refuses today it mostly refuses in a minute, too.
_REFUSED = frozenset(
    {
        VideoCode.UNAUTHORIZED,
        VideoCode.NOT_FOUND,
        VideoCode.NOT_VIDEO,
        VideoCode.UNSUPPORTED,
        VideoCode.UNKNOWN_SCHEME,
        VideoCode.NO_PROTOCOL,
    }
)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Pauses in seconds. A network camera that somebody wants is asked every `first_s` by a cheap TCP probe;
    a refusal and a file back off from `first_s` to `most_s`; what nobody wants waits `most_s`."""

    first_s: float = 1.6  # with jitter and opening under the 3 s in which a camera that is back shall be seen
    most_s: float = 30.0
    jitter: float = 0.2
    probe_timeout_s: float = 1.0
    random: Callable[[], float] = field(default=random.random, repr=False)

    def pause_s(self, attempt: int, code: VideoCode, *, wanted: bool, network: bool) -> float:
        """How long to wait after the `attempt`-th failure in a row (1 is the first)."""
        if not wanted:
            base_s = self.most_s
        elif network and code not in _REFUSED:
            base_s = self.first_s
        else:
            base_s = min(self.first_s * 2.0 ** min(attempt - 1, 16), self.most_s)
        return base_s * (1.0 + self.jitter * (2.0 * self.random() - 1.0))

    def probes(self, code: VideoCode, *, network: bool) -> bool:
        """Whether a TCP probe tells enough before the next opening."""
        return network and code not in _REFUSED
