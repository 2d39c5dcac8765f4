"""Answers by webhook: signed, fresh, once, small, not too many; a slow client holds nothing up."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.alert_answers import LARGEST, AnswerDesk, SignedAnswer, Verdict
from app.alert_secrets import WINDOW_S, signature
from app.answer_server import CONNECTIONS, PER_MINUTE, Allowance, AnswerServer
from app.errors import AppCode, AppError
from storage.errors import StorageCode
from storage.release_records import OutboxState
from storage.settings import AlertSettings
from tests.app.alert_case import ACTOR, NOW_S, MemoryOutbox, outgoing
from tests.app.alert_servers import Authority, free_port
from tests.conftest import wait_until

SECRET = "between the two of us"


def answer(number: int = 1, **changes: object) -> bytes:
    return json.dumps({"message": f"{number:032x}", "accepted": True, "answer": "car 12 goes"} | changes).encode()


@dataclass
class Case:
    journal: MemoryOutbox = field(default_factory=MemoryOutbox)
    now_utc_s: float = NOW_S
    told: int = 0
    complaints: list[AppError] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.journal.put(outgoing(1, state=OutboxState.SENT), outgoing(2, state=OutboxState.SENT))
        self.desk = AnswerDesk(self.journal, ACTOR, {"route-1": SECRET}.get, self._tell, lambda: self.now_utc_s)

    def _tell(self) -> None:
        self.told += 1

    def take(self, body: bytes, secret: str = SECRET, route_id: str = "route-1", at_s: float = NOW_S) -> Verdict:
        return self.desk.take(SignedAnswer(route_id, str(int(at_s)), signature(secret, int(at_s), body), body))

    @contextmanager
    def served(self, settings: AlertSettings | None = None, folder: Path | None = None) -> Iterator[AnswerServer]:
        server = AnswerServer(
            settings or AlertSettings(answers_port=free_port()), self.desk, self.complaints.append, folder
        )
        server.start()
        try:
            yield server
        finally:
            server.stop()
            assert server.join(30.0)


def headers(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {
        "X-Watchfloor-Route": "route-1",
        "X-Watchfloor-Timestamp": str(int(NOW_S)),
        "X-Watchfloor-Signature": signature(secret, int(NOW_S), body),
    }


def post(
    port: int, body: bytes, given: dict[str, str], path: str = "/answers", tls: ssl.SSLContext | None = None
) -> int:
    connection = (
        http.client.HTTPSConnection("127.0.0.1", port, timeout=30.0, context=tls)
        if tls
        else http.client.HTTPConnection("127.0.0.1", port, timeout=30.0)
    )
    try:
        connection.request("POST", path, body, given)
        return connection.getresponse().status
    finally:
        connection.close()


def test_an_answer_is_taken_once() -> None:
    case = Case()
    assert case.take(answer()) is Verdict.TAKEN
    assert case.journal.messages[f"{1:032x}"].answer == "car 12 goes"
    assert case.told == 1
    assert case.take(answer()) is Verdict.ALREADY
    assert case.take(answer(), at_s=NOW_S + 1) is Verdict.ALREADY
    assert case.told == 1


def test_an_answer_says_whose_secret_vouches_for_it() -> None:
    case = Case()
    assert case.take(answer()) is Verdict.TAKEN
    assert [getattr(command, "route_id", None) for command in case.journal.commands] == ["route-1"]


def test_an_answer_played_again_is_refused_before_the_journal_is_asked() -> None:
    case = Case()
    assert case.take(answer()) is Verdict.TAKEN
    case.journal.put(outgoing(1, state=OutboxState.SENT))
    assert case.take(answer()) is Verdict.ALREADY
    assert case.journal.messages[f"{1:032x}"].state is OutboxState.SENT


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        (b"", Verdict.MALFORMED),
        (b"[]", Verdict.MALFORMED),
        (b"\xff", Verdict.MALFORMED),
        (b"[" * 16_000, Verdict.MALFORMED),
        (answer(accepted="yes"), Verdict.MALFORMED),
        (answer(message="../x"), Verdict.MALFORMED),
        (answer(answer=5), Verdict.MALFORMED),
        (answer(9), Verdict.UNKNOWN),
        (b" " * (LARGEST + 1), Verdict.TOO_LARGE),
    ],
)
def test_what_is_no_answer(body: bytes, verdict: Verdict) -> None:
    case = Case()
    assert case.take(body) is verdict
    assert case.journal.commands == []


def test_signatures() -> None:
    case = Case()
    assert case.take(answer(), "another") is Verdict.NOT_SIGNED
    assert case.take(answer(), route_id="route-2") is Verdict.NOT_SIGNED
    good = signature(SECRET, int(NOW_S), answer())
    for timestamp, body in (
        ("1790000001", answer()),
        (str(int(NOW_S)), answer(2)),
        ("x", answer()),
        ("9" * 40, answer()),
    ):
        assert case.desk.take(SignedAnswer("route-1", timestamp, good, body)) is Verdict.NOT_SIGNED
    assert case.desk.take(SignedAnswer("route-1", str(int(NOW_S)), "é", answer())) is Verdict.NOT_SIGNED


@pytest.mark.parametrize("age_s", [-WINDOW_S - 1, WINDOW_S + 1])
def test_an_old_or_early_answer(age_s: float) -> None:
    assert Case().take(answer(), at_s=NOW_S - age_s) is Verdict.NOT_SIGNED


def test_what_the_journal_could_not_write_may_come_again() -> None:
    case = Case()
    case.journal.refusing = StorageCode.BUSY
    assert case.take(answer()) is Verdict.LATER
    case.journal.refusing = None
    assert case.take(answer()) is Verdict.TAKEN


def test_long_answers_and_control_characters() -> None:
    case = Case()
    assert case.take(answer(answer="a\x00b\n" + "x" * 2000)) is Verdict.TAKEN
    kept = case.journal.messages[f"{1:032x}"].answer
    assert kept.startswith("a b x")
    assert len(kept) == 500


def test_by_http() -> None:
    case = Case()
    with case.served() as server:
        wait_until(lambda: server.port > 0)
        assert post(server.port, answer(), headers(answer(), "another")) == 401
        assert post(server.port, answer(), {}) == 401
        assert post(server.port, answer(), headers(answer()), "/other") == 404
        assert post(server.port, b"x" * (LARGEST + 1), {}) == 413
        assert post(server.port, b"", {"Content-Length": "-1"}) == 411
        assert post(server.port, answer(), headers(answer())) == 204
        assert post(server.port, answer(), headers(answer())) == 409
    assert case.journal.messages[f"{1:032x}"].state is OutboxState.ANSWERED


def test_by_https_on_a_certificate_of_the_site(authority: Authority) -> None:
    case = Case()
    settings = AlertSettings(
        answers_address="0.0.0.0", answers_port=free_port(), answers_certificate=str(authority.server)
    )
    tls = ssl.create_default_context(cafile=str(authority.certificate))
    with case.served(settings) as server:
        wait_until(lambda: server.port > 0)
        assert post(server.port, answer(), headers(answer()), tls=tls) == 204


def test_another_address_without_a_certificate_is_refused() -> None:
    case = Case()
    with case.served(AlertSettings(answers_address="0.0.0.0", answers_port=free_port())) as server:
        wait_until(lambda: bool(case.complaints))
        assert server.port == 0
    assert case.complaints[0].code is AppCode.ANSWERS_NEED_TLS


def test_a_taken_port_is_said_once_and_had_later() -> None:
    case, port = Case(), free_port()
    with (
        socket.create_server(("127.0.0.1", port)) as other,
        case.served(AlertSettings(answers_port=port)) as server,
    ):
        wait_until(lambda: bool(case.complaints))
        other.close()
        wait_until(lambda: server.port == port, 4.0)
    assert [error.code for error in case.complaints] == [AppCode.ANSWERS_ADDRESS]


def test_slow_clients_hold_nothing_up() -> None:
    case = Case()
    with case.served() as server:
        wait_until(lambda: server.port > 0)
        slow = [socket.create_connection(("127.0.0.1", server.port)) for _number in range(CONNECTIONS - 1)]
        slow[0].sendall(b"POST /answers HTTP/1.0\r\nContent-Length: 100\r\n\r\nabc")
        assert post(server.port, answer(), headers(answer())) == 204
        began_s = time.monotonic()
    assert time.monotonic() - began_s < 30
    for connection in slow:
        connection.close()


def test_more_connections_than_places_are_closed() -> None:
    case = Case()
    with case.served() as server:
        wait_until(lambda: server.port > 0)
        slow = [socket.create_connection(("127.0.0.1", server.port)) for _number in range(CONNECTIONS)]
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            post(server.port, answer(), headers(answer()))
        for connection in slow:
            connection.close()


def test_so_many_a_minute_and_no_more() -> None:
    now_s = [0.0]
    allowance = Allowance(lambda: now_s[0])
    assert [allowance.take("a") for _n in range(PER_MINUTE + 1)] == [True] * PER_MINUTE + [False]
    assert allowance.take("b")
    now_s[0] += 60.0 / PER_MINUTE + 0.01
    assert allowance.take("a")
    assert not allowance.take("a")
    for number in range(5000):
        allowance.take(str(number))
    assert len(allowance._left) <= 1024
