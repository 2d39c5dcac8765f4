"""Rules about the picture itself: somebody covered, blurred, turned or darkened the camera, or its picture is frozen.

Small statistics of the 640x360 slot picture (numpy only, about a tenth of a millisecond) against a slowly learnt
reference, each with hysteresis in frame time. Signal loss is not seen here: the application watches the sessions.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from detection.detector import Image
from detection.rule_memory import MIN_LOOKS, NEUTRAL, Cooldown, Reported
from detection.usual_view import STEP, Levels, quarter
from storage.records import Box, Event, RuleSpec, new_id

TAMPER_S = 5.0
FROZEN_S = 10.0
LEARN_LOOKS = 10
LEARN_TIME_S = 300.0
"""How fast the reference follows daylight."""

ADOPT_S = 60.0
"""After so long a new view is the view."""

LEAST_HEIGHT_PX = 90
"""Of a picture that these figures can be made of."""

LEAST_PERIOD_S = 0.45
"""Two pictures a second are enough for what lasts seconds."""

_CELLS = (18, 32)
_TURNED = 0.22
"""Less of the outline is there when the camera looks elsewhere: made scenes have 0.10 at most then, and 0.33 at least
while a car's lamps sweep over the street."""

_SMOOTH = 0.45
"""Of its relief is left at most of a picture that is covered, at night too, where texture is the sensor's noise: made
scenes have 0.26 at most then, and 0.69 at least when the camera is turned or a bus stands before it."""

_WHOLE = Box(0.0, 0.0, 1.0, 1.0)


class Cause(StrEnum):
    """What was done to the camera; the event's label."""

    FROZEN = "frozen"
    DARK = "dark"
    COVERED = "covered"
    DEFOCUSED = "defocused"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class SceneFacts:
    """One picture in figures: `grey` (90,160) levels, the rest follows from it."""

    utc_s: float
    grey: Levels
    mean: float
    spread: float
    detail: float
    """Mean step between neighbouring pixels of the full picture: what defocus takes first."""

    outline: Levels
    """Mean steps of cells (18,32), without each row's mean and of length 1: how the edges lie, whatever the light.
    Houses above and pavement below are what all streets have: a camera that is panned keeps its rows."""

    texture: float
    """Mean step of the small grey picture: what a cover takes and defocus leaves."""

    relief: float
    """Mean step between the cells' levels: the same where a picture is mostly noise."""


def facts_of(image: Image, utc_s: float) -> SceneFacts:
    """Figures of a BGR picture (H,W,3)."""
    grey = quarter(image)
    fine = image[: grey.shape[0] * STEP : STEP, : grey.shape[1] * STEP, 1].astype(np.int16)
    across, down = np.abs(np.diff(grey, axis=1))[:-1], np.abs(np.diff(grey, axis=0))[:, :-1]
    steps = across + down
    return SceneFacts(
        utc_s=utc_s,
        grey=grey,
        mean=float(grey.mean()),
        spread=float(grey.std()),
        detail=float(np.abs(np.diff(fine, axis=1)).mean()),
        outline=_outline(steps),
        texture=float(steps.mean()),
        relief=_relief(grey),
    )


def _cells(levels: Levels) -> Levels:
    """The means of the cells."""
    for axis in (0, 1):
        if levels.shape[axis] < _CELLS[axis]:  # a narrow picture
            levels = levels.repeat(-(-_CELLS[axis] // max(levels.shape[axis], 1)), axis)
    rows, columns = (levels.shape[i] // _CELLS[i] for i in (0, 1))
    cut = levels[: rows * _CELLS[0], : columns * _CELLS[1]]
    return np.asarray(cut.reshape(_CELLS[0], rows, _CELLS[1], columns).mean(axis=(1, 3)), np.float32)


def _relief(grey: Levels) -> float:
    cells = _cells(grey)
    return float(np.abs(np.diff(cells, axis=1)).mean() + np.abs(np.diff(cells, axis=0)).mean())


def _outline(steps: Levels) -> Levels:
    cells = np.sqrt(_cells(steps))
    cells -= cells.mean(axis=1, keepdims=True)
    return np.asarray(cells / max(float(np.linalg.norm(cells)), 1e-6), np.float32)


@dataclass(slots=True)
class _Reference:
    """The undisturbed picture, learnt slowly."""

    outline: Levels
    detail: float
    texture: float
    relief: float
    looks: int = 1

    def learn(self, facts: SceneFacts, share: float) -> None:
        """Follow a sound picture a little."""
        share = max(share, 1.0 / (self.looks + 1)) if self.looks < LEARN_LOOKS else share
        self.outline = self.outline + share * (facts.outline - self.outline)
        self.detail += share * (facts.detail - self.detail)
        self.texture += share * (facts.texture - self.texture)
        self.relief += share * (facts.relief - self.relief)
        self.looks += 1


@dataclass(slots=True)
class _Trouble:
    cause: Cause
    since_utc_s: float
    seen_utc_s: float
    looks: int = 1
    alarmed: bool = False


class TamperRule:
    """Fires once when a trouble has lasted `limit` seconds; the zone only names the place."""

    def __init__(self, spec: RuleSpec) -> None:
        self.spec = spec
        self._needed_s = spec.limit if spec.limit is not None else TAMPER_S
        self._strict = 1.0 + 0.8 * (spec.sensitivity - NEUTRAL)
        self._reference: _Reference | None = None
        self._last: SceneFacts | None = None
        self._same_since_s: float | None = None
        self._trouble: _Trouble | None = None
        self._cooldown = Cooldown(spec.id, spec.cooldown_s)

    @property
    def reported(self) -> tuple[Reported, ...]:
        """What the cooldowns go by: the number of the cause stands for track and place."""
        return self._cooldown.reported

    def update(self, facts: SceneFacts) -> list[Event]:
        """At most one event at this picture."""
        passed_s = 0.0 if self._last is None else facts.utc_s - self._last.utc_s
        if self._last is not None and passed_s <= 0.0:
            return []
        cause = self._cause(facts)
        self._last = facts
        if cause is None:
            self._clear(facts.utc_s)
            if self._trouble is None:
                self._learn(facts, passed_s)
            return []
        return self._note(cause, facts)

    def reset(self, utc_s: float) -> None:
        """Forget a trouble that has begun; how the camera looks is still known."""
        self._trouble = self._last = self._same_since_s = None
        self._cooldown.reset(utc_s)

    def recall(self, reported: Reported) -> None:
        """Take over what was reported before a restart."""
        self._cooldown.recall(reported)

    def _cause(self, facts: SceneFacts) -> Cause | None:
        if self._is_frozen(facts):
            return Cause.FROZEN
        known = self._reference if self._reference is not None and self._reference.looks >= LEARN_LOOKS else None
        flat = facts.texture < (0.22 * self._strict) * (known.texture if known is not None else 6.0)
        if facts.mean < 14.0 * self._strict and facts.spread < 12.0 * self._strict:
            return Cause.DARK
        if known is None:
            return Cause.COVERED if flat and facts.spread < 10.0 * self._strict else None
        likeness = float((facts.outline * known.outline).sum() / max(float(np.linalg.norm(known.outline)), 1e-6))
        smooth = facts.relief < _SMOOTH * self._strict * known.relief
        smooth = smooth or facts.texture < 0.5 * self._strict * known.texture
        if flat or (likeness < 0.3 * self._strict and smooth):
            return Cause.COVERED
        if likeness < _TURNED * self._strict:
            return Cause.MOVED
        return Cause.DEFOCUSED if facts.detail < 0.5 * self._strict * known.detail else None

    def _is_frozen(self, facts: SceneFacts) -> bool:
        """The same picture, to the last bit of noise, for long."""
        last = self._last
        if last is None or last.grey.shape != facts.grey.shape or float(np.abs(last.grey - facts.grey).max()) > 0.0:
            self._same_since_s = None
            return False
        if self._same_since_s is None:
            self._same_since_s = last.utc_s
        return facts.utc_s - self._same_since_s >= FROZEN_S

    def _learn(self, facts: SceneFacts, passed_s: float) -> None:
        if self._reference is None:
            self._reference = _Reference(facts.outline, facts.detail, facts.texture, facts.relief)
        else:
            self._reference.learn(facts, min(passed_s / LEARN_TIME_S, 0.5))

    def _clear(self, now_s: float) -> None:
        """A moment without trouble is not yet the end of it."""
        if self._trouble is not None and now_s - self._trouble.seen_utc_s > 1.0:
            self._trouble = None

    def _note(self, cause: Cause, facts: SceneFacts) -> list[Event]:
        now_s, trouble = facts.utc_s, self._trouble
        if trouble is None:
            since_s = self._same_since_s if cause is Cause.FROZEN and self._same_since_s is not None else now_s
            trouble = self._trouble = _Trouble(cause, since_s, now_s)
        trouble.looks += 1
        trouble.seen_utc_s = now_s
        if not trouble.alarmed:
            trouble.cause = cause
            return self._due(trouble, now_s)
        self._cooldown.note(*_silence_of(trouble.cause), now_s)
        if now_s - trouble.since_utc_s > ADOPT_S + self._needed_s and cause in (Cause.MOVED, Cause.DEFOCUSED):
            self._reference, self._trouble = None, None
        return []

    def _due(self, trouble: _Trouble, now_s: float) -> list[Event]:
        if trouble.looks < MIN_LOOKS or now_s - trouble.since_utc_s < self._needed_s:
            return []
        trouble.alarmed = True
        track_id, foot = _silence_of(trouble.cause)
        known = self._cooldown.silences(track_id, foot, now_s)
        self._cooldown.note(track_id, foot, now_s)
        return [] if known else [self._event(trouble, now_s)]

    def _event(self, trouble: _Trouble, now_s: float) -> Event:
        return Event(
            id=new_id(max(now_s, 0.0)),
            camera_id=self.spec.camera_id,
            rule_id=self.spec.id,
            kind=self.spec.kind,
            severity=self.spec.severity,
            utc_s=now_s,
            since_utc_s=trouble.since_utc_s,
            track_id=0,
            label=trouble.cause.value,
            score=1.0,
            box=_WHOLE,
        )


def _silence_of(cause: Cause) -> tuple[int, tuple[float, float]]:
    """A cause's number, as track and as place: no other cause is silent with it."""
    number = list(Cause).index(cause)
    return number, (float(number), 0.0)
