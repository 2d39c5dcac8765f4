"""kill -9 while cameras are recorded, again and again: does everything play, and how much is missing?

Each round starts a recorder process (`soak_recorder`) over live RTSP cameras, kills it at a random moment and looks at
the files that it left: read by us, decoded by us, decoded by ffmpeg where it is installed. What may be missing is what
was not a whole GOP yet, and what the writer had not taken from its queue (a quarter of a second).
"""

from __future__ import annotations

import json
import logging
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.clips import FPS, make_clip
from benchmarks.harness import machine
from storage.footage_files import Flaw, Reading, read_segment
from storage.footage_records import Segment
from video.codec import new_decoder
from video.demo_server import DemoServer, free_ports
from video.footage import FilePiece
from video.recorder import TURN_S

log = logging.getLogger(__name__)

CAMERAS = 4
ROUNDS = 30
GOP_S = 2.0
_ROOT = Path(__file__).resolve().parent.parent
_OPEN_S = 20.0
_EXTRA_S = TURN_S + 3 / FPS
"""The writer's turn, and the frames that were on their way."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one kill left; `empty` files have no frame yet. `missing_s` is from the newest packet seen to the end of the
    footage, of the camera that lost most."""

    number: int
    ran_s: float
    files: int
    torn: int
    empty: int
    unplayable_ours: int
    unplayable_ffmpeg: int
    frames: int
    missing_s: float

    def ok(self, slack_s: float = _EXTRA_S) -> bool:
        """Everything plays and at most one GOP, and what was on its way, is missing."""
        return not (self.unplayable_ours or self.unplayable_ffmpeg) and self.missing_s <= GOP_S + slack_s


def run(
    rounds: int = ROUNDS,
    *,
    shortest_s: float = 1.0,
    longest_s: float = 6.0,
    clip_s: float = 20.0,
    seed: int = 1,
    slack_s: float = _EXTRA_S,
) -> dict[str, object]:
    """All rounds; the result says how it went, and `ok`. `slack_s`: what may be on its way, more on a busy machine."""
    dice = random.Random(seed)
    done: list[Round] = []
    with tempfile.TemporaryDirectory(prefix="watchfloor-soak-") as name, _cameras(Path(name), clip_s) as urls:
        for number in range(1, rounds + 1):
            folder = Path(name) / f"round-{number}"
            done.append(_round(number, folder, urls, dice.uniform(shortest_s, longest_s)))
            log.info("%s", done[-1])
            shutil.rmtree(folder)
    return {
        "name": "soak record",
        "machine": machine(),
        "cameras": CAMERAS,
        "gop_s": GOP_S,
        "ffmpeg": shutil.which("ffmpeg") is not None,
        "ok": all(one.ok(slack_s) for one in done),
        "rounds": [asdict(one) for one in done],
    }


def table(result: dict[str, object]) -> str:
    """The rounds as text."""
    rounds = result["rounds"]
    assert isinstance(rounds, list)
    names = ("number", "ran_s", "files", "torn", "empty", "unplayable_ours", "unplayable_ffmpeg", "frames", "missing_s")
    rows = [
        names,
        *[tuple(f"{one[name]:.2f}" if name.endswith("_s") else str(one[name]) for name in names) for one in rounds],
    ]
    return "\n".join("  ".join(f"{cell:>{len(name)}}" for cell, name in zip(row, names, strict=True)) for row in rows)


@contextmanager
def _cameras(folder: Path, clip_s: float) -> Iterator[list[str]]:
    clip = make_clip(folder / "clip.mp4", clip_s)
    port, control = free_ports(2)
    server = DemoServer("soak-cameras", {f"c{n}": clip for n in range(CAMERAS)}, port, control)
    server.start()
    try:
        if not server.ready.wait(_OPEN_S):
            raise TimeoutError("the RTSP server does not answer")
        yield [server.url(f"c{n}") for n in range(CAMERAS)]
    finally:
        server.stop()
        server.join(5.0)


def _round(number: int, folder: Path, urls: Sequence[str], seconds: float) -> Round:
    newest = _killed(folder, urls, seconds)
    readings = {path: read_segment(path) for path in sorted((folder / "footage").rglob("*.mp4"))}
    found = {path: one.segment for path, one in readings.items() if one.segment is not None}
    ends = {
        camera: max((s.to_utc_s for s in found.values() if s.camera_id == camera), default=0.0) for camera in newest
    }
    frames = {path: _frames(segment) for path, segment in found.items()}
    return Round(
        number=number,
        ran_s=seconds,
        files=len(readings),
        torn=_count(readings, Flaw.TORN),
        empty=sum(one.segment is None or _promised(one.segment) < 0 for one in readings.values()),
        unplayable_ours=sum(frames[path] < _promised(segment) for path, segment in found.items()),
        unplayable_ffmpeg=sum(not _plays(path, segment) for path, segment in found.items()),
        frames=sum(frames.values()),
        missing_s=max(newest[camera] - ends[camera] for camera in newest),
    )


def _killed(folder: Path, urls: Sequence[str], seconds: float) -> dict[str, float]:
    """Let it record until every camera has been live for so long, kill it; the newest packet of each camera."""
    command = [sys.executable, "-m", "benchmarks.soak_recorder", str(folder), *urls]
    lines: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=_ROOT) as process:
        reader = threading.Thread(target=lambda: lines.extend(process.stdout or ()), daemon=True)
        reader.start()
        end_s = time.monotonic() + _OPEN_S
        while not (lines and all(json.loads(lines[-1]).values())):
            if time.monotonic() > end_s:
                process.kill()
                raise TimeoutError("the cameras do not answer")
            time.sleep(0.02)
        time.sleep(seconds)
        process.kill()
        process.wait()
        reader.join(5.0)
    whole = [line for line in lines if line.endswith("}\n")]
    newest: dict[str, float] = json.loads(whole[-1])
    return newest


def _count(readings: dict[Path, Reading], flaw: Flaw) -> int:
    return sum(one.flaw is flaw for one in readings.values())


def _promised(segment: Segment) -> int:
    """Frames that must be in what the file says of itself, one less for rounding."""
    return round((segment.to_utc_s - segment.from_utc_s) * FPS) - 1


def _frames(segment: Segment) -> int:
    """As the player reads and decodes it."""
    count = 0
    decoder = None
    for item in FilePiece(segment.path, segment.from_utc_s, segment.to_utc_s).play(segment.from_utc_s):
        if item is not None:
            decoder = decoder or new_decoder(item[0])
            count += len(decoder.decode(item[1].av))
    return count + (len(decoder.decode(None)) if decoder is not None else 0)


def _plays(path: Path, segment: Segment) -> bool:
    """Whether ffmpeg shows as many frames, without an error but for the torn end; True where it is not installed."""
    program = shutil.which("ffprobe")
    if program is None or _promised(segment) < 0:  # killed before its first GOP was whole: a header, no frame
        return True
    command = [program, "-v", "error", "-count_frames", "-select_streams", "v:0", "-show_entries"]
    command += ["stream=nb_read_frames", "-of", "csv=p=0", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    shown = done.stdout.strip().strip(",")
    return done.returncode == 0 and shown.isdigit() and int(shown) >= _promised(segment)
