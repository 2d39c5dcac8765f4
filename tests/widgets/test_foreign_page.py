"""The page for a witness's file, typed through over a real archive."""

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
from app.foreign_files import SiteForeignDesk
from app.tasks import Tasks
from storage.case_records import Exhibit
from storage.folders import Folders
from tests.app.export_site import ANNA, BEGIN, ExportSite, export_site
from tests.app.test_foreign_files import phone_film
from widgets.bridge import Bridge
from widgets.foreign_page import ForeignPage

__all__ = ["phone_film"]
PICTURES = os.environ.get("EXPORT_PICTURES", "")


class Opened:
    """The page over a desk whose tasks run."""

    def __init__(self, qtbot: QtBot, site: ExportSite) -> None:
        self.qtbot, self.site = qtbot, site
        self.tasks, self.bridge = Tasks(2), Bridge(Bus())
        for worker in self.tasks.workers:
            worker.start()
        self.desk = SiteForeignDesk(site.archive, self.tasks, lambda: ANNA)
        zone = ZoneInfo("Europe/Kyiv")
        self.page = ForeignPage(self.desk, self.bridge, zone, lambda: BEGIN + 3600.0)
        qtbot.addWidget(self.page)
        self.page.resize(480, 420)
        self.page.show_incident(site.archive.journal.incident_file(site.incident).incident)
        self.page.show()
        qtbot.waitExposed(self.page)
        self.page.activateWindow()
        qtbot.waitUntil(self.page.isActiveWindow)
        self.page.setFocus()
        qtbot.waitUntil(self.page.lines["path"].hasFocus)

    def until(self, condition: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(condition)

    def exhibits(self) -> tuple[Exhibit, ...]:
        return tuple(self.site.archive.journal.incident_file(self.site.incident).exhibits)

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
    QTest.keyClick(widget, Qt.Key.Key_Return)


def test_a_film_is_taken_in_by_keyboard_with_its_clock_set(opened: Opened, phone_film: Path) -> None:
    page = opened.page
    write(str(phone_film))
    opened.until(lambda: page.facts is not None)
    assert "A film of 2 s" in page.what.text()
    assert page.lines["begins"].text() == "2027-01-15 10:00:00"
    write("witness K.")
    assert "Taken as right, it begins at 2027-01-15 10:00:00" in page.meaning.text()
    write("")
    write("10:00:10")
    QTest.keyClicks(page.lines["real"], "10:01:10")
    assert "set by +60 s" in page.meaning.text()
    assert "2027-01-15 10:01:00" in page.meaning.text()
    opened.picture("f1-typed")
    QTest.keyClick(page.lines["real"], Qt.Key.Key_Return)
    opened.until(lambda: bool(page.outcome.text()))
    (kept,) = opened.exhibits()
    assert (kept.origin, kept.clock_offset_s, kept.from_utc_s) == ("witness K.", 60.0, BEGIN + 60)
    assert kept.sha256[:32] in page.outcome.text()
    opened.picture("f2-taken")
    opened.until(page.lines["path"].hasFocus)


def test_a_bad_file_is_refused_with_a_sentence(opened: Opened, tmp_path: Path) -> None:
    page = opened.page
    (tmp_path / "note.mp4").write_text("I saw it all")
    write(str(tmp_path / "note.mp4"))
    opened.until(lambda: "neither a film nor a picture" in page.problem.text())
    opened.picture("f3-refused")
    write("witness K.")
    for _line in range(3):
        write("")
    opened.until(lambda: not page.taking)
    assert opened.exhibits() == ()


def test_what_is_missing_is_said_beside_its_line(opened: Opened, phone_film: Path) -> None:
    page = opened.page
    page.send()
    assert "Name the file" in page.problem.text()
    page.lines["path"].setText(str(phone_film))
    page.send()
    assert "from whom" in page.problem.text()
    page.lines["origin"].setText("K.")
    page.lines["showed"].setText("soon")
    page.send()
    assert "cannot be read" in page.problem.text()
    page.lines["showed"].setText("10:00")
    page.send()
    assert "real time was" in page.problem.text()
    page.show_incident(None)
    page.send()
    assert "Choose the incident" in page.problem.text()
    page.relieve()
    assert not any(line.text() for line in page.lines.values())
    assert not page.taking
