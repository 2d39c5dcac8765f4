"""Exports of recordings: films to look at, untouched copies, stills, for a reason that is written down first.

Blocking and long: a task thread's, or the command line's. Everything is made in a work folder beside the target and
becomes the target by its name when it was read again and found as it was written: it is whole or absent. A work folder
outlives a cancel and a crash; the same order goes on with it for three days, and nobody else meanwhile: it is locked.

Who may: the right to export and to every camera; without masks the right to lift them; untouched copies of an incident
only with a second person's word, unless they go into the incident, where they leave with its package as originals do.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from app.alert_message import one_line
from app.approval_facts import approvals_of, granted_unused
from app.archive import Archive
from app.camera_rights import seen_by
from app.errors import AppCode, AppError
from app.export_orders import Blur, ExportOrder, ExportResult
from app.export_work import ExportWork, export_name
from app.kept_tracks import TrackLine, track_lines
from app.package_films import Course, FootageIndex, Progress
from storage import durable
from storage.access import Permission, may
from storage.case_commands import AttachExhibit
from storage.case_records import Exhibit
from storage.errors import StorageCode, StorageError, WatchfloorError
from storage.footage_lock import FolderLock
from storage.package_zip import need_space
from storage.people_commands import RecordAccess
from storage.people_records import AccessKind, Approval, ApprovalKind
from storage.records import Actor, EvidenceKind, new_id
from storage.release_commands import RecordPackage
from storage.tracks import StoredTracks

log = logging.getLogger(__name__)

KEPT_S = 3 * 86_400.0
"""How long the work of a cancelled export is kept."""
ORDER = "order.json"
_WORK = ".work-"
_LOCK = ".export.lock"
_VIEW_BYTES_PER_S = 1_000_000
_MOST_NAMES = 999
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An export that was cancelled or cut short; given again it goes on."""

    order: ExportOrder
    at_utc_s: float


class Exports:
    """Of one archive and its footage index. `folder` is where exports lie unless somebody says otherwise."""

    def __init__(self, archive: Archive, footage: FootageIndex, clock: Callable[[], float] = time.time) -> None:
        self.folder = archive.folders.data / "exports"
        self._archive, self._footage, self._clock = archive, footage, clock
        self._tracks = StoredTracks(archive.folders.tracks)

    def check(self, order: ExportOrder, actor: Actor) -> Approval | None:
        """Refuse what the actor may not have; the approval that lets untouched copies go. Reads no footage.

        Raises AppError: EXPORT_NOTHING_CHOSEN, EXPORT_NEEDS_CASE; StorageError: NOT_PERMITTED, NOT_FOUND, NO_REASON."""
        if not order.camera_ids or not (order.films or order.still) or order.to_utc_s < order.from_utc_s:
            raise AppError(AppCode.EXPORT_NOTHING_CHOSEN)
        self._require(actor, Permission.EXPORT)
        if not order.masked:
            self._require(actor, Permission.LIFT_MASK)
        self._require_cameras(order, actor)
        if not order.reason.strip() and order.incident_id is None:
            raise StorageError(StorageCode.NO_REASON, action=AccessKind.EXPORT.value)
        if (order.master or order.to_incident) and order.incident_id is None:
            raise AppError(AppCode.EXPORT_NEEDS_CASE)
        if order.incident_id is not None:  # refuses who may not know of it
            self._archive.journal.incident_file(order.incident_id, viewer_id=actor.id)
        if order.to_incident:
            self._require(actor, Permission.HANDLE_INCIDENT)
        return self._approval(order, actor) if order.master and not order.to_incident else None

    def make(
        self,
        order: ExportOrder,
        actor: Actor,
        target: Path | None = None,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> ExportResult:
        """Check, write down, make, verify, deliver.

        Raises as `check`, and AppError: CANCELLED, EXPORT_RUNNING, EXPORT_EMPTY, EXPORT_NOT_INTACT, NO_SUCH_TRACK;
        StorageError: DISK_FULL, READ_ONLY; VideoError: DAMAGED, UNSUPPORTED; OSError."""
        order = replace(order, reason=one_line(order.reason))  # no line of the papers' own
        approval = self.check(order, actor)
        self._write_down(order, actor)
        root = durable.make_folder(self.folder if target is None or order.to_incident else target.parent)
        self._discard_old(root)
        work, lock = self._begin(root, order, actor)
        course = Course(progress, cancelled)
        finished = False
        try:
            made = self._made(order, actor, work, course)
            self.check(order, actor)  # films take long: a right may have been taken away meanwhile
            if order.to_incident:
                result = self._into_incident(made, order, actor, course)
            else:
                result = self._delivered(
                    made, order, actor, approval, target or root / export_name(order, self._archive)
                )
            finished = True
        except WatchfloorError as error:
            refused = error.code is StorageCode.NOT_PERMITTED
            finished = refused or (error.code is not AppCode.CANCELLED and not isinstance(error, StorageError))
            raise
        finally:
            if finished:
                shutil.rmtree(work, ignore_errors=True)
            lock.release()
        return result

    def unfinished(self, actor_id: str) -> tuple[Unfinished, ...]:
        """What this operator ordered, did not get, and nobody makes now, the newest first. An order that cannot be read
        is left out."""
        found = []
        for path in self.folder.glob(f"{_WORK}*/{ORDER}") if self.folder.is_dir() else ():
            try:
                who, order = ExportOrder.read(path.read_bytes())
                if who == actor_id and not _is_taken(path.parent):
                    found.append(Unfinished(order, path.parent.stat().st_mtime))
            except (OSError, ValueError, TypeError, KeyError) as error:
                log.warning("an unfinished export cannot be read: %s", error)
        return tuple(sorted(found, key=lambda one: -one.at_utc_s))

    def tracks(self, camera_id: str, from_utc_s: float, to_utc_s: float) -> tuple[TrackLine, ...]:
        """The stored tracks of a time. Raises StorageError(DAMAGED)."""
        return track_lines(self._tracks, camera_id, from_utc_s, to_utc_s)

    def estimate(self, order: ExportOrder) -> int:
        """Bytes that will be read and copied, about."""
        found = (self._footage.between(c, order.from_utc_s, order.to_utc_s) for c in order.camera_ids)
        return sum(segment.bytes for segments in found for segment in segments)

    def _made(self, order: ExportOrder, actor: Actor, work: Path, course: Course) -> ExportResult:
        """Anew where a mask was changed meanwhile: what is given is covered by those of now. And where a recording was
        deleted while it was copied: what is gone is told then."""
        tries = _TRIES
        while True:
            at_work = ExportWork(self._archive, self._footage, self._tracks, order, actor, work, self._clock())
            try:
                made = at_work.run(course)
            except FileNotFoundError:
                tries -= 1
                if not tries:
                    raise
                for films in work.glob("films-*"):
                    shutil.rmtree(films, ignore_errors=True)
                continue
            if at_work.masks_hold():
                return made

    def _begin(self, root: Path, order: ExportOrder, actor: Actor) -> tuple[Path, FolderLock]:
        """The work folder, ours alone, with the order in it for a run after a crash. Raises
        AppError(EXPORT_RUNNING)."""
        seconds = (order.to_utc_s - order.from_utc_s) * len(order.camera_ids)
        films = self.estimate(order) if order.films else 0
        need_space(root, films + int(min(seconds * _VIEW_BYTES_PER_S, 2 * films)))
        work = root / f"{_WORK}{order.digest}"
        lock = _locked(work)
        try:
            work.chmod(0o700)
            durable.replace(work / ORDER, order.kept(actor.id), 0o600)
        except BaseException:
            lock.release()
            raise
        return work, lock

    def _write_down(self, order: ExportOrder, actor: Actor) -> None:
        """One entry a camera, before a byte of it is read."""
        for camera_id in order.camera_ids:
            what = [kind for kind in ("view", "master", "still") if getattr(order, kind)]
            what += [] if order.masked else ["unmasked"]
            what += [f"blur {order.blur.value}"] if order.blur is not Blur.NOBODY else []
            what += ["into the incident"] if order.to_incident else []
            access = RecordAccess(
                AccessKind.EXPORT,
                order.reason,
                camera_id,
                order.incident_id,
                order.from_utc_s,
                order.to_utc_s,
                ", ".join(what),
            )
            self._archive.journal.apply(access, actor)

    def _delivered(
        self, made: ExportResult, order: ExportOrder, actor: Actor, approval: Approval | None, target: Path
    ) -> ExportResult:
        """Give it its name, and write down that it left."""
        assert made.folder is not None
        final = _named(made.folder, target)
        result = ExportResult(final, made.pieces, made.gaps, made.sha256, made.fingerprint)
        if order.incident_id is not None:
            record = RecordPackage(
                subject_id=order.incident_id,
                path=str(final),
                sha256=result.sha256,
                fingerprint=result.fingerprint,
                complete=result.complete,
                master=order.master,
                approval_id=approval.id if approval is not None else None,
            )
            try:
                self._archive.journal.apply(record, actor)
            except WatchfloorError:
                shutil.rmtree(final, ignore_errors=True)  # What is not written down has not left.
                raise
        return result

    def _into_incident(self, made: ExportResult, order: ExportOrder, actor: Actor, course: Course) -> ExportResult:
        """Every file into the evidence store, then its exhibit. A file that is there already is the same one, and one
        that a run before this one attached is not attached again."""
        assert made.folder is not None
        attached = {exhibit.sha256 for exhibit in self._archive.journal.incident_file(str(order.incident_id)).exhibits}
        for piece in made.pieces:
            course.check()
            if piece.sha256 in attached:
                continue
            path = made.folder / piece.path
            relative, sha256 = self._archive.store.put_file(path, path.suffix)
            if sha256 != piece.sha256:
                raise AppError(AppCode.EXPORT_NOT_INTACT, path=piece.path)
            kind = EvidenceKind.STILL if path.suffix == ".jpg" else EvidenceKind.CLIP
            exhibit = Exhibit(
                id=new_id(),
                incident_id=str(order.incident_id),
                kind=kind,
                path=relative,
                sha256=sha256,
                name=path.name,
                at_utc_s=0.0,
                actor_id="",
                camera_id=piece.camera_id,
                from_utc_s=piece.from_utc_s,
                to_utc_s=piece.to_utc_s,
            )
            self._archive.journal.apply(AttachExhibit(exhibit), actor)
        return ExportResult(None, made.pieces, made.gaps, made.sha256, made.fingerprint)

    def _approval(self, order: ExportOrder, actor: Actor) -> Approval:
        journal, kind, subject_id = self._archive.journal, ApprovalKind.MASTER_EXPORT, str(order.incident_id)
        found = granted_unused(approvals_of(journal, kind, subject_id), journal.packages(subject_id))
        if found is None:
            raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, permission=kind.value, reason="no approval")
        return found

    def _require(self, actor: Actor, permission: Permission) -> None:
        operators = self._archive.journal.registry().operators
        role = next((operator.role for operator in operators if operator.id == actor.id), None)
        if not may(role, permission):
            raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, permission=permission.value)

    def _require_cameras(self, order: ExportOrder, actor: Actor) -> None:
        registry = self._archive.journal.registry()
        seen, known = seen_by(registry, actor.id), {camera.id for camera in registry.cameras}
        for camera_id in order.camera_ids:
            if camera_id not in known:
                raise StorageError(StorageCode.NOT_FOUND, subject=camera_id)
            if seen is not None and camera_id not in seen:
                raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, reason="camera of another group")

    def _discard_old(self, root: Path) -> None:
        """Remove what was cancelled long ago and never gone on with; not what somebody is at."""
        for left in _works(root):
            with suppress(WatchfloorError, OSError):
                if time.time() - left.stat().st_mtime > KEPT_S:
                    lock = _locked(left)
                    try:
                        shutil.rmtree(left, ignore_errors=True)
                    finally:
                        lock.release()


def _locked(work: Path) -> FolderLock:
    """The lock of a work folder that is there: who had it may have removed the folder while we waited for it. Raises
    AppError(EXPORT_RUNNING)."""
    for _try in range(_TRIES):
        try:
            lock = FolderLock(work, _LOCK)
        except FileNotFoundError:  # removed between its making and its locking
            continue
        except StorageError as error:
            if error.code is not StorageCode.FOLDER_TAKEN:
                raise
            raise AppError(AppCode.EXPORT_RUNNING, pid=error.details["pid"]) from error
        if lock.valid:
            return lock
        lock.release()
    raise AppError(AppCode.EXPORT_RUNNING, pid="?")


def _is_taken(work: Path) -> bool:
    """Whether somebody is at it now."""
    if not (work / _LOCK).exists():
        return False
    try:
        FolderLock(work, _LOCK).release()
    except StorageError:
        return True
    return False


def _works(root: Path) -> Iterator[Path]:
    return (path for path in root.glob(f"{_WORK}*") if path.is_dir())


def _named(folder: Path, target: Path) -> Path:
    """The folder by a name that nothing has, though another export may take it meanwhile."""
    while True:
        final = _free(target)
        try:
            with durable.typed_errors(final):
                folder.rename(final)
                durable.sync_folder(final.parent)
            return final
        except (OSError, StorageError):
            if not final.exists() or not folder.exists():
                raise


def _free(target: Path) -> Path:
    """A name that nothing has."""
    for number in range(1, _MOST_NAMES):
        path = target if number == 1 else target.with_name(f"{target.name}-{number}")
        if not path.exists():
            return path
    raise StorageError(StorageCode.READ_ONLY, path=str(target))
