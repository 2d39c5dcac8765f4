"""CAP 1.2: what is written is valid by OASIS's schema whatever the incident holds; each way out works."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.alert_lines import Lines, tls_context
from app.cap import NAMESPACE, check, write
from app.cap_alerts import CapSender
from app.errors import AppCode, AppError
from app.smtp_alerts import SmtpSender
from app.webhook_alerts import WebhookSender
from storage.records import Severity
from storage.sealed import Credential
from storage.settings import AlertSettings
from tests.app.alert_case import NOW_S, message
from tests.app.alert_servers import PASSWORD, USER, Authority, HookServer, MailServer


def texts(document: bytes) -> dict[str, str]:
    return {e.tag.removeprefix(f"{{{NAMESPACE}}}"): e.text or "" for e in ET.fromstring(document).iter()}


@contextmanager
def refused(code: AppCode) -> Iterator[None]:
    with pytest.raises(AppError) as caught:
        yield
    assert caught.value.code is code


def test_what_the_document_says() -> None:
    found = texts(write(message(), "alerts@site.example", "Exercise", NOW_S))
    assert found["identifier"] == f"watchfloor.old-town.{1:032x}"
    assert found["sent"] == "2026-09-21T14:13:20-00:00"
    assert (found["status"], found["scope"], found["addresses"]) == ("Exercise", "Private", "route-1")
    assert (found["severity"], found["urgency"], found["certainty"]) == ("Severe", "Immediate", "Observed")
    assert found["incidents"] == "2026-000123"
    assert found["areaDesc"] == "Market square, Main St. 1"
    assert found["circle"] == "50.450000,30.520000 0"
    assert "Petrenko" not in str(found)


@given(
    category=st.text(max_size=40),
    place=st.text(max_size=80),
    site=st.text(max_size=40),
    severity=st.sampled_from(Severity),
    where=st.none() | st.tuples(st.floats(-90, 90), st.floats(-180, 180)),
    utc_s=st.floats(0, 4e9),
)
@settings(max_examples=60, deadline=None)
def test_whatever_the_incident_holds_is_valid(
    category: str,
    place: str,
    site: str,
    severity: Severity,
    where: tuple[float, float] | None,
    utc_s: float,
) -> None:
    latitude, longitude = where or (None, None)
    made = message(
        category=category,
        place=place,
        site=site,
        severity=severity,
        utc_s=utc_s,
        latitude_deg=latitude,
        longitude_deg=longitude,
    )
    check(write(made, "alerts@site.example", "Actual"))


def test_nothing_is_written_that_is_not_valid() -> None:
    with refused(AppCode.ALERT_NOT_VALID):
        write(message(), "alerts@site.example", "Real")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<status>Actual</status>", b"<status>Real</status>"),
        (b"-00:00</sent>", b"Z</sent>"),
        (b"<severity>Severe</severity>", b""),
        (b"</alert>", b""),
        (b"<scope>", b"<note>x</note><scope>"),
    ],
)
def test_what_is_not_valid_is_refused(old: bytes, new: bytes) -> None:
    document = write(message(), "alerts@site.example", "Actual")
    assert old in document
    with refused(AppCode.ALERT_NOT_VALID):
        check(document.replace(old, new))


def sender(settings: AlertSettings, secret: str | None = "secret") -> CapSender:
    context, lines = tls_context(settings.authorities), Lines(2.0)
    mail = SmtpSender(settings, context, lambda: Credential(USER, PASSWORD), lines)
    return CapSender(settings, WebhookSender(context, lambda _route: secret, lines), mail)


def test_by_webhook(authority: Authority) -> None:
    with HookServer(authority).running() as server:
        sender(AlertSettings(authorities=str(authority.certificate))).send(message(target=server.url()))
    (request,) = server.requests
    assert request.headers["Content-Type"] == "application/cap+xml"
    check(request.body)


def test_by_mail(authority: Authority) -> None:
    with MailServer(authority).running() as server:
        sender(server.settings).send(message())
    (mail,) = server.mails
    (document,) = mail.iter_attachments()
    assert document.get_content_type() == "application/cap+xml"
    check(document.get_content())


def test_into_a_folder_twice_is_one_file(tmp_path: Path) -> None:
    for _time in range(2):
        sender(AlertSettings()).send(message(target=str(tmp_path)))
    (path,) = tmp_path.glob("*")
    assert path.name == f"{1:032x}.cap.xml"
    check(path.read_bytes())


def test_a_folder_that_is_away_is_not_made(tmp_path: Path) -> None:
    with refused(AppCode.ALERT_UNREACHABLE):
        sender(AlertSettings()).send(message(target=str(tmp_path / "share")))
    assert not (tmp_path / "share").exists()


def test_a_target_of_no_kind() -> None:
    with refused(AppCode.ALERT_TARGET):
        sender(AlertSettings()).send(message(target="somewhere"))
