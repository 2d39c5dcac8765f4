"""What is done with the focused tile's picture by key: nearer, moved, turned, mirrored; unmasked, saved, copied.

GUI thread only. Lifting a mask and taking a picture away ask for a reason in the panel and happen once the journal has
written it down.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication, QImage, QWheelEvent

from app.feeds import Desk
from app.i18n import _
from app.mask_lifts import LIFT_S
from app.masks import masks_of
from app.sign_in import SeatChanged
from app.snapshots import PictureOrder
from storage.access import Permission, may
from storage.people_commands import RecordAccess
from storage.people_records import AccessKind
from storage.records import Camera
from widgets.bridge import Bridge
from widgets.choice import Choice, Question
from widgets.tile import Tile
from widgets.tile_view import PAN_STEP, ZOOM_STEP, TileView
from widgets.wall import Wall

_WHEEL_STEP = 120.0


class TileTools(QObject):
    """`open_panel` brings forward where the question is asked."""

    said = Signal(str)

    def __init__(
        self,
        desk: Desk,
        bridge: Bridge,
        wall: Wall,
        choice: Choice,
        open_panel: Callable[[], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._desk, self._bridge, self._wall, self._choice = desk, bridge, wall, choice
        self._open_panel = open_panel
        self.seat = SeatChanged()
        wall.installEventFilter(self)

    def calls(self) -> dict[str, Callable[[], None]]:
        """By the names of the key table."""
        return {
            "zoom_in": partial(self._see, lambda tile: tile.zoomed(ZOOM_STEP)),
            "zoom_out": partial(self._see, lambda tile: tile.zoomed(1 / ZOOM_STEP)),
            "pan_left": partial(self._see, lambda tile: tile.panned(-PAN_STEP, 0)),
            "pan_right": partial(self._see, lambda tile: tile.panned(PAN_STEP, 0)),
            "pan_up": partial(self._see, lambda tile: tile.panned(0, -PAN_STEP)),
            "pan_down": partial(self._see, lambda tile: tile.panned(0, PAN_STEP)),
            "whole": partial(self._see, lambda tile: tile.view.whole()),
            "turn": partial(self._see, lambda tile: tile.view.turned()),
            "mirror": partial(self._see, lambda tile: tile.view.flipped()),
            "fill": partial(self._see, lambda tile: tile.view.refilled()),
            "unmask": self.unmask,
            "snapshot": self.snapshot,
            "copy": self.copy,
        }

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ctrl and the wheel over the wall: nearer or further, at the pointer."""
        if not isinstance(event, QWheelEvent) or not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            return super().eventFilter(watched, event)
        spot, steps = event.position(), event.angleDelta().y() / _WHEEL_STEP
        tile = next((tile for tile in self._wall.tiles if tile.cell.contains(spot.toPoint())), None)
        if tile is not None:
            self._wall.look_through(tile, tile.zoomed(ZOOM_STEP**steps, spot))
        return True

    def show_seat(self, seat: SeatChanged) -> None:
        """Somebody else sits here, or nobody may act: every mask comes back at once."""
        other = seat.operator_id != self.seat.operator_id
        self.seat = seat
        if (other or not seat.may_act) and self._wall.lifts.give_all_back():
            self._wall.renew_masks()

    def unmask(self) -> None:
        """Lift the masks of the focused camera, for a reason; or give them back at once."""
        tile = self._focused()
        if tile is None:
            return
        camera = tile.feed.camera
        if self._wall.lifts.give_back(camera.id):
            self._wall.renew_masks()
            self.said.emit(_("{camera} is masked again.").format(camera=_named(camera)))
        elif not masks_of(self._desk.registry(), camera.id):
            self.said.emit(_("{camera} has no privacy mask.").format(camera=_named(camera)))
        elif not may(self.seat.role, Permission.LIFT_MASK):
            self.said.emit(_("Your role may not lift privacy masks."))
        else:
            heading = _("Lift the mask of {camera}: say why, Enter lifts it for {minutes} minutes")
            text = heading.format(camera=_named(camera), minutes=round(LIFT_S / 60))
            self._ask(text, partial(self._lift, camera))

    def snapshot(self) -> None:
        """Save the focused camera's frame at full size."""
        self._take(_("Save the picture of {camera}: say what for, Enter saves it"), to_file=True)

    def copy(self) -> None:
        """The focused camera's frame at full size, into the clipboard."""
        self._take(_("Copy the picture of {camera}: say what for, Enter copies it"), to_file=False)

    def _lift(self, camera: Camera, reason: str) -> None:
        operator_id = self._desk.actor_id()

        def granted(_receipt: object) -> None:
            """Durable now; whoever left meanwhile lifts nothing."""
            if operator_id and self._desk.actor_id() == operator_id:
                self._wall.lifts.lift(camera.id)
                self._wall.renew_masks()

        access = RecordAccess(AccessKind.MASK_LIFT, reason, camera.id)
        self._desk.apply(access, self._bridge.on_gui_thread(granted))

    def _take(self, heading: str, *, to_file: bool) -> None:
        tile, moment = self._focused(), self._wall.moment()
        if tile is None or moment is None:
            return
        shot = self._desk.shoot(*moment)
        if shot is None or tile.picture is None:
            self.said.emit(_("There is no picture to take."))
            return
        view, masked = tile.view, not self._wall.lifts.left_s(tile.feed.camera.id)

        def let_go(reason: str) -> None:
            order = PictureOrder(reason, to_file, masked, view.quarters, view.mirrored)
            taken = partial(self._on_taken, self._desk.actor_id())
            shot.let_go(order, self._bridge.on_gui_thread(taken))

        self._ask(heading.format(camera=_named(tile.feed.camera)), let_go)

    def _on_taken(self, asked_by: str, path: str, jpeg: bytes) -> None:
        """What was asked for by who sits here, and not by the one before: neither said nor in the clipboard."""
        if self._desk.actor_id() != asked_by:
            return
        if path:
            self.said.emit(_("Saved: {path}").format(path=path))
        else:
            QGuiApplication.clipboard().setImage(QImage.fromData(jpeg))
            self.said.emit(_("The picture is in the clipboard."))

    def _ask(self, heading: str, answered: Callable[[str], None]) -> None:
        self._open_panel()
        question = Question(heading, lambda _none, words: answered(words), words=_("Case or reason"), must_say=True)
        self._choice.ask(question)

    def _see(self, change: Callable[[Tile], TileView]) -> None:
        tile = self._focused()
        if tile is not None:
            self._wall.look_through(tile, change(tile))

    def _focused(self) -> Tile | None:
        tile = self._wall.focused_tile
        if tile is None:
            self.said.emit(_("No camera is focused."))
        return tile


def _named(camera: Camera) -> str:
    return f"{camera.number} {camera.name}"
