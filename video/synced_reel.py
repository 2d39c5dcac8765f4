"""One camera's frames for a clock that others share: the newest at or before the clock's time, whichever way it goes.

A job of `video.reel_pool`: its turns decode some frames ahead of the clock, at the size that is wanted, into a
`ReelWindow`; `take` gives what the clock has come to, so that all reels asked at one moment show the same one. From
`KEYS_FROM` times real time on, or when decoding cannot keep up, key frames only. Times here are the session's: the
camera's own, less `offset_s`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

from storage.errors import WatchfloorError
from storage.footage_records import Gap, GapReason
from video.convert import Converter, Scalers, fitted
from video.footage import FilePiece, Footage, Piece
from video.frame import Picture
from video.frame_runs import EXACT_S, backward, forward, keys_backward, keys_forward
from video.open_files import OpenFiles
from video.reel_status import ReelStatus
from video.reel_window import Heading, ReelWindow, Way
from video.shots import Idle, Shot, Shots
from video.source import VideoCode
from video.turned import turned

log = logging.getLogger(__name__)

Stepped = Callable[[int, float, bool], None]
KEYS_FROM = 4.0
_LEAD_S = 30.0
_AHEAD_S = 300.0
_SLICE_S = 0.1
_EDGE_S = 0.08
_AGAIN_S = 0.5
_FAULT_S = 1.0
_SKIP_S = 0.15
_LATE_S = {False: 1.0, True: 3.0}
_FIND_S = 3.0
_SAME_OFFSET_S = 0.005
_KEYS_S = (4.0, 64.0)
_MOST_STEPS = 50
_COARSE = 0.75
_LEAST_HALVED_PX = 640
_PLANAR = frozenset({"yuv420p", "yuvj420p"})


@dataclass(frozen=True, slots=True)
class Holdings:
    """Where footage is looked up: pieces, and why some are missing. Never on the GUI's thread."""

    footage: Footage
    gaps: Callable[[str, float, float], Sequence[Gap]] = lambda _camera_id, _from_utc_s, _to_utc_s: ()


class SyncedReel:
    """`heading` is read on any thread: None while nothing may be shown. `stepped(jump, utc_s, backward)` is told where
    a step leads to that was made at this jump of the clock. `lasting`: frames may be any time apart. `quarters`: so
    many quarters clockwise its pictures are turned; set before the first turn."""

    def __init__(
        self,
        camera_id: str,
        holdings: Holdings,
        heading: Callable[[], Heading | None],
        *,
        most_bytes: int = 64_000_000,
        stepped: Stepped = lambda _jump, _utc_s, _backward: None,
        clock: Callable[[], float] = time.monotonic,
        lasting: bool = False,
    ) -> None:
        self.camera_id, self.most_bytes = camera_id, most_bytes
        self.offset_s = 0.0
        self.quarters = 0
        self._holdings, self._heading, self._stepped, self._clock = holdings, heading, stepped, clock
        self._window = ReelWindow()
        self._box: tuple[int, int] | None = None
        self._made_for: tuple[int, int] | None = None
        self._run: Shots | None = None
        self._files = OpenFiles()
        self._window.lasting, self._window.faults = lasting, self._files.faults
        self._candidate: Shot | None = None
        self._last_utc_s: float | None = None
        self._steps_lock = threading.Lock()
        self._steps = 0
        self._seq = 0
        self._keys_until_s, self._keys_for_s = 0.0, _KEYS_S[0]
        self._info = ReelStatus()
        self._fault: StrEnum | None = None
        self._failed: WatchfloorError | None = None
        self._scalers = Scalers()
        self._began_s = self._edge_s = self._waits_s = 0.0
        self._skipped = False

    # From any thread

    def want(self, width_px: int, height_px: int) -> None:
        """Size of the picture in device pixels; 0, 0: nothing is decoded."""
        self._box = (width_px, height_px) if width_px > 0 and height_px > 0 else None

    @property
    def wanted(self) -> bool:
        """Whether somebody looks."""
        return self._box is not None

    def step(self, frames: int) -> None:
        """So many frames on or back from where it stands; each becomes a `stepped`."""
        with self._steps_lock:
            self._steps = max(-_MOST_STEPS, min(self._steps + frames, _MOST_STEPS))

    def forget_steps(self) -> None:
        """Another order came."""
        with self._steps_lock:
            self._steps = 0

    def take(self) -> tuple[Picture | None, bool]:
        """The picture that the clock has come to, once, and whether more are to be made now."""
        heading = self._heading()
        if heading is None or self._box is None:
            return None, False
        fresh, wanting = self._window.take(heading)
        shown = replace(fresh, due_s=self._clock()) if fresh is not None else None
        return shown, wanting and self._clock() >= self._waits_s

    def status(self) -> ReelStatus:
        """Cheap."""
        heading = self._heading()
        settled, gap = self._window.look(heading) if heading is not None else (False, None)
        told = replace(self._info, settled=settled, gap=gap, fault=self._fault if gap is not None else None)
        origin = self._window.origin(heading.utc_s) if heading is not None and gap is None else ""
        return replace(told, failed=self._failed, late=self._keys_until_s > self._clock(), origin=origin)

    # The work: on one thread of the pool at a time

    def set_offset(self, offset_s: float) -> None:
        """How far the camera's clock is ahead; between two turns."""
        if abs(offset_s - self.offset_s) > _SAME_OFFSET_S:
            self._leave()
            self.offset_s = self._window.offset_s = offset_s

    def turn(self, scalers: Scalers) -> float | None:
        """Look ahead of the clock for a short while (`Job.turn`)."""
        heading, box = self._heading(), self._box
        if heading is None or box is None:
            self._leave()
            self._files.close()
            return None
        self._scalers = scalers
        try:
            self._steer(heading, box)
            due_s = self._work(heading)
            self._explain(heading)
        except WatchfloorError as error:
            if self._failed is None:
                log.warning("footage of %s cannot be played now: %s", self.camera_id, error)
            self._failed = error
            self._leave()
            return self._clock() + _FAULT_S
        self._failed = None
        return self._step_or(due_s)

    def close(self) -> None:
        """Release the file that is open (`Job.close`)."""
        self._leave()
        self._files.close()
        self._window.forget()

    def _steer(self, heading: Heading, box: tuple[int, int]) -> None:
        """Begin anew where the clock leads elsewhere, the other way, or the picture has another size."""
        way, window = self._way_for(heading), self._window
        whole = heading.speed != 0.0 or not self._skipped  # who stands sees exactly the frame
        same = window.jump >= 0 and way is window.way and box == self._made_for and whole
        if same and heading.jump == window.jump:
            return
        self._began_s = self._clock()
        if same and window.reach(heading):
            return
        self._leave()
        self._made_for = box
        window.begin(heading.jump, way)
        self._open(heading.utc_s)

    def _way_for(self, heading: Heading) -> Way:
        keys = abs(heading.speed) >= KEYS_FROM or (heading.speed != 0.0 and self._clock() < self._keys_until_s)
        if heading.backward:
            return Way.KEYS_BACKWARD if keys else Way.BACKWARD
        return Way.KEYS_FORWARD if keys else Way.FORWARD

    def _open(self, utc_s: float) -> None:
        at, pieces_at = utc_s + self.offset_s, self._pieces_at
        runs: dict[Way, Callable[[], Shots]] = {
            Way.FORWARD: partial(forward, pieces_at, at),
            Way.KEYS_FORWARD: partial(keys_forward, pieces_at, at),
            Way.KEYS_BACKWARD: partial(keys_backward, pieces_at, at),
            Way.BACKWARD: partial(backward, pieces_at, at, self._shrunk, self.most_bytes, self._halved),
        }
        self._run, self._window.ended = runs[self._window.way](), False

    def _pieces_at(self, camera_utc_s: float) -> Sequence[Piece]:
        reel = self._holdings.footage.reel(self.camera_id, camera_utc_s - _LEAD_S, camera_utc_s + _AHEAD_S)
        found = self._window.pieces = [self._files.kept(piece) for piece in reel]
        return found

    def _leave(self) -> None:
        """Close what is read and forget what was made ahead."""
        run, self._run = self._run, None
        if run is not None:
            run.close()
        self._window.clear()
        self._candidate = self._last_utc_s = None
        self._edge_s = self._waits_s = 0.0
        self._skipped = False

    def _work(self, heading: Heading) -> float | None:
        """Decode until enough waits, the slice is over, or nothing comes; when to come again."""
        end_s, window = self._clock() + _SLICE_S, self._window
        while window.wants_more(heading):
            if self._run is None:
                self._go_on(heading)
            item = next(self._run, None) if self._run is not None else None
            if item is None or item is Idle.EDGE:
                return self._at_end(ended=item is None)
            now = self._heading()
            wanted = now is not None and now.jump == window.jump and self._box == self._made_for
            if isinstance(item, Shot):
                self._add(item, now if now is not None and wanted else replace(heading, speed=0.0))
            if now is None or not wanted:
                self._interrupted()
                return 0.0
            if now.speed and not window.settled and self._clock() - self._began_s > _FIND_S:
                self._fall_behind()
            if self._clock() > end_s or window.jump < 0:
                return 0.0
        return self._clock() + _AGAIN_S if heading.speed else None

    def _at_end(self, *, ended: bool) -> float:
        """Nothing comes now: at the end of what there is, or because it has not been filmed yet."""
        self._settle(None)
        now_s, self._window.at_edge = self._clock(), not ended
        if ended:
            self._run, self._window.ended = None, True
        else:
            self._edge_s = now_s
        self._waits_s = now_s + (_AGAIN_S if ended else _EDGE_S)
        return self._waits_s

    def _go_on(self, heading: Heading) -> None:
        """After the end of what there was: from the last frame on, if there is more by now."""
        here = heading.utc_s if self._last_utc_s is None else self._last_utc_s
        at, back = here + self.offset_s, self._window.way.is_backward
        pieces = self._pieces_at(heading.utc_s + self.offset_s)
        if any(p.from_utc_s < at - EXACT_S if back else p.to_utc_s > at + EXACT_S for p in pieces):
            self._open(here)

    def _add(self, shot: Shot, heading: Heading) -> None:
        """A frame in the order of playing: candidates until the clock's time is passed, then those that follow."""
        at, last, back = shot.utc_s - self.offset_s, self._last_utc_s, self._window.way.is_backward
        if last is not None and (at >= last - EXACT_S if back else at <= last + EXACT_S):
            return  # seen before: the run was opened again
        self._note(shot, abs(at - last) if last is not None else 0.0)
        self._last_utc_s = at
        if self._window.settled:
            self._append(shot, at, heading)
        elif back:
            self._settle(shot)
        elif at <= heading.utc_s + EXACT_S:
            self._candidate = shot
        else:
            self._settle(None)
            self._append(shot, at, heading)

    def _append(self, shot: Shot, at: float, heading: Heading) -> None:
        """A frame that waits; when decoding is late some are left out, and when it is too late all but key frames."""
        back = self._window.way.is_backward
        late_s = (at - heading.utc_s if back else heading.utc_s - at) if heading.speed else 0.0
        if self._clock() - self._edge_s < _FIND_S:
            late_s = 0.0  # nothing newer had come: it is the camera's way here that takes this long
        if late_s > _LATE_S[back] * max(abs(heading.speed), 1.0):
            self._fall_behind()
        elif late_s <= _SKIP_S or self._window.way.keys or self._seq % 4 == 0:
            self._window.append(self._picture(shot))
        else:
            self._seq += 1
            self._skipped = True

    def _fall_behind(self) -> None:
        """Key frames only for a while, longer each time; where it is so already, on from where the clock is."""
        now_s = self._clock()
        if not self._window.way.keys:
            if now_s - self._keys_until_s > 2 * self._keys_for_s:
                self._keys_for_s = _KEYS_S[0]
            self._keys_until_s = now_s + self._keys_for_s
            self._keys_for_s = min(2 * self._keys_for_s, _KEYS_S[1])
        self._leave()

    def _settle(self, shot: Shot | None) -> None:
        """What is shown at the clock's time is known: this frame, else the candidate, else what is shown already."""
        if not self._window.settled:
            found, self._candidate = shot or self._candidate, None
            self._window.settle(self._picture(found) if found is not None else None)

    def _interrupted(self) -> None:
        """What was found on the way to a time that nobody wants any more is shown: a slider that is drawn moves it."""
        candidate, self._candidate = self._candidate, None
        if candidate is not None and not self._window.settled and self._box is not None:
            self._window.show(self._picture(candidate))

    def _explain(self, heading: Heading) -> None:
        """Look up why there is nothing now, once a gap."""
        gap, utc_s = self._window.gap, heading.utc_s
        if not self._window.in_hole(utc_s) or (gap is not None and gap.from_utc_s <= utc_s <= gap.to_utc_s):
            return
        at = heading.utc_s + self.offset_s
        known = self._holdings.gaps(self.camera_id, at - EXACT_S, at + EXACT_S)
        ends = [piece.to_utc_s for piece in self._window.pieces if piece.to_utc_s <= at]
        begins = [piece.from_utc_s for piece in self._window.pieces if piece.from_utc_s > at]
        begin, end = max(ends, default=at - _AGAIN_S), min(begins, default=at + _AGAIN_S)
        reason = known[-1].reason if known else GapReason.UNKNOWN
        self._fault = self._fault_at(at)
        self._window.gap = Gap(self.camera_id, begin - self.offset_s, end - self.offset_s, reason)

    def _fault_at(self, camera_utc_s: float) -> StrEnum | None:
        """What is wrong with the file that should hold this time: it cannot be read, or ended before it."""
        window, after = self._window, self._window.next_utc_s()
        pieces = (p for p in window.pieces if p.from_utc_s - EXACT_S <= camera_utc_s <= p.to_utc_s + EXACT_S)
        held = [p for p in pieces if isinstance(p, FilePiece)]
        follows = after + self.offset_s if after is not None else float("inf") if window.ended else 0.0
        torn = not window.way.is_backward and any(follows > p.to_utc_s + EXACT_S for p in held)
        known = (self._files.faults[p.path] for p in held if p.path in self._files.faults)
        return next(known, VideoCode.DAMAGED if torn else None)

    def _step_or(self, due_s: float | None) -> float | None:
        """Make a step that waits, as soon as it is known where it leads; else when to come again."""
        heading, window, steps = self._heading(), self._window, self._steps
        if not steps or heading is None or heading.jump != window.jump or not window.settled:
            return due_s
        back = steps < 0
        if back is not window.way.is_backward:
            self._stepped(heading.jump, heading.utc_s, back)  # the same time, looked for from the other side
            return 0.0
        target = window.next_utc_s()
        if target is None and not window.ended:
            return due_s
        with self._steps_lock:
            self._steps = 0 if target is None else self._steps - (-1 if back else 1) * bool(self._steps)
        if target is not None:
            self._stepped(heading.jump, target, back)
            return 0.0
        return due_s

    def _picture(self, shot: Shot) -> Picture:
        """As it is painted, with the session's time."""
        if self._made_for is None:
            raise RuntimeError("a picture is made in a turn only")
        self._seq += 1
        packet = replace(shot.packet, utc_s=shot.utc_s - self.offset_s)
        made = Converter(self.camera_id, self._scalers).picture(shot.frame, packet, self._seq, self._room, "bgra")
        wanted = fitted(self._info.width, self._info.height, self._room)
        self._info = replace(self._info, coarse=made.width < wanted[0] * _COARSE)
        whole = replace(made, source_width=self._info.width, source_height=self._info.height)
        return turned(whole, self.quarters) if self.quarters else whole

    @property
    def _room(self) -> tuple[int, int]:
        """What the picture is to fit into before it is turned."""
        width, height = self._made_for or (0, 0)
        return (height, width) if self.quarters % 2 else (width, height)

    def _note(self, shot: Shot, apart_s: float) -> None:
        """What the frames are, for the status; frames that wait backward are small already (`_shrunk`)."""
        info = self._info
        if self._window.way is not Way.BACKWARD:
            info = replace(info, width=shot.frame.width, height=shot.frame.height)
        if apart_s > 0 and not self._window.way.keys:
            info = replace(info, fps=round(1 / apart_s, 1))
        self._info = info

    def _shrunk(self, shot: Shot) -> Shot:
        """A frame no larger than its picture will be."""
        frame = shot.frame
        self._info = replace(self._info, width=frame.width, height=frame.height)
        size = fitted(frame.width, frame.height, self._room if self._made_for else (frame.width, frame.height))
        if size == (frame.width, frame.height):
            return shot
        planar = frame.format.name if frame.format.name in _PLANAR else "yuv420p"
        return Shot(self._scalers.reformat(frame, *size, planar), shot.packet)

    def _halved(self, shot: Shot) -> Shot | None:
        """Smaller while it is played; who stands sees the frame as large as it is."""
        heading, frame = self._heading(), shot.frame
        if heading is None or not heading.speed or frame.width < _LEAST_HALVED_PX:
            return None
        self._skipped = True
        return Shot(self._scalers.reformat(frame, frame.width // 4 * 2, frame.height // 4 * 2, "yuv420p"), shot.packet)
