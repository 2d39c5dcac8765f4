"""Erases a subject wherever this machine keeps something of it: journal, evidence files, its packages and reports.

The journal decides whether it may be; files go after its commit, and what a crash left behind goes with `sweep`.
What was handed out before is not ours any more. Blocking: not on the GUI thread.
"""

from __future__ import annotations

import json
import logging
import re
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.fetch_leftovers import WISH, works
from storage.embedded_journal import EmbeddedJournal
from storage.errors import StorageCode, StorageError
from storage.evidence import EvidenceStore
from storage.folders import Folders
from storage.journal import Receipt
from storage.records import Actor
from storage.release_commands import EraseSubject

log = logging.getLogger(__name__)

SWEEP_AGE_S = 86_400.0
"""A file is stored before its row is written: a younger one may still get its row."""
WHOLE_BYTES = 256 * 1024 * 1024
"""A journal up to this size is written anew after an erasure, which takes a second or two."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What went besides the rows; `clean`: nothing of it is left in the journal's file and its log."""

    receipt: Receipt
    files: int
    clean: bool


class Eraser:
    """Of one home. Any thread but the GUI's; one erasure at a time."""

    def __init__(self, journal: EmbeddedJournal, store: EvidenceStore, folders: Folders) -> None:
        self._journal, self._store, self._folders = journal, store, folders

    def erase(self, command: EraseSubject, actor: Actor, *, scrub: bool = True) -> Erased:
        """Erase one subject. With `scrub` False the caller calls `scrub` after the last one. Raises as `apply`."""
        evidence = self._journal.files_of(command.subject_id)
        others = self._written_about(command)
        receipt = self._journal.erase(command, actor)
        free = set(evidence) - self._journal.files_in_use(evidence)
        gone = self._remove(self._store.folder / path for path in free) + self._remove(others)
        return Erased(receipt, gone, self.scrub() if scrub else False)

    def scrub(self) -> bool:
        """Take what was erased off the disk; a small journal is written anew for it."""
        path = self._folders.journal
        whole = path.exists() and path.stat().st_size <= WHOLE_BYTES
        try:
            return self._journal.scrub(whole=whole)
        except StorageError as error:
            if not whole or error.code not in (StorageCode.BUSY, StorageCode.DISK_FULL):
                raise
            log.warning("the journal was not written anew: %s", error)
            return self._journal.scrub()

    def sweep(self, now_utc_s: float | None = None) -> int:
        """Remove evidence files that no row names any more; how many."""
        before = (time.time() if now_utc_s is None else now_utc_s) - SWEEP_AGE_S
        folder = self._store.folder
        old = [path for path in folder.glob("*/*") if path.is_file() and path.stat().st_mtime < before]
        names = [path.relative_to(folder).as_posix() for path in old]
        used = self._journal.files_in_use(names)
        return self._remove(path for path, name in zip(old, names, strict=True) if name not in used)

    def _written_about(self, command: EraseSubject) -> list[Path]:
        """Packages and reports about it in folders of ours; a path elsewhere is somebody's copy, and never touched."""
        ours = [self._folders.data, self._folders.reports]
        subjects = self._subjects(command)
        found = [Path(package.path) for subject_id in subjects for package in self._journal.packages(subject_id)]
        for number in filter(None, subjects.values()):
            found += self._folders.reports.glob(f"*{number}[!0-9]*") if self._folders.reports.is_dir() else []
        found += [work for work in self._exports().glob(".work-*") if _names(work / "order.json", subjects)]
        found += [work for work in works(self._folders).glob("*") if _names(work / WISH, subjects)]
        found += [made for made in self._exports().glob("*") if _is_for(made / "export.json", subjects)]
        roots = [root.resolve() for root in ours]
        return [path for path in found if any(path.resolve().is_relative_to(root) for root in roots)]

    def _subjects(self, command: EraseSubject) -> dict[str, str]:
        """Ids of what goes, with their numbers: the subject, and unless by rule what was merged into it."""
        if command.subject == "incidents":
            ids = self._journal.merged_ids(command.subject_id) if not command.by_rule else ()
            return {i: self._journal.incident_file(i).incident.number for i in (command.subject_id, *ids)}
        numbers = {d.id: d.number for d in self._journal.disclosures(open_only=False)}
        return {command.subject_id: numbers.get(command.subject_id, "")}

    def _exports(self) -> Path:
        return self._folders.data / "exports"

    def _remove(self, paths: Iterable[Path]) -> int:
        gone = 0
        for path in paths:
            try:
                if path.is_dir() and path.resolve().parent == self._exports().resolve():
                    shutil.rmtree(path)  # an export is a folder; no other folder is ours to remove
                else:
                    path.unlink()
                gone += 1
            except FileNotFoundError:
                continue
            except OSError:
                log.exception("%s could not be removed and has to be removed by hand", path.name)
        return gone


def _names(order: Path, subjects: Mapping[str, str]) -> bool:
    """Whether an export that was cut short is about one of them: by its id, or for a reason that has its number. One
    that cannot be read is, where it has either anywhere: it can be made anew."""
    try:
        data = order.read_bytes()
    except OSError:
        return False
    words = [word for named in subjects.items() for word in named if word]
    try:
        told = list(_texts(json.loads(data)))
    except (ValueError, RecursionError):
        return any(word in data.decode(errors="replace") for word in words)
    return any(_has(text, word) for text in told for word in words)


def _texts(tree: object) -> Iterator[str]:
    """Every text in what was read from JSON."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, Mapping):
        yield from (text for value in tree.values() for text in _texts(value))
    elif isinstance(tree, list):
        yield from (text for value in tree for text in _texts(value))


def _has(text: str, word: str) -> bool:
    """A number or an id by itself: 2026-000001 is not in 2026-0000019."""
    return re.search(rf"(?<![0-9]){re.escape(word)}(?![0-9])", text) is not None


def _is_for(paper: Path, subjects: Mapping[str, str]) -> bool:
    """Whether an export was made for one of them: for the incident, or for a reason that has its number. One for a
    reason is in no register of packages."""
    try:
        told = json.loads(paper.read_bytes())
        reason, incident_id = str(told["reason"]), told["incident_id"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    if incident_id is not None:
        return incident_id in subjects
    return any(_has(reason, number) for number in subjects.values() if number)
