"""Sources: one small protocol, one registry by URL scheme, typed reasons why a source gives no picture."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Protocol
from urllib.parse import urlsplit

from storage.errors import WatchfloorError
from video.frame import Packet, StreamInfo


class VideoCode(StrEnum):
    """Why there is no picture."""

    UNKNOWN_SCHEME = "video.unknown_scheme"
    UNREACHABLE = "video.unreachable"
    UNAUTHORIZED = "video.unauthorized"
    NOT_FOUND = "video.not_found"
    NO_FILE = "video.no_file"
    NOT_VIDEO = "video.not_video"
    SILENT = "video.silent"
    ENDED = "video.ended"
    DAMAGED = "video.damaged"
    UNSUPPORTED = "video.unsupported"
    DISK_FULL = "video.disk_full"
    DISK_FAILED = "video.disk_failed"
    NOT_BUFFERED = "video.not_buffered"
    NO_DEVICE = "video.no_device"
    NO_PROTOCOL = "video.no_protocol"
    NO_REPLAY = "video.no_replay"
    NO_RECORDING = "video.no_recording"
    ELSEWHERE = "video.elsewhere"
    BAD_ANSWER = "video.bad_answer"


class VideoError(WatchfloorError):
    """A source could not be opened or went away. `details["url"]` is redacted."""


class Source(Protocol):
    """One opening of one stream. Never resumed: after an error, make a new one."""

    def open(self) -> StreamInfo:
        """Connect and find the video stream. Raises VideoError within 5 s."""

    def packets(self) -> Iterator[Packet | None]:
        """Packets in decoding order, None at least every 3 s when nothing came (so that a stop is seen).

        A live source that ends raises VideoError(ENDED), a silent one SILENT. A paced file loops for ever."""

    def close(self) -> None:
        """Release everything; safe to call twice."""


_NAMED = re.compile(
    r"(?<![A-Za-z0-9])(user(?:name)?|usr|login|pass(?:word|wd)?|pwd|token|auth|secret)="
    r"[^&\s;,'\"<>]*?(?=_(?:password|channel|stream|subtype)\b|_(?:password|channel|stream|subtype)=|[&\s;,'\"<>]|$)",
    re.IGNORECASE,
)

# What is a host beyond doubt, up to where it ends: an address, or a name with a dot. At the very beginning a name must
# have no port either, or a common one: else it may be a user's name and the beginning of a password.
_END = r"(?=[:/?#'\",;)\]]|$)(?!:[^0-9])"
_HOST = re.compile(rf"(?:\[[0-9a-fA-F:.%\w]+\]|localhost|[\w\-]+(?:\.[\w\-]+)+){_END}", re.IGNORECASE)
_FIRST_HOST = re.compile(
    rf"(?:\[[0-9a-fA-F:.%\w]+\]|\d+\.\d+\.\d+\.\d+){_END}"
    r"|(?:localhost|[\w\-]+(?:\.[\w\-]+)+)(?::(?:80|322|443|554|1935|8080|8554))?(?=[/?#]|$)",
    re.IGNORECASE,
)
_URL = re.compile(r"(?=(?<!\S)\S*?://)")
_SPACE = re.compile(r"\s")
# A name, or a name and something that is no port.
_BEGUN = re.compile(r"(?!\[)(?:[^\s/?#@:]*:(?!\d+(?:[/?#]|$))|[^\s/?#@:]*$)")

SourceFactory = Callable[[str, int], Source]
_factories: dict[str, SourceFactory] = {}


def register(schemes: tuple[str, ...], factory: SourceFactory) -> None:
    """Make `factory(url, generation)` responsible for URL schemes; `""` is a plain path."""
    for scheme in schemes:
        _factories[scheme] = factory


def source_for(url: str, generation: int = 0) -> Source:
    """The source for a URL or a path. Raises VideoError(UNKNOWN_SCHEME)."""
    scheme = scheme_of(url)
    if scheme not in _factories:
        raise VideoError(VideoCode.UNKNOWN_SCHEME, url=redact(url), known=", ".join(sorted(filter(None, _factories))))
    return _factories[scheme](url, generation)


def knows(url: str) -> bool:
    """Whether some source is responsible for the URL's scheme."""
    return scheme_of(url) in _factories


def scheme_of(url: str) -> str:
    """Lower-case scheme; `""` for a path (also `C:\\clips\\a.mp4`)."""
    scheme, found, _ = url.partition("://")
    return scheme.lower() if found else ""


def login_end(rest: str) -> int:
    """Where the login ends in what follows a URL's `//`: behind its `@`; 0 where there is none.

    People type passwords as they are, with `@`, `/`, `?` and `#` in them, and an `@` may stand in a path or query. The
    last `@` before something that is a host beyond doubt ends the login; without one the last of all: rather too much
    is taken for a secret than too little."""
    spots = [at for at, sign in enumerate(rest, 1) if sign == "@"]
    if not spots or _FIRST_HOST.match(rest):
        return 0
    return ([at for at in spots if _HOST.match(rest, at)] or spots)[-1]


def redact(text: str) -> str:
    """Text without credentials: the login of each URL in it goes (`login_end`), and the values of `user=`, `password=`
    and the like, in queries and in the paths that some vendors put them into."""
    begin, *urls = _URL.split(text)
    return _NAMED.sub(r"\1=***", begin + "".join(map(_without_login, urls)))


def _without_login(text: str) -> str:
    """Text that begins with a URL, whose scheme may have other words before it, and holds no other one."""
    scheme, found, rest = text.partition("://")
    line = rest.partition("\n")[0]
    word = _SPACE.split(line, maxsplit=1)[0]
    end = login_end(word)
    begun = end > 0 or _BEGUN.match(word) is not None
    if begun and "@" in line[len(word) :] and not _HOST.match(word, end):
        end = login_end(line)  # the login holds a space
    return f"{scheme}{found}{rest[end:]}"


def host_of(url: str) -> tuple[str, int] | None:
    """Host and port of a network URL for a TCP probe; None for files and for what cannot be understood."""
    ports = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443, "rtmp": 1935, "rtmps": 443}
    try:
        parts = urlsplit(url)
        port = parts.port or ports.get(parts.scheme)
    except ValueError:
        return None
    return (parts.hostname, port) if parts.hostname and port else None
