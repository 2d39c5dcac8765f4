from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner, Result

from app.people_commands import operator_app
from app.site import archive_of_site
from storage.commands import PutRecord
from storage.passwords import fits
from storage.registry_records import CameraGroup


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    made.add_typer(operator_app, name="operator")
    return made


def run(app: typer.Typer, *words: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, ["operator", *words], input=typed)


def test_the_first_start_makes_the_first_administrator(app: typer.Typer) -> None:
    lines = run(app, "list").output.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].endswith("Administrator\tno password")


def test_people_are_added_listed_and_removed(app: typer.Typer) -> None:
    added = run(app, "add", "Олена", "--role", "supervisor", "--first-day", "2026-01-01", "--last-day", "2026-12-31")
    assert added.exit_code == 0, added.output
    operator_id = added.output.split("\t")[0]
    assert f"{operator_id}\tОлена\tSupervisor\tno password" in run(app, "list").output
    with archive_of_site() as archive:
        operator = next(o for o in archive.registry.operators if o.id == operator_id)
    assert (operator.valid_from_utc_s, operator.valid_to_utc_s) == (1767225600.0, 1798761600.0)
    assert run(app, "remove", "олена").exit_code == 0
    assert operator_id not in run(app, "list").output
    assert run(app, "remove", "олена").exit_code == 26


def test_two_of_one_name_services_and_unknown_groups_are_refused(app: typer.Typer) -> None:
    assert run(app, "add", "Taras").exit_code == 0
    for words in (("taras",), ("x", "--role", "service"), (" ",), ("y", "--group", "nowhere")):
        refused = run(app, "add", *words)
        assert refused.exit_code != 0
        assert "Traceback" not in refused.output


def test_groups_are_named_as_people_know_them(app: typer.Typer) -> None:
    run(app, "list")
    with archive_of_site() as archive:
        archive.journal.apply(PutRecord(CameraGroup("g1", "Yards")), archive.actor)
    run(app, "add", "Aigerim", "--group", "Yards", "--group", "g1")
    with archive_of_site() as archive:
        assert [o.group_ids for o in archive.registry.operators if o.name == "Aigerim"] == [("g1",)]


def test_own_and_other_passwords(app: typer.Typer) -> None:
    assert run(app, "add", "Olena").exit_code == 0
    own = run(app, "password", typed="my own secret\n")
    assert own.exit_code == 0, own.output
    assert "has a new password" in own.output
    other = run(app, "password", "olena", typed="hers for now\n")
    assert "temporary" in other.output
    assert "hers for now" not in other.output
    listed = run(app, "list").output
    assert "\ttemporary password" in listed
    assert "\tpassword" in listed
    with archive_of_site() as archive:
        olena = next(o for o in archive.registry.operators if o.name == "Olena")
        stored = archive.journal.password(olena.id)
    assert stored is not None
    assert stored.temporary
    assert fits(stored.phc, "hers for now")
    short = run(app, "password", typed="short\n")
    assert short.exit_code != 0
    assert "short" not in short.output.replace("at least", "")
