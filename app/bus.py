"""One typed bus for facts (never for frames). Subscribers run on the publisher's thread and must return at once."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

log = logging.getLogger(__name__)
Fact = TypeVar("Fact")


class Bus:
    """Publish and subscribe by the fact's exact type."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscribers: dict[type, tuple[Callable[[Any], None], ...]] = defaultdict(tuple)

    def subscribe(self, kind: type[Fact], handler: Callable[[Fact], None]) -> Callable[[], None]:
        """Call `handler` for every fact of `kind`; the returned function ends it."""
        with self._lock:
            self._subscribers[kind] += (handler,)

        def unsubscribe() -> None:
            with self._lock:
                self._subscribers[kind] = tuple(h for h in self._subscribers[kind] if h is not handler)

        return unsubscribe

    def publish(self, fact: object) -> None:
        """Tell every subscriber; one that raises is logged and does not stop the others."""
        for handler in self._subscribers[type(fact)]:
            try:
                handler(fact)
            except Exception:
                log.exception("subscriber to %s failed", type(fact).__name__)
