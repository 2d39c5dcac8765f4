"""Whether a wall may be painted by OpenGL on this machine: what was found out, what follows from it, and where it is
kept. Pure but for one small file; any thread. Qt is not needed here.

OpenGL paints only where the renderer is no program on the processor (such a one costs 15 to 20 times as much as Qt's
own painter) and where a trial in a process of its own (`gl_trial`) was cheaper than raster painting of the same wall.
"""

from __future__ import annotations

import json
import logging
import platform
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from app.i18n import _
from storage import durable
from storage.errors import StorageError

log = logging.getLogger(__name__)

MOST_UNFINISHED = 2
_LEAST_GAIN = 0.9
_MOST_WALL_MS = 33.0
"""A wall is painted so often that nobody sees it jump."""
_SOFTWARE = (
    *("llvmpipe", "softpipe", "swrast", "lavapipe", "swiftshader", "software", "basic render", "gdi generic"),
    *("mesa x11", "mesa offscreen", "warp", "apple software"),
)
_MOST_LETTERS = 200


class Reason(StrEnum):
    """Why the wall is painted as it is."""

    FASTER = "faster"
    SET = "set"
    UNTRIED = "untried"
    NO_WINDOWS = "no_windows"
    NO_OPENGL = "no_opengl"
    SOFTWARE = "software"
    SLOWER = "slower"
    CRASHED = "crashed"
    UNFINISHED = "unfinished"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Driver:
    """What OpenGL says of itself."""

    vendor: str
    renderer: str
    version: str

    @property
    def name(self) -> str:
        """All of it: a new driver for the same card is another one."""
        return f"{self.vendor} {self.renderer} {self.version}"

    @property
    def software(self) -> bool:
        """Whether the processor does the work; also said of what says nothing."""
        name = self.renderer.lower()
        return not name.strip() or any(word in name for word in _SOFTWARE)


@dataclass(frozen=True, slots=True)
class Trial:
    """What the process of its own found: the driver (None: no OpenGL at all), and for a wall of 64 new pictures the
    processor's time by raster and by OpenGL, and how long the latter took by the clock. `detail`: what went wrong."""

    driver: Driver | None = None
    raster_ms: float = 0.0
    gl_ms: float = 0.0
    wall_ms: float = 0.0
    detail: str = ""

    @property
    def timed(self) -> bool:
        """Whether it came so far."""
        return self.raster_ms > 0 and self.gl_ms > 0


@dataclass(frozen=True, slots=True)
class Choice:
    """How the wall is painted, and why. `unfinished`: starts with OpenGL that did not come as far as 100 paints."""

    gl: bool
    reason: Reason
    trial: Trial = Trial()
    unfinished: int = 0

    @property
    def renderer(self) -> str:
        """Which renderer it holds for."""
        return self.trial.driver.renderer if self.trial.driver is not None else ""


def judged(trial: Trial) -> Choice:
    """What follows from a trial."""
    if trial.driver is None:
        return Choice(gl=False, reason=Reason.CRASHED if trial.detail else Reason.NO_OPENGL, trial=trial)
    if trial.driver.software:
        return Choice(gl=False, reason=Reason.SOFTWARE, trial=trial)
    if not trial.timed:
        return Choice(gl=False, reason=Reason.CRASHED, trial=trial)
    faster = trial.gl_ms <= _LEAST_GAIN * trial.raster_ms and trial.wall_ms <= _MOST_WALL_MS
    return Choice(gl=faster, reason=Reason.FASTER if faster else Reason.SLOWER, trial=trial)


def sentence(choice: Choice) -> str:
    """For the operator."""
    costs = _("with OpenGL 64 pictures cost the processor {gl_ms:.1f} ms, without it {raster_ms:.1f} ms")
    why = {
        Reason.FASTER: costs,
        Reason.SLOWER: costs,
        Reason.SET: _("as it is set"),
        Reason.UNTRIED: _("it is tried when the wall has run for a while, and used from the next start on"),
        Reason.NO_WINDOWS: _("there is no window system that has OpenGL"),
        Reason.NO_OPENGL: _("there is no OpenGL"),
        Reason.SOFTWARE: _("OpenGL is done by the processor here"),
        Reason.CRASHED: _("the trial of OpenGL broke off"),
        Reason.UNFINISHED: _("the program ended early {times} times with OpenGL"),
        Reason.FAILED: _("OpenGL failed"),
    }[choice.reason]
    who = _("The wall is painted by the graphics card") if choice.gl else _("The wall is painted by the processor")
    trial = choice.trial
    why = why.format(gl_ms=trial.gl_ms, raster_ms=trial.raster_ms, times=choice.unfinished)
    named = " · ".join(filter(None, (choice.renderer, trial.detail)))
    return f"{who}: {why}. {named}".strip()


class KeptChoice:
    """What was found out, in a file that may be deleted at any time; it holds for one machine with one Qt. `keep`
    blocks: not on the GUI thread."""

    def __init__(self, path: Path, qt: str) -> None:
        self._path = path
        self._machine = f"{platform.node()} {platform.platform()} Qt {qt}"

    def load(self) -> Choice | None:
        """None when nothing is known of this machine."""
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            return _read(kept) if kept["machine"] == self._machine else None
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            log.warning("%s cannot be read, OpenGL will be tried anew: %s", self._path, error)
            return None

    def keep(self, choice: Choice) -> None:
        """For the next start."""
        table = {"machine": self._machine, **asdict(choice)}
        try:
            durable.replace(self._path, json.dumps(table, indent=1).encode())
        except (StorageError, OSError) as error:
            log.warning("what was found out about OpenGL is not kept: %s", error)


def trusted(kept: Choice) -> Choice:
    """A kept choice, unless the program ended too often with it."""
    if kept.gl and kept.unfinished >= MOST_UNFINISHED:
        return replace(kept, gl=False, reason=Reason.UNFINISHED)
    return kept


def trial_of(table: dict[str, Any]) -> Trial:
    """Raises ValueError, TypeError, KeyError or AttributeError for what is none."""
    driver = table["driver"]
    known = None if driver is None else Driver(*(str(driver[name])[:_MOST_LETTERS] for name in _DRIVER))
    raster_ms, gl_ms, wall_ms = (float(table[name]) for name in ("raster_ms", "gl_ms", "wall_ms"))
    return Trial(known, raster_ms, gl_ms, wall_ms, str(table["detail"])[:_MOST_LETTERS])


_DRIVER = ("vendor", "renderer", "version")


def _read(kept: dict[str, Any]) -> Choice:
    found = Choice(bool(kept["gl"]), Reason(kept["reason"]), trial_of(kept["trial"]), int(kept["unfinished"]))
    if found.gl and (found.trial.driver is None or found.trial.driver.software):
        raise ValueError("OpenGL on no graphics card")
    return found
