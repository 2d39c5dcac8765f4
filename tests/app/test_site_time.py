from __future__ import annotations

import pytest

from app.site_time import zone_of
from storage.settings import Settings, SiteSettings


def test_the_site_says_its_zone() -> None:
    assert zone_of(Settings(site=SiteSettings(timezone="Asia/Almaty"))).key == "Asia/Almaty"


def test_without_a_setting_it_is_the_computers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Kyiv")
    assert zone_of(Settings()).key == "Europe/Kyiv"


def test_a_zone_that_does_not_exist_falls_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Nowhere/Land")
    monkeypatch.setattr("app.site_time._computer_zone", lambda: "")
    assert zone_of(Settings()).key == "UTC"
