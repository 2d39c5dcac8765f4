"""Pictures to calibrate a model with: of a folder, or key frames of recordings, spread over cameras and hours.

They go into an open file without a name and nowhere else (`detection.picture_roll`); nobody sees them, and no mask is
drawn on them, since the detector looks at what is under masks too. Recordings are read for who may see the camera, and
only after the look is written down with its reason. Blocking; a task's thread or the command line.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice, zip_longest
from pathlib import Path
from typing import IO, TYPE_CHECKING

from app.archive import Archive
from app.camera_rights import seen_by
from app.i18n import _
from detection.detector import DetectionCode, DetectionError
from detection.model_quantize import LEAST, WANTED
from detection.picture_roll import MOST_BYTES, add_picture
from storage.durable import typed_errors
from storage.errors import StorageCode, StorageError
from storage.people_commands import RecordAccess
from storage.people_records import AccessKind
from storage.records import Actor, Camera
from storage.segments import SegmentIndex

if TYPE_CHECKING:
    from video.frame import Picture

DAY_MINUTES = 24 * 60.0
_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
_MOST_FILES = 100_000
_HOUR_S = 3600
_APART_S = 2.0
_QUALITY = 95
_MOST_LOOKS = 8 * WANTED
"""Into recordings, since two moments may have one key frame."""
_GOLDEN = (5**0.5 - 1) / 2
_BOX_PX = (640, 360)
"""As cameras are looked at."""

Facts = dict[str, object]
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class PictureWish:
    """Where the pictures come from: a folder, or the last `minutes` of the recordings of cameras, for a reason."""

    folder: Path | None = None
    numbers: tuple[int, ...] = ()
    minutes: float = DAY_MINUTES
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Course:
    """`told` gets the share that is done; `stopped` says that it shall end; `now` is UTC."""

    told: Callable[[float], None]
    stopped: Callable[[], bool]
    now: Callable[[], float] = time.time


def gather(wish: PictureWish, archive: Archive, actor: Actor, name: str, roll: IO[bytes], course: Course) -> Facts:
    """Put up to 300 different pictures into the roll; what is to be noted of them. `name` is the model they are for.

    Raises DetectionError: FEW_PICTURES, QUANTIZE_FAILED (why="cancelled"); StorageError: NOT_FOUND (a camera, the
    folder), NOT_PERMITTED, NO_REASON, DISK_FULL."""
    if wish.folder is not None:
        facts: Facts = {"folder": wish.folder.name}
        count = _fill(roll, archive.folders.models, _of_folder(wish.folder), course)
    else:
        count, facts = _recorded(wish, archive, actor, name, roll, course)
    if count < LEAST:
        raise DetectionError(DetectionCode.FEW_PICTURES, found=count, least=LEAST)
    return facts | {"count": count}


def spread(spans: Mapping[str, Sequence[Span]]) -> Iterator[tuple[str, float]]:
    """Moments of what cameras have recorded: cameras and hours of the day in turn, so that night is there as day is,
    and within each hour all over it. Each moment once."""
    hours: dict[tuple[str, int], list[float]] = {}
    for camera_id, recorded in spans.items():
        step_s = max(_APART_S, sum(end - begin for begin, end in recorded) / _MOST_LOOKS)
        for begin, end in recorded:
            for number in range(int((end - begin) / step_s) + 1):
                at = begin + number * step_s
                hours.setdefault((camera_id, int(at // _HOUR_S) % 24), []).append(at)
    turns = [[(of[0], moments[at]) for at in scattered(len(moments))] for of, moments in hours.items()]
    for turn in zip_longest(*turns):
        yield from (moment for moment in turn if moment is not None)


def scattered(count: int) -> list[int]:
    """0 ... count - 1 so that every beginning of the list is spread over all of it (multiples of the golden ratio)."""
    return sorted(range(count), key=lambda at: (at + 1) * _GOLDEN % 1.0)


def _of_folder(folder: Path) -> Iterator[bytes]:
    """Files that are called like pictures, also of folders within. Whether they are is judged where they are opened."""
    if not folder.is_dir():
        raise StorageError(StorageCode.NOT_FOUND, subject=str(folder))
    every = (path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    files = sorted(islice(every, _MOST_FILES))
    for at in scattered(len(files)):
        if files[at].is_file() and files[at].stat().st_size <= MOST_BYTES:
            yield files[at].read_bytes()


def _recorded(
    wish: PictureWish, archive: Archive, actor: Actor, name: str, roll: IO[bytes], course: Course
) -> tuple[int, Facts]:
    from video.footage import StoredFootage  # PyAV: not at start
    from video.key_frames import KeyFrames

    cameras = _cameras(archive, actor, wish.numbers)
    to_utc_s = course.now()
    from_utc_s = to_utc_s - wish.minutes * 60.0
    for camera in cameras:
        access = RecordAccess(
            AccessKind.SEARCH,
            wish.reason,
            camera_id=camera.id,
            from_utc_s=from_utc_s,
            to_utc_s=to_utc_s,
            detail=f"pictures to make an int8 model of {name}; not shown, not kept",
        )
        archive.journal.apply(access, actor)
    index = SegmentIndex(archive.folders.footage_index)
    try:
        spans = {
            camera.id: [
                (max(one.from_utc_s, from_utc_s), min(one.to_utc_s, to_utc_s))
                for one in index.between(camera.id, from_utc_s, to_utc_s)
            ]
            for camera in cameras
        }
        frames = KeyFrames(StoredFootage(lambda _camera_id: None, index.between))
        seen: set[tuple[str, float]] = set()

        def pictures() -> Iterator[bytes]:
            for camera_id, utc_s in islice(spread(spans), _MOST_LOOKS):
                _require(archive, actor, camera_id)
                picture = frames.picture(camera_id, utc_s, _BOX_PX)
                if picture is not None and (camera_id, picture.utc_s) not in seen:
                    seen.add((camera_id, picture.utc_s))
                    yield _jpeg(picture)
                if course.stopped():
                    return

        count = _fill(roll, archive.folders.models, pictures(), course)
    finally:
        index.close()
    hours = len({int(utc_s // _HOUR_S) % 24 for _, utc_s in seen})
    numbers = [camera.number for camera in cameras]
    return count, {"cameras": numbers, "from_utc_s": from_utc_s, "to_utc_s": to_utc_s, "hours_of_the_day": hours}


def _fill(roll: IO[bytes], disk: Path, pictures: Iterable[bytes], course: Course) -> int:
    """How many different ones were put in."""
    known: set[bytes] = set()
    for data in pictures:
        digest = sha256(data).digest()
        if digest in known or not data:
            continue
        known.add(digest)
        with typed_errors(disk):
            add_picture(roll, data)
        course.told(len(known) / WANTED)
        if len(known) == WANTED or course.stopped():
            break
    if course.stopped():
        raise DetectionError(DetectionCode.QUANTIZE_FAILED, why="cancelled")
    return len(known)


def _cameras(archive: Archive, actor: Actor, numbers: Sequence[int]) -> tuple[Camera, ...]:
    """Raises StorageError: NOT_FOUND, NOT_PERMITTED."""
    by_number = {camera.number: camera for camera in archive.registry.cameras}
    missing = sorted(set(numbers) - by_number.keys())
    if missing or not numbers:
        subject = _("Camera {number}").format(number=missing[0] if missing else "-")
        raise StorageError(StorageCode.NOT_FOUND, subject=subject)
    for number in numbers:
        _require(archive, actor, by_number[number].id)
    return tuple(by_number[number] for number in numbers)


def _require(archive: Archive, actor: Actor, camera_id: str) -> None:
    seen = seen_by(archive.registry, actor.id)
    if seen is not None and camera_id not in seen:
        raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, reason="camera of another group")


def _jpeg(picture: Picture) -> bytes:
    from PIL import Image  # Pillow: not at start

    size = picture.width, picture.height
    image = Image.frombytes("RGB", size, bytes(picture.pixels), "raw", "BGRX", picture.stride, 1)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()
