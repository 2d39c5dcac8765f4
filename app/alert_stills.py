"""Pictures that go with an alert: to a recipient who was named with a key, sealed for that key alone; to nobody else.

The key is the recipient's own public one (age, or SSH), kept on this machine for one route and its address: where the
route is given another address, the key is none any more. Pictures leave with their privacy masks burned in, and only
after the journal has noted it. Delivery threads, and the command line.
"""

from __future__ import annotations

import hashlib
import io
import logging
import threading
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import tomli_w

from app.alert_message import Attachment, slug
from app.errors import AppCode, AppError
from app.masked_still import masked_still
from app.masks import masks_of
from storage.case_records import Exhibit
from storage.commands import Command
from storage.durable import replace
from storage.errors import StorageCode, StorageError, WatchfloorError
from storage.journal import IncidentFile, Receipt, Registry
from storage.package_seal import SUFFIX, Recipient, recipient_of
from storage.people_commands import RecordAccess
from storage.people_records import AccessKind
from storage.records import Actor, Evidence
from storage.registry_records import AlertRoute
from storage.release_records import OutboxMessage

log = logging.getLogger(__name__)

FILE_NAME = "alert-recipients.toml"
MOST = 4
"""The newest pictures of an incident; more are in its package."""
MOST_BYTES = 8_000_000
"""All of them together: mail servers refuse larger letters."""
_SIGNS = 16

Apply = Callable[[Command, Actor], Receipt]
Load = Callable[[str], tuple[IncidentFile, dict[str, bytes]]]


class AlertRecipients:
    """The file of keys by route; read at each use. Public keys only: it holds no secret. Any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def keep(self, route: AlertRoute, key: str) -> str:
        """Name the route's recipient; returns the key's fingerprint. Raises StorageError: BAD_KEY, READ_ONLY."""
        recipient = recipient_of(key)
        with self._lock:
            self._write({**self._read(), route.id: {"target": route.target, "key": recipient.name}})
        return fingerprint(recipient)

    def forget(self, route_id: str) -> None:
        """The route has no named recipient any more. Raises StorageError."""
        with self._lock:
            self._write({name: entry for name, entry in self._read().items() if name != route_id})

    def of(self, route_id: str, target: str) -> Recipient:
        """Raises AppError(ALERT_NO_KEY) where nobody was named at this address."""
        try:
            entry = self._read().get(route_id, {})
            if not target or entry.get("target") != target:
                raise AppError(AppCode.ALERT_NO_KEY, target=target)
            return recipient_of(entry.get("key", ""))
        except StorageError as error:
            raise AppError(AppCode.ALERT_NO_KEY, target=target) from error

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            found = tomllib.loads(self._path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise StorageError(StorageCode.BAD_KEY, path=str(self._path)) from error
        return {name: entry for name, entry in found.items() if isinstance(entry, dict)}

    def _write(self, entries: dict[str, dict[str, str]]) -> None:
        replace(self._path, tomli_w.dumps(entries).encode(), mode=0o600)


class AlertStills:
    """What `delivery.OutboxPlan.stills` wants. `load` reads an incident with the bytes of its stills."""

    def __init__(
        self, recipients: AlertRecipients, load: Load, registry: Callable[[], Registry], apply: Apply, actor: Actor
    ) -> None:
        self._recipients, self._load, self._registry = recipients, load, registry
        self._apply, self._actor = apply, actor

    def __call__(self, message: OutboxMessage) -> tuple[Attachment, ...]:
        """The newest stills, sealed. None of an incident that only named persons may know of, nor when nobody was
        named at the address. Raises AppError: ALERT_NO_KEY, ALERT_NO_STILLS."""
        recipient = self._recipients.of(message.route_id, message.target)
        try:
            return self._sealed(message, recipient)
        except WatchfloorError as error:
            raise AppError(AppCode.ALERT_NO_STILLS, target=message.target, reason=error.code.value) from error

    def _sealed(self, message: OutboxMessage, recipient: Recipient) -> tuple[Attachment, ...]:
        file, stills = self._load(message.incident_id)
        if file.incident.restricted:
            log.warning("alert %s goes without pictures: the incident is restricted", message.id)
            return ()
        shown = list(self._shown(file, stills))
        if not shown:
            return ()
        detail = f"{len(shown)} stills, sealed for {fingerprint(recipient)}, to {message.target}"
        reason = f"alert {message.id}"
        access = RecordAccess(AccessKind.EXPORT, reason, incident_id=file.incident.id, detail=detail)
        self._apply(access, self._actor)
        name = slug(file.incident.number)
        return tuple(
            Attachment(f"{name}-{number}.jpg{SUFFIX}", _seal(recipient, jpeg)) for number, jpeg in enumerate(shown, 1)
        )

    def _shown(self, file: IncidentFile, stills: dict[str, bytes]) -> Iterator[bytes]:
        """Of our own cameras, the newest first, masked, as many as fit. A picture that cannot be masked stays here."""
        registry, room = self._registry(), MOST_BYTES
        files: tuple[Evidence | Exhibit, ...] = (*file.evidence, *file.exhibits)
        pictures = [(one.from_utc_s or 0.0, one.id, one.camera_id) for one in files]
        known = {camera.id for camera in registry.cameras}
        own = [(at, one_id, camera) for at, one_id, camera in pictures if one_id in stills and camera in known]
        for _at, one_id, camera_id in sorted(own, reverse=True)[:MOST]:
            try:
                jpeg = masked_still(stills[one_id], masks_of(registry, camera_id))
            except OSError as error:
                log.warning("still %s does not leave: %s", one_id, type(error).__name__)
                continue
            room -= len(jpeg)
            if room < 0:
                return
            yield jpeg


def fingerprint(recipient: Recipient) -> str:
    """How a key is called in the journal."""
    return hashlib.sha256(recipient.name.encode()).hexdigest()[:_SIGNS]


def _seal(recipient: Recipient, jpeg: bytes) -> bytes:
    sealed = io.BytesIO()
    recipient.seal(io.BytesIO(jpeg), sealed)
    return sealed.getvalue()
