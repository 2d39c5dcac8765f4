"""A journal with people, cameras and services, for the modules that bring none of their own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.keys import SigningKey
from tests.storage.named_case import add_services
from tests.storage.site import SteppedClock, add_people, add_registry


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def key() -> SigningKey:
    return SigningKey.generate()


@pytest.fixture
def journal(tmp_path: Path, clock: SteppedClock, key: SigningKey) -> Iterator[EmbeddedJournal]:
    path = tmp_path / "journal" / "journal.db"
    with contextlib.closing(open_journal(path, key, checkpoints=tmp_path / "checkpoints", clock=clock)) as opened:
        add_people(opened)
        add_registry(opened)
        add_services(opened)
        yield opened
