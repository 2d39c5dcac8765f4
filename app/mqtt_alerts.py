"""Alerts by MQTT 3.1.1 (OASIS), QoS 1: our topics, or the shape of Frigate's events for houses that listen to those.

Nothing is retained: an alert of yesterday must not greet who connects today. The delivery thread drives the client
itself; paho's own thread is not used, so that nothing is left to wait for at the end.
"""

from __future__ import annotations

import json
import secrets
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from app.alert_lines import Lines, failures, is_local
from app.alert_message import AlertMessage, as_json, slug
from app.errors import AppCode, AppError
from storage.sealed import Credential
from storage.settings import AlertSettings

FRIGATE_TOPIC = "frigate/events"
OURS, FRIGATE = "watchfloor", "frigate"
_TURN_S = 0.1
_KEEP_ALIVE_S = 30
_LOGIN_CODES = frozenset({"Bad user name or password", "Not authorized"})

Login = Callable[[], Credential | None]


class Broker:
    """How the site's broker is reached."""

    def __init__(self, settings: AlertSettings, context: ssl.SSLContext, login: Login, lines: Lines) -> None:
        self.host, self.port = settings.mqtt_host, settings.mqtt_port
        self.tls, self.context, self.login, self.lines = settings.mqtt_tls, context, login, lines

    @contextmanager
    def connected(
        self, on_message: Callable[[str, bytes], None] | None = None, client_id: str = ""
    ) -> Iterator[Session]:
        """A session that the broker has accepted, closed at the end; with a `client_id` the broker keeps its
        subscriptions and what comes for them meanwhile. Raises AppError."""
        if not self.host or not (self.tls or is_local(self.host)):
            raise AppError(AppCode.ALERT_TARGET, target=self.host, reason="mqtt")
        context = self.context if self.tls else None
        with failures(self.host), self.lines.open(self.host, self.port, context) as line:
            session = Session(self, line, on_message, client_id)
            try:
                session.connect()
                yield session
            finally:
                session.close()


class Session:
    """A connection to the broker, driven by the thread that owns it."""

    def __init__(
        self, broker: Broker, line: socket.socket, on_message: Callable[[str, bytes], None] | None, client_id: str
    ) -> None:
        self._broker, self._answer = broker, ""
        self._granted: list[ReasonCode] = []
        self._client = client = _Client(line, client_id)
        login = broker.login()
        if login is not None:
            client.username_pw_set(login.user, login.password)
        client.on_connect, client.on_subscribe = self._connected, self._subscribed
        if on_message is not None:
            client.on_message = lambda _client, _data, message: on_message(message.topic, bytes(message.payload))

    def connect(self) -> None:
        """Wait for the broker's acceptance. Raises AppError, OSError."""
        self._client.connect(self._broker.host, self._broker.port, _KEEP_ALIVE_S)
        self._until(lambda: bool(self._answer))
        if self._answer != "Success":
            code = AppCode.ALERT_LOGIN if self._answer in _LOGIN_CODES else AppCode.ALERT_REFUSED
            raise AppError(code, target=self._broker.host, reason=self._answer)

    def publish(self, topic: str, payload: bytes) -> None:
        """Wait until the broker has it (QoS 1). Raises AppError, OSError."""
        sent = self._client.publish(topic, payload, qos=1)
        self._until(sent.is_published)

    def subscribe(self, topic: str) -> None:
        """Wait until the broker sends messages of a topic (QoS 1). Raises AppError, OSError."""
        self._client.subscribe(topic, qos=1)
        self._until(lambda: bool(self._granted))
        if any(code.is_failure for code in self._granted):
            raise AppError(AppCode.ALERT_LOGIN, target=self._broker.host, reason=str(self._granted[0]))

    def turn(self, timeout_s: float = _TURN_S) -> None:
        """Send and receive for so long. Raises ConnectionError when the connection is gone."""
        if self._client.loop(timeout_s) != MQTTErrorCode.MQTT_ERR_SUCCESS and not self._answer_is_bad():
            raise ConnectionResetError("the broker closed the connection")

    def close(self) -> None:
        """Say good-bye and close."""
        self._client.disconnect()
        self._client.shut()

    def _answer_is_bad(self) -> bool:
        return bool(self._answer) and self._answer != "Success"

    def _until(self, done: Callable[[], bool]) -> None:
        end_s = time.monotonic() + self._broker.lines.timeout_s
        while not done():
            if time.monotonic() > end_s:
                raise TimeoutError("the broker did not answer in time")
            self.turn()

    def _connected(self, _client: object, _data: object, _flags: object, code: ReasonCode, _more: object) -> None:
        self._answer = str(code)

    def _subscribed(self, _client: object, _data: object, _id: int, codes: list[ReasonCode], _more: object) -> None:
        self._granted = codes


class MqttSender:
    """Publishes on the site's broker; the route's target says in which shape."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def send(self, message: AlertMessage) -> None:
        """Publish; returns when the broker has it. Raises AppError."""
        if message.target not in {"", OURS, FRIGATE}:
            raise AppError(AppCode.ALERT_TARGET, target=message.target)
        with self._broker.connected() as session:
            if message.target == FRIGATE:
                session.publish(FRIGATE_TOPIC, as_frigate(message))
            else:
                session.publish(incident_topic(message), as_json(message))


def incident_topic(message: AlertMessage) -> str:
    """Where our own shape goes."""
    return f"watchfloor/{message.topic}/incidents/{slug(message.number)}"


def answers_topic(site: str) -> str:
    """Where services answer."""
    return f"watchfloor/{slug(site)}/answers"


def as_frigate(message: AlertMessage) -> bytes:
    """The fields of a Frigate event (`frigate/events`, 0.13 and later) that say something here; never a thumbnail."""
    event = {
        "id": message.id,
        "camera": slug(message.camera_id),
        "label": message.category_id,
        "sub_label": message.number,
        "start_time": message.utc_s,
        "end_time": None,
        "frame_time": message.utc_s,
        "score": 1.0,
        "top_score": 1.0,
        "false_positive": False,
        "stationary": False,
        "current_zones": [message.place],
        "entered_zones": [message.place],
        "has_snapshot": False,
        "has_clip": False,
        "thumbnail": None,
    }
    return json.dumps({"type": "new", "before": event, "after": event}, ensure_ascii=False).encode()


class _Client(paho.Client):
    """A client on a connection that is open and encrypted already: paho has no public way to give it one, and leaves
    its own open when the certificate is refused."""

    def __init__(self, line: socket.socket, client_id: str) -> None:
        self._line = line
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id or f"watchfloor-{secrets.token_hex(6)}",
            clean_session=not client_id,
            reconnect_on_failure=False,
        )

    def _create_socket(self) -> socket.socket:
        return self._line

    def shut(self) -> None:
        """Close what paho opened."""
        self._reset_sockets()
