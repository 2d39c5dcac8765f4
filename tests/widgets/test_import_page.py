"""The import page by keyboard, over a desk that the test answers for; and once over a real journal."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QMimeDatabase, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app.archive import Archive
from app.bus import Bus
from app.camera_import import ImportRow, found_camera, planned
from app.import_desk import SiteImportDesk
from app.import_preview import Preview
from app.import_store import ImportSummary
from app.tasks import Tasks
from storage.folders import Folders
from storage.records import Camera
from storage.settings import Settings
from widgets.bridge import Bridge
from widgets.import_page import ImportPage
from widgets.still_view import decoded

Key = Qt.Key


def rows(count: int = 5) -> tuple[ImportRow, ...]:
    found = [
        found_camera(
            f"Школа {n}, двор", f"rtsp://admin:s3cret@10.0.0.{n % 250}:55{n}/Streaming/Channels/101", line=n + 2
        )
        for n in range(count)
    ]
    there = [Camera("c9", 9, "Gate", "rtsp://10.0.0.1:551/streaming/channels/101/")]
    return planned([*found, found_camera("Broken", "exec:x", line=99)], there)


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 360), (70, 110, 80)).save(out, "JPEG")
    return out.getvalue()


class FakeImportDesk:
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.looked: list[tuple[ImportRow, Callable[[Preview], None]]] = []
        self.stored: list[tuple[Sequence[ImportRow], Callable[[int, int], None], Callable[[ImportSummary], None]]] = []
        self.fail: Callable[[str], None] = print
        self.done: Callable[[tuple[ImportRow, ...]], None] = print
        self.cancels = self.taken_back = 0

    def read(self, source: str, done: Callable[[tuple[ImportRow, ...]], None], failed: Callable[[str], None]) -> None:
        self.asked.append(source)
        self.done, self.fail = done, failed

    def preview(self, row: ImportRow, done: Callable[[Preview], None]) -> bool:
        self.looked.append((row, done))
        return True

    def store(
        self,
        rows: Sequence[ImportRow],
        progress: Callable[[int, int], None],
        done: Callable[[ImportSummary], None],
        failed: Callable[[str], None],
    ) -> None:
        self.stored.append((rows, progress, done))
        self.fail = failed

    def take_back(self, done: Callable[[int], None], failed: Callable[[str], None]) -> None:
        self.taken_back += 1
        done(3)

    def cancel(self) -> None:
        self.cancels += 1


@pytest.fixture(scope="module", autouse=True)
def _mime_types() -> None:
    """Qt keeps the list of file types open once a file dialog has asked for it."""
    QMimeDatabase().mimeTypeForFile("a.csv")


@pytest.fixture
def desk() -> FakeImportDesk:
    return FakeImportDesk()


@pytest.fixture
def page(qtbot: QtBot, desk: FakeImportDesk) -> ImportPage:
    page = ImportPage(desk, lambda call: call())
    qtbot.addWidget(page)
    page.resize(620, 760)
    page.show()
    qtbot.waitExposed(page)
    page.activateWindow()
    page.setFocus()
    qtbot.waitUntil(page.path.hasFocus)
    QTest.keyClicks(page.path, "/x/cameras.csv")
    QTest.keyClick(page.path, Key.Key_Return)
    assert desk.asked == ["/x/cameras.csv"]
    desk.done(rows())
    qtbot.waitUntil(page.table.hasFocus)
    return page


def test_rows_are_ticked_unticked_and_stored_by_keys(page: ImportPage, desk: FakeImportDesk) -> None:
    assert page.store_button.text().endswith("Store 4 cameras")
    QTest.keyClick(page.table, Key.Key_Space)
    QTest.keyClick(page.table, Key.Key_Down)
    QTest.keyClick(page.table, Key.Key_Space)  # it is already there: it cannot be ticked
    assert [row.number for row in page.model.ticked] == [2, 3, 4]
    QTest.keyClick(page.table, Key.Key_A)
    QTest.keyClick(page.table, Key.Key_A)
    assert not page.model.ticked
    QTest.keyClick(page.table, Key.Key_Return)
    assert not desk.stored
    QTest.keyClick(page.table, Key.Key_A)
    QTest.keyClick(page.table, Key.Key_Return)
    assert len(desk.stored[0][0]) == 4


def test_storing_shows_how_far_it_is_and_can_be_stopped(page: ImportPage, desk: FakeImportDesk) -> None:
    said: list[str] = []
    page.said.connect(said.append)
    QTest.keyClick(page.table, Key.Key_Return)
    _rows, progress, done = desk.stored[0]
    progress(2, 4)
    assert page.progress.isVisible()
    assert page.progress.value() == 2
    QTest.keyClick(page.table, Key.Key_Return)
    assert len(desk.stored) == 1
    QTest.keyClick(page.table, Key.Key_Escape)
    assert desk.cancels == 1
    done(ImportSummary(2, 4, cancelled=True))
    assert said[0].startswith("2 of 4")
    assert not page.progress.isVisible()
    assert len(desk.asked) == 2  # read again: what was stored is there now
    QTest.keyClick(page.table, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert desk.taken_back == 1
    assert said[1].startswith("3 cameras")


def test_the_selected_camera_is_looked_at_one_at_a_time(page: ImportPage, desk: FakeImportDesk) -> None:
    assert [row.number for row, _done in desk.looked] == [1]
    for _ in range(3):
        QTest.keyClick(page.table, Key.Key_Down)
    assert len(desk.looked) == 1
    row, done = desk.looked[0]
    done(Preview(row, jpeg(), "h264 640x360"))
    assert [row.number for row, _done in desk.looked] == [1, 3]
    row, done = desk.looked[1]
    done(Preview(row, problem="Nothing answers there."))
    assert "Nothing answers" in page.words.text()
    for _ in range(3):
        QTest.keyClick(page.table, Key.Key_Up)
    assert "640x360" in page.words.text()
    assert not page.picture.pixmap().isNull()
    assert "s3cret" not in page.words.text()
    assert [row.number for row, _done in desk.looked] == [1, 3, 2]  # the one that was passed on the way, once each


def test_a_picture_is_decoded_on_the_thread_that_brings_it(
    qtbot: QtBot, desk: FakeImportDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Callable[[], None]] = []
    threads: list[str] = []

    def noted(data: bytes) -> QImage:
        threads.append(threading.current_thread().name)
        return decoded(data)

    monkeypatch.setattr("widgets.import_page.decoded", noted)
    page = ImportPage(desk, calls.append)
    qtbot.addWidget(page)
    page.show()
    page.path.setText("/x/cameras.csv")
    page.read()
    desk.done(rows())
    calls.pop()()
    row, done = desk.looked[0]
    task = threading.Thread(target=done, args=(Preview(row, jpeg(), "h264 640x360"),), name="task")
    task.start()
    task.join()
    calls.pop()()
    assert threads == ["task"]
    assert not page.picture.pixmap().isNull()
    assert "640x360" in page.words.text()
    page.resize(700, 900)
    assert threads == ["task"], "never again"


def test_relief_leaves_no_path_and_no_rows(page: ImportPage, desk: FakeImportDesk) -> None:
    page.read()
    page.relieve()
    desk.done(rows())
    assert page.path.text() == ""
    assert page.model.rowCount() == 0
    assert page.words.text() == ""
    assert not page.store_button.isEnabled()


def test_what_is_not_new_says_why(page: ImportPage) -> None:
    QTest.keyClick(page.table, Key.Key_Down)
    assert "9 Gate" in page.words.text()
    page.table.selectRow(5)
    assert "no address of a stream" in page.words.text()


def test_a_file_that_cannot_be_read_is_one_sentence_and_clears_the_table(
    page: ImportPage, desk: FakeImportDesk
) -> None:
    done, fail = desk.done, desk.fail
    page.read()
    fail("stale")
    done(rows(3))
    assert page.model.rowCount() == 6  # the answer to a question that nobody waits for any more
    desk.fail("cameras.csv cannot be read at line 3.")
    assert page.count.text() == "cameras.csv cannot be read at line 3."
    assert page.model.rowCount() == 0
    assert not page.store_button.isEnabled()


def test_a_file_is_chosen_beside_the_wall_and_not_over_it(page: ImportPage, desk: FakeImportDesk, qtbot: QtBot) -> None:
    page.choose()
    dialog = page.findChild(QFileDialog)
    assert dialog is not None
    assert not dialog.isModal()
    dialog.fileSelected.emit("/y/config.yml")
    dialog.close()
    qtbot.waitUntil(lambda: page.findChild(QFileDialog) is None)
    assert desk.asked[-1] == "/y/config.yml"


def test_ten_thousand_rows_are_shown_without_a_stall(page: ImportPage, desk: FakeImportDesk, qtbot: QtBot) -> None:
    page.read()
    desk.done(planned([found_camera(f"c{n}", f"rtsp://10.0.{n >> 8}.{n & 255}/1") for n in range(10_000)], ()))
    assert page.store_button.text().endswith("10000 cameras")
    QTest.keyClick(page.table, Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    assert page.selected is not None
    assert page.selected.number == 10_000


def test_over_a_real_journal(qtbot: QtBot, tmp_path: Path) -> None:
    archive, tasks, bridge = Archive(Folders.under(tmp_path / "home").ensure(), Settings()), Tasks(2), Bridge(Bus())
    for worker in tasks.workers:
        worker.start()
    page = ImportPage(SiteImportDesk(archive, tasks), bridge.call_soon)
    qtbot.addWidget(page)
    page.show()
    qtbot.waitExposed(page)
    table = tmp_path / "a.csv"
    table.write_text("name;url\nДвор;rtsp://admin:s3cret@127.0.0.1:1/main\n", encoding="cp1251")
    try:
        page.path.setText(str(table))
        page.read()
        qtbot.waitUntil(lambda: page.model.rowCount() == 1)
        qtbot.waitUntil(lambda: "Nothing answers" in page.words.text())
        page.store()
        qtbot.waitUntil(lambda: page.model.rowCount() == 1 and not page.model.ticked)
        assert [camera.name for camera in archive.journal.registry().cameras] == ["Двор"]
        page.take_back()
        qtbot.waitUntil(lambda: len(page.model.ticked) == 1)
        page.path.setText(str(tmp_path / "none.csv"))
        page.read()
        qtbot.waitUntil(lambda: "There is no file" in page.count.text())
    finally:
        bridge.close()
        for worker in tasks.workers:
            worker.stop()
        for worker in tasks.workers:
            assert worker.join(60)
        archive.close()
