"""How large the files of an incident are: the journal knows their hash, the evidence store their size. Task threads."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from storage.case_records import Exhibit


class ExhibitSizes:
    """Of one evidence store."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, exhibits: Iterable[Exhibit]) -> dict[str, int]:
        """Bytes by the exhibit's id; one whose file is not there is left out."""
        found: dict[str, int] = {}
        for one in exhibits:
            try:
                found[one.id] = (self._folder / one.path).stat().st_size
            except OSError:
                continue  # the row says that it is missing
        return found
