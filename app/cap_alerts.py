"""Alerts as CAP documents: posted to an https address, attached to an e-mail, or laid into a folder."""

from __future__ import annotations

from pathlib import Path

from app.alert_message import AlertMessage
from app.cap import MEDIA_TYPE, write
from app.errors import AppCode, AppError
from app.smtp_alerts import SmtpSender
from app.webhook_alerts import WebhookSender
from storage.durable import replace
from storage.settings import AlertSettings


class CapSender:
    """The route's target says which way: `https://...`, an e-mail address, or a folder's absolute path."""

    def __init__(self, settings: AlertSettings, webhook: WebhookSender, mail: SmtpSender) -> None:
        self._settings, self._webhook, self._mail = settings, webhook, mail

    def send(self, message: AlertMessage) -> None:
        """Write, check and send the document. Raises AppError, StorageError of a folder that cannot be written."""
        settings = self._settings
        sender = settings.cap_sender or settings.smtp_from or f"alerts@{message.topic}.invalid"
        document = write(message, sender, settings.cap_status)
        if message.target.startswith(("https://", "http://")):
            self._webhook.post(message, MEDIA_TYPE, document)
        elif Path(message.target).is_absolute():
            self._lay(Path(message.target), message, document)
        elif "@" in message.target:
            self._mail.deliver(message, ((f"{message.number}.cap.xml", MEDIA_TYPE, document),))
        else:
            raise AppError(AppCode.ALERT_TARGET, target=message.target)

    @staticmethod
    def _lay(folder: Path, message: AlertMessage, document: bytes) -> None:
        """Whole or not at all; a second time replaces the first. A folder that is not there is not made: a share that
        is not mounted must not look like a delivery."""
        if not folder.is_dir():
            raise AppError(AppCode.ALERT_UNREACHABLE, target=str(folder))
        replace(folder / f"{message.id}.cap.xml", document)
