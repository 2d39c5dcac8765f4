"""When a film from elsewhere really begins, as somebody set it against a known moment after it was taken in.

The exhibit's own row never changes: what was set is a note of the incident, written by who set it, and the newest note
of an exhibit stands for it. A report, a package and a playback read exhibits with their clocks set. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from storage.case_commands import AddNote
from storage.case_records import Exhibit, Note, NoteKind
from storage.rows import LAST_UTC_S

_NAME_LETTERS = 120
_WORDS = re.compile(r" (?P<film>\d+\.\d{3}) s = \S+ ±(?P<doubt>\d+\.\d{2}) s \[(?P<id>[^\[\]\s]+)\]$")


@dataclass(frozen=True, slots=True)
class FilmClock:
    """The frame `film_s` after its beginning shows `real_utc_s`, of `camera_id` (None: a time that was typed), sure to
    `uncertainty_s`."""

    exhibit_id: str
    film_s: float
    real_utc_s: float
    uncertainty_s: float
    camera_id: str | None = None
    actor_id: str = ""
    at_utc_s: float = 0.0

    @property
    def begins_utc_s(self) -> float:
        """When its first frame was really filmed."""
        return self.real_utc_s - self.film_s


def clock_note(clock: FilmClock, incident_id: str, name: str) -> AddNote:
    """The command that writes it down; its camera's footage of that moment is kept with it."""
    moment = datetime.fromtimestamp(clock.real_utc_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
    words = (
        f"{name[:_NAME_LETTERS]}: {clock.film_s:.3f} s = {moment}Z ±{clock.uncertainty_s:.2f} s [{clock.exhibit_id}]"
    )
    return AddNote(words, NoteKind.CLOCK, incident_id, clock.camera_id, clock.real_utc_s)


def words_of(note: Note) -> str:
    """What such a note says to people: without the exhibit's id at its end."""
    said = _WORDS.search(note.text) if note.kind is NoteKind.CLOCK else None
    return note.text[: said.start("id") - 2] if said is not None else note.text


def film_clocks(notes: Iterable[Note]) -> dict[str, FilmClock]:
    """The newest clock of each exhibit, by its id; a note whose words say none is left out."""
    found: dict[str, FilmClock] = {}
    for note in sorted((n for n in notes if n.kind is NoteKind.CLOCK), key=lambda n: (n.at_utc_s, n.id)):
        said = _WORDS.search(note.text)
        if said is not None and note.utc_s is not None:
            exhibit_id, film_s, doubt_s = said["id"], float(said["film"]), float(said["doubt"])
            found[exhibit_id] = FilmClock(
                exhibit_id, film_s, note.utc_s, doubt_s, note.camera_id, note.actor_id, note.at_utc_s
            )
    return found


def with_clocks(exhibits: Iterable[Exhibit], notes: Iterable[Note]) -> tuple[Exhibit, ...]:
    """The exhibits, at the times at which their clocks were set last."""
    clocks = film_clocks(notes)
    return tuple(_set(one, clocks[one.id]) if one.id in clocks else one for one in exhibits)


def _set(exhibit: Exhibit, clock: FilmClock) -> Exhibit:
    begin, end, offset_s = exhibit.from_utc_s, exhibit.to_utc_s, exhibit.clock_offset_s
    moved_s = clock.begins_utc_s - begin if begin is not None else None
    ends_utc_s = end + moved_s if end is not None and moved_s is not None else None
    times = [clock.begins_utc_s, *([ends_utc_s] if ends_utc_s is not None else [])]
    if not all(0.0 <= at <= LAST_UTC_S for at in times):
        return exhibit  # no calendar shows it
    return replace(
        exhibit,
        from_utc_s=clock.begins_utc_s,
        to_utc_s=ends_utc_s,
        clock_offset_s=(offset_s or 0.0) + moved_s if moved_s is not None else None,
    )
