"""How soon is there a picture: from the start of a session on a local file to the first picture in a tile's mailbox,
and `program_s`, from the start of `main.py wall --camera FILE` to the first picture painted.

The program has its byte code, as at every start but the first after an installation; a machine that forbids Python to
write it pays 0.4 s more.

Reference: PyAV's bare open, decode of one frame, conversion to BGRA, in one thread; for the program an interpreter that
imports PyAV and Qt, opens an application and does the same.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import av

from benchmarks.clips import make_clip
from benchmarks.harness import RUNS, report
from video.decode import DecodePool
from video.fanout import PictureTap
from video.frame import Picture
from video.session import CameraSession

_PATIENCE_S = 10.0
_ROOT = Path(__file__).resolve().parents[1]
_BARE = """
import os, sys
os.environ["QT_QPA_PLATFORM"] = "offscreen"
import av
from PySide6.QtWidgets import QApplication
app = QApplication([])
next(av.open(sys.argv[1]).decode(video=0)).reformat(format="bgra", threads=1)
"""


class _FirstPicture(PictureTap):
    """A tile's mailbox that says when it got something."""

    def __init__(self) -> None:
        super().__init__()
        self.came = threading.Event()

    def put(self, picture: Picture) -> None:
        """Keep it and tell."""
        super().put(picture)
        self.came.set()


def run(runs: int = RUNS) -> dict[str, object]:
    """The bench's result; `first_picture_s` counts the pool's and the reader's thread start, too."""
    with tempfile.TemporaryDirectory() as folder:
        clip = make_clip(Path(folder) / "clip.mp4", 4.0)
        _program(clip, Path(folder))  # writes the byte code
        pairs = [
            (
                {"program_s": _program(clip, Path(folder)), "first_picture_s": _ours(clip)},
                {"program_s": _bare_program(clip), "first_picture_s": _pyav(clip)},
            )
            for _ in range(runs)
        ]
    return report("start", "lower", [ours for ours, _ in pairs], {"pyav": [pure for _, pure in pairs]}, "program_s")


def _program(clip: Path, folder: Path) -> float:
    """Seconds from the process's creation to its first painted picture, as it logs them itself."""
    command = [sys.executable, "main.py", "wall", "--camera", str(clip), "--offscreen", "--seconds", "0.1"]
    done = subprocess.run(
        [*command, "--out", str(folder / "out")],
        cwd=_ROOT,
        env=_environment(folder),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found = re.search(r"first picture (\d+\.\d+) s after the start", done.stderr)
    if found is None:
        raise RuntimeError(f"no first picture: {done.stderr[-500:]}")
    return float(found[1])


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    own = {"WATCHFLOOR_HOME": str(folder / "home"), "YOLO_OFFLINE": "1", "PYTHONPYCACHEPREFIX": str(folder / "code")}
    return {**kept, **own}


def _bare_program(clip: Path) -> float:
    begin_s = time.monotonic()
    subprocess.run([sys.executable, "-c", _BARE, str(clip)], check=True, timeout=60)
    return time.monotonic() - begin_s


def _ours(clip: Path) -> float:
    begin_s = time.monotonic()
    pool = DecodePool()
    pool.start()
    session = CameraSession("bench", "bench", str(clip), pool=pool)
    tap = _FirstPicture()
    tap.want(640, 360)
    session.add_tap(tap)
    session.start()
    came = tap.came.wait(_PATIENCE_S)
    took_s = time.monotonic() - begin_s
    session.stop()
    pool.stop()
    if not (session.join(_PATIENCE_S) and pool.join(_PATIENCE_S) and came):
        raise TimeoutError("no first picture")
    return took_s


def _pyav(clip: Path) -> float:
    begin_s = time.monotonic()
    with av.open(str(clip)) as container:
        container.streams.video[0].codec_context.thread_count = 1
        next(container.decode(video=0)).reformat(format="bgra", threads=1)
    return time.monotonic() - begin_s
