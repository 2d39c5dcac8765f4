"""Time between two pictures while the journal view's table is scrolled through 20,000 rows that come page by page.

Offscreen, over a real journal file (`search_data`) and the real paging service. A frame is a step of the scroll bar and
the painting that it causes. The reference is Qt's own standard model with the same texts, all there from the start.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from zoneinfo import ZoneInfo

from benchmarks.harness import machine
from benchmarks.search_data import made_journal

FILE_ROWS = 50_000
ROWS = 20_000
STEP_PX = 700
_DEADLINE_S = 120.0
_ACTOR = "service:runtime"


def run() -> dict[str, object]:
    """One pass of each."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from widgets import theme

    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    theme.apply(app)
    ours, busy_ms, rows = _ours(app)
    reference = _reference(app)
    return {
        "name": "scroll",
        "machine": machine(),
        "better": "lower",
        "runs": len(ours),
        "ours": {**_figures(ours), "cpu_p99_ms": _figures(busy_ms)["p99_ms"], "rows": rows},
        "references": {"QStandardItemModel": _figures(reference)},
        "reference": "QStandardItemModel",
        "ratio": round(_figures(ours)["p99_ms"] / _figures(reference)["p99_ms"], 3),
    }


def _figures(frames_ms: list[float]) -> dict[str, float]:
    ordered = sorted(frames_ms)
    return {
        "p50_ms": round(statistics.median(ordered), 2),
        "p99_ms": round(ordered[int(len(ordered) * 0.99)], 2),
        "worst_ms": round(ordered[-1], 2),
    }


def _ours(app: object) -> tuple[list[float], list[float], int]:
    from PySide6.QtWidgets import QApplication

    from app.bus import Bus
    from app.journal_pages import JournalPager
    from storage.embedded_journal import open_journal
    from storage.records import Actor
    from widgets.bridge import Bridge
    from widgets.journal_view import JournalView

    assert isinstance(app, QApplication)
    with contextlib.closing(open_journal(made_journal(FILE_ROWS))) as journal:
        registry = journal.registry()
        pager = JournalPager(journal, lambda: Actor(_ACTOR), lambda: registry)
        for worker in pager.workers:
            worker.start()
        bridge = Bridge(Bus())
        view = JournalView(pager, bridge.call_soon, ZoneInfo("UTC"))
        view.resize(1600, 900)
        view.show()
        bar, incidents = view.table.verticalScrollBar(), view.table.incidents
        frames: list[float] = []
        busy_ms: list[float] = []
        end = time.monotonic() + _DEADLINE_S
        while incidents.rowCount() < ROWS and time.monotonic() < end:
            at, before, busy = bar.value(), time.perf_counter(), time.thread_time()
            bar.setValue(at + STEP_PX)
            app.processEvents()
            if bar.value() != at:  # else the next page is still on its way
                frames.append((time.perf_counter() - before) * 1000)
                busy_ms.append((time.thread_time() - busy) * 1000)
        rows = incidents.rowCount()
        view.close_down()
        view.close()
        bridge.close()
        for worker in pager.workers:
            worker.stop()
        for worker in pager.workers:
            worker.join(5.0)
        view.deleteLater()
        app.processEvents()
    return frames, busy_ms, rows


def _reference(app: object) -> list[float]:
    from PySide6.QtGui import QStandardItem, QStandardItemModel
    from PySide6.QtWidgets import QApplication, QTableView

    assert isinstance(app, QApplication)
    model = QStandardItemModel(0, 10)
    for n in range(ROWS):
        model.appendRow([QStandardItem(f"text {n} {column}") for column in range(10)])
    table = QTableView()
    table.setModel(model)
    table.verticalHeader().hide()
    table.setVerticalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
    table.resize(1600, 640)
    table.show()
    app.processEvents()
    frames: list[float] = []
    bar = table.verticalScrollBar()
    while bar.value() < bar.maximum():
        before = time.perf_counter()
        bar.setValue(bar.value() + STEP_PX)
        app.processEvents()
        frames.append((time.perf_counter() - before) * 1000)
    table.close()
    table.deleteLater()
    app.processEvents()
    return frames
