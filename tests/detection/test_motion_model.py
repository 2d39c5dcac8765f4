from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.detector import Track
from detection.motion_model import extrapolate, opacity
from storage.records import Box

TRACK = Track(1, Box(0.2, 0.2, 0.3, 0.5), "person", 0.9, (0.1, -0.2), 90.0, 100.0)


@pytest.mark.parametrize(
    ("ahead_s", "moved_s"), [(0.0, 0.0), (0.3, 0.3), (0.5, 0.5), (4.0, 0.5), (-0.2, -0.2), (-9, -0.5)]
)
def test_a_box_moves_at_its_speed_for_half_a_second_at_most(ahead_s: float, moved_s: float) -> None:
    box = extrapolate(TRACK, 100.0 + ahead_s)
    assert tuple(box) == pytest.approx(
        (0.2 + 0.1 * moved_s, 0.2 - 0.2 * moved_s, 0.3 + 0.1 * moved_s, 0.5 - 0.2 * moved_s)
    )


def test_a_box_fades_after_half_a_second() -> None:
    assert [opacity(TRACK, 100.0 + age) for age in (0.0, 0.5, 1.0, 1.5, 9.0)] == pytest.approx(
        [1.0, 1.0, 0.5, 0.0, 0.0]
    )


@given(st.floats(0, 1e10), st.floats(0, 1e10))
def test_older_is_never_clearer(first: float, second: float) -> None:
    newer, older = sorted((first, second), key=lambda t: abs(t - TRACK.last_utc_s))
    assert 0.0 <= opacity(TRACK, older) <= opacity(TRACK, newer) <= 1.0
