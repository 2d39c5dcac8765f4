"""Signal loss by the session's own packets: once for each loss, in its schedule, never for a machine that slept."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from app.cameras import sub_key
from app.signal_watch import BACK_S, LATE_ROUND_S, OPENING_S, SignalWatch
from storage.records import Event, RuleKind, RuleSpec
from video.session import SessionState, SessionStatus

RULE = RuleSpec("r", "c1", "z", "Gate", RuleKind.SIGNAL_LOSS, limit=10.0, cooldown_s=30.0)
NOON_UTC_S = 1_700_049_600.0  # Wednesday 2023-11-15, 12:00 UTC


@dataclass
class Session:
    camera_id: str
    packets: int = 0

    def status(self) -> SessionStatus:
        return SessionStatus(SessionState.LIVE, packets=self.packets)


class Site:
    """A watch over made sessions and clocks."""

    def __init__(self, *rules: RuleSpec) -> None:
        self.now_s = 1000.0
        self.main, self.sub = Session("c1"), Session(sub_key("c1"))
        self.rules = rules or (RULE,)
        self.events: list[Event] = []
        self.watch = SignalWatch(
            lambda: self.rules,
            lambda: [self.main, self.sub],
            self.events.append,
            ZoneInfo("UTC"),
            monotonic=lambda: self.now_s,
            clock=lambda: NOON_UTC_S + self.now_s,
        )

    def pass_s(self, seconds: float, *, sending: bool, step_s: float = 0.5) -> None:
        for _ in range(int(seconds / step_s)):
            self.now_s += step_s
            self.main.packets += 10 * sending
            self.watch.round()


def test_a_camera_that_falls_silent_is_told_once_with_its_last_sign() -> None:
    site = Site()
    site.pass_s(20, sending=True)
    last_s = site.now_s
    site.pass_s(9, sending=False)
    assert site.events == []
    site.pass_s(60, sending=False)
    (event,) = site.events
    assert (event.kind, event.camera_id, event.label) == (RuleKind.SIGNAL_LOSS, "c1", "no signal")
    assert event.since_utc_s == NOON_UTC_S + last_s
    assert 10.0 <= event.utc_s - event.since_utc_s <= 11.0


def test_a_stumble_is_nothing_and_a_new_loss_after_the_cooldown_is_told_again() -> None:
    site = Site()
    site.pass_s(20, sending=True)
    site.pass_s(20, sending=False)
    site.pass_s(1, sending=True)
    site.pass_s(20, sending=False)
    assert len(site.events) == 1, "it never came back"
    site.pass_s(BACK_S + 40, sending=True)
    site.pass_s(20, sending=False)
    assert len(site.events) == 2


def test_a_flapping_camera_is_silent_for_the_cooldown() -> None:
    site = Site()
    site.pass_s(20, sending=True)
    for _ in range(4):
        site.pass_s(11, sending=False)
        site.pass_s(BACK_S + 1, sending=True)
    assert len(site.events) == 1


def test_the_sub_stream_is_a_sign_of_life() -> None:
    site = Site()
    for _ in range(100):
        site.sub.packets += 1
        site.pass_s(0.5, sending=False)
    assert site.events == []


def test_a_camera_that_never_answered_has_time_to_open() -> None:
    site = Site()
    site.pass_s(OPENING_S + 9, sending=False)
    assert site.events == []
    site.pass_s(2, sending=False)
    assert len(site.events) == 1


def test_a_machine_that_slept_does_not_accuse_its_cameras() -> None:
    site = Site()
    site.pass_s(20, sending=True)
    site.now_s += 3600.0
    site.pass_s(9, sending=False)
    assert site.events == []
    assert LATE_ROUND_S < 10.0


def test_other_kinds_disarmed_rules_and_other_hours_are_silent() -> None:
    site = Site(
        RuleSpec("a", "c1", "z", "x", RuleKind.TAMPER, limit=1.0),
        RuleSpec("b", "c1", "z", "x", RuleKind.SIGNAL_LOSS, limit=1.0, enabled=False),
        RuleSpec("c", "c1", "z", "x", RuleKind.SIGNAL_LOSS, limit=1.0, schedule="22:00-06:00"),
    )
    site.pass_s(60, sending=False)
    assert site.events == []
