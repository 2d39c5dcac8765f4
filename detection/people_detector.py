"""The detector of last resort: OpenCV's HOG people detector (Dalal and Triggs, 2005). Needs no weights, sees little.

It finds upright people of roughly 100-200 px height in a 640x360 picture. Detection process only; two pictures at a
time on threads of its own (OpenCV releases the GIL).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from detection.detector import Detections, Floats, Image
from detection.yolo_output import suppressed

NAME = "OpenCV HOG people detector (built in)"
IN_FLIGHT = 2
_PYRAMID_STEP = 1.08
"""Against OpenCV's 1.05: 38 ms instead of 62 at 640x360, and the same 108 of 108 cut-out people found."""

_BODY = np.array((0.28, 0.03, 0.75, 0.84), np.float64)
"""Where the body lies in HOG's 64x128 window (x1, y1, x2, y2): medians over 108 cut-out people."""

_MARGIN_MIDDLE, _MARGIN_SLOPE = 0.8, 1.8
"""SVM margins (0.5 doubtful, 2 sure) become scores by a logistic curve: 0.37 and 0.90."""

_WINDOW_PX = (64, 128)
_MAX_SIDE_PX = 640
_MAX_IOU = 0.4


class PeopleDetector:
    """Boxes of upright people, label "person" only."""

    def __init__(self) -> None:
        import cv2

        cv2.setNumThreads(1)
        self.name = NAME
        self.room = 1
        self._local = threading.local()
        self._pool = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="hog")
        self._free = threading.BoundedSemaphore(IN_FLIGHT)

    def ready(self) -> bool:
        """Whether one of the two threads is idle."""
        if not self._free.acquire(blocking=False):
            return False
        self._free.release()
        return True

    def submit(self, image: Image, done: Callable[[Detections], None]) -> None:
        """Start a look (waits while both threads are busy); `done` runs on one of them."""
        self.submit_together((image,), lambda found: done(found[0]))

    def submit_together(self, images: Sequence[Image], done: Callable[[tuple[Detections, ...]], None]) -> None:
        """The same for several pictures, one after the other on one thread."""
        self._free.acquire()

        def look() -> None:
            try:
                found = tuple(self.detect(image) for image in images)
            finally:
                self._free.release()
            done(found)

        self._pool.submit(look)

    def detect(self, image: Image) -> Detections:
        """Look at one picture and wait."""
        import cv2

        height, width = image.shape[:2]
        scale = min(_MAX_SIDE_PX / max(width, height), 1.0)
        if scale < 1.0:
            small = (max(round(width * scale), 1), max(round(height * scale), 1))
            image = np.asarray(cv2.resize(image, small, interpolation=cv2.INTER_AREA), np.uint8)
        if image.shape[1] < _WINDOW_PX[0] or image.shape[0] < _WINDOW_PX[1]:
            return _detections(np.zeros((0, 4)), np.zeros(0))
        found, margins = self._network().detectMultiScale(
            image, hitThreshold=0.1, winStride=(8, 8), padding=(8, 8), scale=_PYRAMID_STEP, groupThreshold=0
        )
        windows = np.asarray(found, np.float64).reshape(-1, 4)
        size = np.array((image.shape[1], image.shape[0]), np.float64)
        corners = np.tile(windows[:, :2], 2) + np.tile(windows[:, 2:], 2) * _BODY
        return _detections(np.clip(corners / np.tile(size, 2), 0.0, 1.0), np.asarray(margins).reshape(-1))

    def close(self) -> None:
        """Wait for what was submitted and end the threads."""
        self._pool.shutdown(wait=True)

    def _network(self) -> Any:
        """One descriptor per thread: it keeps scratch memory."""
        import cv2

        if not hasattr(self._local, "hog"):
            self._local.hog = cv2.HOGDescriptor()
            self._local.hog.setSVMDetector(cv2.HOGDescriptor_getDefaultPeopleDetector())  # type: ignore[attr-defined]
        return self._local.hog


def _detections(boxes: npt.NDArray[np.float64], margins: npt.NDArray[np.float64]) -> Detections:
    scores: Floats = (1.0 / (1.0 + np.exp(-_MARGIN_SLOPE * (margins - _MARGIN_MIDDLE)))).astype(np.float32)
    exact = boxes.astype(np.float32)
    best = suppressed(exact, scores, np.zeros(len(exact), np.int64), 0.0, _MAX_IOU)
    return Detections(exact[best], scores[best], ("person",) * len(best))
