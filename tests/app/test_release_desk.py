"""A request from letter to label over a real journal; the papers in the letters of four languages."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pypdf import PdfReader

from app.archive import Archive
from app.bus import Bus
from app.disclosure_letter import LetterContext, medium_label, reply_letter
from app.errors import AppCode, AppError
from app.feeds import CommandRefused
from app.package_shelf import PackageShelf
from app.release_desk import DisclosureFile, MadePackage, SiteReleaseDesk
from app.tasks import Tasks
from storage.commands import PutOperator, PutRecord
from storage.folders import Folders
from storage.people_commands import DecideApproval
from storage.records import Actor, Camera, Operator, Role, new_id
from storage.release_commands import OpenDisclosure
from storage.release_records import Disclosure, DisclosureState, Package
from storage.settings import Settings
from tests.conftest import wait_until

START_UTC_S = 1_800_000_000.0
SUPERVISOR = Actor("supervisor-1")
CAMERA = Camera("c1", 4, "Брама / қақпа", "rtsp://host/1")


class Site:
    def __init__(self, folders: Folders) -> None:
        self.archive = Archive(folders, Settings(), [CAMERA])
        second = Operator(SUPERVISOR.id, "Second", Role.SUPERVISOR)
        self.archive.journal.apply(PutOperator(second), self.archive.actor)
        self.tasks, self.bus, self.refusals = Tasks(2), Bus(), list[str]()
        self.bus.subscribe(CommandRefused, lambda refused: self.refusals.append(refused.text))
        self.desk = SiteReleaseDesk(self.archive, self.bus, self.tasks, made)
        for worker in self.tasks.workers:
            worker.start()

    def close(self) -> None:
        for worker in self.tasks.workers:
            worker.stop()
        for worker in self.tasks.workers:
            assert worker.join(60.0)
        self.archive.close()

    @property
    def file(self) -> DisclosureFile:
        return self.desk.files(open_only=False)[0]

    def wait(self, step: Callable[[Callable[[str], None]], None]) -> str:
        """Do a step and wait for its sentence."""
        said: list[str] = []
        told = threading.Event()

        def done(text: str) -> None:
            said.append(text)
            told.set()

        step(done)
        wait_until(lambda: told.is_set() or bool(self.refusals), what="an answer of the desk")
        return said[0] if said else self.refusals[-1]

    def decide(self) -> None:
        """The second person says yes."""
        approval = self.file.approval
        assert approval is not None
        self.archive.journal.apply(DecideApproval(approval.id, approval.version, approved=True), SUPERVISOR)


def made(file: DisclosureFile, target: Path, actor: Actor) -> MadePackage:
    target.write_bytes(b"package of " + file.disclosure.number.encode() + b" for " + actor.id.encode())
    sha256 = hashlib.sha256(target.read_bytes()).hexdigest()
    return MadePackage(target, new_id(), sha256, "ab:cd:ef", complete=True, master=True)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    opened = Site(Folders.under(tmp_path / "home").ensure())
    yield opened
    opened.close()


REQUEST = OpenDisclosure(
    "Police",
    "Art. 10",
    "77/1",
    "the gate at noon",
    ("c1",),
    START_UTC_S,
    START_UTC_S + 600,
    START_UTC_S + 9e5,
    "Off. 7",
)


def words(pdf: bytes) -> str:
    reader = PdfReader(BytesIO(pdf))
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def test_from_letter_to_label(site: Site) -> None:
    desk = site.desk
    site.wait(lambda done: desk.open(REQUEST, done))
    assert site.archive.journal.footage_locks(START_UTC_S)[0].held_by == REQUEST.new_disclosure_id
    site.wait(lambda done: desk.ask_approval(site.file, "a robbery", done))
    assert not site.file.granted
    site.decide()
    assert site.file.granted
    site.wait(lambda done: desk.approve(site.file, done))
    assert "D-" in site.wait(lambda done: desk.pack(site.file, "", done))
    assert site.file.disclosure.state is DisclosureState.PACKED
    package = site.file.package
    assert package is not None
    assert hashlib.sha256(Path(package.path).read_bytes()).hexdigest() == package.sha256
    site.wait(lambda done: desk.write_papers(site.file, done))
    letter, label = (
        words((site.archive.folders.reports / f"{site.file.disclosure.number}-{name}.pdf").read_bytes())
        for name in ("letter", "label")
    )
    for text in (letter, label):
        assert package.sha256 in text
        assert "ab:cd:ef" in text
        assert "77/1" in text
    site.wait(lambda done: desk.give(site.file, "Officer 7, 20 Nov", done))
    assert (site.file.disclosure.state, site.file.disclosure.receipt) == (DisclosureState.GIVEN, "Officer 7, 20 Nov")
    assert (site.refusals, desk.files()) == ([], ())


def test_a_step_too_early_is_refused_in_one_sentence(site: Site) -> None:
    site.wait(lambda done: site.desk.open(REQUEST, done))
    said = site.wait(lambda done: site.desk.approve(site.file, done))
    assert site.refusals == [said]
    assert site.file.disclosure.state is DisclosureState.RECEIVED


def test_a_package_that_cannot_be_made_leaves_the_request_as_it_was(site: Site) -> None:
    def broken(_file: DisclosureFile, _target: Path, _actor: Actor) -> MadePackage:
        raise RuntimeError("no footage")

    desk = SiteReleaseDesk(site.archive, site.bus, site.tasks, broken)
    site.wait(lambda done: desk.open(REQUEST, done))
    site.wait(lambda done: desk.pack(site.file, "", done))
    assert len(site.refusals) == 1
    assert site.archive.journal.packages(REQUEST.new_disclosure_id) == []
    site.wait(lambda done: desk.pack(site.file, "", done))
    wait_until(lambda: len(site.refusals) == 2)
    assert "already" not in site.refusals[1]  # the one that failed is not at work any more


def approved(site: Site) -> None:
    """A request that a second person has agreed to."""
    site.wait(lambda done: site.desk.open(REQUEST, done))
    site.wait(lambda done: site.desk.ask_approval(site.file, "a robbery", done))
    site.decide()
    site.wait(lambda done: site.desk.approve(site.file, done))


def test_a_package_is_made_for_who_pressed_the_key_and_has_the_id_of_its_manifest(site: Site) -> None:
    sitting = [site.archive.actor]
    makers: list[Actor] = []
    ids: list[str] = []

    def making(file: DisclosureFile, target: Path, actor: Actor) -> MadePackage:
        makers.append(actor)
        package = made(file, target, actor)
        ids.append(package.package_id)
        return package

    approved(site)
    tasks = Tasks(1)  # busy for as long as it has not begun
    desk = SiteReleaseDesk(site.archive, site.bus, tasks, making, lambda: sitting[0])
    said: list[str] = []
    desk.pack(site.file, "", said.append)
    sitting[0] = SUPERVISOR
    tasks.workers[0].start()
    wait_until(lambda: bool(said))
    tasks.workers[0].stop()
    assert tasks.workers[0].join(60.0)
    (noted,) = site.archive.journal.packages(REQUEST.new_disclosure_id)
    assert makers == [site.archive.actor]
    assert (noted.id, noted.actor_id) == (ids[0], site.archive.actor.id)


def test_one_package_is_made_at_a_time(site: Site) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(file: DisclosureFile, target: Path, actor: Actor) -> MadePackage:
        begun.set()
        assert go_on.wait(30)
        return made(file, target, actor)

    approved(site)
    desk = SiteReleaseDesk(site.archive, site.bus, site.tasks, slow)
    said: list[str] = []
    desk.pack(site.file, "", said.append)
    assert begun.wait(30)
    desk.pack(site.file, "", said.append)
    assert len(site.refusals) == 1
    assert "already" in site.refusals[0]
    go_on.set()
    wait_until(lambda: len(said) == 1)
    assert len(site.archive.journal.packages(REQUEST.new_disclosure_id)) == 1


def test_another_package_never_takes_the_place_of_an_earlier_one(site: Site) -> None:
    approved(site)
    earlier = site.archive.folders.data / "packages" / f"{site.file.disclosure.number}.zip"
    earlier.parent.mkdir()
    earlier.write_bytes(b"what was handed over")
    site.wait(lambda done: site.desk.pack(site.file, "", done))
    assert earlier.read_bytes() == b"what was handed over"
    assert site.file.package is not None
    assert Path(site.file.package.path).name == f"{site.file.disclosure.number}-2.zip"


def test_a_locked_seat_packs_nothing_and_locks_nobody_out(site: Site) -> None:
    def nobody() -> Actor:
        raise AppError(AppCode.SEAT_LOCKED)

    approved(site)
    shelf = PackageShelf(site.archive.folders.data / "packages")
    locked = SiteReleaseDesk(site.archive, site.bus, site.tasks, made, nobody, shelf=shelf)
    site.wait(lambda done: locked.pack(site.file, "", done))
    assert len(site.refusals) == 1
    assert shelf.claim()


def test_a_refusal_has_a_letter_and_no_label(site: Site) -> None:
    site.wait(lambda done: site.desk.open(REQUEST, done))
    site.wait(lambda done: site.desk.refuse(site.file, "no court order", done))
    (letter,) = site.desk.papers(site.file, site.archive.actor)
    assert letter == site.archive.folders.reports / f"{site.file.disclosure.number}-letter.pdf"
    assert "no court order" in words(letter.read_bytes())


def test_the_camera_of_the_list_is_the_registrys(site: Site) -> None:
    site.archive.journal.apply(PutRecord(Camera("c0", 1, "First", "rtsp://host/2")), site.archive.actor)
    assert [camera.number for camera in site.desk.cameras()] == [4]


def test_a_package_that_may_not_leave_is_not_kept(site: Site) -> None:
    site.wait(lambda done: site.desk.open(REQUEST, done))
    site.wait(lambda done: site.desk.pack(site.file, "", done))  # nobody approved its masters
    assert len(site.refusals) == 1
    assert list((site.archive.folders.data / "packages").iterdir()) == []


CONTEXT = LetterContext("Situation centre", ZoneInfo("Europe/Kyiv"), "en", "os:me", START_UTC_S, (CAMERA,))


def request(**changes: object) -> Disclosure:
    values: dict[str, object] = {
        "id": "d",
        "number": "D-2027-0001",
        "authority": "Ұлттық полиция",
        "legal_basis": "ст. 93 КПК України; ғ",
        "reference": "Ї-7/ё",
        "asked": "Запис з камери біля брами, ҚазҰУ, съезд",
        "camera_ids": ("c1", "gone"),
        "from_utc_s": START_UTC_S,
        "to_utc_s": START_UTC_S + 60,
        "due_utc_s": START_UTC_S,
        "recipient": "Ґ. Ёжиков",
        "state": DisclosureState.PACKED,
        "actor_id": "os:me",
        "at_utc_s": START_UTC_S,
        "version": 3,
    }
    return Disclosure(**{**values, **changes})  # type: ignore[arg-type]  # a test's own values


PACKAGE = Package("p", "d", "/x.zip", "ab" * 32, "11:22:33", False, False, START_UTC_S, "os:me")


def test_papers_in_the_letters_of_four_languages() -> None:
    letter, label = (words(make(request(), PACKAGE, CONTEXT)) for make in (reply_letter, medium_label))
    for text in ("Ұлттық полиция", "ст. 93 КПК України; ғ", "Ї-7/ё", "Брама / қақпа", "gone", "Ґ. Ёжиков"):
        assert text in letter
    for text in ("D-2027-0001", "Ұлттық полиция", "Ї-7/ё", "With gaps", "View copies", "ab" * 32, "11:22:33"):
        assert text in label
    assert "2027-01-15 10:00:00 +02:00" in letter
    assert "\ufffd" not in letter + label


def test_a_letter_before_the_decision_promises_nothing() -> None:
    text = words(reply_letter(request(state=DisclosureState.RECEIVED), None, CONTEXT))
    assert "held from now on" in text
    assert "Receipt" not in text


def test_endless_and_hostile_texts_make_a_readable_letter() -> None:
    hostile = request(asked="<b>=1+1 \x07🚨 " * 900, authority="A" * 200, recipient="R" * 200, reference="r" * 200)
    for make in (reply_letter, medium_label):
        pages = PdfReader(BytesIO(make(hostile, PACKAGE, CONTEXT))).pages
        assert len(pages) <= 4
    assert len(PdfReader(BytesIO(medium_label(hostile, PACKAGE, CONTEXT))).pages) == 1
