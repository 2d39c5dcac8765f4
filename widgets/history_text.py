"""The history of an incident in words for the panel: who did what when, and what changed. Any thread."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

from app import report_facts
from app.labels import action_name
from storage.journal import Registry
from storage.records import HistoryEntry
from widgets.words import Names, clock_text

_TOLD = ("state", "outcome", "owner_id", "verdict", "severity", "note")


def history_text(entries: tuple[HistoryEntry, ...], registry: Registry) -> str:
    """A line per entry, oldest first; below it, indented, each change as `State: New → Acknowledged`."""
    names = Names(registry), report_facts.Names(registry)
    return "\n".join(_entry_text(entry, *names) for entry in sorted(entries, key=lambda entry: entry.seq))


def _entry_text(entry: HistoryEntry, names: Names, record_names: report_facts.Names) -> str:
    head = f"{clock_text(entry.at_utc_s)}   {action_name(entry.action)}   {names.actor(entry.actor_id)}"
    changes = report_facts.changes_text(_worth_telling(entry), record_names, UTC)
    return f"{head}\n        {changes}" if changes else head


def _worth_telling(entry: HistoryEntry) -> HistoryEntry:
    """Without times, counts and hashes, and without the fields of a row that the entry has made: its action says it."""
    new = {key.rpartition(".")[0] for key, (before, _after) in entry.changes.items() if _is_id(key) and before is None}
    told = [k for k in entry.changes if k.rpartition(".")[2] in _TOLD and k.rpartition(".")[0] not in new]
    told.sort(key=lambda k: _TOLD.index(k.rpartition(".")[2]))
    return replace(entry, changes={k: entry.changes[k] for k in told})


def _is_id(key: str) -> bool:
    return key.rpartition(".")[2] == "id"
