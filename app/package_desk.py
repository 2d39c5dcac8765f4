"""Packages of this site: read the case, hold the two-person rule, make the package, write it into the journal.

Blocking and long: a task thread's. `of_disclosure` fits `release_desk.PackageMaker`, whose desk writes it down itself.
The journal has the last word on permissions and approvals; they are asked here first, so that nobody waits in vain.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.approval_facts import approvals_of, granted_unused
from app.archive import Archive
from app.camera_rights import seen_by
from app.i18n import spoken
from app.package_content import CameraScope, PackageContent, incident_content, with_masks
from app.package_films import FootageIndex, Progress
from app.packages import PackageResult, Packages
from app.release_desk import DisclosureFile, MadePackage
from app.report_facts import ReportContext
from app.report_template import usable_template
from app.site_time import zone_of
from app.subject_access import subject_scopes
from app.subject_papers import SubjectFacts, subject_json, subject_pdf
from storage.access import Permission, may
from storage.errors import StorageCode, StorageError, WatchfloorError
from storage.folders import Folders
from storage.package_manifest import Approval as Approved
from storage.package_seal import Recipient, load_recipient
from storage.people_records import Approval, ApprovalKind
from storage.records import Actor
from storage.release_commands import RecordPackage
from storage.release_records import DisclosureKind
from storage.tracks import StoredTracks


@dataclass(frozen=True, slots=True)
class PackageOrder:
    """What somebody wants of an incident's package besides its films, and for whom."""

    reason: str = ""
    master: bool = False
    recipient: Recipient | None = None
    recipient_name: str = ""
    legal_basis: str = ""
    retention: str = ""
    scopes: tuple[CameraScope, ...] | None = None


class PackageDesk:
    """Of one archive and its footage index. `key_of` finds the key of a recipient by name."""

    def __init__(
        self,
        archive: Archive,
        footage: FootageIndex,
        key_of: Callable[[str], Recipient | None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._archive, self._clock = archive, clock
        self._key_of = key_of or (lambda name: known_recipient(archive.folders, name))
        self._packages = Packages(footage, archive.key, archive.folders.cache / "packages")

    def of_incident(
        self,
        incident: str,
        target: Path,
        order: PackageOrder,
        actor: Actor,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> PackageResult:
        """Make the package of an incident (id or number) and write it down. Raises as `Packages.build`, and
        StorageError: NOT_FOUND, NOT_PERMITTED (no right, or a master without a second person's word)."""
        self._refuse_without_right(actor)
        file, stills = self._archive.reports.load(incident, actor.id)
        approval = self._approval(file.incident.id, actor) if order.master else None
        content = incident_content(
            file,
            self._archive.journal.registry(),
            stills,
            self._context(actor),
            operator=self._name(actor.id),
            reason=order.reason,
            scopes=order.scopes,
            store=self._archive.folders.evidence,
            master=order.master,
            recipient=order.recipient,
            recipient_name=order.recipient_name,
            legal_basis=order.legal_basis,
            retention=order.retention,
            approvals=self._approved(approval),
        )
        result = self._packages.build(content, target, progress, cancelled)
        try:
            self._archive.journal.apply(_record(content, result, approval), actor)
        except WatchfloorError:
            result.path.unlink(missing_ok=True)  # What is not written down has not left.
            raise
        return result

    def of_disclosure(
        self,
        file: DisclosureFile,
        target: Path,
        actor: Actor,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> MadePackage:
        """Make the package of an approved request; the master goes in only sealed, for a recipient whose key is known,
        and never for a person who asked about themselves.

        Raises as `Packages.build`, and StorageError(NOT_PERMITTED) without an approval."""
        disclosure = file.disclosure
        self._refuse_without_right(actor)
        if not file.granted:
            raise _not_permitted(actor, ApprovalKind.DISCLOSURE.value, "no approval")
        person = disclosure.kind is DisclosureKind.SUBJECT
        content = self._of_person(file, actor) if person else self._of_authority(file, actor)
        result = self._packages.build(content, target, progress, cancelled)
        return MadePackage(
            result.path, result.package_id, result.sha256, result.fingerprint, result.complete, content.master
        )

    def _of_authority(self, file: DisclosureFile, actor: Actor) -> PackageContent:
        disclosure = file.disclosure
        key = self._key_of(disclosure.recipient or disclosure.authority)
        registry = self._archive.journal.registry()
        scopes = (CameraScope(c, disclosure.from_utc_s, disclosure.to_utc_s) for c in disclosure.camera_ids)
        return PackageContent(
            subject_id=disclosure.id,
            number=disclosure.number,
            scopes=with_masks(tuple(scopes), registry),
            registry=registry,
            context=self._context(actor),
            operator=self._name(actor.id),
            reason=", ".join(filter(None, (disclosure.authority, disclosure.reference))),
            master=key is not None,
            recipient=key,
            recipient_name=disclosure.recipient or disclosure.authority,
            legal_basis=disclosure.legal_basis,
            approvals=self._approved(file.approval),
        )

    def _of_person(self, file: DisclosureFile, actor: Actor) -> PackageContent:
        """Others are in the recordings: only what was chosen as the person's own is shown."""
        disclosure, archive = file.disclosure, self._archive
        registry = archive.journal.registry()
        seen = seen_by(registry, actor.id)
        if seen is not None and not seen.issuperset(disclosure.camera_ids):
            raise _not_permitted(actor, Permission.EXPORT.value, "another camera group")
        stored, context = StoredTracks(archive.folders.tracks), self._context(actor)
        scopes = with_masks(subject_scopes(disclosure, file.choice, stored), registry)
        facts = SubjectFacts(
            disclosure,
            scopes,
            tuple(archive.journal.incident_file(number, viewer_id=actor.id) for number in file.choice.incidents),
            archive.settings.recording.keep_days,
            archive.settings.retention.incident_days,
        )
        with spoken(context.language):
            papers = (("stored.json", subject_json(facts, registry, context)),)
            report = subject_pdf(facts, registry, context)
        return PackageContent(
            subject_id=disclosure.id,
            number=disclosure.number,
            scopes=scopes,
            registry=registry,
            context=context,
            operator=self._name(actor.id),
            reason=", ".join(filter(None, (disclosure.legal_basis, disclosure.reference))),
            report=report,
            recipient_name=disclosure.recipient or disclosure.authority,
            legal_basis=disclosure.legal_basis,
            approvals=self._approved(file.approval),
            papers=papers,
        )

    def _refuse_without_right(self, actor: Actor) -> None:
        operators = self._archive.journal.registry().operators
        role = next((operator.role for operator in operators if operator.id == actor.id), None)
        if role is None or not may(role, Permission.EXPORT):
            raise _not_permitted(actor, Permission.EXPORT.value, "")

    def _approval(self, subject_id: str, actor: Actor) -> Approval:
        journal, kind = self._archive.journal, ApprovalKind.MASTER_EXPORT
        found = granted_unused(approvals_of(journal, kind, subject_id), journal.packages(subject_id))
        if found is None:
            raise _not_permitted(actor, kind.value, "no approval")
        return found

    def _approved(self, approval: Approval | None) -> tuple[Approved, ...]:
        if approval is None:
            return ()
        by, at = approval.decided_by_id or approval.asked_by_id, approval.decided_utc_s or approval.asked_utc_s
        return (Approved(self._name(by), at),)

    def _name(self, operator_id: str) -> str:
        operators = self._archive.journal.registry().operators
        return next((operator.name for operator in operators if operator.id == operator_id), operator_id)

    def _context(self, actor: Actor) -> ReportContext:
        archive = self._archive
        seq, head = archive.journal.head()
        return ReportContext(
            site_name=archive.settings.site.name,
            zone=zone_of(archive.settings),
            language=archive.settings.site.language or "en",
            actor=self._name(actor.id),
            generated_utc_s=self._clock(),
            head_seq=seq,
            head_hash=head,
            key_fingerprint=archive.key.fingerprint,
            verification=archive.journal.verify(),
            template=usable_template(archive.settings.reports),
        )


def known_recipient(folders: Folders, name: str) -> Recipient | None:
    """The key in `keys/recipients/NAME.pub` of the configuration; None where there is none. Raises BAD_KEY."""
    path = folders.config / "keys" / "recipients" / (re.sub(r"[^\w. -]", "_", name).strip(". ") + ".pub")
    return load_recipient(path) if name and path.is_file() else None


def _record(content: PackageContent, result: PackageResult, approval: Approval | None) -> RecordPackage:
    return RecordPackage(
        subject_id=content.subject_id,
        path=str(result.path),
        sha256=result.sha256,
        fingerprint=result.fingerprint,
        complete=result.complete,
        master=content.master,
        approval_id=approval.id if approval is not None else None,
        recipient=content.recipient_name,
        new_package_id=result.package_id,
    )


def _not_permitted(actor: Actor, permission: str, reason: str) -> StorageError:
    details = {"reason": reason} if reason else {}
    return StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, permission=permission, **details)
