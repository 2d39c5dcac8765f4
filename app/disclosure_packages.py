"""Makes a disclosure's package: the asked cameras' time, nothing else. The join of `release_desk` and `packages`."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from app.archive import Archive
from app.package_content import CameraScope, PackageContent, with_masks
from app.packages import Packages
from app.release_desk import DisclosureFile, MadePackage
from app.report_facts import ReportContext
from app.site_time import zone_of
from storage.package_manifest import Approval
from storage.package_seal import Recipient
from storage.release_records import Disclosure


class DisclosurePackages:
    """A `release_desk.PackageMaker`; with `master` the untouched recordings go along, sealed with the key that
    `recipient` knows (None: in the clear, to be handed over in person). Blocking: a task thread's."""

    def __init__(
        self,
        archive: Archive,
        packages: Packages,
        *,
        master: bool = True,
        recipient: Callable[[Disclosure], Recipient | None] = lambda _disclosure: None,
    ) -> None:
        self._archive, self._packages, self._master, self._recipient = archive, packages, master, recipient

    def __call__(self, file: DisclosureFile, target: Path) -> MadePackage:
        """Make it. Raises as `Packages.build`."""
        made = self._packages.build(self.content(file), target)
        return MadePackage(made.path, made.sha256, made.fingerprint, made.complete, self._master)

    def content(self, file: DisclosureFile) -> PackageContent:
        """What goes in."""
        archive, disclosure = self._archive, file.disclosure
        seq, head = archive.journal.head()
        context = ReportContext(
            site_name=archive.settings.site.name,
            zone=zone_of(archive.settings),
            language=archive.settings.site.language or "en",
            actor=archive.actor.id,
            generated_utc_s=time.time(),
            head_seq=seq,
            head_hash=head,
            key_fingerprint=archive.key.fingerprint,
        )
        registry = archive.journal.registry()
        scopes = [CameraScope(camera, disclosure.from_utc_s, disclosure.to_utc_s) for camera in disclosure.camera_ids]
        return PackageContent(
            subject_id=disclosure.id,
            number=disclosure.number,
            scopes=with_masks(scopes, registry),
            registry=registry,
            context=context,
            operator=archive.actor.id,
            reason=disclosure.asked,
            master=self._master,
            recipient=self._recipient(disclosure),
            recipient_name=disclosure.recipient,
            legal_basis=disclosure.legal_basis,
            approvals=_approvals(file),
        )


def _approvals(file: DisclosureFile) -> tuple[Approval, ...]:
    given = file.approval
    if given is None or given.decided_by_id is None or given.decided_utc_s is None:
        return ()
    return (Approval(given.decided_by_id, given.decided_utc_s),)
