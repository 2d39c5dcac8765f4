"""A person's request by keyboard alone: typed in, own tracks marked, packed; nothing of it left for the next one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.bus import Bus
from app.release_desk import DisclosureFile, Done
from app.subject_choice import OwnTrack, SubjectChoice, TrackRow
from app.subject_desk import PictureFound, RowsFound
from storage.people_records import Approval, ApprovalKind, ApprovalState
from storage.records import Box, Camera
from storage.release_commands import OpenDisclosure
from storage.release_records import Disclosure, DisclosureKind, DisclosureState
from tests.widgets.test_disclosure_desk import CAMERAS, FakeReleaseDesk, focused, press, write
from widgets.bridge import Bridge
from widgets.disclosure_desk import DisclosureDesk

ZONE = ZoneInfo("Asia/Almaty")
AT = 1_800_000_000.0
ROWS = tuple(
    TrackRow(
        OwnTrack("c1", number, AT + number), "person", AT + number + 9, 40, AT + number + 4, Box(0.1, 0.1, 0.3, 0.9)
    )
    for number in range(3)
)
LETTER = ("Hanna O.", "", "", "noon, red coat", "1", "2026-11-20 14:00", "2026-11-20 14:30", "", "")


class ReleaseDesk(FakeReleaseDesk):
    """Keeps what kind of request was opened, and what was chosen."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[OpenDisclosure] = []
        self.choices: list[SubjectChoice] = []

    def open(self, command: OpenDisclosure, done: Done) -> None:
        self.opened.append(command)
        super().open(command, done)
        file = self.files[-1]
        yes = Approval("a", ApprovalKind.DISCLOSURE, file.disclosure.id, "", ApprovalState.APPROVED, "os:me", 1.0, 1)
        asked = replace(file.disclosure, kind=command.kind, state=DisclosureState.APPROVED)
        self.files[-1] = DisclosureFile(asked, yes)

    def pack(self, file: DisclosureFile, given: str, done: Done) -> None:
        self.choices.append(file.choice)
        super().pack(file, given, done)


class Subjects:
    """Answers at once."""

    def __init__(self) -> None:
        self.found = ROWS
        self.pictures: list[int] = []

    def cameras(self) -> tuple[Camera, ...]:
        return CAMERAS

    def rows(self, disclosure: Disclosure, found: RowsFound) -> None:
        assert disclosure.kind is DisclosureKind.SUBJECT
        found(self.found)

    def picture(self, _disclosure: Disclosure, row: TrackRow, found: PictureFound) -> None:
        self.pictures.append(row.track.track_id)
        out = BytesIO()
        Image.new("RGB", (64, 36), (200, 30, 30)).save(out, "JPEG")
        found(out.getvalue())


@pytest.fixture
def desk() -> ReleaseDesk:
    return ReleaseDesk()


@pytest.fixture
def subjects() -> Subjects:
    return Subjects()


@pytest.fixture
def page(qtbot: QtBot, desk: ReleaseDesk, subjects: Subjects) -> Iterator[DisclosureDesk]:
    bridge = Bridge(Bus())
    made = DisclosureDesk(desk, bridge, ZONE, None, subjects)
    qtbot.addWidget(made)
    made.resize(480, 800)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    made.refresh()
    made.setFocus()
    qtbot.waitUntil(made.list.hasFocus)
    yield made
    bridge.close()


def ask(qtbot: QtBot, page: DisclosureDesk) -> None:
    """Type a person's request in and come to its package."""
    press(Qt.Key.Key_S)
    qtbot.waitUntil(page.form.lines["authority"].hasFocus)
    for line in LETTER:
        write(line)
        press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.list.count() == 1 and page.list.hasFocus() and page.selected is not None)
    press(Qt.Key.Key_P)


def test_own_tracks_are_marked_by_keyboard_and_packed(
    qtbot: QtBot, page: DisclosureDesk, desk: ReleaseDesk, subjects: Subjects
) -> None:
    ask(qtbot, page)
    assert (desk.opened[0].kind, desk.opened[0].legal_basis) == (DisclosureKind.SUBJECT, "GDPR Art. 15")
    assert page.picker is not None
    picker = page.picker
    qtbot.waitUntil(lambda: picker.list.count() == 3 and picker.list.hasFocus())
    assert page.list.isHidden()
    press(Qt.Key.Key_Space, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Space, Qt.Key.Key_Space, Qt.Key.Key_Up)
    press(Qt.Key.Key_Space)
    assert [picker.list.item(n).text()[0] for n in range(3)] == ["☑", "☑", "☐"]
    qtbot.waitUntil(lambda: not picker.still.image.isNull())
    assert subjects.pictures[-1] == 1
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(picker.incidents.hasFocus)
    write("2026-000001, 2026-000004 ")
    press(Qt.Key.Key_Return)
    assert desk.choices == [SubjectChoice((ROWS[0].track, ROWS[1].track), ("2026-000001", "2026-000004"))]
    assert picker.isHidden()
    assert page.list.hasFocus()


def test_without_stored_tracks_nothing_is_chosen(
    qtbot: QtBot, page: DisclosureDesk, desk: ReleaseDesk, subjects: Subjects
) -> None:
    subjects.found = ()
    ask(qtbot, page)
    assert page.picker is not None
    qtbot.waitUntil(lambda: page.picker is not None and "No tracks" in page.picker.heading.text())
    press(Qt.Key.Key_Space, Qt.Key.Key_Return)
    qtbot.waitUntil(page.picker.incidents.hasFocus)
    press(Qt.Key.Key_Return)
    assert desk.choices == [SubjectChoice()]


@pytest.mark.parametrize("how", ["esc", "relief"])
def test_who_leaves_leaves_nothing_behind(qtbot: QtBot, page: DisclosureDesk, desk: ReleaseDesk, how: str) -> None:
    ask(qtbot, page)
    assert page.picker is not None
    picker = page.picker
    qtbot.waitUntil(lambda: picker.list.count() == 3 and picker.list.hasFocus())
    press(Qt.Key.Key_Space)
    if how == "esc":
        QTest.keyClick(focused(), Qt.Key.Key_Escape)
        assert page.list.hasFocus()
    else:
        page.relieve()
    assert picker.isHidden()
    assert (picker.list.count(), picker.incidents.text(), picker.still.image.isNull()) == (0, "", True)
    assert desk.choices == []


def test_the_next_letter_is_an_authoritys_again(qtbot: QtBot, page: DisclosureDesk, desk: ReleaseDesk) -> None:
    press(Qt.Key.Key_S)
    qtbot.waitUntil(page.form.lines["authority"].hasFocus)
    press(Qt.Key.Key_Escape)
    qtbot.waitUntil(page.list.hasFocus)
    press(Qt.Key.Key_N)
    qtbot.waitUntil(page.form.lines["authority"].hasFocus)
    assert page.form.lines["legal_basis"].text() == ""
    assert page.form.lines["days"].text() == "10"
