"""The site's time zone: from the settings, else the computer's own. Used at the edges only; inside all is UTC."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from storage.settings import Settings

_LOCALTIME = Path("/etc/localtime")


def zone_of(settings: Settings) -> ZoneInfo:
    """The zone to print times in; UTC when the computer does not say one."""
    for name in (settings.site.timezone, os.environ.get("TZ", ""), _computer_zone()):
        try:
            if name:
                return ZoneInfo(name.lstrip(":"))
        except (ZoneInfoNotFoundError, ValueError):
            continue
    return ZoneInfo("UTC")


def offset_text(local: datetime) -> str:
    """`UTC+02:00`: how everything on the screen tells the two 02:30 of a night apart."""
    offset = local.strftime("%z")
    return f"UTC{offset[:3]}:{offset[3:5]}"


def _computer_zone() -> str:
    """The IANA name behind /etc/localtime, empty where it is a plain file or missing."""
    try:
        target = str(_LOCALTIME.readlink())
    except OSError:
        return ""
    return target.partition("zoneinfo/")[2]
