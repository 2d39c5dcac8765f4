"""Models from files: what is taken, what is refused and why, what an untrusted process may leave behind."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from detection.detector import DetectionCode, DetectionError
from detection.model_bench import bench_model, known_speed
from detection.model_files import check_model, model_digest, pinned_model, provenance
from detection.model_import import ImportPlan, import_model
from detection.model_process import safe_environment
from detection.models import choose_model, list_models, remove_model
from detection.openvino_detector import OpenVinoDetector
from tests.conftest import wait_until
from tests.detection.test_openvino_detector import RED, street
from tests.detection.tiny_model import write_tiny_model


def ignore(_step: str) -> None:
    """Steps do not matter here."""


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny IR, imported by the real process."""
    source = write_tiny_model(tmp_path_factory.mktemp("source") / "tiny openvino_model")
    return import_model(source, tmp_path_factory.mktemp("models"), ignore)


def child(tmp_path: Path, body: str) -> ImportPlan:
    """A process that says and leaves what a test wants, instead of the real one."""
    script = tmp_path / "child.py"
    script.write_text(
        "import json, os, sys, time\nfrom pathlib import Path\n"
        "def say(**w): print(json.dumps(w), flush=True)\nsource = Path(sys.argv[1])\n" + body
    )
    return ImportPlan(deadline_s=20.0, command=(sys.executable, str(script)))


def weights(tmp_path: Path) -> Path:
    path = tmp_path / "mine.pt"
    path.write_bytes(b"weights")
    return path


def refusal(source: Path, models: Path, plan: ImportPlan | None = None) -> DetectionError:
    with pytest.raises(DetectionError) as caught:
        import_model(source, models, ignore, plan=plan)
    assert not models.exists() or list(models.iterdir()) == [], "nothing half-made stays"
    return caught.value


def test_an_ir_is_looked_at_and_pinned(taken: Path) -> None:
    assert taken.name == "tiny_openvino_model".removesuffix("_openvino_model")
    facts = provenance(taken)
    assert facts["source"] == "tiny openvino_model"
    assert set(str(facts["network_sha256"]).split("'")[1::4]) == {"tiny.xml", "tiny.bin", "metadata.yaml"}
    assert pinned_model(taken).name == "YOLOtiny"


def test_the_same_model_is_not_taken_twice_and_another_gets_another_name(taken: Path, tmp_path: Path) -> None:
    same = Path(shutil.copytree(taken, tmp_path / "a" / "tiny"))
    assert import_model(same, taken.parent, ignore) == taken
    (same / "metadata.yaml").write_text((same / "metadata.yaml").read_text().replace("airplane", "aeroplane"))
    other = import_model(same, taken.parent, ignore)
    assert other == taken.parent / "tiny-2"
    remove_model(taken.parent, "tiny-2")


def test_an_altered_model_is_refused_when_it_is_loaded(taken: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in taken.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    OpenVinoDetector(copy).close()
    data = bytearray((copy / "tiny.bin").read_bytes())
    data[-1] ^= 1
    (copy / "tiny.bin").write_bytes(data)
    with pytest.raises(DetectionError) as caught:
        OpenVinoDetector(copy)
    assert caught.value.code is DetectionCode.ALTERED_MODEL
    (copy / "tiny.bin").write_bytes((taken / "tiny.bin").read_bytes())
    (copy / "aaa.onnx").write_bytes(b"\x08put beside it")
    with pytest.raises(DetectionError):
        pinned_model(copy)
    (copy / "aaa.onnx").unlink()
    (copy / "provenance.json").write_text("{")
    with pytest.raises(DetectionError):
        pinned_model(copy)


def test_the_site_s_choice_is_held_to_its_digest(taken: Path) -> None:
    right = choose_model(None, taken, None, taken.parent, setting_sha256=model_digest(taken))
    assert (right.path, right.refused) == (taken, None)
    wrong = choose_model(None, taken, None, taken.parent / "none", setting_sha256="0" * 64)
    assert wrong.path is None
    assert wrong.refused is not None
    assert wrong.refused.code is DetectionCode.ALTERED_MODEL


def test_a_measurement_is_kept_for_this_very_model(taken: Path) -> None:
    speed = bench_model(taken, taken.parent, seconds=0.2)
    assert speed.ms > 0
    assert speed.looks_per_s > 0
    assert known_speed(taken.parent, taken) == speed
    figures = json.loads((taken.parent / ".bench.json").read_text())
    figures[taken.name]["digest"] = "of another"
    (taken.parent / ".bench.json").write_text(json.dumps(figures))
    assert known_speed(taken.parent, taken) is None


def test_classes_are_called_as_the_site_calls_them(taken: Path) -> None:
    detector = OpenVinoDetector(taken, labels={"person": "human", "car": "vehicle"})
    assert detector.detect(street((16, 2, RED))).labels == ("human",)
    detector.close()


def test_a_model_of_another_number_of_classes_is_refused(tmp_path: Path) -> None:
    source = write_tiny_model(tmp_path / "tiny")
    text = (source / "metadata.yaml").read_text()
    (source / "metadata.yaml").write_text(text.replace("  79: toothbrush\n", ""))
    assert refusal(source, tmp_path / "models").code in (DetectionCode.WRONG_CLASSES, DetectionCode.WRONG_TASK)


def test_a_model_of_another_size_is_refused(tmp_path: Path) -> None:
    import openvino as ov
    from openvino import opset13 as ops

    source = tmp_path / "small"
    source.mkdir()
    picture = ops.parameter([1, 1, 60, 60], ov.Type.f32, name="x")
    ov.save_model(ov.Model([ops.relu(picture)], [picture], "grey"), source / "grey.xml")
    (source / "grey.bin").write_bytes(b"w")
    assert refusal(source, tmp_path / "models").code is DetectionCode.WRONG_SIZE


def test_files_that_are_no_models_are_refused(tmp_path: Path) -> None:
    broken, empty = tmp_path / "broken.onnx", tmp_path / "empty.pt"
    broken.write_bytes(b"\x08\x08not a graph")
    empty.touch()
    models = tmp_path / "models"
    assert refusal(tmp_path / "gone.pt", models).code is DetectionCode.UNKNOWN_MODEL
    assert refusal(empty, models).code is DetectionCode.BAD_MODEL
    assert refusal(broken, models).code is DetectionCode.BAD_MODEL


@pytest.mark.parametrize(
    ("body", "code", "why"),
    [
        ("say(failed='unsafe')", DetectionCode.IMPORT_FAILED, "unsafe"),
        ("say(failed='corrupt')", DetectionCode.BAD_MODEL, "corrupt"),
        ("say(failed='task')", DetectionCode.WRONG_TASK, "task"),
        ("os._exit(9)", DetectionCode.IMPORT_FAILED, "process"),
        ("say(failed='corrupt', self=1, code=2, why=3)", DetectionCode.BAD_MODEL, "corrupt"),
        ("print('[' * 16000, flush=True); say(failed='corrupt')", DetectionCode.BAD_MODEL, "corrupt"),
        ("print('x' * 10_000_000, flush=True)", DetectionCode.IMPORT_FAILED, "process"),
        ("say(done='/etc')", DetectionCode.IMPORT_FAILED, "foreign file"),
        ("say(done=str(source.parent.parent))", DetectionCode.IMPORT_FAILED, "foreign file"),
        (
            "made = source.parent / 'm'; made.mkdir(); (made / 'm.xml').symlink_to('/etc/passwd'); say(done=str(made))",
            DetectionCode.IMPORT_FAILED,
            "foreign file",
        ),
        (
            "made = source.parent / 'm'; made.mkdir(); (made / 'm.xml').write_text('<svg>'); say(done=str(made))",
            DetectionCode.BAD_MODEL,
            "format",
        ),
    ],
)
def test_what_a_captured_process_says_and_leaves_is_not_believed(
    tmp_path: Path, body: str, code: DetectionCode, why: str
) -> None:
    error = refusal(weights(tmp_path), tmp_path / "models", child(tmp_path, body))
    assert (error.code, error.details["why"]) == (code, why)


def test_an_import_is_cancelled_with_all_that_it_has_started(tmp_path: Path) -> None:
    plan = child(
        tmp_path,
        "import subprocess\np = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"Path({str(tmp_path / 'pid')!r}).write_text(str(p.pid)); say(step='export'); time.sleep(60)",
    )
    cancel = threading.Event()
    with pytest.raises(DetectionError) as caught:
        import_model(weights(tmp_path), tmp_path / "models", lambda _: cancel.set(), plan=plan, cancel=cancel)
    assert caught.value.details["why"] == "cancelled"
    status = Path(f"/proc/{(tmp_path / 'pid').read_text()}/stat")
    assert not status.exists() or status.read_text().split()[2] == "Z"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="process groups as Linux has them")
def test_who_is_left_behind_by_a_process_that_has_ended_ends_too(tmp_path: Path) -> None:
    """It holds the pipe open: nobody would ever be done with reading it."""
    plan = child(
        tmp_path,
        "import subprocess\np = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"Path({str(tmp_path / 'pid')!r}).write_text(str(p.pid)); os._exit(0)",
    )
    begun_s = time.monotonic()
    error = refusal(weights(tmp_path), tmp_path / "models", replace(plan, deadline_s=2.0))
    assert error.details["why"] == "deadline"
    assert time.monotonic() - begun_s < 45, "not until it ends by itself"
    status = Path(f"/proc/{(tmp_path / 'pid').read_text()}/stat")
    wait_until(lambda: not status.exists() or status.read_text().split()[2] == "Z")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="name spaces and limits are Linux's")
def test_the_sandbox_takes_network_programs_and_priority_away(tmp_path: Path) -> None:
    code = (
        "from detection import sandbox; import json, os, resource, socket, subprocess; alone = sandbox.enter()\n"
        "def tried(call):\n    try: call()\n    except OSError as e: return type(e).__name__\n    return 'allowed'\n"
        "print(json.dumps(dict(alone=alone, nice=os.nice(0), core=resource.getrlimit(resource.RLIMIT_CORE)[1],\n"
        " net=tried(lambda: socket.create_connection(('127.0.0.1', 9), 1)),\n"
        " run=tried(lambda: subprocess.run(['true'])),\n"
        " system=tried(lambda: os.system('true')))))"
    )
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=safe_environment(home), check=True
    )
    found = json.loads(done.stdout)
    assert found["nice"] >= 15
    assert found["core"] == 0
    assert [found[name] for name in ("net", "run", "system")] == ["PermissionError"] * 3


def test_nothing_of_ours_goes_into_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHFLOOR_HOME", "/somewhere")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@proxy")
    environment = safe_environment(tmp_path)
    assert environment["HOME"] == str(tmp_path)
    assert environment["ULTRALYTICS_SAFE_LOAD"] == "1"
    assert not {"WATCHFLOOR_HOME", "HTTPS_PROXY"} & set(environment)


@pytest.mark.timeout(600)
def test_weights_are_exported_and_crafted_ones_run_no_code(tmp_path: Path) -> None:
    """The real way, with torch: a tiny network of ultralytics' own parts, and one that asks for a command. That one is
    opened by the process that has made it, since each start of torch costs seconds; what becomes of its word is tested
    above."""
    trace = tmp_path / "trace"
    made = tmp_path / "made"
    made.mkdir()
    code = (
        "import os, sys, torch; from ultralytics.nn.tasks import DetectionModel\n"
        "net = {'nc': 2, 'backbone': [[-1, 1, 'Conv', [8, 3, 2]] for _ in range(3)],"
        " 'head': [[[2], 1, 'Detect', ['nc']]]}\n"
        "model = DetectionModel(net, ch=3, nc=2, verbose=False); model.names = {0: 'person', 1: 'car'}\n"
        "model.args = {'imgsz': 64, 'task': 'detect'}; model.task = 'detect'\n"
        "torch.save({'model': model, 'train_args': {'imgsz': 64, 'task': 'detect'}}, sys.argv[1] + '/tiny.pt')\n"
        "class Evil:\n    def __reduce__(self): return os.system, ('touch ' + sys.argv[2],)\n"
        "torch.save({'model': Evil()}, sys.argv[1] + '/evil.pt')\n"
        "from pathlib import Path; from detection.import_child import Refusal, export_weights\n"
        "try: export_weights(Path(sys.argv[1]) / 'evil.pt', 64)\n"
        "except Refusal as refusal: print('refused', refusal)"
    )
    environment = safe_environment(tmp_path)
    command = [sys.executable, "-c", code, str(made), str(trace)]
    done = subprocess.run(command, check=True, timeout=300, env=environment, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "refused unsafe"
    assert not trace.exists()
    found = import_model(made / "tiny.pt", tmp_path / "models", ignore, plan=ImportPlan(side_px=64))
    assert check_model(found).classes == ("person", "car")
    assert provenance(found)["source"] == "tiny.pt"
    assert [choice.path for choice in list_models(tmp_path / "models")] == [found]


def test_only_a_model_of_the_folder_is_removed_and_never_the_one_in_use(tmp_path: Path) -> None:
    models = tmp_path / "models"
    kept = write_tiny_model(models / "tiny")
    outside = write_tiny_model(tmp_path / "outside")
    (models / "link").symlink_to(outside)
    for name in ("../outside", ".", "", "gone", "link"):
        with pytest.raises(DetectionError) as caught:
            remove_model(models, name)
        assert caught.value.code is DetectionCode.UNKNOWN_MODEL
    with pytest.raises(DetectionError) as caught:
        remove_model(models, "tiny", in_use=kept / "tiny.xml")
    assert caught.value.code is DetectionCode.MODEL_IN_USE
    assert kept.is_dir()
    remove_model(models, "tiny", in_use=outside)
    assert not kept.exists()
    assert outside.is_dir()
