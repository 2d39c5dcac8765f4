"""One newest picture per camera, shared with the detection process: written by the decode pool, pulled by the child.

The memory is a mapped file of our own (in /dev/shm where there is one) instead of `multiprocessing.shared_memory`:
on Python 3.11 the resource trackers of both processes would unlink that (bpo-38119). The parent makes and removes it;
a file whose owner is dead is removed at the next start. A slot is a header and room for 640x360 BGR:

    0 version   odd while a picture is written (seqlock)     32 utc_s   float64
    8 asked     the reader wants at least this version       40 pts_s   float64
    16 camera   digest of the picture's camera id            48 width, 56 height
    24 seq      the picture's number in its stream
"""

from __future__ import annotations

import hashlib
import mmap
import os
import re
import shutil
import tempfile
import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import psutil

from video.frame import Picture

FIT_WIDTH_PX = 640
FIT_HEIGHT_PX = 360
_HEADER_BYTES = 64
_SLOT_BYTES = _HEADER_BYTES + FIT_WIDTH_PX * FIT_HEIGHT_PX * 3
_VERSION, _ASKED, _CAMERA, _SEQ, _UTC, _PTS, _WIDTH, _HEIGHT = range(8)
_PREFIX = "watchfloor-slots-"

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class SlotPicture:
    """A copy of a slot's picture: `image` is (height, width, 3) BGR. `version` goes into the next `newest` call."""

    image: Pixels
    version: int
    seq: int
    utc_s: float
    pts_s: float


class SharedSlots:
    """The mapped file with its slots. Slots cost no memory until a picture is written into them.

    The parent calls `create` and at the end `close`; the child calls `attach`."""

    def __init__(self, path: Path, count: int) -> None:
        self.path = path
        self.count = count
        with path.open("r+b") as file:
            memory = memoryview(mmap.mmap(file.fileno(), count * _SLOT_BYTES))
        slots = [memory[i * _SLOT_BYTES : (i + 1) * _SLOT_BYTES] for i in range(count)]
        self.counts = [slot[:_HEADER_BYTES].cast("Q") for slot in slots]
        self.times = [slot[:_HEADER_BYTES].cast("d") for slot in slots]
        self.pixels: list[Pixels] = [np.frombuffer(slot[_HEADER_BYTES:], np.uint8) for slot in slots]

    @classmethod
    def create(cls, count: int, folder: Path | None = None) -> SharedSlots:
        """Make the file (mode 0600, the process id in its name) and remove those of dead processes."""
        clear_stale(folder)
        if folder is None:
            folder = _folder(count * _SLOT_BYTES)
            clear_stale(folder)
        handle, name = tempfile.mkstemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.truncate(count * _SLOT_BYTES)
        return cls(Path(name), count)

    @classmethod
    def attach(cls, path: Path, count: int) -> SharedSlots:
        """Map a file that the parent made. Raises FileNotFoundError when the parent has gone."""
        return cls(path, count)

    def close(self) -> None:
        """Remove the file; the memory goes with the last tap, so that a late writer does no harm."""
        self.path.unlink(missing_ok=True)
        self.counts, self.times, self.pixels = [], [], []


class SlotTap:
    """The decode pool's tap for one camera (`video.fanout.Tap`): wants a picture only when the detector asked for one.

    A picture that is being made when the tap is taken off may still come: after `leave` it is not written, and the
    slot can be another camera's."""

    pixel_format = "bgr24"

    def __init__(self, slots: SharedSlots, slot: int) -> None:
        self._counts = slots.counts[slot]
        self._times = slots.times[slot]
        self._pixels = slots.pixels[slot]
        self._lock = threading.Lock()
        self._left = False

    def leave(self) -> None:
        """Write nothing more; waits for a picture that is just being written."""
        with self._lock:
            self._left = True

    def wanted(self) -> tuple[int, int] | None:
        """The slot's size when the detector waits for a newer picture than the one that is there."""
        if self._counts[_ASKED] > self._counts[_VERSION]:
            return FIT_WIDTH_PX, FIT_HEIGHT_PX
        return None

    def put(self, picture: Picture) -> None:
        """Copy the picture's rows into the slot. Raises ValueError for a picture that is larger than the slot."""
        counts, times = self._counts, self._times
        width, height, stride = picture.width, picture.height, picture.stride
        if not _fits(width, height):
            raise ValueError(f"{width}x{height} does not fit the slot")
        rows = np.ndarray((height, width * 3), np.uint8, picture.pixels, strides=(stride, 1))
        with self._lock:
            if self._left:
                return
            counts[_VERSION] |= 1
            self._pixels[: height * width * 3].reshape(height, width * 3)[:] = rows
            counts[_CAMERA] = camera_digest(picture.camera_id)
            counts[_SEQ] = picture.seq
            times[_UTC] = picture.utc_s
            times[_PTS] = picture.pts_s
            counts[_WIDTH] = width
            counts[_HEIGHT] = height
            counts[_VERSION] += 1


class SlotReader:
    """The child's side: asks for pictures and takes copies that are whole and of the right camera."""

    def __init__(self, slots: SharedSlots) -> None:
        self._slots = slots

    def ask(self, slot: int) -> None:
        """Wish for a newer picture than the one that is there."""
        counts = self._slots.counts[slot]
        counts[_ASKED] = (counts[_VERSION] | 1) + 1

    def version(self, slot: int, camera: int) -> int:
        """Version of the slot's picture; 0 for none, while one is written, or for another camera's.

        `camera` is a `camera_digest`: a slot may have changed hands since."""
        counts = self._slots.counts[slot]
        version: int = counts[_VERSION]
        return 0 if version & 1 or counts[_CAMERA] != camera else version

    def newest(self, slot: int, camera: int, after_version: int = 0) -> SlotPicture | None:
        """A copy of the slot's picture when it is newer than `after_version` and was not written meanwhile."""
        counts, times = self._slots.counts[slot], self._slots.times[slot]
        version = self.version(slot, camera)
        if version <= after_version:
            return None
        width, height = counts[_WIDTH], counts[_HEIGHT]
        if not _fits(width, height):
            return None
        image = self._slots.pixels[slot][: height * width * 3].reshape(height, width, 3).copy()
        picture = SlotPicture(image, version, counts[_SEQ], times[_UTC], times[_PTS])
        return picture if self.version(slot, camera) == version else None


@lru_cache(maxsize=4096)
def camera_digest(camera_id: str) -> int:
    """A camera's identifier as the 64 bits that fit a slot's header."""
    return int.from_bytes(hashlib.blake2b(camera_id.encode(), digest_size=8).digest(), "big")


def clear_stale(folder: Path | None = None) -> int:
    """Remove slot files whose process is gone; returns how many. A recycled process id only delays that."""
    stale = [path for path in (folder or _folder()).glob(f"{_PREFIX}*") if _is_stale(path)]
    for path in stale:
        path.unlink(missing_ok=True)
    return len(stale)


def _is_stale(path: Path) -> bool:
    match = re.match(rf"{_PREFIX}(\d+)-", path.name)
    return match is not None and os.access(path, os.W_OK) and not psutil.pid_exists(int(match[1]))


def _fits(width: int, height: int) -> bool:
    return 0 < width <= FIT_WIDTH_PX and 0 < height <= FIT_HEIGHT_PX


def _folder(needed_bytes: int = 0) -> Path:
    """Shared memory if it has room: the file is sparse, and a write that finds none later ends the process (SIGBUS).

    Containers have 64 MB of it by default, which 96 cameras fill."""
    shared = Path("/dev/shm")  # noqa: S108 - the POSIX place for shared memory; names are made by mkstemp, mode 0600
    if os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > needed_bytes:
        return shared
    return Path(tempfile.gettempdir())
