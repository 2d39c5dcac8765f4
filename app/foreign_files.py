"""Files from elsewhere into an incident: a witness's film or photo, the export of another system.

The file is copied into the write-once store, read through there from front to end, and attached by its SHA-256 with its
origin and the difference of its clock. Refused files leave nothing behind, and the original is never touched.
`ForeignDesk` is what the page asks; `SiteForeignDesk` does it on task threads as who sits here when the key is pressed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from app.acting import Acting, Said
from app.archive import Archive
from app.errors import AppCode, AppError
from app.i18n import _
from app.tasks import Tasks
from storage.access import Permission, may
from storage.case_commands import AttachExhibit
from storage.case_records import Exhibit
from storage.errors import StorageCode, StorageError
from storage.package_zip import need_space
from storage.records import Actor, EvidenceKind, new_id
from video.source import VideoCode, VideoError

if TYPE_CHECKING:
    from video.foreign_file import ForeignFilm

MOST_BYTES = 200_000_000_000
_PICTURES = {"JPEG": ".jpg", "PNG": ".png"}
_JPEG_TOO = "MPO"
"""What Pillow calls the JPEG of many phones, with a second picture behind its end."""
_FILMS = {
    "mov": ".mp4",
    "matroska": ".mkv",
    "avi": ".avi",
    "mpegts": ".ts",
    "mpeg": ".mpg",
    "asf": ".wmv",
    "flv": ".flv",
}
_MOST_PIXELS = 200_000_000
_NAME_LETTERS = 200


@dataclass(frozen=True, slots=True)
class ForeignFacts:
    """What a file is, before it is taken in; `duration_s` 0 and no `codec` for a picture."""

    path: Path
    bytes: int
    kind: EvidenceKind
    suffix: str
    width_px: int
    height_px: int
    duration_s: float = 0.0
    codec: str = ""
    sound: bool = False
    created_utc_s: float | None = None


@dataclass(frozen=True, slots=True)
class ForeignWish:
    """`begins_utc_s` is its beginning by its own clock. That clock showed `showed_utc_s` at the real time `real_utc_s`:
    the difference is added to all its times. A real time alone is that of its beginning. Nothing: not compared."""

    incident_id: str
    path: Path
    origin: str
    begins_utc_s: float | None = None
    showed_utc_s: float | None = None
    real_utc_s: float | None = None

    @property
    def offset_s(self) -> float | None:
        """What is to be added to its own clock; None: not compared."""
        if self.showed_utc_s is None or self.real_utc_s is None:
            return None
        return self.real_utc_s - self.showed_utc_s

    @property
    def from_utc_s(self) -> float | None:
        """When it really begins, as far as is known."""
        if self.begins_utc_s is None:
            return self.real_utc_s if self.showed_utc_s is None else None
        if self.showed_utc_s is None and self.real_utc_s is not None:
            return self.real_utc_s
        return self.begins_utc_s + (self.offset_s or 0.0)


class ForeignDesk(Protocol):
    """Every call returns at once; `refused` gets the sentence of a refusal."""

    def look(self, path: Path, done: Callable[[ForeignFacts], None], refused: Said) -> None:
        """What a file is."""

    def take_in(
        self, wish: ForeignWish, told: Callable[[float], None], done: Callable[[Exhibit], None], refused: Said
    ) -> None:
        """Copy, read through, attach; `told` hears the share, 0..1."""

    def cancel(self) -> None:
        """Stop; nothing stays."""


class ForeignFiles:
    """The work itself, blocking. Of one archive."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def look(self, path: Path) -> ForeignFacts:
        """Raises AppError: FOREIGN_NO_FILE, FOREIGN_EMPTY, FOREIGN_TOO_LARGE, FOREIGN_NOT_FILM, FOREIGN_TRUNCATED."""
        size = _size(path)
        picture = _picture(path)
        if picture is not None:
            kind, width, height = picture
            return ForeignFacts(path, size, EvidenceKind.STILL, _PICTURES[kind], width, height)
        film = _film(path)
        return ForeignFacts(
            path,
            size,
            EvidenceKind.CLIP,
            _suffix(path, film),
            film.width,
            film.height,
            film.duration_s,
            film.codec,
            film.sound,
            film.created_utc_s,
        )

    def take_in(self, wish: ForeignWish, actor: Actor, told: Callable[[float], None]) -> Exhibit:
        """Raises as `look`, and FOREIGN_CHANGED; StorageError: NOT_PERMITTED, NOT_FOUND, NO_REASON (no origin); what
        `told` raises."""
        self._check(wish, actor)
        facts = self.look(wish.path)
        length = [0.0]

        def check(copy: Path) -> None:
            if copy.stat().st_size != facts.bytes:
                raise AppError(AppCode.FOREIGN_CHANGED, path=str(wish.path))
            if facts.kind is EvidenceKind.CLIP:
                length[0] = _read_through(copy, wish.path, lambda share: told(0.5 + share / 2))

        try:
            need_space(self._archive.folders.evidence, facts.bytes)
        except StorageError as error:
            raise AppError(AppCode.FOREIGN_TOO_LARGE, path=str(wish.path)) from error
        told(0.0)

        def copied(count: int) -> None:
            told(min(count / facts.bytes, 1.0) / 2)

        relative, sha256 = self._archive.store.put_file(wish.path, facts.suffix, check, copied)
        begin = wish.from_utc_s
        exhibit = Exhibit(
            id=new_id(),
            incident_id=wish.incident_id,
            kind=facts.kind,
            path=relative,
            sha256=sha256,
            name=_line(wish.path.name)[:_NAME_LETTERS],
            at_utc_s=0.0,
            actor_id="",
            from_utc_s=begin,
            to_utc_s=begin + length[0] if begin is not None else None,
            origin=_line(wish.origin),
            clock_offset_s=wish.offset_s,
        )
        self._archive.journal.apply(AttachExhibit(exhibit), actor)
        return exhibit

    def _check(self, wish: ForeignWish, actor: Actor) -> None:
        """Nobody waits for a copy that the journal would refuse."""
        operators = self._archive.journal.registry().operators
        role = next((operator.role for operator in operators if operator.id == actor.id), None)
        if not may(role, Permission.HANDLE_INCIDENT):
            permission = Permission.HANDLE_INCIDENT.value
            raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, permission=permission)
        self._archive.journal.incident_file(wish.incident_id, viewer_id=actor.id)
        if not wish.origin.strip():
            raise StorageError(StorageCode.NO_REASON)


class SiteForeignDesk:
    """Of one archive; `actor` says who sits here, `changed` wakes the change feed."""

    def __init__(
        self, archive: Archive, tasks: Tasks, actor: Callable[[], Actor], *, changed: Callable[[], None] = lambda: None
    ) -> None:
        self._files, self._tasks, self._changed = ForeignFiles(archive), tasks, changed
        self._acting = Acting(tasks, actor, "a file from elsewhere")
        self._busy, self._cancelled = threading.Lock(), threading.Event()

    def look(self, path: Path, done: Callable[[ForeignFacts], None], refused: Said) -> None:
        """See `ForeignDesk.look`."""
        self._acting.act(lambda _actor: done(self._files.look(path)), refused)

    def take_in(
        self, wish: ForeignWish, told: Callable[[float], None], done: Callable[[Exhibit], None], refused: Said
    ) -> None:
        """See `ForeignDesk.take_in`."""
        if not self._busy.acquire(blocking=False):
            refused(_("A file is being taken in already. Wait for it, or cancel it."))
            return
        self._cancelled.clear()

        def tell(share: float) -> None:
            if self._cancelled.is_set() or self._tasks.ending:
                raise AppError(AppCode.CANCELLED)
            told(share)

        def work(actor: Actor) -> None:
            try:
                exhibit = self._files.take_in(wish, actor, tell)
            finally:
                self._busy.release()
            self._changed()
            done(exhibit)

        if not self._acting.act(work, refused, long=True):
            self._busy.release()

    def cancel(self) -> None:
        """See `ForeignDesk.cancel`."""
        self._cancelled.set()


def _line(text: str) -> str:
    """Without signs that nobody sees (also those that turn a name around) and bytes that are no letters."""
    return " ".join("".join(sign if sign.isprintable() else "_" for sign in " ".join(text.split())).split())


def _size(path: Path) -> int:
    try:
        if not path.is_file():  # a folder, a device, a pipe that never ends
            raise AppError(AppCode.FOREIGN_NO_FILE, path=str(path))
        with path.open("rb"):
            size = path.stat().st_size
    except OSError as error:
        raise AppError(AppCode.FOREIGN_NO_FILE, path=str(path)) from error
    if not size:
        raise AppError(AppCode.FOREIGN_EMPTY, path=str(path))
    if size > MOST_BYTES:
        raise AppError(AppCode.FOREIGN_TOO_LARGE, path=str(path))
    return size


def _picture(path: Path) -> tuple[str, int, int] | None:
    """Format and size of a photo that can be read to its end; None when it is no picture."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path, formats=tuple(_PICTURES)) as picture:
            kind, (width, height) = str(picture.format), picture.size
            if width * height > _MOST_PIXELS:
                raise AppError(AppCode.FOREIGN_TOO_LARGE, path=str(path))
            picture.load()
    except UnidentifiedImageError:
        return None
    except Image.DecompressionBombError as error:
        raise AppError(AppCode.FOREIGN_TOO_LARGE, path=str(path)) from error
    except (OSError, ValueError, SyntaxError) as error:
        raise AppError(AppCode.FOREIGN_TRUNCATED, path=str(path)) from error
    return ("JPEG" if kind == _JPEG_TOO else kind), width, height


def _film(path: Path) -> ForeignFilm:
    from video.foreign_file import look_at

    try:
        return look_at(path)
    except VideoError as error:
        if error.code is VideoCode.NO_FILE:
            raise AppError(AppCode.FOREIGN_NO_FILE, path=str(path)) from error
        cut = error.code is VideoCode.DAMAGED
        raise AppError(AppCode.FOREIGN_TRUNCATED if cut else AppCode.FOREIGN_NOT_FILM, path=str(path)) from error


def _read_through(copy: Path, source: Path, told: Callable[[float], None]) -> float:
    from video.foreign_file import read_through

    try:
        return read_through(copy, told)
    except VideoError as error:
        raise AppError(AppCode.FOREIGN_TRUNCATED, path=str(source)) from error


def _suffix(path: Path, film: ForeignFilm) -> str:
    """Its own where it is a usual one, so that it opens by double click."""
    own = path.suffix.lower()
    usual = {*_FILMS.values(), ".mov", ".m4v", ".3gp", ".webm", ".mts", ".m2ts", ".mpeg", ".vob"}
    return own if own in usual else _FILMS.get(film.container, ".mp4")
