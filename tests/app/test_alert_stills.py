"""Pictures with alerts: to the named recipient alone, sealed, masked, noted first; to nobody else, whoever asks."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyrage
import pytest
from PIL import Image
from typer.testing import CliRunner

from app.alert_commands import alert_app
from app.alert_lines import Lines, tls_context
from app.alert_stills import MOST, AlertRecipients, AlertStills, fingerprint
from app.alerts_out import AlertsOut
from app.archive import opened
from app.errors import AppCode, AppError
from app.masks import MASK_COLOUR
from app.smtp_alerts import SmtpSender
from storage.commands import Command
from storage.errors import StorageCode, StorageError
from storage.journal import IncidentFile, Receipt, Registry
from storage.package_seal import recipient_of
from storage.people_commands import RecordAccess
from storage.people_queries import AccessFilter
from storage.people_records import AccessKind
from storage.records import Actor
from storage.registry_records import PrivacyMask
from storage.release_records import OutboxState
from storage.sealed import Credential
from storage.settings import Settings, load
from tests.app.alert_case import ACTOR, REGISTRY, outgoing
from tests.app.alert_house import House
from tests.app.alert_servers import PASSWORD, USER, Authority, MailServer
from tests.app.case_file import case, jpeg
from tests.app.case_file import registry as case_registry
from tests.app.test_alert_commands import put_route

ROUTE = replace(REGISTRY.alert_routes[0], stills=True)
MASK = PrivacyMask("m1", "cam-12", "Window", ((0.0, 0.0), (0.3, 0.0), (0.3, 0.3), (0.0, 0.3)))


class Desk:
    """Stills of one made incident; `noted` is what the journal was told, `refusing` what it answers."""

    def __init__(self, folder: Path) -> None:
        self.identity = pyrage.x25519.Identity.generate()
        self.recipients = AlertRecipients(folder / "alert-recipients.toml")
        self.jpeg = jpeg(640, 360)
        self.file: IncidentFile = case(self.jpeg)
        self.registry: Registry = replace(case_registry(), privacy_masks=(MASK,))
        self.noted: list[Command] = []
        self.refusing: StorageCode | None = None
        self.stills = AlertStills(self.recipients, self._load, lambda: self.registry, self._apply, ACTOR)

    @property
    def key(self) -> str:
        return str(self.identity.to_public())

    def _load(self, _incident_id: str) -> tuple[IncidentFile, dict[str, bytes]]:
        return self.file, {one.id: self.jpeg for one in self.file.evidence}

    def _apply(self, command: Command, actor: Actor) -> Receipt:
        assert actor == ACTOR
        if self.refusing is not None:
            raise StorageError(self.refusing)
        self.noted.append(command)
        return Receipt(1, None)

    def opened(self, data: bytes) -> Image.Image:
        return Image.open(io.BytesIO(pyrage.decrypt(data, [self.identity])))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def refused(code: AppCode, call: Callable[[], object]) -> None:
    with pytest.raises(AppError) as caught:
        call()
    assert caught.value.code is code


def test_only_the_recipient_opens_it_and_masks_are_burned_in(desk: Desk) -> None:
    assert desk.recipients.keep(ROUTE, desk.key) == fingerprint(recipient_of(desk.key))
    (sealed,) = desk.stills(outgoing())
    assert sealed.name == "2026-000042-1.jpg.age"
    assert b"JFIF" not in sealed.data
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(sealed.data, [pyrage.x25519.Identity.generate()])
    with desk.opened(sealed.data) as picture, Image.open(io.BytesIO(desk.jpeg)) as original:
        assert picture.size == original.size
        covered = picture.convert("RGB").getpixel((40, 40))
        assert isinstance(covered, tuple)
        assert max(abs(a - b) for a, b in zip(covered, MASK_COLOUR, strict=True)) < 12
    (access,) = desk.noted
    assert isinstance(access, RecordAccess)
    assert (access.kind, access.incident_id) == (AccessKind.EXPORT, "incident")
    assert access.detail == f"1 stills, sealed for {fingerprint(recipient_of(desk.key))}, to {ROUTE.target}"


def test_nobody_else_gets_any(desk: Desk) -> None:
    refused(AppCode.ALERT_NO_KEY, lambda: desk.stills(outgoing()))
    desk.recipients.keep(ROUTE, desk.key)
    refused(AppCode.ALERT_NO_KEY, lambda: desk.stills(outgoing(route_id="route-2")))
    refused(AppCode.ALERT_NO_KEY, lambda: desk.stills(outgoing(target="someone@else.example")))
    desk.recipients.forget(ROUTE.id)
    refused(AppCode.ALERT_NO_KEY, lambda: desk.stills(outgoing()))
    assert desk.noted == []


def test_nothing_leaves_that_the_journal_has_not_noted(desk: Desk) -> None:
    desk.recipients.keep(ROUTE, desk.key)
    desk.refusing = StorageCode.DISK_FULL
    refused(AppCode.ALERT_NO_STILLS, lambda: desk.stills(outgoing()))


def test_a_restricted_incident_and_unreadable_pictures_stay_here(desk: Desk) -> None:
    desk.recipients.keep(ROUTE, desk.key)
    whole = desk.file
    desk.file = replace(whole, incident=replace(whole.incident, restricted=True))
    assert desk.stills(outgoing()) == ()
    desk.file, desk.jpeg = whole, b"no picture"
    assert desk.stills(outgoing()) == ()
    assert desk.noted == []


def test_the_newest_few_and_only_of_our_own_cameras(desk: Desk) -> None:
    desk.recipients.keep(ROUTE, desk.key)
    one = desk.file.evidence[0]
    many = tuple(replace(one, id=f"s{n}", from_utc_s=float(n)) for n in range(MOST + 3))
    foreign = replace(one, id="foreign", camera_id="nobody's", from_utc_s=99.0)
    desk.file = replace(desk.file, evidence=(*many, foreign))
    assert len(desk.stills(outgoing())) == MOST


@pytest.mark.parametrize(
    "text", ["", "[", "x = 1", "[route-1]\ntarget = 'duty@police.example'\nkey = 'age1x'\n", "\xff"]
)
def test_a_file_that_was_damaged_names_nobody(desk: Desk, tmp_path: Path, text: str) -> None:
    (tmp_path / "alert-recipients.toml").write_text(text, "latin-1")
    refused(AppCode.ALERT_NO_KEY, lambda: desk.stills(outgoing()))


def test_the_letter_carries_it_and_the_alert_goes_without_it_where_nobody_is_named(
    desk: Desk, authority: Authority
) -> None:
    desk.recipients.keep(ROUTE, desk.key)
    other = replace(ROUTE, id="route-2")
    with MailServer(authority).running() as server:
        settings = server.settings
        login = Credential(USER, PASSWORD)
        sender = SmtpSender(settings, tls_context(settings.authorities), lambda: login, Lines(2.0))
        house = House(sender, (ROUTE, other), stills=desk.stills)
        house.journal.put(outgoing(1), outgoing(2, "route-2"))
        with house.running():
            house.settled(OutboxState.SENT, OutboxState.SENT)
    attached = {mail["X-Watchfloor-Message"]: list(mail.iter_attachments()) for mail in server.mails}
    assert attached[f"{2:032x}"] == []
    (letter,) = attached[f"{1:032x}"]
    content = letter.get_payload(decode=True)
    assert isinstance(content, bytes)
    with desk.opened(content) as picture:
        assert picture.format == "JPEG"
    assert any("nobody is named" in banner.text for banner in house.banners)


def test_what_waits_for_an_address_that_was_taken_from_the_route_goes_without(desk: Desk, authority: Authority) -> None:
    desk.recipients.keep(ROUTE, desk.key)
    with MailServer(authority).running() as server:
        settings = server.settings
        sender = SmtpSender(settings, tls_context(settings.authorities), lambda: Credential(USER, PASSWORD), Lines(2.0))
        house = House(sender, (replace(ROUTE, target="new@police.example"),), stills=desk.stills)
        house.journal.put(outgoing(1))
        with house.running():
            house.settled(OutboxState.SENT)
    (mail,) = server.mails
    assert list(mail.iter_attachments()) == []
    assert desk.noted == []


def test_a_recipient_is_named_on_the_command_line_and_noted(tmp_path: Path) -> None:
    folders = put_route(Settings())
    key = tmp_path / "duty.pub"
    key.write_text(f"# the duty office\n{pyrage.x25519.Identity.generate().to_public()}\n")
    run = CliRunner().invoke
    named = run(alert_app, ["recipient", "r-mail", str(key)])
    assert named.exit_code == 0, named.output
    recipient = AlertsOut.recipients_of(folders).of("r-mail", "duty@police.example")
    assert named.stdout.strip() == fingerprint(recipient)
    key.write_text("no key")
    assert run(alert_app, ["recipient", "r-mail", str(key)]).exit_code != 0
    assert run(alert_app, ["recipient", "r-other", str(key)]).exit_code != 0
    assert run(alert_app, ["recipient", "r-mail"]).exit_code == 0
    refused(AppCode.ALERT_NO_KEY, lambda: AlertsOut.recipients_of(folders).of("r-mail", "duty@police.example"))
    with opened(folders, load(folders.settings)) as archive:
        found = archive.journal.accesses(AccessFilter(kind=AccessKind.RECIPIENT))
    details = sorted(access.detail for access in found)
    assert details == [
        f"route r-mail: {fingerprint(recipient)} at duty@police.example",
        "route r-mail: nobody",
    ]
