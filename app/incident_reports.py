"""Reports of incidents out of the journal: read, render (`reports`), and note the export in the journal."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

from app.report_facts import ReportContext
from app.report_template import usable_template
from app.reports import incident_content, write_incident
from app.site_time import zone_of
from storage.case_records import Exhibit
from storage.commands import RecordExport
from storage.errors import WatchfloorError
from storage.evidence import EvidenceStore
from storage.journal import IncidentFile, Journal, Registry, Verification
from storage.records import Actor, Evidence, EvidenceKind
from storage.settings import Settings

log = logging.getLogger(__name__)


class IncidentReports:
    """Reads incidents with their stills and writes their reports. Blocking: call it on a task thread."""

    def __init__(
        self,
        journal: Journal,
        store: EvidenceStore,
        registry: Callable[[], Registry],
        settings: Settings,
        fingerprint: str,
    ) -> None:
        self._journal, self._store, self._registry = journal, store, registry
        self._settings, self._fingerprint = settings, fingerprint

    def load(self, incident: str, viewer_id: str | None = None) -> tuple[IncidentFile, dict[str, bytes]]:
        """An incident by id or number, and its stills by the id of evidence or exhibit; a missing or altered file is
        left out, logged."""
        file = self._journal.incident_file(incident, viewer_id=viewer_id)
        stills: dict[str, bytes] = {}
        kept_files: tuple[Evidence | Exhibit, ...] = (*file.evidence, *file.exhibits)
        for kept in kept_files:
            if kept.kind is not EvidenceKind.STILL:
                continue
            try:
                stills[kept.id] = self._store.read(kept.path, kept.sha256)
            except WatchfloorError as error:
                log.error("evidence %s of incident %s: %s", kept.id, file.incident.number, error)
        return file, stills

    def write(
        self, incident: str, form: str, target: Path, actor: Actor, verification: Verification | None = None
    ) -> Path:
        """Write `target` (a file, or a folder in which `incident-NUMBER.FORM` is made) and record the export."""
        file, stills = self.load(incident, actor.id)
        path = target / f"incident-{file.incident.number}.{form}" if target.is_dir() else target
        context = self._context(actor, verification or self._journal.verify())
        sha256 = write_incident(file, self._registry(), stills, context, path, form)
        try:
            self._journal.apply(RecordExport(file.incident.id, form, sha256), actor)
        except WatchfloorError:
            path.unlink(missing_ok=True)  # what is not written down has not left
            raise
        return path

    def content(self, incident: str, form: str, actor: Actor) -> bytes:
        """The report as it would be written, but for the verification of the journal; nothing is noted."""
        file, stills = self.load(incident, actor.id)
        return incident_content(file, self._registry(), stills, self._context(actor, None), form)

    def _context(self, actor: Actor, verification: Verification | None) -> ReportContext:
        seq, head = self._journal.head()
        return ReportContext(
            site_name=self._settings.site.name,
            zone=zone_of(self._settings),
            language=self._settings.site.language or "en",
            actor=actor.id,
            generated_utc_s=time.time(),
            head_seq=seq,
            head_hash=head,
            key_fingerprint=self._fingerprint,
            verification=verification,
            template=usable_template(self._settings.reports),
        )
