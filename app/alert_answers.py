"""What services answer, whichever way it comes: checked, then told to the journal. Any thread.

An answer is JSON: `{"message": "<id of the alert>", "accepted": true, "answer": "<up to 500 characters>"}`. Its
signature is `alert_secrets.signature` over the very bytes with the secret of the route that the alert came on. It is
good for five minutes (where a broker keeps it: a day) and for one time.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from app.alert_message import one_line
from app.alert_secrets import WINDOW_S, signed_by
from storage.commands import Command
from storage.errors import StorageCode, StorageError
from storage.journal import Receipt
from storage.records import Actor
from storage.release_commands import AnswerAlert

log = logging.getLogger(__name__)

LARGEST = 16_384
LONGEST_ANSWER = 500
_MOST_SEEN = 10_000


class Verdict(IntEnum):
    """What became of an answer, as an HTTP status (RFC 9110)."""

    TAKEN = 204
    MALFORMED = 400
    NOT_SIGNED = 401
    UNKNOWN = 404
    ALREADY = 409
    TOO_LARGE = 413
    TOO_MANY = 429
    LATER = 503


class AnswerJournal(Protocol):
    """What answers need of the journal."""

    def apply(self, command: Command, actor: Actor) -> Receipt:
        """As `Journal.apply`."""


@dataclass(frozen=True, slots=True)
class SignedAnswer:
    """As it came: the route it says it is from, the time and signature it carries, and the signed bytes."""

    route_id: str
    timestamp: str
    signature: str
    body: bytes
    window_s: float = WINDOW_S


class AnswerDesk:
    """Checks signatures, refuses repetitions, tells the journal, nudges who shows it."""

    def __init__(
        self,
        journal: AnswerJournal,
        actor: Actor,
        secret: Callable[[str], str | None],
        answered: Callable[[], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._journal, self._actor, self._secret = journal, actor, secret
        self._answered, self._clock = answered, clock
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, float] = OrderedDict()

    def take(self, answer: SignedAnswer) -> Verdict:
        """Take a signed answer."""
        if len(answer.body) > LARGEST:
            return Verdict.TOO_LARGE
        try:
            secret = self._secret(answer.route_id)
        except StorageError as error:
            log.error("the secret of an alert route cannot be used: %s", error)
            return Verdict.LATER
        if not secret or not self._fresh(answer, secret):
            return Verdict.NOT_SIGNED
        if not self._first(answer.signature):
            return Verdict.ALREADY
        verdict = self.take_trusted(answer.body, answer.route_id)
        if verdict is Verdict.LATER:
            self._forget(answer.signature)
        return verdict

    def take_trusted(self, body: bytes, route_id: str | None = None) -> Verdict:
        """Take an answer that the way it came vouches for: to alerts of this route only, when one is given."""
        command = _command(body, route_id)
        if command is None:
            return Verdict.MALFORMED
        try:
            self._journal.apply(command, self._actor)
        except StorageError as error:
            return _refused(error)
        self._answered()
        return Verdict.TAKEN

    def _fresh(self, answer: SignedAnswer, secret: str) -> bool:
        if not (
            answer.signature.isprintable()
            and answer.timestamp.isascii()
            and answer.timestamp.isdigit()
            and len(answer.timestamp) < 12
        ):
            return False
        timestamp = int(answer.timestamp)
        return abs(self._clock() - timestamp) <= answer.window_s and signed_by(
            secret, timestamp, answer.body, answer.signature
        )

    def _first(self, signature: str) -> bool:
        """Whether this signature was not seen yet. A full memory refuses rather than forgets: nothing is replayed."""
        now_s = self._clock()
        with self._lock:
            while self._seen and next(iter(self._seen.values())) < now_s - 2 * WINDOW_S:
                self._seen.popitem(last=False)
            if signature in self._seen or len(self._seen) >= _MOST_SEEN:
                return False
            self._seen[signature] = now_s
        return True

    def _forget(self, signature: str) -> None:
        with self._lock:
            self._seen.pop(signature, None)


def _command(body: bytes, route_id: str | None) -> AnswerAlert | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    message, accepted, answer = found.get("message"), found.get("accepted"), found.get("answer", "")
    if not isinstance(message, str) or not isinstance(accepted, bool) or not isinstance(answer, str):
        return None
    if not message.isalnum() or len(message) > 64:
        return None
    return AnswerAlert(message, accepted, one_line(answer)[:LONGEST_ANSWER], route_id)


def _refused(error: StorageError) -> Verdict:
    match error.code:
        case StorageCode.NOT_FOUND:
            return Verdict.UNKNOWN
        case StorageCode.ILLEGAL_TRANSITION | StorageCode.STALE_VERSION:
            return Verdict.ALREADY
        case StorageCode.BAD_VALUE:
            return Verdict.MALFORMED
    log.error("an answer could not be written down: %s", error)
    return Verdict.LATER
