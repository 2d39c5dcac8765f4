"""Rules about zones. Intrusion: something of the wanted labels stands inside the zone for `hold_s`.

An object stands where its foot point is. All memory is in frame time; nothing here reads a clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from detection.detector import Track, TrackSet, TrackState
from detection.geometry import checked_polygon, inside
from storage.records import Event, RuleSpec, Zone, new_id

LEAVE_S = 0.5
"""Outside for longer than this is outside; shorter is a box that jitters over the edge."""

MIN_LOOKS = 2
PLACE_RADIUS = 0.06
"""Feet closer than this (0..1, both axes) are one place: a re-detection there is not new."""

MAX_PLACES = 64


@dataclass(slots=True)
class _Stay:
    """One track's stay inside the zone."""

    since_utc_s: float
    seen_utc_s: float
    looks: int = 1
    alarmed: bool = False
    outside_since_s: float | None = None


@dataclass(frozen=True, slots=True)
class Reported:
    """Something was reported; `foot` and `utc_s` are where and when it was last seen in the zone."""

    rule_id: str
    track_id: int
    foot: tuple[float, float]
    utc_s: float


class IntrusionRule:
    """Fires once per stay; silent for `cooldown_s` about the same track and about the same place."""

    def __init__(self, spec: RuleSpec, zone: Zone) -> None:
        self.spec = spec
        self._polygon = checked_polygon(zone.points)
        self._stays: dict[int, _Stay] = {}
        self._places: dict[int, Reported] = {}

    @property
    def alarmed(self) -> frozenset[int]:
        """Tracks reported in their present stay."""
        return frozenset(track_id for track_id, stay in self._stays.items() if stay.alarmed)

    @property
    def reported(self) -> tuple[Reported, ...]:
        """What the cooldowns go by; survives a restart of the process through `recall`."""
        return tuple(self._places.values())

    def update(self, tracks: TrackSet) -> list[Event]:
        """Events at this frame."""
        now_s = tracks.utc_s
        wanted = [t for t in tracks.tracks if t.state is TrackState.LIVE and self._concerns(t)]
        within = inside([t.box.foot for t in wanted], self._polygon).tolist() if wanted else []
        for track, is_inside in zip(wanted, within, strict=True):
            if is_inside:
                self._enter(track, now_s)
            else:
                self._step_out(track, now_s)
        present = {t.id for t in tracks.tracks}
        self._stays = {track_id: stay for track_id, stay in self._stays.items() if track_id in present}
        return [self._fire(t, now_s) for t, is_inside in zip(wanted, within, strict=True) if is_inside and self._due(t)]

    def reset(self, utc_s: float) -> None:
        """Forget stays; what was reported keeps its cooldown, from the new time on."""
        self._stays.clear()
        self._places = {i: replace(place, utc_s=min(place.utc_s, utc_s)) for i, place in self._places.items()}

    def recall(self, reported: Reported) -> None:
        """Take over what was reported before a restart."""
        self._note_place(reported.track_id, reported.foot, reported.utc_s)

    def _concerns(self, track: Track) -> bool:
        return track.label in self.spec.labels and track.score >= self.spec.min_score

    def _enter(self, track: Track, now_s: float) -> None:
        stay = self._stays.get(track.id)
        if stay is None:
            self._stays[track.id] = self._new_stay(track, now_s)
            return
        if now_s > stay.seen_utc_s:
            stay.looks += 1
            stay.seen_utc_s = now_s
        stay.outside_since_s = None
        if stay.alarmed:
            self._note_place(track.id, track.box.foot, now_s)

    def _new_stay(self, track: Track, now_s: float) -> _Stay:
        # A track is shown from its second look on: when all of them were inside, the stay began with the first.
        newborn = len(track.path) <= MIN_LOOKS and all(inside(track.path, self._polygon).tolist())
        if newborn and track.path:
            return _Stay(track.first_utc_s, now_s, looks=len(track.path))
        return _Stay(now_s, now_s)

    def _due(self, track: Track) -> bool:
        stay = self._stays[track.id]
        if stay.alarmed or stay.looks < MIN_LOOKS or stay.seen_utc_s - stay.since_utc_s < self.spec.hold_s:
            return False
        known = self._reported_here(track, stay.seen_utc_s)
        stay.alarmed = True
        self._note_place(track.id, track.box.foot, stay.seen_utc_s)
        return not known

    def _reported_here(self, track: Track, now_s: float) -> bool:
        x, y = track.box.foot
        return any(
            now_s - place.utc_s < self.spec.cooldown_s
            and (
                track_id == track.id
                or (abs(place.foot[0] - x) < PLACE_RADIUS and abs(place.foot[1] - y) < PLACE_RADIUS)
            )
            for track_id, place in self._places.items()
        )

    def _note_place(self, track_id: int, foot: tuple[float, float], now_s: float) -> None:
        self._places.pop(track_id, None)
        self._places[track_id] = Reported(self.spec.id, track_id, foot, now_s)
        if len(self._places) > MAX_PLACES:
            del self._places[next(iter(self._places))]

    def _step_out(self, track: Track, now_s: float) -> None:
        stay = self._stays.get(track.id)
        if stay is None:
            return
        if stay.outside_since_s is None:
            stay.outside_since_s = now_s
        elif now_s - stay.outside_since_s > LEAVE_S:
            del self._stays[track.id]

    def _fire(self, track: Track, now_s: float) -> Event:
        return Event(
            id=new_id(now_s),
            camera_id=self.spec.camera_id,
            rule_id=self.spec.id,
            kind=self.spec.kind,
            severity=self.spec.severity,
            utc_s=now_s,
            since_utc_s=self._stays[track.id].since_utc_s,
            track_id=track.id,
            label=track.label,
            score=track.score,
            box=track.box,
        )
