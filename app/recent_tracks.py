"""What the cameras' tracks were in the last two minutes, for instant replay: stored tracks are a minute late.

`take` comes on the detection service's threads, `at` on the GUI thread; both return at once. Memory only, bounded; a
track's trail is not kept but put together again from the looks before.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from detection.detector import Track, TrackSet

KEPT_S = 120.0
MOST_LOOKS = 1200
HOLD_S = 1.5
"""A look older than this says nothing of a picture."""
TRAIL_LOOKS = 16

Foot = tuple[float, float]


class RecentTracks:
    """Of all cameras."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looks: dict[str, deque[TrackSet]] = {}

    def take(self, found: TrackSet) -> None:
        """A look; one that goes back in time begins anew."""
        lean = replace(found, tracks=tuple(replace(track, path=()) for track in found.tracks))
        with self._lock:
            looks = self._looks.setdefault(found.camera_id, deque(maxlen=MOST_LOOKS))
            if looks and found.utc_s < looks[-1].utc_s:
                looks.clear()
            looks.append(lean)
            while looks[0].utc_s < found.utc_s - KEPT_S:
                looks.popleft()

    def before(self, then: Callable[[TrackSet], None] | None) -> Callable[[TrackSet], None]:
        """`take`, and whoever wants the look then."""
        if then is None:
            return self.take
        further = then

        def both(found: TrackSet) -> None:
            self.take(found)
            further(found)

        return both

    def at(self, camera_id: str, utc_s: float) -> TrackSet | None:
        """The newest look at or before this time that is not too old, with its trails."""
        with self._lock:
            looks = list(self._looks.get(camera_id, ()))
        place = bisect_right(looks, utc_s, key=lambda look: look.utc_s)
        if not place or utc_s - looks[place - 1].utc_s > HOLD_S:
            return None
        trails = _trails(looks[max(place - TRAIL_LOOKS, 0) : place])
        found = looks[place - 1]
        return replace(found, tracks=tuple(replace(track, path=tuple(trails[track.id])) for track in found.tracks))


def _trails(looks: list[TrackSet]) -> dict[int, list[Foot]]:
    trails: dict[int, list[Foot]] = {}
    for look in looks:
        for track in look.tracks:
            _add(trails.setdefault(track.id, []), track)
    return trails


def _add(trail: list[Foot], track: Track) -> None:
    if not trail or trail[-1] != track.box.foot:  # one that was not seen stays where it was
        trail.append(track.box.foot)
