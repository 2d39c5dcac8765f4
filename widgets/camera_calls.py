"""What the camera list does to a wall: a camera into the focused tile, beside it, or onto the tile it was dragged to.

It acts on the wall in whose window the list's key was pressed. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QPoint, Signal
from shiboken6 import isValid

from app import wall_plans
from app.i18n import _
from widgets.camera_list import CameraList
from widgets.side_panel import SidePanel
from widgets.tile_moves import drop_camera
from widgets.wall import Wall


class CameraCalls(QObject):
    """`wall_in_use` is asked when the list is opened; `give_back` gives the keyboard to the window that asked."""

    said = Signal(str)

    def __init__(
        self,
        panel: SidePanel,
        wall_in_use: Callable[[], Wall],
        give_back: Callable[[], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._panel, self._wall_in_use, self._give_back = panel, wall_in_use, give_back
        self._asked_from = wall_in_use()
        self._put: set[int] = set()
        self._known: CameraList | None = None

    def enter(self) -> None:
        """The list, with the keyboard in its line; a second time: back to the wall."""
        page = self._panel.offices.page("cameras")
        if not isinstance(page, CameraList):
            return
        if self._known is not page:
            self._connect(page)
        if self._panel.pages.currentWidget() is page and self._panel.isVisible():
            self.leave()
            return
        self._asked_from = self._wall_in_use()
        self._put.clear()
        self._panel.show()
        self._panel.pages.setCurrentWidget(page)
        page.begin()
        page.setFocus()

    def _connect(self, page: CameraList) -> None:
        self._known = page
        page.chosen.connect(self.bring)
        page.beside.connect(self.put_beside)
        page.dropped.connect(self.drop)
        page.gone.connect(self.leave)

    @property
    def _wall(self) -> Wall:
        """Its window may have been closed meanwhile."""
        return self._asked_from if isValid(self._asked_from) else self._wall_in_use()

    def bring(self, camera_id: str) -> None:
        """Into the focused tile; where the wall shows it already, the focus goes there."""
        if camera_id in (cell.camera_id for cell in self._wall.arrangement.seen):
            self._wall.show_camera(camera_id)
        else:
            self._wall.call_up(camera_id)
        self.leave()

    def put_beside(self, camera_id: str) -> None:
        """Into the next cell that is empty, else into the next one; the keyboard stays in the list."""
        now = self._wall.settled
        if camera_id in now.on_page and not now.enlarged:
            self.said.emit(_("This camera is on the wall already."))
            return
        arranged, index = wall_plans.beside(now, camera_id, self._put)
        if index is None:
            self.said.emit(_("No tile is left to put it beside."))
            return
        self._put.add(index)
        self._wall.arrange(arranged)

    def drop(self, camera_id: str, spot: QPoint) -> None:
        """Onto the tile of whichever wall lies there."""
        drop_camera(camera_id, spot)

    def leave(self) -> None:
        """Back to the wall."""
        self._panel.pages.setCurrentWidget(self._panel.work)
        self._wall.setFocus()
        self._give_back()
