"""What decodes a stream, in words: for a tile's line and tooltip, the health page and banners."""

from __future__ import annotations

from typing import NamedTuple

from app.i18n import _, marked
from video.hardware import DEVICES, Fault, Refusal

SOFTWARE = "sw"
_WHY = {
    Refusal.NO_DECODER: marked("no decoder for it"),
    Refusal.NO_DEVICE: marked("not there"),
    Refusal.CRASHED: marked("its driver crashed"),
    Refusal.HUNG: marked("its driver hung"),
    Refusal.WRONG: marked("it decodes wrong pictures"),
    Refusal.LATE: marked("its pictures come late"),
    Refusal.SLOW_OPENING: marked("opening it takes too long"),
    Refusal.NOT_OPENED: marked("could not be opened"),
    Refusal.FULL: marked("takes no further stream"),
    Refusal.FAILED: marked("failed"),
    Refusal.DAMAGED: marked("cannot cope with damaged data"),
}


class Decoding(NamedTuple):
    """One open stream of a camera: its codec, the device that decodes it ("": the processor), why not a device."""

    codec: str
    device: str = ""
    fault: Fault | None = None


def device_word(device: str) -> str:
    """As people call it; `sw` is the processor."""
    return DEVICES.get(device, device) or SOFTWARE


def why_words(refusal: Refusal, detail: str = "") -> str:
    """Why a device does not decode, with FFmpeg's own word for it."""
    return f"{_(_WHY[refusal])} ({detail})" if detail else _(_WHY[refusal])


def fault_words(fault: Fault | None) -> str:
    """What kept a device from decoding a stream; empty when nothing did."""
    return f"{device_word(fault.device)}: {why_words(fault.refusal, fault.detail)}" if fault is not None else ""


def decoding_words(decoding: Decoding) -> str:
    """Codec and decoder, like “h264, NVDEC”."""
    if decoding.device:
        return f"{decoding.codec}, {device_word(decoding.device)}"
    software = _("software")
    fault = fault_words(decoding.fault)
    return f"{decoding.codec}, {software} ({fault})" if fault else f"{decoding.codec}, {software}"
