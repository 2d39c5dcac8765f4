from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from app.errors import AppCode, AppError
from app.sign_in import IDLE_LOCK_S, Seat, SeatChanged
from storage.commands import PutOperator, RemoveRecord
from storage.errors import StorageCode, WatchfloorError
from storage.people_commands import RecordFailedLogin, SetPassword
from storage.records import Actor, Operator, Role
from tests.app.people_site import PASSWORD, PeopleSite, answer_of, people_site
from tests.conftest import wait_until
from tests.storage.site import ADMIN, OPERATOR, ROLES, RUNTIME, START_UTC_S

SUPERVISOR = ROLES[Role.SUPERVISOR]
OK = ""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[PeopleSite]:
    with people_site(tmp_path) as made:
        yield made


def sign_in(seat: Seat, name: str, password: str = PASSWORD) -> str:
    return answer_of(lambda done: seat.sign_in(name, password, done))


def why_not(seat: Seat) -> AppCode:
    with pytest.raises(AppError) as caught:
        _ = seat.actor
    return AppCode(caught.value.code)


def test_without_any_password_the_owner_sits_here_and_is_told_how_to_set_one(site: PeopleSite) -> None:
    seat = site.seat()
    seat.open()
    assert seat.actor == ADMIN
    assert seat.state == SeatChanged(ADMIN.id, "Admin", Role.ADMINISTRATOR)
    assert "main.py operator password" in site.banners[-1].hint
    assert [login.operator_id for login in site.journal.logins_open()] == [ADMIN.id]
    seat.lock()
    seat.sign_out()
    assert len(site.refusals) == 2
    assert seat.actor == ADMIN
    site.idle_s = 10 * IDLE_LOCK_S
    seat.tick()
    assert seat.actor == ADMIN


def test_with_a_password_nobody_sits_here_until_somebody_signs_in(site: PeopleSite) -> None:
    site.give_password()
    seat = site.seat()
    seat.open()
    assert why_not(seat) is AppCode.SEAT_EMPTY
    assert sign_in(seat, "олена ") == OK
    assert seat.actor == OPERATOR
    assert site.seats[-1] == SeatChanged(OPERATOR.id, "Олена", Role.OPERATOR, by_password=True)
    seat.sign_out()
    assert why_not(seat) is AppCode.SEAT_EMPTY
    wait_until(lambda: not site.journal.logins_open())


def test_wrong_names_and_passwords_get_one_answer_and_are_written_down(
    site: PeopleSite, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    site.give_password()
    seat = site.seat()
    assert sign_in(seat, OPERATOR.id, "not my secret") == AppCode.WRONG_LOGIN
    assert sign_in(seat, "nobody", "not my secret") == AppCode.WRONG_LOGIN
    assert sign_in(seat, SUPERVISOR.id, "") == AppCode.WRONG_LOGIN
    assert sign_in(seat, RUNTIME.id, "x" * 5000) == AppCode.WRONG_LOGIN
    assert sorted(f.name for f in site.journal.failed_logins(0.0)) == sorted(
        ["nobody", OPERATOR.id, RUNTIME.id, SUPERVISOR.id]
    )
    assert why_not(seat) is AppCode.SEAT_EMPTY
    assert "secret" not in caplog.text


def test_each_wrong_password_makes_the_wait_longer_wherever_it_was_typed(site: PeopleSite) -> None:
    site.give_password()
    for _number in range(5):
        site.journal.apply(RecordFailedLogin(OPERATOR.id, "another seat"), RUNTIME)
    seat = site.seat()
    site.clock.utc_s += 3.5
    assert sign_in(seat, "Олена") == AppCode.LOGIN_DELAYED
    assert sign_in(seat, SUPERVISOR.id) == AppCode.WRONG_LOGIN
    site.clock.utc_s += 0.6
    assert sign_in(seat, "Олена") == OK
    seat.sign_out()
    assert sign_in(seat, "Олена", "wrong again") == AppCode.WRONG_LOGIN
    assert sign_in(seat, "Олена") == OK, "what came before the right password counts no more"


def test_a_workstation_where_many_names_are_tried_waits_too_and_never_for_long(site: PeopleSite) -> None:
    site.give_password()
    for number in range(40):
        site.journal.apply(RecordFailedLogin(f"name {number}", "seat 1"), RUNTIME)
    assert sign_in(site.seat(), OPERATOR.id) == AppCode.LOGIN_DELAYED
    assert sign_in(site.seat("seat 2"), OPERATOR.id) == OK
    site.clock.utc_s -= 600
    assert sign_in(site.seat(), OPERATOR.id) == AppCode.LOGIN_DELAYED
    site.clock.utc_s += 661
    assert sign_in(site.seat(), OPERATOR.id) == OK


def test_idle_lock_keeps_the_seat_and_the_own_password_opens_it(site: PeopleSite) -> None:
    site.give_password()
    seat = site.seat()
    assert sign_in(seat, OPERATOR.id) == OK
    site.idle_s = IDLE_LOCK_S - 1
    seat.tick()
    assert seat.actor == OPERATOR
    seat.touch()
    site.idle_s = 2 * IDLE_LOCK_S - 2
    seat.tick()
    assert seat.actor == OPERATOR
    site.idle_s = 2 * IDLE_LOCK_S
    seat.tick()
    assert why_not(seat) is AppCode.SEAT_LOCKED
    assert sign_in(seat, OPERATOR.id, "wrong one") == AppCode.WRONG_LOGIN
    assert why_not(seat) is AppCode.SEAT_LOCKED
    assert sign_in(seat, OPERATOR.id) == OK
    assert seat.actor == OPERATOR
    assert len(site.journal.logins_open()) == 1


def test_a_colleague_relieves_a_locked_seat(site: PeopleSite) -> None:
    site.give_password()
    site.give_password(SUPERVISOR.id, "another password")
    seat = site.seat()
    assert sign_in(seat, OPERATOR.id) == OK
    seat.lock()
    assert sign_in(seat, SUPERVISOR.id, "another password") == OK
    assert seat.actor == SUPERVISOR
    assert [login.operator_id for login in site.journal.logins_open()] == [SUPERVISOR.id]


def test_a_temporary_password_must_be_changed_first(site: PeopleSite) -> None:
    site.give_password(own=False)
    seat = site.seat()
    assert sign_in(seat, OPERATOR.id) == OK
    assert seat.state.must_change
    assert why_not(seat) is AppCode.TEMPORARY_LOGIN
    change = seat.change_password
    assert answer_of(lambda done: change(PASSWORD, "short", done)) == StorageCode.BAD_VALUE
    assert answer_of(lambda done: change("wrong one", "long enough", done)) == AppCode.WRONG_LOGIN
    assert answer_of(lambda done: change(PASSWORD, "long enough", done)) == OK
    assert seat.actor == OPERATOR
    seat.sign_out()
    assert sign_in(seat, OPERATOR.id) == AppCode.WRONG_LOGIN
    assert sign_in(seat, OPERATOR.id, "long enough") == OK
    assert not seat.state.must_change


def test_the_owner_sets_the_first_password_without_an_old_one_but_never_the_second(site: PeopleSite) -> None:
    seat = site.seat()
    seat.open()
    assert answer_of(lambda done: seat.change_password("", "long enough", done)) == OK
    assert site.banners[-1].text == ""
    assert answer_of(lambda done: seat.change_password("", "long enough 2", done)) == AppCode.WRONG_LOGIN
    seat.sign_out()
    assert sign_in(seat, ADMIN.id, "long enough") == OK


def test_who_is_not_valid_or_gone_does_not_sit_down(site: PeopleSite) -> None:
    site.give_password()
    seat = site.seat()
    site.journal.apply(PutOperator(Operator(OPERATOR.id, "x", Role.OPERATOR, valid_to_utc_s=START_UTC_S)), ADMIN)
    assert sign_in(seat, OPERATOR.id) == StorageCode.NOT_PERMITTED
    site.journal.apply(RemoveRecord("operators", OPERATOR.id), ADMIN)
    assert sign_in(seat, OPERATOR.id) == AppCode.WRONG_LOGIN
    assert why_not(seat) is AppCode.SEAT_EMPTY


def test_two_of_one_name_must_use_their_ids(site: PeopleSite) -> None:
    site.journal.apply(PutOperator(Operator("twin", "Олена", Role.OPERATOR)), ADMIN)
    site.give_password()
    seat = site.seat()
    assert sign_in(seat, "Олена") == AppCode.WRONG_LOGIN
    assert sign_in(seat, OPERATOR.id) == OK


def test_a_second_person_proves_who_they_are_and_the_seat_stays(site: PeopleSite) -> None:
    site.give_password()
    site.give_password(SUPERVISOR.id, "another password")
    seat = site.seat()
    assert sign_in(seat, OPERATOR.id) == OK
    found: list[Actor | WatchfloorError] = []

    def second(name: str, password: str) -> Actor | WatchfloorError:
        found.clear()
        seat.second_person(name, password, found.append, found.append)
        wait_until(lambda: bool(found))
        return found[0]

    assert second(SUPERVISOR.id, "another password") == SUPERVISOR
    own, wrong = second(OPERATOR.id, PASSWORD), second(SUPERVISOR.id, "wrong one")
    assert isinstance(own, WatchfloorError)
    assert own.code is StorageCode.NOT_PERMITTED
    assert isinstance(wrong, WatchfloorError)
    assert wrong.code is AppCode.WRONG_LOGIN
    expired = Operator(SUPERVISOR.id, "x", Role.SUPERVISOR, valid_to_utc_s=START_UTC_S)
    site.journal.apply(PutOperator(expired), ADMIN)
    late = second(SUPERVISOR.id, "another password")
    assert isinstance(late, WatchfloorError)
    assert late.code is StorageCode.NOT_PERMITTED
    assert seat.actor == OPERATOR


def test_one_password_is_checked_at_a_time(site: PeopleSite) -> None:
    site.give_password()
    seat = site.seat()
    answers: list[WatchfloorError | None] = []
    go_on = threading.Event()
    for _worker in site.tasks.workers:  # else the first may be done before the second asks
        site.tasks.submit(go_on.wait)
    for _number in range(5):
        seat.sign_in(OPERATOR.id, PASSWORD, answers.append)
    go_on.set()
    wait_until(lambda: len(answers) == 5)
    assert sum(answer is None for answer in answers) == 1
    assert {a.code for a in answers if a is not None} == {AppCode.SEAT_BUSY}


@pytest.mark.parametrize("own", [True, False])
def test_an_old_kind_of_hash_is_renewed_at_login_unless_temporary(site: PeopleSite, own: bool) -> None:
    old = PasswordHasher(time_cost=2, memory_cost=2048, parallelism=1).hash(PASSWORD)
    site.journal.apply(SetPassword(OPERATOR.id, old), OPERATOR if own else ADMIN)
    seat = site.seat()
    assert sign_in(seat, OPERATOR.id) == OK
    stored = site.journal.password(OPERATOR.id)
    assert stored is not None
    assert (stored.phc != old) is own
    assert stored.temporary is not own
    assert seat.state.must_change is not own
    seat.sign_out()
    assert sign_in(seat, OPERATOR.id) == OK
