"""Which recorder has a camera's footage, and how it is played: ONVIF Profile G first, else a maker's own address.

The login is the camera's, on the camera's own host, or the one that was typed with the recorder's address: who may ask
for footage shall not be able to have a camera's login sent to a machine of their choice. A refused one ends the search
at once, so that no account is locked. Blocking, seconds; a task thread's.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from urllib.parse import urlsplit

from app.alert_message import one_line
from app.credentials import split_login
from app.errors import AppCode, AppError
from app.replay_templates import channel_of, replay_url
from storage import durable
from storage.records import Camera
from storage.sealed import Credential
from video.recorder_device import RecorderClock, RecorderDevice, Recording
from video.replay_source import ReplayWish
from video.source import VideoCode, VideoError, host_of, scheme_of

log = logging.getLogger(__name__)

_PORTS = (80, 8080, 8000)
_GO_ON = frozenset({VideoCode.UNREACHABLE, VideoCode.SILENT, VideoCode.BAD_ANSWER, VideoCode.NO_REPLAY})
_SLACK_S = 120.0
_MOST_TOLD, _LETTERS = 12, 60

MakeDevice = Callable[[str, Credential | None], RecorderDevice]


@dataclass(frozen=True, slots=True)
class FoundRecorder:
    """`wish` says how a time (ours) is asked for; `clock` None: it could not be compared. `address` is what was asked
    by ONVIF, empty where a maker's address is used."""

    host: str
    login: Credential | None
    wish: Callable[[float, float], ReplayWish]
    clock: RecorderClock | None
    onvif: bool
    address: str = ""
    recording: str = ""

    @property
    def offset_s(self) -> float:
        """How far its clock is ahead of ours, as far as is known."""
        return self.clock.offset_s if self.clock is not None else 0.0


@dataclass(frozen=True, slots=True)
class RecorderQuestion:
    """`address` (`http://[user:password@]host[:port]`) and `recording` (token or name) are empty where nobody said."""

    camera: Camera
    live_url: str = field(repr=False)
    from_utc_s: float
    to_utc_s: float
    zone: tzinfo
    address: str = field(default="", repr=False)
    recording: str = ""
    ended: Callable[[], bool] = lambda: False

    def check(self) -> None:
        """Raises AppError(CANCELLED) when nobody waits any more."""
        if self.ended():
            raise AppError(AppCode.CANCELLED)


def find_recorder(question: RecorderQuestion, device: MakeDevice = RecorderDevice) -> FoundRecorder:
    """Ask. Raises VideoError: UNREACHABLE, SILENT, UNAUTHORIZED, NO_REPLAY, NO_RECORDING, ELSEWHERE, BAD_ANSWER;
    AppError: BAD_RECORDER, RECORDER_CHOOSE."""
    live, own = split_login(question.live_url)
    asked_for = question.address.strip()
    given, typed = split_login(f"http://{asked_for}" if asked_for and "://" not in asked_for else asked_for)
    addresses = [_checked(given)] if given else _usual(live)
    at_home = not given or urlsplit(addresses[0]).hostname == urlsplit(live).hostname
    login = typed if typed is not None else own if own is not None and own.user and at_home else None
    clock: RecorderClock | None = None
    problem = VideoError(VideoCode.NO_REPLAY, url=live)
    for address in addresses:
        question.check()
        asked = device(address, login)
        asked.end_when(question.ended)
        try:
            clock = asked.clock()
            return _by_onvif(asked, question, clock, address, login)
        except VideoError as error:
            question.check()
            if error.code not in _GO_ON:
                raise
            if error.code is not VideoCode.UNREACHABLE or given:
                problem = error
            log.info("%s does not replay by ONVIF: %s", host_of(address), error.code.value)
        finally:
            asked.close()
        if clock is not None or problem.code is VideoCode.SILENT:
            break  # it is there, and has no replay
    return _by_maker(live, question, clock, login, problem)


def _by_onvif(
    asked: RecorderDevice, question: RecorderQuestion, clock: RecorderClock, address: str, login: Credential | None
) -> FoundRecorder:
    question.check()
    asked.find_services()
    question.check()
    recording = chosen(asked.recordings(), question, clock.offset_s)
    question.check()
    url = asked.replay_url(recording.token)

    def wish(from_utc_s: float, to_utc_s: float) -> ReplayWish:
        return ReplayWish(url, from_utc_s, to_utc_s, clock.offset_s)

    host = urlsplit(address).hostname or ""
    return FoundRecorder(host, login, wish, clock, onvif=True, address=address, recording=recording.token)


def _by_maker(
    live: str,
    question: RecorderQuestion,
    clock: RecorderClock | None,
    login: Credential | None,
    problem: VideoError,
) -> FoundRecorder:
    offset_s = clock.offset_s if clock is not None else 0.0
    zone = clock.zone_s if clock is not None and clock.zone_s is not None else question.zone

    def url(from_utc_s: float, to_utc_s: float) -> str | None:
        return replay_url(live, from_utc_s + offset_s, to_utc_s + offset_s, zone)

    if question.address or url(question.from_utc_s, question.to_utc_s) is None:
        raise problem

    def wish(from_utc_s: float, to_utc_s: float) -> ReplayWish:
        return ReplayWish(url(from_utc_s, to_utc_s) or live, from_utc_s, to_utc_s, offset_s, onvif=False)

    return FoundRecorder(urlsplit(live).hostname or "", login, wish, clock, onvif=False)


def chosen(recordings: Sequence[Recording], question: RecorderQuestion, offset_s: float) -> Recording:
    """The one that is meant. Raises VideoError(NO_RECORDING), AppError(RECORDER_CHOOSE)."""
    wanted = question.recording.strip().casefold()
    named = [one for one in recordings if wanted and wanted in (one.token.casefold(), one.name.casefold())]
    held = [one for one in named or recordings if _holds(one, question, offset_s)]
    if not held or (wanted and not named):
        raise VideoError(VideoCode.NO_RECORDING, url=question.camera.name)
    if len(held) == 1:
        return held[0]
    same = [one for one in held if one.name.casefold() == question.camera.name.casefold()]
    channel = channel_of(question.live_url)
    numbered = [one for one in held if channel and channel in _numbers(one)]
    for few in (same, numbered):
        if len(few) == 1:
            return few[0]
    known = ", ".join(_shown(one) for one in held[:_MOST_TOLD])
    raise AppError(AppCode.RECORDER_CHOOSE, known=known)


def _shown(recording: Recording) -> str:
    token, name = (one_line(text)[:_LETTERS] for text in (recording.token, recording.name))
    return f"{token} ({name})" if name else token


def _numbers(recording: Recording) -> set[str]:
    digits = "".join(sign if sign.isdigit() else " " for sign in f"{recording.token} {recording.name}")
    return {word.lstrip("0") for word in digits.split()}


def _holds(recording: Recording, question: RecorderQuestion, offset_s: float) -> bool:
    """Whether it may have something of the time; a device that does not say how far it goes may."""
    begin, end = question.from_utc_s + offset_s - _SLACK_S, question.to_utc_s + offset_s + _SLACK_S
    before = recording.from_utc_s and recording.from_utc_s > end
    after = recording.to_utc_s > recording.from_utc_s and recording.to_utc_s < begin
    return not (before or after)


def _usual(live: str) -> list[str]:
    host = urlsplit(live).hostname
    if host is None or scheme_of(live) not in ("rtsp", "rtsps", "http", "https"):
        raise VideoError(VideoCode.NO_REPLAY, url=live)
    name = f"[{host}]" if ":" in host else host
    return [f"http://{name}:{port}" for port in _PORTS]


def _checked(address: str) -> str:
    """Raises AppError(BAD_RECORDER)."""
    if scheme_of(address) not in ("http", "https") or host_of(address) is None or not address.isprintable():
        raise AppError(AppCode.BAD_RECORDER, address=address)
    return address


class RecorderBook:
    """Which address and recording answered for a camera last: a file without logins, that may be lost."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def of(self, camera_id: str) -> tuple[str, str]:
        """Address and recording; empty where nothing is known."""
        found = self._read().get(camera_id, ["", ""])
        return str(found[0]), str(found[1])

    def note(self, camera_id: str, address: str, recording: str) -> None:
        """What answered."""
        book = self._read() | {camera_id: [address, recording]}
        durable.replace(self._path, json.dumps(book, indent=1).encode(), 0o600)

    def _read(self) -> dict[str, list[str]]:
        try:
            book = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return {}
        rows = book.items() if isinstance(book, dict) else ()
        return {str(name): row for name, row in rows if isinstance(row, list) and len(row) == 2}
