"""Footage of a time range as files of its own, without touching a packet's byte: fragments are copied as they are.

Our segments are fragmented MP4 (ISO/IEC 14496-12, 8.8), a fragment a GOP. A copy takes the header of its first segment
and whole fragments: from the one that holds the beginning to the one that holds the end, so that it begins with a key
frame and may reach some seconds further than asked at both ends. Only two numbers of a fragment are written anew: its
sequence number and its decoding time. A change of the header (codec, size), a hole, or time that goes back begins
another file.

Every segment is hashed while it is read and held against the SHA-256 of the index: what was taken from one that does
not match is cut off again and the segment named. Afterwards each copy is read again, compared byte for byte with its
segments, opened and decoded at both ends. A task thread's work; what is done survives a cancel and is not done again.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from storage.durable import make_folder, replace
from storage.footage_records import Gap, GapReason, Segment
from storage.segments import TOLERANCE_S
from video.copied_fragments import CopyFile, CopyPart, check_copy
from video.source import VideoError

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
"""Told (bytes done, bytes in all); raises to cancel."""


@dataclass(frozen=True, slots=True)
class Lack:
    """A time that was asked for and is not in the copy; `reason` is that of a `GapReason` or a `SourceFlaw`."""

    from_utc_s: float
    to_utc_s: float
    reason: str
    segment_id: str = ""

    @property
    def length_s(self) -> float:
        """How much is missing."""
        return self.to_utc_s - self.from_utc_s


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A finished copy; `segments` are those that it was taken from, `proved` the ids that match their hash."""

    path: str
    camera_id: str
    codec: str
    width: int
    height: int
    from_utc_s: float
    to_utc_s: float
    frames: int
    bytes: int
    sha256: str
    segments: tuple[Segment, ...]
    proved: frozenset[str]
    sound: bool = False

    @property
    def fps(self) -> float:
        """Pictures per second, on average."""
        length_s = self.to_utc_s - self.from_utc_s
        return self.frames / length_s if length_s > 0 else 0.0


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What became of a range: its files, what is missing with the reason, and segments of which nothing was taken."""

    files: tuple[ExportedFile, ...]
    lacks: tuple[Lack, ...]
    flaws: tuple[Lack, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing of the range is missing and no segment was altered."""
        return not self.lacks and not self.flaws


def export_copy(
    segments: Sequence[Segment],
    from_utc_s: float,
    to_utc_s: float,
    folder: Path,
    stem: str,
    *,
    gaps: Sequence[Gap] = (),
    progress: Progress | None = None,
    keep: bool = False,
) -> ExportResult:
    """Copy what `segments` (of one camera, by their beginning) hold of the range into `folder/stem-N.mp4`.

    `gaps` tell why something is missing. Called again after a cancel, with the same arguments, it goes on with the
    segment after the last finished one. With `keep` it does so after it was finished, too: copies that are still there
    are only held against their segments again. Raises StorageError (DISK_FULL, READ_ONLY), VideoError(DAMAGED) for a
    copy that does not read back as its source, OSError, and whatever `progress` raises."""
    export = _Export(list(segments), from_utc_s, to_utc_s, make_folder(folder), stem, progress or _unheard)
    try:
        export.run()
        files = tuple(export.finished())
        if not keep:
            export.forget()
    finally:
        export.close()
    return ExportResult(files, _lacks(files, export.flaws, gaps, from_utc_s, to_utc_s), tuple(export.flaws))


class _Export:
    """One range at work."""

    def __init__(
        self, segments: list[Segment], from_utc_s: float, to_utc_s: float, folder: Path, stem: str, progress: Progress
    ) -> None:
        self.flaws: list[Lack] = []
        self._segments, self._from, self._to = segments, from_utc_s, to_utc_s
        self._folder, self._stem, self._progress = folder, stem, progress
        self._files: list[CopyFile] = []
        self._done = 0
        self._work = sum(segment.bytes for segment in segments)
        self._note = folder / f".{stem}.json"
        self._request = _request(segments, from_utc_s, to_utc_s)

    def run(self) -> None:
        """Copy segment by segment; after each the state is noted."""
        first = self._resume()
        for segment in self._segments[:first]:
            self._read(segment.bytes)
        for number in range(first, len(self._segments)):
            self._take(self._segments[number])
            self._keep(number + 1)

    def finished(self) -> list[ExportedFile]:
        """Close the files, read them again, and give them their facts."""
        done = []
        for file in self._files:
            file.close()
            frames = check_copy(file)
            part, last = file.parts[0], file.parts[-1]
            size, sha256 = file.figures()
            done.append(
                ExportedFile(
                    path=str(file.path),
                    camera_id=part.segment.camera_id,
                    codec=part.segment.codec,
                    width=part.segment.width,
                    height=part.segment.height,
                    from_utc_s=part.from_utc_s,
                    to_utc_s=last.to_utc_s,
                    frames=frames,
                    bytes=size,
                    sha256=sha256,
                    segments=tuple(p.segment for p in file.parts),
                    proved=frozenset(p.segment.id for p in file.parts if p.segment.sha256),
                    sound=len(file.head.scales) > 1,
                )
            )
        return done

    def forget(self) -> None:
        """It is done: nothing will go on with it."""
        self._note.unlink(missing_ok=True)

    def close(self) -> None:
        """Release the files."""
        for file in self._files:
            file.close()

    def _take(self, segment: Segment) -> None:
        current = self._files[-1] if self._files else None
        path = self._folder / f"{self._stem}-{len(self._files) + 1}.mp4"
        opened, flaw = CopyFile.continued(current, path, segment, self._from, self._to, self._read)
        if flaw is not None:
            log.error("segment %s (%s) is %s", segment.id, segment.path, flaw.value)
            begin, end = max(segment.from_utc_s, self._from), min(segment.to_utc_s, self._to)
            self.flaws.append(Lack(begin, end, flaw.value, segment.id))
        if opened is not None and opened is not current:
            self._files.append(opened)

    def _read(self, count: int) -> None:
        self._done += count
        self._progress(min(self._done, self._work), self._work)

    def _keep(self, number: int) -> None:
        """What is finished, for a run after a cancel or a crash."""
        state = {
            "request": self._request,
            "next": number,
            "files": [[asdict(part) for part in file.parts] for file in self._files],
            "flaws": [asdict(flaw) for flaw in self.flaws],
        }
        for file in self._files[-1:]:
            file.flush()
        replace(self._note, json.dumps(state).encode(), 0o600)

    def _resume(self) -> int:
        """Take up what an earlier run noted; the number of the segment to go on with."""
        try:
            state = json.loads(self._note.read_bytes())
            if state["request"] != self._request:
                return 0
            files = [[CopyPart.parse(part) for part in parts] for parts in state["files"]]
            self.flaws = [Lack(**flaw) for flaw in state["flaws"]]
            for number, parts in enumerate(files, 1):
                self._files.append(CopyFile.reopened(self._folder / f"{self._stem}-{number}.mp4", parts))
            if int(state["next"]) == len(self._segments):  # finished: what was altered or deleted since is to be named
                for file in self._files:
                    check_copy(file)
            return int(state["next"])
        except (OSError, ValueError, KeyError, TypeError, VideoError):
            self.close()
            self._files, self.flaws = [], []
            return 0


def _request(segments: Sequence[Segment], from_utc_s: float, to_utc_s: float) -> str:
    parts = [[s.id, s.path, s.sha256, s.bytes] for s in segments]
    return hashlib.sha256(json.dumps([parts, from_utc_s, to_utc_s]).encode()).hexdigest()


def _lacks(
    files: Sequence[ExportedFile], flaws: Sequence[Lack], gaps: Sequence[Gap], from_utc_s: float, to_utc_s: float
) -> tuple[Lack, ...]:
    """What the files leave open of the range, each piece with its reason: a flaw, a known gap, else unknown."""
    lacks: list[Lack] = []
    covered = from_utc_s
    spans = sorted((file.from_utc_s, file.to_utc_s) for file in files)
    for begin, end in (*spans, (to_utc_s, to_utc_s)):
        if begin - covered > TOLERANCE_S:
            lacks += _reasoned(covered, min(begin, to_utc_s), flaws, gaps)
        covered = max(covered, end)
    return tuple(lacks)


def _reasoned(begin: float, end: float, flaws: Sequence[Lack], gaps: Sequence[Gap]) -> list[Lack]:
    """A hole, cut where its reason changes."""
    known = [*flaws, *(Lack(gap.from_utc_s, gap.to_utc_s, gap.reason.value) for gap in gaps)]
    edges = sorted({begin, end, *(min(max(at, begin), end) for one in known for at in (one.from_utc_s, one.to_utc_s))})
    pieces: list[Lack] = []
    for left, right in pairwise(edges):
        middle = (left + right) / 2
        of = next((one for one in known if one.from_utc_s <= middle <= one.to_utc_s), None)
        piece = Lack(left, right, of.reason if of else GapReason.UNKNOWN.value, of.segment_id if of else "")
        if pieces and (pieces[-1].reason, pieces[-1].segment_id) == (piece.reason, piece.segment_id):
            pieces[-1] = Lack(pieces[-1].from_utc_s, right, piece.reason, piece.segment_id)
        elif right - left > TOLERANCE_S or of is not None:
            pieces.append(piece)
    return pieces


def _unheard(_done: int, _of: int) -> None:
    """Nobody wants to know."""
