"""The outbox at work: what the journal holds for sending is handed to delivery threads, what nobody answers escalates.

Keeps nothing: the journal has the messages, written with the fact that they tell. One process of a machine delivers
(`one_process`); another takes over when it ends.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Sequence

from app.alert_lines import Lines
from app.alert_message import found
from app.alert_retries import RoutePauses
from app.delivery import Delivery, OutboxPlan, answer_due_utc_s
from app.errors import AppCode, AppError
from app.feeds import Banner
from app.one_process import only_here
from app.texts import sentence
from storage.errors import StorageError
from storage.release_records import OutboxMessage, OutboxState
from storage.worker import Worker

log = logging.getLogger(__name__)

THREADS = 4
BATCH = 100
LARGEST_BATCH = 3200
_JOBS = THREADS * 4
_WAIT_S = 0.25


class Outbox(Worker):
    """Looks for due messages and gives them to delivery threads, one message a route at a time: a slow route occupies
    one thread. The longest due goes first; one that failed lets the others of its route pass."""

    def __init__(self, plan: OutboxPlan, lines: Lines, pauses: RoutePauses | None = None) -> None:
        super().__init__("outbox")
        self._plan, self._lines = plan, lines
        self._pauses = pauses or RoutePauses()
        self._delivery = Delivery(plan, lines, self._pauses)
        self._lock = threading.Lock()
        self._busy: set[str] = set()
        self._jobs: queue.Queue[OutboxMessage] = queue.Queue(_JOBS)
        self._wake = threading.Event()
        self._moved = threading.Event()
        self._unanswered: dict[str, OutboxMessage] = {}
        self._threads = [_DeliveryThread(f"outbox-{n}", self) for n in range(1, THREADS + 1)]

    @property
    def workers(self) -> tuple[Worker, ...]:
        """To be given to the supervisor: this one and its delivery threads."""
        return (self, *self._threads)

    def nudge(self) -> None:
        """Look now: something was handed over, or somebody acted."""
        self._moved.set()
        self._wake.set()

    def stop(self) -> None:
        """Ask to stop, delivery threads too; connections are cut, and what was not taken goes out at the next start."""
        super().stop()
        for thread in self._threads:
            thread.stopping.set()
        self._wake.set()
        self._lines.cut()

    def run(self) -> None:
        """Look once a second, or when nudged."""
        with only_here(self._plan.folder, self, self._pause):
            while not self.stopping.is_set():
                self.beat()
                try:
                    self._look()
                    self._forget_settled()
                except StorageError as error:  # busy, disk full: the messages stay where they are
                    log.error("the outbox could not be read: %s", error)
                self._pause()

    def deliver_next(self, timeout_s: float) -> None:
        """On a delivery thread: wait for a message and deliver it."""
        try:
            message = self._jobs.get(timeout=timeout_s)
        except queue.Empty:
            return
        try:
            if not self.stopping.is_set():
                self._delivery.deliver(message)
        finally:
            with self._lock:
                self._busy.discard(message.route_id)
            self._wake.set()

    def _pause(self) -> None:
        self._wake.wait(self._plan.poll_s)
        self._wake.clear()

    def _look(self) -> None:
        """Hand out what is due. Messages of paused routes may fill a batch: then it grows until it reaches past
        them."""
        limit, now_s = BATCH, self._plan.clock()
        while limit <= LARGEST_BATCH:
            due = self._plan.journal.outbox(now_s, limit)
            late = self._late(due, now_s)
            self._escalate(late, now_s)
            ready = [message for message in due if message not in late and self._take(message, now_s)]
            for message in ready:
                self._jobs.put(message)
            if ready or len(due) < limit:
                return
            limit *= 2

    def _late(self, due: Sequence[OutboxMessage], now_s: float) -> list[OutboxMessage]:
        """Sent and not answered in time, or tried in vain for as long."""
        routes = {route.id: route for route in self._plan.registry().alert_routes} if due else {}
        return [
            message
            for message in due
            if message.state is OutboxState.SENT
            or (message.attempts and now_s >= answer_due_utc_s(message, routes.get(message.route_id)))
        ]

    def _take(self, message: OutboxMessage, now_s: float) -> bool:
        """Whether the message is for a delivery thread now; its route is busy from then on."""
        if not self._pauses.open(message.route_id, now_s):
            return False
        with self._lock:
            if message.route_id in self._busy or len(self._busy) >= _JOBS:
                return False
            self._busy.add(message.route_id)
        return True

    def _escalate(self, late: Sequence[OutboxMessage], now_s: float) -> None:
        for message in late:
            with self._lock:
                busy = message.route_id in self._busy
            if busy or not self._pauses.open(message.id, now_s):
                continue
            if self._delivery.escalate(message, message.version):
                self._pauses.succeeded(message.id)
                self._tell_unanswered(message)
            else:
                self._pauses.failed(message.id, now_s)

    def _tell_unanswered(self, message: OutboxMessage) -> None:
        service = found(self._plan.registry().services, message.service_id)
        name = service.name if service else message.service_id
        number = self._plan.incident(message.incident_id).number
        error = AppError(AppCode.ALERT_UNANSWERED, name=name, incident=number)
        log.warning("alert %s: %s", message.id, error)
        self._unanswered[message.id] = message
        self._plan.tell(Banner(_unanswered_key(message.id), sentence(error)))

    def _forget_settled(self) -> None:
        """The service has answered after all, or the incident is over: nobody has to call. Asked after a nudge."""
        if not self._moved.is_set():
            return
        self._moved.clear()
        for message in list(self._unanswered.values()):
            if not self._plan.waits(message):
                del self._unanswered[message.id]
                self._plan.tell(Banner(_unanswered_key(message.id), ""))


def _unanswered_key(message_id: str) -> str:
    return f"alert:{message_id}"


class _DeliveryThread(Worker):
    """One of the threads that wait for other people's servers."""

    def __init__(self, name: str, outbox: Outbox) -> None:
        super().__init__(name)
        self._outbox = outbox

    def run(self) -> None:
        """Deliver until asked to stop; what waits in the queue stays in the journal."""
        while not self.stopping.is_set():
            self.beat()
            self._outbox.deliver_next(_WAIT_S)
