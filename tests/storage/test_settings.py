"""The settings file: typed, bounded, forgiving to what it does not know."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest

from storage import settings
from storage.errors import StorageCode, StorageError
from storage.settings import SECTIONS, Settings, SiteSettings, WallSettings, load, option_of, save


def test_no_file_means_defaults(tmp_path: Path) -> None:
    assert load(tmp_path / "settings.toml") == Settings()


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "config" / "settings.toml"
    changed = replace(Settings(), site=SiteSettings("Центр", "Europe/Kyiv", "uk"), wall=WallSettings(16))
    save(path, changed)
    assert load(path) == changed


def test_several_recordings_folders_come_back_and_older_files_have_none(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('[recording]\nfolder = "/disk1"\nkeep_days = 7\n')
    older = load(path)
    assert (older.recording.folder, older.recording.folders, older.recording.keep_days) == ("/disk1", (), 7)
    changed = replace(older, recording=replace(older.recording, folders=("/disk2", "/диск3")))
    save(path, changed)
    assert load(path) == changed


def test_unknown_keys_are_reported_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('version = 9\n[site]\nname = "x"\nflag = "blue"\n[drones]\ncount = 2\n')
    loaded = load(path)
    assert loaded.unknown == {"site.flag": "blue", "drones": {"count": 2}}
    save(path, loaded)
    assert load(path) == loaded


@pytest.mark.parametrize(
    ("text", "line", "field"),
    [
        ('[site]\nname = "x"\nlanguage = "xx"\n', 3, "site.language"),
        ('[site]\ntimezone = "Moon/Base"\n', 2, "site.timezone"),
        ("[site]\nname = 5\n", 2, "site.name"),
        ("[wall]\n\nlayout = 65\n", 3, "wall.layout"),
        ("[wall]\nlayout = true\n", 2, "wall.layout"),
        ("[recording]\nfolders = 5\n", 2, "recording.folders"),
        ('[recording]\nfolders = ["/a", 5]\n', 2, "recording.folders"),
        ("wall = 5\n", 1, "wall"),
        ('[video]\ndecoder = "gpu"\n', 2, "video.decoder"),
        ('version = "one"\n', 1, "version"),
        ('[site]\nname = "x\n', 2, ""),
    ],
)
def test_a_bad_value_is_named_with_its_line(tmp_path: Path, text: str, line: int, field: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(StorageError) as caught:
        load(path)
    assert caught.value.code is StorageCode.BAD_SETTINGS
    assert caught.value.details == {"path": str(path), "line": line, "field": field}
    assert path.read_text() == text


def test_every_field_can_be_shown_in_a_dialog() -> None:
    for kind in SECTIONS.values():
        for item in fields(kind):
            assert option_of(item).title
            assert settings._fits(item.default, item)
