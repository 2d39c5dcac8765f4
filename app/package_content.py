"""What goes into an evidence package: which cameras, which times, which papers, for whom and why. Pure; any thread.

`incident_content` chooses for an incident; a disclosure names its own scopes. Whether the package may be made at all
(approvals, need to know) is decided before, by who calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.i18n import _, spoken
from app.masked_still import masked_still
from app.masks import masks_of
from app.report_facts import ReportContext
from storage.case_records import Exhibit
from storage.footage_files import hash_file
from storage.journal import IncidentFile, Registry
from storage.package_manifest import Approval
from storage.package_seal import Recipient
from storage.records import Evidence, EvidenceKind
from video.view_copy import Polygon, SeenBox

BEFORE_S, AFTER_S = 10.0, 30.0
JOINED_S = 60.0
"""Alarms of one camera nearer than this (after their margins) become one range."""


@dataclass(frozen=True, slots=True)
class CameraScope:
    """A camera and a time. `masks` are covered in the view copy; with `keep_track` everybody else of `boxes` is
    pixelated, with `hide_rest` all else. The camera's clock was `clock_offset_s` ahead of UTC, give or take the
    uncertainty (None: unknown)."""

    camera_id: str
    from_utc_s: float
    to_utc_s: float
    masks: tuple[Polygon, ...] = ()
    boxes: tuple[SeenBox, ...] = ()
    keep_track: int | None = None
    clock_offset_s: float | None = None
    clock_uncertainty_s: float | None = None
    hide_rest: bool = False


@dataclass(frozen=True, slots=True)
class StillContent:
    """A picture of the evidence store, the camera's privacy masks over it; None when it is missing or was altered
    there."""

    evidence: Evidence
    jpeg: bytes | None
    original: bytes | None = None
    """As it was stored, where `jpeg` is covered: as raw as the recordings, and goes with the master only."""


@dataclass(frozen=True, slots=True)
class ExhibitContent:
    """A file that was added to the incident; None when it is missing or was altered in the evidence store.

    Pictures go to `stills/`; films and other files are as raw as the recordings and go with the master only."""

    exhibit: Exhibit
    path: Path | None
    covered: bytes | None = None
    """The picture with the camera's privacy masks over it, where it has some: goes in its place, the file itself with
    the master only."""

    @property
    def still(self) -> bool:
        """Whether it is a picture."""
        return self.exhibit.kind is EvidenceKind.STILL


@dataclass(frozen=True, slots=True)
class PackageContent:
    """Everything about a package but the films. `subject` is an incident or a disclosure; `report` a finished PDF.

    The master goes in with `master`, sealed for `recipient` where there is one; `retention` says in words until when
    the receiver may keep it."""

    subject_id: str
    number: str
    scopes: tuple[CameraScope, ...]
    registry: Registry
    context: ReportContext
    operator: str
    reason: str
    stills: tuple[StillContent, ...] = ()
    exhibits: tuple[ExhibitContent, ...] = ()
    report: bytes | None = None
    master: bool = False
    recipient: Recipient | None = None
    recipient_name: str = ""
    legal_basis: str = ""
    retention: str = ""
    approvals: tuple[Approval, ...] = ()
    papers: tuple[tuple[str, bytes], ...] = ()
    """Further files by name."""


def incident_content(
    file: IncidentFile,
    registry: Registry,
    stills: Mapping[str, bytes],
    context: ReportContext,
    *,
    operator: str,
    reason: str = "",
    scopes: Sequence[CameraScope] | None = None,
    store: Path | None = None,
    master: bool = False,
    recipient: Recipient | None = None,
    recipient_name: str = "",
    legal_basis: str = "",
    retention: str = "",
    approvals: Sequence[Approval] = (),
) -> PackageContent:
    """The content for an incident, its report made here; without `scopes` its alarms choose (`scopes_of`). `store` is
    the evidence store's folder: exhibits are read there, each held against its hash."""
    from app.report_pdf import incident_pdf  # fpdf2 takes 0.5 s to import: not at start

    with spoken(context.language):
        report = incident_pdf(file, registry, stills, context)
        words = reason or _("Incident {number}").format(number=file.incident.number)
    return PackageContent(
        subject_id=file.incident.id,
        number=file.incident.number,
        scopes=with_masks(scopes_of(file) if scopes is None else scopes, registry),
        registry=registry,
        context=context,
        operator=operator,
        reason=words,
        stills=tuple(_still(item, stills.get(item.id), registry) for item in file.evidence),
        exhibits=tuple(_found(exhibit, store, registry) for exhibit in file.exhibits) if store is not None else (),
        report=report,
        master=master,
        recipient=recipient,
        recipient_name=recipient_name,
        legal_basis=legal_basis,
        retention=retention,
        approvals=tuple(approvals),
    )


def with_masks(scopes: Sequence[CameraScope], registry: Registry) -> tuple[CameraScope, ...]:
    """The scopes with the privacy masks of their cameras, as they are now, beside their own."""
    return tuple(
        replace(scope, masks=(*scope.masks, *(m for m in masks_of(registry, scope.camera_id) if m not in scope.masks)))
        for scope in scopes
    )


def _still(evidence: Evidence, jpeg: bytes | None, registry: Registry) -> StillContent:
    masks = masks_of(registry, evidence.camera_id)
    if jpeg is None or not masks:
        return StillContent(evidence, jpeg)
    try:
        return StillContent(evidence, masked_still(jpeg, masks), jpeg)
    except (OSError, ValueError, SyntaxError):  # What cannot be read cannot be covered, and does not leave.
        return StillContent(evidence, None)


def _found(exhibit: Exhibit, store: Path, registry: Registry) -> ExhibitContent:
    path = (store / exhibit.path).resolve()
    try:
        good = path.is_relative_to(store.resolve()) and hash_file(path) == exhibit.sha256
    except OSError:
        good = False
    masks = masks_of(registry, exhibit.camera_id) if exhibit.kind is EvidenceKind.STILL else ()
    if not good or not masks:
        return ExhibitContent(exhibit, path if good else None)
    try:
        return ExhibitContent(exhibit, path, masked_still(path.read_bytes(), masks))
    except (OSError, ValueError, SyntaxError):
        return ExhibitContent(exhibit, None)


def scopes_of(file: IncidentFile) -> tuple[CameraScope, ...]:
    """Its alarms' cameras, from 10 s before the first event to 30 s after the last; without alarms, the incident's own
    camera around the moment when it was opened. Ranges of one camera that lie near each other become one."""
    incident = file.incident
    spans = [(a.camera_id, a.first_utc_s - BEFORE_S, a.last_utc_s + AFTER_S) for a in file.alarms]
    if not spans and incident.camera_id:
        spans = [(incident.camera_id, incident.opened_utc_s - BEFORE_S, incident.opened_utc_s + AFTER_S)]
    joined: list[CameraScope] = []
    for camera_id, begin, end in sorted(spans):
        last = joined[-1] if joined else None
        if last is not None and last.camera_id == camera_id and begin <= last.to_utc_s + JOINED_S:
            joined[-1] = CameraScope(camera_id, last.from_utc_s, max(last.to_utc_s, end))
        else:
            joined.append(CameraScope(camera_id, begin, end))
    return tuple(joined)
