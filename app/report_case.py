"""What people wrote in an incident: hand-overs and answers, procedure, who took part, notes, files; for its report."""

from __future__ import annotations

from datetime import tzinfo

from app.i18n import _
from app.labels import label_of
from app.report_facts import NONE, Names, utc_text
from app.report_page import Page
from storage.film_clocks import words_of
from storage.journal import IncidentFile
from storage.records import Evidence, EvidenceKind

NOTES_SHOWN = 500


def pictures_of(file: IncidentFile) -> tuple[Evidence, ...]:
    """Stills of events and of hand-made entries, by time."""
    by_hand = [
        Evidence(
            id=exhibit.id,
            kind=exhibit.kind,
            path=exhibit.path,
            sha256=exhibit.sha256,
            camera_id=exhibit.camera_id or exhibit.name,
            event_id="",
            from_utc_s=exhibit.from_utc_s if exhibit.from_utc_s is not None else exhibit.at_utc_s,
            to_utc_s=exhibit.to_utc_s if exhibit.to_utc_s is not None else exhibit.at_utc_s,
        )
        for exhibit in file.exhibits
        if exhibit.kind is EvidenceKind.STILL
    ]
    return tuple(sorted((*file.evidence, *by_hand), key=lambda item: item.from_utc_s))


def write_case(page: Page, file: IncidentFile, names: Names, zone: tzinfo) -> None:
    """Sections that have something to say."""
    _write_handovers(page, file, names)
    _write_steps(page, file, names)
    taken_part = [p for p in file.participants if not p.removed]
    if taken_part:
        page.heading(_("Took part"))
        rows = [(p.name, p.part or NONE, utc_text(p.at_utc_s), names.operator(p.actor_id)) for p in taken_part]
        page.table((_("Who"), _("How"), _("Noted (UTC)"), _("By")), rows, (50, 60, 34, 34))
    if file.notes:
        page.heading(_("Notes"))
        notes = sorted(file.notes, key=lambda note: note.at_utc_s)[:NOTES_SHOWN]
        lines = [
            (
                utc_text(note.utc_s if note.utc_s is not None else note.at_utc_s, zone),
                label_of(note.kind),
                names.camera(note.camera_id) if note.camera_id else NONE,
                words_of(note) or NONE,
                names.operator(note.actor_id),
            )
            for note in notes
        ]
        page.table((_("Time"), _("Kind"), _("Camera"), _("Words"), _("By")), lines, (34, 22, 30, 66, 26))
    files = [e for e in file.exhibits if e.kind is not EvidenceKind.STILL]
    if files:
        page.heading(_("Files"))
        rows_of_files = [(e.name or NONE, label_of(e.kind), e.origin or NONE, e.sha256) for e in files]
        page.table((_("Name"), _("Kind"), _("From"), _("SHA-256")), rows_of_files, (44, 20, 40, 74))


def _write_handovers(page: Page, file: IncidentFile, names: Names) -> None:
    if not file.handovers:
        return
    page.heading(_("Hand-overs"))
    rows = [
        (
            names.service(handover.service_id),
            utc_text(handover.at_utc_s),
            label_of(handover.state),
            utc_text(handover.answered_utc_s) if handover.answered_utc_s is not None else NONE,
            handover.text or NONE,
            handover.answer or NONE,
        )
        for handover in file.handovers
    ]
    headings = (_("Service"), _("Given (UTC)"), _("State"), _("Answered (UTC)"), _("Words"), _("Answer"))
    page.table(headings, rows, (32, 30, 20, 30, 36, 34))


def _write_steps(page: Page, file: IncidentFile, names: Names) -> None:
    if not file.steps:
        return
    page.heading(_("Procedure"))
    rows = [
        (
            str(step.position + 1),
            step.text,
            _("done") if step.done else _("skipped: {reason}").format(reason=step.reason),
            utc_text(step.at_utc_s),
            names.operator(step.actor_id),
        )
        for step in sorted(file.steps, key=lambda s: (s.procedure_id, s.position))
    ]
    page.table((_("No."), _("Step"), _("Result"), _("Time (UTC)"), _("By")), rows, (10, 66, 44, 32, 28))
