from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.detect import run
from detection.detector import DetectionCode, DetectionError
from tests.detection.tiny_model import write_tiny_model


def test_without_a_model_there_is_no_bench(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WATCHFLOOR_MODEL", raising=False)
    with pytest.raises(DetectionError) as caught:
        run()
    assert caught.value.code is DetectionCode.NO_MODEL


def test_the_figure_has_the_form_of_every_bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHFLOOR_MODEL", str(write_tiny_model(tmp_path)))
    figure = run(runs=1, frames=5, ultralytics=False)
    keys = {"name", "machine", "better", "runs", "spread", "ours", "references", "reference", "ratio"}
    assert keys <= set(figure)
    assert (figure["name"], figure["better"], figure["runs"]) == ("detect", "lower", 1)
    assert figure["reference"] in figure["references"]  # type: ignore[operator] # a dictionary
