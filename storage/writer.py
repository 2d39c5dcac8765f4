"""The journal's one writer thread: groups waiting commands into transactions of at most 20 ms.

A group commits as soon as nobody else waits, so a lone caller pays one fsync and no delay; while the disk syncs, the
next group gathers by itself. A command that fails does not take its group along: most are refused before they wrote
a row; when one was torn in the middle, or the disk refused the group, the group is rolled back and each of its commands
done again alone. (A savepoint per command would cost two more statements for each that succeeds.)
"""

from __future__ import annotations

import logging
import queue
import random
import threading
import time
from collections.abc import Callable

from storage import database, driver
from storage.commands import Command
from storage.driver import Connection
from storage.errors import StorageCode, StorageError
from storage.handlers import execute
from storage.journal import Receipt
from storage.ledger import Ledger
from storage.records import Actor
from storage.statements import Row
from storage.worker import Worker

log = logging.getLogger(__name__)

GROUP_S = 0.020
GROUP_COMMANDS = 512
QUEUE_COMMANDS = 2048
BUSY_DEADLINE_S = 30.0
_IDLE_S = 0.5
_ROOM_POLL_S = 0.002

Answer = Receipt | Exception


class Pending:
    """A command on its way, and where its answer goes. The lock is the cheapest one-shot signal that Python has."""

    __slots__ = ("_answered", "actor", "answer", "command", "done")

    def __init__(self, command: Command, actor: Actor, done: Callable[[Answer], None] | None) -> None:
        self.command = command
        self.actor = actor
        self.done = done
        self.answer: Answer | None = None
        self._answered = threading.Lock()
        self._answered.acquire()

    def resolve(self, answer: Answer) -> None:
        """Hand the answer over (writer thread)."""
        self.answer = answer
        self._answered.release()
        if self.done is None:
            return
        try:
            self.done(answer)
        except Exception:
            log.exception("the receiver of an answer failed")

    def wait(self) -> Receipt:
        """Block until durable or refused."""
        self._answered.acquire()
        if isinstance(self.answer, Receipt):
            return self.answer
        assert self.answer is not None
        raise self.answer


class Writer(Worker):
    """Uses the write connection alone from `start` to the end of `run`; its owner opens and closes it. `on_full` makes
    room on a full disk and says whether it did: then the group is done once more."""

    def __init__(
        self,
        connection: Connection,
        ledger: Ledger,
        publish: Callable[[Row], None],
        queue_commands: int = QUEUE_COMMANDS,
        on_full: Callable[[], bool] | None = None,
    ) -> None:
        super().__init__("journal-writer")
        self._on_full = on_full
        self._connection = connection
        self._ledger = ledger
        self._publish = publish
        self._queue: queue.SimpleQueue[Pending | None] = queue.SimpleQueue()  # None only wakes
        self._queue_commands = queue_commands
        self._ended = False
        self.groups = 0
        self.commands = 0

    def submit(self, pending: Pending, timeout_s: float) -> None:
        """Queue a command. Raises BUSY when the queue stays full, CLOSED after `stop`."""
        if self._queue.qsize() >= self._queue_commands:
            self._wait_for_room(timeout_s)
        if self.stopping.is_set():
            raise StorageError(StorageCode.CLOSED)
        self._queue.put(pending)
        if self._ended:  # the writer's own last look may have come before the put
            self._refuse_rest()

    def stop(self) -> None:
        """Ask to stop; what is queued is still written."""
        super().stop()
        self._queue.put(None)

    def run(self) -> None:
        """Write groups until asked to stop and nothing is left."""
        try:
            while not (self.stopping.is_set() and self._queue.empty()):
                self.beat()
                batch = self._take(_IDLE_S)
                if batch:
                    self._write(batch)
        finally:
            self._ended = True
            self._refuse_rest()

    def _wait_for_room(self, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while self._queue.qsize() >= self._queue_commands and not self.stopping.is_set():
            if time.monotonic() > deadline:
                raise StorageError(StorageCode.BUSY, waiting=self._queue.qsize())
            time.sleep(_ROOM_POLL_S)

    def _take(self, timeout_s: float) -> list[Pending]:
        """All that waits; the first is waited for when there is a timeout."""
        batch: list[Pending] = []
        try:
            first = self._queue.get(timeout=timeout_s) if timeout_s else self._queue.get_nowait()
            if first is not None:
                batch.append(first)
            while len(batch) < GROUP_COMMANDS:
                following = self._queue.get_nowait()
                if following is not None:
                    batch.append(following)
        except queue.Empty:
            return batch
        return batch

    def _refuse_rest(self) -> None:
        while not self._queue.empty():
            for pending in self._take(0.0):
                pending.resolve(StorageError(StorageCode.CLOSED))

    def _write(self, batch: list[Pending], *, alone: bool = False) -> None:
        """One group; answers go out after its commit, and after its checkpoints lie elsewhere too."""
        answers: list[tuple[Pending, Answer]] = []
        try:
            self._transaction(batch, answers, alone=alone)
        except (StorageError, _TornError) as error:
            answers = self._after_failure(batch, error)
        except driver.ERRORS as error:
            answers = self._after_failure(batch, error)
        except Exception as error:
            log.exception("bug while writing a group")
            answers = self._after_failure(batch, error)
        self.groups += 1
        self.commands += len(answers)
        self._publish_checkpoints()
        for pending, answer in answers:
            pending.resolve(answer)

    def _transaction(self, batch: list[Pending], answers: list[tuple[Pending, Answer]], *, alone: bool) -> None:
        """`batch` grows by what arrives while the group is open, unless a command is to be alone."""
        self._begin()
        end = time.monotonic() + GROUP_S
        fresh = batch[:]
        while fresh:
            answers.extend((pending, self._attempt(pending)) for pending in fresh)
            more = not alone and len(batch) < GROUP_COMMANDS and time.monotonic() < end
            fresh = self._take(0.0) if more else []
            batch.extend(fresh)
        self._ledger.flush()
        self._connection.execute("COMMIT")

    def _after_failure(self, batch: list[Pending], error: Exception) -> list[tuple[Pending, Answer]]:
        """Undo the group. Its commands are done again one by one, so that only the guilty one is refused; a file
        that stays busy, or a disk that does not even take the group back, is nobody's fault and refuses all."""
        self._ledger.forget()
        self._ledger.signed.clear()
        refusal = _refusal(error)
        busy = isinstance(refusal, StorageError) and refusal.code is StorageCode.BUSY
        undone = self._undone()
        if undone and _is_full(refusal) and self._on_full is not None and self._on_full():
            self._write(batch)
            return []
        if not undone or len(batch) == 1 or busy:
            return [(pending, refusal) for pending in batch]
        log.warning("a group of %d commands failed (%s); each is done alone", len(batch), refusal)
        for pending in batch:
            self._write([pending], alone=True)
        return []

    def _undone(self) -> bool:
        """Whether the group is rolled back; if not, the next BEGIN fails and leads here again."""
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except driver.ERRORS:
            log.exception("a group could not be rolled back")
        return not self._connection.in_transaction

    def _attempt(self, pending: Pending) -> Answer:
        """One command. A failure of the disk goes up: it is the group's. So does a refusal after rows were written
        (`_TornError`): then every command of the group is done again alone. Most refusals come before the first row."""
        changes = self._connection.total_changes
        answer = self._answer(pending)
        if not isinstance(answer, Receipt):
            self._ledger.forget()
            if self._connection.total_changes != changes:
                raise _TornError(answer)
        return answer

    def _answer(self, pending: Pending) -> Answer:
        try:
            return execute(self._ledger, pending.command, pending.actor)
        except StorageError as error:
            return error
        except (OverflowError, UnicodeEncodeError) as error:
            return _bad_value(error)
        except driver.INTEGRITY_ERRORS as error:
            return _bad_value(error)
        except driver.ERRORS:
            raise
        except Exception as error:
            log.exception("bug while applying %s", pending.command.action)
            return error

    def _begin(self) -> None:
        """BEGIN IMMEDIATE; other processes' groups are short, so a busy file is tried again for a while."""
        deadline = time.monotonic() + BUSY_DEADLINE_S
        while True:
            try:
                self._ledger.begin()
                return
            except driver.OPERATIONAL_ERRORS as error:
                busy = driver.result_of(error) == driver.Result.BUSY
                if not busy or time.monotonic() > deadline or self.stopping.is_set():
                    raise
            self.beat()
            time.sleep(random.uniform(0.001, 0.010))  # noqa: S311 - jitter, no secret

    def _publish_checkpoints(self) -> None:
        signed, self._ledger.signed = self._ledger.signed, []
        for row in signed:
            self._publish(row)


def _bad_value(error: Exception) -> StorageError:
    refusal = StorageError(StorageCode.BAD_VALUE, cause=type(error).__name__)
    refusal.__cause__ = error
    return refusal


def _is_full(refusal: Exception) -> bool:
    return isinstance(refusal, StorageError) and refusal.code is StorageCode.DISK_FULL


class _TornError(Exception):
    """A command was refused after it had written rows."""

    def __init__(self, refusal: Exception) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


def _refusal(error: Exception) -> Exception:
    """What the caller is told."""
    if isinstance(error, _TornError):
        return error.refusal
    known = database.translate(error) if isinstance(error, driver.ERRORS) else None
    if known is None:
        return error
    known.__cause__ = error
    return known
