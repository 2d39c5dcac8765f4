"""What a camera's fault does: how soon is it noticed, how soon is it over, and what does it do to the others?

Real RTSP over loopback (`camera_farm`), the real sessions and the real wall. Each case has its own wall: healthy
cameras from one process, the cameras that suffer from another. `noticed_s` is from the fault to the tile's word for
it; `session_s` and `picture_s` are from the camera's return to the open session and to the first new picture (of a
damaged one: until nothing is told any more), of the camera that took longest; `frames_lost` is what one of them did
not show until then; `others_ms` is the change of the p99 age of the healthy cameras' pictures, `own_p50_ms` the median
age of the others' pictures afterwards. `gui_ms` is the p99 of how late the GUI thread came meanwhile, `cpu` how many
cores the program used, `threads` how many more it had afterwards. A network is cut by pulling the virtual cable of a
namespace where this machine lets us make one (root), else by stopping the cameras' process. `ratio` is the longest
return of a camera that may be asked again at once, against the 3 s that are promised.
"""

from __future__ import annotations

import logging
import math
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from app.feeds import TileState
from benchmarks.camera_farm import CameraFarm, farm
from benchmarks.clips import FPS, make_clip
from benchmarks.fault_cases import CASES, LOGIN, Fault
from benchmarks.harness import machine
from benchmarks.net_space import NetSpace, permitted
from benchmarks.wall_site import WallSite, cameras_of, wall_site
from video.session import SessionState

PROMISED_S = 3.0
MOST_OTHERS_MS = 20.0
HEALTHY, HURT, MANY = 6, 2, 30
TINY_FPS = 5
"""Of many cameras: their number is what is looked at, not what this machine can decode."""
_BASE_S = 6.0
_NOTICE_S = 15.0
_RETURN_S = 45.0
_SETTLE_S = 1.0


class _Log(logging.Handler):
    """The program's warnings of one case."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line."""
        self.lines.append(record.getMessage())


class _Spent:
    """What the program used since this was made."""

    def __init__(self) -> None:
        self._at_s, self._cpu_s, self._threads = time.monotonic(), time.process_time(), threading.active_count()

    def since(self) -> dict[str, float]:
        """Cores in use on the mean, and how many threads there are more."""
        cores = (time.process_time() - self._cpu_s) / (time.monotonic() - self._at_s)
        return {"cpu": round(cores, 2), "threads": threading.active_count() - self._threads}


def run(
    streams: int = MANY, runs: int = 1, *, cases: Sequence[str] = (), base_s: float = _BASE_S, haste: float = 1.0
) -> dict[str, object]:
    """All cases, or those named; `streams` is how many cameras are dead in the case of many (as many are healthy).
    `haste` is how many times shorter a fault and the rest around it last."""
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory(prefix="watchfloor-bench-") as folder:
        chosen = [fault for fault in CASES if not cases or fault.name in cases]
        clips = _clips(Path(folder), chosen)
        for _run in range(runs):
            for fault in chosen:
                quick = replace(fault, lasts_s=fault.lasts_s / haste)
                rows.append(_case(quick, clips, streams, base_s, _SETTLE_S / haste))
    longest = [float(str(row["session_s"])) for row in rows if row["promised"]]
    return {
        "name": "faults",
        "machine": machine(),
        "better": "lower",
        "figure": "session_s",
        "runs": runs,
        "ours": {"session_s": max(longest, default=math.nan)},
        "references": {"promised": {"session_s": PROMISED_S}},
        "reference": "promised",
        "ratio": round(max(longest, default=math.nan) / PROMISED_S, 4),
        "ok": all(row["ok"] for row in rows),
        "cases": rows,
    }


def table(result: dict[str, object]) -> str:
    """The cases as text."""
    rows = result["cases"]
    assert isinstance(rows, list)
    names = (
        "case",
        "noticed_s",
        "session_s",
        "picture_s",
        "frames_lost",
        "others_ms",
        "own_p50_ms",
        "gui_ms",
        "cpu",
        "threads",
        "log_lines",
        "ok",
        "state",
    )
    cells = [names, *[tuple(str(row[name]) for name in names) for row in rows]]
    widths = [max(len(row[at]) for row in cells) for at in range(len(names))]
    return "\n".join("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in cells)


_MAKERS: dict[str, Callable[[Path], Path]] = {
    "normal": partial(make_clip, seconds=4.0),
    "large": partial(make_clip, seconds=2.0, size=(960, 540)),
    "long": partial(make_clip, seconds=20.0, gop_s=10.0),
    "h265": partial(make_clip, seconds=4.0, codec="libx265"),
    "tiny": partial(make_clip, seconds=4.0, size=(160, 90), fps=TINY_FPS),
}


def _clips(folder: Path, faults: Sequence[Fault]) -> dict[str, Path]:
    names = {"tiny" if fault.many else "normal" for fault in faults} | {fault.plays for fault in faults if fault.plays}
    return {name: _MAKERS[name](folder / f"{name}.mp4") for name in names}


def _case(fault: Fault, clips: dict[str, Path], many: int, base_s: float, settle_s: float) -> dict[str, object]:
    healthy, hurt = (many, many) if fault.many else (HEALTHY, HURT)
    heard, clip = _Log(), clips["tiny" if fault.many else "normal"]
    with ExitStack() as stack:
        good = stack.enter_context(farm({f"good{number}": clip for number in range(healthy)}))
        space = stack.enter_context(NetSpace()) if fault.apart and permitted() else None
        weak = {f"bad{number}": clip for number in range(hurt)}
        bad = stack.enter_context(farm(weak, LOGIN, space=space, udp=fault.udp))
        cameras = cameras_of([one.url(name) for one in (good, bad) for name in one.names])
        site = stack.enter_context(wall_site(cameras))
        logging.getLogger().addHandler(heard)
        stack.callback(logging.getLogger().removeHandler, heard)
        site.wait(lambda: site.pictured() == healthy + hurt, what="the first pictures")
        ids = [camera.id for camera in cameras]
        return _suffered(fault, site, bad, clips, (ids[:healthy], ids[healthy:]), heard, (base_s, settle_s))


def _suffered(
    fault: Fault,
    site: WallSite,
    bad: CameraFarm,
    clips: dict[str, Path],
    ids: tuple[list[str], list[str]],
    heard: _Log,
    rest: tuple[float, float],
) -> dict[str, object]:
    (healthy, hurt), (base_s, settle_s) = ids, rest
    site.spin(settle_s)
    begin_s = time.monotonic()
    site.spin(base_s)
    base_ms = site.age_ms(healthy, 99, begin_s)
    heard.lines.clear()
    before = _Spent()
    site.wall.figures.reset()
    fault_s = time.monotonic()
    site.meanwhile(partial(fault.begin, bad, clips))
    told = _damaged if fault.damaged else _out
    noticed_s = site.wait(lambda: all(told(site, camera_id) for camera_id in hurt), _NOTICE_S) if fault.seen else 0.0
    noticed = not fault.seen or noticed_s < _NOTICE_S
    state = site.tile(hurt[0]).state.value
    site.spin(fault.lasts_s)
    site.meanwhile(partial(fault.end, bad, clips))
    return_s = time.monotonic()
    session_s = site.wait(lambda: all(_open(site, camera_id) for camera_id in hurt), _RETURN_S)
    site.wait(lambda: all(_newest_s(site, camera_id) > return_s for camera_id in hurt), _RETURN_S)
    if fault.damaged:
        site.wait(lambda: not any(_damaged(site, camera_id) for camera_id in hurt), _RETURN_S)
    picture_s = time.monotonic() - return_s
    if not fault.seen:
        picture_s = max(_first_after(site, camera_id, return_s) for camera_id in hurt) - return_s
    end_s = time.monotonic()
    site.spin(settle_s)
    stall_ms, spent = site.wall.figures.read().gui_stall_p99_ms, before.since()
    others_ms = site.age_ms(healthy, 99, fault_s) - base_ms
    own_ms = site.age_ms(hurt, 50, end_s)
    shown = sum(fault_s <= at_s <= end_s for at_s, _age_s in site.desk.ages[hurt[0]])
    named = sum(f"Camera {camera_id[1:]}:" in line for camera_id in hurt for line in heard.lines)
    secrets = sum(LOGIN.partition(":")[2] in line for line in heard.lines)
    back = session_s < (PROMISED_S if fault.promised else _RETURN_S) and picture_s < _RETURN_S
    return {
        "case": fault.name,
        "noticed_s": round(noticed_s, 2),
        "state": state,
        "session_s": round(session_s, 2),
        "picture_s": round(picture_s, 2),
        "frames_lost": max(round((end_s - fault_s) * (TINY_FPS if fault.many else FPS)) - shown, 0),
        "base_p99_ms": round(base_ms, 1),
        "others_ms": round(others_ms, 1),
        "own_p50_ms": round(own_ms, 1),
        "gui_ms": round(stall_ms or 0.0, 1),
        **spent,
        "log_lines": round(named / len(hurt), 1),
        "secrets": secrets,
        "promised": fault.promised,
        "ok": bool(noticed and back and others_ms <= MOST_OTHERS_MS and not secrets and (named or not fault.seen)),
    }


def _out(site: WallSite, camera_id: str) -> bool:
    return site.tile(camera_id).state is not TileState.LIVE


def _damaged(site: WallSite, camera_id: str) -> bool:
    status = site.tile(camera_id).status
    return status.state is TileState.LIVE and bool(status.notice)


def _open(site: WallSite, camera_id: str) -> bool:
    session = site.desk.hub.session(camera_id)
    return session is not None and session.status().state is SessionState.LIVE


def _newest_s(site: WallSite, camera_id: str) -> float:
    ages = site.desk.ages[camera_id]
    return ages[-1][0] if ages else 0.0


def _first_after(site: WallSite, camera_id: str, since_s: float) -> float:
    return min((at_s for at_s, _age_s in site.desk.ages[camera_id] if at_s >= since_s), default=math.inf)
