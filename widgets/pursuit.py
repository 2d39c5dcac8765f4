"""The hot key, "this is it": one camera large, its neighbours around it, everything recorded, the quick entry open.

Arrow keys then follow what runs away to the camera that lies on that side (the registry's neighbours); each hop is a
timed line of the incident. Esc gives the wall back as it was. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

from app.feeds import Desk
from app.i18n import _
from app.layouts import Side
from storage.case_commands import AddNote
from storage.case_records import NoteKind
from widgets.wall import Wall
from widgets.words import Names

RECORD_S = 600.0
_SIDES = {"left": Side.LEFT, "right": Side.RIGHT, "up": Side.UP, "down": Side.DOWN}


class Pursuit(QObject):
    """Follows on the wall on which it was begun (`wall_in_use` says which, `wall` where nobody does), on one at a time;
    `entry(camera_id, utc_s)` opens the quick entry, which tells the incident by `entered`."""

    said = Signal(str)

    def __init__(
        self, desk: Desk, wall: Wall, entry: Callable[[str, float], None], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._desk, self._wall, self._entry = desk, wall, entry
        self._incident_id: str | None = None
        self._hops: list[tuple[str, float]] = []
        self.wall_in_use: Callable[[], Wall] = lambda: wall

    def begin(self, camera_id: str, utc_s: float) -> None:
        """This is it: pin the camera, put its neighbours around it, record them all, ask what it is."""
        wall = self.wall_in_use()
        if wall is not self._wall:
            self.end()
            self._wall = wall
        wall.follow = partial(self._follow, wall)
        self._incident_id, self._hops = None, []
        self._show(camera_id)
        self._entry(camera_id, utc_s)

    def entered(self, incident_id: str) -> None:
        """The incident is known: hops so far, and from now on, are its lines."""
        if not self._pursued:
            return
        self._incident_id = incident_id
        hops, self._hops = self._hops, []
        for camera_id, utc_s in hops:
            self._note(camera_id, utc_s)

    def end(self) -> None:
        """The wall as it was before; hops are nobody's any more."""
        if self._pursued:
            self._wall.end_pursuit()
        self._incident_id, self._hops = None, []

    @property
    def _pursued(self) -> str:
        """The camera in the middle; empty also where the window was closed meanwhile."""
        return self._wall.pursued if isValid(self._wall) else ""

    def _follow(self, wall: Wall, side: Side) -> bool:
        """The next camera on that side, when the wall is in pursuit; False: the arrow key is the wall's own."""
        here = self._pursued
        if not here or wall is not self._wall:
            return False
        there = self._around(here).get(side)
        if there is None:
            self.said.emit(_("No camera is known on that side."))
            return True
        self._show(there)
        moment = self._wall.moment()
        if moment is not None:
            self._note(*moment)
        return True

    def _show(self, camera_id: str) -> None:
        around = self._around(camera_id)
        self._wall.pursue(camera_id, around)
        for one in (camera_id, *around.values()):
            self._desk.record_now(one, RECORD_S)
        name = Names(self._desk.registry()).camera(camera_id)
        self.said.emit(_("{camera}: arrow keys follow, Esc gives the wall back.").format(camera=name))

    def _around(self, camera_id: str) -> dict[Side, str]:
        registry = self._desk.registry()
        known = {camera.id for camera in registry.cameras}
        return {
            _SIDES[n.side]: n.neighbour_id
            for n in registry.neighbours
            if n.camera_id == camera_id and n.side in _SIDES and n.neighbour_id in known
        }

    def _note(self, camera_id: str, utc_s: float) -> None:
        if self._incident_id is None:
            self._hops.append((camera_id, utc_s))
            return
        name = Names(self._desk.registry()).camera(camera_id)
        text = _("Followed to {camera}").format(camera=name)
        self._desk.apply(AddNote(text, NoteKind.HOP, self._incident_id, camera_id, utc_s))
