"""Stream addresses of the common vendors, by address and channel. Each template names the page that it was taken from.

`{channel}` counts from 1, `{channel0}` from 0. A device's own settings win over these: the preview shows which fit.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.camera_import import FoundCamera, found_camera
from app.errors import AppCode, AppError
from storage.sealed import Credential

MOST_ADDRESSES = 1024
_MOST_CHANNELS = 256
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.\-]{0,252}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class VendorTemplate:
    """Paths behind `rtsp://address:port/`. `several` replaces both when a device has more than one channel."""

    main: str
    sub: str
    several: tuple[str, str] | None = None
    port: int = 554


TEMPLATES: dict[str, VendorTemplate] = {
    # developer.axis.com, "RTSP endpoints" and "Parameter specification RTSP URL" (camera, resolution).
    "axis": VendorTemplate(
        "axis-media/media.amp?camera={channel}", "axis-media/media.amp?camera={channel}&resolution=640x360"
    ),
    # Hikvision ISAPI guide, "/ISAPI/Streaming/channels/<ID>": ID = channel * 100 + stream (1 main, 2 sub);
    # supportusa.hikvision.com, article 17000129022.
    "hikvision": VendorTemplate("Streaming/Channels/{channel}01", "Streaming/Channels/{channel}02"),
    # The form of Dahua's HTTP API ("Get real-time stream"): channel from 1, subtype 0 main, 1 extra; seen as quoted at
    # blog.csdn.net/yuanwenmao/article/details/79656906, the vendor's own page was not at hand.
    "dahua": VendorTemplate(
        "cam/realmonitor?channel={channel}&subtype=0", "cam/realmonitor?channel={channel}&subtype=1"
    ),
    # Cameras media/video1 (main) and video2 (second): blog.csdn.net/weixin_37549838/article/details/140784175;
    # recorders unicast/c<channel>/s<0 main, 1 second>/live: wiki.zohead.com. The vendor's own page was not at hand.
    "uniview": VendorTemplate(
        "media/video1", "media/video2", ("unicast/c{channel}/s0/live", "unicast/c{channel}/s1/live")
    ),
    # docs.axxonsoft.com, Axxon One: "Get list of cameras" (access points hosts/SERVER/DeviceIpint.1/...video:0:0) and
    # "Composite RTSP stream" (port 554 on Windows, 20554 on Linux). video:0:1 as the low stream was not seen there.
    "axxon": VendorTemplate(
        "hosts/{server}/DeviceIpint.{channel}/SourceEndpoint.video:0:0",
        "hosts/{server}/DeviceIpint.{channel}/SourceEndpoint.video:0:1",
    ),
    # support.hanwhavision.eu, article 4414178841746 "RTSP URLs": profile<no>, several sensors count from 0; which
    # profile is small is the installer's choice, 3 is common.
    "hanwha": VendorTemplate(
        "profile2/media.smp",
        "profile3/media.smp",
        ("{channel0}/profile2/media.smp", "{channel0}/profile3/media.smp"),
    ),
}


def vendor_cameras(
    vendor: str, addresses: str, channels: str = "1", login: Credential | None = None, server: str = ""
) -> list[FoundCamera]:
    """A camera for each address and channel. Raises AppError(IMPORT_ADDRESS, BAD_RECORD)."""
    template = TEMPLATES.get(vendor.strip().casefold())
    if template is None:
        raise AppError(AppCode.BAD_RECORD, name=vendor, known=", ".join(TEMPLATES))
    if "{server}" in template.main and not server:
        raise AppError(AppCode.BAD_RECORD, name="server", known="SERVER1")
    numbers = _channels(channels)
    hosts = list(address_range(addresses))
    if len(hosts) * len(numbers) > MOST_ADDRESSES:
        raise AppError(AppCode.IMPORT_ADDRESS, address=addresses)
    return [
        _camera(template, host, number, len(numbers) > 1 or number > 1, login, server)
        for host in hosts
        for number in numbers
    ]


def address_range(text: str) -> Iterator[str]:
    """Addresses of `10.0.0.5`, `gate.example:8554`, `10.0.0.10-20`, `10.0.0.10-10.0.0.20:8554`, several by commas."""
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        host, colon, port = part.partition(":")
        if colon and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise AppError(AppCode.IMPORT_ADDRESS, address=part)
        first, dash, last = host.partition("-")
        if dash and _is_address(first):
            hosts = _between(first, last, part)
        elif _HOST.fullmatch(host):
            hosts = [host]
        else:
            raise AppError(AppCode.IMPORT_ADDRESS, address=part)
        yield from (f"{found}{colon}{port}" for found in hosts)


def _between(first: str, last: str, part: str) -> list[str]:
    full = last if "." in last else f"{first.rpartition('.')[0]}.{last}"
    if not _is_address(full):
        raise AppError(AppCode.IMPORT_ADDRESS, address=part)
    low, high = int(ipaddress.IPv4Address(first)), int(ipaddress.IPv4Address(full))
    if not 0 <= high - low < MOST_ADDRESSES:
        raise AppError(AppCode.IMPORT_ADDRESS, address=part)
    return [str(ipaddress.IPv4Address(number)) for number in range(low, high + 1)]


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def _channels(text: str) -> list[int]:
    first, dash, last = text.strip().partition("-")
    try:
        low = int(first)
        high = int(last) if dash else low
    except ValueError:
        raise AppError(AppCode.BAD_RECORD, name="channels", known="1, 1-16") from None
    if not 1 <= low <= high <= _MOST_CHANNELS:
        raise AppError(AppCode.BAD_RECORD, name="channels", known="1, 1-16")
    return list(range(low, high + 1))


def _camera(
    template: VendorTemplate, host: str, channel: int, several: bool, login: Credential | None, server: str
) -> FoundCamera:
    main, sub = template.several if several and template.several else (template.main, template.sub)
    place = host if ":" in host or template.port == 554 else f"{host}:{template.port}"
    urls = [
        f"rtsp://{place}/{path.format(channel=channel, channel0=channel - 1, server=server)}" for path in (main, sub)
    ]
    return found_camera(f"{host} {channel}" if several else host, *urls, login=login)
