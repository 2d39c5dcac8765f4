"""Recorded footage as records: segments, and what is missing between them. Frozen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class GapReason(StrEnum):
    """Why there is no footage of a time. Not in the index, but told by it: NOT_BEGUN, before the first recording of a
    camera; NOT_YET, after the newest, while the camera is away or its picture is on its way to the disk."""

    NO_SIGNAL = "no_signal"
    STOPPED = "stopped"
    DISK_FULL = "disk_full"
    DISK_FAILED = "disk_failed"
    TOO_SLOW = "too_slow"
    CLOCK_STEP = "clock_step"
    DELETED = "deleted"
    NOT_PLANNED = "not_planned"
    NOT_BEGUN = "not_begun"
    NOT_YET = "not_yet"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Segment:
    """One recorded file: fragmented MP4 of one camera from one opening of its stream. `path` is absolute.

    `sha256` is set when the segment is closed; an open one may still grow. `origin` says from where it was fetched
    when it is no recording of ours: recorder and its clock."""

    id: str
    camera_id: str
    path: str
    from_utc_s: float
    to_utc_s: float
    bytes: int
    codec: str
    width: int
    height: int
    sha256: str | None = None
    origin: str = ""

    @property
    def closed(self) -> bool:
        """Whether the file is finished."""
        return self.sha256 is not None


@dataclass(frozen=True, slots=True)
class Gap:
    """A time without footage between two segments, or up to now."""

    camera_id: str
    from_utc_s: float
    to_utc_s: float
    reason: GapReason
