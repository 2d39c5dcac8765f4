"""Pictures that leave the wall: at full size, covered, written down first, never over another file."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest
from PIL import Image

from app.archive import Archive
from app.errors import AppCode, AppError
from app.masks import Polygon
from app.snapshots import PictureOrder, Snapshot
from app.tasks import Tasks
from storage.commands import PutOperator, PutRecord
from storage.errors import StorageCode, WatchfloorError
from storage.folders import Folders
from storage.people_queries import AccessFilter
from storage.people_records import AccessKind
from storage.records import Actor, Camera, Operator, Role
from storage.registry_records import PrivacyMask
from storage.settings import Settings
from tests.app.test_masks import flat
from tests.conftest import running, wait_until
from tests.video.numbered import numbered_clip
from video.fanout import PacketRing
from video.file_source import FileSource
from video.source import VideoCode

MASK: Polygon = ((0.2, 0.2), (0.7, 0.2), (0.7, 0.8), (0.2, 0.8))
CAMERA = Camera("c1", 1, "Gate / north", "rtsp://10.0.0.5/1")
OPERATOR, OFFICER = Actor("olena"), Actor("officer")


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> PacketRing:
    path = numbered_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", 0, 60)
    made, source = PacketRing(), FileSource(str(path), 1, paced=False)
    made.configure(1, source.open())
    for packet in islice(source.packets(), 50):
        assert packet is not None
        made.add(packet)
    source.close()
    return made


class Site:
    """A camera with a mask; what was refused and what was taken."""

    def __init__(self, folders: Folders, ring: PacketRing) -> None:
        self.archive, self.tasks, self.ring = Archive(folders, Settings()), Tasks(threads=2), ring
        for record in (CAMERA, PrivacyMask("m1", "c1", "Window", MASK)):
            self.archive.journal.apply(PutRecord(record), self.archive.actor)
        for operator in (Operator("olena", "Olena", Role.OPERATOR), Operator("officer", "O", Role.PROTECTION_OFFICER)):
            self.archive.journal.apply(PutOperator(operator), self.archive.actor)
        self.archive.reload()
        self.refused: list[Exception] = []
        self.taken: list[tuple[str, bytes]] = []
        span = ring.span()
        assert span is not None
        self.utc_s = span[0] + 1.0

    def shoot(self, actor: Callable[[], Actor], order: PictureOrder, ring: PacketRing | None = None) -> None:
        """Press the key, answer, wait."""
        before = len(self.taken) + len(self.refused)
        shot = Snapshot(self.archive, self.tasks, CAMERA, ring or self.ring, self.utc_s, actor, self.refused.append)
        shot.let_go(order, lambda path, jpeg: self.taken.append((path, jpeg)))
        wait_until(lambda: len(self.taken) + len(self.refused) > before)

    def exports(self) -> list[tuple[str, str, str]]:
        found = self.archive.journal.accesses(AccessFilter())
        return [(one.actor_id, one.reason, one.detail) for one in found if one.kind is AccessKind.EXPORT]


@pytest.fixture
def site(tmp_path: Path, ring: PacketRing) -> Iterator[Site]:
    made = Site(Folders.under(tmp_path / "home").ensure(), ring)
    with running(made.tasks.workers):
        yield made
    made.archive.close()


def size(jpeg: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(jpeg)) as picture:
        return picture.size


def test_a_picture_is_saved_covered_and_written_down(site: Site) -> None:
    site.shoot(lambda: OPERATOR, PictureOrder("poster"))
    assert site.refused == []
    ((path, jpeg),) = site.taken
    assert Path(path).read_bytes() == jpeg
    assert Path(path).parent == site.archive.folders.pictures
    assert Path(path).name.endswith("_001_Gate-north.jpg")
    assert size(jpeg) == (320, 180)
    assert flat(jpeg)
    assert site.exports() == [("olena", "poster", f"{Path(path).name}, masked")]


def test_it_is_turned_as_the_tile_was_and_overwrites_nothing(site: Site) -> None:
    for _time in range(2):
        site.shoot(lambda: OPERATOR, PictureOrder("poster", quarters=1))
    first, second = site.taken
    assert size(first[1]) == (180, 320)
    assert first[0] != second[0]
    assert Path(first[0]).exists()
    assert Path(second[0]).name.endswith("-2.jpg")


def test_a_copy_leaves_no_file(site: Site) -> None:
    site.shoot(lambda: OPERATOR, PictureOrder("patrol", to_file=False))
    assert site.taken[0][0] == ""
    assert not site.archive.folders.pictures.exists()
    assert site.exports() == [("olena", "patrol", "clipboard, masked")]


def test_unmasked_needs_the_right(site: Site) -> None:
    site.shoot(lambda: OPERATOR, PictureOrder("why", masked=False))
    site.shoot(lambda: site.archive.actor, PictureOrder("why", masked=False))
    ((_path, jpeg),) = site.taken
    assert not flat(jpeg)
    assert [code_of(error) for error in site.refused] == [StorageCode.NOT_PERMITTED]
    assert [detail.rpartition(", ")[2] for _actor, _reason, detail in site.exports()] == ["unmasked"]


@pytest.mark.parametrize(
    ("actor", "order", "code"),
    [
        (OFFICER, PictureOrder("why"), StorageCode.NOT_PERMITTED),
        (OPERATOR, PictureOrder("  "), StorageCode.NO_REASON),
        (None, PictureOrder("why"), AppCode.SEAT_LOCKED),
    ],
)
def test_what_is_refused_leaves_nothing(site: Site, actor: Actor | None, order: PictureOrder, code: object) -> None:
    def sitting() -> Actor:
        if actor is None:
            raise AppError(AppCode.SEAT_LOCKED)
        return actor

    site.shoot(sitting, order)
    assert [code_of(error) for error in site.refused] == [code]
    assert (site.taken, site.exports()) == ([], [])
    assert not site.archive.folders.pictures.exists()


def test_a_frame_that_is_gone_is_said_so(site: Site) -> None:
    site.shoot(lambda: OPERATOR, PictureOrder("why"), PacketRing())
    assert [code_of(error) for error in site.refused] == [VideoCode.NOT_BUFFERED]
    assert site.exports() == []


def code_of(error: Exception) -> object:
    assert isinstance(error, WatchfloorError)
    return error.code
