"""One camera of a playback as one tile sees it (`feeds.CameraFeed`): a reel, the stored tracks beside it, honest state.

The GUI thread asks; `turn` is on a thread of the session's pool and may read files.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from app.feeds import Lowered, Quality, TileState, TileStatus
from app.i18n import _
from app.labels import label_of
from app.playback_feeds import ClockNote
from app.texts import sentence
from detection.detector import TrackSet
from storage.footage_records import Gap, GapReason
from storage.records import Camera, RuleSpec, Zone
from video.convert import Scalers
from video.frame import Picture
from video.reel_status import ReelStatus
from video.reel_window import Heading
from video.source import VideoCode
from video.synced_reel import SyncedReel

SetsOf = Callable[[str, float, float], Sequence[TrackSet]]
"""Stored tracks of a camera and time, by time; reads a file."""
NoteOf = Callable[[str, float], ClockNote | None]
"""What is known of a camera's clock at a time; reads a file."""
_TRACKS_S = 30.0
_TRACKS_HOLD_S = 1.5
_NEWS_S = 60.0
"""Tracks younger than this may not be stored yet: they are looked for again."""
_SAME_CLOCK_S = 3600.0
_STANDS = 1e-6


class FeedSession(Protocol):
    """What a feed needs of its session."""

    def heading(self, camera_id: str) -> Heading | None:
        """Where the clock is; None while this camera may not be shown."""

    def nudge(self, feed: PlaybackFeed) -> None:
        """There is something to do for it."""

    def left(self, feed: PlaybackFeed) -> None:
        """Its tile shows something else."""

    def may_see(self, camera_id: str) -> bool:
        """Whether who sits here may see this camera."""

    def now(self) -> float:
        """UTC."""


@dataclass(frozen=True, slots=True)
class FeedSources:
    """What of a camera is asked for on the pool's threads, besides its footage."""

    sets_of: SetsOf = lambda _camera_id, _from_utc_s, _to_utc_s: ()
    note_of: NoteOf = lambda _camera_id, _utc_s: None


@dataclass(frozen=True, slots=True)
class _Known:
    """Stored tracks of a stretch, in the session's time."""

    from_utc_s: float
    to_utc_s: float
    sets: Sequence[TrackSet]
    read_utc_s: float


class FeedJob:
    """The work of one feed, on the pool's threads (`reel_pool.Job`): its clock's offset, its pictures, its tracks."""

    def __init__(self, camera_id: str, session: FeedSession, reel: SyncedReel, sources: FeedSources) -> None:
        self.reel = reel
        self.note: ClockNote | None = None
        self._camera_id, self._session, self._sources = camera_id, session, sources
        self._noted_utc_s: float | None = None
        self._tracks: _Known | None = None

    def turn(self, scalers: Scalers) -> float | None:
        """See `reel_pool.Job`."""
        heading = self._session.heading(self._camera_id) if self.reel.wanted else None
        if heading is not None:
            self._know_clock(heading.utc_s)
        due_s = self.reel.turn(scalers)
        if heading is not None:
            self._know_tracks(heading.utc_s)
        return due_s

    def close(self) -> None:
        """Files and pictures go."""
        self.reel.close()
        self._tracks = None

    def tracks_at(self, utc_s: float) -> TrackSet | None:
        """The newest look at or before this time that is not too old; any thread."""
        known = self._tracks
        if known is None:
            return None
        at = bisect_right(known.sets, utc_s, key=lambda found: found.utc_s)
        newest = known.sets[at - 1] if at else None
        return newest if newest is not None and utc_s - newest.utc_s <= _TRACKS_HOLD_S else None

    def _know_clock(self, utc_s: float) -> None:
        if self._noted_utc_s is not None and abs(utc_s - self._noted_utc_s) < _SAME_CLOCK_S:
            return
        self._noted_utc_s = utc_s
        self.note = self._sources.note_of(self._camera_id, utc_s)
        self.reel.set_offset(self.note.offset_s if self.note is not None else 0.0)

    def _know_tracks(self, utc_s: float) -> None:
        """Read a stretch around the clock, again when the clock leaves it or more may be stored by now."""
        known, now_utc_s, margin_s = self._tracks, self._session.now(), _TRACKS_S / 3
        if known is not None and known.from_utc_s + margin_s <= utc_s <= known.to_utc_s - margin_s:
            whole = known.read_utc_s - known.to_utc_s > _NEWS_S
            if whole or now_utc_s - known.read_utc_s < margin_s:
                return
        begin, end, offset_s = utc_s - _TRACKS_S, utc_s + _TRACKS_S, self.reel.offset_s
        sets = self._sources.sets_of(self._camera_id, begin + offset_s, end + offset_s)
        self._tracks = _Known(begin, end, [_moved(one, offset_s) for one in sets], now_utc_s)


class PlaybackFeed:
    """What a tile holds. GUI thread."""

    def __init__(
        self,
        camera: Camera,
        zones: tuple[Zone, ...],
        rules: tuple[RuleSpec, ...],
        session: FeedSession,
        job: FeedJob,
    ) -> None:
        self.camera, self.zones, self.rules, self.job = camera, zones, rules, job
        self._session = session
        self._box = (0, 0)

    def want(self, width_px: int, height_px: int) -> None:
        """Size of the tile in device pixels; 0, 0 when hidden."""
        if (width_px, height_px) != self._box:
            self._box = (width_px, height_px)
            self.job.reel.want(width_px, height_px)
            self._session.nudge(self)

    def attend(self, *, attended: bool, high: bool) -> None:
        """What is recorded is one stream: there is no other to choose."""

    def take(self) -> Picture | None:
        """The picture that the session's clock has come to, once."""
        if not self._session.may_see(self.camera.id):
            return None
        picture, wanting = self.job.reel.take()
        if wanting:
            self._session.nudge(self)
        return picture

    @property
    def settled(self) -> bool:
        """Whether nobody looks, or what is shown is of the clock's time, or it is known that nothing can be."""
        told = self.job.reel.status()
        return not self.job.reel.wanted or told.settled or told.failed is not None

    def status(self) -> TileStatus:
        """LIVE while the clock's time is shown, NO_SIGNAL with the reason where footage is missing."""
        if not self._session.may_see(self.camera.id):
            return TileStatus(TileState.NO_RIGHTS, reason=_("Your camera groups do not hold this camera."))
        told, heading = self.job.reel.status(), self._session.heading(self.camera.id)
        if told.failed is not None:
            return TileStatus(TileState.NO_SIGNAL, reason=sentence(told.failed))
        if not told.settled or heading is None:
            return TileStatus(TileState.CONNECTING, width=told.width, height=told.height)
        if told.gap is not None:
            return TileStatus(TileState.NO_SIGNAL, reason=_missing(told.gap, told.fault))
        return TileStatus(
            TileState.LIVE,
            notice=_notice(told),
            fps=told.fps,
            width=told.width,
            height=told.height,
            quality=quality_of(late=told.late),
            pictures_per_s=max(told.fps * abs(heading.speed), _STANDS),
        )

    def tracks(self) -> TrackSet | None:
        """The stored tracks of the moment that is shown."""
        heading = self._session.heading(self.camera.id)
        if heading is None or not self._session.may_see(self.camera.id):
            return None
        return self.job.tracks_at(heading.utc_s)

    def close(self) -> None:
        """The tile shows something else."""
        self.job.reel.want(0, 0)
        self._session.left(self)


def _missing(gap: Gap, fault: object) -> str:
    """Why there is no picture: what the index knows of the gap, else what is wrong with the file that is there."""
    if fault is not None and gap.reason is GapReason.UNKNOWN:
        lost = fault is VideoCode.NO_FILE
        return _("The recording's file is missing, or its disk is.") if lost else _("The recording's file is damaged.")
    if gap.reason in (GapReason.NOT_BEGUN, GapReason.NOT_YET):
        return label_of(gap.reason)
    return _("No recording: {reason}").format(reason=label_of(gap.reason))


def _notice(told: ReelStatus) -> str:
    """What must be known of the picture that is shown; above all that it is none of ours."""
    if told.origin:
        return _("Not our recording: {origin}").format(origin=told.origin)
    return _("backwards at less detail: few key frames") if told.coarse else ""


def quality_of(*, late: bool) -> Quality:
    """Whether only key frames come in time."""
    return Quality(lowered=Lowered.KEYS if late else Lowered.NO)


def _moved(found: TrackSet, offset_s: float) -> TrackSet:
    """In the session's time."""
    if not offset_s:
        return found
    tracks = tuple(
        replace(one, first_utc_s=one.first_utc_s - offset_s, last_utc_s=one.last_utc_s - offset_s)
        for one in found.tracks
    )
    return replace(found, utc_s=found.utc_s - offset_s, tracks=tracks)
