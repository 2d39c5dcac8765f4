"""What the walls showed at the time that is played: the black box beside the footage.

Read on task threads, the newest wish alone; the look is written down before anything is read, one an hour of what is
looked at while the clock runs on. Of cameras that who sits here may not see nothing is told but that a tile was there.
`ShownWalls` is what a view asks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from app.acting import Acting, Said
from app.archive import Archive
from app.blackbox import AGES_S
from app.camera_rights import seen_by
from app.errors import AppCode, AppError
from app.feeds import TileState
from app.i18n import _
from app.tasks import Tasks
from storage.access import Permission, may
from storage.blackbox import FoundWall, read_walls
from storage.errors import StorageCode, StorageError, WatchfloorError
from storage.people_commands import RecordAccess
from storage.people_records import AccessKind
from storage.records import Actor
from storage.shown_wall import ShownTile, ShownWall

BROKEN = frozenset({StorageCode.DAMAGED, StorageCode.NOT_A_JOURNAL})
_HALF_S = 1800.0


@dataclass(frozen=True, slots=True)
class ShownMoment:
    """The wall windows at a time (none: nothing is known of it); `operators` are names by id."""

    utc_s: float
    walls: Sequence[FoundWall]
    operators: dict[str, str]


class ShownFeed(Protocol):
    """For one opened view."""

    def want(self, utc_s: float, shown: Callable[[ShownMoment], None], refused: Said) -> None:
        """What the walls showed then; the newest wish wins. Returns at once; answers come on a task thread. After a
        refusal it asks no more."""

    def close(self) -> None:
        """Nobody looks any more."""


class ShownWalls(Protocol):
    """Opens looks into the black box."""

    def look(self, reason: str, incident_id: str = "") -> ShownFeed:
        """For a reason or a case, which it always needs."""


class SiteShownWalls:
    """Of one archive; `actor` says who sits here, or raises why nobody may act."""

    def __init__(self, archive: Archive, tasks: Tasks, actor: Callable[[], Actor]) -> None:
        self._archive, self._acting = archive, Acting(tasks, actor, "a look into the black box")

    def look(self, reason: str, incident_id: str = "") -> SiteShownFeed:
        """See `ShownWalls.look`."""
        return SiteShownFeed(self._archive, self._acting, reason, incident_id)


@dataclass(frozen=True, slots=True)
class _Wish:
    utc_s: float
    shown: Callable[[ShownMoment], None]
    refused: Said


class SiteShownFeed:
    """See `ShownFeed`: one task at a time, and one wish that waits."""

    def __init__(self, archive: Archive, acting: Acting, reason: str, incident_id: str) -> None:
        self._archive, self._acting = archive, acting
        self._reason, self._incident_id = reason, incident_id
        self._lock = threading.Lock()
        self._wish: _Wish | None = None
        self._busy = self._closed = False
        self._leave: tuple[str, float, float] | None = None

    def want(self, utc_s: float, shown: Callable[[ShownMoment], None], refused: Said) -> None:
        """See `ShownFeed.want`."""
        with self._lock:
            if self._closed:
                return
            self._wish = _Wish(utc_s, shown, refused)
            begins, self._busy = not self._busy, True
        if begins:
            self._begin(refused)

    def close(self) -> None:
        """See `ShownFeed.close`."""
        with self._lock:
            self._closed, self._wish = True, None

    def _begin(self, refused: Said) -> None:
        def failed(text: str) -> None:
            self.close()
            refused(text)

        if not self._acting.act(self._answer, failed):
            with self._lock:
                self._busy = False

    def _answer(self, actor: Actor) -> None:
        """On a task thread: the newest wish, until none waits."""
        while True:
            with self._lock:
                wish, self._wish = self._wish, None
                self._busy = wish is not None
            if wish is None:
                return
            wish.shown(self._found(wish.utc_s, actor))

    def _found(self, utc_s: float, actor: Actor) -> ShownMoment:
        self._write_down(utc_s, actor)
        registry, needed = self._archive.registry, Permission.READ_BLACK_BOX
        role = next((operator.role for operator in registry.operators if operator.id == actor.id), None)
        if not may(role, needed):  # what was written down holds for an hour of footage, the right may end before it
            raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, permission=needed.value)
        walls = walls_seen(self._archive, utc_s, seen_by(registry, actor.id))
        return ShownMoment(utc_s, walls, {operator.id: operator.name for operator in registry.operators})

    def _write_down(self, utc_s: float, actor: Actor) -> None:
        leave = self._leave
        if leave is not None and leave[0] == actor.id and leave[1] <= utc_s <= leave[2]:
            return
        begin, end = max(utc_s - _HALF_S, 0.0), utc_s + _HALF_S
        incident_id = self._incident_id or None
        detail = _("beside the footage")
        access = RecordAccess(
            AccessKind.BLACK_BOX, self._reason, None, incident_id, from_utc_s=begin, to_utc_s=end, detail=detail
        )
        self._archive.journal.apply(access, actor)
        self._leave = actor.id, begin, end


def walls_seen(archive: Archive, utc_s: float, seen: frozenset[str] | None) -> tuple[FoundWall, ...]:
    """What each wall window showed, as far as these cameras go (None: all). Raises AppError (NO_BLACK_BOX,
    BLACK_BOX_DAMAGED), StorageError."""
    path = archive.folders.black_box
    try:
        found = read_walls(path, utc_s)
    except StorageError as error:
        raise _told(error, str(path)) from error
    return tuple(replace(one, wall=within(one.wall, seen)) for one in found)


def _told(error: StorageError, path: str) -> WatchfloorError:
    if error.code is StorageCode.NOT_FOUND:
        return AppError(AppCode.NO_BLACK_BOX, path=path)
    return AppError(AppCode.BLACK_BOX_DAMAGED, path=path) if error.code in BROKEN else error


def within(wall: ShownWall, seen: frozenset[str] | None) -> ShownWall:
    """The wall as far as these cameras go (None: all)."""
    if seen is None:
        return wall
    tiles = (tile if not tile.camera_id or tile.camera_id in seen else _withheld(tile) for tile in wall.tiles)
    return replace(wall, tiles=tuple(tiles))


def _withheld(tile: ShownTile) -> ShownTile:
    hidden = _("Camera of another group")
    return ShownTile(tile.rect, "", hidden, "", TileState.NO_RIGHTS.value, len(AGES_S), overlay=False, lifted=False)
