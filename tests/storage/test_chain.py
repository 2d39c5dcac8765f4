"""Canonical form, digests and chain, over values that hypothesis makes up."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import chain
from storage.errors import StorageCode, StorageError
from storage.statements import Row, Value

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
ROWS = st.dictionaries(TEXT, VALUES, max_size=6)
ENTRIES = st.fixed_dictionaries(
    {
        "seq": st.integers(1, 2**40),
        "id": TEXT,
        "at_utc_s": st.floats(0, 4e9),
        "actor_id": TEXT,
        "action": TEXT,
        "subject": TEXT,
        "subject_id": TEXT,
        "digests": TEXT,
        "previous_hash": st.text("0123456789abcdef", min_size=64, max_size=64),
    }
)


@given(ROWS)
def test_canonical_form_does_not_depend_on_order_and_round_trips(row: dict[str, str | int | float | None]) -> None:
    text = chain.payload(row)
    assert text == chain.payload(dict(reversed(row.items())))
    assert json.loads(text) == {k: v for k, v in row.items() if v is not None}


def _has_exponent(row: Row) -> bool:
    return any(isinstance(value, float) and "e" in repr(value) for value in row.values())


@given(ROWS)
def test_the_quick_form_is_canonical_but_for_exponents(row: Row) -> None:
    """And whatever it is, it is read as these very values: it cannot be the canonical form of others."""
    sound = {k: row[k] for k in sorted(row) if row[k] is not None}
    found, text = chain.quick(sound), chain.payload(row)
    assert found == text.encode() or _has_exponent(sound) or (found == b"" and "null" in text)
    if found:
        assert [(k, type(v), v) for k, v in json.loads(found).items()] == [(k, type(v), v) for k, v in sound.items()]


@given(st.lists(st.tuples(st.just("alarms"), TEXT, st.integers(1, 9), st.just("ab" * 32)), max_size=3))
def test_the_quick_list_is_canonical(entries: list[tuple[str, str, int, str]]) -> None:
    assert chain.quick(entries) == chain.canonical(entries).encode()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_quick_float_is_canonical_but_for_exponents(value: float) -> None:
    text = chain.canonical(value)
    assert chain.quick(value) == text.encode() or "e" in text
    assert json.loads(chain.quick(value)) == value


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan"), None, b"bytes", "\ud800", 2**70])
def test_what_has_no_quick_form_shows_nothing(value: object) -> None:
    assert chain.quick({"x": value}) == b""
    assert not chain.quickly_gives(b"salt", {"x": value}, hashlib.sha256(b"salt").hexdigest())
    assert not chain.quickly_gives(b"salt", {"x": value}, hashlib.sha256(b'salt{"x":null}').hexdigest())


@given(ROWS, ROWS)
def test_different_rows_have_different_digests(
    one: dict[str, str | int | float | None], other: dict[str, str | int | float | None]
) -> None:
    salt = chain.new_salt()
    first, second = chain.payload(one), chain.payload(other)
    assert (chain.digest(salt, first) == chain.digest(salt, second)) == (first == second)
    assert chain.digest(salt, first) != chain.digest(chain.new_salt(), first)


@given(st.lists(st.tuples(st.just("alarms"), TEXT, st.integers(1, 9), st.just("ab" * 32)), max_size=3))
def test_the_quick_digest_list_is_canonical(entries: list[tuple[str, str, int, str]]) -> None:
    assert chain.digest_list(entries) == chain.canonical(entries)


@given(ENTRIES, st.data())
def test_every_field_of_an_entry_is_in_its_hash(entry: Row, data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(sorted(entry)))
    value: Value = data.draw(ENTRIES)[field]  # type: ignore[assignment]  # hypothesis loses the type
    assert (chain.entry_hash({**entry, field: value}) == chain.entry_hash(entry)) == (value == entry[field])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"bytes"])
def test_what_has_no_canonical_form_is_refused(value: float | bytes) -> None:
    with pytest.raises(StorageError) as caught:
        chain.payload({"x": value})
    assert caught.value.code is StorageCode.BAD_VALUE
