"""Where log lines go, and what never gets into them: one line each on stderr, and a rotating file.

Every record is redacted when it is formatted, so that also exception texts and stacks (FFmpeg prints URLs with their
password into both) lose credentials. A folder that cannot be written, or fills up, never stops the program: one warning
on stderr, and stderr goes on. Unexpected exceptions of any thread are logged, not printed.

FFmpeg's own messages come through the logger `libav` when `video` routes them (`av.logging` belongs to that layer);
without `verbose` only its errors are kept. Each process has a file of its own (`name`): two that rotate the same file
lose lines.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import time
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from video.source import redact

log = logging.getLogger(__name__)

FILE_BYTES = 2_000_000
FILES_KEPT = 5
_FORMAT = "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s"
_DATE_FORMAT = "%Y-%m-%dT%H:%M:%S"
_QUIET_LOGGERS = ("PIL", "fontTools", "fpdf", "libav", "asyncio", "urllib3")
_SECRET = re.compile(r"\b(pass(?:word|wd)?|pwd|token|secret)\b(\s*[=:]\s*)[^&\s,;'\"<>]+", re.IGNORECASE)


def cleaned(text: str) -> str:
    """Text without credentials: of URLs (`video.source.redact`, line by line) and of `password=...` pairs."""
    lines = [redact(line) if "@" in line else line for line in text.split("\n")]
    return _SECRET.sub(r"\1\2***", "\n".join(lines))


class RedactingFormatter(logging.Formatter):
    """One record, one line, UTC. Continuation lines are indented, so that no text can pose as a further record."""

    converter = staticmethod(time.gmtime)

    def __init__(self, *, tracebacks: bool = True) -> None:
        super().__init__(_FORMAT, _DATE_FORMAT)
        self._tracebacks = tracebacks

    def format(self, record: logging.LogRecord) -> str:
        """The finished, redacted line."""
        if self._tracebacks:
            return self._finished(super().format(record))
        copy = logging.makeLogRecord(record.__dict__)
        copy.exc_info = copy.exc_text = copy.stack_info = None
        text = super().format(copy)
        error = record.exc_info[1] if record.exc_info else None
        return self._finished(f"{text}: {type(error).__name__}: {error}" if error else text)

    @staticmethod
    def _finished(text: str) -> str:
        return cleaned(text).replace("\r", "\\r").replace("\n", "\n    ")


class CarefulFileHandler(RotatingFileHandler):
    """A rotating file whose failure is told once, through `complain`, until it can be written again."""

    def __init__(self, path: Path, complain: Callable[[str], None]) -> None:
        super().__init__(path, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8")
        self._complain = complain
        self._failure: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write; a success ends an outage, the first failure of an outage is told."""
        before, self._failure = self._failure, None
        super().emit(record)
        if self._failure and not before:
            self._complain(f"the log file {self.baseFilename} cannot be written: {self._failure}")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - logging's signature
        """Only note it: `emit` tells. Called by logging inside its except block."""
        self._failure = sys.exc_info()[1]


class Logging:
    """What `set_up` installed; `close` puts everything back (tests, and the last line of the shutdown)."""

    def __init__(self, handlers: list[logging.Handler], level: int) -> None:
        root = logging.getLogger()
        self._handlers = handlers
        self._levels = {name: logging.getLogger(name).level for name in ("", *_QUIET_LOGGERS)}
        self._excepthook = sys.excepthook
        self._thread_hook = threading.excepthook
        _set_levels(level)
        for handler in handlers:
            root.addHandler(handler)
        sys.excepthook = _log_uncaught
        threading.excepthook = _log_uncaught_in_thread
        logging.captureWarnings(capture=True)

    @property
    def path(self) -> Path | None:
        """The log file, None when there is only stderr."""
        files = [h for h in self._handlers if isinstance(h, CarefulFileHandler)]
        return Path(files[0].baseFilename) if files else None

    def close(self) -> None:
        """Remove the handlers and hooks; safe to call twice."""
        root = logging.getLogger()
        for handler in self._handlers:
            root.removeHandler(handler)
            _close(handler)
        if self._handlers:
            for name, level in self._levels.items():
                logging.getLogger(name).setLevel(level)
            sys.excepthook = self._excepthook
            threading.excepthook = self._thread_hook
            logging.captureWarnings(capture=False)
        self._handlers = []


def set_up(folder: Path | None, *, verbose: bool = False, name: str = "watchfloor") -> Logging:
    """Log to stderr and, with a folder, to `folder/name.log`. Call once per process, before anything else runs."""
    file, complaint = _file_handler(folder, name) if folder else (None, "")
    stderr = logging.StreamHandler(sys.stderr)
    stderr.setFormatter(RedactingFormatter(tracebacks=verbose or file is None))
    level = logging.DEBUG if verbose else logging.INFO
    installed = Logging([stderr, file] if file else [stderr], level)
    if complaint:
        log.warning(complaint)
    return installed


def _set_levels(level: int) -> None:
    """Ours at `level`; libraries one step quieter, FFmpeg two."""
    logging.getLogger().setLevel(level)
    for quiet in _QUIET_LOGGERS:
        logging.getLogger(quiet).setLevel(level + 10)
    logging.getLogger("libav").setLevel(level + 20)


def _file_handler(folder: Path, name: str) -> tuple[logging.Handler | None, str]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = CarefulFileHandler(folder / f"{name}.log", _complain)
    except OSError as error:
        return None, f"no log file in {folder} ({error.strerror}): logging to stderr only"
    handler.setFormatter(RedactingFormatter())
    return handler, ""


def _complain(text: str) -> None:
    """Say it on stderr alone: the file would call itself again."""
    record = logging.makeLogRecord({"name": __name__, "levelno": logging.WARNING, "levelname": "WARNING", "msg": text})
    for handler in logging.getLogger().handlers:
        if not isinstance(handler, logging.FileHandler):
            handler.handle(record)


def _close(handler: logging.Handler) -> None:
    try:
        handler.close()
    except OSError as error:  # the disk is still full: what was buffered is lost, and stderr has it
        _complain(f"the log file could not be finished: {error.strerror}")


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        log.warning("interrupted from the keyboard")
        return
    log.critical("unexpected failure of the program", exc_info=(kind, error, trace))


def _log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    name = args.thread.name if args.thread else "unknown"
    if args.exc_value is not None:
        log.critical(
            "unexpected failure of thread %s", name, exc_info=(args.exc_type, args.exc_value, args.exc_traceback)
        )
