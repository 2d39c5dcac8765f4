"""A changed rule on stored tracks: what it predicts comes true, a lost alarm is seen, and nothing is claimed unseen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.errors import AppCode, AppError
from app.rule_trial import Change, Trial, change_of, compared, try_change
from app.site_time import zone_of
from app.stored_tracks import stored_sets
from app.trial_texts import trial_sentence, trial_table
from detection.detector import DetectionError
from storage.class_names import DEFAULT_CLASSES, class_map
from storage.journal import Registry
from storage.records import Box, Event, RuleKind, RuleSpec, Severity, Zone, new_id
from storage.registry_records import CameraScale
from storage.tracks import StoredTracks
from storage.verdict_queries import Judged
from tests.app.trial_case import BETTER, CAMERA, DAY_S, RULE, START, ZONE, TrialSite, visits
from tests.storage.site import START_UTC_S

REGISTRY = Registry(cameras=(CAMERA,), zones=(ZONE,), rules=(RULE,))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TrialSite]:
    made = TrialSite(tmp_path / "home")
    yield made
    made.close()


def change(record: RuleSpec | Zone | CameraScale) -> Change:
    found = change_of(REGISTRY, record)
    assert found is not None
    return found


def tried(site: TrialSite, record: RuleSpec | Zone, from_day: int, to_day: int) -> Trial:
    since, until = START + from_day * DAY_S, START + to_day * DAY_S
    wanted = change(record)
    chunks = stored_sets(StoredTracks(site.archive.folders.tracks), "c1", since, until, wanted.labels)
    verdicts = [v for v in site.archive.journal.judged(since, "c1") if since <= v.since_utc_s < until]
    return try_change(wanted, chunks, verdicts)


def test_what_days_1_to_5_predict_comes_true_on_days_6_and_7(site: TrialSite) -> None:
    """Issue 4, "Must show"."""
    happened = visits(7)
    first = [visit for visit in happened if visit.at_s < 5 * DAY_S]
    rest = [visit for visit in happened if visit.at_s >= 5 * DAY_S]
    site.live(RULE, first)
    predicted = tried(site, BETTER, 0, 5)
    print("\ndays 1-5:", trial_sentence(predicted, 5))
    assert predicted.unknown == 0
    assert predicted.false == sum(not visit.real for visit in first)
    assert predicted.removed == sum(not visit.real and visit.stay_s < BETTER.hold_s for visit in first)
    assert (predicted.lost, predicted.confirmed) == (0, sum(visit.real for visit in first))
    assert (predicted.added, predicted.unjudged) == (0, 0)

    came = site.live(BETTER, rest)  # saved on the evening of day 5
    false, real = sum(not v.real for v, _ in came), sum(v.real for v, _ in came)
    false_visits, real_visits = sum(not v.real for v in rest), sum(v.real for v in rest)
    share, kept = predicted.removed / predicted.false, 1 - false / false_visits
    print(f"predicted: {share:.0%} of false alarms go, 0 of {predicted.confirmed} confirmed are lost")
    print(
        f"days 6-7: {false_visits - false} of {false_visits} false ones did not come ({kept:.0%}),"
        f" {real} of {real_visits} real ones did"
    )
    assert real == real_visits
    deviation = (share * (1 - share) / false_visits) ** 0.5
    assert abs(kept - share) <= 2 * deviation + 1e-9
    assert false == sum(not visit.real and visit.stay_s >= BETTER.hold_s for visit in rest)


def test_a_lost_confirmed_alarm_is_counted_and_said(site: TrialSite) -> None:
    seen = visits(2)
    site.live(RULE, seen)
    late = replace(RULE, hold_s=15.0)
    trial = tried(site, late, 0, 7)
    lost = sum(visit.real and visit.stay_s < 15.0 for visit in seen)
    assert 0 < trial.lost == lost < trial.confirmed
    text = trial_sentence(trial, 7)
    assert f"loses {lost} of {trial.confirmed} confirmed" in text
    assert "second person" in text
    table = trial_table(trial, zone_of(site.archive.settings))
    assert len(table) == 1 + len(seen)
    assert sum("would not have come" in line for line in table) == trial.lost + trial.removed


def test_a_smaller_zone_and_one_that_is_larger(site: TrialSite) -> None:
    site.live(RULE, visits(1))
    right = replace(ZONE, points=((0.8, 0.0), (1.0, 0.0), (1.0, 1.0), (0.8, 1.0)))
    trial = tried(site, right, 0, 7)
    assert (trial.removed, trial.lost) == (trial.false, trial.confirmed)
    everywhere = replace(ZONE, points=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
    assert tried(site, everywhere, 0, 7).lost == 0


def test_more_than_the_rule_says_now_is_new(site: TrialSite) -> None:
    """The journal has verdicts on the strict rule; the looser one would bring the short visits again."""
    site.put(BETTER)
    seen = visits(2)
    came = site.live(BETTER, seen)
    loose = Change(change(BETTER).after, change(RULE).after)
    chunks = stored_sets(StoredTracks(site.archive.folders.tracks), "c1", START, START + 7 * DAY_S, ["person"])
    trial = try_change(loose, chunks, site.archive.journal.judged(START, "c1"))
    assert (trial.removed, trial.lost) == (0, 0)
    assert trial.added == len(seen) - len(came)


def test_an_alarm_without_tracks_is_not_claimed() -> None:
    alarm = Judged("a1", "c1", "r1", START, START + 5, false=True, track_ids=frozenset({1}))
    trial = compared([], [], [alarm])
    assert (trial.false, trial.removed, trial.unknown) == (0, 0, 1)


def event(at_s: float, track_id: int = 1, held_s: float = 1.0) -> Event:
    at = START_UTC_S + at_s
    box = Box(0.1, 0.1, 0.2, 0.2)
    return Event(
        new_id(), "c1", "r1", RuleKind.INTRUSION, Severity.MEDIUM, at, at - held_s, track_id, "person", 0.7, box
    )


def test_somebody_else_at_that_time_does_not_save_a_confirmed_alarm() -> None:
    alarm = Judged("a1", "c1", "r1", START_UTC_S + 9, START_UTC_S + 12, false=False, track_ids=frozenset({1}))
    was = [event(10.0, 1), event(11.0, 2)]
    assert compared(was[:1], [event(10.0, 2)], [alarm]).lost == 1
    assert compared(was[:1], [event(25.0, 1, held_s=16.0)], [alarm]).lost == 0


def test_what_nobody_judged_is_told_apart() -> None:
    was = [event(0.0), event(20.0), event(500.0, 2)]
    trial = compared(was, was[2:], [])
    assert (trial.unjudged, trial.unjudged_gone, trial.added) == (2, 1, 0)
    assert "1 of 2 go" in trial_sentence(replace(trial, looks=1), 7)


def test_only_what_the_change_touches_and_only_what_matters() -> None:
    assert change_of(REGISTRY, replace(ZONE, id="z9")) is None
    assert not change(replace(RULE, name="Another name", severity=Severity.HIGH)).matters
    assert change(replace(RULE, schedule="Mon-Fri 08:00-18:00")).matters
    assert change(replace(RULE, enabled=False)).matters
    tamper = replace(RULE, kind=RuleKind.TAMPER)
    of_pictures = change_of(replace(REGISTRY, rules=(tamper,)), replace(tamper, limit=9.0))
    assert of_pictures is not None
    assert not of_pictures.can_be_tried
    words = class_map(DEFAULT_CLASSES)
    in_theirs = change_of(REGISTRY, replace(RULE, labels=("suitcase", "handbag")), words=words)
    assert in_theirs is not None
    assert in_theirs.after.rules[0].labels == ("bag",)
    known = replace(REGISTRY, rules=(replace(RULE, labels=("suitcase",)),))
    same = change_of(known, replace(RULE, labels=("bag",)), words=words)
    assert same is not None
    assert not same.matters
    redrawn = change_of(known, replace(ZONE, points=ZONE.points[:3]), words=words)
    assert redrawn is not None
    assert redrawn.labels == {"bag"}
    new = change(replace(RULE, id="r9"))
    assert new.before.rules == ()


@pytest.mark.parametrize(
    "record",
    [
        replace(RULE, kind=RuleKind.TAMPER),
        replace(RULE, camera_id="c2"),
        replace(ZONE, points=((0.0, 0.0), (0.01, 0.0), (0.0, 0.01))),
    ],
    ids=["another kind", "another camera", "beside a rule about the picture"],
)
def test_no_other_way_to_take_a_rule_away_is_free(site: TrialSite, record: RuleSpec | Zone) -> None:
    """What is confirmed today would be lost, however it is done."""
    site.live(RULE, [visit for visit in visits(1) if visit.real])
    tamper = RuleSpec("r2", "c1", "z1", "Covered", kind=RuleKind.TAMPER)
    found = change_of(replace(REGISTRY, rules=(RULE, tamper)), record)
    assert found is not None
    assert (found.camera_id, found.can_be_tried, found.matters) == ("c1", True, True)
    chunks = stored_sets(StoredTracks(site.archive.folders.tracks), "c1", START, START + DAY_S, found.labels)
    trial = try_change(found, chunks, site.archive.journal.judged(START, "c1"))
    assert trial.lost == trial.confirmed > 0


def test_a_zone_that_rules_of_its_camera_need_does_not_move_away() -> None:
    with pytest.raises(DetectionError):
        try_change(change(replace(ZONE, camera_id="c2")), [], [])


def test_a_zone_that_crosses_itself_is_refused_and_a_cancelled_trial_ends() -> None:
    crossed = replace(ZONE, points=((0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9)))
    with pytest.raises(DetectionError):
        try_change(change(crossed), [], [])
    with pytest.raises(AppError) as caught:
        try_change(change(BETTER), [(0.5, [])], [], cancelled=lambda: True)
    assert caught.value.code is AppCode.CANCELLED


def test_without_tracks_nothing_is_promised() -> None:
    assert "nobody can tell" in trial_sentence(Trial(), 7)
