"""Process of its own: `python -m video.hardware_trial DEVICE CODEC` tries a device and says what came of it (JSON).

Made pictures are encoded in software, decoded by the device and by the processor, and compared: as many, as soon, and
alike. Then both are timed by the CPU of all their threads, the way into ordinary memory and to a tile's size included.
A driver that crashes or hangs takes only this process with it.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import av.error
import numpy as np
import psutil
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from storage.errors import WatchfloorError
from video.codec import new_decoder
from video.convert import Converter
from video.frame import Packet, StreamInfo
from video.hardware import LONGEST_OPENING_MS, Cost, Decoder, Refusal, Trial, error_word
from video.hardware_codec import decoder_name, open_decoder

if TYPE_CHECKING:
    from av.video.stream import VideoStream

SIZES = ((640, 360), (1280, 720), (1920, 1080))
FPS = 25
_FRAMES = 25
_ENCODERS = {
    "h264": ("libx264", {"preset": "superfast", "tune": "zerolatency"}),
    "hevc": ("libx265", {"preset": "ultrafast", "tune": "zerolatency", "x265-params": "log-level=none:pools=1"}),
}
_BITS_PER_PIXEL = 0.08
_OPENINGS = 3
_TILE = (480, 270)
_LONG_ENOUGH_S = 0.3
_LEAST_PASSES = 3
_MOST_LATE = 2
_MOST_APART = 3.0
"""Grey levels, on average: decoders of H.264 and H.265 agree to the bit."""
_NICE = 10

Packets = list["av.Packet[VideoStream]"]
Open = Callable[[str, StreamInfo], Decoder]


def made_packets(codec: str, size: tuple[int, int], frames: int = _FRAMES) -> Packets:
    """A panning, noisy picture at a camera's bit rate."""
    name, options = _ENCODERS[codec]
    encoder = av.CodecContext.create(name, "w")
    if not isinstance(encoder, VideoCodecContext):
        raise TypeError(name)
    encoder.width, encoder.height, encoder.pix_fmt = *size, "yuv420p"
    encoder.framerate, encoder.gop_size, encoder.thread_count = Fraction(FPS), frames, 1
    encoder.bit_rate = round(size[0] * size[1] * FPS * _BITS_PER_PIXEL)
    encoder.options = options
    return [packet for picture in (*_pictures(size, frames), None) for packet in encoder.encode(picture)]


def _pictures(size: tuple[int, int], frames: int) -> Iterator[VideoFrame]:
    width, height = size
    noise = np.random.default_rng(7).integers(0, 12, (height * 3 // 2, width), np.uint8)
    slope = np.linspace(40, 200, width, dtype=np.uint8)
    for number in range(frames):
        picture = np.roll(noise, (number * 2, number * 4), (0, 1)) + slope
        picture[height // 4 : height // 2, number * 8 % (width - 64) :][:, :64] = 220
        picture[height:] = 118
        frame = VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts = number
        yield frame


def tried(device: str, codec: str, sizes: tuple[tuple[int, int], ...] = SIZES, opener: Open = open_decoder) -> Trial:
    """The whole trial; whatever FFmpeg raises is a refusal."""
    begin_s = time.monotonic()
    trial = Trial(device, codec)
    if opener is open_decoder and decoder_name(device, codec) is None:
        return replace(trial, refusal=Refusal.NO_DECODER)
    try:
        trial = _opened(trial, opener)
        if trial.refusal is None:
            trial = _compared(trial, sizes[0], opener)
        if trial.refusal is None:
            trial = replace(trial, costs=tuple(_cost(trial, size, opener) for size in sizes))
    except (av.error.FFmpegError, WatchfloorError, ValueError) as error:
        trial = replace(trial, refusal=Refusal.FAILED, detail=error_word(error))
    return replace(trial, seconds=time.monotonic() - begin_s)


def _opened(trial: Trial, opener: Open) -> Trial:
    """How long further openings take, with the first one still there: that one loads the driver."""
    info = _info(trial.codec, SIZES[0])
    try:
        kept = opener(trial.device, info)
        times = []
        for _ in range(_OPENINGS):
            begin_s = time.monotonic()
            opener(trial.device, info)
            times.append(time.monotonic() - begin_s)
        trial = replace(trial, open_ms=min(times) * 1000)
        del kept
    except (av.error.FFmpegError, WatchfloorError) as error:
        return replace(trial, refusal=Refusal.NO_DEVICE, detail=error_word(error))
    return replace(trial, refusal=Refusal.SLOW_OPENING) if trial.open_ms > LONGEST_OPENING_MS else trial


def _compared(trial: Trial, size: tuple[int, int], opener: Open) -> Trial:
    info, packets = _info(trial.codec, size), made_packets(trial.codec, size)
    theirs, ours = opener(trial.device, info), new_decoder(info)
    behind, expected, found = 0, list[VideoFrame](), list[VideoFrame]()
    for packet in (*packets, None):
        expected += ours.decode(packet)
        found += theirs.decode(packet)
        behind = max(behind, len(expected) - len(found)) if packet is not None else behind
    apart = [_apart(one, other) for one, other in zip(expected, found, strict=False)]
    if len(found) != len(expected) or max(apart, default=255.0) > _MOST_APART:
        detail = f"{len(found)}/{len(expected)}, {max(apart, default=255.0):.0f}"
        return replace(trial, refusal=Refusal.WRONG, detail=detail)
    if behind > _MOST_LATE:
        return replace(trial, refusal=Refusal.LATE, detail=str(behind))
    return trial


def _apart(one: VideoFrame, other: VideoFrame) -> float:
    if (one.width, one.height, one.pts) != (other.width, other.height, other.pts):
        return 255.0
    grey = [frame.reformat(format="gray").to_ndarray().astype(np.int16) for frame in (one, other)]
    return float(np.abs(grey[0] - grey[1]).mean())


def _cost(trial: Trial, size: tuple[int, int], opener: Open) -> Cost:
    info, packets = _info(trial.codec, size), made_packets(trial.codec, size)
    software_ms, _ = _timed(new_decoder(info), packets)
    hardware_ms, held_ms = _timed(opener(trial.device, info), packets)
    return Cost(size[0] * size[1], software_ms, hardware_ms, held_ms)


def _timed(decoder: Decoder, packets: Packets) -> tuple[float, float]:
    """CPU ms of a frame down to a tile (the best of some passes), and how long its decoding took (the first
    tenth): others work on this machine too."""
    converter, origin = Converter("trial"), Packet(packets[0], 0, True, 0.0, 0.0, 0.0, 1, 0)
    decoder.decode(packets[0])  # makes the tables and the pools
    begin_s, costs, held = time.monotonic(), list[float](), list[float]()
    while len(costs) < _LEAST_PASSES or time.monotonic() - begin_s < _LONG_ENOUGH_S:
        cpu_s, count = time.process_time(), 0
        for packet in packets:
            before_s = time.monotonic()
            frames = decoder.decode(packet)
            held.append(time.monotonic() - before_s)
            count += len(frames)
            for frame in frames:
                converter.picture(frame, origin, count, _TILE, "bgra")
        costs.append((time.process_time() - cpu_s) / max(count, 1))
    return min(costs) * 1000, statistics.quantiles(held, n=10)[0] * 1000


def _info(codec: str, size: tuple[int, int]) -> StreamInfo:
    return StreamInfo(codec, *size, FPS, True)


def main(device: str, codec: str) -> None:
    """The process."""
    psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else _NICE)
    av.logging.set_level(av.logging.PANIC)
    sys.stdout.write(json.dumps(asdict(tried(device, codec))) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:3])
