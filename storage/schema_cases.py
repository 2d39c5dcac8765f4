"""Tables of the journal's third step, made from their records: cases, people, what leaves the house."""

from __future__ import annotations

from sqlalchemy import Index

from storage.case_records import (
    Exhibit,
    Grant,
    Handover,
    IncidentLink,
    Lookout,
    LookoutReceipt,
    Note,
    Participant,
    ProcedureStep,
    Shelf,
)
from storage.columns import facts_of, registry_of
from storage.people_records import Access, Approval, FailedLogin, Login, Password, Shift, ShiftItem
from storage.registry_records import (
    AlertRoute,
    CameraGroup,
    CameraScale,
    Deadline,
    LegalHold,
    OutcomeKind,
    PrivacyMask,
    Procedure,
    RecordingPlan,
    SavedSearch,
    SavedView,
    Sector,
    Service,
    Tour,
    WallLayout,
)
from storage.release_records import Disclosure, Erasure, OutboxMessage, Package

_OF_INCIDENT = {"incident_id": "incidents.id"}

outcomes = registry_of("outcomes", OutcomeKind)
services = registry_of("services", Service, links={"district_id": "districts.id"})
alert_routes = registry_of("alert_routes", AlertRoute, links={"service_id": "services.id"})
sectors = registry_of("sectors", Sector)
camera_groups = registry_of("camera_groups", CameraGroup)
procedures = registry_of("procedures", Procedure, links={"category_id": "categories.id"})
deadlines = registry_of("deadlines", Deadline, links={"category_id": "categories.id", "service_id": "services.id"})
recording_plans = registry_of("recording_plans", RecordingPlan)
privacy_masks = registry_of("privacy_masks", PrivacyMask, links={"camera_id": "cameras.id"})
camera_scales = registry_of("camera_scales", CameraScale)
legal_holds = registry_of("legal_holds", LegalHold)
saved_searches = registry_of("saved_searches", SavedSearch)
wall_layouts = registry_of("wall_layouts", WallLayout)
saved_views = registry_of("saved_views", SavedView)
tours = registry_of("tours", Tour)

notes = facts_of("notes", Note, links=_OF_INCIDENT)
handovers = facts_of("handovers", Handover, links={**_OF_INCIDENT, "service_id": "services.id"})
participants = facts_of("participants", Participant, links=_OF_INCIDENT)
procedure_steps = facts_of("procedure_steps", ProcedureStep, links=_OF_INCIDENT)
incident_links = facts_of("incident_links", IncidentLink, links={**_OF_INCIDENT, "other_id": "incidents.id"})
grants = facts_of("grants", Grant, links=_OF_INCIDENT)
exhibits = facts_of("exhibits", Exhibit, links=_OF_INCIDENT, changing=False)
lookouts = facts_of("lookouts", Lookout, links=_OF_INCIDENT)
lookout_receipts = facts_of("lookout_receipts", LookoutReceipt, links={"lookout_id": "lookouts.id"}, changing=False)
shelves = facts_of("shelves", Shelf)

passwords = facts_of("passwords", Password)
logins = facts_of("logins", Login)
failed_logins = facts_of("failed_logins", FailedLogin, changing=False)
shifts = facts_of("shifts", Shift)
shift_items = facts_of("shift_items", ShiftItem, links={"shift_id": "shifts.id"})
approvals = facts_of("approvals", Approval)
accesses = facts_of("accesses", Access, changing=False)

outbox = facts_of("outbox", OutboxMessage, links={**_OF_INCIDENT, "route_id": "alert_routes.id"})
packages = facts_of("packages", Package, changing=False)
disclosures = facts_of("disclosures", Disclosure)
erasures = facts_of("erasures", Erasure, changing=False)

for _table in (notes, handovers, participants, procedure_steps, incident_links, grants, exhibits, outbox):
    Index(f"ix_{_table.name}_incident", _table.c.incident_id)
Index("ix_handovers_open", handovers.c.at_utc_s, sqlite_where=handovers.c.state.in_(("sent", "accepted", "on_scene")))
Index(
    "ix_accesses_incident",
    accesses.c.incident_id,
    accesses.c.at_utc_s,
    sqlite_where=accesses.c.incident_id.is_not(None),
)
Index("ix_accesses_actor", accesses.c.actor_id, accesses.c.at_utc_s)
Index("ix_incident_links_other", incident_links.c.other_id)
Index("ix_notes_author", notes.c.actor_id, notes.c.id, sqlite_where=notes.c.incident_id.is_(None))
Index("ix_notes_camera", notes.c.camera_id, notes.c.utc_s)
Index("ix_lookouts_active", lookouts.c.expires_utc_s, sqlite_where=lookouts.c.state == "active")
Index("ix_lookout_receipts_lookout", lookout_receipts.c.lookout_id, lookout_receipts.c.operator_id, unique=True)
Index("ix_shelves_until", shelves.c.until_utc_s)
Index("ix_logins_open", logins.c.operator_id, sqlite_where=logins.c.to_utc_s.is_(None))
Index("ix_shifts_open", shifts.c.operator_id, sqlite_where=shifts.c.state != "over")
Index("ix_shift_items_shift", shift_items.c.shift_id)
Index("ix_approvals_subject", approvals.c.subject_id)
Index("ix_approvals_open", approvals.c.asked_utc_s, sqlite_where=approvals.c.state.in_(("requested", "broken_glass")))
Index("ix_accesses_time", accesses.c.at_utc_s)
Index("ix_accesses_camera", accesses.c.camera_id, accesses.c.at_utc_s)
Index("ix_outbox_due", outbox.c.next_utc_s, sqlite_where=outbox.c.state.in_(("waiting", "sent")))
Index("ix_packages_subject", packages.c.subject_id)
Index("ix_disclosures_number", disclosures.c.number, unique=True)
Index("ix_disclosures_open", disclosures.c.due_utc_s, sqlite_where=disclosures.c.state.not_in(("given", "refused")))
Index("ix_erasures_subject", erasures.c.subject_id)

TABLES = (
    outcomes,
    services,
    alert_routes,
    sectors,
    camera_groups,
    procedures,
    deadlines,
    recording_plans,
    privacy_masks,
    camera_scales,
    legal_holds,
    saved_searches,
    wall_layouts,
    saved_views,
    tours,
    notes,
    handovers,
    participants,
    procedure_steps,
    incident_links,
    grants,
    exhibits,
    lookouts,
    lookout_receipts,
    shelves,
    passwords,
    logins,
    failed_logins,
    shifts,
    shift_items,
    approvals,
    accesses,
    outbox,
    packages,
    disclosures,
    erasures,
)
"""In the order of making."""
