"""MQTT against a real broker over TLS with a login: topics, shapes, typed failures; answers come back by it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from app.alert_answers import AnswerDesk
from app.alert_lines import Lines, tls_context
from app.alert_retries import RoutePauses
from app.alert_secrets import signature
from app.errors import AppCode, AppError
from app.mqtt_alerts import Broker, MqttSender
from app.mqtt_answers import MqttAnswers
from storage.errors import StorageCode
from storage.release_records import OutboxState
from storage.sealed import Credential
from storage.settings import AlertSettings
from tests.app.alert_case import ACTOR, NOW_S, MemoryOutbox, message, outgoing
from tests.app.alert_servers import PASSWORD, USER, Authority, MqttBroker
from tests.conftest import wait_until

GOOD = Credential(USER, PASSWORD)
SECRET = "between the two of us"


def broker(settings: AlertSettings, login: Credential | None = GOOD, lines: Lines | None = None) -> Broker:
    return Broker(settings, tls_context(settings.authorities), lambda: login, lines or Lines(2.0))


@contextmanager
def refused(code: AppCode) -> Iterator[None]:
    with pytest.raises(AppError) as caught:
        yield
    assert caught.value.code is code
    assert PASSWORD not in str(caught.value)


def heard(settings: AlertSettings, topic: str, target: str) -> tuple[str, dict[str, object]]:
    """What a subscriber of `topic` gets when an alert is sent to `target`."""
    got: list[tuple[str, bytes]] = []
    with broker(settings).connected(lambda where, payload: got.append((where, payload))) as session:
        session.subscribe(topic)
        MqttSender(broker(settings)).send(message(target=target))
        for _turn in range(30):
            session.turn(0.0 if got else 0.1)
    ((where, payload),) = got
    return where, json.loads(payload)


def test_the_alert_arrives_on_the_incidents_topic(authority: Authority) -> None:
    with MqttBroker(authority).running() as server:
        topic, payload = heard(server.settings, "watchfloor/#", "watchfloor")
    assert topic == "watchfloor/old-town/incidents/2026-000123"
    assert payload["message"] == f"{1:032x}"
    assert payload["place"] == "Market square, Main St. 1"
    assert "Petrenko" not in str(payload)


def test_the_alert_arrives_in_frigates_shape(authority: Authority) -> None:
    with MqttBroker(authority).running() as server:
        topic, payload = heard(server.settings, "frigate/#", "frigate")
    assert topic == "frigate/events"
    assert payload["type"] == "new"
    after = payload["after"]
    assert isinstance(after, dict)
    assert after["id"] == f"{1:032x}"
    assert (after["camera"], after["label"], after["has_snapshot"]) == ("cam-7", "fight", False)


def test_a_wrong_login_is_told(authority: Authority) -> None:
    with MqttBroker(authority).running() as server, refused(AppCode.ALERT_LOGIN):
        MqttSender(broker(server.settings, Credential(USER, PASSWORD + "!"))).send(message(target=""))


def test_an_unknown_authority_is_refused(authority: Authority) -> None:
    with MqttBroker(authority).running() as server, refused(AppCode.ALERT_TLS):
        MqttSender(broker(replace(server.settings, authorities=""))).send(message(target=""))


def test_nobody_listens(authority: Authority) -> None:
    with refused(AppCode.ALERT_UNREACHABLE):
        MqttSender(broker(MqttBroker(authority).settings)).send(message(target=""))


def test_a_broker_that_takes_nothing_has_not_taken_it() -> None:
    """It accepts the connection and then says nothing: only QoS 1 notices."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:

        def serve() -> None:
            line, _address = deaf.accept()
            with line:
                line.recv(1024)
                line.sendall(b"\x20\x02\x00\x00")  # CONNACK
                while line.recv(1024):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        settings = AlertSettings(mqtt_host="127.0.0.1", mqtt_port=deaf.getsockname()[1], mqtt_tls=False)
        with refused(AppCode.ALERT_TIMEOUT):
            MqttSender(broker(settings, lines=Lines(0.3))).send(message(target=""))
        thread.join()


@pytest.mark.parametrize(
    "settings",
    [
        AlertSettings(),
        AlertSettings(mqtt_host="10.0.0.9", mqtt_tls=False),
        AlertSettings(mqtt_host="127.x.y", mqtt_tls=False),
    ],
)
def test_no_broker_and_no_plain_one_elsewhere(settings: AlertSettings) -> None:
    with refused(AppCode.ALERT_TARGET):
        MqttSender(broker(settings)).send(message(target=""))


def test_a_target_of_another_kind(authority: Authority) -> None:
    with refused(AppCode.ALERT_TARGET):
        MqttSender(broker(MqttBroker(authority).settings)).send(message(target="some/topic"))


def signed(answer: str, secret: str = SECRET) -> bytes:
    envelope = {
        "route": "route-1",
        "timestamp": int(NOW_S),
        "signature": signature(secret, int(NOW_S), answer.encode()),
        "body": answer,
    }
    return json.dumps(envelope).encode()


def test_an_answer_comes_back_also_after_the_broker_was_away(authority: Authority) -> None:
    journal, server, lines = MemoryOutbox(), MqttBroker(authority), Lines(2.0)
    first, second = outgoing(1, state=OutboxState.SENT), outgoing(2, state=OutboxState.SENT)
    journal.put(first, second)
    desk = AnswerDesk(journal, ACTOR, lambda _route: SECRET, lambda: None, lambda: NOW_S)
    ticks = iter(range(10_000_000))
    answers = MqttAnswers(
        broker(server.settings, lines=lines),
        desk,
        "Old Town",
        None,
        lambda: NOW_S + next(ticks),
        RoutePauses(lambda: 0.0),
    )

    def publish(payload: bytes) -> None:
        with broker(server.settings).connected() as session:
            session.publish("watchfloor/old-town/answers", payload)

    answers.start()
    try:
        with server.running():
            wait_until(lambda: answers.connected, 3.0)
            publish(signed(json.dumps({"message": second.id, "accepted": True}), "a wrong secret"))
            publish(json.dumps({"message": second.id, "accepted": True}).encode())
            publish(b"\xff not JSON")
            half = {"route": "route-1", "timestamp": int(NOW_S), "signature": "\ud800", "body": "{}"}
            publish(json.dumps(half).encode())
            publish(json.dumps({**half, "signature": "", "body": "\ud800"}).encode())
            publish(signed(json.dumps({"message": first.id, "accepted": True, "answer": "car 12 goes"})))
            wait_until(lambda: OutboxState.ANSWERED in journal.states(), 3.0)
        assert journal.messages[first.id].answer == "car 12 goes"
        assert journal.messages[second.id].state is OutboxState.SENT
        wait_until(lambda: not answers.connected, 3.0)
        with server.running():
            wait_until(lambda: answers.connected, 3.0)
            publish(signed(json.dumps({"message": second.id, "accepted": False, "answer": "no car"})))
            wait_until(lambda: journal.messages[second.id].state is OutboxState.ANSWERED, 3.0)
    finally:
        answers.stop()
        assert answers.join(30.0)


def test_answers_that_came_while_we_were_away_are_kept_by_the_broker(authority: Authority) -> None:
    journal, server, now_s = MemoryOutbox(), MqttBroker(authority), [NOW_S]
    journal.put(outgoing(1, state=OutboxState.SENT))
    desk = AnswerDesk(journal, ACTOR, lambda _route: SECRET, lambda: None, lambda: now_s[0])

    def listening() -> MqttAnswers:
        return MqttAnswers(broker(server.settings, lines=Lines(2.0)), desk, "Old Town", None, lambda: now_s[0])

    with server.running():
        first = listening()
        first.start()
        wait_until(lambda: first.connected, 3.0)
        first.stop()
        assert first.join(30.0)
        with broker(server.settings).connected() as session:
            session.publish(
                "watchfloor/old-town/answers", signed(json.dumps({"message": f"{1:032x}", "accepted": True}))
            )
        now_s[0] += 3600.0
        second = listening()
        second.start()
        try:
            wait_until(lambda: OutboxState.ANSWERED in journal.states(), 4.0)
        finally:
            second.stop()
            assert second.join(30.0)


def test_an_answer_that_the_journal_could_not_take_comes_again(authority: Authority) -> None:
    journal, server, ticks = MemoryOutbox(refusing=StorageCode.BUSY), MqttBroker(authority), iter(range(10_000_000))
    journal.put(outgoing(1, state=OutboxState.SENT))
    desk = AnswerDesk(journal, ACTOR, lambda _route: SECRET, lambda: None, lambda: NOW_S)
    lines, pauses = Lines(2.0), RoutePauses(lambda: 0.0)
    answers = MqttAnswers(
        broker(server.settings, lines=lines), desk, "Old Town", None, lambda: NOW_S + next(ticks), pauses
    )
    with server.running():
        answers.start()
        try:
            wait_until(lambda: answers.connected, 3.0)
            with broker(server.settings).connected() as session:
                answer = json.dumps({"message": f"{1:032x}", "accepted": True})
                session.publish("watchfloor/old-town/answers", signed(answer))
            wait_until(lambda: journal.refused > 0, 3.0)
            journal.refusing = None
            wait_until(lambda: OutboxState.ANSWERED in journal.states(), 4.0)
        finally:
            answers.stop()
            assert answers.join(30.0)
