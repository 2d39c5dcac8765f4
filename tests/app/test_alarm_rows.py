"""Rows, shelves, rate and floods, with made alarms and made times."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.alarm_rows import (
    CALM_UNDER,
    FLOOD_AT,
    WINDOW_S,
    AlarmView,
    Area,
    AreaKind,
    Flood,
    Site,
    floods,
    in_force,
    view_of,
)
from storage.case_records import Shelf, ShelfState
from storage.journal import Registry
from storage.noise_queries import Raised
from storage.records import Alarm, AlarmState, Camera, District, Place, RuleKind, RuleSpec, Severity

NOW_S = 1_800_000_000.0
CAMERAS = 12


def registry() -> Registry:
    """Cameras 0-3 at the market, 4-7 at the port, both in one district; 8-11 stand alone."""
    place_of = {n: "market" if n < 4 else "port" for n in range(8)}
    return Registry(
        districts=(District("d", "Centre"),),
        places=(Place("market", "Market", "", "d"), Place("port", "Port", "", "d")),
        cameras=tuple(Camera(f"c{n}", n, f"Camera {n}", "x", place_id=place_of.get(n)) for n in range(CAMERAS)),
        rules=tuple(
            rule
            for n in range(CAMERAS)
            for rule in (
                RuleSpec(f"in{n}", f"c{n}", "z", "In zone"),
                RuleSpec(f"rob{n}", f"c{n}", "z", "Robbery", RuleKind.CROWD, category_id="robbery"),
            )
        ),
    )


SITE = Site(registry())


def alarm(
    number: int,
    camera: int = 8,
    ago_s: float = 0.0,
    severity: Severity = Severity.MEDIUM,
    state: AlarmState = AlarmState.RAISED,
    rule: str = "in",
) -> Alarm:
    rule_id, at = f"{rule}{camera}", NOW_S - ago_s
    return Alarm(f"a{number:04d}", f"c{camera}/{rule_id}", f"c{camera}", rule_id, severity, state, at, at, 1, "e", 1)


def shelf(*cameras: int, cause: str = "intrusion/intrusion", from_s: float = -60.0, until_s: float = 60.0) -> Shelf:
    ids = tuple(f"c{n}" for n in cameras)
    return Shelf(
        f"s{cameras}", "Wind", ids, cause, "wind", NOW_S + from_s, NOW_S + until_s, "anna", ShelfState.PUT_UP, 1
    )


def shown(*alarms: Alarm, shelves: tuple[Shelf, ...] = (), now_s: float = NOW_S) -> AlarmView:
    return view_of(SITE, alarms, (), shelves, now_s)


def test_one_row_for_one_place_and_cause_with_its_first_out() -> None:
    view = shown(alarm(1, 0, 30), alarm(2, 1, 90, Severity.HIGH), alarm(3, 4), alarm(4, 0, rule="rob"))
    row = next(row for row in view.rows if len(row.alarms) == 2)
    assert (row.area, row.first.id, row.severity, row.count) == (Area(AreaKind.PLACE, "market"), "a0002", 4, 2)
    assert (row.first_utc_s, row.last_utc_s) == (NOW_S - 90, NOW_S - 30)
    assert len(view.rows) == 3


def test_rows_are_in_the_order_of_severity_then_age() -> None:
    view = shown(alarm(1, 8, 50), alarm(2, 9, 10), alarm(3, 10, 90, Severity.CRITICAL), alarm(4, 11, 5, Severity.HIGH))
    assert [row.first.id for row in view.rows] == ["a0003", "a0004", "a0002", "a0001"]


def test_a_row_waits_as_long_as_one_of_its_alarms_does() -> None:
    taken = replace(alarm(2, 1), state=AlarmState.ACKNOWLEDGED, owner_id="anna")
    assert shown(alarm(1, 0), taken).rows[0].state is AlarmState.RAISED
    assert shown(taken).rows[0].state is AlarmState.ACKNOWLEDGED
    assert shown(alarm(1, 0), taken).rows[0].owner_id == "anna"


def test_a_rule_that_is_not_known_any_more_is_a_cause_of_its_own() -> None:
    rows = shown(replace(alarm(1), rule_id="old"), replace(alarm(2), rule_id="older"), alarm(3)).rows
    assert len({row.cause.key for row in rows}) == 3


def test_a_shelf_keeps_its_place_and_cause_until_its_time_and_never_severity_5() -> None:
    kept, other = alarm(1, 0), alarm(2, 0, rule="rob")
    worst = alarm(3, 1, severity=Severity.CRITICAL)
    view = shown(kept, other, worst, shelves=(shelf(0, 1),))
    assert [a.id for a in view.standing] == ["a0003", "a0002"]
    assert [(g.shelf.name, [a.id for a in g.alarms]) for g in view.shelved] == [("Wind", ["a0001"])]
    back = shown(kept, other, worst, shelves=(shelf(0, 1),), now_s=NOW_S + 60.0)
    assert (len(back.standing), back.shelved) == (3, ())


def test_what_was_taken_down_keeps_nothing() -> None:
    down = replace(shelf(8), state=ShelfState.TAKEN_DOWN)
    assert not in_force(down, NOW_S)
    assert shown(alarm(1), shelves=(down,)).rows


def test_the_rate_counts_judged_ones_too_and_not_what_was_shelved() -> None:
    judged = [Raised(f"j{n}", "c9", "in9", Severity.LOW, NOW_S - n * 100.0) for n in range(8)]
    open_too = Raised("a0001", "c8", "in8", Severity.LOW, NOW_S)
    assert view_of(SITE, [alarm(1)], [*judged, open_too], (), NOW_S).rate == 7
    assert view_of(SITE, [alarm(1)], judged, (shelf(9, from_s=-900.0),), NOW_S).rate == 1


def test_a_flood_begins_at_ten_and_is_over_under_five() -> None:
    nine = [NOW_S + n for n in range(9)]
    assert floods(nine, NOW_S + 60) == ()
    times = [*nine, NOW_S + 9]
    assert floods(times, NOW_S + 60) == (Flood(NOW_S),)
    assert floods(times, NOW_S + WINDOW_S + 4.9) == (Flood(NOW_S),)  # five are left
    assert floods(times, NOW_S + WINDOW_S + 5) == (Flood(NOW_S, NOW_S + WINDOW_S + 5),)


def test_a_flood_that_goes_on_is_one_flood() -> None:
    times = [NOW_S + n * 60.0 for n in range(10)] + [NOW_S + 600.0 + n * 110.0 for n in range(20)]
    (flood,) = floods(times, times[-1])
    assert flood.to_utc_s is None


def test_in_a_flood_groups_are_by_district_and_what_was_opened_stays_on_top() -> None:
    calm = shown(replace(alarm(0, 0, 900), state=AlarmState.ACKNOWLEDGED))
    many = [replace(alarm(0, 0, 900), state=AlarmState.ACKNOWLEDGED)]
    many += [alarm(n, n % 8, n) for n in range(1, 40)]
    robbery = alarm(99, 2, 0, Severity.CRITICAL, rule="rob")
    view = view_of(SITE, [*many, robbery], (), (), NOW_S, calm)
    assert view.flood is not None
    assert [(row.area.kind, len(row.alarms)) for row in view.rows] == [
        (AreaKind.CAMERA, 1),
        (AreaKind.PLACE, 1),
        (AreaKind.DISTRICT, 39),
    ]
    assert [row.first.id for row in view.rows[:2]] == ["a0099", "a0000"]


def test_a_group_that_is_taken_as_a_whole_stays_a_group() -> None:
    many = [alarm(n, n % 8, n) for n in range(40)]
    flood = shown(*many)
    taken = [replace(a, state=AlarmState.ACKNOWLEDGED) for a in many]
    view = view_of(SITE, taken, (), (), NOW_S, flood)
    assert [len(row.alarms) for row in view.rows] == [40]
    again = view_of(SITE, taken, (), (), NOW_S, view)
    assert again.rows == view.rows


def test_the_list_to_clear_is_what_came_in_the_flood_and_nobody_judged() -> None:
    many = [alarm(n, n % 8, n) for n in range(12)]
    old = alarm(50, 9, 2000)
    later = NOW_S + 2 * WINDOW_S
    view = shown(*many, old, now_s=later)
    assert view.flood is None
    assert [row.first.id for row in view.to_clear] == [f"a{n:04d}" for n in range(11, -1, -1)]
    rest = view_of(
        SITE, many[6:], [Raised(a.id, a.camera_id, a.rule_id, a.severity, a.first_utc_s) for a in many], (), later
    )
    assert len(rest.to_clear) == 6


@pytest.mark.parametrize(("kind", "cameras"), [(AreaKind.PLACE, 4), (AreaKind.DISTRICT, 8), (AreaKind.CAMERA, 1)])
def test_the_cameras_of_an_area(kind: AreaKind, cameras: int) -> None:
    area = {AreaKind.PLACE: SITE.place_of("c0"), AreaKind.DISTRICT: SITE.district_of("c0")}.get(kind)
    assert len(SITE.cameras_in(area or SITE.district_of("c8"))) == cameras


ALARMS = st.lists(
    st.builds(
        alarm,
        st.integers(0, 200),
        st.integers(0, CAMERAS - 1),
        st.floats(0.0, 1200.0),
        st.sampled_from(Severity),
        st.sampled_from([AlarmState.RAISED, AlarmState.ACKNOWLEDGED]),
        st.sampled_from(["in", "rob"]),
    ),
    max_size=40,
    unique_by=lambda one: one.id,
)
SHELVES = st.lists(
    st.builds(
        lambda cameras, cause, until_s: shelf(*cameras, cause=cause, until_s=until_s),
        st.lists(st.integers(0, CAMERAS - 1), min_size=1, max_size=6),
        st.sampled_from(["intrusion/intrusion", "crowd/robbery"]),
        st.floats(-30.0, 600.0),
    ),
    max_size=4,
    unique_by=lambda one: one.id,
)


@given(ALARMS, ALARMS, SHELVES)
@settings(max_examples=150, deadline=None)
def test_no_alarm_is_ever_lost_and_severity_5_is_on_top(
    earlier: list[Alarm], alarms: list[Alarm], shelves: list[Shelf]
) -> None:
    before = view_of(SITE, earlier, (), shelves, NOW_S)
    view = view_of(SITE, alarms, (), shelves, NOW_S, before)
    placed = [a.id for a in view.standing] + [a.id for group in view.shelved for a in group.alarms]
    assert sorted(placed) == sorted(a.id for a in alarms)
    assert {row.first.id for row in view.to_clear} <= {a.id for a in view.standing}
    worst = {a.id for a in alarms if a.severity is Severity.CRITICAL}
    assert {row.first.id for row in view.rows[: len(worst)]} == worst
    assert all(len(row.alarms) == 1 for row in view.rows[: len(worst)])
    assert len({row.id for row in view.rows}) == len(view.rows)
    severities = [row.severity for row in view.rows if row.area.kind is not AreaKind.DISTRICT]
    assert view.flood is not None or severities == sorted(severities, reverse=True)
    if view.flood is not None:
        came = {a.id for a in view.standing if view.flood.holds(a.first_utc_s)}
        assert came <= {row.first.id for row in view.to_clear}


@given(st.lists(st.floats(0.0, 5000.0), max_size=80), st.floats(0.0, 7000.0))
@settings(max_examples=150, deadline=None)
def test_floods_do_not_overlap_and_say_the_truth_about_now(times: list[float], now: float) -> None:
    past = [t for t in times if t <= now]
    found = floods(past, now)
    ends = [flood.to_utc_s for flood in found]
    assert all(end is not None for end in ends[:-1])
    left = sum(1 for t in past if t > now - WINDOW_S)
    on = bool(found) and ends[-1] is None
    assert on or left < FLOOD_AT
    assert not on or left >= CALM_UNDER
