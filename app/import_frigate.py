"""Cameras from Frigate's `config.yml`: `cameras.*.ffmpeg.inputs`, the stream recorded first, the one looked at second.

Frigate puts environment variables into `{FRIGATE_...}` (docs.frigate.video/configuration): their values are not in the
file, so such a camera is reported and never guessed. Inputs that only lead to Frigate's own go2rtc (loopback, port
8554) are followed to the camera behind it.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, urlsplit

from app.camera_import import FoundCamera, Unread, found_camera, refused
from app.import_go2rtc import source_of
from app.import_text import YamlText, mapping
from video.source import redact

_VARIABLE = re.compile(r"\{(FRIGATE_[A-Za-z0-9_]*)\}")
_OWN_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
_OWN_PORT = 8554


def frigate_cameras(document: YamlText) -> list[FoundCamera]:
    """Every camera of the file, by its order."""
    top = mapping(document.data)
    streams = mapping(mapping(top.get("go2rtc")).get("streams"))
    found = []
    for name, value in mapping(top.get("cameras")).items():
        found.append(_camera(name, mapping(value), streams, document.line("cameras", name)))
    return found


def _camera(name: str, value: dict[str, Any], streams: dict[str, Any], line: int) -> FoundCamera:
    name = str(value.get("friendly_name") or name.replace("_", " "))
    if value.get("enabled") is False:
        return refused(name, Unread.OFF, line=line)
    main, sub = _streams(mapping(value.get("ffmpeg")).get("inputs"))
    main, sub = _followed(main, streams), _followed(sub, streams)
    for url in (main, sub):
        variable = _VARIABLE.search(url)
        if variable is not None:
            return refused(name, Unread.SECRET, variable.group(1), line=line)
    return found_camera(name, main, sub, line=line)


def _streams(inputs: Any) -> tuple[str, str]:
    """The paths of the recorded and of the watched stream; one that does both is the main stream."""
    by_role: dict[str, str] = {}
    paths: list[str] = []
    for item in inputs if isinstance(inputs, list) else ():
        entry = mapping(item)
        path = str(entry.get("path") or "").strip()
        roles = entry.get("roles")
        if path:
            paths.append(path)
        for role in roles if isinstance(roles, list) else ():
            by_role.setdefault(str(role), path)
    main = by_role.get("record") or (paths[0] if paths else "")
    return main, by_role.get("detect", "")


def _followed(url: str, streams: dict[str, Any]) -> str:
    try:
        parts = urlsplit(redact(url))
        own = parts.hostname in _OWN_HOSTS and parts.port == _OWN_PORT
    except ValueError:
        return url
    name = unquote(parts.path.strip("/"))
    return source_of(streams[name], streams) if own and name in streams else url
