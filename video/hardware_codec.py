"""FFmpeg's decoders on devices: which one, and how it is opened. Frames come back in ordinary memory (NV12, P010)."""

from __future__ import annotations

from functools import lru_cache

import av
import av.error
from av.codec.hwaccel import HWAccel, HWDeviceType, hwdevices_available
from av.video.codeccontext import VideoCodecContext

from video.codec import limits, prepare
from video.frame import StreamInfo
from video.source import VideoCode, VideoError

# Contexts share the device's primary context: one of its own would cost each stream 0.1 s and 100 MB.
_DEVICE_OPTIONS: dict[str, dict[str, object]] = {"cuda": {"primary_ctx": "1"}}
# Decodes at once what it gets instead of gathering four frames.
_CODEC_OPTIONS = {"qsv": {"async_depth": "1"}}


def named_devices() -> frozenset[str]:
    """Device types that this FFmpeg was built with, whether or not the machine has one."""
    return frozenset(hwdevices_available())


@lru_cache
def decoder_name(device: str, codec: str) -> str | None:
    """FFmpeg's own decoder with the device's help, or the device's own (`h264_qsv`); None when there is neither."""
    for name in (codec, f"{codec}_{device}"):
        try:
            configs = av.Codec(name, "r").hardware_configs
        except (av.error.FFmpegError, ValueError):
            continue
        if any(config.is_supported and config.device_type == HWDeviceType[device] for config in configs):
            return name
    return None


def open_decoder(device: str, info: StreamInfo) -> VideoCodecContext:
    """A decoder that raises where it would decode without the device: FFmpeg's own fall-back is silent, and PyAV goes
    on calling it hardware. Raises FFmpegError, VideoError: UNSUPPORTED, NO_DEVICE."""
    name = decoder_name(device, info.codec)
    if name is None:
        raise VideoError(VideoCode.UNSUPPORTED, codec=info.codec)
    options = _DEVICE_OPTIONS.get(device)
    context = av.CodecContext.create(name, "r", HWAccel(device, allow_software_fallback=False, options=options))
    if not isinstance(context, VideoCodecContext) or not context.is_hwaccel:
        raise VideoError(VideoCode.NO_DEVICE, device=device)  # PyAV takes ENOSYS for "go on without"
    prepare(context, info)
    context.options = limits() | _CODEC_OPTIONS.get(device, {})
    return context
