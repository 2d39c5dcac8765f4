"""The faults of `benchmarks.faults`, as data: how each begins and ends at the cameras that suffer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.camera_farm import CameraFarm

LOGIN = "operator:q7!secret"
_OTHER_LOGIN = "operator:changed"
Clips = Mapping[str, Path]
Act = Callable[[CameraFarm, Clips], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """`seen`: the tile must say it; `damaged`: by its notice, live all the time. `promised`: the session must be open
    again within 3 s of the camera's return (not where the camera refused: asking it too often locks the account; and
    not before a key frame has come, which is what open means). `lasts_s` goes on after it was noticed. `plays` is the
    clip that it needs beside the normal one. `apart`: the cameras are in a network of their own, where that can be
    made; `udp`: their pictures come as datagrams."""

    name: str
    begin: Act
    end: Act
    seen: bool = True
    damaged: bool = False
    promised: bool = True
    many: bool = False
    lasts_s: float = 3.0
    plays: str = ""
    apart: bool = False
    udp: bool = False


def _all(**change: object) -> Act:
    def act(cameras: CameraFarm, _clips: Clips) -> None:
        for name in cameras.names:
            cameras.change(name, **change)

    return act


def _play(clip: str, **change: object) -> Act:
    def act(cameras: CameraFarm, clips: Clips) -> None:
        for name in cameras.names:
            cameras.change(name, clip=str(clips[clip]), **change)

    return act


def _jitter() -> Act:
    return _all(jitter_ms=40.0)


def _nothing(_cameras: CameraFarm, _clips: Clips) -> None:
    """The fault stays, the stream goes on with it."""


CASES = (
    Fault("server killed", lambda cameras, _clips: cameras.kill(), lambda cameras, _clips: cameras.start()),
    Fault("server frozen", lambda cameras, _clips: cameras.freeze(), lambda cameras, _clips: cameras.thaw()),
    Fault("network cut", lambda cameras, _clips: cameras.cut(), lambda cameras, _clips: cameras.mend(), apart=True),
    Fault("camera mute", _all(mute=True), _all(mute=False)),
    Fault("port closed", _all(down=True), _all(down=False)),
    Fault("password changed", _all(login=_OTHER_LOGIN), _all(login=LOGIN), promised=False, lasts_s=1.0),
    Fault("larger picture", _play("large"), _play("normal"), seen=False, plays="large"),
    Fault("codec changed to H.265", _play("h265", kick=True), _nothing, lasts_s=0.0, plays="h265"),
    Fault("corrupt packets", _all(corrupt=0.2), _all(corrupt=0.0), damaged=True),
    Fault("1 % lost, 40 ms jitter", _all(lost=0.01, jitter_ms=40.0), _all(lost=0.0, jitter_ms=0.0), damaged=True),
    Fault(
        "UDP, 1 % lost, 40 ms jitter",
        _all(lost=0.01, jitter_ms=40.0),
        _all(lost=0.0, jitter_ms=0.0),
        damaged=True,
        udp=True,
    ),
    Fault(
        "UDP, network cut",
        lambda cameras, _clips: cameras.cut(),
        lambda cameras, _clips: cameras.mend(),
        apart=True,
        udp=True,
    ),
    Fault(
        "10 s GOP, joined late",
        _play("long", late=True, kick=True),
        _nothing,
        promised=False,
        lasts_s=0.0,
        plays="long",
    ),
    Fault("time jumps back 30 s", _all(jump_s=-30.0), _nothing, seen=False),
    Fault("clock 1 h off", _all(clock_off_s=3600.0), _all(clock_off_s=0.0), seen=False, lasts_s=4.0),
    Fault("40 ms of jitter", _jitter(), _all(jitter_ms=0.0), seen=False),
    Fault(
        "many dead, all back",
        lambda cameras, _clips: cameras.kill(),
        lambda cameras, _clips: cameras.start(),
        many=True,
    ),
    Fault(
        "many frozen, all back",
        lambda cameras, _clips: cameras.freeze(),
        lambda cameras, _clips: cameras.thaw(),
        many=True,
    ),
)
