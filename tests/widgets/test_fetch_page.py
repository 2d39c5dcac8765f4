"""The page that fetches from a recorder, typed through over a real archive and a real recorder."""

from __future__ import annotations

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
from app.fetch_desk import SiteFetchDesk
from app.tasks import Tasks
from app.timeline import TimelineAnswer, TimelineQuestion, TimelineRow
from storage.records import Actor
from storage.sealed import Credential
from tests.app.fetch_site import ANNA, BEGIN, FetchSite, fetch_site
from tests.video.foreign_recorder import LOGIN, Faults
from tests.video.numbered import numbered_clip
from widgets.bridge import Bridge
from widgets.fetch_page import FetchPage
from widgets.timeline_lanes import FOREIGN, RECORDED, RowShape, lanes_image

PICTURES = os.environ.get("EXPORT_PICTURES", "")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return numbered_clip(tmp_path_factory.mktemp("clip") / "c.mp4", 0, 450)


class Opened:
    """The page over a desk whose tasks run."""

    def __init__(self, qtbot: QtBot, site: FetchSite) -> None:
        self.qtbot, self.site, self.actor = qtbot, site, ANNA
        self.tasks, self.bridge = Tasks(2), Bridge(Bus())
        for worker in self.tasks.workers:
            worker.start()
        self.desk = SiteFetchDesk(
            site.archive,
            site.index,
            lambda _camera_id: site.recordings,
            self.tasks,
            self._sits,
            make=lambda: site.fetches,
        )
        self.page = FetchPage(self.desk, self.bridge, ZoneInfo("Europe/Kyiv"), lambda: BEGIN + 3600.0)
        qtbot.addWidget(self.page)
        self.page.resize(480, 420)
        self.page.show_incident(site.archive.journal.incident_file(site.incident).incident)
        self.page.show()
        qtbot.waitExposed(self.page)
        self.page.activateWindow()
        qtbot.waitUntil(self.page.isActiveWindow)

    def _sits(self) -> Actor:
        return self.actor

    def until(self, condition: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(condition)

    def begin(self) -> None:
        """A camera's time out of playback, and what is missing of it."""
        self.page.begin("c1", BEGIN, BEGIN + 12)
        self.until(lambda: self.page.missing is not None)
        self.page.setFocus()
        self.until(self.page.lines["reason"].hasFocus)

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
def opened(qtbot: QtBot, tmp_path: Path, clip: Path) -> Iterator[Opened]:
    with fetch_site(tmp_path, clip, Faults(), ahead_s=2.3) as site:
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


def test_a_gap_is_filled_by_keys_alone(opened: Opened) -> None:
    page = opened.page
    opened.begin()
    assert page.lines["camera"].text() == "1"
    assert "4 s" in page.what.text()
    opened.picture("fetch-missing")
    write("complaint 7")
    press(Qt.Key.Key_Return)
    for name in ("recorder", "user", "password"):
        opened.until(page.lines[name].hasFocus)
        press(Qt.Key.Key_Return)
    opened.until(lambda: bool(page.outcome.text()))
    opened.until(lambda: page.missing == ())
    opened.picture("fetch-filled")
    assert page.outcome.text().startswith("✓ 4 s fetched from 127.0.0.1, in our recordings now.")
    assert "+2.3 s" in page.outcome.text()
    assert not page.fetching
    assert page.lines["reason"].text() == ""  # the next camera is not fetched from for this reason
    assert any(one.origin for one in opened.site.index.between("c1", BEGIN, BEGIN + 12))


def test_into_the_incident_without_a_reason_of_its_own(opened: Opened) -> None:
    page = opened.page
    attached: list[bool] = []
    page.attached.connect(lambda: attached.append(True))
    opened.begin()
    press(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    opened.until(lambda: bool(page.outcome.text()))
    assert attached == [True]
    (exhibit,) = opened.site.archive.journal.incident_file(opened.site.incident).exhibits
    assert exhibit.origin.startswith("ONVIF recorder 127.0.0.1, its clock was +2.3 s")
    assert "in the incident now" in page.outcome.text()


def test_an_incidents_number_is_read_whole_in_a_narrow_panel(opened: Opened) -> None:
    page = opened.page
    page.resize(340, 500)
    opened.begin()
    button = page.case_button
    assert button.text().endswith(page._incident.number if page._incident is not None else "?")
    opened.until(lambda: page.width() == 340 and button.width() <= 340)
    assert button.width() > button.fontMetrics().horizontalAdvance(button.text())


def test_what_is_lacking_is_said_where_it_is_to_be_typed(opened: Opened) -> None:
    page = opened.page
    page.fill()
    assert page.problem.text()
    opened.begin()
    page.fill()
    assert "case" in page.problem.text()
    page.lines["time"].setText("soon")
    page.fill()
    assert page.problem.text()
    page.lines["camera"].setText("99")
    page.fill()
    assert "number" in page.problem.text()
    assert not page.fetching
    assert not opened.site.recorder.heard


def test_what_was_typed_stays_until_another_time_is_chosen(opened: Opened) -> None:
    page = opened.page
    time_line = page.lines["time"]
    page.begin("c1", BEGIN, BEGIN + 12)
    time_line.selectAll()
    QTest.keyClicks(time_line, "today 10:00-10:05")
    page.begin("c1", BEGIN + 100, BEGIN + 160, suggested=True)
    page.begin("c1", BEGIN, BEGIN + 12)
    assert time_line.text() == "today 10:00-10:05"
    page.begin("c1", BEGIN + 100, BEGIN + 160)
    chosen = time_line.text()
    assert chosen != "today 10:00-10:05"
    page.begin("c1", BEGIN + 200, BEGIN + 260, suggested=True)
    assert time_line.text() != chosen, "nothing was typed: what the wall shows now is the better guess"
    opened.until(lambda: page.missing is not None)


def test_a_refusal_is_a_sentence_and_a_typed_login_does_not_stay(opened: Opened) -> None:
    page = opened.page
    opened.site.archive.logins.keep("c1", Credential("operator", "wrong"), opened.site.archive.actor)
    opened.begin()
    page.lines["reason"].setText("x")
    page.lines["recorder"].setText(opened.site.recorder.address.replace("http://", "http://nvr:secret@"))
    page.fill()
    opened.until(lambda: not page.fetching)
    assert page.problem.text()
    assert "secret" not in page.problem.text()
    assert page.lines["recorder"].text() == opened.site.recorder.address
    assert (page.lines["user"].text(), page.lines["password"].text()) == ("nvr", "")


def test_a_login_is_typed_apart_or_taken_out_of_the_address(opened: Opened) -> None:
    page, site = opened.page, opened.site
    site.archive.logins.keep("c1", Credential("operator", "wrong"), site.archive.actor)
    opened.begin()
    page.lines["reason"].setText("x")
    for name, text in (("recorder", site.recorder.address), ("user", LOGIN.user), ("password", LOGIN.password)):
        page.lines[name].setText(text)
    assert LOGIN.password not in "".join(line.displayText() for line in page.lines.values())
    page.fill()
    opened.until(lambda: bool(page.outcome.text()))
    assert "in our recordings now" in page.outcome.text()
    assert page.lines["password"].text() == ""
    page.lines["recorder"].setText("nvr:p@ss@192.0.2.7:8000")
    page.lines["recorder"].editingFinished.emit()
    told = [page.lines[name].text() for name in ("recorder", "user", "password")]
    assert told == ["http://192.0.2.7:8000", "nvr", "p@ss"]


def test_a_login_without_an_address_is_whose(opened: Opened) -> None:
    page = opened.page
    opened.begin()
    page.lines["reason"].setText("x")
    page.lines["password"].setText("p")
    page.fill()
    assert "address" in page.problem.text()
    assert not page.fetching


def test_footage_from_elsewhere_has_lines_through_it_in_the_timeline() -> None:
    question = TimelineQuestion(("c1",), 0.0, 60.0, 60)
    row = TimelineRow("c1", "1 Gate", recorded=bytes([255]) * 60, foreign=bytes(30) + bytes([255]) * 30)
    image = lanes_image(TimelineAnswer(question, (row,), 100.0), RowShape(20))
    colours = [{image.pixelColor(x, y).name() for y in range(20)} for x in (10, 50)]
    assert FOREIGN not in colours[0]
    assert FOREIGN in colours[1]
    assert RECORDED in colours[1]


def test_relieved_it_forgets_what_was_typed(opened: Opened) -> None:
    page = opened.page
    opened.begin()
    page.relieve()
    assert not any(line.text() for line in page.lines.values())
    assert page.what.text() == ""
