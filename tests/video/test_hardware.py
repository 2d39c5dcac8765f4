"""Which device a stream gets, and how many streams a device."""

from __future__ import annotations

import pytest

from storage.settings import DECODERS
from tests.video.fake_device import CHEAP, Clock, FakeDevice, hardware, trials
from video.frame import StreamInfo
from video.hardware import AUTO, DEVICES, SOFTWARE, Cost, Hardware, Refusal, Trial, chosen

FULL_HD = (1920, 1080)
INFO = StreamInfo("h264", *FULL_HD, 25.0, True)


def _named(trials_: tuple[Trial, ...], wish: str = AUTO, size: tuple[int, int] = FULL_HD) -> str:
    found = chosen(trials_, wish, "h264", size[0] * size[1])
    return found[0].device if found else ""


def test_the_settings_name_what_there_is() -> None:
    assert (AUTO, SOFTWARE, *DEVICES) == DECODERS


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        ({"cuda": 1.0, "qsv": 0.4}, "qsv"),
        ({"cuda": 1.0, "qsv": 0.95}, "cuda"),
        ({"cuda": 3.9}, ""),
        ({"cuda": 5.0, "qsv": 9.0}, ""),
        ({}, ""),
    ],
)
def test_what_costs_the_processor_least_is_chosen_and_the_preferred_where_they_are_alike(
    costs: dict[str, float], expected: str
) -> None:
    made = tuple(Trial(name, "h264", costs=(Cost(2_073_600, 4.0, ms, 1.0),)) for name, ms in reversed(costs.items()))
    assert _named(made) == expected


def test_a_small_stream_is_judged_by_what_a_small_one_costs() -> None:
    costs = (Cost(640 * 360, 0.5, 0.9, 0.3), Cost(1920 * 1080, 4.0, 1.0, 0.6))
    made = trials("vaapi", costs=costs)
    assert (_named(made), _named(made, size=(704, 576)), _named(made, size=(3840, 2160))) == ("vaapi", "", "vaapi")
    assert _named(made, "vaapi", (640, 360)) == "vaapi", "a named device is used whatever it costs"


def test_a_refused_or_unwished_device_is_none() -> None:
    assert _named((Trial("cuda", "h264", Refusal.WRONG, costs=CHEAP),)) == ""
    assert _named(trials("cuda"), "qsv") == ""
    ours = Hardware(SOFTWARE, FakeDevice())
    ours.learn(trials("cuda"))
    assert not ours.ready


def test_streams_share_the_time_in_which_the_interpreter_is_held() -> None:
    made = Hardware(AUTO, FakeDevice(), Clock())
    made.learn(trials("cuda", costs=(Cost(2_073_600, 8.0, 1.0, 2.0),)))
    leases = [made.lease(INFO, FULL_HD) for _ in range(8)]
    given = [lease for lease in leases if lease is not None]
    assert len(given) == 5, "2 ms of 40 each, a quarter of the time in all"
    assert made.open_count("cuda") == 5
    made.release(given[0])
    assert made.lease(INFO, FULL_HD) is not None


def test_devices_are_opened_one_after_the_other() -> None:
    now = [0.0]
    made = Hardware(AUTO, FakeDevice(), lambda: now[0])
    made.learn(trials("cuda"))
    assert made.lease(INFO, FULL_HD) is not None
    assert made.lease(INFO, FULL_HD) is None, "the wall would stand still for all of them at once"
    now[0] = 0.6
    assert made.lease(INFO, FULL_HD) is not None


def test_a_device_that_fails_one_stream_after_the_other_is_given_up() -> None:
    made = hardware(FakeDevice())
    for number in range(3):
        assert not made.given_up
        lease = made.lease(INFO, FULL_HD)
        assert lease is not None, number
        made.note(lease, Refusal.FAILED)
        made.release(lease)
    assert made.given_up == ("cuda",)
    assert made.lease(INFO, FULL_HD) is None


def test_damaged_streams_say_nothing_of_the_device() -> None:
    made = hardware(FakeDevice())
    for _ in range(5):
        lease = made.lease(INFO, FULL_HD)
        assert lease is not None
        made.note(lease, Refusal.DAMAGED)
        made.release(lease)
    assert not made.given_up
