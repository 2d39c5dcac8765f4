"""A network built like YOLOv8, of a few kilobytes, gives the same with its tail cut off; any other keeps its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detection.lean_head import lean_head
from detection.quiet_openvino import silence_telemetry
from detection.yolo_output import COCO_LABELS, Decoder, Fit

SIDE_PX, BINS, CLASSES = 64, 16, 80
STRIDES = (8, 16, 32)
LABELS = ("person", "car", "handbag")
WHOLE = Fit(1.0, 0, 0, SIDE_PX, SIDE_PX)
HALVES = (Fit(1.0, 0, 0, SIDE_PX, SIDE_PX // 2), Fit(1.0, 0, SIDE_PX // 2, SIDE_PX, SIDE_PX // 2))


def network(*, whole_numbers: bool = False, boxes_last: bool = False, shifted: bool = False) -> Any:
    """Pooled colours, one convolution for boxes and one for classes at each of three scales, and YOLO's tail."""
    silence_telemetry()
    import openvino as ov
    from openvino import opset13 as ops

    random = np.random.default_rng(2)
    picture = ops.parameter([1, 3, SIDE_PX, SIDE_PX], ov.Type.f32, name="x")

    def conv(source: Any, channels: int) -> Any:
        if whole_numbers:
            numbers = ops.constant(random.integers(-90, 90, (channels, 3, 1, 1)).astype(np.int8))
            scale = ops.constant(random.uniform(0.01, 0.05, (channels, 1, 1, 1)).astype(np.float32))
            weights = ops.multiply(ops.convert(numbers, "f32"), scale)
        else:
            weights = ops.constant(random.normal(0, 2, (channels, 3, 1, 1)).astype(np.float32))
        shares = random.normal(-1, 1, (1, channels, 1, 1))
        if channels == 4 * BINS:
            shares -= 2.0 * (np.arange(channels) % BINS).reshape(shares.shape)  # small boxes, beside each other
        bias = ops.constant(shares.astype(np.float32))
        return ops.add(ops.convolution(source, weights, [1, 1], [0, 0], [0, 0], [1, 1]), bias)

    flat, middles, cells = [], [], []
    for stride in STRIDES:
        small = ops.avg_pool(picture, [stride] * 2, [0, 0], [0, 0], [stride] * 2, False, "floor")
        heads = ops.concat([conv(small, 4 * BINS), conv(small, CLASSES)], 1)
        flat.append(ops.reshape(heads, np.array([1, 4 * BINS + CLASSES, -1]), special_zero=False))
        side = SIDE_PX // stride
        y, x = np.divmod(np.arange(side * side), side)
        middles.append(np.stack((x, y)) + (0.75 if shifted else 0.5))
        cells.append(np.full(side * side, stride))
    logits = ops.concat(flat, 2)
    boxes, classes = ops.variadic_split(logits, 1, np.array([4 * BINS, CLASSES])).outputs()
    count = sum((SIDE_PX // stride) ** 2 for stride in STRIDES)
    bins = ops.softmax(ops.reshape(boxes, np.array([4, BINS, count]), special_zero=False), 1)
    numbers = ops.constant(np.arange(BINS, dtype=np.float32).reshape(1, BINS, 1))
    sides = ops.reshape(ops.reduce_sum(ops.multiply(bins, numbers), 1), np.array([1, 4, count]), special_zero=False)
    near, far = ops.split(sides, 1, 2).outputs()
    middle = ops.constant(np.concatenate(middles, 1).astype(np.float32)[None])
    first, last = ops.subtract(middle, near), ops.add(middle, far)
    two = ops.constant(np.float32(2))
    placed = ops.concat([ops.divide(ops.add(first, last), two), ops.subtract(last, first)], 1)
    scaled = ops.multiply(placed, ops.constant(np.concatenate(cells).astype(np.float32)))
    parts = [ops.sigmoid(classes), scaled] if boxes_last else [scaled, ops.sigmoid(classes)]
    return ov.Model([ops.concat(parts, 1)], [picture], "made")


def answers(model: Any, picture: np.ndarray) -> list[np.ndarray]:
    import openvino as ov
    from openvino import properties

    plan = {properties.hint.inference_precision(): ov.Type.f32}
    return list(ov.Core().compile_model(model, "CPU", plan)([picture]).to_tuple())


@pytest.mark.parametrize("whole_numbers", [False, True])
def test_the_cut_network_finds_the_same(whole_numbers: bool) -> None:
    model = network(whole_numbers=whole_numbers)
    plain = Decoder(Path("m"), (1, 84, 84), COCO_LABELS, LABELS)
    lean = Decoder(Path("m"), (1, 84, 84), COCO_LABELS, LABELS)
    made = lean_head(model, lean.wanted.tolist())
    assert made is not None
    cut, lean.head = made
    assert [tuple(output.shape) for output in cut.outputs] == [(1, 84, 64), (1, 3, 84)]
    picture = np.random.default_rng(3).random((1, 3, SIDE_PX, SIDE_PX)).astype(np.float32)
    whole, parts = answers(model, picture), answers(cut, picture)
    assert len(plain.decode(whole[0], WHOLE)) > 5
    for fits in ((WHOLE,), HALVES):
        for one, other in zip(plain.decode_parts(whole, fits), lean.decode_parts(parts, fits), strict=True):
            assert one.labels == other.labels
            assert one.scores == pytest.approx(other.scores, abs=1e-4)
            assert one.boxes == pytest.approx(other.boxes, abs=1e-3)


@pytest.mark.parametrize("other", [{"boxes_last": True}, {"shifted": True}])
def test_a_network_that_is_built_in_another_way_keeps_its_tail(other: dict[str, bool]) -> None:
    assert lean_head(network(**other), [0, 2]) is None


def test_a_place_without_a_score_costs_nothing_and_a_damaged_one_is_left_out() -> None:
    made = lean_head(network(), [0])
    assert made is not None
    decoder = Decoder(Path("m"), (1, 84, 84), COCO_LABELS, ("person",))
    decoder.head = made[1]
    logits, scores = np.zeros((1, 84, 64), np.float32), np.zeros((1, 1, 84), np.float32)
    assert len(decoder.decode_parts((logits, scores), (WHOLE,))[0]) == 0
    scores[0, 0, :2] = 0.9
    logits[0, 1, 3] = np.nan
    assert len(decoder.decode_parts((logits, scores), (WHOLE,))[0]) == 1
