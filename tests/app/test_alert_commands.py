"""The command line over alerts: a secret goes in sealed, a test goes out to a real server, what waits is listed."""

from __future__ import annotations

from typer.testing import CliRunner, Result

from app.alert_commands import alert_app
from app.alerts_out import AlertsOut
from app.archive import opened
from storage.commands import PutRecord
from storage.folders import Folders
from storage.registry_records import AlertRoute, Service
from storage.sealed import Credential
from storage.settings import Settings, load, save
from tests.app.alert_servers import PASSWORD, USER, Authority, MailServer


def run(*words: str, given: str = "") -> Result:
    return CliRunner().invoke(alert_app, list(words), input=given)


def put_route(settings: Settings) -> Folders:
    folders = Folders.find().ensure()
    save(folders.settings, settings)
    with opened(folders, load(folders.settings)) as archive:
        archive.journal.apply(PutRecord(Service("police", "Police")), archive.actor)
        route = AlertRoute("r-mail", "police", "smtp", "duty@police.example")
        archive.journal.apply(PutRecord(route), archive.actor)
    return folders


def test_a_test_alert_goes_out_with_the_login_that_was_kept(authority: Authority) -> None:
    with MailServer(authority).running() as server:
        folders = put_route(Settings(alerts=server.settings))
        refused = run("test", "r-mail")
        assert refused.exit_code != 0
        assert "did not take the alert" in refused.stderr
        kept = run("secret", "smtp", "--user", USER, given=PASSWORD + "\n")
        assert kept.exit_code == 0, kept.output
        assert PASSWORD not in kept.output
        sent = run("test", "r-mail")
        assert (sent.exit_code, sent.stdout) == (0, "Sent.\n")
    assert "TEST" in server.mails[0]["Subject"]
    assert AlertsOut.secrets_of(folders).login("smtp") == Credential(USER, PASSWORD)


def test_secrets_of_routes_and_what_is_refused() -> None:
    folders = put_route(Settings())
    assert run("secret", "r-mail", given="between us\n").exit_code == 0
    assert AlertsOut.secrets_of(folders).secret("r-mail") == "between us"
    assert run("secret", "r-other", given="x\n").exit_code != 0
    assert run("secret", "mqtt", given="\n").exit_code != 0
    assert run("test", "r-other").exit_code != 0
    assert run("list").stdout == ""
