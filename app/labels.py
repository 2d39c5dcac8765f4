"""Display names of everything that has a fixed list: states, kinds, roles, actions, what a detector saw."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from app.feeds import TileState
from app.i18n import _, marked
from storage.case_records import HandoverState, LinkKind, LookoutState, NoteKind, ShelfState
from storage.footage_records import GapReason
from storage.people_records import AccessKind, ApprovalKind, ApprovalState, ShiftItemKind, ShiftState
from storage.records import AlarmState, EvidenceKind, IncidentState, Outcome, Role, RuleKind, Severity, Source, Verdict
from storage.registry_records import OutcomeKind
from storage.release_records import Channel, DisclosureState, OutboxState

LABELS: dict[type[Enum], dict[str, str]] = {
    Severity: {
        Severity.INFO.name: marked("Information"),
        Severity.LOW.name: marked("Low"),
        Severity.MEDIUM.name: marked("Medium"),
        Severity.HIGH.name: marked("High"),
        Severity.CRITICAL.name: marked("Critical"),
    },
    RuleKind: {
        RuleKind.INTRUSION.name: marked("Person in a guarded zone"),
        RuleKind.LINE_CROSSING.name: marked("Line crossed"),
        RuleKind.LOITERING.name: marked("Loitering"),
        RuleKind.CROWD.name: marked("Crowd"),
        RuleKind.DENSITY.name: marked("Dense crowd"),
        RuleKind.ABANDONED.name: marked("Abandoned thing"),
        RuleKind.REMOVED.name: marked("Thing removed"),
        RuleKind.WRONG_WAY.name: marked("Wrong way"),
        RuleKind.STOPPED.name: marked("Stopped vehicle"),
        RuleKind.RUNNING.name: marked("Running"),
        RuleKind.SPEED.name: marked("Speed"),
        RuleKind.PERIMETER.name: marked("Protected perimeter"),
        RuleKind.TAMPER.name: marked("Camera tampered with"),
        RuleKind.SIGNAL_LOSS.name: marked("No signal"),
    },
    AlarmState: {
        AlarmState.RAISED.name: marked("Raised"),
        AlarmState.ACKNOWLEDGED.name: marked("Acknowledged"),
        AlarmState.JUDGED.name: marked("Judged"),
    },
    Verdict: {
        Verdict.INCIDENT.name: marked("Incident"),
        Verdict.JOINED.name: marked("Joined to an incident"),
        Verdict.FALSE.name: marked("False alarm"),
    },
    IncidentState: {
        IncidentState.NEW.name: marked("New"),
        IncidentState.ACKNOWLEDGED.name: marked("Acknowledged"),
        IncidentState.VERIFIED.name: marked("Verified"),
        IncidentState.HANDED_OVER.name: marked("Handed over"),
        IncidentState.ACCEPTED.name: marked("Accepted"),
        IncidentState.ON_SCENE.name: marked("On scene"),
        IncidentState.RESOLVED.name: marked("Resolved"),
        IncidentState.CLOSED.name: marked("Closed"),
    },
    Outcome: {
        Outcome.DETAINED.name: marked("Detained"),
        Outcome.FOUND.name: marked("Found"),
        Outcome.HANDED_OVER.name: marked("Handed over"),
        Outcome.PREVENTED.name: marked("Prevented"),
        Outcome.FALSE.name: marked("False"),
        Outcome.NO_RESULT.name: marked("No result"),
    },
    GapReason: {
        GapReason.NO_SIGNAL.name: marked("No signal"),
        GapReason.STOPPED.name: marked("Recording was stopped"),
        GapReason.DISK_FULL.name: marked("The disk was full"),
        GapReason.DISK_FAILED.name: marked("The disk failed"),
        GapReason.TOO_SLOW.name: marked("The disk was too slow"),
        GapReason.CLOCK_STEP.name: marked("The clock was set"),
        GapReason.DELETED.name: marked("Deleted after its time"),
        GapReason.NOT_PLANNED.name: marked("Recording was not planned"),
        GapReason.NOT_BEGUN.name: marked("Recording had not begun yet"),
        GapReason.NOT_YET.name: marked("The camera is away, or its picture still on its way"),
        GapReason.UNKNOWN.name: marked("Reason unknown"),
    },
    EvidenceKind: {
        EvidenceKind.STILL.name: marked("Still picture"),
        EvidenceKind.CLIP.name: marked("Clip"),
        EvidenceKind.FILE.name: marked("File"),
    },
    Role: {
        Role.OPERATOR.name: marked("Operator"),
        Role.SUPERVISOR.name: marked("Supervisor"),
        Role.INVESTIGATOR.name: marked("Investigator"),
        Role.PROTECTION_OFFICER.name: marked("Data-protection officer"),
        Role.ADMINISTRATOR.name: marked("Administrator"),
        Role.SERVICE.name: marked("Program"),
    },
    Source: {
        Source.ALARM.name: marked("Alarm"),
        Source.OPERATOR.name: marked("Operator"),
        Source.CALL.name: marked("Call"),
    },
    NoteKind: {
        NoteKind.NOTE.name: marked("Note"),
        NoteKind.MARK.name: marked("Mark"),
        NoteKind.BOOKMARK.name: marked("Bookmark"),
        NoteKind.HOP.name: marked("Followed to"),
        NoteKind.ANSWER.name: marked("Answer"),
        NoteKind.CLOCK.name: marked("Clock set"),
    },
    HandoverState: {
        HandoverState.SENT.name: marked("Sent"),
        HandoverState.ACCEPTED.name: marked("Accepted"),
        HandoverState.REFUSED.name: marked("Refused"),
        HandoverState.ON_SCENE.name: marked("On scene"),
        HandoverState.DONE.name: marked("Done"),
        HandoverState.WITHDRAWN.name: marked("Withdrawn"),
    },
    LinkKind: {
        LinkKind.RELATED.name: marked("Related to"),
        LinkKind.FOLLOWS.name: marked("Follows from"),
    },
    ShelfState: {
        ShelfState.PUT_UP.name: marked("Shelved"),
        ShelfState.TAKEN_DOWN.name: marked("Taken back"),
    },
    LookoutState: {
        LookoutState.ACTIVE.name: marked("Active"),
        LookoutState.CLOSED.name: marked("Closed"),
    },
    ShiftState: {
        ShiftState.ON.name: marked("On shift"),
        ShiftState.HANDING_OVER.name: marked("Handing over"),
        ShiftState.OVER.name: marked("Over"),
    },
    ShiftItemKind: {
        ShiftItemKind.INCIDENT.name: marked("Open incident"),
        ShiftItemKind.MUTED_RULE.name: marked("Muted rule"),
        ShiftItemKind.LIFTED_MASK.name: marked("Lifted mask"),
        ShiftItemKind.DEAD_CAMERA.name: marked("Camera without a picture"),
        ShiftItemKind.LOOKOUT.name: marked("Lookout"),
        ShiftItemKind.SHELF.name: marked("Shelf"),
        ShiftItemKind.WORD.name: marked("Word"),
    },
    ApprovalKind: {
        ApprovalKind.MASTER_EXPORT.name: marked("Export of originals"),
        ApprovalKind.DISCLOSURE.name: marked("Disclosure"),
        ApprovalKind.ERASURE.name: marked("Erasure"),
        ApprovalKind.MASK_LIFT.name: marked("Lifting of masks"),
        ApprovalKind.RULE_CHANGE.name: marked("Change of a rule"),
    },
    ApprovalState: {
        ApprovalState.REQUESTED.name: marked("Requested"),
        ApprovalState.APPROVED.name: marked("Approved"),
        ApprovalState.REFUSED.name: marked("Refused"),
        ApprovalState.BROKEN_GLASS.name: marked("Used in an emergency"),
        ApprovalState.REVIEWED.name: marked("Reviewed"),
        ApprovalState.USED.name: marked("Used"),
    },
    AccessKind: {
        AccessKind.PLAYBACK.name: marked("Playback"),
        AccessKind.EXPORT.name: marked("Export"),
        AccessKind.SEARCH.name: marked("Search"),
        AccessKind.PTZ.name: marked("Camera moved"),
        AccessKind.MASK_LIFT.name: marked("Mask lifted"),
        AccessKind.BLACK_BOX.name: marked("Black box read"),
        AccessKind.JOURNAL.name: marked("Journal read"),
        AccessKind.DEGRADED.name: marked("Analytics degraded"),
        AccessKind.MODEL.name: marked("Model chosen"),
        AccessKind.RECIPIENT.name: marked("Recipient of pictures named"),
        AccessKind.ENCRYPTION.name: marked("Encryption of the journal changed"),
    },
    Channel: {
        Channel.SMTP.name: marked("E-mail"),
        Channel.WEBHOOK.name: marked("Webhook"),
        Channel.MQTT.name: marked("MQTT"),
        Channel.CAP.name: marked("CAP"),
    },
    OutboxState: {
        OutboxState.WAITING.name: marked("Waiting"),
        OutboxState.SENT.name: marked("Sent"),
        OutboxState.ANSWERED.name: marked("Answered"),
        OutboxState.FAILED.name: marked("Failed"),
        OutboxState.ESCALATED.name: marked("Escalated"),
    },
    DisclosureState: {
        DisclosureState.RECEIVED.name: marked("Received"),
        DisclosureState.APPROVED.name: marked("Approved"),
        DisclosureState.PACKED.name: marked("Packed"),
        DisclosureState.GIVEN.name: marked("Given"),
        DisclosureState.REFUSED.name: marked("Refused"),
    },
    TileState: {
        TileState.CONNECTING.name: marked("Connecting"),
        TileState.LIVE.name: marked("Live"),
        TileState.STALE.name: marked("Picture is old"),
        TileState.NO_SIGNAL.name: marked("No signal"),
        TileState.NO_RIGHTS.name: marked("No rights"),
    },
}

OBJECTS = {
    "person": marked("person"),
    "bicycle": marked("bicycle"),
    "car": marked("car"),
    "motorcycle": marked("motorcycle"),
    "bus": marked("bus"),
    "truck": marked("truck"),
    "dog": marked("dog"),
    "backpack": marked("backpack"),
    "suitcase": marked("suitcase"),
    "handbag": marked("handbag"),
    "bag": marked("bag"),
    "animal": marked("animal"),
    "no signal": marked("no signal"),
    "frozen": marked("frozen picture"),
    "dark": marked("dark picture"),
    "covered": marked("covered camera"),
    "defocused": marked("out of focus"),
    "moved": marked("turned camera"),
}

ACTIONS = {
    "put": marked("record changed"),
    "put first operator": marked("first administrator set"),
    "put credential": marked("camera login changed"),
    "put operator": marked("operator changed"),
    "remove": marked("record removed"),
    "record event": marked("event recorded"),
    "attach evidence": marked("evidence attached"),
    "acknowledge alarm": marked("alarm acknowledged"),
    "judge alarm": marked("alarm judged"),
    "reopen alarm": marked("alarm reopened"),
    "acknowledge incident": marked("incident acknowledged"),
    "verify incident": marked("incident verified"),
    "close incident": marked("incident closed"),
    "reopen incident": marked("incident reopened"),
    "export": marked("report exported"),
    "open incident": marked("incident entered"),
    "edit incident": marked("incident corrected"),
    "assign incident": marked("incident assigned"),
    "hand over incident": marked("handed over"),
    "answer hand-over": marked("service answered"),
    "resolve incident": marked("incident resolved"),
    "step back": marked("step taken back"),
    "merge incident": marked("incident merged"),
    "link incidents": marked("incidents linked"),
    "unlink incidents": marked("link removed"),
    "escalate incident": marked("deadline passed, escalated"),
    "restrict incident": marked("need to know changed"),
    "attach exhibit": marked("file attached"),
    "add note": marked("note added"),
    "edit note": marked("note changed"),
    "add participant": marked("participant added"),
    "remove participant": marked("participant removed"),
    "do step": marked("procedure step"),
    "publish lookout": marked("lookout published"),
    "acknowledge lookout": marked("lookout read"),
    "close lookout": marked("lookout closed"),
    "shelve alarms": marked("alarms shelved"),
    "unshelve alarms": marked("alarms back in the queue"),
    "set password": marked("password set"),
    "log in": marked("logged in"),
    "log out": marked("logged out"),
    "failed login": marked("login refused"),
    "start shift": marked("shift started"),
    "hand over shift": marked("shift handed over"),
    "take shift item": marked("taken over from a shift"),
    "end shift": marked("shift ended"),
    "lend sectors": marked("sectors lent"),
    "request approval": marked("approval requested"),
    "decide approval": marked("approval decided"),
    "break glass": marked("used in an emergency"),
    "review approval": marked("emergency use reviewed"),
    "record access": marked("looked at"),
    "mark alert": marked("alert sent"),
    "answer alert": marked("alert answered"),
    "escalate alert": marked("alert escalated"),
    "record package": marked("evidence package made"),
    "open disclosure": marked("disclosure requested"),
    "move disclosure": marked("disclosure moved on"),
    "erase": marked("erased by law"),
    "record footage digest": marked("recordings sealed"),
    "sign checkpoint": marked("checkpoint signed"),
}


def label_of(member: Enum) -> str:
    """Display name of a state, outcome, severity, rule kind, role ...; the bare value of one that has none."""
    text = LABELS.get(type(member), {}).get(member.name)
    return _(text) if text else str(member.value)


def object_name(label: str) -> str:
    """Display name of what a detector saw (COCO label)."""
    return _(OBJECTS[label]) if label in OBJECTS else label


def action_name(action: str) -> str:
    """Display name of a command's `action`, as the history tells it."""
    return _(ACTIONS[action]) if action in ACTIONS else action


def outcome_name(outcome_id: str, outcomes: Iterable[OutcomeKind] = ()) -> str:
    """Display name of an outcome: the site's own name, else that of a built-in one, translated."""
    name = next((kind.name for kind in outcomes if kind.id == outcome_id), "")
    built_in = {outcome.value: LABELS[Outcome][outcome.name] for outcome in Outcome}.get(outcome_id)
    return _(built_in) if built_in and name in ("", built_in) else name or outcome_id
