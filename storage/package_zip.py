"""The container of an evidence package: a ZIP that only stores (APPNOTE.TXT 6.3), written as a stream, whole or absent.

Its form is fixed down to the byte (no times, no attributes, ZIP64 where sizes ask for it), so that the same files give
the same bytes and `app.package_verifier`, which is written apart from this on purpose, can make every header again.
Nothing is held in memory; the finished file is synced, read again by a `check` of the caller, then gets its name.
Blocking: a task thread's.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from storage.durable import make_folder, sync_folder, typed_errors
from storage.errors import StorageCode, StorageError
from storage.keys import SigningKey
from storage.package_seal import SUFFIX, Recipient
from storage.records import new_id

MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
LARGE = 0xFFFFFFFF
MARGIN_BYTES = 64 << 20
"""What stays free on the disk beside a package."""
_SEAL_SHARE = 1 / 4096 + 1e-6
_SEAL_BYTES = 4096
_MOST_ENTRIES = 0xFFFF
_CHUNK = 1 << 20

Told = Callable[[int], None]
"""Called with bytes that were written since the last call; whoever wants to cancel raises from it."""


@dataclass(frozen=True, slots=True)
class Item:
    """A file to be packed; `sealed` only where there is a recipient."""

    name: str
    content: Path | bytes
    sealed: bool = False

    @property
    def size(self) -> int:
        """Bytes as they are. Raises OSError."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.stat().st_size


@dataclass(frozen=True, slots=True)
class Stored:
    """A file as it lies in the package. `plain_sha256` and `plain_bytes` are those before sealing."""

    name: str
    bytes: int
    sha256: str
    plain_sha256: str
    plain_bytes: int


@dataclass(frozen=True, slots=True)
class Written:
    """A finished package."""

    path: Path
    bytes: int
    sha256: str
    manifest_sha256: str
    files: tuple[Stored, ...]


def package_bytes(items: Iterable[Item]) -> int:
    """How large the container will be, at most."""
    return sum(_at_most(item) + 300 + 2 * len(item.name) for item in items) + 64_000


def need_space(folder: Path, wanted: int, free: Callable[[Path], int] | None = None) -> None:
    """Raises StorageError(DISK_FULL) with `needed` and `free` in bytes when the folder's disk has not so much."""
    there = (free or _free)(make_folder(folder))
    if there < wanted + MARGIN_BYTES:
        raise StorageError(StorageCode.DISK_FULL, path=str(folder), needed=wanted + MARGIN_BYTES, free=there)


def write_package(
    target: Path,
    items: Sequence[Item],
    manifest: Callable[[Sequence[Stored]], bytes],
    key: SigningKey,
    check: Callable[[Path], str],
    *,
    recipient: Recipient | None = None,
    told: Told | None = None,
) -> Written:
    """Write `items` in their order, then the manifest made of them and its signature.

    `check` reads the finished file under its temporary name and returns its SHA-256, or raises when it is not what it
    should be; then, and after every other failure, nothing is left. An older package of that name is replaced only by a
    whole one.
    Raises StorageError: DISK_FULL, READ_ONLY, BAD_VALUE (a name twice), BAD_KEY (sealing)."""
    names = [item.name for item in items]
    if len({name.lower() for name in names}) != len(names) or not {MANIFEST, SIGNATURE}.isdisjoint(names):
        raise StorageError(StorageCode.BAD_VALUE, field="name")
    need_space(target.parent, package_bytes(items))
    temporary = target.with_name(f".{target.name}.{new_id()}.part")
    try:
        with typed_errors(target):
            size, manifest_sha256, files = _write(temporary, items, manifest, key, recipient, told or _unheard)
            sha256 = check(temporary)
            temporary.replace(target)
            sync_folder(target.parent)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return Written(target, size, sha256, manifest_sha256, files)


def signature_text(key: SigningKey, manifest: bytes) -> bytes:
    """`manifest.sig`: public key and Ed25519 signature over the exact bytes of the manifest."""
    lines = ("watchfloor-package-signature-1", f"public_key {key.public_key}", f"signature {key.sign(manifest)}", "")
    return "\n".join(lines).encode()


def _write(
    path: Path,
    items: Sequence[Item],
    manifest: Callable[[Sequence[Stored]], bytes],
    key: SigningKey,
    recipient: Recipient | None,
    told: Told,
) -> tuple[int, str, tuple[Stored, ...]]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(handle, "w+b") as file:
        container = _Container(file, told)
        files = tuple(container.add(item, recipient) for item in items)
        content = manifest(files)
        container.add(Item(MANIFEST, content), None)
        container.add(Item(SIGNATURE, signature_text(key, content)), None)
        container.end()
        file.flush()
        os.fsync(file.fileno())
        forget_cached(file.fileno())
        size = file.seek(0, os.SEEK_END)
    return size, hashlib.sha256(content).hexdigest(), files


class _Container:
    """The ZIP while it is written."""

    def __init__(self, file: BinaryIO, told: Told) -> None:
        self._file, self._told = file, told
        self._records: list[bytes] = []

    def add(self, item: Item, recipient: Recipient | None) -> Stored:
        """One file; its header is written again when size and checksum are known."""
        sealed = item.sealed and recipient is not None
        name = item.name + SUFFIX if sealed else item.name
        offset, large = self._file.tell(), _at_most(item) >= LARGE
        self._file.write(_local(name, 0, 0, large))
        sink = _Sink(self._file, self._told)
        plain_sha256, plain_bytes = _pour(item, sink, recipient if sealed else None)
        end = self._file.tell()
        self._file.seek(offset)
        self._file.write(_local(name, sink.size, sink.crc, large))
        self._file.seek(end)
        self._records.append(_central(name, sink.size, sink.crc, offset))
        sha256 = sink.hash.hexdigest()
        return Stored(name, sink.size, sha256, plain_sha256 or sha256, plain_bytes)

    def end(self) -> None:
        """The directory (4.3.12) and its ends (4.3.14 to 4.3.16)."""
        offset, records = self._file.tell(), b"".join(self._records)
        count, size = len(self._records), len(records)
        self._file.write(records)
        if count >= _MOST_ENTRIES or max(offset, size) >= LARGE:
            self._file.write(struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, offset))
            self._file.write(struct.pack("<4sIQI", b"PK\6\7", 0, offset + size, 1))
        few, less, near = min(count, _MOST_ENTRIES), min(size, LARGE), min(offset, LARGE)
        self._file.write(struct.pack("<4s4HIIH", b"PK\5\6", 0, 0, few, few, less, near, 0))


class _Sink:
    """Counts and hashes what goes into the container; keeps the error of its disk, which sealing would hide."""

    def __init__(self, file: BinaryIO, told: Told) -> None:
        self.size = self.crc = 0
        self.hash = hashlib.sha256()
        self.error: BaseException | None = None
        self._file, self._told = file, told

    def write(self, data: bytes) -> int:
        """Pass on."""
        try:
            self._file.write(data)
            self._told(len(data))
        except BaseException as error:
            self.error = error
            raise
        self.hash.update(data)
        self.crc = zlib.crc32(data, self.crc)
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing to do: the container is synced as a whole."""


class _Tapped:
    """A source that is hashed while something else reads it."""

    def __init__(self, source: BinaryIO) -> None:
        self.size, self.hash = 0, hashlib.sha256()
        self._source = source

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self.hash.update(data)
        self.size += len(data)
        return data


def _pour(item: Item, sink: _Sink, recipient: Recipient | None) -> tuple[str, int]:
    """SHA-256 (empty: that of the sink) and size of what the item was before sealing."""
    with io.BytesIO(item.content) if isinstance(item.content, bytes) else item.content.open("rb") as source:
        if recipient is not None:
            tapped = _Tapped(source)
            try:
                recipient.seal(tapped, sink)  # type: ignore[arg-type]  # age only reads
            except StorageError:
                if sink.error is not None:
                    raise sink.error from None
                raise
            return tapped.hash.hexdigest(), tapped.size
        while data := source.read(_CHUNK):
            sink.write(data)
    return "", sink.size


def _at_most(item: Item) -> int:
    return item.size + (int(item.size * _SEAL_SHARE) + _SEAL_BYTES if item.sealed else 0)


def _local(name: str, size: int, crc: int, large: bool) -> bytes:
    """4.3.7; sizes in a ZIP64 field (4.5.3) where the file may be that large."""
    extra = struct.pack("<HHQQ", 1, 16, size, size) if large else b""
    shown, version = (LARGE, 45) if large else (size, 20)
    head = struct.pack("<4s5H3I2H", b"PK\3\4", version, 0, 0, 0, 33, crc, shown, shown, len(name), len(extra))
    return head + name.encode("ascii") + extra


def _central(name: str, size: int, crc: int, offset: int) -> bytes:
    large = max(size, offset) >= LARGE
    extra = struct.pack("<HHQQQ", 1, 24, size, size, offset) if large else b""
    shown, at, version = (LARGE, LARGE, 45) if large else (size, offset, 20)
    lengths = (len(name), len(extra), 0, 0, 0)
    head = struct.pack("<4s6H3I", b"PK\1\2", version, version, 0, 0, 0, 33, crc, shown, shown)
    return head + struct.pack("<5H2I", *lengths, 0, at) + name.encode("ascii") + extra


def forget_cached(handle: int) -> None:
    """Ask the system to read this file from the disk next time, not from memory (where it can: Linux)."""
    if hasattr(os, "posix_fadvise"):
        with suppress(OSError):
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def _unheard(_count: int) -> None:
    """Nobody wants to know."""
