"""Who paints the walls of this run: chosen before the first window is shown, tried meanwhile for the next start.

What was kept of this machine decides (`gl_check`), so that a start neither waits for a trial nor makes one. The trial
runs in a process of its own, on a task thread, when the wall has run for a while. OpenGL that fails gives all walls
back to raster painting, for good on this driver. GUI thread, unless a method says otherwise.
"""

from __future__ import annotations

import json
import logging
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QGuiApplication

from app.i18n import _
from app.tasks import Tasks
from storage.own_process import process_command, speaking_process
from widgets.gl_check import Choice, KeptChoice, Reason, Trial, judged, sentence, trial_of, trusted
from widgets.wall import Wall

if TYPE_CHECKING:
    from widgets.gl_canvas import GlCanvas

log = logging.getLogger(__name__)

AUTO, RASTER, GL = "auto", "raster", "gl"
FIRST_AFTER_MS = 20_000
DEADLINE_S = 30.0
_TICK_S = 0.25
_WINDOWED = frozenset({"xcb", "wayland", "windows", "cocoa"})
"""Qt's platforms on which a widget can be painted by OpenGL."""

Ask = Callable[[str, Callable[[], bool]], Trial | None]


class WallPainting(QObject):
    """`begin` chooses; `take` puts a wall, also one of a window that is opened later, on the chosen surface."""

    def __init__(
        self,
        wish: str,
        kept: KeptChoice,
        tasks: Tasks,
        tell: Callable[[str], None],
        parent: QObject | None = None,
        canvas_of: Callable[[Wall, str], GlCanvas] | None = None,
    ) -> None:
        """`wish` is the setting; `tell` shows a sentence where it stays; `canvas_of` makes a wall's canvas."""
        super().__init__(parent)
        self._wish, self._kept, self._tasks, self._tell = wish, kept, tasks, tell
        self._canvas_of = canvas_of or _canvas_of
        self._walls: list[Wall] = []
        self.choice = Choice(gl=False, reason=Reason.SET)
        self.say: Callable[[str], None] = lambda _text: None
        """Says a passing sentence."""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)

    def begin(self) -> None:
        """Choose, by what is known. Reads one small file at most."""
        platform = QGuiApplication.platformName()
        if self._wish == RASTER:
            choice = Choice(gl=False, reason=Reason.SET)
        elif platform not in _WINDOWED:
            choice = Choice(gl=False, reason=Reason.NO_WINDOWS)
        elif self._wish == GL:
            choice = Choice(gl=True, reason=Reason.SET)
        else:
            choice = trusted(self._kept.load() or Choice(gl=False, reason=Reason.UNTRIED))
        self._show(choice)
        if choice.gl and choice.reason is Reason.FASTER:
            unfinished = replace(choice, unfinished=choice.unfinished + 1)  # taken back when it has painted for a while
            self._tasks.submit(lambda: self._kept.keep(unfinished))

    def take(self, wall: Wall) -> None:
        """Let the chosen one paint this wall; before its window is shown."""
        if not self.choice.gl:
            return
        canvas = self._canvas_of(wall, self.choice.renderer)
        canvas.failed.connect(self._on_failed)
        canvas.painted.connect(self._on_painted)
        self._walls = [*(one for one in self._walls if one.canvas is not None), wall]
        canvas.begin()

    def try_later(self, after_ms: int = FIRST_AFTER_MS, ask: Ask | None = None) -> None:
        """Find out in the background what there is, where that was left to us and is not known."""
        if self._wish != AUTO or self.choice.gl or self.choice.reason in (Reason.NO_WINDOWS, Reason.FAILED):
            return
        known = self.choice.trial.driver.name if self.choice.trial.driver is not None else ""
        asked = ask or asked_apart
        self._timer.timeout.connect(lambda: self._tasks.submit(lambda: self._learn(known, asked), long=True))
        self._timer.start(after_ms)

    def close(self) -> None:
        """No trial begins any more."""
        self._timer.stop()

    def _learn(self, known: str, ask: Ask) -> None:
        """On a task thread: what is new is kept."""
        trial = ask(known, lambda: self._tasks.ending)
        if trial is None or (known and trial.driver is not None and trial.driver.name == known):
            return
        choice = judged(trial)
        log.info("for the next start: %s", sentence(choice))
        self._kept.keep(choice)

    def _show(self, choice: Choice) -> None:
        self.choice = choice
        text = sentence(choice)
        log.info("%s", text)
        self._tell(text)

    def _on_failed(self, why: str) -> None:
        """One of the canvases: none of them is to be trusted."""
        if not self.choice.gl:
            return
        log.warning("OpenGL failed, the wall is painted by the processor: %s", why)
        before = self.choice
        self.choice = Choice(gl=False, reason=Reason.FAILED, trial=replace(before.trial, detail=why))
        self._tell(sentence(self.choice))
        for wall in self._walls:
            if wall.canvas is not None:
                wall.canvas.end()
        self._walls.clear()
        self.say(_("OpenGL failed; the wall is painted by the processor from now on."))
        if before.reason is Reason.FASTER:
            failed = self.choice
            self._tasks.submit(lambda: self._kept.keep(failed))

    def _on_painted(self) -> None:
        if self.choice.reason is Reason.FASTER:
            good = replace(self.choice, unfinished=0)
            self._tasks.submit(lambda: self._kept.keep(good))


def asked_apart(
    known: str, ending: Callable[[], bool], command: Sequence[str] = (), deadline_s: float = DEADLINE_S
) -> Trial | None:
    """What a process of its own finds; None when the program ends meanwhile. Blocks: for a task thread. `command`
    stands in for it in tests."""
    try:
        process = speaking_process(command or process_command("widgets.gl_trial", known))
    except OSError as error:
        return Trial(detail=f"errno {error.errno}")
    end_s = time.monotonic() + deadline_s
    text: str | None = None
    while text is None and time.monotonic() < end_s and not ending():
        try:
            text, _rest = process.communicate(timeout=_TICK_S)
        except subprocess.TimeoutExpired:
            continue
    if text is None:
        process.kill()
        text, _rest = process.communicate()
        if ending():
            return None
    said = _said(text)
    broken = "" if process.returncode == 0 else f"exit {process.returncode}"
    return replace(said, detail=said.detail or broken)


def _said(text: str) -> Trial:
    """The last line that is an answer: drivers print too, and who crashed has said the driver before."""
    for line in reversed(text.splitlines()):
        try:
            return trial_of(json.loads(line))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            continue
    return Trial()


def _canvas_of(wall: Wall, renderer: str) -> GlCanvas:
    from widgets.gl_canvas import GlCanvas  # Qt's OpenGL modules are loaded where they are used only

    return GlCanvas(wall, renderer)
