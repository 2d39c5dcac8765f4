"""What an evidence package says of itself: `manifest.json`, UTF-8, its fields in a fixed order.

The fields follow the components that ISO 22311:2012 names in its scope, without a claim of conformity: descriptive
(where from: system, camera, place), dynamic (times in UTC with their uncertainty, picture size and rate), integrity (a
hash of every file, the signing key), provisions for privacy (masks, blurring, reason, retention, recipient), and what a
reader needs for showing it (codec, container). The clock's offset is listed as NISTIR 8161r1 wants it. Every moment
stands there three times: epoch seconds, RFC 3339 in UTC, RFC 3339 local with its offset. Pure; any thread.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

from storage.keys import SigningKey
from storage.package_seal import SCHEME, Recipient
from storage.package_zip import Stored

FORMAT = "watchfloor.package/1"
STANDARDS = ("fields after ISO 22311:2012", "RFC 3339", "RFC 8032")


@dataclass(frozen=True, slots=True)
class ResolutionBand:
    """A band of the picture, `top` to `bottom` (0..1): who stands in it is seen with this IEC 62676-4 class."""

    level: str
    top: float
    bottom: float
    least_px_per_m: float
    most_px_per_m: float


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """A camera as ISO 22311 describes a source. `clock_offset_s` is what the camera's clock was ahead of UTC, None
    when it was not compared; `resolution_class` is the best IEC 62676-4 (DORI) class that its films reach somewhere,
    None without a calibration, and `resolution_bands` say where."""

    id: str
    number: int
    name: str
    place: str = ""
    address: str = ""
    latitude_deg: float | None = None
    longitude_deg: float | None = None
    clock_offset_s: float | None = None
    clock_uncertainty_s: float | None = None
    resolution_class: str | None = None
    resolution_bands: tuple[ResolutionBand, ...] = ()


@dataclass(frozen=True, slots=True)
class SegmentFacts:
    """A recorded file that a master was taken from; `proved`: its bytes have the SHA-256 that was recorded. `origin`:
    the foreign recorder that it was fetched from, empty for one of ours."""

    id: str
    from_utc_s: float
    to_utc_s: float
    sha256: str | None
    proved: bool
    origin: str = ""


@dataclass(frozen=True, slots=True)
class RecordingFacts:
    """A film of the package; `path` is its name before sealing. `masks` counts areas that are covered in it."""

    path: str
    kind: str
    source_id: str
    container: str
    codec: str
    width_px: int
    height_px: int
    fps: float
    frames: int
    from_utc_s: float
    to_utc_s: float
    sound: bool = False
    masks: int = 0
    blurred_but_track: int | None = None
    segments: tuple[SegmentFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class StillFacts:
    """A picture of the package."""

    path: str
    evidence_id: str
    source_id: str
    from_utc_s: float
    sha256: str


@dataclass(frozen=True, slots=True)
class ExhibitFacts:
    """A file from elsewhere; `path` is its name before sealing, times are its own where they are known."""

    path: str
    exhibit_id: str
    kind: str
    name: str
    origin: str
    source_id: str | None
    added_utc_s: float
    from_utc_s: float | None
    to_utc_s: float | None
    clock_offset_s: float | None


@dataclass(frozen=True, slots=True)
class GapFacts:
    """A time that was asked for and is not there."""

    source_id: str
    from_utc_s: float
    to_utc_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class Approval:
    """Who let the package go, and when."""

    operator: str
    at_utc_s: float


@dataclass(frozen=True, slots=True)
class PackageFacts:
    """All that the manifest says but the list of files. `asked` is the scope: source id, from, to."""

    package_id: str
    made_utc_s: float
    zone: tzinfo
    software: str
    site: str
    operator: str
    reason: str
    incident_id: str
    incident_number: str
    journal_seq: int
    journal_head: str
    journal_intact: bool | None
    complete: bool
    master: bool
    asked: tuple[tuple[str, float, float], ...] = ()
    sources: tuple[SourceFacts, ...] = ()
    recordings: tuple[RecordingFacts, ...] = ()
    stills: tuple[StillFacts, ...] = ()
    exhibits: tuple[ExhibitFacts, ...] = ()
    gaps: tuple[GapFacts, ...] = ()
    approvals: tuple[Approval, ...] = ()
    recipient: str = ""
    legal_basis: str = ""
    retention: str = ""
    sealed_for: Recipient | None = field(default=None)


def manifest_bytes(facts: PackageFacts, files: Sequence[Stored], key: SigningKey) -> bytes:
    """The manifest of these facts over these files, as it is signed."""
    by_name = {_plain_name(file.name, sealed=file.plain_sha256 != file.sha256): file for file in files}
    zone = facts.zone
    tree: dict[str, Any] = {
        "format": FORMAT,
        "standards": list(STANDARDS),
        "package": _package(facts),
        "incident": {"id": facts.incident_id, "number": facts.incident_number},
        "scope": [{"source_id": s, **_span(begin, end, zone)} for s, begin, end in facts.asked],
        "sources": [asdict(source) for source in facts.sources],
        "recordings": [_recording(film, by_name, zone) for film in facts.recordings],
        "stills": [_timed(still, zone) for still in facts.stills],
        "exhibits": [_stored(exhibit, by_name, zone) for exhibit in facts.exhibits],
        "gaps": [_gap(gap, zone) for gap in facts.gaps],
        "journal": {"seq": facts.journal_seq, "head": facts.journal_head, "verified_intact": facts.journal_intact},
        "signing_key": {
            "algorithm": "Ed25519",
            "public_key": key.public_key,
            "key_id": key.id,
            "fingerprint": key.fingerprint,
        },
        "files": [{"path": file.name, "bytes": file.bytes, "sha256": file.sha256} for file in files],
    }
    return (json.dumps(tree, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode("utf-8", "backslashreplace")


def _package(facts: PackageFacts) -> dict[str, Any]:
    return {
        "id": facts.package_id,
        **_moment("made", facts.made_utc_s, facts.zone),
        "timezone": str(facts.zone),
        "software": facts.software,
        "site": facts.site,
        "operator": facts.operator,
        "reason": facts.reason,
        "legal_basis": facts.legal_basis or None,
        "recipient": facts.recipient or None,
        "retention": facts.retention or None,
        "approvals": [{"operator": a.operator, **_moment("at", a.at_utc_s, facts.zone)} for a in facts.approvals],
        "complete": facts.complete,
        "with_master": facts.master,
        "sealed": {"scheme": SCHEME, "recipient": facts.sealed_for.name} if facts.sealed_for else None,
    }


def _recording(film: RecordingFacts, files: Mapping[str, Stored], zone: tzinfo) -> dict[str, Any]:
    return _stored(film, files, zone) | {"segments": [_timed(segment, zone) for segment in film.segments]}


def _stored(record: RecordingFacts | ExhibitFacts, files: Mapping[str, Stored], zone: tzinfo) -> dict[str, Any]:
    """A record with the file that it became; `opened` is what the recipient of a sealed one gets."""
    stored = files[record.path]
    sealed = stored.sha256 != stored.plain_sha256
    tree = _timed(record, zone) | {"path": stored.name, "bytes": stored.bytes, "sha256": stored.sha256}
    return tree | {"opened": {"bytes": stored.plain_bytes, "sha256": stored.plain_sha256} if sealed else None}


def _gap(gap: GapFacts, zone: tzinfo) -> dict[str, Any]:
    return _timed(gap, zone) | {"length_s": round(gap.to_utc_s - gap.from_utc_s, 3)}


def _timed(record: Any, zone: tzinfo) -> dict[str, Any]:
    """All fields of a record, its moments spelled out."""
    tree: dict[str, Any] = {}
    for name, value in asdict(record).items():
        tree |= _moment(name.removesuffix("_utc_s"), value, zone) if name.endswith("_utc_s") else {name: value}
    return tree


def _span(from_utc_s: float, to_utc_s: float, zone: tzinfo) -> dict[str, Any]:
    return _moment("from", from_utc_s, zone) | _moment("to", to_utc_s, zone)


def _moment(name: str, utc_s: float | None, zone: tzinfo) -> dict[str, Any]:
    if utc_s is None:
        return {f"{name}_utc_s": None, f"{name}_utc": None, f"{name}_local": None}
    utc_s = round(utc_s, 3)
    at = datetime.fromtimestamp(utc_s, UTC)
    return {
        f"{name}_utc_s": utc_s,
        f"{name}_utc": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        f"{name}_local": at.astimezone(zone).isoformat(timespec="milliseconds"),
    }


def _plain_name(name: str, *, sealed: bool) -> str:
    return name[: -len(".age")] if sealed else name
