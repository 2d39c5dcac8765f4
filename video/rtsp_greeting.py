"""Does an RTSP server still talk there? One OPTIONS request (RFC 2326, 10.1) of our own, without a login.

FFmpeg says "invalid data" both of a connection that was cut while it opened and of a server that is no camera.
"""

from __future__ import annotations

import socket
from enum import StrEnum

from video.source import host_of

_REQUEST = b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"
_PROTOCOL = b"RTSP/"


class Greeting(StrEnum):
    """What came of it."""

    NOBODY = "nobody"
    NOTHING = "nothing"
    RTSP = "rtsp"
    OTHER = "other"


def greeting(url: str, timeout_s: float) -> Greeting:
    """Ask; at most twice `timeout_s`."""
    address = host_of(url)
    if address is None:
        return Greeting.NOBODY
    try:
        server = socket.create_connection(address, timeout_s)
    except OSError:
        return Greeting.NOBODY
    with server:
        try:
            server.sendall(_REQUEST)
            head = server.recv(len(_PROTOCOL))
        except OSError:
            return Greeting.NOTHING
    if not head:
        return Greeting.NOTHING
    return Greeting.RTSP if _PROTOCOL.startswith(head) else Greeting.OTHER
