"""Command line over alerts: keep a login or secret (sealed), send a test, see what waits. The wall need not run."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from app.alert_message import AlertMessage, found, moment
from app.alert_secrets import MQTT, SMTP, route_secret
from app.i18n import _
from app.sentences import sentences
from app.site import archive_of_site
from storage.errors import StorageCode, StorageError
from storage.people_commands import RecordAccess
from storage.people_records import AccessKind
from storage.records import Severity, new_id
from storage.release_records import Channel
from storage.sealed import Credential

alert_app = typer.Typer(help="Alerts to services: logins, secrets, tests, what waits.")


@alert_app.command("secret")
def alert_secret(
    name: Annotated[str, typer.Argument(help="`smtp`, `mqtt`, or the id of an alert route.")],
    user: Annotated[str, typer.Option(help="User name of the mail server or the broker.")] = "",
) -> None:
    """Keep the password of a server, or the secret shared with a route's receiver; typed in, or read from a pipe."""
    from app.alerts_out import AlertsOut  # mail, MQTT and CAP: not at every start

    with sentences(), archive_of_site() as archive:
        servers = {SMTP, MQTT}
        if name not in servers and found(archive.registry.alert_routes, name) is None:
            raise StorageError(StorageCode.NOT_FOUND, subject=name)
        secret = typer.prompt(_("Secret"), hide_input=True) if sys.stdin.isatty() else sys.stdin.readline().strip()
        if not secret:
            raise StorageError(StorageCode.BAD_VALUE, field="secret")
        secrets = AlertsOut.secrets_of(archive.folders)
        secrets.keep(name if name in servers else route_secret(name), Credential(user, secret))


@alert_app.command("recipient")
def alert_recipient(
    route: Annotated[str, typer.Argument(help="Id of an e-mail route.")],
    key: Annotated[Path | None, typer.Argument(help="File with the recipient's public key (age or SSH).")] = None,
) -> None:
    """Name who may get an incident's pictures on a route, sealed for their key; without a key: nobody. Only where the
    route has pictures switched on; another address of the route needs naming anew."""
    from app.alert_stills import fingerprint  # sealing: not at every start
    from app.alerts_out import AlertsOut
    from storage.package_seal import load_recipient

    with sentences(), archive_of_site() as archive:
        chosen = found(archive.registry.alert_routes, route)
        if chosen is None:
            raise StorageError(StorageCode.NOT_FOUND, subject=route)
        recipients = AlertsOut.recipients_of(archive.folders)
        recipient = load_recipient(key) if key is not None else None
        named = f"{fingerprint(recipient)} at {chosen.target}" if recipient is not None else "nobody"
        archive.journal.apply(RecordAccess(AccessKind.RECIPIENT, detail=f"route {route}: {named}"), archive.actor)
        if recipient is not None:
            typer.echo(recipients.keep(chosen, recipient.name))
        else:
            recipients.forget(route)


@alert_app.command("test")
def alert_test(route: Annotated[str, typer.Argument(help="Id of the alert route.")]) -> None:
    """Send a test alert on a route, now; nothing is written to the journal."""
    from app.alerts_out import AlertsOut  # mail, MQTT and CAP: not at every start

    with sentences(), archive_of_site() as archive:
        chosen = found(archive.registry.alert_routes, route)
        if chosen is None:
            raise StorageError(StorageCode.NOT_FOUND, subject=route)
        site = AlertsOut.site_of(archive.settings)
        message = AlertMessage(
            id=new_id(),
            route_id=chosen.id,
            target=chosen.target,
            site=site,
            number="TEST",
            category_id="test",
            category=_("Test alert"),
            severity=Severity.INFO,
            verified=False,
            place=site,
            camera_id="",
            utc_s=time.time(),
            link="",
        )
        AlertsOut.senders_of(archive.folders, archive.settings)[Channel(chosen.channel)].send(message)
    typer.echo(_("Sent."))


@alert_app.command("list")
def alert_list() -> None:
    """Alerts that wait for sending or for an answer."""
    with sentences(), archive_of_site() as archive:
        for message in archive.journal.outbox(sys.float_info.max, 1000):
            due = moment(min(message.next_utc_s, 4e9))
            typer.echo(f"{message.id}\t{message.state}\t{message.route_id}\t{message.attempts}\t{due}\t{message.error}")
