"""Says when the journal was last found whole: verifies it once after start and then daily, in a process of its own at
low priority. Publishes `JournalVerified`; a journal that is not intact, or cannot be read, is also a banner.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.bus import Bus
from app.errors import AppCode, AppError
from app.feeds import Banner
from app.texts import sentence
from storage.errors import StorageError
from storage.folders import Folders
from storage.keys import SigningKey
from storage.verify_apart import Apart, Outcome, Request
from storage.worker import Worker

log = logging.getLogger(__name__)

FIRST_S = 60.0
"""After the start, when cameras and detection have settled."""
PERIOD_S = 86_400.0
BANNER = "journal-verified"
_STEP_S = 0.25
_RETRY_S = 3600.0


@dataclass(frozen=True, slots=True)
class JournalVerified:
    """A verification ended at `at_utc_s`; `problems` were found (0 and not ok: it could not be read to its end)."""

    at_utc_s: float
    ok: bool
    problems: int
    rows: int


def home_key(folders: Folders) -> str | None:
    """Id of the key that signs here, None when there is none that can be read."""
    try:
        return SigningKey.load(folders.signing_key).id
    except StorageError as error:
        log.debug("no signing key: %s", error)
        return None


def home_request(folders: Folders, *, evidence: bool) -> Request:
    """What has to be whole at this home."""
    stored = str(folders.evidence) if evidence and folders.evidence.is_dir() else None
    return Request(
        str(folders.journal),
        str(folders.checkpoints),
        stored,
        at_home=True,
        home_key=home_key(folders),
        keys=str(folders.journal_keys),
    )


class Verifier(Worker):
    """Owns the process of the verification under way, which a stop leaves unfinished; `evidence` hashes the store's
    files too."""

    def __init__(
        self,
        folders: Folders,
        bus: Bus,
        *,
        evidence: bool = True,
        first_s: float = FIRST_S,
        period_s: float = PERIOD_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__("verifier")
        self._folders, self._bus, self._evidence = folders, bus, evidence
        self._due_s, self._period_s, self._clock = time.monotonic() + first_s, period_s, clock
        self._told = False

    def run(self) -> None:
        """Verify when the time has come."""
        while not self.stopping.is_set():
            self.beat()
            if time.monotonic() >= self._due_s:
                done = self._verify()
                self._due_s = time.monotonic() + (self._period_s if done else min(_RETRY_S, self._period_s))
            self.stopping.wait(min(_STEP_S, self._period_s))

    def _verify(self) -> bool:
        try:
            found = verified_apart(home_request(self._folders, evidence=self._evidence), self)
        except (OSError, StorageError) as error:
            log.warning("the journal could not be verified: %s", error)
            return False
        if found is None:
            return False
        for line in found.lines:
            log.error("the journal is not intact: %s", line)
        self._bus.publish(JournalVerified(self._clock(), found.ok, found.problems, found.rows))
        self._say(_text(found, self._folders.journal))
        return True

    def _say(self, text: str) -> None:
        if text or self._told:
            self._told = bool(text)
            self._bus.publish(Banner(BANNER, text))


def verified_apart(request: Request, worker: Worker) -> Outcome | None:
    """The outcome, None when the worker was asked to stop first. Raises OSError without a process, DISK_FAILED."""
    apart = Apart(request)
    with contextlib.ExitStack() as ending:
        ending.callback(apart.stop)
        while not worker.stopping.is_set():
            worker.beat()
            found = apart.poll(_STEP_S)
            if found is not None:
                return found
    return None


def _text(found: Outcome, path: Path) -> str:
    if found.error is not None:
        return sentence(found.error)
    return "" if found.ok else sentence(AppError(AppCode.NOT_INTACT, path=str(path)))
