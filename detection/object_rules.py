"""Rules about things: one that is left alone (abandoned), and one that is not there any more (removed).

A thing is known by its place, not by its track: a detector loses and finds it again. All memory is in frame time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from detection.detector import Track, TrackSet, TrackState
from detection.geometry import Area, checked_polygon
from detection.perspective import ASPECT, Ground
from detection.rule_memory import (
    LEAVE_S,
    ROUNDING_S,
    Cooldown,
    Foot,
    Reported,
    event_of,
    lowest_score,
    near,
    still_radius,
)
from storage.records import Box, Event, RuleSpec, Zone

PERSON = "person"
ABANDONED_S = 30.0
REMOVED_S = 10.0
KNOWN_S = 10.0
"""A thing that stood for so long, and was seen so often, is known."""

KNOWN_LOOKS = 10
UNSEEN_S = 20.0
"""An abandoned thing that a detector does not see for longer is not there."""

VISIT_S = 4.0
"""Who comes near for less than this passes by."""

ABSENT_S = 2.0
"""Nobody near for less than this is a person who was not seen for a moment."""

NEAR_M = 2.0
_NEAR_HEIGHTS = 1.2
"""Without a scale: so many heights of the person."""

FORGET_S = 3600.0
"""The place of an abandoned thing is known at least so long: it is seen again and again."""

_COVERED = 0.1
_MOST_THINGS = 64


@dataclass(slots=True)
class Thing:
    """Something that stands at a place. `gone_s` counts the time in which its place was seen without it."""

    track: Track
    foot: Foot
    since_s: float
    seen_s: float
    looks: int = 1
    away_since_s: float | None = None
    alone_since_s: float | None = None
    visit_since_s: float | None = None
    absent_since_s: float | None = None
    gone_s: float = 0.0
    alarmed: bool = False


class ThingRule:
    """Knows the things of a zone; what is to be said of them is in the subclasses."""

    def __init__(self, spec: RuleSpec, zone: Zone, ground: Ground | None = None) -> None:
        self.spec, self.ground = spec, ground
        self._area = Area(checked_polygon(zone.points))
        self._labels, self._min_score = frozenset(spec.labels), lowest_score(spec)
        self.things: list[Thing] = []
        self._last_s: float | None = None
        self.cooldown = Cooldown(spec.id, max(spec.cooldown_s, FORGET_S))

    @property
    def alarmed(self) -> frozenset[int]:
        """Things that were reported and are still there."""
        return frozenset(thing.track.id for thing in self.things if thing.alarmed)

    @property
    def reported(self) -> tuple[Reported, ...]:
        """What the cooldowns go by."""
        return self.cooldown.reported

    def update(self, tracks: TrackSet) -> list[Event]:
        """Events at this frame."""
        now_s = tracks.utc_s
        passed_s = 0.0 if self._last_s is None else now_s - self._last_s
        self._last_s = now_s
        seen = [t for t in tracks.tracks if t.state is TrackState.LIVE and self._concerns(t)]
        if not seen and not self.things:
            return []
        self._match(seen, now_s)
        return self.judge(tracks, now_s, passed_s)

    def judge(self, tracks: TrackSet, now_s: float, passed_s: float) -> list[Event]:
        """What the things of this look mean; implemented by each rule."""
        raise NotImplementedError

    def reset(self, utc_s: float) -> None:
        """Forget the things; what was reported keeps its cooldown."""
        self.things.clear()
        self._last_s = None
        self.cooldown.reset(utc_s)

    def recall(self, reported: Reported) -> None:
        """Take over what was reported before a restart."""
        self.cooldown.recall(reported)

    def report(self, thing: Thing, since_utc_s: float, now_s: float) -> list[Event]:
        """The thing's event, unless its place is silent."""
        known = self.cooldown.silences(thing.track.id, thing.foot, now_s)
        self.cooldown.note(thing.track.id, thing.foot, now_s)
        thing.alarmed = True
        return [] if known else [event_of(self.spec, thing.track, since_utc_s, now_s)]

    def _concerns(self, track: Track) -> bool:
        return track.label in self._labels and track.score >= self._min_score and self._area.holds(track.box.foot)

    def _match(self, seen: list[Track], now_s: float) -> None:
        free = list(self.things)
        for track in seen:
            foot, radius = track.box.foot, still_radius(track)
            thing = next((t for t in free if near(t.foot, foot, radius)), None)
            if thing is not None:
                free.remove(thing)
                _see(thing, track, now_s)
                continue
            strayed = next((t for t in free if t.track.id == track.id), None)
            if strayed is not None and not _strays(strayed, now_s):
                free.remove(strayed)
            elif len(self.things) < _MOST_THINGS:
                self.things.append(Thing(track, foot, now_s, now_s))
                if strayed is not None:
                    self.moved(strayed)

    def moved(self, thing: Thing) -> None:
        """The thing's own track has left its place."""


def _see(thing: Thing, track: Track, now_s: float) -> None:
    thing.track, thing.seen_s, thing.away_since_s, thing.gone_s = track, now_s, None, 0.0
    thing.looks += 1


def _strays(thing: Thing, now_s: float) -> bool:
    """Whether its track has been elsewhere for longer than a box jitters."""
    if thing.away_since_s is None:
        thing.away_since_s = now_s
    return now_s - thing.away_since_s > LEAVE_S


class AbandonedRule(ThingRule):
    """A thing stands in the zone for `limit` seconds with no person near."""

    def judge(self, tracks: TrackSet, now_s: float, passed_s: float) -> list[Event]:
        """Things that have been alone for long enough."""
        del passed_s
        self.things = [t for t in self.things if now_s - t.seen_s <= UNSEEN_S]
        people = [t for t in tracks.tracks if t.label == PERSON]
        limit_s = self.spec.limit if self.spec.limit is not None else ABANDONED_S
        events = []
        for thing in self.things:
            self._attend(thing, people, now_s)
            if thing.alarmed:
                self.cooldown.note(thing.track.id, thing.foot, now_s)
                continue
            # Seen now, and nobody is coming back for it just now.
            here = thing.seen_s == now_s and thing.absent_since_s is not None
            if here and thing.alone_since_s is not None and now_s - thing.alone_since_s >= limit_s - ROUNDING_S:
                events += self.report(thing, thing.alone_since_s, now_s)
        return events

    def moved(self, thing: Thing) -> None:
        """Somebody takes it along: the place is free."""
        self.things.remove(thing)

    def _attend(self, thing: Thing, people: list[Track], now_s: float) -> None:
        """Keep since when the thing has been alone; it begins attended."""
        if any(self._is_near(thing, person) for person in people):
            thing.absent_since_s = None
            if thing.visit_since_s is None:
                thing.visit_since_s = now_s
            if now_s - thing.visit_since_s > VISIT_S:
                thing.alone_since_s = None
            return
        if thing.absent_since_s is None:
            thing.absent_since_s = now_s
        if now_s - thing.absent_since_s >= ABSENT_S:
            thing.visit_since_s = None
            if thing.alone_since_s is None:
                thing.alone_since_s = thing.absent_since_s

    def _is_near(self, thing: Thing, person: Track) -> bool:
        foot = person.box.foot
        if self.ground is not None:
            return self.ground.distance_m(thing.foot, foot) < NEAR_M
        reach = _NEAR_HEIGHTS * (person.box.y2 - person.box.y1)
        return abs(thing.foot[0] - foot[0]) * ASPECT < reach and abs(thing.foot[1] - foot[1]) < reach / 2


class RemovedRule(ThingRule):
    """A known thing is not at its place for `limit` seconds, though nothing stands before it."""

    def judge(self, tracks: TrackSet, now_s: float, passed_s: float) -> list[Event]:
        """Known things whose place has been empty for long enough."""
        limit_s = self.spec.limit if self.spec.limit is not None else REMOVED_S
        kept, events = [], []
        for thing in self.things:
            if thing.seen_s != now_s and not _is_covered(thing, tracks):
                thing.gone_s += passed_s
            known = thing.looks >= KNOWN_LOOKS and thing.seen_s - thing.since_s >= KNOWN_S
            if thing.gone_s < (limit_s if known else min(limit_s, UNSEEN_S)):
                kept.append(thing)
            elif known:
                thing.track = replace(thing.track, box=_at(thing))
                events += self.report(thing, thing.seen_s, now_s)
        self.things = kept
        return events


def _at(thing: Thing) -> Box:
    """The thing's box where it stood."""
    box, (x, y) = thing.track.box, thing.foot
    half = (box.x2 - box.x1) / 2
    return Box(x - half, y - (box.y2 - box.y1), x + half, y)


def _is_covered(thing: Thing, tracks: TrackSet) -> bool:
    """Whether another box lies over its place: nothing can be said of it then."""
    place = _at(thing)
    size = max((place.x2 - place.x1) * (place.y2 - place.y1), 1e-9)
    return any(_common(place, t.box) / size > _COVERED for t in tracks.tracks if t.state is TrackState.LIVE)


def _common(first: Box, second: Box) -> float:
    width = min(first.x2, second.x2) - max(first.x1, second.x1)
    height = min(first.y2, second.y2) - max(first.y1, second.y1)
    return max(width, 0.0) * max(height, 0.0)
