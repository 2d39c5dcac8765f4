"""Where the pictures of an int8 model come from, who may give them, what is written down first; the act as a whole."""

from __future__ import annotations

import io
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner

from app import model_pictures, model_quantizing
from app.errors import AppCode, AppError
from app.model_commands import model_app
from app.model_pictures import DAY_MINUTES, Course, PictureWish, gather, scattered, spread
from app.model_quantizing import quantize, wish_of
from app.model_rows import ModelRow, compared_words, doubt_words, step_words
from detection.agreement import Agreement
from detection.detector import DetectionCode, DetectionError
from detection.model_bench import ModelSpeed
from detection.model_files import check_model, provenance
from detection.model_quantize import QuantizePlan
from detection.picture_roll import pictures_of
from storage.errors import StorageCode, StorageError
from storage.folders import Folders
from storage.people_queries import AccessFilter
from storage.people_records import AccessKind
from storage.records import Actor
from tests.app.export_site import ANNA, BEGIN, TARAS, ExportSite, export_site
from tests.detection.test_models import write_ir

DAY_S = 86_400.0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExportSite]:
    folder = tmp_path_factory.mktemp("site")
    with export_site(Folders.under(folder / "home").ensure(), folder / "rec") as opened:
        write_ir(opened.archive.folders.models / "mine")
        yield opened


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_pictures, "LEAST", 3)


def course(stopped: bool = False, seconds: float = 12.0) -> Course:
    return Course(lambda _share: None, lambda: stopped, lambda: BEGIN + seconds)


def gathered(site: ExportSite, wish: PictureWish, actor: Actor, asked: Course | None = None) -> tuple[int, object]:
    roll = io.BytesIO()
    facts = gather(wish, site.archive, actor, "mine", roll, asked or course())
    roll.seek(0)
    assert len(list(pictures_of(roll))) == facts["count"]
    return int(str(facts["count"])), facts


def picture(path: Path, grey: int) -> None:
    Image.new("RGB", (64, 36), (grey, grey, grey)).save(path)


def test_pictures_come_out_of_recordings_that_may_be_seen_and_it_is_written_down(site: ExportSite) -> None:
    count, facts = gathered(site, PictureWish(numbers=(1, 2), minutes=1, reason="int8"), ANNA)
    assert count >= 3
    assert isinstance(facts, dict)
    assert (facts["cameras"], facts["to_utc_s"], facts["hours_of_the_day"]) == ([1, 2], BEGIN + 12.0, 1)
    looks = site.archive.journal.accesses(AccessFilter(kind=AccessKind.SEARCH, actor_id=ANNA.id))
    assert {(look.camera_id, look.reason) for look in looks} == {("c1", "int8"), ("c2", "int8")}


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (PictureWish(numbers=(1, 2), reason="int8"), StorageCode.NOT_PERMITTED),
        (PictureWish(numbers=(1, 9), reason="int8"), StorageCode.NOT_FOUND),
        (PictureWish(numbers=(), reason="int8"), StorageCode.NOT_FOUND),
        (PictureWish(numbers=(1,)), StorageCode.NO_REASON),
        (PictureWish(folder=Path("/no/such/folder")), StorageCode.NOT_FOUND),
    ],
)
def test_what_may_not_be_seen_or_is_not_there_is_refused_and_nothing_is_read(
    site: ExportSite, wish: PictureWish, code: StorageCode
) -> None:
    roll = io.BytesIO()
    with pytest.raises(StorageError) as caught:
        gather(wish, site.archive, TARAS, "mine", roll, course())
    assert (caught.value.code, roll.getvalue()) == (code, b"")


def test_too_short_recordings_are_too_few(site: ExportSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_pictures, "LEAST", 100)
    with pytest.raises(DetectionError) as caught:
        gathered(site, PictureWish(numbers=(1,), reason="int8"), ANNA)
    assert caught.value.code is DetectionCode.FEW_PICTURES
    assert caught.value.details["least"] == 100


def test_a_folder_gives_each_different_picture_once(site: ExportSite, tmp_path: Path) -> None:
    (tmp_path / "night").mkdir()
    for number in range(4):
        picture(tmp_path / f"{number}.png", number * 40)
        picture(tmp_path / "night" / f"same-{number}.png", number * 40)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "empty.jpg").touch()
    count, facts = gathered(site, PictureWish(tmp_path), ANNA)
    assert (count, facts) == (4, {"folder": tmp_path.name, "count": 4})


def test_gathering_ends_when_it_is_cancelled(site: ExportSite, tmp_path: Path) -> None:
    for number in range(4):
        picture(tmp_path / f"{number}.png", number * 40)
    for wish in (PictureWish(tmp_path), PictureWish(numbers=(1,), reason="int8")):
        with pytest.raises(DetectionError) as caught:
            gathered(site, wish, ANNA, course(stopped=True))
        assert caught.value.details == {"why": "cancelled"}


def test_moments_take_cameras_and_hours_in_turn() -> None:
    day = [(0.0, DAY_S)]
    first = list(islice(spread({"a": day, "b": day}), 48))
    assert Counter(camera for camera, _ in first) == {"a": 24, "b": 24}
    assert {int(utc_s // 3600) for _, utc_s in first} == set(range(24))
    mostly_day = list(islice(spread({"a": [(10 * 3600.0, 18 * 3600.0), (22 * 3600.0, 22 * 3600.0 + 600)]}), 90))
    assert sum(utc_s >= 22 * 3600.0 for _, utc_s in mostly_day) == 10, "night is a ninth of the hours, not of the time"
    assert list(spread({})) == list(spread({"a": []})) == []


@settings(max_examples=40)
@given(st.lists(st.tuples(st.floats(0, DAY_S), st.floats(0, 200)), max_size=6))
def test_moments_lie_in_recordings_and_come_once(recorded: list[tuple[float, float]]) -> None:
    spans, at = [], 0.0
    for gap_s, length_s in recorded:
        spans.append((at + gap_s + 1, at + gap_s + 1 + length_s))
        at = spans[-1][1]
    moments = [utc_s for _, utc_s in spread({"a": spans})]
    assert len(set(moments)) == len(moments)
    assert all(any(begin <= utc_s <= end for begin, end in spans) for utc_s in moments)
    assert len(moments) >= len(spans)


@settings(max_examples=40)
@given(st.integers(0, 200))
def test_every_beginning_of_a_scattered_list_is_spread(count: int) -> None:
    order = scattered(count)
    assert sorted(order) == list(range(count))
    if count >= 10:
        quarter = sorted(order[: count // 2])
        assert max(b - a for a, b in pairwise(quarter)) <= 6


def test_what_people_write_is_a_folder_or_cameras() -> None:
    assert wish_of("3, 7", "r") == PictureWish(None, (3, 7), DAY_MINUTES, "r")
    assert wish_of(" 3 7 / 60 ", "r") == PictureWish(None, (3, 7), 60.0, "r")
    assert wish_of("/srv/pictures", "").folder == Path("/srv/pictures")
    assert wish_of("pictures of 3", "").folder == Path("pictures of 3")
    with pytest.raises(StorageError):
        wish_of("3 / soon", "r")


def plan_of(tmp_path: Path, body: str) -> type[QuantizePlan]:
    script = tmp_path / "child.py"
    script.write_text(
        "import json, sys, time\nfrom pathlib import Path\nleft = Path(sys.argv[2])\n"
        "def say(**w): print(json.dumps(w), flush=True)\n"
        "(left / 'model.bin').write_bytes(b'w')\n"
        '(left / \'model.xml\').write_text(\'<?xml version="1.0"?><net name="n"> element_type="i8"\')\n' + body
    )

    def plan(pictures: dict[str, object]) -> QuantizePlan:
        return QuantizePlan(pictures, command=(sys.executable, str(script)), deadline_s=60)

    return plan  # type: ignore[return-value]  # is called as the class is


def speed(path: Path, _models: Path, **_options: object) -> ModelSpeed:
    int8 = path.name.endswith("_int8")
    return ModelSpeed(10.0, 200.0, 2, int8, "CPU", 1.0, "", cpu_ms=10.0 if int8 else 20.0)


def test_the_act_is_written_down_compared_and_chooses_nothing(
    site: ExportSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[str] = []
    monkeypatch.setattr(model_quantizing, "bench_model", lambda path, *_a, **_o: measured.append(path.name))
    for number in range(3):
        picture(tmp_path / f"{number}.png", number * 40)
    steps: list[str] = []
    plan = plan_of(tmp_path, "say(step='compare'); say(done='x', boxes=50, found=40, extra=3, pictures=9)")
    wish, admin, archive = PictureWish(tmp_path), site.archive.actor, site.archive
    rows = quantize(archive, "mine", wish, admin, steps.append, cancel=threading.Event(), plan=plan)
    assert [row.name for row in rows] == measured == ["mine", "mine_int8"]
    assert rows[1].int8
    assert provenance(rows[1].path)["pictures"] == {"folder": tmp_path.name, "count": 3}
    assert [step_words(step) for step in steps][-3:] == [
        "Comparing with the float model on pictures that were held back …",
        "Measuring mine for 3 s …",
        "Measuring mine_int8 for 3 s …",
    ]
    (access,) = archive.journal.accesses(AccessFilter(kind=AccessKind.MODEL))
    assert access.actor_id == admin.id
    assert access.detail.startswith("an int8 model is made of mine sha256 ")
    assert access.detail.endswith(f" with pictures of folder {tmp_path}")
    assert compared_words(*rows) == [
        "It finds 0.80 of the 50 boxes of mine (score 0.4 or more), and 3 that mine does not.",
        "It is used only where somebody chooses it: 0.9 at least is wanted, of 20 boxes or more.",
    ]
    assert not archive.folders.settings.exists(), "nothing is chosen"
    assert check_model(rows[0].path).int8 is False


def test_who_may_not_configure_and_who_cancels_leave_nothing(site: ExportSite, tmp_path: Path) -> None:
    models = site.archive.folders.models
    before = sorted(models.iterdir())
    for number in range(3):
        picture(tmp_path / f"{number}.png", number * 40)
    cancel = threading.Event()

    def at(step: str) -> None:
        if step == "compare":
            cancel.set()

    plan = plan_of(tmp_path, "say(step='compare'); time.sleep(60)")
    with pytest.raises(StorageError) as refused:
        quantize(site.archive, "mine", PictureWish(tmp_path), ANNA, at, cancel=cancel, plan=plan)
    assert refused.value.code is StorageCode.NOT_PERMITTED
    with pytest.raises(AppError) as ended:
        quantize(site.archive, "mine", PictureWish(tmp_path), site.archive.actor, at, cancel=cancel, plan=plan)
    assert ended.value.code is AppCode.CANCELLED
    assert sorted(models.iterdir()) == before


def test_words_say_what_an_input_costs_and_what_cannot_be_told() -> None:
    path = Path("x")
    mine = ModelRow("mine", path, "YOLO", speed=speed(path, path))
    made = ModelRow("mine_int8", path, "YOLO", True, speed=speed(Path("x_int8"), path), agreement=Agreement(3, 3, 0, 9))
    assert compared_words(mine, made)[:2] == [
        "CPU time of an input: mine_int8 10.0 ms, mine 20.0 ms (0.50).",
        "mine_int8 gives 1.00 times the looks of mine.",
    ]
    assert "too little (3 boxes)" in compared_words(mine, made)[2]
    assert doubt_words(Agreement(100, 90)) == doubt_words(None) == ""
    assert doubt_words(made.agreement) != ""


def test_the_command_wants_either_a_folder_or_cameras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHFLOOR_HOME", str(tmp_path))
    run = CliRunner().invoke
    write_ir(Folders.find().models / "one")
    assert run(model_app, ["quantize", "one"]).exit_code == 2
    assert run(model_app, ["quantize", "one", "--pictures", str(tmp_path), "--cameras", "1"]).exit_code == 2
    assert run(model_app, ["quantize", "two", "--pictures", str(tmp_path)]).exit_code == 3
    done = run(model_app, ["quantize", "one", "--pictures", str(tmp_path)])
    assert (done.exit_code, "0 different ones were found" in done.output) == (3, True)
