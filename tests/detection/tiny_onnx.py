"""An ONNX file of some kilobytes written byte by byte (no ONNX library is a dependency): finds red people like the tiny
model, in an 8x8 grid of its 64x64 input, and answers (1, 84, 64)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

SIDE_PX, CELL_PX, CLASSES = 64, 8, 80
_FLOAT, _INT64 = 1, 7


def _varint(value: int) -> bytes:
    head = b""
    while value > 127:
        head, value = head + bytes([value & 127 | 128]), value >> 7
    return head + bytes([value])


def _int(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _part(number: int, payload: bytes | str) -> bytes:
    content = payload.encode() if isinstance(payload, str) else payload
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _tensor(name: str, values: np.ndarray) -> bytes:
    kind = _INT64 if values.dtype == np.int64 else _FLOAT
    dims = b"".join(_int(1, side) for side in values.shape)
    return _part(5, dims + _int(2, kind) + _part(8, name) + _part(9, values.tobytes()))


def _value(name: str, shape: tuple[int, ...]) -> bytes:
    sides = b"".join(_part(1, _int(1, side)) for side in shape)
    return _part(1, name) + _part(2, _part(1, _int(1, _FLOAT) + _part(2, sides)))


def _ints(name: str, *values: int) -> bytes:
    return _part(5, _part(1, name) + b"".join(_int(8, value) for value in values) + _int(20, 7))


def _axis(value: int) -> bytes:
    return _part(5, _part(1, "axis") + _int(3, value) + _int(20, 2))


def _node(kind: str, inputs: tuple[str, ...], output: str, attributes: bytes = b"") -> bytes:
    return _part(1, b"".join(_part(1, one) for one in inputs) + _part(2, output) + _part(4, kind) + attributes)


def write_tiny_onnx(path: Path) -> Path:
    """A file at `path`."""
    cells = SIDE_PX // CELL_PX
    count = cells * cells
    y, x = np.divmod(np.arange(count), cells)
    boxes = np.full((1, 4, count), CELL_PX, np.float32)
    boxes[0, :2] = (np.stack((x, y)) + 0.5) * CELL_PX
    graph = b"".join(
        (
            _node("AveragePool", ("x",), "means", _ints("kernel_shape", CELL_PX, CELL_PX) + _ints("strides", 8, 8)),
            _node("Reshape", ("means", "flat"), "rows"),
            _node("Gather", ("rows", "first"), "red", _axis(1)),
            _node("Mul", ("red", "two"), "twice"),
            _node("Sub", ("twice", "one"), "less"),
            _node("Relu", ("less",), "person"),
            _node("Concat", ("boxes", "person", "rest"), "y", _axis(1)),
            _part(2, "tiny"),
            _tensor("flat", np.array([1, 3, count], np.int64)),
            _tensor("first", np.array([0], np.int64)),
            _tensor("two", np.array([2], np.float32)),
            _tensor("one", np.array([1], np.float32)),
            _tensor("boxes", boxes),
            _tensor("rest", np.zeros((1, CLASSES - 1, count), np.float32)),
            _part(11, _value("x", (1, 3, SIDE_PX, SIDE_PX))),
            _part(12, _value("y", (1, 4 + CLASSES, count))),
        )
    )
    path.write_bytes(_int(1, 8) + _part(7, graph) + _part(8, _part(1, "") + _int(2, 13)))
    return path
