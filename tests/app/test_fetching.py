"""Footage of a recorder elsewhere: into the holes of our own, or into an incident; with its origin, whatever breaks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.errors import AppCode, AppError
from app.export_orders import ExportOrder
from app.exports import Exports
from app.fetch_job import spans_without
from app.recorder_search import RecorderBook, RecorderQuestion, chosen, find_recorder
from app.replay_templates import channel_of, replay_url
from app.site_time import zone_of
from storage import footage_scan
from storage.errors import StorageCode, StorageError
from storage.footage_files import hash_file
from storage.footage_records import GapReason
from storage.records import Actor, Camera
from storage.sealed import Credential
from storage.segments import SegmentIndex
from storage.settings import Settings
from tests.app.fetch_site import ANNA, BEGIN, TARAS, fetch_site, quick
from tests.app.test_packages import put_segments
from tests.video.foreign_recorder import LOGIN, Faults, ForeignRecorder
from tests.video.numbered import numbered_clip
from video.export_copy import export_copy
from video.recorder_device import RecorderDevice, Recording
from video.source import VideoCode, VideoError

ZONE = zone_of(Settings())


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 s, a key frame every 2 s."""
    return numbered_clip(tmp_path_factory.mktemp("clip") / "c.mp4", 0, 600)


def test_a_hole_is_filled_and_says_from_where(clip: Path, tmp_path: Path) -> None:
    shares: list[float] = []
    with fetch_site(tmp_path, clip, ahead_s=3600.0) as site:
        assert site.fetches.missing("c1", BEGIN, BEGIN + 12) == ((BEGIN + 4, BEGIN + 8),)
        made = site.fetches.fetch(site.wish(), ANNA, shares.append)
        held = site.index.between("c1", BEGIN, BEGIN + 12)
        assert not site.index.gaps("c1", BEGIN, BEGIN + 12)
        ours = site.index.ended_between(BEGIN, BEGIN + 3600)
        checked = footage_scan.verify(site.index)
        again = footage_scan.rebuild(site.index, [site.recordings])
        origins = {one.origin for one in site.index.between("c1", BEGIN, BEGIN + 12) if one.origin}
    assert (made.lacks, made.problem, made.exhibits) == ((), None, ())
    assert [bool(one.origin) for one in held] == [False, True, False]
    (piece,) = made.segments
    assert (piece.from_utc_s, piece.to_utc_s) == pytest.approx((BEGIN + 4, BEGIN + 8), abs=0.1)
    assert made.origin.startswith("ONVIF recorder 127.0.0.1, its clock was +3600.")
    assert hash_file(Path(piece.path)) == piece.sha256
    assert len(ours) == 2  # what the chain's digest is of: not what came from elsewhere
    assert not checked.findings
    assert origins == {made.origin}
    assert piece.path not in {finding.path for finding in again.findings}
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_into_an_incident_it_goes_as_one_film_by_its_hash(clip: Path, tmp_path: Path) -> None:
    with fetch_site(tmp_path, clip, ahead_s=-2.0) as site:
        made = site.fetches.fetch(site.case(-3.0, 9.0), ANNA)
        (kept,) = site.archive.journal.incident_file(site.incident).exhibits
        copy = site.archive.folders.evidence / kept.path
        assert hash_file(copy) == kept.sha256
        assert site.archive.journal.verify().ok
        left = [path for path in (site.archive.folders.data / "fetched").rglob("*.mp4") if path.is_file()]
        assert not site.index.between("c1", BEGIN + 4.5, BEGIN + 7.5)
    assert (kept.camera_id, kept.origin, kept.actor_id) == ("c1", made.origin, "anna")
    assert kept.from_utc_s == pytest.approx(BEGIN - 4, abs=0.1)
    assert kept.to_utc_s == pytest.approx(BEGIN + 9, abs=0.1)
    assert kept.clock_offset_s == pytest.approx(2.0, abs=0.6)
    assert made.missing_s == 0
    assert not left
    assert LOGIN.password not in f"{kept} {made}"


def test_it_is_written_down_before_and_after(clip: Path, tmp_path: Path) -> None:
    with fetch_site(tmp_path, clip) as site:
        before = site.archive.journal.head()[0]
        site.fetches.fetch(site.wish(), ANNA)
        assert site.archive.journal.head()[0] == before + 2
        site.recorder.faults.holes = ((0.0, 9e9),)
        with pytest.raises(VideoError):
            site.fetches.fetch(site.wish(12.0, 20.0), ANNA)
        assert site.archive.journal.head()[0] == before + 3


@pytest.mark.parametrize(
    ("changes", "actor", "code"),
    [
        ({}, TARAS, StorageCode.NOT_PERMITTED),
        ({}, Actor("stranger"), StorageCode.NOT_PERMITTED),
        ({"reason": " "}, ANNA, StorageCode.NO_REASON),
        ({"camera_id": "c9"}, ANNA, StorageCode.NOT_FOUND),
        ({"incident_id": "nothing"}, ANNA, StorageCode.NOT_FOUND),
        ({"to_utc_s": BEGIN}, ANNA, AppCode.FETCH_RANGE),
        ({"to_utc_s": BEGIN + 90_000}, ANNA, AppCode.FETCH_RANGE),
        ({"from_utc_s": BEGIN + 70, "to_utc_s": BEGIN + 80}, ANNA, AppCode.FETCH_RANGE),
        ({"to_utc_s": BEGIN + 3.0}, ANNA, AppCode.NOTHING_MISSING),
        ({"recorder": "ftp://x"}, ANNA, AppCode.BAD_RECORDER),
        ({"recording": "another"}, ANNA, VideoCode.NO_RECORDING),
    ],
)
def test_what_is_refused(clip: Path, tmp_path: Path, changes: dict[str, Any], actor: Actor, code: object) -> None:
    with fetch_site(tmp_path, clip) as site, pytest.raises((StorageError, AppError, VideoError)) as caught:
        site.fetches.fetch(site.wish(**changes), actor)
    assert caught.value.code is code
    if code not in (VideoCode.NO_RECORDING, AppCode.BAD_RECORDER):
        assert not site.recorder.heard


def test_a_wrong_password_ends_it_at_once(clip: Path, tmp_path: Path) -> None:
    with fetch_site(tmp_path, clip) as site:
        site.archive.logins.keep("c1", Credential("operator", "s3cret-words"), site.archive.actor)
        with pytest.raises(VideoError) as caught:
            site.fetches.fetch(site.wish(), ANNA)
    assert caught.value.code is VideoCode.UNAUTHORIZED
    assert "s3cret-words" not in f"{caught.value} {caught.value.details}"
    assert not [one for one in site.recorder.heard if "rtsp" in one]


def test_a_cameras_login_goes_to_no_other_machine(clip: Path, tmp_path: Path) -> None:
    camera = Camera("c1", 1, "Gate", "rtsp://10.0.0.5/live")
    seen: list[tuple[str, Credential | None]] = []

    def device(address: str, login: Credential | None) -> object:
        seen.append((address, login))
        raise AppError(AppCode.CANCELLED)

    for address in ("http://127.0.0.1:81", "10.0.0.5:81", "http://nvr:pw@127.0.0.1", "nvr:p@w@127.0.0.1:82"):
        live = "rtsp://operator:secret@10.0.0.5/live"
        question = RecorderQuestion(camera, live, BEGIN, BEGIN + 5, ZONE, address)
        with pytest.raises(AppError):
            find_recorder(question, device)  # type: ignore[arg-type]  # never used
    assert seen == [
        ("http://127.0.0.1:81", None),
        ("http://10.0.0.5:81", Credential("operator", "secret")),
        ("http://127.0.0.1", Credential("nvr", "pw")),
        ("http://127.0.0.1:82", Credential("nvr", "p@w")),
    ]


def test_an_export_keeps_it_apart_and_says_so(clip: Path, tmp_path: Path) -> None:
    with fetch_site(tmp_path, clip) as site:
        made = site.fetches.fetch(site.wish(), ANNA)
        order = ExportOrder(("c1",), BEGIN, BEGIN + 12, reason="case 7", incident_id=site.incident, view=True)
        result = Exports(site.archive, site.index).make(order, ANNA, tmp_path / "out")
        assert result.folder is not None
        told = json.loads((result.folder / "export.json").read_bytes())
        words = (result.folder / "README.txt").read_text()
    assert result.complete
    origins = [[segment.get("origin", "") for segment in file["segments"]] for file in told["files"]]
    assert origins == [[""], [made.origin], [""]]
    assert words.count(made.origin) == 1


def test_a_film_never_goes_on_from_ours_into_theirs(tmp_path: Path) -> None:
    index = SegmentIndex(tmp_path / "index.db")
    first, second, third = put_segments(index, tmp_path / "rec", "c1", BEGIN)
    index.close()
    whole = export_copy([first, second, third], BEGIN, BEGIN + 12, tmp_path / "a", "x")
    apart = export_copy([first, replace(second, origin="nvr"), third], BEGIN, BEGIN + 12, tmp_path / "b", "x")
    assert [len(file.segments) for file in whole.files] == [3]
    assert [[one.origin for one in file.segments] for file in apart.files] == [[""], ["nvr"], [""]]


@pytest.mark.parametrize("into", ["gaps", "case"])
def test_a_line_that_breaks_is_taken_up_again(clip: Path, tmp_path: Path, into: str) -> None:
    with fetch_site(tmp_path, clip, Faults(cut_after=45, cuts=2)) as site:
        wish = site.case(-8.0, 8.0) if into == "case" else site.wish(-8.0, 8.0)
        made = site.fetches.fetch(wish, ANNA)
        plays = [one for one in site.recorder.heard if one.startswith("PLAY")]
    assert (made.lacks, made.problem) == ((), None)
    assert len(plays) >= 3
    assert len(made.exhibits) == (into == "case")


def test_one_that_stays_broken_is_partial_and_goes_on_later(clip: Path, tmp_path: Path) -> None:
    with fetch_site(tmp_path, clip, Faults(cut_after=45, cuts=99)) as site:
        wish = site.case(-8.0, 16.0)
        first = site.fetches.fetch(wish, ANNA)
        assert first.problem is not None
        assert first.problem.code is VideoCode.ENDED
        assert first.lacks[-1][1] == BEGIN + 16
        site.recorder.faults.cut_after = 0
        second = site.fetches.fetch(wish, ANNA)
        assert second.lacks == ()
        exhibits = site.archive.journal.incident_file(site.incident).exhibits
        with pytest.raises(AppError) as caught:
            site.fetches.fetch(wish, ANNA)
    assert caught.value.code is AppCode.NOTHING_MISSING
    assert len(exhibits) == len(first.exhibits) + len(second.exhibits)
    assert second.segments[0].from_utc_s >= first.lacks[0][0] - 2.1


def test_what_the_recorder_lacks_too_is_told(clip: Path, tmp_path: Path) -> None:
    with fetch_site(tmp_path, clip, Faults(holes=((BEGIN + 5.0, BEGIN + 6.0),))) as site:
        made = site.fetches.fetch(site.wish(), ANNA)
        gaps = site.index.gaps("c1", BEGIN, BEGIN + 12)
    assert [(round(begin - BEGIN), round(end - BEGIN)) for begin, end in made.lacks] == [(5, 6)]
    assert [(round(gap.from_utc_s - BEGIN), round(gap.to_utc_s - BEGIN)) for gap in gaps] == [(5, 6)]
    assert gaps[0].reason is GapReason.NO_SIGNAL


def test_a_cancel_keeps_what_is_whole(clip: Path, tmp_path: Path) -> None:
    heard: list[float] = []
    with fetch_site(tmp_path, clip) as site:
        with pytest.raises(AppError) as caught:
            site.fetches.fetch(site.wish(-8.0, 25.0), ANNA, heard.append, lambda: heard[-1] > 0.3)
        kept = [one for one in site.index.between("c1", BEGIN - 8, BEGIN + 25) if one.origin]
        made = site.fetches.fetch(site.wish(-8.0, 25.0), ANNA)
        hidden = list(site.recordings.rglob(".*.mp4"))
    assert caught.value.code is AppCode.CANCELLED
    assert kept
    assert made.lacks == ()
    assert not hidden


def test_what_was_deleted_in_its_time_does_not_come_back(clip: Path, tmp_path: Path) -> None:
    with fetch_site(tmp_path, clip) as site:
        site.index.delete(site.index.between("c1", BEGIN, BEGIN + 1)[0])
        assert site.fetches.missing("c1", BEGIN, BEGIN + 12) == ((BEGIN + 4, BEGIN + 8),)


def test_an_open_gap_stays_open_behind_what_fills_it(clip: Path, tmp_path: Path) -> None:
    with fetch_site(tmp_path, clip) as site:
        site.index.open_gap("c1", BEGIN + 12, GapReason.NO_SIGNAL)
        site.fetches.fetch(site.wish(12.0, 20.0), ANNA)
        (gap,) = site.index.gaps("c1", BEGIN + 12, BEGIN + 50)
    assert gap.from_utc_s == pytest.approx(BEGIN + 20, abs=0.1)
    assert (gap.to_utc_s, gap.reason) == (BEGIN + 50, GapReason.NO_SIGNAL)


def test_a_full_disk_is_said_and_leaves_nothing_half(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fetch_site(tmp_path, clip) as site:
        monkeypatch.setattr("storage.package_zip._free", lambda _folder: 1000)
        with pytest.raises(StorageError) as caught:
            site.fetches.fetch(site.wish(), ANNA)
        monkeypatch.undo()
        assert not list(site.recordings.rglob(".*.mp4"))
        assert site.fetches.fetch(site.wish(), ANNA).lacks == ()
    assert caught.value.code is StorageCode.DISK_FULL


def test_one_without_profile_g_is_asked_at_its_makers_address(clip: Path, tmp_path: Path) -> None:
    faults = Faults(without=frozenset({"replay"}), extension=False, range_told=False)
    with ForeignRecorder(clip, BEGIN, faults=faults) as recorder:
        live = recorder.live_url("Streaming/Channels/201")
        question = RecorderQuestion(Camera("c1", 1, "Gate", live), live, BEGIN, BEGIN + 6, ZONE)
        with pytest.raises(VideoError) as caught:
            find_recorder(replace(question, address=recorder.address))
        found = find_recorder(question, lambda _address, login: RecorderDevice(recorder.address, login))
        wish = found.wish(BEGIN, BEGIN + 6)
        source = quick(wish, replace(found, login=LOGIN))
        source.open()
        frames = sum(len(gop.packets) for gop in source.gops() if gop is not None)
        source.close()
    assert caught.value.code is VideoCode.NO_REPLAY
    assert (found.onvif, wish.onvif, found.host) == (False, False, "127.0.0.1")
    assert frames == 90
    assert source.by_request
    assert replay_url(live, BEGIN, BEGIN + 6, 0.0) == live.replace(
        "Channels/201", "tracks/201?starttime=20270115T080000z&endtime=20270115T080006z"
    )


@pytest.mark.parametrize(
    ("live", "replay", "channel"),
    [
        (
            "rtsp://h/cam/realmonitor?channel=3&subtype=1",
            "rtsp://h/cam/playback?channel=3&subtype=0&starttime=2027_01_15_10_00_00&endtime=2027_01_15_10_01_00",
            "3",
        ),
        ("rtsp://h:8554/live1s1.sdp", None, ""),
        ("rtsp://h/live.sdp", "rtsp://h/mod.sdp?stime=20270115_080000.000&etime=20270115_080100.000&loctime=0", ""),
        ("rtsp://h/axis-media/media.amp", None, ""),
    ],
)
def test_makers_addresses(live: str, replay: str | None, channel: str) -> None:
    assert replay_url(live, BEGIN, BEGIN + 60, 7200.0) == replay
    assert channel_of(live) == channel


def test_which_of_several_recordings_is_meant() -> None:
    camera = Camera("c1", 1, "Gate", "rtsp://h/x")
    rows = [Recording(f"Rec00{n}", f"Channel {n}", "", BEGIN - 100, BEGIN + 100) for n in (1, 2, 3)]
    asked = RecorderQuestion(camera, "rtsp://h/cam/realmonitor?channel=2", BEGIN, BEGIN + 5, ZONE)
    assert chosen(rows, asked, 0.0).token == "Rec002"
    plain = RecorderQuestion(camera, "rtsp://h/x", BEGIN, BEGIN + 5, ZONE)
    with pytest.raises(AppError) as caught:
        chosen(rows, plain, 0.0)
    assert caught.value.code is AppCode.RECORDER_CHOOSE
    assert "Rec003 (Channel 3)" in str(caught.value.details["known"])
    named = RecorderQuestion(camera, "rtsp://h/x", BEGIN, BEGIN + 5, ZONE, recording="channel 3")
    assert chosen(rows, named, 0.0).token == "Rec003"
    with pytest.raises(VideoError):
        chosen(rows, RecorderQuestion(camera, "rtsp://h/x", BEGIN + 4000, BEGIN + 4005, ZONE), 0.0)
    late = RecorderQuestion(camera, "rtsp://h/x", BEGIN + 4000, BEGIN + 4005, ZONE)
    assert chosen(rows[:1], late, -4000.0) is rows[0]


def test_the_book_of_recorders_is_small_and_may_be_broken(tmp_path: Path) -> None:
    book = RecorderBook(tmp_path / "x" / "book.json")
    assert book.of("c1") == ("", "")
    book.note("c1", "http://h:81", "R1")
    assert RecorderBook(tmp_path / "x" / "book.json").of("c1") == ("http://h:81", "R1")
    (tmp_path / "x" / "book.json").write_text("[1")
    assert book.of("c1") == ("", "")


def test_spans() -> None:
    assert spans_without([(2, 3), (2.5, 6), (8, 20)], (0, 10)) == ((0, 2), (6, 8))
    assert spans_without([], (0, 10)) == ((0, 10),)
    assert spans_without([(0, 9.7)], (0, 10)) == ()
