"""Process of its own: `python -m detection.import_child FILE SIDE` opens a model that a stranger made.

Weights (.pt) are exported to OpenVINO beside the file by ultralytics; then the network is compiled and looks once, as
it would at work. Says JSON lines: {"step"}, at the end {"done": path of the network, ...} or {"failed": word}. What it
leaves behind is judged by `detection.model_import`, which believes nothing of it.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

from detection.model_child import Refusal, Say, alone

SIDE_STEP_PX = 32
SIDES_PX = (64, 2048)


def export_weights(weights: Path, side_px: int) -> Path:
    """An OpenVINO IR of fixed size beside the weights. Raises Refusal("unsafe" | "task")."""
    from detection.quiet_openvino import silence_telemetry

    silence_telemetry()
    from ultralytics.nn.tasks import _SafeLoad
    from ultralytics.utils import SAFE_LOAD, SETTINGS

    if not SAFE_LOAD or not _SafeLoad.SUPPORTED:  # it would read them the other way, without a word
        raise Refusal("unsafe")
    SETTINGS["sync"] = False
    from ultralytics.models import YOLO

    try:
        model: Any = YOLO(str(weights))
    except Exception as error:
        raise Refusal("unsafe" if _wants_code(error) else "corrupt") from error
    if model.task != "detect":
        raise Refusal("task")
    return Path(model.export(format="openvino", imgsz=side_px, half=False, dynamic=False))


def _wants_code(error: BaseException | None) -> bool:
    """Whether the file asks for something that safe reading does not do. The loaders say so in words only."""
    while error is not None:
        if "unsupported global" in str(error).lower() or "outside the supported" in str(error):
            return True
        error = error.__cause__
    return False


def look_once(path: Path) -> dict[str, object]:
    """Compile and look at a grey picture. Raises Refusal("size" | "classes"), DetectionError, RuntimeError."""
    import numpy as np

    from detection.model_files import check_model
    from detection.openvino_detector import OpenVinoDetector
    from detection.quiet_openvino import silence_telemetry

    silence_telemetry()
    model = check_model(path)
    _check_shapes(model.path, len(model.classes))
    detector = OpenVinoDetector(path)
    try:
        found = detector.detect(np.full((360, 640, 3), 114, np.uint8))
        if not np.isfinite(found.boxes).all():
            raise Refusal("corrupt")
        return {"name": detector.name, "room": detector.room}
    finally:
        detector.close()


def _check_shapes(network: Path, classes: int) -> None:
    import openvino as ov

    model = ov.Core().read_model(network)
    if len(model.inputs) != 1:
        raise Refusal("task")
    sides = model.input(0).partial_shape
    if sides.rank.is_dynamic or len(sides) != 4 or not _may_be(sides[0], 1) or not _may_be(sides[1], 3):
        raise Refusal("size")
    for side in (sides[2], sides[3]):
        if side.is_static and (not SIDES_PX[0] <= side.get_length() <= SIDES_PX[1] or side.get_length() % SIDE_STEP_PX):
            raise Refusal("size")
    output = model.output(0).partial_shape
    if classes and output.is_static and len(output) == 3:
        _, rows, columns = (int(side.get_length()) for side in output)
        if columns != 6 and 4 < rows < columns and rows != 4 + classes:
            raise Refusal("classes")


def _may_be(dimension: Any, length: int) -> bool:
    return bool(dimension.is_dynamic) or int(dimension.get_length()) == length


def take(path: Path, side_px: int, say: Say) -> dict[str, object]:
    """Export what has to be exported, then look. Raises Refusal and whatever foreign libraries raise."""
    if path.suffix.lower() == ".pt":
        say(step="export")
        path = export_weights(path, side_px)
    say(step="look")
    return {"done": str(path), **look_once(path)}


if __name__ == "__main__":
    sys.exit(alone(partial(take, Path(sys.argv[1]), int(sys.argv[2]))))
