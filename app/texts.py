"""What operators read: one sentence per error code of every layer, and display names of all enumerations.

A sentence says what happened and what to do. Details that it has no place for follow in brackets when operators can use
them; the rest is for the log. Credentials never pass: every detail is redacted again. Pure, any thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from string import Formatter

from app.errors import AppCode
from app.feeds import TileState
from app.i18n import _, marked
from app.log import cleaned
from detection.detector import DetectionCode
from storage.errors import StorageCode, WatchfloorError
from storage.records import (
    AlarmState,
    EvidenceKind,
    GapReason,
    IncidentState,
    Outcome,
    Role,
    RuleKind,
    Severity,
    Verdict,
)
from video.source import VideoCode

SENTENCES: dict[str, str] = {
    StorageCode.DISK_FULL: marked(
        "The disk is full: {path} could not be written. Free some space; what was confirmed is safe."
    ),
    StorageCode.DISK_FAILED: marked(
        "The disk failed while reading or writing {path}. Check the disk and the log, and make a backup."
    ),
    StorageCode.READ_ONLY: marked(
        "{path} cannot be written. Give your user the right to write there, or choose another folder."
    ),
    StorageCode.NEWER_JOURNAL: marked(
        "The journal {path} was written by a newer version of Watchfloor. Update this"
        " program; the journal was not touched."
    ),
    StorageCode.NOT_A_JOURNAL: marked("{path} is not a Watchfloor journal. Choose the right file; it was not touched."),
    StorageCode.DAMAGED: marked("{path} is damaged. Keep a copy as it is, then put back the last good backup."),
    StorageCode.NETWORK_PATH: marked(
        "{path} lies on a network share, where a journal is not safe. Choose a folder on a disk of this machine."
    ),
    StorageCode.BUSY: marked(
        "The journal is busy and did not take the change in time. Nothing was written; try again."
    ),
    StorageCode.CLOSED: marked("The journal is closed because the program is ending. Nothing was written."),
    StorageCode.NOT_PERMITTED: marked("{actor} may not do this. Ask a supervisor or an administrator."),
    StorageCode.UNKNOWN_ACTOR: marked("{actor} is not known to this journal. Ask an administrator to add this user."),
    StorageCode.NOT_FOUND: marked(
        "{subject} was not found in the journal. It may have been removed; refresh the list."
    ),
    StorageCode.STALE_VERSION: marked(
        "Somebody else changed this in the meantime. Look at the new state and decide again."
    ),
    StorageCode.ILLEGAL_TRANSITION: marked(
        "This step is not possible in the present state. Look at the state and choose another step."
    ),
    StorageCode.BAD_VALUE: marked("The value for {field} is not acceptable. Correct it and try again."),
    StorageCode.BAD_SETTINGS: marked(
        "The settings file {path} cannot be read. Correct it, or move it away to start with the standard settings."
    ),
    StorageCode.BAD_KEY: marked(
        "The key {path} cannot be used. Put the right key file there; without it nothing can be signed or unsealed."
    ),
    StorageCode.FOLDER_TAKEN: marked(
        "Another Watchfloor already records into {path}. Stop it, or choose another recordings folder."
    ),
    VideoCode.UNKNOWN_SCHEME: marked("{url} is an address of an unknown kind. Use rtsp://, http:// or a video file."),
    VideoCode.UNREACHABLE: marked("Nothing answers at {url}. Check the address, the network and the camera's power."),
    VideoCode.UNAUTHORIZED: marked("{url} refuses the login. Check the user name and the password of the camera."),
    VideoCode.NOT_FOUND: marked("{url} has no such stream. Check the path at the end of the address."),
    VideoCode.NO_FILE: marked("There is no file {url}. Check the path."),
    VideoCode.NOT_VIDEO: marked("{url} holds no video. Choose a video file or the address of a camera's stream."),
    VideoCode.SILENT: marked("{url} answers but sends no picture. Restart the camera, or look at its stream settings."),
    VideoCode.ENDED: marked("{url} ended the stream. Watchfloor connects again by itself."),
    VideoCode.DAMAGED: marked("{url} sends data that cannot be decoded. Check the network and the camera's codec."),
    VideoCode.UNSUPPORTED: marked("{url} sends a format that is not supported. Set the camera to H.264 or H.265."),
    VideoCode.NOT_BUFFERED: marked("There is no picture of that moment any more: it has left the buffer."),
    VideoCode.DISK_FULL: marked("The disk is full: the recording could not be written. Free some space."),
    VideoCode.DISK_FAILED: marked("The recording could not be written. Check the disk and its folder."),
    DetectionCode.NO_MODEL: marked(
        "There is no detection model. Fetch one with “main.py model fetch”, or give its path"
        " with --model; until then the built-in people detector works."
    ),
    DetectionCode.BAD_MODEL: marked(
        "The model {path} cannot be used: it is empty, damaged or of an unknown format. Choose another one."
    ),
    DetectionCode.WRONG_TASK: marked("The model {path} was made for another task. Choose a detection model."),
    DetectionCode.NO_DOWNLOAD: marked(
        "Downloads are switched off (YOLO_OFFLINE). Put a model into the models folder by hand, or allow downloads."
    ),
    DetectionCode.FETCH_FAILED: marked(
        "The model could not be fetched. Check the network, or put the file there by"
        " hand; the built-in people detector works meanwhile."
    ),
    DetectionCode.BAD_ZONE: marked("A zone needs at least three different points within the picture. Draw it again."),
    AppCode.BAD_USAGE: marked("The command is not complete or not known. “main.py --help” shows how to use it."),
    AppCode.NO_DISPLAY: marked(
        "There is no display to open a window on. Start it in a desktop session, or use --offscreen or “main.py node”."
    ),
    AppCode.NO_QT: marked(
        "The window system library (Qt) cannot be loaded. Run ./run, which installs what is missing,"
        " or use “main.py node”."
    ),
    AppCode.NO_CAMERAS: marked("There is no camera yet. Give one with --camera, or start “main.py demo”."),
    AppCode.NO_MODEL_FOR_BENCH: marked("This benchmark needs a detection model. Set WATCHFLOOR_MODEL to one."),
    AppCode.NO_BENCH: marked("There is no benchmark {name}. “main.py bench --help” lists them."),
    AppCode.NO_FFMPEG: marked("The reference program ffmpeg was not found. Install it to compare with it."),
    AppCode.UNKNOWN_INCIDENT: marked("There is no incident {incident} in this journal. Check the number."),
    AppCode.ALREADY_RUNNING: marked("Watchfloor already runs for this user. Its window was asked to come forward."),
    AppCode.NOT_WRITTEN: marked("{path} could not be written. Check the folder and try again."),
    AppCode.NOT_INTACT: marked("The journal {path} is not intact. Keep a copy as it is and inform the administrator."),
    AppCode.FOOTAGE_NOT_INTACT: marked(
        "Recordings were altered or are missing. Keep them as they are and inform the administrator."
    ),
    AppCode.SHUTDOWN_LATE: marked("A part of the program did not end in time: {name}. The log has its state."),
    AppCode.INTERNAL: marked("Something unexpected happened inside the program. The log has the details; report it."),
}

_UNKNOWN = {
    "path": marked("the file"),
    "url": marked("the camera"),
    "actor": marked("this user"),
    "subject": marked("the record"),
    "field": marked("a field"),
    "incident": marked("of that number"),
    "name": marked("of that name"),
}
_FILE_NOT_FOUND = marked("There is no file {path}. Check the path.")
_REASONS = (
    marked("inside the journal's folder"),
    marked("last administrator"),
    marked("no incident to join"),
    marked("no signing key"),
    marked("not Unicode text"),
)
_BRACKETED = {
    "path": marked("file"),
    "url": marked("address"),
    "known": marked("known"),
    "state": marked("state"),
    "action": marked("step"),
    "permission": marked("permission"),
    "codec": marked("codec"),
    "task": marked("task"),
    "field": marked("field"),
    "value": marked("value"),
    "line": marked("line"),
    "name": marked("name"),
    "file_system": marked("file system"),
    "why": marked("reason"),
    "reason": marked("reason"),
}
_LONGEST_DETAIL = 200

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
        IncidentState.CLOSED.name: marked("Closed"),
    },
    Outcome: {
        Outcome.DETAINED.name: marked("Detained"),
        Outcome.FOUND.name: marked("Found"),
        Outcome.HANDED_OVER.name: marked("Handed over"),
        Outcome.PREVENTED.name: marked("Prevented"),
        Outcome.FALSE.name: marked("False alarm"),
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
        GapReason.UNKNOWN.name: marked("Reason unknown"),
    },
    EvidenceKind: {
        EvidenceKind.STILL.name: marked("Still picture"),
    },
    Role: {
        Role.OPERATOR.name: marked("Operator"),
        Role.SUPERVISOR.name: marked("Supervisor"),
        Role.INVESTIGATOR.name: marked("Investigator"),
        Role.ADMINISTRATOR.name: marked("Administrator"),
        Role.SERVICE.name: marked("Program"),
    },
    TileState: {
        TileState.CONNECTING.name: marked("Connecting"),
        TileState.LIVE.name: marked("Live"),
        TileState.STALE.name: marked("Picture is old"),
        TileState.NO_SIGNAL.name: marked("No signal"),
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
    "record footage digest": marked("recordings sealed"),
    "sign checkpoint": marked("checkpoint signed"),
}


def sentence(error: WatchfloorError) -> str:
    """What happened and what to do, in the language in use; complete even where details are missing."""
    template = _(_template_of(error))
    filled = Formatter().vformat(template, (), _Filling(error.details))
    rest = _bracketed(error.details, template)
    return _capital(f"{filled} ({rest})" if rest else filled)


def _template_of(error: WatchfloorError) -> str:
    if error.code is StorageCode.NOT_FOUND and "path" in error.details:
        return _FILE_NOT_FOUND
    return SENTENCES.get(error.code.value, SENTENCES[AppCode.INTERNAL])


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


class _Filling(dict[str, str]):
    """Details for a template; a missing one is replaced by a general word."""

    def __init__(self, details: Mapping[str, str | int | float]) -> None:
        super().__init__({key: _shown(value) for key, value in details.items()})

    def __missing__(self, key: str) -> str:
        return _(_UNKNOWN.get(key, "?"))


def _bracketed(details: Mapping[str, str | int | float], template: str) -> str:
    extra = [key for key in _BRACKETED if key in details and f"{{{key}}}" not in template]
    return "; ".join(f"{_(_BRACKETED[key])}: {_worded(details[key])}" for key in extra)


def _worded(value: str | int | float) -> str:
    return _(str(value)) if value in _REASONS else _shown(value)


def _shown(value: str | int | float) -> str:
    text = cleaned(" ".join(str(value).split()))
    return text if len(text) <= _LONGEST_DETAIL else text[: _LONGEST_DETAIL - 1] + "…"


def _capital(text: str) -> str:
    """First letter of a sentence that begins with a general word; paths and addresses stay as they are."""
    first_word = text.split(" ", 1)[0]
    return text if any(c in first_word for c in "/\\.:") else text[:1].upper() + text[1:]
