"""Setting a film's clock while it is played: hold its frame, bring a camera to the same moment, press the key again.

One key for both. The first holds the frame of the focused film, the second says "this frame is that moment" of the
camera that is focused then. It is written down before the film moves. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from app.i18n import _
from app.playback_feeds import FilmBench, PlaybackSession, is_film
from widgets.bridge import Answers, Bridge
from widgets.tile import Tile
from widgets.wall import Wall

_UNKNOWN_S = 0.5
"""How sure the time of a camera's picture is whose clock was never compared."""
_FRAME_S = 0.1
_EXACT_S = 0.001


class FilmSetting(QObject):
    """`said` carries what came of the key."""

    said = Signal(str)
    was_set = Signal()
    """Its clock is written down: who shows the exhibit reads it again."""

    def __init__(self, session: PlaybackSession, wall: Wall, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._wall = session, wall
        self._answers = Answers(bridge)
        self._camera_id = ""

    def act(self) -> None:
        """The key: hold, or set."""
        bench = self._session.films
        if bench is None or not any(is_film(tile.feed.camera.id) for tile in self._wall.tiles):
            self.said.emit(_("No film from elsewhere is played here."))
        elif bench.held:
            self._set(bench)
        else:
            self._hold(bench)

    def let_go(self) -> bool:
        """The film goes on with the cameras; False: none was held."""
        bench = self._session.films
        if bench is None or not bench.held:
            return False
        bench.let_go()
        self.said.emit(_("The film goes on; its clock is as it was."))
        return True

    def focus(self, camera_id: str) -> None:
        """A camera that was looked at: the film is set against the last one."""
        if not is_film(camera_id):
            self._camera_id = camera_id

    def forget(self) -> None:
        """The view goes."""
        self._answers.forget()

    def _hold(self, bench: FilmBench) -> None:
        films = [tile for tile in self._wall.tiles if is_film(tile.feed.camera.id)]
        tile = next((one for one in films if one.focused), films[0] if len(films) == 1 else None)
        if tile is None:
            self.said.emit(_("Choose the film first: arrows go from tile to tile."))
        elif tile.picture is None or not bench.hold(tile.feed.camera.id, tile.picture.utc_s):
            self.said.emit(_("The film shows no picture at this time: go to where it has one."))
        else:
            self.said.emit(_("The film is held. Bring a camera to the same moment, then S; Esc lets go."))

    def _set(self, bench: FilmBench) -> None:
        tile = self._camera_tile()
        if tile is None or tile.picture is None:
            self.said.emit(_("No camera shows a picture here that the film could be set against."))
            return
        if self._session.place().playing:
            self._session.pause()
            self.said.emit(_("Paused. When the camera shows the same moment as the film, S again."))
            return
        film = next((one for one in self._wall.tiles if one.feed.camera.id == bench.held), None)
        camera = tile.feed.camera
        note = self._session.clock_note(camera.id)
        known = note.uncertainty_s if note is not None and note.uncertainty_s is not None else _UNKNOWN_S
        doubt_s = known + _frame_s(tile) + (_frame_s(film) if film is not None else _FRAME_S)
        done, refused = self._answers.here(self._on_set), self._answers.here(self.said.emit)
        bench.set_clock(tile.picture.utc_s, camera.id, doubt_s, done, refused)

    def _camera_tile(self) -> Tile | None:
        """The focused camera's, else the one that was focused last, else the first that shows something."""
        cameras = [tile for tile in self._wall.tiles if not is_film(tile.feed.camera.id)]
        ways: tuple[Callable[[Tile], bool], ...] = (
            lambda tile: tile.focused,
            lambda tile: tile.feed.camera.id == self._camera_id,
            lambda tile: tile.picture is not None,
        )
        return next((tile for way in ways for tile in cameras if way(tile)), None)

    def _on_set(self, moved_s: float) -> None:
        self.was_set.emit()
        seconds = f"{moved_s:+.2f}".replace("-", "−")
        if abs(moved_s) < _EXACT_S:
            self.said.emit(_("The film lay right already; that is written down."))
        else:
            self.said.emit(_("The film was moved by {seconds} s; that is written down.").format(seconds=seconds))


def _frame_s(tile: Tile) -> float:
    """How long a frame of it lasts, as far as is known."""
    return min(1.0 / tile.status.fps, _FRAME_S) if tile.status.fps > 0 else _FRAME_S
