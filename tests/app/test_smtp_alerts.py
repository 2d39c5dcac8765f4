"""E-mail against a real server: encrypted, logged in, minimal, typed failures, nothing lost when it dies."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.alert_lines import Lines, tls_context
from app.errors import AppCode, AppError
from app.smtp_alerts import SmtpSender
from storage.sealed import Credential
from storage.settings import AlertSettings
from tests.app.alert_case import message
from tests.app.alert_servers import PASSWORD, USER, Authority, MailServer

GOOD = Credential(USER, PASSWORD)
CONTEXT = tls_context("")


def sender(settings: AlertSettings, login: Credential | None = GOOD) -> SmtpSender:
    return SmtpSender(settings, tls_context(settings.authorities), lambda: login, Lines(2.0))


@contextmanager
def refused(code: AppCode) -> Iterator[None]:
    with pytest.raises(AppError) as caught:
        yield
    assert caught.value.code is code
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("implicit", [False, True])
def test_a_mail_arrives_encrypted_and_minimal(authority: Authority, implicit: bool) -> None:
    with MailServer(authority, implicit=implicit).running() as server:
        sender(server.settings).send(message())
    (mail,) = server.mails
    assert mail["To"] == "duty@police.example"
    assert mail["Subject"] == "Old Town: 2026-000123 · Fight · High"
    assert mail["X-Watchfloor-Message"] == f"{1:032x}"
    assert mail["Message-ID"] == f"<{1:032x}@watchfloor.invalid>"
    body = mail.get_body()
    assert body is not None
    text = body.get_content()
    assert "Market square, Main St. 1" in text
    assert "2026-09-21T" in text
    for private in ("Petrenko", "knife", "anna"):
        assert private not in mail.as_string()


def test_a_wrong_login_is_told_without_the_password(authority: Authority, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with MailServer(authority).running() as server, refused(AppCode.ALERT_LOGIN):
        sender(server.settings, Credential(USER, PASSWORD + "!")).send(message())
    assert PASSWORD not in caplog.text
    assert not server.mails


def test_an_unknown_authority_is_refused(authority: Authority) -> None:
    with MailServer(authority).running() as server, refused(AppCode.ALERT_TLS):
        sender(replace(server.settings, authorities="")).send(message())
    assert not server.mails


def test_a_certificate_for_another_host_is_refused(authority: Authority) -> None:
    with MailServer(authority, implicit=True).running() as server, refused(AppCode.ALERT_TLS):
        sender(replace(server.settings, smtp_host="localhost")).send(message())


def test_a_refused_recipient(authority: Authority) -> None:
    with MailServer(authority, refuse=True).running() as server, refused(AppCode.ALERT_REFUSED):
        sender(server.settings).send(message())


def test_nobody_listens(authority: Authority) -> None:
    with refused(AppCode.ALERT_UNREACHABLE):
        sender(MailServer(authority).settings).send(message())


@pytest.mark.parametrize(
    "target",
    ["no address", "a@b.example\r\nBcc: c@d.example", "", "a@b.example, c@d.example", "a@", "<>", "@b.example"],
)
def test_a_target_that_is_no_address(authority: Authority, target: str) -> None:
    with refused(AppCode.ALERT_TARGET):
        sender(MailServer(authority).settings).send(message(target=target))


@given(target=st.text() | st.text().map("a@{}".format) | st.from_regex(r"[ -~]+@[ -~]+", fullmatch=True))
@settings(max_examples=200, deadline=None)
def test_any_text_as_target_is_typed(target: str) -> None:
    lines = Lines()
    lines.cut()
    ours = AlertSettings(smtp_host="127.0.0.1", smtp_from="alerts@site.example")
    with pytest.raises(AppError) as caught:
        SmtpSender(ours, CONTEXT, lambda: GOOD, lines).send(message(target=target))
    assert caught.value.code in {AppCode.ALERT_TARGET, AppCode.ALERT_UNREACHABLE}


def test_without_a_server_in_the_settings() -> None:
    with refused(AppCode.ALERT_TARGET):
        sender(AlertSettings()).send(message())


def test_a_server_without_encryption_gets_nothing(authority: Authority) -> None:
    with MailServer(authority, plain=True).running() as server, refused(AppCode.ALERT_TLS):
        sender(server.settings).send(message())
    assert server.mails == []


def test_a_silent_server_times_out(authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, refused(AppCode.ALERT_TIMEOUT):
        settings = MailServer(authority, port=silent.getsockname()[1]).settings
        SmtpSender(settings, tls_context(""), lambda: GOOD, Lines(0.2)).send(message())


def test_letters_of_other_languages(authority: Authority) -> None:
    with MailServer(authority).running() as server:
        sender(server.settings).send(message(category="Бійка", place="Ринкова площа\r\nX: y"))
    (mail,) = server.mails
    assert "Бійка" in mail["Subject"]
    assert "X" not in mail
