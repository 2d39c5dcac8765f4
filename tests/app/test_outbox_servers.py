"""Delivery of alerts against real servers: nothing is lost when one dies, and the end of the program waits for none."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest

from app.alert_lines import Lines, tls_context
from app.alert_message import Attachment, Sender
from app.mqtt_alerts import Broker, MqttSender
from app.smtp_alerts import SmtpSender
from app.webhook_alerts import WebhookSender
from storage.release_records import Channel, OutboxMessage, OutboxState
from storage.sealed import Credential
from tests.app.alert_case import REGISTRY, outgoing
from tests.app.alert_house import House
from tests.app.alert_servers import PASSWORD, USER, Authority, HookServer, MailServer, MqttBroker
from tests.conftest import wait_until


def _mail(server: MailServer, lines: Lines | None = None) -> SmtpSender:
    settings = server.settings
    login = Credential(USER, PASSWORD)
    return SmtpSender(settings, tls_context(settings.authorities), lambda: login, lines or Lines(2.0))


def _hook(server: HookServer, lines: Lines) -> WebhookSender:
    return WebhookSender(tls_context(str(server.authority.certificate)), lambda _route: "secret", lines)


def _mqtt(server: MqttBroker) -> MqttSender:
    settings, login = server.settings, Credential(USER, PASSWORD)
    return MqttSender(Broker(settings, tls_context(settings.authorities), lambda: login, Lines(2.0)))


def _ids(numbers: Sequence[int]) -> set[str]:
    return {f"{n:032x}" for n in numbers}


@pytest.mark.parametrize("channel", [Channel.SMTP, Channel.WEBHOOK, Channel.MQTT])
def test_a_server_that_dies_in_the_middle_loses_nothing(authority: Authority, channel: Channel) -> None:
    """Some go out, the server ends, the rest fails and waits, the server comes back on its port: all arrive."""
    mail, hook, broker = MailServer(authority), HookServer(authority), MqttBroker(authority)
    server: MailServer | HookServer | MqttBroker
    sender: Sender
    match channel:
        case Channel.SMTP:
            server, sender, target = mail, _mail(mail), "duty@police.example"
        case Channel.WEBHOOK:
            server, sender, target = hook, _hook(hook, Lines(2.0)), hook.url()
        case _:
            server, sender, target = broker, _mqtt(broker), ""
    house = House(sender, channel=channel)
    with house.running() as outbox:
        with server.running():
            house.journal.put(*(outgoing(n, channel=channel, target=target) for n in range(1, 4)))
            house.settled(*[OutboxState.SENT] * 3)
        house.journal.put(*(outgoing(n, channel=channel, target=target) for n in range(4, 7)))
        wait_until(lambda: any(mark.state is OutboxState.WAITING for mark in house.marks()), 4.0)
        assert house.journal.states().count(OutboxState.SENT) == 3
        with server.running():
            house.clock.utc_s += 5.0
            outbox.nudge()
            house.settled(*[OutboxState.SENT] * 6)
    assert {mark.message_id for mark in house.marks() if mark.state is OutboxState.SENT} == _ids(range(1, 7))
    if channel is Channel.SMTP:
        assert sorted(m["X-Watchfloor-Message"] for m in mail.mails) == sorted(_ids(range(1, 7)))
    if channel is Channel.WEBHOOK:
        assert {r.headers["X-Watchfloor-Message"] for r in hook.requests} == _ids(range(1, 7))


def test_the_end_cuts_a_delivery_and_the_next_start_repeats_it_under_the_same_id(authority: Authority) -> None:
    gate, lines = threading.Event(), Lines(30.0)
    hook = HookServer(authority, gate=gate)
    house = House(_hook(hook, lines), channel=Channel.WEBHOOK, lines=lines)
    house.journal.put(outgoing(channel=Channel.WEBHOOK, target=hook.url()))
    with hook.running():
        with house.running():
            assert hook.arrived.wait(30)
            began_s = time.monotonic()
        assert time.monotonic() - began_s < 10, "long before the delivery's own limit"
        assert house.journal.states() == [OutboxState.WAITING]
        assert house.marks() == []
        gate.set()
        lines = Lines(2.0)
        again = replace(house, sender=_hook(hook, lines), lines=lines)
        with again.running():
            again.settled(OutboxState.SENT)
    assert [request.headers["X-Watchfloor-Message"] for request in hook.requests].count(f"{1:032x}") >= 1


def test_encrypted_pictures_go_to_a_named_recipient_only(authority: Authority) -> None:
    asked: list[str] = []

    def stills(message: OutboxMessage) -> tuple[Attachment, ...]:
        asked.append(message.route_id)
        return (Attachment("still.jpg.age", b"age-encryption.org/v1"),)

    with_stills = replace(REGISTRY.alert_routes[0], stills=True)
    without = replace(with_stills, id="route-2", stills=False)
    with MailServer(authority).running() as server:
        house = House(_mail(server), (with_stills, without), stills=stills)
        house.journal.put(outgoing(1), outgoing(2, "route-2"))
        with house.running():
            house.settled(OutboxState.SENT, OutboxState.SENT)
    names = {mail["X-Watchfloor-Message"]: [a.get_filename() for a in mail.iter_attachments()] for mail in server.mails}
    assert names == {f"{1:032x}": ["still.jpg.age"], f"{2:032x}": []}
    assert asked == ["route-1"]
