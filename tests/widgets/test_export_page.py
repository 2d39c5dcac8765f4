"""The export page typed through, over a real archive, real footage and real stored tracks."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.bus import Bus
from app.export_desk import SiteExportDesk
from app.export_orders import Blur, ExportOrder
from app.offices import Offices
from app.package_films import PackageStep
from app.tasks import Tasks
from storage.folders import Folders
from storage.people_commands import DecideApproval
from storage.records import Actor
from tests.app.export_site import ANNA, BEGIN, OLENA, TARAS, ExportSite, export_site
from tests.widgets.conftest import opened as shown
from tests.widgets.fakes import FakeDesk
from widgets.bridge import Bridge
from widgets.export_page import ExportPage

Key = Qt.Key
PICTURES = os.environ.get("EXPORT_PICTURES", "")


class Opened:
    """The page over a desk whose tasks run; `actor` sits here."""

    def __init__(self, qtbot: QtBot, site: ExportSite) -> None:
        self.qtbot, self.site = qtbot, site
        self.actor: Actor = ANNA
        self.tasks, self.bridge = Tasks(2), Bridge(Bus())
        for worker in self.tasks.workers:
            worker.start()
        clock = lambda: BEGIN + 3600.0  # noqa: E731 - a clock that stands
        self.desk = SiteExportDesk(site.archive, site.index, self.tasks, lambda: self.actor, clock=clock)
        self.page = ExportPage(self.desk, self.bridge, ZoneInfo("Europe/Kyiv"), clock)
        self.form = self.page.form
        self.said: list[str] = []
        self.page.said.connect(self.said.append)
        qtbot.addWidget(self.page)
        self.page.resize(480, 900)
        self.page.show_incident(site.archive.journal.incident_file(site.incident).incident)
        self.page.suggest("c1")
        self.page.show()
        qtbot.waitExposed(self.page)
        self.page.activateWindow()
        qtbot.waitUntil(self.page.isActiveWindow)
        self.page.setFocus()
        qtbot.waitUntil(self.form.range.hasFocus)

    def until(self, condition: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(condition)

    def type_range(self, text: str = "today 10:00:00-10:00:12") -> None:
        self.form.range.clear()
        write(text)

    def reason(self, text: str = "case 7") -> None:
        self.form.reason.setFocus()
        self.until(self.form.reason.hasFocus)
        self.form.reason.clear()
        write(text)

    def finished(self) -> None:
        self.until(lambda: self.page.result is not None)

    def picture(self, name: str) -> None:
        if PICTURES:
            self.page.grab().save(f"{PICTURES}/{name}.png")

    def close(self) -> None:
        self.bridge.close()
        for worker in self.tasks.workers:
            worker.stop()
        for worker in self.tasks.workers:
            assert worker.join(20)


@pytest.fixture
def opened(qtbot: QtBot, tmp_path: Path) -> Iterator[Opened]:
    with export_site(Folders.find().ensure(), tmp_path / "rec") as site:
        made = Opened(qtbot, site)
        yield made
        made.close()


def write(text: str) -> None:
    widget = QApplication.focusWidget()
    assert widget is not None
    QTest.keyClicks(widget, text)


def press(key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    widget = QApplication.focusWidget()
    assert widget is not None
    QTest.keyClick(widget, key, modifiers)


def send() -> None:
    press(Key.Key_Return, Qt.KeyboardModifier.ControlModifier)


def test_the_focused_camera_and_its_last_five_minutes_are_there(opened: Opened) -> None:
    assert opened.form.range.text() == "2027-01-15 10:55:00 - 11:00:00"
    assert opened.form.cameras.camera_ids == ("c1",)
    opened.until(lambda: opened.page.plan is not None)
    assert "Nothing is recorded" in opened.page.summary.text()
    send()
    assert "Say why" in opened.page.problem.text()
    assert opened.form.reason.hasFocus()


def test_a_view_copy_of_two_cameras_by_keyboard_is_partial_and_says_why(opened: Opened) -> None:
    page, form = opened.page, opened.form
    opened.type_range()
    assert "12 s" in form.meant.text()
    press(Key.Key_Return)
    assert form.cameras.line.hasFocus()
    write("yard, 7")
    press(Key.Key_Return)
    assert form.cameras.camera_ids == ("c1", "c2")
    assert form.cameras.line.hasFocus()
    opened.until(lambda: "PARTIAL" in page.summary.text())  # the first plan, of before, has nothing but holes
    opened.picture("1-typed")
    press(Key.Key_Return)
    assert form.reason.hasFocus()
    write("case 7")
    for _field in range(7):
        press(Key.Key_Return)
    assert page.building
    opened.picture("2-building")
    opened.finished()
    assert page.result is not None
    assert not page.result.complete
    assert page.result.folder is not None
    assert "✕ PARTIAL" in page.outcome.text()
    assert str(page.result.folder) in page.outcome.text()
    assert "2 Yard" in page.outcome.text()
    opened.picture("3-partial")
    assert json.loads((page.result.folder / "export.json").read_bytes())["reason"] == "case 7"
    press(Key.Key_Return)
    assert form.range.hasFocus()
    assert page.result is None


def test_what_is_wrong_is_said_beside_its_field(opened: Opened) -> None:
    page, form = opened.page, opened.form
    opened.type_range("soon")
    send()
    assert "cannot be read" in page.problem.text()
    assert form.range.hasFocus()
    opened.type_range()
    opened.reason()
    form.view.setChecked(False)
    send()
    assert "Tick what is wanted" in page.problem.text()
    form.master.setChecked(True)
    send()
    assert "need the incident" in page.problem.text()
    assert not page.building


def test_the_originals_wait_for_a_second_person(opened: Opened) -> None:
    page, form, journal = opened.page, opened.form, opened.site.archive.journal
    opened.type_range()
    opened.reason()
    form.view.setChecked(False)
    form.master.setChecked(True)
    form.case.setChecked(True)
    opened.until(lambda: page.plan is not None and page.plan.case is not None)
    assert "Ask for approval" in page.export_button.text()
    opened.picture("4-originals")
    send()
    opened.until(lambda: page.plan is not None and page.plan.case is not None and page.plan.case.asked)
    (asked,) = journal.approvals()
    assert "1 Gate; 2027-01-15 10:00:00 - 10:00:12" in asked.reason
    send()
    assert "not answered yet" in page.problem.text()
    journal.apply(DecideApproval(asked.id, asked.version, approved=True, words="yes"), OLENA)
    page.renew()
    opened.until(lambda: page.plan is not None and page.plan.case is not None and page.plan.case.granted)
    send()
    opened.finished()
    assert page.result is not None
    assert [piece.kind.value for piece in page.result.pieces] == ["master"]
    opened.picture("5-complete")


def test_all_but_one_track_are_blurred(opened: Opened) -> None:
    page, form = opened.page, opened.form
    opened.site.store_tracks()
    opened.type_range("today 10:00:00-10:00:04")
    form.blur.setCurrentIndex(list(Blur).index(Blur.ALL_BUT))
    assert "Say why first" in page.problem.text()
    opened.reason()
    form.blur.setCurrentIndex(0)
    form.blur.setCurrentIndex(list(Blur).index(Blur.ALL_BUT))
    opened.until(lambda: form.tracks.count() == 2)
    assert form.tracks.item(0).text().startswith("person  09:59:59")
    opened.until(form.tracks.hasFocus)
    press(Key.Key_Down)
    opened.picture("6-tracks")
    assert form.order.keep.startswith("2@")
    send()
    opened.finished()
    assert page.result is not None
    assert page.result.pieces[0].blurred
    assert "misses people" in page.outcome.text()
    opened.type_range("today 10:00:01-10:00:04")
    assert form.tracks.count() == 0, "tracks of another time are not offered"


def test_a_moment_is_a_still(opened: Opened) -> None:
    opened.type_range("today 10:00:05")
    opened.reason()
    send()
    opened.finished()
    assert opened.page.result is not None
    assert [piece.kind.value for piece in opened.page.result.pieces] == ["still", "still"]
    opened.picture("7-still")


def test_cancelled_and_gone_on_with(opened: Opened) -> None:
    page = opened.page
    opened.type_range()
    opened.reason()
    make = opened.desk.export
    begun: list[PackageStep] = []

    def cancelling(order: ExportOrder, told, done, refused) -> None:  # type: ignore[no-untyped-def]
        def tell(step: PackageStep, share: float) -> None:
            if not begun:
                begun.append(step)
                opened.desk.cancel()
            told(step, share)

        make(order, tell, done, refused)

    opened.desk.export = cancelling  # type: ignore[method-assign]
    send()
    opened.until(lambda: not page.building and page.waiting is not None)
    assert "cancelled" in page.problem.text()
    assert not page.again.isHidden()
    assert "1 Gate" in page.again.text()
    opened.picture("8-cut-short")
    press(Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    opened.finished()
    opened.until(lambda: page.waiting is None)


def test_nothing_of_it_stays_for_the_next_at_the_seat(opened: Opened) -> None:
    page, form = opened.page, opened.form
    opened.type_range()
    opened.reason()
    opened.actor = TARAS
    page.relieve()
    assert (form.range.text(), form.reason.text(), form.cameras.camera_ids) == ("", "", ())
    page.renew()
    assert [form.cameras.list.item(n).text() for n in range(form.cameras.list.count())] == ["1  Gate"]


def test_the_answer_belongs_to_who_asked(opened: Opened) -> None:
    page = opened.page
    opened.type_range()
    opened.reason()
    send()
    assert page.building
    page.relieve()
    opened.actor = TARAS
    opened.until(lambda: not opened.desk._busy.locked())  # it is over; its answer is on its way
    told: list[bool] = []
    opened.bridge.call_soon(lambda: told.append(True))
    opened.until(lambda: bool(told))
    assert (page.result, page.problem.text(), opened.said) == (None, "", [])
    assert page.outcome.isHidden()


def test_from_a_playback_the_time_around_its_picture_is_suggested(opened: Opened) -> None:
    opened.page.relieve()
    opened.page.suggest("c2", BEGIN + 65)
    assert opened.form.range.text() == "2027-01-15 09:59:00 - 10:04:00"
    assert opened.form.cameras.camera_ids == ("c2",)


def test_a_timeline_opens_it_with_its_range(opened: Opened) -> None:
    opened.page.begin(["c2"], BEGIN + 1, BEGIN + 9)
    assert opened.form.range.text() == "2027-01-15 10:00:01 - 10:00:09"
    assert opened.form.cameras.camera_ids == ("c2",)
    opened.until(opened.form.reason.hasFocus)


def test_ctrl_e_and_a_timeline_in_the_window(qtbot: QtBot, opened: Opened, desk: FakeDesk) -> None:
    desk.offices = Offices(exports=opened.desk, zone=ZoneInfo("Europe/Kyiv"))
    window = shown(qtbot, desk)
    QTest.keyClick(window.wall, Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    page = window.panel.pages.currentWidget()
    assert isinstance(page, ExportPage)
    opened.until(page.form.range.hasFocus)
    assert page.form.cameras.camera_ids == ("c1",)
    press(Key.Key_Escape)
    opened.until(window.wall.hasFocus)
    window.page_keys.begin_export_of(("c2",), BEGIN, BEGIN + 9)
    assert window.panel.pages.currentWidget() is page
    opened.until(page.form.reason.hasFocus)
    assert page.form.cameras.camera_ids == ("c2",)
    window.panel.offices.relieve()
    assert page.form.range.text() == ""
    window.close()


def test_without_recordings_ctrl_e_says_so(qtbot: QtBot, desk: FakeDesk) -> None:
    window = shown(qtbot, desk)
    QTest.keyClick(window.wall, Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    assert "not available" in window.panel.toast.text
    window.close()


def test_a_range_that_moves_with_the_clock_stands_still_when_it_is_sent(opened: Opened) -> None:
    opened.type_range("last 5 min")
    send()
    assert opened.form.range.text() == "2027-01-15 10:55:00 - 11:00:00"
