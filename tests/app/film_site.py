"""Films of an incident without a journal: its file is made here, notes are kept, who may know of it is the test's."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from app.acting import Acting
from app.film_feed import FilmSite
from app.playback_access import Ask
from app.playback_feeds import FilmWish
from app.tasks import Tasks
from storage.case_commands import AddNote
from storage.case_records import Exhibit, Note
from storage.commands import Command
from storage.errors import StorageCode, StorageError, WatchfloorError
from storage.film_clocks import with_clocks
from storage.journal import IncidentFile, Registry
from storage.records import Actor, Camera, EvidenceKind, Incident, IncidentState, Operator, Role, Severity

INCIDENT = Incident("i1", "2026-0001", "theft", Severity.MEDIUM, IncidentState.NEW, "c1", 1.0, 1)


class NowTasks(Tasks):
    """Work is done when it is asked for."""

    def __init__(self) -> None:
        super().__init__(threads=1)

    def submit(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
        *,
        long: bool = False,
    ) -> bool:
        try:
            result = work()
        except WatchfloorError as error:
            assert failed is not None
            failed(error)
        else:
            if done is not None:
                done(result)
        return True


@dataclass
class FilmHouse:
    """`ada` and `bob` sit here; whom `barred` names must not know of the incident."""

    folder: Path
    tasks: Tasks = field(default_factory=NowTasks)
    exhibits: list[Exhibit] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    barred: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    sits: str = "ada"
    now_utc_s: float = 5.0

    def site(self, ask: Ask, cameras: Callable[[], tuple[Camera, ...]]) -> FilmSite:
        people = (Operator("ada", "Ada", Role.OPERATOR), Operator("bob", "Bob", Role.OPERATOR))
        return FilmSite(
            read=self.read,
            folder=self.folder,
            ask=ask,
            sits=lambda: self.sits,
            acting=Acting(self.tasks, lambda: Actor(self.sits), "a film's clock"),
            apply=self.apply,
            registry=lambda: Registry(cameras=cameras(), operators=people),
            zone=ZoneInfo("Europe/Kyiv"),
            allowed=lambda camera_id: camera_id not in self.hidden,
        )

    def read(self, _incident_id: str, viewer_id: str) -> IncidentFile:
        if viewer_id in self.barred:
            raise StorageError(StorageCode.NOT_PERMITTED, actor=viewer_id)
        notes = tuple(self.notes)
        return IncidentFile(INCIDENT, (), (), (), (), notes=notes, exhibits=with_clocks(self.exhibits, notes))

    def apply(self, command: Command, actor: Actor) -> None:
        assert isinstance(command, AddNote)
        self.now_utc_s += 1
        one = command
        self.notes.append(
            Note(
                one.new_note_id,
                one.kind,
                self.now_utc_s,
                actor.id,
                one.text,
                1,
                one.incident_id,
                one.camera_id,
                one.utc_s,
            )
        )

    def taken_in(
        self, path: Path, from_utc_s: float | None, length_s: float = 0.0, offset_s: float | None = None
    ) -> FilmWish:
        """The file as an exhibit of the incident, whatever it is."""
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        end = from_utc_s + length_s if from_utc_s is not None and length_s else None
        name = path.relative_to(self.folder).as_posix()
        exhibit = Exhibit(
            f"e{len(self.exhibits)}", "i1", EvidenceKind.CLIP, name, sha256, path.name, 3.0, "ada",
            from_utc_s=from_utc_s, to_utc_s=end, origin="Witness K., phone", clock_offset_s=offset_s,
        )  # fmt: skip
        self.exhibits.append(exhibit)
        return FilmWish(exhibit, 100.0 if from_utc_s is None else from_utc_s)


def upright(path: Path) -> Path:
    """An MP4 as a phone writes it that was held upright: its pictures are to be turned by a quarter, clockwise."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd")
    matrix = at + 4 + 4 + 20 + 8 + 8  # version, times and id, duration; layer, volume
    data[matrix : matrix + 36] = struct.pack(">9i", 0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)
    turned = path.with_name(f"upright-{path.name}")
    turned.write_bytes(data)
    return turned
