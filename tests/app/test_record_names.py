"""Forms show names and the site's time, and give back ids and seconds: nothing is guessed, nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import AppError
from app.record_forms import made, texts_of
from app.record_names import RecordNames
from storage.journal import Registry
from storage.records import Camera, Category, District
from storage.registry_records import AlertRoute, CameraGroup, LegalHold, RecordingPlan, SavedView, Service

KYIV = ZoneInfo("Europe/Kyiv")
REGISTRY = Registry(
    cameras=(Camera("a1", 4, "North gate", "x"), Camera("a2", 5, "4 corners", "x"), Camera("a3", 6, "Yard; back", "x")),
    categories=(Category("theft", "Theft", "crime"), Category("fire", "Fire", "event")),
    districts=(District("d1", "Podil"), District("d2", "Podil"), District("d3", "d1")),
    services=(Service("s1", "Patrol"), Service("s2", "Ambulance")),
)
NAMES = RecordNames(REGISTRY, KYIV)
HOLD = LegalHold("h1", "court", camera_id="a1", from_utc_s=1_763_823_600.0, to_utc_s=1_763_823_600.5)


def test_ids_are_shown_as_names_and_read_back() -> None:
    route = AlertRoute("r1", "s1", "email", "duty@example.org", category_id="fire", escalate_to_id="s2")
    shown = NAMES.shown("alert_routes", texts_of(route))
    assert (shown["service_id"], shown["category_id"], shown["escalate_to_id"]) == ("Patrol", "Fire", "Ambulance")
    assert shown["district_id"] == ""
    assert made(AlertRoute, NAMES.read("alert_routes", shown)) == route


def test_cameras_are_shown_with_their_number_and_may_be_typed_by_it() -> None:
    group = CameraGroup("g1", "Gates", ("a1", "a2", "a3"))
    shown = NAMES.shown("camera_groups", texts_of(group))
    assert shown["camera_ids"] == "4 North gate; 5 4 corners; 6 Yard, back"
    assert made(CameraGroup, NAMES.read("camera_groups", shown)) == group
    typed = NAMES.read("camera_groups", {"camera_ids": "4; 5 4 CORNERS;6"})
    assert typed["camera_ids"] == "a1; a2; a3"
    assert NAMES.read("recording_plans", NAMES.shown("recording_plans", texts_of(RecordingPlan("a1"))))["id"] == "a1"


def test_an_empty_cell_of_a_view_stays_empty() -> None:
    view = SavedView("v1", "All", "grid:4", ("a1", "", "a2"))
    assert made(SavedView, NAMES.read("saved_views", NAMES.shown("saved_views", texts_of(view)))) == view


def test_a_name_that_two_records_have_is_not_guessed() -> None:
    service = Service("s3", "Post", district_id="d2")
    assert NAMES.shown("services", texts_of(service))["district_id"] == "d2"
    with pytest.raises(AppError, match="district_id"):
        NAMES.read("services", {"district_id": "Podil"})
    other = replace(service, district_id="d3")
    assert made(Service, NAMES.read("services", NAMES.shown("services", texts_of(other)))) == other


def test_what_is_not_known_is_refused_with_what_is() -> None:
    with pytest.raises(AppError) as caught:
        NAMES.read("alert_routes", {"service_id": "Navy"})
    assert caught.value.details == {"name": "service_id", "known": "Ambulance, Patrol"}


def test_times_are_the_sites_and_nothing_of_them_is_lost() -> None:
    shown = NAMES.shown("legal_holds", texts_of(HOLD))
    assert shown["from_utc_s"] == "2025-11-22 17:00:00 UTC+02:00"
    assert made(LegalHold, NAMES.read("legal_holds", shown)) == HOLD
    typed = NAMES.read("legal_holds", {"from_utc_s": "2025-11-22 17:00", "to_utc_s": "25.10.2026 3:30b"})
    assert typed == {"from_utc_s": "1763823600.0", "to_utc_s": "1792891800.0"}
    for wrong in ("1800 tomorrow", "29.03.2026 03:30", "31.02.2026 10:00", "soon"):
        with pytest.raises(AppError):
            NAMES.read("legal_holds", {"from_utc_s": wrong})


def test_choices_are_offered_where_there_are_any() -> None:
    assert NAMES.choices("alert_routes", "service_id") == ["Ambulance", "Patrol"]
    assert NAMES.choices("alert_routes", "stills") == ["yes", "no"]
    assert "new" in NAMES.choices("deadlines", "state")
    assert NAMES.choices("services", "phone") == []


@given(st.floats(0, 4e9))
def test_seconds_are_kept_to_the_last_digit(utc_s: float) -> None:
    hold = replace(HOLD, from_utc_s=utc_s)
    assert made(LegalHold, texts_of(hold)) == hold
