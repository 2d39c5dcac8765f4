"""What of the stored is a person's own, as somebody who looked says it. Records; nothing heavy is imported here."""

from __future__ import annotations

from dataclasses import dataclass

from storage.records import Box


@dataclass(frozen=True, slots=True)
class OwnTrack:
    """A stored track without a longer pause, named by when it is first seen in the time that was asked for: numbers
    begin anew with the detector, and another person may get the same one."""

    camera_id: str
    track_id: int
    first_utc_s: float


@dataclass(frozen=True, slots=True)
class SubjectChoice:
    """What somebody who looked says is the person's own: tracks, and incidents (numbers or ids) they were part of."""

    tracks: tuple[OwnTrack, ...] = ()
    incidents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrackRow:
    """A track to choose from: what it was taken for, when it was seen, and where it was at its largest."""

    track: OwnTrack
    label: str
    last_utc_s: float
    looks: int
    best_utc_s: float
    best_box: Box
