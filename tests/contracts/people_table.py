"""One command of each kind about people, for the table of every command as every role."""

from __future__ import annotations

from storage.commands import Command
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
from storage.people_records import AccessKind, ApprovalKind

PHC = "$argon2id$v=19$m=65536,t=3,p=4$yz3MRCx92M1mDHK65KxlTA$9Q49ooTa7gKgDGLM8MkqmRDl8Iqz+OA/jKIdlhParEM"

PEOPLE_COMMANDS: list[Command] = [
    SetPassword("nobody", PHC),
    LogIn("seat"),
    LogOut("l"),
    RecordFailedLogin("x", "seat"),
    StartShift("seat"),
    HandOverShift("s", 1),
    TakeShiftItem("t"),
    EndShift("s", 1),
    LendSectors("s", 1, ("x",)),
    RequestApproval(ApprovalKind.DISCLOSURE, "i", "asked for"),
    DecideApproval("a", 1, approved=True),
    BreakGlass("a", 1, "a life"),
    ReviewApproval("a", 1, "seen"),
    RecordAccess(AccessKind.PTZ, camera_id="c1"),
]
