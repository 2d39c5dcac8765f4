"""The disclosure desk by keyboard alone: a letter typed in, approved, packed, its papers written, handed over."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from app.bus import Bus
from app.release_desk import DisclosureFile, Done
from storage.folders import Folders
from storage.people_records import Approval, ApprovalKind, ApprovalState
from storage.records import Camera
from storage.release_commands import OpenDisclosure
from storage.release_records import Disclosure, DisclosureState, Package
from tests.app.test_release_desk import Site
from widgets.bridge import Bridge
from widgets.disclosure_desk import DisclosureDesk
from widgets.disclosure_form import camera_ids_of, moment_of

CAMERAS = tuple(Camera(f"c{n}", n, f"Camera {n}", "rtsp://host/x") for n in (1, 2, 4, 5, 9))
DAY_S = 86_400.0
ZONE = ZoneInfo("Asia/Almaty")


class FakeReleaseDesk:
    """Does every step at once; `steps` is what was asked of it."""

    def __init__(self) -> None:
        self.files: list[DisclosureFile] = []
        self.steps: list[tuple[str, str]] = []
        self.known = CAMERAS
        self.held: list[Callable[[tuple[DisclosureFile, ...]], None]] | None = None

    def cameras(self) -> tuple[Camera, ...]:
        return self.known

    def load(self, done: Callable[[tuple[DisclosureFile, ...]], None], *, open_only: bool = True) -> None:
        if self.held is not None:
            self.held.append(done)
            return
        over = (DisclosureState.GIVEN, DisclosureState.REFUSED)
        shown = [f for f in self.files if not (open_only and f.disclosure.state in over)]
        done(tuple(sorted(shown, key=lambda f: f.disclosure.due_utc_s)))

    def open(self, command: OpenDisclosure, done: Done) -> None:
        number = f"D-2026-{len(self.files) + 1:04d}"
        disclosure = Disclosure(
            command.new_disclosure_id,
            number,
            command.authority,
            command.legal_basis,
            command.reference,
            command.asked,
            command.camera_ids,
            command.from_utc_s,
            command.to_utc_s,
            command.due_utc_s,
            command.recipient,
            DisclosureState.RECEIVED,
            "os:me",
            time.time(),
            1,
        )
        self.files.append(DisclosureFile(disclosure))
        self._did("open", command.authority, done)

    def ask_approval(self, file: DisclosureFile, reason: str, done: Done) -> None:
        asked = Approval(
            "a", ApprovalKind.DISCLOSURE, file.disclosure.id, reason, ApprovalState.REQUESTED, "os:me", 1.0, 1
        )
        self._renew(replace(file, approval=asked))
        self._did("ask", reason, done)

    def say_yes(self) -> None:
        file = self.files[0]
        assert file.approval is not None
        self._renew(replace(file, approval=replace(file.approval, state=ApprovalState.APPROVED)))

    def approve(self, file: DisclosureFile, done: Done) -> None:
        self._move(file, DisclosureState.APPROVED)
        self._did("approve", "", done)

    def pack(self, file: DisclosureFile, given: str, done: Done) -> None:
        package = Package("p", file.disclosure.id, "/x/p.zip", "ab" * 32, "f", True, True, 1.0, "os:me")
        self._move(replace(file, package=package), DisclosureState.PACKED)
        self._did("pack", given, done)

    def write_papers(self, file: DisclosureFile, done: Done) -> None:
        self._did("papers", file.disclosure.number, done)

    def give(self, file: DisclosureFile, receipt: str, done: Done) -> None:
        self._move(file, DisclosureState.GIVEN)
        self._did("give", receipt, done)

    def refuse(self, file: DisclosureFile, reason: str, done: Done) -> None:
        self._move(file, DisclosureState.REFUSED)
        self._did("refuse", reason, done)

    def _did(self, step: str, text: str, done: Done) -> None:
        self.steps.append((step, text))
        done(step)

    def _move(self, file: DisclosureFile, state: DisclosureState) -> None:
        self._renew(replace(file, disclosure=replace(file.disclosure, state=state)))

    def _renew(self, file: DisclosureFile) -> None:
        self.files = [file if f.disclosure.id == file.disclosure.id else f for f in self.files]


@pytest.fixture
def desk() -> FakeReleaseDesk:
    return FakeReleaseDesk()


@pytest.fixture
def page(qtbot: QtBot, desk: FakeReleaseDesk) -> Iterator[DisclosureDesk]:
    bridge = Bridge(Bus())
    made = DisclosureDesk(desk, bridge, ZONE)
    qtbot.addWidget(made)
    made.resize(480, 800)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    made.refresh()
    made.setFocus()
    qtbot.waitUntil(made.list.hasFocus)
    yield made
    assert not [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog | QMessageBox) and w.isVisible()]
    bridge.close()


def focused() -> QWidget:
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


def press(*keys: Qt.Key) -> None:
    for key in keys:
        QTest.keyClick(focused(), key)


def write(text: str) -> None:
    QTest.keyClicks(focused(), text)


LETTER = ("Police", "77/1", "Art. 10", "the gate", "1, 4-6", "2026-11-20 14:00", "2026-11-20 14:30", "", "Officer 7")


def type_letter(*lines: str) -> None:
    press(Qt.Key.Key_N)
    for line in lines:
        write(line)
        press(Qt.Key.Key_Return)


def test_from_letter_to_receipt_by_keyboard(qtbot: QtBot, page: DisclosureDesk, desk: FakeReleaseDesk) -> None:
    type_letter(*LETTER)
    qtbot.waitUntil(lambda: page.list.count() == 1)
    disclosure = desk.files[0].disclosure
    assert (disclosure.camera_ids, disclosure.reference, disclosure.recipient) == (
        ("c1", "c4", "c5"),
        "77/1",
        "Officer 7",
    )
    assert disclosure.to_utc_s - disclosure.from_utc_s == 1800
    assert disclosure.due_utc_s - time.time() == pytest.approx(10 * DAY_S, abs=60)
    assert page.list.hasFocus()
    assert "9 days left" in page.list.item(0).text()
    press(Qt.Key.Key_Return)
    write("a robbery")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: desk.steps[-1] == ("ask", "a robbery"))
    qtbot.waitUntil(lambda: "Requested" in page.facts.text())
    with qtbot.waitSignal(page.said):
        press(Qt.Key.Key_Return)  # nobody has answered yet
    assert desk.steps[-1][0] == "ask"
    desk.say_yes()
    page.refresh()
    qtbot.waitUntil(lambda: "said yes" in page.list.item(0).text())
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(page.buttons["P"].isEnabled)
    assert desk.steps[-1][0] == "approve"
    press(Qt.Key.Key_Return, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: desk.steps[-1] == ("pack", ""))
    qtbot.waitUntil(lambda: "/x/p.zip" in page.facts.text())
    press(Qt.Key.Key_L)
    assert desk.steps[-1] == ("papers", "D-2026-0001")
    press(Qt.Key.Key_Return, Qt.Key.Key_Return)
    assert desk.steps[-1][0] == "papers", "a receipt is needed"
    write("signed by 7")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: desk.steps[-1] == ("give", "signed by 7"))
    qtbot.waitUntil(lambda: page.list.count() == 0)
    press(Qt.Key.Key_O)
    qtbot.waitUntil(lambda: page.list.count() == 1)


def test_a_refusal_needs_its_reason_and_esc_leaves(qtbot: QtBot, page: DisclosureDesk, desk: FakeReleaseDesk) -> None:
    type_letter(*LETTER)
    qtbot.waitUntil(lambda: page.list.count() == 1)
    press(Qt.Key.Key_R, Qt.Key.Key_Return)
    assert not page.words.isHidden()
    press(Qt.Key.Key_Escape)
    assert page.words.isHidden()
    assert page.list.hasFocus()
    assert [step for step, _ in desk.steps] == ["open"]
    press(Qt.Key.Key_R)
    write("no order")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: desk.steps[-1] == ("refuse", "no order"))


@pytest.mark.parametrize(
    ("number", "wrong"),
    [(0, ""), (2, " "), (4, "1, 77"), (4, "x"), (5, "yesterday"), (6, "2026-11-20 13:00"), (7, "x")],
)
def test_a_wrong_line_gets_the_keyboard_back(
    page: DisclosureDesk, desk: FakeReleaseDesk, number: int, wrong: str
) -> None:
    type_letter(*LETTER[:number], wrong, *LETTER[number + 1 :])
    lines = list(page.form.lines.values())
    assert desk.steps == []
    assert page.form.problem.text()
    assert lines[number].hasFocus()
    press(Qt.Key.Key_Escape)
    assert page.form.isHidden()
    assert page.list.hasFocus()


def test_the_steps_that_are_possible(page: DisclosureDesk, desk: FakeReleaseDesk, qtbot: QtBot) -> None:
    assert [k for k, b in page.buttons.items() if b.isEnabled()] == ["N", "O"]
    type_letter(*LETTER)
    qtbot.waitUntil(lambda: page.list.count() == 1)
    assert [k for k, b in page.buttons.items() if b.isEnabled()] == ["N", "A", "L", "R", "O"]
    press(Qt.Key.Key_P, Qt.Key.Key_G)
    assert [step for step, _ in desk.steps] == ["open"]


def test_a_late_request_comes_first_and_says_so(page: DisclosureDesk, desk: FakeReleaseDesk, qtbot: QtBot) -> None:
    type_letter(*LETTER)
    type_letter("Court", *LETTER[1:])
    late = desk.files[1]
    desk.files[1] = replace(late, disclosure=replace(late.disclosure, due_utc_s=time.time() - DAY_S))
    page.refresh()
    qtbot.waitUntil(lambda: page.list.count() == 2 and "Court" in page.list.item(0).text())
    assert "late" in page.list.item(0).text()


def test_a_camera_that_was_added_meanwhile_can_be_asked_for(
    qtbot: QtBot, page: DisclosureDesk, desk: FakeReleaseDesk
) -> None:
    desk.known = (*CAMERAS, Camera("c77", 77, "New", "rtsp://host/x"))
    type_letter(*LETTER[:4], "77", *LETTER[5:])
    qtbot.waitUntil(lambda: page.list.count() == 1)
    assert desk.files[0].disclosure.camera_ids == ("c77",)


def test_times_are_the_sites(qtbot: QtBot, page: DisclosureDesk, desk: FakeReleaseDesk) -> None:
    type_letter(*LETTER)
    qtbot.waitUntil(lambda: page.list.count() == 1)
    assert desk.files[0].disclosure.from_utc_s == 1795176000.0 - 3 * 3600
    assert "From: 2026-11-20 14:00:00 UTC+05:00" in page.facts.text()


def test_an_answer_that_was_overtaken_is_not_shown(qtbot: QtBot, page: DisclosureDesk, desk: FakeReleaseDesk) -> None:
    type_letter(*LETTER)
    qtbot.waitUntil(lambda: page.list.count() == 1)
    desk.held = []
    page.refresh()
    page.refresh()
    first, second = desk.held
    file = desk.files[0]
    second((replace(file, disclosure=replace(file.disclosure, state=DisclosureState.APPROVED)),))
    qtbot.waitUntil(page.buttons["P"].isEnabled)
    first((file,))
    QCoreApplication.processEvents()
    assert page.buttons["P"].isEnabled()
    page.refresh()
    press(Qt.Key.Key_O)
    open_only, everything = desk.held[-2:]
    everything((file, replace(file, disclosure=replace(file.disclosure, id="d2"))))
    open_only((file,))
    qtbot.waitUntil(lambda: page.list.count() == 2)
    QCoreApplication.processEvents()
    assert page.list.count() == 2


def test_the_same_answer_does_not_draw_the_list_anew(qtbot: QtBot, page: DisclosureDesk, desk: FakeReleaseDesk) -> None:
    type_letter(*LETTER)
    qtbot.waitUntil(lambda: page.list.count() == 1)
    drawn: list[object] = []
    page.list.model().rowsInserted.connect(lambda *change: drawn.append(change))
    page.list.model().modelReset.connect(lambda: drawn.append("reset"))
    page.refresh()
    QCoreApplication.processEvents()
    assert drawn == []
    desk.refuse(desk.files[0], "", lambda _text: None)
    page.show_all()
    qtbot.waitUntil(lambda: bool(drawn))


def test_relief_leaves_nothing_of_the_one_before(qtbot: QtBot, page: DisclosureDesk, desk: FakeReleaseDesk) -> None:
    type_letter(*LETTER)
    qtbot.waitUntil(lambda: page.list.count() == 1)
    press(Qt.Key.Key_N)
    write("Prosecutor")
    desk.held = []
    page.refresh()
    said: list[str] = []
    page.said.connect(said.append)
    desk.write_papers(desk.files[0], page._did)
    page.relieve()
    desk.held[0](tuple(desk.files))
    QCoreApplication.processEvents()
    assert page.list.count() == 0
    assert "Police" not in page.facts.text()
    assert page.form.isHidden()
    assert page.form.lines["authority"].text() == ""
    assert said == []


def test_numbers_of_cameras() -> None:
    assert camera_ids_of("1,4-6", CAMERAS) == ("c1", "c4", "c5")
    assert camera_ids_of("5; 4 ,5", CAMERAS) == ("c5", "c4")
    for text in ("", "7", "6-8", "x", "1,", "2-x", "-3"):
        assert camera_ids_of(text, CAMERAS) == ()


def test_moments() -> None:
    assert moment_of("2026-11-20 14:00+02:00", ZONE) == 1795176000.0
    assert moment_of("2026-11-20 17:00", ZONE) == 1795176000.0
    kyiv = ZoneInfo("Europe/Kyiv")
    assert moment_of("2026-11-20 14:00", kyiv) == 1795176000.0
    twice = moment_of("2026-10-25 03:30", kyiv), moment_of("2026-10-25 03:30+02:00", kyiv)
    assert twice == (1792888200.0, 1792891800.0)
    for text in ("", "14:00", "2026-13-01 00:00", "x"):
        assert moment_of(text, ZONE) is None


def test_from_letter_to_label_over_a_real_journal(qtbot: QtBot, tmp_path: Path) -> None:
    site = Site(Folders.under(tmp_path / "home").ensure())
    bridge = Bridge(Bus())
    try:
        page = DisclosureDesk(site.desk, bridge, ZONE)
        qtbot.addWidget(page)
        page.show()
        qtbot.waitExposed(page)
        page.activateWindow()
        page.setFocus()
        qtbot.waitUntil(page.list.hasFocus)
        type_letter(*LETTER[:4], "4", *LETTER[5:])
        qtbot.waitUntil(lambda: page.list.count() == 1)
        press(Qt.Key.Key_Return)
        write("a robbery")
        press(Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: "Requested" in page.facts.text())
        site.decide()
        page.refresh()
        qtbot.waitUntil(lambda: "Second person said yes" in page.list.item(0).text())
        press(Qt.Key.Key_Return)
        qtbot.waitUntil(page.buttons["P"].isEnabled)
        press(Qt.Key.Key_Return, Qt.Key.Key_Return)
        qtbot.waitUntil(page.buttons["G"].isEnabled)
        with qtbot.waitSignal(page.said) as said:
            press(Qt.Key.Key_L)
        assert said.args is not None
        assert "-letter.pdf" in said.args[0]
        assert "-label.pdf" in said.args[0]
        press(Qt.Key.Key_G)
        write("Officer 7")
        press(Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: page.list.count() == 0)
        assert site.refusals == []
        assert site.archive.journal.verify().problems == ()
    finally:
        bridge.close()
        site.close()
