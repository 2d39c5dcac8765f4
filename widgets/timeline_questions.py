"""A timeline's questions to its desk: one at a time, so that dragging is never without an answer. GUI thread only."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from app.timeline import TimelineAnswer, TimelineDesk, TimelineQuestion
from widgets.bridge import Answers, Bridge
from widgets.timeline_lanes import RowShape, lanes_image

PATIENCE_S = 0.4
"""A question that is not answered by then gives way to a newer one."""


class Questions:
    """`answered` gets an answer with the picture of its rows and the height of one; `failed` a sentence; `again` is
    called when a question that had to wait may be asked."""

    def __init__(
        self,
        desk: TimelineDesk,
        bridge: Bridge,
        owner: QWidget,
        answered: Callable[[TimelineAnswer, QImage, int], None],
        failed: Callable[[str], None],
        again: Callable[[], None],
    ) -> None:
        self._desk, self._answers = desk, Answers(bridge)
        self._answered, self._failed = answered, failed
        self._asked: TimelineQuestion | None = None
        self._asked_s = 0.0
        self._later = QTimer(owner)
        self._later.setSingleShot(True)
        self._later.timeout.connect(again)

    @property
    def waiting(self) -> bool:
        """Whether an answer is still to come."""
        return self._asked is not None or self._later.isActive()

    def ask(self, question: TimelineQuestion, row_px: int) -> None:
        """Now, or when the last one was answered."""
        waited_s = time.monotonic() - self._asked_s
        if self._asked is not None and waited_s < PATIENCE_S:
            self._later.start(round((PATIENCE_S - waited_s) * 1000) + 1)
            return
        self._asked, self._asked_s = question, time.monotonic()
        come, failed = self._answers.here(self._on_answer), self._answers.here(self._on_failed)

        def made(answer: TimelineAnswer) -> None:
            come(question, answer, lanes_image(answer, RowShape(row_px)), row_px)  # painted on the desk's thread

        self._desk.ask(self, question, made, partial(failed, question))

    def forget(self) -> None:
        """What was asked comes to nobody."""
        self._answers.forget()
        self._later.stop()
        self._asked = None

    def _on_answer(self, question: TimelineQuestion, answer: TimelineAnswer, image: QImage, row_px: int) -> None:
        self._over(question)
        self._answered(answer, image, row_px)

    def _on_failed(self, question: TimelineQuestion, text: str) -> None:
        self._over(question)
        self._failed(text)

    def _over(self, question: TimelineQuestion) -> None:
        if question is self._asked:
            self._asked = None
            if self._later.isActive():
                self._later.start(0)
