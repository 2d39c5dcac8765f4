#!/usr/bin/env python3
"""Checks a Watchfloor evidence package. Needs Python 3.8 or newer and nothing else.

    python3 verify.py PACKAGE.zip [--fingerprint FINGERPRINT]

Exit codes: 0 intact and signed by the key with that fingerprint; 1 altered (what was found is listed); 2 cannot be
read; 3 intact, but nobody said whose key it is. The fingerprint comes from another way than the package: the daily
report, a call, the site's key register. Take this program from a source that you trust as well: the copy inside a
package proves nothing about a package whose maker wants to deceive you.

What is checked: the container byte for byte (a ZIP that only stores, in exactly the form that Watchfloor writes:
nothing before, between or behind its files, so that no other reader can see other files); the Ed25519 signature
(RFC 8032) over `manifest.json`; size and SHA-256 of every file; that none is missing, added, renamed or there twice.
"""

from __future__ import annotations

import argparse
import binascii
import hashlib
import json
import os
import re
import struct
import sys
from typing import Any, BinaryIO, Callable, Iterator, NamedTuple  # noqa: UP035 - runs on Python 3.8

MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
FORMAT = "watchfloor.package/1"
INTACT, ALTERED, UNREADABLE, UNKNOWN_SIGNER = 0, 1, 2, 3
LARGE = 0xFFFFFFFF
_MOST_ENTRIES = 0xFFFF
_MOST_NAME = 200
_MOST_KEPT = 64 << 20
_CHUNK = 1 << 20
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_SIGNATURE_FORM = re.compile(
    rb"watchfloor-package-signature-1\npublic_key ([0-9a-f]{64})\nsignature ([0-9a-f]{128})\n\Z"
)


class Entry(NamedTuple):
    """One stored file as it lies in the container."""

    name: str
    size: int
    crc: int
    sha256: str
    offset: int


class Verdict(NamedTuple):
    """`code` is the exit code; `problems` name what was found; `fingerprint` is the signer's, empty when unknown;
    `sha256` is of the whole package, empty when it was not read to its end."""

    code: int
    problems: list[str]
    fingerprint: str
    files: int
    manifest_sha256: str
    sha256: str = ""


class BadContainer(Exception):
    """The file is not a package in the form that Watchfloor writes."""


class _Hashed:
    """A file that is hashed while it is read from front to end."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.hash = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self.file.read(size)
        self.hash.update(data)
        return data

    def tell(self) -> int:
        return self.file.tell()


class NotAPackageError(Exception):
    """The file is something else."""


# --- Ed25519, RFC 8032, 5.1 --------------------------------------------------------------------------------------

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)


def signature_holds(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether `signature` (64 bytes) was made over `message` by the owner of `public_key` (32 bytes)."""
    if len(public_key) != 32 or len(signature) != 64:
        return False
    key, nonce = _point(public_key), _point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if key is None or nonce is None or s >= _L:
        return False
    digest = hashlib.sha512(signature[:32] + public_key + message).digest()
    k = int.from_bytes(digest, "little") % _L
    return _same(_times(s, _BASE), _plus(nonce, _times(k, key)))


def _recover_x(y: int, sign: int) -> int | None:
    """RFC 8032, 5.1.3."""
    if y >= _P:
        return None
    x2 = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    if x2 == 0:
        return None if sign else 0
    x = pow(x2, (_P + 3) // 8, _P)
    if (x * x - x2) % _P:
        x = x * _ROOT % _P
    if (x * x - x2) % _P:
        return None
    return _P - x if (x & 1) != sign else x


def _point(data: bytes) -> tuple[int, int, int, int] | None:
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    x = _recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % _P)


def _plus(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """Extended coordinates, RFC 8032, 5.1.4."""
    m, n = (a[1] - a[0]) * (b[1] - b[0]) % _P, (a[1] + a[0]) * (b[1] + b[0]) % _P
    c, d = 2 * a[3] * b[3] * _D % _P, 2 * a[2] * b[2] % _P
    e, f, g, h = n - m, d - c, d + c, n + m
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(factor: int, point: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    result = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            result = _plus(result, point)
        point = _plus(point, point)
        factor >>= 1
    return result


def _same(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> bool:
    return (a[0] * b[2] - b[0] * a[2]) % _P == 0 and (a[1] * b[2] - b[1] * a[2]) % _P == 0


_BASE_Y = 4 * pow(5, _P - 2, _P) % _P
_BASE_X = _recover_x(_BASE_Y, 0) or 0
_BASE = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % _P)


# --- the container: APPNOTE.TXT 6.3, stored, canonical -----------------------------------------------------------


def local_header(name: str, size: int, crc: int, large: bool) -> bytes:
    """4.3.7; `large` carries the sizes in a ZIP64 field (4.5.3)."""
    extra = struct.pack("<HHQQ", 1, 16, size, size) if large else b""
    shown = LARGE if large else size
    version = 45 if large else 20
    head = struct.pack("<4s5H3I2H", b"PK\3\4", version, 0, 0, 0, 33, crc, shown, shown, len(name), len(extra))
    return head + name.encode("ascii") + extra


def central_directory(entries: list[Entry], offset: int) -> bytes:
    """4.3.12 for every entry, then 4.3.14 and 4.3.15 where needed, and 4.3.16: all that follows the last file."""
    records = b"".join(_central(entry) for entry in entries)
    count, size = len(entries), len(records)
    end = b""
    if count >= _MOST_ENTRIES or offset >= LARGE or size >= LARGE:
        end = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, offset)
        end += struct.pack("<4sIQI", b"PK\6\7", 0, offset + size, 1)
    few, less, near = min(count, _MOST_ENTRIES), min(size, LARGE), min(offset, LARGE)
    return records + end + struct.pack("<4s4HIIH", b"PK\5\6", 0, 0, few, few, less, near, 0)


def _central(entry: Entry) -> bytes:
    large = entry.size >= LARGE or entry.offset >= LARGE
    extra = struct.pack("<HHQQQ", 1, 24, entry.size, entry.size, entry.offset) if large else b""
    shown, at = (LARGE, LARGE) if large else (entry.size, entry.offset)
    version, name = 45 if large else 20, entry.name.encode("ascii")
    form = "<4s6H3I5H2I"
    numbers = (version, version, 0, 0, 0, 33, entry.crc, shown, shown, len(name), len(extra), 0, 0, 0, 0, at)
    return struct.pack(form, b"PK\1\2", *numbers) + name + extra


def entries_of(file: _Hashed, end: int, keep: dict[str, bytes], read: Callable[[int], None]) -> Iterator[Entry]:
    """Files in their order, each read and hashed; MANIFEST and SIGNATURE are kept. Raises BadContainer.

    Every header is made again from what it says and compared, and so is all that follows the last file."""
    found: list[Entry] = []
    offset = 0
    while True:
        head = file.read(30)
        if head[:4] != b"PK\3\4" or len(head) < 30:
            break
        entry = _stored(file, head, offset, end, keep, read)
        found.append(entry)
        yield entry
        offset = file.tell()
    if not found and not _is_zip(file.file, end):
        raise NotAPackageError
    rest = central_directory(found, offset)
    if offset + len(rest) != end:
        raise BadContainer("there is something else than files in the container, or a part of it is missing")
    if head + file.read() != rest:
        raise BadContainer("the container's directory does not match its files")


def _is_zip(file: BinaryIO, end: int) -> bool:
    """Whether some reader might take it for a ZIP: one with something before it, or with a damaged beginning."""
    file.seek(max(end - 65_557, 0))
    return b"PK\5\6" in file.read()


def _stored(
    file: _Hashed, head: bytes, offset: int, end: int, keep: dict[str, bytes], read: Callable[[int], None]
) -> Entry:
    name, size, crc = _header(file, head, offset)
    if file.tell() + size > end:
        raise BadContainer(f"{name} is cut off")
    wanted = name in (MANIFEST, SIGNATURE) and name not in keep and size <= _MOST_KEPT
    digest, actual, left = hashlib.sha256(), 0, size
    while left:
        data = file.read(min(_CHUNK, left))
        if not data:
            raise BadContainer(f"{name} is cut off")
        left -= len(data)
        digest.update(data)
        actual = binascii.crc32(data, actual)
        if wanted:
            keep[name] = keep.get(name, b"") + data
        read(len(data))
    if actual != crc:
        raise BadContainer(f"{name} was altered (checksum)")
    return Entry(name, size, crc, digest.hexdigest(), offset)


def _header(file: _Hashed, head: bytes, offset: int) -> tuple[str, int, int]:
    """Name, size and checksum of a local header, of which nothing else may say anything."""
    crc, _packed, size, name_length, extra_length = struct.unpack("<IIIHH", head[14:30])
    if name_length > _MOST_NAME or extra_length not in (0, 20):
        raise BadContainer(f"a header at {offset} is not in the form of a package")
    tail = file.read(name_length + extra_length)
    name = tail[:name_length].decode("ascii", "replace")
    if not _SAFE_NAME.fullmatch(name):
        raise BadContainer(f"a file has the unsafe name {name!r}")
    if extra_length and len(tail) == name_length + extra_length:
        size = int(struct.unpack("<Q", tail[name_length + 4 : name_length + 12])[0])
    if head + tail != local_header(name, size, crc, bool(extra_length)):
        raise BadContainer(f"the header of {name} is not in the form of a package")
    return name, size, crc


# --- the package -------------------------------------------------------------------------------------------------


def verify(path: str, fingerprint: str = "", progress: Callable[[int, int], None] | None = None) -> Verdict:
    """Check the package at `path`. `progress` is told (bytes read, bytes in all) and may raise to end it."""
    found: list[Entry] = []
    keep: dict[str, bytes] = {}
    done = 0

    def read(count: int) -> None:
        nonlocal done
        done += count
        if progress is not None:
            progress(done, total)

    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a path may be a plain string of the command line
            total = file.seek(0, os.SEEK_END)
            if not total:
                return Verdict(UNREADABLE, [f"{path} is empty"], "", 0, "")
            file.seek(0)
            hashed = _Hashed(file)
            found.extend(entries_of(hashed, total, keep, read))
            read(total - done)
    except OSError as error:
        return Verdict(UNREADABLE, [f"{path} cannot be read: {error.strerror}"], "", 0, "")
    except NotAPackageError:
        return Verdict(UNREADABLE, [f"{path} is not a package"], "", 0, "")
    except BadContainer as error:
        return Verdict(ALTERED, [str(error)], "", len(found), "")
    return _judged(found, keep, wanted_id(fingerprint))._replace(sha256=hashed.hash.hexdigest())


def wanted_id(fingerprint: str) -> str:
    """A fingerprint as 64 hexadecimal digits, whatever its grouping; empty when none was given. Raises ValueError."""
    wanted = re.sub(r"[\s:.-]", "", fingerprint).lower()
    if wanted and not re.fullmatch("[0-9a-f]{64}", wanted):
        raise ValueError("a fingerprint has 64 hexadecimal digits")
    return wanted


def grouped(key_id: str) -> str:
    """A key id in groups of four, as it is printed and read aloud."""
    return " ".join(key_id[i : i + 4] for i in range(0, len(key_id), 4)).upper()


def _judged(found: list[Entry], keep: dict[str, bytes], wanted: str) -> Verdict:
    manifest = keep.get(MANIFEST, b"")
    sha256 = hashlib.sha256(manifest).hexdigest() if manifest else ""
    signed = _SIGNATURE_FORM.match(keep.get(SIGNATURE, b""))
    if not manifest or signed is None:
        return Verdict(ALTERED, [f"{MANIFEST} or {SIGNATURE} is missing or damaged"], "", len(found), sha256)
    public_key, signature = (bytes.fromhex(part.decode("ascii")) for part in signed.groups())
    key_id = hashlib.sha256(public_key).hexdigest()
    if not signature_holds(public_key, signature, manifest):
        problem = f"the signature does not belong to {MANIFEST}: one of them was altered"
        return Verdict(ALTERED, [problem], grouped(key_id), len(found), sha256)
    problems = _compared(found, manifest, key_id)
    if wanted and wanted != key_id:
        problems.append("it was signed by another key than the one that you named")
    code = ALTERED if problems else INTACT if wanted else UNKNOWN_SIGNER
    return Verdict(code, problems, grouped(key_id), len(found), sha256)


def _compared(found: list[Entry], manifest: bytes, key_id: str) -> list[str]:
    """What the signed list of files and the container have differently."""
    try:
        content: Any = json.loads(manifest.decode("utf-8"))
        known, signer = content["format"], content["signing_key"]["key_id"]
        listed = [(str(item["path"]), int(item["bytes"]), str(item["sha256"])) for item in content["files"]]
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return [f"{MANIFEST} has not the form of a manifest"]
    problems = [] if known == FORMAT else [f"the format {known!r} is not known to this program"]
    if signer != key_id:
        problems.append("the manifest names another key than the one that signed it")
    names = [entry.name for entry in found]
    folded = [name.lower() for name in names]
    problems += [f"{name} is there more than once" for name in sorted(set(names)) if folded.count(name.lower()) > 1]
    wanted = {name: (size, sha256) for name, size, sha256 in listed}
    there = {entry.name: (entry.size, entry.sha256) for entry in found if entry.name not in (MANIFEST, SIGNATURE)}
    problems += [f"{name} is missing" for name in sorted(set(wanted) - set(there))]
    problems += [f"{name} does not belong to the package" for name in sorted(set(there) - set(wanted))]
    problems += [f"{n} was altered" for n in sorted(set(there) & set(wanted)) if there[n] != wanted[n]]
    if not problems and names != [item[0] for item in listed] + [MANIFEST, SIGNATURE]:
        problems.append("the files are not in the order of the manifest")
    return problems


def main(arguments: list[str] | None = None) -> int:
    """Print what was found; the exit code."""
    parser = argparse.ArgumentParser(description="Check a Watchfloor evidence package.")
    parser.add_argument("package")
    parser.add_argument("--fingerprint", default="", help="the signer's, from another way than the package")
    options = parser.parse_args(arguments)
    try:
        verdict = verify(options.package, options.fingerprint)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return UNREADABLE
    write = sys.stdout.write
    for problem in verdict.problems:
        write(f"ALTERED: {problem}\n" if verdict.code == ALTERED else f"{problem}\n")
    if verdict.fingerprint:
        write(f"signed by {verdict.fingerprint}\n")
    if verdict.code in (INTACT, UNKNOWN_SIGNER):
        write(f"{verdict.files} files, all as they were signed\npackage SHA-256 {verdict.sha256}\n")
    words = {
        INTACT: "INTACT, signer known",
        ALTERED: "NOT INTACT: do not rely on it",
        UNREADABLE: "CANNOT BE READ",
        UNKNOWN_SIGNER: "intact, but SIGNER UNKNOWN: give the site's fingerprint with --fingerprint",
    }
    write(words[verdict.code] + "\n")
    return verdict.code


if __name__ == "__main__":
    sys.exit(main())
