"""Real servers on loopback for the alert tests: mail (aiosmtpd), HTTPS (stdlib), MQTT (amqtt); and their authority."""

from __future__ import annotations

import asyncio
import http.server
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from amqtt.broker import Broker
from amqtt.plugins.base import BaseAuthPlugin
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from storage.settings import AlertSettings

USER, PASSWORD = "alerts", "correct horse battery staple"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Authority:
    """A self-made authority: its certificate, and one for 127.0.0.1 with its key in one PEM file."""

    certificate: Path
    server: Path

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server)
        return context

    @classmethod
    def made(cls, folder: Path, host: str = "127.0.0.1") -> Authority:
        key, name = ec.generate_private_key(ec.SECP256R1()), _name("Test authority")
        ca = _builder(name, name, key.public_key()).add_extension(x509.BasicConstraints(True, 0), critical=True)
        own_key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
        leaf = _builder(_name("Test server"), name, own_key.public_key()).add_extension(names, critical=False)
        authority = cls(folder / "authority.pem", folder / "server.pem")
        pem = serialization.Encoding.PEM
        ca_pem, leaf_pem = (b.sign(key, hashes.SHA256()).public_bytes(pem) for b in (ca, leaf))
        authority.certificate.write_bytes(ca_pem)
        private = own_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        authority.server.write_bytes(private + leaf_pem)
        return authority


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )


@dataclass
class MailServer:
    """Takes mail after TLS and a login. `refuse` answers RCPT with 550."""

    authority: Authority
    port: int = field(default_factory=free_port)
    implicit: bool = False
    refuse: bool = False
    plain: bool = False
    mails: list[EmailMessage] = field(default_factory=list)

    @property
    def settings(self) -> AlertSettings:
        return AlertSettings(
            smtp_host="127.0.0.1",
            smtp_port=self.port,
            smtp_tls="tls" if self.implicit else "starttls",
            smtp_from="alerts@site.example",
            authorities=str(self.authority.certificate),
        )

    @contextmanager
    def running(self) -> Iterator[MailServer]:
        context = self.authority.server_context()
        tls: dict[str, Any] = {"tls_context": context, "require_starttls": True}
        if self.implicit:
            tls = {"ssl_context": context}
        if self.plain:
            tls = {}
        server = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            authenticator=_authenticated,
            auth_required=not (self.implicit or self.plain),
            auth_require_tls=not (self.implicit or self.plain),
            **tls,
        )
        server.start()
        try:
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(_hang_up(), server.loop).result(2.0)
            server.stop()

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refuse:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"


async def _hang_up() -> None:
    """Close all connections of this loop, also those in the middle of a handshake, which the servers forget."""
    loop: Any = asyncio.get_running_loop()
    for transport in list(loop._transports.values()):
        transport.abort()
    await asyncio.sleep(0.01)


def _authenticated(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=right)


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class HookServer:
    """HTTPS; answers every POST with `status`, after `gate` if it is given."""

    authority: Authority
    port: int = field(default_factory=free_port)
    status: int = 200
    location: str = ""
    gate: threading.Event | None = None
    arrived: threading.Event = field(default_factory=threading.Event)
    requests: list[Request] = field(default_factory=list)

    def url(self, path: str = "/hook") -> str:
        return f"https://127.0.0.1:{self.port}{path}"

    @contextmanager
    def running(self) -> Iterator[HookServer]:
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                owner.arrived.set()
                if owner.gate is not None:
                    owner.gate.wait(5.0)
                    if owner.gate.is_set() and owner.status == 0:
                        return
                owner.requests.append(Request(self.path, dict(self.headers), body))
                self.send_response(owner.status)
                if owner.location:
                    self.send_header("Location", owner.location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = False

            def handle_error(self, *_args: object) -> None:
                pass

        server = Server(("127.0.0.1", self.port), Handler)
        server.socket = self.authority.server_context().wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=lambda: server.serve_forever(0.02), name="hook-server")
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


class PasswordPlugin(BaseAuthPlugin):  # type: ignore[misc]  # amqtt has no types
    """One user. (The library's own plugin hashes with argon2: slow on purpose.)"""

    async def authenticate(self, *, session: Any) -> bool:
        return bool(session.username == USER and session.password == PASSWORD)


@dataclass
class MqttBroker:
    """MQTT over TLS with a login."""

    authority: Authority
    port: int = field(default_factory=free_port)
    tls: bool = True

    @property
    def settings(self) -> AlertSettings:
        return AlertSettings(
            mqtt_host="127.0.0.1",
            mqtt_port=self.port,
            mqtt_tls=self.tls,
            authorities=str(self.authority.certificate),
        )

    @contextmanager
    def running(self) -> Iterator[MqttBroker]:
        started, loop, stop = threading.Event(), asyncio.new_event_loop(), asyncio.Event()

        async def serve() -> None:
            broker = Broker(self._config(), plugin_namespace="watchfloor.test")
            await broker.start()
            started.set()
            await stop.wait()
            for listener in broker._servers.values():
                listener.instance.close()
            await _hang_up()
            with suppress(TimeoutError):  # amqtt's own farewell sometimes waits for a client that is gone
                await asyncio.wait_for(broker.shutdown(), 0.5)
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await _hang_up()

        def run() -> None:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(serve())

        thread = threading.Thread(target=run, name="mqtt-broker")
        thread.start()
        assert started.wait(30)
        try:
            yield self
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join()

    def _config(self) -> dict[str, Any]:
        listener: dict[str, Any] = {"type": "tcp", "bind": f"127.0.0.1:{self.port}"}
        if self.tls:
            pem = str(self.authority.server)
            listener |= {"ssl": True, "certfile": pem, "keyfile": pem}
        return {"listeners": {"default": listener}, "plugins": {"tests.app.alert_servers.PasswordPlugin": {}}}
