"""What a detector is, and the one array type that detector, tracker and rules speak."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import numpy as np
import numpy.typing as npt

from storage.errors import WatchfloorError
from storage.records import Box

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


class DetectionCode(StrEnum):
    """Why there is no detection."""

    NO_MODEL = "detection.no_model"
    UNKNOWN_MODEL = "detection.unknown_model"
    BAD_MODEL = "detection.bad_model"
    WRONG_TASK = "detection.wrong_task"
    WRONG_SIZE = "detection.wrong_size"
    WRONG_CLASSES = "detection.wrong_classes"
    ALTERED_MODEL = "detection.altered_model"
    MODEL_IN_USE = "detection.model_in_use"
    TOO_MANY_MODELS = "detection.too_many_models"
    IMPORT_FAILED = "detection.import_failed"
    BENCH_FAILED = "detection.bench_failed"
    NOT_FLOAT = "detection.not_float"
    NO_QUANTIZER = "detection.no_quantizer"
    FEW_PICTURES = "detection.few_pictures"
    QUANTIZE_FAILED = "detection.quantize_failed"
    NO_DOWNLOAD = "detection.no_download"
    FETCH_FAILED = "detection.fetch_failed"
    BAD_ZONE = "detection.bad_zone"
    BAD_RULE = "detection.bad_rule"


class DetectionError(WatchfloorError):
    """A model, a zone or a rule could not be used."""


@dataclass(frozen=True, slots=True)
class Detections:
    """N detections of one frame: `boxes` (N,4) float32 xyxy 0..1, `scores` (N,) float32, `labels` N COCO names."""

    boxes: Floats
    scores: Floats
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)


class Detector(Protocol):
    """Finds objects in BGR pictures (H,W,3 uint8). Lives in the detection process only.

    `room` is how many pictures one look may take in at little more than the cost of one; 1: it gains nothing."""

    name: str
    room: int

    def detect(self, image: Image) -> Detections:
        """Detections over the detector's own lowest score; rules and tracker filter further."""

    def ready(self) -> bool:
        """Whether a further picture may be submitted without waiting."""

    def submit(self, image: Image, done: Callable[[Detections], None]) -> None:
        """Begin to look at a picture; `done` is called once, on any thread, and must return at once.

        The image must not change before. Called on one thread only."""

    def submit_together(self, images: Sequence[Image], done: Callable[[tuple[Detections, ...]], None]) -> None:
        """The same for up to `room` pictures in one look; `done` gets their detections in the pictures' order."""

    def close(self) -> None:
        """Finish what was submitted and release the model."""


class TrackState(StrEnum):
    """Whether the last look saw the object."""

    LIVE = "live"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Track:
    """One object through time. `velocity` is the box centre's speed, frame fractions per second.

    `path` holds the last foot points. `still_s`: how long the foot has stayed at its place; `stationary`: so long
    that it is a thing that stands (a parked car), not one that waits. `doubt` (`detection.doubt`): what its score is
    short of, for something that was never seen to move or to come; 0: it counts."""

    id: int
    box: Box
    label: str
    score: float
    velocity: tuple[float, float]
    first_utc_s: float
    last_utc_s: float
    state: TrackState = TrackState.LIVE
    path: tuple[tuple[float, float], ...] = field(default=())
    still_s: float = 0.0
    stationary: bool = False
    doubt: float = 0.0


@dataclass(frozen=True, slots=True)
class Tally:
    """How often a rule's line has been crossed each way."""

    rule_id: str
    ins: int = 0
    outs: int = 0


@dataclass(frozen=True, slots=True)
class TrackSet:
    """All tracks of a camera at one frame's time; `alarmed` are the ids for which a rule has fired, `tallies` the
    figures of its lines."""

    camera_id: str
    utc_s: float
    tracks: tuple[Track, ...]
    alarmed: frozenset[int] = frozenset()
    pts_s: float = 0.0
    tallies: tuple[Tally, ...] = ()
