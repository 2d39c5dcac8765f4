"""Evidence packages: copies of the footage, view copies, stills and papers, signed, packed, read again by the verifier.

Blocking and long: a task thread's. Nothing is written to the journal here: who calls records `PackageResult`. Master
copies and view copies lie in a work folder until they are packed; it is removed afterwards, and kept only when the work
was cancelled: the next call for the same content goes on with what is finished, for a day.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from app import package_verifier
from app.errors import AppCode, AppError
from app.package_content import PackageContent
from app.package_films import Course, Films, FootageIndex, PackageStep, Progress, between
from app.package_papers import Papers
from storage import durable
from storage.errors import StorageCode, StorageError
from storage.keys import SigningKey
from storage.package_manifest import GapFacts, manifest_bytes
from storage.package_zip import Item, need_space, write_package
from storage.records import new_id

VERIFIER = Path(package_verifier.__file__)
_VIEW_BYTES_PER_S = 1_000_000
KEPT_S = 86_400.0
"""How long the work of a cancelled package is kept."""


@dataclass(frozen=True, slots=True)
class PackageResult:
    """A finished package; `complete` when nothing that was asked for is missing, else `gaps` tells what and why."""

    path: Path
    package_id: str
    sha256: str
    manifest_sha256: str
    fingerprint: str
    complete: bool
    gaps: tuple[GapFacts, ...]
    bytes: int
    files: int


class Packages:
    """Makes packages out of one footage index with one key. `work` is a folder of our own on a local disk."""

    def __init__(self, footage: FootageIndex, key: SigningKey, work: Path) -> None:
        self._footage, self._key, self._work = footage, key, work

    def estimate(self, content: PackageContent) -> int:
        """Bytes that the package will have, about; never less than half of it, seldom more."""
        views = sum(scope.to_utc_s - scope.from_utc_s for scope in content.scopes) * _VIEW_BYTES_PER_S
        exhibits = [item.path.stat().st_size for item in content.exhibits if item.path is not None]
        papers = sum(exhibits) + sum(len(still.jpeg or b"") for still in content.stills) + len(content.report or b"")
        return int(min(views, 2 * self._footage_bytes(content)) + papers) + (
            self._footage_bytes(content) if content.master else 0
        )

    def build(
        self,
        content: PackageContent,
        target: Path,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> PackageResult:
        """Make `target` (whole or absent).

        Raises AppError: CANCELLED, PACKAGE_NOT_INTACT (it does not read back); StorageError: DISK_FULL (known before
        anything is written where it can be), READ_ONLY, BAD_KEY, BAD_VALUE (a scope twice);
        VideoError: DAMAGED, UNSUPPORTED; OSError."""
        if len({(scope.camera_id, scope.from_utc_s) for scope in content.scopes}) != len(content.scopes):
            raise StorageError(StorageCode.BAD_VALUE, field="scopes")
        self._discard_old()
        self._need_space(content, target)
        work = durable.make_folder(self._work / _request(content, self._footage))
        work.chmod(0o700)
        build = _Build(content, self._footage, self._key, work, Course(progress, cancelled))
        keep = False
        try:
            return build.run(target)
        except AppError as error:
            keep = error.code is AppCode.CANCELLED
            raise
        finally:
            if not keep:
                shutil.rmtree(work, ignore_errors=True)

    def _discard_old(self) -> None:
        """Remove what packages that were cancelled a day ago left behind; a younger one may still be gone on with."""
        for left in self._work.glob("*") if self._work.is_dir() else ():
            if time.time() - left.stat().st_mtime > KEPT_S:
                shutil.rmtree(left, ignore_errors=True)

    def _need_space(self, content: PackageContent, target: Path) -> None:
        """Work and package, also where both lie on one disk."""
        whole, films = self.estimate(content), self.estimate(replace(content, master=True))
        need_space(self._work, films)
        same = durable.make_folder(target.parent).stat().st_dev == self._work.stat().st_dev
        need_space(target.parent, whole + films if same else whole)

    def _footage_bytes(self, content: PackageContent) -> int:
        found = {s.id: s for c in content.scopes for s in between(self._footage, c)}
        return sum(segment.bytes for segment in found.values())


class _Build:
    """One package at work."""

    def __init__(
        self, content: PackageContent, footage: FootageIndex, key: SigningKey, work: Path, course: Course
    ) -> None:
        self._content, self._key, self._course = content, key, course
        self._films = Films(content, footage, work, course)

    def run(self, target: Path) -> PackageResult:
        films = self._films.make()
        missing = [*self._films.gaps, *_missing_files(self._content)]
        gaps = tuple(sorted(missing, key=lambda gap: (gap.source_id, gap.from_utc_s)))
        package_id = new_id()
        papers = Papers(self._content, films, gaps)
        facts = papers.facts(package_id)
        written = write_package(
            target,
            items := papers.items(VERIFIER.read_bytes(), self._key.fingerprint),
            lambda files: manifest_bytes(facts, files, self._key),
            self._key,
            self._check,
            recipient=self._content.recipient,
            told=self._counting(items),
        )
        return PackageResult(
            path=written.path,
            package_id=package_id,
            sha256=written.sha256,
            manifest_sha256=written.manifest_sha256,
            fingerprint=self._key.fingerprint,
            complete=not gaps,
            gaps=gaps,
            bytes=written.bytes,
            files=len(written.files),
        )

    def _counting(self, items: list[Item]) -> Callable[[int], None]:
        done, total = 0, sum(item.size for item in items) or 1

        def told(count: int) -> None:
            nonlocal done
            done += count
            self._course.at(PackageStep.PACK, done / total)

        return told

    def _check(self, path: Path) -> str:
        """The real verifier's word; the package's SHA-256. Raises AppError(PACKAGE_NOT_INTACT)."""
        verdict = package_verifier.verify(
            str(path),
            self._key.fingerprint,
            lambda done, total: self._course.at(PackageStep.VERIFY, done / max(total, 1)),
        )
        if verdict.code != package_verifier.INTACT:
            raise AppError(AppCode.PACKAGE_NOT_INTACT, path=str(path), why="; ".join(verdict.problems[:3]))
        return verdict.sha256


def _missing_files(content: PackageContent) -> list[GapFacts]:
    """Pictures and exhibits that the journal knows and the evidence store has not."""
    stills = [still.evidence for still in content.stills if still.jpeg is None]
    lost = [item.exhibit for item in content.exhibits if item.path is None]
    return [
        *(GapFacts(e.camera_id, e.from_utc_s, e.to_utc_s, f"still {e.id} is missing or altered") for e in stills),
        *(GapFacts(e.camera_id or "", e.at_utc_s, e.at_utc_s, f"exhibit {e.id} is missing or altered") for e in lost),
    ]


def _request(content: PackageContent, footage: FootageIndex) -> str:
    """Name of the work folder: the same for the same films."""
    asked = [[asdict(scope), [[s.id, s.sha256, s.bytes] for s in between(footage, scope)]] for scope in content.scopes]
    names = [[camera.id, camera.number, camera.name] for camera in content.registry.cameras]
    told = json.dumps([content.subject_id, asked, names, str(content.context.zone)])
    return hashlib.sha256(told.encode()).hexdigest()[:32]
