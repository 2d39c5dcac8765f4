"""What parent and detection process say to each other, and how it is framed on their pipes.

A message is four bytes of length and a pickle; reading admits only the types of this program that are listed here, so
that neither side can be made to run code by what it reads.
"""

from __future__ import annotations

import io
import pickle
import struct
from dataclasses import dataclass
from typing import Any, BinaryIO

from detection.detector import DetectionCode, Tally, TrackSet
from detection.rule_memory import Reported
from detection.scheduler import Urgency
from storage.records import Event, RuleSpec, Zone
from storage.registry_records import CameraScale

_LENGTH = struct.Struct("!I")
_MAX_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class AnalyticsCamera:
    """One camera to look at: its slot, its rules with their scale and the zone of their schedules, and how often.

    `far_view`: people are small, so it never shares an input; `far_part` (x1, y1, x2, y2) of the same frame lies larger
    in `far_slot`. `gated`: at a floor rate while nothing moves. `model`: the key of its own model, "" the site's."""

    camera_id: str
    slot: int
    zones: tuple[Zone, ...] = ()
    rules: tuple[RuleSpec, ...] = ()
    looks_per_s: float = 5.0
    suspended: bool = False
    scale: CameraScale | None = None
    timezone: str = "UTC"
    far_view: bool = False
    gated: bool = True
    far_slot: int | None = None
    far_part: tuple[float, float, float, float] | None = None
    model: str = ""


@dataclass(frozen=True, slots=True)
class Setup:
    """First message to a new process."""

    slots_path: str
    slots: int
    niceness: int


@dataclass(frozen=True, slots=True)
class UseModel:
    """Load this model; None is the built-in detector. `classes`: pairs of the model's word and ours; empty: the
    detector's own choice of words. `key`: for which cameras (`AnalyticsCamera.model`), "" all that have no own."""

    path: str | None
    device: str
    cache_dir: str | None
    classes: tuple[tuple[str, str], ...] = ()
    key: str = ""


@dataclass(frozen=True, slots=True)
class CameraMemory:
    """What a camera's pipeline must not forget over a restart."""

    next_track_id: int = 1
    reported: tuple[Reported, ...] = ()
    tallies: tuple[Tally, ...] = ()


@dataclass(frozen=True, slots=True)
class Configure:
    """Look at exactly these cameras; `memories` by camera id count only for cameras that the process did not know.
    `models` are the keys of cameras' own models that are still wanted."""

    cameras: tuple[AnalyticsCamera, ...]
    memories: dict[str, CameraMemory]
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finish:
    """End after what is in flight."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Something could not be used: a model (the process goes on with the built-in one) or a camera's rules."""

    code: DetectionCode
    details: dict[str, str | int | float]
    camera_id: str | None = None


@dataclass(frozen=True, slots=True)
class CameraState:
    """What of a camera's analytics does not work, whenever that changes: rules that rest because they cannot be used,
    by their ids, and how often its pipeline failed (0: it works)."""

    camera_id: str
    resting: tuple[str, ...] = ()
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Ready:
    """A detector works."""

    detector: str


@dataclass(frozen=True, slots=True)
class Beat:
    """The main loop is alive, or busy loading a model."""


@dataclass(frozen=True, slots=True)
class Looked:
    """One look: tracks, what rules say, and what must survive a restart."""

    tracks: TrackSet
    events: tuple[Event, ...]
    reported: tuple[Reported, ...]


@dataclass(frozen=True, slots=True)
class CameraLooks:
    """One camera over the last seconds: looks, from a frame's time to its tracks, why it has this rate, and the rate
    that it is asked to have now."""

    looks_per_s: float
    latency_ms: float
    reason: Urgency
    asked_per_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Pace:
    """Once a second: what is asked for, what is held, and whether that is too little. Cameras without a look in the
    last seconds are missing."""

    asked_per_s: float
    looks_per_s: float
    overloaded: bool
    cameras: dict[str, CameraLooks]


Message = Setup | UseModel | Configure | Finish | Refused | CameraState | Ready | Beat | Looked | Pace

_ADMITTED = {
    "detection.messages": {
        "AnalyticsCamera",
        "Beat",
        "CameraLooks",
        "CameraMemory",
        "CameraState",
        "Configure",
        "Finish",
        "Looked",
        "Pace",
        "Ready",
        "Refused",
        "Setup",
        "UseModel",
    },
    "detection.detector": {"DetectionCode", "Tally", "Track", "TrackSet", "TrackState"},
    "detection.rule_memory": {"Reported"},
    "detection.scheduler": {"Urgency"},
    "storage.records": {"Box", "Event", "RuleKind", "RuleSpec", "Severity", "Zone"},
    "storage.registry_records": {"CameraScale"},
}


class _Reader(pickle.Unpickler):
    """Admits the listed types only."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        """Raises UnpicklingError for anything else."""
        if global_name not in _ADMITTED.get(module_name, ()):
            raise pickle.UnpicklingError(f"{module_name}.{global_name} is not a message")
        return super().find_class(module_name, global_name)


def write_message(stream: BinaryIO, message: Message) -> None:
    """Write one message at once and flush; one writer at a time."""
    body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    stream.write(_LENGTH.pack(len(body)) + body)
    stream.flush()


def read_message(stream: BinaryIO) -> Message | None:
    """The next message; None when the other side has gone, even in the middle of a message."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (size,) = _LENGTH.unpack(head)
    if size > _MAX_BYTES:
        raise pickle.UnpicklingError(f"message of {size} bytes")
    body = stream.read(size)
    if len(body) < size:
        return None
    message: Message = _Reader(io.BytesIO(body)).load()
    return message
