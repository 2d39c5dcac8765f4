"""A file looked at again: detector, tracker and rules over pictures at fixed places of its time. No clock, no process.

The same detections give the same events, in kind, rule, track, order and time, on every run and machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from detection.detector import Detections
from detection.pipeline import Pipeline
from storage.records import Event


class Pictured(Protocol):
    """One picture of a file; see `video.file_looks.FileLook`."""

    @property
    def frame(self) -> int:
        """Number of the frame, from 0."""

    @property
    def pts_s(self) -> float:
        """Its time, from the first frame."""

    @property
    def image(self) -> npt.NDArray[np.uint8]:
        """(H,W,3) BGR."""


class Looking(Protocol):
    """The part of a detector that is needed here."""

    def detect(self, image: npt.NDArray[np.uint8]) -> Detections:
        """As `Detector.detect`."""


@dataclass(frozen=True, slots=True)
class ReplayedEvent:
    """An event and the frame at which it came."""

    frame: int
    event: Event


def replayed(
    looks: Iterable[Pictured], detector: Looking, pipeline: Pipeline, start_utc_s: float
) -> Iterator[ReplayedEvent]:
    """Events in their order; the file's first frame was taken at `start_utc_s`."""
    for look in looks:
        utc_s = start_utc_s + look.pts_s
        pipeline.see(look.image, utc_s)
        for event in pipeline.look(detector.detect(look.image), utc_s, look.pts_s).events:
            yield ReplayedEvent(look.frame, event)
