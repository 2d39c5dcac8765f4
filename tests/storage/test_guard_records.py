"""Zones, rules and scales that no detection process could use are refused; what older rows lack has its default."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import inf, nan
from pathlib import Path

import pytest

from storage.commands import PutRecord, RegistryRecord, RemoveRecord
from storage.embedded_journal import EmbeddedJournal
from storage.errors import StorageCode
from storage.records import RuleKind, RuleSpec, Zone
from storage.registry_records import CameraScale
from tests.storage.case_site import case_journal, refused
from tests.storage.site import ADMIN, SteppedClock

RULE = RuleSpec("r9", "c1", "z1", "Yard")
AREA = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[EmbeddedJournal]:
    with case_journal(tmp_path, SteppedClock()) as found:
        yield found


def test_every_field_of_a_rule_comes_back(journal: EmbeddedJournal) -> None:
    rule = replace(
        RULE, kind=RuleKind.WRONG_WAY, schedule="22:00-06:00", sensitivity=0.7, limit=3.5, direction="90", group_id="g"
    )
    line, scale = Zone("z9", "c1", "Gate", AREA[:2], "line"), CameraScale("c1", ((0.5, 0.4, 0.1), (0.5, 0.9, 0.3)))
    for record in (rule, line, scale):
        journal.apply(PutRecord(record), ADMIN)
    registry = journal.registry()
    assert rule in registry.rules
    assert line in registry.zones
    assert registry.camera_scales == (scale,)
    assert journal.verify().ok


@pytest.mark.parametrize(
    "record",
    [
        replace(RULE, sensitivity=1.5),
        replace(RULE, sensitivity=nan),
        replace(RULE, min_score=-0.1),
        replace(RULE, hold_s=-1.0),
        replace(RULE, cooldown_s=inf),
        replace(RULE, kind=RuleKind.CROWD),
        replace(RULE, kind=RuleKind.CROWD, limit=0.0),
        replace(RULE, limit=nan),
        replace(RULE, direction="sideways"),
        replace(RULE, kind=RuleKind.WRONG_WAY),
        replace(RULE, kind=RuleKind.WRONG_WAY, direction="inf"),
        Zone("z9", "c1", "x", AREA[:2]),
        Zone("z9", "c1", "x", AREA[:1], "line"),
        Zone("z9", "c1", "x", AREA, "volume"),
        Zone("z9", "c1", "x", ((0.0, nan), *AREA)),
        CameraScale("c1", ((0.5, 0.4, 0.1),)),
        CameraScale("c1", ((0.5, 0.4, 0.1), (0.5, 0.9, 0.0))),
        CameraScale("c1", ((0.5, 0.4, 0.1), (0.5, nan, 0.2))),
    ],
)
def test_what_cannot_be_used_is_refused(journal: EmbeddedJournal, record: RegistryRecord) -> None:
    refused(journal, PutRecord(record), StorageCode.BAD_VALUE, ADMIN)


def test_a_schedule_that_cannot_be_read_is_refused(journal: EmbeddedJournal) -> None:
    refused(journal, PutRecord(replace(RULE, schedule="Someday")), StorageCode.BAD_SCHEDULE, ADMIN)


def test_a_scale_goes_with_its_camera(journal: EmbeddedJournal) -> None:
    journal.apply(PutRecord(CameraScale("c2", ((0.5, 0.4, 0.1), (0.5, 0.9, 0.3)))), ADMIN)
    journal.apply(RemoveRecord("cameras", "c2"), ADMIN)
    assert journal.registry().camera_scales == ()
