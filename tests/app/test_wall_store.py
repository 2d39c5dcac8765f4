"""The file of wall windows: read back as written, never a reason not to start, newest state only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.wall_store import MainPlace, MonitorId, WallPlace, WallStore

LEFT = MonitorId("Dell", "U2720Q", "ABC123", "DP-1")
PLACES = (
    WallPlace(LEFT, "grid:16", ("c1", "", "c2"), 3),
    WallPlace(MonitorId(name="HDMI-2"), "big", full_screen=False, area=(10, 20, 800, 450)),
)


def at_once(work: Callable[[], None]) -> bool:
    work()
    return True


def test_what_was_kept_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "state" / "wall_windows.toml"
    WallStore(path, at_once).keep(PLACES)
    assert WallStore(path, at_once).load() == PLACES


def test_the_main_wall_is_kept_until_another_is_given(tmp_path: Path) -> None:
    path, main = tmp_path / "wall_windows.toml", MainPlace("grid:4", ("c2", "", "c1"), 1, 2)
    WallStore(path, at_once).keep(PLACES, main)
    for _run in range(2):  # a start with a layout of its own remembers its windows only
        store = WallStore(path, at_once)
        assert store.load() == PLACES
        assert store.main == main
        store.keep(PLACES)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "version = ",
        "window = 3",
        "window = [3]",
        "[[window]]\nlayout = 'x'",
        "version = 'x'",
        "\0",
        "version = [1]",
        "main = 3",
        "[main]\npage = 'x'",
    ],
)
def test_a_file_that_cannot_be_read_is_no_window(tmp_path: Path, text: str) -> None:
    path = tmp_path / "wall_windows.toml"
    path.write_text(text, encoding="utf-8")
    assert WallStore(path, at_once).load() == ()


def test_a_newer_file_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "wall_windows.toml"
    path.write_text("version = 99\n", encoding="utf-8")
    store = WallStore(path, at_once)
    assert store.load() == ()
    store.keep(PLACES)
    assert path.read_text(encoding="utf-8") == "version = 99\n"


def test_only_the_newest_state_is_written(tmp_path: Path) -> None:
    jobs: list[Callable[[], None]] = []
    path = tmp_path / "wall_windows.toml"

    def later(work: Callable[[], None]) -> bool:
        jobs.append(work)
        return True

    store = WallStore(path, later)
    store.keep(PLACES[:1])
    store.keep(PLACES)
    assert len(jobs) == 1
    jobs[0]()
    assert store.load() == PLACES


def test_a_refused_writing_is_tried_again_with_the_next_change(tmp_path: Path) -> None:
    path = tmp_path / "wall_windows.toml"
    answers = iter([False, True])
    store = WallStore(path, lambda work: at_once(work) if next(answers) else False)
    store.keep(PLACES[:1])
    assert not path.exists()
    store.keep(PLACES)
    assert store.load() == PLACES


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (MonitorId("Dell", "U2720Q", "ABC123", "HDMI-1"), True),  # another socket
        (MonitorId("Dell", "U2720Q", "XYZ", "DP-1"), False),
        (MonitorId("Dell", "U2720Q", "", "DP-1"), False),
        (MonitorId("", "", "", "DP-1"), False),
    ],
)
def test_a_monitor_is_known_by_its_serial_number(other: MonitorId, same: bool) -> None:
    assert LEFT.is_same(other) is same


def test_without_a_serial_number_the_name_decides() -> None:
    assert MonitorId("Dell", "U", "", "DP-1").is_same(MonitorId("Dell", "U", "", "DP-1"))
    assert not MonitorId("Dell", "U", "", "DP-1").is_same(MonitorId("Dell", "U", "", "DP-2"))
