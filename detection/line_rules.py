"""Rules about lines: a foot point goes over an open line, and in which direction; counted both ways.

"In" is from left to right for who walks along the line from its first point. Crossings are signed and summed from one
place clear of the line to the next, so that a box that jitters over it counts once, and who walks round its end not at
all. All memory is in frame time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from detection.detector import Tally, Track, TrackSet, TrackState
from detection.geometry import checked_line
from detection.perspective import Ground
from detection.rule_memory import MIN_LOOKS, Cooldown, Foot, Reported, event_of, lowest_score
from storage.records import Event, RuleSpec, Zone

SHOWN_S = 3.0
"""How long a track that crossed is shown as alarmed."""

MARGIN = 0.008
"""Closer to the line than this, and some of the box's width, is neither side."""
_MARGIN_OF_WIDTH = 0.08


@dataclass(slots=True)
class _Walk:
    """A track since it was last clear of the line: where it was, the sum of its crossings (in: +1), when they began."""

    foot: Foot
    net: int = 0
    since_utc_s: float | None = None
    clear_looks: int = 0
    shown_until_s: float = 0.0


class LineRule:
    """Fires once for each crossing in the wanted direction; silent for `cooldown_s` about the same track and place."""

    def __init__(self, spec: RuleSpec, zone: Zone, ground: Ground | None = None) -> None:
        del ground
        self.spec = spec
        self._edges = tuple(pairwise(checked_line(zone.points)))
        self._labels, self._min_score = frozenset(spec.labels), lowest_score(spec)
        self._walks: dict[int, _Walk] = {}
        self._now_s = 0.0
        self._ins = self._outs = 0
        self._cooldown = Cooldown(spec.id, spec.cooldown_s)

    @property
    def alarmed(self) -> frozenset[int]:
        """Tracks that crossed a moment ago."""
        return frozenset(track_id for track_id, walk in self._walks.items() if walk.shown_until_s > self._now_s)

    @property
    def reported(self) -> tuple[Reported, ...]:
        """What the cooldowns go by."""
        return self._cooldown.reported

    @property
    def tally(self) -> Tally:
        """Crossings each way since the rule was made."""
        return Tally(self.spec.id, self._ins, self._outs)

    def count_from(self, tally: Tally) -> None:
        """Go on with the figures of before a restart."""
        self._ins, self._outs = tally.ins, tally.outs

    def update(self, tracks: TrackSet) -> list[Event]:
        """Events at this frame."""
        self._now_s = tracks.utc_s
        events = []
        for track in tracks.tracks:
            if track.state is TrackState.LIVE and track.label in self._labels and track.score >= self._min_score:
                event = self._step(track, tracks.utc_s)
                if event is not None:
                    events.append(event)
        if self._walks:
            present = {t.id for t in tracks.tracks}
            self._walks = {track_id: walk for track_id, walk in self._walks.items() if track_id in present}
        return events

    def reset(self, utc_s: float) -> None:
        """Forget where tracks were; figures stay."""
        self._walks.clear()
        self._cooldown.reset(utc_s)

    def recall(self, reported: Reported) -> None:
        """Take over what was reported before a restart."""
        self._cooldown.recall(reported)

    def _step(self, track: Track, now_s: float) -> Event | None:
        foot = track.box.foot
        walk = self._walks.get(track.id)
        if walk is None:
            walk = self._walks[track.id] = _Walk(track.path[0] if track.path else foot)
        crossed = self._crossed(walk.foot, foot)
        walk.foot = foot
        if crossed:
            walk.net += crossed
            walk.clear_looks = 0
            walk.since_utc_s = now_s if walk.since_utc_s is None else walk.since_utc_s
        if not self._is_clear(track):
            return None
        walk.clear_looks += 1
        if walk.clear_looks < MIN_LOOKS:
            return None
        net, since_utc_s = walk.net, walk.since_utc_s
        walk.net, walk.since_utc_s = 0, None
        if net == 0 or since_utc_s is None:
            return None
        return self._crossing(track, walk, since_utc_s, now_s, inward=net > 0)

    def _crossing(self, track: Track, walk: _Walk, since_utc_s: float, now_s: float, *, inward: bool) -> Event | None:
        self._ins += inward
        self._outs += not inward
        if self.spec.direction not in ("", "in" if inward else "out"):
            return None
        walk.shown_until_s = now_s + max(SHOWN_S, self.spec.hold_s)
        foot = track.box.foot
        known = self._cooldown.silences(track.id, foot, now_s)
        self._cooldown.note(track.id, foot, now_s)
        return None if known else event_of(self.spec, track, since_utc_s, now_s)

    def _crossed(self, start: Foot, end: Foot) -> int:
        """Signed crossings of one step; half-open, so that a step through a corner of the line counts once."""
        if start == end:
            return 0
        total = 0
        for first, last in self._edges:
            before, after = _is_right(first, last, start), _is_right(first, last, end)
            if before != after and _is_right(start, end, first) != _is_right(start, end, last):
                total += 1 if after else -1
        return total

    def _is_clear(self, track: Track) -> bool:
        foot, box = track.box.foot, track.box
        margin = MARGIN + _MARGIN_OF_WIDTH * (box.x2 - box.x1)
        return all(_distance(first, last, foot) > margin for first, last in self._edges)


def _is_right(first: Foot, last: Foot, point: Foot) -> bool:
    """Whether the point is to the right of who walks from first to last (y grows downwards)."""
    return (last[0] - first[0]) * (point[1] - first[1]) > (last[1] - first[1]) * (point[0] - first[0])


def _distance(first: Foot, last: Foot, point: Foot) -> float:
    dx, dy = last[0] - first[0], last[1] - first[1]
    share = ((point[0] - first[0]) * dx + (point[1] - first[1]) * dy) / (dx * dx + dy * dy)
    share = min(max(share, 0.0), 1.0)
    return math.hypot(point[0] - first[0] - share * dx, point[1] - first[1] - share * dy)
