from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from video import shared_slots
from video.frame import Picture
from video.shared_slots import FIT_HEIGHT_PX, FIT_WIDTH_PX, SharedSlots, SlotReader, SlotTap, camera_digest, clear_stale

CAMERA = "camera-1"
DIGEST = camera_digest(CAMERA)


def picture(pixels: npt.NDArray[np.uint8], width: int, seq: int = 1, camera: str = CAMERA) -> Picture:
    """`pixels` is (height, stride): rows may be longer than the picture."""
    height, stride = pixels.shape
    view = memoryview(pixels.reshape(-1))  # type: ignore[arg-type] # numpy 2.4 declares no Buffer for 3.11
    return Picture(camera, seq, seq / 15, 1e9 + seq, 0.0, width, height, stride, "bgr24", 1920, 1080, view, pixels)


def plain(value: int, seq: int = 1, camera: str = CAMERA) -> Picture:
    return picture(np.full((FIT_HEIGHT_PX, FIT_WIDTH_PX * 3), value, np.uint8), FIT_WIDTH_PX, seq, camera)


@pytest.fixture
def slots(tmp_path: Path) -> Iterator[SharedSlots]:
    slots = SharedSlots.create(3, tmp_path)
    yield slots
    slots.close()


def test_a_picture_crosses_with_its_times_and_without_its_padding(slots: SharedSlots) -> None:
    tap, reader = SlotTap(slots, 1), SlotReader(SharedSlots.attach(slots.path, slots.count))
    rows = np.random.default_rng(1).integers(0, 255, (353, 630 * 3 + 22), np.uint8)
    reader.ask(1)
    assert tap.wanted() == (FIT_WIDTH_PX, FIT_HEIGHT_PX)
    tap.put(picture(rows, 630, seq=7))
    found = reader.newest(1, DIGEST)
    assert found is not None
    assert (found.seq, found.utc_s, found.pts_s) == (7, 1e9 + 7, 7 / 15)
    assert np.array_equal(found.image, rows[:, : 630 * 3].reshape(353, 630, 3))
    assert reader.newest(0, DIGEST) is None


def test_nothing_is_wanted_without_demand(slots: SharedSlots) -> None:
    tap, reader = SlotTap(slots, 0), SlotReader(slots)
    assert tap.wanted() is None
    reader.ask(0)
    tap.put(plain(1))
    assert tap.wanted() is None
    reader.ask(0)
    reader.ask(0)
    assert tap.wanted() is not None


def test_the_same_picture_is_not_given_twice(slots: SharedSlots) -> None:
    tap, reader = SlotTap(slots, 0), SlotReader(slots)
    tap.put(plain(1))
    first = reader.newest(0, DIGEST)
    assert first is not None
    assert reader.newest(0, DIGEST, first.version) is None
    tap.put(plain(2, seq=2))
    second = reader.newest(0, DIGEST, first.version)
    assert second is not None
    assert second.image[0, 0, 0] == 2


def test_a_picture_of_the_cameras_predecessor_is_not_given(slots: SharedSlots) -> None:
    tap, reader = SlotTap(slots, 0), SlotReader(slots)
    tap.put(plain(1, camera="predecessor"))
    assert reader.newest(0, DIGEST) is None
    tap.put(plain(1))
    assert reader.newest(0, DIGEST) is not None


def test_a_picture_that_comes_after_the_camera_left_is_not_written(slots: SharedSlots) -> None:
    old, new, reader = SlotTap(slots, 0), SlotTap(slots, 0), SlotReader(slots)
    old.put(plain(1, camera="predecessor"))
    old.leave()
    new.put(plain(2))
    old.put(plain(3, camera="predecessor"))
    found = reader.newest(0, DIGEST)
    assert found is not None
    assert found.image[0, 0, 0] == 2


def test_a_picture_in_the_making_is_not_given(slots: SharedSlots) -> None:
    tap, reader = SlotTap(slots, 0), SlotReader(slots)
    tap.put(plain(1))
    slots.counts[0][0] |= 1
    assert reader.newest(0, DIGEST) is None
    tap.put(plain(3))
    assert reader.newest(0, DIGEST) is not None


@pytest.mark.parametrize("width", [FIT_WIDTH_PX + 2, 0])
def test_a_picture_that_does_not_fit_is_refused(slots: SharedSlots, width: int) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        SlotTap(slots, 0).put(picture(np.zeros((10, 2000), np.uint8), width))


def test_pictures_are_never_torn(slots: SharedSlots) -> None:
    """A writer that hardly rests; every picture that is read is of one colour and of that colour's number."""
    tap, stop = SlotTap(slots, 0), threading.Event()
    pictures = [plain(value, seq=value) for value in range(1, 200)]

    def write() -> None:
        while not stop.is_set():
            for each in pictures:
                tap.put(each)
                stop.wait(0.0003)

    writer = threading.Thread(target=write)
    writer.start()
    reader, seen = SlotReader(SharedSlots.attach(slots.path, slots.count)), set()

    def look() -> bool:
        found = reader.newest(0, DIGEST)
        if found is not None:
            assert (found.image == found.seq).all()
            seen.add(found.seq)
        return len(seen) > 150

    try:
        end_s = time.monotonic() + 20.0
        while not look():
            assert time.monotonic() < end_s
    finally:
        stop.set()
        writer.join()


def test_another_process_reads_what_is_written_here(slots: SharedSlots) -> None:
    SlotTap(slots, 2).put(plain(77, seq=5))
    code = (
        "import sys; from pathlib import Path; from video.shared_slots import *;"
        "r = SlotReader(SharedSlots.attach(Path(sys.argv[1]), 3)); p = r.newest(2, camera_digest('camera-1'));"
        "print(p.seq, int(p.image.min()), int(p.image.max()), [m for m in ('av', 'cv2', 'PySide6')"
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(slots.path)], capture_output=True, text=True, check=True)
    assert done.stdout.split(maxsplit=3) == ["5", "77", "77", "[]\n"]
    assert slots.path.exists(), "the reader's end must not remove the file"


def test_files_of_dead_processes_are_removed_and_others_left(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    stale = tmp_path / f"watchfloor-slots-{gone.pid}-abc"
    own = tmp_path / f"watchfloor-slots-{os.getpid()}-abc"
    foreign = tmp_path / "watchfloor-slots-notes"
    for path in (stale, own, foreign):
        path.touch()
    assert clear_stale(tmp_path) == 1
    assert (stale.exists(), own.exists(), foreign.exists()) == (False, True, True)


def test_the_file_is_private_named_after_its_process_and_removed_at_the_end(tmp_path: Path) -> None:
    slots = SharedSlots.create(256, tmp_path)
    assert f"-{os.getpid()}-" in slots.path.name
    assert slots.path.stat().st_mode & 0o077 == 0
    assert slots.path.stat().st_blocks * 512 < 1 << 20, "unused slots must cost nothing"
    tap = SlotTap(slots, 0)
    slots.close()
    slots.close()
    assert list(tmp_path.iterdir()) == []
    tap.put(plain(1))


def test_a_reader_whose_parent_has_gone_gets_a_plain_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        SharedSlots.attach(tmp_path / "watchfloor-slots-1-gone", 3)


def test_shared_memory_without_room_is_not_used() -> None:
    assert shared_slots._folder(2**60) == Path(tempfile.gettempdir())
