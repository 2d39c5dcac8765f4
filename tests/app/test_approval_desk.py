"""Two persons for one act over a real journal, a real seat and real footage."""

from __future__ import annotations

import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pyrage
import pytest

from app.approval_desk import SecondPerson
from app.approval_facts import ApprovalLine, ApprovalsWaiting
from app.errors import AppCode, AppError
from app.feeds import DeskState
from app.package_desk import PackageOrder
from app.package_films import PackageStep, Progress
from app.package_verifier import INTACT, verify
from app.packages import PackageResult
from storage.case_commands import RestrictIncident
from storage.commands import AcknowledgeIncident
from storage.folders import Folders
from storage.people_commands import RequestApproval
from storage.people_records import ApprovalKind, ApprovalState
from storage.records import Actor
from storage.release_commands import OpenDisclosure
from tests.app.approval_site import ANNA, OLENA, TARAS, Answer, ApprovalSite, approval_site
from tests.app.people_site import PASSWORD
from tests.conftest import wait_until

BY_OLENA = SecondPerson("Olena", PASSWORD)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[ApprovalSite]:
    with approval_site(Folders.find().ensure(), tmp_path / "rec") as opened:
        yield opened


def decide(
    site: ApprovalSite, line: ApprovalLine, second: SecondPerson | None, *, approved: bool = True
) -> Answer[str]:
    answer = Answer[str]()
    site.desk.decide(line, "yes" if approved else "no", second, answer.done, answer.refused, approved=approved)
    return answer


def names_in(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as package:
        return package.namelist()


def test_a_package_without_originals(site: ApprovalSite) -> None:
    answer = site.build(recipient="Police")
    result = answer.good()
    assert result.path.name == f"{site.plan().number}.zip"
    assert not any(name.startswith("master/") for name in names_in(result.path))
    assert any(name.startswith("view/") for name in names_in(result.path))
    assert (result.complete, bool(result.gaps)) == (False, True)
    assert verify(str(result.path), site.archive.key.fingerprint).code == INTACT
    shares = [share for _step, share in answer.shares]
    assert shares == sorted(shares)
    assert answer.shares[-1] == (PackageStep.VERIFY, 1.0)
    assert len(answer.shares) <= 104, "at most once a per cent and step"
    (noted,) = site.archive.journal.packages(site.incident)
    assert (noted.actor_id, noted.recipient, noted.master) == (ANNA.id, "Police", False)


def test_originals_by_a_second_persons_password_for_one_package(site: ApprovalSite) -> None:
    assert "no approval" in site.build(master=True).refusal()
    line = site.ask()
    assert (line.asked_by, line.subject, line.alone) == ("Anna", site.plan().number, False)
    assert site.plan().asked
    decide(site, line, BY_OLENA).good()
    assert site.lines() == ()
    assert site.plan().granted
    first = site.build(master=True).good()
    assert any(name.startswith("master/") for name in names_in(first.path))
    (noted,) = site.archive.journal.packages(site.incident)
    assert noted.approval_id == line.approval.id
    assert not site.plan().granted
    assert "no approval" in site.build(master=True).refusal()
    decide(site, site.ask(), BY_OLENA).good()
    second = site.build(master=True).good()
    assert second.path.name == f"{site.plan().number}-2.zip"
    assert first.path.exists()
    assert site.archive.journal.verify().ok


def test_the_second_person_reads_for_whom_and_whether_sealed(site: ApprovalSite) -> None:
    answer, known = Answer[str](), Answer[bool]()
    site.desk.look_up_key("Police", known.done, known.refused)
    assert not known.good()
    site.desk.ask(site.wish(master=True, recipient="Police"), answer.done, answer.refused)
    answer.good()
    assert "NOT sealed" in site.lines()[0].approval.reason
    assert "Police" in site.lines()[0].approval.reason
    keys = site.archive.folders.config / "keys" / "recipients"
    keys.mkdir()
    (keys / "Police.pub").write_text(str(pyrage.x25519.Identity.generate().to_public()))
    known = Answer[bool]()
    site.desk.look_up_key("Police", known.done, known.refused)
    assert known.good()
    decide(site, site.lines()[0], BY_OLENA).good()
    names = names_in(site.build(master=True, recipient="Police").good().path)
    assert all(name.endswith(".age") for name in names if name.startswith("master/"))


@pytest.mark.parametrize(
    ("second", "says"),
    [
        (SecondPerson("Olena", "wrong password"), "do not fit"),
        (SecondPerson("Anna", PASSWORD), "the one who asked"),
        (SecondPerson("Taras", PASSWORD), "approve"),
        (SecondPerson("nobody", PASSWORD), "do not fit"),
        (None, "approve"),
    ],
)
def test_who_may_not_say_it(site: ApprovalSite, second: SecondPerson | None, says: str) -> None:
    line = site.ask()
    assert says in decide(site, line, second).refusal()
    assert site.lines() == (line,)
    assert not site.plan().granted


def test_the_one_who_asked_is_refused_at_another_seat_too(site: ApprovalSite) -> None:
    line = site.ask()
    _seat, desk = site.another_seat(TARAS)
    answer = Answer[str]()
    desk.decide(line, "", SecondPerson("Anna", PASSWORD), answer.done, answer.refused, approved=True)
    assert "approve" in answer.refusal()
    assert site.lines() == (line,)


def test_at_another_seat_as_who_is_signed_in(site: ApprovalSite) -> None:
    line = site.ask()
    _seat, desk = site.another_seat(OLENA)
    (seen,) = site.lines(desk)
    assert seen.alone
    answer = Answer[str]()
    desk.decide(seen, "no order of the court", None, answer.done, answer.refused, approved=False)
    answer.good()
    plan = site.plan()
    assert plan.approval is not None
    assert (plan.approval.state, plan.approval.words) == (ApprovalState.REFUSED, "no order of the court")
    assert "no approval" in site.build(master=True).refusal()
    assert "changed" in decide(site, line, BY_OLENA).refusal(), "a word on what is over"


def test_a_supervisor_who_asked_does_not_say_it_alone(site: ApprovalSite) -> None:
    site.archive.journal.apply(RequestApproval(ApprovalKind.MASTER_EXPORT, site.incident, "court"), OLENA)
    _seat, desk = site.another_seat(OLENA)
    (line,) = site.lines(desk)
    assert not line.alone
    answer = Answer[str]()
    desk.decide(line, "", None, answer.done, answer.refused, approved=True)
    assert "the one who asked" in answer.refusal()


def test_glass_is_broken_and_reviewed_the_next_day(site: ApprovalSite) -> None:
    line = site.ask()
    broke, reviewed = Answer[str](), Answer[str]()
    site.desk.break_glass(line, "", broke.done, broke.refused)
    assert "reason" in broke.refusal()
    broke = Answer[str]()
    site.desk.break_glass(line, "man with a knife at the school", broke.done, broke.refused)
    broke.good()
    (broken,) = site.lines()
    assert (broken.approval.state, broken.decided_by, broken.due) == (ApprovalState.BROKEN_GLASS, "Anna", False)
    site.late_s = 86_000.0
    assert not site.lines()[0].due
    site.late_s = 86_401.0
    (broken,) = site.lines()
    assert broken.due
    assert site.build(master=True).good().path.exists()
    site.desk.review(broken, "rightly so", SecondPerson("Anna", PASSWORD), reviewed.done, reviewed.refused)
    assert "the one who asked" in reviewed.refusal()
    reviewed = Answer[str]()
    site.desk.review(broken, "rightly so", BY_OLENA, reviewed.done, reviewed.refused)
    reviewed.good()
    assert site.lines() == ()


def test_what_is_due_comes_first_then_what_waits_longest(site: ApprovalSite) -> None:
    journal = site.archive.journal
    broken = site.ask()
    broke = Answer[str]()
    site.desk.break_glass(broken, "a child on the ice", broke.done, broke.refused)
    broke.good()
    opened = OpenDisclosure("Court", "Art. 10", "7/26", "the gate", ("c1",), 1.0, 2.0, 3.0)
    journal.apply(opened, OLENA)
    (disclosure,) = journal.disclosures()
    journal.apply(RequestApproval(ApprovalKind.DISCLOSURE, disclosure.id, "a letter"), ANNA)
    journal.apply(RequestApproval(ApprovalKind.MASK_LIFT, "c1", "a face"), OLENA)
    assert [line.subject for line in site.lines()] == [disclosure.number, "1 Gate", broken.subject]
    site.late_s = 90_000.0
    assert [line.subject for line in site.lines()] == [broken.subject, disclosure.number, "1 Gate"]


def test_how_many_wait_is_told_when_facts_change(site: ApprovalSite) -> None:
    told: list[ApprovalsWaiting] = []
    site.bus.subscribe(ApprovalsWaiting, told.append)
    line = site.ask()
    site.bus.publish(DeskState())
    wait_until(lambda: site.desk.waiting() == ApprovalsWaiting(1, 0))
    broke = Answer[str]()
    site.desk.break_glass(line, "a child on the ice", broke.done, broke.refused)
    broke.good()
    site.late_s = 90_000.0
    for _number in range(50):
        site.bus.publish(DeskState())
    wait_until(lambda: told[-1:] == [ApprovalsWaiting(1, 1)])
    assert told == [ApprovalsWaiting(1, 0), ApprovalsWaiting(1, 1)]


def test_a_slow_count_does_not_come_after_a_newer_one(site: ApprovalSite, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[ApprovalsWaiting] = []
    site.bus.subscribe(ApprovalsWaiting, told.append)
    answers = iter((ApprovalsWaiting(1, 0), ApprovalsWaiting(1, 1)))
    begun, go_on = threading.Event(), threading.Event()

    def slow(_now_utc_s: float) -> ApprovalsWaiting:
        found = next(answers)
        if not begun.is_set():
            begun.set()
            assert go_on.wait(60)
        return found

    monkeypatch.setattr(site.desk._facts, "waiting", slow)
    site.bus.publish(DeskState())
    assert begun.wait(60)
    site.bus.publish(DeskState())
    go_on.set()
    wait_until(lambda: len(told) == 2)
    assert told == [ApprovalsWaiting(1, 0), ApprovalsWaiting(1, 1)]


def test_what_draws_packages_is_not_imported_with_the_desk() -> None:
    code = "import sys, app.approval_desk; sys.exit('app.packages' in sys.modules or 'pyrage' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_nobody_at_the_seat_and_a_restricted_incident(site: ApprovalSite) -> None:
    line = site.ask()
    journal = site.archive.journal
    journal.apply(AcknowledgeIncident(site.incident, 1), OLENA)
    version = journal.incident_file(site.incident).incident.version
    journal.apply(RestrictIncident(site.incident, version, restricted=True), OLENA)
    assert "restricted" in site.build().refusal()
    plan = Answer[object]()
    site.desk.plan(site.incident, plan.done, plan.refused)
    assert "restricted" in plan.refusal()
    site.seat.lock()
    assert "locked" in decide(site, line, BY_OLENA).refusal()
    assert "locked" in site.build().refusal()
    assert "locked" in site.build().refusal(), "the builder is free again"


class Slow:
    """Makes a package until it is cancelled."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.actors: list[Actor] = []

    def of_incident(
        self,
        incident: str,
        target: Path,
        order: PackageOrder,
        actor: Actor,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> PackageResult:
        self.actors.append(actor)
        assert progress is not None
        assert cancelled is not None
        for _number in range(1000):
            progress(PackageStep.VIEW, 0.2)
        self.begun.set()
        while not cancelled():
            threading.Event().wait(0.002)
        raise AppError(AppCode.CANCELLED)


def test_one_at_a_time_and_cancelled(site: ApprovalSite) -> None:
    site.maker = slow = Slow()
    answer = site.build()
    assert slow.begun.wait(60)
    assert "already" in site.build().refusal()
    site.desk.cancel()
    assert "cancelled" in answer.refusal()
    assert answer.shares == [(PackageStep.VIEW, 0.2)]
    site.maker = None
    assert site.build().good().path.exists()


def test_the_end_of_the_program_cancels(site: ApprovalSite) -> None:
    site.maker = slow = Slow()
    answer = site.build()
    assert slow.begun.wait(60)
    site.tasks.workers[0].stop()
    assert "cancelled" in answer.refusal()


def test_a_password_is_not_in_what_a_log_would_show() -> None:
    assert PASSWORD not in repr(BY_OLENA)
