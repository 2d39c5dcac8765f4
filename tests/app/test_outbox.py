"""The outbox's rules: what is due goes out, nobody is held up, given up with a word, escalated, joined in time."""

from __future__ import annotations

import itertools
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.alert_lines import Lines
from app.alert_message import AlertMessage, Attachment
from app.alert_retries import FIRST_S, LONGEST_S, RoutePauses
from app.delivery import ATTEMPTS, GIVE_UP_S, NEVER_UTC_S
from app.errors import AppCode, AppError
from app.feeds import Banner
from storage.errors import StorageCode
from storage.registry_records import AlertRoute
from storage.release_commands import AnswerAlert, EscalateAlert, MarkAlert
from storage.release_records import Channel, OutboxMessage, OutboxState
from tests.app.alert_case import ACTOR, NOW_S, REGISTRY, outgoing
from tests.app.alert_house import House, Scripted, failing
from tests.conftest import wait_until


def test_a_message_is_sent_and_its_answer_awaited() -> None:
    house = House(Scripted(), (replace(REGISTRY.alert_routes[0], answer_s=90.0),))
    house.journal.put(outgoing())
    with house.running():
        house.settled(OutboxState.SENT)
    assert house.marks() == [MarkAlert(f"{1:032x}", 1, OutboxState.SENT, NOW_S + 90.0)]
    assert house.banners == []


def test_a_route_that_wants_no_answer_is_never_due_again() -> None:
    house = House(Scripted(), (replace(REGISTRY.alert_routes[0], answer_s=0.0),))
    house.journal.put(outgoing())
    with house.running():
        house.settled(OutboxState.SENT)
    assert house.marks()[0].next_utc_s == NEVER_UTC_S


def test_what_is_not_due_waits() -> None:
    sender = Scripted()
    house = House(sender)
    house.journal.put(outgoing(1, next_utc_s=NOW_S + 60), outgoing(2))
    with house.running() as outbox:
        wait_until(lambda: len(sender.sent) == 1)
        house.clock.utc_s += 61
        outbox.nudge()
        wait_until(lambda: len(sender.sent) == 2)
    assert sender.sent == [f"{2:032x}", f"{1:032x}"]


def test_failures_are_tried_again_with_longer_pauses_and_said() -> None:
    sender = Scripted(failing(AppCode.ALERT_UNREACHABLE))
    house = House(sender)
    house.journal.put(outgoing())
    with house.running():
        for tries in range(1, 4):
            wait_until(lambda n=tries: len(house.marks()) == n)  # type: ignore[misc]  # a default binds the number
            house.clock.utc_s = house.marks()[-1].next_utc_s
        sender.step = lambda _message: None
        house.settled(OutboxState.SENT)
    waiting = house.marks()[:3]
    assert [mark.state for mark in waiting] == [OutboxState.WAITING] * 3
    assert {mark.error for mark in waiting} == {AppCode.ALERT_UNREACHABLE.value}
    times = [NOW_S, *(mark.next_utc_s for mark in waiting)]
    assert [b - a for a, b in itertools.pairwise(times)] == [2.0, 4.0, 8.0]
    assert house.banners[0].text.startswith("Nothing answers at there")
    assert house.banners[-1] == Banner("alert-route:route-1", "")


def test_a_refused_message_is_given_up_after_so_many_attempts() -> None:
    house = House(Scripted(failing(AppCode.ALERT_REFUSED)))
    house.journal.put(outgoing(attempts=ATTEMPTS - 2))
    with house.running():
        wait_until(lambda: len(house.marks()) == 1)
        assert house.marks()[0].state is OutboxState.WAITING
        house.clock.utc_s += 10
        house.settled(OutboxState.FAILED)
    assert "did not take the alert" in house.banners[-1].text


@pytest.mark.parametrize(
    ("code", "age_s", "state"),
    [
        (AppCode.ALERT_TARGET, 0.0, OutboxState.FAILED),
        (AppCode.ALERT_NOT_VALID, 0.0, OutboxState.FAILED),
        (AppCode.ALERT_TIMEOUT, GIVE_UP_S + 1, OutboxState.FAILED),
        (AppCode.ALERT_TIMEOUT, GIVE_UP_S - 1, OutboxState.WAITING),
        (AppCode.ALERT_LOGIN, 0.0, OutboxState.WAITING),
    ],
)
def test_what_is_of_no_use(code: AppCode, age_s: float, state: OutboxState) -> None:
    house = House(Scripted(failing(code)))
    house.journal.put(outgoing(created_utc_s=NOW_S - age_s, attempts=3))
    with house.running():
        wait_until(lambda: len(house.marks()) == 1)
    assert house.marks()[0].state is state


def test_a_channel_without_a_sender_fails_with_a_word() -> None:
    house = House(Scripted())
    house.journal.put(outgoing(channel=Channel.CAP))
    with house.running():
        house.settled(OutboxState.FAILED)
    assert "cannot be sent" in house.banners[-1].text


@pytest.mark.parametrize("delivered", [True, False])
def test_no_answer_in_time_tells_the_next_service(delivered: bool) -> None:
    route = replace(REGISTRY.alert_routes[0], answer_s=30.0, escalate_to_id="duty")
    house = House(Scripted(lambda _m: None if delivered else failing(AppCode.ALERT_UNREACHABLE)(_m)), (route,))
    house.journal.put(outgoing())
    with house.running():
        wait_until(lambda: len(house.marks()) == 1)
        house.clock.utc_s = NOW_S + 29.0
        wait_until(lambda: delivered or len(house.marks()) == 2)
        assert OutboxState.ESCALATED not in house.journal.states()
        house.clock.utc_s = NOW_S + 30.0
        house.settled(OutboxState.ESCALATED)
    assert house.banners[-1].text == "Police did not answer about incident 2026-000123. Call by telephone or radio."


def test_a_message_that_is_given_up_tells_the_next_service_at_once() -> None:
    route = replace(REGISTRY.alert_routes[0], escalate_to_id="duty")
    house = House(Scripted(failing(AppCode.ALERT_TARGET)), (route,))
    house.journal.put(outgoing())
    with house.running():
        house.settled(OutboxState.ESCALATED)
    assert [type(command) for command in house.journal.commands] == [MarkAlert, EscalateAlert]
    assert house.marks()[0].error == AppCode.ALERT_TARGET.value


def test_an_escalation_that_the_journal_refuses_is_not_hammered() -> None:
    house = House(Scripted())
    house.journal.put(outgoing(state=OutboxState.SENT))
    house.journal.refusing = StorageCode.BUSY
    with house.running() as outbox:
        wait_until(lambda: house.journal.refused > 0)
        for _number in range(20):
            outbox.nudge()
            wait_until(lambda: not outbox._wake.is_set())
        assert house.journal.refused == 1
        house.journal.refusing = None
        house.clock.utc_s += 3.0
        house.settled(OutboxState.ESCALATED)


def test_an_answer_before_the_mark_is_kept() -> None:
    house = House(Scripted())

    def answered(message: AlertMessage) -> None:
        house.journal.apply(AnswerAlert(message.id, accepted=True, answer="we go"), ACTOR)

    house.sender = Scripted(answered)
    house.journal.put(outgoing())
    with house.running():
        house.settled(OutboxState.ANSWERED)
    assert house.marks() == []


def test_what_was_sent_and_could_not_be_noted_is_not_sent_twice() -> None:
    sender = Scripted()
    house = House(sender)

    def busy(_message: AlertMessage) -> None:
        house.journal.refusing = StorageCode.BUSY

    sender.step = busy
    house.journal.put(outgoing())
    with house.running():
        wait_until(lambda: len(sender.sent) == 1)
        house.journal.refusing = None
        house.settled(OutboxState.SENT)
    assert sender.sent == [f"{1:032x}"]


def test_a_sender_with_a_bug_is_survived(caplog: pytest.LogCaptureFixture) -> None:
    def bug(message: AlertMessage) -> None:
        if message.id == f"{1:032x}":
            raise ZeroDivisionError

    house = House(Scripted(bug), (REGISTRY.alert_routes[0], AlertRoute("route-2", "police", "smtp", "x@y.example")))
    house.journal.put(outgoing(1), *(outgoing(n, "route-2") for n in range(2, 8)))
    with house.running():
        house.settled(OutboxState.WAITING, *[OutboxState.SENT] * 6)
    assert house.journal.messages[f"{1:032x}"].error == AppCode.INTERNAL.value
    assert "died" in caplog.text


def test_a_slow_route_holds_no_other_up() -> None:
    gate = threading.Event()

    def slow(message: AlertMessage) -> None:
        if message.route_id == "slow":
            gate.wait(5.0)

    routes = tuple(AlertRoute(name, "police", "smtp", "x@y.example") for name in ("slow", "fast"))
    house = House(Scripted(slow), routes)
    house.journal.put(*(outgoing(n, "slow") for n in range(1, 150)), *(outgoing(n, "fast") for n in range(200, 210)))
    with house.running():
        wait_until(lambda: house.journal.states().count(OutboxState.SENT) == 10, 4.0)
        gate.set()


def test_a_dead_route_with_many_messages_starves_no_other() -> None:
    def dead(message: AlertMessage) -> None:
        if message.route_id == "dead":
            failing(AppCode.ALERT_UNREACHABLE)(message)

    routes = tuple(AlertRoute(name, "police", "smtp", "x@y.example") for name in ("dead", "good"))
    house = House(Scripted(dead), routes)
    house.journal.put(*(outgoing(n, "dead") for n in range(1, 500)), outgoing(900, "good", next_utc_s=NOW_S + 1))
    house.clock.utc_s += 1.5
    with house.running():
        wait_until(lambda: OutboxState.SENT in house.journal.states(), 4.0)
    assert len([mark for mark in house.marks() if mark.state is OutboxState.WAITING]) <= 2


def test_the_longest_due_goes_first() -> None:
    sender = Scripted()
    house = House(sender)
    house.journal.put(*(outgoing(n, next_utc_s=NOW_S - 100 + n) for n in range(1, 40)))
    with house.running():
        wait_until(lambda: len(sender.sent) == 39)
    assert sender.sent == sorted(sender.sent)


def test_pictures_without_a_key_are_refused_and_the_alert_goes() -> None:
    seen: list[AlertMessage] = []
    house = House(Scripted(seen.append), (replace(REGISTRY.alert_routes[0], stills=True),))
    house.journal.put(outgoing())
    with house.running():
        house.settled(OutboxState.SENT)
    assert seen[0].attachments == ()
    assert "without pictures" in house.banners[0].text


def test_the_word_about_pictures_goes_when_they_go_or_are_not_wanted_any_more() -> None:
    keyless: list[bool] = [True]

    def stills(_message: OutboxMessage) -> tuple[Attachment, ...]:
        if keyless[0]:
            raise AppError(AppCode.ALERT_NO_KEY, target="duty")
        return (Attachment("still.jpg.age", b"sealed"),)

    wanted = replace(REGISTRY.alert_routes[0], stills=True)
    house = House(Scripted(), (wanted,), stills=stills)
    with house.running() as outbox:
        for number, (without, routes) in enumerate(
            [(True, (wanted,)), (False, (wanted,)), (True, (wanted,)), (True, REGISTRY.alert_routes)], start=1
        ):
            keyless[0], house.routes = without, routes
            house.journal.put(outgoing(number))
            outbox.nudge()
            house.settled(*[OutboxState.SENT] * number)
    assert {banner.key for banner in house.banners} == {"alert-pictures:route-1"}
    assert [bool(banner.text) for banner in house.banners] == [True, False, True, False]


def test_the_word_about_a_service_that_did_not_answer_goes_when_it_has() -> None:
    route = replace(REGISTRY.alert_routes[0], answer_s=30.0, escalate_to_id="duty")
    house = House(Scripted(), (route,))
    house.journal.put(outgoing())
    with house.running() as outbox:
        wait_until(lambda: len(house.marks()) == 1)
        house.clock.utc_s = NOW_S + 30.0
        wait_until(lambda: bool(house.banners))
        outbox.nudge()
        wait_until(lambda: not outbox._moved.is_set())
        assert len(house.banners) == 1  # it still has to
        house.waits = False
        outbox.nudge()
        wait_until(lambda: len(house.banners) == 2)
    assert house.banners[1] == Banner(f"alert:{1:032x}", "")


def test_one_process_delivers_and_another_takes_over(tmp_path: Path) -> None:
    first, second = Scripted(), Scripted()
    house = House(first, folder=tmp_path)
    other = replace(house, sender=second, lines=Lines(2.0))
    house.journal.put(outgoing(1))
    with other.running() as waiting:
        wait_until(lambda: bool(second.sent))
        with house.running() as holder:
            house.journal.put(outgoing(2))
            holder.nudge()
            wait_until(lambda: len(second.sent) == 2)
            assert first.sent == []
            waiting.stop()
            house.journal.put(outgoing(3))
            wait_until(lambda: bool(first.sent), 4.0)
    assert first.sent == [f"{3:032x}"]


@given(jitter=st.floats(0.0, 1.0), failures=st.integers(1, 3000))
def test_pauses_grow_to_a_limit(jitter: float, failures: int) -> None:
    pauses, until_s = RoutePauses(lambda: jitter), 0.0
    for _number in range(failures):
        until_s = pauses.failed("r", NOW_S)
    length_s = min(FIRST_S * 2.0 ** min(failures - 1, 20), LONGEST_S)
    assert 0.75 * length_s - 1e-3 <= until_s - NOW_S <= 1.25 * length_s + 1e-3
    assert not pauses.open("r", NOW_S)
    assert pauses.open("r", until_s)
    assert pauses.open("r", NOW_S - 10 * LONGEST_S)
    assert pauses.open("other", NOW_S)
    assert pauses.succeeded("r")
    assert not pauses.succeeded("r")
    assert pauses.open("r", NOW_S)
