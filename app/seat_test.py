"""What an operator wants to know of the seat before a shift: sound, keyboard, disk, clock, recorder, backup, journal.

Runs on a task thread. `ok` None means that it cannot be told here: said, never taken for good. Asks the system by its
own files (Linux) and promises nothing where there are none.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from app.i18n import _

log = logging.getLogger(__name__)

LEAST_FREE_GB = 5
OLDEST_BACKUP_S = 26 * 3600.0
OLDEST_CHECK_S = 26 * 3600.0
STEP_S = 2.0

_GB = 10**9
_HOUR_S = 3600.0
_CARDS = Path("/proc/asound/cards")
_INPUTS = Path("/proc/bus/input/devices")
_TIME_ERROR = 5
"""adjtimex(2): the clock is not synchronised."""


class Check(NamedTuple):
    """One result; `name` is for the record, `sentence` is what the operator reads."""

    name: str
    ok: bool | None
    sentence: str


@dataclass(frozen=True, slots=True)
class SeatFacts:
    """What the rest of the program knows. None or no answer: unknown. `recorder` gives a problem's sentence or ""."""

    folder: Path
    recorder: Callable[[], str | None] = lambda: None
    last_backup_utc_s: Callable[[], float | None] = lambda: None
    last_verified: Callable[[], tuple[float, bool] | None] = lambda: None


class SeatTest:
    """Made at start, so that a step of the clock since then is noticed."""

    def __init__(
        self,
        facts: SeatFacts,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        synchronised: Callable[[], bool | None] | None = None,
        cards: Path = _CARDS,
        inputs: Path = _INPUTS,
    ) -> None:
        self._facts, self._clock, self._monotonic = facts, clock, monotonic
        self._synchronised = synchronised or _synchronised
        self._cards, self._inputs = cards, inputs
        self._began = (clock(), monotonic())

    def run(self) -> tuple[Check, ...]:
        """All checks, on a task thread; one that the system refuses is "cannot be told"."""
        checks = (
            self._sound,
            self._keyboard,
            self._disk,
            self._clock_steps,
            self._recorder,
            self._backup,
            self._verification,
        )
        return tuple(_safely(check) for check in checks)

    def _sound(self) -> Check:
        servers = [Path(os.environ.get("XDG_RUNTIME_DIR", "/nonexistent")) / s for s in ("pipewire-0", "pulse/native")]
        if not sys.platform.startswith("linux"):
            return Check("sound", None, _("Whether there is sound cannot be told here. Listen to the test tone."))
        cards = self._cards.read_text(encoding="utf-8", errors="replace") if self._cards.exists() else ""
        if any(line.strip()[:1].isdigit() for line in cards.splitlines()) or any(s.exists() for s in servers):
            return Check("sound", True, _("There is a sound output."))
        return Check("sound", False, _("No sound device: alarms are seen, not heard."))

    def _keyboard(self) -> Check:
        if not self._inputs.exists():
            return Check("keyboard", None, _("Whether a keyboard is there cannot be told here. Press a key."))
        found = "kbd" in self._inputs.read_text(encoding="utf-8", errors="replace")
        text = _("There is a keyboard.") if found else _("No keyboard was found. Plug one in.")
        return Check("keyboard", found, text)

    def _disk(self) -> Check:
        free_gb = shutil.disk_usage(self._facts.folder).free / _GB
        enough = free_gb >= LEAST_FREE_GB
        text = _("{gb:.0f} GB are free.") if enough else _("Only {gb:.1f} GB are free. Tell the administrator.")
        return Check("disk", enough, text.format(gb=free_gb))

    def _clock_steps(self) -> Check:
        step_s = (self._clock() - self._began[0]) - (self._monotonic() - self._began[1])
        if abs(step_s) > STEP_S:
            text = _("The clock was set by {seconds:+.0f} s since the start. Compare it with a second one.")
            return Check("clock", False, text.format(seconds=step_s))
        synchronised = self._synchronised()
        if synchronised is None:
            text = _("The clock runs evenly; whether a time server sets it is unknown.")
        elif synchronised:
            text = _("The clock runs evenly and is set by a time server.")
        else:
            text = _("The clock runs evenly, but no time server sets it. Compare it with a second one.")
        return Check("clock", synchronised, text)

    def _recorder(self) -> Check:
        problem = self._facts.recorder()
        if problem is None:
            return Check("recorder", None, _("Nothing is recorded here, or the recorder does not say."))
        return Check("recorder", not problem, problem or _("Recordings are written."))

    def _backup(self) -> Check:
        at_utc_s = self._facts.last_backup_utc_s()
        if at_utc_s is None:
            return Check("backup", False, _("There is no backup of the journal yet. Tell the administrator."))
        age_s = self._clock() - at_utc_s
        text = _("The last backup is {hours:.0f} h old.").format(hours=max(age_s, 0.0) / _HOUR_S)
        return Check("backup", age_s <= OLDEST_BACKUP_S, text)

    def _verification(self) -> Check:
        found = self._facts.last_verified()
        if found is None:
            return Check("journal", None, _("The journal was not verified yet."))
        age_s, intact = self._clock() - found[0], found[1]
        if not intact:
            return Check("journal", False, _("The journal is not intact. Inform the administrator."))
        text = _("The journal was verified {hours:.0f} h ago and is intact.").format(hours=max(age_s, 0.0) / _HOUR_S)
        return Check("journal", age_s <= OLDEST_CHECK_S, text)


def as_json(checks: Iterable[Check]) -> str:
    """As a shift keeps them (`people_records.Shift.checks`)."""
    return json.dumps({check.name: check.sentence for check in checks}, ensure_ascii=False)


def _safely(check: Callable[[], Check]) -> Check:
    try:
        return check()
    except OSError as error:
        name = check.__name__.strip("_")
        log.warning("the seat test could not look at %s: %s", name, error)
        return Check(name, None, _("This could not be tested: {reason}").format(reason=error.strerror or name))


def _synchronised() -> bool | None:
    """Whether the kernel says that something disciplines the clock (adjtimex(2), read only)."""
    if not sys.platform.startswith("linux"):
        return None
    room = ctypes.create_string_buffer(512)
    state: int = ctypes.CDLL(None).adjtimex(room)
    return None if state < 0 else state != _TIME_ERROR
