"""What a model on disk is, read without any inference library: so the GUI process can judge it at once.

Known forms: an OpenVINO IR (a directory or its .xml, with the .bin beside it) and ONNX; `metadata.yaml` as ultralytics
writes it names the classes. `provenance.json` says where a model came from and pins its files by SHA-256.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from detection.detector import DetectionCode, DetectionError

METADATA = "metadata.yaml"
PROVENANCE = "provenance.json"
MODEL_SUFFIXES = (".xml", ".bin", ".onnx")
_HEAD_BYTES = 4096
_MOST_NETWORK_BYTES = 64 << 20
_ONNX_IR_VERSION = b"\x08"
"""First byte of every ONNX file: protobuf field 1 (ir_version), varint."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model that looks right from outside. `classes` is empty when nothing names them."""

    path: Path
    name: str
    classes: tuple[str, ...]
    int8: bool = False


def check_model(path: Path) -> ModelFile:
    """Raises DetectionError: UNKNOWN_MODEL (not there), BAD_MODEL (why="empty" | "weights" | "format"), WRONG_TASK."""
    network = _network_file(path)
    if network.suffix.lower() == ".xml":
        _check_ir(network)
    elif network.suffix.lower() == ".onnx":
        _check_head(network, _ONNX_IR_VERSION)
    else:
        raise DetectionError(DetectionCode.BAD_MODEL, path=str(path), why="format")
    metadata = network.parent / METADATA
    text = metadata.read_text("utf-8", errors="replace") if metadata.is_file() else ""
    task = _field(text, "task")
    if task not in ("", "detect"):
        raise DetectionError(DetectionCode.WRONG_TASK, path=str(path), task=task)
    return ModelFile(network, _name(text, network), _classes(text), _is_int8(network, text))


def pinned_model(path: Path) -> ModelFile:
    """The model, its files as they were when it was put in place; to be asked before it is loaded, since it reads them
    all. Raises what `check_model` raises, and ALTERED_MODEL. What nobody has pinned (a folder of the operator's own) is
    taken as it is."""
    model = check_model(path)
    pins = _pins(model.path.parent / PROVENANCE)
    if pins:
        now = file_digests(model.path.parent)
        added = {name for name in now if name != METADATA} - set(pins)
        if added or any(now.get(name) != digest for name, digest in pins.items()):
            raise DetectionError(DetectionCode.ALTERED_MODEL, path=str(path))
    return model


def model_digest(path: Path) -> str:
    """SHA-256 over the names and digests of the files that make the model: the same wherever it lies."""
    network = check_model(path).path
    own = {network.name, network.with_suffix(".bin").name, METADATA}
    lines = [f"{name} {digest}\n" for name, digest in file_digests(network.parent).items() if name in own]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def file_digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a model's folder that says something about the network, by name."""
    return {
        path.name: file_sha256(path)
        for path in sorted(folder.iterdir())
        if path.is_file() and (path.suffix.lower() in MODEL_SUFFIXES or path.name == METADATA)
    }


def file_sha256(path: Path) -> str:
    """Of one file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def provenance(path: Path) -> dict[str, object]:
    """What was noted when the model was put in place; empty when nothing was."""
    folder = path if path.is_dir() else path.parent
    try:
        facts = json.loads((folder / PROVENANCE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _pins(path: Path) -> dict[str, str]:
    """A file of pins that cannot be read pins nothing that could be right."""
    if not path.is_file():
        return {}
    pins = provenance(path.parent).get("network_sha256")
    return {str(k): str(v) for k, v in pins.items()} if isinstance(pins, dict) and pins else {"": "unreadable"}


def _is_int8(network: Path, metadata: str) -> bool:
    if re.search(r"^\s+int8: *true\s*$", metadata, re.MULTILINE):
        return True
    if network.suffix.lower() != ".xml":
        return False
    with network.open("rb") as file:
        return b'element_type="i8"' in file.read(_MOST_NETWORK_BYTES)


def _network_file(path: Path) -> Path:
    if path.is_dir():
        found = sorted(path.glob("*.xml")) + sorted(path.glob("*.onnx"))
        if not found:
            raise DetectionError(DetectionCode.UNKNOWN_MODEL, path=str(path))
        return found[0]
    if not path.is_file():
        raise DetectionError(DetectionCode.UNKNOWN_MODEL, path=str(path))
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
