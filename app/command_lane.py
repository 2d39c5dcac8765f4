"""One operator's commands, one after the other, in the order of the keys.

Two keys in a second are two commands about the same row, and the second was made from what the first has not changed
on the screen yet. Its version is brought forward here when nobody but this operator moved the row in between; a version
that somebody else overtook is refused by the journal as ever. `submit` may be called anywhere and returns at once.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

from app.tasks import Tasks
from storage.commands import Command
from storage.journal import Receipt
from storage.records import Actor

_MOST_WAITING = 64
_MOST_MOVED = 2048

Apply = Callable[[Command, Actor], Receipt]
Done = Callable[[Receipt], None]
Refused = Callable[[], None]


class CommandLane:
    """Bounded: what does not fit is refused. `failed` gets what the journal or `done` raised."""

    def __init__(self, tasks: Tasks, apply: Apply, failed: Callable[[Exception], None]) -> None:
        self._tasks, self._apply, self._failed = tasks, apply, failed
        self._lock = threading.Lock()
        self._waiting: deque[tuple[tuple[Command, ...], Actor, Done | None, Refused | None]] = deque()
        self._running = False
        self._moved: OrderedDict[str, dict[int, int]] = OrderedDict()

    def submit(self, command: Command, actor: Actor, done: Done | None = None) -> bool:
        """Queue it for who sat here when the key was pressed; False, and nothing is done, when too much is waiting."""
        return self.submit_all((command,), actor, done)

    def submit_all(
        self, commands: Sequence[Command], actor: Actor, done: Done | None = None, refused: Refused | None = None
    ) -> bool:
        """Queue several as one wish: what one is refused does not stop the others, and `failed` gets only the first
        refusal. `done` gets the last one's receipt when none was refused; else `refused` is called after `failed`."""
        with self._lock:
            if len(self._waiting) >= _MOST_WAITING:
                return False
            self._waiting.append((tuple(commands), actor, done, refused))
            if self._running:
                return True
            self._running = True
        if self._tasks.submit(self._drain):
            return True
        with self._lock:
            self._running = False
            self._waiting.pop()
        return False

    def _drain(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._running = False
                    return
                commands, actor, done, refused = self._waiting.popleft()
            try:
                receipt = self._work(commands, actor)
                if done is not None and receipt is not None:
                    done(receipt)
            except Exception as error:  # noqa: BLE001 - the next command must not suffer; `failed` logs what it is
                self._failed(error)
                if refused is not None:
                    refused()

    def _work(self, commands: tuple[Command, ...], actor: Actor) -> Receipt | None:
        """Each of them; raises what the first that was refused was refused for, after the others were tried."""
        receipt, refusal = None, None
        for command in commands:
            try:
                receipt = self._apply(self._brought_forward(command), actor)
                self._note(command)
            except Exception as error:  # noqa: BLE001 - raised below
                refusal = refusal or error
        if refusal is not None:
            raise refusal
        return receipt

    def _brought_forward(self, command: Command) -> Command:
        row_id, version = _versioned(command)
        newest = version
        moves = self._moved.get(row_id, {})
        while newest in moves:
            newest = moves[newest]
        changed: Any = command
        return replace(changed, version=newest) if newest != version else command

    def _note(self, command: Command) -> None:
        row_id, version = _versioned(command)
        if not row_id:
            return
        moves = self._moved.setdefault(row_id, {})
        while version in moves:
            version = moves[version]
        moves[version] = version + 1
        self._moved.move_to_end(row_id)
        if len(self._moved) > _MOST_MOVED:
            self._moved.popitem(last=False)


def _versioned(command: Command) -> tuple[str, int]:
    """The row that a command names with its version; ("", 0) when it names none."""
    named: Any = command
    names = [item.name for item in fields(named)]
    if "version" not in names:
        return "", 0
    return str(getattr(named, names[0])), int(named.version)
