"""What the import page asks: read a file, look at a camera, store what was ticked. Answers come on task threads."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from app.archive import Archive
from app.camera_import import ImportRow, planned
from app.i18n import _
from app.import_origins import read_cameras
from app.import_preview import Preview, preview_of
from app.import_store import CameraStore, ImportSummary
from app.tasks import Tasks
from app.texts import sentence
from storage.errors import WatchfloorError
from storage.records import Actor

log = logging.getLogger(__name__)

Failed = Callable[[str], None]
"""Gets the sentence to show, on a task thread (or at once, when too much is waiting)."""


class ImportDesk(Protocol):
    """Every call returns at once."""

    def read(self, source: str, done: Callable[[tuple[ImportRow, ...]], None], failed: Failed) -> None:
        """Read a file or an API and compare it with the registry."""

    def preview(self, row: ImportRow, done: Callable[[Preview], None]) -> bool:
        """Look at one camera; False when too much is waiting."""

    def store(
        self,
        rows: Sequence[ImportRow],
        progress: Callable[[int, int], None],
        done: Callable[[ImportSummary], None],
        failed: Failed,
    ) -> None:
        """Store these."""

    def take_back(self, done: Callable[[int], None], failed: Failed) -> None:
        """Take the last import out of use; `done` gets how many cameras it was."""

    def cancel(self) -> None:
        """Stop storing after the present hundred; what was stored stays."""


class SiteImportDesk:
    """The desk of one archive; `actor` says who sits here now."""

    def __init__(self, archive: Archive, tasks: Tasks, actor: Callable[[], Actor] | None = None) -> None:
        self._archive, self._tasks = archive, tasks
        self._actor = actor or (lambda: archive.actor)
        self._cancelled = threading.Event()

    def read(self, source: str, done: Callable[[tuple[ImportRow, ...]], None], failed: Failed) -> None:
        """See `ImportDesk`."""
        self._run(lambda: done(planned(read_cameras(source), self._archive.journal.registry().cameras)), failed)

    def preview(self, row: ImportRow, done: Callable[[Preview], None]) -> bool:
        """See `ImportDesk`."""
        return self._tasks.submit(lambda: preview_of(row), done, lambda error: done(Preview(row, problem=_said(error))))

    def store(
        self,
        rows: Sequence[ImportRow],
        progress: Callable[[int, int], None],
        done: Callable[[ImportSummary], None],
        failed: Failed,
    ) -> None:
        """See `ImportDesk`."""
        cancelled = self._cancelled
        cancelled.clear()
        self._act(lambda actor: done(CameraStore(self._archive, actor).store(rows, progress, cancelled.is_set)), failed)

    def take_back(self, done: Callable[[int], None], failed: Failed) -> None:
        """See `ImportDesk`."""
        self._act(lambda actor: done(CameraStore(self._archive, actor).take_back()), failed)

    def cancel(self) -> None:
        """See `ImportDesk`."""
        self._cancelled.set()

    def _act(self, work: Callable[[Actor], None], failed: Failed) -> None:
        """For who sits here now; where nobody may act, that is the answer."""
        try:
            actor = self._actor()
        except WatchfloorError as error:
            failed(_said(error))
            return
        self._run(lambda: work(actor), failed)

    def _run(self, work: Callable[[], None], failed: Failed) -> None:
        if not self._tasks.submit(work, failed=lambda error: failed(_said(error)), long=True):
            failed(_("Too much is waiting; nothing was done. Try again in a moment."))


def _said(error: Exception) -> str:
    if isinstance(error, WatchfloorError):
        return sentence(error)
    if isinstance(error, OSError):
        return _("The file cannot be read: {reason}.").format(reason=error.strerror or type(error).__name__)
    log.error("an import failed: %s", type(error).__name__, exc_info=error)
    return _("This did not work: a fault in the program, noted in the log.")
