"""One command of each kind about what leaves the house, for the table of every command as every role."""

from __future__ import annotations

from storage.commands import Command
from storage.release_commands import (
    AnswerAlert,
    EraseSubject,
    EscalateAlert,
    MarkAlert,
    MoveDisclosure,
    OpenDisclosure,
    RecordPackage,
)
from storage.release_records import DisclosureState, OutboxState

RELEASE_COMMANDS: list[Command] = [
    MarkAlert("m", 1, OutboxState.SENT, 1e9),
    AnswerAlert("m", accepted=True),
    EscalateAlert("m", 1),
    RecordPackage("i", "package.zip", "ab" * 32, "ab:cd", complete=True),
    OpenDisclosure("Police", "Art. 10", "77/1", "the gate", ("c1",), 1e9, 1.1e9, 1.2e9),
    MoveDisclosure("d", 1, DisclosureState.REFUSED, refused="no basis"),
    EraseSubject("incidents", "i", "Art. 17", "asked for"),
]
