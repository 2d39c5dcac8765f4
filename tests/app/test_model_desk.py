"""The models page's desk: what it lists, who may choose, one long work at a time, and the commands over the same."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app import model_desk
from app.archive import Archive
from app.errors import AppCode, AppError
from app.model_commands import model_app
from app.model_desk import SiteModelDesk
from app.model_pictures import PictureWish
from app.model_rows import ModelRow, choose, model_rows, ratio_words
from app.tasks import Tasks
from detection.agreement import Agreement
from detection.model_bench import ModelSpeed
from detection.model_files import model_digest
from detection.models import BUILT_IN, ModelChoice, ModelSource
from storage.class_names import DEFAULT_CLASSES
from storage.commands import PutOperator, PutRecord
from storage.errors import StorageCode, StorageError
from storage.folders import Folders
from storage.people_queries import AccessFilter
from storage.people_records import AccessKind
from storage.records import Actor, Camera, Operator, Role
from storage.settings import Settings, load
from tests.conftest import running
from tests.detection.test_models import write_ir

SPEED = ModelSpeed(50.0, 40.0, 2, True, "CPU", 1.0, "")


class Site:
    """A desk over an archive; `said` gets every answer in turn."""

    def __init__(self, archive: Archive, tasks: Tasks) -> None:
        self.archive, self.actor = archive, archive.actor
        self.used: list[ModelChoice] = []
        self.said: queue.Queue[object] = queue.Queue()
        self.desk = SiteModelDesk(
            archive, tasks, self._actor, in_use=lambda: self.used[-1] if self.used else BUILT_IN, use=self.used.append
        )

    def _actor(self) -> Actor:
        if not self.actor.id:
            raise AppError(AppCode.SEAT_LOCKED)
        return self.actor

    def answer(self) -> object:
        return self.said.get(timeout=30)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    archive = Archive(Folders.under(tmp_path / "home").ensure(), Settings())
    tasks = Tasks(2)
    with running(tasks.workers):
        yield Site(archive, tasks)
    archive.close()


def test_the_list_says_what_is_in_use_and_what_is_broken(site: Site) -> None:
    models = site.archive.folders.models
    good = write_ir(models / "good")
    write_ir(models / "broken", weights=b"")
    elsewhere = write_ir(models.parent / "elsewhere")
    site.used.append(ModelChoice("x", ModelSource.COMMAND_LINE, elsewhere))
    site.desk.read(site.said.put, site.said.put)
    rows = site.answer()
    assert isinstance(rows, tuple)
    assert [(r.name, r.in_use, r.listed, bool(r.problem)) for r in rows] == [
        ("elsewhere", True, False, False),
        ("broken", False, True, True),
        ("good", False, True, False),
    ]
    assert rows[2].digest == model_digest(good)


def test_a_choice_is_noted_with_its_digest_and_holds_at_once(site: Site) -> None:
    path = write_ir(site.archive.folders.models / "good")
    site.desk.choose("good", site.said.put, site.said.put)
    assert site.answer() == "good"
    assert [choice.path for choice in site.used] == [path]
    (access,) = site.archive.journal.accesses(AccessFilter(kind=AccessKind.MODEL))
    assert (access.actor_id, access.detail) == (site.actor.id, f"good sha256 {model_digest(path)}; before: -")
    noted = load(site.archive.folders.settings).detection
    assert (noted.model, noted.model_sha256) == (str(path), model_digest(path))
    site.desk.remove("good", site.said.put, site.said.put)
    assert "in use" in str(site.answer())
    assert path.is_dir()


def test_who_may_not_configure_changes_nothing(site: Site) -> None:
    path = write_ir(site.archive.folders.models / "good")
    for actor in (Actor("nobody"), Actor("")):
        site.actor = actor
        site.desk.choose("good", site.said.put, site.said.put)
        site.desk.remove("good", site.said.put, site.said.put)
        site.desk.give("good", "", site.said.put, site.said.put)
        site.desk.take(str(path), site.said.put, site.said.put, site.said.put)
        site.desk.quantize("good", "/tmp", "", site.said.put, site.said.put, site.said.put)
        answers = {str(site.answer()) for _ in range(5)}
        assert len(answers) == 1
        assert "good" not in answers
    assert site.used == []
    assert path.is_dir()
    assert not site.archive.folders.settings.exists()


def test_a_model_that_a_camera_has_of_its_own_is_listed_and_not_removed(site: Site) -> None:
    path = write_ir(site.archive.folders.models / "good")
    site.archive.journal.apply(PutRecord(Camera("c1", 4, "Gate", "x")), site.archive.actor)
    site.desk.give("good", "4", site.said.put, site.said.put)
    assert site.answer() == "good"
    site.desk.read(site.said.put, site.said.put)
    rows = site.answer()
    assert isinstance(rows, tuple)
    assert rows[0].cameras == (4,)
    site.desk.remove("good", site.said.put, site.said.put)
    assert "in use" in str(site.answer())
    assert path.is_dir()
    site.desk.give("good", "5", site.said.put, site.said.put)
    assert "Camera 5" in str(site.answer())


def test_the_journal_itself_asks_the_right_to_choose(site: Site) -> None:
    write_ir(site.archive.folders.models / "good")
    journal, olena = site.archive.journal, Actor("olena")
    journal.apply(PutOperator(Operator(olena.id, "Olena", Role.SUPERVISOR)), site.archive.actor)
    with pytest.raises(StorageError) as caught:
        choose(site.archive, "good", olena)
    assert caught.value.code is StorageCode.NOT_PERMITTED
    assert journal.accesses(AccessFilter()) == []
    assert not site.archive.folders.settings.exists()


def test_one_measurement_at_a_time_and_it_can_be_stopped(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    write_ir(site.archive.folders.models / "good")
    begun, cancels = threading.Event(), list[threading.Event]()

    def slow(_path: Path, _models: Path, *, device: str, cancel: threading.Event) -> None:
        assert device == "CPU"
        cancels.append(cancel)
        begun.set()
        assert cancel.wait(30)

    monkeypatch.setattr(model_desk, "bench_model", slow)
    site.desk.bench(["good"], site.said.put, site.said.put, site.said.put)
    assert site.answer() == "good"
    assert begun.wait(30)
    site.desk.bench(["good"], site.said.put, site.said.put, site.said.put)
    assert "already" in str(site.answer())
    site.desk.cancel()
    assert isinstance(site.answer(), tuple)
    site.desk.take("/no/such/file.pt", site.said.put, site.said.put, site.said.put)
    assert "no model /no/such/file.pt" in str(site.answer()), "the place is free again"


def test_who_hears_the_answer_finds_the_place_free(site: Site) -> None:
    write_ir(site.archive.folders.models / "good")

    def at_once(_rows: object) -> None:
        site.desk.take("/no/such/file.pt", site.said.put, site.said.put, site.said.put)

    site.desk.bench([], site.said.put, at_once, site.said.put)
    assert "no model /no/such/file.pt" in str(site.answer())


def test_an_int8_model_is_made_one_at_a_time_and_a_refusal_is_said(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    good, int8 = write_ir(site.archive.folders.models / "good"), write_ir(site.archive.folders.models / "good_int8")
    asked: list[PictureWish] = []

    def make(_archive: Archive, _name: str, wish: PictureWish, *_args: object, **_how: object) -> tuple[ModelRow, ...]:
        asked.append(wish)
        return ModelRow("good", good), ModelRow("good_int8", int8, agreement=Agreement(100, 95, 1, 9, "good"))

    monkeypatch.setattr(model_desk, "quantize", make)
    site.desk.quantize("good", "3 / 60", "night", site.said.put, site.said.put, site.said.put)
    assert str(site.answer()).startswith("It finds 0.95 of the 100 boxes of good")
    assert asked == [PictureWish(numbers=(3,), minutes=60.0, reason="night")]
    site.desk.quantize("good", "3 / soon", "night", site.said.put, site.said.put, site.said.put)
    assert "3 / soon" in str(site.answer())


def test_int8_is_compared_with_float_of_the_same_network() -> None:
    int8 = ModelRow("a", Path("a"), "YOLO11n", True, speed=SPEED)
    other = ModelRow("b", Path("b"), "YOLO11n", False, speed=replace(SPEED, looks_per_s=25.0, int8=False))
    assert ratio_words([int8, other]) == ["a gives 1.60 times the looks of b."]
    assert ratio_words([int8, replace(other, title="YOLO11s")]) == []
    assert ratio_words([int8, replace(other, speed=None)]) == []


def test_the_commands_list_choose_and_remove(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHFLOOR_HOME", str(tmp_path))
    folders = Folders.find()
    write_ir(folders.models / "one")
    write_ir(folders.models / "two")
    run = CliRunner().invoke
    assert run(model_app, ["choose", "one"]).exit_code == 0
    listed = run(model_app, ["list"])
    assert [line[:5] for line in listed.output.splitlines()] == ["* one", "  two"]
    assert "no rule" not in listed.output.lower()
    foreign = write_ir(folders.models / "foreign")
    (foreign / "metadata.yaml").write_text("task: detect\nnames:\n  0: pedestrian\n")
    assert "No rule sees what the model foreign finds" in run(model_app, ["choose", "foreign"]).output
    assert "(pedestrian)" in next(line for line in run(model_app, ["list"]).output.splitlines() if "foreign" in line)
    assert run(model_app, ["choose", "one"]).output.splitlines() == [str(folders.models / "one")]
    assert run(model_app, ["remove", "foreign"]).exit_code == 0
    assert run(model_app, ["remove", "one"]).exit_code == 7
    assert run(model_app, ["remove", "two"]).exit_code == 0
    assert [row.name for row in model_rows(folders.models, None)] == ["one"]
    assert run(model_app, ["choose", "two"]).exit_code == 3
    assert run(model_app, ["bench", "two"]).exit_code == 3


def test_classes_are_named_by_lines_and_a_bad_one_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHFLOOR_HOME", str(tmp_path))
    folders = Folders.find()

    def classes(*lines: str) -> list[str]:
        ran = CliRunner().invoke(model_app, ["classes", *lines])
        return ran.output.splitlines() if ran.exit_code == 0 else [str(ran.exit_code)]

    assert classes() == list(DEFAULT_CLASSES)
    changed = classes("person: person, pedestrian", "bag:")
    assert changed == ["person: person, pedestrian", *DEFAULT_CLASSES[1:6], DEFAULT_CLASSES[7]]
    assert classes() == changed
    for bad in ("people: person", "car: pedestrian", "car", "car: car,,auto"):
        assert classes(bad) == ["2"]
    assert list(load(folders.settings).detection.classes) == changed
    with closing(Archive(folders, load(folders.settings))) as archive:
        (access,) = archive.journal.accesses(AccessFilter(kind=AccessKind.MODEL))
    assert access.detail.startswith("classes person: person, pedestrian; bicycle: bicycle; ")
