"""The search page by keyboard: what to look for, a drawing, results as they come, what is done with them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.footage_search import FootageQuery, FoundMoment, MomentPicture, SearchKind, SearchNews, SearchState
from app.offices import UTC, Offices
from storage.case_commands import AddNote
from storage.case_records import NoteKind
from storage.records import RuleKind
from storage.registry_records import PrivacyMask
from tests.widgets.conftest import opened
from tests.widgets.fakes import FakeDesk, incident
from widgets.footage_search_page import FootageSearchPage

T0 = 1_790_000_000.0
COLOURS = ("red", "green", "blue")


class FakeRun:
    """What the test gives it."""

    def __init__(self) -> None:
        self.waiting: list[FoundMoment] = []
        self.news = SearchNews()

    def take(self) -> SearchNews:
        moments, self.waiting = tuple(self.waiting), []
        return replace(self.news, moments=moments)

    def cancel(self) -> None:
        if self.news.state is SearchState.RUNNING:
            self.news = replace(self.news, state=SearchState.CANCELLED)


class FakeSearch:
    """Keeps what it was asked; `refuse` is why the next search is none."""

    def __init__(self) -> None:
        self.queries: list[FootageQuery] = []
        self.runs: list[FakeRun] = []
        self.refuse = ""

    def begin(self, query: FootageQuery) -> FakeRun:
        run = FakeRun()
        if self.refuse:
            run.news = SearchNews(state=SearchState.REFUSED, sentence=self.refuse)
        self.queries.append(query)
        self.runs.append(run)
        return run


def jpeg(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 36), colour).save(out, "JPEG")
    return out.getvalue()


def moment(number: int, pictures: int = 3) -> FoundMoment:
    at = T0 + 60.0 * number
    shown = tuple(MomentPicture(at + n, jpeg(COLOURS[n % 3])) for n in range(pictures))
    return FoundMoment(f"c{number}", at + 1.0, at, at + 3.0, f"Motion {number}", shown, min(1, max(pictures - 1, 0)))


@pytest.fixture
def search() -> FakeSearch:
    return FakeSearch()


@pytest.fixture
def page(qtbot: QtBot, desk: FakeDesk, search: FakeSearch) -> Iterator[FootageSearchPage]:
    host = QWidget()
    qtbot.addWidget(host)
    host.resize(420, 800)
    made = FootageSearchPage(desk, search, UTC, host)
    made.resize(420, 800)
    host.show()
    qtbot.waitExposed(host)
    host.activateWindow()
    made.setFocus()
    qtbot.waitUntil(made.form.kind.hasFocus)
    yield made
    host.close()


def press(key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """To whatever has the keyboard."""
    widget = QApplication.focusWidget()
    assert widget is not None
    QTest.keyClick(widget, key, modifier)


def go_to(qtbot: QtBot, field: QWidget) -> None:
    """By Tab alone."""
    for _step in range(12):
        if field.hasFocus():
            return
        press(Qt.Key.Key_Tab)
    assert field.hasFocus()


def begun(qtbot: QtBot, page: FootageSearchPage, search: FakeSearch, *moments: FoundMoment) -> FakeRun:
    """A search of cameras' motion, and what it found at once."""
    page.form.ground.setText("Theft")
    page.begin()
    run = search.runs[-1]
    run.waiting += moments
    qtbot.waitUntil(lambda: page.results.found.rowCount() == len(moments) and page.results.hasFocus())
    return run


def test_all_by_keyboard_from_the_form_to_the_results(
    qtbot: QtBot, page: FootageSearchPage, search: FakeSearch, desk: FakeDesk
) -> None:
    go_to(qtbot, page.form.when)
    page.form.when.selectAll()
    QTest.keyClicks(page.form.when, "2026-09-21 14:00 - 14:20")
    go_to(qtbot, page.form.ground)
    QTest.keyClicks(page.form.ground, "Theft of a bicycle")
    press(Qt.Key.Key_Return)
    (query,) = search.queries
    assert (query.kind, query.camera_ids, query.ground) == (SearchKind.MOTION, ("c1",), "Theft of a bicycle")
    assert (query.from_utc_s, query.to_utc_s) == (1789999200.0, 1790000400.0)
    assert query.points == ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    qtbot.waitUntil(page.results.hasFocus)
    assert page.searching
    run = search.runs[0]
    run.waiting.append(moment(1))
    run.news = SearchNews(share=0.4)
    qtbot.waitUntil(lambda: "1 moment found, 40% searched" in page.told.text())
    assert page.progress.value() == 400
    run.waiting.append(moment(2))
    run.news = SearchNews(share=1.0, state=SearchState.DONE)
    qtbot.waitUntil(lambda: not page.searching)
    assert page.told.text() == "2 moments found"
    assert page.progress.isHidden()
    assert page.results.found.rowCount() == 2
    press(Qt.Key.Key_Escape)
    qtbot.waitUntil(page.form.kind.hasFocus)
    assert page.currentIndex() == 0


def test_a_region_is_drawn_by_keys_on_the_live_picture(
    qtbot: QtBot, page: FootageSearchPage, search: FakeSearch, desk: FakeDesk
) -> None:
    desk.feeds["c1"].push()
    page.form.ground.setText("Theft")
    canvas = page.form.board.canvas
    assert canvas is not None
    go_to(qtbot, canvas)
    for _point in range(3):
        press(Qt.Key.Key_Insert)
    press(Qt.Key.Key_Left)
    assert len(page.form.board.points) == 3
    press(Qt.Key.Key_Return)
    assert search.queries[0].points == canvas.draft.now.points
    assert search.queries[0].points[2][0] < 0.6


def test_a_line_must_be_drawn_and_what_was_drawn_waits(
    qtbot: QtBot, page: FootageSearchPage, search: FakeSearch
) -> None:
    form = page.form
    form.ground.setText("Theft")
    form.choose_kind(SearchKind.LINE)
    page.begin()
    assert "Draw the line" in form.problem.text()
    assert search.queries == []
    canvas = form.board.canvas
    assert canvas is not None
    qtbot.waitUntil(canvas.hasFocus)
    for x in (0.2, 0.7):
        spot = form.board.unit.map(QPointF(x, 0.5)).toPoint()
        QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=spot)
    form.choose_kind(SearchKind.EVENTS)
    assert form.board.isHidden()
    form.choose_kind(SearchKind.LINE)
    form.label.setCurrentIndex(form.label.findData("car"))
    form.direction.setCurrentIndex(form.direction.findData("in"))
    page.begin()
    (query,) = search.queries
    assert (query.labels, query.direction, query.thorough) == (("car",), "in", False)
    assert [round(x, 1) for x, _y in query.points] == [0.2, 0.7]


def test_esc_on_the_drawing_leaves_it_and_ctrl_del_begins_it_anew(qtbot: QtBot, page: FootageSearchPage) -> None:
    canvas = page.form.board.canvas
    assert canvas is not None
    canvas.setFocus()
    qtbot.waitUntil(canvas.hasFocus)
    press(Qt.Key.Key_Insert)
    press(Qt.Key.Key_Delete, Qt.KeyboardModifier.ControlModifier)
    assert page.form.board.points == ()
    renewed = page.form.board.canvas
    assert renewed is not None
    qtbot.waitUntil(renewed.hasFocus)
    press(Qt.Key.Key_Escape)
    assert page.form.ground.hasFocus()


def test_events_of_all_cameras_by_kind(page: FootageSearchPage, search: FakeSearch) -> None:
    form = page.form
    form.ground.setText("Theft")
    form.choose_kind(SearchKind.EVENTS)
    form.camera.setCurrentIndex(form.camera.findData(""))
    form.event_kind.setCurrentIndex(form.event_kind.findData(RuleKind.LOITERING))
    page.begin()
    (query,) = search.queries
    assert (query.camera_ids, query.event_kinds, query.points) == ((), (RuleKind.LOITERING,), ())


def test_tracks_in_a_region_for_a_time(page: FootageSearchPage, search: FakeSearch) -> None:
    page.form.ground.setText("Theft")
    page.form.choose_kind(SearchKind.REGION)
    page.form.stay.setValue(45)
    page.begin()
    assert (search.queries[0].stay_s, search.queries[0].labels) == (45.0, ())


@pytest.mark.parametrize(
    ("ground", "when", "said"), [("", "last 5 min", "which case"), ("Theft", "noon", ""), ("Theft", "", "")]
)
def test_without_a_reason_or_a_time_nothing_is_searched(
    page: FootageSearchPage, search: FakeSearch, ground: str, when: str, said: str
) -> None:
    page.form.ground.setText(ground)
    page.form.when.setText(when)
    page.begin()
    assert search.queries == []
    assert said in page.form.problem.text()
    assert page.form.problem.text()


def test_a_refusal_is_told_in_the_form(qtbot: QtBot, page: FootageSearchPage, search: FakeSearch) -> None:
    search.refuse = "You may not search this camera."
    page.form.ground.setText("Theft")
    page.begin()
    assert page.currentIndex() == 0
    assert page.form.problem.text() == "You may not search this camera."
    assert not page.searching


def test_the_marked_moment_plays_and_the_one_under_the_pointer_instead(
    qtbot: QtBot, page: FootageSearchPage, search: FakeSearch
) -> None:
    begun(qtbot, page, search, moment(1), moment(2), moment(3, pictures=0))
    results = page.results
    assert results.played[0] == 0
    seen: set[tuple[int, int]] = set()

    def all_seen() -> bool:
        seen.add(results.played)
        return seen >= {(0, 0), (0, 1), (0, 2)}

    qtbot.waitUntil(all_seen)
    spot = results.visualRect(results.found.index(1)).center()
    hover(results.viewport(), spot)
    assert results.played == (1, 1)  # from its cover on
    seen.clear()
    qtbot.waitUntil(lambda: results.played == (1, 2))
    hover(results.viewport(), results.visualRect(results.found.index(2)).center())
    assert results.played == (2, 0)
    QApplication.sendEvent(results, QEvent(QEvent.Type.Leave))
    assert results.played[0] == 0
    results.grab()


def hover(widget: QWidget, spot: QPoint) -> None:
    none = Qt.MouseButton.NoButton
    at = QPointF(spot)
    event = QMouseEvent(
        QEvent.Type.MouseMove, at, QPointF(widget.mapToGlobal(spot)), none, none, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(widget, event)


def test_enter_shows_b_bookmarks_e_exports(
    qtbot: QtBot, page: FootageSearchPage, search: FakeSearch, desk: FakeDesk
) -> None:
    begun(qtbot, page, search, moment(1), moment(2))
    press(Qt.Key.Key_Down)
    with qtbot.waitSignal(page.moment_chosen) as shown:
        press(Qt.Key.Key_Return)
    assert shown.args == ["c2", T0 + 121.0, "Theft"]
    with qtbot.waitSignal(page.range_chosen) as exported:
        press(Qt.Key.Key_E)
    assert exported.args == [("c2",), T0 + 115.0, T0 + 128.0, "Theft"]
    with qtbot.waitSignal(page.said):
        press(Qt.Key.Key_B)
    note = desk.commands[-1]
    assert isinstance(note, AddNote)
    assert (note.kind, note.camera_id, note.utc_s, note.text) == (NoteKind.BOOKMARK, "c2", T0 + 121.0, "Motion 2")


def test_letters_of_the_window_rest_in_the_results(
    qtbot: QtBot, page: FootageSearchPage, search: FakeSearch, desk: FakeDesk
) -> None:
    """Who types another reason there must not resolve an incident with it."""
    hits: list[str] = []
    for name in ("S", "C", "Shift+X"):
        QShortcut(name, page.window(), partial(hits.append, name))
    begun(qtbot, page, search, moment(1))
    before = len(desk.commands)
    for key in (Qt.Key.Key_S, Qt.Key.Key_C):
        with qtbot.waitSignal(page.said) as told:
            press(key)
        assert "Bookmark" in told.args[0]
    with qtbot.waitSignal(page.said):
        QTest.keyClick(page.results, Qt.Key.Key_X, Qt.KeyboardModifier.ShiftModifier)
    assert (hits, len(desk.commands)) == ([], before)


def test_esc_cancels_first_and_leaves_then(qtbot: QtBot, page: FootageSearchPage, search: FakeSearch) -> None:
    run = begun(qtbot, page, search, moment(1))
    press(Qt.Key.Key_Escape)
    assert run.news.state is SearchState.CANCELLED
    assert "until it was cancelled" in page.told.text()
    assert page.currentIndex() == 1
    press(Qt.Key.Key_Escape)
    assert page.currentIndex() == 0


def test_another_operator_finds_nothing_of_it(
    qtbot: QtBot, page: FootageSearchPage, search: FakeSearch, desk: FakeDesk
) -> None:
    page.form.choose_kind(SearchKind.MOTION)
    canvas = page.form.board.canvas
    assert canvas is not None
    for point in ((0.4, 0.4), (0.6, 0.4), (0.6, 0.6)):
        canvas.draft.add(point)
    run = begun(qtbot, page, search, moment(1))
    page.relieve()
    assert run.news.state is SearchState.CANCELLED
    assert page.results.found.rowCount() == 0
    assert (page.currentIndex(), page.form.ground.text(), page.form.board.points) == (0, "", ())
    assert not page.searching


def test_moments_of_a_camera_that_may_not_be_seen_any_more_go(
    qtbot: QtBot, page: FootageSearchPage, search: FakeSearch, desk: FakeDesk
) -> None:
    run = begun(qtbot, page, search, moment(1), moment(2))
    desk.hidden = frozenset({"c1"})
    page.renew()
    assert [page.results.found.moment(0)] == [moment(2)]
    run.waiting.append(moment(1))
    run.news = SearchNews(state=SearchState.DONE)
    qtbot.waitUntil(lambda: not page.searching)
    assert page.results.found.rowCount() == 1
    assert page.form.camera.findData("c1") == -1


def test_changed_masks_take_the_old_pictures_away(
    qtbot: QtBot, page: FootageSearchPage, search: FakeSearch, desk: FakeDesk
) -> None:
    begun(qtbot, page, search, moment(1))
    desk.extend(privacy_masks=(PrivacyMask("m1", "c1", "Door", ((0.0, 0.0), (0.3, 0.0), (0.3, 0.3))),))
    page.renew()
    assert page.results.found.rowCount() == 0
    assert "search again" in page.told.text()


def test_the_focused_camera_and_the_case_are_suggested(page: FootageSearchPage) -> None:
    page.suggest("c3")
    page.show_incident(incident(7))
    assert page.form.camera_id == "c3"
    assert page.form.ground.text() == incident(7).number
    QTest.keyClicks(page.form.ground, " and more")
    page.show_incident(incident(8))
    assert page.form.ground.text() == f"{incident(7).number} and more"
    canvas = page.form.board.canvas
    assert canvas is not None
    canvas.draft.add((0.5, 0.5))
    page.suggest("c1")
    assert page.form.camera_id == "c3"  # something is drawn on it


def test_the_camera_is_open_only_while_its_picture_is_seen(page: FootageSearchPage, desk: FakeDesk) -> None:
    assert desk.feeds["c1"].wanted[0] > 0
    page.suggest("c2")
    assert desk.feeds["c1"].closed
    assert desk.feeds["c2"].wanted[0] > 0
    page.hide()
    assert desk.feeds["c2"].closed


def test_a_search_goes_on_while_another_page_is_seen(qtbot: QtBot, page: FootageSearchPage, search: FakeSearch) -> None:
    run = begun(qtbot, page, search, moment(1))
    page.hide()
    run.waiting.append(moment(2))
    run.news = SearchNews(state=SearchState.DONE)
    page.show()
    qtbot.waitUntil(lambda: not page.searching)
    assert page.results.found.rowCount() == 2


def test_alt_f_opens_it_with_the_focused_camera_and_leads_on_to_playback_and_export(
    qtbot: QtBot, desk: FakeDesk, search: FakeSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.offices = Offices(search=search)
    window = opened(qtbot, desk)
    window.wall.show_camera("c4")
    shown: list[tuple[str, float]] = []
    exported: list[tuple[object, ...]] = []
    why: list[str] = []

    def opened_playback(_cameras: tuple[str, ...], camera_id: str, utc_s: float, *, reason: str) -> None:
        shown.append((camera_id, utc_s))
        why.append(reason)

    monkeypatch.setattr(window.playback, "_open", opened_playback)
    monkeypatch.setattr(
        window.panel.offices,
        "begin_export",
        lambda *chosen: exported.append(chosen),
    )
    known = window.panel.offices.page
    monkeypatch.setattr(  # no such office here
        window.panel.offices, "page", lambda name: known("footage_search" if name == "export" else name)
    )
    press(Qt.Key.Key_F, Qt.KeyboardModifier.AltModifier)
    page = window.panel.pages.currentWidget()
    assert isinstance(page, FootageSearchPage)
    qtbot.waitUntil(page.form.kind.hasFocus)
    assert page.form.camera_id == "c4"
    run = begun(qtbot, page, search, moment(1))
    run.news = SearchNews(state=SearchState.DONE)
    qtbot.waitUntil(lambda: not page.searching)
    press(Qt.Key.Key_Return)
    assert [camera_id for camera_id, _utc_s in shown] == ["c1"]
    assert T0 + 50.0 < shown[0][1] <= T0 + 61.0
    press(Qt.Key.Key_E)
    assert exported[0][:3] == (("c1",), T0 + 55.0, T0 + 68.0)
    assert why == [exported[0][3]] == ["Theft"], "why it was looked for is not asked again"
    press(Qt.Key.Key_F, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(window.wall.hasFocus)
    window.close()
