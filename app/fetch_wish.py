"""What somebody wants fetched from a foreign recorder. Frozen; imports neither PyAV nor a client."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class FetchInto(StrEnum):
    """Where it goes."""

    GAPS = "gaps"
    CASE = "case"


@dataclass(frozen=True, slots=True)
class FetchWish:
    """A camera's time (ours). Into `CASE` it becomes exhibits of `incident_id`. `recorder` is an address with or
    without a login, `recording` one of its recordings; empty: the camera's own host, whatever fits."""

    camera_id: str
    from_utc_s: float
    to_utc_s: float
    reason: str = ""
    incident_id: str | None = None
    into: FetchInto = FetchInto.GAPS
    recorder: str = field(default="", repr=False)
    recording: str = ""
