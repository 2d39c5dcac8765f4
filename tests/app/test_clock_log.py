"""Offsets of clocks outlive the program, an hour a row."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.clock_log import EVERY_S, ClockLog
from app.playback_sources import clock_note

NOON = 1_790_002_800.0
HOUR = 3600.0


def test_what_was_measured_is_known_in_the_next_run(tmp_path: Path) -> None:
    path = tmp_path / "clocks.db"
    first = ClockLog(path)
    first.open()
    assert first.due(NOON)
    points = [(NOON - 5 * HOUR, 9.0), *((NOON + minute * 60, 0.5 + minute * 0.01) for minute in range(11))]
    first.keep([("c1", points), ("c2", [])], NOON + 600)
    assert not first.due(NOON + 600 + EVERY_S / 2)
    first.close()
    then = ClockLog(path)
    then.open()
    note = clock_note(then.of("c1", NOON + 1200), NOON + 1200)
    assert note is not None
    assert (note.offset_s, note.uncertainty_s) == pytest.approx((0.55, 0.05))
    assert then.of("c2", NOON) == []
    assert then.of("c1", NOON + 30 * HOUR) == []
    then.close()


def test_without_a_file_nothing_is_known_and_a_broken_one_is_set_aside(tmp_path: Path) -> None:
    none = ClockLog(None)
    none.open()
    none.keep([("c1", [(NOON, 0.5)])], NOON)
    assert none.of("c1", NOON) == []
    none.close()
    path = tmp_path / "clocks.db"
    path.write_bytes(b"not a database" * 100)
    log = ClockLog(path)
    log.open()
    log.keep([("c1", [(NOON, 0.5)])], NOON)
    assert log.of("c1", NOON)[0][1] == 0.5
    assert len(list(tmp_path.glob("clocks.db*"))) > 1
    log.close()
