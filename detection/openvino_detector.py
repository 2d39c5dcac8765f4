"""YOLO models by OpenVINO: IR or ONNX, one or two pictures an input, three inputs in flight. Detection process only.

Layout, BGR to RGB and scale are part of the compiled graph (u8 NHWC input); the letterbox is OpenCV's.
Precision is left to OpenVINO: int8 or bf16, what is faster depends on the CPU.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from detection.detector import DetectionCode, DetectionError, Detections, Image
from detection.lean_head import lean_head
from detection.model_files import ModelFile, pinned_model
from detection.quiet_openvino import silence_telemetry
from detection.stack import lay_out, on_whole_scale, pictures_per_input
from detection.yolo_output import Decoder, Fit

IN_FLIGHT = 3
STREAMS = 2
SIDE_PX = 640
"""Input side of a model that leaves its size open."""

DEFAULT_LABELS = ("person", "bicycle", "car", "motorcycle", "bus", "truck")
Done = Callable[[Detections], None]
DoneTogether = Callable[[tuple[Detections, ...]], None]


class OpenVinoDetector:
    """Raises DetectionError (UNKNOWN_MODEL, BAD_MODEL, ALTERED_MODEL, WRONG_TASK) when made. `submit` is called on one
    thread only. `labels` are looked for; a mapping also says what they are called."""

    def __init__(
        self,
        path: Path,
        *,
        device: str = "CPU",
        labels: Collection[str] = DEFAULT_LABELS,
        min_score: float = 0.1,
        cache_dir: Path | None = None,
    ) -> None:
        import cv2

        silence_telemetry()
        import openvino as ov

        cv2.setNumThreads(1)
        model = pinned_model(path)
        try:
            network, height, width = read_network(model.path)
            shape = tuple(network.output(0).shape)
            decoder = Decoder(path, shape, model.classes, labels, min_score)
            compiled = _compiled(_lean(network, decoder) if device == "CPU" else network, device, cache_dir)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1][:200]
            raise DetectionError(DetectionCode.BAD_MODEL, path=str(path), why=reason) from error
        self.name = f"{_called(model)} (OpenVINO, {device})"
        self._queue: Any = ov.AsyncInferQueue(compiled, IN_FLIGHT)
        # Not a method: queue and detector would hold each other, and the model would never be freed.
        self._queue.set_callback(partial(_on_result, decoder))
        self.room = pictures_per_input(height, width)
        self._canvases = [np.zeros((1, height, width, 3), np.uint8) for _ in range(IN_FLIGHT)]
        for request, canvas in zip(self._queue, self._canvases, strict=True):
            request.set_input_tensor(ov.Tensor(canvas, shared_memory=True))

    def ready(self) -> bool:
        """Whether one of the three requests is idle."""
        return bool(self._queue.is_ready())

    def submit(self, image: Image, done: Done) -> None:
        """Start a look (waits while all requests are busy); `done` runs on an OpenVINO thread."""
        self.submit_together((image,), lambda found: done(found[0]))

    def submit_together(self, images: Sequence[Image], done: DoneTogether) -> None:
        """The same for up to `room` pictures that share one input."""
        # The queue hands out the same idle request again in start_async: nobody else submits.
        canvas = self._canvases[self._queue.get_idle_request_id()][0]
        self._queue.start_async(None, (lay_out(images, canvas), done))

    def detect(self, image: Image) -> Detections:
        """Look at one picture and wait."""
        found: list[Detections] = []
        finished = threading.Event()

        def keep(detections: Detections) -> None:
            found.append(detections)
            finished.set()

        self.submit(image, keep)
        finished.wait()
        return found[0]

    def wait(self) -> None:
        """Wait for everything that was submitted."""
        self._queue.wait_all()

    def close(self) -> None:
        """Wait for what was submitted and free the model; the detector cannot be used afterwards."""
        if self._queue is not None:
            self.wait()
            self._queue = None


def _on_result(decoder: Decoder, request: Any, look: tuple[tuple[Fit, ...], DoneTogether]) -> None:
    fits, done = look
    outputs = [tensor.data for tensor in request.output_tensors]
    found = decoder.decode_parts(outputs, fits)
    done(tuple(map(on_whole_scale, found)) if len(fits) > 1 else found)


def _called(model: ModelFile) -> str:
    """What kind it is, and its file's name where that says more: two models of one kind may look at a site."""
    stem = model.path.stem
    return model.name if stem.lower() in model.name.lower() else f"{model.name} {stem}"


def read_network(path: Path) -> tuple[Any, int, int]:
    """The network with a fixed input (1, 3, height, width). Raises RuntimeError, DetectionError(WRONG_TASK)."""
    import openvino as ov

    network = ov.Core().read_model(path)
    if len(network.inputs) != 1:
        raise DetectionError(DetectionCode.WRONG_TASK, path=str(path), inputs=len(network.inputs))
    if network.input(0).partial_shape.is_dynamic:
        network.reshape([1, 3, SIDE_PX, SIDE_PX])
    _, _, height, width = network.input(0).shape
    return network, height, width


def _lean(network: Any, decoder: Decoder) -> Any:
    """Without what nobody asks for, where that can be cut off."""
    lean = None if decoder.end_to_end else lean_head(network, decoder.wanted.tolist())
    if lean is None:
        return network
    decoder.head = lean[1]
    return lean[0]


def _compiled(network: Any, device: str, cache_dir: Path | None) -> Any:
    """Compiled for throughput, with u8 NHWC BGR input. Raises RuntimeError."""
    import openvino as ov
    from openvino import properties
    from openvino.preprocess import ColorFormat, PrePostProcessor

    steps = PrePostProcessor(network)
    picture = steps.input()
    picture.tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC")).set_color_format(ColorFormat.BGR)
    picture.model().set_layout(ov.Layout("NCHW"))
    picture.preprocess().convert_color(ColorFormat.RGB).convert_element_type(ov.Type.f32).scale(255.0)
    return ov.Core().compile_model(steps.build(), device, _plan(properties, device, cache_dir))


def _plan(properties: Any, device: str, cache_dir: Path | None) -> dict[Any, Any]:
    plan = {properties.hint.performance_mode(): properties.hint.PerformanceMode.THROUGHPUT}
    if device == "CPU":
        plan |= {properties.streams.num(): STREAMS, properties.hint.enable_cpu_pinning(): False}
    if cache_dir is not None:
        plan[properties.cache_dir()] = str(cache_dir)
    return plan
