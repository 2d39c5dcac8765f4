"""A foreign recorder, or a camera with its own store, asked by ONVIF Profile G: clock, recordings, their replay.

Over `onveef` (SOAP, WS-UsernameToken digest, XML by defusedxml: no entities, no DTD). What it is not left to decide:
answers are at most `MOST_BYTES` and a dozen seconds long and not compressed, no redirect is followed, no proxy used,
HTTP Basic never answered, and every address that the device tells of itself is taken to be on the host that was asked:
a login goes nowhere else. Blocking; one task thread. Its texts may hold addresses: errors are typed here and carry
none of them.
"""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpcore
import httpx
from onveef import OnvifClient, OnvifCredentials, OnvifEndpoint, envelopes, parsers, urls
from onveef.exceptions import (
    OnvifAuthError,
    OnvifCapabilityMissingError,
    OnvifError,
    OnvifFaultError,
    OnvifOperationNotSupportedError,
    OnvifServiceUnavailableError,
    OnvifTimeoutError,
    OnvifTransportError,
)

from storage.sealed import Credential
from video.source import VideoCode, VideoError, host_of, redact, scheme_of

MOST_BYTES = 2_000_000
_CONNECT_S = 3.0
_READ_S = 4.0
_ANSWER_S = 12.0
_MOST_LOOKS = 14
_LOOK_S = 0.1
_MOST_ROUNDS = 20
_MOST_RECORDINGS = 500
_PATH = "/onvif/device_service"

_ONE_LINE = re.compile(r"[!-~]{1,2000}")
_TRIPPED = (ValueError, TypeError, LookupError, AttributeError, RecursionError, httpx.HTTPError, httpx.InvalidURL)
"""What parsers and addresses fail with when a device says what nobody thought of."""

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class RecorderClock:
    """`offset_s`: how far it is ahead of ours, give or take `sure_s`; `zone_s`: its local time less UTC, where told."""

    offset_s: float
    sure_s: float
    zone_s: float | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """What a device says of one of its recordings; times are the device's own, 0: it does not say."""

    token: str
    name: str
    address: str
    from_utc_s: float
    to_utc_s: float


class RecorderDevice:
    """`address` is `http://host[:port][/path]`. Raises VideoError: UNREACHABLE, SILENT, UNAUTHORIZED, NO_REPLAY,
    ELSEWHERE, BAD_ANSWER."""

    def __init__(
        self,
        address: str,
        login: Credential | None,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = urlsplit(address)
        self._url = f"{parts.scheme}://{parts.netloc}{parts.path if parts.path not in ('', '/') else _PATH}"
        self._now, self._sleep = clock, sleep
        self._patience = _Patience()
        self._http = httpx.Client(
            timeout=httpx.Timeout(_READ_S, connect=_CONNECT_S),
            follow_redirects=False,
            trust_env=False,
            transport=_Hasty(self._patience),
        )
        self._client = OnvifClient(
            endpoint=OnvifEndpoint(self._url),
            credentials=OnvifCredentials(login.user, login.password) if login is not None else OnvifCredentials(),
            http_auth="digest",
            retries=0,
            max_response_bytes=MOST_BYTES,
            http_client=self._http,
        )

    def end_when(self, ended: Callable[[], bool]) -> None:
        """Nobody waits any more once this is so: what is asked then is SILENT."""
        self._patience.ended = ended

    def clock(self) -> RecorderClock:
        """Its clock against ours. A device tells whole seconds: it is asked until the second changes."""
        told, zone_s, asked_s = self._time()
        for _look in range(_MOST_LOOKS):
            self._sleep(_LOOK_S)
            before_s = asked_s
            now, zone_s, asked_s = self._time()
            if now != told:
                return RecorderClock(now - (before_s + asked_s) / 2, max((asked_s - before_s) / 2, 0.05), zone_s)
        return RecorderClock(told + 0.5 - asked_s, 1.0, zone_s)

    def _time(self) -> tuple[float, float | None, float]:
        """Its UTC, its local time less that, and the middle of the question by our clock."""
        begin = self._now()
        answer = self._asked(
            "device", "GetSystemDateAndTime", envelopes.device_get_system_date_time(), parsers.parse_system_datetime
        )
        middle = (begin + self._now()) / 2
        utc_s, local_s = (_moment(answer.get(name)) for name in ("UTCDateTime", "LocalDateTime"))
        if utc_s is None:
            raise self._error(VideoCode.BAD_ANSWER)
        return utc_s, None if local_s is None else round((local_s - utc_s) / 60) * 60.0, middle

    def find_services(self) -> None:
        """Raise NO_REPLAY where search or replay are missing."""
        try:
            found = self._asked("device", "GetServices", envelopes.device_get_services(), parsers.parse_services)
        except VideoError as error:
            if error.code is not VideoCode.NO_REPLAY:
                raise
            found = {}
        if not found.get("replay"):  # older devices
            body = envelopes.device_get_capabilities()
            found = {**self._asked("device", "GetCapabilities", body, parsers.parse_capabilities), **found}
        if not found.get("replay") or not (found.get("search") or found.get("recording")):
            raise self._error(VideoCode.NO_REPLAY)
        self._client.set_endpoint(OnvifEndpoint(self._url, urls.rewrite_service_map(found, self._url)))

    def recordings(self) -> tuple[Recording, ...]:
        """All that have pictures."""
        token = self._asked(
            "search",
            "FindRecordings",
            envelopes.search_find_recordings(max_matches=_MOST_RECORDINGS, keep_alive="PT30S"),
            lambda xml: parsers.parse_created_token(xml, tag="SearchToken"),
        )
        if not token:
            raise self._error(VideoCode.BAD_ANSWER)
        found: list[Recording] = []
        for _round in range(_MOST_ROUNDS):
            body = envelopes.search_get_recording_search_results(search_token=token, max_results=100, wait_time="PT2S")
            answer = self._asked("search", "GetRecordingSearchResults", body, parsers.parse_recording_search_results)
            found += [_recording(one) for one in answer["results"] if _has_pictures(one)]
            if answer["state"] == "Completed" or len(found) >= _MOST_RECORDINGS:
                break
        return tuple(found[:_MOST_RECORDINGS])

    def replay_url(self, token: str) -> str:
        """Where to play it, on the host that was asked, without a login."""
        body = envelopes.replay_get_replay_uri(recording_token=token)
        told = self._asked("replay", "GetReplayUri", body, lambda xml: self._here(parsers.parse_stream_uri(xml)))
        if scheme_of(told) not in ("rtsp", "rtsps") or host_of(told) is None or not _ONE_LINE.fullmatch(told):
            raise self._error(VideoCode.BAD_ANSWER)
        return told

    def _here(self, told: str) -> str:
        parts = urlsplit(urls.rewrite_host(told, self._url))
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def _asked(self, service: str, operation: str, body: str, parse: Callable[[str], Found]) -> Found:
        with self._typed():
            xml = self._client.call(service=service, operation=operation, body_inner=body)
            if parsers.parse_xml(xml) is None:
                raise self._error(VideoCode.BAD_ANSWER)
            return parse(xml)

    @contextmanager
    def _typed(self) -> Iterator[None]:
        try:
            yield
        except OnvifError as error:
            raise self._error(_code_of(error)) from None  # its text may quote what the device said
        except _TRIPPED:
            raise self._error(VideoCode.BAD_ANSWER) from None

    def _error(self, code: VideoCode) -> VideoError:
        return VideoError(code, url=redact(self._url))


class _Patience:
    """When the answer that is waited for must be whole; before that, too, where nobody waits any more."""

    def __init__(self) -> None:
        self.ended: Callable[[], bool] = lambda: False
        self._end_s = 0.0

    def begin(self) -> None:
        """Something is asked now."""
        self._end_s = time.monotonic() + _ANSWER_S

    def left(self, timeout: float | None) -> float:
        """For one wait on the line."""
        left_s = self._end_s - time.monotonic()
        if left_s <= 0 or self.ended():
            raise httpcore.ReadTimeout("the answer takes too long")
        return left_s if timeout is None else min(timeout, left_s)


class _Line(httpcore.NetworkStream):
    """Ends an answer that drips, be it in its head or its body: httpx knows a limit for each piece only."""

    def __init__(self, stream: httpcore.NetworkStream, patience: _Patience) -> None:
        self._stream, self._patience = stream, patience

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._patience.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._patience.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Line(self._stream.start_tls(ssl_context, server_hostname, timeout), self._patience)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Lines(httpcore.SyncBackend):
    def __init__(self, patience: _Patience) -> None:
        self._patience = patience

    def connect_tcp(self, host: str, port: int, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        return _Line(super().connect_tcp(host, port, *args, **kwargs), self._patience)


class _Hasty(httpx.HTTPTransport):
    """Over such lines. An answer is read as what it shall be: no compression, which hides how much it is, no charset of
    the other side's choice."""

    def __init__(self, patience: _Patience) -> None:
        super().__init__(verify=False, trust_env=False)
        self._patience = patience
        self._pool.close()
        self._pool = httpcore.ConnectionPool(ssl_context=_unchecked(), network_backend=_Lines(patience))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Hand on, with an end to the answer's time."""
        self._patience.begin()
        request.headers["Accept-Encoding"] = "identity"
        response = super().handle_request(request)
        if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            response.close()
            raise httpx.DecodingError("compressed", request=request)
        response.headers["Content-Type"] = "application/soap+xml; charset=utf-8"
        return response


def _unchecked() -> ssl.SSLContext:
    """Recorders have certificates of their own making, as for rtsps (docs/SOURCES.md)."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


_CODES: tuple[tuple[type[OnvifError], VideoCode], ...] = (
    (OnvifAuthError, VideoCode.UNAUTHORIZED),
    (OnvifTimeoutError, VideoCode.SILENT),
    (OnvifCapabilityMissingError, VideoCode.NO_REPLAY),
    (OnvifOperationNotSupportedError, VideoCode.NO_REPLAY),
    (OnvifServiceUnavailableError, VideoCode.SILENT),
    (OnvifFaultError, VideoCode.NO_REPLAY),
)


def _code_of(error: OnvifError) -> VideoCode:
    known = next((code for kind, code in _CODES if isinstance(error, kind)), None)
    cause = error.__cause__
    if isinstance(cause, httpx.ConnectTimeout):
        return VideoCode.UNREACHABLE
    if known is not None:
        return known
    if isinstance(cause, httpx.ConnectError | httpx.ReadError):
        return VideoCode.UNREACHABLE
    text = str(error)
    if isinstance(error, OnvifTransportError) and "redirected" in text:
        return VideoCode.ELSEWHERE
    if isinstance(error, OnvifTransportError) and "HTTP 4" in text:
        return VideoCode.NO_REPLAY
    return VideoCode.BAD_ANSWER


_PARTS = ("year", "month", "day", "hour", "minute", "second")


def _moment(told: object) -> float | None:
    if not isinstance(told, Mapping):
        return None
    parts = [told.get(name) for name in _PARTS]
    try:
        year, month, day, hour, minute, second = (int(str(part)) for part in parts)
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return None


def _recording(told: Mapping[str, Any]) -> Recording:
    source = told.get("Source")
    source = source if isinstance(source, Mapping) else {}
    return Recording(
        token=str(told.get("RecordingToken", "")),
        name=str(source.get("Name", "") or source.get("SourceId", ""))[:200],
        address=str(source.get("Address", ""))[:200],
        from_utc_s=_epoch(told.get("EarliestRecording")),
        to_utc_s=_epoch(told.get("LatestRecording")),
    )


def _has_pictures(told: object) -> bool:
    """A recording without a list of tracks may have them."""
    if not isinstance(told, Mapping) or not told.get("RecordingToken"):
        return False
    tracks = told.get("Track")
    several = tracks if isinstance(tracks, list) else [tracks]
    kinds = [str(track.get("TrackType")) for track in several if isinstance(track, Mapping)]
    return not kinds or "Video" in kinds


def _epoch(text: object) -> float:
    """A moment of XML Schema; 0 where there is none."""
    try:
        at = datetime.fromisoformat(str(text).strip())
    except ValueError:
        return 0.0
    return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()
