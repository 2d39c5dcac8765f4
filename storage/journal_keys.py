"""Keys of journals that are encrypted as a whole: 256 random bits each, in a 0600 file beside the site's other keys.

A file of its own, not derived from the key of the cameras' logins: these logins lie inside the journal, so that one
secret must not open both; this file can be kept on another medium, and a new key costs no login. All keys that were
ever used stay in it, since older backups need them. An encrypted file says in its first bytes which key it needs.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from storage.durable import replace, typed_errors
from storage.errors import StorageCode, StorageError
from storage.footage_lock import FolderLock

log = logging.getLogger(__name__)

MARK = b"WFC1"
"""What an encrypted journal begins with."""
MARKED_BYTES = 16
"""Length of mark, key id and random rest: together the salt of SQLCipher, which is the only thing in the clear."""
_KEY_BYTES = 32
_ID_BYTES = 6
_PRIVATE = 0o600
_PURPOSE = b"watchfloor journal key\0"


@dataclass(frozen=True, slots=True)
class JournalKey:
    """One key; its repr shows nothing."""

    secret: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """Names the key without telling anything of it (hexadecimal)."""
        return hashlib.sha256(_PURPOSE + self.secret).digest()[:_ID_BYTES].hex()

    def new_salt(self) -> bytes:
        """The first bytes of a new file. The salt makes the pages of one file worthless in another, nothing else."""
        return MARK + bytes.fromhex(self.id) + secrets.token_bytes(MARKED_BYTES - len(MARK) - _ID_BYTES)

    @classmethod
    def generate(cls) -> JournalKey:
        """A new one."""
        return cls(secrets.token_bytes(_KEY_BYTES))


def needed_key(begin: bytes) -> str | None:
    """Id of the key that a file with these first bytes needs, None for one that is not encrypted by us."""
    if len(begin) < MARKED_BYTES or not begin.startswith(MARK):
        return None
    return begin[len(MARK) : len(MARK) + _ID_BYTES].hex()


class JournalKeys:
    """The key file of one home, read anew whenever it is asked: another process may have changed it. Raises BAD_KEY,
    READ_ONLY, DISK_FULL; whatever changes it IN_USE while another process does so: a key that is overwritten by one who
    had read the file before takes a journal with it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def active(self) -> JournalKey | None:
        """The key of new files; None: they are not encrypted."""
        active, keys = self._read()
        return None if active is None else keys[active]

    def find(self, key_id: str) -> JournalKey | None:
        """A key by its id."""
        return self._read()[1].get(key_id)

    def ids(self) -> list[str]:
        """Of all keys."""
        return sorted(self._read()[1])

    def add(self, *more: JournalKey) -> None:
        """Keep them; which one is active does not change."""
        with self._alone():
            active, keys = self._read()
            self._write(active, keys | {key.id: key for key in more})

    def activate(self, key_id: str | None) -> None:
        """Encrypt new files with this key, or, with None, no more."""
        with self._alone():
            _active, keys = self._read()
            if key_id is not None and key_id not in keys:
                raise StorageError(StorageCode.KEY_MISSING, path=str(self.path), key_id=key_id)
            if key_id is not None or keys:
                self._write(key_id, keys)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            lock = FolderLock(self.path.parent, f".{self.path.name}.lock")
        except StorageError as error:
            if error.code is not StorageCode.FOLDER_TAKEN:
                raise
            raise StorageError(StorageCode.IN_USE, path=str(self.path)) from error
        try:
            yield
        finally:
            lock.release()

    def _read(self) -> tuple[str | None, dict[str, JournalKey]]:
        with typed_errors(self.path):
            if not self.path.exists():
                return None, {}
            if self.path.stat().st_mode & 0o077:
                log.warning("key file %s was readable by others; now it is not", self.path)
                self.path.chmod(_PRIVATE)
            text = self.path.read_bytes()
        try:
            found = json.loads(text)
            keys = [JournalKey(bytes.fromhex(secret)) for secret in found["keys"].values()]
            active = found["active"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StorageError(StorageCode.BAD_KEY, path=str(self.path)) from error
        by_id = {key.id: key for key in keys if len(key.secret) == _KEY_BYTES}
        if set(by_id) != set(found["keys"]) or (active is not None and active not in by_id):
            raise StorageError(StorageCode.BAD_KEY, path=str(self.path))
        return active, by_id

    def _write(self, active: str | None, keys: dict[str, JournalKey]) -> None:
        found = {"active": active, "keys": {key_id: key.secret.hex() for key_id, key in keys.items()}}
        replace(self.path, (json.dumps(found, indent=1) + "\n").encode(), _PRIVATE)
