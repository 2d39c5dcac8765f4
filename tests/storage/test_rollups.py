"""Kept counts: equal to what the journal says, renewed where something changed, gone where something was erased."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from storage.case_commands import OpenIncident
from storage.commands import CloseIncident, PutRecord
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.records import Camera, Outcome, Severity
from storage.release_commands import EraseSubject
from storage.rollups import Renewed, RollupRow, Rollups
from tests.storage.site import ADMIN, RUNTIME, START_UTC_S, SteppedClock, add_people, add_registry

KYIV = ZoneInfo("Europe/Kyiv")
DAY_S = 86_400.0


class House:
    """A journal with a clock, and its roll-ups."""

    def __init__(self, folder: Path, zone: ZoneInfo = KYIV) -> None:
        self.path, self.folder, self.zone = folder / "journal.db", folder, zone
        self.clock = SteppedClock()
        self.journal: EmbeddedJournal = open_journal(self.path, clock=self.clock)
        add_people(self.journal)
        add_registry(self.journal)
        self.journal.apply(PutRecord(Camera("c3", 3, "Lane", "rtsp://host/3")), ADMIN)
        self.rollups = self.opened(zone)

    def opened(self, zone: ZoneInfo) -> Rollups:
        return Rollups(self.folder / "rollups.db", self.path, zone)

    def enter(self, at_s: float, category: str = "theft", camera: str = "c2") -> str:
        self.clock.utc_s = START_UTC_S + at_s
        command = OpenIncident(category, Severity.LOW, self.clock.utc_s, camera)
        self.journal.apply(command, ADMIN)
        return command.new_incident_id

    def day(self, at_s: float) -> date:
        return datetime.fromtimestamp(START_UTC_S + at_s, self.zone).date()

    def close(self) -> None:
        self.rollups.close()
        self.journal.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.close()


def test_counts_are_those_of_the_journal_and_only_what_changed_is_counted_anew(house: House) -> None:
    for number in range(6):
        house.enter(number * 20 * DAY_S, "theft" if number % 2 else "fight", "c2" if number < 4 else "c3")
    assert house.rollups.renew() == Renewed(4, rebuilt=True)
    assert house.rollups.renew() == Renewed(0, rebuilt=False)
    whole = house.day(0), house.day(100 * DAY_S)
    assert house.rollups.by("category_id", *whole) == [RollupRow("fight", 3), RollupRow("theft", 3)]
    assert house.rollups.by("camera_id", *whole) == [RollupRow("c2", 4), RollupRow("c3", 2)]
    assert sum(count for _day, count in house.rollups.by_day(*whole)) == 6
    house.enter(100 * DAY_S, "fire")
    assert house.rollups.renew() == Renewed(1, rebuilt=False)
    assert house.rollups.by("category_id", *whole)[2] == RollupRow("fire", 1)


def test_what_was_erased_leaves_the_counts(house: House) -> None:
    going = house.enter(0.0)
    house.enter(DAY_S)
    house.rollups.renew()
    incident = house.journal.incident_file(going).incident
    house.journal.apply(CloseIncident(going, incident.version, Outcome.FALSE), ADMIN)
    house.clock.utc_s += 9999
    house.journal.apply(EraseSubject("incidents", going, "GDPR Art. 17", "asked", by_rule=True), RUNTIME)
    assert house.rollups.renew().rebuilt
    whole = house.day(0), house.day(DAY_S)
    assert house.rollups.by("all", *whole) == [RollupRow("", 1)]
    assert house.rollups.by("camera_id", *whole) == [RollupRow("c2", 1)]


def test_another_zone_begins_anew(house: House) -> None:
    house.enter(0.0)
    house.rollups.renew()
    other = house.opened(ZoneInfo("Asia/Almaty"))
    try:
        assert other.renew().rebuilt
    finally:
        other.close()


def test_whoever_stops_it_finds_what_was_before(house: House) -> None:
    house.enter(0.0)
    house.rollups.renew()
    house.enter(DAY_S)
    assert house.rollups.renew(lambda: True) == Renewed(0, rebuilt=False)
    whole = house.day(0), house.day(DAY_S)
    assert house.rollups.by("all", *whole) == [RollupRow("", 1)]
    assert house.rollups.renew() == Renewed(1, rebuilt=False)
    assert house.rollups.by("all", *whole) == [RollupRow("", 2)]


def test_a_file_that_cannot_be_read_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "rollups.db").write_bytes(b"no database at all" * 300)
    house = House(tmp_path)
    try:
        house.enter(0.0)
        assert house.rollups.renew().rebuilt
        assert house.rollups.by("all", house.day(0), house.day(0)) == [RollupRow("", 1)]
        assert (tmp_path / "rollups-damaged.db").exists()
    finally:
        house.close()


def test_any_days_are_what_a_plain_count_says(house: House) -> None:
    """Months as a whole and in part, a camera that is restricted left out."""
    chance = random.Random(3)
    entered = sorted(
        (chance.random() * 150, chance.choice(["theft", "fight"]), chance.choice(["c2", "c3"])) for _ in range(40)
    )
    for days, category, camera in entered:
        house.enter(days * DAY_S, category, camera)
    house.enter(151 * DAY_S, "theft", "c1")
    house.rollups.renew()
    for _round in range(12):
        first, last = (house.day(days * DAY_S) for days in sorted(chance.sample(range(152), 2)))
        inside = [(c, k) for days, c, k in entered if first <= house.day(days * DAY_S) <= last]
        for place, dimension in enumerate(("category_id", "camera_id")):
            wanted = Counter(values[place] for values in inside)
            assert {row.key: row.count for row in house.rollups.by(dimension, first, last)} == wanted
        times = house.rollups.times("acknowledged", first, last)
        assert sum(count for _seconds, count in times) == len(inside)
        assert all(math.isfinite(seconds) for seconds, _count in times)
