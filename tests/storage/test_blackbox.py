"""The black box: what was shown comes back, nothing is written twice, it stays small, and it says when it is broken."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.blackbox import ALIVE_S, FULL_EVERY, BlackBox, known_times, read_walls
from storage.errors import StorageCode, StorageError
from storage.shown_wall import ShownTile, ShownWall

START = 1_800_000_000.0
HOUR_S = 3600.0


def tile(n: int, side: int = 8, **changes: object) -> ShownTile:
    left, top = n % side / side, n // side / side
    rect = (round(left, 4), round(top, 4), round(left + 1 / side, 4), round(top + 1 / side, 4))
    made = ShownTile(rect, f"0198c{n:021d}", f"{n} Камера {n}", "sub", "live", 0, overlay=True, lifted=False)
    return replace(made, **changes)  # type: ignore[arg-type]  # the test names the fields


def wall(tiles: int = 64, window: int = 1) -> ShownWall:
    return ShownWall(window, window, "DP-1 Dell", 1920, 1080, "anna", tuple(tile(n) for n in range(tiles)))


def changed(of: ShownWall, n: int, **changes: object) -> ShownWall:
    tiles = list(of.tiles)
    tiles[n] = replace(tiles[n], **changes)  # type: ignore[arg-type]  # the test names the fields
    return replace(of, tiles=tuple(tiles))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "box" / "blackbox.db"


@pytest.fixture
def box(path: Path) -> Iterator[BlackBox]:
    opened = BlackBox(path)
    yield opened
    opened.close(START + 10 * HOUR_S)


def shown(path: Path, at_s: float) -> list[ShownWall]:
    return [found.wall for found in read_walls(path, START + at_s)]


def test_every_state_comes_back_at_its_time(box: BlackBox, path: Path) -> None:
    first = wall()
    second = changed(first, 5, state="stale", age=3)
    third = replace(changed(second, 6, lifted=True, camera="6 Anders", camera_id="x"), operator_id="boris")
    fourth = replace(third, tiles=third.tiles[:9])
    for at, one in enumerate((first, second, third, fourth)):
        assert box.write([(START + at * 10, one)]) == 1
    assert shown(path, -1) == []
    assert shown(path, 0) == shown(path, 9.99) == [first]
    assert shown(path, 10) == [second]
    assert shown(path, 25) == [third]
    assert shown(path, 30) == [fourth]
    assert read_walls(path, START + 29)[0].since_utc_s == START + 20


def test_what_did_not_change_is_not_written(box: BlackBox, path: Path) -> None:
    assert box.write([(START, wall()), (START + 1, wall()), (START + 2, wall())]) == 1
    assert box.write([(START + 3, wall())]) == 0


def test_every_window_has_a_story_of_its_own(box: BlackBox, path: Path) -> None:
    box.write([(START, wall(4)), (START + 1, wall(9, window=2))])
    box.write([(START + 5, replace(wall(9, window=2), tiles=()))])
    assert [w.window for w in shown(path, 3)] == [1, 2]
    assert [w.window for w in shown(path, 6)] == [1]


def test_after_its_end_nothing_is_claimed(path: Path) -> None:
    box = BlackBox(path)
    box.write([(START, wall(4))])
    box.close(START + 100)
    assert len(shown(path, 99)) == 1
    assert shown(path, 101) == []
    assert known_times(path) == (START, START + 100)


def test_after_a_crash_it_lasted_as_long_as_it_was_known_to(path: Path) -> None:
    box = BlackBox(path)
    box.write([(START, wall(4))])
    box.alive(START + 600)
    box._file.close()  # as SIGKILL leaves it
    assert len(shown(path, 600 + ALIVE_S)) == 1
    assert shown(path, 600 + 3 * ALIVE_S) == []
    again = BlackBox(path)
    again.write([(START + 5000, wall(9))])
    assert len(shown(path, 600 - 1)) == 1
    assert shown(path, 700) == shown(path, 4999) == []
    assert len(shown(path, 5000)[0].tiles) == 9
    again.close(START + 6000)


def test_a_clock_that_is_set_back_corrects_what_it_said(box: BlackBox, path: Path) -> None:
    box.write([(START + 5000, wall(4)), (START, wall(9)), (START + 10, replace(wall(9), tiles=()))])
    assert [len(one.tiles) for one in shown(path, 5)] == [9]
    assert shown(path, 20) == shown(path, 6000) == []


def test_a_refused_batch_leaves_the_story_as_it_was(box: BlackBox, path: Path) -> None:
    box.write([(START, wall(4))])

    def torn() -> Iterator[tuple[float, ShownWall]]:
        yield START + 1, changed(wall(4), 0, state="stale", camera="new name")
        raise StorageError(StorageCode.DISK_FULL, path="x")

    with pytest.raises(StorageError):
        box.write(torn())
    after = changed(wall(4), 1, state="no_signal", camera="another name")
    box.write([(START + 2, after)])
    assert shown(path, 1) == [wall(4)]
    assert shown(path, 2) == [after]


_TILES = st.lists(
    st.builds(
        tile,
        st.integers(0, 15),
        st.just(4),
        camera=st.text(max_size=8),
        state=st.sampled_from(["live", "stale", "no_signal", "connecting"]),
        stream=st.sampled_from(["main", "sub", ""]),
        age=st.integers(0, 8),
        overlay=st.booleans(),
        lifted=st.booleans(),
    ),
    max_size=6,
)


@given(st.lists(st.tuples(_TILES, st.sampled_from(["anna", "boris", ""])), min_size=1, max_size=12))
def test_any_story_comes_back(
    tmp_path_factory: pytest.TempPathFactory, story: list[tuple[list[ShownTile], str]]
) -> None:
    path = tmp_path_factory.mktemp("box") / "b.db"
    walls = [ShownWall(1, 1, "s", 1920, 1080, who, tuple(tiles)) for tiles, who in story]
    box = BlackBox(path)
    box.write([(START + n, one) for n, one in enumerate(walls)])
    for n, one in enumerate(walls):
        assert shown(path, n + 0.5) == ([one] if one.tiles else [])
    box.close(START + 100)


def test_an_hour_of_64_tiles_with_a_change_each_10_s_is_small(box: BlackBox, path: Path) -> None:
    before = box.used_bytes()
    now = wall()
    for n in range(360):
        now = changed(now, n % 64, state="stale" if n % 2 else "live", age=n % 3)
        box.write([(START + n * 10, now)])
    assert box.used_bytes() - before < 100_000
    assert shown(path, 3599) == [now]
    rows = sqlite3.connect(path)
    try:
        assert rows.execute("SELECT count(*) FROM shown WHERE base IS NULL").fetchone()[0] == 1 + 360 // (
            FULL_EVERY + 1
        )
    finally:
        rows.close()


def _story(box: BlackBox, days: int) -> ShownWall:
    now = wall(16)
    for n in range(days * 24):
        now = changed(now, n % 16, age=n % 7 + 1)
        box.write([(START + n * HOUR_S, now)])
    return now


def test_what_is_old_goes_and_the_newest_stays(box: BlackBox, path: Path) -> None:
    now = _story(box, 10)
    end = START + 240 * HOUR_S
    box.prune(end, 5 * 86400.0, 10**9)
    assert shown(path, 2 * 86400) == []
    assert shown(path, 6 * 86400 + 60) != []
    box.prune(end + 100 * 86400, 86400.0, 10**9)
    assert shown(path, 239 * HOUR_S) == [now]


def test_over_its_bytes_the_oldest_goes(box: BlackBox, path: Path) -> None:
    now = _story(box, 30)
    full = box.used_bytes()
    box.prune(START + 720 * HOUR_S, 1e9, full // 2)
    assert box.used_bytes() <= full // 2
    assert shown(path, 86400) == []
    assert shown(path, 719 * HOUR_S) == [now]
    assert path.stat().st_size < full


def test_broken_files_are_told_apart(path: Path) -> None:
    with pytest.raises(StorageError) as missing:
        read_walls(path, START)
    assert missing.value.code is StorageCode.NOT_FOUND
    path.parent.mkdir()
    path.write_bytes(b"no database at all" * 500)
    with pytest.raises(StorageError) as foreign:
        read_walls(path, START)
    assert foreign.value.code in (StorageCode.NOT_A_JOURNAL, StorageCode.DAMAGED)
    path.write_bytes(b"")
    with pytest.raises(StorageError) as empty:
        read_walls(path, START)
    assert empty.value.code is StorageCode.DAMAGED


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE shown SET what = x'00ff' WHERE base IS NULL",
        "DELETE FROM shown WHERE base IS NULL",
        "UPDATE shown SET what = 'x' WHERE base IS NOT NULL",
        "UPDATE shown SET what = '{\"c\":[[99,1,1,1,1,1,1]]}' WHERE base IS NOT NULL",
    ],
)
def test_damaged_rows_are_named(box: BlackBox, path: Path, sql: str) -> None:
    box.write([(START, wall(4)), (START + 1, changed(wall(4), 0, age=4))])
    other = sqlite3.connect(path)
    other.execute(sql)
    other.commit()
    other.close()
    with pytest.raises(StorageError) as damaged:
        read_walls(path, START + 2)
    assert damaged.value.code is StorageCode.DAMAGED
