"""Tries the machine's devices, each with each codec in a process of its own and against a deadline.

Blocks: for a worker's thread, never the GUI's."""

from __future__ import annotations

import json
import platform
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import av

from storage.own_process import process_command, speaking_process
from video.hardware import AUTO, CODECS, DEVICES, SOFTWARE, Cost, Refusal, Trial, error_word
from video.hardware_codec import named_devices

DEADLINE_S = 120.0
"""A busy machine takes twenty seconds for a device that works; who waits is a worker."""

_TICK_S = 0.25
_MOST_DETAIL = 200
_OF_THE_DEVICE = frozenset({Refusal.NO_DEVICE, Refusal.CRASHED, Refusal.HUNG, Refusal.SLOW_OPENING})
"""What one codec was refused for, another need not be tried for."""
_DRIVERS = ("/proc/driver/nvidia/version", "/sys/module/i915/srcversion", "/sys/module/amdgpu/srcversion")

Command = Callable[[str, str], Sequence[str]]


def _command(device: str, codec: str) -> Sequence[str]:
    return process_command("video.hardware_trial", device, codec)


def wished_devices(wish: str) -> tuple[str, ...]:
    """Those that this FFmpeg knows and the setting allows, the preferred first."""
    known = named_devices() if wish != SOFTWARE else frozenset[str]()
    return tuple(device for device in DEVICES if device in known and wish in (AUTO, device))


def try_devices(
    devices: Sequence[str],
    stop: threading.Event,
    beat: Callable[[], None] = lambda: None,
    *,
    command: Command = _command,
    deadline_s: float = DEADLINE_S,
) -> tuple[Trial, ...]:
    """All of them, one after the other. What was not tried when `stop` was set is not in the answer."""
    trials: list[Trial] = []
    for device in devices:
        known: Trial | None = None
        for codec in CODECS:
            if known is not None and known.refusal in _OF_THE_DEVICE:
                trials.append(Trial(device, codec, known.refusal, known.detail))
                continue
            known = _tried(device, codec, command(device, codec), stop, beat, deadline_s)
            if known is None:
                return tuple(trials)
            trials.append(known)
    return tuple(trials)


def _tried(
    device: str, codec: str, command: Sequence[str], stop: threading.Event, beat: Callable[[], None], deadline_s: float
) -> Trial | None:
    """None when it was stopped."""
    begin_s = time.monotonic()
    try:
        process = speaking_process(command)
    except OSError as error:
        return Trial(device, codec, Refusal.CRASHED, error_word(error))
    try:
        while True:
            beat()
            try:
                text, _ = process.communicate(timeout=_TICK_S)
                break
            except subprocess.TimeoutExpired:
                if stop.is_set():
                    return None
                if time.monotonic() - begin_s > deadline_s:
                    return Trial(device, codec, Refusal.HUNG, f"{deadline_s:.0f} s", time.monotonic() - begin_s)
    finally:
        if process.returncode is None:
            process.kill()
            process.communicate()
    said = _said(text, device, codec)
    if process.returncode == 0 and said is not None:
        return said
    return Trial(device, codec, Refusal.CRASHED, f"exit {process.returncode}", time.monotonic() - begin_s)


def _said(text: str, device: str, codec: str) -> Trial | None:
    """The last line that is an answer: drivers print too."""
    for line in reversed(text.splitlines()):
        try:
            trial = from_json(json.loads(line))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            continue
        if (trial.device, trial.codec) == (device, codec):
            return trial
    return None


def to_json(trial: Trial) -> dict[str, Any]:
    """For the file in which trials are kept."""
    return asdict(trial)


def from_json(table: dict[str, Any]) -> Trial:
    """Raises ValueError, TypeError, KeyError, AttributeError for what is none."""
    refusal = table["refusal"]
    return Trial(
        device=str(table["device"]),
        codec=str(table["codec"]),
        refusal=None if refusal is None else Refusal(refusal),
        detail=str(table["detail"])[:_MOST_DETAIL],
        seconds=float(table["seconds"]),
        open_ms=float(table["open_ms"]),
        costs=tuple(Cost(int(p), float(s), float(h), float(g)) for p, s, h, g in table["costs"]),
    )


def machine() -> dict[str, str]:
    """What the trials hold for: this FFmpeg on this system with these devices and drivers, as far as they say."""
    versions = [".".join(map(str, number)) for number in av.library_versions.values()]
    devices = sorted(str(path) for name in ("nvidia[0-9]*", "dri/*") for path in Path("/dev").glob(name))
    drivers = [_first_line(Path(name)) for name in _DRIVERS]
    return {
        "av": " ".join((av.__version__, *versions)),
        "system": f"{platform.platform()} {platform.version()}",
        "devices": " ".join(devices),
        "drivers": " | ".join(filter(None, drivers)),
    }


def _first_line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").partition("\n")[0]
    except OSError:
        return ""
