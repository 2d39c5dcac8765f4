"""Signals that ask a process to end. Main thread only."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType

STOP_SIGNALS = tuple(
    signal.Signals(getattr(signal, name)) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)
)
Handler = Callable[[int, FrameType | None], None]
Previous = Handler | int | None


def hear(handler: Handler) -> dict[int, Previous]:
    """Install `handler` for all of them and return what was there; a hang-up that `nohup` ignores stays ignored."""
    heard = [name for name in STOP_SIGNALS if name is signal.SIGINT or signal.getsignal(name) is not signal.SIG_IGN]
    return {name: signal.signal(name, handler) for name in heard}


def unwind_on_stop() -> None:
    """Until a command hears signals itself: leave by SystemExit(128 + number), so that what was begun is cleared away.

    The default action would leave temporary homes and half-made clips behind."""
    if threading.current_thread() is threading.main_thread():
        hear(_unwind)


def _unwind(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
