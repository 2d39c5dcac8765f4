"""Walks recordings folders: the index made again from the files, and every file held against its recorded hash.

Changes no footage: what is torn, empty or foreign is named and stays where it is. Slow; for a task or the command line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from storage.footage_files import Flaw, hash_file, read_segment
from storage.footage_records import Segment
from storage.journal import FootageDigest
from storage.segments import SegmentIndex, footage_digest


@dataclass(frozen=True, slots=True)
class Finding:
    """One file (or, with a `path` of a time span, one hour) and what is wrong with it."""

    path: str
    flaw: Flaw


@dataclass(frozen=True, slots=True)
class Checked:
    """How many segments were checked, and what was found."""

    segments: int
    findings: tuple[Finding, ...]


def rebuild(index: SegmentIndex, folders: Iterable[Path]) -> Checked:
    """Read every file of the folders and make the index of what they say. The hashes are those of today's bytes:
    whether they are the recorded ones, the digests in the journal's chain tell."""
    segments: dict[str, Segment] = {}
    findings: list[Finding] = []
    for path in sorted(footage_files(folders)):
        segment, flaw = read_segment(path)
        if segment is not None and segment.id in segments:
            segment, flaw = None, Flaw.DUPLICATE
        if flaw is not None:
            findings.append(Finding(str(path), flaw))
        if segment is not None:
            segments[segment.id] = replace(segment, sha256=hash_file(path))
    index.rebuild(segments.values())
    return Checked(len(segments), tuple(findings))


def verify(index: SegmentIndex, digests: Sequence[FootageDigest] = ()) -> Checked:
    """Hold every closed segment against its hash, and the hashes against what the chain says of each hour."""
    count = 0
    findings: list[Finding] = []
    for segment in index.oldest_first():
        if segment.closed:
            count += 1
            findings += _check(segment)
    for digest in digests:
        findings += _check_digest(index, digest)
    return Checked(count, tuple(findings))


def footage_files(folders: Iterable[Path]) -> Iterator[Path]:
    """Everything that may be footage."""
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and not path.name.startswith("."):
                yield path


def _check(segment: Segment) -> list[Finding]:
    try:
        same = hash_file(Path(segment.path)) == segment.sha256
    except FileNotFoundError:
        return [Finding(segment.path, Flaw.MISSING)]
    except OSError:
        return [Finding(segment.path, Flaw.UNREADABLE)]
    return [] if same else [Finding(segment.path, Flaw.ALTERED)]


def _check_digest(index: SegmentIndex, digest: FootageDigest) -> list[Finding]:
    """What retention deleted makes an hour smaller and no longer comparable; less without that is missing."""
    found = index.ended_between(digest.from_utc_s, digest.to_utc_s)
    name = f"{digest.from_utc_s:.0f}-{digest.to_utc_s:.0f}"
    if len(found) == digest.count:
        return [] if footage_digest(found) == digest.digest else [Finding(name, Flaw.ALTERED)]
    if len(found) < digest.count and index.deleted_between(digest.from_utc_s, digest.to_utc_s):
        return []
    return [Finding(name, Flaw.MISSING if len(found) < digest.count else Flaw.ALTERED)]
