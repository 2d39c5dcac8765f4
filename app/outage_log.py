"""Outages of cameras as they happen: the newest few of each in memory, all of them in a side file if there is one.

Lives on the health monitor's thread; `of` may be read on any thread.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import replace
from pathlib import Path

from app.health_facts import STALE
from storage.errors import StorageError, WatchfloorError
from storage.outages import Outage, OutageFile
from storage.records import new_id
from storage.side_file import BROKEN, set_aside

log = logging.getLogger(__name__)

MOST_IN_MEMORY = 20
MOST_WAITING = 2000
_NOTE_S = 60.0
_PRUNE_S = 3600.0


class OutageLog:
    """`open` and `close` with the monitor's thread; `see` every camera at every sample, then `flush`."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: OutageFile | None = None
        self._past: dict[str, deque[Outage]] = {}
        self._open: dict[str, Outage] = {}
        self._changed: list[Outage] = []
        self._waits = False
        self._noted_utc_s = self._pruned_utc_s = 0.0

    def open(self, now_utc_s: float) -> None:
        """Read what is known. Without a file (disk full, no right) outages are kept in memory only."""
        if self._path is None or self._file is not None:
            return
        try:
            self._file = self._opened(self._path)
            self._file.end_open()
            self._file.prune(now_utc_s)
            found = self._file.load()
        except WatchfloorError as error:
            self._give_up(error)
            return
        self._pruned_utc_s = now_utc_s
        self._past, self._open = {}, {}  # opened again after a fault: all of it stands in the file
        for one in found:
            self._past_of(one.camera_id).append(one)

    def _opened(self, path: Path) -> OutageFile:
        try:
            return OutageFile(path)
        except StorageError as error:
            if error.code not in BROKEN:
                raise
            log.error("the list of outages cannot be read; it is kept as %s", set_aside(path).name)
            return OutageFile(path)

    def see(self, camera_id: str, trouble: str | None, last_picture_utc_s: float, now_utc_s: float) -> Outage | None:
        """What a camera is like now: `trouble` is why there is no picture, None when there is one or nobody wants it.

        The outage that is open, if any."""
        known = self._open.get(camera_id)
        if trouble is None:
            if known is not None:
                del self._open[camera_id]
                ended = replace(known, to_utc_s=now_utc_s)
                self._past_of(camera_id).append(ended)
                self._changed.append(ended)
            return None
        if known is None:
            begin = last_picture_utc_s if 0.0 < last_picture_utc_s <= now_utc_s else now_utc_s
            previous = self._past.get(camera_id)
            if previous:  # a camera that flaps: one after the other, never one over the other
                begin = max(begin, previous[-1].to_utc_s or 0.0)
            known = Outage(new_id(now_utc_s), camera_id, min(begin, now_utc_s), None, trouble)
            self._open[camera_id] = known
            self._changed.append(known)
        elif known.reason != trouble and trouble != STALE:
            known = self._open[camera_id] = replace(known, reason=trouble)  # written with the next note
        return known

    def of(self, camera_id: str) -> tuple[Outage, ...]:
        """The newest outages of a camera, newest first."""
        past = tuple(self._past.get(camera_id, ()))
        known = self._open.get(camera_id)
        return (*((known,) if known is not None else ()), *reversed(past))

    def since(self, camera_id: str, from_utc_s: float) -> int:
        """How many of those in memory touch the time since then."""
        return sum(one.to_utc_s is None or one.to_utc_s >= from_utc_s for one in self.of(camera_id))

    def flush(self, now_utc_s: float) -> None:
        """Write what changed; once a minute also that those which are open still last. What a full or busy disk does
        not take waits for the next time."""
        if self._file is None:
            self._changed.clear()
            return
        due = now_utc_s - self._noted_utc_s >= _NOTE_S
        rows = [*self._changed, *(self._open.values() if due else ())]
        try:
            if rows:
                self._file.put(rows, now_utc_s)
            if now_utc_s - self._pruned_utc_s >= _PRUNE_S:
                self._pruned_utc_s = now_utc_s
                self._file.prune(now_utc_s)
        except WatchfloorError as error:
            if error.code in BROKEN:
                self._give_up(error)
            else:
                self._wait(error)
                return
        self._waits = False
        self._changed.clear()
        if due:
            self._noted_utc_s = now_utc_s

    def close(self, now_utc_s: float) -> None:
        """The program ends: what is open lasted until now."""
        self._noted_utc_s = 0.0
        self.flush(now_utc_s)
        if self._file is not None:
            self._file.close()
            self._file = None

    def _wait(self, error: WatchfloorError) -> None:
        if not self._waits:
            log.warning("outages wait to be written: %s", error)
        self._waits = True
        del self._changed[:-MOST_WAITING]

    def _give_up(self, error: WatchfloorError) -> None:
        log.error("outages are kept in memory only: %s", error)
        if self._file is not None:
            self._file.close()
            self._file = None

    def _past_of(self, camera_id: str) -> deque[Outage]:
        return self._past.setdefault(camera_id, deque(maxlen=MOST_IN_MEMORY))
