"""Passwords, logins, shifts, approvals, accesses (`people_commands`): which function executes what. Writer thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from storage.approvals import break_glass, decide_approval, request_approval, review_approval
from storage.commands import Command
from storage.ledger import Ledger
from storage.logins import log_in, log_out, record_access, record_failed_login, set_password
from storage.outcome import Done
from storage.people_commands import (
    BreakGlass,
    DecideApproval,
    EndShift,
    HandOverShift,
    LendSectors,
    LogIn,
    LogOut,
    RecordAccess,
    RecordFailedLogin,
    RequestApproval,
    ReviewApproval,
    SetPassword,
    StartShift,
    TakeShiftItem,
)
from storage.records import Actor
from storage.shifts import end_shift, hand_over_shift, lend_sectors, start_shift, take_shift_item

HANDLERS: dict[type[Command], Callable[[Ledger, Any, Actor], Done]] = {
    SetPassword: set_password,
    LogIn: log_in,
    LogOut: log_out,
    RecordFailedLogin: record_failed_login,
    RecordAccess: record_access,
    StartShift: start_shift,
    HandOverShift: hand_over_shift,
    TakeShiftItem: take_shift_item,
    EndShift: end_shift,
    LendSectors: lend_sectors,
    RequestApproval: request_approval,
    DecideApproval: decide_approval,
    BreakGlass: break_glass,
    ReviewApproval: review_approval,
}
"""Command to what executes it."""
