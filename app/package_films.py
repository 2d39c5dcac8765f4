"""The films of an evidence package: untouched copies of every scope, and view copies of them.

Blocking; the thread of `app.packages`. What is finished in the work folder is taken over by the next run.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from app.errors import AppCode, AppError
from app.package_content import CameraScope, PackageContent
from storage import durable
from storage.footage_files import hash_file
from storage.footage_records import Gap, Segment
from storage.package_manifest import GapFacts
from storage.segments import TOLERANCE_S
from video.copied_fragments import SourceFlaw
from video.export_copy import ExportedFile, export_copy
from video.footage import FilePiece
from video.source import VideoCode, VideoError
from video.view_copy import ViewFile, ViewOptions, view_copy

log = logging.getLogger(__name__)

_SHARES = {"copy": (0.0, 0.15), "view": (0.15, 0.75), "pack": (0.75, 0.9), "verify": (0.9, 1.0)}


class PackageStep(StrEnum):
    """What is being done."""

    COPY = "copy"
    VIEW = "view"
    PACK = "pack"
    VERIFY = "verify"


Progress = Callable[[PackageStep, float], None]
"""Told the step and the share of everything that is done, 0..1; on the calling thread."""


class FootageIndex(Protocol):
    """Which footage there is; `storage.segments.SegmentIndex` is one."""

    def between(self, camera_id: str, from_utc_s: float, to_utc_s: float) -> Sequence[Segment]:
        """Segments of a time."""

    def reasons(self, camera_id: str, from_utc_s: float, to_utc_s: float) -> Sequence[Gap]:
        """Why something of a time is missing."""


@dataclass(frozen=True, slots=True)
class Film:
    """One continuous copy of a scope; `view` is None where the time that was asked for has no picture."""

    scope: CameraScope
    stem: str
    master: ExportedFile
    view: ViewFile | None = None

    @property
    def view_name(self) -> str:
        """In the package."""
        return f"view/{self.stem}.mp4"

    @property
    def master_name(self) -> str:
        """In the package, before sealing."""
        return f"master/{self.stem}.mp4"


class Course:
    """How far a package is, and whether it is still wanted."""

    def __init__(self, progress: Progress | None, cancelled: Callable[[], bool] | None) -> None:
        self._progress, self._cancelled = progress, cancelled

    def check(self) -> None:
        """Raises AppError(CANCELLED)."""
        if self._cancelled is not None and self._cancelled():
            raise AppError(AppCode.CANCELLED)

    def at(self, step: PackageStep, share: float) -> None:
        """Raises AppError(CANCELLED)."""
        self.check()
        if self._progress is not None:
            begin, end = _SHARES[step.value]
            self._progress(step, begin + (end - begin) * min(max(share, 0.0), 1.0))


class Films:
    """Makes the films of one package in its work folder; `gaps` collects what is missing."""

    def __init__(self, content: PackageContent, footage: FootageIndex, work: Path, course: Course) -> None:
        self.gaps: list[GapFacts] = []
        self._content, self._footage, self._work, self._course = content, footage, work, course
        self._cameras = {camera.id: camera for camera in content.registry.cameras}

    def make(self, *, views: bool = True) -> list[Film]:
        """All of them; the untouched copies alone without `views`. Raises as `Packages.build`."""
        films = [film for scope in self._content.scopes for film in self._copies(scope)]
        if not views:
            return films
        return [replace(film, view=self._view(film, n, len(films))) for n, film in enumerate(films)]

    def _copies(self, scope: CameraScope) -> list[Film]:
        """Untouched copies of one scope; what is missing is noted."""
        number, count = self._content.scopes.index(scope), len(self._content.scopes)
        stem = f"{camera_slug(self._content, scope.camera_id)}_{stamp(scope.from_utc_s)}"
        segments = between(self._footage, scope)
        result = export_copy(
            segments,
            scope.from_utc_s,
            scope.to_utc_s,
            self._work / f"master-{number}",
            stem,
            gaps=self._footage.reasons(scope.camera_id, scope.from_utc_s, scope.to_utc_s),
            progress=lambda done, total: self._course.at(PackageStep.COPY, (number + done / max(total, 1)) / count),
            keep=True,  # goes with the work folder
        )
        noted = {(lack.segment_id, lack.reason) for lack in result.lacks}
        flaws = [flaw for flaw in result.flaws if (flaw.segment_id, flaw.reason) not in noted]
        for lack in (*result.lacks, *flaws):
            self.gaps.append(GapFacts(scope.camera_id, lack.from_utc_s, lack.to_utc_s, lack.reason))
        return [Film(scope, Path(file.path).stem, file) for file in result.files]

    def _view(self, film: Film, number: int, count: int) -> ViewFile | None:
        """The view copy of a master, taken over where an earlier run finished it."""
        target = self._work / "view" / f"{film.stem}.mp4"
        note = target.with_suffix(".json")
        master, scope = film.master, film.scope
        if target.exists() and note.exists():
            told = json.loads(note.read_bytes())
            same = told.pop("master", "") == master.sha256  # else more was recorded since, or some of it is gone
            if told.pop("sha256", "") == hash_file(target) and same:
                return ViewFile(**told)
        options = ViewOptions(
            title=self._title(scope.camera_id, master.segments[0].origin if master.segments else ""),
            zone=self._content.context.zone,
            masks=scope.masks,
            boxes=scope.boxes,
            keep_track=scope.keep_track,
            hide_rest=scope.hide_rest,
        )
        try:
            made = view_copy(
                [FilePiece(master.path, master.from_utc_s, master.to_utc_s)],
                max(scope.from_utc_s, master.from_utc_s),
                min(scope.to_utc_s, master.to_utc_s),
                target,
                options,
                lambda share: self._course.at(PackageStep.VIEW, (number + share) / count),
            )
        except VideoError as error:
            if error.code is not VideoCode.NOT_BUFFERED:
                raise
            log.warning("no picture of %s can be shown in the time that was asked for", film.stem)
            begin, end = max(scope.from_utc_s, master.from_utc_s), min(scope.to_utc_s, master.to_utc_s)
            if end - begin > TOLERANCE_S:
                self.gaps.append(GapFacts(scope.camera_id, begin, end, SourceFlaw.UNREADABLE.value))
            return None
        known = asdict(made) | {"master": master.sha256, "sha256": hash_file(target)}
        durable.replace(note, json.dumps(known).encode(), 0o600)
        return made

    def _title(self, camera_id: str, origin: str = "") -> str:
        """What stands in the band of the picture: also that it is not ours."""
        camera = self._cameras.get(camera_id)
        name = f"{camera.number} {camera.name}" if camera else camera_id
        return f"{name} ({origin.partition(',')[0]})" if origin else name


def camera_slug(content: PackageContent, camera_id: str) -> str:
    """A camera in file names: ASCII, whatever its name is."""
    number = next((camera.number for camera in content.registry.cameras if camera.id == camera_id), None)
    return f"camera-{number:03d}" if number is not None else f"camera-{re.sub('[^A-Za-z0-9]', '', camera_id)[:32]}"


def between(footage: FootageIndex, scope: CameraScope) -> list[Segment]:
    """Segments of a scope."""
    return list(footage.between(scope.camera_id, scope.from_utc_s, scope.to_utc_s))


def stamp(utc_s: float) -> str:
    """A moment in file names."""
    at = datetime.fromtimestamp(round(utc_s, 3), UTC)
    return f"{at:%Y%m%dT%H%M%S}.{at.microsecond // 1000:03d}Z"
