"""Expected failures of the application layer: what the command line and the composition root can refuse."""

from __future__ import annotations

from enum import StrEnum

from storage.errors import WatchfloorError


class AppCode(StrEnum):
    """Why the program could not do what was asked."""

    BAD_USAGE = "app.bad_usage"
    NO_DISPLAY = "app.no_display"
    NO_QT = "app.no_qt"
    NO_CAMERAS = "app.no_cameras"
    NO_MODEL_FOR_BENCH = "app.no_model_for_bench"
    NO_BENCH = "app.no_bench"
    BAD_RECORD = "app.bad_record"
    NO_FFMPEG = "app.no_ffmpeg"
    UNKNOWN_INCIDENT = "app.unknown_incident"
    ALREADY_RUNNING = "app.already_running"
    NOT_WRITTEN = "app.not_written"
    NOT_INTACT = "app.not_intact"
    FOOTAGE_NOT_INTACT = "app.footage_not_intact"
    SHUTDOWN_LATE = "app.shutdown_late"
    ALERT_REFUSED = "app.alert_refused"
    ALERT_UNREACHABLE = "app.alert_unreachable"
    ALERT_TIMEOUT = "app.alert_timeout"
    ALERT_LOGIN = "app.alert_login"
    ALERT_TLS = "app.alert_tls"
    ALERT_TARGET = "app.alert_target"
    ALERT_NOT_VALID = "app.alert_not_valid"
    ALERT_NO_KEY = "app.alert_no_key"
    ALERT_UNANSWERED = "app.alert_unanswered"
    ANSWERS_ADDRESS = "app.answers_address"
    ANSWERS_NEED_TLS = "app.answers_need_tls"
    SEAT_EMPTY = "app.seat_empty"
    SEAT_LOCKED = "app.seat_locked"
    SEAT_BUSY = "app.seat_busy"
    WRONG_LOGIN = "app.wrong_login"
    LOGIN_DELAYED = "app.login_delayed"
    SEAT_UNPROTECTED = "app.seat_unprotected"
    TEMPORARY_LOGIN = "app.temporary_login"
    CANCELLED = "app.cancelled"
    NO_RECORDINGS = "app.no_recordings"
    NOT_A_PACKAGE = "app.not_a_package"
    PACKAGE_NOT_INTACT = "app.package_not_intact"
    UNKNOWN_SIGNER = "app.unknown_signer"
    METRICS_ADDRESS = "app.metrics_address"
    NO_BLACK_BOX = "app.no_black_box"
    BLACK_BOX_DAMAGED = "app.black_box_damaged"
    NOTHING_SHOWN = "app.nothing_shown"
    IMPORT_NO_FILE = "app.import_no_file"
    IMPORT_TOO_LARGE = "app.import_too_large"
    IMPORT_BROKEN = "app.import_broken"
    IMPORT_COLUMNS = "app.import_columns"
    IMPORT_KIND = "app.import_kind"
    IMPORT_ADDRESS = "app.import_address"
    IMPORT_API = "app.import_api"
    IMPORT_NONE = "app.import_none"
    UNKNOWN_LAYOUT = "app.unknown_layout"
    UNKNOWN_MONITOR = "app.unknown_monitor"
    INTERNAL = "app.internal"


class AppError(WatchfloorError):
    """A command, a report or a start-up step failed for a reason outside the program."""
