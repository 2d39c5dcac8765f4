"""Exit codes of the command line: 0 done, 1 fault of the program, 2 usage, 3 something is missing, then by cause."""

from __future__ import annotations

from app.errors import AppCode
from detection.detector import DetectionCode
from storage.errors import StorageCode, WatchfloorError
from video.source import VideoCode

BUG = 1
USAGE = 2
MISSING = 3
LATE = 4
ALTERED = 5
FAILED = 6
RUNNING = 7

_CODES: dict[str, int] = {
    AppCode.BAD_USAGE: USAGE,
    AppCode.NO_BENCH: USAGE,
    AppCode.BAD_RECORD: USAGE,
    AppCode.BAD_CLASSES: USAGE,
    AppCode.BAD_TEMPLATE: USAGE,
    AppCode.NO_CAMERAS: USAGE,
    AppCode.UNKNOWN_LAYOUT: USAGE,
    AppCode.UNKNOWN_MONITOR: USAGE,
    AppCode.NO_DISPLAY: MISSING,
    AppCode.NO_QT: MISSING,
    AppCode.NO_MODEL_FOR_BENCH: MISSING,
    AppCode.NO_FFMPEG: MISSING,
    AppCode.ALREADY_RUNNING: RUNNING,
    AppCode.NOT_INTACT: ALTERED,
    AppCode.FOOTAGE_NOT_INTACT: ALTERED,
    AppCode.PACKAGE_NOT_INTACT: ALTERED,
    AppCode.UNKNOWN_SIGNER: MISSING,
    AppCode.ANOTHER_SIGNER: ALTERED,
    AppCode.SHUTDOWN_LATE: LATE,
    AppCode.INTERNAL: BUG,
    AppCode.UNKNOWN_INCIDENT: 26,
    AppCode.NO_BLACK_BOX: MISSING,
    AppCode.BLACK_BOX_DAMAGED: 24,
    AppCode.SECOND_PERSON: 27,
    AppCode.NOTHING_SHOWN: 26,
    AppCode.RANGE_UNREADABLE: USAGE,
    AppCode.RANGE_EMPTY: USAGE,
    AppCode.EXPORT_NOTHING_CHOSEN: USAGE,
    AppCode.EXPORT_NEEDS_CASE: USAGE,
    AppCode.EXPORT_EMPTY: 26,
    AppCode.FETCH_RANGE: USAGE,
    AppCode.BAD_RECORDER: USAGE,
    AppCode.RECORDER_CHOOSE: USAGE,
    AppCode.NOTHING_MISSING: 41,
    AppCode.NO_SUCH_TRACK: 26,
    AppCode.EXPORT_NOT_INTACT: ALTERED,
    AppCode.EXPORT_RUNNING: RUNNING,
    AppCode.FETCH_RUNNING: RUNNING,
    AppCode.EXPORT_ALTERED: ALTERED,
    DetectionCode.NO_MODEL: MISSING,
    DetectionCode.UNKNOWN_MODEL: MISSING,
    VideoCode.UNKNOWN_SCHEME: 10,
    VideoCode.UNREACHABLE: 11,
    VideoCode.UNAUTHORIZED: 12,
    VideoCode.NOT_FOUND: 13,
    VideoCode.NO_FILE: 14,
    VideoCode.NOT_VIDEO: 15,
    VideoCode.SILENT: 16,
    VideoCode.ENDED: 17,
    VideoCode.DAMAGED: 18,
    VideoCode.UNSUPPORTED: 19,
    VideoCode.NO_REPLAY: 40,
    VideoCode.NO_RECORDING: 41,
    VideoCode.ELSEWHERE: 42,
    VideoCode.BAD_ANSWER: 43,
    StorageCode.KEY_MISSING: MISSING,
    StorageCode.NO_CIPHER: MISSING,
    StorageCode.FOLDER_TAKEN: RUNNING,
    StorageCode.IN_USE: RUNNING,
    StorageCode.NOT_WHOLE: ALTERED,
    StorageCode.DISK_FULL: 20,
    StorageCode.READ_ONLY: 21,
    StorageCode.NEWER_JOURNAL: 22,
    StorageCode.NOT_A_JOURNAL: 23,
    StorageCode.DAMAGED: 24,
    StorageCode.NETWORK_PATH: 25,
    StorageCode.NOT_FOUND: 26,
    StorageCode.FOLDER_MISSING: 26,
    StorageCode.NOT_PERMITTED: 27,
    DetectionCode.BAD_MODEL: 30,
    DetectionCode.WRONG_TASK: 31,
    DetectionCode.WRONG_SIZE: 31,
    DetectionCode.WRONG_CLASSES: 31,
    DetectionCode.ALTERED_MODEL: ALTERED,
    DetectionCode.MODEL_IN_USE: RUNNING,
    DetectionCode.TOO_MANY_MODELS: RUNNING,
    DetectionCode.IMPORT_FAILED: 30,
    DetectionCode.BENCH_FAILED: FAILED,
    DetectionCode.NOT_FLOAT: 31,
    DetectionCode.NO_QUANTIZER: MISSING,
    DetectionCode.FEW_PICTURES: MISSING,
    DetectionCode.QUANTIZE_FAILED: FAILED,
    DetectionCode.NO_DOWNLOAD: 32,
    DetectionCode.FETCH_FAILED: 33,
}


def exit_code_of(error: WatchfloorError) -> int:
    """The exit code that says which failure it was."""
    return _CODES.get(error.code, FAILED)
