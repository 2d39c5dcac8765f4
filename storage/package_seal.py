"""Files that only one recipient can open: the age format (age-encryption.org/v1), by `pyrage`.

X25519, HKDF-SHA-256 and ChaCha20-Poly1305 in chunks of 64 KiB; any age program opens them, so that an authority needs
nothing of ours. A recipient is a public key: an `age1...` line, or a line of an SSH public key (ed25519, rsa).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import pyrage

from storage.durable import typed_errors
from storage.errors import StorageCode, StorageError

SCHEME = "age-encryption.org/v1"
SUFFIX = ".age"
_MOST_KEY_BYTES = 20_000


class ByteSink(Protocol):
    """Takes bytes in order."""

    def write(self, data: bytes) -> int:
        """All of them."""

    def flush(self) -> None:
        """Nothing is held back."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a file is sealed for; `name` is the public key as it was given."""

    name: str
    key: Any

    def seal(self, source: BinaryIO, sink: ByteSink) -> None:
        """Encrypt a stream. What `sink` raises comes back as StorageError(BAD_KEY): a sink keeps its own error."""
        try:
            pyrage.encrypt_io(source, sink, [self.key])
        except pyrage.EncryptError as error:
            raise StorageError(StorageCode.BAD_KEY, reason="not sealed") from error


def recipient_of(text: str) -> Recipient:
    """The first key of a text; lines that begin with # are comments. Raises StorageError(BAD_KEY)."""
    lines = (line.strip() for line in text.splitlines())
    line = next((line for line in lines if line and not line.startswith("#")), "")
    kind = pyrage.ssh.Recipient if line.startswith("ssh-") else pyrage.x25519.Recipient
    try:
        return Recipient(line, kind.from_str(line))
    except pyrage.RecipientError as error:
        raise StorageError(StorageCode.BAD_KEY, reason="no public key of a recipient") from error


def load_recipient(path: Path) -> Recipient:
    """The key of a file. Raises StorageError: NOT_FOUND, BAD_KEY, READ_ONLY."""
    try:
        with typed_errors(path), path.open("rb") as file:
            return recipient_of(file.read(_MOST_KEY_BYTES).decode("utf-8", "replace"))
    except (FileNotFoundError, IsADirectoryError) as error:
        raise StorageError(StorageCode.NOT_FOUND, path=str(path)) from error
    except StorageError as error:
        raise StorageError(error.code, **(error.details | {"path": str(path)})) from error
