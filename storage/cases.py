"""The life of an incident between its first and last step: entry by hand, corrections, owners, undo, merge, links.

Hand-overs are `handovers`, notes and steps `case_notes`, bulletins `lookouts`, shelved alarms
`shelves`. Runs on the writer thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from sqlalchemy import and_, bindparam, or_, select

from storage import case_notes, handovers, lookouts, schema, schema_cases, shelves, values
from storage.access import PERMISSIONS, Permission
from storage.case_commands import (
    AssignIncident,
    EditIncident,
    EscalateIncident,
    LinkIncidents,
    MergeIncident,
    OpenIncident,
    ResolveIncident,
    RestrictIncident,
    StepBackIncident,
    UnlinkIncidents,
)
from storage.case_records import Grant, IncidentLink, LinkKind, Note, NoteKind
from storage.commands import Command
from storage.errors import StorageCode, StorageError
from storage.incident_moves import (
    asked,
    change,
    check_version,
    create,
    deadline,
    done,
    due,
    illegal,
    move,
    named,
    of_camera,
    settle_alerts,
    state_of,
)
from storage.ledger import Ledger
from storage.outcome import Done
from storage.records import Actor, Incident, IncidentState, Role, Source, new_id
from storage.rows import plain, to_row
from storage.statements import Statement
from storage.step_back import before_last_move

_links, _grants = schema_cases.incident_links, schema_cases.grants
_ALARMS_OF = Statement(select(schema.alarms).where(schema.alarms.c.incident_id == bindparam("incident_id")))
_GRANTS_OF = Statement(select(_grants).where(_grants.c.incident_id == bindparam("incident_id"), _grants.c.removed == 0))
_LINK = Statement(
    select(_links.c.id)
    .where(
        or_(
            and_(_links.c.incident_id == bindparam("one"), _links.c.other_id == bindparam("two")),
            and_(_links.c.incident_id == bindparam("two"), _links.c.other_id == bindparam("one")),
        ),
        _links.c.kind == bindparam("kind"),
        _links.c.removed == 0,
    )
    .limit(1)
)
_REFERENCES = {
    "category_id": schema.categories,
    "place_id": schema.places,
    "district_id": schema.districts,
    "object_id": schema.objects,
}


def open_by_hand(ledger: Ledger, command: OpenIncident, actor: Actor) -> Done:
    """Numbered, owned by the actor, acknowledged at once; place and restriction come from the camera."""
    camera_id = values.title("camera_id", command.camera_id)
    known = of_camera(ledger, camera_id)
    given = {
        name: values.optional(ledger, _REFERENCES[name], getattr(command, name))
        for name in ("place_id", "district_id", "object_id")
    }
    if given["place_id"] is not None:
        known["district_id"] = ledger.get(schema.places, given["place_id"])["district_id"]
    known |= {name: value for name, value in given.items() if value is not None}
    incident = Incident(
        id=values.new(ledger, schema.incidents, command.new_incident_id),
        number="",
        category_id=str(values.in_use(ledger, schema.categories, command.category_id)["id"]),
        severity=values.severity("severity", command.severity),
        state=IncidentState.ACKNOWLEDGED,
        camera_id=camera_id,
        opened_utc_s=0.0,
        version=1,
        owner_id=actor.id,
        note=values.text("note", command.note),
        source=_source(command.source),
        title=values.title("title", command.title),
        address=values.title("address", command.address),
        happened_utc_s=values.utc_s("happened_utc_s", command.happened_utc_s),
        acknowledged_utc_s=float(ledger.clock()),
        **known,
    )
    return done(create(ledger, incident))


def edit_incident(ledger: Ledger, command: EditIncident, actor: Actor) -> Done:
    """Correct what is known. Another category has other deadlines, counted from now."""
    row = asked(ledger, command, actor)
    changes: dict[str, Any] = {}
    for item in fields(command):
        value = getattr(command, item.name)
        if item.name in _CORRECTED and value is not None:
            changes[item.name] = _CORRECTED[item.name](ledger, value)
    changes = {name: value for name, value in changes.items() if plain(value) != row[name]}
    if not changes:
        return done(row, repeated=True)
    if "category_id" in changes and state_of(row) is not IncidentState.CLOSED and row["escalated_utc_s"] is None:
        changes["due_utc_s"] = due(ledger, changes["category_id"], state_of(row))
    return change(ledger, row, **changes)


def assign_incident(ledger: Ledger, command: AssignIncident, actor: Actor) -> Done:
    """Anybody may take what nobody has; its owner may give it away; everything else needs ASSIGN."""
    row = asked(ledger, command, actor)
    operator = values.in_use(ledger, schema.operators, command.operator_id)
    if Permission.HANDLE_INCIDENT not in PERMISSIONS[Role(str(operator["role"]))]:
        raise values.bad("operator_id", "may not handle incidents")
    owner_id = row["owner_id"]
    if owner_id == command.operator_id:
        return done(row, repeated=True)
    free = owner_id == actor.id or (owner_id is None and command.operator_id == actor.id)
    role = ledger.role(actor)
    if not free and (role is None or Permission.ASSIGN not in PERMISSIONS[role]):
        raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, permission=Permission.ASSIGN.value)
    return change(ledger, row, owner_id=command.operator_id)


def resolve_incident(ledger: Ledger, command: ResolveIncident, actor: Actor) -> Done:
    """The matter itself is over."""
    row = asked(ledger, command, actor)
    return move(ledger, row, command.target, owner_id=row["owner_id"] or actor.id)


def step_back(ledger: Ledger, command: StepBackIncident, actor: Actor) -> Done:
    """Undo the last move: the state before it, and what it set. A hand-over undone so is withdrawn."""
    row = asked(ledger, command, actor)
    target, restored = before_last_move(ledger, row)
    if state_of(row) is IncidentState.HANDED_OVER:
        handovers.withdraw_all(ledger, str(row["id"]))
    return move(ledger, row, target, **restored)


def merge_incident(ledger: Ledger, command: MergeIncident, actor: Actor) -> Done:
    """Alarms (and through them footage and evidence) go to the other one, which gets a link and the restriction."""
    row = asked(ledger, command, actor)
    into = named(ledger, command.into_id, actor)
    if into["id"] == row["id"]:
        raise values.bad("into_id", "the same incident")
    if state_of(into) is IncidentState.CLOSED:  # one merged into this is closed too: no circles
        raise illegal(schema.incidents.name, into)
    for alarm in _ALARMS_OF.rows(ledger.connection, {"incident_id": row["id"]}):
        ledger.update(schema.alarms, alarm, {"incident_id": into["id"], "version": int(alarm["version"]) + 1})
    _link(ledger, str(into["id"]), str(row["id"]), LinkKind.RELATED, new_id(ledger.clock()), actor)
    if row["restricted"] and not into["restricted"]:
        change(ledger, into, restricted=True)
    settle_alerts(ledger, str(row["id"]), "merged")
    return move(ledger, row, command.target, merged_into_id=into["id"])


def link_incidents(ledger: Ledger, command: LinkIncidents, actor: Actor) -> Done:
    """Two incidents belong together; saying it again changes nothing."""
    row, other = named(ledger, command.incident_id, actor), named(ledger, command.other_id, actor)
    if row["id"] == other["id"]:
        raise values.bad("other_id", "the same incident")
    if not isinstance(command.kind, LinkKind):
        raise values.bad("kind", "not a kind of link")
    pair = {"one": row["id"], "two": other["id"], "kind": command.kind.value}
    if _LINK.row(ledger.connection, pair) is not None:
        return done(row, repeated=True)
    link_id = values.new(ledger, _links, command.new_link_id)
    _link(ledger, command.incident_id, command.other_id, command.kind, link_id, actor)
    return done(row)


def unlink_incidents(ledger: Ledger, command: UnlinkIncidents, actor: Actor) -> Done:
    """Undo of a link."""
    link = ledger.get(_links, command.link_id)
    row = named(ledger, str(link["incident_id"]), actor)
    named(ledger, str(link["other_id"]), actor)
    if link["removed"]:
        raise StorageError(StorageCode.NOT_FOUND, table=_links.name, id=command.link_id)
    ledger.update(_links, link, {"removed": 1})
    return done(row)


def escalate_incident(ledger: Ledger, command: EscalateIncident, actor: Actor) -> Done:
    """The deadline passed: a note says so, and its service is told. Once: the deadline is used up."""
    row = named(ledger, command.incident_id, actor)
    check_version(schema.incidents.name, row, command.version)
    now_utc_s = float(ledger.clock())
    if state_of(row) is IncidentState.CLOSED or row["due_utc_s"] is None or row["due_utc_s"] > now_utc_s:
        raise illegal(schema.incidents.name, row, reason="not due")
    passed = deadline(ledger, str(row["category_id"]), state_of(row)) or {}
    words = f"deadline passed: {row['state']}"
    note = Note(new_id(now_utc_s), NoteKind.NOTE, now_utc_s, actor.id, words, 1, incident_id=str(row["id"]))
    ledger.insert(schema_cases.notes, to_row(note, schema_cases.notes))
    if passed.get("service_id"):
        handovers.queue_alerts(ledger, row, str(passed["service_id"]), words)
    return change(ledger, row, escalated_utc_s=now_utc_s, due_utc_s=None)


def restrict_incident(ledger: Ledger, command: RestrictIncident, actor: Actor) -> Done:
    """Need to know: exactly those named, besides the owner. What nobody owned is the actor's from now on, since
    everybody may take what has no owner."""
    row = named(ledger, command.incident_id, actor)
    check_version(schema.incidents.name, row, command.version)
    wanted = set(command.operator_ids) if command.restricted else set()
    for operator_id in sorted(wanted):
        values.in_use(ledger, schema.operators, operator_id)
    for grant in _GRANTS_OF.rows(ledger.connection, {"incident_id": row["id"]}):
        if grant["operator_id"] in wanted:
            wanted.discard(grant["operator_id"])
        else:
            ledger.update(_grants, grant, {"removed": 1})
    now_utc_s = float(ledger.clock())
    for operator_id in sorted(wanted):
        given = Grant(new_id(now_utc_s), str(row["id"]), operator_id, now_utc_s, actor.id)
        ledger.insert(_grants, to_row(given, _grants))
    owner_id = row["owner_id"] or (actor.id if command.restricted else None)
    return change(ledger, row, restricted=bool(command.restricted), owner_id=owner_id)


def _link(ledger: Ledger, one: str, two: str, kind: LinkKind, link_id: str, actor: Actor) -> None:
    link = IncidentLink(link_id, one, two, kind, float(ledger.clock()), actor.id)
    ledger.insert(_links, to_row(link, _links))


def _source(value: Source) -> Source:
    if value not in (Source.OPERATOR, Source.CALL):
        raise values.bad("source", "alarms open theirs themselves")
    return Source(value)


def _reference(name: str) -> Callable[[Ledger, Any], str | None]:
    """An empty text takes the reference away."""
    return lambda ledger, value: values.optional(ledger, _REFERENCES[name], value)


def _row_id(ledger: Ledger, value: Any) -> str:
    return str(values.in_use(ledger, schema.categories, value)["id"])


_CORRECTED: dict[str, Callable[[Ledger, Any], Any]] = {
    "category_id": _row_id,
    "severity": lambda _ledger, value: values.severity("severity", value),
    "title": lambda _ledger, value: values.title("title", value),
    "address": lambda _ledger, value: values.title("address", value),
    "place_id": _reference("place_id"),
    "district_id": _reference("district_id"),
    "happened_utc_s": lambda _ledger, value: values.utc_s("happened_utc_s", value),
    "damage_minor": lambda _ledger, value: values.amount("damage_minor", value),
    "currency": lambda _ledger, value: values.currency("currency", value),
}

HANDLERS: dict[type[Command], Callable[[Ledger, Any, Actor], Done]] = {
    OpenIncident: open_by_hand,
    EditIncident: edit_incident,
    AssignIncident: assign_incident,
    ResolveIncident: resolve_incident,
    StepBackIncident: step_back,
    MergeIncident: merge_incident,
    LinkIncidents: link_incidents,
    UnlinkIncidents: unlink_incidents,
    EscalateIncident: escalate_incident,
    RestrictIncident: restrict_incident,
    **handovers.HANDLERS,
    **case_notes.HANDLERS,
    **lookouts.HANDLERS,
    **shelves.HANDLERS,
}
"""Command to what executes it."""
