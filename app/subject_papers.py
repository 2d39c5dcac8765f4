"""What is stored of a person who asked, as JSON and as a letter (GDPR Art. 15; what else the law of the place asks is
in the site's own words). Pure; any thread. Texts are in the language in use.

Only named fields go in; free texts and names, which may be of others, are blacked out and counted as such.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import tzinfo

from app.i18n import _, ngettext
from app.labels import action_name, label_of, object_name
from app.package_content import CameraScope
from app.report_facts import NONE, Names, ReportContext, iso_text, utc_text
from app.report_page import ACCENT, FAINT, INK, Page
from storage.journal import IncidentFile, Registry
from storage.records import Category
from storage.release_records import Disclosure

FORMAT = "watchfloor-subject-access-1"
WITHHELD = "[withheld]"
_LABEL_MM = 44.0
_BAR_MM = 62.0
_FREE_TEXTS = ("title", "note", "address")

Tree = dict[str, object]


@dataclass(frozen=True, slots=True)
class SubjectFacts:
    """A request, what of the recordings is shown, incidents that the person was part of, and how long things stay
    (days, 0: without a limit of their own)."""

    disclosure: Disclosure
    scopes: tuple[CameraScope, ...]
    incidents: tuple[IncidentFile, ...] = ()
    footage_days: int = 0
    incident_days: int = 0


def subject_json(facts: SubjectFacts, registry: Registry, context: ReportContext) -> bytes:
    """All of it, for a machine."""
    names, asked = Names(registry), facts.disclosure
    tree: Tree = {
        "format": FORMAT,
        "site": context.site_name,
        "made": iso_text(context.generated_utc_s),
        "withheld": f"{WITHHELD} stands where a value names or may name somebody else.",
        "request": {
            "number": asked.number,
            "person": asked.authority,
            "legal_basis": asked.legal_basis,
            "reference": asked.reference,
            "asked": asked.asked,
            "received": iso_text(asked.at_utc_s),
            "from": iso_text(asked.from_utc_s),
            "to": iso_text(asked.to_utc_s),
        },
        "recordings": [_recording(scope, names) for scope in facts.scopes],
        "incidents": [_incident(file, names, facts, registry.categories) for file in facts.incidents],
        "kept_days": {"recordings": facts.footage_days or None},
    }
    return json.dumps(tree, ensure_ascii=False, indent=1).encode()


def subject_pdf(facts: SubjectFacts, registry: Registry, context: ReportContext) -> bytes:
    """The letter."""
    title = _("What is stored of you")
    with closing(Page(title, context.site_name, context.language, context.generated_utc_s)) as page:
        page.running_head = f"{context.site_name}   ·   {facts.disclosure.number}"
        page.footer_text = f"{facts.disclosure.number}   ·   {utc_text(context.generated_utc_s)}"
        page.page_words = _("Page {page} of {pages}")
        page.add_page()
        letter = _Letter(page, facts, Names(registry), registry.categories, context)
        letter.write_head(title)
        letter.write_recordings()
        letter.write_incidents()
        letter.write_rights()
        return bytes(page.output())


class _Letter:
    """One letter while it is written."""

    def __init__(
        self, page: Page, facts: SubjectFacts, names: Names, categories: Sequence[Category], context: ReportContext
    ) -> None:
        self.page, self.facts, self.names, self.context = page, facts, names, context
        self.categories = categories
        self.zone = context.zone

    def write_head(self, title: str) -> None:
        """To whom, about what."""
        page, asked = self.page, self.facts.disclosure
        page.write_line(self.context.site_name, 11, bold=True, colour=ACCENT)
        page.rule(ACCENT)
        page.ln(4)
        page.write_line(asked.authority, 11)
        page.ln(4)
        page.write_line(title, 15, bold=True, colour=ACCENT)
        page.write_line(f"{asked.number}   ·   {utc_text(self.context.generated_utc_s, self.zone)}", 9, colour=FAINT)
        page.heading(_("What was asked for"))
        page.pairs(
            [
                (_("Received"), utc_text(asked.at_utc_s, self.zone)),
                (_("Your reference"), asked.reference or NONE),
                (_("Legal basis"), asked.legal_basis),
                (_("Request"), asked.asked),
                (_("From"), utc_text(asked.from_utc_s, self.zone)),
                (_("Until"), utc_text(asked.to_utc_s, self.zone)),
            ]
        )

    def write_recordings(self) -> None:
        """What of each camera is shown."""
        page = self.page
        page.heading(_("Recordings"), 40)
        rows = [(self.names.camera(scope.camera_id), _shown_words(scope)) for scope in self.facts.scopes]
        page.table((_("Camera"), _("What the copy shows")), rows, (60, 114))
        page.ln(2)
        page.write_line(
            _(
                "Copies of the recordings are in view/. Everything but you is made unrecognisable in them, because"
                " others have the same right as you. Where the program does not know for certain which person is you,"
                " nothing is shown sharp. They have no sound."
            ),
            9,
        )

    def write_incidents(self) -> None:
        """Each incident, field by field, black where it is about others."""
        page = self.page
        page.heading(_("Incidents that you were part of"), 30)
        if not self.facts.incidents:
            page.write_line(_("None is known."), 9)
        for file in self.facts.incidents:
            page.need(50)
            page.write_line(_("Incident {number}").format(number=file.incident.number), 10, bold=True, colour=ACCENT)
            page.pairs(_pairs(file, self.names, self.zone))
            for label, text in self._free_texts(file):
                self._bar(label, text)
            history = [(utc_text(e.at_utc_s, self.zone), action_name(e.action), "") for e in file.history]
            page.ln(2)
            page.table((_("Time (local)"), _("What was done"), ""), history, (46, 98, 30))
            page.ln(3)

    def write_rights(self) -> None:
        """Why, from where, how long, to whom, and what can be done about it."""
        page = self.page
        page.heading(_("About these data"), 60)
        page.pairs(
            [
                (_("Purpose"), _("Safety of people and property, and clearing up what happened.")),
                (_("Source"), _("The cameras named above, and what operators wrote down.")),
                (_("Recognition"), _("No one is known by face or body, and nothing is decided by a machine alone.")),
                (_("Recordings stay"), _days(self.facts.footage_days)),
                (_("Incidents stay"), _days(self.facts.incident_days)),
                (_("Given to others"), self._receivers() or _("To nobody.")),
                (
                    _("Your rights"),
                    _(
                        "You may ask for correction, erasure or restriction, object, and complain to the supervisory"
                        " authority for data protection."
                    ),
                ),
            ]
        )  # fmt: skip
        page.need(24)
        page.ln(14)
        page.write_line(_("Date, signature") + "  " + "_" * 46, 9, colour=FAINT)

    def _receivers(self) -> str:
        """Offices by name, which the site wrote down; a package's recipient is free text and may name a person."""
        files = self.facts.incidents
        given = {package.recipient for file in files for package in file.packages if package.recipient}
        services = {self.names.service(handover.service_id) for file in files for handover in file.handovers}
        text = ngettext(
            "{count} recipient of a package (name withheld)",
            "{count} recipients of packages (names withheld)",
            len(given),
        )
        return ", ".join([*sorted(services), *([text.format(count=len(given))] if given else [])])

    def _free_texts(self, file: IncidentFile) -> list[tuple[str, str]]:
        """Labels of what is blacked out, with how much of it there is."""
        incident = file.incident
        found = [(_("Title"), incident.title), (_("Note"), incident.note), (_("Address"), incident.address)]
        counts = [
            (_("Notes"), len(file.notes)),
            (_("Who took part"), len(file.participants)),
            (_("Pictures"), len(file.evidence) + len(file.exhibits)),
        ]
        rows = [(label, "") for label, text in found if text]
        return rows + [(label, str(count)) for label, count in counts if count]

    def _bar(self, label: str, text: str) -> None:
        """A black bar in the place of a value."""
        page = self.page
        page.need(8)
        top = page.y
        page.ink(9, bold=True, colour=FAINT)
        page.cell(_LABEL_MM, 5.6, page.one_line(label, _LABEL_MM))
        page.set_fill_color(*INK)
        page.rect(page.l_margin + _LABEL_MM + 1.2, top + 1, _BAR_MM, 3.8, style="F")
        if text:
            page.ink(9)
            page.text(page.l_margin + _LABEL_MM + _BAR_MM + 4, top + 4.2, f"× {text}")
        page.set_xy(page.l_margin, top + 5.8)


def _recording(scope: CameraScope, names: Names) -> Tree:
    own = _own(scope)
    return {
        "camera": names.camera(scope.camera_id),
        "from": iso_text(scope.from_utc_s),
        "to": iso_text(scope.to_utc_s),
        "sharp_from": iso_text(own[0]) if own else None,
        "sharp_to": iso_text(own[-1]) if own else None,
        "looks": len(own),
    }


def _incident(file: IncidentFile, names: Names, facts: SubjectFacts, categories: Sequence[Category]) -> Tree:
    incident = file.incident
    days = next((c.keep_days for c in categories if c.id == incident.category_id), None)
    place = names.place(incident.place_id)
    return {
        "number": incident.number,
        "category": names.category(incident.category_id),
        "severity": int(incident.severity),
        "state": incident.state.value,
        "outcome": names.outcome(incident.outcome) if incident.outcome else None,
        "camera": names.camera(incident.camera_id),
        "place": place.name if place else None,
        "source": incident.source.value,
        "opened": iso_text(incident.opened_utc_s),
        "closed": iso_text(incident.closed_utc_s) if incident.closed_utc_s is not None else None,
        "kept_days_after_closing": (facts.incident_days if days is None else days) or None,
        **{name: WITHHELD if getattr(incident, name) else "" for name in _FREE_TEXTS},
        "operator": WITHHELD if incident.owner_id else None,
        "events": [
            {"camera": names.camera(e.camera_id), "time": iso_text(e.utc_s), "seen": e.label} for e in file.events
        ],
        "notes": [{"time": iso_text(n.at_utc_s), "author": WITHHELD, "text": WITHHELD} for n in file.notes],
        "participants": [{"name": WITHHELD, "part": WITHHELD} for p in file.participants if not p.removed],
        "handovers": [
            {"service": names.service(h.service_id), "time": iso_text(h.at_utc_s), "text": WITHHELD}
            for h in file.handovers
        ],
        "pictures": [{"time": iso_text(e.from_utc_s), "picture": WITHHELD} for e in file.evidence],
        "files": len(file.exhibits),
        "packages": [
            {"time": iso_text(p.at_utc_s), "recipient": WITHHELD if p.recipient else None, "sha256": p.sha256}
            for p in file.packages
        ],
        "history": [
            {"time": iso_text(e.at_utc_s), "what": e.action, "who": WITHHELD, "values": WITHHELD} for e in file.history
        ],
    }


def _pairs(file: IncidentFile, names: Names, zone: tzinfo) -> list[tuple[str, str]]:
    incident = file.incident
    place = names.place(incident.place_id)
    seen = ", ".join(sorted({object_name(event.label) for event in file.events}))
    closed = utc_text(incident.closed_utc_s, zone) if incident.closed_utc_s is not None else NONE
    return [
        (_("Category"), names.category(incident.category_id)),
        (_("State"), label_of(incident.state)),
        (_("Outcome"), names.outcome(incident.outcome) if incident.outcome else NONE),
        (_("Opened"), utc_text(incident.opened_utc_s, zone)),
        (_("Closed"), closed),
        (_("Camera"), names.camera(incident.camera_id)),
        (_("Place"), place.name if place else NONE),
        (_("Seen"), seen or NONE),
    ]


def _own(scope: CameraScope) -> list[float]:
    return sorted(seen.utc_s for seen in scope.boxes if seen.track_id == scope.keep_track)


def _shown_words(scope: CameraScope) -> str:
    own = _own(scope)
    if not own:
        return _("Nothing is shown sharp: which person is you is not known here.")
    return _("You, from {begin} to {end}; all else is unrecognisable.").format(
        begin=utc_text(own[0]), end=utc_text(own[-1])
    )


def _days(days: int) -> str:
    return _("{days} days").format(days=days) if days else _("Without a fixed limit, as long as the purpose lasts.")
