"""The papers of an export: `export.json` (every file with its SHA-256, every hole) and `README.txt`. Pure.

Moments stand as epoch seconds, RFC 3339 in UTC, and local with the offset: so that the two 01:30 of the night when
clocks go back stay apart.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from app.export_orders import ExportOrder, ExportPiece
from app.i18n import _, ngettext, spoken
from app.package_readme import reason_words
from app.report_facts import ReportContext, iso_text, utc_text
from storage.package_manifest import GapFacts

FORMAT = "watchfloor.export/1"
README = "README.txt"


def manifest(
    order: ExportOrder,
    pieces: Sequence[ExportPiece],
    gaps: Sequence[GapFacts],
    names: Mapping[str, str],
    context: ReportContext,
    words: bytes,
    public_key: str = "",
) -> bytes:
    """`export.json`; it is signed as it stands, by `public_key`. `words` is the `README.txt` beside it."""
    zone = context.zone
    tree: dict[str, Any] = {
        "format": FORMAT,
        "made": _moment(context.generated_utc_s, zone),
        "site": context.site_name,
        "operator": context.actor,
        "reason": order.reason,
        "incident_id": order.incident_id,
        "asked": {"from": _moment(order.from_utc_s, zone), "to": _moment(order.to_utc_s, zone)},
        "cameras": [{"id": camera_id, "name": names.get(camera_id, camera_id)} for camera_id in order.camera_ids],
        "complete": not gaps,
        "gaps": [
            {
                "camera_id": gap.source_id,
                "from": _moment(gap.from_utc_s, zone),
                "to": _moment(gap.to_utc_s, zone),
                "length_s": round(gap.to_utc_s - gap.from_utc_s, 3),
                "reason": gap.reason,
            }
            for gap in gaps
        ],
        "files": [_piece(piece, zone) for piece in pieces],
        "readme": {"path": README, "bytes": len(words), "sha256": hashlib.sha256(words).hexdigest()},
        "signing_key": {
            "algorithm": "Ed25519",
            "public_key": public_key or None,
            "fingerprint": context.key_fingerprint,
        },
    }
    return (json.dumps(tree, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode("utf-8", "backslashreplace")


def readme(
    order: ExportOrder,
    pieces: Sequence[ExportPiece],
    gaps: Sequence[GapFacts],
    names: Mapping[str, str],
    context: ReportContext,
) -> bytes:
    """`README.txt` in the site's language, with Windows line ends."""
    with spoken(context.language):
        lines = [_("Export of recordings"), *([context.site_name] if context.site_name else [])]
        made = f"{utc_text(context.generated_utc_s)}, {utc_text(context.generated_utc_s, context.zone)}"
        lines.append(_("Made {time} by {actor}").format(time=made, actor=context.actor))
        lines.append(_("Reason: {reason}").format(reason=order.reason or "-"))
        span = f"{utc_text(order.from_utc_s, context.zone)} - {utc_text(order.to_utc_s, context.zone)}"
        lines += [_("Time: {time}").format(time=span), ""]
        lines += [*_holes(gaps, names, context.zone), ""]
        for piece in pieces:
            lines += [piece.path, f"    {names.get(piece.camera_id, piece.camera_id)}", f"    SHA-256 {piece.sha256}"]
            lines += [f"    {note}" for note in (*piece.notes, *piece_notes(piece))]
    return "\r\n".join([*lines, ""]).encode("utf-8", "backslashreplace")


def piece_notes(piece: ExportPiece) -> list[str]:
    """What has to be known of a file, in words."""
    notes = [_("Not our recording: fetched from {origin}.").format(origin=origin) for origin in piece.origins]
    if piece.blurred:
        notes.append(
            _("Blurred by what the detector found. It misses people: look at the film before you give it away.")
        )
    if piece.unseen_s >= 1.0:
        text = _("In {seconds} s of it nobody looked: there the whole picture is pixelated.")
        notes.append(text.format(seconds=round(piece.unseen_s)))
    if piece.unproved:
        text = ngettext(
            "{count} of its recordings has no recorded hash yet: it was still being written.",
            "{count} of its recordings have no recorded hash yet: they were still being written.",
            piece.unproved,
        )
        notes.append(text.format(count=piece.unproved))
    return notes


def _holes(gaps: Sequence[GapFacts], names: Mapping[str, str], zone: ZoneInfo) -> list[str]:
    if not gaps:
        return [_("Nothing of the time that was asked for is missing.")]
    return [_("PARTIAL: this is missing:"), *(f"    {gap_text(gap, names, zone)}" for gap in gaps)]


def gap_text(gap: GapFacts, names: Mapping[str, str], zone: ZoneInfo) -> str:
    """Camera, from, to, length, why."""
    span = f"{utc_text(gap.from_utc_s, zone)} - {utc_text(gap.to_utc_s, zone)}"
    name = names.get(gap.source_id, gap.source_id)
    return f"{name}  {span}  ({gap.to_utc_s - gap.from_utc_s:.1f} s, {reason_words(gap.reason)})"


def _piece(piece: ExportPiece, zone: ZoneInfo) -> dict[str, Any]:
    found = asdict(piece)
    begin, end = found.pop("from_utc_s"), found.pop("to_utc_s")
    return found | {"kind": piece.kind.value, "from": _moment(begin, zone), "to": _moment(end, zone)}


def _moment(utc_s: float, zone: ZoneInfo) -> dict[str, Any]:
    return {"utc_s": round(utc_s, 3), "utc": iso_text(utc_s), "local": iso_text(utc_s, zone)}
