"""A real OpenVINO network of a few kilobytes that finds red people and green cars in an 8x8 grid of its 64x64 input.

It answers like a YOLO model: (1, 84, 64) with boxes of 8x8 px; the score of `person` is twice the mean red of a
cell minus one, of `car` the same of green. So colour order, scale, letterbox and decoding are tested for real."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from detection.quiet_openvino import silence_telemetry

SIDE_PX, CELL_PX = 64, 8
METADATA = "description: Ultralytics {name} model\ntask: {task}\nnames:\n{names}\nargs:\n  batch: 1\n"


def write_tiny_model(
    folder: Path, task: str = "detect", metadata: bool = True, name: str = "YOLOtiny", convolves: bool = False
) -> Path:
    """`convolves`: the means are a convolution's, which can be made int8."""
    silence_telemetry()
    import openvino as ov
    from openvino import opset13 as ops

    cells = SIDE_PX // CELL_PX
    picture = ops.parameter([1, 3, SIDE_PX, SIDE_PX], ov.Type.f32, name="x")
    cell, none_px = [CELL_PX, CELL_PX], [0, 0]
    if convolves:
        weights = np.zeros((3, 3, CELL_PX, CELL_PX), np.float32)
        weights[range(3), range(3)] = 1 / CELL_PX**2
        means = ops.convolution(picture, ops.constant(weights), cell, none_px, none_px, [1, 1])
    else:
        means = ops.avg_pool(picture, cell, none_px, none_px, cell, exclude_pad=False, rounding_type="floor")
    flat = ops.reshape(means, np.array([1, 3, cells * cells]), special_zero=False)
    red, green, _ = ops.split(flat, 1, 3).outputs()
    centre_y, centre_x = np.divmod(np.arange(cells * cells), cells)
    boxes = np.full((1, 4, cells * cells), CELL_PX, np.float32)
    boxes[0, 0] = (centre_x + 0.5) * CELL_PX
    boxes[0, 1] = (centre_y + 0.5) * CELL_PX
    one, two = ops.constant(np.float32(1)), ops.constant(np.float32(2))
    none = np.zeros((1, 1, cells * cells), np.float32)
    rest = np.zeros((1, 77, cells * cells), np.float32)
    red, green = (ops.relu(ops.subtract(ops.multiply(c, two), one)) for c in (red, green))
    output = ops.concat([ops.constant(boxes), red, ops.constant(none), green, ops.constant(rest)], 1)
    folder.mkdir(parents=True, exist_ok=True)
    ov.save_model(ov.Model([output], [picture], "tiny"), folder / "tiny.xml")
    if metadata:
        from detection.yolo_output import COCO_LABELS

        names = "\n".join(f"  {i}: {name}" for i, name in enumerate(COCO_LABELS))
        (folder / "metadata.yaml").write_text(METADATA.format(task=task, names=names, name=name), "utf-8")
    return folder
