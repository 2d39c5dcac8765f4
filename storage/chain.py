"""Canonical form, salted digests and the hash chain. Pure functions; knows no database.

A fact's digest is SHA-256 over a random salt and its canonical JSON; the audit entry lists digests only, and
`hash = SHA-256(previous_hash + canonical entry)`. Without payload and salt a digest says nothing about a person, so
that both can be erased by law while the chain still verifies. The canonical form is like RFC 8785 (sorted keys, no
spaces, UTF-8) with Python's shortest float form, and leaves out nulls: a column added later changes no old digest.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from storage.errors import StorageCode, StorageError
from storage.statements import Value

Digested = tuple[str, str, int, str]
"""Table, row id, version, digest."""

GENESIS = "0" * 64
SALT_BYTES = 16

_encoder = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _made_once() -> Callable[[object], str]:
    """The encoder's own inner part, made once: `encode` makes it anew for every row, a fifth of what a row costs."""
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    if make is None:  # another Python than CPython
        return _encoder.encode
    chunks = make(None, _encoder.default, json.encoder.encode_basestring, None, ":", ",", True, False, False)
    join: Callable[[Any], str] = "".join
    return lambda values: join(chunks(values, 0))


_encode = _made_once()
quote: Callable[[str], str] = json.encoder.encode_basestring
"""A text as canonical JSON. Raises TypeError for anything else."""


def canonical(values: object) -> str:
    """Canonical JSON. Raises BAD_VALUE for what has none (NaN, infinity, bytes)."""
    try:
        return _encode(values)
    except (ValueError, TypeError) as error:
        raise StorageError(StorageCode.BAD_VALUE, reason="not representable") from error


def quick(values: object) -> bytes:
    """`canonical` in a quarter of its time for values whose keys are in order; to compare with what was sealed, not to
    seal. Never the canonical form of other values, but not always that of these: orjson writes floats with exponents in
    its own way. Empty when it cannot tell: bytes have no form, and infinity would be null."""
    try:
        text = orjson.dumps(values)
    except TypeError:
        return b""
    return b"" if b"null" in text else text


def quickly_gives(prefix: bytes, values: object, digest: object) -> bool:
    """Whether the quick form shows that the canonical one gives this digest; False leaves it open."""
    text = quick(values)
    return text != b"" and hashlib.sha256(prefix + text).hexdigest() == digest


def payload(row: Mapping[str, Value]) -> str:
    """Canonical JSON of a row without its nulls."""
    return canonical({k: v for k, v in row.items() if v is not None} if None in row.values() else row)


def new_salt() -> bytes:
    """A fresh salt."""
    return secrets.token_bytes(SALT_BYTES)


def digest(salt: bytes, text: str) -> str:
    """Salted digest of a payload, hexadecimal. Raises BAD_VALUE for text that is not Unicode (lone surrogates)."""
    try:
        return hashlib.sha256(salt + text.encode()).hexdigest()
    except UnicodeEncodeError as error:
        raise StorageError(StorageCode.BAD_VALUE, reason="not Unicode text") from error


def digest_list(entries: Sequence[Digested]) -> str:
    """Canonical list of (table, row id, version, digest); only the id can need escapes."""
    return "[" + ",".join(f'["{t}",{quote(i)},{v},"{d}"]' for t, i, v, d in entries) + "]"


def entry_hash(entry: Mapping[str, Value]) -> str:
    """Hash of an audit row; every column but `hash` itself is covered."""
    return hash_after(entry["previous_hash"], {k: v for k, v in entry.items() if k not in ("hash", "previous_hash")})


def hash_after(previous_hash: Value, body: Mapping[str, Value]) -> str:
    """Hash of an audit row by the hash before it and its other columns."""
    return hashlib.sha256((str(previous_hash) + canonical(body)).encode()).hexdigest()
