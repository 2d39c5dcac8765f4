"""A real archive with two cameras, an incident, stored tracks, and footage of 12 s with a hole of 4 s in the second."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av

from app.archive import Archive
from app.export_orders import ExportOrder
from app.exports import Exports
from storage.commands import PutOperator, PutRecord, RecordEvent
from storage.folders import Folders
from storage.footage_records import Segment
from storage.records import Actor, Box, Camera, Operator, Role
from storage.registry_records import CameraGroup, CameraScale, PrivacyMask
from storage.segments import SegmentIndex
from storage.settings import Settings, SiteSettings
from storage.track_chunks import SeenLook, SeenTrack, pack
from storage.tracks import Chunk, TrackStore
from tests.app.test_packages import put_segments
from tests.storage.site import RUNTIME, START_UTC_S, event

ANNA, OLENA, TARAS = Actor("anna"), Actor("olena"), Actor("taras")
BEGIN = START_UTC_S
CAMERAS = (Camera("c1", 1, "Gate", "demo://gate"), Camera("c2", 2, "Yard", "demo://yard"))
PEOPLE = (
    Operator("anna", "Anna", Role.OPERATOR),
    Operator("olena", "Olena", Role.SUPERVISOR),
    Operator("taras", "Taras", Role.OPERATOR, group_ids=("g1",)),
)


class ExportSite:
    """Taras sees only the first camera. `segments` are those of the first camera."""

    def __init__(self, folders: Folders, recordings: Path) -> None:
        self.archive = Archive(folders, Settings(site=SiteSettings(name="Site", timezone="Europe/Kyiv")), CAMERAS)
        journal, admin = self.archive.journal, self.archive.actor
        journal.apply(PutRecord(CameraGroup("g1", "Gates", camera_ids=("c1",))), admin)
        journal.apply(PutRecord(CameraScale("c1", ((0.5, 0.4, 0.2), (0.5, 0.9, 0.6)))), admin)
        for operator in PEOPLE:
            journal.apply(PutOperator(operator), admin)
        self.incident = str(journal.apply(RecordEvent(event(6.0), opens_incident=True), RUNTIME).incident_id)
        self.archive.reload()
        self.index = SegmentIndex(folders.footage_index)
        self.segments = put_segments(self.index, recordings, "c1", BEGIN)
        yard = put_segments(self.index, recordings, "c2", BEGIN)
        self.index.discard(yard[1].id)
        self.exports = Exports(self.archive, self.index)

    def order(self, *camera_ids: str, begin: float = 0.0, end: float = 12.0, **changes: object) -> ExportOrder:
        times = {"from_utc_s": BEGIN + begin, "to_utc_s": BEGIN + end}
        values = {"camera_ids": camera_ids or ("c1",), "reason": "case 7", **times, **changes}
        return ExportOrder(**values)  # type: ignore[arg-type]  # what the test names

    def mask(self) -> None:
        """Cover the left half of the first camera."""
        half = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
        self.archive.journal.apply(PutRecord(PrivacyMask("m1", "c1", "Windows", half)), self.archive.actor)

    def store_tracks(self, pause: tuple[float, float] = (99.0, 99.0)) -> None:
        """A person at the left and a car at the right, four looks a second, none within `pause`."""
        looks = [look(BEGIN + n / 4) for n in range(-8, 56) if not pause[0] < n / 4 < pause[1]]
        store = TrackStore(self.archive.folders.tracks)
        store.write([Chunk("c1", looks[0].utc_s, looks[-1].utc_s, len(looks), pack(looks))])
        store.close()

    def close(self) -> None:
        self.index.close()
        self.archive.close()


def look(utc_s: float) -> SeenLook:
    person = SeenTrack(1, Box(0.1, 0.2, 0.3, 0.8), "person", 0.9, utc_s, utc_s)
    car = SeenTrack(2, Box(0.6, 0.4, 0.9, 0.7), "car", 0.8, utc_s, utc_s)
    return SeenLook(utc_s, (person, car))


def packets(path: str | Path) -> list[bytes]:
    """SHA-256 of every packet."""
    with av.open(str(path)) as container:
        return [hashlib.sha256(bytes(p)).digest() for p in container.demux(video=0) if p.size]


def of_segments(segments: list[Segment]) -> list[bytes]:
    return [digest for segment in segments for digest in packets(segment.path)]


@contextmanager
def export_site(folders: Folders, recordings: Path) -> Iterator[ExportSite]:
    site = ExportSite(folders, recordings)
    try:
        yield site
    finally:
        site.close()
