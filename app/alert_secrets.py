"""Logins and shared secrets of alerts: sealed (`storage.sealed`) in a file of this machine, and signatures with them.

The journal and the settings hold none of them. Names: `smtp`, `mqtt`, `route:<route id>`.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import tomllib
from pathlib import Path

import tomli_w

from storage.durable import replace
from storage.errors import StorageCode, StorageError
from storage.sealed import Credential, Sealer

FILE_NAME = "alert-secrets.toml"
SMTP, MQTT = "smtp", "mqtt"
WINDOW_S = 300.0
"""A signature is accepted for so long before and after the time that it was made at."""


def route_secret(route_id: str) -> str:
    """The name of a route's shared secret."""
    return f"route:{route_id}"


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """HMAC-SHA256 (RFC 2104) over `timestamp.body`, hexadecimal: neither can be exchanged alone."""
    return hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256).hexdigest()


def signed_by(secret: str, timestamp: int, body: bytes, given: str) -> bool:
    """Whether `given` is that signature; compared in constant time."""
    return hmac.compare_digest(signature(secret, timestamp, body).encode(), given.encode())


class AlertSecrets:
    """The file of sealed logins; read at each use, so that a change needs no restart. Any thread."""

    def __init__(self, path: Path, sealer: Sealer) -> None:
        self._path, self._sealer = path, sealer
        self._lock = threading.Lock()

    def login(self, name: str) -> Credential | None:
        """A login, None when none is kept. Raises StorageError(BAD_KEY)."""
        sealed = self._read().get(name)
        return self._sealer.open(name, sealed) if sealed else None

    def secret(self, route_id: str) -> str | None:
        """A route's shared secret, None when none is kept. Raises StorageError(BAD_KEY)."""
        login = self.login(route_secret(route_id))
        return login.password if login else None

    def keep(self, name: str, credential: Credential) -> None:
        """Seal and write. Raises READ_ONLY, DISK_FULL."""
        with self._lock:
            replace(
                self._path, tomli_w.dumps(self._read() | {name: self._sealer.seal(name, credential)}).encode(), 0o600
            )

    def _read(self) -> dict[str, str]:
        try:
            found = tomllib.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (ValueError, OSError) as error:
            raise StorageError(StorageCode.BAD_SETTINGS, path=str(self._path)) from error
        return {name: sealed for name, sealed in found.items() if isinstance(sealed, str)}
