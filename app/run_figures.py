"""A run counted from its first picture on, for `metrics.json`. Whichever thread ends the run."""

from __future__ import annotations

import time
from collections.abc import Callable

from app.metrics import Metrics
from app.runtime import Runtime


class RunFigures:
    """Counts from the first picture on, for `metrics.json`."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._start = runtime.meter.read(runtime.worker_pids())
        self._looks = runtime.analytics.looks

    def read(self, now: Callable[[], float] = time.monotonic) -> Metrics:
        """Figures of the run so far; the wall's own are left empty."""
        runtime = self._runtime
        usage = runtime.meter.read(runtime.worker_pids())
        seconds = max(now() - self._start.at_s, 1e-6)
        streams = max(sum(session.status().packets > 0 for session in runtime.hub.sessions()), 1)
        counts = runtime.archive.journal.counts()
        totals = runtime.hub.totals()
        return Metrics(
            cameras=len(runtime.registry.cameras),
            tiles=0,
            seconds=round(seconds, 2),
            shown_ratio=None,
            frame_age_p50_ms=None,
            frame_age_p95_ms=None,
            gui_stall_p99_ms=None,
            gui_stall_max_ms=None,
            cpu_s_per_stream_s=round((usage.cpu_s - self._start.cpu_s) / seconds / streams, 4),
            rss_mb=round(usage.rss_mb, 1),
            detections_per_s=round((runtime.analytics.looks - self._looks) / seconds, 2),
            tracks=runtime.analytics.track_count,
            events=counts["events"],
            alarms=counts["alarms"],
            incidents=counts["incidents"],
            detector=runtime.analytics.service.status.detector,
            **totals,
        )
