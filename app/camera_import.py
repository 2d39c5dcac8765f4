"""Cameras of other systems on their way into the registry: found, compared with what is there, numbered.

Every reader (`app.import_csv`, `app.import_frigate`, `app.import_go2rtc`, `app.import_mediamtx` and
`app.vendor_templates`) gives `FoundCamera`s; `planned` says which are new. A login leaves the address the moment a
camera is found and lives in a `Credential` only, whose repr shows nothing: no table, log or traceback can print it.
Nothing here stores or connects.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

import video.pyav_source  # noqa: F401 - registers the schemes
from app.credentials import split_login
from app.i18n import _, marked
from storage.records import Camera
from storage.sealed import Credential
from video.source import knows, redact, scheme_of

MOST_CAMERAS = 20_000
_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443, "rtmp": 1935, "rtmps": 443}
_LONGEST_NAME = 120


class Unread(StrEnum):
    """Why an entry is not taken as a camera."""

    NO_ADDRESS = "no_address"
    NOT_A_STREAM = "not_a_stream"
    SECRET = "secret"  # noqa: S105 - a reason, no password
    PUSHED = "pushed"
    OFF = "off"
    NUMBER = "number"
    POSITION = "position"


UNREAD_TEXTS: dict[Unread, str] = {
    Unread.NO_ADDRESS: marked("it has no address"),
    Unread.NOT_A_STREAM: marked("{detail} is no address of a stream that can be opened here"),
    Unread.SECRET: marked(
        "its password is kept elsewhere ({detail}): put it into the file, or add this camera by hand"
    ),
    Unread.PUSHED: marked("it is pushed to the server: import from the server's API instead of its file"),
    Unread.OFF: marked("it is switched off there"),
    Unread.NUMBER: marked("{detail} is no number"),
    Unread.POSITION: marked("{detail} is no position in degrees"),
}


class RowState(StrEnum):
    """What an import would do with an entry."""

    NEW = "new"
    DUPLICATE = "duplicate"
    UNREADABLE = "unreadable"


STATE_TEXTS: dict[RowState, str] = {
    RowState.NEW: marked("new"),
    RowState.DUPLICATE: marked("already there"),
    RowState.UNREADABLE: marked("not readable"),
}


@dataclass(frozen=True, slots=True)
class PlaceText:
    """Where a camera is, as the file says it."""

    name: str = ""
    address: str = ""
    district: str = ""
    latitude_deg: float | None = None
    longitude_deg: float | None = None

    @property
    def known(self) -> bool:
        """Whether the file says anything."""
        return self != PlaceText()


@dataclass(frozen=True, slots=True)
class FoundCamera:
    """One entry of a file or an API. `main_url` and `sub_url` hold no login; `line` is 1 for the first, 0 unknown."""

    name: str
    main_url: str
    sub_url: str | None = None
    group: str = ""
    place: PlaceText = PlaceText()
    line: int = 0
    number: int = 0
    login: Credential | None = None
    unread: Unread | None = None
    detail: str = ""
    sub_left_out: bool = False


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A found camera, what would become of it, and the number that it would get (0: none)."""

    found: FoundCamera
    state: RowState
    number: int = 0
    twin: str = ""

    @property
    def why(self) -> str:
        """The reason in words, or what was left out; empty when there is nothing to say."""
        found = self.found
        if found.unread is not None:
            return _(UNREAD_TEXTS[found.unread]).format(detail=redact(found.detail))
        if self.state is RowState.DUPLICATE:
            return _("same address as {twin}").format(twin=self.twin)
        if found.sub_left_out:
            return _("without its second stream, which has another host or login")
        if found.number and found.number != self.number:
            return _("number {number} is taken").format(number=found.number)
        return ""


def found_camera(
    name: str,
    main: str,
    sub: str = "",
    *,
    line: int = 0,
    group: str = "",
    place: PlaceText | None = None,
    number: int = 0,
    login: Credential | None = None,
) -> FoundCamera:
    """An entry whose addresses are checked and freed of their login; `login` is one that the file keeps apart."""
    place = PlaceText() if place is None else _clean_place(place)
    main, sub, group = main.strip(), sub.strip(), _clean(group)
    unread, detail = _checked(main)
    if unread is not None:
        return FoundCamera(_named(name, detail), "", None, group, place, line, number, None, unread, detail)
    if not scheme_of(main):
        main = str(Path(main).resolve())
    clean, own = split_login(main)
    clean_sub, left_out = _sub(sub, clean, own)
    return FoundCamera(
        _named(name, clean), clean, clean_sub, group, place, line, number, own or login, sub_left_out=left_out
    )


def refused(name: str, unread: Unread, detail: str = "", *, line: int = 0) -> FoundCamera:
    """An entry that cannot become a camera."""
    return FoundCamera(_named(name, ""), "", line=line, unread=unread, detail=redact(detail))


def address_key(url: str) -> str:
    """What two addresses of one stream have in common: no login, default port, case or trailing slash."""
    clean = redact(url).strip()
    scheme = scheme_of(clean)
    if not scheme:
        return clean
    try:
        parts = urlsplit(clean)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return clean.casefold()
    port_text = "" if port in (None, _PORTS.get(scheme)) else f":{port}"
    query = f"?{parts.query}" if parts.query else ""
    return f"{scheme}://{host}{port_text}{parts.path.rstrip('/')}{query}".casefold()


def planned(found: Iterable[FoundCamera], cameras: Sequence[Camera]) -> tuple[ImportRow, ...]:
    """What would become of each: duplicates of registry and list, and the next free numbers; wished ones if free."""
    twins = {address_key(c.main_url): f"{c.number} {c.name}" for c in cameras}
    rows: list[ImportRow] = []
    for camera in found:
        if camera.unread is not None:
            rows.append(ImportRow(camera, RowState.UNREADABLE))
            continue
        key = address_key(camera.main_url)
        if key in twins:
            rows.append(ImportRow(camera, RowState.DUPLICATE, twin=twins[key]))
            continue
        twins[key] = _("line {line}").format(line=camera.line) if camera.line else camera.name
        rows.append(ImportRow(camera, RowState.NEW))
    return _numbered(rows, {c.number for c in cameras})


def _numbered(rows: Sequence[ImportRow], taken: set[int]) -> tuple[ImportRow, ...]:
    given: dict[int, int] = {}
    for index, row in enumerate(rows):
        wish = row.found.number
        if row.state is RowState.NEW and wish > 0 and wish not in taken:
            taken.add(wish)
            given[index] = wish
    free = 1
    for index, row in enumerate(rows):
        if row.state is not RowState.NEW or index in given:
            continue
        while free in taken:
            free += 1
        taken.add(free)
        given[index] = free
    return tuple(replace(row, number=given.get(index, 0)) for index, row in enumerate(rows))


def _checked(url: str) -> tuple[Unread | None, str]:
    if not url:
        return Unread.NO_ADDRESS, ""
    if len(url) > 2000 or any(ord(sign) < 32 for sign in url):
        return Unread.NOT_A_STREAM, redact(url[:80])
    scheme = scheme_of(url)
    if not scheme:
        return (None, "") if _is_file(url) else (Unread.NOT_A_STREAM, redact(url))
    if not knows(url) or (scheme not in ("file", "v4l2") and not _host(url)):
        return Unread.NOT_A_STREAM, redact(url)
    return None, ""


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except (OSError, ValueError):
        return False


def _host(url: str) -> str:
    try:
        return urlsplit(redact(url)).hostname or ""
    except ValueError:
        return ""


def _sub(sub: str, main: str, login: Credential | None) -> tuple[str | None, bool]:
    """The second stream without login, and whether there was one that had to be left out: a camera has one login, and
    it is never sent to another host."""
    if not sub or address_key(sub) == address_key(main):
        return None, False
    if _checked(sub)[0] is not None:
        return None, True
    clean, own = split_login(sub)
    whole = any(kept is not None and "://" in kept.password and not kept.user for kept in (login, own))
    if whole or _host(clean) != _host(main) or (own is not None and own != login):
        return None, True
    return clean, False


def _clean(text: str) -> str:
    """One line without logins and without signs that steer a terminal or turn the direction of writing."""
    return redact("".join(sign for sign in " ".join(text.split()) if sign.isprintable())).strip()[:_LONGEST_NAME]


def _clean_place(place: PlaceText) -> PlaceText:
    return replace(place, name=_clean(place.name), address=_clean(place.address), district=_clean(place.district))


def _named(name: str, address: str) -> str:
    return (_clean(name) or redact(address).partition("://")[2] or Path(address).stem or "?")[:_LONGEST_NAME]
