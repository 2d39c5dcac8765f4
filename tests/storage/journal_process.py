"""A process that writes the journal: `python -m tests.storage.journal_process PATH NAME EVENTS`.

Prints the id of every event after the journal said that it is durable."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

from storage.commands import RecordEvent
from storage.embedded_journal import open_journal
from tests.storage.site import RUNTIME, event


def main(path: str, name: str, events: int) -> None:
    with contextlib.closing(open_journal(Path(path))) as journal:
        sys.stdout.write("open\n")
        sys.stdout.flush()
        sys.stdin.readline()
        for index in range(events):
            fact = event(index * 100.0, f"{name}-{index}")
            journal.apply(RecordEvent(fact, opens_incident=index % 10 == 0), RUNTIME)
            sys.stdout.write(fact.id + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
