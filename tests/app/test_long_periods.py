"""Reports over months out of kept counts: the same figures as counted one by one, exact where a list would be cut."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.archive import Archive
from app.long_periods import RollupKeeper, gather_long, is_long, opened_rollups
from app.period_commands import chosen
from app.period_facts import Period, gather
from app.period_reports import period_content
from app.site_time import zone_of
from storage.case_commands import OpenIncident
from storage.commands import PutOperator, PutRecord
from storage.folders import Folders
from storage.records import Actor, Camera, Operator, Role, Severity
from storage.registry_records import CameraGroup
from storage.settings import Settings
from tests.conftest import wait_until


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    opened = Archive(Folders.under(tmp_path / "home").ensure(), Settings(), [Camera("c1", 1, "Gate", "demo://gate")])
    for number in range(7):
        command = OpenIncident("theft" if number % 3 else "fire", Severity.LOW, 1.79e9, "c1")
        opened.journal.apply(command, opened.actor)
    yield opened
    opened.close()


def year(archive: Archive) -> Period:
    """From two years ago to the end of this one."""
    return chosen("2025-01-01", "2027-12-31", zone_of(archive.settings))


def test_the_figures_are_the_same_as_counted_one_by_one(archive: Archive) -> None:
    period = year(archive)
    assert is_long(archive, period)
    plain = gather(archive.journal, archive.registry, period, archive.actor.id)
    kept = gather_long(archive, period, archive.actor.id)
    for name in ("by_category", "by_group", "by_outcome", "by_camera", "by_operator", "still_open", "incidents"):
        assert getattr(kept, name) == getattr(plain, name), name
    assert [name for name, _spread in kept.times] == [name for name, _spread in plain.times]
    assert (kept.rolled_up, plain.rolled_up) == (True, False)


def test_a_list_is_cut_and_the_figures_are_not(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.period_facts._PAGE", 2)
    facts = gather_long(archive, year(archive), archive.actor.id, most=2)
    assert (len(facts.incidents), facts.complete) == (2, False)
    assert sum(count for _name, count in facts.by_category) == 7


def test_part_of_a_day_and_short_times_are_counted_one_by_one(archive: Archive) -> None:
    period = year(archive)
    assert not is_long(archive, Period("x", period.from_utc_s + 3600, period.to_utc_s))
    assert not is_long(archive, chosen("2026-11-01", "2026-11-30", zone_of(archive.settings)))


def test_the_report_of_a_long_time_says_how_it_was_counted(archive: Archive) -> None:
    assert b"%PDF" in period_content(archive, year(archive), "pdf", archive.actor)[:8]
    assert b"theft" in period_content(archive, year(archive), "json", archive.actor).lower()


def test_who_may_not_see_every_camera_is_told_of_their_own_alone(archive: Archive) -> None:
    journal = archive.journal
    journal.apply(PutRecord(Camera("c2", 2, "Yard", "demo://yard")), archive.actor)
    journal.apply(PutRecord(CameraGroup("g", "Yard only", ("c2",))), archive.actor)
    journal.apply(PutOperator(Operator("guest", "Guest", Role.SUPERVISOR, group_ids=("g",))), archive.actor)
    journal.apply(OpenIncident("theft", Severity.LOW, 1.79e9, "c2"), archive.actor)
    told = [
        json.loads(period_content(archive, year(archive), "json", actor)) for actor in (Actor("guest"), archive.actor)
    ]
    assert [(one["count"], sorted(one["by_camera"].values())) for one in told] == [(1, [1]), (8, [1, 7])]


def test_the_keeper_renews_and_ends(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    renewed = threading.Event()
    keeper = RollupKeeper(archive, period_s=0.01)
    renew = keeper.renew

    def told() -> None:
        renew()
        renewed.set()

    monkeypatch.setattr(keeper, "renew", told)
    keeper.start()
    try:
        wait_until(renewed.is_set, what="a renewal")
    finally:
        keeper.stop()
        assert keeper.join(30.0)
    rollups = opened_rollups(archive)
    try:
        assert not rollups.renew().rebuilt
    finally:
        rollups.close()
