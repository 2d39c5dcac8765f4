from __future__ import annotations

import pytest

from app.bus import Bus
from app.feeds import Banner, CommandRefused


def test_a_fact_reaches_the_subscribers_of_its_type_only() -> None:
    bus, banners, refusals = Bus(), [], []  # type: Bus, list[Banner], list[CommandRefused]
    bus.subscribe(Banner, banners.append)
    bus.subscribe(CommandRefused, refusals.append)
    bus.publish(Banner("a", "text"))
    assert banners == [Banner("a", "text")]
    assert refusals == []


def test_after_unsubscribing_nothing_comes() -> None:
    bus, seen = Bus(), []  # type: Bus, list[Banner]
    end = bus.subscribe(Banner, seen.append)
    end()
    bus.publish(Banner("a", "text"))
    assert seen == []


def test_a_failing_subscriber_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    bus, seen = Bus(), []  # type: Bus, list[Banner]

    def fail(_fact: Banner) -> None:
        raise RuntimeError("a bug")

    bus.subscribe(Banner, fail)
    bus.subscribe(Banner, seen.append)
    bus.publish(Banner("a", "text"))
    assert len(seen) == 1
    assert "a bug" in caplog.text
