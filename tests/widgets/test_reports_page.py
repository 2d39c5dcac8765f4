"""The reports page by keyboard alone: what, when, a look at the pages, then written; late answers show nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.bus import Bus
from app.report_desk import PagePicture, Preview, ReportKind, ReportOrder
from widgets.bridge import Bridge
from widgets.reports_page import ReportsPage


class FakeReportDesk:
    """Answers at once, or holds its answers."""

    def __init__(self) -> None:
        self.previewed: list[ReportOrder] = []
        self.written: list[ReportOrder] = []
        self.asked: list[int] = []
        self.held: list[Callable[[], None]] | None = None

    def preview(self, order: ReportOrder, done: Callable[[Preview], None], refused: Callable[[str], None]) -> None:
        self.previewed.append(order)
        if order.incident == "nothing":
            refused("It was not found.")
            return
        preview = Preview(b"%PDF", 3, "Mend the template.")
        if self.held is None:
            done(preview)
        else:
            self.held.append(lambda: done(preview))

    def page(self, _preview: Preview, number: int, _width_px: int, done: Callable[[PagePicture], None]) -> None:
        self.asked.append(number)
        done(PagePicture(number, 10, 14, bytes([40 * number + 10]) * 10 * 14 * 3))

    def write(self, order: ReportOrder, done: Callable[[str], None]) -> None:
        self.written.append(order)
        done("Written: x.pdf")


@pytest.fixture
def desk() -> FakeReportDesk:
    return FakeReportDesk()


@pytest.fixture
def page(qtbot: QtBot, desk: FakeReportDesk) -> Iterator[ReportsPage]:
    bridge = Bridge(Bus())
    made = ReportsPage(desk, bridge)
    qtbot.addWidget(made)
    made.resize(480, 800)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    made.setFocus()
    qtbot.waitUntil(made.kind.hasFocus)
    yield made
    bridge.close()


def focused() -> QWidget:
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


def press(*keys: Qt.Key) -> None:
    for key in keys:
        QTest.keyClick(focused(), key)


def grey(page: ReportsPage) -> int:
    return page.view.image.pixelColor(3, 3).red() if not page.view.image.isNull() else -1


def test_a_period_is_looked_at_and_written_by_keyboard(qtbot: QtBot, page: ReportsPage, desk: FakeReportDesk) -> None:
    said: list[str] = []
    page.said.connect(said.append)
    page.kind.setCurrentIndex(list(ReportKind).index(ReportKind.PERIOD))
    for text in ("2026-11-01", "2026-11-30"):
        press(Qt.Key.Key_Return)
        QTest.keyClicks(focused(), text)
    press(Qt.Key.Key_Return)
    assert page.form.hasFocus()
    page.form.setCurrentText("XLSX")
    press(Qt.Key.Key_Return)
    QTest.keyClicks(focused(), "council")
    press(Qt.Key.Key_Return)
    wanted = ReportOrder(ReportKind.PERIOD, "xlsx", "", "2026-11-01", "2026-11-30", "council")
    qtbot.waitUntil(lambda: grey(page) == 10 and page.view.hasFocus())
    assert desk.previewed == [wanted]
    assert "Page 1 of 3" in page.words.text()
    assert "Mend the template." in page.words.text()
    press(Qt.Key.Key_PageDown, Qt.Key.Key_PageDown, Qt.Key.Key_PageDown)
    qtbot.waitUntil(lambda: grey(page) == 90)
    press(Qt.Key.Key_PageUp)
    qtbot.waitUntil(lambda: grey(page) == 50)
    assert desk.asked == [0, 1, 2, 2, 1]
    press(Qt.Key.Key_W)
    qtbot.waitUntil(lambda: said == ["Written: x.pdf"])
    assert desk.written == [wanted]
    press(Qt.Key.Key_Escape)
    assert page.kind.hasFocus()


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (ReportKind.DAY, ["first"]),
        (ReportKind.SHIFT, []),
        (ReportKind.PERIOD, ["first", "last"]),
        (ReportKind.INCIDENT, ["incident"]),
    ],
)
def test_each_kind_has_its_own_lines_and_forms(page: ReportsPage, kind: ReportKind, shown: list[str]) -> None:
    page.kind.setCurrentIndex(list(ReportKind).index(kind))
    assert [name for name in ("incident", "first", "last") if page.lines[name].isVisible()] == shown
    forms = [page.form.itemText(n) for n in range(page.form.count())]
    assert forms[0] == "PDF"
    assert ("XLSX" in forms) == (kind is not ReportKind.INCIDENT)


def test_a_refusal_stands_where_the_page_would(qtbot: QtBot, page: ReportsPage, desk: FakeReportDesk) -> None:
    page.kind.setCurrentIndex(list(ReportKind).index(ReportKind.INCIDENT))
    page.lines["incident"].setText("nothing")
    page.preview()
    qtbot.waitUntil(lambda: page.words.text() == "It was not found.")
    assert desk.asked == []


@pytest.mark.parametrize("how", ["relief", "another kind"])
def test_a_late_preview_shows_nothing(page: ReportsPage, desk: FakeReportDesk, qtbot: QtBot, how: str) -> None:
    desk.held = []
    page.lines["reason"].setText("secret case")
    page.preview()
    if how == "relief":
        page.relieve()
        assert page.lines["reason"].text() == ""
    else:
        page.kind.setCurrentIndex(1)
    late, desk.held = desk.held[0], None
    late()
    page.preview()
    qtbot.waitUntil(lambda: grey(page) == 10)
    assert desk.asked == [0], "only the second one was shown"
