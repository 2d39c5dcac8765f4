"""What a run with `--out DIR` leaves behind: journal, incident reports, events and figures."""

from __future__ import annotations

from pathlib import Path

from app.metrics import Metrics
from app.reports import write_events_csv
from app.runtime import Runtime
from app.site_time import zone_of

MOST_REPORTS = 1000


def write_outputs(runtime: Runtime, metrics: Metrics, folder: Path) -> None:
    """Write `journal.db`, `incident-*.pdf` of this run, `events.csv` and `metrics.json` into an existing folder.

    Call it between `runtime.stop()` and `runtime.close()`, so that nothing changes meanwhile."""
    metrics.write(folder / "metrics.json")
    archive = runtime.archive
    write_events_csv(archive.journal.events(), archive.registry, zone_of(archive.settings), folder / "events.csv")
    verification = archive.journal.verify()
    for incident in archive.journal.incidents(limit=MOST_REPORTS):
        if incident.opened_utc_s >= runtime.started_utc_s:
            archive.reports.write(incident.id, "pdf", folder, archive.actor, verification)
    archive.sign()
    archive.journal.backup(str(folder / "journal.db"))
