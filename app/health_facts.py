"""What is known of each camera's health at one moment, and in which order trouble is read. Frozen facts, any thread."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from app.decoder_words import Decoding
from app.i18n import _, marked
from detection.scheduler import Urgency
from video.source import VideoCode

STALE = "stale"
"""The reason of an outage over a stream that is open and sends nothing new."""


class HealthState(StrEnum):
    """From bad to good. `UNSTEADY`: pictures come, but some were lost, or it connected again, in the last five minutes.
    `CLOSED`: nobody wants the camera at the moment."""

    NO_SIGNAL = "no_signal"
    STALE = "stale"
    CONNECTING = "connecting"
    UNSTEADY = "unsteady"
    GOOD = "good"
    CLOSED = "closed"


_ORDER = {state: place for place, state in enumerate(HealthState)}
_WORDS = {
    HealthState.NO_SIGNAL: marked("No signal"),
    HealthState.STALE: marked("Stale"),
    HealthState.CONNECTING: marked("Connecting"),
    HealthState.UNSTEADY: marked("Unsteady"),
    HealthState.GOOD: marked("Good"),
    HealthState.CLOSED: marked("Not open"),
}
_REASONS: dict[str, str] = {
    STALE: marked("no newer picture"),
    VideoCode.UNREACHABLE: marked("nothing answers"),
    VideoCode.UNAUTHORIZED: marked("login refused"),
    VideoCode.NOT_FOUND: marked("no such stream"),
    VideoCode.NO_FILE: marked("no such file"),
    VideoCode.NOT_VIDEO: marked("no video in it"),
    VideoCode.SILENT: marked("answers, sends nothing"),
    VideoCode.ENDED: marked("stream ended"),
    VideoCode.DAMAGED: marked("damaged data"),
    VideoCode.UNSUPPORTED: marked("format not supported"),
    VideoCode.UNKNOWN_SCHEME: marked("unknown kind of address"),
    VideoCode.NO_DEVICE: marked("device not there"),
    VideoCode.NO_PROTOCOL: marked("protocol not supported"),
}
_LOOKED_FOR = {
    Urgency.IDLE: marked("nothing moves"),
    Urgency.MOTION: marked("something moves"),
    Urgency.TRACKS: marked("somebody is tracked"),
    Urgency.ALARM: marked("a rule has fired"),
}


class Looking(NamedTuple):
    """What analytics say of one camera: looks since the start, from a frame to its tracks (s; None: not yet), why it is
    looked at as often as it is (None: it is not), and how often it ought to be now (0: not known)."""

    looks: int = 0
    latency_s: float | None = None
    reason: Urgency | None = None
    asked_per_s: float = 0.0


@dataclass(frozen=True, slots=True)
class CameraHealth:
    """One camera. Counters run since the program started, over every opening and both streams; `recent_losses` and
    `outages` are of the last five minutes and the last 24 hours. `since_utc_s`: when the open outage began.

    `clock_offset_s`: how far the camera's clock is ahead of ours; None: it tells none. `latency_s`: from a frame's time
    to its tracks; `looked_for`: why it is looked at as often as it is (`asked_looks_per_s`). `fps` and
    `bitrate_bps` are measured. `decoders`: of the streams that are decoded now."""

    camera_id: str
    number: int
    name: str
    state: HealthState
    reason: str = ""
    attempt: int = 0
    since_utc_s: float | None = None
    fps: float = 0.0
    bitrate_bps: float = 0.0
    bytes: int = 0
    dropped_gops: int = 0
    dropped_frames: int = 0
    decode_errors: int = 0
    reconnects: int = 0
    damaged_frames: int = 0
    recent_losses: int = 0
    outages: int = 0
    clock_offset_s: float | None = None
    last_picture_utc_s: float = 0.0
    looks: int = 0
    looks_per_s: float = 0.0
    latency_s: float | None = None
    looked_for: Urgency | None = None
    asked_looks_per_s: float = 0.0
    decoders: tuple[Decoding, ...] = ()

    @property
    def losses(self) -> int:
        """GOPs and frames that were dropped or shown damaged, and errors of the decoder."""
        return self.dropped_gops + self.dropped_frames + self.decode_errors + self.damaged_frames

    @property
    def trouble(self) -> tuple[int, float, int, int, int]:
        """Sorts the worst first; among the dead what has just failed, which somebody can still act on."""
        return _ORDER[self.state], -(self.since_utc_s or 0.0), -self.recent_losses, -self.outages, self.number


@dataclass(frozen=True, slots=True)
class HealthSnapshot:
    """All cameras of the registry, by number, as of `at_utc_s` (0: not looked yet)."""

    at_utc_s: float = 0.0
    cameras: tuple[CameraHealth, ...] = ()

    def count(self, state: HealthState) -> int:
        """How many are in this state."""
        return sum(camera.state is state for camera in self.cameras)


def state_word(state: HealthState) -> str:
    """What operators read."""
    return _(_WORDS[state])


def reason_words(code: str) -> str:
    """Why there was no picture, in a few words; empty for what is not known."""
    return _(_REASONS.get(code, "")) if code else ""


def looked_for_words(reason: Urgency | None) -> str:
    """Why a camera is looked at as often as it is, in a few words; empty while nothing looks."""
    return _(_LOOKED_FOR[reason]) if reason is not None else ""
