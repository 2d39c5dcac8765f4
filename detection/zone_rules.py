"""Rules about zones: something of the wanted labels is in the zone, in a condition that each rule says, for some time.

An object stands where its foot point is. All memory is in frame time; nothing here reads a clock.
"""

from __future__ import annotations

from dataclasses import replace

from detection.detector import Track, TrackSet, TrackState
from detection.geometry import Area, checked_polygon
from detection.perspective import Ground
from detection.rule_memory import (
    LEAVE_S,
    MIN_LOOKS,
    PLACE_RADIUS,
    ROUNDING_S,
    Cooldown,
    Reported,
    Stay,
    event_of,
    lowest_score,
    near,
)
from storage.records import Event, RuleSpec, Zone

LOITER_S = 30.0
LOITER_LEAVE_S = 3.0
"""Who steps out of the zone for less than this has not left it."""


class StayRule:
    """Fires once per stay; silent for the cooldown about the same track and about the same place."""

    leave_s = LEAVE_S
    handover_s = 0.0
    """A new track at the place where one was lost so long ago goes on with its stay."""
    handover_radius = PLACE_RADIUS

    def __init__(self, spec: RuleSpec, zone: Zone, ground: Ground | None = None) -> None:
        self.spec = spec
        self.ground = ground
        self.area = Area(checked_polygon(zone.points))
        self.hold_s = spec.hold_s
        self._labels = frozenset(spec.labels)
        self._min_score = lowest_score(spec)
        self._stays: dict[int, Stay] = {}
        self._lost: list[Stay] = []
        self._cooldown = Cooldown(spec.id, self.silence_s(spec))

    @staticmethod
    def silence_s(spec: RuleSpec) -> float:
        """How long the rule is silent about what it reported."""
        return spec.cooldown_s

    def holds(self, track: Track, now_s: float) -> bool:
        """Whether the track is in the rule's condition at this look."""
        del now_s
        return self.area.holds(track.box.foot)

    @property
    def alarmed(self) -> frozenset[int]:
        """Tracks reported in their present stay."""
        return frozenset(track_id for track_id, stay in self._stays.items() if stay.alarmed)

    @property
    def reported(self) -> tuple[Reported, ...]:
        """What the cooldowns go by; survives a restart of the process through `recall`."""
        return self._cooldown.reported

    def update(self, tracks: TrackSet) -> list[Event]:
        """Events at this frame."""
        now_s, events = tracks.utc_s, []
        for track in tracks.tracks:
            if track.state is not TrackState.LIVE or track.label not in self._labels or track.score < self._min_score:
                continue
            if self.holds(track, now_s):
                stay = self._enter(track, now_s)
                if not stay.alarmed and self._due(track, stay):
                    events.append(event_of(self.spec, track, stay.since_utc_s, now_s))
            elif track.id in self._stays:
                self._step_out(track, now_s)
        if self._stays:
            self.forget({t.id for t in tracks.tracks}, now_s)
        return events

    def reset(self, utc_s: float) -> None:
        """Forget stays; what was reported keeps its cooldown, from the new time on."""
        self._stays.clear()
        self._lost.clear()
        self._cooldown.reset(utc_s)

    def recall(self, reported: Reported) -> None:
        """Take over what was reported before a restart."""
        self._cooldown.recall(reported)

    def forget(self, present: set[int], now_s: float) -> None:
        """Stays of tracks that have ended go, or wait for a new track."""
        gone = [track_id for track_id in self._stays if track_id not in present]
        for track_id in gone:
            stay = self._stays.pop(track_id)
            if self.handover_s > 0.0:
                self._lost.append(stay)
        if self._lost:
            self._lost = [stay for stay in self._lost if now_s - stay.seen_utc_s <= self.handover_s]

    def new_stay(self, track: Track, now_s: float) -> Stay:
        """A stay that begins: with the first look, when all looks at a new track were inside."""
        # A track is shown from its second look on: when all of them were inside, the stay began with the first.
        if track.path and len(track.path) <= MIN_LOOKS and all(self.area.holds(foot) for foot in track.path):
            return Stay(track.first_utc_s, now_s, looks=len(track.path))
        return Stay(now_s, now_s)

    def _enter(self, track: Track, now_s: float) -> Stay:
        stay = self._stays.get(track.id)
        if stay is None:
            stay = self._stays[track.id] = self._taken_over(track, now_s) or self.new_stay(track, now_s)
        elif now_s > stay.seen_utc_s:
            stay.looks += 1
        stay.seen_utc_s = now_s
        stay.outside_since_s = None
        stay.foot = track.box.foot
        if stay.alarmed:
            self._cooldown.note(track.id, stay.foot, now_s)
        return stay

    def _taken_over(self, track: Track, now_s: float) -> Stay | None:
        """The stay of a track that was lost here before this one began."""
        if self.handover_s <= 0.0:
            return None
        lost = [(None, stay) for stay in self._lost] + [(i, s) for i, s in self._stays.items() if i != track.id]
        for track_id, stay in lost:
            recent = now_s - stay.seen_utc_s <= self.handover_s and stay.seen_utc_s <= track.first_utc_s
            if recent and near(stay.foot, track.box.foot, self.handover_radius):
                if track_id is None:
                    self._lost.remove(stay)
                else:
                    del self._stays[track_id]
                return replace(stay, looks=stay.looks + 1)
        return None

    def _due(self, track: Track, stay: Stay) -> bool:
        if stay.looks < MIN_LOOKS or stay.seen_utc_s - stay.since_utc_s < self.hold_s - ROUNDING_S:
            return False
        known = self._cooldown.silences(track.id, stay.foot, stay.seen_utc_s)
        stay.alarmed = True
        self._cooldown.note(track.id, stay.foot, stay.seen_utc_s)
        return not known

    def _step_out(self, track: Track, now_s: float) -> None:
        stay = self._stays[track.id]
        if stay.outside_since_s is None:
            stay.outside_since_s = now_s
        elif now_s - stay.outside_since_s > self.leave_s:
            del self._stays[track.id]


class IntrusionRule(StayRule):
    """Its foot is inside the zone for `hold_s`."""


class LoiteringRule(StayRule):
    """It stays in the zone for `limit` seconds; a short step out, or a track that was lost for a moment, is no end."""

    leave_s = LOITER_LEAVE_S
    handover_s = LOITER_LEAVE_S
    handover_radius = 2 * PLACE_RADIUS

    def __init__(self, spec: RuleSpec, zone: Zone, ground: Ground | None = None) -> None:
        super().__init__(spec, zone, ground)
        self.hold_s = spec.limit if spec.limit is not None else LOITER_S


class PerimeterRule(StayRule):
    """Any part of its lower edge is in a protected strip for `hold_s`: who only touches it is meant, too."""

    def holds(self, track: Track, now_s: float) -> bool:
        """Whether the lower edge touches the strip."""
        del now_s
        x1, _, x2, y2 = track.box
        return any(self.area.holds((x, y2)) for x in ((x1 + x2) / 2, x1, x2))
