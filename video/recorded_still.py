"""One frame out of recordings, at full size, as JPEG: what a camera showed at a moment that has passed.

A task thread's, with a decoder of its own (`video.shots`). Whether the recording is unaltered is asked elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from video.footage import Piece
from video.shots import Idle, Shot, shots
from video.source import VideoCode, VideoError
from video.stills import Still, encoded

TOLERANCE_S = 1.0


def recorded_still(pieces: Sequence[Piece], utc_s: float, tolerance_s: float = TOLERANCE_S) -> Still:
    """The frame that stood at `utc_s`: the last one before it, else the first after; both within `tolerance_s`.

    Raises VideoError(NOT_BUFFERED) where there is none."""
    best: Shot | None = None
    with closing(shots(pieces, utc_s)) as found:
        for shot in found:
            if isinstance(shot, Idle):
                continue
            if shot.utc_s > utc_s and best is not None:
                break
            best = shot
            if shot.utc_s >= utc_s:
                break
    if best is None or abs(best.utc_s - utc_s) > tolerance_s:
        raise VideoError(VideoCode.NOT_BUFFERED, utc_s=utc_s)
    return Still(encoded(best.frame), best.frame.width, best.frame.height, best.utc_s)
