"""kill -9 of a detection process, again and again: do looks come back, and is anything left behind?

Made pictures, the built-in detector or `WATCHFLOOR_MODEL`, two processes. Each round kills one of them at a random
moment and waits until all cameras are looked at again. At the end no process, no slot file, no open file, no thread may
be left of what was not there before.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import psutil

from benchmarks.harness import machine
from detection.messages import AnalyticsCamera
from detection.models import BUILT_IN, ModelChoice, ModelSource
from detection.team import DetectionTeam
from detection.worker import Pauses
from video.frame import Picture
from video.shared_slots import SharedSlots, SlotTap

CAMERAS = 4
ROUNDS = 20
_BACK_S = 60.0
_GRACE_S = 5.0
_PREFIX = "watchfloor-slots-"


@dataclass(frozen=True, slots=True)
class Round:
    """One kill: when after the last looks, and how long until all cameras were looked at again."""

    number: int
    after_s: float
    back_s: float
    ok: bool


@dataclass(frozen=True, slots=True)
class Left:
    """What is there besides this process at one moment."""

    processes: int
    slot_files: int
    open_files: int
    threads: int


def run(rounds: int = ROUNDS, model: Path | None = None, folder: Path | None = None) -> dict[str, object]:
    """Kill as often as asked; `ok` when every round recovered and nothing is left."""
    given = model or (Path(os.environ["WATCHFLOOR_MODEL"]) if os.environ.get("WATCHFLOOR_MODEL") else None)
    choice = ModelChoice(given.name, ModelSource.COMMAND_LINE, given) if given else BUILT_IN
    before = _left()
    with _site(choice, folder) as team:
        done = [_round(team, number, random.Random(number)) for number in range(1, rounds + 1)]
        restarts = team.status.restarts
    after = _left()
    end_s = time.monotonic() + _GRACE_S
    while _more(before, after) and time.monotonic() < end_s:
        time.sleep(0.1)
        after = _left()
    ok = all(one.ok for one in done) and restarts >= rounds and not _more(before, after)
    return {
        "name": "soak detect",
        "machine": machine(),
        "ok": ok,
        "detector": choice.name,
        "rounds": [asdict(one) for one in done],
        "restarts": restarts,
        "before": asdict(before),
        "after": asdict(after),
    }


def table(result: dict[str, object]) -> str:
    """What a person reads."""
    rounds = result["rounds"]
    assert isinstance(rounds, list)
    slowest_s = max((one["back_s"] for one in rounds), default=0.0)
    lost = sum(not one["ok"] for one in rounds)
    return (
        f"{len(rounds)} kills, {lost} without recovery, back after at most {slowest_s:.1f} s\n"
        f"before: {result['before']}\nafter:  {result['after']}"
    )


def _more(before: Left, after: Left) -> bool:
    return any(now > then for now, then in zip(asdict(after).values(), asdict(before).values(), strict=True))


def _left() -> Left:
    own = psutil.Process()
    maps = sum(_PREFIX in region.path for region in own.memory_maps())
    shared = Path("/dev/shm")
    files = len(list(shared.glob(f"{_PREFIX}{os.getpid()}-*"))) if shared.is_dir() else 0
    return Left(len(own.children(recursive=True)), maps + files, own.num_fds(), threading.active_count())


@contextmanager
def _site(choice: ModelChoice, folder: Path | None) -> Iterator[DetectionTeam]:
    slots = SharedSlots.create(CAMERAS, folder)
    names = [f"c{n}" for n in range(CAMERAS)]
    team = DetectionTeam(
        slots,
        choice,
        on_tracks=lambda _tracks: None,
        on_event=lambda _event: None,
        on_status=lambda _status: None,
        devices=("CPU", "CPU"),
        pauses=Pauses(restart_s=(0.0, 0.1)),
    )
    team.configure([AnalyticsCamera(name, slot) for slot, name in enumerate(names)])
    ending = threading.Event()
    taps = [SlotTap(slots, slot) for slot in range(CAMERAS)]
    feeder = threading.Thread(target=_feed, args=(taps, names, ending), name="soak feeder")
    feeder.start()
    for worker in team.workers:
        worker.start()
    try:
        yield team
    finally:
        team.stop()
        ended = team.join(15.0)
        ending.set()
        feeder.join()
        slots.close()
    if not ended:
        raise RuntimeError("the detection service did not end")


def _feed(taps: Sequence[SlotTap], names: Sequence[str], ending: threading.Event) -> None:
    noise = np.random.default_rng(1)
    image, seq = np.zeros((360, 640, 3), np.uint8), 0
    while not ending.wait(0.03):
        for tap, name in zip(taps, names, strict=True):
            if tap.wanted() is None:
                continue
            seq, now_s = seq + 1, time.time()
            image[:] = noise.integers(0, 255, (1, 1, 3))
            pixels = memoryview(image.reshape(-1))  # type: ignore[arg-type] # numpy 2.4 declares no Buffer for 3.11
            tap.put(Picture(name, seq, seq / 15, now_s, now_s, 640, 360, 1920, "bgr24", 640, 360, pixels, image))


def _round(team: DetectionTeam, number: int, chance: random.Random) -> Round:
    if not _until(lambda: len(team.status.pids) == 2 and not team.status.waiting):
        return Round(number, 0.0, _BACK_S, False)
    after_s = chance.uniform(0.0, 0.5)
    time.sleep(after_s)
    victims = team.status.pids
    victim = victims[number % len(victims)]
    looks = dict(team.status.looks)
    os.kill(victim, signal.SIGKILL)
    killed_s = time.monotonic()
    names = [camera.camera_id for camera in team.cameras]

    def back() -> bool:
        status = team.status
        again = all(status.looks.get(name, 0) > looks.get(name, 0) for name in names)
        return again and victim not in status.pids and not status.waiting

    ok = _until(back)
    return Round(number, round(after_s, 3), round(time.monotonic() - killed_s, 2), ok)


def _until(condition: Callable[[], bool]) -> bool:
    end_s = time.monotonic() + _BACK_S
    while time.monotonic() < end_s:
        if condition():
            return True
        time.sleep(0.02)
    return False
