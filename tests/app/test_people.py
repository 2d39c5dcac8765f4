from __future__ import annotations

from app.archive import opened
from app.bus import Bus
from app.people import people_of
from app.seat_test import SeatFacts
from app.tasks import Tasks
from storage.folders import Folders
from storage.people_queries import AccessFilter
from storage.records import Camera
from storage.settings import Settings
from tests.conftest import wait_until


def test_a_first_start_needs_no_password_and_audits_what_is_seen() -> None:
    folders = Folders.find().ensure()
    tasks = Tasks(threads=1)
    with opened(folders, Settings()) as archive:
        people = people_of(archive, Bus(), tasks, SeatFacts(folders.data))
        for worker in tasks.workers:
            worker.start()
        try:
            people.seat.open()
            assert people.seat.actor == archive.actor
            wait_until(lambda: people.desk.state().seat.operator_id == archive.actor.id)
            now_utc_s = archive.journal.logins_open()[0].from_utc_s
            people.audit.viewed(Camera("c1", 1, "Gate", "rtsp://host/1"), now_utc_s - 30)
            wait_until(lambda: len(archive.journal.accesses(AccessFilter())) == 1)
            assert archive.journal.accesses(AccessFilter())[0].actor_id == archive.actor.id
        finally:
            for worker in tasks.workers:
                worker.stop()
            for worker in tasks.workers:
                assert worker.join(60)
