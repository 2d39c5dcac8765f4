"""Cameras from `go2rtc.yaml`: `streams`, the first source of each that can be opened without go2rtc.

A source may carry `#...` options and an `ffmpeg:` before it (github.com/AlexxIT/go2rtc, "Streams"); `${NAME}` comes
from the environment and is reported, not guessed. `gate_sub` beside `gate` or `gate_main` is its second stream.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.camera_import import FoundCamera, Unread, found_camera, refused
from app.import_text import YamlText, mapping
from video.source import knows, login_end, scheme_of

_VARIABLE = re.compile(r"\$\{([^}:]*)[^}]*\}")
_SUB = re.compile(r"(?P<stem>.+?)[_\- .](?:sub|substream|low|lq|sd)$", re.IGNORECASE)
_MAINS = ("{stem}", "{stem}_main", "{stem}-main", "{stem}_hd", "{stem}_high", "{stem}_hq")


def go2rtc_cameras(document: YamlText) -> list[FoundCamera]:
    """Every stream of the file, second streams joined to their camera."""
    streams = mapping(mapping(document.data).get("streams"))
    sources = {name: source_of(value, streams) for name, value in streams.items()}
    subs = second_streams(sources)
    return [
        _camera(name, sources[name], sources.get(subs.get(name, ""), ""), document.line("streams", name))
        for name in sources
        if name not in subs.values()
    ]


def second_streams(names: Mapping[str, object]) -> dict[str, str]:
    """Main stream to its second one, by their names."""
    folded = {name.casefold(): name for name in names}
    found: dict[str, str] = {}
    for name in names:
        match = _SUB.fullmatch(name)
        stem = match["stem"].casefold() if match else ""
        main = next((folded[w] for w in (m.format(stem=stem) for m in _MAINS) if stem and w in folded), None)
        if main is not None:
            found.setdefault(main, name)
    return found


def source_of(value: Any, streams: Mapping[str, Any], depth: int = 0) -> str:
    """The first address that can be opened here, else the first one as it stands, else nothing."""
    values = value if isinstance(value, list) else [value]
    if isinstance(value, dict):
        values = [value.get("url")]
    texts = [_bare(str(text)) for text in values if text]
    for text in texts:
        if text in streams and depth < 3 and streams[text] is not value:
            followed = source_of(streams[text], streams, depth + 1)
            if followed:
                return followed
        if scheme_of(text) and knows(text):
            return text
    return texts[0] if texts else ""


def _bare(text: str) -> str:
    """Without go2rtc's own words around it; a `#` in a password is none of them."""
    scheme, found, rest = text.strip().removeprefix("ffmpeg:").partition("://")
    if not found:
        return scheme.partition("#")[0]
    end = login_end(rest)
    return f"{scheme}://{rest[:end]}{rest[end:].partition('#')[0]}"


def _camera(name: str, main: str, sub: str, line: int) -> FoundCamera:
    variable = _VARIABLE.search(main) or _VARIABLE.search(sub)
    if variable is not None:
        return refused(name, Unread.SECRET, variable.group(1), line=line)
    return found_camera(name, main, sub, line=line)
