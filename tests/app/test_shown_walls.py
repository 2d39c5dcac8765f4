"""What the walls showed beside the footage: written down first, by right, newest wish alone, faults as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.archive import Archive
from app.shown_walls import ShownMoment, SiteShownWalls
from app.tasks import Tasks
from storage.blackbox import BlackBox
from storage.commands import PutOperator, PutRecord
from storage.folders import Folders
from storage.people_queries import AccessFilter
from storage.people_records import AccessKind
from storage.records import Actor, Camera, Operator, Role
from storage.registry_records import CameraGroup
from storage.settings import Settings
from tests.app.film_site import NowTasks
from tests.storage.test_blackbox import START, changed, tile, wall

OLENA, TARAS, ANNA = Actor("olena"), Actor("taras"), Actor("anna")
SEEN = tile(1).camera_id


class House:
    """An archive with a black box in which camera 1 went stale a minute after the beginning."""

    def __init__(self, folders: Folders) -> None:
        self.archive = Archive(
            folders, Settings(), [Camera(tile(n).camera_id, n, f"Camera {n}", "test://1") for n in range(4)]
        )
        admin, journal = self.archive.actor, self.archive.journal
        journal.apply(PutRecord(CameraGroup("g1", "One", camera_ids=(SEEN,))), admin)
        for person in (
            Operator("olena", "Olena", Role.SUPERVISOR),
            Operator("taras", "Taras", Role.SUPERVISOR, group_ids=("g1",)),
            Operator("anna", "Anna", Role.OPERATOR),
        ):
            journal.apply(PutOperator(person), admin)
        self.archive.reload()
        self.sits, self.tasks = OLENA, NowTasks()
        self.found: list[ShownMoment] = []
        self.refused: list[str] = []
        self.walls = SiteShownWalls(self.archive, self.tasks, lambda: self.sits)

    def fill(self) -> None:
        box = BlackBox(self.archive.folders.black_box)
        box.write([(START, wall(4)), (START + 60, changed(wall(4), 1, state="stale"))])
        box.close(START + 7200)

    def written(self) -> list[tuple[AccessKind, str, str]]:
        found = self.archive.journal.accesses(AccessFilter())
        return [(one.kind, one.actor_id, one.reason) for one in found]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(Folders.under(tmp_path).ensure())
    yield made
    made.archive.close()


def test_the_clock_is_followed_and_the_look_written_down_once_an_hour(house: House) -> None:
    house.fill()
    feed = house.walls.look("case 7")
    for at_s in (10.0, 61.0, 300.0):
        feed.want(START + at_s, house.found.append, house.refused.append)
    assert [moment.walls[0].wall.tiles[1].state for moment in house.found] == ["live", "stale", "stale"]
    assert house.found[1].walls[0].since_utc_s == START + 60
    assert house.written() == [(AccessKind.BLACK_BOX, "olena", "case 7")]
    feed.want(START + 5000.0, house.found.append, house.refused.append)
    assert len(house.written()) == 2
    house.sits = TARAS
    feed.want(START + 5000.0, house.found.append, house.refused.append)
    assert house.written()[0] == (AccessKind.BLACK_BOX, "taras", "case 7")
    assert not house.refused


def test_of_other_cameras_nothing_is_told_but_that_a_tile_was_there(house: House) -> None:
    house.fill()
    house.sits = TARAS
    house.walls.look("case 7").want(START + 10, house.found.append, house.refused.append)
    tiles = house.found[0].walls[0].wall.tiles
    assert [tile.camera_id for tile in tiles] == ["", SEEN, "", ""]
    assert {tile.camera for tile in tiles if not tile.camera_id} == {"Camera of another group"}


@pytest.mark.parametrize(("who", "reason", "word"), [(ANNA, "case 7", "lack the right"), (OLENA, " ", "reason")])
def test_without_the_right_or_a_reason_nothing_is_read(house: House, who: Actor, reason: str, word: str) -> None:
    house.fill()
    house.sits = who
    feed = house.walls.look(reason)
    for at_s in (10.0, 20.0):
        feed.want(START + at_s, house.found.append, house.refused.append)
    (refused,) = house.refused  # and it asks no more
    assert word in refused
    assert not house.found
    assert not house.written()


def test_a_right_that_is_withdrawn_ends_it(house: House) -> None:
    house.fill()
    feed = house.walls.look("case 7")
    feed.want(START + 10.0, house.found.append, house.refused.append)
    house.archive.journal.apply(PutOperator(Operator("olena", "Olena", Role.OPERATOR)), house.archive.actor)
    house.archive.reload()
    feed.want(START + 20.0, house.found.append, house.refused.append)
    assert (len(house.found), len(house.refused)) == (1, 1)


def test_no_black_box_is_a_sentence(house: House) -> None:
    house.walls.look("case 7").want(START, house.found.append, house.refused.append)
    assert len(house.refused) == 1
    assert not house.found


def test_a_damaged_one_is_a_sentence(house: House) -> None:
    house.archive.folders.black_box.parent.mkdir(parents=True, exist_ok=True)
    house.archive.folders.black_box.write_bytes(b"no database at all" * 100)
    house.walls.look("case 7").want(START, house.found.append, house.refused.append)
    assert len(house.refused) == 1


def test_the_newest_wish_alone_is_answered(house: House) -> None:
    house.fill()
    tasks = Tasks(threads=1)  # not started: what is asked waits
    walls = SiteShownWalls(house.archive, tasks, lambda: house.sits)
    feed = walls.look("case 7")
    for at_s in (1.0, 2.0, 3.0):
        feed.want(START + at_s, house.found.append, house.refused.append)
    for worker in tasks.workers:
        worker.stop()
        worker.run()
    assert [moment.utc_s - START for moment in house.found] == [3.0]


def test_a_view_that_went_is_told_nothing(house: House) -> None:
    house.fill()
    tasks = Tasks(threads=1)
    feed = SiteShownWalls(house.archive, tasks, lambda: house.sits).look("case 7")
    feed.want(START, house.found.append, house.refused.append)
    feed.close()
    for worker in tasks.workers:
        worker.stop()
        worker.run()
    assert not house.found
