"""Identifiers: UUIDv7 whose order is the order in which they were made."""

from __future__ import annotations

from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from storage.records import new_id


def test_ids_of_one_process_keep_their_order() -> None:
    made = [new_id() for _ in range(5_000)]
    assert made == sorted(set(made)), "a thousand a millisecond, and none before its elder"


@given(utc_s=st.floats(0, 2**38), count=st.integers(2, 20))
def test_ids_of_one_moment_keep_their_order(utc_s: float, count: int) -> None:
    made = [new_id(utc_s) for _ in range(count)]
    assert made == sorted(set(made))
    for text in made:
        found = UUID(text)
        assert (found.version, found.variant) == (7, RFC_4122)
        assert found.int >> 80 == int(utc_s * 1000)
