"""Whose turn it is to be looked at: weighted by what goes on, at most each camera's own rate, two sharing an input.

Pure: the caller gives the time (monotonic seconds). Lives on the detection process's main thread. Pictures are the
caller's: it says which cameras have one (`ready`), and holds only those back that the scheduler did not choose.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import IntEnum

FLOOR_HZ = 1.0
"""A still camera is looked at this often all the same: motion sets the rate and never silences."""

LINGER_S = 0.07
"""How long a camera waits for another to share its input: a frame of 15 fps."""

EARLY = 0.25
"""A camera may share another's input this part of its shortest period before its turn."""


class Urgency(IntEnum):
    """Why a camera is looked at, and the share of turns it gets when there are not enough for all."""

    IDLE = 1
    MOTION = 2
    TRACKS = 3
    ALARM = 5


@dataclass(slots=True)
class _Turn:
    """`held_s`: since when the turn waits only because the detector is busy; `late_s`: how much longer than a period
    the last look took."""

    rate_hz: float
    due_s: float
    glance_s: float
    model: str = ""
    alone: bool = False
    gated: bool = False
    urgency: Urgency = Urgency.IDLE
    ready_s: float | None = None
    held_s: float | None = None
    late_s: float = 0.0
    taken_s: float | None = None

    @property
    def period_s(self) -> float:
        """Time between two looks at this urgency."""
        resting = self.gated and self.urgency is Urgency.IDLE
        return 1.0 / (min(self.rate_hz, FLOOR_HZ) if resting else self.rate_hz)

    def claim(self, now_s: float) -> float:
        """Lateness counted times urgency; grows without end, so nobody starves."""
        return (now_s - self.due_s + self.period_s / 10) * self.urgency


@dataclass(frozen=True, slots=True)
class Taken:
    """A turn that was given: the camera's period, and how much of the time since its last look it was `held_s` back
    because the detector was busy, beyond that period."""

    camera_id: str
    period_s: float
    held_s: float


class Scheduler:
    """Keeps when each camera is due. The highest claim goes first; it takes the next along if both fit one input."""

    def __init__(self) -> None:
        self._turns: dict[str, _Turn] = {}

    def configure(
        self,
        rates_hz: Mapping[str, float],
        now_s: float,
        *,
        alone: Collection[str] = (),
        gated: Collection[str] = (),
        models: Mapping[str, str] | None = None,
    ) -> None:
        """Look after exactly these cameras; known ones keep their place in the queue.

        `alone`: never share an input (far view). `gated`: at the floor rate while idle, glanced at for motion.
        `models`: which camera is looked at by another model than "", the site's; only those of one model share."""
        turns = {}
        for camera_id, rate_hz in rates_hz.items():
            turn = self._turns.get(camera_id) or _Turn(rate_hz, now_s, now_s)
            turn.rate_hz = max(rate_hz, 0.01)
            turn.alone, turn.gated = camera_id in alone, camera_id in gated
            turn.model = (models or {}).get(camera_id, "")
            turns[camera_id] = turn
        self._turns = turns

    def note(self, camera_id: str, urgency: Urgency, now_s: float) -> None:
        """What was last seen; unknown cameras are ignored. A still camera that moves is due at once."""
        turn = self._turns.get(camera_id)
        if turn is None:
            return
        turn.urgency = urgency
        last_s = now_s if turn.taken_s is None else turn.taken_s
        turn.due_s = min(turn.due_s, max(last_s + turn.period_s, now_s))

    def urgency(self, camera_id: str) -> Urgency:
        """What was last noted."""
        return self._turns[camera_id].urgency

    def rate_hz(self, camera_id: str) -> float:
        """Looks a second that this camera asks for now."""
        return 1.0 / self._turns[camera_id].period_s

    def asked_hz(self) -> float:
        """Looks a second that all cameras ask for now."""
        return sum(1.0 / turn.period_s for turn in self._turns.values())

    def due(self, now_s: float) -> list[str]:
        """Cameras whose turn has come, most deserving first."""
        return self._ranked(now_s, 0.0)

    def soon(self, now_s: float) -> list[str]:
        """The same with those whose turn is near, for whom a picture is to be fetched."""
        return self._ranked(now_s, EARLY)

    def glances(self, now_s: float) -> list[str]:
        """Still cameras whose next picture is to be compared with the last; the next glance is one full period on."""
        found = [i for i, t in self._turns.items() if t.gated and t.urgency is Urgency.IDLE and t.glance_s <= now_s]
        return sorted(found, key=lambda camera_id: self._turns[camera_id].glance_s)

    def glanced(self, camera_id: str, now_s: float) -> None:
        """A glance was made."""
        self._turns[camera_id].glance_s = now_s + 1.0 / self._turns[camera_id].rate_hz

    def answered(self, camera_id: str, now_s: float) -> None:
        """A look ended. As long as it goes on its camera gets no turn: what is beyond a period is the detector's."""
        turn = self._turns.get(camera_id)
        if turn is not None and turn.taken_s is not None:
            turn.late_s = max(now_s - turn.taken_s - turn.period_s, 0.0)

    def hold(self, ready: Collection[str], now_s: float) -> None:
        """The detector is busy: those who are due wait for nothing else."""
        for camera_id in ready:
            turn = self._turns[camera_id]
            if turn.held_s is None and turn.due_s <= now_s:
                turn.held_s = now_s

    def take(self, ready: Collection[str], now_s: float, rooms: Mapping[str, int] | int = 1) -> tuple[Taken, ...]:
        """Those among `ready` that are looked at now in one input, up to the room that their model has; none when
        nobody is due, or when it is worth waiting for a second. A turn that was missed is not made up for."""
        for camera_id in ready:
            turn = self._turns[camera_id]
            turn.ready_s = now_s if turn.ready_s is None else turn.ready_s
        waiting: set[str] = set()
        for first in self.due(now_s):
            turn = self._turns[first]
            if first not in ready or (turn.model in waiting and not turn.alone):
                continue
            chosen = self._chosen(first, ready, now_s, rooms if isinstance(rooms, int) else rooms.get(turn.model, 1))
            if chosen:
                return tuple(self._give(camera_id, now_s) for camera_id in chosen)
            waiting.add(turn.model)
        return ()

    def _chosen(self, first: str, ready: Collection[str], now_s: float, room: int) -> list[str]:
        """Who shares an input with the first; nobody at all when it is worth waiting for somebody."""
        if room <= 1 or self._turns[first].alone:
            return [first]
        others = (i for i in self.soon(now_s) if i in ready and self._may_share(first, i))
        chosen = [first, *(other for other, _ in zip(others, range(room - 1), strict=False))]
        return [] if len(chosen) == 1 and self._lingers(first, now_s) else chosen

    def next_due_s(self) -> float | None:
        """When the next turn comes."""
        return min((turn.due_s for turn in self._turns.values()), default=None)

    def _ranked(self, now_s: float, early: float) -> list[str]:
        turns = self._turns.items()
        late = [(t.claim(now_s), i) for i, t in turns if t.due_s - early / t.rate_hz <= now_s]
        return [camera_id for _, camera_id in sorted(late, reverse=True)]

    def _lingers(self, camera_id: str, now_s: float) -> bool:
        """Whether another camera may become ready before this one has waited long enough."""
        turn = self._turns[camera_id]
        ready_s = now_s if turn.ready_s is None else turn.ready_s
        end_s = max(turn.due_s, ready_s) + LINGER_S
        others = (other for name, other in self._turns.items() if self._may_share(camera_id, name))
        return now_s < end_s and any(other.due_s - EARLY / other.rate_hz <= end_s for other in others)

    def _may_share(self, camera_id: str, other_id: str) -> bool:
        one, other = self._turns[camera_id], self._turns[other_id]
        return one is not other and not other.alone and one.model == other.model

    def _give(self, camera_id: str, now_s: float) -> Taken:
        turn = self._turns[camera_id]
        period_s, held_s = turn.period_s, 0.0
        if turn.taken_s is not None:
            waited_s = now_s - turn.held_s if turn.held_s is not None else 0.0
            held_s = max(min(turn.late_s + waited_s, now_s - turn.taken_s - period_s), 0.0)
        # Who waited longer than others goes before them the next time; else equals would be told apart by name.
        credit_s = min((now_s - turn.due_s) / 10, period_s / 4)
        turn.due_s = max(turn.due_s + period_s, now_s + period_s / 2 - credit_s)
        turn.glance_s = now_s + 1.0 / turn.rate_hz
        turn.ready_s, turn.held_s, turn.late_s, turn.taken_s = None, None, 0.0, now_s
        return Taken(camera_id, period_s, held_s)
