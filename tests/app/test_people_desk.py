from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.access_audit import AccessAudit
from app.people_desk import PeopleDesk, PeopleState, SeatDesk
from app.seat_test import SeatFacts, SeatTest
from app.sign_in import Seat, SeatChanged
from storage.case_commands import ShelveAlarms, UnshelveAlarms
from storage.commands import AcknowledgeIncident, PutOperator, PutRecord
from storage.people_commands import LendSectors, RecordAccess, ShiftWord, StartShift
from storage.people_queries import AccessFilter
from storage.people_records import AccessKind, ShiftItemKind, ShiftState
from storage.records import Actor, Camera, Operator, Role, RuleSpec
from storage.registry_records import CameraGroup, Sector
from tests.app.people_site import PASSWORD, PeopleSite, people_site
from tests.conftest import wait_until
from tests.contracts.test_journal import opened_incident
from tests.storage.site import ADMIN, OPERATOR, ROLES, START_UTC_S

SUPERVISOR = ROLES[Role.SUPERVISOR]
DEAD = Camera("c2", 2, "Yard", "rtsp://host/2")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[PeopleSite]:
    with people_site(tmp_path) as made:
        for letter in "ab":
            made.journal.apply(PutRecord(Sector(letter, letter.upper())), ADMIN)
        yield made


@pytest.fixture
def seat(site: PeopleSite) -> Seat:
    site.give_password()
    return site.seat()


@pytest.fixture
def desk(site: PeopleSite, seat: Seat, tmp_path: Path) -> SeatDesk:
    made = SeatDesk(
        site.journal,
        site.tasks,
        seat,
        SeatTest(SeatFacts(tmp_path)),
        dead_cameras=lambda: [DEAD],
        clock=site.clock,
        zone=ZoneInfo("Europe/Kyiv"),
    )
    seat.open()
    return made


def until(desk: SeatDesk, holds: Callable[[PeopleState], bool]) -> PeopleState:
    wait_until(lambda: holds(desk.state()))
    return desk.state()


def signed_in(desk: SeatDesk) -> None:
    said: list[str] = []
    desk.sign_in("Олена", PASSWORD, said.append)
    wait_until(lambda: said == [""])
    until(desk, lambda state: state.seat.operator_id == OPERATOR.id)


def test_is_a_people_desk(desk: SeatDesk) -> None:
    contract: PeopleDesk = desk
    assert contract.state().mine is None


def test_a_wrong_password_is_a_sentence(desk: SeatDesk) -> None:
    said: list[str] = []
    desk.sign_in("Олена", "wrong one", said.append)
    wait_until(lambda: bool(said))
    assert said[0].startswith("Name and password do not fit")


def test_a_shift_from_seat_test_to_hand_over(site: PeopleSite, desk: SeatDesk) -> None:
    incident_id = opened_incident(site.journal, camera_id="c2")
    signed_in(desk)
    desk.test_seat()
    until(desk, lambda state: bool(state.checks))
    desk.start_shift(["a", "b"])
    mine = until(desk, lambda state: state.mine is not None).mine
    assert mine is not None
    assert (mine.sector_ids, mine.workstation) == (("a", "b"), "seat 1")
    assert "disk" in json.loads(mine.checks)
    site.journal.apply(AcknowledgeIncident(incident_id, 1), OPERATOR)
    site.journal.apply(PutRecord(RuleSpec("r1", "c1", "z1", "Fence", enabled=False)), ADMIN)
    until_utc_s = site.clock() + 3600.0
    shelf = ShelveAlarms("Gate · Intrusion", ("c1",), "intrusion", "builders", until_utc_s)
    gone = ShelveAlarms("Yard", ("c1",), "intrusion", "rain", until_utc_s)
    for command in (shelf, gone, UnshelveAlarms(gone.new_shelf_id, 1)):
        site.journal.apply(command, OPERATOR)
    desk.refresh()
    words = until(desk, lambda state: len(state.candidates) == 4).candidates
    assert [word.kind for word in words] == [
        ShiftItemKind.INCIDENT,
        ShiftItemKind.DEAD_CAMERA,
        ShiftItemKind.MUTED_RULE,
        ShiftItemKind.SHELF,
    ]
    local = f"{datetime.fromtimestamp(until_utc_s, ZoneInfo('Europe/Kyiv')):%H:%M}"
    assert words[3] == ShiftWord(
        ShiftItemKind.SHELF, shelf.new_shelf_id, f"Gate · Intrusion is shelved until {local}: builders"
    )
    assert words[0].text == "2027-000001 Intrusion · Acknowledged"
    desk.hand_over((words[0], words[3], ShiftWord(ShiftItemKind.WORD, "", "mind the gate")))
    items = until(desk, lambda state: len(state.items) == 3).items
    assert [item.text for item in items] == [words[0].text, words[3].text, "mind the gate"]
    assert desk.state().mine is None
    for item in items:
        desk.take_item(item)
    until(desk, lambda state: not state.items)
    assert site.journal.shifts(open_only=False)[0].state is ShiftState.OVER


def test_sectors_are_lent_and_taken_back(site: PeopleSite, desk: SeatDesk) -> None:
    signed_in(desk)
    desk.start_shift(["a"])
    site.journal.apply(StartShift("seat 2", ("b",)), SUPERVISOR)
    desk.refresh()
    state = until(desk, lambda state: state.mine is not None and len(state.others) == 1)
    desk.lend_sectors(["a"], state.others[0])
    state = until(desk, lambda state: bool(state.others) and state.others[0].sector_ids == ("b", "a"))
    desk.take_sectors_back(["a"], state.others[0])
    until(desk, lambda state: state.mine is not None and state.mine.sector_ids == ("a",))
    desk.end_shift()
    until(desk, lambda state: state.mine is None)


def test_a_locked_seat_does_nothing_and_says_so(site: PeopleSite, desk: SeatDesk) -> None:
    signed_in(desk)
    desk.lock()
    desk.start_shift([])
    assert "locked" in site.refusals[-1]
    desk.sign_out()
    desk.start_shift([])
    assert "Nobody is signed in" in site.refusals[-1]
    assert not site.journal.shifts()


def test_a_refused_step_shows_what_is_true_now(site: PeopleSite, desk: SeatDesk) -> None:
    signed_in(desk)
    desk.start_shift(["a"])
    mine = until(desk, lambda state: state.mine is not None).mine
    assert mine is not None
    site.journal.apply(LendSectors(mine.id, 1, ("a",)), OPERATOR)
    desk.end_shift()
    wait_until(lambda: bool(site.refusals))
    until(desk, lambda state: state.mine is not None and state.mine.version == 2)


def test_the_password_is_changed(site: PeopleSite, desk: SeatDesk) -> None:
    signed_in(desk)
    said: list[str] = []
    desk.change_password(PASSWORD, "short", said.append)
    wait_until(lambda: bool(said))
    assert "at least 8 letters" in said[0]


def test_candidates_keep_to_the_cameras_of_the_group(site: PeopleSite, desk: SeatDesk) -> None:
    opened_incident(site.journal, camera_id="c2")
    site.journal.apply(PutRecord(CameraGroup("g", "g", ("c1",))), ADMIN)
    site.journal.apply(PutOperator(Operator(OPERATOR.id, "Олена", Role.OPERATOR, group_ids=("g",))), ADMIN)
    signed_in(desk)
    assert desk.state().candidates == ()


def test_a_supervisor_sees_what_an_absent_colleague_would_put_down(
    site: PeopleSite, seat: Seat, desk: SeatDesk
) -> None:
    incident_id = opened_incident(site.journal, camera_id="c2")
    site.journal.apply(AcknowledgeIncident(incident_id, 1), OPERATOR)
    site.journal.apply(StartShift("seat 2"), OPERATOR)
    signed_in(desk)
    assert desk.state().absent == {}
    site.give_password(SUPERVISOR.id)
    desk.sign_in(SUPERVISOR.id, PASSWORD, lambda _text: None)
    state = until(desk, lambda state: len(state.absent) == 1)
    words = state.absent[state.others[0].id]
    assert words[0].subject_id == incident_id
    desk.hand_over(words[:1], state.others[0])
    item = until(desk, lambda state: len(state.items) == 1).items[0]
    desk.take_item(item)
    until(desk, lambda state: not state.items)
    assert site.journal.incident_file(incident_id).incident.owner_id == SUPERVISOR.id
    assert site.journal.shifts(open_only=False)[0].forced_by_id == SUPERVISOR.id


# Accesses


def test_a_replay_is_written_down_by_who_sits_here(site: PeopleSite, desk: SeatDesk, seat: Seat) -> None:
    audit = AccessAudit(site.journal, site.bus, site.tasks, lambda: seat.actor)
    camera = site.journal.registry().cameras[0]
    audit.viewed(camera, START_UTC_S - 30)
    assert len(site.refusals) == 1
    signed_in(desk)
    audit.viewed(camera, START_UTC_S - 30)
    wait_until(lambda: len(site.journal.accesses(AccessFilter())) == 1)
    found = site.journal.accesses(AccessFilter())[0]
    assert (found.kind, found.actor_id, found.camera_id, found.from_utc_s, found.reason) == (
        AccessKind.PLAYBACK,
        OPERATOR.id,
        camera.id,
        START_UTC_S - 30,
        "instant replay",
    )


def test_nothing_is_granted_without_a_reason(site: PeopleSite) -> None:
    audit = AccessAudit(site.journal, site.bus, site.tasks, lambda: Actor(OPERATOR.id))
    given: list[str] = []
    audit.ask(RecordAccess(AccessKind.SEARCH), lambda: given.append("without"))
    wait_until(lambda: bool(site.refusals))
    audit.ask(RecordAccess(AccessKind.SEARCH, "a lost child"), lambda: given.append("with"))
    wait_until(lambda: bool(given))
    assert given == ["with"]
    assert site.refusals == [
        "This needs a reason or a case. Say why, or choose the incident, and try again. (step: search)"
    ]


def test_who_hears_that_the_seat_changed_finds_it_so_at_once(site: PeopleSite, seat: Seat, desk: SeatDesk) -> None:
    """A page that is made when the seat was left must ask for a name, however busy the reading is."""
    seen: list[str] = []
    desk.bus.subscribe(SeatChanged, lambda _told: seen.append(desk.state().seat.operator_id))
    seat.sign_in(OPERATOR.id, PASSWORD, lambda _refusal: None)
    wait_until(lambda: bool(seen))
    seat.sign_out()
    wait_until(lambda: len(seen) == 2)
    assert seen == [OPERATOR.id, ""]
