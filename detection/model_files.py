"""What a model on disk is, read without any inference library: so the GUI process can judge it at once.

Known forms: an OpenVINO IR (a directory or its .xml, with the .bin beside it) and ONNX; `metadata.yaml` as ultralytics
writes it names the classes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from detection.detector import DetectionCode, DetectionError

_HEAD_BYTES = 4096
_ONNX_IR_VERSION = b"\x08"
"""First byte of every ONNX file: protobuf field 1 (ir_version), varint."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model that looks right from outside. `classes` is empty when nothing names them."""

    path: Path
    name: str
    classes: tuple[str, ...]


def check_model(path: Path) -> ModelFile:
    """Raises DetectionError: NO_MODEL (not there), BAD_MODEL (why="empty" | "weights" | "format"), WRONG_TASK."""
    network = _network_file(path)
    if network.suffix.lower() == ".xml":
        _check_ir(network)
    elif network.suffix.lower() == ".onnx":
        _check_head(network, _ONNX_IR_VERSION)
    else:
        raise DetectionError(DetectionCode.BAD_MODEL, path=str(path), why="format")
    metadata = network.parent / "metadata.yaml"
    text = metadata.read_text("utf-8", errors="replace") if metadata.is_file() else ""
    task = _field(text, "task")
    if task not in ("", "detect"):
        raise DetectionError(DetectionCode.WRONG_TASK, path=str(path), task=task)
    return ModelFile(network, _name(text, network), _classes(text))


def _network_file(path: Path) -> Path:
    if path.is_dir():
        found = sorted(path.glob("*.xml")) + sorted(path.glob("*.onnx"))
        if not found:
            raise DetectionError(DetectionCode.NO_MODEL, path=str(path))
        return found[0]
    if not path.is_file():
        raise DetectionError(DetectionCode.NO_MODEL, path=str(path))
    return path


def _check_ir(network: Path) -> None:
    weights = network.with_suffix(".bin")
    if b"<net " not in _head(network):
        raise DetectionError(DetectionCode.BAD_MODEL, path=str(network), why="format")
    if not weights.is_file() or weights.stat().st_size == 0:
        raise DetectionError(DetectionCode.BAD_MODEL, path=str(network), why="weights")


def _check_head(network: Path, magic: bytes) -> None:
    if not _head(network).startswith(magic):
        raise DetectionError(DetectionCode.BAD_MODEL, path=str(network), why="format")


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise DetectionError(DetectionCode.BAD_MODEL, path=str(path), why=error.strerror or "unreadable") from error
    if not head:
        raise DetectionError(DetectionCode.BAD_MODEL, path=str(path), why="empty")
    return head


def _field(metadata: str, key: str) -> str:
    match = re.search(rf"^{key}:[ \t]*(.*)$", metadata, re.MULTILINE)
    return match[1].strip().strip("'\"") if match else ""


def _classes(metadata: str) -> tuple[str, ...]:
    _, _, tail = metadata.partition("\nnames:")
    names: list[str] = []
    for line in tail.splitlines()[1:]:
        match = re.match(r"\s+(\d+):\s*(.+?)\s*$", line)
        if match is None or int(match[1]) != len(names):
            break
        names.append(match[2].strip("'\""))
    return tuple(names)


def _name(metadata: str, network: Path) -> str:
    match = re.search(r"YOLO\w*", _field(metadata, "description"))
    return match[0] if match else network.stem
