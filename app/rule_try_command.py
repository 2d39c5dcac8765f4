"""`main.py rule try`: what a changed guard rule would have done on stored tracks. Changes nothing.

Also how other commands change one: tried first, and signed by a second person where that needs to be.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

import typer

from app.archive import Archive
from app.errors import AppCode, AppError
from app.i18n import _
from app.record_forms import made, texts_of
from app.rule_changes import RuleChanges, SaveAnswer
from app.rule_trial import Tried
from app.sentences import sentences
from app.site import archive_of_site
from app.site_time import zone_of
from app.trial_desk import DAYS, TrialWork
from app.trial_texts import trial_table
from storage.errors import StorageCode, StorageError
from storage.records import RuleSpec, Zone

_LONGEST_DAYS = 3650
WORK_CLOCK: Callable[[], float] = time.time
"""What "the last days" end with."""


def rule_try(
    rule_id: Annotated[str, typer.Argument(help="The rule's id (rule list).")],
    hold_s: Annotated[float | None, typer.Option(help="Seconds in the condition before it counts.")] = None,
    cooldown_s: Annotated[float | None, typer.Option(help="Seconds of silence about the same.")] = None,
    limit: Annotated[float | None, typer.Option(help="Count, seconds or km/h, by the rule's kind.")] = None,
    sensitivity: Annotated[float | None, typer.Option(help="0..1.")] = None,
    min_score: Annotated[float | None, typer.Option(help="0..1.")] = None,
    schedule: Annotated[str | None, typer.Option(help="Like `Mon-Fri 08:00-18:00`.")] = None,
    zone: Annotated[str | None, typer.Option(help="Corners `X, Y; X, Y; X, Y`, or another zone's id.")] = None,
    days: Annotated[int, typer.Option(min=1, max=_LONGEST_DAYS, help="How far back.")] = DAYS,
) -> None:
    """Try a changed rule on the stored tracks of the last days: what goes, what is lost, what comes."""
    given = {
        "hold_s": hold_s,
        "cooldown_s": cooldown_s,
        "limit": limit,
        "sensitivity": sensitivity,
        "min_score": min_score,
        "schedule": schedule,
    }
    with sentences(), archive_of_site() as archive:
        record = _changed(archive, rule_id, {name: value for name, value in given.items() if value is not None}, zone)
        begun_s = time.monotonic()
        answer = TrialWork(archive, archive.folders.tracks, WORK_CLOCK).run(record, days)
        typer.echo(answer.sentence)
        if answer.trial is not None:
            for line in trial_table(answer.trial, zone_of(archive.settings)):
                typer.echo(line)
            took = _("{looks} looks in {seconds} s")
            typer.echo(took.format(looks=answer.trial.looks, seconds=f"{time.monotonic() - begun_s:.1f}"), err=True)


def put_tried(archive: Archive, record: Tried) -> None:
    """Save it after its trial. Raises AppError(SECOND_PERSON) when it was not, and what `TrialWork.run` raises."""
    answer = TrialWork(archive, archive.folders.tracks, WORK_CLOCK).run(record)
    _require(RuleChanges(archive).save(record, answer.lost, answer.sentence, archive.actor))


def put_out_of_use(archive: Archive, record: Tried) -> None:
    """The same for one that shall guard nothing any more."""
    _require(RuleChanges(archive).remove(record, archive.actor))


def _require(answer: SaveAnswer) -> None:
    if not answer.saved:
        raise AppError(AppCode.SECOND_PERSON, why=answer.sentence)


def _changed(archive: Archive, rule_id: str, values: dict[str, Any], zone: str | None) -> Tried:
    """The rule with other values, or its zone with other corners: one of them at a time."""
    registry = archive.registry
    rule = next((one for one in registry.rules if one.id == rule_id), None)
    if rule is None:
        raise StorageError(StorageCode.NOT_FOUND, subject=_("The rule"))
    if zone is None or any(one.id == zone for one in registry.zones):
        texts = {**texts_of(replace(rule, **values)), **({"zone_id": zone} if zone is not None else {})}
        changed = made(RuleSpec, texts)
        return changed if isinstance(changed, RuleSpec) else rule
    if values:
        raise AppError(AppCode.BAD_RECORD, name="--zone", known=_("corners, or values of the rule; not both"))
    drawn = next((one for one in registry.zones if one.id == rule.zone_id), None)
    if drawn is None:
        raise StorageError(StorageCode.NOT_FOUND, subject=_("The zone"))
    redrawn = made(Zone, {**texts_of(drawn), "points": zone})
    return redrawn if isinstance(redrawn, Zone) else drawn
