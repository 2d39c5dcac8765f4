"""The noisiest cameras and rules of the last week, and what would help each of them. No pixels, no Qt.

`SiteNoiseDesk` reads on a task thread. What would help is said from figures alone (`advice`); the prepared mend that
can be tried against stored verdicts before it is saved is a step of its own and gets its place in `NoisyRow.mend`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from app.archive import Archive
from app.i18n import _
from app.tasks import Tasks
from storage.journal import Registry
from storage.noise_queries import NoiseFigure
from storage.records import Actor, RuleKind, RuleSpec

DAYS = 7
MOST = 10
_DAY_S = 86_400.0
_FEW_VERDICTS = 5
_MOSTLY_FALSE = 0.5
_MOSTLY_TRUE = 0.2
_REPEATS = 5.0
_LONG_HOLD_S = 3.0
_OF_THE_CAMERA = (RuleKind.TAMPER, RuleKind.SIGNAL_LOSS)

Noted = Callable[["NoiseReport"], None]


@dataclass(frozen=True, slots=True)
class NoisyRow:
    """A camera or a rule with its figures. `help` is a translated sentence; `mend` is what a prepared change of the
    rule will be called once rules can be tried before saving ("": none yet)."""

    camera_id: str
    rule_id: str
    name: str
    figure: NoiseFigure
    help: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class NoiseReport:
    """At most ten of each, most alarms first; `alarms` are all of that time."""

    from_utc_s: float
    to_utc_s: float
    alarms: int = 0
    cameras: tuple[NoisyRow, ...] = ()
    rules: tuple[NoisyRow, ...] = ()


class NoiseDesk(Protocol):
    """Returns at once."""

    def read(self, done: Noted, failed: Callable[[Exception], None]) -> bool:
        """The report of the last seven days, on a task thread; False when too much is waiting."""


class SiteNoiseDesk:
    """The desk of one running site; only of cameras that who sits here may see."""

    def __init__(
        self, archive: Archive, tasks: Tasks, actor: Callable[[], Actor], clock: Callable[[], float] = time.time
    ) -> None:
        self._archive, self._tasks, self._actor, self._clock = archive, tasks, actor, clock

    def read(self, done: Noted, failed: Callable[[Exception], None]) -> bool:
        """See `NoiseDesk`."""
        return self._tasks.submit(self._report, done, failed)

    def _report(self) -> NoiseReport:
        journal, now_utc_s = self._archive.journal, self._clock()
        seen = journal.cameras_of(self._actor().id)
        noise = journal.noise(now_utc_s - DAYS * _DAY_S, now_utc_s)
        return report(self._archive.registry, noise.cameras, noise.rules, seen, now_utc_s)


def report(
    registry: Registry,
    cameras: Iterable[NoiseFigure],
    rules: Iterable[NoiseFigure],
    seen: frozenset[str] | None,
    now_utc_s: float,
) -> NoiseReport:
    """The first ten of each that the viewer may see (None: all), with names and advice."""
    of_rule = {rule.id: rule for rule in registry.rules}
    names = {camera.id: f"{camera.number} {camera.name}" for camera in registry.cameras}
    cameras = [figure for figure in cameras if seen is None or figure.id in seen]
    rules = [
        figure for figure in rules if seen is None or (figure.id in of_rule and of_rule[figure.id].camera_id in seen)
    ]
    loudest: dict[str, RuleSpec] = {}
    for figure in rules:
        if figure.id in of_rule:
            loudest.setdefault(of_rule[figure.id].camera_id, of_rule[figure.id])
    return NoiseReport(
        now_utc_s - DAYS * _DAY_S,
        now_utc_s,
        sum(figure.alarms for figure in cameras),
        tuple(_camera_row(figure, names, loudest.get(figure.id)) for figure in cameras[:MOST]),
        tuple(_rule_row(figure, names, of_rule.get(figure.id)) for figure in rules[:MOST]),
    )


def advice(figure: NoiseFigure, rule: RuleSpec | None) -> str:
    """One sentence: what would take false alarms away without losing true ones."""
    share = figure.false_share
    if rule is not None and rule.kind in _OF_THE_CAMERA:
        return _("Look after the camera: cable, power, lens, what hangs before it.")
    if figure.judged < _FEW_VERDICTS or share is None:
        return _("Too few verdicts to say: judge more of them first.")
    if share < _MOSTLY_TRUE:
        return _("Most of them are true: leave the rule as it is.")
    if rule is None:
        return _("The rule is not there any more.")
    if share >= _MOSTLY_FALSE and rule.hold_s < _LONG_HOLD_S:
        text = _("Raise the hold time from {before} to {after} s: what only passes by will not count.")
        return text.format(before=f"{rule.hold_s:g}", after=f"{max(rule.hold_s * 2, _LONG_HOLD_S):g}")
    if figure.events >= _REPEATS * figure.alarms:
        text = _("Raise the cooldown from {before} to {after} s: the same thing is told again and again.")
        return text.format(before=f"{rule.cooldown_s:g}", after=f"{rule.cooldown_s * 2:g}")
    return _("Draw the zone smaller: leave out the road, trees and flags at its edge.")


def _camera_row(figure: NoiseFigure, names: dict[str, str], loudest: RuleSpec | None) -> NoisyRow:
    text = advice(figure, loudest)
    if loudest is not None:
        text = _("{rule}: {advice}").format(rule=loudest.name, advice=text)
    return NoisyRow(figure.id, loudest.id if loudest is not None else "", names.get(figure.id, figure.id), figure, text)


def _rule_row(figure: NoiseFigure, names: dict[str, str], rule: RuleSpec | None) -> NoisyRow:
    if rule is None:
        return NoisyRow("", figure.id, figure.id, figure, advice(figure, None))
    name = f"{names.get(rule.camera_id, rule.camera_id)}: {rule.name}"
    return NoisyRow(rule.camera_id, rule.id, name, figure, advice(figure, rule))
