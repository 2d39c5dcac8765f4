"""Collects what verification finds; bounded, since a journal altered everywhere needs no million lines."""

from __future__ import annotations

from storage.journal import Problem

LIMIT = 1000


class Findings:
    """Problems in the order found, each once."""

    def __init__(self) -> None:
        self._problems: dict[Problem, None] = {}
        self.erased = 0

    def add(self, table: str, row_id: object, what: str, field: str | None = None) -> None:
        """Note one problem."""
        if len(self._problems) < LIMIT:
            self._problems[Problem(table, str(row_id), what, field)] = None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All that was noted."""
        return tuple(self._problems)
