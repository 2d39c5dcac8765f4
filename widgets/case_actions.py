"""What an operator does with a case beyond take, verify and close: each key asks one question in the panel and sends
one command. GUI thread only; the desk brings the change back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from PySide6.QtCore import QObject, Signal

from app.feeds import Desk
from app.i18n import _
from app.labels import label_of
from storage.case_commands import (
    AddNote,
    AddParticipant,
    AnswerHandover,
    AssignIncident,
    DoStep,
    EditIncident,
    EditNote,
    HandOverIncident,
    LinkIncidents,
    MergeIncident,
    ResolveIncident,
    StepBackIncident,
)
from storage.case_records import Handover, HandoverState, Note, NoteKind
from storage.commands import Command
from storage.journal import IncidentFile
from storage.records import Incident, IncidentState
from widgets.choice import Choice, Option, Question, lettered
from widgets.words import Names, clock_text

_ANSWERS = (
    (HandoverState.ACCEPTED, "A"),
    (HandoverState.ON_SCENE, "O"),
    (HandoverState.DONE, "D"),
    (HandoverState.REFUSED, "R"),
    (HandoverState.WITHDRAWN, "W"),
)
CASE_KEYS = (
    "hand_over",
    "answer",
    "resolve",
    "note",
    "step",
    "category",
    "damage",
    "participant",
    "take_over",
    "merge",
    "link",
)
"""Keys of the table whose calls are methods of `CaseActions` with the same name."""
_MOST_OPTIONS = 24
_DAMAGE = re.compile(r"([0-9][0-9 .,]*)\s*([A-Za-z]{3})")


class CaseActions(QObject):
    """Asks by `choice` about the incident that `current` gives, with its file when that is read already."""

    said = Signal(str)
    handed_over = Signal(object, object)
    """An incident moved on by a step that can be taken back: as it was, as it will be."""

    def __init__(
        self,
        desk: Desk,
        choice: Choice,
        current: Callable[[], tuple[Incident | None, IncidentFile | None]],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._desk, self._choice, self._current = desk, choice, current

    # Moving on

    def hand_over(self) -> None:
        """To a service: its letter, a word, Enter."""
        incident = self._open(HandOverIncident.sources)
        services = self._desk.registry().services
        if incident is None:
            return
        if not services:
            self.said.emit(_("No service is known. Add one: main.py service add NAME"))
            return
        cards = {s.id: s for s in services}
        near = sorted(services, key=lambda s: (s.district_id != incident.district_id, s.name))

        def card(option: Option) -> str:
            service = cards[str(option.value)]
            reach = "  ·  ".join(filter(None, (service.phone, service.radio)))
            return _("Hand {number} over to {service}  {reach}").format(
                number=incident.number, service=service.name, reach=reach
            )

        def done(service_id: object, words: str) -> None:
            self._send(HandOverIncident(incident.id, incident.version, str(service_id), words))
            further = max(IncidentState.HANDED_OVER, incident.state, key=list(IncidentState).index)
            self._tell_moved(incident, further, str(service_id))

        heading = _("Hand {number} over to: press the letter, Esc leaves it").format(number=incident.number)
        options = lettered((s.id, s.name, "") for s in near[:_MOST_OPTIONS])
        self._choice.ask(Question(heading, done, options, _("A word for them; Enter hands over"), chosen_heading=card))

    def answer(self) -> None:
        """What the service said, by telephone or radio."""
        incident = self._any()
        handover = self._waiting_handover(incident) if incident is not None else None
        if incident is None:
            return
        if handover is None:
            self.said.emit(_("{number} is not handed over.").format(number=incident.number))
            return
        names = {s.id: s.name for s in self._desk.registry().services}
        name = names.get(handover.service_id, handover.service_id)

        def done(state: object, words: str) -> None:
            self._send(AnswerHandover(handover.id, handover.version, HandoverState(str(state)), words))

        heading = _("{service} says about {number}:").format(service=name, number=incident.number)
        options = tuple(Option(letter, state, label_of(state)) for state, letter in _ANSWERS)
        self._choice.ask(Question(heading, done, options, _("Their words, if there are some; Enter")))

    def _waiting_handover(self, incident: Incident) -> Handover | None:
        _incident, file = self._current()
        known = {h.id: h for h in (file.handovers if file is not None else ())}
        known.update({h.id: h for h in self._desk.state().handovers if h.incident_id == incident.id})
        waiting = [h for h in known.values() if h.state in AnswerHandover.sources]
        return max(waiting, key=lambda h: h.at_utc_s, default=None)

    def resolve(self) -> None:
        """The matter is over."""
        incident = self._open(ResolveIncident.sources)
        if incident is not None:
            self._send(ResolveIncident(incident.id, incident.version))
            self._tell_moved(incident, ResolveIncident.target, incident.service_id)

    def _tell_moved(self, incident: Incident, state: IncidentState, service_id: str | None) -> None:
        made = replace(incident, state=state, service_id=service_id, version=incident.version + 1)
        self.handed_over.emit(incident, made)

    def step_back(self) -> None:
        """Undo the last step of the incident in the panel."""
        incident = self._open(StepBackIncident.sources)
        if incident is not None:
            self._send(StepBackIncident(incident.id, incident.version))

    def take_over(self) -> None:
        """Take it from whoever has it."""
        incident = self._open(frozenset(IncidentState) - {IncidentState.CLOSED})
        if incident is not None:
            self._send(AssignIncident(incident.id, incident.version, self._desk.actor_id()))

    # Writing down

    def note(self) -> None:
        """Words to the incident."""
        incident = self._any()
        if incident is not None:
            heading = _("Note to {number}: Enter writes it down").format(number=incident.number)
            self._choice.ask(
                Question(
                    heading,
                    lambda _value, words: self._send(AddNote(words, incident_id=incident.id)),
                    words=_("What happened"),
                    must_say=True,
                )
            )

    def mark(self, camera_id: str, utc_s: float, kind: NoteKind = NoteKind.MARK) -> None:
        """Stamp this moment now; its words come later."""
        self._send(AddNote("", kind, camera_id=camera_id, utc_s=utc_s))
        name = Names(self._desk.registry()).camera(camera_id)
        self.said.emit(_("Marked {time} on {camera}. Shift+M: its words.").format(time=clock_text(utc_s), camera=name))

    def bookmark(self, camera_id: str, utc_s: float) -> None:
        """A moment with a word, found again in the journal and on the timeline."""
        name = Names(self._desk.registry()).camera(camera_id)
        heading = _("Bookmark {time} on {camera}: Enter keeps it").format(time=clock_text(utc_s), camera=name)

        def done(_value: object, words: str) -> None:
            self._send(AddNote(words, NoteKind.BOOKMARK, camera_id=camera_id, utc_s=utc_s))

        self._choice.ask(Question(heading, done, words=_("A word, if you like")))

    def words_for_mark(self) -> None:
        """The oldest mark without words: say what it was, and whether it belongs to the incident in the panel."""
        marks = [m for m in self._desk.state().marks if m.kind is NoteKind.MARK]
        if not marks:
            self.said.emit(_("No mark is waiting for words."))
            return
        mark = min(marks, key=lambda m: m.at_utc_s)
        incident, _file = self._current()
        options = [Option("K", "", _("Keep as a note"))]
        if incident is not None and incident.state is not IncidentState.CLOSED:
            options.insert(0, Option("I", incident.id, _("To {number}").format(number=incident.number)))

        def done(incident_id: object, words: str) -> None:
            self._send(EditNote(mark.id, mark.version, words, str(incident_id) or None))

        heading = _("Mark of {moment}").format(moment=self._moment(mark))
        self._choice.ask(
            Question(heading, done, options, _("What it was; Enter"), must_say=True, chosen_heading=lambda _o: heading)
        )

    def _moment(self, mark: Note) -> str:
        time = clock_text(mark.utc_s if mark.utc_s is not None else mark.at_utc_s)
        return f"{time}, {Names(self._desk.registry()).camera(mark.camera_id)}" if mark.camera_id else time

    def participant(self) -> None:
        """A patrol or service that took part."""
        incident = self._any()
        if incident is not None:
            heading = _("Who took part in {number}? Name, then a comma and how").format(number=incident.number)

            def done(_value: object, words: str) -> None:
                name, _comma, part = words.partition(",")
                self._send(AddParticipant(incident.id, name.strip(), part.strip()))

            self._choice.ask(Question(heading, done, words=_("Patrol 12, first on scene"), must_say=True))

    def damage(self) -> None:
        """Damage in money: an amount and the currency's three letters."""
        incident = self._any()
        if incident is None:
            return

        def done(_value: object, words: str) -> None:
            amount = minor_units(words)
            if amount is None:
                self.said.emit(_("That was no amount: write it like 1200.50 UAH. Nothing was changed."))
                return
            self._send(EditIncident(incident.id, incident.version, damage_minor=amount[0], currency=amount[1]))

        heading = _("Damage of {number}").format(number=incident.number)
        self._choice.ask(Question(heading, done, words=_("1200.50 UAH"), must_say=True))

    def category(self) -> None:
        """Correct the category."""
        incident = self._any()
        if incident is None:
            return

        def done(category_id: object, _words: str) -> None:
            self._send(EditIncident(incident.id, incident.version, category_id=str(category_id)))

        options = lettered((c.id, c.name, c.letter) for c in self._desk.registry().categories)
        heading = _("{number} is rather: press the letter, Esc leaves it").format(number=incident.number)
        self._choice.ask(Question(heading, done, options))

    def step(self) -> None:
        """A step of the procedure: Enter says done, a reason says skipped."""
        incident = self._any()
        if incident is None:
            return
        procedure = next((p for p in self._desk.registry().procedures if p.category_id == incident.category_id), None)
        if procedure is None:
            self.said.emit(_("There is no procedure for this category."))
            return
        _incident, file = self._current()
        over = {s.position for s in (file.steps if file is not None else ()) if s.procedure_id == procedure.id}
        left = [(n, text) for n, text in enumerate(procedure.steps) if n not in over]
        if not left:
            self.said.emit(_("All steps of the procedure are done."))
            return

        def done(position: object, words: str) -> None:
            number = int(str(position))
            self._send(DoStep(incident.id, procedure.id, number, done=not words, reason=words))

        heading = _("{name}: which step? Then Enter: done; a reason: skipped").format(name=procedure.name)
        options = lettered((n, text, str(n + 1) if n < 9 else "") for n, text in left)
        self._choice.ask(Question(heading, done, options, _("Enter: done. A reason: skipped")))

    # Two incidents

    def merge(self) -> None:
        """The same thing was entered twice."""
        incident = self._open(MergeIncident.sources)
        others = self._others(incident)
        if incident is None or not others:
            return

        def done(other_id: object, _words: str) -> None:
            self._send(MergeIncident(incident.id, incident.version, str(other_id)))

        heading = _("{number} is the same as: press the letter, Esc leaves it").format(number=incident.number)
        self._choice.ask(Question(heading, done, others))

    def link(self) -> None:
        """Two incidents belong together."""
        incident = self._any()
        others = self._others(incident)
        if incident is not None and others:
            heading = _("{number} belongs to: press the letter, Esc leaves it").format(number=incident.number)
            self._choice.ask(
                Question(heading, lambda other, _words: self._send(LinkIncidents(incident.id, str(other))), others)
            )

    def _others(self, incident: Incident | None) -> tuple[Option, ...]:
        names = Names(self._desk.registry())
        found = [
            (i.id, f"{i.number.rpartition('-')[2].lstrip('0')} {names.category(i.category_id)}", "")
            for i in self._desk.state().incidents
            if i.state is not IncidentState.CLOSED and (incident is None or i.id != incident.id)
        ]
        if incident is not None and not found:
            self.said.emit(_("There is no other open incident."))
        return lettered(found[:_MOST_OPTIONS])

    def _send(self, command: Command) -> None:
        self._desk.apply(command)

    def _any(self) -> Incident | None:
        incident, _file = self._current()
        if incident is None:
            self.said.emit(_("No incident is selected."))
        return incident

    def _open(self, sources: frozenset[IncidentState]) -> Incident | None:
        incident = self._any()
        if incident is not None and incident.state not in sources:
            self.said.emit(
                _("{number} is {state}: not possible now.").format(
                    number=incident.number, state=label_of(incident.state).lower()
                )
            )
            return None
        return incident


def minor_units(text: str) -> tuple[int, str] | None:
    """`1 200.50 UAH` as (120050, "UAH"); None for anything else. All currencies are taken to have two decimals."""
    found = _DAMAGE.fullmatch(text.strip())
    if found is None:
        return None
    digits = found[1].replace(" ", "")
    digits = digits.replace(",", "") if "." in digits else digits.replace(",", ".")
    try:
        minor = Decimal(digits) * 100
    except InvalidOperation:
        return None
    return (int(minor), found[2].upper()) if minor == minor.to_integral_value() and minor < 10**15 else None
