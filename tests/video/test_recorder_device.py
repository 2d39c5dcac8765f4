"""A recorder asked by ONVIF over real HTTP: what it tells, and everything that may go wrong on the way."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import pytest

from storage.sealed import Credential
from tests.video.foreign_recorder import LOGIN, TOKEN, Faults, ForeignRecorder, Minutes
from tests.video.numbered import numbered_clip
from video import recorder_device
from video.recorder_device import RecorderDevice
from video.source import VideoCode, VideoError

BEGIN = 1_800_000_000.0
_HEAD = b'<?xml version="1.0"?>'
BOMB = _HEAD + b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'
SERVICES = b"".join(
    b"<Service><Namespace>http://www.onvif.org/ver10/%s/wsdl</Namespace><XAddr>http://h/&#127;x</XAddr></Service>"
    % name
    for name in (b"search", b"replay")
).join((b"<x>", b"</x>"))
"""At an address that none is."""
FILE = _HEAD + b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><x>&a;</x>'


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return numbered_clip(tmp_path_factory.mktemp("clip") / "c.mp4", 0, 60)


def device(recorder: ForeignRecorder, login: Credential | None = LOGIN) -> RecorderDevice:
    recorder.clock = clock = Minutes(BEGIN)
    return RecorderDevice(recorder.address, login, clock=clock, sleep=clock.sleep)


def asked(recorder: ForeignRecorder, login: Credential | None = LOGIN) -> str:
    """The whole conversation."""
    one = device(recorder, login)
    try:
        one.clock()
        one.find_services()
        return one.replay_url(one.recordings()[0].token)
    finally:
        one.close()


@pytest.mark.parametrize("ahead_s", [0.0, 2.34, -3600.5])
def test_its_clock_is_found_to_a_tenth_of_a_second_though_it_tells_whole_ones(clip: Path, ahead_s: float) -> None:
    with ForeignRecorder(clip, BEGIN, ahead_s=ahead_s) as recorder:
        one = device(recorder)
        found = one.clock()
        one.close()
    assert found.offset_s == pytest.approx(ahead_s, abs=0.06)
    assert found.sure_s <= 0.1
    assert found.zone_s == 0.0


def test_recordings_and_where_they_are_played(clip: Path) -> None:
    with ForeignRecorder(clip, BEGIN) as recorder:
        one = device(recorder)
        one.find_services()
        (found,) = one.recordings()
        url = one.replay_url(found.token)
        one.close()
    assert (found.token, found.name, found.from_utc_s, found.to_utc_s) == (TOKEN, "Gate", BEGIN, BEGIN + 4)
    assert url == recorder.rtsp


def test_an_address_of_its_own_that_is_elsewhere_is_taken_to_be_here(clip: Path) -> None:
    with ForeignRecorder(clip, BEGIN, faults=Faults(stray_host="203.0.113.9")) as recorder:
        assert asked(recorder) == recorder.rtsp


def test_a_clock_an_hour_off_is_no_wrong_login(clip: Path) -> None:
    with ForeignRecorder(clip, BEGIN, ahead_s=3600) as recorder:
        assert asked(recorder) == recorder.rtsp


def test_a_wrong_password_is_told_as_such_and_stands_nowhere(clip: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    other = Credential("operator", "another")
    with ForeignRecorder(clip, BEGIN, login=other) as recorder, pytest.raises(VideoError) as caught:
        asked(recorder)
    assert caught.value.code is VideoCode.UNAUTHORIZED
    told = f"{caught.value!r} {caught.value.details} {caught.value.__cause__!r} {caplog.text}"
    assert LOGIN.password not in told


def test_a_redirect_is_refused_and_no_login_is_sent_there(clip: Path) -> None:
    with ForeignRecorder(clip, BEGIN) as other:
        faults = Faults(redirects=f"{other.address}/onvif/device_service")
        with ForeignRecorder(clip, BEGIN, faults=faults) as recorder, pytest.raises(VideoError) as caught:
            asked(recorder)
    assert caught.value.code is VideoCode.ELSEWHERE
    assert other.heard == []


@pytest.mark.parametrize(
    ("operation", "answer"),
    [
        ("GetSystemDateAndTime", b"<nothing"),
        ("GetSystemDateAndTime", b"\x00\xff" * 50),
        ("GetSystemDateAndTime", b"<x/>"),
        ("GetServices", BOMB),
        ("GetServices", FILE),
        ("FindRecordings", b"<x/>"),
        ("FindRecordings", b"hello"),
        ("GetRecordingSearchResults", BOMB),
        ("GetReplayUri", b"<x/>"),
        ("GetReplayUri", b"<x><Uri>file:///etc/passwd</Uri></x>"),
        ("GetReplayUri", b"<x><Uri>http://127.0.0.1/x</Uri></x>"),
        ("GetReplayUri", b"<x><Uri>rtsp://[1</Uri></x>"),
        ("GetReplayUri", b"<x><Uri>rtsp://h/a PLAY</Uri></x>"),
        ("GetReplayUri", b"<x><Uri>rtsp://h/" + b"a" * 9000 + b"</Uri></x>"),
        ("GetServices", SERVICES),
        (
            "GetRecordingSearchResults",
            b"<RecordingInformation>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</RecordingInformation>",
        ),
    ],
)
def test_what_cannot_be_read_is_said(clip: Path, operation: str, answer: bytes) -> None:
    faults = Faults(answers={operation: answer})
    with ForeignRecorder(clip, BEGIN, faults=faults) as recorder, pytest.raises(VideoError) as caught:
        asked(recorder)
    assert caught.value.code is VideoCode.BAD_ANSWER


def test_a_huge_answer_is_not_read_to_its_end(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_device, "MOST_BYTES", 10_000)
    faults = Faults(answers={"GetServices": b"<x>" + b" " * 20_000 + b"</x>"})
    with ForeignRecorder(clip, BEGIN, faults=faults) as recorder, pytest.raises(VideoError) as caught:
        asked(recorder)
    assert caught.value.code is VideoCode.BAD_ANSWER


def test_an_answer_that_drips_comes_to_an_end(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_device, "_ANSWER_S", -1.0)
    with ForeignRecorder(clip, BEGIN) as recorder, pytest.raises(VideoError) as caught:
        asked(recorder)
    assert caught.value.code is VideoCode.SILENT


def test_a_head_that_drips_comes_to_an_end(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_device, "_ANSWER_S", 0.3)
    with (
        ForeignRecorder(clip, BEGIN, faults=Faults(drips=b"X: y\r\n")) as recorder,
        pytest.raises(VideoError) as caught,
    ):
        asked(recorder)
    assert caught.value.code is VideoCode.SILENT


def test_nobody_who_cancelled_waits_for_an_answer(clip: Path) -> None:
    with ForeignRecorder(clip, BEGIN, faults=Faults(drips=b"X: y\r\n")) as recorder:
        one = device(recorder)
        one.end_when(lambda: bool(recorder.heard))
        with pytest.raises(VideoError) as caught:
            one.clock()
        one.close()
    assert caught.value.code is VideoCode.SILENT


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_a_compressed_answer_is_not_unpacked(clip: Path, encoding: str) -> None:
    clear = b"<x>" + b" " * 1_000_000
    packed = {"gzip": gzip.compress(clear), "deflate": zlib.compress(clear), "br": b"anything"}[encoding]
    faults = Faults(answers={"GetSystemDateAndTime": packed}, encoding=encoding)
    with ForeignRecorder(clip, BEGIN, faults=faults) as recorder, pytest.raises(VideoError) as caught:
        asked(recorder)
    assert caught.value.code is VideoCode.BAD_ANSWER


@pytest.mark.parametrize("without", ["replay", "GetReplayUri", "search"])
def test_one_without_profile_g_says_so(clip: Path, without: str) -> None:
    faults = Faults(without=frozenset({without}))
    with ForeignRecorder(clip, BEGIN, faults=faults) as recorder, pytest.raises(VideoError) as caught:
        asked(recorder)
    assert caught.value.code is VideoCode.NO_REPLAY


def test_nobody_there(clip: Path) -> None:
    with ForeignRecorder(clip, BEGIN) as recorder:
        address = recorder.address
    one = RecorderDevice(address, LOGIN)
    with pytest.raises(VideoError) as caught:
        one.clock()
    one.close()
    assert caught.value.code is VideoCode.UNREACHABLE
