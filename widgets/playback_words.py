"""Words of playback: times in the site's zone, how long ago, speeds, a camera's clock. Translated when called."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from app import site_time
from app.i18n import _
from app.playback_feeds import ClockNote, PlaybackPlace
from app.time_entry import TimeEntry, TimeFlaw
from app.typed_time import WEEKDAYS

_DOUBT_S = 1.0
_DAY_S, _HOUR_S, _MINUTE_S = 86_400, 3_600, 60


def clock_in(zone: ZoneInfo, utc_s: float, *, tenths: bool = False) -> str:
    """Time of day in the site's zone. Cut, never rounded: a frame is not shown as later than it is."""
    local = datetime.fromtimestamp(utc_s, zone)
    return f"{local:%H:%M:%S}.{local.microsecond // 100_000}" if tenths else f"{local:%H:%M:%S}"


def date_in(zone: ZoneInfo, utc_s: float) -> str:
    """Day of the week and date."""
    local = datetime.fromtimestamp(utc_s, zone)
    return f"{_(WEEKDAYS[local.weekday()])} {local:%Y-%m-%d}"


def offset_in(zone: ZoneInfo, utc_s: float) -> str:
    """What the site's clocks were ahead of UTC at that moment: tells the two 02:30 of a night apart."""
    return site_time.offset_text(datetime.fromtimestamp(utc_s, zone))


def moment_in(zone: ZoneInfo, utc_s: float) -> str:
    """Date, time and offset."""
    return f"{date_in(zone, utc_s)} {clock_in(zone, utc_s)} {offset_in(zone, utc_s)}"


def ago_text(age_s: float) -> str:
    """How long ago, in the two largest units."""
    seconds = max(round(age_s), 0)
    if seconds < _MINUTE_S:
        return _("{seconds} s ago").format(seconds=seconds)
    if seconds < _HOUR_S:
        return _("{minutes} min {seconds} s ago").format(minutes=seconds // 60, seconds=seconds % 60)
    if seconds < _DAY_S:
        return _("{hours} h {minutes} min ago").format(hours=seconds // 3600, minutes=seconds % 3600 // 60)
    return _("{days} d {hours} h ago").format(days=seconds // _DAY_S, hours=seconds % _DAY_S // 3600)


def rate_text(speed: float) -> str:
    """`1×`, `4×`, `1/8×`; the way is told by a sign."""
    size = abs(speed)
    return f"{size:g}×" if size >= 1 else f"1/{1 / size:g}×"


def state_text(place: PlaybackPlace, speed: float) -> str:
    """What it does now, in words."""
    if place.seeking:
        return _("Seeking …")
    if not place.playing:
        return _("Paused")
    rate = rate_text(speed)
    return _("Backwards {speed}").format(speed=rate) if speed < 0 else _("Playing {speed}").format(speed=rate)


def offset_text(note: ClockNote) -> str:
    """A camera's clock against ours, short: `+2.1 ±0.3 s`."""
    return f"{_signed(note.offset_s)} {doubt_text(note)} s"


def doubt_text(note: ClockNote) -> str:
    """How sure that is: `±0.3`."""
    return "±?" if note.uncertainty_s is None else f"±{note.uncertainty_s:.1f}"


def doubtful(note: ClockNote) -> bool:
    """Whether the time of this camera's pictures is not to be relied on to the second."""
    return note.uncertainty_s is None or note.uncertainty_s > _DOUBT_S


def clock_sentence(note: ClockNote | None) -> str:
    """The same as a sentence, for the focused camera."""
    if note is None:
        return _("Camera clock: never compared with ours")
    if note.uncertainty_s is None:
        text = _("Camera clock {offset} s taken out, how sure is unknown")
    else:
        text = _("Camera clock {offset} s taken out, sure to {doubt} s")
    return text.format(offset=_signed(note.offset_s), doubt=doubt_text(note))


def entry_text(read: TimeEntry, zone: ZoneInfo) -> str:
    """What Enter would do with a typed time."""
    if read.flaw is TimeFlaw.SKIPPED:
        return _("There was no such time: the clocks were put forward in that night.")
    if read.flaw is TimeFlaw.FUTURE:
        return _("This time is still to come.")
    if read.flaw is not None:
        return _("For example: 18:00, yesterday 18:00, fri 18:00, 21.11. 18:00, -10m")
    first = moment_in(zone, read.moments[0])
    if len(read.moments) == 1:
        return first
    second = moment_in(zone, read.moments[1])
    return _("This hour came twice. {first} with Enter; add b for {second}").format(first=first, second=second)


def _signed(seconds: float) -> str:
    return f"{seconds:+.1f}".replace("-", "−")
