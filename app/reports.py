"""Reports that leave the house: an incident as PDF, CSV or JSON, the events of a period as CSV.

A report is made whole in memory, written beside its target, flushed to the disk, moved into place and read back; its
SHA-256 goes into the journal (`RecordExport`, by the caller). Any thread but the GUI's; no Qt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import tzinfo
from pathlib import Path

from app.errors import AppCode, AppError
from app.i18n import spoken
from app.report_facts import ReportContext
from app.report_tables import events_csv, incident_csv, incident_json
from storage import durable
from storage.journal import IncidentFile, Registry
from storage.records import Event

FORMATS = ("pdf", "csv", "json")


def write_incident(
    file: IncidentFile,
    registry: Registry,
    stills: Mapping[str, bytes],
    context: ReportContext,
    path: Path,
    format: str = "pdf",  # noqa: A002 - the word of the command line
) -> str:
    """Write one incident to `path` and return the file's SHA-256. `stills`: evidence id -> original JPEG.

    Raises AppError(BAD_USAGE) for an unknown format, StorageError(DISK_FULL, READ_ONLY), AppError(NOT_WRITTEN)."""
    return write_whole(path, incident_content(file, registry, stills, context, format))


def incident_content(
    file: IncidentFile,
    registry: Registry,
    stills: Mapping[str, bytes],
    context: ReportContext,
    format: str,  # noqa: A002 - the word of the command line
) -> bytes:
    """What `write_incident` writes. Raises AppError(BAD_USAGE)."""
    with spoken(context.language):
        if format == "pdf":
            from app.report_pdf import incident_pdf  # fpdf2 takes 0.5 s to import: not at start

            return incident_pdf(file, registry, stills, context)
        if format == "csv":
            return incident_csv(file, registry, context)
        if format == "json":
            return incident_json(file, registry, context)
    raise AppError(AppCode.BAD_USAGE, value=format, known=", ".join(FORMATS))


def write_events_csv(events: Iterable[Event], registry: Registry, tz: tzinfo, path: Path) -> str:
    """Write events, one row each, and return the file's SHA-256. Raises as `write_incident`."""
    return write_whole(path, events_csv(events, registry, tz))


def write_whole(path: Path, content: bytes) -> str:
    """Write a file whole or not at all (an old one stays as it was), read it back, return its SHA-256."""
    try:
        durable.replace(path, content, 0o600)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise AppError(AppCode.NOT_WRITTEN, path=str(path), reason=error.strerror or "unknown") from error
    if digest != hashlib.sha256(content).hexdigest():
        raise AppError(AppCode.NOT_WRITTEN, path=str(path), reason="read back differently")
    return digest
