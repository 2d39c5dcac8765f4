from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.seat_test import Check, SeatFacts, SeatTest, as_json
from tests.storage.site import START_UTC_S, SteppedClock

HOUR_S = 3600.0


class Clocks:
    def __init__(self) -> None:
        self.wall = SteppedClock()
        self.monotonic_s = 0.0

    def run_on(self, seconds: float) -> None:
        self.wall.utc_s += seconds
        self.monotonic_s += seconds


def made(
    tmp_path: Path,
    clocks: Clocks,
    facts: SeatFacts | None = None,
    synchronised: Callable[[], bool | None] | None = None,
) -> SeatTest:
    return SeatTest(
        facts or SeatFacts(tmp_path),
        clock=clocks.wall,
        monotonic=lambda: clocks.monotonic_s,
        synchronised=synchronised or (lambda: True),
        cards=tmp_path / "cards",
        inputs=tmp_path / "inputs",
    )


def named(test: SeatTest) -> dict[str, Check]:
    return {check.name: check for check in test.run()}


@pytest.fixture(autouse=True)
def _linux(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))


def test_a_bare_machine_says_what_is_missing(tmp_path: Path) -> None:
    found = named(made(tmp_path, Clocks()))
    assert {name: check.ok for name, check in found.items()} == {
        "sound": False,
        "keyboard": None,
        "disk": found["disk"].ok,
        "clock": True,
        "recorder": None,
        "backup": False,
        "journal": None,
    }
    assert "No sound device" in found["sound"].sentence


def test_a_seat_with_everything(tmp_path: Path) -> None:
    (tmp_path / "cards").write_text(" 0 [PCH]: HDA-Intel - HDA Intel PCH\n")
    (tmp_path / "inputs").write_text("H: Handlers=sysrq kbd event0\n")
    facts = SeatFacts(
        tmp_path,
        recorder=lambda: "",
        last_backup_utc_s=lambda: START_UTC_S - HOUR_S,
        last_verified=lambda: (START_UTC_S - 2 * HOUR_S, True),
    )
    found = named(made(tmp_path, Clocks(), facts))
    assert all(check.ok for name, check in found.items() if name != "disk")
    assert found["backup"].sentence == "The last backup is 1 h old."


def test_cards_without_a_card_and_inputs_without_a_keyboard(tmp_path: Path) -> None:
    (tmp_path / "cards").write_text("--- no soundcards ---\n")
    (tmp_path / "inputs").write_text("H: Handlers=mouse0\n")
    found = named(made(tmp_path, Clocks()))
    assert (found["sound"].ok, found["keyboard"].ok) == (False, False)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "pipewire-0").touch()
    assert named(made(tmp_path, Clocks()))["sound"].ok


def test_a_clock_that_was_set_is_noticed(tmp_path: Path) -> None:
    clocks = Clocks()
    test = made(tmp_path, clocks)
    clocks.run_on(10_000)
    assert named(test)["clock"].ok
    clocks.wall.utc_s -= 3600
    found = named(test)["clock"]
    assert not found.ok
    assert "-3600 s" in found.sentence


@pytest.mark.parametrize("answer", [True, False, None])
def test_whether_a_time_server_sets_the_clock_is_said_as_known(tmp_path: Path, answer: bool | None) -> None:
    assert named(made(tmp_path, Clocks(), synchronised=lambda: answer))["clock"].ok is answer


def test_old_backups_and_a_journal_that_is_not_intact_are_said(tmp_path: Path) -> None:
    facts = SeatFacts(
        tmp_path,
        recorder=lambda: "The disk is full.",
        last_backup_utc_s=lambda: START_UTC_S - 50 * HOUR_S,
        last_verified=lambda: (START_UTC_S, False),
    )
    found = named(made(tmp_path, Clocks(), facts))
    assert [found[name].ok for name in ("recorder", "backup", "journal")] == [False, False, False]
    assert found["recorder"].sentence == "The disk is full."


def test_what_the_system_refuses_is_said_and_the_rest_goes_on(tmp_path: Path) -> None:
    found = made(tmp_path, Clocks(), SeatFacts(tmp_path / "nowhere")).run()
    assert [check.name for check in found] == ["sound", "keyboard", "disk", "clock", "recorder", "backup", "journal"]
    assert found[2].ok is None


def test_the_real_machine_answers(tmp_path: Path) -> None:
    checks = SeatTest(SeatFacts(tmp_path)).run()
    assert json.loads(as_json(checks)) == {check.name: check.sentence for check in checks}
