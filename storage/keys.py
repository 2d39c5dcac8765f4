"""The site's Ed25519 key (RFC 8032) that signs checkpoints. Its file is 0600 and never in the journal's folder.

Owns the key file; knows nothing of the journal, which registers the public half by itself.
"""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from storage.durable import typed_errors, write_new
from storage.errors import StorageCode, StorageError

log = logging.getLogger(__name__)
_PRIVATE = 0o600


def key_id(public_key: str) -> str:
    """SHA-256 of a public key (both hexadecimal)."""
    return hashlib.sha256(bytes.fromhex(public_key)).hexdigest()


def fingerprint(identifier: str) -> str:
    """A key id in groups of four, to be read aloud and compared with print."""
    return " ".join(identifier[i : i + 4] for i in range(0, len(identifier), 4)).upper()


def signature_holds(public_key: str, signature: str, message: bytes) -> bool:
    """Whether `signature` (hexadecimal) was made over `message` by the owner of `public_key`."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


class SigningKey:
    """A private key; `path` is None for one that lives in memory only (tests, demo)."""

    def __init__(self, private: Ed25519PrivateKey, path: Path | None = None) -> None:
        self._private = private
        self.path = path
        self.public_key = private.public_key().public_bytes_raw().hex()
        self.id = key_id(self.public_key)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public key in groups of four."""
        return fingerprint(self.id)

    def sign(self, message: bytes) -> str:
        """Signature, hexadecimal."""
        return self._private.sign(message).hex()

    @classmethod
    def generate(cls) -> SigningKey:
        """A key in memory."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, path: Path) -> SigningKey:
        """Read a key file. Raises NOT_FOUND, BAD_KEY; tightens rights that are too wide."""
        try:
            text = path.read_bytes()
            if path.stat().st_mode & 0o077:
                log.warning("key file %s was readable by others; now it is not", path)
                path.chmod(_PRIVATE)
            private = serialization.load_pem_private_key(text, None)
        except FileNotFoundError as error:
            raise StorageError(StorageCode.NOT_FOUND, path=str(path)) from error
        except (ValueError, TypeError, PermissionError) as error:
            raise StorageError(StorageCode.BAD_KEY, path=str(path)) from error
        if not isinstance(private, Ed25519PrivateKey):
            raise StorageError(StorageCode.BAD_KEY, path=str(path))
        return cls(private, path)

    @classmethod
    def load_or_create(cls, path: Path) -> SigningKey:
        """Read a key file, made at first start; two processes at once end with the same key."""
        with typed_errors(path):
            if path.exists():
                return cls.load(path)
        pem = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_new(path, pem, _PRIVATE)
        return cls.load(path)
