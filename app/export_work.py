"""One export at work in its folder: films by `app.package_films`, stills, papers; then everything is read again.

Blocking; the thread of `app.exports`. Rights and the journal are asked there.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from app.archive import Archive
from app.blurred_still import blurred_still
from app.dori import band_text, bands
from app.errors import AppCode, AppError
from app.export_orders import Blur, ExportOrder, ExportPiece, ExportResult, PieceKind
from app.export_papers import README, manifest, readme
from app.i18n import _, spoken
from app.kept_tracks import blurred_boxes
from app.masked_still import masked_still
from app.masks import masks_of
from app.package_content import CameraScope, PackageContent
from app.package_films import Course, Film, Films, FootageIndex, PackageStep, camera_slug, stamp
from app.report_facts import ReportContext, utc_text
from app.site_time import zone_of
from app.still_card import still_card
from storage import durable
from storage.footage_files import hash_file
from storage.footage_records import GapReason, Segment
from storage.package_manifest import GapFacts
from storage.records import Actor
from storage.tracks import StoredTracks
from video.copied_fragments import SourceFlaw
from video.footage import FilePiece
from video.recorded_still import TOLERANCE_S, recorded_still
from video.source import VideoCode, VideoError
from video.view_copy import Hidden, frames_in

_OUT = "out"


class ExportWork:
    """Makes `work/out`, which becomes the export."""

    def __init__(
        self,
        archive: Archive,
        footage: FootageIndex,
        tracks: StoredTracks,
        order: ExportOrder,
        actor: Actor,
        work: Path,
        now_utc_s: float,
    ) -> None:
        self._archive, self._footage, self._tracks = archive, footage, tracks
        self._order, self._work = order, work
        self._registry = archive.journal.registry()
        self._names = {camera.id: f"{camera.number} {camera.name}" for camera in self._registry.cameras}
        self._context = _context(archive, actor, now_utc_s)
        self._gaps: list[GapFacts] = []
        self._unseen: dict[str, float] = {}

    def run(self, course: Course) -> ExportResult:
        """Raises as `Exports.make`."""
        out = self._work / _OUT
        shutil.rmtree(out, ignore_errors=True)  # what a crash left is made anew of the finished films
        durable.make_folder(out)
        pieces = [*self._films(out, course), *self._stills(out, course)]
        if not pieces:
            raise AppError(AppCode.EXPORT_EMPTY, reason=", ".join(sorted({gap.reason for gap in self._gaps})))
        gaps = tuple(sorted(self._gaps, key=lambda gap: (gap.source_id, gap.from_utc_s)))
        words = readme(self._order, pieces, gaps, self._names, self._context)
        key = self._archive.key
        told = manifest(self._order, pieces, gaps, self._names, self._context, words, key.public_key)
        durable.replace(out / "export.json", told)
        durable.replace(out / "export.sig", (key.sign(told) + "\n").encode())
        durable.replace(out / README, words)
        self._read_again(out, pieces, course)
        return ExportResult(out, tuple(pieces), gaps, hash_file(out / "export.json"), key.fingerprint)

    def masks_hold(self) -> bool:
        """Whether the masks that were drawn are those of now."""
        if not self._order.masked:
            return True
        now = self._archive.journal.registry()
        return all(masks_of(now, one) == masks_of(self._registry, one) for one in self._order.camera_ids)

    def _films(self, out: Path, course: Course) -> list[ExportPiece]:
        if not self._order.films:
            return []
        content = self._content()
        # Masks and tracks of now: a film that was finished before somebody drew a mask is not taken over.
        told = json.dumps([asdict(scope) for scope in content.scopes], sort_keys=True).encode()
        work = self._work / f"films-{hashlib.sha256(told).hexdigest()[:16]}"
        films = Films(content, self._footage, work, course)
        made = films.make(views=self._order.view)
        self._gaps += films.gaps
        pieces: list[ExportPiece] = []
        for film in made:
            pieces += self._film_pieces(film, out)
        return pieces

    def _film_pieces(self, film: Film, out: Path) -> Iterator[ExportPiece]:
        scope, master = film.scope, film.master
        told = tuple(_segment(segment, segment.id in master.proved) for segment in master.segments)
        if film.view is not None:
            view = film.view
            path = _linked(Path(view.path), out / film.view_name)
            yield ExportPiece(
                path=film.view_name,
                kind=PieceKind.VIEW,
                camera_id=scope.camera_id,
                from_utc_s=view.from_utc_s,
                to_utc_s=view.to_utc_s,
                bytes=path.stat().st_size,
                sha256=hash_file(path),
                frames=view.frames,
                codec=view.codec,
                width_px=view.width,
                height_px=view.height,
                masks=len(scope.masks),
                blurred=self._order.blur is not Blur.NOBODY,
                unseen_s=round(self._unseen.get(scope.camera_id, 0.0), 1),
                segments=told,
            )
        if self._order.master:
            path = _linked(Path(master.path), out / film.master_name)
            yield ExportPiece(
                path=film.master_name,
                kind=PieceKind.MASTER,
                camera_id=scope.camera_id,
                from_utc_s=master.from_utc_s,
                to_utc_s=master.to_utc_s,
                bytes=master.bytes,
                sha256=master.sha256,
                frames=master.frames,
                codec=master.codec,
                width_px=master.width,
                height_px=master.height,
                segments=told,
            )

    def _content(self) -> PackageContent:
        order = self._order
        return PackageContent(
            subject_id=order.digest,
            number="",
            scopes=tuple(self._scope(camera_id) for camera_id in order.camera_ids),
            registry=self._registry,
            context=self._context,
            operator=self._context.actor,
            reason=order.reason,
            master=order.master,
        )

    def _scope(self, camera_id: str) -> CameraScope:
        order = self._order
        masks = masks_of(self._registry, camera_id) if order.masked else ()
        scope = CameraScope(camera_id, order.from_utc_s, order.to_utc_s, masks)
        if order.blur is Blur.NOBODY or not (order.view or order.still):
            return scope
        keep = order.keep if order.blur is Blur.ALL_BUT else ""
        found = blurred_boxes(self._tracks, camera_id, order.from_utc_s, order.to_utc_s, keep)
        self._unseen[camera_id] = found.unseen_s
        hide_rest = order.blur is Blur.ALL_BUT
        return replace(scope, boxes=found.boxes, keep_track=found.keep, hide_rest=hide_rest)

    def _stills(self, out: Path, course: Course) -> list[ExportPiece]:
        pieces: list[ExportPiece] = []
        for number, camera_id in enumerate(self._order.camera_ids if self._order.still else ()):
            course.at(PackageStep.VIEW, number / len(self._order.camera_ids))
            pieces += self._still(camera_id, out)
        return pieces

    def _still(self, camera_id: str, out: Path) -> list[ExportPiece]:
        """The picture and its card; a gap where there is none."""
        at, near = self._order.from_utc_s, TOLERANCE_S
        segments = list(self._footage.between(camera_id, at - near, at + near))
        flaw = next((flaw for flaw in map(_flaw, segments) if flaw), None)
        if flaw is not None:
            self._gaps.append(GapFacts(camera_id, at, at, flaw))
            return []
        try:
            still = recorded_still([FilePiece(s.path, s.from_utc_s, s.to_utc_s) for s in segments], at)
        except VideoError as error:
            if error.code is not VideoCode.NOT_BUFFERED:
                raise
            why = [gap.reason for gap in self._footage.reasons(camera_id, at - near, at + near)]
            self._gaps.append(GapFacts(camera_id, at, at, (why[-1] if why else GapReason.UNKNOWN).value))
            return []
        masks = masks_of(self._registry, camera_id) if self._order.masked else ()
        jpeg = masked_still(still.jpeg, masks)
        blurred = self._order.blur is not Blur.NOBODY
        if blurred:
            scope = self._scope(camera_id)
            jpeg = blurred_still(jpeg, Hidden(scope.boxes, scope.keep_track, hide_rest=scope.hide_rest), still.utc_s)
        notes = [band_text(band) for band in bands(self._registry, camera_id, still.height)]
        stem = f"{camera_slug(self._content(), camera_id)}_{stamp(still.utc_s)}"
        with spoken(self._context.language):
            card = still_card(
                jpeg, self._card_lines(camera_id, still.utc_s), bands(self._registry, camera_id, still.height)
            )
        told = tuple(_segment(segment, segment.closed) for segment in segments)
        pieces = []
        for name, data in ((f"still/{stem}.jpg", jpeg), (f"still/{stem}_card.jpg", card)):
            durable.replace(durable.make_folder((out / name).parent) / Path(name).name, data)
            pieces.append(
                ExportPiece(
                    path=name,
                    kind=PieceKind.STILL,
                    camera_id=camera_id,
                    from_utc_s=still.utc_s,
                    to_utc_s=still.utc_s,
                    bytes=len(data),
                    sha256=hash_file(out / name),
                    width_px=still.width,
                    height_px=still.height,
                    masks=len(masks),
                    blurred=blurred,
                    segments=told,
                    notes=tuple(notes),
                )
            )
        return pieces

    def _card_lines(self, camera_id: str, utc_s: float) -> list[str]:
        zone = self._context.zone
        times = f"{utc_text(utc_s, zone, timespec='milliseconds')}   ({utc_text(utc_s, timespec='milliseconds')})"
        name = "  ·  ".join(filter(None, (self._context.site_name, self._names.get(camera_id, camera_id))))
        lines = [name, times, _("Reason: {reason}").format(reason=self._order.reason or "-")]
        calibrated = any(scale.id == camera_id for scale in self._registry.camera_scales)
        told = _("At right: what people whose feet stand there can be seen for (IEC 62676-4), by the camera's heights.")
        return [*lines, told if calibrated else _("This camera is not calibrated: no px/m (IEC 62676-4) can be told.")]

    def _read_again(self, out: Path, pieces: Sequence[ExportPiece], course: Course) -> None:
        """Open every file as it lies on the disk. Raises AppError(EXPORT_NOT_INTACT)."""
        for number, piece in enumerate(pieces):
            course.at(PackageStep.VERIFY, number / len(pieces))
            path = out / piece.path
            good = path.is_file() and path.stat().st_size == piece.bytes and hash_file(path) == piece.sha256
            if good and piece.kind is not PieceKind.STILL:
                good = frames_in(path) == piece.frames
            if not good:
                raise AppError(AppCode.EXPORT_NOT_INTACT, path=piece.path)
        course.at(PackageStep.VERIFY, 1.0)


def export_name(order: ExportOrder, archive: Archive) -> str:
    """`20261121T160000.000Z_cameras-001-004`: what an export's folder is called."""
    numbers = sorted(camera.number for camera in archive.registry.cameras if camera.id in order.camera_ids)
    shown = "-".join(f"{number:03d}" for number in numbers[:6])
    return f"{stamp(order.from_utc_s)}_cameras-{shown}{'-more' if len(numbers) > 6 else ''}"


def _linked(source: Path, target: Path) -> Path:
    """Into the export, and still in the work folder for a run after a crash, where the file system can do both."""
    durable.make_folder(target.parent)
    try:
        target.hardlink_to(source)
    except (OSError, NotImplementedError):  # exFAT and some shares know no hard links
        return source.rename(target)
    return target


def _segment(segment: Segment, proved: bool) -> dict[str, object]:
    return {
        "id": segment.id,
        "from_utc_s": segment.from_utc_s,
        "to_utc_s": segment.to_utc_s,
        "sha256": segment.sha256,
        "proved": proved,
        **({"origin": segment.origin} if segment.origin else {}),
    }


def _flaw(segment: Segment) -> str:
    """Why a recording is not to be shown; empty when it is as it was recorded, or still open."""
    try:
        if segment.sha256 and hash_file(Path(segment.path)) != segment.sha256:
            return SourceFlaw.ALTERED.value
    except OSError:
        return SourceFlaw.MISSING.value
    return ""


def _context(archive: Archive, actor: Actor, now_utc_s: float) -> ReportContext:
    operators = archive.journal.registry().operators
    name = next((operator.name for operator in operators if operator.id == actor.id), actor.id)
    seq, head = archive.journal.head()
    return ReportContext(
        site_name=archive.settings.site.name,
        zone=zone_of(archive.settings),
        language=archive.settings.site.language or "en",
        actor=name,
        generated_utc_s=now_utc_s,
        head_seq=seq,
        head_hash=head,
        key_fingerprint=archive.key.fingerprint,
    )
