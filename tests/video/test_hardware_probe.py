"""Devices are tried in processes of their own: those that crash, hang, chatter and lie, and this machine's."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

import av.error
import numpy as np
import pytest
from av.video.frame import VideoFrame

from tests.video.fake_device import CHEAP, FakeDevice
from video.codec import new_decoder
from video.frame import StreamInfo
from video.hardware import CODECS, DEVICES, Refusal, Trial
from video.hardware_codec import named_devices, open_decoder
from video.hardware_probe import from_json, machine, to_json, try_devices, wished_devices
from video.hardware_trial import made_packets, tried
from video.source import VideoError

SMALL = ((160, 96), (320, 180))
GOOD = Trial("cuda", "h264", None, "", 1.0, 3.0, CHEAP)


def _python(code: str) -> Callable[[str, str], Sequence[str]]:
    return lambda device, codec: (sys.executable, "-S", "-c", code, device, codec)


def _tried(code: str, deadline_s: float = 30.0) -> tuple[Trial, ...]:
    return try_devices(("cuda",), threading.Event(), command=_python(code), deadline_s=deadline_s)


@pytest.mark.parametrize(
    ("code", "refusal", "detail"),
    [
        ("import os; os.abort()", Refusal.CRASHED, "exit -6"),
        ("raise SystemExit(3)", Refusal.CRASHED, "exit 3"),
        ("print('all well')", Refusal.CRASHED, "exit 0"),
        ("print('[' * 100000)", Refusal.CRASHED, "exit 0"),
        ('print(\'{"device": "cuda"}\')', Refusal.CRASHED, "exit 0"),
    ],
)
def test_a_driver_that_crashes_or_talks_nonsense_is_refused(code: str, refusal: Refusal, detail: str) -> None:
    first, second = _tried(code)
    assert (first.refusal, first.detail) == (refusal, detail)
    assert (second.codec, second.refusal) == ("hevc", refusal), "not tried with the other codec"


def test_a_driver_that_hangs_is_ended_at_the_deadline() -> None:
    first, second = _tried("import threading; threading.Event().wait()", deadline_s=0.1)
    assert (first.refusal, second.refusal) == (Refusal.HUNG, Refusal.HUNG)


def test_a_command_that_cannot_be_run_is_a_refusal() -> None:
    trials = try_devices(("cuda",), threading.Event(), command=lambda _device, _codec: ("/nowhere/python",))
    assert [(t.refusal, t.detail) for t in trials] == [(Refusal.CRASHED, "No such file or directory")] * 2


def test_an_answer_is_found_between_what_a_driver_prints() -> None:
    tables = {codec: json.dumps(to_json(Trial("cuda", codec, costs=CHEAP))) for codec in CODECS}
    code = f"import sys; print('libva info'); print({tables!r}[sys.argv[2]]); print('bye')"
    assert [(t.codec, t.refusal, t.costs) for t in _tried(code)] == [(codec, None, CHEAP) for codec in CODECS]


def test_it_stops_when_it_is_asked_to() -> None:
    stop, beats = threading.Event(), list[int]()

    def beat() -> None:
        beats.append(1)
        stop.set()

    assert try_devices(("cuda", "qsv"), stop, beat, command=_python("import threading; threading.Event().wait()")) == ()
    assert beats


def test_a_trial_is_read_as_it_was_written() -> None:
    assert from_json(json.loads(json.dumps(to_json(GOOD)))) == GOOD
    for damage in ({"refusal": "new"}, {"costs": [[1]]}, {"seconds": "x"}):
        with pytest.raises((ValueError, TypeError)):
            from_json(to_json(GOOD) | damage)


def test_the_real_devices_of_this_machine_answer_in_time() -> None:
    devices = wished_devices("auto")
    assert devices == tuple(name for name in DEVICES if name in named_devices())
    assert wished_devices("software") == ()
    if not devices:
        return
    trials = try_devices(devices[:1], threading.Event())
    assert [(t.device, t.codec) for t in trials] == [(devices[0], codec) for codec in CODECS]
    assert all(trial.costs if trial.refusal is None else trial.detail for trial in trials)


def test_a_device_that_ffmpeg_has_no_decoder_for_raises() -> None:
    with pytest.raises(VideoError):
        open_decoder("vaapi" if "vaapi" not in named_devices() else "drm", StreamInfo("mjpeg", 64, 64, 5.0, True))


def test_the_machine_is_described_the_same_each_time() -> None:
    assert machine() == machine()
    assert machine()["av"].startswith(av.__version__)


def test_a_device_that_works_is_measured_at_each_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("video.hardware_trial._LONG_ENOUGH_S", 0.0)
    trial = tried("cuda", "h264", SMALL, FakeDevice())
    assert (trial.refusal, trial.detail) == (None, "")
    assert [cost.pixels for cost in trial.costs] == [160 * 96, 320 * 180]
    assert all(cost.software_ms > 0 and cost.hardware_ms > 0 and cost.held_ms > 0 for cost in trial.costs)


@pytest.mark.parametrize("codec", CODECS)
def test_the_made_pictures_can_be_decoded(codec: str) -> None:
    packets, info = made_packets(codec, (160, 96), 6), StreamInfo(codec, 160, 96, 25.0, True)
    decoder = new_decoder(info)
    frames = [frame for packet in (*packets, None) for frame in decoder.decode(packet)]
    assert [frame.pts for frame in frames] == list(range(6))
    grey = frames[3].reformat(format="gray").to_ndarray()
    assert int(grey.max()) - int(grey.min()) > 100


class _Lying(FakeDevice):
    """Decodes, in its way."""

    def __init__(self, how: Callable[[list[VideoFrame]], list[VideoFrame]]) -> None:
        super().__init__()
        self._how = how

    def __call__(self, device: str, info: StreamInfo) -> Any:
        inner: Any = super().__call__(device, info)
        decode = inner.decode
        inner.decode = lambda packet=None: self._how(decode(packet))
        return inner


def _green(frames: list[VideoFrame]) -> list[VideoFrame]:
    return [_same(VideoFrame.from_ndarray(np.zeros_like(f.to_ndarray()), format="nv12"), f) for f in frames]


def _same(made: VideoFrame, frame: VideoFrame) -> VideoFrame:
    made.pts = frame.pts
    return made


def _four_late() -> Callable[[list[VideoFrame]], list[VideoFrame]]:
    held: list[VideoFrame] = []
    packets = [0]

    def late(frames: list[VideoFrame]) -> list[VideoFrame]:
        packets[0] += 1
        held.extend(frames)
        given = len(held) if packets[0] > 25 else max(len(held) - 4, 0)
        out, held[:] = held[:given], held[given:]
        return out

    return late


@pytest.mark.parametrize(
    ("device", "refusal", "detail"),
    [
        (_Lying(_green), Refusal.WRONG, "25/25"),
        (_Lying(lambda frames: frames[1:]), Refusal.WRONG, "0/25"),
        (_Lying(_four_late()), Refusal.LATE, "4"),
        (FakeDevice(refuses=av.error.OSError(1, "Operation not permitted")), Refusal.NO_DEVICE, "Operation not"),
        (FakeDevice(dies_at=2), Refusal.FAILED, "Input/output"),
    ],
)
def test_a_device_that_lies_comes_late_or_fails_is_refused(device: FakeDevice, refusal: Refusal, detail: str) -> None:
    trial = tried("cuda", "h264", SMALL, device)
    assert trial.refusal is refusal
    assert trial.detail.startswith(detail)
    assert trial.costs == ()
