"""Webhooks against a real HTTPS server: signed, minimal, no redirects, typed failures."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.alert_lines import Lines, tls_context
from app.errors import AppCode, AppError
from app.webhook_alerts import WebhookSender
from tests.app.alert_case import NOW_S, message
from tests.app.alert_servers import Authority, HookServer
from tests.conftest import wait_until

SECRET = "between the two of us"
KNOWN = tls_context("")


def sender(authority: Authority | None, secret: str | None = SECRET, lines: Lines | None = None) -> WebhookSender:
    context = tls_context(str(authority.certificate)) if authority else KNOWN
    return WebhookSender(context, lambda _route: secret, lines or Lines(2.0), lambda: NOW_S)


@contextmanager
def refused(code: AppCode) -> Iterator[AppError]:
    error = AppError(code)
    with pytest.raises(AppError) as caught:
        yield error
    assert caught.value.code is code
    assert "token=" not in str(caught.value)
    assert SECRET not in str(caught.value)


def test_the_alert_arrives_signed_and_minimal(authority: Authority) -> None:
    with HookServer(authority).running() as server:
        sender(authority).send(message(target=server.url("/hook?token=abc")))
    (request,) = server.requests
    assert request.path == "/hook?token=abc"
    expected = hmac.new(SECRET.encode(), f"{int(NOW_S)}.".encode() + request.body, hashlib.sha256).hexdigest()
    assert request.headers["X-Watchfloor-Signature"] == expected
    assert request.headers["X-Watchfloor-Timestamp"] == str(int(NOW_S))
    assert request.headers["X-Watchfloor-Message"] == f"{1:032x}"
    assert json.loads(request.body) == {
        "format": "watchfloor-alert-1",
        "message": f"{1:032x}",
        "route": "route-1",
        "site": "Old Town",
        "number": "2026-000123",
        "category": "fight",
        "category_name": "Fight",
        "severity": 4,
        "place": "Market square, Main St. 1",
        "time": "2026-09-21T14:13:20+00:00",
        "link": "0199aa",
        "latitude": 50.45,
        "longitude": 30.52,
    }


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (302, AppCode.ALERT_REFUSED),
        (400, AppCode.ALERT_REFUSED),
        (401, AppCode.ALERT_LOGIN),
        (503, AppCode.ALERT_REFUSED),
    ],
)
def test_what_the_server_says_is_typed(authority: Authority, status: int, code: AppCode) -> None:
    with HookServer(authority).running() as elsewhere, HookServer(authority, status=status).running() as server:
        server.location = elsewhere.url() if status == 302 else ""
        with refused(code):
            sender(authority).send(message(target=server.url("/hook?token=abc")))
    assert len(server.requests) == 1
    assert not elsewhere.requests


def test_an_unknown_authority_is_refused(authority: Authority) -> None:
    with HookServer(authority).running() as server, refused(AppCode.ALERT_TLS):
        sender(None).send(message(target=server.url("/?token=abc")))
    assert not server.requests


def test_nobody_listens(authority: Authority) -> None:
    with refused(AppCode.ALERT_UNREACHABLE):
        sender(authority).send(message(target=HookServer(authority).url("/?token=abc")))


def test_without_a_secret_nothing_leaves(authority: Authority) -> None:
    with HookServer(authority).running() as server, refused(AppCode.ALERT_LOGIN):
        sender(authority, None).send(message(target=server.url()))
    assert not server.requests


@pytest.mark.parametrize(
    "target",
    [
        "http://10.0.0.5/hook",
        "http://127.example.org/hook",
        "ftp://127.0.0.1/hook",
        "https://user:token=abc@127.0.0.1/hook",
        "https:///hook",
        "https://127.0.0.1:99999/hook",
        "https://127.0.0.1/hook\r\nX-Evil: 1",
        "https://127.0.0.1/a hook",
        "",
    ],
)
def test_targets_that_are_refused(authority: Authority, target: str) -> None:
    with pytest.raises(AppError) as caught:
        sender(authority).send(message(target=target))
    assert caught.value.code is AppCode.ALERT_TARGET
    assert "token=abc" not in str(caught.value)


@given(target=st.text() | st.text().map("https://{}".format) | st.text().map("https://127.0.0.1:1/{}".format))
@settings(max_examples=200, deadline=None)
def test_any_text_as_target_is_typed(target: str) -> None:
    lines = Lines()
    lines.cut()
    with pytest.raises(AppError) as caught:
        sender(None, lines=lines).send(message(target=target))
    assert caught.value.code in {AppCode.ALERT_TARGET, AppCode.ALERT_UNREACHABLE}


def test_a_silent_server_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, refused(AppCode.ALERT_TIMEOUT):
        sender(None, lines=Lines(0.2)).send(message(target=f"https://127.0.0.1:{silent.getsockname()[1]}/"))


def test_a_cut_ends_a_wait_at_once() -> None:
    lines, ended = Lines(30.0), threading.Event()

    def send(port: int) -> None:
        with pytest.raises(AppError):
            sender(None, lines=lines).send(message(target=f"https://127.0.0.1:{port}/"))
        ended.set()

    with socket.create_server(("127.0.0.1", 0)) as silent:
        thread = threading.Thread(target=send, args=(silent.getsockname()[1],))
        thread.start()
        with silent.accept()[0]:
            wait_until(lambda: bool(lines._open))
            lines.cut()
            assert ended.wait(10.0)
        thread.join()
    with pytest.raises(AppError):
        sender(None, lines=lines).send(message(target="https://127.0.0.1:1/"))


def test_a_cut_ends_a_connection_that_is_not_answered() -> None:
    """A listener whose queue is full lets a connection hang before it is made."""
    lines, ended, filled = Lines(30.0), threading.Event(), []
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        for _number in range(4):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex(address)
            filled.append(waiting)

        def send() -> None:
            with pytest.raises(AppError):
                sender(None, lines=lines).send(message(target=f"https://127.0.0.1:{address[1]}/"))
            ended.set()

        thread = threading.Thread(target=send)
        thread.start()
        wait_until(lambda: bool(lines._open))
        lines.cut()
        assert ended.wait(10.0)
        thread.join()
        for waiting in filled:
            waiting.close()
