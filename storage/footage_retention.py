"""Which segments may go. A pure plan: who executes it has asked the journal for the locks first.

Oldest first; locked footage and open segments never. Any thread.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from storage.footage_records import Segment
from storage.journal import FootageLock

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may be kept: `keep_s` and `quota_bytes` 0 mean no limit; `missing_bytes` are to be freed in any case."""

    keep_s: float = 0.0
    quota_bytes: int = 0
    missing_bytes: int = 0


def plan_deletion(
    oldest_first: Iterable[Segment],
    locks: Sequence[FootageLock],
    allowance: Allowance,
    *,
    total_bytes: int,
    now_utc_s: float,
) -> list[Segment]:
    """Segments to delete, in this order. Reads no further than it must: `oldest_first` may be a lazy, long list."""
    over = max(total_bytes - allowance.quota_bytes if allowance.quota_bytes else 0, allowance.missing_bytes, 0)
    before_utc_s = now_utc_s - allowance.keep_s if allowance.keep_s else float("-inf")
    held: dict[str, list[FootageLock]] = defaultdict(list)
    for lock in locks:
        held[lock.camera_id].append(lock)
    going: list[Segment] = []
    for segment in oldest_first:
        # Sorted by their beginning, and a segment that begins later does not end before the limit.
        if over <= 0 and segment.from_utc_s >= before_utc_s:
            break
        if not segment.closed or any(_covers(lock, segment, now_utc_s) for lock in held[segment.camera_id]):
            continue
        if over > 0 or segment.to_utc_s < before_utc_s:
            going.append(segment)
            over -= segment.bytes
    return going


def _covers(lock: FootageLock, segment: Segment, now_utc_s: float) -> bool:
    in_force = lock.until_utc_s is None or lock.until_utc_s > now_utc_s
    return in_force and lock.from_utc_s <= segment.to_utc_s and segment.from_utc_s <= lock.to_utc_s
