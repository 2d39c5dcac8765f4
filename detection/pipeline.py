"""One camera from detections to tracks and events. Pure and synchronous: the same frames give the same result.

Lives in the detection process (and in tests and replays); knows no queues and no clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from detection.detector import Detections, Image, Tally, TrackSet
from detection.doubt import Doubts
from detection.rule_memory import Reported
from detection.rules import RuleEngine
from detection.tracker import Tracker, TrackerSpec
from detection.usual_view import UsualView
from storage.records import Event, RuleSpec, Zone
from storage.registry_records import CameraScale


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at one frame gave."""

    tracks: TrackSet
    events: tuple[Event, ...]


class Pipeline:
    """Tracker and rules of one camera. Raises DetectionError (BAD_ZONE, BAD_RULE) when a rule cannot be used."""

    def __init__(
        self,
        camera_id: str,
        rules: Sequence[RuleSpec] = (),
        zones: Sequence[Zone] = (),
        *,
        detector: str = "",
        first_track_id: int = 1,
        tracker: TrackerSpec | None = None,
    ) -> None:
        self.camera_id = camera_id
        self.detector = detector
        self._tracker = Tracker(tracker, first_track_id)
        self._doubts, self._view = Doubts(), UsualView()
        self._rules = RuleEngine(camera_id, rules, zones)

    @property
    def reported(self) -> tuple[Reported, ...]:
        """Memory of the rules that must survive a restart."""
        return self._rules.reported

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """Figures of the rules' lines."""
        return self._rules.tallies

    def change_rules(
        self,
        rules: Sequence[RuleSpec],
        zones: Sequence[Zone],
        reported: Sequence[Reported],
        *,
        scale: CameraScale | None = None,
        timezone: str = "UTC",
        tallies: Sequence[Tally] = (),
    ) -> None:
        """Take other rules and zones; tracks and figures go on, and what was `reported` is not reported again."""
        suspended, counted = self._rules.suspended, tallies or self._rules.tallies
        self._rules = RuleEngine(
            self.camera_id, rules, zones, reported, scale=scale, timezone=timezone, tallies=counted
        )
        self._rules.suspended = suspended

    def suspend(self, suspended: bool) -> None:
        """Rules rest while the camera does not look where its zones were drawn."""
        self._rules.suspended = suspended

    def see(self, image: Image, utc_s: float) -> None:
        """The picture (H,W,3 BGR) of the next look, for rules about the picture itself and for what comes and goes."""
        self._view.see(image, utc_s)
        self._rules.see(image, utc_s)

    def look(self, detections: Detections, utc_s: float, pts_s: float = 0.0) -> Look:
        """Tracks and events of the frame taken at `utc_s`; `pts_s` is its place in the footage, carried along."""
        followed = self._tracker.update(detections, utc_s)
        judged = self._doubts.judged(followed, self._view, utc_s, self._rules.ground)
        self._view.learn(utc_s, (track.box for track in judged if not track.doubt))
        tracks = TrackSet(self.camera_id, utc_s, judged, pts_s=pts_s)
        events = self._rules.update(tracks)
        return Look(
            replace(tracks, alarmed=self._rules.alarmed, tallies=self._rules.tallies),
            tuple(replace(event, detector=self.detector, pts_s=pts_s) for event in events),
        )
