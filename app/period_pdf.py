"""The printed report of a period (a day, a shift, a month), and the sheet for the day the machine dies.

The daily report carries the chain's head and the signer's fingerprint: printed paper is a place outside this machine.
"""

from __future__ import annotations

from contextlib import closing

from app.i18n import _, marked
from app.labels import label_of
from app.period_facts import PeriodFacts
from app.report_facts import NONE, Names, ReportContext, utc_text
from app.report_page import ACCENT, FAINT, Page
from storage.journal import Registry
from storage.records import Incident, IncidentState

LIST_SHOWN = 1000
MOST_COUNTED = 40
_STEPS = {
    "acknowledged": marked("Opened to acknowledged"),
    "handed_over": marked("Opened to handed over"),
    "on_scene": marked("Opened to on scene"),
    "closed": marked("Opened to closed"),
}


def period_pdf(facts: PeriodFacts, registry: Registry, context: ReportContext) -> bytes:
    """The whole document; texts are in the language in use."""
    title = facts.period.title
    with closing(_page(title, context)) as page:
        names = Names(registry)
        template = context.template
        page.letterhead(context.site_name, template.address, template.header, template.logo)
        page.write_line(title, 20, bold=True, colour=ACCENT)
        span = f"{utc_text(facts.period.from_utc_s, context.zone)}  –  {utc_text(facts.period.to_utc_s, context.zone)}"
        page.write_line(f"{span} ({context.zone.key})", 9, colour=FAINT)
        if template.shows("figures"):
            _write_counts(page, facts, names)
        if template.shows("list"):
            _write_list(page, facts, names, context)
        _write_integrity(page, facts, names, context)
        page.signatures(template.signatures)
        return bytes(page.output())


def open_sheet_pdf(incidents: tuple[Incident, ...], registry: Registry, context: ReportContext) -> bytes:
    """Open incidents and everybody's telephone, on paper before the machine dies."""
    title = _("Open incidents and telephones")
    with closing(_page(title, context)) as page:
        names = Names(registry)
        page.write_line(context.site_name, 10, bold=True, colour=ACCENT)
        page.write_line(title, 18, bold=True, colour=ACCENT)
        page.write_line(utc_text(context.generated_utc_s, context.zone), 9, colour=FAINT)
        services = {service.id: service.name for service in registry.services}
        page.heading(_("Open incidents ({count})").format(count=len(incidents)))
        rows = [
            (
                i.number,
                utc_text(i.opened_utc_s, context.zone),
                names.category(i.category_id),
                label_of(i.state),
                _where(i, names),
                services.get(i.service_id or "", NONE),
                i.title or i.note or NONE,
            )
            for i in incidents
        ]
        headings = (_("Number"), _("Opened"), _("Category"), _("State"), _("Place"), _("Service"), _("What"))
        page.table(headings, rows, (22, 36, 24, 22, 36, 26, 40))
        page.heading(_("Telephones"))
        cards = [(s.name, s.phone or NONE, s.radio or NONE, s.email or NONE, s.note or NONE) for s in registry.services]
        page.table((_("Service"), _("Telephone"), _("Radio"), _("E-mail"), _("Note")), cards, (40, 30, 24, 44, 40))
        return bytes(page.output())


def _page(title: str, context: ReportContext) -> Page:
    page = Page(title, context.site_name, context.language, context.generated_utc_s)
    page.running_head = f"{context.site_name}   ·   {title}"
    page.footer_text = _("{title}   ·   made {time} by {actor}").format(
        title=title, time=utc_text(context.generated_utc_s), actor=context.actor
    )
    page.page_words = _("Page {page} of {pages}")
    page.use_footer(context.template.footer)
    page.add_page()
    return page


def _write_counts(page: Page, facts: PeriodFacts, names: Names) -> None:
    page.heading(_("In figures"))
    crimes = dict(facts.by_group)
    page.pairs(
        [
            (_("Incidents"), str(sum(crimes.values()))),
            (_("Crimes"), str(crimes.get("crime", 0))),
            (_("Administrative offences"), str(crimes.get("administrative", 0))),
            (_("Still open"), str(facts.still_open)),
            *((_("Damage"), f"{minor / 100:,.2f} {currency}") for currency, minor in facts.damage_minor),
            *(
                (_(_STEPS[name]), _("median {median}, 9 of 10 within {p90} ({count})").format(
                    median=_lasted(spread.median_s), p90=_lasted(spread.p90_s), count=spread.count
                ))
                for name, spread in facts.times
            ),
        ]
    )  # fmt: skip
    for heading, counts, name in (
        (_("By category"), facts.by_category, names.category),
        (_("By outcome"), facts.by_outcome, names.outcome),
        (_("By district"), facts.by_district, names.district_of),
        (_("By place"), facts.by_place, names.place_name),
        (_("By camera"), facts.by_camera, names.camera),
        (_("By operator"), facts.by_operator, names.operator),
    ):
        if counts:
            page.heading(heading)
            rows = [(name(key), str(count)) for key, count in counts[:MOST_COUNTED]]
            page.table((heading, _("Count")), rows, (120, 30))
            if len(counts) > MOST_COUNTED:
                page.write_line(_("{count} with fewer are left out.").format(count=len(counts) - MOST_COUNTED), 8)
    if facts.rolled_up:
        page.ln(2)
        page.write_line(
            _("Figures from kept counts: restricted incidents are not in them, times are at most 9 % too long."), 8
        )


def _write_list(page: Page, facts: PeriodFacts, names: Names, context: ReportContext) -> None:
    page.heading(_("Incidents"))
    shown = facts.incidents[:LIST_SHOWN]
    rows = [
        (
            i.number,
            utc_text(i.opened_utc_s, context.zone),
            names.category(i.category_id),
            _where(i, names),
            label_of(i.state) if i.state is not IncidentState.CLOSED else names.outcome(i.outcome or ""),
            i.title or i.note or NONE,
        )
        for i in shown
    ]
    headings = (_("Number"), _("Opened"), _("Category"), _("Place"), _("State or outcome"), _("What"))
    page.table(headings, rows, (22, 36, 26, 40, 26, 44))
    left_out = len(facts.incidents) - len(shown)
    if left_out or not facts.complete:
        cut = _("The list is cut: {count} more are not printed; the counts cover all that was read.")
        page.write_line(cut.format(count=left_out))


def _write_integrity(page: Page, facts: PeriodFacts, names: Names, context: ReportContext) -> None:
    if facts.approvals:
        page.heading(_("Used in an emergency: to be reviewed"))
        rows = [
            (label_of(a.kind), names.operator(a.decided_by_id), a.words or a.reason, a.subject_id)
            for a in facts.approvals
        ]
        page.table((_("What"), _("Who"), _("Why"), _("Subject")), rows, (36, 36, 60, 50))
    page.heading(_("To check the journal later"))
    verified = context.verification
    result = NONE if verified is None else _("intact") if verified.ok else _("NOT INTACT")
    page.pairs(
        [
            (_("Head of the chain"), f"{context.head_seq}: {context.head_hash}"),
            (_("Signer's fingerprint"), context.key_fingerprint or NONE),
            (_("Verified"), result),
        ]
    )


def _where(incident: Incident, names: Names) -> str:
    place = names.place(incident.place_id)
    return ", ".join(filter(None, (place.name if place else "", incident.address))) or names.camera(incident.camera_id)


def _lasted(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"
