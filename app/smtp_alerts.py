"""Alerts by e-mail (RFC 5321): STARTTLS (RFC 3207) or TLS from the first byte, never without; certificates checked."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import closing, suppress
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import formatdate

from app.alert_lines import Lines, failures
from app.alert_message import AlertMessage, as_lines, one_line
from app.errors import AppCode, AppError
from app.i18n import _
from app.labels import label_of
from storage.sealed import Credential
from storage.settings import AlertSettings

_ADDRESS = re.compile(r"""[^\s@,;:<>()\[\]"\\]{1,64}@[^\s@,;:<>()\[\]"\\.]+(\.[^\s@,;:<>()\[\]"\\.]+)*""")
"""One address and nothing else. (The library's own parser trips over some texts that are none.)"""

Login = Callable[[], Credential | None]


class SmtpSender:
    """One connection a message: alerts are few, and a connection that was kept may be dead when one comes."""

    def __init__(self, settings: AlertSettings, context: ssl.SSLContext, login: Login, lines: Lines) -> None:
        self._settings, self._context, self._login, self._lines = settings, context, login, lines

    def send(self, message: AlertMessage) -> None:
        """Send the alert as text. Raises AppError."""
        self.deliver(message, ())

    def deliver(self, message: AlertMessage, documents: tuple[tuple[str, str, bytes], ...]) -> None:
        """Send the alert as text with documents (file name, media type, content). Raises AppError."""
        settings = self._settings
        if not settings.smtp_host or not settings.smtp_from:
            raise AppError(AppCode.ALERT_TARGET, target=message.target, reason="smtp")
        mail = self._mail(message, documents)
        with failures(settings.smtp_host):
            try:
                self._hand_over(mail, message.target)
            except smtplib.SMTPException as error:
                raise _refused(error, settings.smtp_host) from error

    def _hand_over(self, mail: EmailMessage, target: str) -> None:
        settings = self._settings
        implicit = self._context if settings.smtp_tls == "tls" else None
        with (
            self._lines.open(settings.smtp_host, settings.smtp_port, implicit) as line,
            closing(_Session(line, settings.smtp_host)) as session,
        ):
            session.ehlo_or_helo_if_needed()
            if implicit is None:
                self._encrypt(session)
            self._log_in(session)
            session.send_message(mail, settings.smtp_from, [target])
            with suppress(OSError):  # it has the mail: a bad farewell is no reason to send it again
                session.quit()

    def _encrypt(self, session: smtplib.SMTP) -> None:
        if not session.has_extn("starttls"):
            raise AppError(AppCode.ALERT_TLS, target=self._settings.smtp_host, reason="not supported")
        session.starttls(context=self._context)
        session.ehlo_or_helo_if_needed()

    def _log_in(self, session: smtplib.SMTP) -> None:
        login = self._login()
        if login is None:
            return
        if not session.has_extn("auth"):
            raise AppError(AppCode.ALERT_LOGIN, target=self._settings.smtp_host, reason="not supported")
        session.login(login.user, login.password)

    def _mail(self, message: AlertMessage, documents: tuple[tuple[str, str, bytes], ...]) -> EmailMessage:
        for address in (self._settings.smtp_from, message.target):
            if not _ADDRESS.fullmatch(address) or not address.isprintable():
                raise AppError(AppCode.ALERT_TARGET, target=one_line(address))
        mail = EmailMessage(policy=SMTP_POLICY)
        mail["From"], mail["To"] = self._settings.smtp_from, message.target
        mail["Subject"] = one_line(
            f"{message.site}: {message.number} · {message.category} · {label_of(message.severity)}"
        )
        mail["Date"] = formatdate(usegmt=True)
        mail["Message-ID"] = f"<{message.id}@watchfloor.invalid>"
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Watchfloor-Message"] = message.id
        mail.set_content(
            "\n".join([*as_lines(message), "", _("Answer by telephone, by radio or at the address given.")])
        )
        for name, kind, content in documents:
            main, _slash, sub = kind.partition("/")
            mail.add_attachment(content, maintype=main, subtype=sub, filename=name)
        for attachment in message.attachments:
            mail.add_attachment(
                attachment.data, maintype="application", subtype="octet-stream", filename=attachment.name
            )
        return mail


class _Session(smtplib.SMTP):
    """An SMTP session over a connection that is open already. Says an address literal, never this machine's name."""

    def __init__(self, line: socket.socket, host: str) -> None:
        self._line = line
        address = line.getsockname()[0]
        literal = f"[IPv6:{address}]" if ":" in address else f"[{address}]"
        super().__init__(host, local_hostname=literal)

    def connect(self, *_place: object, **_more: object) -> tuple[int, bytes]:
        """Read the greeting."""
        self.sock, self.file = self._line, None
        return self.getreply()


def _refused(error: smtplib.SMTPException, host: str) -> AppError:
    """The server's code goes on, its words do not: they may repeat what we said."""
    match error:
        case smtplib.SMTPAuthenticationError():
            return AppError(AppCode.ALERT_LOGIN, target=host, reason=error.smtp_code)
        case smtplib.SMTPServerDisconnected():  # the library makes one also of a silent server
            silent = isinstance(error.__context__, TimeoutError)
            return AppError(AppCode.ALERT_TIMEOUT if silent else AppCode.ALERT_UNREACHABLE, target=host)
        case smtplib.SMTPRecipientsRefused():
            codes = sorted({code for code, _words in error.recipients.values()})
            return AppError(AppCode.ALERT_REFUSED, target=host, reason=", ".join(str(code) for code in codes))
        case smtplib.SMTPResponseException():
            return AppError(AppCode.ALERT_REFUSED, target=host, reason=error.smtp_code)
    return AppError(AppCode.ALERT_REFUSED, target=host)
