"""Where this site's packages lie. They are made one at a time, whoever asks, and none takes the place of another.

Shared by the desks of one process: `claim` on the thread of the key, `hand_back` where the work ends.
"""

from __future__ import annotations

import threading
from pathlib import Path

from storage.durable import make_folder


class PackageShelf:
    """One folder of packages."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._busy = threading.Lock()

    def claim(self) -> bool:
        """Begin to make a package; False while another one is made."""
        return self._busy.acquire(blocking=False)

    def hand_back(self) -> None:
        """It is made, or will not be."""
        self._busy.release()

    def free(self, number: str) -> Path:
        """A name that nothing has: an earlier package stays what the journal says of it."""
        folder, count = make_folder(self._folder), 1
        path = folder / f"{number}.zip"
        while path.exists():
            count += 1
            path = folder / f"{number}-{count}.zip"
        return path
