"""`main.py journal`: encrypting this site's journal and making it plain again, by hand."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from app import backup_commands
from app.archive import Archive
from app.backups import make_backup
from app.journal_commands import journal_app
from app.long_periods import opened_rollups
from app.verifier import home_request
from app.verify_command import verify
from storage import driver
from storage.commands import PutOperator, PutRecord
from storage.folders import Folders
from storage.journal_keys import JournalKeys
from storage.people_queries import AccessFilter
from storage.people_records import AccessKind
from storage.records import District, Operator, Role
from storage.settings import Settings
from storage.verify_apart import outcome_of
from storage.worker import Worker

NAME = "Ксилофонова-Zyxwvutsrqp"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a name in its journal and a plain backup; never changed."""
    root = tmp_path_factory.mktemp("home")
    folders = Folders.under(root).ensure()
    with contextlib.closing(Archive(folders, Settings())) as archive:
        archive.journal.apply(PutRecord(District("d1", NAME)), archive.actor)
        archive.sign()
        archive.journal.backup(str(folders.data / "backups" / "journal-20260101-000000.db"))
    return root


@pytest.fixture
def home(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    root = Path(shutil.copytree(made, tmp_path / "site"))
    monkeypatch.setenv("WATCHFLOOR_HOME", str(root))
    return Folders.find()


@contextlib.contextmanager
def opened(folders: Folders) -> Iterator[Archive]:
    with contextlib.closing(Archive(folders, Settings())) as archive:
        yield archive


def run(*arguments: str) -> tuple[int, str, str]:
    line = typer.Typer()
    line.add_typer(journal_app, name="journal")
    backup_commands.add_to(line)
    line.command("verify")(verify)
    result = CliRunner().invoke(line, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def showing_the_name(folders: Folders) -> list[str]:
    return [path.name for path in sorted(folders.data.rglob("*.db*")) if NAME.encode() in path.read_bytes()]


def test_a_site_is_encrypted_and_made_plain_again(home: Folders) -> None:
    keys = JournalKeys(home.journal_keys)
    assert run("journal", "status")[1] == f"{home.journal}\tplain\n"
    assert len(showing_the_name(home)) == 2
    code, out, _ = run("journal", "encrypt")
    assert code == 0
    assert str(home.journal_keys) in out
    assert showing_the_name(home) == ["journal-20260101-000000.db"]
    assert keys.active is not None
    status = run("journal", "status")[1].splitlines()
    assert status[0] == f"{home.journal}\tencrypted"
    assert keys.active.id in status[1]
    assert "journal-20260101-000000.db" in status[2]
    assert run("journal", "encrypt", "--copies")[0] == 0
    assert showing_the_name(home) == []
    first = keys.active
    assert run("journal", "encrypt", "--new-key")[0] == 0
    assert keys.active not in (first, None)
    assert run("verify", str(home.data / "backups" / "journal-20260101-000000.db"))[0] == 0
    assert run("verify", str(home.journal))[0] == 0
    with opened(home) as archive:
        done = archive.journal.accesses(AccessFilter(kind=AccessKind.ENCRYPTION))
        assert {(item.actor_id, item.detail) for item in done} == {
            (archive.actor.id, f"encrypted with the key {key.id}") for key in (first, keys.active)
        }
    assert run("journal", "decrypt")[0] == 0
    assert run("verify", str(home.journal))[0] == 0
    assert keys.active is None
    with opened(home) as archive:
        assert [d.name for d in archive.registry.districts] == [NAME]


def test_the_rest_of_an_encrypted_site_works(home: Folders) -> None:
    """Verification apart, the scheduled backup, roll-ups, restore."""
    assert run("journal", "encrypt")[0] == 0
    with opened(home) as archive:
        assert outcome_of(home_request(home, evidence=True)).ok
        made = make_backup(home.data / "copies", archive.journal, 1_800_000_000.0, Worker("one"), home.journal_keys)
        rollups = opened_rollups(archive)
        rollups.renew()
        rollups.close()
    assert made is not None
    assert NAME.encode() not in made.path.read_bytes()
    old = home.data / "backups" / "journal-20260101-000000.db"
    for backup in (made.path, old):
        code, out, error = run("restore", str(backup))
        assert code == 0, error
        assert "put back" in out
        assert showing_the_name(home) == [old.name]
    assert run("verify", str(home.journal))[0] == 0


def test_a_key_from_elsewhere_verifies_a_copy(home: Folders, tmp_path: Path) -> None:
    assert run("journal", "encrypt")[0] == 0
    copy, keys = Path(shutil.copy(home.journal, tmp_path / "copy.db")), tmp_path / "their.keys"
    home.journal_keys.rename(keys)
    code, _, error = run("verify", str(copy))
    assert (code, str(copy) in error) == (3, True)
    assert run("verify", str(copy), "--keys", str(keys))[0] == 0
    assert run("journal", "take-keys", str(tmp_path / "none"))[0] == 26
    code, out, _ = run("journal", "take-keys", str(keys))
    assert (code, out) == (0, f"{home.journal_keys}\t{JournalKeys(keys).ids()[0]}\n")
    assert run("restore", str(copy))[0] == 0
    assert run("verify", str(home.journal))[0] == 0


def test_who_is_no_administrator_is_refused(home: Folders) -> None:
    with opened(home) as archive:
        archive.journal.apply(PutOperator(Operator("boss", "Boss", Role.ADMINISTRATOR)), archive.actor)
        own = next(o for o in archive.registry.operators if o.id == archive.actor.id)
        archive.journal.apply(PutOperator(Operator(own.id, own.name, Role.OPERATOR)), archive.actor)
    before = home.journal.read_bytes()
    for command in ("encrypt", "decrypt"):
        assert run("journal", command)[0] == 27
    assert home.journal.read_bytes()[:16] == before[:16]


def test_without_the_library_one_sentence_says_what_to_install(home: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "_cipher", None)
    monkeypatch.setitem(sys.modules, f"{driver.LIBRARY}.dbapi2", None)
    code, _, error = run("journal", "encrypt")
    assert code == 3
    assert "pip install sqlcipher3" in error
    assert str(home.journal) in error
    assert run("journal", "status")[1] == f"{home.journal}\tplain\n"
    assert [path.name for path in home.journal.parent.iterdir()] == ["journal.db"]


def test_a_plain_copy_that_a_power_cut_left_is_said_at_every_start(
    home: Folders, caplog: pytest.LogCaptureFixture
) -> None:
    plain = home.journal.read_bytes()
    assert run("journal", "encrypt")[0] == 0
    left = home.journal.with_name(f"{home.journal.name}.recoded-x")
    left.write_bytes(plain)
    with opened(home):
        assert "a plain copy of the encrypted journal was left behind" in caplog.text
    assert run("journal", "encrypt")[0] == 0
    assert not left.exists()
