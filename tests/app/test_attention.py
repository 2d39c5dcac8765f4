"""Viewing debt: what counts as a look, who is shown next, whose figures these are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.attention import DWELL_S, GLANCE_S, LOOK_WIDTH_PX, Attention, AttentionTiles, Coverage, Glance

FAR_S = 1000.0


def known(count: int, now_s: float = 0.0, weights: dict[str, float] | None = None) -> Attention:
    attention = Attention(now_s)
    attention.know(now_s, [f"c{n}" for n in range(count)], weights)
    return attention


def looked(attention: Attention, now_s: float, *cameras: str, width_px: float = 400, live: bool = True) -> None:
    """These are seen for two seconds until now."""
    for at_s in (now_s - 2, now_s - 1, now_s):
        attention.look(at_s, [Glance(camera, width_px, live) for camera in cameras])


def test_a_debt_grows_until_the_camera_is_looked_at() -> None:
    attention = known(3)
    assert attention.debt_s("c1", 60) == 60
    looked(attention, 60, "c1")
    assert attention.debt_s("c1", 60) == 0
    assert attention.debt_s("c1", 75) == 15
    assert attention.coverage(75) == Coverage(1, 3, 75, "c0")


def test_what_nobody_can_see_is_no_look() -> None:
    attention = known(3)
    looked(attention, 60, "c0", width_px=LOOK_WIDTH_PX - 1)
    looked(attention, 60, "c1", live=False)
    attention.look(61, [Glance("c2", 400, True)])
    attention.look(61 + GLANCE_S / 2, [Glance("c2", 400, True)])
    assert attention.coverage(62).looked == 0
    attention.look(61 + GLANCE_S, [Glance("c2", 400, True)])
    assert attention.coverage(62).looked == 1


def test_a_gap_in_the_looking_is_no_look() -> None:
    attention = known(1)
    attention.look(10, [Glance("c0", 400, True)])
    attention.look(100, [Glance("c0", 400, True)])
    assert attention.debt_s("c0", 100) == 100


def test_walls_of_one_seat_count_together() -> None:
    attention = known(2)
    for at_s in (10.0, 11.0, 12.0):
        attention.look(at_s, [Glance("c0", 400, True)], "left")
        attention.look(at_s, [Glance("c1", 400, True)], "right")
    assert attention.coverage(12).looked == 2


def test_another_operator_begins_anew() -> None:
    attention = known(2)
    looked(attention, 60, "c0")
    attention.begin(100)
    assert attention.coverage(110) == Coverage(0, 2, 10, "c0")


def test_an_important_camera_comes_sooner_and_a_new_one_owes_nothing_yet() -> None:
    attention = known(3, weights={"c2": 2.0})
    looked(attention, 50, "c2")
    assert attention.most_indebted(60) == "c0"
    assert attention.most_indebted(200) == "c2"
    attention.know(200, ["c0", "c9"])
    assert attention.debt_s("c9", 210) == 10
    assert attention.coverage(210).cameras == 2


@given(st.integers(1, 12), st.integers(1, 3), st.sets(st.integers(0, 11)))
def test_every_camera_comes_round(count: int, cells: int, dead: set[int]) -> None:
    """Dead ones too, for a moment each; nobody waits for longer than all the others' turns."""
    attention = known(count)
    tiles = AttentionTiles(attention)
    live = {f"c{n}" for n in range(count) if n not in dead}
    shown: dict[str, int] = {}
    seconds = round((count + cells) * (DWELL_S + 2)) + 30
    for second in range(seconds):
        cameras = tiles.step(second, tuple(range(cells)), {}, live)
        assert len(set(cameras.values())) == len(cameras) == min(count, cells), "no camera twice"
        attention.look(second, [Glance(camera, 400, camera in live) for camera in cameras.values()])
        for camera in cameras.values():
            shown[camera] = second
    assert set(shown) == {f"c{n}" for n in range(count)}
    assert attention.coverage(seconds).looked == len(live)


def test_nothing_moves_while_everything_is_looked_at() -> None:
    attention = known(4)
    tiles = AttentionTiles(attention)
    everything = [Glance(f"c{n}", 400, True) for n in range(4)]
    attention.look(0, everything)
    attention.look(2, everything)
    first = tiles.step(2, (0,), {}, {"c0", "c1", "c2", "c3"})
    for second in range(3, 100):
        attention.look(second, everything)
        assert tiles.step(second, (0,), {}, {"c0", "c1", "c2", "c3"}) == first


def test_a_kept_cell_is_left_alone_and_its_camera_is_not_shown_twice() -> None:
    tiles = AttentionTiles(known(3))
    for second in range(0, 60, 4):
        assert tiles.step(FAR_S + second, (0, 1), {0: "c1"}, {"c0", "c1", "c2"})[1] in {"c0", "c2"}
