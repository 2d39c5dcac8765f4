"""The suite's five rounds of what `main.py soak journal` does fifty times."""

from __future__ import annotations

from typing import Any, cast

import pytest

from benchmarks import soak_journal
from storage.embedded_journal import EmbeddedJournal


def test_five_sudden_deaths_lose_nothing_acknowledged() -> None:
    result = soak_journal.run(5, shortest_s=0.05, longest_s=0.5)
    rounds = cast(list[dict[str, Any]], result["rounds"])
    assert result["ok"], soak_journal.table(result)
    assert len(rounds) == 5
    assert all(r["acknowledged"] > 0 for r in rounds)
    assert "0 lost" in soak_journal.table(result)


def test_a_lost_event_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = EmbeddedJournal.events

    def forgetful(self: EmbeddedJournal, *, limit: int = 100_000) -> list[Any]:
        return list(real(self, limit=limit))[1:]

    monkeypatch.setattr(EmbeddedJournal, "events", forgetful)
    result = soak_journal.run(1, shortest_s=0.1, longest_s=0.2)
    assert not result["ok"]
    assert result["lost"] == 1
