"""What is done to a camera, and what only looks like it: tampering and lost signals with known truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import numpy as np
from PIL import Image, ImageFilter

from app.signal_watch import SignalWatch
from benchmarks.scene_clips import Spoil
from benchmarks.scene_score import Score, scored, total
from benchmarks.scene_stories import CAMERA, WHOLE, Story, bus, person, rule, walk
from benchmarks.scene_weather import HEIGHT, WIDTH
from storage.records import Event, RuleKind
from video.session import SessionState, SessionStatus
from video.street import Image8

BEGIN_S, SECONDS = 9.0, 20.6
_SHORT_S = 2.0
_CAUSES = ("covered", "sprayed", "defocused", "moved", "dark", "frozen")
TAMPER = rule(RuleKind.TAMPER, (), zone_id=WHOLE.id)
Stretches = tuple[tuple[float, float], ...]
Due = tuple[tuple[float, float], ...]
_LOSS = rule(RuleKind.SIGNAL_LOSS, (), limit=10.0, zone_id=WHOLE.id)


@dataclass(frozen=True, slots=True)
class Prank:
    """One clip: what is done, and the cause that is due for it ("": nothing)."""

    name: str
    story: Story
    spoil: Spoil | None = None
    cause: str = ""


def pranks() -> Iterator[Prank]:
    """All, the harmless ones last. A new picture of each for every clip: some remember."""
    passers = (person(walk(0.0, 1.0, 0.82, 9.0), 1), person(walk(1.0, 0.0, 0.9, 9.0, 10.0), 2))
    story = Story("people pass by", TAMPER, WHOLE, passers, SECONDS)
    for name in _CAUSES:
        due = ((BEGIN_S + 4.5, SECONDS),)
        yield Prank(name, replace(story, due=due), _during(_MAKERS[name]()), "covered" if name == "sprayed" else name)
    yield Prank("nothing", story)
    for name in ("covered", "dark"):
        yield Prank(f"{name} for two seconds", story, _during(_MAKERS[name](), _SHORT_S))
    near = bus(((0.0, -0.6, 0.98), (8.0, -0.6, 0.98), (12.0, 1.6, 0.98)), 0.6)
    yield Prank("a bus before the lens", replace(story, actors=(near,)))


def score(prank: Prank, events: list[Event], start_s: float) -> Score:
    """An event counts in its time and with its cause."""
    times = [event.utc_s - start_s if event.label == prank.cause else -1.0 for event in events]
    return scored(prank.story.due, times)


def _during(change: Spoil, length_s: float = 1e9) -> Spoil:
    def spoiled(picture: Image8, at_s: float) -> Image8:
        return change(picture, at_s) if BEGIN_S <= at_s < BEGIN_S + length_s else picture

    return spoiled


def _covered() -> Spoil:
    y, x = np.mgrid[0 : 1 : HEIGHT * 1j, 0 : 1 : WIDTH * 1j]
    cloth = (50 + 30 * x + 20 * y)[..., None] * np.array((1.0, 0.85, 0.7))
    random = np.random.default_rng(1)
    return lambda _picture, _at_s: np.clip(cloth + random.normal(0.0, 3.0, (HEIGHT, WIDTH, 1)), 0, 255).astype(np.uint8)


def _sprayed() -> Spoil:
    cloth = _covered()

    def spoiled(picture: Image8, at_s: float) -> Image8:
        cover = cloth(picture, at_s)
        cover[:40, :120] = picture[:40, :120]
        return cover

    return spoiled


def _defocused() -> Spoil:
    return lambda picture, _at_s: np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(4)))


def _turned() -> Spoil:
    """Panned by a third of the picture, and a little down: houses above and pavement below stay."""
    return lambda picture, _at_s: np.roll(picture, (40, 210), axis=(0, 1))


def _dark() -> Spoil:
    random = np.random.default_rng(2)
    return lambda picture, _at_s: np.clip(picture * 0.03 + random.normal(0.0, 1.5, (HEIGHT, WIDTH, 1)), 0, 255).astype(
        np.uint8
    )


_MAKERS: dict[str, Callable[[], Spoil]] = {  # frozen: by whoever reads the clip
    "covered": _covered,
    "sprayed": _sprayed,
    "defocused": _defocused,
    "moved": _turned,
    "dark": _dark,
    "frozen": lambda: lambda picture, _at_s: picture,
}


class _Line:
    """A camera that sends, or not."""

    camera_id = CAMERA

    def __init__(self) -> None:
        self.packets = 0

    def status(self) -> SessionStatus:
        """As a session's; only packets are read."""
        return SessionStatus(SessionState.LIVE, packets=self.packets)


def signal_scores(runs: int = 5) -> dict[str, Score]:
    """Losses of signal by story: (sends, silent)* in seconds, and when an event is due."""
    told: dict[str, tuple[Stretches, Due]] = {
        "is cut off": (((20.0, 60.0),), ((29.5, 32.0),)),
        "comes back and goes again": (((20.0, 20.0), (60.0, 30.0)), ((29.5, 32.0), (109.5, 112.0))),
        "flaps": (((20.0, 14.0), (1.0, 14.0), (1.0, 14.0)), ((29.5, 32.0),)),
        "stumbles": (((20.0, 4.0), (5.0, 6.0), (30.0, 0.0)), ()),
        "sends": (((60.0, 0.0),), ()),
    }
    rounds_s = [0.4 + 0.05 * number for number in range(runs)]
    return {name: total(_signal(*story, step_s) for step_s in rounds_s) for name, story in told.items()}


def _signal(stretches: Stretches, due: Due, step_s: float) -> Score:
    line, now_s = _Line(), 0.0
    events: list[Event] = []

    def clock() -> float:
        return now_s

    watch = SignalWatch(lambda: (_LOSS,), lambda: (line,), events.append, ZoneInfo("UTC"), monotonic=clock, clock=clock)
    end_s = 0.0
    for sends_s, silent_s in stretches:
        for length_s, packets in ((sends_s, 3), (silent_s, 0)):
            end_s += length_s
            while now_s < end_s:
                line.packets += packets
                watch.round()
                now_s += step_s
    return scored(due, [event.utc_s for event in events])
