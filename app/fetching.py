"""Footage from a foreign recorder: into the gaps of our own recordings, or as exhibits of an incident.

Blocking and long: a task thread's, or the command line's. Who may export may fetch, of the cameras that they may see,
for a reason or a case that is written down before anything is asked for. What comes is cut into files of a minute that
are read again before they count (`video.fetched_pieces`); a line that breaks is tried again as long as something comes.
What was cancelled or cut short goes on with what is missing. Everything carries its origin: the recorder's host and how
far its clock was off; never a login.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from app.alert_message import one_line
from app.archive import Archive
from app.camera_rights import seen_by
from app.credentials import split_login
from app.errors import AppCode, AppError
from app.fetch_job import FetchJob, OpenReplay, Span, Told, spans_without
from app.fetch_leftovers import WISH, alone, works
from app.fetch_wish import FetchInto, FetchWish
from app.recorder_search import FoundRecorder, RecorderBook, RecorderQuestion, find_recorder
from app.site_time import zone_of
from storage import durable
from storage.access import Permission, may
from storage.case_commands import AttachExhibit
from storage.case_records import Exhibit
from storage.errors import StorageCode, StorageError, WatchfloorError
from storage.footage_files import read_segment
from storage.footage_records import Gap, GapReason, Segment
from storage.package_zip import need_space
from storage.people_commands import RecordAccess
from storage.people_records import AccessKind
from storage.records import Actor, Camera, EvidenceKind, new_id
from storage.segments import footage_digest
from video.export_copy import export_copy
from video.replay_source import ReplaySource
from video.source import VideoCode, VideoError

log = logging.getLogger(__name__)

LONGEST_S = 24 * 3600.0
FRESH_S = 60.0
"""A recording whose newest fragment on the disk is younger goes on."""


class FetchIndex(Protocol):
    """What is asked of the footage index (`storage.segments.SegmentIndex`)."""

    def between(self, camera_id: str, from_utc_s: float, to_utc_s: float) -> Sequence[Segment]:
        """Segments of a time."""

    def gaps(self, camera_id: str, from_utc_s: float, to_utc_s: float) -> Sequence[Gap]:
        """Known gaps of a time."""

    def fill(self, segment: Segment) -> bool:
        """Footage from elsewhere where ours is missing; False: it is not missing any more."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came. `lacks` is what is still missing of what was asked for; `problem` why it ended early (None: the
    recorder had no more). `offset_s` None: its clock could not be compared; `by_request`: what came told no time."""

    origin: str
    host: str
    offset_s: float | None
    by_request: bool
    segments: tuple[Segment, ...]
    exhibits: tuple[Exhibit, ...]
    lacks: tuple[Span, ...]
    problem: WatchfloorError | None = None

    @property
    def seconds(self) -> float:
        """How much came."""
        return sum(one.to_utc_s - one.from_utc_s for one in self.segments)

    @property
    def missing_s(self) -> float:
        """How much is missing."""
        return sum(end - begin for begin, end in self.lacks)


class Fetches:
    """Of one archive. `folder_of` is where a camera's recordings lie, `index` None: nothing is recorded here."""

    def __init__(
        self,
        archive: Archive,
        index: FetchIndex | None,
        folder_of: Callable[[str], Path],
        *,
        clock: Callable[[], float] = time.time,
        find: Callable[[RecorderQuestion], FoundRecorder] = find_recorder,
        open_replay: OpenReplay = lambda wish, found: ReplaySource(wish, found.login),
    ) -> None:
        self._archive, self._index, self._folder_of = archive, index, folder_of
        self._clock, self._find, self._open_replay = clock, find, open_replay
        self._work = works(archive.folders)
        self._book = RecorderBook(archive.folders.data / "footage" / "recorders.json")

    def missing(self, camera_id: str, from_utc_s: float, to_utc_s: float) -> tuple[Span, ...]:
        """What our recordings lack of a time and may be filled: not what was deleted when its time was over."""
        if self._index is None:
            return ()
        end = min(to_utc_s, self._clock())
        held = [(s.from_utc_s, self._end_of(s)) for s in self._index.between(camera_id, from_utc_s - FRESH_S, end)]
        gone = [gap for gap in self._index.gaps(camera_id, from_utc_s, end) if gap.reason is GapReason.DELETED]
        return spans_without([*held, *((gap.from_utc_s, gap.to_utc_s) for gap in gone)], (from_utc_s, end))

    def _end_of(self, segment: Segment) -> float:
        """What is being recorded now reaches up to now, though the disk has it a little later."""
        now = self._clock()
        growing = not segment.closed and not segment.origin and now - segment.to_utc_s < FRESH_S
        return now if growing else segment.to_utc_s

    def check(self, wish: FetchWish, actor: Actor) -> Camera:
        """Refuse what the actor may not have. Raises AppError: FETCH_RANGE, EXPORT_NEEDS_CASE, NO_RECORDINGS;
        StorageError: NOT_PERMITTED, NOT_FOUND, NO_REASON."""
        registry = self._archive.journal.registry()
        role = next((one.role for one in registry.operators if one.id == actor.id), None)
        needed = [Permission.EXPORT, *([Permission.HANDLE_INCIDENT] if wish.into is FetchInto.CASE else [])]
        for permission in needed:
            if not may(role, permission):
                raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, permission=permission.value)
        camera = next((one for one in registry.cameras if one.id == wish.camera_id), None)
        if camera is None:
            raise StorageError(StorageCode.NOT_FOUND, subject=wish.camera_id)
        seen = seen_by(registry, actor.id)
        if seen is not None and camera.id not in seen:
            raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, reason="camera of another group")
        if not 0 < wish.to_utc_s - wish.from_utc_s <= LONGEST_S or wish.from_utc_s > self._clock():
            raise AppError(AppCode.FETCH_RANGE)
        if not wish.reason.strip() and wish.incident_id is None:
            raise StorageError(StorageCode.NO_REASON, action=AccessKind.EXPORT.value)
        if wish.into is FetchInto.CASE and wish.incident_id is None:
            raise AppError(AppCode.EXPORT_NEEDS_CASE)
        if wish.into is FetchInto.GAPS and self._index is None:
            raise AppError(AppCode.NO_RECORDINGS)
        if wish.incident_id is not None:  # refuses who may not know of it
            self._archive.journal.incident_file(wish.incident_id, viewer_id=actor.id)
        return camera

    def fetch(
        self, wish: FetchWish, actor: Actor, told: Told = lambda _share: None, cancelled: Callable[[], bool] = bool
    ) -> Fetched:
        """Raises as `check`; AppError: NOTHING_MISSING, FETCH_RUNNING, RECORDER_CHOOSE, BAD_RECORDER, CANCELLED (what
        was fetched stays); VideoError as `find_recorder` and `ReplaySource.open` when nothing came; StorageError:
        DISK_FULL."""
        camera = self.check(wish, actor)
        work = self._work / _digest(wish, actor)
        lock = alone(work) if wish.into is FetchInto.CASE else None
        try:
            return self._fetched(wish, camera, actor, work, told, cancelled)
        finally:
            if lock is not None:
                lock.release()

    def _fetched(
        self, wish: FetchWish, camera: Camera, actor: Actor, work: Path, told: Told, cancelled: Callable[[], bool]
    ) -> Fetched:
        case = wish.into is FetchInto.CASE
        spans = self._wanted(wish, work)
        if not spans:
            raise AppError(AppCode.NOTHING_MISSING)
        self._write_down(wish, actor, "footage asked of the recorder")
        if case:  # an erasure of the incident finds it
            durable.replace(work / WISH, json.dumps({"incident_id": wish.incident_id}).encode(), 0o600)
        told(0.0)
        found = self._recorder(camera, wish, cancelled)
        job = FetchJob(
            self._open_replay, camera.id, found, work if case else self._folder_of(camera.id), cancelled, told
        )
        try:
            job.run(spans, keep=None if case else self._fill)
        finally:
            if job.segments:
                files = f"{len(job.segments)} files from {job.origin}, {footage_digest(job.segments)}"
                self._write_down(wish, actor, files)
        pieces = _known(work) if case else job.segments
        if not pieces:
            if not self._wanted(wish, work):
                raise AppError(AppCode.NOTHING_MISSING)  # ours came meanwhile
            raise job.problem or VideoError(VideoCode.NO_RECORDING, url=found.host)
        exhibits = self._attach(wish, camera, work, pieces, job, actor) if case else ()
        told(1.0)
        lacks = tuple(self._wanted(wish, work))
        offset_s = found.clock.offset_s if found.clock is not None else None
        segments = tuple(job.segments)
        problem = job.problem if lacks else None
        return Fetched(job.origin, found.host, offset_s, job.by_request, segments, exhibits, lacks, problem)

    def _recorder(self, camera: Camera, wish: FetchWish, cancelled: Callable[[], bool]) -> FoundRecorder:
        """What answered last is asked first. Only what the camera's own host said is kept for others: where somebody
        else once typed that a camera's footage is, is not their word."""
        question = self._question(camera, wish, cancelled)
        try:
            found = self._find(question)
        except VideoError as error:
            if wish.recorder or not question.address or error.code in (VideoCode.UNAUTHORIZED, VideoCode.ELSEWHERE):
                raise
            found = self._find(replace(question, address="", recording=wish.recording))
        if found.address and found.host == urlsplit(split_login(question.live_url)[0]).hostname:
            self._book.note(camera.id, found.address, found.recording)
        return found

    def _question(self, camera: Camera, wish: FetchWish, ended: Callable[[], bool]) -> RecorderQuestion:
        address, recording = ("", "") if wish.recorder else self._book.of(camera.id)
        url = self._archive.logins.url_of(camera)
        zone = zone_of(self._archive.settings)
        asked = wish.recorder or address, wish.recording or recording
        return RecorderQuestion(camera, url, wish.from_utc_s, wish.to_utc_s, zone, *asked, ended)

    def _wanted(self, wish: FetchWish, work: Path) -> tuple[Span, ...]:
        if wish.into is FetchInto.GAPS:
            return self.missing(wish.camera_id, wish.from_utc_s, wish.to_utc_s)
        held = [(piece.from_utc_s, piece.to_utc_s) for piece in _known(work)]
        return spans_without([*held, *_attached(work)], (wish.from_utc_s, min(wish.to_utc_s, self._clock())))

    def _fill(self, segment: Segment) -> bool:
        return self._index is not None and self._index.fill(segment)

    def _write_down(self, wish: FetchWish, actor: Actor, detail: str) -> None:
        access = RecordAccess(
            AccessKind.EXPORT,
            wish.reason,
            wish.camera_id,
            wish.incident_id,
            wish.from_utc_s,
            wish.to_utc_s,
            one_line(f"{detail}, into {wish.into.value}"),
        )
        self._archive.journal.apply(access, actor)

    def _attach(
        self, wish: FetchWish, camera: Camera, work: Path, pieces: Sequence[Segment], job: FetchJob, actor: Actor
    ) -> tuple[Exhibit, ...]:
        """One film for each stretch without a hole; what is attached is noted and its pieces go."""
        self.check(wish, actor)  # fetching takes long: a right may have been taken away meanwhile
        need_space(self._archive.folders.evidence, 2 * sum(piece.bytes for piece in pieces))
        begin, end = min(wish.from_utc_s, pieces[0].from_utc_s), max(piece.to_utc_s for piece in pieces)
        made = export_copy(pieces, begin, end, work / "films", f"{camera.number:03d}")
        offset_s = job.found.clock.offset_s if job.found.clock is not None else None
        exhibits = []
        for film in made.files:
            origin = film.segments[0].origin  # of an earlier run: its clock was off by something else
            known_s = offset_s if origin == job.origin else None
            path, sha256 = self._archive.store.put_file(Path(film.path), ".mp4")
            exhibit = Exhibit(
                id=new_id(),
                incident_id=wish.incident_id or "",
                kind=EvidenceKind.CLIP,
                path=path,
                sha256=sha256,
                name=f"{camera.number} {camera.name}, {job.found.host}.mp4"[:200],
                at_utc_s=0.0,
                actor_id="",
                camera_id=camera.id,
                from_utc_s=film.from_utc_s,
                to_utc_s=film.to_utc_s,
                origin=origin,
                clock_offset_s=-known_s if known_s is not None else None,
            )
            self._archive.journal.apply(AttachExhibit(exhibit), actor)
            _note_attached(work, (film.from_utc_s, film.to_utc_s))
            exhibits.append(exhibit)
        for piece in pieces:
            Path(piece.path).unlink(missing_ok=True)
        shutil.rmtree(work / "films", ignore_errors=True)
        return tuple(exhibits)


def _digest(wish: FetchWish, actor: Actor) -> str:
    """The same for the same wish of the same recorder: what was cut short goes on."""
    source = without_login(wish.recorder.strip()), wish.recording.strip()
    asked = [wish.camera_id, wish.from_utc_s, wish.to_utc_s, wish.incident_id, actor.id, *source]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:24]


def _known(work: Path) -> list[Segment]:
    """Whole pieces of an earlier run and this one, by time."""
    found = [read_segment(path) for path in work.rglob("*.mp4") if not path.name.startswith(".")]
    held = [reading.segment for reading in found if reading.segment is not None and reading.flaw is None]
    return sorted((one for one in held if one.origin), key=lambda one: one.from_utc_s)


def _attached(work: Path) -> Iterator[Span]:
    try:
        for begin, end in json.loads((work / "attached.json").read_bytes()):
            yield float(begin), float(end)
    except (OSError, ValueError, TypeError):
        return


def _note_attached(work: Path, span: Span) -> None:
    durable.replace(work / "attached.json", json.dumps([*_attached(work), span]).encode(), 0o600)


def without_login(address: str) -> str:
    """An address as it may be shown."""
    return split_login(address)[0]
