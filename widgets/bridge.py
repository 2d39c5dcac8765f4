"""Facts of the bus on their way to the GUI thread, coalesced: a thousand desk states give one update with the newest.

Publishers call in on their own threads and only leave the fact here; one queued call per batch wakes the GUI thread.
Nothing here is per frame: pictures are pulled by the wall.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Qt, Signal

from app.bus import Bus
from app.feeds import Banner, CommandRefused, DeskState
from app.sign_in import SeatChanged
from app.verifier import JournalVerified

_REFUSALS = 8
_CALLS = 256


class Bridge(QObject):
    """Signals on the GUI thread for facts from any thread. Make it, and close it, on the GUI thread."""

    desk_changed = Signal(object)
    banner_changed = Signal(object)
    command_refused = Signal(object)
    seat_changed = Signal(object)
    journal_verified = Signal(object)
    _filled = Signal()

    def __init__(self, bus: Bus, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.dropped_calls = 0
        self._lock = threading.Lock()
        self._waiting = False
        self._desk: DeskState | None = None
        self._banners: dict[str, Banner] = {}
        self._refusals: deque[CommandRefused] = deque(maxlen=_REFUSALS)
        self._calls: deque[Callable[[], None]] = deque(maxlen=_CALLS)
        self._batch: deque[Callable[[], object]] = deque()
        self._filled.connect(self._on_filled, Qt.ConnectionType.QueuedConnection)
        self._unsubscribes = (
            bus.subscribe(DeskState, self._keep_desk),
            bus.subscribe(Banner, self._keep_banner),
            bus.subscribe(CommandRefused, self._keep_refusal),
            bus.subscribe(SeatChanged, lambda seat: self.call_soon(partial(self.seat_changed.emit, seat))),
            bus.subscribe(JournalVerified, lambda found: self.call_soon(partial(self.journal_verified.emit, found))),
        )

    def close(self) -> None:
        """Hear no more facts; what is pending is dropped."""
        for unsubscribe in self._unsubscribes:
            unsubscribe()
        with self._lock:
            self._waiting = True
        self._batch.clear()

    def call_soon(self, call: Callable[[], None]) -> None:
        """Run `call` on the GUI thread; from any thread. Bounded: the oldest call is dropped and counted."""
        with self._lock:
            self.dropped_calls += len(self._calls) == _CALLS
            self._calls.append(call)
        self._wake()

    def _keep_desk(self, state: DeskState) -> None:
        with self._lock:
            if self._desk is None or state.seq >= self._desk.seq:
                self._desk = state
        self._wake()

    def _keep_banner(self, banner: Banner) -> None:
        with self._lock:
            self._banners[banner.key] = banner
        self._wake()

    def _keep_refusal(self, refusal: CommandRefused) -> None:
        with self._lock:
            self._refusals.append(refusal)
        self._wake()

    def _wake(self) -> None:
        with self._lock:
            asleep, self._waiting = not self._waiting, True
        if asleep:
            self._filled.emit()

    def _on_filled(self) -> None:
        with self._lock:
            desk, self._desk = self._desk, None
            banners, self._banners = self._banners, {}
            refusals, calls = list(self._refusals), list(self._calls)
            self._refusals.clear()
            self._calls.clear()
            self._waiting = False
        if desk is not None:
            self._batch.append(partial(self.desk_changed.emit, desk))
        self._batch += [partial(self.banner_changed.emit, banner) for banner in banners.values()]
        self._batch += [partial(self.command_refused.emit, refusal) for refusal in refusals]
        self._batch += calls
        try:
            while self._batch:
                self._batch.popleft()()
        finally:
            if self._batch:  # One raised, which the application logs: the others come with the next turn.
                self._filled.emit()

    def on_gui_thread(self, call: Callable[..., None]) -> Callable[..., None]:
        """`call` wrapped so that it runs on the GUI thread, whichever thread calls it."""
        return lambda *values: self.call_soon(partial(call, *values))


class Answers:
    """Callbacks of a view's questions, brought to the GUI thread until the view waits for none of them any more."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._round = 0

    def here(self, call: Callable[..., None]) -> Callable[..., None]:
        """`call` on the GUI thread, unless `forget` came first."""
        asked = self._round

        def deliver(*values: object) -> None:
            if asked == self._round:
                call(*values)

        return self._bridge.on_gui_thread(deliver)

    def forget(self) -> None:
        """Whatever is asked now comes to nobody."""
        self._round += 1
