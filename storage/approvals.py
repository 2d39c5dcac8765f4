"""Two-person rule: asked, decided by another, glass broken in danger and reviewed. Runs on the writer thread."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select

from storage import schema_cases
from storage.errors import StorageCode, StorageError
from storage.incident_moves import check_version, illegal
from storage.ledger import Ledger
from storage.logins import TEXT_LETTERS, line
from storage.outcome import Done
from storage.people_commands import BreakGlass, DecideApproval, RequestApproval, ReviewApproval
from storage.people_records import Approval, ApprovalKind, ApprovalState
from storage.records import Actor
from storage.rows import plain, to_row
from storage.statements import Row, Statement, constant

_APPROVALS = schema_cases.approvals
_USABLE = frozenset({ApprovalState.APPROVED, ApprovalState.BROKEN_GLASS})
_NEVER_AT_ONCE = frozenset({ApprovalKind.ERASURE, ApprovalKind.RULE_CHANGE})
"""No danger to life is averted by erasing, which cannot be taken back, nor by a rule that misses what it found."""
_WAITING = Statement(
    select(_APPROVALS.c.id).where(
        _APPROVALS.c.subject_id == bindparam("subject_id"),
        _APPROVALS.c.kind == bindparam("kind"),
        _APPROVALS.c.asked_by_id == bindparam("asked_by_id"),
        _APPROVALS.c.reason == bindparam("reason"),
        _APPROVALS.c.state == constant(ApprovalState.REQUESTED),
    )
)


def approval_granted(ledger: Ledger, approval_id: str | None, kind: ApprovalKind, subject_id: str) -> bool:
    """Whether this very act on this very subject may be done: approved, or glass was broken and not yet reviewed."""
    row = ledger.find(_APPROVALS, approval_id) if approval_id else None
    if row is None or (row["kind"], row["subject_id"]) != (kind.value, subject_id):
        return False
    return ApprovalState(str(row["state"])) in _USABLE


def request_approval(ledger: Ledger, command: RequestApproval, actor: Actor) -> Done:
    """Ask for a second person; the same wish that still waits is not asked again (`ALREADY_ASKED`)."""
    if ledger.find(_APPROVALS, command.new_approval_id) is not None or not command.subject_id:
        raise StorageError(StorageCode.BAD_VALUE, table=_APPROVALS.name, id=command.new_approval_id)
    approval = Approval(
        id=command.new_approval_id,
        kind=ApprovalKind(command.kind),
        subject_id=command.subject_id,
        reason=_said(command.reason),
        state=ApprovalState.REQUESTED,
        asked_by_id=actor.id,
        asked_utc_s=float(ledger.clock()),
        version=1,
    )
    new = to_row(approval, _APPROVALS)
    if _WAITING.row(ledger.connection, new) is not None:
        raise StorageError(StorageCode.ALREADY_ASKED, kind=approval.kind.value, id=approval.subject_id)
    ledger.insert(_APPROVALS, new)
    return Done(_APPROVALS.name, approval.id)


def decide_approval(ledger: Ledger, command: DecideApproval, actor: Actor) -> Done:
    """The second person's word."""
    row = _approval(ledger, command)
    if row["asked_by_id"] == actor.id:
        raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, reason="the one who asked")
    state = ApprovalState.APPROVED if command.approved else ApprovalState.REFUSED
    return _change(ledger, row, state=state, words=line(command.words, TEXT_LETTERS), **_decided(ledger, actor))


def break_glass(ledger: Ledger, command: BreakGlass, actor: Actor) -> Done:
    """Used at once, with a reason; whoever broke it is written down."""
    row = _approval(ledger, command)
    if ApprovalKind(str(row["kind"])) in _NEVER_AT_ONCE:
        raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, reason="never without a second person")
    return _change(ledger, row, state=command.target, words=_said(command.words), **_decided(ledger, actor))


def review_approval(ledger: Ledger, command: ReviewApproval, actor: Actor) -> Done:
    """Somebody else looked at the broken glass; `decided_by_id` stays who broke it, the audit names who looked."""
    row = _approval(ledger, command)
    if actor.id in (row["decided_by_id"], row["asked_by_id"]):
        raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, reason="the one who broke the glass")
    return _change(ledger, row, state=command.target, words=f"{row['words']}\n{_said(command.words)}")


def spend_approval(ledger: Ledger, approval_id: str) -> None:
    """What was signed for is done, in this transaction: the signature is for nothing else."""
    row = ledger.get(_APPROVALS, approval_id)
    _change(ledger, row, state=ApprovalState.USED)


def _approval(ledger: Ledger, command: DecideApproval | BreakGlass | ReviewApproval) -> Row:
    row = ledger.get(_APPROVALS, command.approval_id)
    check_version(_APPROVALS.name, row, command.version)
    if ApprovalState(str(row["state"])) not in command.sources:
        raise illegal(_APPROVALS.name, row)
    return row


def _change(ledger: Ledger, row: Row, **changes: Any) -> Done:
    new = {name: plain(value) for name, value in changes.items()}
    ledger.update(_APPROVALS, row, {**new, "version": int(row["version"]) + 1})
    return Done(_APPROVALS.name, str(row["id"]))


def _decided(ledger: Ledger, actor: Actor) -> dict[str, Any]:
    return {"decided_by_id": actor.id, "decided_utc_s": float(ledger.clock())}


def _said(words: str) -> str:
    found = line(words, TEXT_LETTERS)
    if not found:
        raise StorageError(StorageCode.NO_REASON)
    return found
