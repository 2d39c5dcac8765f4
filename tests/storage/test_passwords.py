from __future__ import annotations

import time
from statistics import median

import pytest
from argon2 import PasswordHasher
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import StorageCode, StorageError
from storage.passwords import fits, is_outdated, sealed

PHC = sealed("пароль 🚨 ok")


def test_parameters_are_those_of_rfc_9106() -> None:
    assert PHC.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert not is_outdated(PHC)


def test_the_right_password_fits_and_no_other() -> None:
    assert fits(PHC, "пароль 🚨 ok")
    for wrong in ("пароль 🚨 o", "", "пароль 🚨 ok ", "x" * 100_000, "\ud800"):
        assert not fits(PHC, wrong)
    assert not fits("not a hash", "пароль 🚨 ok")
    assert not fits(None, "nobody has this password")


def test_the_same_password_twice_looks_different() -> None:
    assert sealed("пароль 🚨 ok") != PHC


@pytest.mark.parametrize("password", ["", "1234567", "x" * 1025])
def test_too_short_or_endless_is_refused_without_showing_it(password: str) -> None:
    with pytest.raises(StorageError) as caught:
        sealed(password)
    assert caught.value.code is StorageCode.BAD_VALUE
    assert not password or password not in str(caught.value)


@given(st.text(min_size=8, max_size=40), st.text(max_size=40))
@settings(max_examples=3, deadline=None)
def test_any_text_is_a_password(password: str, other: str) -> None:
    phc = sealed(password)
    assert fits(phc, password)
    assert fits(phc, other) == (other == password)


def test_older_parameters_are_noticed() -> None:
    assert is_outdated(PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("x"))
    assert is_outdated("nonsense")


def test_an_unknown_name_takes_as_long_as_a_wrong_password() -> None:
    fits(None, "warm up!")

    def seconds(phc: str | None) -> float:
        began = time.process_time()
        fits(phc, "wrong one")
        return time.process_time() - began

    known, unknown = (median(seconds(phc) for _ in range(3)) for phc in (PHC, None))
    assert 0.4 < unknown / known < 2.5
