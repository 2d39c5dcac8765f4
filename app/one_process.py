"""What only one process of a machine may do at a time: who waits takes over when the other ends."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.errors import StorageCode, StorageError
from storage.footage_lock import FolderLock
from storage.worker import Worker

log = logging.getLogger(__name__)


@contextmanager
def only_here(folder: Path | None, worker: Worker, pause: Callable[[], object]) -> Iterator[None]:
    """Wait until no other process holds `folder` (None: no need), calling `pause`, or until the worker is to stop.

    A folder that cannot be written does not stop the work: better twice than never."""
    lock = None
    while folder is not None and lock is None and not worker.stopping.is_set():
        worker.beat()
        try:
            lock = FolderLock(folder)
        except StorageError as error:
            if error.code is not StorageCode.FOLDER_TAKEN:
                log.error("%s works without a lock: %s", worker.name, error)
                break
            pause()
    try:
        yield
    finally:
        if lock is not None:
            lock.release()
