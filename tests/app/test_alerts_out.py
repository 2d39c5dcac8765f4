"""From the hand-over in the real journal to real servers and back: composed as in the program."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from app.alert_secrets import FILE_NAME, SMTP, route_secret, signature
from app.alerts_out import AlertsOut
from app.feeds import Banner
from storage.case_commands import HandOverIncident, OpenIncident
from storage.commands import CloseIncident, PutRecord, RegistryRecord
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.errors import StorageCode, StorageError
from storage.folders import Folders
from storage.records import Actor, IncidentState, Severity
from storage.registry_records import AlertRoute, Service
from storage.release_records import OutboxMessage, OutboxState
from storage.sealed import Credential
from storage.settings import AlertSettings, Settings
from storage.worker import Supervisor
from tests.app.alert_servers import PASSWORD, USER, Authority, HookServer, MailServer, free_port
from tests.conftest import wait_until

OPERATOR = Actor("os:anna")
SECRET = "between the two of us"


@dataclass
class Site:
    """A journal with two services, and what sends from it."""

    journal: EmbeddedJournal
    folders: Folders
    settings: Settings
    banners: list[Banner] = field(default_factory=list)
    changes: int = 0

    def _changed(self) -> None:
        self.changes += 1

    @contextmanager
    def alerts(self) -> Iterator[AlertsOut]:
        """Started and stopped as by the runtime."""
        journal = self.journal
        alerts = AlertsOut(journal, self.folders, self.settings, journal.registry, self._changed, self.banners.append)
        supervisor = Supervisor()
        supervisor.start()
        for worker in alerts.workers:
            supervisor.add(worker)
        try:
            yield alerts
        finally:
            assert supervisor.shutdown(2.0) == []

    def hand_over(self) -> str:
        """An incident given to the police; its id."""
        opened = self.journal.apply(
            OpenIncident("fight", Severity.HIGH, time.time(), title="Ivan Petrenko", address="Main St. 1"), OPERATOR
        )
        assert opened.incident_id is not None
        incident = self.journal.incident_file(opened.incident_id).incident
        self.journal.apply(HandOverIncident(incident.id, incident.version, "police", "Ivan Petrenko"), OPERATOR)
        return incident.id

    def messages(self, incident_id: str) -> Sequence[OutboxMessage]:
        return self.journal.messages_of(incident_id)


@contextmanager
def site(folder: Path, alerts: AlertSettings, *routes: AlertRoute) -> Iterator[Site]:
    folders = Folders.under(folder).ensure()
    journal = open_journal(folders.journal)
    try:
        journal.ensure_first_operator(OPERATOR.id, "Anna")
        records: tuple[RegistryRecord, ...] = (Service("police", "Police"), Service("duty", "Duty office"), *routes)
        for record in records:
            journal.apply(PutRecord(record), OPERATOR)
        yield Site(journal, folders, Settings(alerts=replace(alerts, site="old-town")))
    finally:
        journal.close()


def test_a_hand_over_goes_out_by_mail_and_its_answer_comes_back(tmp_path: Path, authority: Authority) -> None:
    route = AlertRoute("r-mail", "police", "smtp", "duty@police.example")
    with MailServer(authority).running() as server:
        settings = replace(server.settings, answers_port=free_port())
        with site(tmp_path, settings, route) as here, here.alerts() as alerts:
            alerts.secrets.keep(SMTP, Credential(USER, PASSWORD))
            alerts.secrets.keep(route_secret(route.id), Credential("", SECRET))
            incident_id = here.hand_over()
            alerts.nudge()
            wait_until(lambda: bool(server.mails), 4.0)
            message_id = server.mails[0]["X-Watchfloor-Message"]
            assert _answered(settings.answers_port, route.id, message_id) == 204
            assert here.changes == 1
            assert here.journal.incident_file(incident_id).incident.state is IncidentState.ACCEPTED
            (message,) = here.messages(incident_id)
            assert (message.state, message.answer) == (OutboxState.ANSWERED, "car 12 goes")
        sealed = (here.folders.config / FILE_NAME).read_text(encoding="utf-8")
    assert "Petrenko" not in server.mails[0].as_string()
    assert "Main St. 1" in server.mails[0].as_string()
    assert PASSWORD not in sealed
    assert SECRET not in sealed


def test_no_answer_and_the_next_service_is_told_on_its_own_way(tmp_path: Path, authority: Authority) -> None:
    with MailServer(authority).running() as mail, HookServer(authority).running() as hook:
        first = AlertRoute("r-mail", "police", "smtp", "a@b.example", answer_s=0.2, escalate_to_id="duty")
        second = AlertRoute("r-hook", "duty", "webhook", hook.url(), answer_s=60.0)
        with site(tmp_path, mail.settings, first, second) as here, here.alerts() as alerts:
            alerts.secrets.keep(SMTP, Credential(USER, PASSWORD))
            alerts.secrets.keep(route_secret(second.id), Credential("", SECRET))
            incident_id = here.hand_over()
            alerts.nudge()
            wait_until(lambda: bool(hook.requests), 4.5)
            states = {message.route_id: message.state for message in here.messages(incident_id)}
            wait_until(lambda: "did not answer" in here.banners[-1].text)
            said = here.banners[-1]
            alerts.nudge()
            incident = here.journal.incident_file(incident_id).incident
            here.journal.apply(CloseIncident(incident_id, incident.version, "detained"), OPERATOR)
            alerts.nudge()
            wait_until(lambda: here.banners[-1] == Banner(said.key, ""))
    assert states["r-mail"] is OutboxState.ESCALATED
    assert json.loads(hook.requests[0].body)["place"] == "Main St. 1"


def test_what_was_handed_over_while_nothing_ran_goes_out_at_the_next_start(
    tmp_path: Path, authority: Authority
) -> None:
    route = AlertRoute("r-mail", "police", "smtp", "duty@police.example")
    with MailServer(authority).running() as server, site(tmp_path, server.settings, route) as here:
        here.hand_over()
        with here.alerts() as alerts:
            alerts.secrets.keep(SMTP, Credential(USER, PASSWORD))
            wait_until(lambda: bool(server.mails), 4.0)


def test_authorities_that_cannot_be_read_are_said(tmp_path: Path) -> None:
    with site(tmp_path, AlertSettings(authorities=str(tmp_path / "none.pem"))) as here, here.alerts() as alerts:
        assert "not safe" in here.banners[0].text
        assert [worker.name for worker in alerts.workers] == ["outbox", "outbox-1", "outbox-2", "outbox-3", "outbox-4"]


def test_a_machine_that_does_not_deliver_runs_nothing(tmp_path: Path) -> None:
    with site(tmp_path, AlertSettings(deliver=False, mqtt_host="127.0.0.1")) as here, here.alerts() as alerts:
        assert alerts.workers == ()
        alerts.nudge()


def test_secrets_of_another_key_are_not_opened(tmp_path: Path) -> None:
    with site(tmp_path, AlertSettings()) as here:
        with here.alerts() as alerts:
            alerts.secrets.keep(SMTP, Credential(USER, PASSWORD))
            assert alerts.secrets.login(SMTP) == Credential(USER, PASSWORD)
            assert alerts.secrets.secret("r") is None
        here.folders.sealing_key.unlink()
        with here.alerts() as alerts, pytest.raises(StorageError) as caught:
            alerts.secrets.login(SMTP)
        assert caught.value.code is StorageCode.BAD_KEY


def _answered(port: int, route_id: str, message_id: str) -> int:
    body = json.dumps({"message": message_id, "accepted": True, "answer": "car 12 goes"}).encode()
    timestamp = int(time.time())
    headers = {
        "X-Watchfloor-Route": route_id,
        "X-Watchfloor-Timestamp": str(timestamp),
        "X-Watchfloor-Signature": signature(SECRET, timestamp, body),
    }
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30.0)
    try:
        connection.request("POST", "/answers", body, headers)
        return connection.getresponse().status
    finally:
        connection.close()
