"""What operators read: one sentence per error code of every layer, and display names of all enumerations.

A sentence says what happened and what to do. Details that it has no place for follow in brackets when operators can use
them; the rest is for the log. Credentials never pass: every detail is redacted again. Pure, any thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter

from app.errors import AppCode
from app.i18n import _, marked
from app.log import cleaned
from detection.detector import DetectionCode
from storage.errors import StorageCode, WatchfloorError
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
    StorageCode.DAMAGED: marked(
        "{path} is damaged. If it is the journal, end Watchfloor; “main.py restore BACKUP” then puts a good backup in"
        " its place and keeps the damaged file."
    ),
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
    StorageCode.NO_REASON: marked("This needs a reason or a case. Say why, or choose the incident, and try again."),
    StorageCode.HELD: marked(
        "A legal hold or an authority's open request keeps this. Take the hold out of use first, or wait for its end."
    ),
    StorageCode.BAD_SETTINGS: marked(
        "The settings file {path} cannot be read. Correct it, or move it away to start with the standard settings."
    ),
    StorageCode.BAD_KEY: marked(
        "The key {path} cannot be used. Put the right key file there; without it nothing can be signed or unsealed."
    ),
    StorageCode.FOLDER_TAKEN: marked(
        "Another Watchfloor already records into {path}. Stop it, or choose another recordings folder."
    ),
    StorageCode.CANCELLED: marked("The search was cancelled."),
    StorageCode.BAD_LAYOUT: marked(
        "The cells of the layout “{name}” overlap, leave a hole or reach beyond it. Cover every place of the grid once."
    ),
    StorageCode.FOLDER_MISSING: marked(
        "The recordings folder {path} is not there: its disk is not mounted. Nothing is recorded there until it is. "
        "If it is a new disk, make an empty file .watchfloor-recordings in the folder."
    ),
    StorageCode.ALREADY_ASKED: marked("A second person was asked for this already and has not answered (approvals)."),
    StorageCode.NEEDS_TRIAL: marked(
        "Not changed: a guard rule that found confirmed alarms in the last days depends on it. "
        "Save it in its form, where it is tried first and a second person can sign for it."
    ),
    StorageCode.BAD_SCHEDULE: marked(
        "The recording schedule of a camera cannot be read. Write it like “Mon-Fri 08:00-18:00; Sat 10:00-14:00”."
    ),
    StorageCode.IN_USE: marked("A program has {path} open. End Watchfloor on this machine, then try again."),
    StorageCode.NOT_WHOLE: marked(
        "The backup {path} is not intact and was not put back. Take another one, or give --force if there is none."
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
    VideoCode.NO_DEVICE: marked(
        "The camera device {url} cannot be opened. Connect it, and give your user the right to use it (group video)."
    ),
    VideoCode.NO_PROTOCOL: marked(
        "{url} needs a protocol that the installed FFmpeg does not have. Let a media server pass it on as RTSP."
    ),
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
    DetectionCode.WRONG_SIZE: marked(
        "The model {path} takes pictures of a size that does not fit here. It needs one colour picture of 64 to 2048 px"
        " on each side; export it with 640 px."
    ),
    DetectionCode.WRONG_CLASSES: marked(
        "The names of the classes of the model {path} do not fit what it gives. Put its metadata.yaml beside it, or"
        " name its classes in the settings."
    ),
    DetectionCode.ALTERED_MODEL: marked(
        "The files of the model {path} are not those that were put in place. Remove it, and import it again from a"
        " source that you trust."
    ),
    DetectionCode.MODEL_IN_USE: marked("The model {path} is the one in use. Choose another one first."),
    DetectionCode.IMPORT_FAILED: marked(
        "The model could not be imported. Nothing was changed; check that the file is whole and made by ultralytics,"
        " or export it to OpenVINO where it was trained."
    ),
    DetectionCode.BENCH_FAILED: marked("The model could not be measured. Look at whether it is intact, and try again."),
    DetectionCode.NO_DOWNLOAD: marked(
        "Downloads are switched off (YOLO_OFFLINE). Put a model into the models folder by hand, or allow downloads."
    ),
    DetectionCode.FETCH_FAILED: marked(
        "The model could not be fetched. Check the network, or put the file there by"
        " hand; the built-in people detector works meanwhile."
    ),
    DetectionCode.BAD_RULE: marked(
        "A guard rule cannot work like this. Correct its schedule, limit or direction, or draw the camera's scale."
    ),
    DetectionCode.BAD_ZONE: marked(
        "A zone needs at least three different points within the picture and must not cross itself; a line needs two."
        " Draw it again."
    ),
    AppCode.NO_RECORDINGS: marked("Nothing is recorded at this seat, so there is nothing to pack. Look at the banner."),
    AppCode.BAD_RECORD: marked("The value for “{name}” does not fit here. Possible: {known}."),
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
    AppCode.BAD_TEMPLATE: marked(
        "Reports have the standard look: the site's template cannot be used. Mend it in settings.toml."
    ),
    AppCode.NOT_WRITTEN: marked("{path} could not be written. Check the folder and try again."),
    AppCode.NOT_INTACT: marked("The journal {path} is not intact. Keep a copy as it is and inform the administrator."),
    AppCode.FOOTAGE_NOT_INTACT: marked(
        "Recordings were altered or are missing. Keep them as they are and inform the administrator."
    ),
    AppCode.SHUTDOWN_LATE: marked("A part of the program did not end in time: {name}. The log has its state."),
    AppCode.ALERT_REFUSED: marked(
        "{target} did not take the alert. Tell the service by telephone or radio, and check its address."
    ),
    AppCode.ALERT_UNREACHABLE: marked(
        "Nothing answers at {target}. Tell the service by telephone or radio; Watchfloor tries again by itself."
    ),
    AppCode.ALERT_TIMEOUT: marked(
        "{target} did not answer in time. Tell the service by telephone or radio; Watchfloor tries again by itself."
    ),
    AppCode.ALERT_LOGIN: marked("{target} refuses our login, or none is kept for it. Give the right one again."),
    AppCode.ALERT_TLS: marked(
        "The connection to {target} is not safe. Check its certificate and the authorities in the settings."
    ),
    AppCode.ALERT_TARGET: marked("An alert cannot be sent to {target}. Correct the route's target or the settings."),
    AppCode.ALERT_NOT_VALID: marked("The alert is not valid CAP 1.2 and was not sent. Report it."),
    AppCode.ALERT_NO_KEY: marked(
        "The alert went to {target} without pictures: nobody is named there with a key. "
        "“main.py alert recipient” names one; or switch pictures off for this route."
    ),
    AppCode.ALERT_NO_STILLS: marked("The alert went to {target} without its pictures: they could not be sealed."),
    AppCode.ALERT_UNANSWERED: marked("{name} did not answer about incident {incident}. Call by telephone or radio."),
    AppCode.ANSWERS_ADDRESS: marked(
        "Answers cannot be received at {address}. Choose another address or port in the settings."
    ),
    AppCode.ANSWERS_NEED_TLS: marked(
        "Answers from other machines need a certificate. Give one in the settings, or receive on 127.0.0.1 only."
    ),
    AppCode.SEAT_EMPTY: marked("Nobody is signed in at this seat. Sign in; the wall goes on meanwhile."),
    AppCode.SEAT_LOCKED: marked("This seat is locked. Unlock it by your password, or relieve your colleague by yours."),
    AppCode.SEAT_BUSY: marked("The seat is busy. Wait a moment and try again."),
    AppCode.WRONG_LOGIN: marked("Name and password do not fit. Check the keyboard's language and try again."),
    AppCode.LOGIN_DELAYED: marked("Too many wrong passwords. Wait {seconds} s and try again."),
    AppCode.SEAT_UNPROTECTED: marked("There is no password yet. Set one with “main.py operator password”."),
    AppCode.TEMPORARY_LOGIN: marked(
        "Your password is a temporary one. Choose your own; until then nothing can be done."
    ),
    AppCode.RANGE_UNREADABLE: marked(
        "This range of time cannot be read. Type it like “yesterday 18:00-18:20” or “2026-10-24 18:00 - 18:20”."
    ),
    AppCode.RANGE_EMPTY: marked(
        "This range lies in the future, ends before it begins, or is longer than a month. Type another one."
    ),
    AppCode.EXPORT_EMPTY: marked(
        "There is no footage of these cameras in this time. Nothing was delivered; choose another time."
    ),
    AppCode.EXPORT_NOT_INTACT: marked(
        "The export did not read back as it was written ({path}) and was not delivered. Check the disk, and try again."
    ),
    AppCode.EXPORT_NEEDS_CASE: marked(
        "Untouched recordings, and what goes into an incident, need the incident. Select it first, and try again."
    ),
    AppCode.SEARCH_RANGE: marked("Search a time of at most 31 days, with its end after its beginning."),
    AppCode.SEARCH_CAMERA: marked("You may not search this camera. Choose one of your camera groups."),
    AppCode.NO_FOOTAGE_THERE: marked("There are no recordings of this camera at that time. Choose another time."),
    AppCode.NO_TRACKS_THERE: marked(
        "No tracks of this camera are stored of that time. Search for motion, or choose another time."
    ),
    AppCode.EXPORT_NOTHING_CHOSEN: marked("Choose at least one camera, and what is wanted of it."),
    AppCode.NO_SUCH_TRACK: marked(
        "The chosen person or vehicle is not among the stored tracks of this time. List them again, and choose another."
    ),
    AppCode.FOREIGN_NO_FILE: marked("{path} cannot be read. Choose a file that is there and that you may read."),
    AppCode.FOREIGN_EMPTY: marked("{path} is empty. Ask for it again; nothing was taken in."),
    AppCode.FOREIGN_TOO_LARGE: marked(
        "{path} is too large for the room on the disk or for one file. Cut it, or free space; nothing was taken in."
    ),
    AppCode.FOREIGN_NOT_FILM: marked(
        "{path} is neither a film nor a picture that can be read here. Nothing was taken in; keep its medium."
    ),
    AppCode.FOREIGN_TRUNCATED: marked(
        "{path} is cut off: its end is missing. Ask for it again; nothing was taken in, keep the medium it came on."
    ),
    AppCode.FOREIGN_CHANGED: marked("{path} changed while it was read. Wait until it is copied, and try again."),
    AppCode.CANCELLED: marked("The work was cancelled. Nothing was delivered; start it again when it is wanted."),
    AppCode.NOT_A_PACKAGE: marked("{path} is not an evidence package, or cannot be read. Choose the right file."),
    AppCode.PACKAGE_NOT_INTACT: marked(
        "The package {path} is not intact. Do not rely on it; have it made again by the site that it comes from."
    ),
    AppCode.UNKNOWN_SIGNER: marked(
        "The package is intact, but nobody knows who signed it. Ask the site for its fingerprint by another way."
    ),
    AppCode.METRICS_ADDRESS: marked(
        "Health cannot be served to Prometheus at {address}. Choose another port in the settings."
    ),
    AppCode.NO_BLACK_BOX: marked(
        "There is no black box at {path} yet. It begins with the first wall that is shown on this machine."
    ),
    AppCode.BLACK_BOX_DAMAGED: marked(
        "The black box {path} is damaged and cannot be read. Keep a copy of it and inform the administrator."
    ),
    AppCode.NOTHING_SHOWN: marked("The black box knows of no wall at {name}. It has {known}."),
    AppCode.IMPORT_NO_FILE: marked("There is no file {path}. Nothing was stored; check the path."),
    AppCode.IMPORT_TOO_LARGE: marked(
        "{path} is too large, or nested too deep, for a list of cameras. Nothing was stored; choose the right file."
    ),
    AppCode.IMPORT_BROKEN: marked("{path} cannot be read at line {line}. Correct it there; nothing was stored."),
    AppCode.IMPORT_COLUMNS: marked(
        "{path} has no column with addresses in its header at line {line}. Name the columns like {known}."
    ),
    AppCode.IMPORT_KIND: marked(
        "{path} is not a list of cameras that is known: a table with a header, or a configuration of Frigate, go2rtc"
        " or MediaMTX. Choose the right file, or say which it is with --from."
    ),
    AppCode.IMPORT_ADDRESS: marked(
        "{address} is no address or range of at most 1024 that can be used. Write it like 192.168.1.10-20."
    ),
    AppCode.IMPORT_API: marked(
        "{url} does not answer as MediaMTX's API does. Check the address, and that the API is switched on there."
    ),
    AppCode.IMPORT_NONE: marked("There is no import that could be taken back."),
    AppCode.UNKNOWN_LAYOUT: marked("There is no view or layout “{name}”. There are: {known}."),
    AppCode.UNKNOWN_MONITOR: marked("There is no monitor {name}. There are: {known}."),
    AppCode.SECOND_PERSON: marked("A second person has to sign for this first: see “Approvals”."),
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
    "target": marked("the service"),
    "address": marked("this address"),
    "seconds": marked("some"),
    "known": marked("see the help"),
    "line": marked("1"),
}
_FILE_NOT_FOUND = marked("There is no file {path}. Check the path.")
_REASONS = (
    marked("inside the journal's folder"),
    marked("last administrator"),
    marked("no incident to join"),
    marked("no signing key"),
    marked("not Unicode text"),
    marked("at least 8 letters"),
    marked("not valid at this time"),
    marked("camera of another group"),
    marked("somebody else's login"),
    marked("somebody else's shift"),
    marked("somebody else's incident"),
    marked("somebody else's record"),
    marked("the one who asked"),
    marked("the one who broke the glass"),
    marked("never without a second person"),
    marked("no public key of a recipient"),
    marked("not sealed"),
    marked("no approval"),
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
