"""Post-training quantisation by nncf: a network whose convolutions count in 8 bits, of a float one and pictures.

What comes behind the last convolutions (boxes out of distances, sigmoid of scores, end-to-end's choice of the best)
stays float: pixels and scores side by side in one tensor have no common scale of 256 steps. Symmetric weights,
asymmetric activations (nncf's MIXED preset, for networks with Swish). Process of its own only (OpenVINO, nncf).
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from detection.detector import Floats, Image
from detection.quiet_openvino import silence_telemetry
from detection.stack import lay_out, pictures_per_input

_HEADS = ("Convolution", "GroupConvolution", "MatMul")
Group = tuple[Image, ...]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Inputs as they are in use: a picture alone, or two in one. `told` gets the share of them that was looked at."""

    groups: Sequence[Group]
    told: Callable[[float], None]


def load_nncf() -> Any:
    """The library, without its telemetry, and without torch, which it would load for nothing (3 s). Raises
    ImportError."""
    silence_telemetry()
    sys.modules.setdefault("torch", None)  # type: ignore[arg-type] # the documented way to block an import
    return importlib.import_module("nncf")


def groups_of(pictures: Sequence[Image], room: int) -> list[Group]:
    """Every picture alone, and each two also in one input where the model has room for two."""
    groups: list[Group] = []
    for at, picture in enumerate(pictures):
        groups.append((picture,))
        if room > 1 and at % 2:
            groups.append((pictures[at - 1], picture))
    return groups


def quantized(network: Any, calibration: Calibration) -> Any:
    """The int8 network; `network` has a fixed input (1, 3, height, width). Raises RuntimeError and what nncf raises."""
    nncf = load_nncf()
    _, _, height, width = network.input(0).shape
    total, looked = len(calibration.groups), 0

    def as_input(group: Group) -> Floats:
        nonlocal looked
        looked += 1
        calibration.told(min(looked / total, 1.0))
        return blob(group, height, width)

    return nncf.quantize(
        network,
        nncf.Dataset(calibration.groups, as_input),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=total,
        ignored_scope=nncf.IgnoredScope(names=tail_names(network), validate=False),
    )


def blob(group: Group, height: int, width: int) -> Floats:
    """(1, 3, height, width) RGB 0..1, as the compiled graph hands it to the network."""
    canvas = np.zeros((height, width, 3), np.uint8)
    lay_out(group, canvas)
    return np.ascontiguousarray(canvas[None, :, :, ::-1].transpose(0, 3, 1, 2), dtype=np.float32) / np.float32(255)


def room_of(network: Any) -> int:
    """How many pictures share an input of this network."""
    _, _, height, width = network.input(0).shape
    return pictures_per_input(height, width)


def tail_names(network: Any) -> list[str]:
    """Nodes between the results and the last convolutions, whatever the network's maker called them. A convolution to
    one channel that all have in common is the mean of a box's distances (DFL), and still the tail."""
    found: dict[str, Any] = {}
    waiting = [result.input_value(0).get_node() for result in network.get_results()]
    while waiting:
        node = waiting.pop()
        name = node.get_friendly_name()
        if name in found or node.get_type_name() in ("Constant", "Parameter"):
            continue
        if node.get_type_name() in _HEADS and int(node.output(0).partial_shape[1].get_max_length()) != 1:
            continue
        found[name] = node
        waiting += [node.input_value(at).get_node() for at in range(len(node.inputs()))]
    return list(found)
