"""The noisiest cameras and rules of the last week, and what would help each of them. No pixels, no Qt.

`SiteNoiseDesk` reads on a task thread. What would help is said from figures alone (`advice`); where it is a change of
the rule, that change is prepared (`mend`), to be tried on stored tracks before anybody saves it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from app.archive import Archive
from app.i18n import _
from app.tasks import Tasks
from detection.motion_rules import STOPPED_S
from detection.object_rules import ABANDONED_S, REMOVED_S
from detection.zone_rules import LOITER_S
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
_LESS_SENSITIVE = 0.2
_LONGER = 1.5
_OF_THE_CAMERA = (RuleKind.TAMPER, RuleKind.SIGNAL_LOSS)
_HOLDING = frozenset(
    {
        RuleKind.INTRUSION,
        RuleKind.PERIMETER,
        RuleKind.CROWD,
        RuleKind.DENSITY,
        RuleKind.RUNNING,
        RuleKind.SPEED,
    }
)
"""Kinds whose condition has to last for `hold_s`; others know no hold time, or have their `limit` for that."""
_LASTING = {
    RuleKind.LOITERING: LOITER_S,
    RuleKind.ABANDONED: ABANDONED_S,
    RuleKind.REMOVED: REMOVED_S,
    RuleKind.STOPPED: STOPPED_S,
}

Noted = Callable[["NoiseReport"], None]


@dataclass(frozen=True, slots=True)
class NoisyRow:
    """A camera or a rule with its figures. `help` is a translated sentence; `rule` as it is and `mend` as it would be
    with a prepared change, None where no change of the rule is advised."""

    camera_id: str
    rule_id: str
    name: str
    figure: NoiseFigure
    help: str
    rule: RuleSpec | None = None
    mend: RuleSpec | None = None


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
    reason = _no_mend(figure, rule)
    after = mended(figure, rule)
    if rule is None or after is None:
        return reason
    if after.hold_s != rule.hold_s:
        text = _("Raise the hold time from {before} to {after} s: what only passes by will not count.")
        return text.format(before=f"{rule.hold_s:g}", after=f"{after.hold_s:g}")
    if after.limit != rule.limit:
        text = _("Raise the time from {before} to {after} s: what is over sooner will not count.")
        return text.format(before=f"{_lasting_s(rule):g}", after=f"{_lasting_s(after):g}")
    if after.cooldown_s != rule.cooldown_s:
        text = _("Raise the cooldown from {before} to {after} s: the same thing is told again and again.")
        return text.format(before=f"{rule.cooldown_s:g}", after=f"{after.cooldown_s:g}")
    smaller = _("Draw the zone smaller: leave out the road, trees and flags at its edge.")
    text = _("{advice} Or lower the sensitivity from {before} to {after}.")
    return text.format(advice=smaller, before=f"{rule.sensitivity:.1f}", after=f"{after.sensitivity:.1f}")


def mended(figure: NoiseFigure, rule: RuleSpec | None) -> RuleSpec | None:
    """The rule with the change that is advised; None where none is."""
    if rule is None or _no_mend(figure, rule):
        return None
    mostly_false = (figure.false_share or 0.0) >= _MOSTLY_FALSE
    if mostly_false and rule.kind in _HOLDING and rule.hold_s < _LONG_HOLD_S:
        return replace(rule, hold_s=max(rule.hold_s * 2, _LONG_HOLD_S))
    if mostly_false and rule.kind in _LASTING:
        return replace(rule, limit=_lasting_s(rule) * _LONGER)
    if figure.events >= _REPEATS * figure.alarms:
        return replace(rule, cooldown_s=rule.cooldown_s * 2)
    return replace(rule, sensitivity=round(max(rule.sensitivity - _LESS_SENSITIVE, 0.0), 2))


def _no_mend(figure: NoiseFigure, rule: RuleSpec | None) -> str:
    """Why the rule is to stay as it is; empty where it is not."""
    share = figure.false_share
    if rule is not None and rule.kind in _OF_THE_CAMERA:
        return _("Look after the camera: cable, power, lens, what hangs before it.")
    if figure.judged < _FEW_VERDICTS or share is None:
        return _("Too few verdicts to say: judge more of them first.")
    if share < _MOSTLY_TRUE:
        return _("Most of them are true: leave the rule as it is.")
    return _("The rule is not there any more.") if rule is None else ""


def _lasting_s(rule: RuleSpec) -> float:
    return rule.limit if rule.limit is not None else _LASTING.get(rule.kind, 0.0)


def _camera_row(figure: NoiseFigure, names: dict[str, str], loudest: RuleSpec | None) -> NoisyRow:
    text, name = advice(figure, loudest), names.get(figure.id, figure.id)
    if loudest is None:
        return NoisyRow(figure.id, "", name, figure, text)
    text = _("{rule}: {advice}").format(rule=loudest.name, advice=text)
    return NoisyRow(figure.id, loudest.id, name, figure, text, loudest, mended(figure, loudest))


def _rule_row(figure: NoiseFigure, names: dict[str, str], rule: RuleSpec | None) -> NoisyRow:
    if rule is None:
        return NoisyRow("", figure.id, figure.id, figure, advice(figure, None))
    name = f"{names.get(rule.camera_id, rule.camera_id)}: {rule.name}"
    return NoisyRow(rule.camera_id, rule.id, name, figure, advice(figure, rule), rule, mended(figure, rule))
