"""The journal in one SQLite file: a `storage.journal.Journal` that several processes of one machine may open at once.

Owns the file, one writer thread and one reading connection per asking thread. `apply` may be called from any thread
but the GUI's; it blocks until the change is on the disk.
"""

from __future__ import annotations

import contextlib
import threading
import time
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path

from storage import (
    case_queries,
    database,
    driver,
    erasure_register,
    footage_queries,
    need_to_know,
    people_queries,
    queries,
    schema,
)
from storage import checkpoints as checkpoint_files
from storage.alarm_reads import AlarmReads
from storage.applied import is_current
from storage.case_records import Handover, Lookout, LookoutReceipt, Note
from storage.commands import Command, PutFirstOperator
from storage.driver import Connection
from storage.durable import make_folder
from storage.errors import StorageCode, StorageError
from storage.handlers import RUNTIME
from storage.journal import (
    FootageDigest,
    FootageLock,
    IncidentFile,
    Receipt,
    Registry,
    Verification,
)
from storage.journal_keys import JournalKey, JournalKeys
from storage.keys import SigningKey
from storage.layout import refuse_gaps
from storage.ledger import Ledger, read_head
from storage.people_queries import AccessFilter, Briefing
from storage.people_records import Access, Approval, FailedLogin, Login, Password, Shift, ShiftItem
from storage.records import Actor, Alarm, Change, Event, Incident
from storage.release_commands import EraseSubject
from storage.release_reads import ReleaseReads
from storage.row_counts import count_rows
from storage.scrubbing import scrub
from storage.search_reads import SearchReads
from storage.statements import Row, row_by_id
from storage.timeline_reads import TimelineReads
from storage.verification import verify_connection
from storage.writer import QUEUE_COMMANDS, Answer, Pending, Writer

_SUBMIT_S = 30.0
_SUBMIT_SOON_S = 1.0
_CLOSE_S = 10.0

Mounted = Callable[[], Iterable[database.Partition]]


class EmbeddedJournal(AlarmReads, ReleaseReads, SearchReads, TimelineReads):
    """`key` signs checkpoints (None: SignCheckpoint is refused); `checkpoints` is a folder elsewhere for copies."""

    def __init__(
        self,
        path: Path,
        key: SigningKey | None = None,
        *,
        checkpoints: Path | None = None,
        clock: Callable[[], float] = time.time,
        mounted: Mounted | None = None,
        queue_commands: int = QUEUE_COMMANDS,
        on_full: Callable[[], bool] | None = None,
        keys: JournalKeys | None = None,
    ) -> None:
        self._keys = keys
        self.file_key: JournalKey | None = None
        """What the file is encrypted with; for others of this process that read it beside."""
        self.path = path.absolute()
        self._key = key
        self._checkpoints = checkpoints
        self._erased: erasure_register.Register | None = None
        self._refuse_bad_places()
        database.refuse_network_path(self.path, *([] if mounted is None else [mounted]))
        self._local = threading.local()
        self._readers: list[tuple[weakref.ref[threading.Thread], Connection]] = []
        self._readers_lock = threading.Lock()
        self._closed = False
        self._connection = self._open(clock)
        self.id = str((row_by_id(schema.meta).row(self._connection, {"row_key": "journal_id"}) or {})["value"])
        ledger = Ledger(self._connection, clock, key)
        self.writer = Writer(self._connection, ledger, self._publish_checkpoint, queue_commands, on_full)
        self.writer.start()

    def apply(self, command: Command, actor: Actor) -> Receipt:
        """See `Journal.apply`."""
        pending = Pending(command, actor, None)
        self.writer.submit(pending, _SUBMIT_S)
        return pending.wait()

    def apply_soon(self, command: Command, actor: Actor, done: Callable[[Answer], None] | None = None) -> None:
        """See `Journal.apply_soon`; `done` is called on the writer thread and must return at once."""
        self.writer.submit(Pending(command, actor, done), _SUBMIT_SOON_S)

    def ensure_first_operator(self, actor_id: str, name: str) -> Receipt:
        """Make somebody administrator when there is none; otherwise change nothing."""
        return self.apply(PutFirstOperator(actor_id, name), Actor(RUNTIME))

    def registry(self) -> Registry:
        """See `Journal.registry`."""
        with self._reading() as connection:
            return queries.registry(connection)

    def alarms(
        self, *, open_only: bool = True, limit: int = 200, cameras: Collection[str] | None = None
    ) -> Sequence[Alarm]:
        """See `Journal.alarms`."""
        with self._reading() as connection:
            return queries.alarms(connection, open_only=open_only, limit=limit, cameras=cameras)

    def incidents(
        self, *, open_only: bool = False, limit: int = 200, before_id: str | None = None, viewer_id: str | None = None
    ) -> Sequence[Incident]:
        """See `Journal.incidents`."""
        with self._reading() as connection:
            return queries.incidents(
                connection, open_only=open_only, limit=limit, before_id=before_id, viewer_id=viewer_id
            )

    def incident_file(self, incident: str, *, viewer_id: str | None = None) -> IncidentFile:
        """See `Journal.incident_file`."""
        with self._reading() as connection:
            return queries.incident_file(connection, incident, viewer_id)

    def overdue(self, now_utc_s: float, limit: int = 100) -> Sequence[Incident]:
        """See `Journal.overdue`."""
        with self._reading() as connection:
            return case_queries.overdue(connection, now_utc_s, limit)

    def open_handovers(self, viewer_id: str | None = None) -> Sequence[Handover]:
        """See `Journal.open_handovers`."""
        with self._reading() as connection:
            return case_queries.open_handovers(connection, viewer_id)

    def lookouts(self, now_utc_s: float) -> Sequence[Lookout]:
        """See `Journal.lookouts`."""
        with self._reading() as connection:
            return case_queries.lookouts(connection, now_utc_s)

    def lookout_receipts(self, lookout_id: str) -> Sequence[LookoutReceipt]:
        """See `Journal.lookout_receipts`."""
        with self._reading() as connection:
            return case_queries.lookout_receipts(connection, lookout_id)

    def open_notes(self, actor_id: str, limit: int = 100) -> Sequence[Note]:
        """See `Journal.open_notes`."""
        with self._reading() as connection:
            return case_queries.open_notes(connection, actor_id, limit)

    def events(self, *, limit: int = 100_000) -> Sequence[Event]:
        """See `Journal.events`."""
        with self._reading() as connection:
            return queries.events(connection, limit)

    def footage_locks(self, now_utc_s: float) -> Sequence[FootageLock]:
        """See `Journal.footage_locks`."""
        with self._reading() as connection:
            return footage_queries.footage_locks(connection, now_utc_s)

    def footage_digests(self, limit: int = 100_000) -> Sequence[FootageDigest]:
        """See `Journal.footage_digests`."""
        with self._reading() as connection:
            return footage_queries.footage_digests(connection, limit)

    def logins_open(self) -> Sequence[Login]:
        """See `Journal.logins_open`."""
        with self._reading() as connection:
            return people_queries.logins_open(connection)

    def failed_logins(self, since_utc_s: float, limit: int = 500) -> Sequence[FailedLogin]:
        """See `Journal.failed_logins`."""
        with self._reading() as connection:
            return people_queries.failed_logins(connection, since_utc_s, limit)

    def password(self, operator_id: str) -> Password | None:
        """See `Journal.password`."""
        with self._reading() as connection:
            return people_queries.password(connection, operator_id)

    def has_passwords(self) -> bool:
        """See `Journal.has_passwords`."""
        with self._reading() as connection:
            return people_queries.has_passwords(connection)

    def shifts(self, *, open_only: bool = True, limit: int = 200) -> Sequence[Shift]:
        """See `Journal.shifts`."""
        with self._reading() as connection:
            return people_queries.shifts(connection, open_only=open_only, limit=limit)

    def shift_items(self, shift_id: str | None = None, viewer_id: str | None = None) -> Sequence[ShiftItem]:
        """See `Journal.shift_items`."""
        with self._reading() as connection:
            return people_queries.shift_items(connection, shift_id, viewer_id)

    def approvals(self, *, open_only: bool = True, limit: int = 200) -> Sequence[Approval]:
        """See `Journal.approvals`."""
        with self._reading() as connection:
            return people_queries.approvals(connection, open_only=open_only, limit=limit)

    def accesses(self, wanted: AccessFilter, limit: int = 200) -> Sequence[Access]:
        """See `Journal.accesses`."""
        with self._reading() as connection:
            return people_queries.accesses(connection, wanted, limit)

    def cameras_of(self, operator_id: str) -> frozenset[str] | None:
        """See `Journal.cameras_of`."""
        with self._reading() as connection:
            return need_to_know.cameras_of(connection, operator_id)

    def briefing(self, now_utc_s: float) -> Briefing:
        """See `Journal.briefing`."""
        with self._reading() as connection:
            return people_queries.briefing(connection, now_utc_s)

    def erase(self, command: EraseSubject, actor: Actor) -> Receipt:
        """`apply`, and the register of erasures beside the copies of checkpoints. `scrub` is still to be called."""
        receipt = self.apply(command, actor)
        self._register_erasures()
        return receipt

    def scrub(self, *, whole: bool = False) -> bool:
        """Overwrite on the disk what was erased: index segments, WAL, and (`whole`: everything is written anew, which
        makes other writers wait) free pages. False when a reader kept the WAL; what it held goes with the next one."""
        with database.typed(self.path):
            return scrub(self.path, whole=whole, key=self.file_key)

    def counts(self) -> dict[str, int]:
        """See `Journal.counts`."""
        with self._reading() as connection:
            return count_rows(connection)

    def changes(self, after: int, limit: int = 500) -> Sequence[Change]:
        """See `Journal.changes`."""
        with self._reading() as connection:
            return queries.changes(connection, after, limit)

    def sealed_credential(self, camera_id: str) -> str | None:
        """The camera's login as `PutCredential` stored it, for `sealed.Sealer.open`."""
        with self._reading() as connection:
            return queries.sealed_credential(connection, camera_id)

    def verify(self, *, evidence: Path | None = None) -> Verification:
        """See `Journal.verify`; with `evidence` (the store's folder) the files' hashes too."""
        home_key = None if self._key is None else self._key.id
        with self._reading() as connection:
            return verify_connection(
                connection, checkpoints=self._checkpoints, evidence=evidence, at_home=True, home_key=home_key
            )

    def head(self) -> tuple[int, str]:
        """See `Journal.head`."""
        with self._reading() as connection:
            return read_head(connection)

    def backup(self, path: str, stopped: Callable[[], bool] = lambda: False) -> None:
        """See `Journal.backup`: copied beside, checked, then named. Raises DISK_FULL, READ_ONLY, DAMAGED."""
        database.copy_whole(self._reader(), Path(path), stopped)

    def close(self) -> None:
        """See `Journal.close`; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        self.writer.stop()
        finished = self.writer.join(_CLOSE_S)
        with self._readers_lock:
            for _, connection in self._readers:
                connection.close()
            self._readers.clear()
        if not finished:
            raise StorageError(StorageCode.BUSY, path=str(self.path))
        try:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except driver.OPERATIONAL_ERRORS as error:  # a full or failing disk: all of it stays in the WAL beside the file
            checkpoint_files.log.warning("the journal was closed without emptying its WAL: %s", error)
        finally:
            self._connection.close()

    def _refuse_bad_places(self) -> None:
        """Who takes the journal's folder away must not have key and checkpoints with it."""
        folder = self.path.parent
        secrets = [None if self._key is None else self._key.path, None if self._keys is None else self._keys.path]
        for path in secrets:
            if path is not None and path.absolute().is_relative_to(folder):
                raise StorageError(StorageCode.BAD_KEY, path=str(path), reason="inside the journal's folder")
        if self._checkpoints is not None and self._checkpoints.absolute().is_relative_to(folder):
            raise StorageError(StorageCode.BAD_VALUE, path=str(self._checkpoints), reason="inside the journal's folder")

    def _open(self, clock: Callable[[], float]) -> Connection:
        make_folder(self.path.parent)
        exists = database.inspect(self.path, self._keys)
        database.require_writable(self.path)
        self.file_key = database.key_for(self.path, self._keys)
        connection = database.connect(self.path, self.file_key)
        try:
            if exists:
                database.refuse_damage(connection, self.path)
            connection.execute("PRAGMA secure_delete = ON").fetchone()  # what goes is overwritten, always
            if not is_current(connection):
                from storage.migrations import migrate

                migrate(connection, self.path, exists=exists, clock=clock)
            with database.typed(self.path):
                refuse_gaps(connection, self.path)
                if self._checkpoints is not None:
                    self._erased = erasure_register.register_of(connection, self._checkpoints, self._key)
                    if erasure_register.settle(connection, self._erased, clock):
                        scrub(self.path, key=self.file_key)
        except BaseException:
            connection.close()
            raise
        return connection

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        """This thread's connection in one read transaction, so that all its queries see one state."""
        connection = self._reader()
        with database.typed(self.path):
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("COMMIT")

    def _reader(self) -> Connection:
        if self._closed:
            raise StorageError(StorageCode.CLOSED)
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = database.connect_reader(self.path, self.file_key)
            self._local.connection = connection
            with self._readers_lock:
                self._close_readers_of_dead_threads()
                self._readers.append((weakref.ref(threading.current_thread()), connection))
        return connection

    def _close_readers_of_dead_threads(self) -> None:
        dead = [(ref, c) for ref, c in self._readers if (thread := ref()) is None or not thread.is_alive()]
        for item in dead:
            item[1].close()
            self._readers.remove(item)

    def _register_erasures(self) -> None:
        """After the erasure's commit: it stands even when the folder elsewhere fails; the next opening catches up."""
        if self._erased is None:
            return
        try:
            with self._reading() as connection:
                erasure_register.catch_up(connection, self._erased)
        except StorageError:
            erasure_register.log.exception("an erasure is not in the register elsewhere yet")

    def _publish_checkpoint(self, row: Row) -> None:
        """After the checkpoint's commit, on the writer thread. The row stands even when the folder elsewhere fails."""
        if self._checkpoints is None or self._key is None:
            return
        try:
            checkpoint_files.append_outside(self._checkpoints, self.id, self._key.public_key, row)
        except (StorageError, OSError):
            checkpoint_files.log.exception("checkpoint %s has no copy elsewhere", row["id"])


def open_journal(
    path: Path,
    key: SigningKey | None = None,
    *,
    checkpoints: Path | None = None,
    clock: Callable[[], float] = time.time,
    mounted: Mounted | None = None,
    on_full: Callable[[], bool] | None = None,
    keys: JournalKeys | None = None,
) -> EmbeddedJournal:
    """Open or create a journal. `on_full` is asked for room when the disk is full (writer thread); `keys` are for one
    that is encrypted as a whole, as a new one is when a key is active.

    Raises StorageError: NEWER_JOURNAL and NOT_A_JOURNAL (the file stays as it is), DAMAGED, READ_ONLY, NETWORK_PATH,
    DISK_FULL, BUSY, BAD_KEY (key inside the journal's folder), KEY_MISSING, NO_CIPHER."""
    return EmbeddedJournal(path, key, checkpoints=checkpoints, clock=clock, mounted=mounted, on_full=on_full, keys=keys)
