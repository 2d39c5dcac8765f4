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
    NO_FFMPEG = "app.no_ffmpeg"
    UNKNOWN_INCIDENT = "app.unknown_incident"
    ALREADY_RUNNING = "app.already_running"
    NOT_WRITTEN = "app.not_written"
    NOT_INTACT = "app.not_intact"
    FOOTAGE_NOT_INTACT = "app.footage_not_intact"
    SHUTDOWN_LATE = "app.shutdown_late"
    INTERNAL = "app.internal"


class AppError(WatchfloorError):
    """A command, a report or a start-up step failed for a reason outside the program."""
