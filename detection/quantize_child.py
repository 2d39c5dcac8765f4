"""Process of its own: `python -m detection.quantize_child MODEL MADE LEAST` makes an int8 network of a float one.

Pictures come on standard input (`detection.picture_roll`), are decoded here, and are never written. One of five is held
back: on these both models are compared at the end. `MADE` is a folder that may hold `metadata.yaml`; network and
weights are left there. Says JSON lines: {"step"}, at the end {"done": name, ...figures} or {"failed": word}.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from detection.model_child import Refusal, Say, alone  # and nothing that starts threads: see `detection.sandbox`
from detection.picture_roll import pictures_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from detection.detector import Detections, Image

CPU_S = 4 * 3600
HELD_EVERY = 5
_MOST_PIXELS = 64 << 20
_TOLD_EVERY = 0.05


def decoded(files: Sequence[bytes]) -> list[Image]:
    """The pictures among them, in the size in which cameras are looked at; what is no picture is left out."""
    os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(_MOST_PIXELS)
    import cv2
    import numpy as np

    from video.shared_slots import FIT_HEIGHT_PX, FIT_WIDTH_PX

    found: list[Any] = []
    for data in files:
        try:
            image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        except cv2.error:  # too large
            continue
        if image is None:
            continue
        scale = min(FIT_WIDTH_PX / image.shape[1], FIT_HEIGHT_PX / image.shape[0], 1.0)
        size = max(round(image.shape[1] * scale), 1), max(round(image.shape[0] * scale), 1)
        found.append(cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale < 1.0 else image)
    return found


def looks(path: Path, groups: Sequence[tuple[Image, ...]]) -> list[Detections]:
    """What a model sees in these inputs, picture by picture."""
    from detection.openvino_detector import OpenVinoDetector

    answers: dict[int, tuple[Detections, ...]] = {}
    detector = OpenVinoDetector(path)
    try:
        for at, group in enumerate(groups):
            detector.submit_together(group, partial(answers.__setitem__, at))
        detector.wait()
    finally:
        detector.close()
    return [one for at in range(len(groups)) for one in answers[at]]


def make(source: Path, made: Path, least: int, roll: IO[bytes], say: Say) -> dict[str, object]:
    """Quantise, keep, compare. Raises Refusal("few" | "no_nncf"), DetectionError, and what nncf and OpenVINO raise."""
    from detection.agreement import compared
    from detection.int8_network import Calibration, groups_of, load_nncf, quantized, room_of
    from detection.model_files import check_model
    from detection.openvino_detector import read_network

    say(step="pictures")
    files = list(pictures_of(roll))
    pictures = decoded(files)
    if len(pictures) < least:
        raise Refusal("few", found=len(pictures))
    try:
        nncf = load_nncf()
    except ImportError as error:
        raise Refusal("no_nncf") from error
    import openvino as ov

    held = pictures[HELD_EVERY - 1 :: HELD_EVERY]
    kept = [picture for at, picture in enumerate(pictures, 1) if at % HELD_EVERY]
    network, _height, _width = read_network(check_model(source).path)
    room = room_of(network)
    small = quantized(network, Calibration(groups_of(kept, room), _told(say)))
    target = made / "model.xml"
    ov.save_model(small, target)
    say(step="compare")
    both = groups_of(held, room)
    seen = compared(zip(looks(source, both), looks(made, both), strict=True), len(held))
    return {
        "done": target.name,
        "calibrated": len(kept),
        "unreadable": len(files) - len(pictures),
        "boxes": seen.boxes,
        "found": seen.found,
        "extra": seen.extra,
        "pictures": seen.pictures,
        "nncf": str(nncf.__version__),
        "openvino": str(ov.__version__),
    }


def _told(say: Say) -> Callable[[float], None]:
    """Says how far it is, not at every input."""
    due = [0.0]

    def told(share: float) -> None:
        if share >= due[0]:
            due[0] = share + _TOLD_EVERY
            say(step=f"calibrate {share * 100:.0f}")

    return told


if __name__ == "__main__":
    model, folder, fewest = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    sys.exit(alone(partial(make, model, folder, fewest, sys.stdin.buffer), CPU_S))
