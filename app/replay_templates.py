"""Addresses at which recorders of common makers play what they recorded, for those that do not speak ONVIF Profile G.

Data, as `app.vendor_templates`: by the live address that the registry has of the camera, whose `channel` goes into the
address of the recording. Each names the page that it was taken from; none was tried with a device of its maker here.
What such an address plays tells its time seldom: then it counts from the moment that was asked for, and that is said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class ReplayTemplate:
    """`live` finds the channel in path and query of the live address; `time` is for `strftime` (%L: milliseconds);
    `local`: by the recorder's own wall clock, else UTC."""

    live: re.Pattern[str]
    replay: str
    time: str
    local: bool = False


REPLAYS: dict[str, ReplayTemplate] = {
    # github.com/CamioCam/rtsp issue 181: Streaming/tracks/101?starttime=20180730T092030z&endtime=20180730T092553z; the
    # end is not kept by all of them (same thread), which is why we look at the time ourselves.
    "hikvision": ReplayTemplate(
        re.compile(r"Streaming/(?:Unicast/)?(?:Channels|tracks)/(?P<channel>\d{1,3})0\d\b", re.IGNORECASE),
        "Streaming/tracks/{channel}01?starttime={begin}&endtime={end}",
        "%Y%m%dT%H%M%Sz",
    ),
    # The form of Dahua's HTTP API ("Playback"): cam/playback?channel=1&starttime=2015_1_15_16_15_32&endtime=...; the
    # vendor's own page was not at hand.
    "dahua": ReplayTemplate(
        re.compile(r"cam/realmonitor\?(?:.*&)?channel=(?P<channel>\d{1,3})\b", re.IGNORECASE),
        "cam/playback?channel={channel}&subtype=0&starttime={begin}&endtime={end}",
        "%Y_%m_%d_%H_%M_%S",
        local=True,
    ),
    # VIVOTEK user's manual, "URL Command Document", 8.17 "Media on demand" (manualsdump.com, 212486, page 273).
    "vivotek": ReplayTemplate(
        re.compile(r"(?P<channel>)live\d?\.sdp\b", re.IGNORECASE),
        "mod.sdp?stime={begin}&etime={end}&loctime=0",
        "%Y%m%d_%H%M%S.%L",
    ),
    # "Playback rtsp url" of the API of AVYCON's and others' recorders (avycon.freshdesk.com, article 36000492913).
    "avycon": ReplayTemplate(
        re.compile(r"rtsp/streaming\?(?:.*&)?channel=(?P<channel>\d{1,3})\b", re.IGNORECASE),
        "rtsp/playback?channel={channel}&subtype=0&starttime={begin}&endtime={end}&localtime=false",
        "%Y-%m-%dT%H:%M:%SZ",
    ),
}


def replay_url(live_url: str, from_utc_s: float, to_utc_s: float, zone: tzinfo | float) -> str | None:
    """Where the recording of a time is played, times by the recorder's clock; None: no such address is known.

    `zone` is the recorder's, or how many seconds its wall clock is ahead of UTC."""
    parts = urlsplit(live_url)
    asked = f"{parts.path.lstrip('/')}?{parts.query}" if parts.query else parts.path.lstrip("/")
    for template in REPLAYS.values():
        found = template.live.search(asked)
        if found is not None:
            place = timezone(timedelta(seconds=zone)) if isinstance(zone, int | float) else zone
            begin, end = (_text(at, template.time, place if template.local else UTC) for at in (from_utc_s, to_utc_s))
            path = template.replay.format(channel=found["channel"], begin=begin, end=end)
            return f"{parts.scheme}://{parts.netloc}/{path}"
    return None


def channel_of(live_url: str) -> str:
    """The channel that a live address names, or nothing."""
    parts = urlsplit(live_url)
    asked = f"{parts.path}?{parts.query}"
    return next((found["channel"] for one in REPLAYS.values() if (found := one.live.search(asked))), "")


def _text(utc_s: float, form: str, zone: tzinfo) -> str:
    at = datetime.fromtimestamp(utc_s, zone)
    return at.strftime(form.replace("%L", f"{at.microsecond // 1000:03d}"))
