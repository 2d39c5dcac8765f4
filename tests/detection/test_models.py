from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from detection.detector import DetectionCode, DetectionError
from detection.model_fetch import FetchFailure, fetch
from detection.model_files import check_model
from detection.models import BUILT_IN, ModelChoice, ModelFetch, ModelSource, choose_model, fetch_model, list_models
from tests.conftest import wait_until

METADATA = "description: Ultralytics YOLO11n model\ntask: {task}\nnames:\n  0: person\n  1: traffic light\nargs:\n"


def write_ir(folder: Path, task: str = "detect", weights: bytes = b"w", network: str = '<net name="n">') -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "yolo.xml").write_text(f'<?xml version="1.0"?>\n{network}')
    (folder / "yolo.bin").write_bytes(weights)
    (folder / "metadata.yaml").write_text(METADATA.format(task=task))
    return folder


def refusal(path: Path) -> tuple[str, object]:
    with pytest.raises(DetectionError) as caught:
        check_model(path)
    assert caught.value.details["path"]
    return caught.value.code, caught.value.details.get("why")


def test_an_ir_is_recognised_by_folder_and_by_file(tmp_path: Path) -> None:
    folder = write_ir(tmp_path / "m")
    for path in (folder, folder / "yolo.xml"):
        model = check_model(path)
        assert (model.path, model.name, model.classes) == (folder / "yolo.xml", "YOLO11n", ("person", "traffic light"))


def test_onnx_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "mine.onnx"
    path.write_bytes(b"\x08\x08rest")
    assert (check_model(path).name, check_model(path).classes) == ("mine", ())


def test_unusable_models_are_refused_with_a_reason(tmp_path: Path) -> None:
    empty, foreign, text = tmp_path / "empty.onnx", tmp_path / "foreign.onnx", tmp_path / "notes.txt"
    empty.touch()
    foreign.write_text("not a model")
    text.write_text("hello")
    (tmp_path / "nothing").mkdir()
    assert refusal(tmp_path / "missing.xml") == (DetectionCode.UNKNOWN_MODEL, None)
    assert refusal(tmp_path / "nothing") == (DetectionCode.UNKNOWN_MODEL, None)
    assert refusal(empty) == (DetectionCode.BAD_MODEL, "empty")
    assert refusal(foreign) == (DetectionCode.BAD_MODEL, "format")
    assert refusal(text) == (DetectionCode.BAD_MODEL, "format")
    assert refusal(write_ir(tmp_path / "a", weights=b"")) == (DetectionCode.BAD_MODEL, "weights")
    assert refusal(write_ir(tmp_path / "b", network="<svg>")) == (DetectionCode.BAD_MODEL, "format")
    assert refusal(write_ir(tmp_path / "c", task="segment"))[0] == DetectionCode.WRONG_TASK


def test_the_order_of_wishes(tmp_path: Path) -> None:
    models, nothing = tmp_path / "models", tmp_path / "nothing"
    explicit, setting, environment = (write_ir(tmp_path / name) for name in ("explicit", "setting", "environment"))
    fetched = write_ir(models / "fetched")
    asked = [
        (explicit, setting, str(environment), models),
        (None, setting, str(environment), models),
        (None, None, str(environment), models),
        (None, None, None, models),
    ]
    chosen = [choose_model(*wishes) for wishes in asked]
    assert [c.path for c in chosen] == [explicit, setting, environment, fetched]
    assert [c.source for c in chosen] == list(ModelSource)[:4]
    assert choose_model(None, None, "", nothing) == BUILT_IN


def test_a_bad_wish_is_told_and_passed_over_but_a_bad_argument_is_an_error(tmp_path: Path) -> None:
    choice = choose_model(None, tmp_path / "gone", str(write_ir(tmp_path / "env")), tmp_path / "models")
    assert choice.source is ModelSource.ENVIRONMENT
    assert choice.refused is not None
    assert choice.refused.code is DetectionCode.UNKNOWN_MODEL
    with pytest.raises(DetectionError):
        choose_model(tmp_path / "gone", None, None, tmp_path)


def test_the_list_shows_the_newest_first_and_leaves_out_what_is_broken(tmp_path: Path) -> None:
    assert list_models(tmp_path / "nothing") == []
    for age, name in enumerate(("new", "old")):
        os.utime(write_ir(tmp_path / name), (1e9 - age, 1e9 - age))
    write_ir(tmp_path / "broken", weights=b"")
    write_ir(tmp_path / ".fetch-abc")
    assert [c.path for c in list_models(tmp_path)] == [tmp_path / "new", tmp_path / "old"]


def script(tmp_path: Path, body: str) -> tuple[str, ...]:
    path = tmp_path / "child.py"
    path.write_text(f"import json, sys, time\ndef say(**w): print(json.dumps(w), flush=True)\n{body}")
    return sys.executable, str(path)


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("YOLO_OFFLINE", raising=False)


@pytest.mark.usefixtures("online")
def test_a_fetch_tells_its_steps_and_gives_the_model(tmp_path: Path) -> None:
    folder, steps = write_ir(tmp_path / "models" / "yolo11n_openvino_model"), list[str]()
    body = f"print('noise')\nsay(step='download')\nsay(step='export')\nsay(done={str(folder)!r})"
    choice = fetch_model(tmp_path / "models", steps.append, command=script(tmp_path, body))
    assert choice == ModelChoice("YOLO11n", ModelSource.FOLDER, folder)
    assert steps == ["download", "export"]


@pytest.mark.usefixtures("online")
@pytest.mark.parametrize(
    ("body", "why"),
    [("say(failed='network')", "network"), ("sys.exit(1)", "process"), ("say(step='x')\ntime.sleep(60)", "deadline")],
)
def test_a_fetch_that_fails_says_why_and_in_time(tmp_path: Path, body: str, why: str) -> None:
    started_s = time.monotonic()
    with pytest.raises(DetectionError) as caught:
        fetch_model(tmp_path, lambda _: None, deadline_s=1.0, command=script(tmp_path, body))
    assert (caught.value.code, caught.value.details["why"]) == (DetectionCode.FETCH_FAILED, why)
    assert time.monotonic() - started_s < 45


@pytest.mark.usefixtures("online")
def test_a_fetch_can_be_cancelled(tmp_path: Path) -> None:
    cancel = threading.Event()
    command = script(tmp_path, "say(step='download')\ntime.sleep(60)")
    with pytest.raises(DetectionError) as caught:
        fetch_model(tmp_path, lambda _: cancel.set(), cancel=cancel, command=command)
    assert caught.value.details["why"] == "cancelled"


def test_offline_means_that_nothing_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YOLO_OFFLINE", "1")
    trace = tmp_path / "trace"
    with pytest.raises(DetectionError) as caught:
        fetch_model(tmp_path, lambda _: None, command=script(tmp_path, f"open({str(trace)!r}, 'w')"))
    assert caught.value.code is DetectionCode.NO_DOWNLOAD
    assert not trace.exists()


@pytest.mark.usefixtures("online")
def test_the_background_fetch_tells_its_end_once_and_can_be_stopped(tmp_path: Path) -> None:
    folder, results = write_ir(tmp_path / "m"), list[ModelChoice | DetectionError]()
    worker = ModelFetch(
        tmp_path,
        on_progress=lambda _: None,
        on_done=results.append,
        command=script(tmp_path, f"say(done={str(folder)!r})"),
    )
    worker.start()
    assert worker.join(30.0)
    assert [r.path for r in results if isinstance(r, ModelChoice)] == [folder]
    assert worker.stopping.is_set(), "or the supervisor would fetch again"
    steps: list[str] = []
    slow = ModelFetch(
        tmp_path,
        on_progress=steps.append,
        on_done=results.append,
        command=script(tmp_path, "say(step='download')\ntime.sleep(60)"),
    )
    slow.start()
    wait_until(lambda: bool(steps))
    slow.stop()
    assert slow.join(30.0)
    assert len(results) == 1


def download(weights: Path, step: object) -> None:
    del step
    weights.write_bytes(b"weights")


def export(weights: Path, step: object) -> Path:
    del step
    return write_ir(weights.parent / "exported")


def test_the_child_puts_the_finished_model_in_place_with_its_hashes(tmp_path: Path) -> None:
    steps: list[str] = []
    for _ in range(2):
        target = fetch(tmp_path / "models", steps.append, download, export)
    assert check_model(target).name == "YOLO11n"
    facts = json.loads((target / "provenance.json").read_text())
    assert facts["weights_sha256"] == hashlib.sha256(b"weights").hexdigest()
    assert set(facts["network_sha256"]) == {"yolo.xml", "yolo.bin", "metadata.yaml"}
    assert [p.name for p in (tmp_path / "models").iterdir()] == [target.name], "no half-made files"


def test_the_child_leaves_nothing_behind_when_it_fails(tmp_path: Path) -> None:
    with pytest.raises(FetchFailure):
        fetch(tmp_path, lambda _: None, lambda weights, _: weights.touch(), export)
    assert list(tmp_path.iterdir()) == []


def test_the_real_child_says_quickly_that_there_is_no_network(tmp_path: Path) -> None:
    code = (
        "import detection.model_fetch as m; from pathlib import Path; import sys;"
        "m.HOST = ('127.0.0.1', 9); m.getproxies = dict; sys.exit(m.main(Path(sys.argv[1])))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "m")], capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout, done.stderr) == (1, '{"failed": "network"}\n', "")
