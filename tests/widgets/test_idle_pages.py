"""Pages made ahead: one a step, only while nobody touches the seat."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from app.offices import Offices
from tests.widgets.conftest import opened
from tests.widgets.fakes import FakeDesk
from tests.widgets.people_fakes import NOBODY, FakePeople
from tests.widgets.test_journal_view import FakePages
from widgets.idle_pages import REST_S, IdlePages


class Seat:
    """What the test says of it."""

    now_s = 100.0
    touched_s = 0.0
    busy = False


@pytest.fixture
def seat() -> Seat:
    return Seat()


def ahead(qtbot: QtBot, seat: Seat, made: list[str]) -> IdlePages:
    def steps() -> Iterator[str]:
        for name in ("a", "b"):
            made.append(name)
            yield name

    pages = IdlePages(steps(), lambda: seat.touched_s, lambda: seat.busy, clock=lambda: seat.now_s)
    pages._timer.setInterval(1_000_000)  # the test steps
    return pages


def test_one_a_step_until_all_are_made(qtbot: QtBot, seat: Seat) -> None:
    made: list[str] = []
    pages = ahead(qtbot, seat, made)
    pages.step()
    assert made == ["a"]
    pages.step()
    assert not pages.done
    pages.step()
    assert made == ["a", "b"]
    assert pages.done


def test_nothing_is_made_while_somebody_works(qtbot: QtBot, seat: Seat) -> None:
    made: list[str] = []
    pages = ahead(qtbot, seat, made)
    seat.touched_s = seat.now_s - REST_S / 2
    pages.step()
    seat.touched_s = 0.0
    seat.busy = True
    pages.step()
    assert made == []
    seat.busy = False
    pages.step()
    assert made == ["a"]
    pages.close()


def test_pages_and_keys_are_there_before_their_key_and_nothing_was_asked(qtbot: QtBot, desk: FakeDesk) -> None:
    pages = FakePages()
    people = FakePeople(NOBODY)
    people.bus = desk.bus
    desk.offices = Offices(people=people, pages=pages)
    window = opened(qtbot, desk)
    offices, keys = window.panel.offices, window.panel.keys
    told = [*offices.prepare(), *keys.prepare()]
    assert {"page login", "page shift", "page cameras"} <= set(told)
    assert keys.widget() is not None
    assert offices.made("journal") is not None
    assert not pages.asked, "it asks when it is first seen"
    before = offices.made("shift")
    assert before is not None
    assert offices.page("shift") is before
    assert list(offices.prepare()) == list(keys.prepare()) == []
    assert window.panel.pages.currentWidget() is window.panel.work
    window.close()
