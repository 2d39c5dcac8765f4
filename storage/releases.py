"""Alerts, packages, disclosures, erasures (`release_commands`): which function executes which. On the writer thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from storage.commands import Command
from storage.disclosures import move_disclosure, open_disclosure, record_package
from storage.erasure import erase_subject
from storage.ledger import Ledger
from storage.outbox import answer_alert, escalate_alert, mark_alert
from storage.outcome import Done
from storage.records import Actor
from storage.release_commands import (
    AnswerAlert,
    EraseSubject,
    EscalateAlert,
    MarkAlert,
    MoveDisclosure,
    OpenDisclosure,
    RecordPackage,
)

HANDLERS: dict[type[Command], Callable[[Ledger, Any, Actor], Done]] = {
    MarkAlert: mark_alert,
    AnswerAlert: answer_alert,
    EscalateAlert: escalate_alert,
    RecordPackage: record_package,
    OpenDisclosure: open_disclosure,
    MoveDisclosure: move_disclosure,
    EraseSubject: erase_subject,
}
"""Command to what executes it."""
