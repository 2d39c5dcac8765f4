"""Words of the approvals page: who waits for what, what a package holds, what came out. Translated when called."""

from __future__ import annotations

from collections.abc import Mapping

from app.approval_facts import ApprovalLine, PackagePlan
from app.i18n import _
from app.labels import label_of
from app.package_readme import reason_words
from app.packages import PackageResult
from storage.people_records import ApprovalState
from widgets.words import clock_text, time_text

_MOST_LINES = 6


def what_text(line: ApprovalLine) -> str:
    """The act and what it is about."""
    return f"{label_of(line.approval.kind)}, {line.subject}"


def line_text(line: ApprovalLine) -> str:
    """One row of the list: two lines."""
    approval = line.approval
    state = _("REVIEW IS DUE") if line.due else label_of(approval.state)
    since = _("since {time}").format(time=time_text(approval.asked_utc_s))
    return f"{what_text(line)}  ·  {state}\n    {line.asked_by}, {since}"


def facts_text(line: ApprovalLine) -> str:
    """All that the second person must know."""
    approval = line.approval
    broken = approval.state is ApprovalState.BROKEN_GLASS and approval.decided_utc_s is not None
    rows = [
        (_("Asked by"), f"{line.asked_by}, {time_text(approval.asked_utc_s)}"),
        (_("Reason"), approval.reason),
        (
            _("Used in an emergency by"),
            f"{line.decided_by}, {time_text(approval.decided_utc_s or 0.0)}" if broken else "",
        ),
        (_("In their words"), approval.words),
        (_("Review"), _("due since a day has passed") if line.due else ""),
        (
            _("Who says it"),
            _("you, as you are signed in") if line.alone else _("a second person, by their own password"),
        ),
    ]
    return "\n".join(f"{title}: {text}" for title, text in rows if text)


def scope_text(plan: PackagePlan) -> str:
    """A line for each camera and time."""
    lines = []
    for scope in plan.scopes:
        name = plan.cameras.get(scope.camera_id, scope.camera_id)
        lines.append(f"{name}:  {time_text(scope.from_utc_s)} – {clock_text(scope.to_utc_s)}")
    if not lines:
        return _("No camera belongs to this incident: stills and report only.")
    return _cut(lines)


def approval_text(plan: PackagePlan) -> str:
    """How far the second person's word on the originals is."""
    approval = plan.approval
    if approval is None:
        return _("Nobody was asked for the originals yet: Enter asks a second person.")
    if approval.state is ApprovalState.REFUSED:
        return _("The originals were refused: {words}. Enter asks again.").format(words=approval.words or "–")
    if approval.state is ApprovalState.BROKEN_GLASS:
        return _("The originals may go: danger to life, reviewed tomorrow.")
    if plan.granted:
        return _("The originals are approved for one package.")
    return _("A second person was asked: they sign here (Esc, then A) or at another seat.")


def result_text(result: PackageResult, cameras: Mapping[str, str]) -> str:
    """Where it is, whether anything is missing, who signed it."""
    lines = [str(result.path)]
    if result.complete:
        lines.append(_("✓ Complete: everything that was asked for is inside."))
    else:
        lines.append(_("✕ PARTIAL: this is missing:"))
        gaps = []
        for gap in result.gaps:
            name = cameras.get(gap.source_id, gap.source_id)
            span = f"{time_text(gap.from_utc_s)} – {clock_text(gap.to_utc_s)}"
            gaps.append(f"    {name}  {span}  ({gap.to_utc_s - gap.from_utc_s:.1f} s, {reason_words(gap.reason)})")
        lines.append(_cut(gaps))
    lines.append(_("Signed by {fingerprint}").format(fingerprint=result.fingerprint))
    lines.append(f"SHA-256 {' '.join(result.sha256[at : at + 16] for at in range(0, len(result.sha256), 16))}")
    return "\n".join(lines)


def _cut(lines: list[str]) -> str:
    shown = lines[:_MOST_LINES]
    if len(lines) > len(shown):
        shown.append(_("… and {count} more").format(count=len(lines) - len(shown)))
    return "\n".join(shown)
