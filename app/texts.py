"""What operators read: one sentence per error code of every layer, and display names of all enumerations.

A sentence says what happened and what to do. Details that it has no place for follow in brackets when operators can use
them; the rest is for the log. Credentials never pass: every detail is redacted again. Any thread.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from string import Formatter

from app.errors import AppCode
from app.i18n import _, marked
from app.layer_sentences import LAYER_SENTENCES
from app.log import cleaned
from app.right_words import lacking
from storage.errors import StorageCode, WatchfloorError

log = logging.getLogger(__name__)

SENTENCES: dict[str, str] = {
    **LAYER_SENTENCES,
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
    AppCode.BAD_CLASSES: marked(
        "The line “{line}” cannot be used. Write it like “person: person, pedestrian”: first one of person, bicycle,"
        " motorcycle, car, bus, truck, bag, animal, then words of models, none of which is named twice."
    ),
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
    AppCode.EXPORT_RUNNING: marked(
        "The same export is being made already, here or by another program. Wait until it is done, or cancel it there."
    ),
    AppCode.NOT_AN_EXPORT: marked("{path} is not an export: a folder with export.json and export.sig is needed."),
    AppCode.EXPORT_ALTERED: marked(
        "{path} is not as it was signed. Do not rely on it; ask for the export again from where it came."
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
    AppCode.ANOTHER_SIGNER: marked(
        "{path} was signed by another key than the one that it is held against. Do not rely on it before the site that"
        " it comes from has told you its fingerprint by another way."
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
    AppCode.FETCH_RANGE: marked(
        "At most 24 hours of a time that has passed can be fetched at once. Choose a shorter one."
    ),
    AppCode.FETCH_RUNNING: marked("Another program fetches the same already. Wait until it is done."),
    AppCode.NOTHING_MISSING: marked("Nothing of that time is missing here."),
    AppCode.BAD_RECORDER: marked(
        "This is no address of a recorder: {address}. Type http://192.168.1.9 or http://host:port."
    ),
    AppCode.RECORDER_CHOOSE: marked("The recorder has several recordings. Say which one: {known}."),
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
    "found": marked("a few"),
    "least": marked("100"),
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
    marked("used already"),
    marked("not by rule"),
    marked("changed since it was signed"),
)
_BRACKETED = {
    "path": marked("file"),
    "url": marked("address"),
    "known": marked("known"),
    "state": marked("state"),
    "action": marked("step"),
    "codec": marked("codec"),
    "task": marked("task"),
    "field": marked("field"),
    "value": marked("value"),
    "line": marked("line"),
    "name": marked("name"),
    "file_system": marked("file system"),
    "why": marked("reason"),
    "reason": marked("reason"),
    "key_id": marked("key"),
    "keys": marked("key file"),
}
_LONGEST_DETAIL = 200


def sentence(error: WatchfloorError) -> str:
    """What happened and what to do, in the language in use; complete even where details are missing."""
    template = _lacking(error) or _(_template_of(error))
    filled = Formatter().vformat(template, (), _Filling(error.details))
    rest = _bracketed(error.details, template)
    return _capital(f"{filled} ({rest})" if rest else filled)


def _lacking(error: WatchfloorError) -> str:
    """Which right is missing; its technical name goes to the log."""
    permission = error.details.get("permission")
    if error.code is not StorageCode.NOT_PERMITTED or permission is None:
        return ""
    log.info("refused: %s", error)
    return lacking(str(permission), str(error.details.get("reason", "")))


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
