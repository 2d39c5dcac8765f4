"""Passwords by argon2id (RFC 9106, 4: the second recommended choice), as PHC text. Any thread but the GUI's: one look
takes about a tenth of a second and 64 MiB. Passwords are never logged and never part of an error."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from storage.errors import StorageCode, StorageError

LEAST_LETTERS = 8
MOST_LETTERS = 1024
"""So that nobody keeps the machine busy by a password of gigabytes."""

_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4, hash_len=32, salt_len=16, type=Type.ID)


def sealed(password: str) -> str:
    """The PHC text to store. Raises BAD_VALUE when too short; there are no other rules (NIST SP 800-63B, 5.1.1)."""
    if not LEAST_LETTERS <= len(password) <= MOST_LETTERS:
        raise StorageError(StorageCode.BAD_VALUE, field="password", reason="at least 8 letters")
    return _HASHER.hash(_bytes(password))


def fits(phc: str | None, password: str) -> bool:
    """Whether the password is the stored one. Without one (an unknown name) it takes as long, and the answer is no."""
    if len(password) > MOST_LETTERS:
        return False
    try:
        _HASHER.verify(phc or _nobodys(), _bytes(password))
    except (VerificationError, InvalidHashError):
        return False
    return phc is not None


def is_outdated(phc: str) -> bool:
    """Whether it was made with other parameters than those of today."""
    try:
        return _HASHER.check_needs_rehash(phc)
    except InvalidHashError:
        return True


@cache
def _nobodys() -> str:
    return _HASHER.hash(b"nobody has this password")


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
