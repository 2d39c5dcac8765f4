"""The offsets of the cameras' clocks, kept by the hour beside the outages: what playback takes out of older footage.

Written on the health monitor's thread, some minutes apart; `of` may be read on any thread, not the GUI's: it reads a
file. Without a file (disk full, no right) only what the monitor remembers is known.
"""

from __future__ import annotations

import logging
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path

from storage.clock_offsets import HOUR_S, OffsetFile, OffsetHour
from storage.errors import StorageError, WatchfloorError
from storage.side_file import BROKEN, set_aside

log = logging.getLogger(__name__)

EVERY_S = 600.0
_AROUND_S = 12 * HOUR_S

Measured = Sequence[tuple[float, float]]
"""(time, how far the camera's clock was ahead), oldest first."""


class ClockLog:
    """`open` and `close` with the monitor's thread, `keep` between them."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: OffsetFile | None = None
        self._kept_utc_s = 0.0

    def open(self) -> None:
        """Open the file; one that cannot be read is set aside."""
        if self._path is None or self._file is not None:
            return
        try:
            self._file = self._opened(self._path)
        except WatchfloorError as error:
            log.error("offsets of clocks are not kept: %s", error)

    def due(self, now_utc_s: float) -> bool:
        """Whether it is time to `keep`; a clock that was set back does not stop it."""
        return self._file is not None and abs(now_utc_s - self._kept_utc_s) >= EVERY_S

    def keep(self, measured: Iterable[tuple[str, Measured]], now_utc_s: float) -> None:
        """Write what was measured of each camera in this hour and the one before."""
        self._kept_utc_s = now_utc_s
        hours = [hour for camera_id, points in measured for hour in by_hour(camera_id, points, now_utc_s - HOUR_S)]
        if self._file is None or not hours:
            return
        try:
            self._file.put(hours, now_utc_s)
        except WatchfloorError as error:
            log.error("offsets of clocks are not kept: %s", error)

    def of(self, camera_id: str, utc_s: float) -> list[tuple[float, float]]:
        """What is known of that day: each hour's least, median and most, in the middle of it."""
        file = self._file
        if file is None:
            return []
        try:
            found = file.between(camera_id, utc_s - _AROUND_S, utc_s + _AROUND_S)
        except WatchfloorError as error:
            log.warning("offsets of clocks cannot be read now: %s", error)
            return []
        return [(hour.hour_utc_s + HOUR_S / 2, at) for hour in found for at in (hour.low_s, hour.middle_s, hour.high_s)]

    def close(self) -> None:
        """Release the file."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _opened(self, path: Path) -> OffsetFile:
        try:
            return OffsetFile(path)
        except StorageError as error:
            if error.code not in BROKEN:
                raise
            log.error("offsets of clocks cannot be read; they are kept as %s", set_aside(path).name)
            return OffsetFile(path)


def by_hour(camera_id: str, points: Measured, from_utc_s: float) -> list[OffsetHour]:
    """Hours of these measurements, from the one of `from_utc_s` on."""
    hours: dict[float, list[float]] = {}
    for at_utc_s, offset_s in points:
        hour = at_utc_s // HOUR_S * HOUR_S
        if hour >= from_utc_s // HOUR_S * HOUR_S:
            hours.setdefault(hour, []).append(offset_s)
    return [
        OffsetHour(camera_id, hour, min(values), statistics.median(values), max(values))
        for hour, values in hours.items()
    ]
