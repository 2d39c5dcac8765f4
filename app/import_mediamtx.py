"""Cameras from MediaMTX: `mediamtx.yml`, or its control API (mediamtx.org, "Control API").

A path with a source of its own is taken with that source. One that is pushed to the server can only be read from the
server, whose address the API tells and the file does not. The API's answers are bounded; nothing is changed there.
"""

from __future__ import annotations

import base64
import http.client
import json
import re
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from app.camera_import import MOST_CAMERAS, FoundCamera, Unread, found_camera, refused
from app.credentials import split_login
from app.errors import AppCode, AppError
from app.import_go2rtc import second_streams
from app.import_text import YamlText, mapping
from storage.sealed import Credential
from video.source import knows, redact, scheme_of

_TIMEOUT_S = 5.0
_MOST_BYTES = 16_000_000
_PAGE = 1000
_ALL = frozenset({"all", "all_others"})
_FILLED_IN = re.compile(r"\$(?:G\d|MTX_)")


def mediamtx_cameras(document: YamlText) -> list[FoundCamera]:
    """Every path of `mediamtx.yml` that is a camera."""
    paths = mapping(mapping(document.data).get("paths"))
    lines = {name: document.line("paths", name) for name in paths}
    return _cameras({name: str(mapping(conf).get("source") or "publisher") for name, conf in paths.items()}, lines, "")


def mediamtx_api_cameras(url: str) -> list[FoundCamera]:
    """Every path of a running MediaMTX; `url` may hold a login. Raises AppError(IMPORT_API). Blocks for seconds."""
    clean, login = split_login(url)
    api = _Api(clean, login)
    sources = {
        str(item.get("name")): str(item.get("source") or "publisher") for item in api.items("/v3/config/paths/list")
    }
    for item in api.items("/v3/paths/list"):  # what came in by a pattern has no configuration of its own
        sources.setdefault(str(item.get("name")), "publisher")
    port = str(api.answer("/v3/config/global/get").get("rtspAddress") or ":8554").rpartition(":")[2]
    return _cameras(sources, {}, f"rtsp://{urlsplit(clean).hostname}:{port}", login)


def _cameras(
    sources: Mapping[str, str], lines: Mapping[str, int], server: str, login: Credential | None = None
) -> list[FoundCamera]:
    named = {n: s for n, s in sources.items() if n not in _ALL and not n.startswith("~")}
    subs = second_streams(named)
    return [
        _camera(name, source, named.get(subs.get(name, ""), ""), lines.get(name, 0), server, login)
        for name, source in named.items()
        if name not in subs.values()
    ]


def _camera(name: str, source: str, sub: str, line: int, server: str, login: Credential | None) -> FoundCamera:
    if _FILLED_IN.search(source):
        return refused(name, Unread.NOT_A_STREAM, source, line=line)
    if scheme_of(source) and knows(source):
        return found_camera(name, source, sub if scheme_of(sub) else "", line=line)
    if source in ("publisher", "") and not server:
        return refused(name, Unread.PUSHED, line=line)
    if not server:
        return refused(name, Unread.NOT_A_STREAM, source, line=line)
    return found_camera(name, f"{server}/{quote(name)}", line=line, login=login)


class _Api:
    """GET requests to one MediaMTX."""

    def __init__(self, url: str, login: Credential | None) -> None:
        parts = urlsplit(url)
        self._url, self._host, self._tls = redact(url), parts.hostname or "", parts.scheme == "https"
        try:
            self._port = parts.port or 9997
        except ValueError:
            raise AppError(AppCode.IMPORT_API, url=self._url) from None
        self._headers = {"Accept": "application/json"}
        if login is not None:
            token = base64.b64encode(f"{unquote(login.user)}:{login.password}".encode()).decode()
            self._headers["Authorization"] = f"Basic {token}"

    def items(self, path: str) -> list[dict[str, Any]]:
        """All pages of a list."""
        found: list[dict[str, Any]] = []
        page = 0
        while len(found) < MOST_CAMERAS:
            answer = self.answer(f"{path}?itemsPerPage={_PAGE}&page={page}")
            items = answer.get("items")
            if not isinstance(items, list):
                raise AppError(AppCode.IMPORT_API, url=self._url)
            found += [entry for entry in map(mapping, items) if entry.get("name")]
            page += 1
            pages = answer.get("pageCount")
            if not isinstance(pages, int) or page >= pages:
                break
        return found

    def answer(self, path: str) -> dict[str, Any]:
        """One answer as a mapping. Raises AppError(IMPORT_API)."""
        connection = self._connection()
        try:
            connection.request("GET", path, headers=self._headers)
            response = connection.getresponse()
            body = response.read(_MOST_BYTES + 1)
            if response.status != http.client.OK or len(body) > _MOST_BYTES:
                raise AppError(AppCode.IMPORT_API, url=self._url, value=response.status)
            return mapping(json.loads(body))
        except (OSError, http.client.HTTPException, ValueError, RecursionError):
            raise AppError(AppCode.IMPORT_API, url=self._url) from None
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self._tls:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(self._host, self._port, timeout=_TIMEOUT_S, context=context)
        return http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT_S)
