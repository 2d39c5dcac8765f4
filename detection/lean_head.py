"""Cuts off what a YOLO network computes for nobody: boxes where nothing is, and classes that nobody looks for.

The heads of YOLOv8 and v11 give, for each of 8400 places, 4 x 16 logits of a box's sides and one of each of 80
classes; the network's tail turns all of them into boxes (distribution focal loss: Li et al. 2020, arXiv:2006.04388).
Here the tail ends before that, with the wanted classes alone, and `boxes_of` does the rest for the few places that have
a score. That saves a tenth of a look on a CPU; scores stay the same, boxes to a pixel (CPUs do the tail in bf16).
`lean_head` compares both tails at every place before it gives its own, and gives none for a network that is built in
another way. Detection process only (OpenVINO is imported inside).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from detection.detector import Floats

log = logging.getLogger(__name__)

_SIDES = 4
_SAME_PX = 0.05


@dataclass(frozen=True, slots=True)
class Head:
    """Where the N places lie: their middles (2, N) in cells, the cells' sides in px (N,); `bins` of a side's logits."""

    middles: Floats
    strides: Floats
    bins: int

    def boxes_of(self, logits: Floats, places: npt.NDArray[np.int64]) -> Floats:
        """(n, 4) x1, y1, x2, y2 px of the input at these places; `logits` is (N, 4 * bins)."""
        sides = logits[places].reshape(len(places), _SIDES, self.bins)
        weights = np.exp(sides - sides.max(axis=2, keepdims=True))
        weights /= weights.sum(axis=2, keepdims=True)
        left, top, right, bottom = (weights @ np.arange(self.bins, dtype=np.float32)).T
        x, y = self.middles[:, places]
        corners = np.stack((x - left, y - top, x + right, y + bottom), axis=1) * self.strides[places, None]
        return np.asarray(corners, np.float32)


def lean_head(model: Any, rows: Sequence[int]) -> tuple[Any, Head] | None:
    """A network that gives (1, N, 4 * bins) logits of boxes and (1, len(rows), N) scores in place of
    (1, 4 + classes, N), and how to read it; None when this one is built in another way. It is not changed."""
    try:
        found = _found(model.clone())
        if found is None or not _gives_the_same(model.clone(), found[1]):
            return None
        return _cut(*found, rows), found[1]
    except (RuntimeError, IndexError, ValueError) as error:
        log.info("the network keeps its own tail: %s", type(error).__name__)
        return None


@dataclass(frozen=True, slots=True)
class _Tail:
    """The nodes: all logits side by side, and of each scale those of boxes and of classes."""

    model: Any
    logits: Any
    boxes: tuple[Any, ...]
    classes: tuple[Any, ...]


def _found(model: Any) -> tuple[_Tail, Head] | None:
    """From the result upwards: boxes and sigmoid, one split, scales side by side, heads side by side."""
    joined = _of(model.get_results()[0].input_value(0), "Concat")
    split = _of(_of(joined.input_value(1), "Sigmoid").input_value(0), "VariadicSplit")
    logits = _of(split.input_value(0), "Concat")
    scales = [_of(_of(logits.input_value(n), "Reshape").input_value(0), "Concat") for n in range(len(logits.inputs()))]
    if any(len(scale.inputs()) != 2 for scale in scales):
        return None
    _, _, height, width = model.input(0).shape
    boxes, classes = (tuple(scale.input_value(n) for scale in scales) for n in (0, 1))
    head = _head([tuple(box.shape) for box in boxes], height, width)
    names = {int(one.shape[1]) for one in classes}
    whole = int(joined.output(0).shape[1]) == _SIDES + next(iter(names)) and len(names) == 1
    return (_Tail(model, logits, boxes, classes), head) if whole else None


def _of(output: Any, kind: str) -> Any:
    node = output.get_node()
    if node.get_type_name() != kind:
        raise ValueError(kind)
    return node


def _head(shapes: Sequence[tuple[int, ...]], height: int, width: int) -> Head:
    middles, strides = [], []
    for _, channels, rows, columns in shapes:
        if height % rows or height // rows != width // columns or channels != shapes[0][1] or channels % _SIDES:
            raise ValueError("scales")
        y, x = np.divmod(np.arange(rows * columns), columns)
        middles.append(np.stack((x, y)) + 0.5)
        strides.append(np.full(rows * columns, height // rows))
    return Head(
        np.concatenate(middles, axis=1).astype(np.float32),
        np.concatenate(strides).astype(np.float32),
        shapes[0][1] // _SIDES,
    )


def _gives_the_same(model: Any, head: Head) -> bool:
    """Whether the network's own tail makes the same boxes of the same logits, at every place."""
    import openvino as ov
    from openvino import opset13 as ops
    from openvino import properties

    found = _found(model)
    if found is None:
        return False
    shape = [int(side) for side in found[0].logits.output(0).shape]
    given = ops.parameter(shape, ov.Type.f32)
    for target in found[0].logits.output(0).get_target_inputs():
        target.replace_source_output(given.output(0))
    tail = ov.Model([model.get_results()[0].input_value(0)], [given], "tail")
    compiled = ov.Core().compile_model(tail, "CPU", {properties.hint.inference_precision(): ov.Type.f32})
    logits = np.random.default_rng(1).normal(0, 3, shape).astype(np.float32)
    x, y, width, height = compiled([logits])[0][0][:_SIDES]
    theirs = np.stack((x - width / 2, y - height / 2, x + width / 2, y + height / 2), axis=1)
    ours = head.boxes_of(logits[0, : _SIDES * head.bins].T, np.arange(shape[2]))
    return ours.shape == theirs.shape and bool(np.abs(ours - theirs).max() < _SAME_PX)


def _cut(tail: _Tail, head: Head, rows: Sequence[int]) -> Any:
    """All logits of a place lie side by side, as a CPU computes them anyway: nothing is turned round for the output,
    and reading few places of it touches little memory."""
    import openvino as ov
    from openvino import opset13 as ops

    wanted = np.array(rows, np.int64)
    classes = [_with_rows(output, wanted) for output in tail.classes]
    turned = [ops.transpose(box, np.array([0, 2, 3, 1])) for box in tail.boxes]
    flat_boxes = [ops.reshape(box, np.array([1, -1, _SIDES * head.bins]), special_zero=False) for box in turned]
    flat_classes = [ops.reshape(one, np.array([1, len(wanted), -1]), special_zero=False) for one in classes]
    outputs = [ops.concat(flat_boxes, 1), ops.sigmoid(ops.concat(flat_classes, 2))]
    return ov.Model([node.output(0) for node in outputs], tail.model.get_parameters(), tail.model.get_friendly_name())


def _with_rows(output: Any, rows: npt.NDArray[np.int64]) -> Any:
    """These classes only: from the weights, where they lie open, else of what was computed for all."""
    from openvino import opset13 as ops

    biased = output.get_node()
    if biased.get_type_name() == "Add":
        conv, bias = (biased.input_value(n).get_node() for n in (0, 1))
        weights = _rows_of(conv.input_value(1), rows) if conv.get_type_name() == "Convolution" else None
        if weights is not None and bias.get_type_name() == "Constant":
            kept = ops.convolution(
                conv.input_value(0),
                weights,
                conv.get_attributes()["strides"],
                conv.get_attributes()["pads_begin"],
                conv.get_attributes()["pads_end"],
                conv.get_attributes()["dilations"],
            )
            return ops.add(kept, ops.constant(np.ascontiguousarray(bias.data[:, rows]))).output(0)
    return ops.gather(output, rows, np.int64(1)).output(0)


def _rows_of(weights: Any, rows: npt.NDArray[np.int64]) -> Any:
    """Plain weights, or such that are kept as small whole numbers with a scale for each class; None for others."""
    from openvino import opset13 as ops

    node = weights.get_node()
    if node.get_type_name() == "Constant":
        return ops.constant(np.ascontiguousarray(node.data[rows]))
    if node.get_type_name() != "Multiply":
        return None
    whole, scale = (node.input_value(n).get_node() for n in (0, 1))
    if whole.get_type_name() != "Convert" or scale.get_type_name() != "Constant" or len(scale.data) < len(rows):
        return None
    numbers = whole.input_value(0).get_node()
    if numbers.get_type_name() != "Constant":
        return None
    small = ops.convert(ops.constant(np.ascontiguousarray(numbers.data[rows])), "f32")
    return ops.multiply(small, ops.constant(np.ascontiguousarray(scale.data[rows])))
