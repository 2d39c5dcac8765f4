"""Searches in recordings over a real journal, made footage and stored tracks."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.archive import RUNTIME, Archive
from app.errors import AppCode, AppError
from app.footage_search import FootageQuery, FoundMoment, SearchKind, SearchNews, SearchRun, SearchState
from app.footage_searcher import FootageSearcher
from app.masks import MASK_COLOUR
from storage.case_commands import RestrictIncident
from storage.commands import JudgeAlarm, PutOperator, PutRecord, RecordEvent
from storage.folders import Folders
from storage.footage_records import Segment
from storage.people_queries import AccessFilter
from storage.people_records import Access, AccessKind
from storage.records import (
    Actor,
    Box,
    Camera,
    Event,
    Operator,
    Role,
    RuleKind,
    RuleSpec,
    Severity,
    Verdict,
    Zone,
    new_id,
)
from storage.registry_records import CameraGroup, PrivacyMask
from storage.settings import Settings
from storage.track_chunks import SeenLook, SeenTrack, pack
from storage.tracks import Chunk, TrackStore
from tests.conftest import wait_until
from tests.video.motion_clips import REGION, T0, Figure, motion_clip
from video.footage import FilePiece, StoredFootage

ANNA, OLENA = Actor("anna"), Actor("olena")
SECONDS = 40.0
FIGURES = (Figure(12.0, 8.0, (0.0, 0.8), (1.0, 0.8), (16, 40)),)
LINE = ((0.5, 0.0), (0.5, 1.0))
MOTION = FootageQuery(SearchKind.MOTION, ("c1",), T0, T0 + SECONDS, "Theft of a bicycle", points=REGION)
EVENTS = FootageQuery(SearchKind.EVENTS, (), T0, T0 + SECONDS, "Theft of a bicycle")
CROSSED = FootageQuery(SearchKind.LINE, ("c1",), T0, T0 + 60.0, "Theft of a bicycle", points=LINE)


def event(camera_id: str, at_s: float, kind: RuleKind = RuleKind.INTRUSION, label: str = "person") -> Event:
    at = T0 + at_s
    box = Box(0.4, 0.4, 0.5, 0.8)
    return Event(new_id(at), camera_id, f"r-{camera_id}", kind, Severity.HIGH, at, at - 1.0, 1, label, 0.8, box)


def looks() -> list[SeenLook]:
    """A person goes over the middle from left to right, a car from right to left, five looks a second."""
    found = []
    for number in range(250):
        at = T0 + number / 5
        tracks = []
        for track_id, label, x in ((1, "person", 0.1 + number * 0.004), (2, "car", 0.9 - number * 0.004)):
            if 0.1 <= x <= 0.9:
                tracks.append(SeenTrack(track_id, Box(x - 0.02, 0.4, x + 0.02, 0.8), label, 0.8, T0, at))
        found.append(SeenLook(at, tuple(tracks)))
    return found


class Site:
    """Camera 1 has footage, tracks and events; camera 2 events alone, and Olena's group does not hold it."""

    def __init__(self, root: Path, piece: FilePiece) -> None:
        self.segment = Segment("s1", "c1", piece.path, piece.from_utc_s, piece.to_utc_s, 1, "h264", 320, 180)
        zones = [Zone(f"z-{c}", c, "Yard", ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9))) for c in ("c1", "c2")]
        self.archive = Archive(
            Folders.under(root / "home").ensure(),
            Settings(),
            [
                Camera("c1", 1, "Gate", "rtsp://10.0.0.5/1"),
                Camera("c2", 2, "Yard", "rtsp://10.0.0.5/2"),
                *zones,
                *(RuleSpec(f"r-{zone.camera_id}", zone.camera_id, zone.id, "Yard") for zone in zones),
                CameraGroup("g1", "Gate", ("c1",)),
            ],
        )
        journal, owner = self.archive.journal, self.archive.actor
        for actor, role, groups in ((ANNA, Role.SUPERVISOR, ()), (OLENA, Role.OPERATOR, ("g1",))):
            journal.apply(PutOperator(Operator(actor.id, actor.id.title(), role, group_ids=groups)), owner)
        self.archive.reload()
        for one in (event("c1", 5.0), event("c2", 6.0), event("c1", 30.0, RuleKind.LINE_CROSSING, "car")):
            journal.apply(RecordEvent(one), RUNTIME)
        self._store_tracks()

    def _store_tracks(self) -> None:
        store = TrackStore(self.archive.folders.tracks)
        seen = looks()
        store.write([Chunk("c1", seen[0].utc_s, seen[-1].utc_s, len(seen), pack(seen))])
        store.close()

    def accesses(self) -> list[Access]:
        return list(self.archive.journal.accesses(AccessFilter(kind=AccessKind.SEARCH)))


@pytest.fixture(scope="module")
def piece(tmp_path_factory: pytest.TempPathFactory) -> FilePiece:
    return motion_clip(tmp_path_factory.mktemp("clip") / "c1.mp4", SECONDS, seed=4, figures=FIGURES)


@pytest.fixture
def site(tmp_path: Path, piece: FilePiece) -> Iterator[Site]:
    made = Site(tmp_path, piece)
    yield made
    made.archive.close()


class Searcher:
    """The desk of a seat, with the footage held back until `gate` is open."""

    def __init__(self, site: Site) -> None:
        self.sits: Actor | None = ANNA
        self.gate = threading.Event()
        self.gate.set()
        self.asked = threading.Semaphore(0)
        self.segments: tuple[Segment, ...] = (site.segment,)
        footage = StoredFootage(lambda _camera_id: None, self._between)
        self.desk = FootageSearcher(
            site.archive,
            footage,
            site.archive.folders.tracks,
            self._actor,
            lambda: self.sits.id if self.sits is not None else "",
        )
        self.desk.start()

    def _actor(self) -> Actor:
        if self.sits is None:
            raise AppError(AppCode.SEAT_EMPTY)
        return self.sits

    def _between(self, camera_id: str, _from_utc_s: float, _to_utc_s: float) -> tuple[Segment, ...]:
        self.asked.release()
        self.gate.wait(30.0)
        return self.segments if camera_id == "c1" else ()

    def found(self, query: FootageQuery) -> tuple[list[FoundMoment], SearchNews]:
        return ended(self.desk.begin(query))


def ended(run: SearchRun) -> tuple[list[FoundMoment], SearchNews]:
    """All its moments, and its last news."""
    moments: list[FoundMoment] = []
    last = [SearchNews()]

    def look() -> bool:
        last[0] = run.take()
        moments.extend(last[0].moments)
        return last[0].state is not SearchState.RUNNING

    wait_until(look, 30, "the end of the search")
    return moments, last[0]


@pytest.fixture
def searcher(site: Site) -> Iterator[Searcher]:
    made = Searcher(site)
    yield made
    made.gate.set()
    made.desk.stop()
    assert made.desk.join(30.0)
    assert made.desk.failures == 0


def image_of(moment: FoundMoment) -> Image.Image:
    return Image.open(io.BytesIO(moment.pictures[moment.cover].jpeg))


def test_motion_is_found_with_pictures_and_written_down_first(site: Site, searcher: Searcher) -> None:
    (moment,), news = searcher.found(MOTION)
    assert (news.state, news.share, news.sentence) == (SearchState.DONE, 1.0, "")
    assert moment.camera_id == "c1"
    assert T0 + 14.0 <= moment.from_utc_s <= T0 + 16.5
    assert moment.text.startswith("Motion in ")
    assert 2 <= len(moment.pictures) <= 6
    assert [p.utc_s for p in moment.pictures] == sorted({p.utc_s for p in moment.pictures})
    nearest = min(moment.pictures, key=lambda p: abs(p.utc_s - moment.utc_s))
    assert moment.pictures[moment.cover] is nearest
    assert image_of(moment).size == (256, 144)
    (access,) = site.accesses()
    assert (access.actor_id, access.camera_id, access.reason) == ("anna", "c1", "Theft of a bicycle")
    assert (access.from_utc_s, access.to_utc_s) == (T0, T0 + SECONDS)
    assert access.detail.startswith("motion 0.350,0.350")


def test_masks_of_now_are_burned_into_the_pictures(site: Site, searcher: Searcher) -> None:
    mask = PrivacyMask("m1", "c1", "Door", ((0.0, 0.0), (0.3, 0.0), (0.3, 0.3), (0.0, 0.3)))
    site.archive.journal.apply(PutRecord(mask), site.archive.actor)
    site.archive.reload()
    (moment,), _news = searcher.found(MOTION)
    shown = np.asarray(image_of(moment).convert("RGB"))[5:35, 5:60].reshape(-1, 3)
    assert np.abs(shown.mean(axis=0) - MASK_COLOUR).max() < 4
    assert shown.std(axis=0).max() < 4


def test_what_lies_under_a_mask_is_not_searched(site: Site, searcher: Searcher) -> None:
    mask = PrivacyMask("m1", "c1", "All", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
    site.archive.journal.apply(PutRecord(mask), site.archive.actor)
    site.archive.reload()
    assert searcher.found(MOTION)[0] == []


def test_events_by_kind_and_class_of_all_cameras(site: Site, searcher: Searcher) -> None:
    moments, _news = searcher.found(EVENTS)
    assert [(m.camera_id, m.utc_s - T0) for m in moments] == [("c1", 5.0), ("c2", 6.0), ("c1", 30.0)]
    assert moments[0].text == "Person in a guarded zone: person"
    assert moments[0].pictures
    assert moments[1].pictures == ()  # nothing is recorded of it
    crossed = searcher.found(replace(EVENTS, event_kinds=(RuleKind.LINE_CROSSING,)))[0]
    assert [m.utc_s - T0 for m in crossed] == [30.0]
    assert [m.utc_s - T0 for m in searcher.found(replace(EVENTS, labels=("car",)))[0]] == [30.0]
    assert [m.utc_s - T0 for m in searcher.found(replace(EVENTS, camera_ids=("c2",)))[0]] == [6.0]
    assert {access.camera_id for access in site.accesses()} == {"c1", "c2"}


def test_more_events_than_a_page(site: Site, searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.footage_finders._PAGE", 2)
    assert len(searcher.found(EVENTS)[0]) == 3
    monkeypatch.setattr("app.footage_searcher.MOST_MOMENTS", 2)
    moments, news = searcher.found(EVENTS)
    assert (len(moments), news.state) == (2, SearchState.FULL)


def test_stored_tracks_over_a_line_drawn_now(searcher: Searcher) -> None:
    moments, _news = searcher.found(CROSSED)
    assert sorted(m.text for m in moments) == [
        "Car over the line, from its left to its right",
        "Person over the line, from its right to its left",
    ]
    (person,) = searcher.found(replace(CROSSED, labels=("person",)))[0]
    assert person.utc_s - T0 == pytest.approx(20.0, abs=2.0)
    assert [m.text[:3] for m in searcher.found(replace(CROSSED, direction="in"))[0]] == ["Car"]
    beside = ((0.95, 0.0), (0.95, 1.0))
    assert searcher.found(replace(CROSSED, points=beside))[0] == []


def test_stored_tracks_that_stay_in_a_region_drawn_now(searcher: Searcher) -> None:
    region = ((0.6, 0.5), (0.95, 0.5), (0.95, 0.95), (0.6, 0.95))
    query = replace(CROSSED, kind=SearchKind.REGION, points=region, labels=("person",), stay_s=5.0)
    (moment,) = searcher.found(query)[0]
    assert moment.from_utc_s - T0 == pytest.approx(25.0, abs=1.0)
    assert moment.utc_s - moment.from_utc_s == pytest.approx(5.0, abs=0.5)
    assert searcher.found(replace(query, stay_s=30.0))[0] == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (replace(MOTION, ground="  "), "reason"),
        (replace(MOTION, ground="2026-999999"), ""),
        (replace(MOTION, to_utc_s=T0), "31 days"),
        (replace(MOTION, to_utc_s=T0 + 32 * 86_400.0), "31 days"),
        (replace(MOTION, camera_ids=("c9",)), "may not search"),
        (replace(MOTION, camera_ids=("c2",)), "no recordings"),
        (replace(MOTION, points=REGION[:2]), ""),
        (replace(CROSSED, points=LINE[:1]), ""),
        (replace(CROSSED, from_utc_s=T0 - 9000.0, to_utc_s=T0 - 8000.0), "No tracks"),
    ],
)
def test_what_is_refused_and_why(searcher: Searcher, query: FootageQuery, said: str) -> None:
    moments, news = searcher.found(query)
    assert (moments, news.state) == ([], SearchState.REFUSED)
    assert said in news.sentence
    assert news.sentence


def test_without_a_file_of_tracks_there_are_none(site: Site, searcher: Searcher) -> None:
    site.archive.folders.tracks.unlink()
    assert "No tracks" in searcher.found(CROSSED)[1].sentence


def test_a_case_is_named_by_its_number(site: Site, searcher: Searcher) -> None:
    incident_id, number = judged_incident(site)
    assert searcher.found(replace(MOTION, ground=f" {number} "))[1].state is SearchState.DONE
    (access,) = site.accesses()
    assert (access.incident_id, access.reason) == (incident_id, "")


def judged_incident(site: Site) -> tuple[str, str]:
    journal = site.archive.journal
    alarm = next(one for one in journal.alarms() if one.camera_id == "c1")
    receipt = journal.apply(JudgeAlarm(alarm.id, alarm.version, Verdict.INCIDENT, category_id="intrusion"), ANNA)
    assert receipt.incident_id is not None
    incident = journal.incident_file(receipt.incident_id).incident
    return incident.id, incident.number


def test_events_of_a_restricted_incident_are_not_told_to_others(site: Site, searcher: Searcher) -> None:
    incident_id, number = judged_incident(site)
    version = site.archive.journal.incident_file(incident_id).incident.version
    site.archive.journal.apply(RestrictIncident(incident_id, version, restricted=True), ANNA)
    assert len(searcher.found(EVENTS)[0]) == 3
    searcher.sits = OLENA
    assert searcher.found(EVENTS)[0] == []  # both of camera 1 are its, and camera 2 is not hers
    assert searcher.found(replace(MOTION, ground=number))[1].state is SearchState.REFUSED


def test_only_cameras_of_who_sits_here(searcher: Searcher) -> None:
    searcher.sits = OLENA
    assert {m.camera_id for m in searcher.found(EVENTS)[0]} == {"c1"}
    assert "may not search" in searcher.found(replace(EVENTS, camera_ids=("c2",)))[1].sentence


def test_nobody_sits_here(site: Site, searcher: Searcher) -> None:
    searcher.sits = None
    news = searcher.desk.begin(MOTION).take()
    assert news.state is SearchState.REFUSED
    assert news.sentence
    assert site.accesses() == []


def held(searcher: Searcher, query: FootageQuery) -> SearchRun:
    """A search that has begun and waits for its footage."""
    searcher.gate.clear()
    run = searcher.desk.begin(query)
    assert searcher.asked.acquire(timeout=30.0)
    return run


def test_a_newer_search_ends_the_one_before(searcher: Searcher) -> None:
    first = held(searcher, MOTION)
    waiting = searcher.desk.begin(replace(MOTION, ground="Second"))
    third = searcher.desk.begin(replace(MOTION, ground="Third"))
    searcher.gate.set()
    assert [run.take().state for run in (first, waiting)] == [SearchState.CANCELLED] * 2
    assert len(ended(third)[0]) == 1


def test_a_cancelled_search_gives_nothing_more(searcher: Searcher) -> None:
    run = held(searcher, MOTION)
    run.cancel()
    searcher.gate.set()
    assert len(searcher.found(MOTION)[0]) == 1
    assert run.take() == SearchNews(state=SearchState.CANCELLED)


def sit_down(searcher: Searcher, actor: Actor | None) -> None:
    searcher.sits = actor


@pytest.mark.parametrize("actor", [OLENA, None])
def test_a_search_ends_when_somebody_else_sits_down(searcher: Searcher, actor: Actor | None) -> None:
    run = held(searcher, MOTION)
    sit_down(searcher, actor)
    searcher.gate.set()
    moments, news = ended(run)
    assert (moments, news.state) == ([], SearchState.CANCELLED)


def test_a_camera_taken_away_meanwhile_is_not_given(site: Site, searcher: Searcher) -> None:
    searcher.sits = OLENA
    run = held(searcher, MOTION)
    group = CameraGroup("g1", "Gate", ("c2",))
    site.archive.journal.apply(PutRecord(group), site.archive.actor)
    site.archive.reload()
    searcher.gate.set()
    assert ended(run)[0] == []


def test_a_fault_ends_one_search_alone(searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_values: object) -> object:
        return 1 / 0

    with monkeypatch.context() as patch:
        patch.setattr("app.footage_searcher.Finders.moments", broken)
        assert searcher.found(MOTION)[1].state is SearchState.REFUSED
    assert len(searcher.found(MOTION)[0]) == 1


def test_stopping_ends_the_search_at_work(searcher: Searcher) -> None:
    run = held(searcher, MOTION)
    searcher.desk.stop()
    assert run.take().state is SearchState.CANCELLED


@pytest.mark.parametrize("actor", [OLENA, None])
def test_what_was_found_is_not_given_to_who_sits_down_next(searcher: Searcher, actor: Actor | None) -> None:
    run = searcher.desk.begin(EVENTS)
    assert run.ended.wait(30.0)
    sit_down(searcher, actor)
    assert run.take().moments == ()
