"""The approvals page typed and clicked through, over a real archive, a real seat and real footage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QMessageBox, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.approval_facts import PackagePlan
from app.package_content import CameraScope
from app.package_verifier import INTACT, verify
from app.packages import PackageResult
from storage.folders import Folders
from storage.package_manifest import GapFacts
from storage.people_commands import RequestApproval
from storage.people_records import Approval, ApprovalKind, ApprovalState
from tests.app.approval_site import ANNA, OLENA, ApprovalSite, approval_site
from tests.app.people_site import PASSWORD
from tests.app.test_approval_desk import Slow
from tests.widgets.conftest import opened as shown
from tests.widgets.fakes import FakeDesk
from widgets.approval_page import ApprovalPage
from widgets.approval_words import approval_text, result_text, scope_text
from widgets.bridge import Bridge
from widgets.choice import Choice

Key = Qt.Key


class Opened:
    """The page as it stands in the panel: what is asked appears below it."""

    def __init__(self, qtbot: QtBot, site: ApprovalSite) -> None:
        self.qtbot, self.site = qtbot, site
        self.box = QWidget()
        self.bridge = Bridge(site.bus)
        self.choice = Choice(self.box)
        self.page = ApprovalPage(site.desk, self.bridge, self.choice, self.box)
        self.said: list[str] = []
        self.page.said.connect(self.said.append)
        column = QVBoxLayout(self.box)
        column.addWidget(self.page, 1)
        column.addWidget(self.choice)
        qtbot.addWidget(self.box)
        self.box.resize(480, 900)
        self.box.show()
        qtbot.waitExposed(self.box)
        self.box.activateWindow()
        qtbot.waitUntil(self.box.isActiveWindow)
        self.page.show_incident(site.archive.journal.incident_file(site.incident).incident)
        self.page.setFocus()
        qtbot.waitUntil(self.page.list.hasFocus)

    def until(self, condition: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(condition)

    def line_count(self, count: int) -> None:
        self.page.renew()
        self.until(lambda: self.page.waiting() == count)

    def order(self, reason: str = "court order 7", *, originals: bool = False) -> None:
        """P, then the lines."""
        press(Key.Key_P)
        self.until(lambda: self.page.package.plan is not None)
        for text in (reason, "Police", "Art. 93"):
            write(text)
            press(Key.Key_Return)
        if originals:
            press(Key.Key_Space)
        press(Key.Key_Return)

    def sign(self, name: str, password: str) -> None:
        """As the second person."""
        self.until(self.page.second.name.hasFocus)
        write(name)
        press(Key.Key_Return)
        write(password)
        press(Key.Key_Return)


@pytest.fixture
def opened(qtbot: QtBot, tmp_path: Path) -> Iterator[Opened]:
    with approval_site(Folders.find().ensure(), tmp_path / "rec") as site:
        made = Opened(qtbot, site)
        yield made
        assert not [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog | QMessageBox) and w.isVisible()]
        made.bridge.close()


def focused() -> QWidget:
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


def press(*keys: Qt.Key) -> None:
    for key in keys:
        QTest.keyClick(focused(), key)


def write(text: str) -> None:
    QTest.keyClicks(focused(), text)


def test_a_package_without_originals_by_keyboard(opened: Opened) -> None:
    page, form = opened.page, opened.page.package
    opened.order()
    assert form.building
    assert not form.progress.isHidden()
    opened.until(lambda: not form.building)
    (noted,) = opened.site.archive.journal.packages(opened.site.incident)
    assert (noted.recipient, noted.master) == ("Police", False)
    text = form.result.text()
    assert noted.path in text
    assert "PARTIAL" in text
    assert "1 Gate" in text
    assert noted.fingerprint in text
    assert verify(noted.path, opened.site.archive.key.fingerprint).code == INTACT
    assert noted.path in opened.said[-1]
    press(Key.Key_Return)
    assert form.isHidden()
    assert page.list.hasFocus()
    press(Key.Key_P)
    assert form.result.isHidden()
    assert form.lines["reason"].text() == "court order 7"


def test_originals_from_the_order_to_the_package_with_a_second_person_beside(opened: Opened) -> None:
    page, form = opened.page, opened.page.package
    opened.order(originals=True)
    opened.until(lambda: page.waiting() == 1)
    assert page.list.hasFocus()
    assert page.selected is not None
    assert page.selected.approval.subject_id == opened.site.incident
    assert "For: Police" in page.facts.text()
    assert "NOT sealed" in page.facts.text()
    press(Key.Key_A)
    write("I read it")
    press(Key.Key_Return)
    opened.sign("Olena", PASSWORD)
    assert page.second.password.text() == ""
    opened.until(lambda: page.waiting() == 0)
    assert page.second.isHidden()
    opened.until(lambda: form.plan is not None and form.plan.granted)
    press(Key.Key_P)
    assert form.originals.hasFocus()
    assert form.build_button.text() == "Enter  Make the package"
    press(Key.Key_Return)
    opened.until(lambda: bool(form.result.text()))
    (noted,) = opened.site.archive.journal.packages(opened.site.incident)
    (approval,) = opened.site.archive.journal.approvals(open_only=False)
    assert (noted.master, noted.approval_id) == (True, approval.id)
    assert (approval.decided_by_id, approval.words) == (OLENA.id, "I read it")
    assert opened.site.seat.state.operator_id == ANNA.id


def test_enter_waits_for_the_plan_that_is_being_read(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody may have approved meanwhile: a stale plan would ask a second person once more."""
    form, desk = opened.page.package, opened.site.desk
    late: list[Callable[[], None]] = []
    opened.order(originals=True)
    opened.until(lambda: opened.page.waiting() == 1)
    plan = type(desk).plan

    def held(incident_id: str, done: Callable[[PackagePlan], None], refused: Callable[[str], None]) -> None:
        late.append(lambda: plan(desk, incident_id, done, refused))

    monkeypatch.setattr(desk, "plan", held)
    press(Key.Key_A)
    write("I read it")
    press(Key.Key_Return)
    opened.sign("Olena", PASSWORD)
    opened.until(lambda: opened.page.waiting() == 0)
    press(Key.Key_P, Key.Key_Return)
    assert not form.building
    for answer in late:
        answer()
    opened.until(lambda: bool(form.result.text()))
    assert len(opened.site.archive.journal.approvals(open_only=False)) == 1


def test_a_wrong_password_and_the_own_one_are_refused(opened: Opened) -> None:
    page, line = opened.page, opened.site.ask()
    opened.line_count(1)
    assert opened.page.selected == line
    press(Key.Key_Return, Key.Key_Return)
    opened.sign("Olena", "a wrong one")
    opened.until(lambda: "do not fit" in page.second.problem.text())
    assert page.second.password.hasFocus()
    assert page.second.password.text() == ""
    page.second.name.selectAll()
    page.second.name.setFocus()
    opened.sign("Anna", PASSWORD)
    opened.until(lambda: "the one who asked" in page.second.problem.text())
    press(Key.Key_Escape)
    assert page.second.isHidden()
    assert page.list.hasFocus()
    assert page.waiting() == 1


def test_a_refusal_needs_words(opened: Opened) -> None:
    opened.site.ask()
    opened.line_count(1)
    QTest.mouseClick(opened.page.buttons["R"], Qt.MouseButton.LeftButton)
    press(Key.Key_Return)
    assert not opened.choice.isHidden()
    write("no order of the court")
    press(Key.Key_Return)
    opened.sign("Olena", PASSWORD)
    opened.until(lambda: opened.page.waiting() == 0)
    (approval,) = opened.site.archive.journal.approvals(open_only=False)
    assert (approval.state, approval.words) == (ApprovalState.REFUSED, "no order of the court")
    press(Key.Key_P)
    opened.page.package.originals.setChecked(True)
    opened.until(lambda: "no order of the court" in opened.page.package.approval.text())


def test_glass_is_broken_and_its_review_falls_due(opened: Opened) -> None:
    page = opened.page
    opened.site.ask()
    opened.line_count(1)
    press(Key.Key_G, Key.Key_Return)
    assert not opened.choice.isHidden(), "it must be said why"
    write("a knife at the school")
    press(Key.Key_Return)
    opened.until(lambda: page.buttons["V"].isEnabled())
    assert not page.buttons["A"].isEnabled()
    assert "tomorrow" in opened.said[-1]
    assert "DUE" not in page.list.item(0).text()
    opened.site.late_s = 90_000.0
    page.renew()
    opened.until(lambda: "REVIEW IS DUE" in page.list.item(0).text())
    assert "reviews due: 1" in page.heading.text()
    press(Key.Key_V)
    write("rightly so")
    press(Key.Key_Return)
    opened.sign("Olena", PASSWORD)
    opened.until(lambda: page.waiting() == 0)
    (approval,) = opened.site.archive.journal.approvals(open_only=False)
    assert (approval.state, approval.words) == (ApprovalState.REVIEWED, "a knife at the school\nrightly so")


def test_at_the_supervisors_own_seat_no_password_is_asked(qtbot: QtBot, tmp_path: Path) -> None:
    with approval_site(Folders.find().ensure(), tmp_path / "rec") as site:
        site.ask()
        site.seat, site.desk = site.another_seat(OLENA)
        opened = Opened(qtbot, site)
        opened.line_count(1)
        press(Key.Key_A, Key.Key_Return)
        opened.until(lambda: opened.page.waiting() == 0)
        assert opened.page.second.isHidden()
        opened.bridge.close()


def test_esc_leaves_it_running_and_c_cancels(opened: Opened) -> None:
    page, form = opened.page, opened.page.package
    opened.site.maker = slow = Slow()
    opened.order()
    assert slow.begun.wait(60)
    assert form.hasFocus()
    press(Key.Key_Escape)
    assert form.building
    assert not form.isHidden()
    assert page.list.hasFocus()
    opened.until(lambda: "making the view copies" in form.progress.format())
    press(Key.Key_C)
    opened.until(lambda: not form.building)
    assert "cancelled" in form.problem.text()
    assert page.list.hasFocus()
    opened.site.maker = None
    press(Key.Key_P)
    press(*[Key.Key_Return] * 4)
    opened.until(lambda: bool(form.result.text()))


@pytest.mark.parametrize("by_mouse", [False, True])
def test_what_is_being_made_is_cancelled_in_its_form(opened: Opened, *, by_mouse: bool) -> None:
    form = opened.page.package
    opened.site.maker = slow = Slow()
    opened.order()
    assert slow.begun.wait(60)
    if by_mouse:
        QTest.mouseClick(form.cancel_button, Qt.MouseButton.LeftButton)
    else:
        press(Key.Key_C)
    opened.until(lambda: not form.building)
    assert form.lines["reason"].hasFocus()
    assert opened.site.archive.journal.packages(opened.site.incident) == []


def test_what_was_just_asked_is_selected_among_others(opened: Opened) -> None:
    opened.site.archive.journal.apply(RequestApproval(ApprovalKind.MASK_LIFT, "c1", "a face"), ANNA)
    opened.line_count(1)
    opened.order(originals=True)
    opened.until(lambda: opened.page.waiting() == 2)
    assert opened.page.selected is not None
    assert opened.page.selected.approval.kind is ApprovalKind.MASTER_EXPORT


def test_a_reason_is_needed_and_an_incident(opened: Opened) -> None:
    form = opened.page.package
    opened.order(reason=" ")
    assert "why" in form.problem.text()
    assert form.lines["reason"].hasFocus()
    press(Key.Key_Escape)
    assert form.isHidden()
    opened.page.show_incident(None)
    press(Key.Key_P)
    assert form.isHidden()
    assert "incident" in opened.said[-1]


def test_relief_leaves_nothing_of_the_one_before(opened: Opened) -> None:
    page, form = opened.page, opened.page.package
    opened.site.ask()
    opened.line_count(1)
    press(Key.Key_A)
    write("I read it")
    press(Key.Key_Return)
    opened.until(page.second.name.hasFocus)
    write("Ole")
    page.begin_package()
    form.lines["reason"].setText("court order 7")
    page.renew()
    page.relieve()
    for _turn in range(5):
        QApplication.processEvents()
    assert page.second.isHidden()
    assert page.second.name.text() == ""
    assert form.isHidden()
    assert form.wish.reason == ""
    assert page.waiting() == 0
    assert "court" not in page.facts.text()
    opened.line_count(1)


def test_a_package_in_the_making_is_not_told_to_the_next_operator(opened: Opened) -> None:
    page, form = opened.page, opened.page.package
    opened.order()
    assert form.building
    page.relieve()
    opened.until(lambda: len(opened.site.archive.journal.packages(opened.site.incident)) == 1)
    opened.line_count(0)
    assert form.isHidden()
    assert not form.building
    assert form.result.text() == ""
    assert opened.said == []


def test_an_erasure_is_never_broken_glass(opened: Opened) -> None:
    opened.site.archive.journal.apply(RequestApproval(ApprovalKind.ERASURE, opened.site.incident, "asked by law"), ANNA)
    opened.line_count(1)
    assert opened.page.buttons["A"].isEnabled()
    assert not opened.page.buttons["G"].isEnabled()
    press(Key.Key_G)
    assert opened.choice.isHidden()


def test_keys_of_the_form_are_not_the_walls(opened: Opened) -> None:
    from PySide6.QtGui import QShortcut

    hits: list[str] = []
    for key in ("Space", "X", "Esc", "C"):
        QShortcut(key, opened.box, lambda key=key: hits.append(key))
    press(Key.Key_P)
    opened.page.package.originals.setFocus()
    press(Key.Key_X, Key.Key_Space, Key.Key_C)
    assert opened.page.package.originals.isChecked()
    press(Key.Key_Escape)
    assert hits == []


def test_words() -> None:
    plan = PackagePlan("i", "2026-000001", tuple(CameraScope("c1", 60.0 * n, 60.0 * n + 5) for n in range(9)))
    assert "3 more" in scope_text(plan)
    assert "No camera" in scope_text(replace(plan, scopes=()))
    asked = Approval("a", ApprovalKind.MASTER_EXPORT, "i", "r", ApprovalState.REQUESTED, "anna", 1.0, 1)
    seen = {approval_text(replace(plan, approval=replace(asked, state=s))) for s in list(ApprovalState)[:4]}
    assert len(seen | {approval_text(plan)}) == 5
    result = PackageResult(
        Path("/p.zip"), "p", "ab" * 32, "cd" * 32, "30A4 6B51", complete=True, gaps=(), bytes=1, files=2
    )
    assert "Complete" in result_text(result, {})
    gap = GapFacts("c1", 0.0, 12.0, "disk_full")
    partial = result_text(replace(result, complete=False, gaps=(gap,)), {"c1": "1 Gate"})
    assert "1 Gate" in partial
    assert "12.0 s" in partial


def test_in_the_window_the_wall_stays_and_its_keys_rest(qtbot: QtBot, tmp_path: Path) -> None:
    desk = FakeDesk()
    with approval_site(Folders.find().ensure(), tmp_path / "rec") as site:
        window = shown(qtbot, desk)
        page = ApprovalPage(site.desk, window.bridge, window.panel.choice, window.panel)
        window.panel.pages.addWidget(page)
        page.show_incident(site.archive.journal.incident_file(site.incident).incident)
        window.panel.show_page(page)
        page.setFocus()
        qtbot.waitUntil(page.list.hasFocus)
        press(Key.Key_P)
        write("court order")
        press(Key.Key_Return, Key.Key_Return, Key.Key_Return, Key.Key_Space)
        qtbot.waitUntil(lambda: page.package.plan is not None)
        press(Key.Key_Return)
        qtbot.waitUntil(lambda: page.waiting() == 1)
        press(Key.Key_A, Key.Key_Return)
        qtbot.waitUntil(page.second.name.hasFocus)
        write("Olena")
        press(Key.Key_Return)
        write(PASSWORD)
        press(Key.Key_Return)
        qtbot.waitUntil(lambda: page.waiting() == 0)
        press(Key.Key_P, Key.Key_Return)
        qtbot.waitUntil(lambda: bool(page.package.result.text()))
        press(Key.Key_Escape)
        assert page.list.hasFocus()
        assert window.wall.isVisible()
        assert window.panel.pages.currentWidget() is page
        assert (desk.commands, desk.asked) == ([], [])
        (noted,) = site.archive.journal.packages(site.incident)
        assert noted.master
        window.close()
