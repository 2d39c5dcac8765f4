from __future__ import annotations

import io
import os
import pickle
import struct

import pytest

from detection.detector import DetectionCode, Track, TrackSet
from detection.messages import (
    AnalyticsCamera,
    Beat,
    CameraLooks,
    CameraMemory,
    CameraState,
    Configure,
    Finish,
    Looked,
    Message,
    Pace,
    Ready,
    Refused,
    Setup,
    UseModel,
    read_message,
    write_message,
)
from detection.rule_memory import Reported
from detection.scheduler import Urgency
from storage.records import Box, Event, RuleKind, Severity
from tests.detection.scenes import CAMERA, RIGHT_HALF, rule

BOX = Box(0.1, 0.2, 0.3, 0.4)
TRACK = Track(3, BOX, "person", 0.9, (0.1, 0.0), 1.0, 2.0, path=((0.2, 0.4),))
EVENT = Event("id", CAMERA, "rule-1", RuleKind.INTRUSION, Severity.HIGH, 2.0, 1.0, 3, "person", 0.9, BOX, "test")
REPORTED = (Reported("rule-1", 3, (0.2, 0.4), 2.0),)
MESSAGES: list[Message] = [
    Setup("/dev/shm/x", 9, 10),
    UseModel(None, "CPU", "/cache"),
    Configure((AnalyticsCamera(CAMERA, 0, (RIGHT_HALF,), (rule(),)),), {CAMERA: CameraMemory(7, REPORTED)}),
    Finish(),
    Refused(DetectionCode.BAD_MODEL, {"path": "m", "why": "empty", "size": 0, "share": 0.5}, CAMERA),
    CameraState(CAMERA, ("rule-1",), 3),
    Ready("detector"),
    Beat(),
    Pace(80.0, 60.5, True, {CAMERA: CameraLooks(4.5, 120.0, Urgency.MOTION)}),
    Looked(TrackSet(CAMERA, 2.0, (TRACK,), frozenset({3})), (EVENT,), REPORTED),
]


def test_every_message_arrives_as_it_was_sent() -> None:
    stream = io.BytesIO()
    for message in MESSAGES:
        write_message(stream, message)
    stream.seek(0)
    assert [read_message(stream) for _ in MESSAGES] == MESSAGES
    assert read_message(stream) is None


@pytest.mark.parametrize("cut", [1, 3, 5, 20])
def test_a_message_that_ends_early_is_the_end(cut: int) -> None:
    stream = io.BytesIO()
    write_message(stream, MESSAGES[-1])
    assert read_message(io.BytesIO(stream.getvalue()[:cut])) is None


@pytest.mark.parametrize("harm", [os.system, eval, CameraMemory.__init__, pickle.loads])
def test_nothing_but_messages_is_read(harm: object) -> None:
    body = pickle.dumps(harm)
    with pytest.raises(pickle.UnpicklingError, match="not a message"):
        read_message(io.BytesIO(struct.pack("!I", len(body)) + body))


def test_an_absurd_length_is_refused() -> None:
    with pytest.raises(pickle.UnpicklingError):
        read_message(io.BytesIO(b"\xff\xff\xff\xff"))
