"""Which wall windows this machine had, on which monitors, with what: a small versioned file of this home.

Monitors are known again by manufacturer, model and serial number; the name of the connector is the fallback. Reading is
done at start; writing on a task thread, the newest state only, whole or not at all.
"""

from __future__ import annotations

import logging
import threading
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tomli_w

from storage import durable
from storage.errors import StorageError

log = logging.getLogger(__name__)

STORE_VERSION = 1
_MOST_WINDOWS = 64


@dataclass(frozen=True, slots=True)
class MonitorId:
    """A monitor as it names itself; `name` is the connector or what the system calls it."""

    manufacturer: str = ""
    model: str = ""
    serial: str = ""
    name: str = ""

    def is_same(self, other: MonitorId) -> bool:
        """Whether both are one monitor: by serial number if both have one, else by what is left and the name."""
        if (self.manufacturer, self.model) != (other.manufacturer, other.model):
            return False
        if self.serial or other.serial:
            return self.serial == other.serial
        return self.name == other.name


@dataclass(frozen=True, slots=True)
class WallPlace:
    """One wall window: where it was and what it showed. `area` (left, top of the monitor, width, height) is its place
    when it is not full screen; `layout` and `camera_ids` as in `registry_records.SavedView`."""

    monitor: MonitorId
    layout: str
    camera_ids: tuple[str, ...] = ()
    focus: int = 0
    full_screen: bool = True
    area: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class MainPlace:
    """What the main window's wall showed: `camera_ids` are all cameras in their order, over all pages."""

    layout: str
    camera_ids: tuple[str, ...] = ()
    page: int = 0
    focus: int = 0


class WallStore:
    """The file. `submit` runs the writing on another thread; False when it would not."""

    def __init__(self, path: Path, submit: Callable[[Callable[[], None]], bool]) -> None:
        self._path, self._submit = path, submit
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._newest: tuple[tuple[WallPlace, ...], MainPlace | None] | None = None
        self._sealed = False
        self.main: MainPlace | None = None
        """The main window's, as it was read; kept as it is until `keep` is given another."""

    def load(self) -> tuple[WallPlace, ...]:
        """The windows of the last run; none when the file is missing, damaged or of a newer version (then it is kept
        as it is)."""
        try:
            tables = tomllib.loads(self._path.read_text(encoding="utf-8"))
            self._sealed = int(tables.get("version", STORE_VERSION)) > STORE_VERSION
            if self._sealed:
                log.warning("%s is of a newer version: wall windows are neither restored nor remembered", self._path)
                return ()
            self.main = _main_place(tables["main"]) if "main" in tables else None
            return tuple(_place(table) for table in tables.get("window", [])[:_MOST_WINDOWS])
        except FileNotFoundError:
            return ()
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            log.warning("%s cannot be read, wall windows are not restored: %s", self._path, error)
            return ()

    def keep(self, places: Iterable[WallPlace], main: MainPlace | None = None) -> None:
        """Remember this state; an older one that is not written yet is left out. Without `main` that of the last run
        stays."""
        if self._sealed:
            return
        self.main = main or self.main
        with self._lock:
            waiting, self._newest = self._newest is not None, (tuple(places), self.main)
        if not waiting and not self._submit(self._write):
            with self._lock:
                self._newest = None
            log.warning("the wall windows could not be remembered: too much is waiting")

    def _write(self) -> None:
        with self._writing:
            with self._lock:
                newest, self._newest = self._newest, None
            if newest is None:
                return
            places, main = newest
            tables: dict[str, Any] = {"version": STORE_VERSION, "window": [_table(place) for place in places]}
            if main is not None:
                tables["main"] = {**asdict(main), "camera_ids": list(main.camera_ids)}
            try:
                durable.replace(self._path, tomli_w.dumps(tables).encode())
            except StorageError as error:
                log.warning("the wall windows could not be remembered: %s", error)


def _table(place: WallPlace) -> dict[str, Any]:
    table = asdict(place)
    return {**table, "camera_ids": list(place.camera_ids), "area": list(place.area)}


def _main_place(table: dict[str, Any]) -> MainPlace:
    """Raises ValueError, TypeError or KeyError for what is none."""
    cameras = tuple(str(camera) for camera in table.get("camera_ids", ()))
    return MainPlace(
        str(table["layout"]), cameras, max(int(table.get("page", 0)), 0), max(int(table.get("focus", 0)), 0)
    )


def _place(table: dict[str, Any]) -> WallPlace:
    """Raises ValueError, TypeError or KeyError for what is no window."""
    monitor = MonitorId(**{name: str(value) for name, value in table["monitor"].items()})
    area = tuple(int(number) for number in table.get("area", ()))
    return WallPlace(
        monitor,
        str(table["layout"]),
        tuple(str(camera) for camera in table.get("camera_ids", ())),
        max(int(table.get("focus", 0)), 0),
        bool(table.get("full_screen", True)),
        area if len(area) == len(("left", "top", "width", "height")) else (),
    )
