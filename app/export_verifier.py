"""Whether an export is as it was signed: `export.sig` over `export.json`, and every file against its SHA-256 there.

Blocking; reads the whole folder. Needs nothing of the site but, for exports that do not carry it, its public key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from app.errors import AppCode, AppError
from app.export_papers import FORMAT
from storage.footage_files import hash_file
from storage.keys import fingerprint, key_id, signature_holds

PAPER, SIGNATURE = "export.json", "export.sig"
_MOST_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class ExportVerdict:
    """What was found; `problems` is empty for an export that is as it was signed. `complete`: the export said of itself
    that nothing of what was asked for is missing. `another`: it does not carry its public key, and names another
    signer than the one whose key is here; nothing else is known of it then."""

    problems: tuple[str, ...]
    key_id: str
    files: int
    complete: bool
    another: bool = False

    @property
    def fingerprint(self) -> str:
        """Of who signed it; empty where the signature does not hold."""
        return fingerprint(self.key_id)


def verify_export(folder: Path, own_public_key: str = "") -> ExportVerdict:
    """Read it all. `own_public_key` is for exports that do not say theirs. Raises AppError(NOT_AN_EXPORT)."""
    try:
        paper = _small(folder / PAPER)
        signature = _small(folder / SIGNATURE).decode("ascii", "replace").strip()
    except OSError as error:
        raise AppError(AppCode.NOT_AN_EXPORT, path=str(folder)) from error
    try:
        tree: Mapping[str, Any] = json.loads(paper)
        listed = {str(file["path"]): (int(file["bytes"]), str(file["sha256"])) for file in _listed(tree)}
        carried = str(tree["signing_key"].get("public_key") or "")
        signer = str(tree["signing_key"].get("fingerprint") or "")
        known, complete = str(tree["format"]), bool(tree["complete"])
    except (ValueError, OverflowError, KeyError, TypeError, AttributeError, RecursionError):
        return ExportVerdict((f"{PAPER} has not the form of an export's",), "", 0, False)
    public_key = carried or own_public_key
    if signer and not carried and (not public_key or signer != fingerprint(key_id(public_key))):
        return ExportVerdict((), "", len(listed), complete, another=True)
    if not public_key or not signature_holds(public_key, signature, paper):
        return ExportVerdict((f"{SIGNATURE} does not belong to {PAPER}: one of them was altered",), "", 0, False)
    problems = [] if known == FORMAT else [f"the format {known!r} is not known to this program"]
    problems += [found for name, facts in listed.items() for found in _problems(folder, name, facts)]
    problems += _strangers(folder, frozenset(listed))
    return ExportVerdict(tuple(problems), key_id(public_key), len(listed), complete)


def _small(path: Path) -> bytes:
    """A paper, which is never large. Raises OSError."""
    if not path.is_file() or path.stat().st_size > _MOST_BYTES:
        raise OSError("no file, or too large")
    return path.read_bytes()


def _listed(tree: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*tree["files"], tree["readme"]]


def _problems(folder: Path, name: str, facts: tuple[int, str]) -> list[str]:
    parts = PurePosixPath(name).parts
    if not parts or ".." in parts or PurePosixPath(name).is_absolute() or "\\" in name or ":" in name:
        return [f"{name!r} is no name of a file of an export"]
    path = folder.joinpath(*parts)
    try:
        if path.is_symlink() or not path.is_file():
            return [f"{_shown(name)} is missing"]
        size, sha256 = path.stat().st_size, hash_file(path)
    except (OSError, ValueError) as error:
        return [f"{_shown(name)} cannot be read: {getattr(error, 'strerror', error)}"]
    return [] if (size, sha256) == facts else [f"{_shown(name)} was altered"]


def _strangers(folder: Path, listed: frozenset[str]) -> list[str]:
    """Also a link to a folder elsewhere, whatever lies there."""
    found = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    there = {path.relative_to(folder).as_posix() for path in found}
    return [f"{_shown(name)} does not belong to the export" for name in sorted(there - listed - {PAPER, SIGNATURE})]


def _shown(name: str) -> str:
    """No name of a file acts on the terminal that reads it."""
    return name if name.isprintable() else ascii(name)
