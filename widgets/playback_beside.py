"""What a playback has beside its cameras: films from elsewhere, whose clocks can be set, and what the walls showed.

The view says where its clock stands and why it is looked at; this asks, shows and sets. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.feeds import Desk
from app.film_lanes import TimelineWithFilms
from app.film_words import clock_words
from app.i18n import _
from app.playback_feeds import FilmLane, PlaybackSession
from app.timeline import TimelineDesk
from storage.records import Camera
from widgets.bridge import Bridge
from widgets.film_setting import FilmSetting
from widgets.playback_tile import MOST_TILES, PlaybackWall
from widgets.playback_words import clock_sentence
from widgets.shown_pane import ShownPane


class PlaybackBeside(QObject):
    """`film_moved`: a film's lane is another one; `reason_needed`: it must be said first why one looks."""

    said = Signal(str)
    film_moved = Signal()
    reason_needed = Signal()

    def __init__(
        self, desk: Desk, session: PlaybackSession, wall: PlaybackWall, bridge: Bridge, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._session, self._wall = session, wall
        self._why = ("", "")
        self._lanes: tuple[FilmLane, ...] = ()
        self.films = FilmSetting(session, wall, bridge, self)
        self.films.said.connect(self.said)
        walls = desk.offices.shown_walls
        self.shown = ShownPane(walls, bridge, desk.offices.zone, parent) if walls is not None else None

    def calls(self) -> dict[str, Callable[[], None]]:
        """Of the key table."""
        return {"film_clock": self.films.act, "shown_walls": self.toggle_walls}

    def row(self) -> QHBoxLayout:
        """The pictures, and to their right what the walls showed."""
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(self._wall, 1)
        if self.shown is not None:
            row.addWidget(self.shown)
        return row

    def use(self, reason: str, incident_id: str) -> None:
        """Why all this is looked at."""
        self._why = (reason, incident_id)
        if self.shown is not None and not self.shown.isHidden():
            self.shown.use(reason, incident_id)

    def show_cameras(self, camera_ids: tuple[str, ...]) -> None:
        """Those that are played."""
        if self.shown is not None:
            self.shown.show_cameras(camera_ids)

    def follow(self) -> None:
        """The clock went on; cheap. A film that lies elsewhere now, or may be seen now, has another lane."""
        films = self._session.films
        lanes = tuple(films.lanes()) if films is not None else ()
        if lanes != self._lanes:
            self._lanes = lanes
            self.film_moved.emit()
        if self.shown is not None:
            self.shown.show_place(self._session.place().utc_s)

    def toggle_walls(self) -> None:
        """What the walls showed then, on or off; it is always looked at for a case or a reason."""
        shown = self.shown
        if shown is None:
            self.said.emit(_("The black box of the walls is off here."))
        elif not shown.isHidden():
            shown.hide()
            shown.forget()
        else:
            shown.show()
            shown.use(*self._why)
            self.follow()
            if not shown.ready:
                self.reason_needed.emit()

    @property
    def asks(self) -> str:
        """For what a reason is wanted here; empty: for nothing."""
        if self.shown is None or self.shown.isHidden() or self.shown.ready:
            return ""
        return _("What the walls showed is looked at for a case or a reason; it is written down.")

    def add_films(self, camera_ids: list[str], *, focus: str = "") -> None:
        """Tiles for films that the session has taken up, beside the cameras."""
        now = self._wall.arrangement
        fresh = tuple(one for one in camera_ids if one not in now.order)
        if fresh:
            self._wall.show_more((*now.order[: max(MOST_TILES - len(fresh), 0)], *fresh))
        if focus:
            self._wall.show_camera(focus)

    def told(self, camera: Camera) -> str:
        """A tile's clock as a sentence."""
        films = self._session.films
        film = films.clock_note(camera.id) if films is not None else None
        return clock_words(film) if film is not None else clock_sentence(self._session.clock_note(camera.id))

    def close_down(self) -> None:
        """The view goes."""
        self.films.forget()
        if self.shown is not None:
            self.shown.forget()


def with_films(office: TimelineDesk | None, session: PlaybackSession) -> TimelineDesk | None:
    """The site's timeline, with the lanes of the session's films."""
    if office is None or session.films is None:
        return office
    return TimelineWithFilms(office, session.films)
