"""The printed report of one incident: facts, stills, alarms and events, history, and how to check all of it.

Reads an `IncidentFile`; decides nothing. Rows that are left out are counted in the text.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing

from app.i18n import _, ngettext
from app.labels import action_name, label_of, object_name
from app.report_case import pictures_of, write_case
from app.report_facts import NONE, Names, ReportContext, changes_text, facts, utc_text
from app.report_page import ACCENT, FAINT, WARNING, Colour, Page, fitting
from app.report_stills import STILL_MM, write_still
from storage.journal import IncidentFile, Registry
from storage.records import Severity

STILLS_SHOWN = 12
EVENTS_SHOWN = 500
HISTORY_SHOWN = 500
PROBLEMS_SHOWN = 12
_LINE_MM = 14.0
_SEVERITY_COLOURS: dict[Severity, Colour] = {
    Severity.INFO: (96, 108, 122),
    Severity.LOW: (38, 110, 150),
    Severity.MEDIUM: (178, 120, 0),
    Severity.HIGH: (200, 76, 10),
    Severity.CRITICAL: WARNING,
}


def incident_pdf(file: IncidentFile, registry: Registry, stills: Mapping[str, bytes], context: ReportContext) -> bytes:
    """The whole document; `stills`: evidence id -> original JPEG. Texts are in the language in use."""
    incident, language = file.incident, context.language
    title = _("Incident {number}").format(number=incident.number)
    with closing(Page(title, context.site_name, language, context.generated_utc_s)) as page:
        report = _IncidentReport(page, title, file, Names(registry), context)
        shows = context.template.shows
        report.write_title()
        if shows("pictures"):
            report.write_stills(stills)
        if shows("case"):
            write_case(page, file, report.names, context.zone)
        if file.alarms and shows("alarms"):
            report.write_alarms()
        if shows("history"):
            report.write_history()
        report.write_integrity()
        return bytes(page.output())


class _IncidentReport:
    """One report while it is written."""

    def __init__(self, page: Page, title: str, file: IncidentFile, names: Names, context: ReportContext) -> None:
        self.file = file
        self.names = names
        self.context = context
        self.title = title
        self.page = page
        page.running_head = f"{context.site_name}   ·   {title}"
        page.footer_text = _("{title}   ·   made {time} by {actor}").format(
            title=title, time=utc_text(context.generated_utc_s), actor=context.actor
        )
        page.page_words = _("Page {page} of {pages}")
        if file.incident.restricted:
            page.warning_line = _("RESTRICTED: for authorised recipients only")
        page.use_footer(context.template.footer)
        page.add_page()

    def write_title(self) -> None:
        """Letterhead, number, category, chips, the table of facts, the note."""
        page, incident, template = self.page, self.file.incident, self.context.template
        page.letterhead(self.context.site_name, template.address, template.header, template.logo)
        page.write_line(_("Incident report"), 9, colour=FAINT)
        page.ln(1)
        page.rule(ACCENT)
        page.ln(2)
        page.write_line(fitting(self.title, _LINE_MM), 20, bold=True, colour=ACCENT)
        page.write_line(fitting(self.names.category(incident.category_id), _LINE_MM), 12)
        page.ln(2)
        severity = _("Severity {level}: {name}").format(level=int(incident.severity), name=label_of(incident.severity))
        chips = [(severity, _SEVERITY_COLOURS[incident.severity]), (label_of(incident.state), ACCENT)]
        if incident.outcome:
            chips.append((_("Outcome: {outcome}").format(outcome=self.names.outcome(incident.outcome)), FAINT))
        page.chips(chips)
        page.pairs(facts(self.file, self.names, self.context))
        if incident.note:
            page.heading(_("Note"), 16)
            page.write_line(incident.note)

    def write_stills(self, stills: Mapping[str, bytes]) -> None:
        """Each still with boxes, the original beneath, its time, camera and SHA-256; then what was left out."""
        page = self.page
        pictures = pictures_of(self.file)
        page.heading(_("Pictures"), STILL_MM + 14 if pictures else 20)
        if not pictures:
            page.write_line(_("No picture was stored with this incident."), colour=FAINT)
        for item in pictures[:STILLS_SHOWN]:
            write_still(page, item, stills.get(item.id), self.names, self.context.zone)
        rest = pictures[STILLS_SHOWN:]
        if rest:
            text = ngettext(
                "{count} further picture is only listed.", "{count} further pictures are only listed.", len(rest)
            )
            page.write_line(text.format(count=len(rest)))
            rows = [(utc_text(e.from_utc_s), self.names.camera(e.camera_id), e.sha256) for e in rest]
            page.table((_("Time (UTC)"), _("Camera"), _("SHA-256")), rows, (34, 50, 90))

    def write_alarms(self) -> None:
        """Alarms, and the events that raised and fed them."""
        page, names = self.page, self.names
        page.heading(_("Alarms"))
        page.table(
            (
                _("Camera"),
                _("Rule"),
                _("First (UTC)"),
                _("Last (UTC)"),
                _("Events"),
                _("State"),
                _("Verdict"),
                _("Owner"),
            ),
            [
                (
                    names.camera(a.camera_id),
                    names.rule(a.rule_id),
                    utc_text(a.first_utc_s),
                    utc_text(a.last_utc_s),
                    str(a.count),
                    label_of(a.state),
                    label_of(a.verdict) if a.verdict else NONE,
                    names.operator(a.owner_id),
                )
                for a in self.file.alarms
            ],
            (26, 28, 22, 22, 19, 22, 22, 23),
        )
        page.heading(_("Events"))
        page.table(
            (_("Time (UTC)"), _("Time (local)"), _("Camera"), _("Rule"), _("Seen"), _("Score"), _("Track"), _("For")),
            [
                (
                    utc_text(e.utc_s, timespec="milliseconds"),
                    utc_text(e.utc_s, self.context.zone, timespec="milliseconds"),
                    names.camera(e.camera_id),
                    names.rule(e.rule_id),
                    object_name(e.label),
                    f"{e.score:.0%}",
                    str(e.track_id),
                    _("{seconds} s").format(seconds=f"{max(e.utc_s - e.since_utc_s, 0):.1f}"),
                )
                for e in self.file.events[:EVENTS_SHOWN]
            ],
            (26, 29, 29, 30, 22, 13, 12, 17),
        )
        self._say_left_out(len(self.file.events) - EVENTS_SHOWN)

    def write_history(self) -> None:
        """Who did what, when, with the values before and after."""
        page = self.page
        page.heading(_("History"))
        page.table(
            (_("No."), _("Time (UTC)"), _("Time (local)"), _("Who"), _("What"), _("Before → after"), _("Hash")),
            [
                (
                    str(entry.seq),
                    utc_text(entry.at_utc_s),
                    utc_text(entry.at_utc_s, self.context.zone),
                    self.names.operator(entry.actor_id),
                    action_name(entry.action),
                    changes_text(entry, self.names, self.context.zone) or NONE,
                    entry.hash[:10],
                )
                for entry in self.file.history[:HISTORY_SHOWN]
            ],
            (10, 23, 25, 24, 26, 46, 20),
        )
        self._say_left_out(len(self.file.history) - HISTORY_SHOWN)

    def write_integrity(self) -> None:
        """Position in the chain, head, key, what verification said, how to repeat it, and the signature line."""
        page, context, history = self.page, self.context, self.file.history
        page.heading(_("Proof against later changes"), 70)
        rows = [
            (_("Entries of this case"), f"{history[0].seq} … {history[-1].seq}" if history else NONE),
            (_("Hash of the last one"), history[-1].hash if history else NONE),
            (_("Head of the chain"), f"{context.head_seq}: {context.head_hash}"),
            (_("Signing key"), context.key_fingerprint or _("none: checkpoints are not signed")),
            (_("Verification"), self._verification_text()),
            (
                _("To check"),
                _("main.py verify JOURNAL recomputes every row and the chain, and names what was altered."),
            ),
        ]
        page.pairs(rows)
        self._write_problems()
        page.need(26)
        page.ln(12)
        page.write_line(fitting(_("Prepared by: {actor}").format(actor=context.actor), _LINE_MM), 9)
        page.signatures(context.template.signatures or (_("Date, signature"),))

    def _verification_text(self) -> str:
        found = self.context.verification
        if found is None:
            return _("not done when this report was made")
        if found.ok:
            text = _("intact: {rows} rows, {entries} entries, {checkpoints} checkpoints checked")
            erased = _("; {count} rows lawfully erased").format(count=found.erased) if found.erased else ""
            return text.format(rows=found.rows, entries=found.entries, checkpoints=found.checkpoints) + erased
        text = ngettext("NOT INTACT: {count} problem found", "NOT INTACT: {count} problems found", len(found.problems))
        return text.format(count=len(found.problems))

    def _write_problems(self) -> None:
        problems = self.context.verification.problems if self.context.verification else ()
        if not problems:
            return
        self.page.ln(2)
        self.page.write_line(_("What verification found"), 9, bold=True, colour=WARNING)
        rows = [(p.table, p.row_id, p.field or NONE, p.what) for p in problems[:PROBLEMS_SHOWN]]
        self.page.table((_("Table"), _("Row"), _("Field"), _("Problem")), rows, (24, 60, 24, 66))
        self._say_left_out(len(problems) - PROBLEMS_SHOWN)

    def _say_left_out(self, count: int) -> None:
        if count > 0:
            text = ngettext(
                "{count} further row is left out; the JSON report has all.",
                "{count} further rows are left out; the JSON report has all.",
                count,
            )
            self.page.write_line(text.format(count=count), 8, colour=WARNING)
