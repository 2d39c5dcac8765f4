"""Films of an incident into the playback: with its cameras at Shift+F10, or one that was chosen among its exhibits.

GUI thread only. The incident's file may still be on its way when the key is pressed: its films follow then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from app.feeds import Desk
from app.playback_feeds import MOST_FILMS, FilmWish
from storage.case_records import Exhibit
from storage.journal import IncidentFile
from storage.records import EvidenceKind, Incident
from widgets.bridge import Answers, Bridge

if TYPE_CHECKING:
    from widgets.incident_panel import IncidentPanel
    from widgets.playback_view import PlaybackView


def is_foreign_film(exhibit: Exhibit) -> bool:
    """Whether it is a film that came from elsewhere: a witness's, or one that another recorder had of a camera."""
    return exhibit.kind is EvidenceKind.CLIP and (exhibit.camera_id is None or bool(exhibit.origin))


def wish_of(exhibit: Exhibit, incident: Incident) -> FilmWish:
    """It lies at the incident's time while nothing is known of its clock."""
    return FilmWish(exhibit, time_of(incident))


def time_of(incident: Incident) -> float:
    """When it happened, as far as is known."""
    return incident.happened_utc_s if incident.happened_utc_s is not None else incident.opened_utc_s


class FilmOpening:
    """`panel` shows the incident whose films are meant; `view` gives the playback that is open."""

    def __init__(
        self, desk: Desk, bridge: Bridge, panel: IncidentPanel, view: Callable[[], PlaybackView | None]
    ) -> None:
        self._desk, self._panel, self._view = desk, panel, view
        self._answers = Answers(bridge)

    def films(self, incident: Incident | None) -> tuple[FilmWish, ...]:
        """Those of the incident, as far as its file is here."""
        file = self._panel.file
        if incident is None or file is None or file.incident.id != incident.id:
            return ()
        found = (wish_of(one, incident) for one in file.exhibits if is_foreign_film(one))
        return tuple(found)[:MOST_FILMS]

    def cameras(self, incident: Incident) -> tuple[str, ...]:
        """The incident's own: where it happened, of its evidence, and where its moments were marked."""
        file = self._panel.file
        found: list[str | None] = [incident.camera_id]
        if file is not None:
            found += [one.camera_id for one in file.evidence]
            found += [one.camera_id for one in file.exhibits]
            found += [one.camera_id for one in file.notes]
        return tuple(dict.fromkeys(one for one in found if one))

    def follow(self, incident: Incident) -> None:
        """The films of an incident whose file was not here yet, as soon as it is."""
        file, view = self._panel.file, self._view()
        if view is None or (file is not None and file.incident.id == incident.id):
            return
        come = self._answers.here(lambda found: self._on_file(view, incident, found))
        self._desk.load_incident(incident.id, lambda found, _stills: come(found))

    def add(self, view: PlaybackView, films: tuple[FilmWish, ...], *, focus: bool = False) -> None:
        """Tiles for them, in a playback that is open."""
        bench = view.session.films
        if bench is not None and films:
            ids = [bench.add(film) for film in films]
            view.beside.add_films(ids, focus=ids[0] if focus else "")

    def forget(self) -> None:
        """The playback goes."""
        self._answers.forget()

    def _on_file(self, view: PlaybackView, incident: Incident, file: IncidentFile) -> None:
        if self._view() is view:
            found = tuple(wish_of(one, incident) for one in file.exhibits if is_foreign_film(one))
            self.add(view, found[:MOST_FILMS])
