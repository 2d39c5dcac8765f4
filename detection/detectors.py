"""The detectors of one process: the site's, and at most one more for cameras that were given a model of their own.

Lives on the process's main thread. A camera whose own model is not there is looked at by the site's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from detection.detector import Detector

SITE = ""
"""The key of the site's model."""

MOST_MODELS = 2
"""Models at once: each holds its weights, its requests and its threads, and cameras of two models share no input."""


class Detectors:
    """By key; `of` falls back to the site's."""

    def __init__(self) -> None:
        self._known: dict[str, Detector] = {}

    def __bool__(self) -> bool:
        return SITE in self._known

    def use(self, key: str, detector: Detector) -> None:
        """Look with it from now on; what is in flight with the old one is finished first."""
        old = self._known.get(key)
        self._known[key] = detector
        if old is not None:
            old.close()

    def keep(self, keys: Collection[str]) -> None:
        """Release what no camera uses any more; the site's stays."""
        for key in [key for key in self._known if key != SITE and key not in keys]:
            self._known.pop(key).close()

    def key(self, wished: str) -> str:
        """Under which key a camera that wishes this model is looked at."""
        return wished if wished in self._known else SITE

    def of(self, wished: str) -> Detector | None:
        """The detector for such a camera; None while there is none at all."""
        return self._known.get(self.key(wished))

    def rooms(self) -> dict[str, int]:
        """Those that can take an input without waiting, with the pictures that fit one."""
        return {key: detector.room for key, detector in self._known.items() if detector.ready()}

    @property
    def room(self) -> int:
        """Pictures an input of the largest."""
        return max((detector.room for detector in self._known.values()), default=1)

    @property
    def name(self) -> str:
        """What all of them are called."""
        return ", ".join(dict.fromkeys(detector.name for detector in self._all()))

    def close(self) -> None:
        """Finish and release all."""
        while self._known:
            self._known.popitem()[1].close()

    def _all(self) -> Iterable[Detector]:
        return (self._known[key] for key in sorted(self._known))
