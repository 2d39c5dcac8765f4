"""A wall of 64 for minutes or hours, half of its cameras dead and flapping: does the process grow?

Half of the tiles have healthy cameras; of the others some stay dead, some hang up, close their port, go mute or lose
their server, and come back, at random moments. Now and then a tile is enlarged, which opens its main stream. RSS,
threads and open handles are sampled every second; their slopes come with 95 % intervals (`slopes`). At the end all
cameras return, and every tile must be live again.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import psutil

from app.governor import Governor
from benchmarks.camera_farm import CameraFarm, farm
from benchmarks.clips import make_clip
from benchmarks.harness import machine
from benchmarks.slopes import Slope, slope_of
from benchmarks.wall_site import WallSite, cameras_of, wall_site

TILES = 64
MINUTES = 60.0
MOST_PER_HOUR = {"rss_mb": 24.0, "threads": 1.0, "handles": 1.0}
"""What may be left in the interval's lower end, so that a slow leak fails the run and the allocator's mood does not."""
_DEAD_SHARE = 4
_WARM_SHARE, _MOST_WARM_S = 0.4, 900.0
_SAMPLE_S = 1.0
_CLIP_S = 4.0
_RETURN_S = 45.0
_MEGA = 1_000_000
_LOAD_S = 5.0
_LOOKS = 0.2
_RESET = 60


@dataclass(slots=True)
class _Samples:
    times_s: list[float] = field(default_factory=list)
    values: dict[str, list[float]] = field(default_factory=dict)

    def take(self, process: psutil.Process) -> None:
        """One row."""
        self.times_s.append(time.monotonic())
        row = {
            "rss_mb": process.memory_info().rss / _MEGA,
            "threads": float(process.num_threads()),
            "handles": float(process.num_fds() if hasattr(process, "num_fds") else process.num_handles()),
        }
        for name, value in row.items():
            self.values.setdefault(name, []).append(value)

    def slope(self, name: str, since_s: float) -> Slope:
        """The trend after the warm-up."""
        first = next((at for at, time_s in enumerate(self.times_s) if time_s >= since_s), 0)
        return slope_of(self.times_s[first:], self.values[name][first:])


def run(
    minutes: float = MINUTES, *, tiles: int = TILES, seed: int = 1, sample_s: float = _SAMPLE_S
) -> dict[str, object]:
    """The soak's result, with `ok`."""
    dice = random.Random(seed)
    samples = _Samples()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="watchfloor-soak-"))
        clip = make_clip(Path(folder) / "clip.mp4", _CLIP_S)
        half = tiles // 2
        good = stack.enter_context(farm({f"good{number}": clip for number in range(tiles - half)}))
        bad = stack.enter_context(farm({f"bad{number}": clip for number in range(half)}))
        cameras = cameras_of([one.url(name) for one in (good, bad) for name in one.names])
        cameras = tuple(replace(camera, sub_url=camera.main_url) for camera in cameras)
        site = stack.enter_context(wall_site(cameras, ages=1))  # nothing of the bench's own may grow
        governor = Governor(site.desk.hub.lower, lambda _banner: None, site.desk.hub.behind_ms, site.desk.hub.lost_gops)
        begin_s = time.monotonic()
        faults = 0
        for flap in _flaps(bad, dice, begin_s + minutes * 60.0):
            faults += flap
            _operate(site, dice)
            site.spin(sample_s)
            governor.take(site.wall.figures.load(_LOAD_S))
            if len(samples.times_s) % _RESET == 0:  # the figures of an hour are kept, and would grow for an hour
                site.wall.figures.reset()
            samples.take(psutil.Process())
        back_s = _all_back(site, bad, tiles)
        figures = site.wall.figures.read()
        totals = site.desk.hub.totals()
    warm_s = min(_MOST_WARM_S, minutes * 60.0 * _WARM_SHARE)
    slopes = {name: samples.slope(name, begin_s + warm_s) for name in MOST_PER_HOUR}
    grown = [name for name, slope in slopes.items() if slope.low > MOST_PER_HOUR[name]]
    return {
        "name": "soak wall",
        "machine": machine(),
        "minutes": minutes,
        "tiles": tiles,
        "faults": faults,
        "reconnects": totals["reconnects"],
        "warm_s": warm_s,
        "slopes_per_hour": {name: {**asdict(slope), "grows": slope.grows} for name, slope in slopes.items()},
        "first": {name: samples.values[name][0] for name in MOST_PER_HOUR},
        "last": {name: samples.values[name][-1] for name in MOST_PER_HOUR},
        "rung": int(governor.ladder.rung),
        "gui_stall_p99_ms": figures.gui_stall_p99_ms,
        "frame_age_p95_ms": figures.frame_age_p95_ms,
        "all_live_again_s": back_s,
        "grown": grown,
        "ok": not grown and back_s is not None,
    }


def table(result: dict[str, object]) -> str:
    """The slopes as text."""
    slopes, first, last = result["slopes_per_hour"], result["first"], result["last"]
    assert isinstance(slopes, dict)
    assert isinstance(first, dict)
    assert isinstance(last, dict)
    lines = [f"{'':10}{'first':>10}{'last':>10}{'per hour':>12}   95 % interval"]
    for name, slope in slopes.items():
        numbers = f"{first[name]:>10.1f}{last[name]:>10.1f}{slope['per_hour']:>12.2f}"
        lines.append(f"{name:10}{numbers}   {slope['low']:.2f} to {slope['high']:.2f}")
    lines.append(
        f"{result['tiles']} tiles, {result['minutes']} min, {result['faults']} faults, {result['reconnects']} back"
    )
    lines.append(f"all live again after {result['all_live_again_s']} s")
    return "\n".join(lines)


def _flaps(bad: CameraFarm, dice: random.Random, end_s: float) -> Iterator[int]:
    """Once a second: a fault or a return at some of the cameras; how many faults that were."""
    dead, living = bad.names[::_DEAD_SHARE], [name for at, name in enumerate(bad.names) if at % _DEAD_SHARE]
    for name in dead:
        bad.change(name, down=True)
    out: dict[str, float] = {}
    while time.monotonic() < end_s:
        now_s = time.monotonic()
        for name in [name for name, until_s in out.items() if now_s > until_s]:
            del out[name]
            bad.change(name, down=False, mute=False, corrupt=0.0)
        chosen = [name for name in living if name not in out and dice.random() < 0.08]
        for name in chosen:
            out[name] = now_s + dice.uniform(1.0, 9.0)
            bad.change(name, **dice.choice(_FAULTS))
        if dice.random() < 0.01:  # the whole server goes, as a switch does with all its cameras
            bad.kill()
            bad.start()
            chosen += bad.names
        yield len(chosen)


_FAULTS: tuple[dict[str, object], ...] = ({"down": True}, {"mute": True}, {"kick": True}, {"corrupt": 0.3})


def _operate(site: WallSite, dice: random.Random) -> None:
    """Now and then a tile is enlarged, which opens its main stream, and given back, which closes that again."""
    if site.wall.arrangement.enlarged:
        site.wall.toggle_enlarged()
    elif dice.random() < _LOOKS:
        site.wall.show_camera(dice.choice(site.wall.arrangement.order))
        site.wall.toggle_enlarged()


def _all_back(site: WallSite, bad: CameraFarm, tiles: int) -> float | None:
    """Seconds until every tile is live once all cameras are well; None when that does not come."""
    if site.wall.arrangement.enlarged:
        site.wall.toggle_enlarged()
    for name in bad.names:
        bad.change(name, down=False, mute=False, corrupt=0.0)
    took_s = site.wait(lambda: site.wall.live_count() == tiles, _RETURN_S)
    return round(took_s, 1) if site.wall.live_count() == tiles else None
