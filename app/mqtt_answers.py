"""Answers by MQTT on `watchfloor/<site>/answers`: listens, and connects again by itself.

A payload is `{"route": ..., "timestamp": ..., "signature": ..., "body": "<the answer's JSON as text>"}`, signed as in
webhooks: everybody whom the broker lets in could publish here.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable
from pathlib import Path

from app.alert_answers import LARGEST, AnswerDesk, SignedAnswer, Verdict
from app.alert_message import slug
from app.alert_retries import RoutePauses
from app.errors import AppError
from app.mqtt_alerts import Broker, answers_topic
from app.one_process import only_here
from storage.worker import Worker

log = logging.getLogger(__name__)

KEPT_S = 86_400.0
"""The broker keeps answers while we are away, so that they may be older than those of a webhook. One that is played
again changes nothing: the journal takes one answer a message."""
_STEP_S = 0.25
_PATIENCE_S = 20.0
"""So long a busy journal is asked again while the broker waits: shorter than the connection's keep-alive."""


class MqttAnswers(Worker):
    """Owns one connection to the broker."""

    def __init__(
        self,
        broker: Broker,
        desk: AnswerDesk,
        site: str,
        folder: Path | None,
        clock: Callable[[], float] = time.time,
        pauses: RoutePauses | None = None,
    ) -> None:
        super().__init__("mqtt-answers")
        self._broker, self._desk, self._topic = broker, desk, answers_topic(site)
        self._clock, self._folder = clock, folder
        self._client_id = f"watchfloor-{slug(site)}-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"
        self._pauses = pauses or RoutePauses()
        self.connected = False

    def run(self) -> None:
        """Listen; after a failure wait 2 s .. 15 min, as for a route."""
        with only_here(self._folder, self, self._pause):
            while not self.stopping.is_set():
                self.beat()
                if self._pauses.open(self.name, self._clock()):
                    self._try_to_listen()
                else:
                    self._pause()

    def stop(self) -> None:
        """Ask to stop; cuts the broker's lines, which are this worker's own."""
        super().stop()
        self._broker.lines.cut()

    def _pause(self) -> None:
        self.stopping.wait(_STEP_S)

    def _try_to_listen(self) -> None:
        try:
            self._listen()
        except AppError as error:
            if not self.stopping.is_set():
                self._pauses.failed(self.name, self._clock())
                log.warning("answers by MQTT: %s", error)
        finally:
            self.connected = False

    def _listen(self) -> None:
        with self._broker.connected(self._came, self._client_id) as session:
            session.subscribe(self._topic)
            self._pauses.succeeded(self.name)
            self.connected = True
            while not self.stopping.is_set():
                self.beat()
                session.turn(_STEP_S)

    def _came(self, _topic: str, payload: bytes) -> None:
        verdict = self._taken(payload)
        for _turn in range(int(_PATIENCE_S / _STEP_S)):
            if verdict is not Verdict.LATER or self.stopping.is_set():
                break
            self.beat()
            self._pause()
            verdict = self._taken(payload)
        if verdict is Verdict.LATER:  # not acknowledged: the broker is to give it again
            raise ConnectionAbortedError("an answer could not be written down")
        if verdict is not Verdict.TAKEN:
            log.warning("an answer by MQTT was not taken: %s", verdict.name)

    def _taken(self, payload: bytes) -> Verdict:
        if len(payload) > LARGEST:
            return Verdict.TOO_LARGE
        try:
            found = json.loads(payload)
        except (ValueError, RecursionError):
            return Verdict.MALFORMED
        if not isinstance(found, dict):
            return Verdict.MALFORMED
        route_id, timestamp, signature, body = (found.get(k) for k in ("route", "timestamp", "signature", "body"))
        if not (isinstance(route_id, str) and isinstance(signature, str) and isinstance(body, str)):
            return Verdict.MALFORMED
        try:
            signed = body.encode()
        except UnicodeEncodeError:  # half of a surrogate pair
            return Verdict.MALFORMED
        return self._desk.take(SignedAnswer(route_id, str(timestamp), signature, signed, KEPT_S))
