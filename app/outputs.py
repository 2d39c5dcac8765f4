"""What a run with `--out DIR` leaves behind: journal, incident reports, events and figures."""

from __future__ import annotations

from pathlib import Path

from app.metrics import Metrics
from app.reports import write_events_csv
from app.runtime import Runtime
from app.site_time import zone_of


def write_outputs(runtime: Runtime, metrics: Metrics, folder: Path) -> None:
    """Write `journal.db`, `incident-*.pdf`, `events.csv` and `metrics.json` into an existing folder.

    Call it between `runtime.stop()` and `runtime.close()`, so that nothing changes meanwhile."""
    metrics.write(folder / "metrics.json")
    archive = runtime.archive
    write_events_csv(archive.journal.events(), archive.registry, zone_of(archive.settings), folder / "events.csv")
    for incident in archive.journal.incidents(limit=1000):
        archive.reports.write(incident.id, "pdf", folder, archive.actor)
    archive.sign()
    archive.journal.backup(str(folder / "journal.db"))
