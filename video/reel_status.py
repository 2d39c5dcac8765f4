"""What a reel of playback says of itself: whether the clock's time is shown, and why not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from storage.errors import WatchfloorError
from storage.footage_records import Gap


@dataclass(frozen=True, slots=True)
class ReelStatus:
    """`settled`: what is shown is what the clock asks for. `gap`: there is no footage now, and why; `fault`: there is a
    file, which cannot be read; `failed`: it cannot even be looked up, and is tried again. `late`: decoding cannot keep
    up, so that key frames alone are shown for a while; `coarse`: of a long GOP smaller pictures are shown backward;
    `origin`: from where it was fetched, when it is no recording of ours."""

    settled: bool = False
    gap: Gap | None = None
    fault: StrEnum | None = None
    failed: WatchfloorError | None = None
    late: bool = False
    coarse: bool = False
    width: int = 0
    height: int = 0
    fps: float = 0.0
    origin: str = ""
