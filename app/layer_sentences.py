"""What operators read for the error codes of the layers below `app`; `app.texts` fills them in and has the rest.

Pure data, any thread. A test holds every code to have its sentence.
"""

from __future__ import annotations

from app.i18n import marked
from detection.detector import DetectionCode
from storage.errors import StorageCode
from video.source import VideoCode

LAYER_SENTENCES: dict[str, str] = {
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
    StorageCode.KEY_MISSING: marked(
        "{path} is encrypted with a key that this site does not have. Put the right key file back, or add its keys with"
        " “main.py journal take-keys FILE”; nothing was touched."
    ),
    StorageCode.NO_CIPHER: marked(
        "For {path} SQLCipher is needed: install it with “pip install sqlcipher3”, then try again; nothing was touched."
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
    VideoCode.NO_REPLAY: marked(
        "{url} does not play recordings back (no ONVIF Profile G, and no address of its maker is known). Fetch the file"
        " at the recorder itself and take it in with Alt+I."
    ),
    VideoCode.NO_RECORDING: marked("The recorder has nothing of that time ({url})."),
    VideoCode.ELSEWHERE: marked(
        "{url} sends us on to another address; that is not followed, so that no login reaches another machine. Name the"
        " right address."
    ),
    VideoCode.BAD_ANSWER: marked("{url} answers with what cannot be read. Check the address."),
    VideoCode.NOT_BUFFERED: marked("There is no picture of that moment any more: it has left the buffer."),
    VideoCode.DISK_FULL: marked("The disk is full: the recording could not be written. Free some space."),
    VideoCode.DISK_FAILED: marked("The recording could not be written. Check the disk and its folder."),
    DetectionCode.NO_MODEL: marked(
        "There is no detection model. Fetch one with “main.py model fetch”, or give its path"
        " with --model; until then the built-in people detector works."
    ),
    DetectionCode.UNKNOWN_MODEL: marked(
        "There is no model {path}. Check the path; “main.py model list” names those that are here."
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
        "The names of the classes of the model {path} do not fit what it gives. Put the metadata.yaml beside it"
        " that was written when it was exported."
    ),
    DetectionCode.ALTERED_MODEL: marked(
        "The files of the model {path} are not those that were put in place. Remove it, and import it again from a"
        " source that you trust."
    ),
    DetectionCode.MODEL_IN_USE: marked(
        "The model {path} is in use. Choose another one first, or give its cameras back."
    ),
    DetectionCode.TOO_MANY_MODELS: marked(
        "No more than two models work at a time: the site's, and one for single cameras. Give the cameras of the other"
        " one back first."
    ),
    DetectionCode.IMPORT_FAILED: marked(
        "The model could not be imported. Nothing was changed; check that the file is whole and made by ultralytics,"
        " or export it to OpenVINO where it was trained."
    ),
    DetectionCode.BENCH_FAILED: marked("The model could not be measured. Look at whether it is intact, and try again."),
    DetectionCode.NOT_FLOAT: marked(
        "The model {path} is an int8 model already. Choose the float model it was made of."
    ),
    DetectionCode.NO_QUANTIZER: marked(
        "An int8 model is made with nncf, which is not installed. Install it with “pip install nncf”, or bring an int8"
        " model that was made elsewhere."
    ),
    DetectionCode.FEW_PICTURES: marked(
        "Too few pictures for an int8 model: {found} different ones were found, at least {least} are needed. Give more"
        " cameras, a longer time, or another folder."
    ),
    DetectionCode.QUANTIZE_FAILED: marked(
        "No int8 model was made of {path}, and nothing was changed. Look at whether the model is intact and the disk"
        " has room, and try again."
    ),
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
}
