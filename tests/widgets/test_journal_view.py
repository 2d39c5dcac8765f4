"""The journal view by keyboard and mouse: filter, pages, live rows, histogram, saved searches, calling off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.bus import Bus
from app.feeds import DeskState
from app.journal_pages import COUNTED, Failed, Histogram
from storage.journal import Registry
from storage.records import Camera, Category, Incident, IncidentState, Operator, Outcome, Place, Role, Severity
from storage.registry_records import OutcomeKind, SavedSearch
from storage.search import IncidentQuery, Page, Watch
from widgets.bridge import Bridge
from widgets.journal_table import COLUMNS, JournalModel
from widgets.journal_view import JournalView

ZONE = ZoneInfo("Europe/Kyiv")
UTC_S = 1_790_000_000.0
REGISTRY = Registry(
    cameras=(Camera("c1", 1, "Gate", "rtsp://host/1"), Camera("c2", 2, "Yard", "rtsp://host/2")),
    categories=(Category("theft", "Theft", "crime"), Category("fire", "Fire", "other")),
    places=(Place("p1", "Ринок", "Main street 1"),),
    operators=(Operator("o1", "Anna", Role.OPERATOR),),
    outcomes=(OutcomeKind("found", "Found"),),
)


def incident(n: int, **changes: Any) -> Incident:
    made = Incident(
        f"{n:08d}", f"2026-{n:06d}", "theft", Severity.HIGH, IncidentState.NEW, "c1", UTC_S + n * 60.0, 1, title=f"t{n}"
    )
    return replace(made, **changes)


@dataclass
class Asked:
    """One question."""

    kind: str
    query: IncidentQuery
    before_id: str | None
    done: Callable[..., None]
    failed: Failed
    watch: Watch = field(default_factory=Watch)


@dataclass
class FakePages:
    """Answers when the test says so."""

    asked: list[Asked] = field(default_factory=list)
    searches: dict[str, SavedSearch] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)

    def registry(self) -> Registry:
        return REGISTRY

    def page(self, query: IncidentQuery, before_id: str | None, done: Callable[[Page], None], failed: Failed) -> Watch:
        return self._ask("page", query, before_id, done, failed)

    def count(self, query: IncidentQuery, done: Callable[[int], None], failed: Failed) -> Watch:
        return self._ask("count", query, None, done, failed)

    def histogram(self, query: IncidentQuery, parts: int, done: Callable[[Histogram], None], failed: Failed) -> Watch:
        del parts
        return self._ask("histogram", query, None, done, failed)

    def saved(self, done: Callable[[tuple[SavedSearch, ...]], None], failed: Failed) -> None:
        del failed
        done(tuple(s for s in self.searches.values() if s.id not in self.hidden))

    def save(self, search_id: str, name: str, query: IncidentQuery, done: Callable[[], None], failed: Failed) -> None:
        del failed
        self.searches[search_id] = SavedSearch(search_id, "o1", name, query.to_json())
        self.hidden.discard(search_id)
        done()

    def remove(self, search_id: str, done: Callable[[], None], failed: Failed) -> None:
        del failed
        self.hidden.add(search_id)
        done()

    def _ask(self, kind: str, query: IncidentQuery, before_id: str | None, done: Any, failed: Failed) -> Watch:
        asked = Asked(kind, query, before_id, done, failed)
        self.asked.append(asked)
        return asked.watch

    def last(self, kind: str) -> Asked:
        return [a for a in self.asked if a.kind == kind][-1]

    def answer(self, *incidents: Incident, next_id: str | None = None, count: int = 7) -> None:
        """The newest question of each kind."""
        self.last("page").done(Page(tuple(incidents), next_id))
        self.last("count").done(count)
        self.last("histogram").done(Histogram(UTC_S, UTC_S + 900.0, (1, 2, 3, 4, 5, 6, 7, 8, 9)))


@pytest.fixture
def pages() -> FakePages:
    return FakePages()


@pytest.fixture
def view(qtbot: QtBot, pages: FakePages) -> Iterator[JournalView]:
    bridge = Bridge(Bus())
    made = JournalView(pages, bridge.call_soon, ZONE)
    qtbot.addWidget(made)
    made.resize(1500, 700)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    yield made
    made.close_down()
    made.close()
    bridge.close()


def numbers(view: JournalView) -> list[str]:
    return [i.number[-2:] for i in view.table.incidents.rows]


def shown(qtbot: QtBot, view: JournalView, pages: FakePages, *incidents: Incident, next_id: str | None = None) -> None:
    pages.answer(*incidents, next_id=next_id)
    qtbot.waitUntil(lambda: len(view.table.incidents.rows) == len(incidents))


def test_a_row_says_everything_in_words(qtbot: QtBot, view: JournalView, pages: FakePages) -> None:
    closed = incident(
        1, state=IncidentState.CLOSED, outcome=Outcome.FOUND.value, owner_id="o1", place_id="p1", title="Ніж\nпід кущем"
    )
    shown(qtbot, view, pages, closed)
    model = view.table.incidents
    texts = [model.index(0, n).data() for n in range(len(COLUMNS))]
    assert texts == [
        "2026-000001",
        "2026-09-21 17:14:20",
        "Theft",
        "High",
        "Closed",
        "Ніж під кущем",
        "Ринок, Main street 1",
        "1 Gate",
        "Anna",
        "Found",
    ]
    assert model.index(0, 3).data(Qt.ItemDataRole.DecorationRole) is not None
    qtbot.waitUntil(lambda: view.count_text.text() == "7 incidents")


def test_words_are_asked_for_by_keyboard_alone(qtbot: QtBot, view: JournalView, pages: FakePages) -> None:
    shown(qtbot, view, pages, incident(2), incident(1))
    view.table.setFocus()
    first = pages.last("page")
    QTest.keyClick(view.table, Qt.Key.Key_Slash)
    qtbot.waitUntil(view.filters.words.hasFocus)
    QTest.keyClicks(view.filters.words, "knife")
    qtbot.waitUntil(lambda: pages.last("page") is not first)
    assert pages.last("page").query == IncidentQuery(text="knife")
    assert numbers(view) == []
    QTest.keyClicks(view.filters.words, " man")
    QTest.keyClick(view.filters.words, Qt.Key.Key_Return)
    assert pages.last("page").query == IncidentQuery(text="knife man")
    pages.answer(incident(9), incident(8))
    qtbot.waitUntil(lambda: numbers(view) == ["09", "08"])
    QTest.keyClick(view.filters.words, Qt.Key.Key_Down)
    assert view.table.hasFocus()
    assert view.table.selected_id == incident(9).id
    QTest.keyClick(view.table, Qt.Key.Key_Down)
    with qtbot.waitSignal(view.incident_opened) as opened:
        QTest.keyClick(view.table, Qt.Key.Key_Return)
    assert opened.args == [incident(8).id]


def test_an_old_answer_never_comes_into_a_new_list(qtbot: QtBot, view: JournalView, pages: FakePages) -> None:
    old = pages.last("page")
    view.filters.show_query(IncidentQuery(text="new"))
    assert old.watch.cancelled
    old.done(Page((incident(1),)))
    shown(qtbot, view, pages, incident(5), incident(4))
    assert numbers(view) == ["05", "04"]


def test_every_list_narrows_the_question(qtbot: QtBot, view: JournalView, pages: FakePages) -> None:
    boxes = view.filters.boxes
    for name, text in (
        ("category", "All crimes"),
        ("severity", "High and above"),
        ("state", "All that are open"),
        ("operator", "Anna"),
        ("outcome", "Found"),
    ):
        boxes[name].setFocus()
        index = boxes[name].findText(text)
        assert index > 0, name
        boxes[name].setCurrentIndex(index)
        boxes[name].activated.emit(index)
    boxes["camera"].setFocus()
    edit = boxes["camera"].lineEdit()
    assert edit is not None
    edit.selectAll()
    QTest.keyClicks(edit, "2 Yard")
    QTest.keyClick(edit, Qt.Key.Key_Return)
    assert pages.last("page").query == IncidentQuery(
        group="crime",
        min_severity=Severity.HIGH,
        open_only=True,
        operator_id="o1",
        outcome="found",
        camera_id="c2",
    )
    QTest.mouseClick(view.filters.clear_button, Qt.MouseButton.LeftButton)
    assert pages.last("page").query == IncidentQuery()
    assert boxes["camera"].currentText() == "Any camera"


def test_scrolling_down_asks_for_the_next_page_once(qtbot: QtBot, view: JournalView, pages: FakePages) -> None:
    shown(qtbot, view, pages, *(incident(n) for n in range(250, 50, -1)), next_id=incident(51).id)
    before = len(pages.asked)
    view.table.scrollToBottom()
    qtbot.waitUntil(lambda: len(pages.asked) == before + 1)
    view.table.verticalScrollBar().setValue(10)
    view.table.scrollToBottom()
    assert len(pages.asked) == before + 1
    assert pages.last("page").before_id == incident(51).id
    pages.last("page").done(Page(tuple(incident(n) for n in range(50, 0, -1))))
    qtbot.waitUntil(lambda: len(view.table.incidents.rows) == 250)
    assert len({i.id for i in view.table.incidents.rows}) == 250
    assert not view.table.incidents.canFetchMore(view.table.rootIndex())


def test_a_table_is_capped(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    model = JournalModel(REGISTRY, ZONE, parent)
    for n in range(COUNTED // 1000 + 1):
        model.append_page(tuple(incident(n * 1000 + k) for k in range(1000)), "next")
    assert model.rowCount() == COUNTED
    assert model.full
    assert not model.canFetchMore(model.index(-1, -1))


def test_new_rows_come_on_top_while_the_top_is_in_sight(qtbot: QtBot, view: JournalView, pages: FakePages) -> None:
    shown(qtbot, view, pages, incident(3), incident(2), incident(1))
    view.table.selectRow(1)
    view.on_desk_changed(DeskState(seq=1))
    before = len(pages.asked)
    qtbot.waitUntil(lambda: len(pages.asked) > before)
    changed = incident(2, version=2, state=IncidentState.ACKNOWLEDGED)
    pages.answer(incident(5), incident(4), changed, incident(1))  # 3 was closed: the filter lets it no longer pass
    qtbot.waitUntil(lambda: numbers(view) == ["05", "04", "02", "01"])
    assert view.table.selected_id == incident(2).id
    assert view.table.incidents.index(2, 4).data() == "Acknowledged"
    view.on_desk_changed(DeskState(seq=1))
    assert not view._live.isActive()


def test_new_rows_do_not_move_what_somebody_reads(qtbot: QtBot, view: JournalView, pages: FakePages) -> None:
    listed = [incident(n) for n in range(200, 0, -1)]
    shown(qtbot, view, pages, *listed)
    view.table.selectRow(100)
    view.table.scrollTo(view.table.incidents.index(100, 0))
    in_sight = view.table.indexAt(QPoint(5, 5)).data()
    view.on_desk_changed(DeskState(seq=1))
    before = len(pages.asked)
    qtbot.waitUntil(lambda: len(pages.asked) > before)
    fresh = [incident(n) for n in (203, 202, 201)]
    pages.answer(*fresh, *listed[:197], next_id=listed[196].id)
    qtbot.waitUntil(view.new_button.isVisible)
    assert view.new_button.text() == "3 new"
    assert view.table.indexAt(QPoint(5, 5)).data() == in_sight
    assert view.table.selected_id == listed[100].id
    QTest.mouseClick(view.new_button, Qt.MouseButton.LeftButton)
    assert numbers(view)[:4] == ["03", "02", "01", "00"]
    assert len(view.table.incidents.rows) == 203
    assert view.table.at_top
    assert not view.new_button.isVisible()
    assert view.table.selected_id == listed[100].id


def test_dragging_across_the_histogram_chooses_a_time(qtbot: QtBot, view: JournalView, pages: FakePages) -> None:
    shown(qtbot, view, pages, incident(1))
    qtbot.waitUntil(lambda: bool(view.histogram.shown.counts))
    plot = view.histogram._plot.viewport()
    begin, end = (QPoint(view.histogram.x_of(UTC_S + s), 40) for s in (200.0, 600.0))
    QTest.mousePress(plot, Qt.MouseButton.LeftButton, pos=begin)
    for step in range(1, 5):
        QTest.mouseMove(plot, begin + (end - begin) * step / 4)
    QTest.mouseRelease(plot, Qt.MouseButton.LeftButton, pos=end)
    qtbot.waitUntil(lambda: pages.last("page").query.from_utc_s is not None)
    query = pages.last("page").query
    assert query.from_utc_s == pytest.approx(UTC_S + 200.0, abs=3.0)
    assert query.to_utc_s == pytest.approx(UTC_S + 600.0, abs=3.0)
    assert "–" in view.filters.boxes["period"].currentText()
    view.histogram.range_cleared.emit()
    assert pages.last("page").query == IncidentQuery()


def test_a_slow_question_shows_how_far_it_is_and_can_be_called_off(
    qtbot: QtBot, view: JournalView, pages: FakePages
) -> None:
    watch = pages.last("page").watch
    pages.last("count").watch.done = pages.last("histogram").watch.done = 1.0
    watch.done = 0.4
    qtbot.waitUntil(view.cancel_button.isVisible)
    qtbot.waitUntil(lambda: view.progress.value() == 40)
    QTest.mouseClick(view.cancel_button, Qt.MouseButton.LeftButton)
    assert watch.cancelled
    assert not view.progress.isVisible()
    assert "cancelled" in view.count_text.text()


def test_a_failure_is_said_in_the_view(qtbot: QtBot, view: JournalView, pages: FakePages) -> None:
    pages.last("page").failed("The disk failed.")
    qtbot.waitUntil(view.message.isVisible)
    assert view.message.text() == "The disk failed."
    view.filters.show_query(IncidentQuery(text="x"))
    assert not view.message.isVisible()


def test_a_search_is_kept_chosen_deleted_and_brought_back(qtbot: QtBot, view: JournalView, pages: FakePages) -> None:
    saved, box = view.saved, view.saved.box
    query = IncidentQuery(text="knife", category_ids=("fire",), open_only=True, camera_id="c9")
    view.filters.show_query(query)
    view.table.setFocus()
    QTest.keyClick(view.table, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(saved.name.hasFocus)
    QTest.keyClicks(saved.name, "Fires")
    QTest.keyClick(saved.name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: box.count() == 2)
    view.filters.clear()
    box.setCurrentIndex(1)
    box.activated.emit(1)
    assert pages.last("page").query == query
    assert view.filters.boxes["category"].currentText() == "Fire"
    QTest.mouseClick(saved.remove_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: box.count() == 1)
    assert "Fires" in saved.removed_text.text()
    QTest.mouseClick(saved.undo_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: box.count() == 2)
    assert not saved.undo_button.isVisible()


def test_escape_leaves_the_name_and_nothing_is_kept(qtbot: QtBot, view: JournalView, pages: FakePages) -> None:
    QTest.mouseClick(view.saved.keep_button, Qt.MouseButton.LeftButton)
    QTest.keyClicks(view.saved.name, "x")
    QTest.keyClick(view.saved.name, Qt.Key.Key_Escape)
    assert not view.saved.name.isVisible()
    assert not pages.searches


def test_a_closed_view_shows_nothing_more(qtbot: QtBot, view: JournalView, pages: FakePages) -> None:
    asked = pages.last("page")
    view.close_down()
    assert asked.watch.cancelled
    asked.done(Page((incident(1),)))
    QApplication.processEvents()
    assert numbers(view) == []


def test_counts_follow_changes_more_slowly(qtbot: QtBot, view: JournalView, pages: FakePages) -> None:
    shown(qtbot, view, pages, incident(1))
    qtbot.waitUntil(lambda: view.count_text.text() == "7 incidents")
    first = pages.last("count")
    view._figures.setInterval(50)
    view.on_desk_changed(DeskState(seq=1))
    qtbot.waitUntil(lambda: pages.last("count") is not first)
    pages.answer(incident(2), incident(1), count=1)
    qtbot.waitUntil(lambda: view.count_text.text() == "1 incident")
    assert pages.last("histogram").query == IncidentQuery()


def test_a_narrow_view_leaves_out_what_has_no_room(qtbot: QtBot, view: JournalView, pages: FakePages) -> None:
    shown(qtbot, view, pages, incident(1))
    view.resize(520, 700)
    qtbot.waitUntil(lambda: view.width() == 520)
    shown_columns = [c.heading for n, c in enumerate(COLUMNS) if not view.table.isColumnHidden(n)]
    assert shown_columns == ["Number", "Opened", "Category", "Severity"]
    boxes = [*view.filters.boxes.values(), view.filters.words]
    assert all(box.geometry().right() < view.filters.width() for box in boxes)


def test_a_refused_search_says_so_and_is_asked_again_once_it_may_be(
    qtbot: QtBot, view: JournalView, pages: FakePages
) -> None:
    for kind in ("page", "count", "histogram"):
        pages.last(kind).failed("This seat is locked.")
    qtbot.waitUntil(lambda: view.message.text() == "This seat is locked.")
    assert view.count_text.text() == ""
    asked = len(pages.asked)
    view.on_desk_changed(DeskState(seq=view._seq))
    qtbot.waitUntil(lambda: len(pages.asked) > asked)
    pages.answer(incident(1))
    qtbot.waitUntil(lambda: view.table.incidents.rowCount() == 1 and "7" in view.count_text.text())
    assert view.message.isHidden()
