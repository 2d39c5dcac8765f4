"""The site's memory, opened: journal, key, evidence, reports. What the command line needs without running anything."""

from __future__ import annotations

import getpass
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from app.credentials import Logins
from app.incident_reports import IncidentReports
from storage.commands import PutRecord, RegistryRecord, SignCheckpoint
from storage.embedded_journal import open_journal
from storage.errors import WatchfloorError
from storage.evidence import EvidenceStore
from storage.folders import Folders
from storage.journal_keys import JournalKeys
from storage.keys import SigningKey
from storage.recoding import left_plain
from storage.records import Actor
from storage.reserve import Reserve
from storage.sealed import Sealer
from storage.settings import Settings

if sys.platform != "win32":
    import pwd

log = logging.getLogger(__name__)

RUNTIME = Actor("service:runtime")


class Archive:
    """Journal, evidence store and reports of one home. Open once, close once."""

    def __init__(self, folders: Folders, settings: Settings, records: Sequence[RegistryRecord] = ()) -> None:
        user = _user()
        self.folders, self.settings = folders, settings
        self.actor = Actor(f"os:{user}")
        self.key = SigningKey.load_or_create(folders.signing_key)
        self.reserve = Reserve(folders.data / "reserve")
        keys = JournalKeys(folders.journal_keys)
        left = left_plain(folders.journal)
        self.journal = open_journal(
            folders.journal,
            self.key,
            checkpoints=folders.checkpoints,
            on_full=self.reserve.give_up,
            keys=keys,
        )
        with ExitStack() as undo:
            undo.callback(self.journal.close)
            if self.journal.file_key is None and keys.active is not None:
                log.warning("the journal is a plain file although this site encrypts: main.py journal encrypt")
            if self.journal.file_key is not None and left:
                log.warning("a plain copy of the encrypted journal was left behind: main.py journal encrypt")
            self.journal.ensure_first_operator(self.actor.id, user)
            for record in records:
                self.journal.apply(PutRecord(record), self.actor)
            self.store = EvidenceStore(folders.evidence)
            self.logins = Logins(self.journal, Sealer(folders.sealing_key))
            self.reload()
            undo.pop_all()
        self.reports = IncidentReports(self.journal, self.store, lambda: self.registry, settings, self.key.fingerprint)

    def reload(self) -> None:
        """Read the registry again; whoever asks for `registry` from now on gets the new one. It holds all that the
        journal had at `registry_seq`, which is asked first: what comes in between is read twice, never missed."""
        seq, _hash = self.journal.head()
        self.registry = self.journal.registry()
        self.registry_seq = seq

    def sign(self) -> None:
        """Sign the head of the chain; a failure is logged, the journal stays whole."""
        try:
            self.journal.apply(SignCheckpoint(), RUNTIME)
        except WatchfloorError as error:
            log.error("the journal's checkpoint was not signed: %s", error)

    def close(self) -> None:
        """Release the journal."""
        self.journal.close()


def _user() -> str:
    """The system's name of who runs this, from the process and never from a variable that anybody may set; a
    container may run under a number that has none."""
    if sys.platform == "win32":
        return getpass.getuser()
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


@contextmanager
def opened(folders: Folders, settings: Settings) -> Iterator[Archive]:
    """The archive for the length of one command."""
    archive = Archive(folders, settings)
    try:
        yield archive
    finally:
        archive.close()
