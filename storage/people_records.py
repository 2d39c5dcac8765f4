"""Who works here and what they were allowed to see: logins, shifts, approvals, accesses. Frozen records."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ShiftState(StrEnum):
    """A shift is on, waits for the next one to take its items, or is over."""

    ON = "on"
    HANDING_OVER = "handing_over"
    OVER = "over"


class ShiftItemKind(StrEnum):
    """What is handed over item by item."""

    INCIDENT = "incident"
    MUTED_RULE = "muted_rule"
    LIFTED_MASK = "lifted_mask"
    DEAD_CAMERA = "dead_camera"
    LOOKOUT = "lookout"
    SHELF = "shelf"
    WORD = "word"


class ApprovalKind(StrEnum):
    """What needs a second person."""

    MASTER_EXPORT = "master_export"
    DISCLOSURE = "disclosure"
    ERASURE = "erasure"
    MASK_LIFT = "mask_lift"
    RULE_CHANGE = "rule_change"


class ApprovalState(StrEnum):
    """What the second person said; broken glass is used at once and reviewed the next day. A signature for one change
    is used up with it."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    BROKEN_GLASS = "broken_glass"
    REVIEWED = "reviewed"
    USED = "used"


class AccessKind(StrEnum):
    """What somebody looked at or did with a camera, a recording or the journal."""

    PLAYBACK = "playback"
    EXPORT = "export"
    SEARCH = "search"
    PTZ = "ptz"
    MASK_LIFT = "mask_lift"
    BLACK_BOX = "black_box"
    JOURNAL = "journal"
    DEGRADED = "degraded"
    """Not a look: rules were given key frames only, or all pictures again, because the computer could not keep up."""
    MODEL = "model"
    """Not a look: somebody chose what looks at the pictures from now on."""
    RECIPIENT = "recipient"
    """Not a look: somebody named whom pictures may be sent to with alerts, or nobody any more."""
    ENCRYPTION = "encryption"
    """Not a look: somebody had the journal's file encrypted, decrypted, or encrypted with another key."""


@dataclass(frozen=True, slots=True)
class Password:
    """An operator's password as argon2id made it (PHC string); `id` is the operator's."""

    id: str
    phc: str
    set_utc_s: float
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class Login:
    """From login to logout at one workstation."""

    id: str
    operator_id: str
    workstation: str
    from_utc_s: float
    to_utc_s: float | None = None


@dataclass(frozen=True, slots=True)
class FailedLogin:
    """Somebody was refused at a workstation; `name` is what was typed, cut to 64 letters."""

    id: str
    name: str
    workstation: str
    at_utc_s: float


@dataclass(frozen=True, slots=True)
class Shift:
    """One operator's watch over some sectors. `checks` is the seat test's result as JSON text (name -> sentence)."""

    id: str
    operator_id: str
    workstation: str
    sector_ids: tuple[str, ...]
    state: ShiftState
    from_utc_s: float
    version: int
    to_utc_s: float | None = None
    checks: str = "{}"
    forced_by_id: str | None = None


@dataclass(frozen=True, slots=True)
class ShiftItem:
    """One thing handed over from a shift; accepted by whoever takes it, at any seat."""

    id: str
    shift_id: str
    kind: ShiftItemKind
    subject_id: str
    text: str
    at_utc_s: float
    taken_by_id: str | None = None
    taken_utc_s: float | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """Two-person rule for one act on one subject."""

    id: str
    kind: ApprovalKind
    subject_id: str
    reason: str
    state: ApprovalState
    asked_by_id: str
    asked_utc_s: float
    version: int
    decided_by_id: str | None = None
    decided_utc_s: float | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    """Somebody looked: at what, from when to when, for which case or reason."""

    id: str
    kind: AccessKind
    actor_id: str
    at_utc_s: float
    reason: str
    camera_id: str | None = None
    incident_id: str | None = None
    from_utc_s: float | None = None
    to_utc_s: float | None = None
    detail: str = ""
