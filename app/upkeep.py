"""What looks after the journal while the program runs: verification, backups, free space, a sheet on paper."""

from __future__ import annotations

from app.archive import Archive
from app.backups import Backups, backup_folder
from app.bus import Bus
from app.deadlines import Deadlines
from app.long_periods import RollupKeeper
from app.period_reports import HourlySheet
from app.retention import RetentionKeeper, retention_of
from app.site_time import zone_of
from app.space_guard import SpaceGuard
from app.verifier import Verifier
from storage.worker import Worker


def upkeep_workers(archive: Archive, bus: Bus, *, lasting: bool = True) -> list[Worker]:
    """For the supervisor; none of them works in the first minute but those that watch disk and deadlines. A home that
    goes with the run is verified and its deadlines are watched, no more."""
    folders, settings = archive.folders, archive.settings
    always: list[Worker] = [Verifier(folders, bus), Deadlines(archive.journal, bus.publish)]
    if not lasting:
        return always
    folder = backup_folder(folders, settings.backup)
    return [
        *always,
        Backups(folder, archive.journal, settings.backup, zone_of(settings), bus, keys=folders.journal_keys),
        SpaceGuard(folders.journal, archive.reserve, bus),
        HourlySheet(archive),
        RollupKeeper(archive),
        RetentionKeeper(retention_of(archive)),
    ]
