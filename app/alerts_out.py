"""Alerts out and answers in, composed from the settings: what the runtime starts, stops and nudges."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Sequence
from typing import Protocol

from app.alert_answers import AnswerDesk
from app.alert_lines import Lines, tls_context
from app.alert_message import Sender
from app.alert_secrets import FILE_NAME, MQTT, SMTP, AlertSecrets
from app.alert_stills import FILE_NAME as RECIPIENTS
from app.alert_stills import AlertRecipients, AlertStills, Load
from app.answer_server import AnswerServer
from app.archive import RUNTIME
from app.cap_alerts import CapSender
from app.delivery import OutboxPlan
from app.errors import AppError
from app.feeds import Banner
from app.mqtt_alerts import Broker, MqttSender
from app.mqtt_answers import MqttAnswers
from app.outbox import Outbox
from app.smtp_alerts import SmtpSender
from app.texts import sentence
from app.webhook_alerts import WebhookSender
from storage.case_records import HandoverState
from storage.commands import Command
from storage.folders import Folders
from storage.journal import IncidentFile, Receipt, Registry
from storage.records import Actor, IncidentState
from storage.release_records import Channel, OutboxMessage
from storage.sealed import Sealer
from storage.settings import AlertSettings, Settings
from storage.worker import Worker

log = logging.getLogger(__name__)

_OVER = frozenset({IncidentState.RESOLVED, IncidentState.CLOSED})


class AlertJournal(Protocol):
    """What alerts need of the journal."""

    def apply(self, command: Command, actor: Actor) -> Receipt:
        """As `Journal.apply`."""

    def outbox(self, due_utc_s: float, limit: int) -> Sequence[OutboxMessage]:
        """As `outbox.OutboxJournal.outbox`."""

    def incident_file(self, incident: str) -> IncidentFile:
        """As `Journal.incident_file`."""


class AlertsOut:
    """`workers` go to the supervisor. `registry` gives the registry as it is now (routes are edited at run time),
    `changed` is called after an answer, `tell` shows a banner. `load` reads an incident with its stills for routes with
    a named recipient (`app.alert_stills`); without it none leave, and a route that wants some is told so."""

    def __init__(
        self,
        journal: AlertJournal,
        folders: Folders,
        settings: Settings,
        registry: Callable[[], Registry],
        changed: Callable[[], None],
        tell: Callable[[Banner], None],
        load: Load | None = None,
    ) -> None:
        alerts, site = settings.alerts, self.site_of(settings)
        self._tell, self._lines = tell, Lines()
        self._outbox: Outbox | None = None
        self._workers: list[Worker] = []
        self.secrets = self.secrets_of(folders)
        context = self._context(alerts.authorities)
        desk = AnswerDesk(journal, RUNTIME, self.secrets.secret, changed)
        keys = self.recipients_of(folders)
        if alerts.deliver:
            plan = OutboxPlan(
                journal=journal,
                actor=RUNTIME,
                registry=registry,
                incident=lambda incident_id: journal.incident_file(incident_id).incident,
                senders=_senders(alerts, context, self.secrets, self._lines),
                tell=tell,
                site=site,
                stills=None if load is None else AlertStills(keys, load, registry, journal.apply, RUNTIME),
                folder=folders.state / "outbox",
                waits=lambda message: _waits(journal.incident_file(message.incident_id), message.service_id),
            )
            self._outbox = Outbox(plan, self._lines)
            self._workers += self._outbox.workers
        if alerts.answers_port:
            self._workers.append(AnswerServer(alerts, desk, self._complain, folders.state / "answers-http"))
        if alerts.deliver and alerts.mqtt_host:
            listening = Broker(alerts, context, lambda: self.secrets.login(MQTT), Lines())
            self._workers.append(MqttAnswers(listening, desk, site, folders.state / "answers-mqtt"))

    @property
    def workers(self) -> tuple[Worker, ...]:
        """What is to run."""
        return tuple(self._workers)

    def nudge(self) -> None:
        """Something was handed over: look at the outbox now."""
        if self._outbox is not None:
            self._outbox.nudge()

    @staticmethod
    def secrets_of(folders: Folders) -> AlertSecrets:
        """The sealed logins and secrets of this machine."""
        return AlertSecrets(folders.config / FILE_NAME, Sealer(folders.sealing_key))

    @staticmethod
    def recipients_of(folders: Folders) -> AlertRecipients:
        """Whom pictures may be sent to from this machine."""
        return AlertRecipients(folders.config / RECIPIENTS)

    @staticmethod
    def site_of(settings: Settings) -> str:
        """The site's name in alerts."""
        return settings.alerts.site or settings.site.name or "Watchfloor"

    @classmethod
    def senders_of(cls, folders: Folders, settings: Settings) -> dict[Channel, Sender]:
        """Senders without an outbox, for a test. Raises AppError(ALERT_TLS)."""
        context = tls_context(settings.alerts.authorities)
        return _senders(settings.alerts, context, cls.secrets_of(folders), Lines())

    def _context(self, authorities: str) -> ssl.SSLContext:
        try:
            return tls_context(authorities)
        except AppError as error:  # the site's own servers will be refused, known ones go on
            log.error("certificate authorities cannot be used: %s", error)
            self._complain(error)
            return tls_context("")

    def _complain(self, error: AppError) -> None:
        self._tell(Banner("alerts", sentence(error)))


def _waits(file: IncidentFile, service_id: str) -> bool:
    """Whether the service has not said anything, and the incident is not over without it."""
    asked = [one.state for one in file.handovers if one.service_id == service_id]
    return HandoverState.SENT in asked and file.incident.state not in _OVER


def _senders(
    alerts: AlertSettings, context: ssl.SSLContext, secrets: AlertSecrets, lines: Lines
) -> dict[Channel, Sender]:
    mail = SmtpSender(alerts, context, lambda: secrets.login(SMTP), lines)
    webhook = WebhookSender(context, secrets.secret, lines)
    return {
        Channel.SMTP: mail,
        Channel.WEBHOOK: webhook,
        Channel.MQTT: MqttSender(Broker(alerts, context, lambda: secrets.login(MQTT), lines)),
        Channel.CAP: CapSender(alerts, webhook, mail),
    }
