"""How long a frame of the timeline takes while somebody pans and zooms over 64 cameras x 30 days of a made month.

A frame is everything on the GUI thread from the order to the painted picture, answers of the desk's thread included,
which come as they do in the program; `frame_busy_p95_ms` is the GUI thread's own time of it, which a busy machine does
not lengthen. `answer_ms` is the desk's warm answer for the whole month, `events_ms` what of it
are 300,000 events; `cold_ms` the first one. The reference is the bar: a frame of a 60 Hz screen.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from app.bus import Bus
from app.previews import Previews
from app.timeline import TimelineQuestion
from app.timeline_desk import SiteTimelineDesk
from benchmarks.harness import report
from benchmarks.timeline_site import BEGIN_UTC_S, DAY_S, END_UTC_S, OPERATOR, camera_ids, made_site
from storage.embedded_journal import open_journal
from storage.footage_spans import FootageSpans
from storage.records import Actor
from storage.search import Watch
from storage.track_activity import TrackActivity
from video.footage import StoredFootage

BAR_MS = 16.0
RUNS = 3
SIZE_PX = (1600, 820)
FRAMES = 240
_ANSWERS = 7
_SETTLE_S = 60.0


def run() -> dict[str, object]:
    """The bench's result: milliseconds a frame at the 95th percentile, lower is better."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from widgets import theme

    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication([])
    theme.apply(app)
    with _desk() as desk:
        answers = _answers(desk)
        ours = [{**_figures(*_frames(app, desk)), **answers} for _ in range(RUNS)]
    bar = [{"frame_p95_ms": BAR_MS}] * RUNS
    return report("timeline", "lower", ours, {"bar of 16 ms a frame": bar}, "frame_p95_ms")


@contextlib.contextmanager
def _desk() -> Iterator[SiteTimelineDesk]:
    site, zone = made_site(), ZoneInfo("Europe/Berlin")
    with contextlib.closing(open_journal(site.journal)) as journal:
        registry, actor = journal.registry(), Actor(OPERATOR)
        footage = StoredFootage(lambda _camera: None)
        previews = Previews(footage, lambda: registry, lambda: actor, lambda _camera: True, _NoAudit())
        desk = SiteTimelineDesk(
            journal,
            lambda: registry,
            lambda: actor,
            zone,
            spans=FootageSpans(site.index),
            activity=TrackActivity(site.tracks),
            previews=previews,
            clock=lambda: END_UTC_S,
        )
        for worker in desk.workers:
            worker.start()
        try:
            yield desk
        finally:
            for worker in desk.workers:
                worker.stop()
            for worker in desk.workers:
                worker.join(5.0)


class _NoAudit:
    def ask(self, access: object, granted: object) -> None:
        """Nobody hovers here."""


def _answers(desk: SiteTimelineDesk) -> dict[str, float]:
    """Of the whole month, as many columns as are asked for on a screen of that size."""
    asked = TimelineQuestion(camera_ids(), BEGIN_UTC_S, END_UTC_S, 2800)
    rows = {camera_id: row for row, camera_id in enumerate(camera_ids())}

    def answer() -> None:
        desk._answer(asked, Actor(OPERATOR), Watch())  # noqa: SLF001 - without the thread between

    def count() -> None:
        desk._events.counted(rows, asked.from_utc_s, asked.to_utc_s, asked.columns, Watch())  # noqa: SLF001 - its part

    cold_ms = _timed_ms(answer)
    warm = [_timed_ms(answer) for _ in range(_ANSWERS)]
    events = [_timed_ms(count) for _ in range(_ANSWERS)]
    return {"cold_ms": cold_ms, "answer_ms": statistics.median(warm), "events_ms": statistics.median(events)}


def _timed_ms(work: object) -> float:
    assert callable(work)
    begin_s = time.perf_counter()
    work()
    return (time.perf_counter() - begin_s) * 1000


def _frames(app: object, desk: SiteTimelineDesk) -> tuple[list[float], list[float]]:
    """How long each took, and how long the GUI thread was busy with it. Half of them zoom from the month to seconds and
    back, half pan over weeks, days and minutes."""
    from PySide6.QtWidgets import QApplication

    from widgets.bridge import Bridge
    from widgets.timeline import Timeline

    assert isinstance(app, QApplication)
    bridge = Bridge(Bus())
    timeline = Timeline(desk, bridge, ZoneInfo("Europe/Berlin"))
    timeline.resize(*SIZE_PX)
    timeline.show_cameras(camera_ids())
    timeline.show_span(BEGIN_UTC_S, END_UTC_S)
    timeline.show_place(BEGIN_UTC_S + 11 * DAY_S)
    timeline.show()
    end_s = time.monotonic() + _SETTLE_S
    while timeline.answer is None and time.monotonic() < end_s:
        app.processEvents()
    frames: list[float] = []
    busy: list[float] = []
    for number in range(FRAMES):
        before_s, busy_s = time.perf_counter(), time.thread_time()
        _move(timeline, number)
        app.processEvents()
        frames.append((time.perf_counter() - before_s) * 1000)
        busy.append((time.thread_time() - busy_s) * 1000)
        time.sleep(max(BAR_MS / 1000 - (time.perf_counter() - before_s), 0.0))
    if timeline.answer is None:
        raise RuntimeError("the timeline was never answered")
    timeline.close_down()
    timeline.close()
    bridge.close()
    timeline.deleteLater()
    app.processEvents()
    return frames, busy


def _move(timeline: object, number: int) -> None:
    from widgets.timeline import Timeline

    assert isinstance(timeline, Timeline)
    part, step = divmod(number, FRAMES // 4)
    if part in (0, 2):
        factor = 0.85 if part == 0 else 1 / 0.85
        timeline.show_scale(timeline.scale.zoomed(factor, timeline.scale.width_px * 0.6))
    else:
        way = 1 if step < FRAMES // 8 else -1
        timeline.show_scale(timeline.scale.panned(way * timeline.scale.span_s * 0.03))


def _figures(frames: list[float], busy: list[float]) -> dict[str, float]:
    ordered = sorted(frames)
    return {
        "frame_busy_p95_ms": sorted(busy)[int(len(busy) * 0.95)],
        "frame_p50_ms": statistics.median(ordered),
        "frame_p95_ms": ordered[int(len(ordered) * 0.95)],
        "frame_worst_ms": ordered[-1],
    }
