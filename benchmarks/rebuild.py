"""How long the recording index takes to be made again from the files of a hundred cameras.

Ours reads every file's boxes, hashes it (today's bytes) and writes the index, as `recordings rebuild` does; the
reference only reads and hashes the same files. `repair_s` is the background repair at a start with a damaged index:
without hashes, which follow later.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from app.index_repair import IndexRepair
from benchmarks.clips import make_clip
from benchmarks.harness import report
from storage import footage_scan
from storage.footage_files import Card, hash_file, segment_path
from storage.footage_folders import OneFolder
from storage.records import new_id
from storage.segments import SegmentIndex
from video.camera_recorder import CameraRecorder
from video.file_source import FileSource
from video.source import VideoCode, VideoError

SEGMENTS = 10_000
CAMERAS = 100
RUNS = 3
_BEGIN_UTC_S = 1_800_000_000.0


def run(segments: int = SEGMENTS, runs: int = RUNS) -> dict[str, object]:
    """The bench's result: seconds, lower is better."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "footage"
        _fill(folder, _sample(Path(name)), segments)
        ours: list[dict[str, float]] = []
        hashing: list[dict[str, float]] = []
        for number in range(runs):
            for mine in (True, False) if number % 2 else (False, True):
                if mine:
                    ours.append(_ours(Path(name) / f"{number}.db", folder, segments))
                else:
                    hashing.append(_hashing(folder))
        return report("rebuild", "lower", ours, {"hashing alone": hashing}, "seconds")


def _sample(folder: Path) -> tuple[Path, Card]:
    """One recorded second of a camera."""
    index = SegmentIndex(folder / "sample.db")
    recorder = CameraRecorder("c000", OneFolder(folder / "sample"), index)
    source = FileSource(str(make_clip(folder / "clip.mp4", 1.0)), 1, paced=False, loop=False)
    recorder.queue.configure(1, source.open())
    try:
        for packet in source.packets():
            if packet is not None:
                recorder.queue.put(packet)
    except VideoError as error:
        if error.code is not VideoCode.ENDED:
            raise
    finally:
        source.close()
    recorder.end()
    (segment,) = index.oldest_first()
    index.close()
    shape = segment.codec, segment.width, segment.height
    return Path(segment.path), Card(segment.id, "c000", segment.from_utc_s, *shape)


def _fill(folder: Path, sample: tuple[Path, Card], segments: int) -> None:
    """Copies of the sample that say something else of themselves in as many bytes."""
    data, old = sample[0].read_bytes(), sample[1]
    text = old.text().encode()
    begin = data.index(text)
    for number in range(segments):
        at_utc_s = _BEGIN_UTC_S + 60.0 * (number // CAMERAS)
        camera = f"c{number % CAMERAS:03}"
        card = Card(new_id(at_utc_s), camera, at_utc_s, old.codec, old.width, old.height)
        path = segment_path(folder, card)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data[:begin] + card.text().encode().ljust(len(text)) + data[begin + len(text) :])


def _ours(database: Path, folder: Path, segments: int) -> dict[str, float]:
    index = SegmentIndex(database)
    begin_s = time.monotonic()
    checked = footage_scan.rebuild(index, [folder])
    seconds = time.monotonic() - begin_s
    index.close()
    if checked.segments != segments or checked.findings:
        raise RuntimeError(f"{checked.segments} of {segments} segments were found")
    repairing = SegmentIndex(database.with_suffix(".repair.db"))
    repairing.incomplete = True
    repair = IndexRepair(repairing, [folder])
    begin_s = time.monotonic()
    repair.step(600.0)
    repair_s = time.monotonic() - begin_s
    repairing.close()
    return {"seconds": seconds, "files_per_s": segments / seconds, "repair_s": repair_s}


def _hashing(folder: Path) -> dict[str, float]:
    begin_s = time.monotonic()
    count = sum(bool(hash_file(path)) for path in footage_scan.footage_files([folder]))
    seconds = time.monotonic() - begin_s
    return {"seconds": seconds, "files_per_s": count / seconds, "repair_s": 0.0}
