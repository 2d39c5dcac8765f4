"""One stream's way from the processor to a device, and back when that fails. Pool thread only; `device` and `fault` may
be read anywhere.

A stream begins on the processor and takes a device at a later key frame; one that failed it stays on the processor
until it is opened anew.
"""

from __future__ import annotations

import logging

import av.error

from storage.errors import WatchfloorError
from video.frame import StreamInfo
from video.hardware import DEVICES, Decoder, Fault, Hardware, Lease, Refusal, error_word

log = logging.getLogger(__name__)


class Shift:
    """`hardware` None: there is nothing but the processor."""

    def __init__(self, hardware: Hardware | None) -> None:
        self.device = ""
        self.fault: Fault | None = None
        self._hardware = hardware
        self._lease: Lease | None = None
        self.unproven = False

    @property
    def due(self) -> bool:
        """Whether to ask for a device at this key frame."""
        return self._hardware is not None and self._hardware.ready and self._lease is None and self.fault is None

    def take(self, info: StreamInfo, size: tuple[int, int]) -> Decoder | None:
        """A decoder on a device, where there is a place and it is worth it; it has to show yet that it works."""
        if self._hardware is None or (lease := self._hardware.lease(info, size)) is None:
            return None
        self._lease, self.unproven = lease, True
        try:
            decoder = self._hardware.open(lease, info)
        except (av.error.FFmpegError, WatchfloorError, ValueError, RuntimeError, MemoryError) as error:
            self.fail(error)
            return None
        self.device = lease.device
        return decoder

    def came(self) -> None:
        """The device gave its first frames."""
        self.unproven = False
        if self._hardware is not None and self._lease is not None:
            self._hardware.note(self._lease, None)

    def fail(self, error: Exception) -> None:
        """It is the processor's again."""
        if self._hardware is not None and self._lease is not None:
            damaged = isinstance(error, av.error.InvalidDataError)
            failed = Refusal.DAMAGED if damaged else Refusal.FAILED
            refusal = Refusal.NOT_OPENED if self.unproven else failed
            self.fault = Fault(
                self._lease.device, self._hardware.note(self._lease, refusal) or refusal, error_word(error)
            )
        self.release()

    def renew(self) -> None:
        """The stream is opened anew."""
        self.fault = None
        self.release()

    def release(self) -> None:
        """Nothing is decoded by a device."""
        lease, self._lease = self._lease, None
        self.device, self.unproven = "", False
        if lease is not None and self._hardware is not None:
            self._hardware.release(lease)


class ShiftNews:
    """One line in the log when a device takes a camera's stream, one when it fails. For one thread that looks."""

    def __init__(self) -> None:
        self._device = ""
        self._fault: Fault | None = None

    def tell(self, camera_name: str, device: str, fault: Fault | None) -> None:
        """What is so now."""
        if fault is not None and fault is not self._fault:
            text = "%s: decoded by the processor, %s: %s (%s)"
            log.warning(text, camera_name, DEVICES.get(fault.device, fault.device), fault.refusal, fault.detail)
        elif device and device != self._device:
            log.info("%s: decoded by %s", camera_name, DEVICES.get(device, device))
        self._device, self._fault = device, fault
