"""What must not go wrong with footage from elsewhere, whoever else is at work: nothing twice, over ours, or untold."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from app.erasing import Eraser
from app.errors import AppCode, AppError
from app.fetch_leftovers import alone, discard_old, works
from app.fetch_wish import FetchWish
from app.fetching import FRESH_S, Fetches
from app.recorder_search import FoundRecorder, RecorderQuestion, chosen
from app.site_time import zone_of
from storage.commands import PutOperator
from storage.errors import StorageCode, StorageError
from storage.footage_files import read_segment
from storage.records import Camera, Operator, Role
from storage.release_commands import EraseSubject
from storage.settings import Settings
from tests.app.fetch_site import ANNA, BEGIN, fetch_site, quick
from tests.video.foreign_recorder import Faults
from tests.video.numbered import numbered_clip
from video.recorder_device import Recording
from video.replay_source import ReplaySource, ReplayWish
from video.source import VideoCode, VideoError

ZONE = zone_of(Settings())


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 s, a key frame every 2 s."""
    return numbered_clip(tmp_path_factory.mktemp("clip") / "c.mp4", 0, 600)


def test_what_is_being_recorded_now_is_not_asked_for(clip: Path, tmp_path: Path) -> None:
    """The newest fragment is on the disk a little later: no hole that a recorder should fill over it."""
    with fetch_site(tmp_path, clip) as site:
        ours = replace(site.index.between("c1", BEGIN, BEGIN + 3)[0], id="growing", path="/x", sha256=None)
        site.index.begin(replace(ours, from_utc_s=BEGIN + 12.0, to_utc_s=BEGIN + 50.0))
        assert site.fetches.missing("c1", BEGIN + 9, BEGIN + 99) == ()
        assert site.fetches.missing("c1", BEGIN + 55, BEGIN + 99) == ()
        site.now += FRESH_S  # it stands still: that is no recording any more
        assert site.fetches.missing("c1", BEGIN + 9, BEGIN + 99) == ((BEGIN + 50.0, BEGIN + 99),)


def test_what_another_program_filled_meanwhile_is_not_taken_twice(clip: Path, tmp_path: Path) -> None:
    with fetch_site(tmp_path, clip) as site:
        other = site.made()

        def overtaken(wish: ReplayWish, found: FoundRecorder) -> ReplaySource:
            other.fetch(site.wish(), ANNA)
            return quick(wish, found)

        with pytest.raises(AppError) as caught:
            site.made(overtaken).fetch(site.wish(), ANNA)
        held = [one for one in site.index.between("c1", BEGIN, BEGIN + 12) if one.origin]
        found = ((path, read_segment(path).segment) for path in site.recordings.rglob("*.mp4"))
        foreign = [path for path, segment in found if segment is not None and segment.origin]
    assert caught.value.code is AppCode.NOTHING_MISSING
    assert len(held) == 1
    assert foreign == [Path(held[0].path)]


def test_two_programs_do_not_work_at_the_same_case(clip: Path, tmp_path: Path) -> None:
    codes = []
    with fetch_site(tmp_path, clip) as site:

        def meanwhile(wish: ReplayWish, found: FoundRecorder) -> ReplaySource:
            with pytest.raises(AppError) as caught:
                site.made().fetch(site.case(), ANNA)
            codes.append(caught.value.code)
            return quick(wish, found)

        made = site.made(meanwhile).fetch(site.case(), ANNA)
    assert len(made.exhibits) == 1
    assert codes == [AppCode.FETCH_RUNNING]


def test_what_came_in_two_runs_says_of_each_how_the_clock_was(clip: Path, tmp_path: Path) -> None:
    with fetch_site(tmp_path, clip, Faults(cut_after=45, cuts=99)) as site:
        wish = site.case(-8.0, 16.0)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Fetches, "_attach", lambda *_args: ())  # ended before anything was attached
            site.fetches.fetch(wish, ANNA)
        site.recorder.faults.cut_after, site.recorder.ahead_s = 0, 100.0
        made = site.fetches.fetch(wish, ANNA)
    assert len({one.origin for one in made.exhibits}) == 2
    assert {one.origin == made.origin: one.clock_offset_s is None for one in made.exhibits} == {
        True: False,
        False: True,
    }


def test_where_somebody_typed_that_footage_is_nobody_else_is_sent(clip: Path, tmp_path: Path) -> None:
    asked: list[str] = []
    with fetch_site(tmp_path, clip) as site:
        find = site.find

        def elsewhere(question: RecorderQuestion) -> FoundRecorder:
            asked.append(question.address)
            return replace(find(replace(question, address="")), host="192.0.2.7", address="http://192.0.2.7")

        site.fetches._find = elsewhere
        site.fetches.fetch(site.wish(0.0, 6.0, recorder="http://192.0.2.7"), ANNA)
        site.fetches.fetch(site.wish(6.0, 12.0), ANNA)
    assert asked == ["http://192.0.2.7", ""]


def test_one_that_moved_is_looked_for_where_the_camera_is(clip: Path, tmp_path: Path) -> None:
    asked: list[str] = []
    with fetch_site(tmp_path, clip) as site:
        find = site.find
        site.fetches._book.note("c1", "http://127.0.0.1:1", "old")

        def moved(question: RecorderQuestion) -> FoundRecorder:
            asked.append(question.address)
            if question.address:
                raise VideoError(VideoCode.UNREACHABLE, url="x")
            return find(question)

        site.fetches._find = moved
        assert site.fetches.fetch(site.wish(), ANNA).lacks == ()
    assert asked == ["http://127.0.0.1:1", ""]


def test_what_was_kept_of_a_cancelled_fetch_is_written_down(clip: Path, tmp_path: Path) -> None:
    heard: list[float] = []
    with fetch_site(tmp_path, clip) as site:
        before = site.archive.journal.head()[0]
        with pytest.raises(AppError):
            site.fetches.fetch(site.wish(-8.0, 25.0), ANNA, heard.append, lambda: heard[-1] > 0.3)
        assert site.archive.journal.head()[0] == before + 2


def test_a_right_that_was_taken_away_meanwhile_gives_nothing(clip: Path, tmp_path: Path) -> None:
    with fetch_site(tmp_path, clip) as site:

        def demoted(wish: ReplayWish, found: FoundRecorder) -> ReplaySource:
            site.archive.journal.apply(
                PutOperator(Operator("anna", "Anna", Role.OPERATOR, group_ids=("g1",))), site.archive.actor
            )
            return quick(wish, found)

        with pytest.raises(StorageError) as caught:
            site.made(demoted).fetch(site.case(), ANNA)
        assert not site.archive.journal.incident_file(site.incident).exhibits
    assert caught.value.code is StorageCode.NOT_PERMITTED


def test_leftovers_go_when_nobody_goes_on_with_them_or_with_their_incident(clip: Path, tmp_path: Path) -> None:
    with fetch_site(tmp_path, clip, Faults(cut_after=45, cuts=99)) as site:
        folders, now_utc_s = site.archive.folders, time.time()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Fetches, "_attach", lambda *_args: ())
            site.fetches.fetch(site.case(-8.0, 16.0), ANNA)
        (work,) = works(folders).iterdir()
        eraser = Eraser(site.archive.journal, site.archive.store, folders)
        assert work in eraser._written_about(EraseSubject("incidents", site.incident, "law", "x"))
        torn = site.recordings / ".fetching" / ".a.mp4"
        torn.parent.mkdir(exist_ok=True)
        torn.touch()
        assert discard_old(folders, now_utc_s, [site.recordings]) == 0
        held = alone(work)
        assert discard_old(folders, now_utc_s + 9e6, [site.recordings]) == 1
        held.release()
        assert discard_old(folders, now_utc_s + 9e6, [site.recordings]) == 1
    assert not torn.exists()
    assert not work.exists()


def test_no_login_stands_in_what_is_printed_of_a_wish() -> None:
    wish = FetchWish("c1", 0.0, 1.0, recorder="http://nvr:s3cret@h")
    asked = RecorderQuestion(Camera("c1", 1, "Gate", "x"), "rtsp://u:s3cret@h", 0.0, 1.0, ZONE, "http://u:s3cret@h")
    assert "s3cret" not in f"{wish} {asked}"


def test_a_recorder_cannot_flood_the_question_which_one(clip: Path) -> None:
    many = [Recording("t" * 100_000 + f"\n{n}", "n\u202e" * 5000, "", 0.0, 0.0) for n in range(100)]
    question = RecorderQuestion(Camera("c1", 1, "Gate", "x"), "rtsp://h/x", BEGIN, BEGIN + 5, ZONE)
    with pytest.raises(AppError) as caught:
        chosen(many, question, 0.0)
    known = str(caught.value.details["known"])
    assert len(known) < 2000
    assert known.isprintable()


def test_a_cancel_while_the_recorder_is_waited_for_is_no_silence(clip: Path, tmp_path: Path) -> None:
    with fetch_site(tmp_path, clip) as site:
        ended = [False]

        def silent(wish: ReplayWish, found: FoundRecorder) -> ReplaySource:
            ended[0] = True
            site.recorder.faults.refuses_replay = True
            return quick(wish, found)

        with pytest.raises(AppError) as caught:
            site.made(silent).fetch(site.wish(), ANNA, cancelled=lambda: ended[0])
    assert caught.value.code is AppCode.CANCELLED
