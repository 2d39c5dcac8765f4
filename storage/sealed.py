"""Camera credentials as sealed blobs: AES-256-GCM (NIST SP 800-38D), the camera's id as associated data.

A blob copied to another camera's row does not open. The key is a 0600 file in a configuration folder that the caller
names, never in the journal's folder; the journal stores only what `Sealer.seal` returns.
"""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.durable import typed_errors, write_new
from storage.errors import StorageCode, StorageError

_PREFIX = "v1:"
_NONCE_BYTES = 12
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Credential:
    """A camera's login; its repr shows nothing."""

    user: str = field(repr=False)
    password: str = field(repr=False)


class Sealer:
    """Seals and opens credentials with one key file (made at first use)."""

    def __init__(self, key_path: Path) -> None:
        with typed_errors(key_path):
            if not key_path.exists():
                write_new(key_path, secrets.token_bytes(_KEY_BYTES))
            key = key_path.read_bytes()
        if len(key) != _KEY_BYTES:
            raise StorageError(StorageCode.BAD_KEY, path=str(key_path))
        self._cipher = AESGCM(key)

    def seal(self, camera_id: str, credential: Credential) -> str:
        """An opaque text for `PutCredential`."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        clear = json.dumps([credential.user, credential.password]).encode()
        return _PREFIX + base64.b64encode(nonce + self._cipher.encrypt(nonce, clear, camera_id.encode())).decode()

    def open(self, camera_id: str, sealed: str) -> Credential:
        """The credential again. Raises BAD_KEY for another key, another camera or an altered blob."""
        try:
            blob = base64.b64decode(sealed.removeprefix(_PREFIX).encode(), validate=True)
            clear = self._cipher.decrypt(blob[:_NONCE_BYTES], blob[_NONCE_BYTES:], camera_id.encode())
            user, password = json.loads(clear)
        except (InvalidTag, ValueError) as error:
            raise StorageError(StorageCode.BAD_KEY, camera_id=camera_id) from error
        return Credential(user, password)
