"""Words about a film that somebody brought: whose it is, how its clock was set, why nothing of it is shown. Pure."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from app.i18n import _, marked
from app.playback_feeds import FilmClockNote
from storage.case_records import Exhibit
from video.source import VideoCode

_FAULTS: dict[str, str] = {
    VideoCode.NO_FILE: marked("The film is not in the evidence store any more."),
    VideoCode.NOT_VIDEO: marked("The file holds no pictures."),
    VideoCode.UNSUPPORTED: marked("The film's pictures cannot be decoded here: an unknown kind of coding."),
}
_OTHER_FAULT = marked("The film is damaged: none of its pictures can be decoded.")


def film_name(exhibit: Exhibit) -> str:
    """What its tile is headed with: that it is not ours, from whom, and its file."""
    return _("Foreign: {origin} · {name}").format(origin=exhibit.origin or "?", name=exhibit.name)


def unnamed_film() -> str:
    """What the tile of a film is headed with of which who sits here may not know."""
    return _("Film")


def clock_words(note: FilmClockNote) -> str:
    """How its clock stands to ours, how sure that is, and who said so."""
    if note.offset_s is None:
        return _("its clock was never compared with ours")
    clock = _("clock {offset} s {doubt} s").format(offset=signed(note.offset_s), doubt=_doubt(note.uncertainty_s))
    if not note.by:
        return clock
    if not note.against:
        return _("{clock}, as {name} took it in").format(clock=clock, name=note.by)
    return _("{clock}, set against {moment} by {name}").format(clock=clock, moment=note.against, name=note.by)


def moment_words(camera: str, utc_s: float, zone: ZoneInfo) -> str:
    """A moment that a film was set against: whose picture, and its time of day."""
    return " ".join(filter(None, (camera, f"{datetime.fromtimestamp(utc_s, zone):%H:%M:%S}")))


def fault_words(code: object) -> str:
    """Why nothing of the film can be shown."""
    return _(_FAULTS.get(str(code), _OTHER_FAULT))


def altered_words() -> str:
    """The file is not what was taken in."""
    return _("The file was altered after it was taken in: its SHA-256 is another one. It is not shown.")


def ends_words(from_utc_s: float, to_utc_s: float, zone: ZoneInfo) -> str:
    """The clock stands where the film has no picture."""
    begin, end = (datetime.fromtimestamp(at, zone) for at in (from_utc_s, to_utc_s))
    return _("The film runs from {begin} to {end}.").format(begin=f"{begin:%Y-%m-%d %H:%M:%S}", end=f"{end:%H:%M:%S}")


def signed(seconds: float) -> str:
    """`+12`, `−0.4`: tenths where they matter."""
    text = f"{seconds:+.1f}" if abs(seconds) < 100 else f"{seconds:+.0f}"
    return text.replace("-", "−")


def _doubt(uncertainty_s: float | None) -> str:
    return "±?" if uncertainty_s is None else f"±{uncertainty_s:.1f}"
