"""Alarm cells: the worst first, then the newest; what is held is never taken; everything is given back."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.alarm_tiles import DWELL_S, LEAST_S, AlarmTiles, Firing, firing_of
from storage.records import Alarm, AlarmState, Severity


def firing(camera: str, severity: int = 3, utc_s: float = 0.0, *, count: int = 1, waits: bool = True) -> Firing:
    return Firing(f"a-{camera}", camera, "r1", severity, utc_s, count, waits)


def cameras(shown: dict[int, Firing]) -> dict[int, str]:
    return {cell: one.camera_id for cell, one in shown.items()}


def test_several_alarms_get_several_cells_worst_first() -> None:
    tiles = AlarmTiles()
    alarms = (firing("c1", 2, 5), firing("c2", 4, 1), firing("c3", 2, 9))
    assert cameras(tiles.step(0, (7, 8), alarms, {})) == {7: "c2", 8: "c3"}
    assert tiles.waiting == 1


def test_it_is_given_back_after_the_dwell_and_not_shown_again() -> None:
    tiles = AlarmTiles()
    alarm = (firing("c1"),)
    assert cameras(tiles.step(0, (0,), alarm, {})) == {0: "c1"}
    assert cameras(tiles.step(DWELL_S - 0.1, (0,), alarm, {})) == {0: "c1"}
    assert tiles.step(DWELL_S, (0,), alarm, {}) == {}
    assert tiles.step(DWELL_S + 500, (0,), alarm, {}) == {}, "it still waits, but it was shown"
    assert cameras(tiles.step(DWELL_S + 501, (0,), (firing("c1", count=2),), {})) == {0: "c1"}, "it fires again"


def test_firing_again_holds_the_cell_and_says_the_newer_time() -> None:
    tiles = AlarmTiles()
    tiles.step(0, (0, 1), (firing("c1", utc_s=100), firing("c2")), {})
    again = (firing("c1", utc_s=120, count=2), firing("c2"))
    tiles.step(20, (0, 1), again, {})
    shown = tiles.step(DWELL_S + 10, (0, 1), again, {})
    assert {cell: (one.camera_id, one.utc_s) for cell, one in shown.items()} == {0: ("c1", 120.0)}
    assert tiles.step(20 + DWELL_S, (0, 1), again, {}) == {}


def test_a_worse_alarm_takes_the_least_important_cell_once_that_could_be_seen() -> None:
    tiles = AlarmTiles()
    two = (firing("c1", 3, 1), firing("c2", 2, 2))
    before = cameras(tiles.step(0, (0, 1), two, {}))
    worse = (*two, firing("c3", 5, 3))
    assert cameras(tiles.step(LEAST_S - 0.1, (0, 1), worse, {})) == before
    after = cameras(tiles.step(LEAST_S, (0, 1), worse, {}))
    assert set(after.values()) == {"c1", "c3"}
    assert [cell for cell in after if after[cell] != before[cell]] == [c for c in before if before[c] == "c2"]


def test_a_milder_alarm_waits_and_comes_when_there_is_room() -> None:
    tiles = AlarmTiles()
    tiles.step(0, (0,), (firing("c1", 5),), {})
    both = (firing("c1", 5), firing("c2", 1))
    assert cameras(tiles.step(10, (0,), both, {})) == {0: "c1"}
    assert tiles.waiting == 1
    assert cameras(tiles.step(DWELL_S, (0,), both, {})) == {0: "c2"}


def test_a_judged_alarm_goes_soon_and_one_that_somebody_took_is_not_brought_forward() -> None:
    tiles = AlarmTiles()
    assert tiles.step(0, (0,), (firing("c1", waits=False),), {}) == {}
    tiles.step(1, (0,), (firing("c2"),), {})
    assert cameras(tiles.step(1 + LEAST_S / 2, (0,), (), {})) == {0: "c2"}, "nothing flashes"
    assert tiles.step(1 + LEAST_S, (0,), (), {}) == {}


def test_a_kept_cell_is_never_taken_nor_given_back() -> None:
    tiles = AlarmTiles()
    tiles.step(0, (0,), (firing("c1", 1),), {})
    worse = (firing("c1", 1), firing("c2", 5))
    for now_s in (10.0, 100.0, 1000.0):
        assert cameras(tiles.step(now_s, (0,), worse, {0: "c1"})) == {0: "c1"}
        assert tiles.waiting == 1
    assert cameras(tiles.step(1001, (0,), worse, {})) == {0: "c2"}


def test_a_cell_that_was_filled_by_hand_is_not_filled() -> None:
    tiles = AlarmTiles()
    assert cameras(tiles.step(0, (0, 1), (firing("c1"),), {0: "c9"})) == {1: "c1"}
    assert tiles.step(0, (0,), (firing("c9"),), {0: "c9"}) == {}


@given(
    st.lists(
        st.tuples(
            st.floats(0.1, 20),
            st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5), st.integers(1, 4)), max_size=6),
            st.dictionaries(st.integers(0, 2), st.just("")),
        ),
        max_size=25,
    )
)
def test_whatever_fires(story: list[tuple[float, list[tuple[int, int, int]], dict[int, str]]]) -> None:
    """No camera twice, a cell changes only after its least time, and a kept cell never."""
    tiles, now_s = AlarmTiles(), 0.0
    shown: dict[int, Firing] = {}
    since: dict[int, float] = {}
    for passed_s, alarms, wished in story:
        now_s += passed_s
        fires = tuple({f"c{c}": firing(f"c{c}", severity, count=n) for c, severity, n in alarms}.values())
        kept = {cell: shown[cell].camera_id for cell in wished if cell in shown}
        after = tiles.step(now_s, (0, 1, 2), fires, kept)
        assert len(set(cameras(after).values())) == len(after)
        for cell, one in after.items():
            before = shown.get(cell)
            if before is None or before.camera_id != one.camera_id:
                assert cell not in kept
                assert before is None or now_s >= since[cell] + LEAST_S
                since[cell] = now_s
        assert all(after[cell].camera_id == camera for cell, camera in kept.items())
        shown = after


def test_alarms_of_the_desk() -> None:
    raised = Alarm("a1", "g", "c1", "r1", Severity.HIGH, AlarmState.RAISED, 10, 20, 3, "e1", 1)
    taken = replace(raised, id="a2", state=AlarmState.ACKNOWLEDGED)
    judged = replace(raised, id="a3", state=AlarmState.JUDGED)
    assert firing_of((raised, taken, judged)) == (
        Firing("a1", "c1", "r1", 4, 20, 3, True),
        Firing("a2", "c1", "r1", 4, 20, 3, False),
    )


def test_something_smaller_on_the_same_camera_does_not_make_it_smaller() -> None:
    """A danger to life that waits keeps its cell against what is less, whatever else its camera sees meanwhile."""
    tiles = AlarmTiles()
    five, two, three = Firing("a5", "A", "r1", 5, 0.0), Firing("a2", "A", "r2", 2, 1.0), Firing("b3", "B", "r3", 3, 2.0)
    assert tiles.step(0.0, (0,), [five], {}) == {0: five}
    assert tiles.step(5.0, (0,), [five, two], {}) == {0: five}
    assert tiles.step(6.0, (0,), [five, two, three], {}) == {0: five}
    taken = replace(five, waits=False)
    newest = replace(two, count=2)
    assert tiles.step(7.0, (0,), [taken, newest], {}) == {0: newest}, "one that somebody took does not count"
