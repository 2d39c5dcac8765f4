"""Words of the export page: what there is, what is missing, what came out. Translated when called."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from app.approval_facts import PackagePlan
from app.export_desk import ExportPlan
from app.export_orders import Blur, ExportOrder, ExportResult, PieceKind
from app.export_papers import gap_text, piece_notes
from app.i18n import _, marked, ngettext
from app.kept_tracks import TrackLine
from app.labels import object_name
from app.range_entry import TypedRange, range_text
from app.site_time import offset_text
from storage.people_records import ApprovalState
from widgets.amounts import length_text, size_text

BLUR_WORDS = {
    Blur.NOBODY: marked("Nobody is blurred"),
    Blur.EVERYBODY: marked("Everybody that was found is blurred"),
    Blur.ALL_BUT: marked("All is blurred but one stored track"),
}
_KINDS = {
    PieceKind.VIEW: marked("view copy"),
    PieceKind.MASTER: marked("untouched copy"),
    PieceKind.STILL: marked("still"),
}
_MOST_LINES = 6


def meant_text(meant: TypedRange, zone: ZoneInfo) -> str:
    """What was understood, both ends with their offsets, and how long it is."""
    begin, end = (datetime.fromtimestamp(at, zone) for at in (meant.from_utc_s, meant.to_utc_s))
    length = meant.to_utc_s - meant.from_utc_s
    last = f"{end:%Y-%m-%d %H:%M:%S}" if begin.date() != end.date() else f"{end:%H:%M:%S}"
    text = f"{begin:%Y-%m-%d %H:%M:%S} {offset_text(begin)} – {last} {offset_text(end)}"
    text += "  " + (f"({length_text(length)})" if length else _("(a moment: a still)"))
    if meant.doubtful:
        text += "\n" + _("! A clock was changed here: the wider reading is taken. Add UTC to say which one.")
    return text


def plan_text(plan: ExportPlan) -> str:
    """What the index says of the time."""
    if not plan.bytes:
        return _("Nothing is recorded in this time.") + " " + _("Alt+G: fetch it from the camera's recorder.")
    text = _("Recorded: {length}, {size}.").format(length=length_text(plan.held_s), size=size_text(plan.bytes))
    if plan.holes_s:
        text += " " + _("Missing: {length}. The export will be PARTIAL.").format(length=length_text(plan.holes_s))
        text += " " + _("Alt+G: fetch it from the camera's recorder.")
    return text


def approval_text(case: PackagePlan | None, order: ExportOrder) -> str:
    """What an untouched copy still needs; empty when nothing."""
    if not order.master or order.to_incident:
        return ""
    if order.incident_id is None:
        return _("Untouched copies need the incident: select it, and tick the case.")
    if case is None or case.granted:
        return _("The originals are approved for one export.") if case is not None else ""
    approval = case.approval
    if approval is not None and approval.state is ApprovalState.REQUESTED:
        return _("A second person was asked: they sign on the approvals page (F5), here or at another seat.")
    if approval is not None and approval.state is ApprovalState.REFUSED:
        return _("The originals were refused: {words}. Enter asks again.").format(words=approval.words or "–")
    return _("Nobody was asked for the originals yet: Enter asks a second person.")


def track_text(line: TrackLine, zone: ZoneInfo) -> str:
    """`person  18:00:05 – 18:00:40`."""
    begin, end = (datetime.fromtimestamp(at, zone) for at in (line.from_utc_s, line.to_utc_s))
    return f"{object_name(line.label)}  {begin:%H:%M:%S} – {end:%H:%M:%S}"


def result_text(result: ExportResult, names: Mapping[str, str], zone: ZoneInfo) -> str:
    """Where it is, whether anything is missing, what is inside."""
    lines = [str(result.folder)] if result.folder is not None else [_("The files are exhibits of the incident now.")]
    if result.complete:
        lines.append(_("✓ Complete and verified: nothing of what was asked for is missing."))
    else:
        lines.append(_("✕ PARTIAL, verified: this is missing:"))
        lines.append(_cut([f"    {gap_text(gap, names, zone)}" for gap in result.gaps]))
    shown = [piece for piece in result.pieces if not piece.path.endswith("_card.jpg")]
    pieces = []
    for piece in shown:
        name = names.get(piece.camera_id, piece.camera_id)
        kind = _(_KINDS[piece.kind])
        pieces.append(f"    {name}, {kind}: {size_text(piece.bytes)}")
        pieces += [f"        {note}" for note in piece.notes]
    text = ngettext("{count} file:", "{count} files:", len(shown)).format(count=len(shown))
    lines += [text, _cut(pieces)]
    lines += dict.fromkeys(note for piece in shown for note in piece_notes(piece))
    lines.append(_("Signed by {fingerprint}").format(fingerprint=result.fingerprint))
    return "\n".join(lines)


def unfinished_text(order: ExportOrder, names: Mapping[str, str], zone: ZoneInfo) -> str:
    """Which export waits to be gone on with."""
    cameras = ", ".join(names.get(camera_id, camera_id) for camera_id in order.camera_ids[:3])
    more = " …" if len(order.camera_ids) > 3 else ""
    return f"{cameras}{more}  {range_text(order.from_utc_s, order.to_utc_s, zone)}"


def _cut(lines: list[str]) -> str:
    shown = lines[:_MOST_LINES]
    if len(lines) > len(shown):
        shown.append(_("… and {count} more").format(count=len(lines) - len(shown)))
    return "\n".join(shown)
