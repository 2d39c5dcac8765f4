"""What belongs to a case, in words for the panel: hand-overs, procedure, notes, links. Any thread."""

from __future__ import annotations

from app.i18n import _
from app.labels import label_of
from storage.film_clocks import words_of
from storage.journal import IncidentFile, Registry
from widgets.words import Names, clock_text


def case_text(file: IncidentFile, registry: Registry) -> str:
    """A line per thing, in the order in which an operator asks: who has it, what is next, what was said."""
    names = Names(registry)
    lines = [*_handovers(file, registry), *_procedure(file, registry)]
    lines += [
        _("Took part: {name}{part}").format(name=p.name, part=f", {p.part}" if p.part else "")
        for p in file.participants
        if not p.removed
    ]
    lines += [
        _("{kind} {other}").format(kind=label_of(link.kind), other=link.other_id)
        for link in file.links
        if not link.removed and link.incident_id == file.incident.id
    ]
    for note in sorted(file.notes, key=lambda n: n.at_utc_s):
        where = f" {names.camera(note.camera_id)}" if note.camera_id else ""
        time = clock_text(note.utc_s if note.utc_s is not None else note.at_utc_s)
        lines.append(f"{time}{where}  {words_of(note) or label_of(note.kind)}  ({names.actor(note.actor_id)})")
    return "\n".join(lines)


def _handovers(file: IncidentFile, registry: Registry) -> list[str]:
    services = {s.id: s for s in registry.services}
    lines = []
    for handover in file.handovers:
        service = services.get(handover.service_id)
        reach = "  ".join(filter(None, (service.phone, service.radio))) if service is not None else ""
        head = _("{service}: {state} {time}").format(
            service=service.name if service is not None else handover.service_id,
            state=label_of(handover.state).lower(),
            time=clock_text(handover.answered_utc_s or handover.at_utc_s),
        )
        lines.append("  ·  ".join(filter(None, (head, handover.answer, reach))))
    return lines


def _procedure(file: IncidentFile, registry: Registry) -> list[str]:
    procedure = next((p for p in registry.procedures if p.category_id == file.incident.category_id), None)
    if procedure is None:
        return []
    steps = {s.position: s for s in file.steps if s.procedure_id == procedure.id}
    following = next((text for n, text in enumerate(procedure.steps) if n not in steps), "")
    lines = [
        _("{name}: {done} of {count} steps{following}").format(
            name=procedure.name,
            done=len(steps),
            count=len(procedure.steps),
            following="  ·  " + _("next: {step}").format(step=following) if following else "",
        )
    ]
    lines += [
        _("Skipped: {step} ({reason})").format(step=s.text, reason=s.reason) for s in steps.values() if not s.done
    ]
    return lines
