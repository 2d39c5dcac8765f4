"""Command line over guard rules: add, list with what each will do, arm and disarm groups, remove."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from app.archive import Archive
from app.errors import AppError
from app.i18n import _
from app.registry_commands import Corners, Number, camera_of_number, point
from app.rule_texts import rule_sentence
from app.rule_try_command import put_out_of_use, put_tried, rule_try
from app.sentences import sentences
from app.site import archive_of_site
from detection.geometry import checked_line, checked_polygon
from detection.rules import AREA, LINE
from storage.commands import PutRecord, RemoveRecord
from storage.errors import StorageCode, StorageError
from storage.records import RuleKind, RuleSpec, Severity, Zone, new_id

rule_app = typer.Typer(help="Guard rules of this site: add, list, arm, disarm, remove, try.")
rule_app.command("try")(rule_try)

_VEHICLES = ("car", "truck", "bus")
_THINGS = ("bag",)
_LABELS = {
    RuleKind.ABANDONED: _THINGS,
    RuleKind.REMOVED: _THINGS,
    RuleKind.STOPPED: _VEHICLES,
    RuleKind.SPEED: _VEHICLES,
}
"""What a rule is about when nothing is named; all others: people."""

_NO_LABELS = ("person",)


@rule_app.command("add")
def rule_add(
    number: Number,
    zone: Corners,
    name: Annotated[str, typer.Option(help="What the operator reads.")] = "Person in zone",
    hold_s: Annotated[float, typer.Option(help="Seconds before it counts.")] = 2.0,
    severity: Annotated[int, typer.Option(min=1, max=5, help="1 information, 5 danger to life.")] = 3,
    opens_incident: Annotated[bool, typer.Option("--opens-incident", help="Open an incident without asking.")] = False,
    kind: Annotated[RuleKind, typer.Option(help="What it is about; a line crossing takes a line of points.")] = (
        RuleKind.INTRUSION
    ),
    limit: Annotated[float | None, typer.Option(help="A count, seconds or km/h, by kind.")] = None,
    direction: Annotated[str, typer.Option(help="in, out, or degrees of the allowed way.")] = "",
    schedule: Annotated[str, typer.Option(help="Like `Mon-Fri 22:00-06:00`; empty: always.")] = "",
    label: Annotated[list[str] | None, typer.Option(help="What counts; repeat for more.")] = None,
    group: Annotated[str, typer.Option(help="Armed and disarmed with this group.")] = "",
) -> None:
    """Guard a zone or a line of a camera; says what the rule will do."""
    with sentences(), archive_of_site() as archive:
        camera = camera_of_number(archive, number)
        points = [point(corner) for corner in zone]
        lined = kind is RuleKind.LINE_CROSSING
        shape = checked_line(points) if lined else checked_polygon(points)
        drawn = Zone(new_id(), camera.id, name, shape, LINE if lined else AREA)
        rule = RuleSpec(
            id=new_id(),
            camera_id=camera.id,
            zone_id=drawn.id,
            name=name,
            kind=kind,
            labels=tuple(label) if label else _LABELS.get(kind, _NO_LABELS),
            hold_s=hold_s,
            severity=Severity(severity),
            opens_incident=opens_incident,
            limit=limit,
            direction=direction,
            schedule=schedule,
            group_id=group or None,
        )
        for record in (drawn, rule):
            archive.journal.apply(PutRecord(record), archive.actor)
    typer.echo(rule.id)
    typer.echo(rule_sentence(rule, drawn.name), err=True)


@rule_app.command("list")
def rule_list() -> None:
    """Rules of this site, and what each will do."""
    with sentences(), archive_of_site() as archive:
        numbers = {camera.id: camera.number for camera in archive.registry.cameras}
        zones = {zone.id: zone.name for zone in archive.registry.zones}
        for rule in archive.registry.rules:
            text = rule_sentence(rule, zones.get(rule.zone_id, "-"))
            camera, group = numbers.get(rule.camera_id, "-"), rule.group_id or "-"
            typer.echo(f"{rule.id}\t{camera}\t{rule.name}\t{rule.hold_s:g} s\t{group}\t{text}")


@rule_app.command("arm")
def rule_arm(group: Annotated[str, typer.Argument(help="The group's name.")]) -> None:
    """Arm every rule of a group."""
    _arm(group, armed=True)


@rule_app.command("disarm")
def rule_disarm(group: Annotated[str, typer.Argument(help="The group's name.")]) -> None:
    """Disarm every rule of a group; the history says who did. One that found confirmed alarms in the last days needs a
    second person's signature."""
    _arm(group, armed=False)


@rule_app.command("remove")
def rule_remove(rule_id: str) -> None:
    """Take a rule out of use, with its zone; its history stays. One that found confirmed alarms in the last days needs
    a second person's signature."""
    with sentences(), archive_of_site() as archive:
        found = [rule for rule in archive.registry.rules if rule.id == rule_id]
        if not found:
            raise StorageError(StorageCode.NOT_FOUND, subject=_("The rule"))
        put_out_of_use(archive, found[0])
        if not any(rule.zone_id == found[0].zone_id for rule in archive.registry.rules if rule.id != rule_id):
            archive.journal.apply(RemoveRecord("zones", found[0].zone_id), archive.actor)


def arm_group(archive: Archive, group: str, *, armed: bool) -> int:
    """Arm or disarm the rules of a group; returns how many. Raises StorageError(NOT_FOUND) for an empty one, and
    AppError(SECOND_PERSON) when one of them needs a signature."""
    rules = [rule for rule in archive.registry.rules if rule.group_id == group]
    if not rules:
        raise StorageError(StorageCode.NOT_FOUND, subject=_("The group"))
    unsigned: AppError | None = None
    for rule in rules:
        try:
            if rule.enabled is not armed:
                put_tried(archive, replace(rule, enabled=armed))
        except AppError as error:  # the other rules of the group are not to stay as they are for it
            unsigned = error
    if unsigned is not None:
        raise unsigned
    return len(rules)


def _arm(group: str, *, armed: bool) -> None:
    with sentences(), archive_of_site() as archive:
        typer.echo(arm_group(archive, group, armed=armed))
